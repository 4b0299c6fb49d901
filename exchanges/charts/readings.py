"""What a chart needs to know about one side of a relationship."""

from dataclasses import dataclass
from datetime import date
from typing import Self

from exchanges.charts.scale import FAIR_BAND, RANGE_Z, tone


@dataclass(frozen=True, slots=True)
class SideReading:
    """One side's estimate in points, with the range that holds the truth 8 times in 10.

    f, lo and hi are None when nobody of that side ever answered: unknown is not fair. `heard` is false while the last answer is
    too old to stand for now; the estimate is then drawn hollow. A private side has an answer that this reader may not see.
    """

    name: str
    short: str
    is_own: bool
    f: float | None
    lo: float | None
    hi: float | None
    heard: bool
    answered_on: date | None = None
    answered_by: str = ""
    is_person: bool = False
    is_private: bool = False
    band: float = FAIR_BAND

    @classmethod
    def around(
        cls,
        name: str,
        short: str,
        is_own: bool,
        f: float,
        sd: float,
        heard: bool,
        *,
        answered_on: date | None = None,
        answered_by: str = "",
        is_person: bool = False,
        is_private: bool = False,
        band: float = FAIR_BAND,
    ) -> Self:
        """A reading from a mean and a standard deviation, both in points."""
        half = RANGE_Z * sd
        return cls(name, short, is_own, f, f - half, f + half, heard, answered_on, answered_by, is_person, is_private, band)

    @property
    def estimate(self) -> tuple[float, float, float] | None:
        """(f, lo, hi), or None when there is nothing that may be drawn."""
        if self.is_private or self.f is None or self.lo is None or self.hi is None:
            return None
        return self.f, self.lo, self.hi

    @property
    def is_open(self) -> bool:
        return not self.heard

    @property
    def tone(self) -> str:
        estimate = self.estimate
        return tone(estimate[0], self.band) if estimate else ""

    @property
    def classes(self) -> str:
        """The state classes of this side's marks: tone, and hollow when unconfirmed."""
        return f"{self.tone} is-open" if self.is_open and self.tone else self.tone
