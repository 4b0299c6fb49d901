"""How a balance came about: the line it took, what each piece of evidence adds to it, how far it drifted.

Read from live evidence, folded again; the stored state of today is read in `balances`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from exchanges.balance.evidence import EvidenceColumns, Kind
from exchanges.balance.explanation import contributions
from exchanges.balance.parameters import DEFAULTS
from exchanges.balance.smoothing import drift, smooth
from exchanges.balance.verdict import EIGHTY_PERCENT
from exchanges.models import LiveEvidence, View
from exchanges.selectors.balances import KAPPA, live_rows
from exchanges.selectors.statements import day_number, day_of
from relationships.models import Relationship, SideRole


@dataclass(frozen=True)
class LinePoint:
    """One day of a side's line, in points: as it was known then (`f`, `lo`, `hi`, `heard`), and as we see that day now (`smoothed`)."""

    on: date
    f: float
    lo: float
    hi: float
    heard: bool
    smoothed: float
    smoothed_lo: float
    smoothed_hi: float


def line_of(relationship: Relationship, *, view: View, side: SideRole, start: date, end: date, stride_days: int = 7) -> list[LinePoint]:
    """A side's felt balance from day to day: every stride, and the day before and of each piece of evidence, where it steps."""
    rows = [row for row in live_rows(relationship.pk, view) if row[0] == side and row[1] <= day_number(end)]
    first, last = day_number(start), day_number(end)
    ticks = {row[1] for row in rows if first <= row[1] <= last}
    days = sorted({*range(first, last + 1, stride_days), last, *ticks, *(day - 1 for day in ticks if day > first)})
    line = smooth(EvidenceColumns.from_rows(rows), days)
    answers = sorted(row[1] for row in rows if row[2] in (Kind.CONFIRM, Kind.CHECK))
    limit = DEFAULTS.heard_share * DEFAULTS.variance_felt
    points = []
    for place, day in enumerate(line.days):
        known, half = line.known[place] / KAPPA, EIGHTY_PERCENT * float(line.known_variance[place]) ** 0.5 / KAPPA
        now, now_half = line.smoothed[place] / KAPPA, EIGHTY_PERCENT * float(line.smoothed_variance[place]) ** 0.5 / KAPPA
        heard = bool(answers) and answers[0] <= day and bool(line.known_variance[place] <= limit)
        points.append(LinePoint(day_of(day), known, known - half, known + half, heard, now, now - now_half, now + now_half))
    return points


@dataclass(frozen=True)
class Contribution:
    """What one piece of evidence still adds to a side's felt balance, in points. The parts sum to it exactly."""

    on: date
    kind: int
    value: int
    relayed: bool
    source_kind: int
    source_id: int
    points: float


def contributions_of(relationship: Relationship, *, view: View, side: SideRole, as_of: date) -> list[Contribution]:
    """Why a side's number is what it is: every piece of evidence that this view may see with its part, largest first."""
    fields = ("side", "on_day", "kind", "value_int", "relayed", "view_mask", "source_kind", "source_id")
    found = LiveEvidence.objects.filter(relationship_id=relationship.pk, side=side).order_by("on_day", "kind", "id").values_list(*fields)
    rows = [row for row in found if row[5] & view]
    parts = contributions(EvidenceColumns.from_rows([row[:5] for row in rows]), day_number(as_of))
    made = [
        Contribution(day_of(row[1]), row[2], row[3], row[4], row[6], row[7], float(part) / KAPPA)
        for row, part in zip(rows, parts.tolist(), strict=True)
    ]
    return sorted(made, key=lambda part: (-abs(part.points), part.on))


def drift_of(relationship: Relationship, *, view: View, as_of: date, days: int = 90) -> tuple[float, float]:
    """Tilt now minus what we now think it was so many days ago, and its standard error, in nats."""
    rows = live_rows(relationship.pk, view)
    own, counterpart = ([row for row in rows if row[0] == side] for side in SideRole)
    change = drift(EvidenceColumns.from_rows(own), EvidenceColumns.from_rows(counterpart), day_number(as_of), days)
    return change.change, change.error
