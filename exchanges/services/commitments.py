"""One thing that somebody would like to do for the other side after a check. It is kept with the answer and becomes a promised event when
the check is over: before that it would tell that they had answered.

An employee promises on their own page, apart from any check, and never while one is open.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction

from exchanges.access import Place, Voice
from exchanges.models import (
    Commitment,
    CommitmentEvent,
    CommitmentText,
    EventKind,
    EventStatus,
    Round,
    RoundSeat,
    ValueEvent,
)
from exchanges.selectors.rounds import RoundState, open_rounds, state_of
from exchanges.services.events import AHEAD, log_event
from exchanges.services.posting import locked
from relationships.models import Kind, Participant, Relationship, SideRole
from valueledger.common.errors import Conflict, Gone, Invalid
from valueledger.common.validators import clean_day, clean_text

LONGEST = 500
PROMISE_WITHIN = timedelta(days=14)  # after the check is over


class AnswerFirst(Conflict):
    code = "answer_first"
    sentence = "Answer the question first. Then there is room for one thing more."


class NotFromACheck(Conflict):
    code = "not_from_a_check"
    sentence = "What you promise stands apart from your answers. Say it on your own page."


class QuestionIsOpen(Conflict):
    code = "question_is_open"
    sentence = "A question is open just now, and a promise could tell whether you answered. Say it with your answer, or when it has closed."


class PromisedAlready(Conflict):
    code = "promised_already"
    sentence = "The other side can see your promise now. Correct it in the ledger."


class TooLateToPromise(Gone):
    code = "too_late_to_promise"
    sentence = "This check is over for some time. Log what you would like to do as a promise."


def may_promise(seat: RoundSeat, relationship: Relationship) -> bool:
    """Whether a check offers it to this seat at all."""
    return relationship.is_going_on and not (relationship.kind == Kind.EMPLOYEE and seat.side == SideRole.COUNTERPART)


def current_commitment(seat: RoundSeat) -> Commitment | None:
    """The newest row of the seat's chain, which may be a withdrawal."""
    return Commitment.objects.filter(seat=seat, superseded_by__isnull=True).select_related("text", "event__event").first()


def promise(*, seat: RoundSeat, what: str, by_on: object, now: datetime) -> Commitment:
    """Keep it until the check is over, or tell it at once where it is. The same again is the same row.

    Raises Invalid, AnswerFirst, NotFromACheck, PromisedAlready or TooLateToPromise.
    """
    with transaction.atomic():
        relationship = locked(seat.round.relationship_id)
        state = _ensure_room(seat, relationship, now)
        words, day = clean_text(what, "what", longest=LONGEST, required=True), _clean_by(by_on, seat.round, state, relationship, now)
        current = current_commitment(seat)
        if current is not None and not current.is_withdrawal and (_words(current), current.by_on) == (words, day):
            return current
        row = _write(seat, current, now=now, by_on=day)
        CommitmentText.objects.create(workspace_id=row.workspace_id, commitment=row, what=words)
        if state.is_posted:
            _tell(relationship, row, now)
    return row


def take_back(*, seat: RoundSeat, now: datetime) -> None:
    """As long as nobody else has seen it. Raises PromisedAlready."""
    with transaction.atomic():
        locked(seat.round.relationship_id)
        current = current_commitment(seat)
        if current is None or current.is_withdrawal:
            return
        _write(seat, current, now=now, by_on=current.by_on, is_withdrawal=True)


def tell_commitments(relationship: Relationship, round: Round, state: RoundState, now: datetime) -> int:
    """When a round is posted: what was promised along with an answer that counts is now known to both. Once; again does nothing."""
    answered = {answer.seat_id for answer in state.answers}
    rows = Commitment.objects.standing().filter(seat__round=round, seat__in=answered, event__isnull=True, text__isnull=False).exclude(text__what="")
    told = list(rows.select_related("seat__participant__side", "text").order_by("id"))
    for row in told:
        _tell(relationship, row, now)
    return len(told)


def promise_apart(*, participant: Participant, what: str, by_on: object, now: datetime) -> ValueEvent:
    """A promise that belongs to no check. Raises QuestionIsOpen as long as one is open that this person was asked, or any of an employee's."""
    with transaction.atomic():
        relationship = locked(participant.side.relationship_id)
        if waits_for_the_close(relationship, participant, now):
            raise QuestionIsOpen
        today = now.astimezone(relationship.workspace.zone).date()
        day = _from(by_on, today, relationship, now)
        return _log(relationship, participant, clean_text(what, "what", longest=LONGEST, required=True), day, now)


def waits_for_the_close(relationship: Relationship, participant: Participant, now: datetime) -> bool:
    """A promise that shows at once would say of whoever was asked that they have not answered: with an answer it is held back."""
    asked = open_rounds(now).filter(relationship=relationship)
    if relationship.kind == Kind.EMPLOYEE and participant.side.role == SideRole.COUNTERPART:
        return asked.exists()
    return asked.filter(seats__participant=participant, seats__release__isnull=True).exists()


def seat_to_promise_in(participant: Participant, now: datetime) -> RoundSeat | None:
    """The seat of the newest check that this person has answered and with which a promise is still to be kept; None: it stands apart."""
    seat = (
        RoundSeat.objects.filter(participant=participant).select_related("round__posting", "round__relationship").order_by("-round__number").first()
    )
    if seat is None or not may_promise(seat, seat.round.relationship):
        return None
    state, current = state_of(seat.round, now), current_commitment(seat)
    is_past = state.outcome_at is not None and now >= state.outcome_at + PROMISE_WITHIN
    if is_past or (current is not None and hasattr(current, "event")) or seat.pk not in {answer.seat_id for answer in state.answers}:
        return None
    return seat


def promise_is_welcome(place: Place, now: datetime) -> bool:
    """A check has ended lately and none is open: said alike to whoever was asked, whether or not they answered."""
    relationship = place.relationship
    newest = Round.objects.filter(relationship=relationship, seats__participant=place.participant).order_by("-number").first()
    if newest is None or not relationship.is_going_on:
        return False
    outcome_at = state_of(newest, now).outcome_at
    return outcome_at is not None and outcome_at <= now < outcome_at + PROMISE_WITHIN


def _ensure_room(seat: RoundSeat, relationship: Relationship, now: datetime) -> RoundState:
    if not may_promise(seat, relationship):
        raise NotFromACheck
    state = state_of(seat.round, now)
    if seat.pk not in {answer.seat_id for answer in state.answers}:
        raise AnswerFirst
    if state.outcome_at is not None and now >= state.outcome_at + PROMISE_WITHIN:
        raise TooLateToPromise
    return state


def _clean_by(by_on: object, round: Round, state: RoundState, relationship: Relationship, now: datetime) -> date:
    """A day on which the other side can have read it: after the close, as long as the check is open."""
    zone = relationship.workspace.zone
    first = now if state.is_closed else round.closes_at
    return _from(by_on, first.astimezone(zone).date(), relationship, now)


def _from(by_on: object, first: date, relationship: Relationship, now: datetime) -> date:
    today = now.astimezone(relationship.workspace.zone).date()
    day = clean_day(by_on, "by_on", today=today, latest=today + AHEAD)
    assert day is not None
    if day < first:
        raise Invalid(f"Choose a day from {first.isoformat()} on: before that they may not have read it.", field="by_on", code="out_of_range")
    return day


def _write(seat: RoundSeat, current: Commitment | None, *, now: datetime, **fields: object) -> Commitment:
    if current is not None and hasattr(current, "event"):
        raise PromisedAlready
    try:
        with transaction.atomic():
            return Commitment.objects.create(
                workspace_id=seat.workspace_id, seat=seat, seq=current.seq + 1 if current else 1, supersedes=current, at=now, **fields
            )
    except IntegrityError as error:  # the unique successor: the same seat at the same moment
        raise Conflict from error


def _words(row: Commitment) -> str:
    return row.text.what if hasattr(row, "text") else ""


def _tell(relationship: Relationship, row: Commitment, now: datetime) -> None:
    event = _log(relationship, row.seat.participant, _words(row), row.by_on, now)
    CommitmentEvent.objects.create(workspace_id=row.workspace_id, commitment=row, event=event, at=now)


def _log(relationship: Relationship, participant: Participant, what: str, by_on: date, now: datetime) -> ValueEvent:
    """Given by that side, for both to see, dated on the day on which the other side can read it."""
    side = participant.side.role
    return log_event(
        relationship=relationship, voice=Voice(participant=participant), giver=side, author_side=side, what=what, kind=EventKind.FAVOUR,
        status=EventStatus.PROMISED, occurred_on=now.astimezone(relationship.workspace.zone).date(), expected_on=by_on, now=now,
    )  # fmt: skip
