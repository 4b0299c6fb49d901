"""
The numbers the balance rests on, with their defaults, in one frozen value.

Lengths are in days, values in nats (natural log of got over gave) unless the name says points. One point is one step of
the -3..+3 check scale: `kappa` nats, that is 1.5 : 1. Reasons for each default: docs/domain.md.
"""

import math
from dataclasses import dataclass
from functools import cached_property

KAPPA = math.log(1.5)
VARIANCE_OF_FELT = KAPPA**2


@dataclass(frozen=True)
class Parameters:
    """Everything a result depends on besides evidence and date. `method` is stored beside each result and changes with any of them."""

    method: str = "starts-1"

    kappa: float = KAPPA
    variance_usual: float = VARIANCE_OF_FELT / 2
    variance_deviation: float = VARIANCE_OF_FELT / 2
    variance_bias: float = VARIANCE_OF_FELT
    check_variance: float = VARIANCE_OF_FELT * 3 / 7
    """Noise of one check: reliability 0.70 of a single answer."""

    days_slow: float = 1825.0
    days_deviation: float = 180.0
    shock_days: float = 90.0
    """How much older the current deviation looks after a hand-over, a change of terms or an incident."""

    surprise_sd: float = 2.0
    size_cap: float = 3.0
    """No event counts for more typical events than this, nor moves the typical size by more."""
    harm: float = 1.5
    relayed_share: float = 0.5
    answers_of_a_day_max: float = 2.0

    band_points: float = 0.75
    heard_share: float = 0.75
    """A side is heard when it has answered and its variance is at most this share of the prior's."""
    named_from: float = 0.4
    likely_below: float = 0.6
    severe_points: float = 2.0
    severe_from: float = 0.5
    sustained_points: float = 0.5
    sustained_from: float = 0.8

    memories_giving: tuple[float, float, float] = (45.0, 90.0, 180.0)
    memory_usual_giving: float = 720.0
    withdrawn_below: float = 2 / 3
    withdrawal_from: float = 0.8
    spiral_short_from: float = 0.5
    events_expected_min: float = 4.0
    memories_of_age_min: float = 3.0

    ask_bits: float = 0.6
    gap_min_days: int = 30
    gap_surprised_days: int = 14
    gap_max_days: int = 180
    clear_from: float = 0.6
    unclear_share: float = 1.2
    """How much more a question to an unclear side is worth when questions are ranked. By simulation (docs/performance.md)."""

    @cached_property
    def variance_felt(self) -> float:
        """Prior, and limit in silence, of Var r."""
        return self.variance_usual + self.variance_deviation

    @cached_property
    def variance_to_ask(self) -> float:
        """Var r from which one answer is worth `ask_bits`: half log2 of 1 + Var r / R."""
        return self.check_variance * (2 ** (2 * self.ask_bits) - 1)

    def points(self, nats: float) -> float:
        """Steps of the check scale, for what is shown."""
        return nats / self.kappa

    def nats(self, points: float) -> float:
        return points * self.kappa


DEFAULTS = Parameters()
