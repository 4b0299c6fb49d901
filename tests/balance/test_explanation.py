import pytest
from hypothesis import given, settings

from exchanges.balance import fold, predict
from exchanges.balance.explanation import contributions, largest
from tests.balance.histories import DAY, check, columns, confirm, gave, got, histories, random_rows, shock


@settings(max_examples=200, deadline=None)
@given(histories(series=1))
def test_parts_sum_to_the_felt_balance(rows):
    evidence, as_of = columns(rows), DAY + 950
    assert contributions(evidence, as_of).sum() == pytest.approx(predict(fold(evidence, 1).after, as_of).felt[0], abs=1e-12)


def test_parts_of_a_long_busy_history_sum_too():
    evidence = random_rows(3, 900, 1, span=400)
    assert contributions(evidence, DAY + 450).sum() == pytest.approx(predict(fold(evidence, 1).after, DAY + 450).felt[0], abs=1e-12)


def test_what_is_later_than_the_day_adds_nothing():
    rows = [check(0, 0, -2), check(0, 50, 3)]
    parts = contributions(columns(rows), DAY + 20)
    assert parts[1] == 0
    assert parts[0] == pytest.approx(predict(fold(columns(rows[:1]), 1).after, DAY + 20).felt[0], abs=1e-15)
    assert contributions(columns(rows), DAY - 1).tolist() == [0, 0]
    assert contributions(columns([]), DAY).tolist() == []


def test_parts_stand_by_the_rows_as_they_came():
    rows = [check(0, 90, 2), gave(0, 10, 4), shock(0, 30), confirm(0, 40, -0.2), got(0, 10, 4)]
    parts = contributions(columns(rows), DAY + 90)
    again = contributions(columns(rows[::-1]), DAY + 90)
    assert parts.tolist() == pytest.approx(again[::-1].tolist(), abs=1e-15)
    assert parts[0] > 0
    assert parts[2] == 0
    assert parts[3] < 0
    assert parts[1] < 0 < parts[4]


def test_a_days_events_share_by_weight():
    parts = contributions(columns([gave(0, 0, 4), gave(0, 0, 2), gave(0, 0, 2, relayed=True)]), DAY)
    assert parts[0] == pytest.approx(2 * parts[1])
    assert parts[1] == pytest.approx(2 * parts[2])


def test_the_largest_are_shown_and_the_rest_is_one_line():
    parts = contributions(columns([check(0, 0, 1), check(0, 90, -3), gave(0, 100, 2)]), DAY + 100)
    shown = largest(parts, 2)
    assert [row for row, _ in shown.largest] == [1, 0]
    assert sum(part for _, part in shown.largest) + shown.rest == pytest.approx(parts.sum())
