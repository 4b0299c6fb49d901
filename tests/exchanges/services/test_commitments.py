"""One thing more after a check: kept with the answer, told when the check is over, and never a sign that an employee answered."""

from datetime import timedelta
from decimal import Decimal

import pytest

from exchanges.models import Commitment, CommitmentEvent, EventKind, EventStatus, EventVersion, RoundPosting, RoundSeat, ValueEvent, Visibility
from exchanges.selectors.commitments import events_of_checks, own_promises
from exchanges.services import commitments
from exchanges.services.commitments import (
    AnswerFirst,
    NotFromACheck,
    PromisedAlready,
    QuestionIsOpen,
    TooLateToPromise,
    promise,
    promise_apart,
    promise_is_welcome,
    seat_to_promise_in,
    take_back,
)
from exchanges.services.erasing import erase_person
from exchanges.services.rounds import answer_check, open_round, sweep_rounds
from relationships.models import SideRole
from tests.makers import NOW, TODAY
from valueledger.common.errors import Invalid

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
LATER = TODAY + 40 * DAY


@pytest.fixture
def round(cast):
    return open_round(relationship=cast.borealis, now=NOW, reason="due")


def seat_of(round, participant):
    return RoundSeat.objects.select_related("round").get(round=round, participant=participant)


def says(round, participant, *, now=NOW, assurance="SIGNED_IN"):
    return answer_check(seat=seat_of(round, participant), value=Decimal(1), assurance=assurance, now=now)


def kept(round, participant, what="Lunch for the night desk", by_on=LATER, now=NOW):
    return promise(seat=seat_of(round, participant), what=what, by_on=by_on, now=now)


def test_it_is_kept_until_the_check_is_over_and_then_a_promise_like_any_other(cast, round):
    says(round, cast.bo_speaks)
    kept(round, cast.bo_speaks)
    assert not ValueEvent.objects.exists()
    says(round, cast.ana_speaks)
    version = EventVersion.objects.select_related("event", "text").get()
    assert (version.event.giver, version.event.author_side) == (SideRole.COUNTERPART, SideRole.COUNTERPART)
    assert (version.kind, version.status, version.visibility) == (EventKind.FAVOUR, EventStatus.PROMISED, Visibility.SHARED)
    assert (version.text.what, version.expected_on, version.author_participant) == ("Lunch for the night desk", LATER, cast.bo_speaks)
    [line] = events_of_checks([round])[round.pk]
    assert (line.event_id, line.side, line.has_arrived) == (version.event.public_id, SideRole.COUNTERPART, False)


def test_it_is_told_at_the_close_where_only_one_side_answered_and_once(cast, round):
    says(round, cast.ana_speaks)
    kept(round, cast.ana_speaks)
    sweep_rounds(now=round.closes_at - MINUTE)
    assert not ValueEvent.objects.exists()
    for _again in range(2):
        sweep_rounds(now=round.closes_at + MINUTE)
    assert ValueEvent.objects.get().giver == SideRole.OWN
    assert EventVersion.objects.get().occurred_on == (round.closes_at + MINUTE).date()
    assert CommitmentEvent.objects.count() == 1


def test_it_is_changed_and_taken_back_until_it_is_told(cast, round):
    says(round, cast.bo_speaks)
    first = kept(round, cast.bo_speaks)
    assert kept(round, cast.bo_speaks) == first
    second = kept(round, cast.bo_speaks, what="Dinner")
    assert (second.seq, second.supersedes) == (2, first)
    assert own_promises([round.pk], cast.bo.pk)[round.pk].what == "Dinner"
    take_back(seat=seat_of(round, cast.bo_speaks), now=NOW)
    assert own_promises([round.pk], cast.bo.pk) == {}
    says(round, cast.ana_speaks)
    assert not ValueEvent.objects.exists()
    assert Commitment.objects.count() == 3


def test_after_the_reveal_it_is_told_at_once_and_stays(cast, round):
    says(round, cast.bo_speaks)
    says(round, cast.ana_speaks)
    kept(round, cast.bo_speaks, by_on=TODAY, now=NOW + DAY - MINUTE * 60 * 12)
    assert ValueEvent.objects.count() == 1
    for act in (lambda: kept(round, cast.bo_speaks, what="Another"), lambda: take_back(seat=seat_of(round, cast.bo_speaks), now=NOW)):
        with pytest.raises(PromisedAlready):
            act()
    with pytest.raises(TooLateToPromise):
        kept(round, cast.ana_speaks, now=NOW + 20 * DAY)


def test_nobody_promises_without_an_answer_or_for_a_day_before_it_is_read(cast, round):
    with pytest.raises(AnswerFirst):
        kept(round, cast.bo_speaks)
    says(round, cast.bo_speaks)
    for what, by_on in (("", LATER), ("x" * 501, LATER), ("Lunch", None), ("Lunch", "soon"), ("Lunch", round.closes_at.date() - DAY)):
        with pytest.raises(Invalid):
            kept(round, cast.bo_speaks, what=what, by_on=by_on)
    assert kept(round, cast.bo_speaks, by_on=round.closes_at.date())


def test_what_a_machine_answered_brings_no_promise(cast, round):
    says(round, cast.bo_speaks, assurance="LINK")
    kept(round, cast.bo_speaks)
    answer_check(seat=seat_of(round, cast.bo_speaks), value=Decimal(-1), assurance="LINK", now=NOW + timedelta(seconds=20))
    says(round, cast.ana_speaks)
    sweep_rounds(now=round.closes_at)
    assert not ValueEvent.objects.exists()


def test_a_promise_of_an_erased_person_is_not_told_and_its_words_are_gone(cast, round):
    says(round, cast.bo_speaks)
    row = kept(round, cast.bo_speaks)
    erase_person(person=cast.bo, now=NOW + DAY)
    row.text.refresh_from_db()
    assert row.text.what == ""
    says(round, cast.ana_speaks, now=NOW + DAY)
    sweep_rounds(now=round.closes_at)
    assert not ValueEvent.objects.exists()


# Employees


def test_an_employees_check_takes_no_promise(cast, employee):
    round = open_round(relationship=employee.relationship, now=NOW, reason="due")
    says(round, employee.eva_speaks)
    with pytest.raises(NotFromACheck):
        kept(round, employee.eva_speaks)
    assert seat_to_promise_in(employee.eva_speaks, NOW) is None


@pytest.mark.parametrize("answered", [False, True])
def test_an_employee_promises_apart_and_only_while_no_question_is_open(cast, employee, answered, monkeypatch):
    """Alike in both worlds: whether they answered changes nothing."""
    round = open_round(relationship=employee.relationship, now=NOW, reason="due")
    if answered:
        says(round, employee.eva_speaks)
    say = {"participant": employee.eva_speaks, "what": "Show the new planner", "by_on": LATER}
    with pytest.raises(QuestionIsOpen):
        promise_apart(**say, now=round.closes_at - MINUTE)
    place = type("Place", (), {"relationship": employee.relationship, "participant": employee.eva_speaks})
    assert not promise_is_welcome(place, round.closes_at - MINUTE)
    sweep_rounds(now=round.closes_at)
    assert promise_is_welcome(place, round.closes_at)
    event = promise_apart(**say, now=round.closes_at)
    assert (event.giver, event.author_side) == (SideRole.COUNTERPART, SideRole.COUNTERPART)
    assert not CommitmentEvent.objects.exists()  # nothing leads from it to a check
    assert events_of_checks([round]) == {}


def test_without_the_guard_a_promise_would_come_while_the_question_is_open(cast, employee, monkeypatch):
    """Negative control."""
    open_round(relationship=employee.relationship, now=NOW, reason="due")
    monkeypatch.setattr(commitments, "waits_for_the_close", lambda relationship, participant, now: False)
    assert promise_apart(participant=employee.eva_speaks, what="Show the new planner", by_on=LATER, now=NOW)


def test_a_managers_promise_is_told_at_the_close_whether_or_not_the_employee_answered(cast, employee):
    round = open_round(relationship=employee.relationship, now=NOW, reason="due")
    manager = employee.relationship.sides.get(role=SideRole.OWN).participants.get()
    says(round, manager)
    kept(round, manager, what="A free Friday")
    says(round, employee.eva_speaks)
    sweep_rounds(now=round.closes_at - MINUTE)
    assert not ValueEvent.objects.exists()
    sweep_rounds(now=round.closes_at)
    assert ValueEvent.objects.get().giver == SideRole.OWN


@pytest.mark.parametrize("answered", [False, True])
def test_how_long_a_manager_may_promise_tells_nothing_of_the_employee(cast, employee, answered):
    """The moment of the last answer is theirs: the two weeks begin at the close, in both worlds."""
    round = open_round(relationship=employee.relationship, now=NOW, reason="due")
    manager = employee.relationship.sides.get(role=SideRole.OWN).participants.get()
    says(round, manager)
    if answered:
        says(round, employee.eva_speaks, now=NOW + 4 * DAY)
    for sweep in (False, True):  # before it is posted as after
        if sweep:
            sweep_rounds(now=round.closes_at)
        assert seat_to_promise_in(manager, round.closes_at + 14 * DAY - MINUTE) is not None
        assert seat_to_promise_in(manager, round.closes_at + 14 * DAY) is None
    assert RoundPosting.objects.get().revealed_at == round.closes_at


def test_a_posting_that_kept_the_moment_of_an_answer_does_not_tell_it(cast, employee):
    round = open_round(relationship=employee.relationship, now=NOW, reason="due")
    manager = employee.relationship.sides.get(role=SideRole.OWN).participants.get()
    says(round, manager)
    says(round, employee.eva_speaks)
    RoundPosting.objects.create(workspace=cast.workspace, round=round, outcome="REVEALED", revealed_at=NOW, posted_at=round.closes_at)
    assert seat_to_promise_in(manager, round.closes_at + 14 * DAY - MINUTE) is not None


@pytest.mark.parametrize("answered", [False, True])
def test_nobody_sees_a_clients_promise_while_their_check_is_open(cast, round, answered):
    """Held with the answer, or refused without one: from outside both look alike."""
    if answered:
        says(round, cast.bo_speaks)
        kept(round, cast.bo_speaks)
    else:
        with pytest.raises(QuestionIsOpen):
            promise_apart(participant=cast.bo_speaks, what="Lunch for the night desk", by_on=LATER, now=NOW)
    assert not ValueEvent.objects.exists()


def test_without_the_blind_rule_a_promise_would_tell(cast, round, monkeypatch):
    """Negative control: told at once, it is there before the other side has answered."""
    says(round, cast.bo_speaks)
    monkeypatch.setattr(commitments, "state_of", lambda round, now: type("S", (), {
        "answers": [type("A", (), {"seat_id": seat_of(round, cast.bo_speaks).pk})], "outcome_at": None, "is_posted": True, "is_closed": False,
    }))  # fmt: skip
    kept(round, cast.bo_speaks)
    assert ValueEvent.objects.exists()
