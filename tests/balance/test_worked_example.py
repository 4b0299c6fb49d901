"""The worked example of the documentation, step by step, and the other numbers that any correct implementation reproduces."""

import math

import pytest

from exchanges.balance import DEFAULTS, Parameters, Reason, Verdict, fold, predict, sides
from exchanges.balance.arithmetic import ONE
from exchanges.balance.cadence import variance_after
from tests.balance.histories import DAY, check, columns, folded, gave, got, look

STORY = [
    check(0, 0, -1),
    check(1, 0, 0),
    gave(0, 30, 8),
    got(1, 30, 4),
    [gave(1, 60, 5), got(0, 60, 6)],
    check(0, 90, -3),
    check(0, 104, -2),
]
GOLDEN = [
    # pieces, day, r_A, r_B, I, seen, sd t, P(best cell), label
    (0, 0, 0, 0, 0, 1, 0.2867, 0.2989, "unconfirmed"),
    (1, 0, -0.2838, 0, -0.0708, 0.8677, 0.2312, 0.2910, "unconfirmed"),
    (2, 0, -0.2838, 0, -0.0708, 0.8677, 0.1570, 0.4413, "balanced"),
    (3, 30, -0.2878, 0, -0.0718, 0.8660, 0.1837, 0.3888, "unconfirmed"),
    (4, 30, -0.2878, 0.0322, -0.0798, 0.8800, 0.1830, 0.3889, "unconfirmed"),
    (5, 60, -0.2273, -0.0140, -0.0533, 0.8863, 0.2006, 0.4125, "balanced"),
    (6, 90, -0.7278, -0.0124, -0.1770, 0.6907, 0.1854, 0.6667, "own_feels_short"),
    (7, 104, -0.7464, -0.0118, -0.1816, 0.6845, 0.1788, 0.6663, "own_feels_short"),
    (7, 400, -0.3836, -0.0049, -0.0944, 0.8234, 0.2575, 0.3437, "unconfirmed"),
]


def told(pieces):
    rows = []
    for piece in STORY[:pieces]:
        rows += piece if isinstance(piece, list) else [piece]
    return rows


def test_constants():
    assert DEFAULTS.kappa == pytest.approx(0.4054651081, abs=5e-11)
    assert DEFAULTS.variance_felt == pytest.approx(0.1644019539, abs=5e-11)
    assert DEFAULTS.check_variance == pytest.approx(0.0704579802, abs=5e-11)
    assert DEFAULTS.variance_to_ask == pytest.approx(0.0914119518, abs=5e-11)
    variances = DEFAULTS.variance_usual, DEFAULTS.variance_deviation, DEFAULTS.variance_bias
    assert variances == pytest.approx((0.0822009769, 0.0822009769, 0.1644019539), abs=5e-11)
    assert (DEFAULTS.points(DEFAULTS.kappa), DEFAULTS.nats(2)) == (1, 2 * DEFAULTS.kappa)


@pytest.mark.parametrize(("pieces", "day", "own", "counterpart", "index", "seen", "sd", "probability", "label"), GOLDEN)
def test_golden_table(pieces, day, own, counterpart, index, seen, sd, probability, label):
    result = look(told(pieces), DAY + day)
    shown = result.own.felt, result.counterpart.felt, result.index, result.seen, result.sd, result.probability
    assert [round(number, 4) for number in shown] == [own, counterpart, index, seen, sd, probability]
    assert Verdict(result.verdict).code == label


def test_first_answer_by_hand():
    state = fold(columns(told(1)), 1).after
    assert state.felt[0] == pytest.approx(-0.7 * DEFAULTS.kappa)
    assert state.variance[0] == pytest.approx(0.30 * DEFAULTS.variance_felt)
    assert look(told(2), DAY).share == pytest.approx(0.465, abs=0.0005)


def test_first_event_by_hand_teaches_mostly_about_the_bias():
    state = folded(told(3)).after.columns[:, 0]
    assert state[:3] == pytest.approx([-0.152127, -0.135632, -0.067742], abs=1e-6)
    assert state[13] == 8


def test_state_before_the_first_event_by_hand():
    state = predict(folded(told(1)).after, DAY + 30).columns[:, 0]
    assert state[:2] == pytest.approx([-0.139599, -0.120127], abs=1e-6)
    assert state[[3, 4, 6, 8]] / DEFAULTS.variance_felt == pytest.approx([0.330660, -0.145719, 0.374607, 1], abs=1e-6)


def test_due_days_of_the_story():
    day_0, day_90, day_104, day_400 = (look(told(pieces), DAY + day) for pieces, day in ((2, 0), (6, 90), (7, 104), (7, 400)))
    assert (day_0.own.due_day - DAY, day_0.own.due_reason) == (30, Reason.UNCLEAR)
    assert (day_0.counterpart.due_day - DAY, day_0.counterpart.due_reason) == (82, Reason.WIDENED)
    assert (day_90.own.due_day - DAY, day_90.own.due_reason, day_90.own.surprised) == (104, Reason.SURPRISED, True)
    assert day_90.counterpart.due_day <= DAY + 90
    assert (day_104.own.due_day - DAY, day_104.own.surprised) == (104 + 119, False)
    assert max(day_400.own.due_day, day_400.counterpart.due_day) <= DAY + 400


def test_silence_leaves_a_leaning_but_no_verdict():
    result = look(told(7), DAY + 400)
    assert Verdict(result.leaning) is Verdict.OWN_FEELS_SHORT
    assert DEFAULTS.points(result.own.sd) == pytest.approx(0.8728, abs=5e-5)


def days_until_wide(state, parameters=DEFAULTS):
    """In fractions of a day, as the documentation gives them."""
    fine = Parameters(days_slow=parameters.days_slow * 1000, days_deviation=parameters.days_deviation * 1000)
    low, high = 0, 400_000
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if variance_after(ONE, state, middle, fine) >= fine.variance_to_ask else (middle + 1, high)
    return high / 1000


def test_steady_answers_of_fair_are_asked_ever_more_rarely():
    rows, waits, day = [], [], 0
    for _ in range(6):
        rows.append(check(0, day, 0))
        state = fold(columns(rows), 1).after.of_one()
        waits.append(days_until_wide(state))
        day += math.ceil(waits[-1])
    assert waits == pytest.approx([81.4, 102.9, 106.8, 109.0, 110.4, 111.4], abs=0.15)


@pytest.mark.parametrize(
    ("answers", "points", "sustained"),
    [
        ([0, 0, 0, -3, 0, 0], [0, 0, 0, -1.3200, -0.4244, -0.1574], [False] * 6),
        ([0, 0, 0, -3, -3, -3], [0, 0, 0, -1.3200, -2.0859, -2.3458], [False] * 5 + [True]),
    ],
)
def test_a_bad_patch_passes_and_a_lasting_one_is_sustained(answers, points, sustained):
    rows, seen, flags = [], [], []
    for place, answer in enumerate(answers):
        rows += [check(0, 90 * place, answer), check(1, 90 * place, 0)]
        side = look(rows, DAY + 90 * place).own
        seen.append(DEFAULTS.points(side.felt))
        flags.append(bool(side.sustained))
    assert seen == pytest.approx(points, abs=5e-5)
    assert flags == sustained


@pytest.mark.parametrize(
    ("gots", "gaves", "felt", "variance"),
    [
        (1, 0, 0.0760, 0.1582),
        (3, 1, 0.1239, 0.1443),
        (10, 2, 0.3371, 0.1259),
        (20, 20, 0, 0.1014),
        (40, 5, 0.6826, 0.1064),
        (0, 40, -0.9127, 0.1142),
    ],
)
def test_events_of_one_day_alone(gots, gaves, felt, variance):
    state = fold(columns([got(0, 0, 5)] * gots + [gave(0, 0, 5)] * gaves), 1).after
    assert state.felt[0] == pytest.approx(felt, abs=5e-5)
    assert state.variance[0] == pytest.approx(variance, abs=5e-5)


def test_units_of_the_two_sides_never_meet():
    rows = told(4)
    assert sides(fold(columns(rows), 2).after)[1].felt[0] == pytest.approx(0.0322, abs=5e-5)
