"""
What the balance is computed from: dated pieces of evidence about one side of one relationship, as columns.

A series is one side of one relationship: `2 * relationship + side`, side 0 own, 1 counterpart. A day is the number of days since
1970-01-01 (`date.toordinal() - 719163`). Values are integers, so that sums of them do not depend on where they were computed:
checks, got and gave in millionths of a point, a confirm in billionths of a nat, a shock 0. (A replay of a file, whose numbers were
never stored, may hold fractions of these: then the column is float64.)
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

EPOCH = 719163
"""`date.toordinal()` of 1970-01-01."""
NO_VALUE = -(2**63)
"""On got and gave: one typical event, no size known."""
MICRO = 1_000_000
NANO = 1_000_000_000
DAY_LIMIT = 2**20
FEW = 16
"""So few rows are quicker sorted as Python numbers than asked of NumPy whether they are sorted."""


class Kind(IntEnum):
    """In the order in which a day's evidence is applied."""

    SHOCK = 0
    GOT = 1
    GAVE = 2
    CONFIRM = 3
    CHECK = 4


class Role(IntEnum):
    OWN = 0
    COUNTERPART = 1


class UnsoundEvidence(ValueError):
    """Evidence that no door should have let in. `row` is its place in the columns."""

    def __init__(self, row: int, reason: str) -> None:
        super().__init__(f"Evidence {row}: {reason}")
        self.row = row
        self.reason = reason


@dataclass(frozen=True, slots=True, eq=False)
class EvidenceColumns:
    series: NDArray[np.int64]
    day: NDArray[np.int32]
    kind: NDArray[np.int8]
    value: NDArray[np.int64] | NDArray[np.float64]
    relayed: NDArray[np.bool_]

    @classmethod
    def of(cls, series: object, day: object, kind: object, value: object, relayed: object) -> "EvidenceColumns":
        """From anything NumPy reads as columns; arrays that fit already are not copied."""
        values = np.asarray(value) if np.size(value) else np.zeros(0, np.int64)  # type: ignore[arg-type]
        return cls(
            np.asarray(series, np.int64),
            np.asarray(day, np.int32),
            np.asarray(kind, np.int8),
            values if values.dtype == np.float64 else values.astype(np.int64, copy=False),
            np.asarray(relayed, np.bool_),
        )

    @classmethod
    def from_rows(cls, rows: Iterable[tuple[int, int, int, int, bool]]) -> "EvidenceColumns":
        """From (series, day, kind, value, relayed) tuples."""
        columns = list(zip(*rows, strict=True))
        return cls.of(*columns) if columns else cls.of([], [], [], [], [])

    def __len__(self) -> int:
        return len(self.series)

    def take(self, chosen: NDArray[np.bool_] | NDArray[np.intp] | slice) -> "EvidenceColumns":
        return EvidenceColumns(self.series[chosen], self.day[chosen], self.kind[chosen], self.value[chosen], self.relayed[chosen])

    def until(self, day: int) -> "EvidenceColumns":
        return self.take(self.day <= day)

    def keys(self) -> NDArray[np.int64]:
        """Series, day, kind and relayed in one integer that sorts like the four of them."""
        return (self.series << 24) | (self.day.astype(np.int64) << 4) | (self.kind.astype(np.int64) << 1) | self.relayed

    def sorted(self) -> "EvidenceColumns":
        """In canonical order: series, day, kind, relayed, value. Never by position or id, so the order of input does not matter."""
        if len(self) < 2:
            return self
        if len(self) <= FEW:
            rows = list(zip(*(column.tolist() for column in (self.series, self.day, self.kind, self.relayed, self.value)), strict=True))
            order = sorted(range(len(rows)), key=rows.__getitem__)
            return self if order == list(range(len(rows))) else self.take(np.array(order))
        keys = self.keys()
        step = np.diff(keys)
        if step.min() >= 0 and not np.any((step == 0) & (self.value[1:] < self.value[:-1])):
            return self
        return self.take(np.lexsort((self.value, keys)))


def ensure_sound(evidence: EvidenceColumns) -> None:
    """Raises UnsoundEvidence for the first row that breaks a rule of the model: doors call it, the fold trusts its input."""
    kind, value = evidence.kind, evidence.value
    rules = (
        (evidence.series < 0, "the series is below 0"),
        ((evidence.day < 0) | (evidence.day >= DAY_LIMIT), "the day is before 1970 or after the year 4800"),
        ((kind < Kind.SHOCK) | (kind > Kind.CHECK), "the kind is unknown"),
        ((kind == Kind.CHECK) & ((value > 3 * MICRO) | (value < -3 * MICRO)), "a check lies between -3 and 3"),
        ((kind == Kind.CONFIRM) & (value == NO_VALUE), "a confirm has no value"),
        ((kind == Kind.GAVE) & (value < 0) & (value != NO_VALUE), "what was given cannot be below 0"),
        (evidence.relayed & ((kind == Kind.CONFIRM) | (kind == Kind.SHOCK)), "only checks, got and gave can be relayed"),
    )
    for broken, reason in rules:
        if broken.any():
            raise UnsoundEvidence(int(broken.argmax()), reason)
