"""Readings for the tests of charts and words."""

from datetime import date
from typing import Any

from exchanges.charts import SideReading

TODAY = date(2026, 6, 11)


def reading(f: float | None = 0.0, half: float = 0.4, *, own: bool = False, heard: bool = True, **more: Any) -> SideReading:
    """Their side, or ours; f=None: nobody of it ever answered."""
    lo, hi = (None, None) if f is None else (f - half, f + half)
    named = {"name": "Oakhollow Works", "short": "Oakhollow"} if own else {"name": "Tidewell Freight", "short": "Tidewell"}
    return SideReading(**{**named, "is_own": own, "f": f, "lo": lo, "hi": hi, "heard": heard and f is not None, **more})
