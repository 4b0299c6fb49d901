"""Verdicts over weeks as columns, and the bars of coverage and breakdown."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from exchanges.charts.scale import pct

STACK = ("fair", "over", "we", "they", "both", "open")
CLASSES = {"fair": "v-fair", "over": "v-over", "they": "v-they", "both": "v-both"}
PATTERNS = {"we": "pw", "open": "pu"}


class Counts(Protocol):
    """How many relationships stand where, by position only."""

    @property
    def fair(self) -> int: ...
    @property
    def over(self) -> int: ...
    @property
    def we(self) -> int: ...
    @property
    def they(self) -> int: ...
    @property
    def both(self) -> int: ...
    @property
    def open(self) -> int: ...


@dataclass(frozen=True, slots=True)
class WeekShares:
    on: date
    fair: int = 0
    over: int = 0
    we: int = 0
    they: int = 0
    both: int = 0
    open: int = 0

    @property
    def total(self) -> int:
        return self.fair + self.over + self.we + self.they + self.both + self.open


@dataclass(frozen=True, slots=True)
class Block:
    """One rectangle. Either a class or a pattern fills it."""

    code: str
    css: str
    pattern: str
    x: str
    y: str
    width: str
    height: str


@dataclass(frozen=True, slots=True)
class ShareRow:
    """One line of the table beside the columns: its legend and its text."""

    code: str
    css: str
    pattern: str
    then: int
    now: int


@dataclass(frozen=True, slots=True)
class Shares:
    uid: str
    blocks: tuple[Block, ...]
    rows: tuple[ShareRow, ...]
    starts_on: date | None
    then_on: date | None
    weeks: int
    fair_then: int
    fair_now: int


@dataclass(frozen=True, slots=True)
class Part:
    code: str
    count: int
    css: str
    pattern: str
    x: str
    width: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A coverage bar has only `filled`; a breakdown has parts in the order of the columns."""

    uid: str = ""
    filled: str = ""
    parts: tuple[Part, ...] = ()


def _fill(code: str, uid: str) -> tuple[str, str]:
    return CLASSES.get(code, ""), f"{uid}-{PATTERNS[code]}" if code in PATTERNS else ""


def _column(week: WeekShares, x: float, width: float, uid: str) -> list[Block]:
    blocks, bottom = [], 100.0
    for code in STACK:
        height = 100 * getattr(week, code) / week.total
        if height:
            bottom -= height
            blocks.append(Block(code, *_fill(code, uid), pct(x), pct(max(bottom, 0.0)), pct(width), pct(height)))
    return blocks


def _percent(week: WeekShares | None) -> int:
    return round(100 * week.fair / week.total) if week and week.total else 0


def shares(weeks: Sequence[WeekShares], uid: str = "s") -> Shares:
    """One column per week, oldest first. A week before the first relationship has no column, and is not a week without fairness."""
    width = 100 / len(weeks) if weeks else 100.0
    blocks = [block for i, week in enumerate(weeks) if week.total for block in _column(week, i * width, width, uid)]
    known = [week for week in weeks if week.total]
    then, now = (known[0], known[-1]) if known else (None, None)
    rows = tuple(ShareRow(code, *_fill(code, uid), getattr(then, code) if then else 0, getattr(now, code) if now else 0) for code in reversed(STACK))
    return Shares(uid, tuple(blocks), rows, weeks[0].on if weeks else None, then.on if then else None, len(weeks), _percent(then), _percent(now))


def coverage(part: int, whole: int) -> Bar:
    """Nothing to cover is an empty bar, not a full one."""
    return Bar(filled=pct(100 * part / whole) if whole else "0%")


def breakdown(counts: Counts, uid: str = "s") -> Bar:
    numbers = [(code, getattr(counts, code)) for code in STACK]
    total = sum(count for _, count in numbers)
    parts, x = [], 0.0
    for code, count in numbers:
        if count:
            width = 100 * count / total
            parts.append(Part(code, count, *_fill(code, uid), pct(x), pct(width)))
            x += width
    return Bar(uid=uid, parts=tuple(parts))
