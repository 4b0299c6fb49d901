"""What a prompt's mail says, and whether it should still go. Asked by the outbox after the claim and right before the hand-over.

A mail is rendered by a pure function from a `Letter`. Its link is fresh at each hand-over and the one before it dies: only the newest mail
of a prompt opens anything. The row keeps no text; a demo workspace alone keeps what was sent, so that its links can be followed.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from email.utils import formataddr, parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from exchanges import wording
from exchanges.access import prompts_with_people
from exchanges.models import Prompt, PromptKind, PromptState
from exchanges.selectors.prompts import Asking, asking, is_withdrawn, own_rating, shortened, since_lines
from exchanges.selectors.rounds import state_of
from exchanges.services import mailing
from valueledger.common import outbox, tokens
from valueledger.common.models import Outbox, OutboxBody
from valueledger.common.models.tokens import TokenPurpose
from valueledger.common.outbox import Skip

BODY_KEPT = timedelta(days=90)
STOP_LINK_LASTS = timedelta(days=365)
LONGEST_SUBJECT = 150
LONGEST_SENDER = 90
LONGEST_EVENT = 300
ENDED = {
    PromptState.ANSWERED: "It was answered before this went out.",
    PromptState.SKIPPED: "It was skipped before this went out.",
    PromptState.SNOOZED: "It was put off before this went out.",
    PromptState.LAPSED: "It closed before this went out.",
    PromptState.WITHDRAWN: "The question was taken back before this went out.",
}


@dataclass(frozen=True)
class Letter:
    """Everything that the templates of one mail may say."""

    template: str
    is_reminder: bool
    greeting_name: str
    sender_name: str
    workspace_name: str
    workspace_short: str  # whom the question is about, in the reader's eyes
    party_name: str
    last_line: str
    since_lines: Sequence[str]
    answers: Sequence[tuple[int | str, str, str]]
    button_url: str
    closes_on: str
    privacy_line: str
    unsubscribe_url: str
    preview_text: str
    event_day: str = ""
    event_text: str = ""
    home_url: str = ""
    less_url: str = ""


@dataclass(frozen=True)
class Rendered:
    subject: str
    text: str
    html: str


def send_due(*, now: datetime, limit: int = 200) -> dict[str, int]:
    """Hand over every mail that is due. Returns counts by state."""
    return outbox.sweep(now=now, prepare=prepare, limit=limit).as_dict()


def prepare(row: Outbox, now: datetime) -> EmailMessage | Skip:
    """The message of one row, or why it should not go any more. Everything is read again here, not when the row was written."""
    prompt = prompts_with_people().filter(pk=row.subject_id or 0).first()
    if prompt is None:
        return Skip("The question is gone.")
    reason = why_not(prompt, now)
    if reason:
        return Skip(reason)
    return _message(row, prompt, now)


def why_not(prompt: Prompt, now: datetime) -> str:
    """Why nothing should go out about this prompt now; empty when it should."""
    if not prompt.workspace.is_active:
        return "The workspace is closed."
    if prompt.state != PromptState.WAITING:
        return ENDED[PromptState(prompt.state)]
    if prompt.closes_at <= now:
        return ENDED[PromptState.LAPSED]
    if not prompt.relationship.is_going_on:
        return "The relationship has ended."
    if not prompt.participant.speaks_on(now.astimezone(prompt.workspace.zone).date()):
        return "They no longer speak for their side."
    if prompt.round is not None and state_of(prompt.round, now).is_closed:
        return ENDED[PromptState.LAPSED]
    if prompt.kind == PromptKind.RATING and is_withdrawn(prompt.event):
        return "The event was taken back."
    if prompt.kind == PromptKind.RATING and own_rating(prompt) is not None:
        return ENDED[PromptState.ANSWERED]
    return mailing.unreachable(prompt.participant.person)


def _message(row: Outbox, prompt: Prompt, now: datetime) -> EmailMessage:
    person = prompt.participant.person
    tokens.revoke(purpose=TokenPurpose.PROMPT, subject_id=prompt.pk, now=now)
    secret, _token = tokens.issue(
        purpose=TokenPurpose.PROMPT, workspace_id=prompt.workspace_id, subject_id=prompt.pk, expires_at=prompt.closes_at, now=now
    )
    stop, _token = tokens.issue(
        purpose=TokenPurpose.UNSUBSCRIBE, workspace_id=prompt.workspace_id, subject_id=person.pk, expires_at=now + STOP_LINK_LASTS, now=now
    )
    asked = asking(prompt, now)
    letter = letter_for(asked, link=absolute("portal:prompt", secret), stop_link=absolute("portal:stop", stop), is_reminder=row.kind == "reminder")
    rendered = render(letter)
    if prompt.workspace.is_demo:
        OutboxBody.objects.update_or_create(
            message=row,
            defaults={
                "workspace_id": row.workspace_id,
                "subject": rendered.subject,
                "text": rendered.text,
                "html": rendered.html,
                "purge_at": now + BODY_KEPT,
            },
        )
    return compose(rendered, to=asked.address, sender=letter.sender_name, message_id=row.message_id, stop_link=letter.unsubscribe_url)


def absolute(name: str, secret: str) -> str:
    """Links are built from PUBLIC_URL alone, never from a request's host."""
    return settings.PUBLIC_URL + reverse(name, args=[secret])


def letter_for(asked: Asking, *, link: str, stop_link: str, is_reminder: bool = False) -> Letter:
    is_check = asked.prompt.kind == PromptKind.CHECK
    answers: list[tuple[int | str, str, str]]
    if is_check:
        answers = [(value, label, f"{link}?answer={value}") for value, label in wording.check_answers("i")]
        preview = _("One question. Half a minute, no account.")
    else:
        answers = [(code, label, f"{link}?expected={code}") for code, label in wording.expectation_choices()]
        preview = _("One question about {day}. Ten seconds, no account.").format(day=_day(asked.event_on, asked.today))
    name = line(asked.first_name, 60) or _("Hello")
    return Letter(
        template=asked.prompt.kind.lower(),
        is_reminder=is_reminder,
        greeting_name=name,
        sender_name=sender_of(asked),
        workspace_name=line(asked.workspace_name),
        workspace_short=line(asked.other_short),
        party_name=line(asked.party),
        last_line=wording.last_told(name, asked.last_answered_on, asked.today) if is_check else "",
        since_lines=[line(text, LONGEST_EVENT) for text in since_lines(asked)] if is_check else [],
        answers=answers,
        button_url=link,
        closes_on=_day(asked.closes_on, asked.today),
        privacy_line=line(asked.privacy, 400),
        unsubscribe_url=stop_link,
        preview_text=preview,
        event_day=wording.weekday_day(asked.event_on, asked.today) if asked.event_on else "",
        event_text=shortened(line(asked.event_text, 4_000), LONGEST_EVENT),
    )


def sender_of(asked: Asking) -> str:
    """Who the mail comes from: the workspace's own words, or the steward at the workspace."""
    own = line(asked.prompt.workspace.sender_name)
    if own:
        return own
    if asked.steward_name:
        return line(_("{name} at {workspace}").format(name=line(asked.steward_name, 40), workspace=line(asked.workspace_name, 45)))
    return line(asked.workspace_name)


def render(letter: Letter) -> Rendered:
    """The words of a mail. Pure: nothing is read but the letter and the templates."""
    context: dict[str, Any] = asdict(letter)
    subject = line(render_to_string(f"emails/{letter.template}.subject.txt", context), LONGEST_SUBJECT)
    if letter.is_reminder:
        subject = line(_("Once more: {subject}").format(subject=subject), LONGEST_SUBJECT)
    context["subject"] = subject
    text = render_to_string(f"emails/{letter.template}.txt", context)
    html = render_to_string(f"emails/{letter.template}.html", context)
    return Rendered(subject=subject, text=text.strip() + "\n", html=html)


def compose(rendered: Rendered, *, to: str, sender: str, message_id: str, stop_link: str) -> EmailMessage:
    """Text and HTML with the headers that mail systems ask of mail that nobody wrote by hand."""
    address = parseaddr(settings.MAIL_FROM)[1]
    message = EmailMultiAlternatives(
        subject=rendered.subject,
        body=rendered.text,
        from_email=formataddr((line(sender, LONGEST_SENDER), address)),
        to=[to],
        headers={
            "Message-ID": message_id,
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "OOF, AutoReply",
            "List-Unsubscribe": f"<{stop_link}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
    )
    message.attach_alternative(rendered.html, "text/html")
    return message


def line(text: str, longest: int = LONGEST_SENDER) -> str:
    """One line without control and formatting characters: fit for a header, whatever somebody typed as a name."""
    clean = "".join(sign if not unicodedata.category(sign).startswith("C") else " " for sign in text)
    return shortened(clean, longest)


def _day(on: date | None, today: date) -> str:
    return wording.day(on, today) if on else ""


def purge_bodies(*, now: datetime) -> int:
    return OutboxBody.objects.filter(purge_at__lte=now).delete()[0]
