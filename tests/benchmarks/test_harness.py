import gc

import pytest

from benchmarks import harness
from benchmarks.harness import ABSENT, AT_LEAST, AT_MOST, LOW, NOISY, OK, Work, absent, compare, counted, table


@pytest.fixture
def clock(monkeypatch):
    """CPU time that moves only when a piece of work says so; no garbage is collected, which takes long in a whole suite."""
    now = [0.0]
    monkeypatch.setattr(gc, "collect", lambda: 0)
    monkeypatch.setattr(harness, "cpu_seconds", lambda servers=(): now[0])

    def taking(*seconds):
        turns = iter(seconds * 40)
        return lambda: now.__setitem__(0, now[0] + next(turns))

    return taking


def test_a_bar_that_is_met_and_one_that_is_missed(clock):
    met = compare("X1", "ours", Work(clock(1.0)), "theirs", Work(clock(2.0)), AT_MOST, 0.5)
    missed = compare("X2", "ours", Work(clock(1.0)), "theirs", Work(clock(2.0)), AT_MOST, 0.4)
    assert (met.ratio, met.state) == (0.5, OK)
    assert missed.state == LOW


def test_at_least_turns_the_ratio_and_units_let_a_yardstick_do_less(clock):
    line = compare("X", "ours", Work(clock(1.0), units=100), "theirs", Work(clock(2.0), units=10), AT_LEAST, 20)
    assert line.ratio == pytest.approx(20)
    assert (line.value, line.yardstick_value) == pytest.approx((0.01, 0.2))
    assert line.state == OK


def test_an_unsteady_yardstick_fails_nobody(clock):
    line = compare("X", "ours", Work(clock(9.0)), "theirs", Work(clock(1.0, 2.0, 1.5)), AT_MOST, 1)
    assert line.state == NOISY


def test_preparing_is_not_timed(clock):
    line = compare("X", "ours", Work(clock(1.0), prepare=clock(50.0)), "theirs", Work(clock(1.0)), AT_MOST, 1)
    assert line.ratio == 1


def test_counts_have_no_noise_and_what_is_absent_is_never_met():
    lines = [
        counted("H3", "queries", 3, "queries", AT_MOST, 3),
        counted("H3", "calls", 1300, "calls", AT_MOST, 1200),
        absent("E2", "replay", "no PostgreSQL"),
    ]
    assert [line.state for line in lines] == [OK, LOW, ABSENT]
    assert table(lines).endswith("1 of 3 bars met")
    assert lines[0].as_dict()["ratio"] == 3


def test_cpu_of_this_process_moves_on():
    before = harness.cpu_seconds()
    sum(range(200_000))
    assert harness.cpu_seconds() > before


def test_a_short_run_holds_to_counts_and_slopes_and_not_to_times(clock):
    timed = compare("X", "ours", Work(clock(1.0)), "theirs", Work(clock(2.0)), AT_MOST, 0.4)
    assert not timed.is_steady
    assert counted("X", "slope", 1.2, "", AT_MOST, 1.05).is_steady


def test_a_quick_run_takes_fewer_turns(clock, monkeypatch):
    turns = []
    work = Work(lambda: turns.append(1))
    for quick, expected in (("1", 1 + harness.QUICK_ROUNDS), ("", 1 + harness.ROUNDS)):
        monkeypatch.setenv(harness.QUICK, quick)
        turns.clear()
        compare("X", "ours", work, "theirs", Work(clock(1.0)), AT_MOST, 1)
        assert len(turns) == expected
