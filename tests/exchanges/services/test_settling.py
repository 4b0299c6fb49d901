"""Promises are asked about when their day has come, once for each day, of the side that promised; advances of our side alone."""

import json
from datetime import date, timedelta

import pytest
from django.db import connection

from exchanges.access import places_for
from exchanges.models import (
    Advance,
    Assurance,
    EventKind,
    EventStatus,
    EventVersion,
    Giver,
    Prompt,
    PromptKind,
    PromptState,
    Returned,
    Settlement,
    Visibility,
)
from exchanges.selectors import settling
from exchanges.selectors.settling import advance_of, answer_to, said_of, waiting_settlements
from exchanges.services.advances import Hope, give_on_hope, look_back
from exchanges.services.digest_content import content_for
from exchanges.services.events import correct_event, withdraw_event
from exchanges.services.gently import AlreadySettled, snooze
from exchanges.services.own_export import everything_told
from exchanges.services.prompts import ask_due_ratings, skip_question, stop_mails, sweep_prompts
from exchanges.services.reports import Account, report_got
from exchanges.services.rounds import RoundClosed
from exchanges.services.settling import draw_answers, settle
from exchanges.services.settling_prompts import LASTS, ask_due_settlements
from relationships.models import Member, Participant, Relationship, Stage
from relationships.services.parties import add_person, email_digest
from relationships.services.relationships import add_participant
from tests.makers import NOW, TODAY, make_event, make_member, make_relationship, speaker
from valueledger.common.errors import Invalid
from valueledger.common.models import Outbox

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
LATER = NOW + 20 * MINUTE
DUE = TODAY + 7 * DAY
ON_THE_DAY = NOW + 7 * DAY


def promise(cast, *, giver=Giver.COUNTERPART, voice=None, by=DUE, relationship=None, **fields):
    fields.setdefault("status", EventStatus.PROMISED)
    return make_event(relationship or cast.borealis, voice or cast.ana_voice, giver=giver, what="Two coupons", expected_on=by, **fields)


def asked(**by):
    return list(Prompt.objects.filter(kind=PromptKind.SETTLE, **by).order_by("pk"))


def one_asked(now=ON_THE_DAY):
    assert ask_due_settlements(now=now) == 1
    return Prompt.objects.select_related("participant__side", "relationship", "event", "workspace").get(kind=PromptKind.SETTLE, state="WAITING")


def newest(event):
    return EventVersion.objects.current().get(event=event)


def say(prompt, voice, became, on="", now=ON_THE_DAY + MINUTE, assurance=Assurance.SIGNED_IN):
    return settle(prompt=prompt, became=became, on=on, voice=voice, now=now, assurance=assurance)


# Who is asked, and when


def test_nobody_is_asked_before_the_day(cast):
    promise(cast)
    assert ask_due_settlements(now=ON_THE_DAY - DAY) == 0
    prompt = one_asked()
    assert (prompt.side, prompt.participant_id, prompt.about_on, prompt.closes_at) == (1, cast.bo_speaks.pk, DUE, ON_THE_DAY + LASTS)
    assert Outbox.objects.get(subject_id=prompt.pk).kind == "settle"


def test_each_day_is_asked_about_once(cast):
    promise(cast)
    prompt = one_asked()
    assert ask_due_settlements(now=ON_THE_DAY) == 0
    skip_question(prompt, now=ON_THE_DAY)
    assert ask_due_settlements(now=ON_THE_DAY + 20 * DAY) == 0


def test_our_own_promise_is_asked_of_who_looks_after_it_and_sends_no_mail(cast):
    promise(cast, giver=Giver.OWN)
    prompt = one_asked()
    assert (prompt.side, prompt.participant_id) == (0, cast.ana_speaks.pk)
    assert not Outbox.objects.filter(subject_id=prompt.pk).exists()


def test_what_was_promised_together_is_asked_of_the_side_that_wrote_it(cast):
    promise(cast, giver=Giver.JOINT, voice=cast.bo_voice)
    assert one_asked().side == 1


def test_what_we_keep_to_ourselves_is_never_asked_of_the_other_side(cast):
    promise(cast, visibility=Visibility.PRIVATE)
    assert one_asked().side == 0


def test_what_they_keep_to_themselves_is_never_asked_of_us(cast):
    promise(cast, giver=Giver.OWN, voice=cast.bo_voice, visibility=Visibility.PRIVATE)
    assert one_asked().side == 1


def test_of_our_own_secret_only_who_looks_after_it_is_asked(cast):
    """A colleague who speaks for our side would be asked of a shared promise; of a private one, or an advance, nobody but the steward."""
    add_participant(side=cast.ana_speaks.side, person=cast.amir.person, from_on=TODAY)
    Participant.objects.filter(pk=cast.ana_speaks.pk).update(left_on=TODAY)
    promise(cast, visibility=Visibility.PRIVATE)
    assert ask_due_settlements(now=ON_THE_DAY) == 0
    promise(cast, giver=Giver.OWN)
    assert one_asked().participant.person_id == cast.amir.person_id


@pytest.mark.parametrize("why", ["gift", "ended", "imported", "arrived", "taken back", "long ago", "just logged"])
def test_some_are_never_asked_about(cast, why):
    now = ON_THE_DAY
    fields = {"gift": {"kind": EventKind.GIFT}, "imported": {"import_source": "file"}, "arrived": {"status": EventStatus.ARRIVED}}.get(why, {})
    if why == "just logged":
        fields = {"now": now - 5 * MINUTE}
    event = promise(cast, **fields)
    if why == "ended":
        Relationship.objects.filter(pk=cast.borealis.pk).update(stage=Stage.ENDED)
    elif why == "taken back":
        withdraw_event(event=event, voice=cast.ana_voice, supersedes=newest(event), now=LATER)
    elif why == "long ago":
        now = ON_THE_DAY + 61 * DAY
    assert ask_due_settlements(now=now) == 0
    if why == "just logged":
        assert ask_due_settlements(now=now + 10 * MINUTE) == 1


def test_who_cannot_be_reached_or_was_asked_enough_is_not_asked(cast):
    for _ in range(3):
        promise(cast)
    cast.workspace.ask_budget = 2
    cast.workspace.save()
    assert ask_due_settlements(now=ON_THE_DAY) == 2
    assert ask_due_settlements(now=ON_THE_DAY + 31 * DAY) == 1
    other = make_relationship(cast.ana, "Corvid", people=(add_person(workspace=cast.workspace, name="Cy", email="cy@corvid.example"),))
    promise(cast, relationship=other)
    stop_mails(person=speaker(other).person, now=NOW)
    assert ask_due_settlements(now=ON_THE_DAY) == 0


def test_those_who_wait_for_room_do_not_hold_up_the_others(cast):
    """More wait for one person than are looked at for each question that may be put; the newest of another relationship still comes."""
    cast.workspace.ask_budget = 1
    cast.workspace.save()
    for _ in range(4):
        promise(cast)
    other = make_relationship(cast.ana, "Corvid", people=(add_person(workspace=cast.workspace, name="Cy", email="cy@corvid.example"),))
    promise(cast, relationship=other)
    assert ask_due_settlements(now=ON_THE_DAY, limit=1) == 1
    assert ask_due_settlements(now=ON_THE_DAY, limit=1) == 1
    assert {one.relationship_id for one in asked()} == {cast.borealis.pk, other.pk}


def test_the_one_who_wrote_it_down_is_asked_first(cast):
    cyd = add_person(workspace=cast.workspace, name="Cyd", email="cyd@borealis.example")
    add_participant(side=cast.bo_speaks.side, person=cyd, from_on=TODAY)
    event = promise(cast, voice=type(cast.bo_voice)(participant=Participant.objects.select_related("side").get(person=cyd)))
    assert one_asked().participant.person_id == cyd.pk
    assert Prompt.objects.filter(event=event).count() == 1


# What follows from an answer


def test_it_arrived_and_the_receiver_is_asked_how_it_landed(cast):
    event = promise(cast, giver=Giver.OWN)
    prompt = one_asked()
    say(prompt, cast.ana_voice, "ARRIVED", ON_THE_DAY.date() - DAY)
    version = newest(event)
    assert (version.status, version.arrived_on, version.expected_on) == ("ARRIVED", ON_THE_DAY.date() - DAY, None)
    assert Prompt.objects.get(pk=prompt.pk).state == PromptState.ANSWERED
    assert ask_due_ratings(now=ON_THE_DAY + 20 * MINUTE) == 1
    assert Prompt.objects.get(kind=PromptKind.RATING).event_id == event.pk


def test_a_new_day_is_a_new_version_by_who_was_asked_and_a_new_question_then(cast):
    event = promise(cast)
    say(one_asked(), cast.bo_voice, "NOT_YET", ON_THE_DAY.date() + 5 * DAY)
    version = newest(event)
    assert (version.expected_on, version.status, version.author_participant_id) == (ON_THE_DAY.date() + 5 * DAY, "PROMISED", cast.bo_speaks.pk)
    assert ask_due_settlements(now=ON_THE_DAY + 4 * DAY) == 0
    assert one_asked(ON_THE_DAY + 5 * DAY).about_on == ON_THE_DAY.date() + 5 * DAY
    assert len(asked(event=event)) == 2


def test_it_will_not_happen_takes_it_back_where_its_author_may(cast):
    event = promise(cast, voice=cast.bo_voice)
    say(one_asked(), cast.bo_voice, "WILL_NOT")
    assert newest(event).is_withdrawal


@pytest.mark.parametrize("why", ["not the author", "reported on"])
def test_otherwise_it_stays_and_says_so(cast, why):
    event = promise(cast, voice=cast.bo_voice if why == "reported on" else cast.ana_voice)
    if why == "reported on":
        report_got(event=event, side=0, voice=cast.ana_voice, account=Account(word=1), now=LATER)
    say(one_asked(), cast.bo_voice, "WILL_NOT")
    assert not newest(event).is_withdrawal
    assert said_of([event.pk])[event.pk].participant_id == cast.bo_speaks.pk
    assert ask_due_settlements(now=ON_THE_DAY + DAY) == 0
    correct_event(event=event, voice=cast.ana_voice, supersedes=newest(event), now=ON_THE_DAY + DAY, expected_on=DUE + 9 * DAY)
    assert said_of([event.pk]) == {}


def test_a_manager_takes_nothing_back_from_an_employee(cast, employee):
    manager = speaker(employee.relationship, 0)
    voice = type(cast.ana_voice)(member=cast.ana, participant=manager)
    event = promise(cast, giver=Giver.OWN, relationship=employee.relationship, voice=voice)
    say(one_asked(), voice, "WILL_NOT")
    assert not newest(event).is_withdrawal
    assert event.pk in said_of([event.pk])


@pytest.mark.parametrize(
    ("became", "on", "field"),
    [("NOT_YET", "", "until"), ("NOT_YET", ON_THE_DAY.date(), "until"), ("ARRIVED", ON_THE_DAY.date() + DAY, "on"), ("MAYBE", "", "became")],
)
def test_a_day_has_to_make_sense(cast, became, on, field):
    promise(cast)
    with pytest.raises(Invalid) as caught:
        say(one_asked(), cast.bo_voice, became, on)
    assert caught.value.field == field
    assert not Settlement.objects.exists()


def test_what_was_said_elsewhere_ends_the_question(cast):
    event = promise(cast)
    prompt = one_asked()
    correct_event(event=event, voice=cast.ana_voice, supersedes=newest(event), now=ON_THE_DAY, what="Three coupons")
    assert Prompt.objects.get(pk=prompt.pk).state == PromptState.WAITING  # the day still holds
    correct_event(event=event, voice=cast.ana_voice, supersedes=newest(event), now=ON_THE_DAY, expected_on=DUE + DAY)
    assert Prompt.objects.get(pk=prompt.pk).state == PromptState.WITHDRAWN
    with pytest.raises(AlreadySettled):
        say(prompt, cast.bo_voice, "ARRIVED")


def test_after_its_close_nothing_is_taken_and_it_lapses(cast):
    promise(cast)
    prompt = one_asked()
    with pytest.raises(RoundClosed):
        say(prompt, cast.bo_voice, "ARRIVED", now=ON_THE_DAY + LASTS)
    sweep_prompts(now=ON_THE_DAY + LASTS)
    assert Prompt.objects.get(pk=prompt.pk).state == PromptState.LAPSED
    assert len(asked()) == 1


# Through a link


def by_link(prompt, cast, became, on, now):
    return say(prompt, cast.bo_voice, became, on, now, Assurance.LINK)


def test_an_answer_through_a_link_settles_after_a_minute(cast):
    event = promise(cast)
    prompt = one_asked()
    by_link(prompt, cast, "ARRIVED", ON_THE_DAY.date(), ON_THE_DAY)
    assert draw_answers(now=ON_THE_DAY + MINUTE - timedelta(seconds=1)) == 0
    assert newest(event).status == "PROMISED"
    assert draw_answers(now=ON_THE_DAY + MINUTE) == 1
    assert newest(event).status == "ARRIVED"
    assert draw_answers(now=ON_THE_DAY + 2 * MINUTE) == 0


def test_two_different_answers_within_a_minute_are_a_machines(cast):
    event = promise(cast, voice=cast.bo_voice)
    prompt = one_asked()
    by_link(prompt, cast, "ARRIVED", ON_THE_DAY.date(), ON_THE_DAY)
    by_link(prompt, cast, "WILL_NOT", "", ON_THE_DAY + timedelta(seconds=5))
    assert answer_to(prompt) is None
    assert draw_answers(now=ON_THE_DAY + 5 * MINUTE) == 0
    assert (newest(event).status, newest(event).is_withdrawal) == ("PROMISED", False)
    by_link(prompt, cast, "NOT_YET", ON_THE_DAY.date() + 3 * DAY, ON_THE_DAY + 5 * MINUTE)
    assert draw_answers(now=ON_THE_DAY + 6 * MINUTE) == 1
    assert newest(event).expected_on == ON_THE_DAY.date() + 3 * DAY


def test_an_answer_in_the_last_minute_counts(cast):
    event = promise(cast)
    prompt = one_asked()
    closes = ON_THE_DAY + LASTS
    by_link(prompt, cast, "ARRIVED", closes.date(), closes - timedelta(seconds=20))
    sweep_prompts(now=closes + timedelta(seconds=1))
    assert newest(event).status == "ARRIVED"
    assert Prompt.objects.get(pk=prompt.pk).state == PromptState.ANSWERED


def test_somebody_who_skipped_may_still_answer(cast):
    event = promise(cast)
    prompt = one_asked()
    skip_question(prompt, now=ON_THE_DAY)
    by_link(prompt, cast, "ARRIVED", ON_THE_DAY.date(), ON_THE_DAY + MINUTE)
    assert draw_answers(now=ON_THE_DAY + 3 * MINUTE) == 1
    assert newest(event).status == "ARRIVED"


def test_while_one_is_put_off_no_second_is_asked(cast):
    event = promise(cast)
    prompt = one_asked()
    snooze(prompt=prompt, until=ON_THE_DAY + 7 * DAY, now=ON_THE_DAY)
    give = promise(cast, giver=Giver.OWN)
    assert ask_due_settlements(now=ON_THE_DAY + DAY) == 1  # the other event
    assert [one.event_id for one in asked()] == [event.pk, give.pk]


# Advances


@pytest.fixture
def advance(cast):
    event = make_event(cast.borealis, cast.ana_voice, what="A day for nothing")
    give_on_hope(event=event, hope=Hope("A second order", DUE), member=cast.ana, now=NOW)
    return event


def test_an_advance_is_asked_of_us_alone_on_its_day(cast, advance):
    assert ask_due_settlements(now=ON_THE_DAY - DAY) == 0
    prompt = one_asked()
    assert (prompt.side, prompt.participant_id, prompt.event_id) == (0, cast.ana_speaks.pk, advance.pk)
    [waiting] = waiting_settlements(cast.ana, ON_THE_DAY)
    assert (waiting.is_advance, waiting.hope) == (True, "A second order")
    assert ask_due_settlements(now=ON_THE_DAY + 20 * DAY) == 0


def test_what_came_back_is_a_further_step(cast, advance):
    prompt = one_asked()
    look_back(event=advance, returned="OPEN", again_on=ON_THE_DAY.date() + 30 * DAY, words="", member=cast.ana, now=ON_THE_DAY)
    assert Prompt.objects.get(pk=prompt.pk).state == PromptState.ANSWERED
    one_asked(ON_THE_DAY + 30 * DAY)
    look_back(event=advance, returned="PARTLY", again_on=None, words="A small order", member=cast.ana, now=ON_THE_DAY + 30 * DAY)
    assert list(Advance.objects.order_by("seq").values_list("seq", "returned")) == [(1, "OPEN"), (2, "OPEN"), (3, "PARTLY")]
    assert advance_of(advance).returned == Returned.PARTLY
    assert ask_due_settlements(now=ON_THE_DAY + 300 * DAY) == 0
    with pytest.raises(AlreadySettled):
        look_back(event=advance, returned="BACK", again_on=None, words="", member=cast.ana, now=ON_THE_DAY + 31 * DAY)


@pytest.mark.parametrize("why", ["gift", "friend", "theirs"])
def test_some_things_are_given_on_no_hope(cast, why):
    relationship = make_relationship(cast.ana, "A friend", kind="PERSONAL") if why == "friend" else cast.borealis
    voice = type(cast.ana_voice)(member=cast.ana, participant=speaker(relationship, 0))
    kind = EventKind.GIFT if why == "gift" else EventKind.OTHER
    event = make_event(relationship, voice, kind=kind, giver=Giver.COUNTERPART if why == "theirs" else Giver.OWN)
    with pytest.raises(Invalid):
        give_on_hope(event=event, hope=Hope("More", DUE), member=cast.ana, now=NOW)
    assert not Advance.objects.exists()


def test_what_became_a_gift_or_was_taken_back_waits_for_nothing(cast, advance):
    correct_event(event=advance, voice=cast.ana_voice, supersedes=newest(advance), now=LATER, kind=EventKind.GIFT)
    assert ask_due_settlements(now=ON_THE_DAY) == 0


def test_a_steward_who_handed_it_over_no_longer_reads_the_hope(cast, advance):
    one_asked()
    new = make_member(cast.workspace, "Nia", steward=True)
    Relationship.objects.filter(pk=cast.borealis.pk).update(steward=new)
    assert waiting_settlements(Member.objects.get(pk=cast.ana.pk), ON_THE_DAY) == []


def test_one_question_about_an_event_at_a_time(cast):
    event = promise(cast, giver=Giver.OWN)
    give_on_hope(event=event, hope=Hope("Thanks", DUE), member=cast.ana, now=NOW)
    prompt = one_asked()
    assert ask_due_settlements(now=ON_THE_DAY + DAY) == 0
    say(prompt, cast.ana_voice, "ARRIVED", ON_THE_DAY.date())
    assert ask_due_settlements(now=ON_THE_DAY + DAY) == 1
    assert isinstance(DUE, date)


def test_the_sweep_asks_and_tells(cast):
    promise(cast)
    assert sweep_prompts(now=ON_THE_DAY)["settlements"] == 1


def test_after_five_weeks_of_downtime_each_is_asked_once(cast):
    promise(cast)
    for _ in range(2):
        sweep_prompts(now=ON_THE_DAY + 35 * DAY)
    assert len(asked()) == 1


# The guards, shown to hold something


def test_without_the_rule_for_private_promises_the_other_side_would_be_asked(cast, monkeypatch):
    """Negative control."""
    monkeypatch.setattr(settling, "side_to_ask", lambda event, version: event.giver)
    promise(cast, visibility=Visibility.PRIVATE)
    assert one_asked().side == 1


def test_without_the_minute_a_machines_answer_would_count(cast, monkeypatch):
    """Negative control."""
    monkeypatch.setattr(settling, "SETTLES_AFTER", timedelta())
    event = promise(cast, voice=cast.bo_voice)
    prompt = one_asked()
    by_link(prompt, cast, "ARRIVED", ON_THE_DAY.date(), ON_THE_DAY)
    by_link(prompt, cast, "WILL_NOT", "", ON_THE_DAY + timedelta(seconds=5))
    assert draw_answers(now=ON_THE_DAY + 5 * MINUTE) == 1
    assert newest(event).is_withdrawal


@pytest.mark.parametrize("name", ["event_promised_for", "advance_to_review"])
def test_what_is_due_is_found_by_a_range_of_its_index(cast, name):
    today = ON_THE_DAY.date()
    rows = (
        settling.promised_by(cast.workspace, ON_THE_DAY, today)
        if name == "event_promised_for"
        else settling.advances_by(cast.workspace, ON_THE_DAY, today)
    )
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":  # a table of a few rows is read whole, unless that is made dear
            cursor.execute("SET LOCAL enable_seqscan = off")
    assert name in rows.explain()


def test_they_take_along_what_they_said(cast):
    promise(cast)
    say(one_asked(), cast.bo_voice, "NOT_YET", ON_THE_DAY.date() + 5 * DAY)
    place = places_for(email_digest("bo@borealis.example"), now=ON_THE_DAY)[0]
    told = json.loads(everything_told(place, now=ON_THE_DAY))["what_became_of_your_promises"]
    assert [(row["became"], row["on"]) for row in told] == [("NOT_YET", (ON_THE_DAY.date() + 5 * DAY).isoformat())]


def test_the_digest_names_what_waits(cast):
    promise(cast, giver=Giver.OWN)
    one_asked()
    said = [line.text for line in content_for(cast.ana, since=NOW, until=ON_THE_DAY, now=ON_THE_DAY).waiting]
    assert said == ["what became of something promised, or given in advance, since 18 June"]
