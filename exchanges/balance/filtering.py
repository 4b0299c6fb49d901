"""
The filter: from evidence to what is known of each side (docs/domain.md, "The felt balance").

Each formula stands here once, for Python floats and NumPy arrays alike. `fold` steps through the ticks: many series abreast, rank
by rank (every series' first tick, then every second one ...), and the last few long series one after the other.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .arithmetic import MANY, ONE, Arithmetic, Floats, Real
from .evidence import EvidenceColumns, Kind
from .parameters import DEFAULTS, Parameters
from .pooling import Flows, Indices, Levels, Pooled, Rows, Sized, expanded, pool, pool_ticks
from .states import ANSWER_DAY, FIRST_DAY, LAST_DAY, MOVING, SURPRISED, WIDTH, States

SERIES_ABREAST = 8192
TICKS_ABREAST = 2**17
ABREAST_MIN = 8
"""Below so many series, one after the other on floats is quicker than abreast on arrays."""
DECAYS_TABLED = 2**16
ROWS_IN_PASSING = 8
"""So few rows are a report or two just written: they are folded tick by tick, without planning who goes abreast."""
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
def decays_of(parameters: Parameters) -> Decays:
    return Decays(parameters)


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


@dataclass(frozen=True, slots=True, eq=False)
class Folded:
    """
    Where the evidence leads. `before` is the state before each series' last tick (its open day), `after` the state with it.

    Evidence of a later day folds on from `after`; more evidence of the open day folds that whole day again from `before`. A series
    without evidence in this fold has its initial state in both, and open day -1 in `open_day`.
    """

    before: States
    after: States
    open_day: NDArray[np.int64]


class OutOfOrder(ValueError):
    """Evidence of a day that the initial state already covers: refold from an earlier state."""


def fold(evidence: EvidenceColumns, count: int, parameters: Parameters = DEFAULTS, initial: States | None = None) -> Folded:
    """
    This will fold the evidence of `count` series (numbered from 0) onto their initial states, the prior when None.

    Any order of input gives the same bits. Costs about half a microsecond a tick, linear in ticks. Raises OutOfOrder.
    """
    if len(evidence) and not 0 <= evidence.series.min() <= evidence.series.max() < count:
        raise ValueError("Evidence of a series outside of those counted.")
    open_day = np.full(count, -1, np.int64)
    if len(evidence) <= ROWS_IN_PASSING:
        start = initial if initial is not None else States.prior(count, parameters)
        before, after = start.columns.copy(), start.columns.copy()
        _fold_few(evidence.sorted(), before, after, open_day, parameters)
        return Folded(States(before), States(after), open_day)
    calendar = _Calendar(evidence.sorted(), initial)
    open_day[calendar.series] = calendar.last_days
    before, after = _room(count, calendar.series, initial, parameters)
    for group in calendar.groups():
        _fold_group(calendar, group, initial, before, after, parameters)
    return Folded(States(before), States(after), open_day)


def _room(count: int, series: NDArray[np.int64], initial: States | None, p: Parameters) -> tuple[Floats, Floats]:
    """Where the states go. Of new series it is filled only where no evidence will: touching memory twice costs more than the filter."""
    if initial is not None:
        return initial.columns.copy(), initial.columns.copy()
    before, after = np.empty((WIDTH, count)), np.empty((WIDTH, count))
    if len(series) < count:
        silent = np.ones(count, bool)
        silent[series] = False
        before[:, silent] = after[:, silent] = States.prior(1, p).columns
    return before, after


def _initial_of(initial: States | None, series: NDArray[np.int64], p: Parameters) -> Floats:
    result: Floats = initial.columns[:, series] if initial is not None else np.repeat(States.prior(1, p).columns, len(series), axis=1)
    return result


def predict(states: States, day: int | NDArray[np.int64], parameters: Parameters = DEFAULTS) -> States:
    """
    This will age states to a day by silence alone, one day for all or one each; the prior stays the prior.

    The result is a state like any other, as if an empty tick had come on that day. Raises ValueError for a day before a state's last.
    """
    last = states.columns[LAST_DAY]
    days = np.where(np.isnan(last), 0, day - last)
    if np.any(days < 0):
        raise ValueError("A state cannot be read at a day before its last tick.")
    moved = age(tuple(states.columns[:MOVING]), decays_of(parameters).many(days.astype(np.intp)), parameters)
    dates = (np.where(np.isnan(last), last, day), states.columns[FIRST_DAY])
    return States(np.stack([*moved, *dates]))


def _fold_few(evidence: EvidenceColumns, before: Floats, after: Floats, open_day: NDArray[np.int64], p: Parameters) -> None:
    ticks = list(zip(evidence.series.tolist(), evidence.day.tolist(), strict=True))
    starts = [place for place, tick in enumerate(ticks) if place == 0 or tick != ticks[place - 1]]
    for start, end in zip(starts, [*starts, len(ticks)][1:], strict=True):
        series, day = ticks[start]
        x = after[:, series].tolist()
        last, first = x[LAST_DAY], x[FIRST_DAY]
        if last >= day:
            raise OutOfOrder("Evidence of a day that the state already covers.")
        pooled = pool(Rows.of(evidence.take(slice(start, end))), np.zeros(1, np.intp), p)
        aged = age(tuple(x[:MOVING]), decays_of(p).one(int(day - last) if last == last else 0), p)
        before[:, series] = x
        after[:MOVING, series] = step(ONE, aged, next(_ticks(pooled, [float(day)], np.zeros(1, np.intp))), pooled.sized, 0, p)
        after[LAST_DAY, series], after[FIRST_DAY, series] = day, first if first == first else day
        open_day[series] = day


class _Calendar:
    """The ticks in sorted evidence: which rows, which series, how many days since the tick before."""

    def __init__(self, evidence: EvidenceColumns, initial: States | None) -> None:
        self.rows = Rows.of(evidence)
        ticks = evidence.keys() >> 4
        self.start = _first_of_runs(ticks)
        self.count = np.diff(self.start, append=len(evidence))
        self.day = evidence.day[self.start].astype(np.int64)
        series = evidence.series[self.start]
        self.first = _first_of_runs(series)
        self.length = np.diff(np.append(self.first, len(series)))
        self.series = series[self.first]
        self.last_days = self.day[self.first + self.length - 1]
        self.gap = np.diff(self.day, prepend=0)
        known = initial.columns[LAST_DAY, self.series] if initial is not None else np.full(len(self.series), np.nan)
        new = np.isnan(known)
        self.gap[self.first] = np.where(new, 0, self.day[self.first] - np.where(new, 0, known))
        if np.any(self.gap[self.first][~new] <= 0):
            raise OutOfOrder("Evidence of a day that the state already covers.")

    def groups(self) -> Iterator[Indices]:
        """Places of series of similar length, the longest first, so that few steps go abreast with few."""
        order = np.argsort(-self.length, kind="stable")
        yield from (order[done : done + SERIES_ABREAST] for done in range(0, len(order), SERIES_ABREAST))


def _first_of_runs(keys: NDArray[np.int64]) -> Indices:
    return np.concatenate(([0], np.flatnonzero(keys[1:] != keys[:-1]) + 1))


def _fold_group(calendar: _Calendar, places: Indices, initial: States | None, before: Floats, after: Floats, p: Parameters) -> None:
    length, first, series = calendar.length[places], calendar.first[places], calendar.series[places]
    active = np.searchsorted(-length, -np.arange(length[0]), side="left").tolist()
    ends = np.empty((2, WIDTH, len(series)))
    start = _initial_of(initial, series, p)
    x: list[Real] = list(start[:MOVING])
    for rank, until in _stretches(active):
        ticks = np.concatenate([first[:alive] + rank + further for further, alive in enumerate(active[rank:until])])
        run = _Run(calendar, ticks, p)
        if active[rank] >= ABREAST_MIN:
            x = _abreast(run, active[rank:until], active[until] if until < len(active) else 0, x, ends)
            continue
        for slot in range(active[rank]):
            own = np.cumsum([0, *active[rank : length[slot] - 1]]) + slot
            ends[:, :MOVING, slot] = run.one_by_one(tuple(column[slot].item() for column in x), own)
    _date(ends, calendar, places, start)
    before[:, series], after[:, series] = ends


def _stretches(active: list[int]) -> Iterator[tuple[int, int]]:
    """Ranks to pool at once: some `TICKS_ABREAST` ticks each, so that memory does not grow with the ledger, then all the narrow ones."""
    start = ticks = 0
    for rank, alive in enumerate(active):
        if alive < ABREAST_MIN:
            if start < rank:
                yield start, rank
            yield rank, len(active)
            return
        ticks += alive
        if ticks >= TICKS_ABREAST:
            yield start, rank + 1
            start, ticks = rank + 1, 0
    if start < len(active):
        yield start, len(active)


def _abreast(run: "_Run", active: list[int], staying_at_last: int, x: list[Real], ends: Floats) -> list[Real]:
    """This will step all series of a run through its ranks, keeping the states before and after each series' last tick in `ends`."""
    place = 0
    stays = [*active[1:], staying_at_last]
    for alive, staying, parts in zip(active, stays, run.parts_by_rank(active), strict=True):
        if staying < alive:
            _keep(ends[0], x, staying, alive)
        state = age(tuple(x), run.decays.many(run.gap[place : place + alive]), run.p)
        x = list(step(MANY, state, run.rank(place, place + alive, parts), run.pooled.sized, place, run.p))
        if staying < alive:
            _keep(ends[1], x, staying, alive)
            x = [column[:staying] for column in x]
        place += alive
    return x


def _keep(end: Floats, x: list[Real], staying: int, alive: int) -> None:
    for kept, column in zip(end, x, strict=False):
        kept[staying:alive] = column[staying:]


def _date(ends: Floats, calendar: _Calendar, places: Indices, start: Floats) -> None:
    """The days of the ticks, which no formula moves: last and first day, before and after the last tick."""
    length, first = calendar.length[places], calendar.first[places]
    known_last, known_first = start[LAST_DAY], start[FIRST_DAY]
    several = length > 1
    ends[1, LAST_DAY] = calendar.last_days[places]
    ends[0, LAST_DAY] = np.where(several, calendar.day[first + length - 1 - several], known_last)
    ends[1, FIRST_DAY] = np.where(np.isnan(known_first), calendar.day[first], known_first)
    ends[0, FIRST_DAY] = np.where(several, ends[1, FIRST_DAY], known_first)


class _Run:
    """The ticks of one group, pooled, in the order in which they are stepped through."""

    def __init__(self, calendar: _Calendar, ticks: Indices, p: Parameters) -> None:
        self.p = p
        self.decays = decays_of(p)
        self.gap = calendar.gap[ticks].astype(np.intp)
        self.day = calendar.day[ticks].astype(float)
        self.pooled = pool_ticks(calendar.rows, calendar.start[ticks], calendar.count[ticks], p)

    def parts_by_rank(self, active: list[int]) -> list[tuple[bool, bool, bool, bool]]:
        """Whether anybody has a shock, events, answers, second answers in each rank, so that a step need not ask."""
        pooled, starts = self.pooled, np.cumsum([0, *active[:-1]])
        flows = None if pooled.flows is None else pooled.flows.all + pooled.flows.all_plain > 0
        answers = [levels and levels.precision > 0 for levels in (pooled.answers, pooled.second_answers)]
        parts = (pooled.shock, flows, *answers)
        none = np.zeros(len(starts), bool)
        return list(zip(*((none if part is None else np.logical_or.reduceat(part, starts)).tolist() for part in parts), strict=True))

    def rank(self, start: int, end: int, parts: tuple[bool, bool, bool, bool]) -> Tick:
        """The ticks from `start` to `end` abreast, without the parts that none of them has."""
        pooled, (shock, flows, answers, second) = self.pooled, parts
        span = slice(start, end)
        return Tick(
            self.day[span],
            pooled.shock[span] if shock and pooled.shock is not None else None,
            Flows(*(column[span] for column in pooled.flows)) if flows and pooled.flows is not None else None,
            Levels(*(column[span] for column in pooled.answers)) if answers and pooled.answers is not None else None,
            Levels(*(column[span] for column in pooled.second_answers)) if second and pooled.second_answers is not None else None,
        )

    def one_by_one(self, x: State, places: Indices) -> tuple[State, State]:
        """This will step one series through the ticks at `places`, on floats: the state before the last of them, and after it."""
        previous = x
        for place, gap, tick in zip(places.tolist(), self.gap[places].tolist(), self.ticks(places), strict=True):
            previous = x
            x = step(ONE, age(x, self.decays.one(gap), self.p), tick, self.pooled.sized, place, self.p)
        return previous, x

    def ticks(self, places: Indices) -> Iterator[Tick]:
        """The ticks at `places`, each for itself."""
        return _ticks(self.pooled, self.day[places].tolist(), places)


def _ticks(pooled: Pooled, days: list[float], places: Indices) -> Iterator[Tick]:
    nothing = [None] * len(places)
    shocks = pooled.shock[places].tolist() if pooled.shock is not None else nothing
    flows = _rows(pooled.flows, places) if pooled.flows is not None else nothing
    answers = _rows(pooled.answers, places) if pooled.answers is not None else nothing
    seconds = _rows(pooled.second_answers, places) if pooled.second_answers is not None else nothing
    for day, shock, events, answer, second in zip(days, shocks, flows, answers, seconds, strict=True):
        yield Tick(
            day,
            shock or None,
            Flows(*events) if events is not None and (events[5] or events[7]) else None,
            Levels(*answer) if answer is not None and answer[1] else None,
            Levels(*second) if second is not None and second[1] else None,
        )


def trace(evidence: EvidenceColumns, parameters: Parameters, stops: Iterable[int] = (), initial: States | None = None) -> Journal:
    """
    This will fold one series (of any number) and note every act, coming by each of the days in `stops` with an empty tick at least.
    """
    evidence = evidence.sorted()
    alone = EvidenceColumns(np.zeros_like(evidence.series), evidence.day, evidence.kind, evidence.value, evidence.relayed)
    start = initial if initial is not None else States.prior(1, parameters)
    ticks: dict[int, tuple[int, Tick]] = {}
    sized = None
    if len(alone):
        run = _Run(_Calendar(alone, start), np.arange(len(np.unique(alone.day))), parameters)
        sized = run.pooled.sized
        ticks = {int(tick.day): (place, tick) for place, tick in enumerate(run.ticks(np.arange(len(run.day))))}
    x: State = tuple(start.columns[:MOVING, 0].tolist())
    last = start.columns[LAST_DAY, 0].item()
    journal: Journal = []
    for day in sorted({*ticks, *stops}):
        decay = decays_of(parameters).one(int(day - last) if last == last else 0)
        x, last = age(x, decay, parameters), day
        journal.append(Move(day, decay.slow, decay.deviation, x))
        if day in ticks:
            place, tick = ticks[day]
            x = step(ONE, x, tick, sized, place, parameters, journal)
    return journal


def _rows(columns: Iterable[Floats], places: Indices) -> list[tuple[Real, ...]]:
    return list(zip(*(column[places].tolist() for column in columns), strict=True))
