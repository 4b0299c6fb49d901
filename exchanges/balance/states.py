"""
What is known about each series at its last tick: 19 numbers a series, one array per number.

Means and covariance of usual balance (mu), current deviation (dev) and ledger bias (b); leaky sums of giving; sums and squares of
sizes; days. A day that has not come is NaN. The state of a series without evidence is the prior.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from struct import Struct

import numpy as np
from numpy.typing import NDArray

from .arithmetic import Floats
from .parameters import DEFAULTS, Parameters

NAMES = (
    "usual", "deviation", "bias",
    "p_usual", "p_usual_deviation", "p_usual_bias", "p_deviation", "p_deviation_bias", "p_bias",
    "giving_short", "giving_middle", "giving_long", "giving_usual",
    "sizes", "squares",
    "answer_day", "surprised", "last_day", "first_day",
)  # fmt: skip
WIDTH = len(NAMES)
BYTES = 8 * WIDTH
USUAL, DEVIATION, BIAS = 0, 1, 2
P_USUAL, P_USUAL_DEVIATION, P_USUAL_BIAS, P_DEVIATION, P_DEVIATION_BIAS, P_BIAS = range(3, 9)
GIVING_SHORT, GIVING_MIDDLE, GIVING_LONG, GIVING_USUAL = range(9, 13)
SIZES, SQUARES = 13, 14
ANSWER_DAY, SURPRISED, LAST_DAY, FIRST_DAY = range(15, 19)
MOVING = LAST_DAY
"""The numbers before this one are carried from tick to tick; the last two follow from the days of the ticks."""
_NUMBERS = Struct(f"<{WIDTH}d")


@dataclass(frozen=True, slots=True, eq=False)
class States:
    """`columns[i]` holds number i (see NAMES) of every series."""

    columns: Floats

    @classmethod
    def prior(cls, count: int, parameters: Parameters = DEFAULTS) -> "States":
        columns = np.zeros((WIDTH, count))
        columns[P_USUAL] = parameters.variance_usual
        columns[P_DEVIATION] = parameters.variance_deviation
        columns[P_BIAS] = parameters.variance_bias
        columns[[ANSWER_DAY, LAST_DAY, FIRST_DAY]] = np.nan
        return cls(columns)

    @classmethod
    def from_rows(cls, rows: NDArray[np.float64]) -> "States":
        """From a (series, 19) array, as a COPY of nineteen float columns gives it."""
        return cls(np.ascontiguousarray(rows.T))

    @classmethod
    def unpack(cls, packed: bytes | bytearray | memoryview | Iterable[bytes | memoryview]) -> "States":
        """From blobs of 152 bytes a series, one after the other or one by one."""
        whole = packed if isinstance(packed, bytes | bytearray | memoryview) else b"".join(packed)
        return cls(np.frombuffer(whole, "<f8").reshape(-1, WIDTH).T.astype(np.float64, order="C"))

    def pack(self) -> list[bytes]:
        """One blob of 152 bytes a series: 19 little-endian doubles, in the order of NAMES."""
        whole = self.columns.T.astype("<f8", order="C").tobytes()
        return [whole[start : start + BYTES] for start in range(0, len(whole), BYTES)]

    def rows(self) -> Floats:
        return np.ascontiguousarray(self.columns.T)

    def __len__(self) -> int:
        return self.columns.shape[1]

    def take(self, chosen: NDArray[np.intp] | NDArray[np.bool_] | slice) -> "States":
        return States(self.columns[:, chosen])

    @staticmethod
    def join(parts: Iterable["States"]) -> "States":
        return States(np.concatenate([part.columns for part in parts], axis=1))

    def of_one(self, place: int = 0) -> tuple[float, ...]:
        """The nineteen numbers of one series as Python floats, for the fast path of one relationship."""
        return tuple(self.columns[:, place].tolist())

    @staticmethod
    def unpack_one(packed: bytes | memoryview) -> tuple[float, ...]:
        """As `of_one` of a blob of one series."""
        return _NUMBERS.unpack(packed)

    @staticmethod
    def pack_one(state: tuple[float, ...]) -> bytes:
        """Back into the blob of one series."""
        return _NUMBERS.pack(*state)

    @property
    def felt(self) -> Floats:
        """r = mu + dev at the last tick."""
        result: Floats = self.columns[USUAL] + self.columns[DEVIATION]
        return result

    @property
    def variance(self) -> Floats:
        """Var r at the last tick."""
        result: Floats = self.columns[P_USUAL] + 2 * self.columns[P_USUAL_DEVIATION] + self.columns[P_DEVIATION]
        return result

    @property
    def last_day(self) -> Floats:
        return self.columns[LAST_DAY]


def sides(states: States) -> tuple[States, States]:
    """Own and counterpart sides of states numbered `2 * relationship + side`."""
    return States(states.columns[:, 0::2]), States(states.columns[:, 1::2])
