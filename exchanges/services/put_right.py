"""Please put this right: a message to the steward, outside every round and every balance, and what became of it.

It is mailed at once, and stands on top of Today until the steward says what was done. The mail itself carries no word of it: what was
written can be erased here, and nowhere else.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.core.mail import EmailMessage
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from exchanges.models import Prompt, ValueEvent
from exchanges.models.put_right import PutRight, PutRightStep, PutRightStepText, PutRightText, Step
from exchanges.services import mailing
from exchanges.services.letters import absolute, compose, keep_body, line, render_mail, sender_line
from exchanges.services.posting import locked
from relationships.models import Kind, Member, Participant
from valueledger.common import audit, outbox
from valueledger.common.errors import Conflict
from valueledger.common.limits import take
from valueledger.common.models import Outbox
from valueledger.common.models.outbox import OutboxState
from valueledger.common.outbox import Skip
from valueledger.common.validators import clean_text

KIND = "put_right"
SAME_WITHIN = timedelta(minutes=10)  # a form that was sent twice is one message
MAILS_AT_ONCE, MAILS_PER_MINUTE = 4, 4 / 60  # to one steward; what is more stands in the app alone


class SettledAlready(Conflict):
    code = "settled_already"
    sentence = "This was settled already."


def ask_to_put_right(
    *, participant: Participant, text: str, now: datetime, event: ValueEvent | None = None, prompt: Prompt | None = None
) -> PutRight:  # fmt: skip
    """Take the message and mail the steward. `event`: what it is about; `prompt`: the question behind whose link it was written."""
    words = clean_text(text, "text", required=True)
    with transaction.atomic():
        relationship = locked(participant.side.relationship_id)
        same = PutRight.objects.filter(participant=participant, event=event, at__gt=now - SAME_WITHIN, text__words=words).order_by("-pk").first()
        if same is not None:
            return same
        row = PutRight.objects.create(
            workspace_id=relationship.workspace_id, relationship=relationship, participant=participant, event=event, prompt=prompt, at=now
        )
        PutRightText.objects.create(workspace_id=row.workspace_id, request=row, words=words)
        if relationship.steward is not None:
            _queue(row, relationship.steward, now)
        who = None if relationship.kind == Kind.EMPLOYEE else participant.person_id  # what an employee does is nobody's list to keep
        audit.record(
            workspace_id=row.workspace_id, now=now, actor_kind="person", actor_id=who, action="put_right.asked", target_kind="put_right",
            target_id=row.public_id,
        )  # fmt: skip
    return row


def _queue(row: PutRight, steward: Member, now: datetime) -> None:
    """At once: no bundle, no quiet hours. After a few in an hour the rest waits in the app, and the row says so. Once to each steward."""
    if steward.person is None:
        return  # a member without an address reads it in the app
    reason = mailing.unreachable(steward.person)
    if not reason and not take(f"{KIND}:{steward.pk}", burst=MAILS_AT_ONCE, per_minute=MAILS_PER_MINUTE, now=now):
        reason = "Several of these went out within the hour; this one stands on Today."
    outbox.enqueue(
        workspace_id=row.workspace_id, public_id=uuid.uuid5(row.public_id, f"{KIND}:{steward.pk}"), kind=KIND, recipient_id=steward.person.pk,
        local_day=mailing.local_day(steward.person, steward.workspace, now), bundle_key=f"{KIND}:{row.public_id}", due_at=now, now=now,
        state=OutboxState.SKIPPED if reason else OutboxState.DUE, reason=reason,
    )  # fmt: skip


def prepare(row: Outbox, now: datetime) -> EmailMessage | Skip:
    """The mail of one message, made at the hand-over: who asks, and where to read it."""
    asked = (
        PutRight.objects.select_related(
            "workspace", "relationship__steward__person__text", "participant__person__text", "participant__side__party__text"
        )
        .filter(public_id=row.bundle_key.partition(":")[2])
        .first()
    )
    if asked is None:
        return Skip("The message is gone.")
    if PutRightStep.objects.filter(request=asked).exists():
        return Skip("It was read before this went out.")
    steward = asked.relationship.steward
    if steward is None or steward.left_at is not None or steward.person is None:
        return Skip("Nobody looks after this now.")
    if steward.person_id != row.recipient_id:
        _queue(asked, steward, now)
        return Skip("Somebody else looks after this now.")
    reason = mailing.unreachable(steward.person)
    if reason:
        return Skip(reason)
    context = {
        "greeting_name": line(steward.person.text.first_name, 60) or _("Hello"),
        "who": line(asked.participant.person.text.name, 60),
        "party_name": line(asked.participant.side.party.text.name),
        "workspace_name": line(asked.workspace.name),
        "button_url": absolute("desk:put_right", asked.public_id),
        "preview_text": _("It is not part of a check, and it waits for you."),
    }
    rendered = render_mail(KIND, context)
    keep_body(row, asked.workspace, rendered, now=now)
    return compose(rendered, to=mailing.address_of(steward.person), sender=sender_line(asked.workspace), message_id=row.message_id)


def mark_read(*, request: PutRight, member: Member, now: datetime) -> PutRightStep:
    """Say that it was read. Again is the same."""
    with transaction.atomic():
        locked(request.relationship_id)
        step, _made = PutRightStep.objects.get_or_create(
            request=request, step=Step.READ, defaults={"workspace_id": request.workspace_id, "member": member, "at": now}
        )
    return step


def settle(*, request: PutRight, member: Member, done: str, now: datetime) -> PutRightStep:
    """Say what was done; its writer reads it. Raises SettledAlready."""
    words = clean_text(done, "done", required=True)
    try:
        with transaction.atomic():
            locked(request.relationship_id)
            step = PutRightStep.objects.create(workspace_id=request.workspace_id, request=request, step=Step.SETTLED, member=member, at=now)
            PutRightStepText.objects.create(workspace_id=request.workspace_id, step=step, done=words)
            audit.record(
                workspace_id=request.workspace_id, now=now, actor_kind="user", actor_id=member.user_id, action="put_right.settled",
                target_kind="put_right", target_id=request.public_id,
            )  # fmt: skip
    except IntegrityError as error:
        raise SettledAlready from error
    return step
