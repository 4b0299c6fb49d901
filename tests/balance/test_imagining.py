import math

import pytest

from exchanges.balance import DEFAULTS, Imagined, YearOfFlows, fold, imagine, predict, year_of_flows
from exchanges.balance.imagining import event_weights
from tests.balance.histories import DAY, check, columns, gave, got

YEAR = [gave(0, day, 4) for day in range(0, 360, 30)] + [got(0, day, 2) for day in range(10, 360, 60)] + [check(0, 350, -1)]


def test_a_year_of_flows_is_in_typical_events():
    flows = year_of_flows(columns(YEAR), DAY + 360)
    got_weight, gave_weight = event_weights(columns(YEAR))
    assert flows.gave == pytest.approx(gave_weight.sum())
    assert flows.got == pytest.approx(got_weight.sum())
    assert flows.gave > 3 * flows.got
    assert year_of_flows(columns(YEAR), DAY + 800) == YearOfFlows(0, 0)
    assert event_weights(columns(YEAR))[1][-1] == 0


def test_getting_more_moves_the_felt_balance_up_and_widens_it():
    evidence = columns(YEAR)
    state, now = fold(evidence, 1).after, year_of_flows(evidence, DAY + 360)
    same = imagine(state, now, now, DAY + 360, 180)
    more = imagine(state, now, YearOfFlows(now.got * 2, now.gave), DAY + 360, 180)
    later = predict(state, DAY + 540)
    assert (same.felt, same.sd) == pytest.approx((later.felt[0], math.sqrt(later.variance[0])))
    shift = math.log((2 * now.got + 0.5) / (now.got + 0.5))
    assert more.felt - same.felt == pytest.approx(shift * (1 - math.exp(-1)))
    assert more.sd > same.sd
    assert more.short < same.short
    assert isinstance(more, Imagined)
    assert more.short + more.fair + more.over == pytest.approx(1)


def test_too_few_events_say_nothing():
    evidence = columns([gave(0, 0, 2), got(0, 30, 2), got(0, 60, 2)])
    flows = year_of_flows(evidence, DAY + 90)
    assert not flows.is_enough
    assert imagine(fold(evidence, 1).after, flows, YearOfFlows(9, 9), DAY + 90, 90) is None
    assert DEFAULTS.days_deviation == 180
