"""The portfolio by steward or by form: how each group is counted, and the middle of its balances from four answers on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exchanges.charts import SideReading, WeekShares
from exchanges.selectors.portfolio import Portfolio, Rows
from relationships.models import Intent

FOLDED_BELOW = 4


@dataclass(frozen=True)
class Middle:
    """The middle of a group on one side: median, and between which values its middle half lies. None: nobody answered."""

    f: float
    lo: float
    hi: float

    def reading(self, name: str, own: bool, band: float) -> SideReading:
        return SideReading(name=name, short=name, is_own=own, f=self.f, lo=self.lo, hi=self.hi, heard=True, band=band)


@dataclass(frozen=True)
class Group:
    label: str
    value: str  # for the filter's link; empty: cannot be chosen
    count: int
    counts: WeekShares
    they: SideReading | None
    we: SideReading | None
    confirmed: int


def groups_of(portfolio: Portfolio, by: str, *, band: float, nobody: str, others: str) -> list[Group]:
    """By steward or by form, the largest first. Groups below four are folded into "others"."""
    members: dict[tuple[str, str], list[int]] = {}
    for place, one in enumerate(portfolio.held):
        label = one.steward_name if by == "steward" else Intent(one.intent).label.capitalize() if one.intent in Intent.values else ""
        members.setdefault((label or nobody, one.steward if by == "steward" else one.intent), []).append(place)
    kept = {key: places for key, places in members.items() if len(places) >= FOLDED_BELOW}
    folded = [place for key, places in members.items() if key not in kept for place in places]
    groups = [group_of(portfolio, label, value, np.array(places), band) for (label, value), places in kept.items()]
    groups.sort(key=lambda group: (-group.count, group.label))
    return [*groups, group_of(portfolio, others, "", np.array(sorted(folded)), band)] if folded else groups


def group_of(portfolio: Portfolio, label: str, value: str, places: Rows, band: float) -> Group:
    they, we = (_middle(portfolio.points(own)[places][portfolio.answered(own)[places]]) for own in (False, True))
    return Group(
        label=label,
        value=value,
        count=len(places),
        counts=portfolio.counts(places),
        they=they.reading(label, False, band) if they else None,
        we=we.reading(label, True, band) if we else None,
        confirmed=int(portfolio.confirmed[places].sum()),
    )


def _middle(points: NDArray[np.float64]) -> Middle | None:
    """Only from four answers on: a median of fewer is somebody's own."""
    if len(points) < FOLDED_BELOW:
        return None
    low, median, high = np.percentile(points, [25, 50, 75])
    return Middle(float(median), float(low), float(high))
