"""
Which relationship first: how much is at stake, how far beyond what nobody minds it is felt to be, and for how long.
"""

import math

from .arithmetic import MANY, ONE, Arithmetic, Real
from .parameters import DEFAULTS, Parameters
from .verdict import Outlook, SideOutlook

DAYS_AT_FIRST = 7
"""One bad deal alarms nobody: the count of days outside starts here and reaches full weight at 90, twice that at 180."""
DAYS_FULL = 90
WEIGHT_MAX = 2.0


def points_beyond(side: SideOutlook, band_points: Real, a: Arithmetic, p: Parameters = DEFAULTS) -> Real:
    """E[points beyond the band] of one side, either direction, over its own doubt: certainty is inside. 0 and up."""
    edge = band_points * p.kappa
    low, high = (-edge - side.felt) / side.sd, (side.felt - edge) / side.sd
    total = sum(position * chance + density(a, position) for position, chance in zip((low, high), a.normals(low, high), strict=True))
    return side.sd * total / p.kappa


def density(a: Arithmetic, x: Real) -> Real:
    return a.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def severity(outlook: Outlook, days_outside: Real, stake: Real = 1.0, band_points: Real | None = None, p: Parameters = DEFAULTS) -> Real:
    """
    stake x E[points beyond the band, both sides] x min(days outside / 90, 2), for one relationship or for many.

    `days_outside` counts from the first stored day on which the verdict was outside, 0 on that day. Symmetric in sides and directions.
    """
    a = MANY if hasattr(outlook.tilt, "shape") and outlook.tilt.shape else ONE
    band = p.band_points if band_points is None else band_points
    beyond = points_beyond(outlook.own, band, a, p) + points_beyond(outlook.counterpart, band, a, p)
    return stake * beyond * a.minimum((DAYS_AT_FIRST + days_outside) / DAYS_FULL, WEIGHT_MAX)
