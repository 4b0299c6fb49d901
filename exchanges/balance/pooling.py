"""
A day's evidence of a side, pooled into one tick: what the day's answers, confirms and events amount to.

Nothing here depends on the state, so whole columns are pooled at once. The one thing that does, the caps on very large events,
is settled at the tick itself from the sums kept here (`filtering.weigh`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .arithmetic import MANY, ONE, Arithmetic, Floats, Real
from .evidence import MICRO, NANO, NO_VALUE, EvidenceColumns, Kind
from .parameters import Parameters

Indices = NDArray[np.intp]
OfDay = tuple[int, bool, Real]
"""A piece of evidence of one tick: kind, relayed, value."""
SHOCK, GOT, GAVE, CONFIRM, CHECK = (kind.value for kind in Kind)
"""Plain numbers: comparing an array with an enum asks the enum for a dozen attributes first."""
FIRST = np.zeros(1, np.intp)
NOTHING = (0.0,) * 13
"""Of one row: size, its square, whether it has one, share, whether got; what it adds to the four shares; confirms and checks, count and sum."""


class Levels(NamedTuple):
    """Answers of each tick as one observation of r: value in nats, precision (0 where there is none), whether they are checks."""

    value: Real
    precision: Real
    is_check: Real


class Flows(NamedTuple):
    """
    Events of each tick. `got` and `all` sum size times share (relayed one half); `got_plain` and `all_plain` sum the shares of
    events without a size, one typical event each. `many` marks ticks of several sized events, where a cap needs the single sizes.
    """

    sizes: Real
    squares: Real
    largest: Real
    mean: Real
    got: Real
    all: Real
    got_plain: Real
    all_plain: Real
    many: Real


@dataclass(frozen=True, slots=True, eq=False)
class Sized:
    """The sized events themselves, for the caps: those of tick i are `start[i]:end[i]`."""

    size: Floats
    share: Floats
    is_got: NDArray[np.bool_]
    start: Indices
    end: Indices


@dataclass(frozen=True, slots=True, eq=False)
class Pooled:
    """What each tick holds. A part is None when no tick has any of it."""

    shock: NDArray[np.bool_] | None
    flows: Flows | None
    sized: Sized | None
    answers: Levels | None
    """A day's confirms, or its checks."""
    second_answers: Levels | None
    """Its checks where it has confirms too: so rare that a look of their own would be waste for all others."""


class Rows(NamedTuple):
    """What a piece of evidence says, without whose and when: that is known of its tick. Fewer columns are fewer trips to memory."""

    kind: NDArray[np.int8]
    value: NDArray[np.int64] | NDArray[np.float64]
    relayed: NDArray[np.bool_]

    @classmethod
    def of(cls, evidence: EvidenceColumns) -> "Rows":
        return cls(evidence.kind, evidence.value, evidence.relayed)

    @classmethod
    def from_list(cls, rows: "list[OfDay]") -> "Rows":
        kind, relayed, value = zip(*rows, strict=True)
        return cls(np.array(kind, np.int8), np.array(value), np.array(relayed, np.bool_))

    def as_list(self) -> "list[OfDay]":
        return list(zip(self.kind.tolist(), self.relayed.tolist(), self.value.tolist(), strict=True))

    def take(self, places: Indices) -> "Rows":
        return Rows(self.kind.take(places), self.value.take(places), self.relayed.take(places))


def pool_ticks(evidence: Rows, start: Indices, count: Indices, parameters: Parameters) -> Pooled:
    """
    This will pool the ticks that begin at `start` and have `count` rows each, in any order of ticks.

    Most days hold one piece of evidence, which needs no summing: the others are summed apart and laid over.
    """
    several, ticks = np.flatnonzero(count > 1), len(start)
    if 2 * len(several) > ticks:
        return pool(evidence.take(expanded(start, count)), _offsets(count), parameters)
    pooled = pool(evidence.take(start), np.arange(ticks), parameters)
    if not len(several):
        return pooled
    start, count = start[several], count[several]
    return _laid_over(pooled, pool(evidence.take(expanded(start, count)), _offsets(count), parameters), several, ticks)


def expanded(start: Indices, count: Indices) -> Indices:
    """The rows of ranges, one range after the other."""
    return np.repeat(start - _offsets(count), count) + np.arange(count.sum())


def _offsets(count: Indices) -> Indices:
    return np.concatenate(([0], np.cumsum(count)[:-1]))


def pool(evidence: Rows, start: Indices, parameters: Parameters) -> Pooled:
    """This will pool sorted evidence whose ticks begin at `start`, one after the other."""
    kind = evidence.kind
    single = len(start) == len(evidence.kind)
    share = np.where(evidence.relayed, parameters.relayed_share, 1.0)

    def per_tick(values: Floats) -> Floats:
        return values if single else np.add.reduceat(values, start)

    shock = kind == SHOCK
    confirm = kind == CONFIRM
    check = kind == CHECK
    flow = (kind == GOT) | (kind == GAVE)
    flows, sized = _flows(evidence, flow, share, start, parameters) if flow.any() else (None, None)
    confirms = checks = None
    if confirm.any():
        confirms = _confirms(MANY, per_tick(confirm.astype(float)), per_tick(np.where(confirm, evidence.value / NANO, 0.0)), parameters)
    if check.any():
        weight = np.where(check, share, 0.0)
        checks = _checks(MANY, per_tick(weight), per_tick(weight * np.where(check, evidence.value, 0) / MICRO), parameters)
    answers, second_answers = _one_after_the_other(confirms, checks)
    return Pooled(
        shock=(shock if single else np.logical_or.reduceat(shock, start)) if shock.any() else None,
        flows=flows,
        sized=sized,
        answers=answers,
        second_answers=second_answers,
    )


class Day(NamedTuple):
    """What the one tick of one series holds: as `Pooled`, on floats."""

    shock: bool | None
    flows: Flows | None
    sized: Sized | None
    answers: Levels | None
    second_answers: Levels | None


def pool_day(rows: Sequence[OfDay], p: Parameters) -> Day:
    """
    As `pool` of a single tick, to the bit: for a handful of rows (kind, relayed, value) in canonical order.

    Each row for itself on floats, then one call of NumPy for all sums: the order in which it adds is its own, and decides the last bit.
    """
    parts = [_part_of(kind, relayed, value, p) for kind, relayed, value in rows]
    columns: Floats | None = None if len(parts) == 1 else np.array(parts).T.copy()
    sums = parts[0] if columns is None else np.add.reduceat(columns, FIRST, axis=1)[:, 0].tolist()
    size, square, count, _, _, got, all_, got_plain, all_plain, confirms, confirmed, weight, checked = sums
    flows = sized = None
    if all_ or all_plain:
        largest = max(part[0] for part in parts)
        flows = Flows(size, square, largest, size / max(count, 1.0), got, all_, got_plain, all_plain, count > 1)
        if columns is not None:
            sized = Sized(columns[0], columns[3], columns[4] > 0, FIRST, np.array([len(parts)]))
    first = _confirms(ONE, confirms, confirmed, p) if confirms else None
    second = _checks(ONE, weight, checked, p) if weight else None
    return Day(rows[0][0] == SHOCK or None, flows, sized, first or second, second if first else None)


def _part_of(kind: int, relayed: bool, value: Real, p: Parameters) -> tuple[Real, ...]:
    """What one row adds to each sum of its tick, and the share and account of an event, for the caps."""
    share = p.relayed_share if relayed else 1.0
    if kind == SHOCK:
        return NOTHING
    if kind == CONFIRM:
        return (*NOTHING[:9], 1.0, float(value) / NANO, 0.0, 0.0)
    if kind == CHECK:
        return (*NOTHING[:11], share, share * float(value) / MICRO)
    has_size = value != NO_VALUE
    size, is_got = _account(ONE, float(value) / MICRO if has_size else 0.0, kind == GOT, p)
    return (size, size * size, has_size * 1.0, share, is_got * 1.0, *_shares(size, share, is_got, not has_size), 0.0, 0.0, 0.0, 0.0)


def _laid_over(whole: Pooled, part: Pooled, places: Indices, count: int) -> Pooled:
    """`whole` with the ticks at `places` taken from `part`."""

    def column(below: Any, above: Any) -> Any:
        result = np.zeros(count, above.dtype if below is None else below.dtype) if below is None else below.copy()
        result[places] = 0 if above is None else above
        return result

    def columns(below: Any, above: Any) -> Any:
        if below is None and above is None:
            return None
        return type(below or above)(*(column(*pair) for pair in zip(below or [None] * 9, above or [None] * 9, strict=False)))

    sized = part.sized and Sized(part.sized.size, part.sized.share, part.sized.is_got, column(None, part.sized.start), column(None, part.sized.end))
    return Pooled(
        shock=None if whole.shock is None and part.shock is None else column(whole.shock, part.shock),
        flows=columns(whole.flows, part.flows),
        sized=sized,
        answers=columns(whole.answers, part.answers),
        second_answers=columns(whole.second_answers, part.second_answers),
    )


def _confirms(a: Arithmetic, count: Real, total: Real, parameters: Parameters) -> Levels:
    """k confirms are their mean with 2R/k: agreeing is easy."""
    return Levels(total / a.maximum(count, 1.0), count / (2 * parameters.check_variance), count < 0)


def _checks(a: Arithmetic, weight: Real, total: Real, parameters: Parameters) -> Levels:
    """A day's answers are their mean by weight with R/weight; together they count for two answers at most."""
    value = parameters.kappa * (total / a.where(weight > 0, weight, 1.0))
    return Levels(value, a.minimum(weight, parameters.answers_of_a_day_max) / parameters.check_variance, weight >= 0)


def _one_after_the_other(confirms: Levels | None, checks: Levels | None) -> tuple[Levels | None, Levels | None]:
    if confirms is None or checks is None:
        return confirms or checks, None
    confirmed = confirms.precision > 0
    both = confirmed & (checks.precision > 0)
    first = Levels(*(np.where(confirmed, one, other) for one, other in zip(confirms, checks, strict=True)))
    return first, checks._replace(precision=np.where(both, checks.precision, 0.0)) if both.any() else None


def sizes_of(evidence: Rows | EvidenceColumns, parameters: Parameters) -> tuple[Floats, NDArray[np.bool_], NDArray[np.bool_]]:
    """Size in points, whether it counts as got, whether it has a size at all. Harm is a larger size on the gave account."""
    has_size = evidence.value != NO_VALUE
    size, is_got = _account(MANY, evidence.value * has_size / MICRO, evidence.kind == GOT, parameters)
    return size, is_got, has_size


def _account(a: Arithmetic, size: Real, is_got: Real, p: Parameters) -> tuple[Real, Real]:
    harm = size < 0
    return (a.where(harm, -p.harm * size, size), is_got & (size >= 0)) if a.any(harm) else (size, is_got)


def _shares(size: Real, share: Real, is_got: Real, is_plain: Real) -> tuple[Real, Real, Real, Real]:
    """What events add to `got`, `all`, `got_plain` and `all_plain` of `Flows`."""
    weighted, plain = size * share, share * is_plain
    return weighted * is_got, weighted, plain * is_got, plain


def _flows(evidence: Rows, flow: NDArray[np.bool_], share: Floats, start: Indices, parameters: Parameters) -> tuple[Flows, Sized | None]:
    size, is_got, has_size = sizes_of(evidence, parameters)
    share = share * flow
    size = size * (has_size & flow)
    shares = _shares(size, share, is_got, ~has_size)
    if len(start) == len(evidence.kind):
        return Flows(size, size * size, size, size, *shares, np.zeros(len(start), bool)), None
    add = np.add.reduceat
    sizes, count = add(size, start), add((has_size & flow).astype(float), start)
    largest = np.maximum.reduceat(size, start)
    got, all_, got_plain, all_plain = (add(part, start) for part in shares)
    flows = Flows(sizes, add(size * size, start), largest, sizes / np.maximum(count, 1.0), got, all_, got_plain, all_plain, count > 1)
    # Events without a size, and the other kinds, stand in here with size 0: they move no sum.
    end = np.append(start[1:], len(evidence.kind))
    return flows, Sized(size, share, is_got, start, end)
