"""
When to ask a side again: when one answer is worth asking for, not by the calendar alone.

A side's due day depends on that side alone, so nobody is chased for the other's silence.
"""

import math
from enum import IntEnum
from typing import NamedTuple

from .arithmetic import MANY, Arithmetic, Real
from .parameters import DEFAULTS, Parameters
from .states import ANSWER_DAY, LAST_DAY, SURPRISED
from .stepping import Decays, State, decays_of

LN_4 = math.log(4)


class Reason(IntEnum):
    """Why a side is asked on its due day."""

    NEVER_ASKED = 0
    WIDENED = 1
    UNCLEAR = 2
    SURPRISED = 3


class Due(NamedTuple):
    """The due day and why. It may lie in the past: due since then."""

    day: Real
    reason: Real


def variance_after(a: Arithmetic, x: State, days: Real, p: Parameters, decays: Decays | None = None) -> Real:
    """Var r after so many whole days of silence: never falls, tends to the prior's."""
    decays = decays or decays_of(p)
    slow, fast = decays.level_many(days) if a is MANY else decays.one(days)[:2]
    return p.variance_felt - slow * slow * (p.variance_usual - x[3]) + 2 * slow * fast * x[4] - fast * fast * (p.variance_deviation - x[6])


def days_until_wide(a: Arithmetic, x: State, reach: Real, p: Parameters) -> Real:
    """
    The first whole day after the last tick on which Var r has come to `variance_to_ask`, `reach` when it takes longer.

    By bisection over whole days, since Var r only grows in silence.
    """
    low, high = reach * 0, reach
    decays = decays_of(p)
    for _ in range(int(a.largest(reach)).bit_length()):
        middle = (low + high) // 2
        wide = variance_after(a, x, middle, p, decays) >= p.variance_to_ask
        low, high = a.where(wide, low, a.minimum(middle + 1, high)), a.where(wide, middle, high)
    return high


def widens_on(a: Arithmetic, x: State, gap_max_days: Real, p: Parameters) -> Real:
    """The day on which one answer will be worth `ask_bits`, or the longest gap's end if that is sooner; it does not move in silence."""
    return x[LAST_DAY] + days_until_wide(a, x, a.maximum(gap_max_days, p.gap_min_days), p)


def due(a: Arithmetic, x: State, as_of: Real, is_clear: Real, widens: Real, gap_max_days: Real, p: Parameters) -> Due:
    """
    This will say when to ask one side next, from its state at its last tick and whether its own state is clear at `as_of`.

    When one answer is worth `ask_bits`, but `gap_min_days` after the last answer at the earliest and `gap_max_days` at the latest;
    unclear: after `gap_min_days`; after a surprise: after `gap_surprised_days`; never answered: now.
    """
    never = x[ANSWER_DAY] != x[ANSWER_DAY]
    answer = a.where(never, as_of, x[ANSWER_DAY])
    longest = a.maximum(gap_max_days, p.gap_min_days)
    day = a.minimum(a.maximum(a.where(never, as_of, widens), answer + p.gap_min_days), answer + longest)
    day = a.where(is_clear, day, answer + p.gap_min_days)
    reason = a.where(is_clear, Reason.WIDENED.value, Reason.UNCLEAR.value)
    surprised = x[SURPRISED] > 0
    day = a.where(surprised, answer + p.gap_surprised_days, day)
    reason = a.where(surprised, Reason.SURPRISED.value, reason)
    return Due(a.where(never, as_of, day), a.where(never, Reason.NEVER_ASKED.value, reason))


def asked_now(day: Real, reason: Real, answer_day: Real, as_of: int, gap_max_days: int, p: Parameters = DEFAULTS) -> int:
    """
    The due day read strictly at `as_of`: of a side whose doubt has grown enough since, "now" instead of the day it did.

    Stored cards keep the day on which it did, which does not move from day to day.
    """
    if reason != Reason.WIDENED:
        return int(day)
    return int(min(max(day, as_of), answer_day + max(gap_max_days, p.gap_min_days)))


def wait_after_silence(wait_days: int, unanswered: int, p: Parameters = DEFAULTS) -> int:
    """Days to wait before the next prompt when so many went unanswered in a row: doubled each time, up to `gap_max_days`."""
    return max(min(wait_days * 2**unanswered, p.gap_max_days), min(wait_days, p.gap_max_days))


def chance_of_answer(asked: Real, answered: Real) -> Real:
    """How likely somebody answers the next question: the mean of a beta distribution that starts at two answers of three."""
    return (answered + 2) / (asked + 3)


def bits_of_answer(a: Arithmetic, variance: Real, p: Parameters = DEFAULTS) -> Real:
    """What one answer would tell, in bits: half log2 of 1 + Var r / R."""
    return a.log(1 + variance / p.check_variance) / LN_4


def worth_of_asking(bits: Real, chance: Real, chance_other: Real, is_other_heard: Real, is_unclear: Real, p: Parameters = DEFAULTS) -> Real:
    """
    What a question to one side can be expected to tell, in bits: less for whoever seldom answers, and for a side whose other side
    says nothing, since a verdict needs both; more where it is not clear yet how this side feels. It ranks questions and never makes one due.
    """
    return bits * chance * (is_other_heard + (1 - is_other_heard) * chance_other) * (1 + p.unclear_share * is_unclear)
