"""
Why is it so: what each piece of evidence still adds to the felt balance, in parts that sum to it exactly.

The prior mean is 0 and every update is linear in what was observed, so r is a sum over evidence: backwards from today, a row
vector tells how much of each past act is left.
"""

from dataclasses import dataclass

import numpy as np

from .arithmetic import Floats
from .evidence import MICRO, NANO, EvidenceColumns, Kind
from .filtering import trace
from .parameters import DEFAULTS, Parameters
from .pooling import sizes_of
from .smoothing import SEES_FLOW, SEES_LEVEL
from .states import SIZES, SQUARES
from .stepping import Look, Move, Observation, State


@dataclass(frozen=True, slots=True)
class Explained:
    """The largest parts as (row of the evidence, nats), by size, and the sum of all others."""

    largest: list[tuple[int, float]]
    rest: float


def contributions(evidence: EvidenceColumns, as_of: int, parameters: Parameters = DEFAULTS) -> Floats:
    """
    This will give what each row of one series' evidence adds to r at a day, in nats, aligned with the rows as they came.

    Rows after that day, and shocks, add 0. The sum is r. A day's events share that tick's part by account and by weight, a day's
    answers by weight.
    """
    parts = np.zeros(len(evidence))
    if not len(evidence) or evidence.day.min() > as_of:
        return parts
    seen = evidence.until(as_of)
    rows = np.flatnonzero(evidence.day <= as_of)
    left = SEES_LEVEL.copy()
    for act in reversed(trace(seen, parameters, [as_of])):
        if isinstance(act, Move):
            left = left * np.array([act.slow, act.deviation, act.slow])
            continue
        at = np.flatnonzero((seen.day == act.day) & _of_kind(seen, act.kind))
        weight = left @ np.array(act.observation.gain)
        parts[rows[at]] = weight * _pulls(seen.take(at), act, parameters)
        left = left - weight * act.observation.information * (SEES_FLOW if act.kind == Kind.GAVE else SEES_LEVEL)
    return parts


def largest(parts: Floats, count: int) -> Explained:
    """The parts to show, largest first whatever their sign, and the rest as one number."""
    order = np.argsort(-np.abs(parts), kind="stable")
    shown = [(int(row), float(parts[row])) for row in order[:count] if parts[row] != 0]
    return Explained(shown, float(parts.sum() - sum(part for _, part in shown)))


def _of_kind(evidence: EvidenceColumns, kind: Kind) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return (evidence.kind == Kind.GOT) | (evidence.kind == Kind.GAVE) if kind == Kind.GAVE else evidence.kind == kind


def _pulls(evidence: EvidenceColumns, act: Look, p: Parameters) -> Floats:
    """What each row of one act put into the gain's hands."""
    seen = act.observation
    if act.kind == Kind.CONFIRM:
        return seen.information * (evidence.value / NANO) / len(evidence)
    if act.kind == Kind.CHECK:
        share = np.where(evidence.relayed, p.relayed_share, 1.0)
        pulls: Floats = seen.information * p.kappa * share * (evidence.value / MICRO) / share.sum()
        return pulls
    return _flow_pulls(evidence, seen, act.state, p)


def _flow_pulls(evidence: EvidenceColumns, seen: Observation, state: State, p: Parameters) -> Floats:
    """J z of the equivalent observation, split: each typical event got pulls with (1 - q) + q(1 - q) eta, each one given with that less 1."""
    weight, is_got = weights(evidence, state, p)
    upward = (1 - seen.chance) * (1 + seen.chance * seen.at)
    pulls: Floats = seen.damping * weight * np.where(is_got, upward, upward - 1)
    return pulls


def weights(evidence: EvidenceColumns, state: State, p: Parameters) -> tuple[Floats, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    """Each event of one tick in typical events, as the filter weighed it, and whether it counts as got; `state` is that after the tick."""
    size, is_got, has_size = sizes_of(evidence, p)
    unit = state[SQUARES] / state[SIZES] if state[SIZES] > 0 else 1.0
    share = np.where(evidence.relayed, p.relayed_share, 1.0)
    return share * np.where(has_size, np.minimum(size / unit, p.size_cap), 1.0), is_got
