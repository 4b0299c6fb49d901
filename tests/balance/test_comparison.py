import math

import numpy as np
import pytest

from exchanges.balance import DEFAULTS
from exchanges.balance.comparison import Scale, gap_of_guess, landing_of_kind, scale_of_vignettes


def test_a_guess_is_compared_with_what_the_other_feels():
    gap = gap_of_guess(2, DEFAULTS.nats(-1), 0.05)
    assert gap.value == pytest.approx(DEFAULTS.nats(3))
    assert gap.variance == 0.05 + DEFAULTS.check_variance


def test_landing_is_relative_and_shrunk():
    assert landing_of_kind([2, 2], [1, 1]) == pytest.approx(math.log(2) * 2 / 7)
    assert landing_of_kind([1, 3], [1, 3]) == 0
    assert landing_of_kind([], []) is None
    assert landing_of_kind([0], [1]) is None


def test_vignettes_find_a_persons_scale():
    truth = np.array([-2.0, 0.0, 2.0] * 20)
    scale = scale_of_vignettes(truth, 0.4 + 0.6 * truth)
    assert (scale.shift, scale.slope) == pytest.approx((0.4, 0.6), abs=0.03)
    assert scale.corrected(0.4) == pytest.approx(0, abs=0.03)
    assert scale.noise() > DEFAULTS.check_variance


def test_without_vignettes_the_scale_stands_and_it_is_never_turned_round():
    assert scale_of_vignettes(np.array([]), np.array([])) == Scale(0.0, 1.0)
    assert scale_of_vignettes(np.array([-2.0, 2.0] * 30), np.array([2.0, -2.0] * 30)).slope == 0.4
