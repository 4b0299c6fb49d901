"""Whether mail gets through to somebody: trying again after a refusal, another address, and sending one question again by hand."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from exchanges.models import Prompt, PromptState
from exchanges.selectors.questions import ENDED, is_blind, stands_as_out
from exchanges.services import mailing
from exchanges.services.speakers import known_by_email
from relationships.models import Kind, Member, Participant, Person, PersonText, SideRole
from relationships.services.parties import email_digest
from relationships.services.relationships import ensure_one_side
from valueledger.common import audit, portal_sessions, tokens
from valueledger.common.errors import Conflict, Invalid
from valueledger.common.models import Outbox
from valueledger.common.models.outbox import OutboxState
from valueledger.common.models.tokens import TokenPurpose
from valueledger.common.validators import clean_email

MOST_AGAIN = 3  # by hand, about one question
ON_THE_WAY = (OutboxState.DUE, OutboxState.CLAIMED, OutboxState.HANDING_OVER)


class NotToBeSent(Conflict):
    code = "not_to_be_sent"
    sentence = "This question cannot be sent again."


class AddressStays(Conflict):
    code = "address_stays"
    sentence = "This address cannot be changed here."


STAYS = "What was said before would open with another address, so it stays. Let them speak with the new one as somebody new."
STAYS_EMPLOYEE = "What an employee says in private opens with their address, so it stays. For another one begin a new relationship."

STAYS_REACHED = "Mail reaches them there, so it stays: what they said opens with it. It can be changed when their mail system refuses a mail."


def send_again(*, prompt: Prompt, member: Member, now: datetime) -> Outbox:
    """One more mail about a question that waits, with a fresh link, in its turn: one mail a day, nothing in quiet times.

    What was answered blind stands as out until the round ends: its row is made as well, and comes to nothing at the hand-over, unseen.
    Raises NotToBeSent with the reason: settled, closed, on its way already, sent often enough, or somebody we may not or cannot write to.
    """
    with transaction.atomic():
        person = Person.objects.select_for_update().get(pk=prompt.participant.person_id)
        row = Prompt.objects.select_related("workspace", "participant__person", "relationship", "round__posting").get(pk=prompt.pk)
        if not stands_as_out(row) or row.closes_at <= now:
            raise NotToBeSent("This question does not wait for an answer any more.")
        rows = Outbox.objects.filter(workspace_id=row.workspace_id, subject_id=row.pk, recipient_id=person.pk)
        blind = is_blind(row)
        if not blind and rows.filter(state__in=ON_THE_WAY).exists():  # a reminder is on its way to whoever has not answered alone
            raise NotToBeSent("A mail about it is on its way already.")
        number = rows.filter(kind__startswith="again:").count() + 1
        if number > MOST_AGAIN:
            raise NotToBeSent(f"It was sent again {MOST_AGAIN} times. A call may help more.")
        reason = mailing.unreachable(person)
        if reason:
            raise NotToBeSent(reason)
        sent = mailing.queue(prompt=row, person=person, workspace=row.workspace, kind=f"again:{number}", now=now)
        if sent.state == OutboxState.SKIPPED and not blind:
            raise NotToBeSent(sent.reason)
        _record(member, "prompt.sent_again", "prompt", row.public_id, now)
    return sent


def try_again(*, person: Person, member: Member, now: datetime) -> int:
    """Write to them again although their mail system refused the last mail. Returns how many waiting questions go out again."""
    with transaction.atomic():
        if not Person.objects.filter(pk=person.pk, refused_at__isnull=False).update(refused_at=None, refused_reason=""):
            return 0
        person.refused_at, person.refused_reason = None, ""
        _record(member, "mail.tried_again", "person", person.public_id, now)
        return _queue_again(person, now)


def change_address(*, participant: Participant, email: str, member: Member, now: datetime) -> int:
    """Another address of the same human. Links in mails to the old one and its sessions end; what waits goes out to the new one.

    Returns how many questions. Raises AddressStays with the reason.
    """
    address = clean_email(email, "email", required=True)
    with transaction.atomic():
        person = Person.objects.select_for_update().get(pk=participant.person_id)
        stays = why_address_stays(person, member)
        if stays:
            raise AddressStays(stays)
        known = known_by_email(member=member, email=address)
        if known is not None and known.pk != person.pk:
            raise Invalid("Somebody else has this address here.", field="email", code="known")
        before = PersonText.objects.filter(person=person).values_list("email_hash", flat=True).first()
        if before:
            portal_sessions.end_all(bytes(before), now=now)
        PersonText.objects.filter(person=person).update(email=address, email_hash=email_digest(address))
        for part in Participant.objects.filter(person=person, left_on__isnull=True).select_related("side__relationship__steward__user"):
            ensure_one_side(side=part.side, person=person)
        _end_links(person, now)
        Person.objects.filter(pk=person.pk).update(refused_at=None, refused_reason="")
        person.refused_at = None
        _record(member, "person.address_changed", "person", person.public_id, now)
        return _queue_again(person, now)


def why_address_stays(person: Person, member: Member) -> str:
    """Why this member may not change the address; empty when it may. Whoever reads the address can sign in as this person everywhere.

    Nothing that the person did decides, answering least of all: who may would tell it. So an employee's address never changes.
    """
    parts = Participant.objects.filter(person=person)
    if parts.filter(side__role=SideRole.COUNTERPART, side__relationship__kind=Kind.EMPLOYEE).exists():
        return STAYS_EMPLOYEE
    elsewhere = parts.exclude(side__relationship__steward=member).exists()
    colleague = Member.objects.filter(person=person).exclude(pk=member.pk).exists()
    erased = PersonText.objects.filter(person=person, email="", email_hash__isnull=False).exists()
    if elsewhere or colleague or erased:
        return STAYS
    reached = Outbox.objects.filter(workspace_id=person.workspace_id, recipient_id=person.pk, state=OutboxState.SENT)
    return STAYS_REACHED if person.refused_at is None and reached.exists() else ""


def _end_links(person: Person, now: datetime) -> None:
    """Those of closed questions too: they still show what was said."""
    for pk in Prompt.objects.filter(participant__person=person).values_list("pk", flat=True):
        tokens.revoke(purpose=TokenPurpose.PROMPT, subject_id=pk, now=now)
    tokens.revoke(purpose=TokenPurpose.UNSUBSCRIBE, subject_id=person.pk, now=now)
    tokens.revoke(purpose=TokenPurpose.SIGN_IN, subject_id=person.pk, now=now)


def _queue_again(person: Person, now: datetime) -> int:
    """What waits for them and has no mail on its way; the bundle makes one mail of it. What was answered blind is queued alike: the hand-over
    skips it, and until the round ends nothing here tells that somebody answered."""
    rows = Prompt.objects.filter(participant__person=person, state__in=[PromptState.WAITING, *ENDED], closes_at__gt=now)
    waiting = [row for row in rows.select_related("workspace", "round__posting").order_by("id") if stands_as_out(row)]
    count = 0
    for prompt in waiting:
        mails = Outbox.objects.filter(workspace_id=prompt.workspace_id, subject_id=prompt.pk, recipient_id=person.pk)
        if mails.exists() and not mails.filter(state__in=ON_THE_WAY).exists():
            kind = f"again:r{mails.count()}"
            count += mailing.queue(prompt=prompt, person=person, workspace=prompt.workspace, kind=kind, now=now).state == OutboxState.DUE
    return count


def _record(member: Member, action: str, kind: str, target: object, now: datetime) -> None:
    audit.record(
        workspace_id=member.workspace_id, now=now, actor_kind="user", actor_id=member.user_id, action=action, target_kind=kind, target_id=target
    )
