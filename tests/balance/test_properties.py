"""The seventeen invariants of the model, on random histories."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from exchanges.balance import (
    DEFAULTS,
    MICRO,
    NO_VALUE,
    Kind,
    States,
    Verdict,
    fold,
    outlook,
    outlook_of_one,
    predict,
    sides,
)
from exchanges.balance.smoothing import moments
from tests.balance.histories import DAY, check, columns, folded, gave, got, histories, look, shock, sizes, statements

examples = settings(max_examples=200, deadline=None)
AS_OF = DAY + 1000
EXACT = 1e-12


def swapped(rows):
    return [(1 - side, *rest) for side, *rest in rows]


@examples
@given(histories())
def test_1_swapping_the_sides_turns_the_tilt_and_nothing_else(rows):
    one, other = look(rows, AS_OF), look(swapped(rows), AS_OF)
    assert other.tilt == -one.tilt
    assert other.index == -one.index
    assert other.surplus == one.surplus
    assert (other.cells == one.cells.T).all()
    assert (other.own, other.counterpart) == (one.counterpart, one.own)


harmless = st.one_of(
    st.tuples(st.sampled_from([Kind.GOT, Kind.GAVE]), sizes, st.booleans()),
    st.tuples(st.just(Kind.CHECK), st.integers(-3 * MICRO, 3 * MICRO), st.booleans()),
    st.tuples(st.just(Kind.SHOCK), st.just(0), st.just(False)),
)
OPPOSITE = {Kind.GOT: Kind.GAVE, Kind.GAVE: Kind.GOT}


@examples
@given(histories(series=1, kinds=harmless))
def test_2_an_account_turned_round_changes_the_sign_alone(rows):
    turned = [(s, day, OPPOSITE.get(kind, kind), -value if kind == Kind.CHECK else value, relayed) for s, day, kind, value, relayed in rows]
    one, other = folded(rows).after.columns[:, 0], folded(turned).after.columns[:, 0]
    assert other[:3] == pytest.approx(-one[:3], abs=1e-12)
    assert other[3:9] == pytest.approx(one[3:9], abs=1e-12)


@examples
@given(histories(series=1), st.sampled_from([3, 7, 1000]))
def test_3_a_sides_own_unit_does_not_matter(rows, factor):
    sized = [row for row in rows if row[2] not in (Kind.GOT, Kind.GAVE) or abs(row[3]) < 10**12 or row[3] == NO_VALUE]
    bigger = [
        (s, day, kind, value * factor if kind in (Kind.GOT, Kind.GAVE) and value != NO_VALUE else value, relayed)
        for s, day, kind, value, relayed in sized
    ]
    one, other = folded(sized).after.columns[:13, 0], folded(bigger).after.columns[:13, 0]
    assert other == pytest.approx(one, abs=1e-9)


@examples
@given(histories(), st.randoms(use_true_random=False))
def test_4_the_order_of_input_does_not_matter_to_the_bit(rows, chance):
    shuffled = list(rows)
    chance.shuffle(shuffled)
    one, other = folded(rows), folded(shuffled)
    assert one.after.pack() == other.after.pack()
    assert one.before.pack() == other.before.pack()


@examples
@given(histories())
def test_5_step_by_step_is_the_same_as_all_at_once(rows):
    evidence = columns(rows).sorted()
    states = States.prior(2)
    for place in np.argsort(evidence.day, kind="stable"):
        one = evidence.take(slice(place, place + 1))
        side = int(one.series[0])
        so_far = states.columns[15:, side]
        if so_far[2] == one.day[0]:
            continue
        day = evidence.take((evidence.series == side) & (evidence.day == one.day[0]))
        states = fold(day, 2, initial=states).after
    assert states.columns == pytest.approx(fold(evidence, 2).after.columns, rel=1e-12, abs=EXACT, nan_ok=True)


@examples
@given(histories(series=1, most=20))
def test_5_the_open_day_folds_again_from_before(rows):
    assume(rows)
    whole = folded(rows, 1)
    last = max(row[1] for row in rows)
    again = folded([row for row in rows if row[1] == last], 1, initial=whole.before)
    assert again.after.columns == pytest.approx(whole.after.columns, rel=1e-12, abs=EXACT, nan_ok=True)
    assert whole.open_day.tolist() == [last]
    assert again.before.pack() == whole.before.pack()


@examples
@given(histories(series=1), st.integers(0, 500), st.integers(0, 500))
def test_6_silence_only_widens(rows, first, second):
    state = folded(rows, 1).after
    start = int(state.last_day[0]) if rows else DAY
    near, far, very_far = (predict(state, start + days) for days in (first, first + second, 60_000))
    assert state.variance[0] <= near.variance[0] + EXACT
    assert near.variance[0] <= far.variance[0] + EXACT
    assert far.variance[0] <= DEFAULTS.variance_felt + EXACT
    assert predict(near, start + first + second).columns == pytest.approx(far.columns, abs=EXACT, nan_ok=True)
    assert very_far.variance[0] == pytest.approx(DEFAULTS.variance_felt, abs=1e-6)
    assert very_far.felt[0] == pytest.approx(0, abs=1e-6)


@examples
@given(histories(series=1, most=60))
def test_7_doubt_is_positive_and_never_above_the_prior(rows):
    _, covariance = moments(folded(rows, 1).after.of_one())
    prior = np.diag([DEFAULTS.variance_usual, DEFAULTS.variance_deviation, DEFAULTS.variance_bias])
    assert np.linalg.eigvalsh(covariance).min() > 0
    assert np.linalg.eigvalsh(prior - covariance).min() > -EXACT


@examples
@given(histories(series=1), st.integers(-3, 3), st.booleans())
def test_8_any_check_lowers_doubt_on_its_day(rows, points, relayed):
    day = 1000
    silent = predict(folded(rows, 1).after, DAY + day)
    heard = folded([*rows, check(0, day, points, relayed)], 1).after
    assert heard.variance[0] < silent.variance[0]


@examples
@given(histories(series=1))
def test_9_a_higher_answer_is_a_higher_balance_and_its_jump_is_bounded(rows):
    felt = [folded([*rows, check(0, 1000, points)], 1).after.felt[0] for points in (-3, -1.5, 0, 0.1, 1, 3)]
    assert np.all(np.diff(felt) > 0)
    before = predict(folded(rows, 1).after, AS_OF).felt[0]
    assert max(abs(np.array(felt) - before)) <= DEFAULTS.nats(3)


@examples
@given(histories(series=1), st.integers(1, 300))
def test_10_an_empty_day_changes_nothing_but_the_clock(rows, wait):
    state = folded(rows, 1).after
    start = int(state.last_day[0]) if rows else DAY
    later = start + wait
    through = predict(predict(state, later), later + 50)
    assert through.columns == pytest.approx(predict(state, later + 50).columns, abs=EXACT, nan_ok=True)
    nothing = folded([(0, later, Kind.GOT, 0, False)], 1, initial=state).after
    assert nothing.columns[:15] == pytest.approx(predict(state, later).columns[:15], abs=EXACT)


@examples
@given(histories(series=1), st.sampled_from([Kind.GOT, Kind.GAVE]), st.one_of(sizes, st.just(9 * 10**18)), st.integers(0, 1))
def test_11_no_single_event_moves_the_balance_by_a_point(rows, kind, value, harm):
    value = -min(value, 10**18) if harm and kind == Kind.GOT and value > 0 else value
    before = predict(folded(rows, 1).after, AS_OF).felt[0]
    after = folded([*rows, (0, AS_OF, kind, value, False)], 1).after.felt[0]
    assert abs(after - before) < 0.6 * DEFAULTS.kappa


@examples
@given(histories(), st.floats(0.1, 2.5))
def test_12_chances_part_the_whole_and_a_label_needs_both_sides(rows, band):
    result = look(rows, AS_OF - 90, band_points=band)
    assert result.cells.sum() == pytest.approx(1, abs=1e-12)
    assert result.cells.min() >= -1e-15
    assert result.cells.max() == pytest.approx(result.probability, abs=1e-15)
    assert result.cells.argmax() == result.leaning or np.sort(result.cells.ravel())[-2] == pytest.approx(result.probability)
    if Verdict(result.verdict) is not Verdict.UNCONFIRMED:
        assert result.own.heard
        assert result.counterpart.heard
        assert result.probability >= 0.4


flows_only = st.tuples(st.sampled_from([Kind.GOT, Kind.GAVE]), sizes, st.booleans())


@examples
@given(histories(kinds=flows_only, most=60))
def test_13_events_alone_never_confirm_anything(rows):
    states = folded(rows).after
    assert states.variance.min() >= 0.5 * DEFAULTS.variance_felt
    result = look(rows, AS_OF - 100)
    assert Verdict(result.verdict) is Verdict.UNCONFIRMED
    assert not result.own.heard


def test_13_not_even_eight_hundred_of_them():
    rows = [(got if day % 2 else gave)(0, day, 1 + day % 5) for day in range(800)]
    share = folded(rows, 1).after.variance[0] / DEFAULTS.variance_felt
    assert 0.5 < share < 0.65


@examples
@given(histories(series=1))
def test_14_equal_evidence_is_no_tilt(rows):
    result = look(rows + [(1, *rest) for _, *rest in rows], AS_OF)
    assert (result.tilt, result.index) == (0, 0)
    assert result.own == result.counterpart


@examples
@given(histories(series=40, most=120))
def test_15_many_at_once_is_each_on_its_own(rows):
    states = folded(rows, 40).after
    many = outlook(*sides(states), AS_OF)
    for relationship in range(0, 20, 7):
        mine = [(series % 2, *rest) for series, *rest in rows if series // 2 == relationship]
        alone = folded(mine).after
        own, counterpart = sides(alone)
        for side in (0, 1):
            assert alone.columns[:, side] == pytest.approx(states.columns[:, 2 * relationship + side], rel=EXACT, abs=EXACT, nan_ok=True)
        one, row = outlook_of_one(own.of_one(), counterpart.of_one(), AS_OF), many.row(relationship)
        for mine_side, row_side in ((one.own, row.own), (one.counterpart, row.counterpart)):
            assert [v is None for v in mine_side] == [v is None for v in row_side]
            assert [v or 0 for v in mine_side] == pytest.approx([v or 0 for v in row_side], abs=EXACT)
        assert list(one[2:]) == pytest.approx(list(row[2:]), abs=EXACT)


def steady(every, until):
    return [report(side, day, 2) for side in (0, 1) for day in range(0, until, every) for report in (gave, got)]


def test_16_withdrawal_is_undefined_with_too_little_giving():
    sparse = look(steady(90, 700), DAY + 700)
    young = look(steady(1, 100), DAY + 100)
    assert sparse.own.withdrawal is None
    assert young.own.withdrawal is None
    assert look([check(0, 0, 1)], DAY + 800).own.withdrawal is None


def test_16_withdrawal_is_near_zero_in_steady_giving_and_near_one_when_it_stops():
    rows = steady(4, 600)
    going, stopped = look(rows, DAY + 599), look(rows, DAY + 690)
    assert going.own.withdrawal < 0.05
    assert stopped.own.withdrawal > 0.99
    assert stopped.mutual_withdrawal
    assert not stopped.spiral
    assert not going.mutual_withdrawal


def test_16_a_spiral_needs_somebody_who_feels_short():
    rows = [*steady(4, 600), check(0, 600, -2), check(0, 640, -2), check(1, 640, 0)]
    assert look(rows, DAY + 690).spiral


@examples
@given(histories(), statements, st.integers(0, 900))
def test_17_a_sides_due_day_does_not_depend_on_the_other_side(rows, statement, day):
    kind, value, relayed = statement
    more = [*rows, (1, DAY + day, int(kind), value, relayed)]
    one, other = look(rows, AS_OF), look(more, AS_OF)
    assert (one.own.due_day, one.own.due_reason) == (other.own.due_day, other.own.due_reason)


def test_a_shock_makes_what_was_felt_lately_tell_less():
    rows = [check(0, 0, -3), check(0, 10, -3)]
    calm, shaken = (predict(folded(case, 1).after, DAY + 20).columns[:, 0] for case in (rows, [*rows, shock(0, 20)]))
    assert abs(shaken[1]) < abs(calm[1])
    assert shaken[0] == calm[0]
    assert shaken[6] > calm[6]
    twice = folded([*rows, shock(0, 20), shock(0, 20)], 1).after.columns[:, 0]
    assert (twice[:15] == shaken[:15]).all()
