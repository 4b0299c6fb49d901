"""Levels and beams lie where the drawings have them, and what is unknown is not drawn."""

import pytest

from exchanges.charts import bare_level, beam, level, stop_level
from exchanges.charts.scale import along, pct, tone, up

from .readings import reading


@pytest.mark.parametrize(("f", "place"), [(-3, "4%"), (-1.2, "31.6%"), (0, "50%"), (0.75, "61.5%"), (3, "96%"), (7, "96%"), (-40, "4%")])
def test_a_value_has_one_place_and_the_far_ones_are_clamped(f, place):
    assert pct(along(f)) == place
    assert along(f) + up(f) == 100


@pytest.mark.parametrize(("f", "expected"), [(-0.76, "is-under"), (-0.75, "is-fair"), (0.75, "is-fair"), (0.76, "is-over")])
def test_the_edges_belong_to_fair(f, expected):
    assert tone(f) == expected


def test_a_level_is_the_drawn_one():
    drawn = level(reading(-1.2, 0.5))
    assert (drawn.classes, drawn.bubble_x, drawn.bubble_width, drawn.dot_x) == ("is-under", "23.93%", "15.33%", "31.6%")
    assert (drawn.edge_low, drawn.edge_high, drawn.is_square) == ("38.5%", "61.5%", False)


def test_our_side_is_square_and_an_unheard_one_hollow():
    drawn = level(reading(0.6, 1.0, own=True, heard=False))
    assert drawn.is_square
    assert drawn.classes == "is-fair is-open"


def test_a_side_that_never_answered_has_a_track_and_no_dot():
    drawn = level(reading(None))
    assert (drawn.dot_x, drawn.bubble_x, drawn.classes) == ("", "", "")
    assert drawn.edge_low == bare_level().edge_low


def test_a_private_side_shows_nothing_even_if_there_is_a_number():
    assert level(reading(-2.0, is_private=True)).dot_x == ""
    assert beam(reading(-2.0, is_private=True), reading(0.1, own=True)).ends[0].is_square


def test_a_bubble_beyond_the_scale_ends_at_its_edge():
    drawn = level(reading(-2.9, 0.5))
    assert drawn.bubble_x == "4%"
    assert drawn.bubble_width == "9.2%"


def test_the_fair_zone_is_a_setting():
    assert level(reading(0.9, band=1.0)).classes == "is-fair"
    assert level(reading(0.9, band=1.0)).edge_high == "65.33%"


def test_the_seven_answers_have_their_small_levels():
    assert [stop_level(value).dot_x for value in (3, 0, -3)] == ["92%", "50%", "8%"]


def test_the_drawn_beam():
    drawn = beam(reading(-1.2, 0.5), reading(0.4, 0.4, own=True))
    assert (drawn.plank.y1, drawn.plank.y2, drawn.plank.middle, drawn.plank.is_open) == ("68.4%", "43.87%", "56.13%", False)
    assert [(end.x, end.classes, end.bubble_y, end.bubble_height) for end in drawn.ends] == [
        ("25%", "is-under", "60.73%", "15.33%"),
        ("75%", "is-fair", "37.73%", "12.27%"),
    ]
    assert (drawn.fair_y, drawn.fair_height) == ("38.5%", "23%")
    assert [tick.y for tick in drawn.ticks][:2] == ["96%", "80.67%"]
    assert [tick.is_zero for tick in drawn.ticks].index(True) == 3


def test_both_sides_may_sink_or_rise():
    sinking = beam(reading(-1.7), reading(-1.4, own=True))
    rising = beam(reading(1.2), reading(1.0, own=True))
    assert float(sinking.plank.middle[:-1]) > 61.5
    assert float(rising.plank.middle[:-1]) < 38.5


@pytest.mark.parametrize(("they", "we", "ends"), [(None, None, 0), (None, -0.4, 1), (0.3, None, 1)])
def test_with_an_unknown_side_the_plank_is_level_and_dotted(they, we, ends):
    drawn = beam(reading(they), reading(we, own=True))
    assert (drawn.plank.y1, drawn.plank.y2, drawn.plank.is_open) == ("50%", "50%", True)
    assert len(drawn.ends) == ends


def test_one_unheard_side_dots_the_plank_and_hollows_only_itself():
    drawn = beam(reading(0.5, 1.1, heard=False), reading(0.3, own=True))
    assert drawn.plank.is_open
    assert [end.classes for end in drawn.ends] == ["is-fair is-open", "is-fair"]


def test_a_ghost_is_how_it_was():
    drawn = beam(reading(-0.3, 0.6), reading(-1.3, 0.6, own=True), reading(-1.2, 0.5), reading(0.4, own=True))
    assert drawn.ghost_plank is not None
    assert (drawn.ghost_plank.y1, drawn.plank.y1) == ("68.4%", "54.6%")
    assert [end.classes for end in drawn.ghosts] == ["is-under is-ghost", "is-fair is-ghost"]
    assert beam(reading(0), reading(0, own=True)).ghost_plank is None


def test_a_small_beam_has_small_marks():
    drawn = beam(reading(0), reading(0, own=True), small=True)
    assert (drawn.bubble_width, drawn.dot_radius, drawn.is_small) == (18, 6, True)


def test_a_reading_around_a_mean_holds_the_truth_8_times_in_10():
    around = type(reading()).around("A", "A", False, 0.5, 1.0, True)
    assert around.estimate == pytest.approx((0.5, -0.7816, 1.7816))
