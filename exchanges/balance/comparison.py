"""
Beside the balance, never inside it: what one side guesses of the other, which kinds land well, and how a person uses the scale.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .arithmetic import Floats, Real
from .parameters import DEFAULTS, Parameters

LANDINGS_PRIOR = 5
SLOPE_MIN = 0.4
VIGNETTE_SD = 0.65
SHIFT_SD, SLOPE_SD = 0.5, 0.3


@dataclass(frozen=True, slots=True)
class Gap:
    """A guess of the other side's answer less what that side feels, in nats."""

    value: Real
    variance: Real


@dataclass(frozen=True, slots=True)
class Scale:
    """How a person uses the scale: its answers are `shift + slope * truth`, in points."""

    shift: float
    slope: float

    def corrected(self, points: Real) -> Real:
        """The answer on the common scale, for comparing people; a verdict needs no correction, its zero is worded."""
        return (points - self.shift) / self.slope

    def noise(self, parameters: Parameters = DEFAULTS) -> float:
        """Variance of a corrected answer."""
        return parameters.check_variance / self.slope**2


def gap_of_guess(guess_points: Real, felt_of_other: Real, variance_of_other: Real, parameters: Parameters = DEFAULTS) -> Gap:
    """kappa x guess - r of the other side, with variance Var r + R. Shown, never used: guesses were worse than the base rate."""
    return Gap(parameters.kappa * guess_points - felt_of_other, variance_of_other + parameters.check_variance)


def landing_of_kind(received_sizes: Sequence[float], given_sizes: Sequence[float]) -> float | None:
    """
    Mean of ln(v/u) of the receiver less ln(c/u) of the giver over events that both rated, shrunk by n/(n + 5); None without any.

    Sizes are in each side's own typical events. Relative: about 0 over all kinds. Sizes of 0 have no logarithm and are left out.
    """
    pairs = [(v, c) for v, c in zip(received_sizes, given_sizes, strict=True) if v > 0 and c > 0]
    if not pairs:
        return None
    mean = sum(math.log(v) - math.log(c) for v, c in pairs) / len(pairs)
    return mean * len(pairs) / (len(pairs) + LANDINGS_PRIOR)


def scale_of_vignettes(true_points: Floats, answered_points: Floats) -> Scale:
    """
    Ridge fit of y = alpha + beta theta to answers about made-up cases, priors alpha ~ N(0, 0.5^2), beta ~ N(1, 0.3^2), residual SD
    0.65, beta at least 0.4. Without answers: the scale as it is.
    """
    design = np.column_stack([np.ones(len(true_points)), true_points])
    precision = design.T @ design / VIGNETTE_SD**2 + np.diag([SHIFT_SD**-2, SLOPE_SD**-2])
    pull = design.T @ np.asarray(answered_points, float) / VIGNETTE_SD**2 + np.array([0.0, SLOPE_SD**-2])
    shift, slope = np.linalg.solve(precision, pull)
    return Scale(float(shift), max(float(slope), SLOPE_MIN))
