"""Questions to oneself: off until switched on, one a month or quarter, about people in turn, and gone with whoever wrote them."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from exchanges.models import HowOften, ImportTable, Reflecting, Reflection
from exchanges.selectors.reflections import period_of, reflections_of, waiting_reflection
from exchanges.services.erasing import erase_person
from exchanges.services.exports import export
from exchanges.services.reflections import ReflectionClosed, ask_reflections, leave_reflection, reflect, set_how_often
from relationships.models import Member
from tests.makers import NOW, TODAY, make_relationship
from valueledger.common.errors import Invalid
from valueledger.common.models import AuditEntry, Outbox

DAY = timedelta(days=1)
JULY = datetime(2026, 7, 1, 9, tzinfo=UTC)
SECRET = "I am short with him."


def switch_on(member, how_often=HowOften.MONTHLY, now=NOW):
    set_how_often(member=member, how_often=how_often, now=now)


def mine(member):
    return Reflection.objects.of(member)


def test_nobody_is_asked_who_did_not_switch_it_on(cast):
    ask_reflections(now=NOW)
    assert not Reflection.objects.exists()
    switch_on(cast.ana, HowOften.NEVER)
    ask_reflections(now=JULY)
    assert not Reflection.objects.exists()


def test_one_question_at_once_and_then_one_a_month(cast):
    switch_on(cast.ana)
    assert mine(cast.ana).count() == 1
    for now in (NOW, NOW + 10 * DAY):
        ask_reflections(now=now)
    assert mine(cast.ana).count() == 1
    ask_reflections(now=JULY)
    ask_reflections(now=JULY + DAY)
    assert mine(cast.ana).count() == 2
    assert not Reflection.objects.exclude(member=cast.ana).exists()


def test_or_one_a_quarter(cast):
    switch_on(cast.ana, HowOften.QUARTERLY)
    ask_reflections(now=NOW + 15 * DAY)
    assert mine(cast.ana).get().closes_on.isoformat() == "2026-06-30"
    ask_reflections(now=JULY)
    assert mine(cast.ana).order_by("pk").last().closes_on.isoformat() == "2026-09-30"


def test_by_turns_a_relationship_and_a_colleague_and_nobody_twice_before_all(cast):
    make_relationship(cast.ana, "Cassini")
    switch_on(cast.ana)
    for month in range(7, 12):
        ask_reflections(now=datetime(2026, month, 1, 9, tzinfo=UTC))
    rows = list(mine(cast.ana).order_by("pk"))
    assert [row.relationship_id is not None for row in rows] == [True, False] * 3
    deals, mates = [row.relationship_id for row in rows if row.relationship_id], [row.colleague_id for row in rows if row.colleague_id]
    assert (len(set(deals)), len(set(mates))) == (2, 3)
    assert cast.ana.pk not in mates
    assert len({row.question for row in rows[:5]}) == 5


def test_an_owner_who_looks_after_nobody_is_asked_about_colleagues(cast):
    switch_on(cast.oda)
    assert mine(cast.oda).get().colleague_id is not None


def test_what_ended_or_was_handed_over_is_asked_about_no_more_and_not_named(cast):
    switch_on(cast.ana)
    row = mine(cast.ana).get()
    reflect(reflection=row, sentence=SECRET, feeling="", now=NOW)
    assert "Borealis" in reflections_of(cast.ana)[0].question
    type(cast.borealis).objects.filter(pk=cast.borealis.pk).update(steward=cast.amir)
    cast.ana_speaks.left_on = TODAY
    cast.ana_speaks.save(update_fields=["left_on"])
    assert "Borealis" not in reflections_of(cast.ana)[0].question
    for month in (7, 8):
        ask_reflections(now=datetime(2026, month, 1, 9, tzinfo=UTC))
    assert not mine(cast.ana).exclude(pk=row.pk).filter(relationship__isnull=False).exists()


def test_an_answer_is_a_sentence_and_if_one_likes_a_word(cast):
    switch_on(cast.ana)
    row = mine(cast.ana).get()
    for sentence, feeling in (("", ""), ("Fine.", "GREAT")):
        with pytest.raises(Invalid):
            reflect(reflection=row, sentence=sentence, feeling=feeling, now=NOW)
    reflect(reflection=row, sentence=SECRET, feeling="HARD", now=NOW)
    [said] = reflections_of(cast.ana)
    assert (said.sentence, said.feeling, said.said_on) == (SECRET, "hard", TODAY)
    assert waiting_reflection(cast.ana, TODAY) is None


def test_what_was_left_or_is_over_is_not_answered_any_more(cast):
    switch_on(cast.ana)
    row = mine(cast.ana).get()
    with pytest.raises(ReflectionClosed):
        reflect(reflection=row, sentence=SECRET, feeling="", now=JULY)
    assert waiting_reflection(cast.ana, JULY.date()) is None
    leave_reflection(row)
    row.refresh_from_db()
    with pytest.raises(ReflectionClosed):
        reflect(reflection=row, sentence=SECRET, feeling="", now=NOW)


def test_switching_it_off_takes_the_question_away_and_leaves_what_was_said(cast):
    switch_on(cast.ana)
    reflect(reflection=mine(cast.ana).get(), sentence=SECRET, feeling="", now=NOW)
    ask_reflections(now=JULY)
    switch_on(cast.ana, HowOften.NEVER, JULY)
    assert [row.sentence for row in mine(cast.ana)] == [SECRET]
    switch_on(cast.ana, HowOften.MONTHLY, JULY)
    assert mine(cast.ana).count() == 2


def test_who_left_is_asked_no_more(cast):
    switch_on(cast.ana)
    Member.objects.filter(pk=cast.ana.pk).update(left_at=NOW)
    ask_reflections(now=JULY)
    assert mine(cast.ana).count() == 1


def test_it_stands_in_no_log_no_mail_and_no_export(cast):
    entries, mails = AuditEntry.objects.count(), Outbox.objects.count()
    switch_on(cast.ana)
    reflect(reflection=mine(cast.ana).get(), sentence=SECRET, feeling="HARD", now=NOW)
    assert (AuditEntry.objects.count(), Outbox.objects.count()) == (entries, mails)
    for table in ImportTable.values:
        for member in (cast.ana, cast.lea, None):
            assert b"short with him" not in b"".join(export(table=table, workspace=cast.workspace, member=member, now=NOW))


def test_it_goes_with_the_person_who_wrote_it_and_only_then(cast):
    for member in (cast.ana, cast.amir):
        switch_on(member)
        reflect(reflection=mine(member).get(), sentence=SECRET, feeling="", now=NOW)
    Member.objects.filter(pk=cast.ana.pk).update(left_at=NOW)
    found = erase_person(person=cast.ana.person, now=NOW, is_dry_run=True)
    assert mine(cast.ana).count() == 1
    assert not any("eflection" in place for place in found.counts)  # not even an operator is told that there were any
    erase_person(person=cast.ana.person, now=NOW)
    assert not mine(cast.ana).exists()
    assert not Reflecting.objects.filter(member=cast.ana).exists()
    assert mine(cast.amir).get().sentence == SECRET


def test_the_name_of_an_erased_person_goes_out_of_what_others_wrote(cast):
    switch_on(cast.amir)
    reflect(reflection=mine(cast.amir).get(), sentence="Ana Lind carries it all.", feeling="", now=NOW)
    Member.objects.filter(pk=cast.ana.pk).update(left_at=NOW)
    erase_person(person=cast.ana.person, now=NOW)
    assert "Ana Lind" not in mine(cast.amir).get().sentence


def test_a_question_is_about_exactly_one(cast):
    for about in ({}, {"relationship": cast.borealis, "colleague": cast.amir}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Reflection.objects.create(workspace=cast.workspace, member=cast.ana, question="EASE", asked_on=TODAY, closes_on=TODAY, **about)


@pytest.mark.parametrize(("how_often", "period"), [(HowOften.MONTHLY, "2026-06"), (HowOften.QUARTERLY, "2026-Q2")])
def test_periods(how_often, period):
    assert period_of(TODAY, how_often) == period
