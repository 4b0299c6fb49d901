"""
Withdrawal: does a side give less than two thirds of what is usual for it?

Four leaky sums of the weights a side gave (cost borne by harm included, as it is booked) are compared, a recent window against
the older rest. Too little giving has no number.
"""

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
    position = age * NAN
    # With four times its memory the older stretch is no shorter than the recent one, so it holds as many events as are expected
    # in that, or no window qualifies: most relationships are done here.
    is_long = p.memory_usual_giving >= 4 * max(p.memories_giving)
    if not a.any(x[12] >= (p.events_expected_min if is_long else 0)):
        return position
    for memory, recent in reversed(list(zip(p.memories_giving, x[9:12], strict=True))):
        old_enough = age >= p.memories_of_age_min * memory
        if a.any(old_enough):
            enough, of_window = _window(a, a.where(old_enough, age, p.memories_of_age_min * memory), memory, recent, x[12], p)
            position = a.where(old_enough & enough, of_window, position)
    return position


def _window(a: Arithmetic, age: Real, memory: float, recent: Real, usual: Real, p: Parameters) -> tuple[Real, Real]:
    """Whether the window expects enough events, and the position by it. The quarter event keeps an empty window finite."""
    slow, fast = p.memory_usual_giving, memory
    days_recent = -fast * a.expm1(-age / fast)
    days_older = -slow * a.expm1(-age / slow) - days_recent
    older = a.maximum(usual - recent, 0.0)
    rate = older / days_older
    enough = rate * days_recent >= p.events_expected_min
    ratio = a.log((recent + 0.25) / days_recent) - a.log((older + 0.25) / days_older)
    both = 1 / fast + 1 / slow
    k_fast = -fast / 2 * a.expm1(-2 * age / fast)
    k_slow = -slow / 2 * a.expm1(-2 * age / slow)
    k_both = -a.expm1(-both * age) / both
    spread = k_fast / days_recent**2 + (k_slow - 2 * k_both + k_fast) / days_older**2 - 2 * (k_both - k_fast) / (days_recent * days_older)
    variance = spread / a.where(enough, rate, 1.0)
    return enough, (a.log(p.withdrawn_below) - ratio) / a.sqrt(variance)
