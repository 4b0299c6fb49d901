"""
Withdrawal: does a side give less than two thirds of what is usual for it?

Four leaky sums of the weights a side gave (cost borne by harm included, as it is booked) are compared, a recent window against
the older rest. Too little giving has no number.
"""

import math

from .arithmetic import Arithmetic, Real
from .parameters import Parameters

NAN = float("nan")


def position_of_withdrawal(a: Arithmetic, x: tuple[Real, ...], age: Real, p: Parameters) -> Real:
    """
    P(gives less than `withdrawn_below` of its usual) as a position on the standard normal, from a state that has come to the day
    and the days since its first tick.

    By the shortest window that expects `events_expected_min` typical events and is `memories_of_age_min` times covered by the
    side's age; NaN when no window qualifies, that is "too little giving to tell".
    """
    # With four times its memory the older stretch is no shorter than the recent one, so it holds as many events as are expected
    # in that, or no window qualifies: most relationships are done here.
    is_long = p.memory_usual_giving >= 4 * max(p.memories_giving)
    if not a.any(x[12] >= (p.events_expected_min if is_long else 0)):
        return age * NAN
    slow, usual = p.memory_usual_giving, x[12]
    found: Real = False
    fast, recent = p.memories_giving[0], x[9]
    days_all = -slow * a.expm1(-age / slow)
    for memory, window in reversed(list(zip(p.memories_giving, x[9:12], strict=True))):
        days_recent = -memory * a.expm1(-age / memory)
        expected_enough = (usual - window) * days_recent >= p.events_expected_min * (days_all - days_recent)
        fits = (age >= p.memories_of_age_min * memory) & expected_enough
        found, fast, recent = found | fits, a.where(fits, memory, fast), a.where(fits, window, recent)
    if not a.any(found):
        return age * NAN
    # Where no window fits, any age will do to keep the arithmetic quiet: the result is thrown away.
    position = _position(a, a.where(found, age, slow), fast, recent, a.where(found, a.maximum(usual - recent, 0.0), 1.0), p)
    return a.where(found, position, NAN)


def _position(a: Arithmetic, age: Real, fast: Real, recent: Real, older: Real, p: Parameters) -> Real:
    """By one window. The quarter event keeps an empty one finite."""
    slow = p.memory_usual_giving
    days_recent = -fast * a.expm1(-age / fast)
    days_older = -slow * a.expm1(-age / slow) - days_recent
    ratio = a.log((recent + 0.25) * days_older / ((older + 0.25) * days_recent))
    both = 1 / fast + 1 / slow
    k_fast = -fast / 2 * a.expm1(-2 * age / fast)
    k_slow = -slow / 2 * a.expm1(-2 * age / slow)
    k_both = -a.expm1(-both * age) / both
    spread = k_fast / days_recent**2 + (k_slow - 2 * k_both + k_fast) / days_older**2 - 2 * (k_both - k_fast) / (days_recent * days_older)
    return (math.log(p.withdrawn_below) - ratio) / a.sqrt(spread * days_older / older)
