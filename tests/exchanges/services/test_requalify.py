"""Whether it is still worth it: asked of each of our side alone, rarely, and kept from everybody else."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core import mail

from exchanges.models import Assurance, Evidence, Prompt, PromptKind, PromptState, Requalification, RequalificationText, RoundSeat, StillWorth
from exchanges.selectors.requalify import MOST_A_WEEK, coming, period_of
from exchanges.services import mailing
from exchanges.services.gently import snooze
from exchanges.services.prompts import lapse, sweep_prompts, wake
from exchanges.services.requalify import LASTS, ask_due_worth, say_worth, sweep_worth
from exchanges.services.rounds import RelationshipEnded, answer_check, open_round, sweep_rounds
from exchanges.services.sending import send_due
from relationships.models import Kind, Participant, Person, Relationship, SideRole, Stage, Workspace
from relationships.services.relationships import add_participant
from tests.makers import NOW, TODAY, make_member, make_relationship, speaker
from valueledger.common.errors import Invalid
from valueledger.common.models import AuditEntry, Outbox
from valueledger.common.models.outbox import OutboxState

DAY = timedelta(days=1)
JULY = datetime(2026, 7, 2, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def no_quiet(cast):
    Workspace.objects.filter(pk=cast.workspace.pk).update(quiet_from="00:00", quiet_until="00:00", quiet_days="")


def asked():
    return Prompt.objects.filter(kind=PromptKind.REQUALIFY)


def test_a_member_of_our_side_is_asked_once_a_half_year(cast):
    assert ask_due_worth(now=NOW) == 1
    prompt = asked().get()
    assert (prompt.participant_id, prompt.side, prompt.subject_key, prompt.closes_at) == (cast.ana_speaks.pk, 0, "worth:2026-H1", NOW + LASTS)
    assert [ask_due_worth(now=when) for when in (NOW, NOW + DAY, JULY, JULY + 90 * DAY)] == [0, 0, 0, 0]  # three weeks are no half-year
    assert ask_due_worth(now=NOW + 150 * DAY) == 1
    assert asked().order_by("-pk")[0].subject_key == "worth:2026-H2"


def test_what_was_said_unasked_counts_as_well(cast):
    say_worth(relationship=cast.borealis, member=cast.ana, said=StillWorth.YES, sentence="", now=NOW)
    assert [ask_due_worth(now=when) for when in (NOW + DAY, JULY)] == [0, 0]
    assert ask_due_worth(now=NOW + 150 * DAY) == 1


@pytest.mark.parametrize(("days", "count"), [(181, 0), (182, 1)])
def test_not_before_half_a_year_has_gone(cast, days, count):
    Relationship.objects.filter(pk=cast.borealis.pk).update(started_on=TODAY - days * DAY)
    assert ask_due_worth(now=NOW) == count


def test_or_before_our_side_has_answered_once_in_a_round_that_is_over(cast):
    Relationship.objects.filter(pk=cast.borealis.pk).update(started_on=TODAY)
    round = open_round(relationship=cast.borealis, now=NOW, reason="due")
    theirs, ours = (RoundSeat.objects.select_related("round").get(round=round, participant=one) for one in (cast.bo_speaks, cast.ana_speaks))
    answer_check(seat=theirs, value=Decimal(0), assurance=Assurance.LINK, now=NOW)
    assert ask_due_worth(now=NOW + DAY) == 0  # that the other side answered must not tell
    answer_check(seat=ours, value=Decimal(0), assurance=Assurance.SIGNED_IN, now=NOW)
    sweep_rounds(now=round.closes_at)
    assert ask_due_worth(now=round.closes_at) == 1


def test_that_only_the_other_side_answered_is_no_reason(cast, employee):
    Relationship.objects.update(started_on=TODAY)
    round = open_round(relationship=employee.relationship, now=NOW, reason="due")
    seat = RoundSeat.objects.select_related("round").get(round=round, participant=employee.eva_speaks)
    answer_check(seat=seat, value=Decimal(0), assurance=Assurance.LINK, now=NOW)
    sweep_rounds(now=round.closes_at)
    assert ask_due_worth(now=round.closes_at) == 0


@pytest.mark.parametrize("what", ["ended", "left", "no member", "left the workspace", "away"])
def test_who_is_not_asked(cast, what):
    if what == "ended":
        Relationship.objects.filter(pk=cast.borealis.pk).update(stage=Stage.ENDED)
    elif what == "left":
        Participant.objects.filter(pk=cast.ana_speaks.pk).update(left_on=TODAY)
    elif what == "no member":
        type(cast.ana).objects.filter(pk=cast.ana.pk).update(person=None)
    elif what == "left the workspace":
        type(cast.ana).objects.filter(pk=cast.ana.pk).update(left_at=NOW)
    else:
        Person.objects.filter(pk=cast.ana.person_id).update(away_from=TODAY, away_until=TODAY + 20 * DAY)
    assert ask_due_worth(now=NOW) == 0
    assert not asked().exists()


def test_the_other_side_is_never_asked(cast):
    bo_works_here = make_member(cast.workspace, "Bo Member", steward=True)
    type(bo_works_here).objects.filter(pk=bo_works_here.pk).update(person=cast.bo)
    ask_due_worth(now=NOW)
    assert set(asked().values_list("side", flat=True)) == {SideRole.OWN}


def test_every_member_who_speaks_for_us_is_asked_alone(cast):
    add_participant(side=cast.ana_speaks.side, person=cast.amir.person, from_on=TODAY)
    assert ask_due_worth(now=NOW) == 2
    say_worth(relationship=cast.borealis, member=cast.amir, said=StillWorth.NO, sentence="", now=NOW)
    states = dict(asked().values_list("participant__person_id", "state"))
    assert states == {cast.amir.person_id: PromptState.ANSWERED, cast.ana.person_id: PromptState.WAITING}


def test_a_check_that_is_open_to_them_stands_alone_but_one_of_the_same_day_takes_it_along(cast):
    round = open_round(relationship=cast.borealis, now=NOW, reason="due")
    assert ask_due_worth(now=NOW + DAY) == 0
    seat = RoundSeat.objects.select_related("round").get(round=round, participant=cast.ana_speaks)
    answer_check(seat=seat, value=Decimal(0), assurance=Assurance.SIGNED_IN, now=NOW + DAY)
    assert ask_due_worth(now=NOW + DAY) == 1


def test_the_sweep_looks_once_an_hour_and_goes_on_where_it_did_not_finish(cast):
    make_relationship(cast.ana, "Cassini")
    hour = timedelta(hours=1)
    assert sweep_worth(now=NOW, limit=1) == 1
    assert sweep_worth(now=NOW, limit=5) == 1
    Prompt.objects.all().delete()
    assert [sweep_worth(now=NOW + wait) for wait in (hour / 2, hour, -hour)] == [0, 2, 0]


def test_one_sweep_makes_one_mail_of_both(cast):
    sweep_prompts(now=NOW)
    assert set(Prompt.objects.filter(side=0).values_list("kind", flat=True)) == {PromptKind.CHECK, PromptKind.REQUALIFY}
    send_due(now=NOW)
    [ours] = [message for message in mail.outbox if message.to == ["ana@acme.example"]]
    assert "All in all" in ours.body
    assert "Borealis: is this still worth it for us?" in ours.body
    address = f"/prompts/{asked().get().public_id}/"
    assert all(address in body for body in (ours.body, ours.alternatives[0][0]))


def test_its_own_mail_opens_nothing_by_itself_and_says_who_sees_it(cast):
    ask_due_worth(now=NOW)
    send_due(now=NOW)
    [message] = mail.outbox
    assert message.subject == "Ana, a question for yourself: Borealis"
    assert "?said=NOT_SURE" in message.body
    assert "/p/" not in message.body.replace("/p/" + message.body.rpartition("/p/")[2].partition("/stop")[0] + "/stop", "")
    assert "Borealis never sees this, nor do leaders." in message.body
    assert Outbox.objects.get().kind == "requalify"


def test_a_few_a_week_and_no_more(cast):
    for number in range(7):
        make_relationship(cast.ana, f"Client {number}")
    assert [ask_due_worth(now=NOW + day * DAY) for day in (0, 1, 8, 16)] == [MOST_A_WEEK, 0, MOST_A_WEEK, 2]


def test_no_reminder_and_it_lapses_and_comes_again_once_it_was_put_off(cast):
    ask_due_worth(now=NOW)
    send_due(now=NOW)
    snooze(prompt=asked().get(), until=NOW + 30 * DAY, now=NOW)
    assert wake(now=NOW + 30 * DAY) == 1
    assert not Outbox.objects.filter(kind="reminder").exists()
    lapse(now=NOW + LASTS)
    assert asked().get().state == PromptState.LAPSED
    assert not AuditEntry.objects.filter(action="prompt.put_off").exists()


def test_what_is_said_is_no_evidence_stands_in_no_log_and_settles_the_question(cast):
    ask_due_worth(now=NOW)
    evidence, entries = Evidence.objects.count(), AuditEntry.objects.count()
    row = say_worth(relationship=cast.borealis, member=cast.ana, said=StillWorth.NOT_SURE, sentence="They pay late.", now=NOW)
    assert (row.period_key, row.said, row.text.sentence) == ("2026-H1", "NOT_SURE", "They pay late.")
    assert (Evidence.objects.count(), AuditEntry.objects.count()) == (evidence, entries)
    assert asked().get().state == PromptState.ANSWERED


def test_the_same_again_is_the_same_and_another_word_is_a_new_row(cast):
    def say(said, sentence=""):
        return say_worth(relationship=cast.borealis, member=cast.ana, said=said, sentence=sentence, now=NOW).seq

    assert [say("YES"), say("YES"), say("NO"), say("NO", "Enough.")] == [1, 1, 2, 3]
    assert (Requalification.objects.count(), RequalificationText.objects.count()) == (3, 3)


def test_what_cannot_be_taken(cast):
    with pytest.raises(Invalid):
        say_worth(relationship=cast.borealis, member=cast.ana, said="MAYBE", sentence="", now=NOW)
    Relationship.objects.filter(pk=cast.borealis.pk).update(stage=Stage.COMPLETED)
    with pytest.raises(RelationshipEnded):
        say_worth(relationship=cast.borealis, member=cast.ana, said="NO", sentence="", now=NOW)
    assert not Requalification.objects.exists()


def test_of_clients_the_steward_reads_colleagues_of_others_nobody(cast, employee):
    friend = make_relationship(cast.ana, "A friend", kind=Kind.PERSONAL)
    for row in (cast.borealis, employee.relationship, friend):
        side = speaker(row, SideRole.OWN).side
        add_participant(side=side, person=cast.amir.person, from_on=TODAY)
        say_worth(relationship=row, member=cast.amir, said="NO", sentence="Mine", now=NOW)
    seen = Requalification.objects.visible_to
    assert set(seen(cast.ana).values_list("relationship_id", flat=True)) == {cast.borealis.pk}
    assert seen(cast.amir).count() == 3
    assert [seen(member).count() for member in (cast.lea, cast.oda)] == [0, 0]


def test_what_comes_is_spread_over_the_weeks(cast):
    rows = [cast.borealis, *(make_relationship(cast.ana, f"Client {number}") for number in range(4))]
    found = coming([row.pk for row in rows], cast.workspace, NOW, until=TODAY + 30 * DAY)
    assert [on for on, _ in found] == [TODAY] * 3 + [TODAY + 7 * DAY] * 2
    ask_due_worth(now=NOW)
    assert len(coming([row.pk for row in rows], cast.workspace, NOW, until=TODAY + 30 * DAY)) == 2


def test_who_comes_of_age_meanwhile_stands_on_that_day(cast):
    Relationship.objects.filter(pk=cast.borealis.pk).update(started_on=TODAY - 172 * DAY)
    assert [on for on, _ in coming([cast.borealis.pk], cast.workspace, NOW, until=TODAY + 30 * DAY)] == [TODAY + 10 * DAY]


@pytest.mark.parametrize(("day", "period"), [(date(2026, 6, 30), "2026-H1"), (date(2026, 7, 1), "2026-H2"), (date(2026, 12, 31), "2026-H2")])
def test_half_years(day, period):
    assert period_of(day) == period


def test_who_cannot_be_reached_by_mail_is_asked_in_the_app(cast):
    Person.objects.filter(pk=cast.ana.person_id).update(suppressed_at=NOW)
    assert ask_due_worth(now=NOW) == 1
    assert mailing.unreachable(Person.objects.get(pk=cast.ana.person_id))
    assert Outbox.objects.get().state == OutboxState.SKIPPED
