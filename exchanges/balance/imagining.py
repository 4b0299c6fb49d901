"""
What if: a guess about people under one stated assumption, that what a side feels moves towards what its flows say.

A what-if is never evidence and never stored. It rests on the side's own flows of the last year.
"""

import math
from dataclasses import dataclass

import numpy as np

from .arithmetic import ONE, Floats
from .evidence import EvidenceColumns, Kind
from .explanation import weights
from .filtering import predict, trace
from .parameters import DEFAULTS, Parameters
from .states import States
from .stepping import Look

YEAR = 365
HALF_AN_EVENT = 0.5
EVENTS_A_YEAR_MIN = 4.0


@dataclass(frozen=True, slots=True)
class YearOfFlows:
    """One side's own flows as weights, in typical events: what it got and what it gave."""

    got: float
    gave: float

    @property
    def is_enough(self) -> bool:
        """Fewer than four typical events a year are too little to say."""
        return self.got + self.gave >= EVENTS_A_YEAR_MIN


@dataclass(frozen=True, slots=True)
class Imagined:
    """How it would feel to one side: nats and chances of feeling short, fair, over."""

    felt: float
    sd: float
    short: float
    fair: float
    over: float


def event_weights(evidence: EvidenceColumns, parameters: Parameters = DEFAULTS) -> tuple[Floats, Floats]:
    """Each row of one series in typical events, as (got, gave), aligned with the rows as they came; 0 where a row is no event."""
    got, gave = np.zeros(len(evidence)), np.zeros(len(evidence))
    is_event = (evidence.kind == Kind.GOT) | (evidence.kind == Kind.GAVE)
    for act in trace(evidence, parameters):
        if isinstance(act, Look) and act.kind == Kind.GAVE:
            rows = np.flatnonzero((evidence.day == act.day) & is_event)
            weight, is_got = weights(evidence.take(rows), act.state, parameters)
            got[rows], gave[rows] = np.where(is_got, weight, 0.0), np.where(is_got, 0.0, weight)
    return got, gave


def year_of_flows(evidence: EvidenceColumns, as_of: int, parameters: Parameters = DEFAULTS) -> YearOfFlows:
    """The flows of the 365 days up to a day."""
    got, gave = event_weights(evidence, parameters)
    recent = (evidence.day <= as_of) & (evidence.day > as_of - YEAR)
    return YearOfFlows(float(got[recent].sum()), float(gave[recent].sum()))


def imagine(
    state: States,
    now: YearOfFlows,
    then: YearOfFlows,
    as_of: int,
    days_on: int,
    band_points: float | None = None,
    parameters: Parameters = DEFAULTS,
    *,
    starts_in: int = 0,
    strength: float = 1.0,
) -> Imagined | None:
    """
    One side `days_on` days after `as_of`, had its flows changed from `now` to `then` `starts_in` days after it; None when there is too little to say.

    Mean: r of that day + d (1 - exp(-days/T_dev)) with d the change of ln(got/gave), half an event added to each, and days since the change.
    Variance: that day's + (d/2)^2 (1 - exp(-days/T_dev))^2, since the effect is known to about a factor of two; `strength` tries that factor.
    """
    if not now.is_enough:
        return None
    p = parameters
    later = predict(state, as_of + days_on, p)
    shift = strength * (_lean(then) - _lean(now))
    arrived = -math.expm1(-max(days_on - starts_in, 0) / p.days_deviation)
    felt = later.felt[0].item() + shift * arrived
    sd = math.sqrt(later.variance[0].item() + (shift / 2 * arrived) ** 2)
    edge = (p.band_points if band_points is None else band_points) * p.kappa
    short, over = ONE.normals((-edge - felt) / sd, (felt - edge) / sd)
    return Imagined(felt, sd, short, 1.0 - short - over, over)


def _lean(flows: YearOfFlows) -> float:
    return math.log((flows.got + HALF_AN_EVENT) / (flows.gave + HALF_AN_EVENT))
