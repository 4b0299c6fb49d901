"""Checks so far: nothing of an open one, both answers of one that is over, for ever; and never what an employee did not share."""

import re
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
import time_machine
from django.db import transaction
from django.test import Client
from django.urls import reverse

from exchanges.models import Answer, Assurance, Disclosure, RevealRule, Round, RoundSeat
from exchanges.selectors import rounds as round_states
from exchanges.services.rounds import RoundAlreadyRevealed, RoundClosed, answer_check, open_round, sweep_rounds
from relationships.models import SideRole
from relationships.services.parties import add_person
from relationships.services.relationships import add_participant
from tests.makers import NOW, make_member

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as moving:
        yield moving


def opened(relationship, now=NOW):
    return open_round(relationship=relationship, now=now, reason="due")


def says(round, participant, value, *, now=NOW, guess=None, sentence=""):
    seat = RoundSeat.objects.select_related("round").get(round=round, participant=participant)
    return answer_check(
        seat=seat, value=Decimal(value), guess=None if guess is None else Decimal(guess), sentence=sentence, assurance=Assurance.SIGNED_IN, now=now
    )


def page_for(member, relationship, query=""):
    client = Client()
    client.force_login(member.user)
    response = client.get(reverse("desk:checks", args=[relationship.public_id]) + query)
    return response, plain(response)


def plain(response):
    body = response.content.decode().split("<main", 1)[1].split("</main", 1)[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body))


def test_an_open_round_says_only_that_it_is_open(cast, clock):
    round = opened(cast.borealis)
    _, before = page_for(cast.ana, cast.borealis)
    says(round, cast.bo_speaks, "-3", guess="2", sentence="A secret")
    response, after = page_for(cast.ana, cast.borealis)
    assert response.status_code == 200
    assert after == before
    assert "Nothing is shown before both sides have answered" in after
    assert "Bo Berg" in after  # who was asked is no secret


def test_a_revealed_round_shows_both_answers_guesses_and_fields(cast, clock):
    round = opened(cast.borealis)
    says(round, cast.bo_speaks, "-2", guess="0", sentence="The nights")
    says(round, cast.ana_speaks, "0", guess="0", sentence="All fine", now=NOW + MINUTE)
    clock.move_to(NOW + 2 * MINUTE)
    _, body = page_for(cast.ana, cast.borealis)
    for said in (
        "Borealis gives more than it gets.", "The nights", "About as much as we give.", "All fine", "Their guess of ours: About as much as we give.",
        "Our guess of theirs: Borealis gets about as much as it gives.", "A blind spot of ours", "Borealis gets less out of it than we thought.",
    ):  # fmt: skip
        assert said in body, said
    client = Client()
    client.force_login(cast.ana.user)
    shown = plain(client.get(reverse("desk:relationship", args=[cast.borealis.public_id])))
    assert "The last check" in shown
    assert "We thought that this was better for you than it is. What do we not see?" in shown


def test_a_leader_reads_our_side_as_a_number_and_theirs_by_name(cast, clock):
    round = opened(cast.borealis)
    says(round, cast.bo_speaks, "-2", sentence="The nights")
    says(round, cast.ana_speaks, "0", sentence="Between us", now=NOW + MINUTE)
    clock.move_to(NOW + 2 * MINUTE)
    _, body = page_for(cast.lea, cast.borealis)
    assert "The nights" in body
    assert "Bo Berg" in body
    assert "Our side, " in body
    assert "Between us" not in body


def test_colleagues_are_shown_as_one_number(cast, clock):
    cleo = make_member(cast.workspace, "Cleo", steward=True)
    add_participant(side=cast.borealis.sides.get(role=SideRole.OWN), person=cleo.person, from_on=(NOW - DAY).date())
    round = opened(cast.borealis)
    says(round, cast.bo_speaks, "0")
    says(round, cast.ana_speaks, "3", sentence="Mine alone", now=NOW + MINUTE)
    says(round, RoundSeat.objects.get(round=round, participant__person=cleo.person).participant, "-3", sentence="Cleo's alone", now=NOW + 2 * MINUTE)
    clock.move_to(NOW + 3 * MINUTE)
    _, body = page_for(cast.ana, cast.borealis)
    assert "2 answers together" in body
    assert "Cleo's alone" not in body
    assert "Nobody guessed what the other would answer, so nothing can be compared." in body


def test_who_was_asked_and_did_not_answer_is_named_after_the_close(cast, clock):
    dan = add_person(workspace=cast.workspace, name="Dan", email="dan@borealis.example")
    add_participant(side=cast.borealis.sides.get(role=SideRole.COUNTERPART), person=dan, from_on=(NOW - DAY).date())
    round = opened(cast.borealis)
    says(round, cast.bo_speaks, "1")
    clock.move_to(round.closes_at - timedelta(seconds=1))
    assert "did not answer" not in page_for(cast.ana, cast.borealis)[1]
    clock.move_to(round.closes_at)
    _, body = page_for(cast.ana, cast.borealis)
    assert "Asked, and did not answer: Dan ." in body
    assert "Nobody on our side answered." in body
    assert "Only one side answered, so nothing can be compared." in body


def test_all_rounds_are_kept_and_paged(cast, clock):
    for number in range(22):
        at = NOW + number * 15 * DAY
        says(opened(cast.borealis, at), cast.bo_speaks, "1", now=at)
    clock.move_to(NOW + 22 * 15 * DAY)
    sweep_rounds(now=NOW + 22 * 15 * DAY)
    _, first = page_for(cast.ana, cast.borealis)
    assert first.count("Asked:") == 20
    assert "Earlier checks" in first
    _, second = page_for(cast.ana, cast.borealis, "?before=3")
    assert second.count("Asked:") == 2
    assert page_for(cast.ana, cast.borealis, "?before=x")[0].status_code == 200
    assert page_for(cast.ana, cast.borealis, f"?before={'9' * 400}")[0].status_code == 200


# An employee's side


def test_nothing_of_an_employees_answer_shows_not_even_whether(cast, employee, clock):
    """The page after the close is the same in both worlds."""
    round = opened(employee.relationship)
    says(round, _ana(employee), "1", guess="2")
    closed = round.closes_at + DAY
    clock.move_to(closed)
    seen = []
    for answered in (False, True):
        with transaction.atomic():
            if answered:
                says(round, employee.eva_speaks, "-3", guess="0", sentence="A secret", now=NOW + MINUTE)
            sweep_rounds(now=closed)
            seen.append(page_for(cast.ana, employee.relationship)[1])
            transaction.set_rollback(True)
    assert seen[0] == seen[1]
    assert "What they answered, and whether, is theirs." in seen[0]
    assert "We get a little more than we give." in seen[0]


def _ana(employee):
    return employee.relationship.sides.get(role=SideRole.OWN).participants.get()


def test_a_shared_answer_of_an_employee_is_shown_and_compared(cast, employee, clock):
    round = opened(employee.relationship)
    says(round, _ana(employee), "1", guess="2")
    given = says(round, employee.eva_speaks, "-3", guess="1", now=NOW + MINUTE).answer
    Disclosure.objects.create(workspace=cast.workspace, participant=employee.eva_speaks, answer=given, at=NOW)
    assert "Eva Holm gives far more" not in page_for(cast.ana, employee.relationship)[1]  # it is still open
    clock.move_to(round.closes_at)
    _, body = page_for(cast.ana, employee.relationship)
    assert "Eva Holm gives far more than" in body
    assert "A blind spot of ours" in body


# The reveal is what was said then, for ever


def test_after_the_reveal_nothing_can_be_changed_and_the_page_stays(cast, clock):
    round = opened(cast.borealis)
    says(round, cast.bo_speaks, "-2", guess="0")
    says(round, cast.ana_speaks, "0", guess="-2", now=NOW + MINUTE)
    clock.move_to(NOW + 2 * MINUTE)
    _, at_reveal = page_for(cast.ana, cast.borealis)
    for participant in (cast.bo_speaks, cast.ana_speaks):
        with pytest.raises(RoundAlreadyRevealed):
            says(round, participant, "3", now=NOW + 3 * MINUTE)
    assert Answer.objects.count() == 2
    for later in (13 * DAY, 400 * DAY):
        clock.move_to(NOW + later)
        sweep_rounds(now=NOW + later)
        assert said_on(page_for(cast.ana, cast.borealis)[1]) == said_on(at_reveal)


def said_on(body):
    """What a page tells of its checks, without dates: not the year's counts below them, and not the room for a promise above."""
    return re.sub(r"\d+ \w+( 20\d\d)?", "", body.split("Asked:", 1)[1].split("Taking part", 1)[0])


def test_without_the_guard_a_late_answer_would_change_what_was_revealed(cast, clock, monkeypatch):
    """Negative control: the state of the round is asked for before an answer is taken."""
    round = opened(cast.borealis)
    says(round, cast.bo_speaks, "-2")
    says(round, cast.ana_speaks, "0", now=NOW + MINUTE)
    monkeypatch.setattr("exchanges.services.rounds.ensure_open", lambda round, now: None)
    says(round, cast.bo_speaks, "3", now=NOW + 3 * MINUTE)
    clock.move_to(NOW + 4 * MINUTE)
    assert "Borealis gets far more" in page_for(cast.ana, cast.borealis)[1]


@pytest.mark.parametrize(("seconds", "is_shown"), [(-1, False), (0, True), (1, True)])
def test_one_answer_is_revealed_at_the_close_and_not_before(cast, clock, seconds, is_shown):
    round = opened(cast.borealis)
    says(round, cast.bo_speaks, "-2")
    clock.move_to(round.closes_at + timedelta(seconds=seconds))
    assert ("Borealis gives more than it gets." in page_for(cast.ana, cast.borealis)[1]) is is_shown
    if is_shown:
        with pytest.raises(RoundClosed):
            says(round, cast.ana_speaks, "3", now=round.closes_at + timedelta(seconds=seconds))


def test_one_answer_at_the_close_stays_hidden_where_the_frozen_rule_wants_both(cast, clock, monkeypatch):
    """The rule is the round's own, written when it was opened; the kind of the relationship is not asked again."""
    with monkeypatch.context() as patched:
        patched.setattr("exchanges.services.rounds.RevealRule", SimpleNamespace(BOTH=RevealRule.BOTH, BOTH_OR_CLOSE=RevealRule.BOTH))
        round = opened(cast.borealis)
    assert Round.objects.get().reveal_rule == RevealRule.BOTH
    says(round, cast.bo_speaks, "-2")
    state = round_states.state_of(round, round.closes_at)
    assert (state.is_closed, state.is_revealed) == (True, False)


def test_an_employees_round_is_never_revealed_early(cast, employee, clock):
    round = opened(employee.relationship)
    says(round, _ana(employee), "1")
    says(round, employee.eva_speaks, "-3", now=NOW + MINUTE)
    for moment in (NOW + DAY, round.closes_at - timedelta(seconds=1)):
        assert not round_states.state_of(round, moment).is_closed
    assert round_states.state_of(round, round.closes_at).is_revealed


def test_without_the_frozen_rule_an_employees_round_would_end_early(cast, employee, clock, monkeypatch):
    """Negative control: with the rule of clients the day of the answer would show."""
    with monkeypatch.context() as patched:
        patched.setattr("exchanges.services.rounds.RevealRule", SimpleNamespace(BOTH=RevealRule.BOTH_OR_CLOSE))
        round = opened(employee.relationship)
    says(round, _ana(employee), "1")
    says(round, employee.eva_speaks, "-3", now=NOW + MINUTE)
    assert round_states.state_of(round, NOW + DAY).is_revealed
