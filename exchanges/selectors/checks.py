"""The checks of one relationship so far, as a member at the desk may see them: who was asked, what both sides answered, and how it compares.

Nothing of an open round is said but that it is open. Of an employee's answers only those that they shared are there, and neither a date nor
a word tells whether there were others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from fractions import Fraction
from statistics import mean

from exchanges import wording
from exchanges.models import Answer, AnswerItem, Round, RoundSeat
from exchanges.selectors.commitments import PromisedEvent, events_of_checks
from exchanges.selectors.due import answer_points, nearest_answer
from exchanges.selectors.fields import Compared, SideBySide, compare, side_by_side, told_by
from exchanges.selectors.items import ItemLine, author_of, item_lines, items_of
from exchanges.selectors.readings import Names
from exchanges.selectors.reveal import SaidBy, may_see
from exchanges.selectors.rounds import RoundState, states_of
from relationships.models import Kind, Relationship, SideRole

OWN, COUNTERPART = SideRole.OWN, SideRole.COUNTERPART
PAGE = 20


@dataclass(frozen=True)
class Check:
    """One round. What stands before its end is only that it was asked."""

    number: int
    opened_on: date
    closes_on: date
    ended_on: date | None  # None while it is open
    asked_ours: tuple[str, ...]
    asked_theirs: tuple[str, ...]
    silent: tuple[str, ...]  # who of the other side was asked and did not answer
    ours_answered: int
    ours: tuple[SaidBy, ...]
    theirs: tuple[SaidBy, ...]
    our_guess: str
    their_guess: str
    compared: SideBySide | None
    is_private: bool  # the other side's answer is not ours to see
    items: tuple[ItemLine, ...] = ()  # what both answered besides
    promised: tuple[PromisedEvent, ...] = ()  # what came of it

    @property
    def is_open(self) -> bool:
        return self.ended_on is None


@dataclass(frozen=True)
class CheckPage:
    checks: tuple[Check, ...]
    before: int | None  # the number from which the next page goes on; None on the last one


def checks_of(
    relationship: Relationship, names: Names, *, reader: int | None, now: datetime, before: int | None = None, limit: int = PAGE
) -> CheckPage:
    """The newest first. `reader`: the person who reads, whose own answers stand there by name."""
    rounds = Round.objects.filter(relationship=relationship)
    if before is not None:
        rounds = rounds.filter(number__lt=before)
    found = list(rounds.order_by("-number")[: limit + 1])
    states = states_of(found[:limit], now)
    over = [states[one.pk] for one in found[:limit] if states[one.pk].is_closed]
    said = items_of([answer for state in over for answer in _seen(relationship, state)])
    promised = events_of_checks([state.round for state in over])
    checks = tuple(
        replace(
            _check(relationship, names, states[one.pk], reader),
            items=_items(relationship, states[one.pk], said),
            promised=tuple(promised.get(one.pk, ())),
        )
        for one in found[:limit]
    )
    return CheckPage(checks, found[limit - 1].number if len(found) > limit else None)


def _seen(relationship: Relationship, state: RoundState) -> list[Answer]:
    """The answers of a check that is over which our side may see: its own, and of the other side what is shown."""
    return [*state.answers_of(OWN), *may_see(state.answers_of(COUNTERPART), kind=relationship.kind, side=COUNTERPART, reader=OWN)]


def _items(relationship: Relationship, state: RoundState, said: Mapping[int, Sequence[AnswerItem]]) -> tuple[ItemLine, ...]:
    if not state.is_closed:
        return ()
    seen = _seen(relationship, state)
    return item_lines([row for row in seen if row.side == OWN], [row for row in seen if row.side == COUNTERPART], said)


def last_check(relationship: Relationship, names: Names, *, reader: int | None, now: datetime) -> Check | None:
    """The newest that is over; the one that is open now is not."""
    return next((one for one in checks_of(relationship, names, reader=reader, now=now, limit=2).checks if not one.is_open), None)


def _check(relationship: Relationship, names: Names, state: RoundState, reader: int | None) -> Check:
    zone, is_employee = relationship.workspace.zone, relationship.kind == Kind.EMPLOYEE
    closes_on = state.round.closes_at.astimezone(zone).date()
    over_at = state.outcome_at if state.is_closed else None
    ended_on = over_at.astimezone(zone).date() if over_at else None
    ours = state.answers_of(OWN) if ended_on else ()
    theirs = may_see(state.answers_of(COUNTERPART), kind=relationship.kind, side=COUNTERPART, reader=OWN) if ended_on else []
    is_private = is_employee and not theirs
    compared = compare(told_by(ours), told_by(theirs)) if ended_on and not is_private else None
    return Check(
        number=state.round.number,
        opened_on=state.round.opens_at.astimezone(zone).date(),
        closes_on=closes_on,
        ended_on=closes_on if is_employee and ended_on else ended_on,  # the day on which they were done would tell
        asked_ours=_names(state.seats, OWN),
        asked_theirs=_names(state.seats, COUNTERPART),
        silent=() if is_employee or not ended_on else _silent(state, theirs),
        ours_answered=len(ours),
        ours=_ours(ours, reader),
        theirs=tuple(_said(answer, author_of(answer), names) for answer in theirs),
        our_guess=_guess(compared, OWN, names) if compared else _own_guess(ours, names),
        their_guess=_guess(compared, COUNTERPART, names) if compared else "",
        compared=_side_by_side(compared, relationship, names) if compared and compared.answered else None,
        is_private=is_private,
    )


def _side_by_side(compared: Compared, relationship: Relationship, names: Names) -> SideBySide:
    return side_by_side(compared, reader=OWN, kind=relationship.kind, other=names.counterpart_short, person="we")


def _names(seats: Sequence[RoundSeat], side: int) -> tuple[str, ...]:
    return tuple(_name(seat) for seat in seats if seat.side == side)


def _name(seat: RoundSeat) -> str:
    text = getattr(seat.participant.person, "text", None)
    return text.name if text and text.name else "somebody whose name was erased"


def _silent(state: RoundState, theirs: Sequence[Answer]) -> tuple[str, ...]:
    answered = {answer.seat_id for answer in theirs}
    return tuple(_name(seat) for seat in state.seats if seat.side == COUNTERPART and seat.pk not in answered)


def _ours(answers: Sequence[Answer], reader: int | None) -> tuple[SaidBy, ...]:
    """The reader's own answer; with colleagues, or for one who did not answer, our side's as one number."""
    if len(answers) == 1 and answers[0].participant is not None and answers[0].participant.person_id == reader:
        return (_we(answers[0], "You"),)
    if not answers:
        return ()
    words = wording.check_answer(nearest_answer(mean(answer_points(answer) for answer in answers)), "we")
    return (SaidBy("Our side", words, max(answer.answered_on for answer in answers), is_confirm=False, sentence=""),)


def _we(answer: Answer, who: str) -> SaidBy:
    words = wording.check_answer(nearest_answer(answer_points(answer)), "we")
    return SaidBy(who, words, answer.answered_on, is_confirm=answer.y_micro is None, sentence=_sentence(answer))


def _said(answer: Answer, who: str, names: Names) -> SaidBy:
    words = wording.check_answer(nearest_answer(answer_points(answer)), _person(names), names.counterpart_short)
    return SaidBy(who, words, answer.answered_on, is_confirm=answer.y_micro is None, sentence=_sentence(answer))


def _sentence(answer: Answer) -> str:
    text = getattr(answer, "text", None)
    return text.sentence if text else ""


def _person(names: Names) -> str:
    return "they" if names.counterpart_is_person else "it"


def _guess(compared: Compared, side: SideRole, names: Names) -> str:
    return _guess_words(compared.told[side].guess, side, names)


def _own_guess(ours: Sequence[Answer], names: Names) -> str:
    return _guess_words(told_by(ours).guess, OWN, names)


def _guess_words(guess: Fraction | None, side: SideRole, names: Names) -> str:
    """What a side thought that the other would answer, in our words."""
    if guess is None:
        return ""
    nearest = nearest_answer(float(guess))
    return wording.check_answer(nearest, "we") if side == COUNTERPART else wording.check_answer(nearest, _person(names), names.counterpart_short)
