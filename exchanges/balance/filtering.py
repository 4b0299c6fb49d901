"""
The filter: from evidence to what is known of each side.

`fold` steps through the ticks: many series abreast, rank by rank (every series' first tick, then every second one ...), and the
last few long series one after the other. `trace` follows one series and notes every act, for smoothing and explanation.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from .arithmetic import MANY, ONE, Floats, Real
from .evidence import EvidenceColumns
from .parameters import DEFAULTS, Parameters
from .pooling import FIRST, Flows, Indices, Levels, OfDay, Pooled, Rows, Sized, pool, pool_day, pool_ticks
from .states import FIRST_DAY, LAST_DAY, MOVING, WIDTH, States
from .stepping import Journal, Move, State, Tick, age, decays_of, step

OfOne = tuple[int, int, bool, Real]
"""A piece of evidence of one series: day, kind, relayed, value, which is the canonical order."""
SERIES_ABREAST = 8192
TICKS_ABREAST = 2**17
ABREAST_MIN = 8
"""Below so many series, one after the other on floats is quicker than abreast on arrays."""
ROWS_IN_PASSING = 8
"""So few rows are a report or two just written: they are folded tick by tick, without planning who goes abreast."""
ROWS_OF_ONE = 32
"""So few rows of one series are quicker taken one by one, on floats, than as columns."""


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
    is_passing = len(evidence) <= ROWS_IN_PASSING or _is_one_tick(evidence)
    series = evidence.series.tolist() if is_passing else [evidence.series.min(), evidence.series.max()]
    if series and not 0 <= min(series) <= max(series) < count:
        raise ValueError("Evidence of a series outside of those counted.")
    open_day = np.full(count, -1, np.int64)
    if is_passing:
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


def _is_one_tick(evidence: EvidenceColumns) -> bool:
    """A busy day of one side: its ends look alike, and then all do."""
    day, series = evidence.day, evidence.series
    alike = day[0] == day[-1] and series[0] == series[-1]
    return bool(alike and (day == day[0]).all() and (series == series[0]).all())


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
        (series, day), span = ticks[start], slice(start, end)
        x = after[:, series].tolist()
        before[:, series] = x
        after[:, series] = _with_day(tuple(x), day, Rows(evidence.kind[span], evidence.value[span], evidence.relayed[span]), p)
        open_day[series] = day


def fold_one(rows: Sequence[OfOne], x: State, parameters: Parameters = DEFAULTS) -> tuple[State, State, int]:
    """
    As `fold`, to the bit, for one series and its state of nineteen floats: before and after its last tick, and the day of that.

    The way of a report just written: a handful of rows needs no arrays.
    """
    before, last = x, -1
    for day, of_day in groupby(sorted(rows), itemgetter(0)):
        before, last = x, day
        x = _with_day(x, day, [row[1:] for row in of_day], parameters)
    return before, x, last


def _with_day(x: State, day: int, rows: Rows | list[OfDay], p: Parameters) -> State:
    """A state of nineteen numbers with one more tick."""
    last, first = x[LAST_DAY], x[FIRST_DAY]
    if last >= day:
        raise OutOfOrder("Evidence of a day that the state already covers.")
    tick, sized = _tick(day, rows, p)
    aged = age(x[:MOVING], decays_of(p).one(int(day - last) if last == last else 0), p)
    return (*step(ONE, aged, tick, sized, 0, p), float(day), first if first == first else float(day))


def _tick(day: int, rows: Rows | list[OfDay], p: Parameters) -> tuple[Tick, Sized | None]:
    if (len(rows) if isinstance(rows, list) else len(rows.kind)) > ROWS_OF_ONE:
        pooled = pool(Rows.from_list(rows) if isinstance(rows, list) else rows, FIRST, p)
        return next(_ticks(pooled, [float(day)], FIRST)), pooled.sized
    shock, flows, sized, answers, second = pool_day(rows if isinstance(rows, list) else rows.as_list(), p)
    return Tick(float(day), shock, flows, answers, second), sized


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
