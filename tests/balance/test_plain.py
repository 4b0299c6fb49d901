"""The core against an independent plain-Python loop of the same model."""

import pytest
from hypothesis import given, settings

from benchmarks.plain import Side
from exchanges.balance import MICRO, Kind, Verdict, fold, outlook, outlook_of_one, predict, sides
from exchanges.balance.filtering import ABREAST_MIN
from tests.balance.histories import DAY, check, columns, gave, got, histories, random_rows

EXACT = 1e-12


def plain_side(evidence, series):
    mine = evidence.take(evidence.series == series)
    rows = zip(mine.day.tolist(), mine.kind.tolist(), mine.value.tolist(), mine.relayed.tolist(), strict=True)
    return Side().feed(list(rows))


def assert_same_state(states, place, plain):
    column = states.columns[:, place]
    assert column[:3] == pytest.approx(plain.m, abs=EXACT)
    P = plain.P
    assert column[3:9] == pytest.approx([P[0][0], P[0][1], P[0][2], P[1][1], P[1][2], P[2][2]], abs=EXACT)
    assert column[9:13] == pytest.approx([*plain.F, plain.L], rel=1e-11, abs=EXACT)
    assert column[13:15] == pytest.approx([plain.S1, plain.S2], rel=1e-12)
    assert bool(column[16]) == plain.surprised
    assert [None if day != day else int(day) for day in column[[15, 17, 18]]] == [plain.answer, plain.day, plain.first]


def assert_same_side(side, plain, day):
    later = plain.at(day)
    assert side.felt == pytest.approx(later.felt(), abs=EXACT)
    assert side.variance == pytest.approx(later.variance(), abs=EXACT)
    assert (side.short, side.fair, side.over) == pytest.approx(later.chances(), abs=1e-11)
    assert (side.usual, side.ledger_bias) == pytest.approx((later.m[0], later.m[2]), abs=EXACT)
    assert (side.heard, side.sustained, side.surprised) == (later.heard(), later.sustained(), plain.surprised)
    assert (side.withdrawal is None) == (later.withdrawal(day) is None)
    assert side.withdrawal is None or side.withdrawal == pytest.approx(later.withdrawal(day), abs=1e-10)
    assert side.due_day == plain.due(day)


@settings(max_examples=200, deadline=None)
@given(histories())
def test_random_histories_agree_one_relationship_at_a_time(rows):
    evidence = columns(rows)
    states, day = fold(evidence, 2).after, max([DAY, *evidence.day.tolist()]) + 17
    own, counterpart = sides(states)
    result = outlook_of_one(own.of_one(), counterpart.of_one(), day)
    for series, side in enumerate((result.own, result.counterpart)):
        plain = plain_side(evidence, series)
        assert_same_state(states, series, plain)
        assert_same_side(side, plain, day)


@pytest.mark.parametrize("seed", range(3))
def test_many_series_abreast_agree_with_each_on_its_own(seed):
    evidence = random_rows(seed, 6000, 80)
    states = fold(evidence, 80).after
    assert ABREAST_MIN < 80
    day = DAY + 1600
    many = outlook(*sides(states), day)
    for series in range(80):
        plain = plain_side(evidence, series)
        assert_same_state(states, series, plain)
        row = many.row(series // 2)
        assert_same_side(row.counterpart if series % 2 else row.own, plain, day)


def test_a_busy_side_with_capped_days_agrees():
    evidence = random_rows(9, 4000, 2, span=300)
    states = fold(evidence, 2).after
    for series in range(2):
        assert_same_state(states, series, plain_side(evidence, series))


def test_a_day_whose_events_are_all_worth_nothing_sets_no_typical_size():
    rows = [got(0, 0, 0), gave(0, 0, 0), got(0, 5, 4), gave(0, 9, 2)]
    states = fold(columns(rows), 1).after
    assert_same_state(states, 0, plain_side(columns(rows), 0))
    assert states.columns[13, 0] == 6


def test_pair_numbers_follow_from_the_sides():
    rows = [check(0, 0, -2), check(1, 0, 2), check(0, 60, -2), check(1, 60, 2), check(0, 120, -2), check(1, 120, 2)]
    states = predict(fold(columns(rows), 2).after, DAY + 130)
    result = outlook_of_one(*(side.of_one() for side in sides(states)), DAY + 130)
    plain = [plain_side(columns(rows), series).at(DAY + 130) for series in (0, 1)]
    assert result.tilt == pytest.approx((plain[0].felt() - plain[1].felt()) / 2)
    assert result.surplus == pytest.approx(0, abs=1e-15)
    assert result.probability == pytest.approx(plain[0].chances()[0] * plain[1].chances()[2])
    assert Verdict(result.verdict) is Verdict.TILTED_TO_COUNTERPART
    assert rows[0][2] == Kind.CHECK
    assert rows[0][3] == -2 * MICRO
