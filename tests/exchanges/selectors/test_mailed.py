"""What a mail stands on, read by one statement, is what the neighbours read one kind at a time."""

from datetime import timedelta
from decimal import Decimal

import pytest

from exchanges.access import Voice, prompts_with_people
from exchanges.models import Assurance, Prompt, RoundSeat
from exchanges.selectors.mailed import known_of
from exchanges.selectors.prompts import asking, since_lines
from exchanges.selectors.rounds import is_closed, state_of
from exchanges.services.rounds import answer_check, open_round, post_if_ready
from relationships.models import Holiday, Kind, SideRole
from relationships.services.parties import add_person
from relationships.services.relationships import add_participant
from tests.makers import NOW, TODAY, make_event, make_relationship, speaker

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


@pytest.fixture
def asked(cast):
    return cast, open_round(relationship=cast.borealis, now=NOW, reason="due")


def known(prompt, now=NOW):
    found = known_of(prompt.workspace_id, prompt.pk, now)
    assert found is not None
    return found


def answer(round, side, now, value=1, assurance=Assurance.LINK):
    return answer_check(seat=RoundSeat.objects.get(round=round, side=side), value=Decimal(value), assurance=assurance, now=now)


def same_at(now):
    """For every question: what is read at once, and what is read one at a time."""
    for one in prompts_with_people().order_by("pk"):
        found = known(one, now)
        quick, slow = asking(found.prompt, now, found), asking(one, now)
        for name in ("names", "first_name", "address", "workspace_name", "steward_name", "today", "closes_on", "last_answered_on", "has_colleagues"):
            assert getattr(quick, name) == getattr(slow, name), name
        assert (quick.privacy, since_lines(quick)) == (slow.privacy, since_lines(slow))
        assert is_closed(found.prompt.round, now, sides_heard=found.sides_heard) == state_of(one.round, now).is_closed


@pytest.mark.parametrize("kind", [Kind.CLIENT, Kind.EMPLOYEE])
def test_a_question_is_read_as_it_is_read_elsewhere(cast, kind):
    """Unanswered, answered by one side and by both, settled, closed and posted; then again, in a second round with an event between."""
    person = add_person(workspace=cast.workspace, name="Eva Berg", email="eva@borealis.example")
    relationship = make_relationship(cast.ana, "Eva", people=(person,), kind=kind)
    for begin in (NOW, NOW + 30 * DAY):
        round = open_round(relationship=relationship, now=begin, reason="due")
        same_at(begin)
        answer(round, SideRole.OWN, begin + SECOND)
        same_at(begin + 2 * SECOND)
        answer(round, SideRole.COUNTERPART, begin + 2 * SECOND)
        for after in (3 * SECOND, 59 * SECOND, 63 * SECOND, 13 * DAY, 15 * DAY):
            same_at(begin + after)
        post_if_ready(round_id=round.pk, now=begin + 15 * DAY)
        same_at(begin + 15 * DAY)
        make_event(relationship, Voice(member=cast.ana, participant=speaker(relationship, SideRole.OWN)))


def test_a_colleague_and_a_holiday_are_seen(asked):
    cast, _round = asked
    prompt = Prompt.objects.get(participant=cast.bo_speaks)
    found = known(prompt)
    assert (found.may_have_colleagues, found.may_be_holiday, found.has_events) == (False, False, False)
    add_participant(side=cast.bo_speaks.side, person=add_person(workspace=cast.workspace, name="Di", email="di@borealis.example"), from_on=TODAY)
    Holiday.objects.create(workspace=cast.workspace, on=TODAY + DAY, name="Midsummer")
    make_event(cast.borealis, cast.ana_voice)
    same_at(NOW)
    found = known(prompt)
    assert (found.may_have_colleagues, found.may_be_holiday, found.has_events) == (True, True, True)


def test_a_question_of_another_workspace_is_not_found(asked):
    cast, _round = asked
    prompt = Prompt.objects.get(participant=cast.bo_speaks)
    assert known_of(cast.elsewhere.pk, prompt.pk, NOW) is None
    assert known_of(cast.workspace.pk, 0, NOW) is None
