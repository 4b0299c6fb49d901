"""How well one side knows the other: what it guessed, against what the other then said. Shown, never used for a balance.

Read from the reports and answers that the reader may see, and from nothing else: a guess whose answer is not the reader's to see is no pair.
Fewer than three pairs say nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from django.db.models import QuerySet

from exchanges.models import Answer, EventKind, EventVersion, Report, ReportRole
from exchanges.selectors.fields import told_by

LEAST = 3


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

    @property
    def is_known(self) -> bool:
        return self.mean is not None

    @property
    def improves(self) -> bool:
        return self.earlier is not None and self.later is not None and self.later < self.earlier

    @property
    def worsens(self) -> bool:
        return self.earlier is not None and self.later is not None and self.later > self.earlier


@dataclass(frozen=True)
class Guesses:
    """How well the guesser knows the other side, kind by kind."""

    kinds: tuple[Knowing, ...]  # of entries, by what was given; all together first
    checks: Knowing

    @property
    def has_any(self) -> bool:
        return bool(self.checks.count or any(kind.count for kind in self.kinds))


def guesses_of(reports: QuerySet[Report], answers: QuerySet[Answer], *, guesser: int) -> Guesses:
    """What `guesser` thought of the other side. Both querysets come from `access`, narrowed to one relationship and one reader."""
    by_kind = _pairs_of_reports(reports, guesser)
    every = sorted((pair for pairs in by_kind.values() for pair in pairs), key=lambda pair: pair.on)
    kinds = [knowing("All entries", every)] if every else []
    if len(by_kind) > 1:
        kinds += [knowing(label, pairs) for label, pairs in sorted(by_kind.items(), key=lambda item: (-len(item[1]), item[0]))]
    return Guesses(tuple(kinds), knowing("Checks", _pairs_of_checks(answers, guesser)))


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
    return "Everything else" if version.kind == EventKind.OTHER else EventKind(version.kind).label.capitalize()


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
