"""Gently: a person puts a question off, or asks to be asked less often, or as usual again.

Nothing here says what anybody thinks. About an employee's own questions nothing is written into the log either: whether and when they
reacted is theirs alone.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from exchanges.models import Prompt, PromptKind, PromptState, RoundSeat
from exchanges.services.mailing import LAST_USEFUL
from exchanges.services.posting import locked
from exchanges.services.rounds import RoundClosed, ensure_open, post_if_ready, release
from relationships.models import Kind, Participant, Person, SideRole
from valueledger.common import audit
from valueledger.common.errors import Conflict, Invalid
from valueledger.common.tenancy import everywhere

PUT_OFF = "put off"
LONGEST_SNOOZE = timedelta(days=90)
MOST_STRETCHED = 4
OPEN = (PromptState.WAITING, PromptState.SNOOZED)


class AlreadySettled(Conflict):
    code = "already_settled"
    sentence = "This question is settled already, so there is nothing to put off."


def snooze(*, prompt: Prompt, until: datetime, now: datetime) -> Prompt:
    """Ask again from then on. It stays open to answer meanwhile; what would come back too late ends here, and says that it was put off.

    Raises Invalid for a time that is not ahead, RoundClosed and RoundAlreadyRevealed where no answer is taken, AlreadySettled.
    """
    if not now < until <= now + LONGEST_SNOOZE:
        raise Invalid("Choose a time ahead, within three months.", field="until")
    with transaction.atomic():
        locked(prompt.relationship_id)
        row = Prompt.objects.select_related("round", "relationship", "participant").get(pk=prompt.pk)
        if row.closes_at <= now:
            raise RoundClosed
        if row.round is not None:
            ensure_open(row.round, now)
        if row.state == PromptState.LAPSED and row.reason == PUT_OFF:
            return row
        if row.state not in OPEN:
            raise AlreadySettled
        row.snoozed_until = until
        if until > row.closes_at - LAST_USEFUL:
            row.state, row.reason, row.ended_at = PromptState.LAPSED, PUT_OFF, now
            row.save(update_fields=["state", "reason", "ended_at", "snoozed_until"])
            _let_go(row, now)
        else:
            row.state, row.not_before = PromptState.SNOOZED, until
            row.save(update_fields=["state", "not_before", "snoozed_until"])
        if not is_theirs_alone(row):
            audit.record(
                workspace_id=row.workspace_id, now=now, actor_kind="person", actor_id=row.participant.person_id, action="prompt.put_off",
                target_kind="prompt", target_id=row.public_id,
            )  # fmt: skip
    return row


def _let_go(prompt: Prompt, now: datetime) -> None:
    """Nobody waits for a seat whose question does not come back."""
    if prompt.round_id is None:
        return
    release(RoundSeat.objects.get(round_id=prompt.round_id, participant_id=prompt.participant_id), reason=PUT_OFF, now=now)
    post_if_ready(round_id=prompt.round_id, now=now)


def is_theirs_alone(prompt: Prompt) -> bool:
    return prompt.kind == PromptKind.REQUALIFY or (prompt.relationship.kind == Kind.EMPLOYEE and prompt.side == SideRole.COUNTERPART)


def ask_less(*, person: Person, now: datetime, seen: int | None = None) -> int:
    """Double the time between questions, up to four times; `seen` is what the person was shown, so that asking twice doubles once."""
    current = Person.objects.values_list("less_often", flat=True).get(pk=person.pk)
    if seen is not None and seen != current:
        return current
    return _stretch(person, current, min(current * 2, MOST_STRETCHED), "person.asked_less", now)


def ask_as_usual(*, person: Person, now: datetime) -> int:
    """Take that back."""
    current = Person.objects.values_list("less_often", flat=True).get(pk=person.pk)
    return _stretch(person, current, 1, "person.asked_as_usual", now)


def _stretch(person: Person, current: int, wanted: int, action: str, now: datetime) -> int:
    with transaction.atomic():
        changed = wanted != current and Person.objects.filter(pk=person.pk, less_often=current).update(less_often=wanted)
        if changed and not is_an_employee(person):
            audit.record(
                workspace_id=person.workspace_id, now=now, actor_kind="person", actor_id=person.pk, action=action, target_kind="person",
                target_id=person.public_id,
            )  # fmt: skip
    person.less_often = Person.objects.values_list("less_often", flat=True).get(pk=person.pk)
    return person.less_often


def is_an_employee(person: Person) -> bool:
    """Here or where they left: the log says nothing of what they did, nor when."""
    with everywhere():
        employed = Participant.objects.filter(person=person, side__role=SideRole.COUNTERPART, side__relationship__kind=Kind.EMPLOYEE)
        return employed.exists()
