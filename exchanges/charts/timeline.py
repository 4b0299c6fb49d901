"""Balance over time: one panel per side over twelve calendar months, never two lines in one panel.

The line and its band are what was known then; nothing is drawn towards a later check, and nothing beyond today.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from exchanges.charts.scale import FAIR_BAND, HIGHEST, LOWEST, clamp, pct, short

PLOT_TOP, PLOT_HEIGHT = 2.0, 78.0
RUG = "91%"
MONTHS = 12
UP_LENGTH = {1: 5, 2: 8, 3: 11, 4: 14}


@dataclass(frozen=True, slots=True)
class TimelinePoint:
    """The estimate of one day. Two points on one day are the state before and after that day's evidence."""

    on: date
    f: float
    lo: float
    hi: float
    heard: bool


@dataclass(frozen=True, slots=True)
class TimelineCheck:
    on: date
    f: float
    by: str = ""


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """Something this side received. word: -1 to 4, None while nobody of that side has rated it."""

    on: date
    text: str
    word: int | None


@dataclass(frozen=True, slots=True)
class TimelineSide:
    name: str
    is_own: bool
    points: Sequence[TimelinePoint]
    checks: Sequence[TimelineCheck] = ()
    events: Sequence[TimelineEvent] = ()
    due_on: date | None = None
    band: float = FAIR_BAND


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of line with one certainty, as path data in a box of 100 by 100."""

    band: str
    line: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class CheckMark:
    x: str
    y: str
    on: date
    f: float
    by: str


@dataclass(frozen=True, slots=True)
class EventMark:
    """A tick from the rug: up for welcome, down for in the way, a ring for nothing or not rated."""

    x: str
    on: date
    text: str
    word: int | None
    path: str
    ring: str


@dataclass(frozen=True, slots=True)
class DueMark:
    x: str
    y: str
    on: date


@dataclass(frozen=True, slots=True)
class Panel:
    name: str
    is_own: bool
    fair_y: str
    fair_height: str
    fair_bottom: str
    zero_y: str
    runs: tuple[Run, ...]
    checks: tuple[CheckMark, ...]
    events: tuple[EventMark, ...]
    due: DueMark | None
    last: TimelinePoint | None
    open_since: date | None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the twin table: a check or an event, with the estimate after it."""

    on: date
    name: str
    is_own: bool
    is_check: bool
    text: str
    word: int | None
    answered: float | None
    after: TimelinePoint | None


@dataclass(frozen=True, slots=True)
class Timeline:
    start: date
    end: date
    months: tuple[date, ...]
    now_x: str
    future_width: str
    rug_y: str
    panels: tuple[Panel, ...]
    rows: tuple[Row, ...]


def _month_after(day: date, count: int) -> date:
    month = day.year * 12 + day.month - 1 + count
    return date(month // 12, month % 12 + 1, 1)


def height_of(f: float) -> float:
    """Percent from the top of a panel."""
    return PLOT_TOP + (HIGHEST - clamp(f)) / (HIGHEST - LOWEST) * PLOT_HEIGHT


class _Window:
    """Where a day lies between the first day shown and the end of this month."""

    def __init__(self, today: date) -> None:
        self.months = tuple(_month_after(today, i - MONTHS + 1) for i in range(MONTHS))
        self.start, self.end, self.today = self.months[0], _month_after(today, 1), today
        self.days = (self.end - self.start).days

    def x(self, on: date) -> float:
        return 100 * (on - self.start).days / self.days

    def shows(self, on: date) -> bool:
        return self.start <= on <= self.today


def _within(points: Sequence[TimelinePoint], window: _Window) -> list[TimelinePoint]:
    """The points of the window, beginning with the last state before it carried to its first day."""
    inside = [point for point in points if window.shows(point.on)]
    before = [point for point in points if point.on < window.start]
    if before and (not inside or inside[0].on > window.start):
        last = before[-1]
        inside.insert(0, TimelinePoint(window.start, last.f, last.lo, last.hi, last.heard))
    if inside and inside[-1].on < window.today:
        last = inside[-1]
        inside.append(TimelinePoint(window.today, last.f, last.lo, last.hi, last.heard))
    return inside


def _split(points: list[TimelinePoint]) -> list[list[TimelinePoint]]:
    """Stretches of one certainty; neighbours share the point where certainty changes, so that the line does not break."""
    runs: list[list[TimelinePoint]] = [[points[0]]]
    for before, after in pairwise(points):
        runs[-1].append(after)
        if after.heard != before.heard:
            runs.append([after])
    return [run for run in runs if len(run) > 1]


def _path(pairs: list[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{short(x)} {short(y)}" for x, y in pairs)


def _run(points: list[TimelinePoint], window: _Window) -> Run:
    xs = [window.x(point.on) for point in points]
    top = [(x, height_of(point.hi)) for x, point in zip(xs, points, strict=True)]
    bottom = [(x, height_of(point.lo)) for x, point in zip(xs, points, strict=True)]
    line = [(x, height_of(point.f)) for x, point in zip(xs, points, strict=True)]
    return Run(_path(top + bottom[::-1]) + "Z", _path(line), not points[0].heard)


def _event(event: TimelineEvent, window: _Window) -> EventMark:
    path, ring = "", ""
    if event.word is None:
        ring = "unrated"
    elif event.word == 0:
        ring = "nothing"
    elif event.word < 0:
        path = "M0 2V7"
    else:
        path = f"M0-1.5V-{UP_LENGTH.get(event.word, 14)}"
    return EventMark(pct(window.x(event.on)), event.on, event.text, event.word, path, ring)


def _due(side: TimelineSide, points: list[TimelinePoint], window: _Window) -> DueMark | None:
    """Drawn in the strip right of today only; one that is further off, or overdue, is told in words."""
    if side.due_on is None or not window.today < side.due_on < window.end:
        return None
    return DueMark(pct(window.x(side.due_on)), pct(height_of(points[-1].f if points else 0.0)), side.due_on)


def _open_since(points: list[TimelinePoint]) -> date | None:
    since = None
    for point in points:
        since = (since or point.on) if not point.heard else None
    return since


def _panel(side: TimelineSide, window: _Window) -> Panel:
    points = _within(side.points, window) if side.points else []
    return Panel(
        name=side.name,
        is_own=side.is_own,
        fair_y=pct(height_of(side.band)),
        fair_height=pct(height_of(-side.band) - height_of(side.band)),
        fair_bottom=pct(height_of(-side.band)),
        zero_y=pct(height_of(0)),
        runs=tuple(_run(run, window) for run in _split(points)) if points else (),
        checks=tuple(
            CheckMark(pct(window.x(check.on)), pct(height_of(check.f)), check.on, check.f, check.by)
            for check in side.checks
            if window.shows(check.on)
        ),
        events=tuple(_event(event, window) for event in side.events if window.shows(event.on)),
        due=_due(side, points, window),
        last=points[-1] if points else None,
        open_since=_open_since(points),
    )


def _after(points: Sequence[TimelinePoint], on: date) -> TimelinePoint | None:
    """The last estimate of that day or before: what was felt once the day was over."""
    known = [point for point in points if point.on <= on]
    return known[-1] if known else None


def _rows(side: TimelineSide, window: _Window) -> list[Row]:
    checks = [
        Row(check.on, side.name, side.is_own, True, check.by, None, check.f, _after(side.points, check.on))
        for check in side.checks
        if window.shows(check.on)
    ]
    events = [
        Row(event.on, side.name, side.is_own, False, event.text, event.word, None, _after(side.points, event.on))
        for event in side.events
        if window.shows(event.on)
    ]
    return events + checks


def timeline(sides: Sequence[TimelineSide], today: date) -> Timeline:
    window = _Window(today)
    rows = [row for side in sides for row in _rows(side, window)]
    now = window.x(today)
    return Timeline(
        start=window.start,
        end=window.end - timedelta(days=1),
        months=window.months,
        now_x=pct(now),
        future_width=pct(100 - now),
        rug_y=RUG,
        panels=tuple(_panel(side, window) for side in sides),
        rows=tuple(sorted(rows, key=lambda row: (row.on, row.is_check), reverse=True)),
    )
