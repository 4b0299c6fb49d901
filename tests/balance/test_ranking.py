import numpy as np
import pytest

from exchanges.balance import DEFAULTS, fold, outlook, severity, sides
from exchanges.balance.arithmetic import ONE
from exchanges.balance.ranking import points_beyond
from tests.balance.histories import DAY, check, columns, look, random_rows


def settled(own, counterpart):
    return look([check(side, 90 * turn, points) for turn in range(4) for side, points in ((0, own), (1, counterpart))], DAY + 280)


def test_points_beyond_the_band_by_sampling():
    side = settled(-2, 0).own
    drawn = np.random.default_rng(0).normal(side.felt, side.sd, 400_000) / DEFAULTS.kappa
    assert points_beyond(side, 0.75, ONE) == pytest.approx(np.maximum(np.abs(drawn) - 0.75, 0).mean(), abs=0.005)


def test_severity_grows_with_stake_distance_and_time():
    bad, fair = settled(-2, 0), settled(0, 0)
    assert severity(bad, 60) > 3 * severity(fair, 60)
    assert severity(bad, 60, stake=2) == 2 * severity(bad, 60)
    assert severity(bad, 0) == pytest.approx(severity(bad, 83) * 7 / 90)
    assert severity(bad, 1000) == severity(bad, 180)


def test_severity_does_not_care_for_side_or_direction():
    assert severity(settled(-2, 0), 30) == pytest.approx(severity(settled(0, -2), 30))
    assert severity(settled(-2, 0), 30) == pytest.approx(severity(settled(2, 0), 30))


def test_severity_of_many_is_that_of_each():
    own, counterpart = sides(fold(random_rows(3, 300, 10), 10).after)
    many = outlook(own, counterpart, DAY + 1600)
    days = np.arange(5) * 40
    assert severity(many, days)[3] == pytest.approx(severity(many.row(3), 120))


def test_a_wider_band_minds_less():
    rows = columns([check(0, 0, -2)])
    assert len(rows) == 1
    assert severity(settled(-2, 0), 30, band_points=2) < severity(settled(-2, 0), 30)
