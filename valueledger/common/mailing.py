"""Handing one message to the mail system, and saying truthfully how that ended.

SMTP can lose the connection after the text was sent and before the server said that it took it. Nobody knows then whether the message
arrived, so that end has a name of its own (`Lost`) and is never tried again.
"""

import logging
import smtplib
from types import TracebackType
from typing import Any, Self

from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.smtp import EmailBackend as DjangoSmtpBackend

log = logging.getLogger("valueledger.outbox")
LONGEST_ANSWER = 200


class HandoverError(Exception):
    """A hand-over that did not end in "sent"."""


class Refused(HandoverError):
    """For good: this message will not be taken, by this server or at all. `code` says how the server put it, if it was the server."""

    def __init__(self, said: str, *, code: int = 0, is_of_recipient: bool = False) -> None:
        super().__init__(said)
        self.code, self.is_of_recipient = code, is_of_recipient


class TryLater(HandoverError):
    """Not now: this message, or this recipient."""


class ServerAway(HandoverError):
    """Not now, and no other message either: nobody answers, or nobody lets us in."""


class Lost(HandoverError):
    """The text was sent and the answer never came."""


class WatchedSMTP(smtplib.SMTP):
    """Remembers whether the text of the current message has begun to leave us."""

    text_sent = False

    def sendmail(self, *args: Any, **kwargs: Any) -> dict[str, tuple[int, bytes]]:
        self.text_sent = False
        return super().sendmail(*args, **kwargs)

    def send(self, s: Any) -> None:
        if isinstance(s, bytes):  # commands are str; only a message's text comes as bytes
            self.text_sent = True
        super().send(s)


class WatchedSMTPS(WatchedSMTP, smtplib.SMTP_SSL):
    """The same over TLS from the first byte."""


class EmailBackend(DjangoSmtpBackend):
    """Django's SMTP backend over a connection that can say how far it got; a bad good-bye after a good hand-over is no error."""

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return WatchedSMTPS if self.use_ssl else WatchedSMTP

    @property
    def text_sent(self) -> bool:
        return bool(getattr(self.connection, "text_sent", False))

    def close(self) -> None:
        try:
            super().close()
        except (smtplib.SMTPException, OSError):
            self.connection = None


class Mailer:
    """One connection for a batch; opened when first needed, dropped after any trouble."""

    def __init__(self) -> None:
        self.connection = get_connection()
        self.delivered = 0  # over the connection that is open now

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._close()

    def deliver(self, message: EmailMessage) -> None:
        """Returns when the mail system has taken the message; raises one of the four ends otherwise."""
        try:
            self._try(message)
        except ServerAway:
            if not self.delivered:
                raise
            self.delivered = 0  # servers end a connection after so many messages: a fresh one, once
            self._try(message)

    def _try(self, message: EmailMessage) -> None:
        message.connection = self.connection
        try:
            self.connection.open()
        except (smtplib.SMTPException, OSError) as error:
            self.connection.close()
            raise ServerAway(f"The mail server is away: {_told(error)}") from error
        try:
            taken = self.connection.send_messages([message])
        except Exception as error:
            end = self._end_of(error)
            self.connection.close()
            raise end from error
        if not taken:
            raise Refused("The message has no recipient.")
        self.delivered += 1

    def _end_of(self, error: Exception) -> HandoverError:
        if isinstance(error, smtplib.SMTPRecipientsRefused):
            code, answer = next(iter(error.recipients.values()))
            return _by_code(code, answer, is_of_recipient=True)
        if isinstance(error, smtplib.SMTPAuthenticationError | smtplib.SMTPHeloError):
            return ServerAway(f"The mail server does not let us in: {_told(error)}")
        if isinstance(error, smtplib.SMTPResponseException) and error.smtp_code > 0:
            return _by_code(error.smtp_code, error.smtp_error, is_of_recipient=isinstance(error, smtplib.SMTPDataError))
        if isinstance(error, smtplib.SMTPException | OSError):
            if getattr(self.connection, "text_sent", False):
                return Lost("The connection broke after the text was sent. It may have arrived, so it is not sent again.")
            return ServerAway(f"The connection broke before the text was sent: {_told(error)}")
        log.error("a message could not be written out", exc_info=error)
        return Refused(f"The message could not be written out ({type(error).__name__}).")

    def _close(self) -> None:
        self.delivered = 0
        self.connection.close()


def _by_code(code: int, answer: bytes | str, *, is_of_recipient: bool = False) -> HandoverError:
    """One message goes to one recipient, so what is said of its text is said of them too; what is said of the sender is about us."""
    said = f"The mail server said {code} {_text(answer)}".strip()
    return Refused(said, code=code, is_of_recipient=is_of_recipient) if code >= 500 else TryLater(said)


def _told(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {_text(error.smtp_error)}".strip()
    return f"{type(error).__name__} {error}"[:LONGEST_ANSWER].strip()


def _text(answer: bytes | str) -> str:
    told = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return " ".join("".join(sign for sign in told if sign.isprintable() or sign == " ").split())[:LONGEST_ANSWER]
