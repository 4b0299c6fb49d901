"""
A day's evidence of a side, pooled into one tick: what the day's answers, confirms and events amount to.

Nothing here depends on the state, so whole columns are pooled at once. The one thing that does, the caps on very large events,
is settled at the tick itself from the sums kept here (`filtering.weigh`).
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .arithmetic import Floats, Real
from .evidence import MICRO, NANO, NO_VALUE, EvidenceColumns, Kind
from .parameters import Parameters

Indices = NDArray[np.intp]
SHOCK, GOT, GAVE, CONFIRM, CHECK = (kind.value for kind in Kind)
"""Plain numbers: comparing an array with an enum asks the enum for a dozen attributes first."""


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


def pool(evidence: EvidenceColumns, start: Indices, parameters: Parameters) -> Pooled:
    """This will pool sorted evidence whose ticks begin at `start`."""
    kind = evidence.kind
    single = len(start) == len(evidence)
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
        confirms = _confirms(per_tick(confirm.astype(float)), per_tick(np.where(confirm, evidence.value / NANO, 0.0)), parameters)
    if check.any():
        points = np.where(check, share * (evidence.value / MICRO), 0.0)
        checks = _checks(per_tick(np.where(check, share, 0.0)), per_tick(points), parameters)
    answers, second_answers = _one_after_the_other(confirms, checks)
    return Pooled(
        shock=(shock if single else np.logical_or.reduceat(shock, start)) if shock.any() else None,
        flows=flows,
        sized=sized,
        answers=answers,
        second_answers=second_answers,
    )


def _confirms(count: Floats, total: Floats, parameters: Parameters) -> Levels:
    """k confirms are their mean with 2R/k: agreeing is easy."""
    return Levels(total / np.maximum(count, 1.0), count / (2 * parameters.check_variance), np.zeros(len(count), bool))


def _checks(weight: Floats, total: Floats, parameters: Parameters) -> Levels:
    """A day's answers are their mean by weight with R/weight; together they count for two answers at most."""
    value = parameters.kappa * (total / np.where(weight > 0, weight, 1.0))
    return Levels(value, np.minimum(weight, parameters.answers_of_a_day_max) / parameters.check_variance, np.ones(len(weight), bool))


def _one_after_the_other(confirms: Levels | None, checks: Levels | None) -> tuple[Levels | None, Levels | None]:
    if confirms is None or checks is None:
        return confirms or checks, None
    confirmed = confirms.precision > 0
    both = confirmed & (checks.precision > 0)
    first = Levels(*(np.where(confirmed, one, other) for one, other in zip(confirms, checks, strict=True)))
    return first, checks._replace(precision=np.where(both, checks.precision, 0.0)) if both.any() else None


def sizes_of(evidence: EvidenceColumns, parameters: Parameters) -> tuple[Floats, NDArray[np.bool_], NDArray[np.bool_]]:
    """Size in points, whether it counts as got, whether it has a size at all. Harm is a larger size on the gave account."""
    plain = evidence.value == NO_VALUE
    points = np.where(plain, 0, evidence.value) / MICRO
    harm = points < 0
    size = np.where(harm, -parameters.harm * points, points)
    return size, (evidence.kind == GOT) & ~harm, ~plain


def _flows(evidence: EvidenceColumns, flow: NDArray[np.bool_], share: Floats, start: Indices, parameters: Parameters) -> tuple[Flows, Sized | None]:
    size, is_got, has_size = sizes_of(evidence, parameters)
    has_size &= flow
    share = np.where(flow, share, 0.0)
    size = np.where(has_size, size, 0.0)
    weighted = size * share
    plain = np.where(has_size, 0.0, share)
    if len(start) == len(evidence):
        none_many = np.zeros(len(start), bool)
        got, got_plain = np.where(is_got, weighted, 0.0), np.where(is_got, plain, 0.0)
        return Flows(size, size * size, size, size, got, weighted, got_plain, plain, none_many), None
    add = np.add.reduceat
    sizes, count = add(size, start), add(has_size.astype(float), start)
    flows = Flows(
        sizes=sizes,
        squares=add(size * size, start),
        largest=np.maximum.reduceat(size, start),
        mean=sizes / np.maximum(count, 1.0),
        got=add(np.where(is_got, weighted, 0.0), start),
        all=add(weighted, start),
        got_plain=add(np.where(is_got, plain, 0.0), start),
        all_plain=add(plain, start),
        many=count > 1,
    )
    # Events without a size, and the other kinds, stand in here with size 0: they move no sum.
    end = np.append(start[1:], len(evidence))
    return flows, Sized(size, share, is_got, start, end)
