"""The optional questions of a check: offered one thing at a time, part of the answer in everything, and evidence of nothing."""

from datetime import timedelta
from decimal import Decimal

import pytest

from exchanges.models import Answer, AnswerItem, Evidence, ItemKind, Round, RoundSeat
from exchanges.selectors.items import item_lines, items_of, offers_of
from exchanges.selectors.rounds import state_of
from exchanges.services.erasing import erase_person
from exchanges.services.items import ItemSaid, ensure_offered, said_in
from exchanges.services.rounds import RoundAlreadyRevealed, answer_check, open_round
from exchanges.services.together import agree_goal, close_goal, propose_goal, say_stance
from exchanges.wording.minutes import minutes, takes
from relationships.models import SideRole
from relationships.services.parties import add_person
from relationships.services.relationships import add_participant
from tests.makers import NOW, TODAY
from valueledger.common.errors import Invalid

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
OWN, COUNTERPART = SideRole.OWN, SideRole.COUNTERPART
PART = ItemKind.PART


def opened(relationship, now=NOW + DAY):
    return open_round(relationship=relationship, now=now, reason="due")


def says(round, participant, value="1", items=(), now=NOW + DAY, **more):
    seat = RoundSeat.objects.select_related("round").get(round=round, participant=participant)
    return answer_check(seat=seat, value=Decimal(value), items=items, assurance="SIGNED_IN", now=now, **more)


def agreed(cast, what, now=NOW):
    goal = propose_goal(author=cast.ana_speaks, what=what, by_on=None, now=now)
    agree_goal(goal=goal, author=cast.bo_speaks, now=now)
    return goal


def kinds(round, side):
    return [(str(offer.kind), offer.goal_text) for offer in offers_of(round, side)]


# What is offered


def test_taking_part_is_always_offered_and_alone_where_nothing_else_was_said(cast):
    round = opened(cast.borealis)
    assert kinds(round, OWN) == kinds(round, COUNTERPART) == [("PART", "")]


def test_goals_and_what_a_side_stands_for_take_turns_and_never_come_together(cast):
    agreed(cast, "Halve the night calls")
    agreed(cast, "A second depot")
    say_stance(author=cast.bo_speaks, lines=["Honest dates"], now=NOW)
    seen = []
    for number in range(1, 7):
        round = Round(relationship=cast.borealis, number=number, opens_at=NOW + DAY)
        ours, theirs = kinds(round, OWN), kinds(round, COUNTERPART)
        assert len(ours) == len(theirs) == 2
        seen.append((ours[1], theirs[1]))
    first, second = ("GOAL", "Halve the night calls"), ("GOAL", "A second depot")
    stance = ("STANCE", "")
    assert [theirs for _ours, theirs in seen] == [second, stance, first] * 2
    assert all(ours[0] == "GOAL" for ours, _theirs in seen)  # our side has not said what it stands for, so a goal comes instead
    assert all(ours == theirs for ours, theirs in seen if theirs[0] == "GOAL")  # a goal is reviewed by both in the same check


def test_what_is_offered_stays_the_same_for_as_long_as_the_round_lasts(cast):
    goal = agreed(cast, "Halve the night calls")
    round = opened(cast.borealis)
    before = kinds(round, COUNTERPART)
    assert before[1] == ("GOAL", "Halve the night calls")
    later = round.opens_at + MINUTE
    agreed(cast, "Something new", now=later)
    say_stance(author=cast.bo_speaks, lines=["Honest dates"], now=later)
    close_goal(goal=goal, author=cast.ana_speaks, step="REACHED", now=later)
    assert kinds(round, COUNTERPART) == before
    assert kinds(Round(relationship=cast.borealis, number=2, opens_at=later), COUNTERPART)[1] == ("GOAL", "Something new")


def test_a_proposal_is_asked_about_by_nobody(cast):
    propose_goal(author=cast.ana_speaks, what="Only ours so far", by_on=None, now=NOW)
    assert kinds(opened(cast.borealis), COUNTERPART) == [("PART", "")]


# What is answered


def test_an_answer_carries_its_items_and_a_change_says_them_anew(cast):
    goal = agreed(cast, "Halve the night calls")
    round = opened(cast.borealis)
    first = says(round, cast.bo_speaks, items=[ItemSaid(PART, 3), ItemSaid(ItemKind.GOAL, 1, goal)]).answer
    assert says(round, cast.bo_speaks, items=[ItemSaid(ItemKind.GOAL, 1, goal), ItemSaid(PART, 3)]).answer == first
    second = says(round, cast.bo_speaks, items=[ItemSaid(PART, 2)]).answer
    assert (second.supersedes, second.seq) == (first, 2)
    standing = Answer.objects.standing().get(participant=cast.bo_speaks)
    assert [(row.kind, row.value) for row in items_of([standing])[standing.pk]] == [("PART", 2)]
    assert AnswerItem.objects.filter(answer=first).count() == 2


def test_a_confirm_can_carry_items_too(cast):
    round = opened(cast.borealis)
    says(round, cast.bo_speaks)
    says(round, cast.ana_speaks, now=NOW + DAY + MINUTE)
    again = opened(cast.borealis, NOW + 60 * DAY)
    seat = RoundSeat.objects.select_related("round").get(round=again, participant=cast.bo_speaks)
    answer = answer_check(seat=seat, value=None, confirm=True, items=[ItemSaid(PART, 4)], assurance="LINK", now=NOW + 60 * DAY).answer
    assert answer.items.get().value == 4


@pytest.mark.parametrize(
    "item", [ItemSaid(PART, 5), ItemSaid(ItemKind.STANCE, 1), ItemSaid(ItemKind.GOAL, 1)], ids=["no such word", "not offered", "no goal"]
)
def test_what_was_not_on_offer_is_refused_and_nothing_is_kept(cast, item):
    round = opened(cast.borealis)
    with pytest.raises(Invalid):
        says(round, cast.bo_speaks, items=[item])
    with pytest.raises(Invalid):
        says(round, cast.bo_speaks, items=[ItemSaid(PART, 1), ItemSaid(PART, 2)])
    assert not Answer.objects.exists()


def test_another_relationships_goal_is_not_on_offer(cast, employee):
    foreign = propose_goal(author=employee.eva_speaks, what="Ours at work", by_on=None, now=NOW)
    agree_goal(goal=foreign, author=employee.relationship.sides.get(role=0).participants.get(), now=NOW)
    agreed(cast, "Halve the night calls")
    with pytest.raises(Invalid):
        says(opened(cast.borealis), cast.bo_speaks, items=[ItemSaid(ItemKind.GOAL, 1, foreign)])


def test_a_form_says_only_what_it_was_shown(cast):
    offers = offers_of(opened(cast.borealis), COUNTERPART)
    assert said_in(offers, {"part": "4", "more": "2"}) == (ItemSaid(PART, 4),)
    assert said_in(offers, {"part": ""}) == ()
    for nonsense in ("9", "-1", "two", "1.0"):
        with pytest.raises(Invalid):
            said_in(offers, {"part": nonsense})


def test_items_are_no_evidence(cast):
    """The same answers with and without items post the same evidence."""
    posted = []
    for items in ([], [ItemSaid(PART, 0)]):
        now = NOW + (60 * DAY if items else DAY)
        round = opened(cast.borealis, now)
        says(round, cast.bo_speaks, items=items, now=now)
        says(round, cast.ana_speaks, items=items, now=now)
        posted.append(list(Evidence.objects.filter(relationship=cast.borealis).order_by("-position").values_list("kind", "value_int", "side")[:2]))
    assert posted[0] == posted[1]


def test_after_the_reveal_they_stay_as_they_are(cast):
    round = opened(cast.borealis)
    says(round, cast.bo_speaks, items=[ItemSaid(PART, 3)])
    says(round, cast.ana_speaks)
    with pytest.raises(RoundAlreadyRevealed):
        says(round, cast.bo_speaks, items=[ItemSaid(PART, 0)], now=NOW + DAY + MINUTE)
    assert AnswerItem.objects.get().value == 3


def test_side_by_side_and_never_merged(cast):
    round = opened(cast.borealis)
    says(round, cast.bo_speaks, items=[ItemSaid(PART, 4)])
    says(round, cast.ana_speaks, items=[ItemSaid(PART, 0)])
    state = state_of(round, NOW + DAY + MINUTE)
    ours, theirs = state.answers_of(OWN), state.answers_of(COUNTERPART)
    [line] = item_lines(ours, theirs, items_of([*ours, *theirs]))
    assert (line.title, line.ours, line.theirs) == ("How much the other side takes part", "Not at all", "Fully")


def test_colleagues_stand_as_one_word_and_the_other_sides_people_each_by_name(cast):
    for side, name in ((OWN, "Cleo"), (COUNTERPART, "Dan")):
        person = add_person(workspace=cast.workspace, name=name, email=f"{name.lower()}@there.example")
        add_participant(side=cast.borealis.sides.get(role=side), person=person, from_on=TODAY)
    round = opened(cast.borealis)
    values = {"Ana Lind": 4, "Cleo": 1, "Bo Berg": 4, "Dan": 0}
    for seat in RoundSeat.objects.filter(round=round).select_related("participant__person__text"):
        says(round, seat.participant, items=[ItemSaid(PART, values[seat.participant.person.text.name])])
    state = state_of(round, NOW + DAY + MINUTE)
    ours, theirs = state.answers_of(OWN), state.answers_of(COUNTERPART)
    [line] = item_lines(ours, theirs, items_of([*ours, *theirs]))
    assert (line.ours, line.theirs) == ("A good deal", "Bo Berg: Fully; Dan: Not at all")


def test_the_minutes_of_a_check_count_what_may_come_along_with_it():
    assert minutes("CHECK") * 60 == pytest.approx(48)  # half a minute, and two times about ten seconds
    assert minutes("RATING") * 60 == pytest.approx(12)
    assert takes("CHECK") == "about 30 seconds"  # what the page says of the one question


def test_a_blind_answer_of_an_erased_person_is_withdrawn_with_its_items_and_their_words_are_gone(cast):
    goal = propose_goal(author=cast.bo_speaks, what="Bo's own words", by_on=None, now=NOW)
    agree_goal(goal=goal, author=cast.ana_speaks, now=NOW)
    say_stance(author=cast.bo_speaks, lines=["Never late"], now=NOW)
    round = opened(cast.borealis)
    says(round, cast.bo_speaks, items=[ItemSaid(PART, 0)])
    erase_person(person=cast.bo, now=NOW + 2 * DAY)
    assert not Answer.objects.standing().filter(participant=cast.bo_speaks).exists()
    goal.text.refresh_from_db()
    assert goal.text.what == ""
    assert kinds(opened(cast.borealis, NOW + 60 * DAY), OWN) == [("PART", "")]  # nothing without words is asked about


def test_without_the_guard_anything_could_be_answered(cast, monkeypatch):
    """Negative control: what is on offer is looked at before an answer is taken."""
    round = opened(cast.borealis)
    with pytest.raises(Invalid):
        ensure_offered([ItemSaid(ItemKind.STANCE, 1)], round, COUNTERPART)
    monkeypatch.setattr("exchanges.services.rounds.ensure_offered", lambda items, round, side: None)
    assert says(round, cast.bo_speaks, items=[ItemSaid(ItemKind.STANCE, 1)]).answer.items.count() == 1
