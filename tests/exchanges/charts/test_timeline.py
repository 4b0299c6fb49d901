"""The timeline draws what was known then: twelve months, steps at checks, nothing beyond today."""

from datetime import date, timedelta

import pytest

from exchanges.charts import TimelineCheck, TimelineEvent, TimelinePoint, TimelineSide, timeline
from exchanges.charts.timeline import height_of

from .readings import TODAY


def point(on: date, f: float = 0.0, half: float = 0.5, heard: bool = True) -> TimelinePoint:
    return TimelinePoint(on, f, f - half, f + half, heard)


def one_side(points=(), checks=(), events=(), due_on=None, own=False):
    return timeline([TimelineSide("Tidewell Freight", own, points, checks, events, due_on)], TODAY)


def test_it_shows_twelve_calendar_months_and_today_as_drawn():
    chart = one_side()
    assert (chart.start, chart.end) == (date(2025, 7, 1), date(2026, 6, 30))
    assert [month.month for month in chart.months] == [7, 8, 9, 10, 11, 12, 1, 2, 3, 4, 5, 6]
    assert (chart.now_x, chart.future_width) == ("94.52%", "5.48%")


@pytest.mark.parametrize("today", [date(2026, 1, 1), date(2024, 2, 29), date(2026, 12, 31)])
def test_the_window_ends_with_the_month_of_today(today):
    chart = timeline([], today)
    assert (chart.end.year, chart.end.month) == (today.year, today.month)
    assert (chart.end + timedelta(days=1)).day == 1
    assert len(chart.months) == 12
    assert chart.months[-1] == today.replace(day=1)


@pytest.mark.parametrize(("f", "height"), [(3, 2), (0, 41), (0.75, 31.25), (-1.2, 56.6), (-3, 80), (9, 2), (-9, 80)])
def test_heights_are_the_drawn_ones_and_clamped(f, height):
    assert height_of(f) == pytest.approx(height)


def test_a_check_stands_at_its_answer_with_its_day():
    panel = one_side(checks=[TimelineCheck(date(2026, 5, 12), -1.2, "Marta Solheim")]).panels[0]
    assert [(mark.x, mark.y, mark.by) for mark in panel.checks] == [("86.3%", "56.6%", "Marta Solheim")]


def test_without_checks_there_is_no_line_but_the_events_stand():
    panel = one_side(events=[TimelineEvent(date(2026, 4, 14), "Slot planner", 1)]).panels[0]
    assert panel.runs == ()
    assert len(panel.events) == 1


@pytest.mark.parametrize(
    ("word", "path", "ring"),
    [
        (1, "M0-1.5V-5", ""),
        (2, "M0-1.5V-8", ""),
        (3, "M0-1.5V-11", ""),
        (4, "M0-1.5V-14", ""),
        (-1, "M0 2V7", ""),
        (0, "", "nothing"),
        (None, "", "unrated"),
    ],
)
def test_an_event_is_a_tick_as_long_as_its_worth(word, path, ring):
    mark = one_side(events=[TimelineEvent(date(2026, 4, 14), "Something", word)]).panels[0].events[0]
    assert (mark.path, mark.ring) == (path, ring)


def test_two_points_of_one_day_make_a_step():
    day = date(2026, 5, 12)
    run = one_side([point(date(2026, 4, 1)), point(day, -0.7, 0.9), point(day, -1.2, 0.3)]).panels[0].runs[0]
    assert "L86.3 50.1L86.3 56.6L" in run.line


def test_the_line_begins_with_what_was_known_before_and_ends_today():
    run = one_side([point(date(2025, 3, 1), 0.5)]).panels[0].runs[0]
    assert run.line == "M0 34.5L94.52 34.5"


def test_where_unheard_the_line_is_open_and_does_not_break():
    points = [point(date(2026, 1, 1)), point(date(2026, 3, 24), heard=False), point(date(2026, 5, 12), heard=True), point(date(2026, 5, 12), -1.2)]
    panel = one_side(points).panels[0]
    assert [run.is_open for run in panel.runs] == [False, True, False]
    ends = [run.line.split("L")[-1] for run in panel.runs[:2]]
    starts = [run.line.removeprefix("M").split("L")[0] for run in panel.runs[1:]]
    assert ends == starts
    assert panel.open_since is None


def test_the_day_since_when_it_is_unheard_is_told():
    points = [point(date(2026, 1, 1)), point(date(2026, 4, 20), heard=False), point(date(2026, 5, 12), heard=False)]
    assert one_side(points).panels[0].open_since == date(2026, 4, 20)


def test_what_lies_outside_of_the_year_or_after_today_is_not_drawn():
    checks = [TimelineCheck(date(2025, 6, 30), 1.0), TimelineCheck(date(2026, 6, 12), 1.0)]
    events = [TimelineEvent(date(2025, 6, 30), "old", 1), TimelineEvent(date(2026, 6, 12), "promised", 1)]
    chart = one_side([point(date(2026, 6, 12), 2.0)], checks, events)
    assert (chart.panels[0].checks, chart.panels[0].events, chart.panels[0].runs, chart.rows) == ((), (), (), ())


@pytest.mark.parametrize(("due_on", "drawn"), [(date(2026, 6, 24), True), (date(2026, 7, 1), False), (date(2026, 6, 11), False), (None, False)])
def test_a_due_check_is_drawn_in_the_strip_of_the_future_only(due_on, drawn):
    panel = one_side([point(date(2026, 5, 1), -1.1)], due_on=due_on).panels[0]
    assert (panel.due is not None) == drawn
    if panel.due:
        assert panel.due.x == "98.08%"


def test_the_twin_holds_both_sides_newest_first_with_the_estimate_after():
    day = date(2026, 5, 12)
    theirs = TimelineSide(
        "Tidewell", False, [point(day, -0.7), point(day, -1.2)], [TimelineCheck(day, -1.2, "Marta")], [TimelineEvent(date(2026, 5, 6), "Calls", -1)]
    )
    ours = TimelineSide("Oakhollow", True, [point(date(2026, 6, 3), 0.4)], [TimelineCheck(date(2026, 6, 3), 0.4)])
    rows = timeline([theirs, ours], TODAY).rows
    assert [(row.on, row.name, row.is_check) for row in rows] == [
        (date(2026, 6, 3), "Oakhollow", True),
        (day, "Tidewell", True),
        (date(2026, 5, 6), "Tidewell", False),
    ]
    assert rows[1].after is not None
    assert rows[1].after.f == -1.2
    assert rows[2].after is None
