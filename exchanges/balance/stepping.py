"""
One day of one side, or of many abreast: the formulas of the felt balance (docs/domain.md), each written once.

They take Python floats or NumPy arrays. `step` applies a day's evidence to a state that has come to that day.
"""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .arithmetic import MANY, ONE, Arithmetic, Floats, Real
from .evidence import Kind
from .parameters import DEFAULTS, Parameters
from .pooling import Flows, Indices, Levels, Sized, expanded
from .states import ANSWER_DAY, MOVING, SURPRISED

DECAYS_TABLED = 2**16
TINY = 1e-300

State = tuple[Real, ...]
"""The nineteen numbers of `states.NAMES`, or the first seventeen, which move from tick to tick."""


class Decay(NamedTuple):
    """What a stretch of days leaves (`slow`, `deviation`, the leaky sums) and what it refills of the variance."""

    slow: Real
    deviation: Real
    filled_slow: Real
    filled_deviation: Real
    giving_short: Real
    giving_middle: Real
    giving_long: Real
    giving_usual: Real


def decay_over(a: Arithmetic, days: Real, p: Parameters) -> Decay:
    """f = exp(-days/T) for each part, and 1 - f^2."""
    short, middle, long = p.memories_giving
    return Decay(
        a.exp(-days / p.days_slow),
        a.exp(-days / p.days_deviation),
        -a.expm1(-2 * days / p.days_slow),
        -a.expm1(-2 * days / p.days_deviation),
        a.exp(-days / short),
        a.exp(-days / middle),
        a.exp(-days / long),
        a.exp(-days / p.memory_usual_giving),
    )


class Decays:
    """Decay by whole days: looking up eight numbers is quicker than computing eight exponentials."""

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = parameters
        self.table = self._table(512)
        self.ones: dict[int, Decay] = {}

    def _table(self, size: int) -> Floats:
        return np.stack(decay_over(MANY, np.arange(size, dtype=float), self.parameters))

    def many(self, days: NDArray[np.intp]) -> Decay:
        table = self.reaching(days)
        return decay_over(MANY, days.astype(float), self.parameters) if table is None else Decay(*(row.take(days) for row in table))

    def level_many(self, days: NDArray[np.intp]) -> tuple[Floats, Floats]:
        """The first two alone."""
        table = self.reaching(days)
        return self.many(days)[:2] if table is None else (table[0].take(days), table[1].take(days))

    def reaching(self, days: NDArray[np.intp]) -> Floats | None:
        """The table, long enough for these days; None when that would be longer than a century and a half."""
        reach = int(days.max(initial=0))
        if reach >= DECAYS_TABLED:
            return None
        if reach >= self.table.shape[1]:
            self.table = self._table(min(2 * reach, DECAYS_TABLED))
        return self.table

    def one(self, days: int) -> Decay:
        known = self.ones.get(days)
        if known is None:
            known = self.ones[days] = decay_over(ONE, float(days), self.parameters)
        return known


@lru_cache(maxsize=16)
def _decays_of(parameters: Parameters) -> Decays:
    return Decays(parameters)


_DECAYS = _decays_of(DEFAULTS)


def decays_of(parameters: Parameters) -> Decays:
    """Kept for each set of parameters. Those in use are known without hashing thirty numbers."""
    return _DECAYS if parameters is DEFAULTS else _decays_of(parameters)


def age(x: State, d: Decay, p: Parameters) -> State:
    """Silence: each part goes back to 0, its variance up to the prior's, each at its own pace; giving fades."""
    usual, deviation, bias, uu, ud, ub, dd, db, bb, short, middle, long, usually, *rest = x
    slow, fast = d.slow, d.deviation
    cross, slowly = slow * fast, slow * slow
    return (
        slow * usual,
        fast * deviation,
        slow * bias,
        slowly * uu + p.variance_usual * d.filled_slow,
        cross * ud,
        slowly * ub,
        fast * fast * dd + p.variance_deviation * d.filled_deviation,
        cross * db,
        slowly * bb + p.variance_bias * d.filled_slow,
        d.giving_short * short,
        d.giving_middle * middle,
        d.giving_long * long,
        d.giving_usual * usually,
        *rest,
    )


def shock_factor(p: Parameters) -> float:
    return math.exp(-p.shock_days / p.days_deviation)


def shake(a: Arithmetic, x: State, shock: Real, p: Parameters) -> State:
    """A shock: the current deviation alone ages by `shock_days`, before the day's evidence."""
    usual, deviation, bias, uu, ud, ub, dd, db, bb, *rest = x
    left = a.where(shock, shock_factor(p), 1.0)
    return (usual, left * deviation, bias, uu, left * ud, ub, left * left * dd + p.variance_deviation * (1 - left * left), left * db, bb, *rest)


class Weights(NamedTuple):
    """W1 and W of a tick, and the sums of sizes after it."""

    got: Real
    all: Real
    sizes: Real
    squares: Real


def typical(a: Arithmetic, sizes: Real, squares: Real) -> Real:
    """The side's own typical size: contraharmonic mean of its sizes; 0 while there are none."""
    return squares / a.maximum(sizes, TINY)


def weigh(a: Arithmetic, sizes: Real, squares: Real, t: Flows, is_single: bool, p: Parameters) -> tuple[Weights, Real]:
    """
    Events in typical events: size over typical size, at most `size_cap`. Also returns whether the caps touch a tick of several
    events, whose weights `weigh_capped` must then settle; never when all ticks are single.
    """
    cap = p.size_cap
    before = typical(a, sizes, squares)
    ceiling = cap * a.where(before > 0, before, t.mean)
    if is_single:
        winsorised = a.minimum(t.sizes, ceiling)
        sizes, squares = sizes + winsorised, squares + winsorised * winsorised
    else:
        is_high = t.largest > ceiling
        sizes, squares = sizes + a.where(is_high, ceiling, t.sizes), squares + a.where(is_high, ceiling * ceiling, t.squares)
    unit = a.maximum(typical(a, sizes, squares), TINY)
    scale = cap / a.maximum(t.largest, cap * unit)
    weights = Weights(t.got * scale + t.got_plain, t.all * scale + t.all_plain, sizes, squares)
    return weights, False if is_single else t.many & (is_high | (t.largest > cap * unit))


def weigh_capped(sizes: Floats, squares: Floats, mean: Floats, sized: Sized, ticks: Indices, p: Parameters) -> tuple[Floats, ...]:
    """The same from the single sizes, for the few ticks where it matters: (got, all) without the plain events, sizes, squares."""
    start, count = sized.start[ticks], sized.end[ticks] - sized.start[ticks]
    offset = np.concatenate(([0], np.cumsum(count)[:-1]))
    events = expanded(start, count)
    size, share, is_got = sized.size[events], sized.share[events], sized.is_got[events]
    cap = p.size_cap
    before = typical(MANY, sizes, squares)
    winsorised = np.minimum(size, np.repeat(cap * np.where(before > 0, before, mean), count))
    sizes = sizes + np.add.reduceat(winsorised, offset)
    squares = squares + np.add.reduceat(winsorised * winsorised, offset)
    unit = np.repeat(np.maximum(typical(MANY, sizes, squares), TINY), count)
    weight = share * np.minimum(size / unit, cap)
    return np.add.reduceat(np.where(is_got, weight, 0.0), offset), np.add.reduceat(weight, offset), sizes, squares


class Observation(NamedTuple):
    """One update as it was used, for smoothing and explanation: x += gain * score, P -= gain gain' * information."""

    gain: tuple[Real, Real, Real]
    score: Real
    information: Real
    damping: Real
    chance: Real
    """Of events, q at the last iteration; of answers, not used."""
    at: Real
    """Of events, eta at the last iteration; of answers, the value observed."""


def flow(a: Arithmetic, x: State, got: Real, all_: Real) -> tuple[State, Observation]:
    """
    Events: a binomial look at r + b with W1 of W typical events got, as one Laplace step of exactly three Newton iterations.

    In information form, so that no event (W = 0) changes nothing, to the bit.
    """
    usual, deviation, bias, uu, ud, ub, dd, db, bb, *rest = x
    k0, k1, k2 = uu + ud + ub, ud + dd + db, ub + db + bb
    spread = k0 + k1 + k2
    away = -(usual + deviation + bias)
    spread_got, spread_all = spread * got, spread * all_
    move: Real = 0.0
    for _ in range(4):  # the fourth is the update itself: the mean it leads to is one more step with the last q
        q = 1.0 / (1.0 + a.exp(away - move))
        expected = spread_all * q
        j = expected * (1.0 - q)
        at = move
        move = (spread_got - expected + j * at) / (1.0 + j)
    damping = 1.0 / (1.0 + j)
    score, information = move / spread, j * damping / spread
    l0, l1, l2 = k0 * information, k1 * information, k2 * information
    state = (
        usual + k0 * score,
        deviation + k1 * score,
        bias + k2 * score,
        uu - k0 * l0,
        ud - k0 * l1,
        ub - k0 * l2,
        dd - k1 * l1,
        db - k1 * l2,
        bb - k2 * l2,
        *rest,
    )
    return state, Observation((k0, k1, k2), score, information, damping, q, at - away)


def level(a: Arithmetic, x: State, value: Real, precision: Real, p: Parameters) -> tuple[State, Real, Observation]:
    """
    Answers: an observation of r with variance 1/precision, its influence bounded (Huber) beyond two predictive SDs.

    Also returns the surprise in SDs. Precision 0 changes nothing, to the bit.
    """
    usual, deviation, bias, uu, ud, ub, dd, db, bb, *rest = x
    k0, k1, k2 = uu + ud, ud + dd, ub + db
    variance = k0 + k1
    miss = value - (usual + deviation)
    surprise = abs(miss) * a.sqrt(precision / (1.0 + precision * variance))
    used = precision / a.maximum(1.0, surprise / p.surprise_sd)
    damping = 1.0 / (1.0 + used * variance)
    information = used * damping
    score = information * miss
    l0, l1, l2 = k0 * information, k1 * information, k2 * information
    state = (
        usual + k0 * score,
        deviation + k1 * score,
        bias + k2 * score,
        uu - k0 * l0,
        ud - k0 * l1,
        ub - k0 * l2,
        dd - k1 * l1,
        db - k1 * l2,
        bb - k2 * l2,
        *rest,
    )
    return state, surprise, Observation((k0, k1, k2), score, information, damping, 0.0, value)


class Tick(NamedTuple):
    """One tick of one series, or one rank of many; a part that nobody has is None."""

    day: Real
    shock: Real | None
    flows: Flows | None
    answers: Levels | None
    second_answers: Levels | None


def _weighed(a: Arithmetic, x: State, tick: Tick, sized: Sized | None, place: int, p: Parameters) -> Weights:
    """The tick's weights, with the caps settled from single sizes where they touch a tick of several events."""
    flows = tick.flows
    assert flows is not None
    weights, touched = weigh(a, x[13], x[14], flows, sized is None, p)
    if sized is None or not a.any(touched):
        return weights
    rows = np.flatnonzero(touched)
    sizes, squares, mean = (np.atleast_1d(column)[rows] for column in (x[13], x[14], flows.mean))
    after = [np.atleast_1d(column) for column in weights]
    plain = [np.atleast_1d(column)[rows] for column in (flows.got_plain, flows.all_plain)]
    got, all_, sizes, squares = weigh_capped(sizes, squares, mean, sized, rows + place, p)
    for column, settled in zip(after, (got + plain[0], all_ + plain[1], sizes, squares), strict=True):
        column[rows] = settled
    return Weights(*after) if a is MANY else Weights(*(column.item() for column in after))


class Move(NamedTuple):
    """Time or a shock, as it acted on the means: f of the slow parts and of the deviation. Then the state it led to."""

    day: int
    slow: float
    deviation: float
    state: State


class Look(NamedTuple):
    """A day's events, confirms or answers, as they acted. Then the state they led to."""

    day: int
    kind: Kind
    """GAVE stands for all events of the day."""
    observation: Observation
    state: State


Journal = list[Move | Look]


def step(a: Arithmetic, x: State, tick: Tick, sized: Sized | None, place: int, p: Parameters, journal: Journal | None = None) -> State:
    """
    A day's evidence on a state that has come to that day: shock, events, confirms, answers. `place` is where the tick stands in `sized`.

    A journal, kept for one series only, notes each act.
    """
    if tick.shock is not None:
        x = shake(a, x, tick.shock, p)
        if journal is not None:
            journal.append(Move(int(tick.day), 1.0, shock_factor(p), x))
    if tick.flows is not None:
        w = _weighed(a, x, tick, sized, place, p)
        given = w.all - w.got
        x, seen = flow(a, x, w.got, w.all)
        x = (*x[:9], x[9] + given, x[10] + given, x[11] + given, x[12] + given, w.sizes, w.squares, *x[15:])
        if journal is not None:
            journal.append(Look(int(tick.day), Kind.GAVE, seen, x))
    for answers in (tick.answers, tick.second_answers):
        if answers is not None:
            x, surprise, seen = level(a, x, answers.value, answers.precision, p)
            x = answered(a, x, tick.day, answers.precision > 0, answers.is_check & (surprise > p.surprise_sd))
            if journal is not None:
                journal.append(Look(int(tick.day), Kind.CHECK if answers.is_check else Kind.CONFIRM, seen, x))
    return x


def answered(a: Arithmetic, x: State, day: Real, is_answer: Real, surprised: Real) -> State:
    """The day of the last answer, and whether it was a surprise: only a check can surprise, any answer clears."""
    return (*x[:ANSWER_DAY], a.where(is_answer, day, x[ANSWER_DAY]), a.where(is_answer, surprised * 1.0, x[SURPRISED]), *x[MOVING:])
