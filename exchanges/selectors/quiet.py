"""When a person may be written to: not in quiet hours, on quiet days, on holidays or while they are away, in their own time zone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from relationships.models import Holiday, Person, Workspace

LOOKS_AHEAD = 800  # days: longer than anybody is away
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Quiet:
    """One person's quiet times. Hours that begin when they end are none; those that begin later than they end go over midnight."""

    zone: ZoneInfo
    begins: time = time(0)
    ends: time = time(0)
    weekdays: frozenset[int] = frozenset()  # ISO: Monday is 1
    holidays: frozenset[date] = field(default_factory=frozenset)
    away_from: date | None = None
    away_until: date | None = None

    def why_not(self, at: datetime) -> str:
        """Why nothing goes out at this moment; empty when something may."""
        local = at.astimezone(self.zone)
        return self.why_not_on(local.date()) or ("quiet hours" if self._is_quiet_at(local.time()) else "")

    def why_not_on(self, day: date) -> str:
        """Why nothing goes out on this day at all."""
        if self.away_from is not None and self.away_from <= day and (self.away_until is None or day <= self.away_until):
            return "away"
        if self.away_from is None and self.away_until is not None and day <= self.away_until:
            return "away"
        if day in self.holidays:
            return "a holiday"
        return "a quiet day" if day.isoweekday() in self.weekdays else ""

    def _is_quiet_at(self, clock: time) -> bool:
        if self.begins == self.ends:
            return False
        if self.begins < self.ends:
            return self.begins <= clock < self.ends
        return clock >= self.begins or clock < self.ends


def next_allowed(quiet: Quiet, at: datetime) -> datetime | None:
    """The first moment from `at` on at which something may go out. None: there is none in the next two years.

    A local time that does not exist is the first one that does; one that exists twice is the first of the two.
    """
    if not quiet.why_not(at):
        return at
    first = at.astimezone(quiet.zone).date()
    for number in range(LOOKS_AHEAD):
        day = first + timedelta(days=number)
        if quiet.why_not_on(day):
            continue
        moments = sorted(moment for moment in _openings(quiet, day) if moment >= at and not quiet.why_not(moment))
        if moments:
            return moments[0].astimezone(at.tzinfo or UTC)
    return None


def _openings(quiet: Quiet, day: date) -> Iterable[datetime]:
    """The moments of a local day at which quiet can end: its beginning, the end of the quiet hours, and a change of the clocks."""
    begins, over = first_instant(quiet.zone, day, time(0)), first_instant(quiet.zone, day + DAY, time(0))
    yield begins
    yield first_instant(quiet.zone, day, quiet.ends)
    yield datetime.combine(day, quiet.ends, tzinfo=quiet.zone).replace(fold=1).astimezone(UTC)
    if begins.astimezone(quiet.zone).utcoffset() != over.astimezone(quiet.zone).utcoffset():
        low, high = begins, over
        while high - low > SECOND:
            middle = low + (high - low) // 2
            is_before = middle.astimezone(quiet.zone).utcoffset() == begins.astimezone(quiet.zone).utcoffset()
            low, high = (middle, high) if is_before else (low, middle)
        yield high.replace(microsecond=0)


def first_instant(zone: ZoneInfo, day: date, clock: time) -> datetime:
    """The first moment whose local time is this or, where the clocks leap over it, later."""
    local = datetime.combine(day, clock, tzinfo=zone)
    found, early = local.astimezone(UTC), local.replace(fold=1).astimezone(UTC)
    if early >= found:  # it exists, once or twice
        return found
    low, high = early, found
    while high - low > SECOND:
        middle = low + (high - low) // 2
        low, high = (middle, high) if middle.astimezone(zone).replace(tzinfo=None) < local.replace(tzinfo=None) else (low, middle)
    return high.replace(microsecond=0)


def weekdays_in(digits: str) -> frozenset[int]:
    return frozenset(int(digit) for digit in digits if digit in "1234567")


def quiet_of(person: Person, workspace: Workspace, *, holidays: frozenset[date] | None = None) -> Quiet:
    """A person's own quiet times, where they set some, else the workspace's. Costs a query unless the holidays are given."""
    return Quiet(
        zone=ZoneInfo(person.time_zone) if person.time_zone else workspace.zone,
        begins=workspace.quiet_from if person.quiet_from is None else person.quiet_from,
        ends=workspace.quiet_until if person.quiet_until is None else person.quiet_until,
        weekdays=weekdays_in(workspace.quiet_days if person.quiet_days is None else person.quiet_days),
        holidays=holidays_of(workspace) if holidays is None else holidays,
        away_from=person.away_from,
        away_until=person.away_until,
    )


def holidays_of(workspace: Workspace) -> frozenset[date]:
    return frozenset(Holiday.objects.filter(workspace=workspace).values_list("on", flat=True))
