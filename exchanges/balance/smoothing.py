"""
What we now think of then: the line through the past that also uses what was said later, beside what was known at the time.

A backward pass over the acts of the filter (Bryson and Frazier's form of the Rauch-Tung-Striebel smoother), with each gain as it
was used, bounded answers and events included. It inverts nothing, so a known part (variance 0) does no harm.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .arithmetic import Floats
from .evidence import EvidenceColumns, Kind
from .filtering import trace
from .parameters import DEFAULTS, Parameters
from .states import States
from .stepping import Move, State

SEES_LEVEL = np.array([1.0, 1.0, 0.0])
SEES_FLOW = np.array([1.0, 1.0, 1.0])


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """Means (day, 3) and covariances (day, 3, 3) of usual balance, deviation and bias, as known then and as seen now."""

    days: list[int]
    known_mean: Floats
    known_covariance: Floats
    smoothed_mean: Floats
    smoothed_covariance: Floats

    @property
    def known(self) -> Floats:
        """r as it was known on each day."""
        return self.known_mean @ SEES_LEVEL

    @property
    def known_variance(self) -> Floats:
        return self.known_covariance @ SEES_LEVEL @ SEES_LEVEL

    @property
    def smoothed(self) -> Floats:
        """r of each day as we see it now."""
        return self.smoothed_mean @ SEES_LEVEL

    @property
    def smoothed_variance(self) -> Floats:
        return self.smoothed_covariance @ SEES_LEVEL @ SEES_LEVEL


@dataclass(frozen=True, slots=True)
class Drift:
    """Change of the tilt, in nats, and its standard error (conservative: the two are taken as independent)."""

    change: float
    error: float


def smooth(evidence: EvidenceColumns, days: Sequence[int], parameters: Parameters = DEFAULTS, initial: States | None = None) -> Line:
    """
    This will give one side's line at the given days, from the evidence of that series alone, whatever its number.

    Costs some thirty microseconds per tick and day. Evidence later than the last day counts too: cut it with `until` to see from then.
    """
    wanted = sorted(set(days))
    journal = trace(evidence, parameters, wanted, initial)
    places = {day: place for place, day in enumerate(wanted)}
    line = Line(wanted, *(np.zeros((len(wanted), *shape)) for shape in ((3,), (3, 3), (3,), (3, 3))))
    score, information = np.zeros(3), np.zeros((3, 3))
    later = None
    for act in reversed(journal):
        place = places.get(act.day)
        if place is not None and act.day != later:
            mean, covariance = moments(act.state)
            line.known_mean[place], line.known_covariance[place] = mean, covariance
            line.smoothed_mean[place] = mean + covariance @ score
            line.smoothed_covariance[place] = covariance - covariance @ information @ covariance
        later = act.day
        if isinstance(act, Move):
            kept = np.array([act.slow, act.deviation, act.slow])
            score, information = kept * score, kept[:, None] * information * kept
        else:
            sees = SEES_FLOW if act.kind == Kind.GAVE else SEES_LEVEL
            gain, seen = np.array(act.observation.gain), act.observation
            score = score + sees * (seen.score - seen.information * (gain @ score))
            rest = np.eye(3) - np.outer(gain * seen.information, sees)
            information = np.outer(sees, sees) * seen.information + rest.T @ information @ rest
    return line


def moments(x: State) -> tuple[Floats, Floats]:
    """Mean and covariance of a state as NumPy arrays."""
    uu, ud, ub, dd, db, bb = x[3:9]
    return np.array(x[:3]), np.array([[uu, ud, ub], [ud, dd, db], [ub, db, bb]])


def drift(own: EvidenceColumns, counterpart: EvidenceColumns, as_of: int, days: int = 90, parameters: Parameters = DEFAULTS) -> Drift:
    """Tilt now minus what we now think it was so many days ago."""
    lines = [smooth(side.until(as_of), [as_of - days, as_of], parameters) for side in (own, counterpart)]
    now = (lines[0].known[1] - lines[1].known[1]) / 2
    then = (lines[0].smoothed[0] - lines[1].smoothed[0]) / 2
    variance = sum(line.known_variance[1] + line.smoothed_variance[0] for line in lines) / 4
    return Drift(float(now - then), math.sqrt(variance))
