"""Putting a question off, and being asked less often: it stays open, it comes back, and nothing is told about an employee."""

from datetime import timedelta
from decimal import Decimal

import pytest

from exchanges.access import Place
from exchanges.models import Answer, Assurance, Prompt, PromptState, RoundPosting, RoundSeat, SeatRelease
from exchanges.services.gently import PUT_OFF, AlreadySettled, ask_as_usual, ask_less, snooze
from exchanges.services.own_export import everything_told
from exchanges.services.preferences import Preferences, set_preferences
from exchanges.services.prompts import ask_rating, not_me, resume_mails, skip_question, stop_mails
from exchanges.services.rounds import RoundAlreadyRevealed, RoundClosed, answer_check, open_round, skip_check, sweep_rounds
from relationships.models import Person
from tests.makers import NOW, make_event
from valueledger.common import tokens
from valueledger.common.errors import Invalid
from valueledger.common.models import AuditEntry
from valueledger.common.models.tokens import TokenPurpose

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
WEEK, MONTH = 7 * DAY, 30 * DAY


@pytest.fixture
def asked(cast):
    open_round(relationship=cast.borealis, now=NOW, reason="due")
    return Prompt.objects.get(participant=cast.bo_speaks)


def seat_of(participant):
    return RoundSeat.objects.select_related("round").get(participant=participant)


def say(participant, value, now=NOW):
    return answer_check(seat=seat_of(participant), value=Decimal(value), assurance=Assurance.SIGNED_IN, now=now)


def test_a_question_put_off_sleeps_until_then_and_stays_open(asked, cast):
    snooze(prompt=asked, until=NOW + WEEK, now=NOW)
    asked.refresh_from_db()
    assert (asked.state, asked.snoozed_until, asked.not_before) == (PromptState.SNOOZED, NOW + WEEK, NOW + WEEK)
    assert not SeatRelease.objects.exists()
    say(cast.bo_speaks, 1, NOW + DAY)
    asked.refresh_from_db()
    assert asked.state == PromptState.ANSWERED


def test_the_round_waits_for_somebody_who_put_it_off(asked, cast):
    snooze(prompt=asked, until=NOW + WEEK, now=NOW)
    say(cast.ana_speaks, 0, NOW)
    sweep_rounds(now=NOW + DAY)
    assert not RoundPosting.objects.exists()


def test_a_sleeping_question_lapses_with_its_round(asked):
    snooze(prompt=asked, until=NOW + WEEK, now=NOW)
    sweep_rounds(now=asked.closes_at)
    asked.refresh_from_db()
    assert asked.state == PromptState.LAPSED


def test_what_would_come_back_too_late_ends_as_put_off_and_gives_its_seat_up(asked, cast):
    for _ in range(2):  # the same again changes nothing
        snooze(prompt=asked, until=NOW + MONTH, now=NOW)
    asked.refresh_from_db()
    assert (asked.state, asked.reason, asked.ended_at) == (PromptState.LAPSED, PUT_OFF, NOW)
    assert SeatRelease.objects.get().reason == PUT_OFF
    say(cast.bo_speaks, 1, NOW + DAY)  # after all
    assert Answer.objects.count() == 1


def test_a_week_is_too_late_in_the_last_days(asked):
    late = asked.closes_at - WEEK
    snooze(prompt=asked, until=late + WEEK, now=late)
    asked.refresh_from_db()
    assert asked.state == PromptState.LAPSED


def test_a_question_put_off_again_moves_and_can_be_skipped(asked, cast):
    snooze(prompt=asked, until=NOW + 2 * DAY, now=NOW)
    snooze(prompt=asked, until=NOW + WEEK, now=NOW + DAY)
    asked.refresh_from_db()
    assert asked.snoozed_until == NOW + WEEK
    skip_check(seat=seat_of(cast.bo_speaks), now=NOW + DAY)
    asked.refresh_from_db()
    assert asked.state == PromptState.SKIPPED


@pytest.mark.parametrize("until", [NOW, NOW - DAY, NOW + 91 * DAY])
def test_a_time_that_is_not_ahead_is_refused_by_name(asked, until):
    with pytest.raises(Invalid) as refused:
        snooze(prompt=asked, until=until, now=NOW)
    assert refused.value.field == "until"
    asked.refresh_from_db()
    assert asked.state == PromptState.WAITING


def test_nothing_is_put_off_after_the_close_the_reveal_or_an_answer(asked, cast):
    say(cast.bo_speaks, 0)
    with pytest.raises(AlreadySettled):
        snooze(prompt=asked, until=NOW + WEEK, now=NOW)
    say(cast.ana_speaks, 0)
    with pytest.raises(RoundAlreadyRevealed):
        snooze(prompt=asked, until=NOW + WEEK, now=NOW + DAY)
    with pytest.raises(RoundClosed):
        snooze(prompt=asked, until=asked.closes_at + WEEK, now=asked.closes_at)


def test_putting_off_works_to_the_last_second(asked):
    snooze(prompt=asked, until=asked.closes_at + WEEK, now=asked.closes_at - SECOND)
    asked.refresh_from_db()
    assert asked.reason == PUT_OFF
    with pytest.raises(RoundClosed):
        snooze(prompt=asked, until=asked.closes_at + WEEK, now=asked.closes_at + SECOND)


def test_a_rating_can_be_put_off_and_skipped_then(cast):
    [prompt] = ask_rating(make_event(cast.borealis, cast.ana_voice), now=NOW)
    snooze(prompt=prompt, until=NOW + WEEK, now=NOW)
    prompt.refresh_from_db()
    assert prompt.state == PromptState.SNOOZED
    skip_question(prompt, now=NOW)
    prompt.refresh_from_db()
    assert prompt.state == PromptState.SKIPPED


def test_less_often_doubles_up_to_four_and_can_be_taken_back(cast):
    assert [ask_less(person=cast.bo, now=NOW) for _ in range(3)] == [2, 4, 4]
    assert ask_as_usual(person=cast.bo, now=NOW) == 1
    assert Person.objects.get(pk=cast.bo.pk).less_often == 1


def test_the_same_click_twice_doubles_once(cast):
    assert [ask_less(person=cast.bo, now=NOW, seen=1) for _ in range(2)] == [2, 2]


def test_the_log_says_that_it_was_done_and_nothing_else(asked, cast):
    snooze(prompt=asked, until=NOW + WEEK, now=NOW)
    ask_less(person=cast.bo, now=NOW)
    rows = AuditEntry.objects.filter(action__in=["prompt.put_off", "person.asked_less"])
    assert sorted(rows.values_list("action", "actor_id")) == [("person.asked_less", cast.bo.pk), ("prompt.put_off", cast.bo.pk)]


def test_of_an_employee_the_log_tells_nothing(cast, employee):
    open_round(relationship=employee.relationship, now=NOW, reason="due")
    prompt = Prompt.objects.get(participant=employee.eva_speaks)
    before = AuditEntry.objects.count()
    snooze(prompt=prompt, until=NOW + WEEK, now=NOW)
    snooze(prompt=prompt, until=NOW + MONTH, now=NOW)
    ask_less(person=employee.eva, now=NOW)
    ask_as_usual(person=employee.eva, now=NOW)
    assert AuditEntry.objects.count() == before
    managers = Prompt.objects.get(relationship=employee.relationship, side=0)
    snooze(prompt=managers, until=NOW + WEEK, now=NOW)  # their manager's own question is an ordinary one
    assert AuditEntry.objects.count() == before + 1


def test_of_an_employee_the_log_does_not_tell_that_a_link_reached_somebody_else(cast, employee):
    def pass_on(relationship, participant):
        open_round(relationship=relationship, now=NOW, reason="due")
        prompt = Prompt.objects.get(participant=participant)
        _raw, token = tokens.issue(purpose=TokenPurpose.PROMPT, workspace_id=prompt.workspace_id, subject_id=prompt.pk, now=NOW)
        not_me(prompt=prompt, token=token, now=NOW)
        token.refresh_from_db()
        assert token.revoked_at == NOW

    pass_on(employee.relationship, employee.eva_speaks)
    assert not AuditEntry.objects.filter(action="link.revoked").exists()
    pass_on(cast.borealis, cast.bo_speaks)
    assert AuditEntry.objects.filter(action="link.revoked").count() == 1


def test_of_an_employee_the_log_tells_nothing_of_their_own_page_either(cast, employee):
    def do_all(person, speaks):
        stop_mails(person=person, now=NOW)
        resume_mails(person=person, now=NOW)
        set_preferences(person, Preferences(ask_budget=1), now=NOW)
        everything_told(Place(speaks, False), now=NOW)

    before = AuditEntry.objects.count()
    do_all(employee.eva, employee.eva_speaks)
    assert AuditEntry.objects.count() == before
    do_all(cast.bo, cast.bo_speaks)
    assert AuditEntry.objects.count() == before + 4
