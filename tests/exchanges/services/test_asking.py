"""How little is asked, when, and for what occasion: budgets, quiet times, rhythms, and one last check."""

import threading
from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext

from exchanges.access import prompts_with_people
from exchanges.models import (
    Answer,
    Assurance,
    Card,
    EventKind,
    EventStatus,
    EventVersion,
    Occasion,
    OccasionKind,
    Prompt,
    PromptState,
    Round,
    RoundSeat,
    Visibility,
)  # fmt: skip
from exchanges.selectors import allowance
from exchanges.selectors.allowance import Allowances
from exchanges.selectors.asking import SCAN, SCANNED, WHOSE, due_relationships, looks, own_day, to_look_at
from exchanges.selectors.due import ratings_to_ask
from exchanges.selectors.prompts import asking as asked_about
from exchanges.selectors.prompts import since_lines
from exchanges.services import asking, prompts
from exchanges.services.asking import AskedEnough
from exchanges.services.events import withdraw_event
from exchanges.services.occasions import note_mismatch
from exchanges.services.prompts import ask_due_ratings, ask_rating, lapse, open_due_rounds, stop_mails, sweep_prompts, tell_stewards, wake
from exchanges.services.relationships import change_own_rhythm, change_rhythm, change_stage, hand_over
from exchanges.services.rounds import answer_check, open_round, sweep_rounds
from exchanges.services.sending import send_due, why_not
from relationships.models import Holiday, Intent, Participant, Person, Relationship, Stage, Workspace
from relationships.services.parties import add_person
from tests.makers import NOW, TODAY, make_event, make_relationship
from valueledger.common.models import Outbox
from valueledger.common.tenancy import within

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def events(cast, count, **fields):
    return [make_event(cast.borealis, cast.ana_voice, what=f"Thing {number}", **fields) for number in range(count)]


def asked_of(person):
    return list(Prompt.objects.filter(participant__person=person).order_by("id").values_list("kind", flat=True))


def answer(round, *participants, now=NOW, value=0):
    for participant in participants:
        seat = RoundSeat.objects.select_related("round").get(round=round, participant=participant)
        answer_check(seat=seat, value=Decimal(value), assurance=Assurance.SIGNED_IN, now=now)


def look(cast, now=NOW, relationship=None):
    pk = (relationship or cast.borealis).pk
    return looks([pk], workspace=Workspace.objects.get(pk=cast.workspace.pk), now=now)[pk]


# Budget


def test_nobody_gets_more_questions_than_their_budget_in_thirty_days(cast):
    events(cast, 6)
    for minute in (11, 12, 60, 600):
        ask_due_ratings(now=NOW + minute * MINUTE)
    assert asked_of(cast.bo) == ["RATING"] * 4
    assert ask_due_ratings(now=NOW + 29 * DAY) == 0
    assert ask_due_ratings(now=NOW + 11 * MINUTE + 30 * DAY - MINUTE) == 0


def test_without_the_budget_all_of_them_go_out(cast, monkeypatch):
    """Negative control."""
    monkeypatch.setattr(Allowances, "_used_up", lambda *_: None)
    events(cast, 6)
    ask_due_ratings(now=NOW + 11 * MINUTE)
    assert len(asked_of(cast.bo)) == 6


def test_the_window_moves_on_and_the_next_question_fits(cast):
    events(cast, 4)
    ask_due_ratings(now=NOW + 11 * MINUTE)
    later = NOW + 30 * DAY + 12 * MINUTE
    events(cast, 1, on=later.date(), now=later)
    assert ask_due_ratings(now=later + 11 * MINUTE) == 1


def test_a_persons_own_budget_wins_over_the_workspaces(cast):
    Person.objects.filter(pk=cast.bo.pk).update(ask_budget=1)
    events(cast, 3)
    ask_due_ratings(now=NOW + 11 * MINUTE)
    assert len(asked_of(cast.bo)) == 1


def test_the_check_goes_before_ratings(cast):
    Person.objects.filter(pk=cast.bo.pk).update(ask_budget=1)
    events(cast, 3)
    sweep_prompts(now=NOW + 11 * MINUTE)
    assert asked_of(cast.bo) == ["CHECK"]


def test_what_went_wrong_is_rated_first_then_what_more_hangs_on(cast):
    other = make_relationship(cast.ana, "Cygnus", people=(add_person(workspace=cast.workspace, name="Cy", email="cy@cygnus.example"),))
    Relationship.objects.filter(pk=other.pk).update(stake=3)
    plain, wrong = events(cast, 1)[0], make_event(cast.borealis, cast.ana_voice, what="It broke", kind=EventKind.INCIDENT)
    staked = make_event(other, cast.ana_voice, what="A visit")
    found = ratings_to_ask(workspace=cast.workspace, now=NOW + 11 * MINUTE, limit=10)
    assert [event.pk for event in found] == [wrong.pk, staked.pk, plain.pk]


def test_a_steward_who_asks_by_hand_is_told_why_it_waits(cast):
    events(cast, 4)
    ask_due_ratings(now=NOW + 11 * MINUTE)
    with pytest.raises(AskedEnough, match=r"Bo Berg: asked enough lately\. The next question can go out on 11 July"):
        open_round(relationship=cast.borealis, now=NOW + DAY, reason="asked")
    assert not Round.objects.exists()


def test_how_many_questions_others_have_open_is_not_told(cast, monkeypatch):
    """The person may speak elsewhere too: a number would tell the steward of relationships that are not theirs."""
    monkeypatch.setattr(allowance, "MOST_WAITING", 2)
    events(cast, 2)
    ask_due_ratings(now=NOW + 11 * MINUTE)
    with pytest.raises(AskedEnough) as caught:
        open_round(relationship=cast.borealis, now=NOW + DAY, reason="asked")
    assert str(caught.value) == "Bo Berg: asked enough lately."


def test_of_an_employee_nothing_is_named(cast, employee):
    Person.objects.filter(pk=employee.eva.pk).update(away_from=TODAY, away_until=TODAY + 60 * DAY)
    with pytest.raises(AskedEnough) as caught:
        open_round(relationship=employee.relationship, now=NOW, reason="asked")
    assert "Eva" not in str(caught.value)


def test_who_wants_the_regular_question_alone_gets_that_and_no_other(cast):
    Person.objects.filter(pk=cast.bo.pk).update(ask_budget=0)
    events(cast, 1)
    assert ask_due_ratings(now=NOW + 11 * MINUTE) == 0
    assert open_round(relationship=cast.borealis, now=NOW, reason="asked")
    assert Prompt.objects.filter(participant=cast.bo_speaks).count() == 1


def test_what_does_not_fit_waits_with_its_reason_and_goes_when_it_fits(cast):
    events(cast, 4)
    ask_due_ratings(now=NOW + 11 * MINUTE)
    assert open_due_rounds(now=NOW + DAY) == 0
    waits = look(cast, NOW + DAY)
    assert (waits.waits, waits.ask_on) == ("asked enough lately", TODAY + 30 * DAY)
    assert open_due_rounds(now=NOW + 31 * DAY) == 1


def test_members_have_no_budget_at_the_desk(cast):
    Workspace.objects.filter(pk=cast.workspace.pk).update(ask_budget=1)
    for number in range(5):
        make_relationship(cast.ana, f"Client {number}", people=(add_person(workspace=cast.workspace, name="X", email=f"x{number}@client.example"),))
    assert open_due_rounds(now=NOW) == 6
    assert len(asked_of(cast.ana.person)) == 6


def race(cast, monkeypatch):
    """Two relationships ask the same person at the same moment, who has room for one question."""
    Person.objects.filter(pk=cast.bo.pk).update(ask_budget=1)
    second = make_relationship(cast.ana, "Borealis North", people=(cast.bo,))
    pair = [events(cast, 1)[0], make_event(second, cast.ana_voice, what="Other")]
    meet, real = threading.Barrier(2, timeout=1), Allowances.obstacle

    def slow(self, participant, at, *kind):
        found = real(self, participant, at, *kind)
        with suppress(threading.BrokenBarrierError):
            meet.wait()  # both have counted before either writes, unless a lock keeps one of them out
        return found

    monkeypatch.setattr(Allowances, "obstacle", slow)

    def run(event):
        try:
            with within(cast.workspace.pk):
                ask_rating(event, now=NOW + 11 * MINUTE)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(event,)) for event in pair]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return Prompt.objects.filter(participant__person=cast.bo).count()


@pytest.mark.django_db(transaction=True)
def test_two_at_once_do_not_both_take_the_last_place(cast, monkeypatch):
    assert race(cast, monkeypatch) == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_on_the_person_both_take_it(cast, monkeypatch):
    """Negative control. SQLite lets one writer in at a time whatever we do; on PostgreSQL the lock is what counts."""
    monkeypatch.setattr(asking, "locked_allowances", lambda people, *, now: Allowances(people, people[0].workspace, now))
    assert race(cast, monkeypatch) == (2 if connection.vendor == "postgresql" else 1)


def open_at_once(relationships, workspace_id, now):
    """As sweeps of two workers, in opposite order."""

    def run(rows):
        try:
            with within(workspace_id):
                for row in rows:
                    try:
                        prompts.open_due_round(relationship=row, now=now)
                    except prompts.RoundAlreadyOpen:
                        continue
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(rows,)) for rows in (relationships, relationships[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_in_two_orders_make_each_question_once(cast):
    rows = [cast.borealis]
    for number in range(5):
        person = add_person(workspace=cast.workspace, name="X", email=f"x{number}@client.example")
        rows.append(make_relationship(cast.ana, f"Client {number}", people=(person, cast.bo)))
    Person.objects.filter(pk=cast.bo.pk).update(ask_budget=20)
    open_at_once(rows, cast.workspace.pk, NOW)
    assert Round.objects.count() == 6
    assert Prompt.objects.count() == 6 + 6 + 5
    assert Prompt.objects.values("participant", "subject_key").distinct().count() == Prompt.objects.count()


# Quiet times


def test_a_mail_waits_for_the_end_of_the_quiet_hours_in_the_receivers_zone(cast):
    Person.objects.filter(pk=cast.bo.pk).update(time_zone="America/New_York")  # five in the morning
    cast.bo.refresh_from_db()
    open_round(relationship=cast.borealis, now=NOW, reason="due")
    assert Outbox.objects.get(recipient_id=cast.bo.pk).due_at == NOW.replace(hour=12)
    assert Outbox.objects.get(recipient_id=cast.ana.person_id).due_at == NOW


def test_weekends_and_holidays_are_quiet(cast):
    friday_evening = NOW.replace(day=12, hour=19)
    Holiday.objects.create(workspace=cast.workspace, on=date(2026, 6, 15))
    open_round(relationship=cast.borealis, now=friday_evening, reason="due")
    assert Outbox.objects.get(recipient_id=cast.bo.pk).due_at == NOW.replace(day=16, hour=9)


def test_whoever_is_away_for_long_is_asked_when_they_are_back(cast):
    Person.objects.filter(pk=cast.bo.pk).update(away_from=TODAY - DAY, away_until=TODAY + 20 * DAY)
    assert open_due_rounds(now=NOW) == 0
    assert (look(cast).waits, look(cast).ask_on) == ("away", date(2026, 7, 2))
    for day in range(1, 21):
        assert open_due_rounds(now=NOW + day * DAY) == 0
    assert open_due_rounds(now=NOW + 21 * DAY) == 1


# Rhythms


@pytest.mark.parametrize(
    ("fields", "days"),
    [
        ({}, 90), ({"stake": 3}, 60), ({"stake": 1}, 120), ({"less_often": 2}, 180), ({"cadence_days": 45}, 45), ({"cadence_days": 365}, 90),
        ({"stake": 3, "less_often": 4}, 240), ({"stake": 1, "less_often": 4, "cadence_days": 400}, 480),
    ],
)  # fmt: skip
def test_a_gap_is_stretched_or_shortened(fields, days):
    assert (own_day(TODAY + 90 * DAY, TODAY, **fields) - TODAY).days == days


def test_no_stake_goes_below_the_models_shortest_gap():
    assert own_day(TODAY + 30 * DAY, TODAY, stake=3) == TODAY + 30 * DAY
    assert own_day(TODAY + 14 * DAY, TODAY, stake=3) == TODAY + 14 * DAY  # after a surprise
    assert own_day(TODAY, None, stake=3, less_often=4) == TODAY  # never asked: now


def steady(cast):
    """Both sides answered today; returns the day on which the model asks again."""
    answer(open_round(relationship=cast.borealis, now=NOW, reason="due"), cast.bo_speaks, cast.ana_speaks)
    return Card.objects.get(relationship=cast.borealis, view=1).due_on


def first_asked(cast, days):
    """The first day on which the daily sweep asks."""
    for number in range(1, days):
        if open_due_rounds(now=NOW + number * DAY):
            return number
    return None


def test_what_much_hangs_on_is_asked_about_sooner_and_what_little_does_later(cast):
    gap = (steady(cast) - TODAY).days
    change_rhythm(relationship=cast.borealis, band=None, cadence_days=None, stake=3, voice=cast.ana_voice, now=NOW)
    assert look(cast, NOW + DAY).ask_on == TODAY + max(round(gap * 2 / 3), 30) * DAY
    assert first_asked(cast, 100) == max(round(gap * 2 / 3), 30)


def test_who_asked_to_be_asked_less_is_not_asked_for_the_other_sides_sake(cast):
    gap = (steady(cast) - TODAY).days
    Person.objects.filter(pk=cast.bo.pk).update(less_often=2)
    assert look(cast, NOW + DAY).ask_on == TODAY + 2 * gap * DAY


def test_a_participants_own_rhythm_is_kept_without_anybody_looking(cast):
    steady(cast)
    change_own_rhythm(participant=cast.bo_speaks, cadence_days=35, voice=cast.ana_voice, now=NOW)
    assert first_asked(cast, 60) == 35


def test_a_wait_is_forgotten_when_the_stage_or_rhythm_changes(cast):
    steady(cast)
    Card.objects.filter(relationship=cast.borealis).update(wait_until=TODAY + 200 * DAY)
    change_stage(relationship=cast.borealis, stage=Stage.FADING, voice=cast.ana_voice, now=NOW)
    assert set(Card.objects.filter(relationship=cast.borealis).values_list("wait_until", flat=True)) == {None}


# Occasions


@pytest.mark.parametrize("kind", [EventKind.INCIDENT, EventKind.CHANGE_OF_TERMS])
def test_after_a_shock_both_sides_are_asked_within_two_weeks_and_told_why(cast, kind):
    steady(cast)
    day = NOW + 5 * DAY
    make_event(cast.borealis, cast.ana_voice, what="New prices", kind=kind, on=day.date(), now=day)
    assert first_asked(cast, 60) <= 5 + 14
    newest = Round.objects.order_by("-number").first()
    assert set(Prompt.objects.filter(round=newest).values_list("side", "reason")) == {(0, kind.lower()), (1, kind.lower())}
    assert Occasion.objects.get().round_id == newest.pk


def test_without_the_occasion_the_next_question_would_come_much_later(cast):
    """Negative control: the same world, the occasion taken out."""
    steady(cast)
    day = NOW + 5 * DAY
    make_event(cast.borealis, cast.ana_voice, what="New prices", kind=EventKind.CHANGE_OF_TERMS, on=day.date(), now=day)
    Occasion.objects.all().delete()
    assert first_asked(cast, 120) >= 30


def test_a_hand_over_is_an_occasion_and_what_one_side_keeps_to_itself_is_not(cast):
    steady(cast)
    make_event(cast.borealis, cast.ana_voice, what="Ours alone", kind=EventKind.INCIDENT, visibility="PRIVATE")
    assert not Occasion.objects.exists()
    hand_over(relationship=cast.borealis, to=cast.amir, voice=cast.ana_voice, note="", now=NOW)
    assert Occasion.objects.get().kind == OccasionKind.HAND_OVER


def test_who_has_answered_since_the_shock_is_not_asked_for_it_again(cast):
    steady(cast)
    day = NOW + 15 * DAY
    make_event(cast.borealis, cast.ana_voice, what="It broke", kind=EventKind.INCIDENT, on=day.date(), now=day)
    Occasion.objects.update(ask_from=day.date() + 40 * DAY)  # somebody asks by hand before
    asked = open_round(relationship=cast.borealis, now=day + DAY, reason="asked")
    Occasion.objects.update(round=None, settled_at=None)  # as if that round had not known of it
    answer(asked, cast.bo_speaks, cast.ana_speaks, now=day + 2 * DAY)
    found = look(cast, day + 41 * DAY)
    assert found.is_moot
    assert found.occasion is None


def test_two_intents_that_do_not_meet_are_noted_once(cast):
    odd = make_relationship(cast.ana, "Odd", intent_own=Intent.LONG_TERM, intent_counterpart=Intent.BRIEF)
    note_mismatch(relationship=odd, now=NOW)
    assert list(Occasion.objects.values_list("relationship_id", "kind")) == [(odd.pk, "MISMATCH")]


def test_an_answer_through_any_door_puts_the_next_question_off(cast):
    before = look(cast).ask_on
    steady(cast)
    assert before == TODAY
    assert look(cast, NOW + DAY).ask_on >= TODAY + 30 * DAY


# The last check


def test_an_ending_is_asked_about_once_more_and_then_nothing(cast):
    steady(cast)
    ended = NOW + 20 * DAY
    change_stage(relationship=cast.borealis, stage=Stage.COMPLETED, voice=cast.ana_voice, now=ended)
    assert open_due_rounds(now=ended + MINUTE) == 1
    last = Round.objects.order_by("-number").first()
    assert set(Prompt.objects.filter(round=last).values_list("reason", flat=True)) == {"ending"}
    answer(last, cast.bo_speaks, cast.ana_speaks, now=ended + DAY)
    assert Answer.objects.filter(round=last).count() == 2
    sweep_rounds(now=ended + 15 * DAY)
    assert [open_due_rounds(now=ended + days * DAY) for days in (16, 40, 200, 400)] == [0, 0, 0, 0]
    change_stage(relationship=cast.borealis, stage=Stage.ENDED, voice=cast.ana_voice, now=ended + 20 * DAY)
    assert open_due_rounds(now=ended + 21 * DAY) == 0


def test_a_relationship_that_goes_on_after_all_has_nothing_to_close(cast):
    steady(cast)
    change_stage(relationship=cast.borealis, stage=Stage.ENDED, voice=cast.ana_voice, now=NOW + 20 * DAY)
    change_stage(relationship=cast.borealis, stage=Stage.REVIVED, voice=cast.ana_voice, now=NOW + 20 * DAY)
    assert open_due_rounds(now=NOW + 21 * DAY) == 0


def test_a_one_off_is_asked_about_once_two_weeks_after(cast):
    once = make_relationship(cast.ana, "Once", people=(cast.bo,), intent_own=Intent.ONE_OFF)
    Relationship.objects.filter(pk=cast.borealis.pk).update(stage=Stage.ENDED)
    assert open_due_rounds(now=NOW) == 0
    make_event(once, cast.ana_voice, what="The one thing")
    assert [open_due_rounds(now=NOW + days * DAY) for days in (1, 8, 13)] == [0, 0, 0]
    assert open_due_rounds(now=NOW + 14 * DAY) == 1
    assert set(Prompt.objects.filter(relationship=once, kind="CHECK").values_list("reason", flat=True)) == {"one_off"}
    sweep_rounds(now=NOW + 29 * DAY)
    assert [open_due_rounds(now=NOW + days * DAY) for days in (30, 100, 300)] == [0, 0, 0]


# Reminder, told, lapse


def test_the_steward_is_told_once_shortly_before_the_close_and_never_of_an_employee(cast, employee):
    open_due_rounds(now=NOW)
    assert tell_stewards(now=NOW + 10 * DAY) == 0
    assert tell_stewards(now=NOW + 11 * DAY) == 1
    assert tell_stewards(now=NOW + 12 * DAY) == 0
    assert Prompt.objects.get(told_at__isnull=False).participant == cast.bo_speaks


def snooze(prompt, until):
    Prompt.objects.filter(pk=prompt.pk).update(state=PromptState.SNOOZED, snoozed_until=until)


def test_what_was_put_off_comes_back_with_one_mail(cast):
    open_due_rounds(now=NOW)
    prompt = Prompt.objects.get(participant=cast.bo_speaks)
    snooze(prompt, NOW + 7 * DAY)
    assert wake(now=NOW + 6 * DAY) == 0
    assert wake(now=NOW + 7 * DAY) == 1
    assert wake(now=NOW + 8 * DAY) == 0
    prompt.refresh_from_db()
    assert prompt.state == PromptState.WAITING
    assert Outbox.objects.filter(subject_id=prompt.pk, kind="woken").count() == 1


def test_what_was_put_off_for_too_long_says_so(cast):
    open_due_rounds(now=NOW)
    prompt = Prompt.objects.get(participant=cast.bo_speaks)
    snooze(prompt, NOW + 30 * DAY)
    assert lapse(now=NOW + DAY) == 1
    prompt.refresh_from_db()
    assert (prompt.state, prompt.reason) == (PromptState.LAPSED, "put off")


def test_after_five_weeks_of_downtime_everybody_is_asked_once(cast):
    events(cast, 2)
    later = NOW + 35 * DAY
    for minute in range(5):
        sweep_rounds(now=later + minute * MINUTE)
        sweep_prompts(now=later + minute * MINUTE)
    assert Round.objects.count() == 1
    assert sorted(asked_of(cast.bo)) == ["CHECK"]  # what arrived five weeks ago is too long ago to be rated
    assert Outbox.objects.filter(recipient_id=cast.bo.pk).count() == 1


# The scan


def test_a_sweep_reads_only_what_is_due(cast):
    open_due_rounds(now=NOW)
    assert to_look_at(cast.workspace, TODAY + DAY) == [cast.borealis.pk]  # looked at once more, and put off to its day
    open_due_rounds(now=NOW + DAY)
    assert to_look_at(cast.workspace, TODAY + DAY) == []
    assert due_relationships(workspace=cast.workspace, now=NOW + DAY, limit=10) == []


def test_the_scan_is_a_range_of_its_index(cast):
    explain = "EXPLAIN" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"{explain} {SCAN}", [cast.workspace.pk if name == WHOSE else TODAY.isoformat() for name in SCANNED])
        plan = str(cursor.fetchall())
    assert plan.count("card_by_asking") == 2
    assert all(name in plan for name in ("occasion_open", "card_by_hand"))


def test_the_scan_knows_its_cases(cast, monkeypatch):
    """What has come, for an occasion or by its date; what was set by hand before its date; and nothing that waits."""
    rows = {name: make_relationship(cast.ana, name, people=(cast.bo,)) for name in ("due", "waits", "staked", "put off", "later", "shaken")}
    Card.objects.filter(relationship=cast.borealis).update(due_on=TODAY + 9 * DAY)
    Card.objects.filter(relationship__in=rows.values()).update(due_on=TODAY + 9 * DAY)
    Card.objects.filter(relationship=rows["due"]).update(due_on=TODAY - DAY)
    Card.objects.filter(relationship=rows["waits"]).update(due_on=TODAY, wait_until=TODAY + DAY)
    for name in ("staked", "put off"):
        change_rhythm(relationship=rows[name], band=None, cadence_days=None, stake=3, voice=cast.ana_voice, now=NOW)
        Card.objects.filter(relationship=rows[name]).update(due_on=TODAY + 9 * DAY)
    Card.objects.filter(relationship=rows["put off"]).update(wait_until=TODAY + DAY)
    Occasion.objects.create(
        workspace=cast.workspace, relationship=rows["shaken"], kind=OccasionKind.INCIDENT, happened_on=TODAY, ask_from=TODAY, created_at=NOW
    )
    assert to_look_at(cast.workspace, TODAY) == [rows["shaken"].pk, rows["due"].pk, rows["staked"].pk]
    assert to_look_at(cast.workspace, TODAY, limit=1) == [rows["shaken"].pk]
    assert set(to_look_at(cast.workspace, TODAY + DAY)) == {rows[name].pk for name in ("due", "waits", "staked", "put off", "shaken")}
    with CaptureQueriesContext(connection) as asked:
        to_look_at(cast.workspace, TODAY)
    assert len(asked) == 1


def test_the_last_check_goes_out_and_no_other_question_does(cast):
    open_due_rounds(now=NOW)
    before = Prompt.objects.get(participant=cast.bo_speaks)
    change_stage(relationship=cast.borealis, stage=Stage.ENDED, voice=cast.ana_voice, now=NOW + DAY)
    assert why_not(Prompt.objects.get(pk=before.pk), NOW + DAY) == "The relationship has ended."
    sweep_rounds(now=NOW + 14 * DAY)
    assert open_due_rounds(now=NOW + 15 * DAY) == 1
    last = Prompt.objects.get(participant=cast.bo_speaks, reason="ending")
    assert why_not(last, NOW + 15 * DAY) == ""
    assert since_lines(selected(last, NOW + 15 * DAY))[0] == "We ask as it ends."


def selected(prompt, now):
    return asked_about(prompts_with_people().get(pk=prompt.pk), now)


def test_a_question_says_what_happened_that_it_is_asked_just_now(cast):
    make_event(cast.borealis, cast.ana_voice, what="New prices", kind=EventKind.CHANGE_OF_TERMS)
    open_due_rounds(now=NOW)
    prompt = Prompt.objects.get(participant=cast.bo_speaks, kind="CHECK")
    assert since_lines(selected(prompt, NOW)) == ["We ask because terms changed on 11 June."]


def test_a_question_names_the_promises_that_are_still_open_to_both_and_no_other(cast):
    promised = {"status": EventStatus.PROMISED, "expected_on": TODAY + 9 * DAY}
    make_event(cast.borealis, cast.ana_voice, what="The planner", **promised)
    make_event(cast.borealis, cast.bo_voice, giver=1, what="An introduction", status=EventStatus.PROMISED, expected_on=TODAY + 5 * DAY)
    make_event(cast.borealis, cast.ana_voice, what="A surprise", visibility=Visibility.PRIVATE, **promised)
    gone = make_event(cast.borealis, cast.ana_voice, what="Taken back", **promised)
    withdraw_event(event=gone, voice=cast.ana_voice, supersedes=EventVersion.objects.get(event=gone), now=NOW)
    open_due_rounds(now=NOW)
    theirs, ours = (Prompt.objects.get(participant=one, kind="CHECK") for one in (cast.bo_speaks, cast.ana_speaks))
    assert since_lines(selected(theirs, NOW)) == ["You promised: An introduction, by 16 June", "Acme promised: The planner, by 20 June"]
    assert since_lines(selected(ours, NOW)) == ["Borealis promised: An introduction, by 16 June", "You promised: The planner, by 20 June"]


# Who may be asked when a mail is written and not any more when it goes


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda cast: stop_mails(person=cast.bo, now=NOW), "They asked us not to write."),
        (lambda cast: Participant.objects.filter(pk=cast.bo_speaks.pk).update(left_on=TODAY), "They no longer speak for their side."),
        (lambda cast: Relationship.objects.filter(pk=cast.borealis.pk).update(stage=Stage.ENDED), "The relationship has ended."),
        (lambda cast: Workspace.objects.filter(pk=cast.workspace.pk).update(is_active=False), "The workspace is closed."),
    ],
)
def test_what_changed_between_writing_and_sending_is_heeded_and_said(cast, change, reason):
    open_due_rounds(now=NOW)
    change(cast)
    send_due(now=NOW + MINUTE)
    row = Outbox.objects.get(recipient_id=cast.bo.pk)
    assert (row.state, row.reason) == ("SKIPPED", reason)
    assert not [message for message in mail.outbox if "bo@borealis.example" in message.to]


def test_without_a_change_the_same_mail_goes_out(cast):
    """Negative control."""
    open_due_rounds(now=NOW)
    send_due(now=NOW + MINUTE)
    assert [message for message in mail.outbox if "bo@borealis.example" in message.to]


def test_who_went_away_between_writing_and_sending_gets_it_when_they_are_back(cast):
    open_due_rounds(now=NOW)
    Person.objects.filter(pk=cast.bo.pk).update(away_from=TODAY, away_until=TODAY + 3 * DAY)
    send_due(now=NOW + MINUTE)
    row = Outbox.objects.get(recipient_id=cast.bo.pk)
    assert row.state == "DUE"
    assert row.due_at == NOW.replace(day=15, hour=8)
