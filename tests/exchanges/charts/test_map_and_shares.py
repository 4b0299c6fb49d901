"""The map puts each relationship where both sides stand; columns and bars add up to a whole."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchanges.charts import MapMark, WeekShares, balance_map, breakdown, coverage, shares
from exchanges.charts.map import NOMINAL, mark_classes

from .readings import TODAY, reading


def mark(they: float = 0.0, we: float = 0.0, *, rank=None, name="Tidewell Freight", they_heard=True, we_heard=True, half=0.4):
    theirs, ours = reading(they, half, heard=they_heard), reading(we, half, own=True, heard=we_heard)
    return MapMark("/r/1", name, theirs, ours, f"{name}: as it is", "balanced", rank=rank)


@pytest.mark.parametrize(
    ("they", "we", "classes"),
    [
        (0, 0, "is-fair"),
        (-1.2, 0.4, "is-under"),
        (0.3, -1.6, "is-under"),
        (-1.7, -1.4, "is-both"),
        (1.8, 0.1, "is-over"),
        (1, 1.2, "is-over"),
        (-1, 1, "is-under"),
    ],
)
def test_the_tone_says_who_stands_where(they, we, classes):
    assert mark_classes(mark(they, we)) == classes


def test_an_unheard_mark_is_hollow_in_the_tone_of_the_larger_lean():
    assert mark_classes(mark(0.5, 0.9, they_heard=False)) == "is-over is-open"
    assert mark_classes(mark(-1.5, -1.2, we_heard=False)) == "is-under is-open"
    assert mark_classes(mark(0.3, 0.1, we_heard=False)) == "is-fair is-open"


def test_places_and_halos_are_the_drawn_ones():
    dot = balance_map([mark(-1.2, 0.4, rank=2, half=0.5)]).ranked[0][1]
    assert (dot.x, dot.y, dot.halo_rx) == ("31.6%", "43.87%", "7.67%")


def test_a_side_that_never_answered_has_no_place_on_the_map():
    unknown = MapMark("/r/1", "Tern Valley", reading(None), reading(0, own=True), "", "unconfirmed")
    with pytest.raises(ValueError, match="Tern Valley"):
        balance_map([unknown])


def test_numbered_marks_lie_on_top_in_their_order_and_fair_ones_below():
    chart = balance_map([mark(0, 0, rank=2, name="B"), mark(-2, 0), mark(0, 0), mark(0.2, 0.1, they_heard=False), mark(1, 1, rank=1, name="A")])
    assert [dot.rank for _, dot in chart.ranked] == [1, 2]
    assert [dot.classes for dot in chart.dots] == ["is-fair", "is-under", "is-fair is-open"]
    assert [row.name for row in chart.marks][:2] == ["A", "B"]


def test_many_marks_lose_their_halos_then_their_dots():
    some, many, crowd = [mark() for _ in range(300)], [mark() for _ in range(301)], [mark(0.1 * (i % 7)) for i in range(500)]
    assert len(balance_map(some).halos) == 300
    assert (len(balance_map(many).halos), len(balance_map(many).dots)) == (0, 301)
    dense = balance_map([*crowd[:-1], mark(-2, 0, rank=1)])
    assert dense.is_dense
    assert (len(dense.dots), len(dense.ranked)) == (0, 1)
    assert sum(cell.count for cell in dense.cells) == 499
    assert max(cell.weight for cell in dense.cells) == 5


def test_names_do_not_lie_on_one_another_and_stay_on_the_map():
    crowd = [mark(0.1 * i, 0.05 * i, rank=i + 1, name=f"Relationship number {i}") for i in range(6)]
    labels = [label for label, _ in balance_map([*crowd, mark(2.9, 2.9, rank=7, name="At the very corner of it")]).ranked]
    spots = {(label.x, label.y, label.dx, label.dy) for label, _ in balance_map(crowd).ranked}
    assert len(spots) == 6
    assert labels[-1].anchor == "end"


def test_a_name_of_any_length_is_shortened_on_the_map_and_whole_in_the_table():
    long = "Überlandwerk Ostfriesland-Papenburg Elektrizitätsgesellschaft mbH"
    chart = balance_map([mark(0, 0, rank=1, name=long)])
    assert len(chart.ranked[0][0].text) <= 26
    assert chart.ranked[0][0].text.endswith("…")
    assert chart.marks[0].name == long


@given(st.lists(st.tuples(st.floats(-9, 9), st.floats(-9, 9)), min_size=1, max_size=12))
def test_every_place_lies_inside_of_the_plot(places):
    chart = balance_map([mark(they, we, rank=i + 1) for i, (they, we) in enumerate(places)])
    for label, dot in chart.ranked:
        assert 4 <= float(dot.x[:-1]) <= 96
        assert 4 <= float(dot.y[:-1]) <= 96
        assert 0 <= float(label.x[:-1]) * NOMINAL / 100 <= NOMINAL


def weeks(*counts):
    return [WeekShares(TODAY - timedelta(weeks=len(counts) - 1 - i), *count) for i, count in enumerate(counts)]


def test_a_column_is_stacked_from_fair_below_to_unconfirmed_above():
    chart = shares(weeks((2, 1, 1, 2, 1, 1)))
    assert [block.code for block in chart.blocks] == ["fair", "over", "we", "they", "both", "open"]
    assert chart.blocks[0].y == "75%"
    assert chart.blocks[-1].y == "0%"
    assert sum(float(block.height[:-1]) for block in chart.blocks) == pytest.approx(100, abs=0.05)


def test_a_week_before_the_first_relationship_has_no_column():
    chart = shares(weeks((0, 0, 0, 0, 0, 0), (1, 0, 0, 0, 0, 1), (2, 0, 0, 0, 0, 0)))
    assert {block.x for block in chart.blocks} == {"33.33%", "66.67%"}
    assert (chart.starts_on, chart.then_on) == (date(2026, 5, 28), date(2026, 6, 4))
    assert (chart.fair_then, chart.fair_now) == (50, 100)


def test_the_table_beside_the_columns_says_then_and_now():
    rows = {row.code: (row.then, row.now) for row in shares(weeks((17, 2, 3, 5, 0, 11), (25, 3, 2, 4, 1, 7))).rows}
    assert rows == {"fair": (17, 25), "over": (2, 3), "we": (3, 2), "they": (5, 4), "both": (0, 1), "open": (11, 7)}


def test_no_weeks_at_all_are_an_empty_chart():
    chart = shares([])
    assert (chart.blocks, chart.starts_on, chart.then_on) == ((), None, None)


def test_hatches_carry_the_name_of_their_page_part():
    assert {part.pattern for part in breakdown(weeks((1, 0, 1, 0, 0, 1))[0], "steward").parts} == {"", "steward-pw", "steward-pu"}


def test_a_breakdown_fills_its_bar_and_an_empty_group_has_none():
    parts = breakdown(weeks((6, 1, 1, 0, 0, 3))[0]).parts
    assert [(part.code, part.count, part.x) for part in parts] == [
        ("fair", 6, "0%"),
        ("over", 1, "54.55%"),
        ("we", 1, "63.64%"),
        ("open", 3, "72.73%"),
    ]
    assert breakdown(WeekShares(TODAY)).parts == ()


@pytest.mark.parametrize(("part", "whole", "filled"), [(35, 42, "83.33%"), (0, 42, "0%"), (0, 0, "0%"), (7, 7, "100%")])
def test_coverage_of_nothing_is_an_empty_bar(part, whole, filled):
    assert coverage(part, whole).filled == filled
