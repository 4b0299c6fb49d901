"""The four fields of a gap: what each side answered against what the other thought it would answer.

Agreed strength: both at or above fair, both guesses within a point. Agreed weakness: both below fair, both guesses within a point. Blind
spot of the guesser: a side answered lower than the other guessed by more than a point. Unseen value: higher by more than a point. Numbers
are compared exactly, as they were typed; guesses are shown and never used for a balance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from exchanges.models import Answer
from exchanges.selectors.due import MICRO, answer_points
from exchanges.wording.openings import Opening, field_says, field_title, nothing_to_compare, opening
from relationships.models import SideRole

BAND = Fraction(3, 4)  # fair is within this, in points
NEAR = Fraction(1)  # a guess within a point knew it


class Field(StrEnum):
    STRENGTH = "agreed_strength"
    WEAKNESS = "agreed_weakness"
    BLIND_SPOT = "blind_spot"
    UNSEEN_VALUE = "unseen_value"


@dataclass(frozen=True)
class Told:
    """One side of one check: its number, and what it thought the other would answer. None where it said nothing."""

    number: Fraction | None = None
    guess: Fraction | None = None


@dataclass(frozen=True)
class Found:
    """A field that holds. `guesser`: whose blind spot, or who had not seen the value; None where both sides agree."""

    field: Field
    guesser: SideRole | None = None


@dataclass(frozen=True)
class Compared:
    """Both sides of one check, side by side."""

    told: tuple[Told, Told]  # ours, theirs
    found: tuple[Found, ...]

    @property
    def answered(self) -> int:
        return sum(1 for one in self.told if one.number is not None)

    @property
    def guesses(self) -> int:
        return sum(1 for one in self.told if one.guess is not None)


def compare(own: Told, counterpart: Told) -> Compared:
    """The fields that hold between two sides; none where an answer or both guesses are missing."""
    told = (own, counterpart)
    if own.number is None or counterpart.number is None:
        return Compared(told, ())
    numbers = (own.number, counterpart.number)
    misses: list[Found] = []
    for guesser in SideRole:
        guess = told[guesser].guess
        if guess is None:
            continue
        off = numbers[1 - guesser] - guess
        if off < -NEAR:
            misses.append(Found(Field.BLIND_SPOT, guesser))
        elif off > NEAR:
            misses.append(Found(Field.UNSEEN_VALUE, guesser))
    if misses or own.guess is None or counterpart.guess is None:
        return Compared(told, tuple(misses))
    if all(number >= -BAND for number in numbers):
        return Compared(told, (Found(Field.STRENGTH),))
    if all(number < -BAND for number in numbers):
        return Compared(told, (Found(Field.WEAKNESS),))
    return Compared(told, ())


def told_by(answers: Sequence[Answer]) -> Told:
    """What the answers of one side say together: their mean, and the mean of the guesses of those who guessed."""
    numbers = [_number(answer) for answer in answers]
    guesses = [Fraction(answer.guess_micro, MICRO) for answer in answers if answer.guess_micro is not None]
    return Told(number=_mean(numbers), guess=_mean(guesses))


def _number(answer: Answer) -> Fraction:
    return Fraction(answer.y_micro, MICRO) if answer.y_micro is not None else Fraction(answer_points(answer))


def _mean(values: Sequence[Fraction]) -> Fraction | None:
    return sum(values, Fraction(0)) / len(values) if values else None


@dataclass(frozen=True)
class FieldLine:
    title: str
    says: str


@dataclass(frozen=True)
class SideBySide:
    """The fields in the words of one reader, with the sentence it could open the talk with."""

    lines: tuple[FieldLine, ...]
    nothing: str  # why there is no field, where there is none
    opening: str


def side_by_side(compared: Compared, *, reader: int, kind: str, other: str, person: str = "you") -> SideBySide:
    """reader: the side that reads. other: what it calls the other one. person: you in the portal, we at the desk."""
    topics = [_topic(found, reader) for found in compared.found]
    # What I did not see comes before what they did not see: a talk begins with a question.
    topics.sort(key=lambda topic: ORDER.index(topic))
    return SideBySide(
        lines=tuple(FieldLine(field_title(topic, person), field_says(topic, person, other)) for topic in topics),
        nothing="" if topics else nothing_to_compare(guesses=compared.guesses, answered=compared.answered),
        opening=opening(kind.lower(), topics[0] if topics else _without_fields(compared, reader)),
    )


ORDER = [
    Opening.BLIND_SPOT_MINE, Opening.BLIND_SPOT_THEIRS, Opening.UNSEEN_MINE, Opening.UNSEEN_THEIRS, Opening.STRENGTH, Opening.WEAKNESS,
]  # fmt: skip


def _topic(found: Found, reader: int) -> Opening:
    mine = found.guesser == reader
    if found.field == Field.BLIND_SPOT:
        return Opening.BLIND_SPOT_MINE if mine else Opening.BLIND_SPOT_THEIRS
    if found.field == Field.UNSEEN_VALUE:
        return Opening.UNSEEN_MINE if mine else Opening.UNSEEN_THEIRS
    return Opening.STRENGTH if found.field == Field.STRENGTH else Opening.WEAKNESS


def _without_fields(compared: Compared, reader: int) -> Opening:
    mine, theirs = compared.told[reader].number, compared.told[1 - reader].number
    if theirs is None:
        return Opening.ONLY_I_TOLD
    if mine is None:
        return Opening.ONLY_THEY_TOLD
    below = (mine < -BAND, theirs < -BAND)
    return {
        (False, False): Opening.BOTH_FAIR, (True, True): Opening.BOTH_BELOW, (True, False): Opening.I_AM_BELOW, (False, True): Opening.THEY_ARE_BELOW,
    }[below]  # fmt: skip
