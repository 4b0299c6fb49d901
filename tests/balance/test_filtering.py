import random

import numpy as np
import pytest

from exchanges.balance import BYTES, DEFAULTS, Kind, States, fold, predict, sides
from exchanges.balance.evidence import NO_VALUE, EvidenceColumns
from exchanges.balance.filtering import SERIES_ABREAST, OutOfOrder, _ticks, fold_one
from exchanges.balance.pooling import FIRST, Rows, Sized, pool, pool_day
from tests.balance.histories import DAY, check, columns, confirm, folded, gave, got, look, random_rows


def state_of(*rows):
    return folded(rows, 1).after.columns[:, 0]


def test_answers_of_a_day_are_pooled_and_count_for_two_at_most():
    two, three = state_of(check(0, 0, 1), check(0, 0, 3)), state_of(check(0, 0, 1), check(0, 0, 2), check(0, 0, 3))
    assert three[:9] == pytest.approx(two[:9])
    one = state_of(check(0, 0, 2))
    assert three[3] < one[3]


def test_a_relayed_answer_has_half_the_weight_beside_a_first_hand_one():
    state = state_of(check(0, 0, 3), check(0, 0, 0, relayed=True))
    precision = 1.5 / DEFAULTS.check_variance
    expected = DEFAULTS.nats(2) * precision * DEFAULTS.variance_felt / (1 + precision * DEFAULTS.variance_felt)
    surprise = DEFAULTS.nats(2) / np.sqrt(DEFAULTS.variance_felt + 1 / precision)
    assert surprise < 2
    assert state[0] + state[1] == pytest.approx(expected)


def test_confirms_of_a_day_are_their_mean_with_twice_the_noise():
    state = state_of(confirm(0, 0, 0.1), confirm(0, 0, 0.3))
    gain = DEFAULTS.variance_felt / (DEFAULTS.variance_felt + DEFAULTS.check_variance)
    assert state[0] + state[1] == pytest.approx(0.2 * gain)


def test_a_surprise_is_flagged_and_the_next_answer_clears_it():
    rows = [check(0, 0, 0), check(0, 90, 0), check(0, 180, -3)]
    assert look(rows, DAY + 180).own.surprised
    assert not look([*rows, confirm(0, 190, -0.2)], DAY + 190).own.surprised
    assert not look([*rows, check(0, 190, -2)], DAY + 190).own.surprised
    assert look([*rows, gave(0, 190, 1)], DAY + 190).own.surprised


def test_a_confirm_never_surprises():
    rows = [check(0, 0, 0), check(0, 30, 0), confirm(0, 60, -9)]
    result = look(rows, DAY + 60)
    assert not result.own.surprised
    assert result.own.answer_day == DAY + 60
    assert DEFAULTS.points(-result.own.felt) < 3


def test_harm_is_booked_as_a_larger_gift_borne():
    assert state_of(got(0, 0, 4), got(0, 5, -2)) == pytest.approx(state_of(got(0, 0, 4), gave(0, 5, 3)), nan_ok=True)


def test_an_event_without_a_size_is_one_typical_event_and_moves_no_size():
    state = state_of(gave(0, 0, 4), gave(0, 5, None))
    assert state[:13] == pytest.approx(state_of(gave(0, 0, 4), gave(0, 5, 4))[:13])
    assert state[13:15].tolist() == [4, 16]
    assert state_of(gave(0, 0, None))[13:15].tolist() == [0, 0]


def test_relayed_events_weigh_half_but_their_size_is_a_size():
    full, relayed = state_of(gave(0, 0, 4)), state_of(gave(0, 0, 4, relayed=True))
    assert relayed[12] == full[12] / 2
    assert relayed[13:15].tolist() == full[13:15].tolist()
    assert abs(relayed[0]) < abs(full[0])


def test_the_cap_comes_before_the_half_of_a_relayed_event():
    state = state_of(gave(0, 0, 1), gave(0, 1, 100, relayed=True))
    assert state[12] == pytest.approx(np.exp(-1 / 720) + 1.5)


def test_nothing_said_is_the_prior():
    states = folded([], 3).after
    assert states.pack() == States.prior(3).pack()
    assert predict(states, DAY).variance == pytest.approx([DEFAULTS.variance_felt] * 3)
    assert folded([], 3).open_day.tolist() == [-1, -1, -1]


def test_a_series_without_new_evidence_keeps_its_state():
    start = folded([check(0, 0, 1), check(1, 0, 2)]).after
    result = fold(columns([check(0, 5, 1)]), 2, initial=start)
    assert result.after.pack()[1] == result.before.pack()[1] == start.pack()[1]
    assert result.before.pack()[0] == start.pack()[0]


def test_states_pack_into_fixed_blobs_and_back():
    states = fold(random_rows(1, 300, 6), 6).after
    blobs = states.pack()
    assert {len(blob) for blob in blobs} == {BYTES}
    assert np.array_equal(States.unpack(blobs).columns, states.columns, equal_nan=True)
    assert States.unpack(b"".join(blobs)).pack() == blobs
    assert States.from_rows(states.rows()).pack() == blobs
    assert States.join([states.take(slice(0, 2)), states.take(slice(2, 6))]).pack() == blobs
    assert BYTES < 200


def test_more_series_than_go_abreast_at_once():
    count = SERIES_ABREAST + 50
    rows = columns([check(series, series % 3, 1 + series % 2) for series in range(count)])
    states = fold(rows, count).after
    one = fold(columns([check(0, 1, 2)]), 1).after
    assert states.felt[1] == one.felt[0]
    assert states.felt[SERIES_ABREAST + 1 : SERIES_ABREAST + 9 : 6].tolist() == [states.felt[1]] * 2


def test_reading_a_state_before_its_last_day_is_refused():
    states = folded([check(0, 10, 1), check(1, 0, 1)]).after
    own, counterpart = sides(states)
    with pytest.raises(ValueError, match="before"):
        predict(states, DAY + 9)
    with pytest.raises(ValueError, match="younger"):
        look([check(0, 10, 1)], DAY + 9)
    assert predict(counterpart, DAY + 9).last_day.tolist() == [DAY + 9]
    assert own.last_day.tolist() == [DAY + 10]


def test_extreme_values_stay_finite():
    rows = [confirm(0, 0, 9e9), gave(0, 1, 9e12), got(0, 2, -9e12), got(0, 3, 1e-6), check(0, 4, 3)]
    state = state_of(*rows)
    assert np.isfinite(state).all()
    assert rows[0][2] == Kind.CONFIRM


@pytest.mark.parametrize("count", [1, 2, 5, 9, 17, 32])
def test_a_day_on_floats_is_the_same_to_the_bit_as_in_columns(count):
    rng = random.Random(count)
    for _ in range(200):
        rows = sorted(_piece(rng) for _ in range(count))
        day, pooled = pool_day(rows, DEFAULTS), pool(Rows.from_list(rows), FIRST, DEFAULTS)
        tick = next(_ticks(pooled, [0.0], FIRST))
        assert repr((day.shock, day.flows, day.answers, day.second_answers)) == repr(tick[1:])
        if day.sized is not None:
            assert all(np.array_equal(getattr(day.sized, name), getattr(pooled.sized, name)) for name in Sized.__slots__)
        else:
            assert tick.flows is None or pooled.sized is None


def _piece(rng: random.Random) -> tuple[int, bool, int]:
    kind = rng.choice([Kind.SHOCK, Kind.GOT, Kind.GOT, Kind.GAVE, Kind.CONFIRM, Kind.CHECK])
    lowest = {Kind.SHOCK: 0, Kind.GAVE: 0}.get(kind, -3_000_000)
    value = NO_VALUE if kind in (Kind.GOT, Kind.GAVE) and rng.random() < 0.3 else rng.randint(lowest, 0 if kind == Kind.SHOCK else 3_000_000)
    return int(kind), kind in (Kind.GOT, Kind.GAVE, Kind.CHECK) and rng.random() < 0.4, value


def test_one_series_on_floats_ends_where_all_of_them_do():
    rng = random.Random(3)
    rows = [(DAY + rng.randrange(12), *_piece(rng)) for _ in range(60)]
    before, after, day = fold_one(rows, States.prior(1).of_one())
    whole = fold(EvidenceColumns.from_rows([(0, on, kind, value, relayed) for on, kind, relayed, value in rows]), 1)
    assert [States.pack_one(before), States.pack_one(after)] == [*whole.before.pack(), *whole.after.pack()]
    assert day == whole.open_day[0] == max(row[0] for row in rows)
    with pytest.raises(OutOfOrder):
        fold_one(rows[:1], after)
