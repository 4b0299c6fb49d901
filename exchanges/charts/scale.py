"""The one scale of every chart: points from -3 to +3, and where they lie on a line.

Positions leave as strings in percent ("42.3%"): no number is measured by a script, none is written with a decimal comma,
and text and dots keep their size at every width.
"""

LOWEST, HIGHEST = -3.0, 3.0
FAIR_BAND = 0.75
MARGIN, SPAN = 4.0, 92.0
RANGE_Z = 1.2816  # 8 times in 10


def clamp(f: float) -> float:
    """The value drawn for f. The table beside the chart keeps the real one."""
    return min(max(f, LOWEST), HIGHEST)


def short(number: float) -> str:
    """Two decimals, without trailing zeros and without a negative zero."""
    text = f"{number:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def pct(number: float) -> str:
    return f"{short(number)}%"


def along(f: float) -> float:
    """Percent from the left on a level, from the left on the map."""
    return MARGIN + (clamp(f) - LOWEST) / (HIGHEST - LOWEST) * SPAN


def up(f: float) -> float:
    """Percent from the top on a beam and on the map: more is higher."""
    return 100 - along(f)


def tone(f: float, band: float = FAIR_BAND) -> str:
    """The class that colours a side: gets less, about fair, gets more."""
    if f < -band:
        return "is-under"
    if f > band:
        return "is-over"
    return "is-fair"
