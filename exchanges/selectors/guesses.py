"""How well one side knows the other: what it guessed, against what the other then said. Shown, never used for a balance.

By kind of value also which of the four fields holds: the mean of what the receivers said, and of what the givers had guessed, in points of the
worth scale. Fair is there a fair amount, and the band below it as wide as everywhere.

Read from the reports and answers that the reader may see, and from nothing else: a guess whose answer is not the reader's to see is no pair.
Fewer than three pairs say nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from exchanges.models import Answer, EventKind, EventVersion, Report, ReportRole, Word
from exchanges.selectors.fields import BAND, NEAR, Field, told_by
from exchanges.wording import knowing as words
from exchanges.wording.openings import Opening, field_title

LEAST = 3
POINTS = {Word.BURDEN: -2, Word.NOTHING: 0, Word.LITTLE: 1, Word.FAIR: 2, Word.LOT: 4, Word.GREAT: 8}
FAIR = Fraction(POINTS[Word.FAIR])
TOPICS = {
    Field.STRENGTH: Opening.STRENGTH, Field.WEAKNESS: Opening.WEAKNESS, Field.BLIND_SPOT: Opening.BLIND_SPOT_MINE,
    Field.UNSEEN_VALUE: Opening.UNSEEN_MINE,
}  # fmt: skip


@dataclass(frozen=True)
class Pair:
    """One guess and what was said then, on one scale."""

    on: date
    guess: Fraction
    said: Fraction

    @property
    def off(self) -> Fraction:
        return abs(self.guess - self.said)


@dataclass(frozen=True)
class Knowing:
    """The guesses of one kind, in steps of the worth scale, or for checks in points. `mean` is None while there are too few."""

    label: str
    count: int
    mean: float | None = None
    least: float = 0.0
    most: float = 0.0
    earlier: float | None = None  # the mean of the older half, and of the newer one
    later: float | None = None
    is_of_a_kind: bool = False  # of one kind of value, so that a field can hold
    field: Field | None = None

    @property
    def is_known(self) -> bool:
        return self.mean is not None

    @property
    def improves(self) -> bool:
        return self.earlier is not None and self.later is not None and self.later < self.earlier

    @property
    def worsens(self) -> bool:
        return self.earlier is not None and self.later is not None and self.later > self.earlier

    @property
    def miss(self) -> str:
        """The typical miss in words; empty while there are too few."""
        return "" if self.mean is None else words.miss_words(self.mean)

    @property
    def lately(self) -> str:
        return words.lately_words(improves=self.improves, worsens=self.worsens) if self.is_known else ""

    def title(self, person: str) -> str:
        return field_title(TOPICS[self.field], person) if self.field else ""

    def says(self, person: str, name: str) -> str:
        """What this kind is to the receiver, against what the giver thought. person: you or we."""
        if not (self.is_known and self.is_of_a_kind):
            return ""
        return words.kind_says(TOPICS[self.field] if self.field else None, person, name)


@dataclass(frozen=True)
class Guesses:
    """How well the guesser knows the other side, kind by kind."""

    kinds: tuple[Knowing, ...]  # of entries, by what was given; all together first
    checks: Knowing

    @property
    def has_any(self) -> bool:
        return bool(self.checks.count or any(kind.count for kind in self.kinds))

    @property
    def known(self) -> tuple[Knowing, ...]:
        """Those of which there is enough to say something; checks last."""
        return tuple(one for one in (*self.kinds, self.checks) if one.is_known)


def guesses_of(reports: QuerySet[Report], answers: QuerySet[Answer], *, guesser: int) -> Guesses:
    """What `guesser` thought of the other side. Both querysets come from `access`, narrowed to one relationship and one reader."""
    by_kind = _pairs_of_reports(reports, guesser)
    every = sorted((pair for pairs in by_kind.values() for pair in pairs), key=lambda pair: pair.on)
    kinds = [knowing(_("All entries"), every)] if len(by_kind) > 1 else []
    kinds += [of_a_kind(label, pairs) for label, pairs in sorted(by_kind.items(), key=lambda item: (-len(item[1]), item[0]))]
    return Guesses(tuple(kinds), knowing(_("Checks"), _pairs_of_checks(answers, guesser)))


def of_a_kind(label: str, pairs: Sequence[Pair]) -> Knowing:
    found = knowing(label, pairs)
    if not found.is_known:
        return replace(found, is_of_a_kind=True)
    return replace(found, is_of_a_kind=True, field=field_of(_points([pair.guess for pair in pairs]), _points([pair.said for pair in pairs])))


def field_of(guess: Fraction, said: Fraction) -> Field | None:
    """Which of the four fields holds for one kind of value, both in points. None where both are close, and only one is fair."""
    if said - guess < -NEAR:
        return Field.BLIND_SPOT
    if said - guess > NEAR:
        return Field.UNSEEN_VALUE
    fair = {number >= FAIR - BAND for number in (guess, said)}
    return None if len(fair) > 1 else Field.STRENGTH if fair.pop() else Field.WEAKNESS


def _points(steps: Sequence[Fraction]) -> Fraction:
    return sum((Fraction(POINTS[Word(int(step))]) for step in steps), Fraction(0)) / len(steps)


def knowing(label: str, pairs: Sequence[Pair]) -> Knowing:
    """`pairs` from the oldest to the newest. With an odd number the middle one counts for neither half."""
    if len(pairs) < LEAST:
        return Knowing(label, len(pairs))
    off = [pair.off for pair in pairs]
    half = len(off) // 2
    return Knowing(label, len(off), _mean(off), float(min(off)), float(max(off)), _mean(off[:half]), _mean(off[-half:]))


def _mean(values: Sequence[Fraction]) -> float:
    return float(sum(values, Fraction(0)) / len(values))


def _pairs_of_reports(reports: QuerySet[Report], guesser: int) -> dict[str, list[Pair]]:
    """The newest first-hand guess of the giver with the newest first-hand word of the receiver, by kind of value, from the oldest on."""
    rows = reports.standing().filter(first_hand=True)  # type: ignore[attr-defined]
    guesses = rows.filter(side=guesser, role=ReportRole.GAVE, guess_word__isnull=False).order_by("recorded_at", "id")
    guessed: dict[int, int] = dict(guesses.values_list("event_id", "guess_word"))
    words = rows.filter(side=1 - guesser, role=ReportRole.GOT, word__isnull=False, event__in=guessed).order_by("recorded_at", "id")
    said: dict[int, int] = dict(words.values_list("event_id", "word"))
    versions = EventVersion.objects.current().filter(event__in=said, is_withdrawal=False, arrived_on__isnull=False).select_related("value_kind")
    found: dict[str, list[Pair]] = defaultdict(list)
    for version in versions.order_by("arrived_on", "event_id"):
        assert version.arrived_on is not None
        found[_label(version)].append(Pair(version.arrived_on, Fraction(guessed[version.event_id]), Fraction(said[version.event_id])))
    return found


def _label(version: EventVersion) -> str:
    """What was given, in the words of the catalogue; else the kind of event."""
    if version.value_kind is not None:
        return version.value_kind.name
    return _("Everything else") if version.kind == EventKind.OTHER else EventKind(version.kind).label.capitalize()


def _pairs_of_checks(answers: QuerySet[Answer], guesser: int) -> list[Pair]:
    """Side by side, round by round: the mean guess of one side with the mean answer of the other."""
    rows = answers.standing().filter(first_hand=True, round__isnull=False)  # type: ignore[attr-defined]
    rounds: dict[int, list[Answer]] = defaultdict(list)
    for answer in rows.select_related("confirms_shown").order_by("round__number", "id"):
        rounds[answer.round_id].append(answer)
    pairs = []
    for found in rounds.values():
        guess = told_by([answer for answer in found if answer.side == guesser]).guess
        said = told_by([answer for answer in found if answer.side != guesser]).number
        if guess is not None and said is not None:
            pairs.append(Pair(max(answer.answered_on for answer in found), guess, said))
    return pairs
