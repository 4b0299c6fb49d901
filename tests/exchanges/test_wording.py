"""Words follow the numbers: the fixed zones, the hedges, who is spoken to, and who gives more."""

from datetime import date, timedelta

import pytest

from exchanges import wording
from exchanges.wording.sides import Zone, zone_of
from exchanges.wording.verdicts import ENDS
from tests.exchanges.charts.readings import TODAY, reading

MAY, JANUARY = date(2026, 5, 12), date(2026, 1, 14)


@pytest.mark.parametrize(
    ("f", "lo", "hi", "text"),
    [
        (-1.2, -1.7, -0.7, "−1.2\u00a0±0.5"),
        (0.4, 0.0, 0.8, "+0.4\u00a0±0.4"),
        (0.0, -0.3, 0.3, "0.0\u00a0±0.3"),
        (-0.04, -0.34, 0.26, "0.0\u00a0±0.3"),
        (0.25, -0.1, 0.6, "+0.3\u00a0±0.4"),
        (-0.25, -0.6, 0.1, "−0.3\u00a0±0.4"),
        (1.0, 1.0, 1.0, "+1.0\u00a0±0.1"),
        (-1.2, -1.7, -0.8, "−1.2\u00a0±0.5"),
        (-1.2, -1.9, -0.8, "−1.9 to −0.8"),
        (-3.6, -4.3, -2.9, "−3.6\u00a0±0.7"),
    ],
)
def test_a_number_has_its_sign_its_range_and_a_true_minus(f, lo, hi, text):
    assert wording.number(f, lo, hi) == text


def test_a_half_is_rounded_up_whatever_the_float_says():
    assert wording.number(0.15, 0.15 - 0.35, 0.15 + 0.35) == "+0.2\u00a0±0.4"
    assert wording.number(0.1 + 0.05, -0.2, 0.5) == "+0.2\u00a0±0.4"


def test_a_number_can_be_read_aloud():
    assert wording.spoken(-1.2, -1.7, -0.7) == "minus 1.2, plus or minus 0.5"
    assert wording.spoken(0.0, -0.4, 0.4) == "0.0, plus or minus 0.4"
    assert wording.spoken(0.5, -0.2, 2.0) == "between minus 0.2 and plus 2.0"


@pytest.mark.parametrize(
    ("f", "zone"),
    [
        (-3, "FAR_UNDER"),
        (-2.251, "FAR_UNDER"),
        (-2.25, "UNDER"),
        (-1.501, "UNDER"),
        (-1.5, "LITTLE_UNDER"),
        (-0.751, "LITTLE_UNDER"),
        (-0.75, "FAIR"),
        (0.75, "FAIR"),
        (0.751, "LITTLE_OVER"),
        (1.5, "LITTLE_OVER"),
        (1.51, "OVER"),
        (2.25, "OVER"),
        (2.26, "FAR_OVER"),
        (9, "FAR_OVER"),
    ],
)
def test_the_seven_zones_have_their_edges(f, zone):
    assert zone_of(f, 0.75) is Zone[zone]


def test_the_width_of_fair_is_a_setting_and_the_other_edges_are_fixed():
    assert zone_of(1.0, 1.2) is Zone.FAIR
    assert zone_of(1.6, 1.2) is Zone.OVER


@pytest.mark.parametrize(
    ("side", "words"),
    [
        (reading(-1.2, 0.4), "gives a little more than it gets"),
        (reading(-1.2, 0.4, own=True), "give a little more than we get"),
        (reading(-1.2, 0.4, is_person=True), "gives a little more than they get"),
        (reading(0.1), "about fair"),
        (reading(0.5, 1.1, heard=False), "perhaps about fair"),
        (reading(-0.8, 0.4), "probably gives a little more than it gets"),
        (reading(0.7, 0.4), "probably about fair"),
        (reading(2.8, 0.3), "gets far more than it gives"),
        (reading(None), "not asked yet"),
        (reading(-1.2, is_private=True), "not shown"),
    ],
)
def test_words_under_a_side(side, words):
    assert wording.side_words(side) == words


def test_a_hedge_stands_only_near_an_edge():
    assert wording.side_sentence(reading(-1.1, 0.4)) == "Tidewell gives a little more than it gets."
    assert wording.side_sentence(reading(-0.9, 0.4)) == "Tidewell probably gives a little more than it gets."
    assert wording.side_sentence(reading(-1.1, 0.4, heard=False)) == "We think Tidewell gives a little more than it gets."


def test_the_portal_says_you_and_names_the_company():
    theirs, ours = reading(-1.1), reading(0.1, own=True)
    assert wording.side_sentence(theirs, "counterpart") == "You give a little more than you get."
    assert wording.side_sentence(ours, "counterpart") == "Oakhollow feels about fair."
    assert wording.side_words(theirs, "counterpart") == "give a little more than you get"
    assert wording.your_balance(theirs, "Oakhollow") == "With Oakhollow, you give a little more than you get."
    assert wording.your_balance(reading(0.1), "Oakhollow") == "With Oakhollow, you get about as much as you give."


def test_every_zone_has_a_sentence_for_everyone():
    for f in (-3, -2, -1, 0, 1, 2, 3):
        for side in (reading(f), reading(f, own=True), reading(f, is_person=True)):
            for eyes in ("own", "counterpart"):
                for heard in (True, False):
                    said = wording.side_sentence(
                        type(side)(side.name, side.short, side.is_own, f, f - 0.1, f + 0.1, heard, is_person=side.is_person), eyes
                    )
                    assert said.endswith(".")
                    assert "{" not in said


def test_since_when_a_side_is_known():
    assert wording.side_status(reading(0, answered_on=MAY, answered_by="Marta Solheim"), TODAY) == "confirmed 12 May, Marta Solheim"
    assert wording.side_status(reading(0, heard=False, answered_on=JANUARY), TODAY) == "unconfirmed, last answer 14 January"
    assert wording.side_status(reading(None), TODAY) == "no answer yet"
    assert wording.side_status(reading(0, is_private=True, answered_on=MAY), TODAY) == "their side is private"


@pytest.mark.parametrize(
    ("code", "label", "css"),
    [
        ("balanced", "In equilibrium", "verdict"),
        ("counterpart_feels_short", "They give more", "verdict verdict--under"),
        ("tilted_to_own", "They give more", "verdict verdict--under"),
        ("own_feels_short", "We give more", "verdict verdict--under"),
        ("tilted_to_counterpart", "We give more", "verdict verdict--under"),
        ("counterpart_feels_indebted", "They get more", "verdict verdict--over"),
        ("own_feels_indebted", "We get more", "verdict verdict--over"),
        ("mutual_surplus", "Both feel ahead", "verdict verdict--over"),
        ("unseen_value", "Both give more", "verdict verdict--both"),
        ("unconfirmed", "Unconfirmed", "verdict verdict--unconfirmed"),
    ],
)
def test_each_verdict_has_its_chip(code, label, css):
    chip = wording.verdict_chip(code)
    assert (chip.label, chip.css) == (label, css)


def test_the_words_of_a_chip_agree_with_where_the_two_sides_stand():
    for code, (they, we) in ENDS.items():
        label = wording.verdict_chip(code).label
        if they < 0 <= we:
            assert label == "They give more"
        if we < 0 <= they:
            assert label == "We give more"
        assert (wording.verdict_chip(code).they_y > 7) == (they < 0)


def test_seen_from_the_other_side_the_same_verdict_turns():
    for code in ENDS:
        mirrored = wording.mirror(code)
        assert ENDS[mirrored] == ENDS[code][::-1]
        assert wording.mirror(mirrored) == code
    assert wording.verdict_chip("own_feels_short", eyes="counterpart").label == "They give more"
    assert wording.verdict_chip("counterpart_feels_short", eyes="counterpart").label == "You give more"
    assert wording.verdict_chip("tilted_to_counterpart", eyes="counterpart").label == "They give more"
    assert wording.verdict_chip("counterpart_feels_indebted", eyes="counterpart").label == "You get more"


def test_the_first_that_holds_wins():
    assert wording.verdict_chip("unconfirmed", spiral=True, gap=True).label == "Unconfirmed"
    assert wording.verdict_chip("unseen_value", spiral=True, gap=True).label == "Both pulling back"
    assert wording.verdict_chip("counterpart_feels_short", gap=True).label == "Perception gap"
    assert wording.verdict_chip("something else").label == "Unconfirmed"


def test_shares_count_by_position_and_leave_nothing_out():
    assert {wording.share_of(code) for code in ENDS} == {"fair", "over", "we", "they", "both"}
    assert wording.share_of("unconfirmed") == "open"
    assert set(wording.SHARE_LABELS) == {"fair", "over", "we", "they", "both", "open"}


def voice(they, we, verdict, kind="client", **more):
    return wording.relationship_voice(they, we, verdict, kind, TODAY, **more)


def test_the_voice_names_both_sides():
    said = voice(reading(-1.1), reading(0.3, own=True), "counterpart_feels_short")
    assert said == "Tidewell gives a little more than it gets. We feel about fair."


def test_the_voice_joins_what_feels_the_same():
    assert voice(reading(0.2), reading(0.1, own=True), "balanced") == "This feels fair to both sides."
    assert voice(reading(0.2), reading(0.1, own=True), "balanced", probability=0.5) == "This probably feels fair to both sides."


def test_a_gap_is_said_after_the_verdict_and_never_without_one():
    gap = wording.gap_sentence(3, ours=True)
    assert voice(reading(0.2), reading(0.1, own=True), "balanced", extra=gap).endswith("worth less to them than we thought.")
    assert gap not in voice(reading(0.2, heard=False, answered_on=JANUARY), reading(0.1, own=True), "unconfirmed", extra=gap)


def test_an_unheard_side_is_thought_and_the_sentence_ends_with_who_and_since_when():
    said = voice(reading(1.0, 1.1, heard=False, answered_on=JANUARY), reading(0.1, own=True, answered_on=MAY), "unconfirmed")
    assert said == (
        "We think Tidewell gets a little more than it gives. We feel about fair. But nobody at Tidewell has answered since January, so we do not know."
    )


def test_both_unheard_are_said_in_one_sentence():
    said = voice(reading(0.2, heard=False, answered_on=JANUARY), reading(0.1, own=True, heard=False, answered_on=date(2026, 2, 3)), "unconfirmed")
    assert said == "We think this feels fair to both sides. But neither side has answered since February, so we do not know."


def test_our_own_silence_is_named_too():
    said = voice(reading(0.2), reading(1.1, own=True, heard=False, answered_on=JANUARY), "unconfirmed")
    assert said.endswith("But nobody on our side has answered since January, so we do not know.")


def test_a_person_is_not_an_office():
    said = voice(reading(1.0, heard=False, answered_on=JANUARY, is_person=True), reading(0.1, own=True), "unconfirmed")
    assert "But Tidewell has not answered since January" in said


def test_heard_and_still_unconfirmed_is_too_close_to_say():
    said = voice(reading(0.7), reading(-0.7, own=True), "unconfirmed")
    assert said.endswith("Both sides have answered, but it is too close to say.")
    assert "probably" in said
    assert wording.unconfirmed_reason(reading(0.7), reading(-0.7, own=True), TODAY) == "Both sides have answered, but it is too close to say."


def test_before_anybody_answered_nothing_is_claimed():
    assert voice(reading(None), reading(None, own=True), "unconfirmed") == "We do not know yet. Nobody has answered."
    assert voice(reading(None), reading(0.1, own=True), "unconfirmed") == "We feel about fair. Tidewell has not answered yet."


def test_what_an_employee_feels_is_not_said_while_private():
    said = voice(reading(-2.0, is_private=True, is_person=True), reading(0.1, own=True), "own_feels_short", "employee")
    assert said == "We feel about fair. What Tidewell feels is not shared."
    assert "more" not in said


def test_a_spiral_says_that_it_feeds_itself():
    said = voice(reading(-1.7), reading(-1.4, own=True), "unseen_value", spiral=True, spiral_weeks=9)
    assert said == "Both sides feel they give more than they get. Both have been giving less for 9 weeks. That feeds itself."


def test_the_counterpart_hears_the_same_in_its_own_person():
    said = voice(reading(-1.1), reading(0.1, own=True), "counterpart_feels_short", eyes="counterpart")
    assert said == "Oakhollow feels about fair. You give a little more than you get."


@pytest.mark.parametrize("verdict", [*ENDS, "unconfirmed"])
def test_a_friendship_has_no_numbers_and_no_debts(verdict):
    for they in (reading(-1.2, answered_on=MAY), reading(1.2, heard=False, answered_on=JANUARY), reading(None)):
        said = voice(they, reading(0.4, own=True, answered_on=MAY), verdict, "personal")
        for word in ("give", "gets", "more", "less", "±", "owe", "debt", "fair"):
            assert word not in said
        assert not any(letter.isdigit() for letter in said.replace("12 May", ""))
    label = wording.personal_chip(verdict).label
    assert label in {"Feels even", "Worth a talk", "It has been a while"}


def test_it_has_been_a_while():
    said = voice(reading(0.2, heard=False, answered_on=JANUARY), reading(0.1, own=True, heard=False), "unconfirmed", "personal")
    assert said == "It has been a while. The last word about how it feels with Tidewell is from January."


@pytest.mark.parametrize(
    ("code", "action"),
    [
        ("balanced", "leave"),
        ("counterpart_feels_short", "learn"),
        ("own_feels_short", "say"),
        ("tilted_to_own", "rebalance"),
        ("tilted_to_counterpart", "rebalance"),
        ("counterpart_feels_indebted", "receive"),
        ("own_feels_indebted", "give_back"),
        ("mutual_surplus", "confirm"),
        ("unseen_value", "clarify"),
    ],
)
def test_each_verdict_has_one_next_step(code, action):
    step = wording.next_step(code, reading(0), reading(0, own=True), today=TODAY)
    assert step.action == action
    assert step.title
    assert step.text.endswith(".")


def step(code, they=None, we=None, **more):
    return wording.next_step(code, they or reading(0), we or reading(0, own=True), today=TODAY, **more)


def test_a_perception_gap_never_leads_to_giving_more():
    assert step("counterpart_feels_short", gap_steps=3).action == "clarify"
    assert step("counterpart_feels_short", gap_steps=-2).action == "tell"
    assert step("counterpart_feels_short", gap_steps=2, gap_ours=False).title == "Clarify what would help us"
    assert step("counterpart_feels_short", gap_steps=-2, gap_ours=True).action == "learn"
    assert step("counterpart_feels_short", gap_steps=1).action == "learn"


def test_unconfirmed_asks_whoever_is_silent():
    silent = reading(0.2, heard=False, answered_on=JANUARY)
    assert step("unconfirmed", silent).action == "ask"
    assert "14 January" in step("unconfirmed", silent).text
    assert step("unconfirmed", None, reading(0, own=True, heard=False)).title == "Answer for our side"
    assert step("unconfirmed", reading(0.7), reading(-0.7, own=True)).title == "Compare notes"


def test_in_equilibrium_the_next_check_is_named():
    assert step("balanced", next_check_on=date(2026, 9, 9)).text.endswith("due on 9 September.")


@pytest.mark.parametrize(("guess", "answer", "label"), [(4, 1, "Gap of 3: clarify"), (2, 4, "Gap of 2: tell them"), (1, -1, "Gap of 2: clarify")])
def test_a_gap_is_the_guess_minus_the_answer(guess, answer, label):
    chip = wording.gap_chip(guess, answer)
    assert chip is not None
    assert chip.label == label


@pytest.mark.parametrize(("guess", "answer"), [(2, 1), (2, 2), (None, 4), (4, None), (None, None)])
def test_one_step_or_a_missing_view_is_no_gap(guess, answer):
    assert wording.gap_chip(guess, answer) is None


def test_the_seven_answers_in_every_person():
    assert wording.check_answers()[0] == (3, "I get far more than I give")
    assert dict(wording.check_answers("we"))[-1] == "We give a little more than we get"
    assert dict(wording.check_answers("it", "Tidewell"))[0] == "Tidewell gets about as much as it gives"
    assert dict(wording.check_answers("they", "Ines"))[-3] == "Ines gives far more than they get"
    assert [value for value, _ in wording.staff_stops()] == [-3, -2, -1, 0, 1, 2, 3]


def test_worth_and_expectation_have_their_words():
    assert [word for word, _ in wording.worth_choices()] == [-1, 0, 1, 2, 3, 4]
    assert [word for word, _ in wording.cost_choices()] == [0, 1, 2, 3, 4]
    assert wording.worth_word(None) == "not rated yet"
    assert wording.rating_answer("MORE", 3) == "More than you expected, and worth a lot to you."
    assert wording.rating_answer("", -1) == "It got in the way."
    assert wording.rating_answer("WOW", None) == "Wow."
    assert wording.rating_answer("", None) == ""


def test_dates_carry_their_year_only_when_it_is_not_this_one():
    assert wording.day(date(2026, 6, 9), TODAY) == "9 June"
    assert wording.day(date(2025, 12, 9), TODAY) == "9 December 2025"
    assert wording.weekday_day(date(2026, 6, 9), TODAY) == "Tuesday 9 June"
    assert wording.since(JANUARY, TODAY) == "since January"
    assert wording.since(MAY, TODAY) == "since 12 May"
    assert wording.since(date(2025, 1, 14), TODAY) == "since January 2025"


@pytest.mark.parametrize(
    ("days", "text"),
    [(0, "today"), (1, "yesterday"), (5, "5 days ago"), (14, "2 weeks ago"), (59, "8 weeks ago"), (61, "2 months ago"), (400, "13 months ago")],
)
def test_how_long_ago(days, text):
    assert wording.ago(TODAY - timedelta(days=days), TODAY) == text


@pytest.mark.parametrize(("days", "text"), [(-8, "overdue since 3 June"), (0, "due today"), (1, "due tomorrow"), (19, "due 30 June")])
def test_when_something_is_due(days, text):
    assert wording.due(TODAY + timedelta(days=days), TODAY) == text


def test_an_employees_answer_is_told_to_be_theirs():
    assert "only if you share it" in wording.check_privacy("employee", "Oakhollow", MAY, TODAY)
    assert "with your name" in wording.check_privacy("client", "Oakhollow", MAY, TODAY)
    assert "Oakhollow" not in wording.check_privacy("personal", "Oakhollow", MAY, TODAY)
    assert "only if you share it" in wording.rating_privacy("employee", "Oakhollow", "Priya", MAY, TODAY)
    assert "Oakhollow" not in wording.rating_privacy("personal", "Oakhollow", "Priya", MAY, TODAY)


def test_an_address_is_masked_down_to_what_its_owner_needs():
    assert wording.masked_address("marta@tidewell.example") == "m…@tidewell.example"


def test_a_name_with_braces_or_percents_is_only_a_name():
    odd = reading(-1.1)
    odd = type(odd)("{0} %s", "{name} 100%", False, -1.1, -1.5, -0.7, True, answered_on=MAY)
    assert wording.side_sentence(odd) == "{name} 100% gives a little more than it gets."
    assert "{name} 100%" in voice(odd, reading(0, own=True), "counterpart_feels_short")


def test_the_day_opens_with_what_waits():
    assert wording.today_voice(2, 3) == "Two answers are waiting for you, and three relationships want a look."
    assert wording.today_voice(1, 0) == "One answer is waiting for you."
    assert wording.today_voice(0, 1) == "One relationship wants a look."
    assert wording.today_voice(0, 0) == "Nothing is waiting for you."


def test_the_portfolio_opens_with_what_is_fair_and_what_is_known():
    said = wording.portfolio_voice(25, 42, 5, 7)
    assert said == "25 of 42 relationships feel fair to both sides. 5 need a conversation, and 7 we have not confirmed lately."
    assert wording.portfolio_voice(4, 4, 0, 0) == "4 of 4 relationships feel fair to both sides."


def test_a_mark_of_the_map_says_what_it_is():
    assert wording.map_title("Tidewell", "They give more", reading(-1.2, 0.5), reading(0.4, own=True), 2) == (
        "2 Tidewell, they give more: they −1.2\u00a0±0.5, we +0.4\u00a0±0.4"
    )


def test_a_beam_can_be_read_aloud():
    said = wording.beam_label(reading(-1.2, 0.5), reading(0.5, 1.1, own=True, heard=False))
    assert said == (
        "Beam. Tidewell Freight sits below its fair line at minus 1.2, plus or minus 0.5. "
        "Oakhollow Works is somewhere around plus 0.5, plus or minus 1.1, unconfirmed."
    )
    assert wording.beam_label(reading(None), reading(None, own=True)) == "Beam without estimates: nobody has answered yet."


def test_no_words_use_a_dash_for_a_comma():
    from exchanges.wording import answers, sides

    tables = [
        *sides.PLAIN.values(),
        *sides.PERHAPS.values(),
        *sides.PROBABLY.values(),
        *(text for person in answers.ANSWERS.values() for text in person.values()),
    ]
    assert not [text for text in map(str, tables) if "—" in text or "!" in text]
