"""Employees as a group: one figure a quarter, from five people up, and nothing that could be taken apart.

The group is fixed (everybody of the workspace), the period is a calendar quarter that has ended, and each answer belongs to one quarter, the
one in which its round was revealed. Rows are never changed, so a published figure stays what it was, and two of them share no answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from statistics import fmean, stdev
from zoneinfo import ZoneInfo

from exchanges.models import Answer, Posting
from exchanges.selectors.balances import KAPPA
from relationships.models import Kind, Member, Relationship, SideRole

RATERS_MIN = 5
MICRO, NANO = 1_000_000, 1_000_000_000
EIGHTY = 1.2816


@dataclass(frozen=True)
class GroupFigure:
    """How fair the employees who answered in a quarter felt on average, in points. `mean` is None while fewer than five answered."""

    relationships: int
    first: date
    last: date
    mean: float | None = None
    half: float | None = None  # half the range that holds the mean of such a group 8 times in 10
    raters: int | None = None

    @property
    def is_hidden(self) -> bool:
        return self.mean is None


def employees_of(member: Member, *, now: datetime) -> GroupFigure | None:
    """The last full quarter's figure of all employees, the reader not counted. None where there are none. Two queries."""
    count = Relationship.objects.filter(workspace_id=member.workspace_id, kind=Kind.EMPLOYEE).going_on().count()
    if not count:
        return None
    zone = member.workspace.zone
    first, last, end = last_quarter(now.astimezone(zone).date())
    values = list(newest_of_each(member, _midnight(first, zone), _midnight(end, zone)).values())
    if len(values) < RATERS_MIN:
        return GroupFigure(count, first, last)
    half = max(EIGHTY * stdev(values) / len(values) ** 0.5, 0.1)
    return GroupFigure(count, first, last, round(fmean(values), 1), round(half, 1), len(values))


def newest_of_each(member: Member, begin: datetime, end: datetime) -> dict[int, float]:
    """Each employee's newest answer of the rounds revealed in a period, as it stood when the period ended, in points."""
    answers = (
        Answer.objects.filter(
            workspace_id=member.workspace_id, relationship__kind=Kind.EMPLOYEE, side=SideRole.COUNTERPART, first_hand=True,
            round__posting__outcome=Posting.REVEALED, round__posting__posted_at__gte=begin, round__posting__posted_at__lt=end, recorded_at__lt=end,
        )
        .exclude(superseded_by__recorded_at__lt=end)
        .exclude(mark__at__lt=end)
        .exclude(is_withdrawal=True)
        .order_by("answered_at", "pk")
    )  # fmt: skip
    if member.person_id is not None:
        answers = answers.exclude(participant__person_id=member.person_id)
    rows = answers.values_list("participant__person_id", "y_micro", "confirms_shown__r_nano")
    return {person: y / MICRO if y is not None else r / NANO / KAPPA for person, y, r in rows if y is not None or r is not None}


def last_quarter(today: date) -> tuple[date, date, date]:
    """First and last day of the newest calendar quarter that has ended, and the day after it."""
    end = date(today.year, 3 * ((today.month - 1) // 3) + 1, 1)
    first = date(end.year - 1, 10, 1) if end.month == 1 else date(end.year, end.month - 3, 1)
    return first, date.fromordinal(end.toordinal() - 1), end


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone)
