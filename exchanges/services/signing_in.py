"""Signing in to the portal: a link by mail, ten minutes, once, and only in the browser that asked for it.

Whoever asks learns nothing about who is known here: the answer is the same, and the mail goes through the outbox.
"""

from __future__ import annotations

import hmac
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from exchanges.access import Place, places_for
from exchanges.services import mailing
from exchanges.services.gently import is_an_employee
from exchanges.services.letters import absolute, compose, render_mail, sender_line
from relationships.models import Person, Workspace
from relationships.services.parties import email_digest
from valueledger.common import audit, outbox, portal_sessions, tokens
from valueledger.common.errors import Gone, NotFound, ValueLedgerError
from valueledger.common.limits import take
from valueledger.common.models import Outbox, PortalSession, Token
from valueledger.common.models.outbox import OutboxState
from valueledger.common.models.tokens import TokenPurpose
from valueledger.common.outbox import Skip
from valueledger.common.tenancy import everywhere, within

KIND = "signin"
LASTS = timedelta(minutes=10)
NOBODY = 0  # stands for who is not here, and for the workspace they are not in
NOT_HERE = "Nobody of another side reads this address."
MAILS_AT_ONCE, MAILS_PER_MINUTE = 3, 3 / 60  # to one address, asked for from one network
MAILS_IN_ALL_AT_ONCE, MAILS_IN_ALL_PER_MINUTE = 12, 12 / 60  # to one address, whoever asks: one stranger cannot use them all up


class LinkIsOver(Gone):
    code = "link_over"
    sentence = "This link has been used, or its ten minutes are over. Ask for a new one."


class OtherBrowser(ValueLedgerError):
    code = "other_browser"
    status = 403
    sentence = "This link works only in the browser in which it was asked for. Open it there, or ask for one here."


@dataclass(frozen=True)
class SignInLink:
    token: Token
    is_here: bool  # opened in the browser that asked for it


def ask_for_link(*, address: str, browser: str, network: str, now: datetime) -> None:
    """Put a mail on its way if somebody of another side reads this address, and say nothing either way.

    For somebody who is not here the same rows are written, and kept for a day as those of others are: neither the time that it takes nor what
    it costs the database tells. They hold no address, and the mail never goes out.
    """
    address_hash = email_digest(address)
    if not _may_ask(address_hash, network, now):
        return
    places = places_for(address_hash, now=now)
    with everywhere(), transaction.atomic():
        if places:
            person, workspace = places[0].person, places[0].workspace
            day = mailing.local_day(person, workspace, now)
        else:
            person, workspace = Person(pk=NOBODY), Workspace(pk=NOBODY)
            day = mailing.local_day(person, workspace, now)
        public_id = uuid.uuid4()
        tokens.issue(
            purpose=TokenPurpose.SIGN_IN, now=now, workspace_id=workspace.pk, subject_id=person.pk, expires_at=now + LASTS, label=public_id.hex,
            browser_hash=_bound(browser, address_hash),
        )  # fmt: skip
        outbox.enqueue(
            workspace_id=workspace.pk, public_id=public_id, kind=KIND, recipient_id=person.pk, local_day=day, bundle_key=f"{KIND}:{public_id}",
            due_at=now, now=now, state=OutboxState.DUE if places else OutboxState.SKIPPED, reason="" if places else NOT_HERE,
        )  # fmt: skip


def _may_ask(address_hash: bytes, network: str, now: datetime) -> bool:
    here = tokens.digest(f"{address_hash.hex()}:{network}").hex()
    return take(f"signin-here:{here}", burst=MAILS_AT_ONCE, per_minute=MAILS_PER_MINUTE, now=now) and take(
        f"signin:{address_hash.hex()}", burst=MAILS_IN_ALL_AT_ONCE, per_minute=MAILS_IN_ALL_PER_MINUTE, now=now
    )


def _bound(browser: str, address_hash: bytes) -> bytes:
    """The browser and the address in one: a link does not pass to whoever gets the person's next address."""
    return tokens.digest(f"{browser}:{address_hash.hex()}")


def prepare(row: Outbox, now: datetime) -> EmailMessage | Skip:
    """The mail with a fresh secret, made at the hand-over. Its text is kept nowhere. Asked for by its reader, so a stop does not hold it."""
    rows = Token.objects.live_at(now).filter(purpose=TokenPurpose.SIGN_IN, subject_id=row.recipient_id, label=row.public_id.hex)
    token = rows.filter(used_at__isnull=True).first()
    if token is None:
        return Skip("The link would be over before it arrives.")
    person = Person.objects.select_related("workspace", "text").get(pk=row.recipient_id)
    address = person.text.email
    try:
        validate_email(address)
    except ValidationError:
        return Skip("The address is not a valid one.")
    names = sorted({place.workspace.name for place in places_for(email_digest(address), now=now)})
    sender = sender_line(person.workspace) if len(names) == 1 else _("Value Ledger")
    context = {
        "greeting_name": person.text.first_name, "workspace_name": sender, "button_url": absolute("portal:sign_in", tokens.renew(token)),
        "minutes": int(LASTS.total_seconds() // 60), "preview_text": _("It works for ten minutes, in the browser in which you asked for it."),
    }  # fmt: skip
    return compose(render_mail("signin", context), to=address, sender=sender, message_id=row.message_id)


def link_of(raw: str, *, browser: str, now: datetime) -> SignInLink:
    """Raises NotFound for what was never a sign-in link, LinkIsOver for one that was used or has run out. Looking uses nothing up."""
    token = tokens.find_any_age(raw, purpose=TokenPurpose.SIGN_IN)
    if token is None:
        raise NotFound
    if token.used_at is not None or token.expires_at is None or token.expires_at <= now:
        raise LinkIsOver
    with everywhere():
        person = Person.objects.select_related("text").filter(pk=token.subject_id or 0).first()
    address_hash = bytes(person.text.email_hash) if person is not None and person.text.email and person.text.email_hash else b""
    is_here = bool(browser) and hmac.compare_digest(bytes(token.browser_hash or b""), _bound(browser, address_hash))
    return SignInLink(token, is_here)


def sign_in(raw: str, *, browser: str, user_agent: str, now: datetime, instead_of: PortalSession | None = None) -> str:
    """Use the link up and return the key of a new session. Raises OtherBrowser without using anything up."""
    link = link_of(raw, browser=browser, now=now)
    if not link.is_here:
        raise OtherBrowser
    assert link.token.workspace_id is not None
    with within(link.token.workspace_id), transaction.atomic():
        if not tokens.use(link.token, now=now):
            raise LinkIsOver
        person = Person.objects.select_related("text").get(pk=link.token.subject_id or 0)
        address_hash = bytes(person.text.email_hash or b"")
        key, _row = portal_sessions.begin(address_hash=address_hash, user_agent=user_agent, now=now, instead_of=instead_of)
        if not any(is_an_employee(place.person) for place in places_for(address_hash, now=now)):
            audit.record(
                workspace_id=person.workspace_id, now=now, actor_kind="person", actor_id=person.pk, action="portal.signed_in", target_kind="person",
                target_id=person.public_id,
            )  # fmt: skip
    return key


def address_of(places: list[Place]) -> str:
    return places[0].person.text.email if places else ""
