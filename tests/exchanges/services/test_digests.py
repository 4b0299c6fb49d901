"""The digest: once a member and local period, at eight of a working day, only with what its reader may see, and never empty."""

import re
import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from unittest.mock import patch

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.urls import reverse

from exchanges.access import Voice
from exchanges.models import Assurance, Prompt, RoundSeat
from exchanges.services import digests
from exchanges.services.digests import BEGINS_LATER, MISSED, NOTHING, set_digest, sweep_digests
from exchanges.services.reports import Account, report_got
from exchanges.services.rounds import answer_check, open_round, sweep_rounds
from exchanges.services.sending import send_due
from relationships.models import Digest, Holiday, Kind, Member, Person
from tests.makers import NOW, TODAY, make_event, make_relationship
from valueledger.common.models import Outbox
from valueledger.common.models.outbox import OutboxState

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
EIGHT = datetime(2026, 6, 11, 8, 0, tzinfo=UTC)  # a Thursday


@pytest.fixture
def staff(cast):
    """Ana stewards and Lea leads, both for a year now; questions are out of the way."""
    Member.objects.update(joined_at=EIGHT - 365 * DAY)
    return cast


def rows(member=None):
    found = Outbox.objects.filter(kind="digest").order_by("local_day")
    return list(found.filter(recipient_id=member.person_id) if member else found)


def told(member, at=EIGHT, **given):
    """The digest's mail to this member, or None."""
    sweep_digests(now=at)
    mail.outbox.clear()
    send_due(now=at)
    return next((message for message in mail.outbox if message.to == [member.user.email] and "List-Unsubscribe" in message.extra_headers
                 and "/digest/" in message.extra_headers["List-Unsubscribe"]), None)  # fmt: skip


def asked(cast, at=EIGHT - DAY):
    return open_round(relationship=cast.borealis, now=at, reason="asked")


# When


def test_it_goes_out_at_eight_of_a_working_day_and_once(staff):
    asked(staff)
    assert sweep_digests(now=EIGHT - 2 * HOUR) == 3  # of the day before: nothing was written then
    assert {row.local_day for row in rows()} == {TODAY - DAY}
    assert sweep_digests(now=EIGHT) == 3
    assert sweep_digests(now=EIGHT + 5 * HOUR) == 0
    assert [(row.local_day, row.due_at) for row in rows(staff.ana)] == [(TODAY - DAY, EIGHT - DAY), (TODAY, EIGHT)]


def test_its_day_is_the_readers_own(staff):
    Person.objects.filter(pk=staff.ana.person_id).update(time_zone="America/New_York")
    sweep_digests(now=EIGHT + 3 * HOUR)
    assert rows(staff.ana)[-1].local_day == TODAY - DAY
    sweep_digests(now=EIGHT + 4 * HOUR)
    assert (rows(staff.ana)[-1].local_day, rows(staff.ana)[-1].due_at) == (TODAY, EIGHT + 4 * HOUR)


def test_no_weekend_no_holiday_and_not_while_away(staff):
    Holiday.objects.create(workspace=staff.workspace, on=TODAY)
    Person.objects.filter(pk=staff.ana.person_id).update(away_from=TODAY + DAY, away_until=TODAY + 4 * DAY)
    for hours in range(0, 24 * 7, 6):
        sweep_digests(now=EIGHT + hours * HOUR)
    days = {row.local_day - TODAY for row in rows(staff.ana)} - {-DAY}
    assert days == {5 * DAY, 6 * DAY}  # Tuesday and Wednesday
    assert {row.local_day - TODAY for row in rows(staff.lea)} - {-DAY} == {DAY, 4 * DAY, 5 * DAY, 6 * DAY}


def test_once_a_week_comes_on_the_first_working_day(staff):
    Member.objects.update(digest=Digest.WEEKLY)
    Holiday.objects.create(workspace=staff.workspace, on=TODAY + 4 * DAY)  # Monday
    for day in range(14):
        sweep_digests(now=EIGHT + day * DAY)
    assert [(row.bundle_key, row.local_day - TODAY) for row in rows(staff.ana)] == [
        ("digest:2026-W24", -3 * DAY), ("digest:2026-W25", 5 * DAY), ("digest:2026-W26", 11 * DAY),
    ]  # fmt: skip


@pytest.mark.parametrize(("how", "missed"), [(Digest.WEEKLY, 4), (Digest.DAILY, 24)])
def test_after_five_weeks_of_downtime_only_the_newest_goes_out(staff, how, missed):
    Member.objects.update(digest=how)
    sweep_digests(now=EIGHT)
    send_due(now=EIGHT)
    Outbox.objects.exclude(kind="digest").delete()
    assert sweep_digests(now=EIGHT + 35 * DAY) == 3
    later = [row for row in rows(staff.ana) if row.local_day > TODAY]
    assert [row.state for row in later].count(OutboxState.SKIPPED) == missed
    assert {row.reason for row in later if row.state == OutboxState.SKIPPED} == {MISSED}
    assert [row.state for row in later].count(OutboxState.DUE) == 1
    assert later[-1].state == OutboxState.DUE
    assert sweep_digests(now=EIGHT + 35 * DAY) == 0


def test_a_row_that_was_left_behind_gives_way_to_the_newer_one(staff):
    asked(staff)
    sweep_digests(now=EIGHT)
    sweep_digests(now=EIGHT + DAY)
    send_due(now=EIGHT + DAY)
    assert [(row.state, row.reason) for row in rows(staff.ana)] == [("SKIPPED", MISSED), ("SENT", "")]


def test_the_clock_that_leaps_an_hour_makes_no_second(staff):
    Person.objects.filter(pk=staff.ana.person_id).update(time_zone="Europe/Berlin")
    begin = datetime(2026, 10, 23, tzinfo=UTC)
    for hours in range(24 * 5):
        sweep_digests(now=begin + hours * HOUR)
    assert [(row.local_day.day, row.due_at.hour) for row in rows(staff.ana)] == [(22, 6), (23, 6), (26, 7), (27, 7)]


def test_whoever_joined_today_waits_for_tomorrow(staff):
    Member.objects.filter(pk=staff.ana.pk).update(joined_at=EIGHT + HOUR)
    sweep_digests(now=EIGHT + 2 * HOUR)
    assert rows(staff.ana) == []
    sweep_digests(now=EIGHT + DAY)
    assert len(rows(staff.ana)) == 1


def test_an_owner_alone_and_one_who_has_left_get_none(staff):
    Member.objects.filter(pk=staff.amir.pk).update(left_at=NOW)
    sweep_digests(now=EIGHT)
    assert {row.recipient_id for row in rows()} == {staff.ana.person_id, staff.lea.person_id}


# How often


def test_a_change_begins_with_the_next_period(staff):
    set_digest(member=staff.ana, digest=Digest.WEEKLY, now=EIGHT + HOUR)
    assert [(row.bundle_key, row.state, row.reason) for row in rows(staff.ana)] == [("digest:2026-W24", "SKIPPED", BEGINS_LATER)]
    set_digest(member=staff.ana, digest=Digest.NEVER, now=EIGHT + 2 * HOUR)
    sweep_digests(now=EIGHT + 30 * DAY)
    assert len(rows(staff.ana)) == 1
    set_digest(member=staff.ana, digest=Digest.DAILY, now=EIGHT + 30 * DAY)
    sweep_digests(now=EIGHT + 30 * DAY + HOUR)
    assert [row.state for row in rows(staff.ana)] == ["SKIPPED", "SKIPPED"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda cast: Member.objects.filter(pk=cast.ana.pk).update(digest="NEVER"), "They want no digest."),
        (lambda cast: Member.objects.filter(pk=cast.ana.pk).update(is_steward=False, is_owner=True), "They want no digest."),
        (lambda cast: Member.objects.filter(pk=cast.ana.pk).update(left_at=NOW), "They do not work here any more."),
        (lambda cast: type(cast.workspace).objects.filter(pk=cast.workspace.pk).update(is_active=False), "The workspace is closed."),
        (lambda cast: Person.objects.filter(pk=cast.ana.person_id).update(suppressed_at=NOW), "They asked us not to write."),
        (
            lambda cast: Person.objects.filter(pk=cast.ana.person_id).update(refused_at=NOW, refused_reason="550"),
            "Their mail system refused our last mail (550).",
        ),
    ],
)
def test_what_changed_before_it_went_out_stops_it(staff, change, reason):
    asked(staff)
    sweep_digests(now=EIGHT)
    change(staff)
    send_due(now=EIGHT)
    [row] = rows(staff.ana)
    assert (row.state, row.reason) == ("SKIPPED", reason)


# What


def test_nothing_to_tell_is_not_sent(staff):
    assert told(staff.amir) is None
    assert [(row.state, row.reason) for row in rows(staff.amir)] == [("SKIPPED", NOTHING)]


def test_it_tells_what_waits_with_links_of_ours_alone(staff, settings):
    asked(staff)
    message = told(staff.ana)
    html = message.alternatives[0][0]
    assert "Borealis: a check, open until 24 June" in message.body
    for text in (message.body, html):
        links = [word for word in text.replace('"', " ").split() if word.startswith("http") and "w3.org" not in word]
        assert links
        assert all(link.startswith(settings.PUBLIC_URL) for link in links)
    assert "<img" not in html


def test_it_tells_once_who_lets_a_question_pass(staff):
    asked(staff)
    Prompt.objects.filter(side=1).update(told_at=EIGHT - HOUR)
    assert "Bo Berg, Borealis: has not answered since 10 June; a call may help" in told(staff.ana).body
    assert "has not answered" not in told(staff.ana, EIGHT + DAY).body


def test_an_employee_is_never_among_them(staff, employee):
    open_round(relationship=employee.relationship, now=EIGHT - DAY, reason="asked")
    Prompt.objects.filter(side=1).update(told_at=EIGHT - HOUR)
    assert "Not answered yet" not in told(staff.ana).body


def answer(participant, value, at, sentence=""):
    seat = RoundSeat.objects.select_related("round").get(participant=participant)
    answer_check(seat=seat, value=Decimal(value), assurance=Assurance.SIGNED_IN, now=at, sentence=sentence)


def test_what_came_in_is_counted_and_not_repeated_or_quoted(staff):
    asked(staff)
    answer(staff.bo_speaks, 2, EIGHT - 3 * HOUR, "SECRET")
    answer(staff.ana_speaks, 1, EIGHT - 2 * HOUR)
    sweep_rounds(now=EIGHT - 2 * HOUR)
    event = make_event(staff.borealis, staff.ana_voice, what="Moved the depot", now=EIGHT - 2 * HOUR)
    report_got(event=event, side=1, voice=staff.bo_voice, account=Account(word=2, sentence="SECRET"), now=EIGHT - HOUR)
    body = told(staff.ana).body
    assert "Borealis: one rating came in, and an answer was revealed" in body
    assert "SECRET" not in body
    second = told(staff.ana, EIGHT + DAY)
    assert second is None or "Came in" not in second.body


def test_a_downtime_loses_nothing_of_what_came_in(staff):
    asked(staff)
    told(staff.ana)
    event = make_event(staff.borealis, staff.ana_voice, what="Moved the depot", now=EIGHT + 2 * HOUR)
    report_got(event=event, side=1, voice=staff.bo_voice, account=Account(word=2), now=EIGHT + 3 * HOUR)
    assert "one rating came in" in told(staff.ana, EIGHT + 7 * DAY).body


def test_a_blind_answer_changes_no_byte(staff):
    asked(staff)
    with_out = told(staff.ana)
    Outbox.objects.filter(kind="digest").delete()
    answer(staff.bo_speaks, -3, EIGHT - HOUR)
    with_in = told(staff.ana)
    assert stripped(with_in.body) == stripped(with_out.body)


def test_what_an_employee_says_changes_no_byte(staff, employee):
    asked(staff)
    open_round(relationship=employee.relationship, now=EIGHT - DAY, reason="asked")
    before = told(staff.ana)
    Outbox.objects.filter(kind="digest").delete()
    answer(employee.eva_speaks, -3, EIGHT - HOUR)
    event = make_event(employee.relationship, Voice(member=staff.ana), what="Gave a day off", now=EIGHT - 2 * HOUR)
    before_report = told(staff.ana)
    Outbox.objects.filter(kind="digest").delete()
    report_got(event=event, side=1, voice=employee.eva_voice, account=Account(word=-1), now=EIGHT - HOUR)
    assert stripped(told(staff.ana).body) == stripped(before_report.body)
    assert "Eva" not in stripped(before_report.body).replace("Eva Holm: a check, open until 24 June", "")
    assert before is not None


def stripped(body):
    """Without the secrets, which are new in every mail."""
    return re.sub(r"/p/[^/]+/", "/p/-/", body)


def test_a_leader_hears_of_clients_alone(staff, employee):
    make_relationship(staff.ana, "Aunt Rosa", kind=Kind.PERSONAL)
    asked(staff)
    answer(staff.bo_speaks, -3, EIGHT - 3 * HOUR)
    answer(staff.ana_speaks, 1, EIGHT - 2 * HOUR)
    sweep_rounds(now=EIGHT - 2 * HOUR)
    message = told(staff.lea)
    assert "Borealis" in message.body
    assert "Aunt Rosa" not in message.body
    assert "Eva" not in message.body
    assert "Waiting for your answer" not in message.body


def test_nobody_reads_of_anothers_relationship(staff):
    asked(staff)
    told(staff.ana)
    assert all("Borealis" not in message.body for message in mail.outbox if message.to == [staff.amir.user.email])


# Stopping


def stop_link(message):
    return message.extra_headers["List-Unsubscribe"].strip("<>")


def test_mail_systems_stop_it_with_one_click(staff, settings):
    asked(staff)
    link = stop_link(told(staff.ana)).removeprefix(settings.PUBLIC_URL)
    browser = Client(enforce_csrf_checks=True)
    with time_machine.travel(EIGHT + HOUR, tick=False):
        assert browser.get(link).status_code == 200
        assert Member.objects.get(pk=staff.ana.pk).digest == Digest.DAILY
        for _ in range(2):
            assert browser.post(link, {"List-Unsubscribe": "One-Click"}).status_code == 200
        assert Member.objects.get(pk=staff.ana.pk).digest == Digest.NEVER
        assert Person.objects.get(pk=staff.ana.person_id).suppressed_at is None
        assert browser.post(link, {"act": "resume"}).status_code == 200
        assert Member.objects.get(pk=staff.ana.pk).digest == Digest.WEEKLY
        assert not browser.cookies
        assert browser.post(reverse("portal:stop_digest", args=["x" * 43])).status_code == 404


def test_each_member_sets_its_own_on_the_page(staff):
    with time_machine.travel(NOW, tick=False):
        for member in (staff.ana, staff.lea, staff.oda):
            browser = Client()
            browser.force_login(member.user)
            assert browser.get(reverse("desk:settings_mail")).status_code == 200
            assert browser.post(reverse("desk:settings_mail"), {"digest": "WEEKLY"}).status_code == 302
            assert browser.post(reverse("desk:settings_mail"), {"digest": "HOURLY"}).status_code == 422
            assert Member.objects.get(pk=member.pk).digest == Digest.WEEKLY
    assert Member.objects.get(pk=staff.amir.pk).digest == Digest.DAILY


def test_without_the_row_a_period_would_be_written_twice(staff):
    """Negative control: the key of the period is what holds a second one back."""
    sweep_digests(now=EIGHT)
    with patch.object(digests, "_public_id", lambda *_: uuid.uuid4()):
        sweep_digests(now=EIGHT)
    assert len(rows(staff.ana)) == 1  # the bundle's key still does
    with patch.object(digests, "_public_id", lambda *_: uuid.uuid4()), patch.object(digests, "KIND", "digest2"):
        sweep_digests(now=EIGHT)
    assert Outbox.objects.filter(recipient_id=staff.ana.person_id, kind__startswith="digest").count() == 2
