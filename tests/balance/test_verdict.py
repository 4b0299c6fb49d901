import math

import numpy as np
import pytest

from exchanges.balance import Reason, Verdict, asked_now, fold, outlook, sides, turns_on, wait_after_silence
from exchanges.balance.arithmetic import normal
from exchanges.balance.verdict import face_of
from tests.balance.histories import DAY, check, columns, gave, got, look, random_rows


def test_normal_distribution_function():
    x = np.concatenate([np.linspace(-12, 12, 40_001), np.random.default_rng(0).normal(0, 2, 20_000), [0.0, -0.0, 1 / 128, 9.0, -9.0]])
    exact = np.array([math.erfc(-value / math.sqrt(2)) / 2 for value in x])
    assert np.abs(normal(x) - exact).max() < 1e-15
    assert normal(np.array([-np.inf, np.inf])).tolist() == pytest.approx([0, 1], abs=1e-15)
    assert np.isnan(normal(np.array([np.nan, 0.0]))).tolist() == [True, False]


def settled(own, counterpart):
    return [check(side, 90 * turn, points) for turn in range(4) for side, points in ((0, own), (1, counterpart))]


@pytest.mark.parametrize(
    ("own", "counterpart", "code"),
    [
        (-2, -2, "unseen_value"),
        (-2, 0, "own_feels_short"),
        (-2, 2, "tilted_to_counterpart"),
        (0, -2, "counterpart_feels_short"),
        (0, 0, "balanced"),
        (0, 2, "counterpart_feels_indebted"),
        (2, -2, "tilted_to_own"),
        (2, 0, "own_feels_indebted"),
        (2, 2, "mutual_surplus"),
    ],
)
def test_each_cell_has_its_name(own, counterpart, code):
    result = look(settled(own, counterpart), DAY + 280)
    assert Verdict(result.verdict).code == code
    assert result.verdict == result.leaning
    assert result.cells.argmax() == result.verdict


def test_a_side_that_never_answered_leaves_it_unconfirmed_with_a_leaning():
    result = look([row for row in settled(-2, 0) if row[0] == 0], DAY + 280)
    assert Verdict(result.verdict) is Verdict.UNCONFIRMED
    assert Verdict(result.leaning) is Verdict.OWN_FEELS_SHORT
    assert (result.own.heard, result.counterpart.heard) == (True, False)
    assert result.counterpart.answer_day is None
    assert (result.counterpart.due_day, result.counterpart.due_reason) == (DAY + 280, Reason.NEVER_ASKED)


def test_a_tighter_band_names_what_a_wide_one_lets_be():
    rows = settled(-1, 0)
    assert look(rows, DAY + 280, band_points=0.5).own.short > 0.7
    assert look(rows, DAY + 280, band_points=1.5).own.short < 0.2


def test_severe_and_likely():
    assert look([check(side, 30 * turn, -3) for turn in range(9) for side in (0, 1)], DAY + 240).severe
    once = look([check(0, 0, -1), check(1, 0, 0)], DAY)
    assert (once.severe, once.likely) == (False, True)
    assert not look(settled(0, 0), DAY + 270).likely


def test_index_share_and_band_follow_the_tilt():
    result = look(settled(2, -2), DAY + 280)
    assert result.index == pytest.approx(math.tanh(result.tilt / 2))
    assert result.index_low < result.index < result.index_high
    assert result.share == pytest.approx((1 + result.index) / 2)
    assert result.index_high == pytest.approx(math.tanh((result.tilt + 1.2816 * result.sd) / 2))
    assert result.agreement > 0.9
    assert look(settled(2, 2), DAY + 280).agreement < 0.1


def test_due_day_of_a_clear_side_lies_between_the_gaps():
    rows = settled(0, 0)
    usual, rhythm, short = (look(rows, DAY + 270, **gap).own for gap in ({}, {"gap_max_days": 45}, {"gap_max_days": 7}))
    assert usual.due_day - DAY - 270 in range(100, 120)
    assert rhythm.due_day == DAY + 270 + 45
    assert short.due_day == DAY + 270 + 30
    assert usual.due_reason == Reason.WIDENED


def test_a_doubt_that_has_grown_enough_is_due_since_the_day_it_did_or_strictly_now():
    rows = settled(0, 0)
    side = look(rows, DAY + 420).own
    assert side.due_day < DAY + 420
    assert side.due_day == look(rows, DAY + 300).own.due_day
    strict = asked_now(side.due_day, side.due_reason, side.answer_day, DAY + 420, 180)
    assert strict == DAY + 420
    assert asked_now(side.due_day, Reason.WIDENED, side.answer_day, DAY + 900, 180) == DAY + 270 + 180
    assert asked_now(DAY + 5, Reason.SURPRISED, DAY, DAY + 900, 180) == DAY + 5


def test_an_unanswered_prompt_doubles_the_wait():
    assert [wait_after_silence(30, count) for count in range(5)] == [30, 60, 120, 180, 180]


def test_a_card_turns_on_the_day_its_face_changes():
    evidence = random_rows(12, 900, 60, span=400)
    own, counterpart = sides(fold(evidence, 60).after)
    as_of = DAY + 405
    turns = turns_on(own, counterpart, as_of)
    now = face_of(outlook(own, counterpart, as_of), as_of)
    for place in range(30):
        one, other = own.take(slice(place, place + 1)), counterpart.take(slice(place, place + 1))
        faces = [int(face_of(outlook(one, other, day), day)[0]) for day in range(as_of, int(turns[place]) + 1)]
        assert set(faces[:-1]) == {now[place]}
        assert faces[-1] != now[place] or turns[place] == as_of + 128
        assert turns_on(one, other, as_of).tolist() == [turns[place]]
    assert len(set(turns.tolist())) > 5


def test_a_due_day_coming_turns_the_card():
    rows = settled(0, 0)
    due = look(rows, DAY + 270).own.due_day
    own, counterpart = sides(fold(columns(rows), 2).after)
    assert turns_on(own, counterpart, DAY + 270)[0] <= due
    assert turns_on(own, counterpart, due)[0] > due


def test_bands_and_gaps_may_differ_by_relationship():
    rows = settled(-1, 0) + [(2 + side, *rest) for side, *rest in settled(-1, 0)]
    own, counterpart = sides(fold(columns(rows), 4).after)
    many = outlook(own, counterpart, DAY + 280, band_points=np.array([0.5, 1.5]), gap_max_days=np.array([40, 180]))
    assert many.own.short[0] > many.own.short[1]
    assert many.own.due_day[0] < many.own.due_day[1]
    assert many.row(1).own.short == pytest.approx(look(rows[:8], DAY + 280, band_points=1.5).own.short, abs=1e-14)


def test_withdrawal_uses_the_shortest_window_that_expects_enough():
    rows = [report(side, day, 2) for side in (0, 1) for day in range(0, 700, 20) for report in (gave, got)]
    result = look(rows, DAY + 700)
    assert result.own.withdrawal is not None
    assert result.own.withdrawal < 0.5
    assert look(rows, DAY + 820).own.withdrawal > 0.8
