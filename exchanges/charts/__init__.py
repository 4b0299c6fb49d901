"""Charts: numbers in, geometry out. Plain Python, no Django, no words: labels belong to `wording`, markup to templates/components."""

from exchanges.charts.beam import Beam, beam
from exchanges.charts.level import Level, bare_level, level, stop_level
from exchanges.charts.map import BalanceMap, MapMark, balance_map
from exchanges.charts.readings import SideReading
from exchanges.charts.shares import Bar, Shares, WeekShares, breakdown, coverage, shares
from exchanges.charts.timeline import Timeline, TimelineCheck, TimelineEvent, TimelinePoint, TimelineSide, timeline

__all__ = [
    "BalanceMap",
    "Bar",
    "Beam",
    "Level",
    "MapMark",
    "Shares",
    "SideReading",
    "Timeline",
    "TimelineCheck",
    "TimelineEvent",
    "TimelinePoint",
    "TimelineSide",
    "WeekShares",
    "balance_map",
    "bare_level",
    "beam",
    "breakdown",
    "coverage",
    "level",
    "shares",
    "stop_level",
    "timeline",
]
