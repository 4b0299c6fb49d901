"""The level: one side's fairness on one line, a spirit level."""

from dataclasses import dataclass

from exchanges.charts.readings import SideReading
from exchanges.charts.scale import FAIR_BAND, along, pct


@dataclass(frozen=True, slots=True)
class Level:
    """A track with the two edges of fair; bubble and dot only where there is an estimate."""

    classes: str
    edge_low: str
    edge_high: str
    is_square: bool = False
    bubble_x: str = ""
    bubble_width: str = ""
    dot_x: str = ""


def level(reading: SideReading) -> Level:
    edge_low, edge_high = pct(along(-reading.band)), pct(along(reading.band))
    estimate = reading.estimate
    if estimate is None:
        return Level("", edge_low, edge_high, reading.is_own)
    f, lo, hi = estimate
    left = along(lo)
    return Level(reading.classes, edge_low, edge_high, reading.is_own, pct(left), pct(along(hi) - left), pct(along(f)))


def stop_level(value: int) -> Level:
    """The small level beside one of the seven answers: wider marks, no bubble."""
    return Level("", "42%", "58%", dot_x=pct(50 + value * 14), is_square=False)


def bare_level(band: float = FAIR_BAND) -> Level:
    """A level without a bubble: the drawing of every empty state."""
    return Level("", pct(along(-band)), pct(along(band)))
