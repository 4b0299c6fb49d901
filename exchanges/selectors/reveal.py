"""What a participant sees of a round: its own answer with what it did to its own picture, and after the reveal what both sides said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from statistics import mean

from django.utils.translation import gettext

from exchanges import wording
from exchanges.charts import SideReading
from exchanges.models import Answer, EvidenceKind, Prompt, View
from exchanges.selectors.balances import KAPPA, balance_of, balance_of_rows, live_rows, rhythm_of
from exchanges.selectors.due import MICRO, NANO, answer_points, nearest_answer
from exchanges.selectors.fields import SideBySide, compare, side_by_side, told_by
from exchanges.selectors.items import ItemLine, author_of, item_lines, items_of
from exchanges.selectors.prompts import Asking
from exchanges.selectors.rounds import RoundState
from exchanges.selectors.statements import day_number
from relationships.models import Kind, SideRole


@dataclass(frozen=True)
class SaidBy:
    """One answer, in words, as the reader may see it."""

    who: str
    words: str
    on: date
    is_confirm: bool
    sentence: str


@dataclass(frozen=True)
class Reveal:
    """What both sides said, in the eyes of one of them."""

    yours: tuple[SaidBy, ...]
    theirs: tuple[SaidBy, ...]
    guess_words: str  # what the reader thought the other side would say
    now: SideReading | None  # the reader's own picture after it
    next_on: date | None
    items: tuple[ItemLine, ...] = ()  # what both answered besides, where they did
    compared: SideBySide | None = None  # None where the other side's answer is not the reader's to see


@dataclass(frozen=True)
class BeforeAfter:
    """The reader's own picture before and after its answer. None before a first answer."""

    before: SideReading | None
    after: SideReading


def own_view(prompt: Prompt) -> View:
    return View.OWN if prompt.side == SideRole.OWN else View.COUNTERPART


def shown_reading(asked: Asking) -> SideReading | None:
    """The picture that "still right" would confirm."""
    shown = asked.prompt.shown
    if shown is None:
        return None
    band = rhythm_of(asked.prompt.relationship).band
    return _reading(asked, shown.r_nano / NANO / KAPPA, shown.sd_nano / NANO / KAPPA, heard=False, on=asked.last_answered_on, band=band)


def before_after(asked: Asking, answer: Answer) -> BeforeAfter:
    """Lays the answer over the reader's own account, in memory: it is not posted before the reveal, and nobody else sees this."""
    prompt = asked.prompt
    view = own_view(prompt)
    kind = EvidenceKind.CHECK if answer.y_micro is not None else EvidenceKind.CONFIRM
    value = answer.y_micro if answer.y_micro is not None else answer.confirms_shown.r_nano if answer.confirms_shown else 0
    row = (prompt.side, day_number(answer.answered_on), int(kind), value, False)
    band = rhythm_of(prompt.relationship).band
    balance = balance_of_rows(
        sorted([*live_rows(prompt.relationship_id, view), row]),
        relationship_id=prompt.relationship_id,
        view=view,
        as_of=answer.answered_on,
        band=band,
    )
    side = balance.side(prompt.side)
    return BeforeAfter(before=shown_reading(asked), after=_reading(asked, side.f, side.sd / KAPPA, heard=True, on=answer.answered_on, band=band))


def reveal_of(asked: Asking, state: RoundState) -> Reveal:
    """Client and friend: both answers, the other side's with its authors, one's own side's as one number. An employee's answer goes to nobody else."""
    prompt = asked.prompt
    mine = [answer for answer in state.answers_of(prompt.side) if answer.participant_id == prompt.participant_id]
    colleagues = [answer for answer in state.answers_of(prompt.side) if answer.participant_id != prompt.participant_id]
    yours = [_said(answer, gettext("You"), "you", "") for answer in mine]
    if colleagues:
        yours.append(_pooled(asked, [*mine, *colleagues]))
    other_side = SideRole.COUNTERPART if asked.is_own else SideRole.OWN
    person = "they" if _is_person(asked, other_side) else "it"
    seen = may_see(state.answers_of(other_side), kind=asked.kind, side=other_side, reader=prompt.side)
    theirs = [_said(answer, author_of(answer), person, asked.other_short) for answer in seen]
    hidden = asked.kind == Kind.EMPLOYEE and asked.is_own and not seen
    guess = next((answer.guess_micro for answer in mine if answer.guess_micro is not None), None)
    return Reveal(
        yours=tuple(yours),
        theirs=tuple(theirs),
        guess_words="" if guess is None or not theirs else wording.check_answer(nearest_answer(guess / MICRO), person, asked.other_short),
        now=_now(asked) if mine and state.is_posted else None,
        next_on=_next_on(asked) if state.is_posted else None,
        items=item_lines([*mine, *colleagues], seen, items_of([*mine, *colleagues, *seen])),
        compared=None if hidden else _compared(asked, state.answers_of(prompt.side), seen),
    )


def may_see(answers: Sequence[Answer], *, kind: str, side: int, reader: int) -> list[Answer]:
    """Of the answers of a round that is over, those that the reading side may see: an employee's only where they shared them."""
    if kind == Kind.EMPLOYEE and side == SideRole.COUNTERPART and reader == SideRole.OWN:
        return [answer for answer in answers if hasattr(answer, "disclosure")]
    return list(answers)


def _compared(asked: Asking, mine: Sequence[Answer], theirs: Sequence[Answer]) -> SideBySide:
    told = {asked.prompt.side: told_by(mine), 1 - asked.prompt.side: told_by(theirs)}
    both = compare(told[SideRole.OWN], told[SideRole.COUNTERPART])
    return side_by_side(both, reader=asked.prompt.side, kind=asked.kind, other=asked.other_short)


def answer_words(answer: Answer) -> str:
    """What one said, said back: You get about as much as you give."""
    return wording.check_answer(nearest_answer(answer_points(answer)), "you")


def _said(answer: Answer, who: str, person: str, name: str) -> SaidBy:
    text = getattr(answer, "text", None)
    return SaidBy(
        who=who,
        words=wording.check_answer(nearest_answer(answer_points(answer)), person, name),
        on=answer.answered_on,
        is_confirm=answer.y_micro is None,
        sentence=text.sentence if text else "",
    )


def _pooled(asked: Asking, answers: list[Answer]) -> SaidBy:
    words = wording.check_answer(nearest_answer(mean(answer_points(answer) for answer in answers)), "it", asked.party_short)
    return SaidBy(gettext("Your side together"), words, max(answer.answered_on for answer in answers), is_confirm=False, sentence="")


def _is_person(asked: Asking, side: int) -> bool:
    return asked.names.own_is_person if side == SideRole.OWN else asked.names.counterpart_is_person


def _now(asked: Asking) -> SideReading:
    balance = balance_of(asked.prompt.relationship, view=own_view(asked.prompt), as_of=asked.today)
    side = balance.side(asked.prompt.side)
    return _reading(asked, side.f, side.sd / KAPPA, heard=side.heard, on=side.answered_on, band=balance.band)


def _next_on(asked: Asking) -> date:
    return balance_of(asked.prompt.relationship, view=own_view(asked.prompt), as_of=asked.today).side(asked.prompt.side).due_on


def _reading(asked: Asking, f: float, sd: float, *, heard: bool, on: date | None, band: float) -> SideReading:
    return SideReading.around(
        asked.party, asked.party_short, asked.is_own, f, sd, heard, answered_on=on, is_person=_is_person(asked, asked.prompt.side), band=band
    )
