"""The page of one relationship, and the page behind its numbers."""

import re
from datetime import timedelta

import pytest
from django.db import transaction
from django.urls import reverse

from exchanges.access import Voice
from exchanges.models import Assurance, Disclosure, EventStatus, Giver, LiveEvidence, ReportRole, RoundSeat, Visibility
from exchanges.services.posting import locked, post_answers
from exchanges.services.reports import Account, relay_report, report_gave, report_got
from exchanges.services.rounds import answer_check, open_round, sweep_rounds
from exchanges.services.speakers import add_speaker
from relationships.models import Kind, SideRole
from tests.exchanges.views.browsing import HTMX, browser_of, clock, looks_unknown, refuses, seen_by  # noqa: F401
from tests.makers import NOW, TODAY, make_event, make_relationship, speaker
from valueledger.common.tenancy import within

pytestmark = pytest.mark.usefixtures("clock")


def url_of(relationship, query=""):
    return reverse("desk:relationship", args=[relationship.public_id]) + query


def why_of(relationship, side="own"):
    return reverse("desk:why", args=[relationship.public_id]) + f"?side={side}"


def answered(relationship, own=0, counterpart=0):
    """A round in which both sides said something, revealed by the second answer (with an employee, at its close)."""
    opened = open_round(relationship=relationship, now=NOW, reason="due")
    for seat in RoundSeat.objects.filter(round=opened).order_by("side"):
        value = own if seat.side == SideRole.OWN else counterpart
        if value is not None:
            answer_check(seat=seat, value=value, confirm=False, guess=None, sureness="", sentence="", assurance=Assurance.SIGNED_IN, now=NOW)
    if relationship.kind == Kind.EMPLOYEE:
        sweep_rounds(now=opened.closes_at)
    return opened


def test_the_steward_reads_and_may_write(cast):
    page = seen_by(cast.ana, url_of(cast.borealis))
    assert "Borealis" in page
    assert "Ask for a check" in page


def test_a_leader_reads_what_both_may_see_and_writes_nothing(cast):
    make_event(cast.borealis, cast.ana_voice, what="For both to see")
    make_event(cast.borealis, cast.ana_voice, what="Only for us", visibility=Visibility.PRIVATE)
    page = seen_by(cast.lea, url_of(cast.borealis))
    assert "For both to see" in page
    assert "Only for us" not in page
    assert "Ask for a check" not in page


def test_the_steward_sees_what_our_side_keeps_to_itself(cast):
    make_event(cast.borealis, cast.ana_voice, what="Only for us", visibility=Visibility.PRIVATE)
    assert "Only for us" in seen_by(cast.ana, url_of(cast.borealis))


def test_what_the_counterpart_keeps_to_itself_is_not_on_the_page(cast):
    make_event(cast.borealis, cast.bo_voice, giver=Giver.COUNTERPART, what="Only for them", visibility=Visibility.PRIVATE)
    assert "Only for them" not in seen_by(cast.ana, url_of(cast.borealis))


def test_strangers_and_others_find_nothing(cast, employee):
    for url in (url_of(cast.borealis), why_of(cast.borealis)):
        looks_unknown(cast.amir, url)
        looks_unknown(cast.oda, url)
        with within(cast.elsewhere.pk):
            looks_unknown(cast.zed, url)
    looks_unknown(cast.lea, url_of(employee.relationship))


def test_other_methods_are_refused(cast):
    refuses(cast.ana, url_of(cast.borealis), "POST", "PUT", "DELETE")
    refuses(cast.ana, why_of(cast.borealis), "POST")


def test_unknown_is_shown_as_unknown_and_not_as_zero(cast):
    page = seen_by(cast.ana, url_of(cast.borealis))
    assert "Nobody has answered" in page
    assert 'class="num"' not in page


def test_both_sides_stand_with_range_and_date_once_both_have_answered(cast):
    answered(cast.borealis, own=0, counterpart=-1)
    page = seen_by(cast.ana, url_of(cast.borealis))
    assert len(re.findall(r'class="num">[^<]*±', page)) >= 2
    assert "confirmed 11 June, Bo Berg" in page
    assert "confirmed 11 June, Ana Lind" in page


def test_colleagues_see_their_sides_number_and_not_who_said_it(cast):
    answered(cast.borealis, own=2, counterpart=-1)
    page = seen_by(cast.lea, url_of(cast.borealis))
    assert "confirmed 11 June, Bo Berg" in page
    assert "Ana Lind answered" not in page
    assert "confirmed 11 June, Ana Lind" not in page
    assert "Ana Lind answered" not in seen_by(cast.lea, why_of(cast.borealis))
    assert "Ana Lind answered" in seen_by(cast.ana, why_of(cast.borealis))


def test_answers_of_two_colleagues_on_one_day_are_one_number(cast):
    add_speaker(relationship=cast.borealis, role=SideRole.OWN, name="Amir", email=cast.amir.user.email, member=cast.ana, now=NOW)
    opened = open_round(relationship=cast.borealis, now=NOW, reason="due")
    for seat, value in zip(RoundSeat.objects.filter(round=opened).order_by("side", "participant_id"), (3, -1, 0), strict=True):
        answer_check(seat=seat, value=value, confirm=False, guess=None, sureness="", sentence="", assurance=Assurance.SIGNED_IN, now=NOW)
    checks = browser_of(cast.ana).get(url_of(cast.borealis)).context["chart"].panels[1].checks
    assert [(check.f, check.by) for check in checks] == [(1.0, "")]


def test_a_blind_answer_shows_nowhere_before_the_reveal(cast):
    answered(cast.borealis, own=None, counterpart=-3)
    page = seen_by(cast.ana, url_of(cast.borealis))
    assert "Both sides were asked" in page
    assert 'class="num"' not in page
    assert "Bo Berg" not in page


def test_answers_of_a_round_that_is_over_show_before_anything_is_posted(cast, clock):  # noqa: F811
    """A link's answer is settled a minute after it was given, and the worker may be away: the page does not wait for it."""
    opened = open_round(relationship=cast.borealis, now=NOW, reason="due")
    for seat in RoundSeat.objects.filter(round=opened):
        answer_check(seat=seat, value=0, confirm=False, guess=None, sureness="", sentence="", assurance=Assurance.LINK, now=NOW)
    assert 'class="num"' not in seen_by(cast.ana, url_of(cast.borealis))
    clock.move_to(NOW + timedelta(minutes=2))
    page = seen_by(cast.ana, url_of(cast.borealis))
    assert len(re.findall(r'class="est">\s*<b>', page)) == 2
    assert not LiveEvidence.objects.exists()


def test_the_givers_guess_and_the_receivers_answer_stand_side_by_side_with_their_gap(cast):
    for what in ("Depot workshop", "Slot planner"):
        event = make_event(cast.borealis, cast.ana_voice, what=what)
        report_gave(event=event, side=SideRole.OWN, voice=cast.ana_voice, account=Account(word=2, guess_word=4), now=NOW)
        report_got(event=event, side=SideRole.COUNTERPART, voice=cast.bo_voice, account=Account(word=1, sentence="Nothing for Monday"), now=NOW)
    answered(cast.borealis)
    page = seen_by(cast.ana, url_of(cast.borealis))
    assert "Gap of 3: clarify" in page
    assert "Nothing for Monday" in page
    assert "Perception gap" in page
    assert "Clarify before you give more" in page


def test_a_claim_is_listed_as_unheard(cast):
    make_event(cast.borealis, cast.ana_voice, what="Depot workshop")
    page = seen_by(cast.ana, url_of(cast.borealis))
    assert "unheard: a claim until they answer" in page
    assert "Only unheard, 1" in page


def test_what_was_passed_on_is_marked_where_it_is_shown(cast):
    event = make_event(cast.borealis, cast.ana_voice)
    relay_report(event=event, side=SideRole.COUNTERPART, role=ReportRole.GOT, member=cast.ana, account=Account(word=3), now=NOW)
    assert "passed on by Ana Lind, counts half" in " ".join(seen_by(cast.ana, url_of(cast.borealis)).split())


def test_only_one_direction_is_half_seen(cast):
    make_event(cast.borealis, cast.ana_voice)
    assert "Half-seen" in seen_by(cast.ana, url_of(cast.borealis))
    make_event(cast.borealis, cast.ana_voice, giver=Giver.COUNTERPART)
    assert "Half-seen" not in seen_by(cast.ana, url_of(cast.borealis))


def test_a_promise_counts_beside_and_not_within(cast):
    answered(cast.borealis)
    without = seen_by(cast.ana, url_of(cast.borealis))
    make_event(cast.borealis, cast.ana_voice, what="Send the forecast", status=EventStatus.PROMISED, expected_on=TODAY + timedelta(days=9))
    page = seen_by(cast.ana, url_of(cast.borealis))
    beam = re.compile(r'class="est">.*?</p>', re.S)
    assert "With pending" in page
    assert beam.findall(page) == beam.findall(without)


def test_a_joint_entry_stands_in_both_ledgers(cast):
    make_event(cast.borealis, cast.ana_voice, giver=Giver.JOINT, what="Joint case study")
    ledger = seen_by(cast.ana, url_of(cast.borealis)).split('id="h-led"')[1]
    assert ledger.count("Joint case study") == 2


def test_the_ledger_alone_is_swapped_for_its_filters(cast):
    make_event(cast.borealis, cast.ana_voice, what="Unheard thing")
    page = browser_of(cast.ana).get(url_of(cast.borealis, "?show=gaps"), headers=HTMX).content.decode()
    assert "<html" not in page
    assert "Unheard thing" not in page
    assert "All, 1" in page


def test_a_filter_that_means_nothing_shows_all(cast):
    make_event(cast.borealis, cast.ana_voice, what="Some thing")
    assert "Some thing" in seen_by(cast.ana, url_of(cast.borealis, "?show=%00nonsense".replace("%00", "")))


def test_older_entries_are_one_step_away(cast):
    make_event(cast.borealis, cast.ana_voice, what="Long ago", on=TODAY - timedelta(days=700))
    assert "Long ago" not in seen_by(cast.ana, url_of(cast.borealis))
    assert "Long ago" in seen_by(cast.ana, url_of(cast.borealis, "?older=1"))


# Employees


def test_an_employees_side_is_private_until_shared(cast, employee):
    answered(employee.relationship, own=1, counterpart=-3)
    page = seen_by(cast.ana, url_of(employee.relationship))
    assert "their side is private" in page
    assert "not shown" in page
    assert len(re.findall(r'class="est">\s*<b>', page)) == 1  # ours
    assert "Eva Holm answered" not in page
    assert "How fair Eva" not in page


def test_whether_an_employee_answered_cannot_be_told(cast, employee):
    silent = re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"|X-CSRFToken[^}]+', "", seen_by(cast.ana, why_of(employee.relationship, "counterpart")))
    answered(employee.relationship, own=None, counterpart=-3)
    said = re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"|X-CSRFToken[^}]+', "", seen_by(cast.ana, why_of(employee.relationship, "counterpart")))
    assert silent == said


def test_what_an_employee_shared_is_shown(cast, employee):
    opened = answered(employee.relationship, own=1, counterpart=-2)
    answer = opened.answers.get(side=SideRole.COUNTERPART)
    Disclosure.objects.create(workspace=cast.workspace, participant=employee.eva_speaks, answer=answer, at=NOW)
    with transaction.atomic():
        post_answers(relationship=locked(employee.relationship.pk), round=opened, now=NOW)
    page = seen_by(cast.ana, url_of(employee.relationship))
    assert "their side is private" not in page
    assert len(re.findall(r'class="est">\s*<b>', page)) == 2


def test_an_employees_rating_reads_theirs_to_share(cast, employee):
    event = make_event(employee.relationship, cast.ana_voice, what="Two learning days")
    report_got(event=event, side=SideRole.COUNTERPART, voice=employee.eva_voice, account=Account(word=-1, sentence="Please not again"), now=NOW)
    page = seen_by(cast.ana, url_of(employee.relationship))
    assert "Theirs to share" in page
    assert "Please not again" not in page
    assert "Got in the way" not in page
    assert "Only unheard" not in page


# Friends


def test_a_personal_ledger_has_words_and_no_numbers(cast):
    friend = make_relationship(cast.ana, "Piet Vorster", kind=Kind.PERSONAL)
    event = make_event(friend, cast.ana_voice, what="Listened until two")
    voice = Voice(member=cast.ana, participant=speaker(friend, SideRole.OWN))
    report_gave(event=event, side=SideRole.OWN, voice=voice, account=Account(word=3), now=NOW)
    page = seen_by(cast.ana, url_of(friend))
    assert "Listened until two" in page
    for number in ('class="num"', '<svg class="level', 'class="beam"', "±", "unheard", "owe"):
        assert number not in page, number
    looks_unknown(cast.ana, why_of(friend))


# Why


def test_the_parts_sum_to_the_number(cast):
    answered(cast.borealis, own=-2, counterpart=0)
    event = make_event(cast.borealis, cast.ana_voice)
    report_gave(event=event, side=SideRole.OWN, voice=cast.ana_voice, account=Account(word=4), now=NOW)
    response = browser_of(cast.ana).get(why_of(cast.borealis))
    why, estimate = response.context["why"], response.context["estimate"]
    assert sum(part.points for part in why.parts) + why.rest == pytest.approx(estimate.f, abs=1e-9)
    assert why.total == pytest.approx(estimate.f, abs=1e-9)
    assert {part.label for part in why.parts} >= {"check"}


def test_every_part_leads_to_its_entry(cast):
    answered(cast.borealis, own=-2)
    event = make_event(cast.borealis, cast.ana_voice, what="Depot workshop", on=TODAY - timedelta(days=1))
    report_gave(event=event, side=SideRole.OWN, voice=cast.ana_voice, account=Account(word=4), now=NOW)
    page = seen_by(cast.ana, why_of(cast.borealis) + "&all=1")
    assert reverse("desk:event", args=[event.public_id]) in page


def test_what_is_unknown_is_named(cast):
    make_event(cast.borealis, cast.ana_voice, what="Depot workshop")
    page = seen_by(cast.ana, why_of(cast.borealis, "counterpart"))
    assert "There is no number yet" in page
    assert "Missing, not zero" in page
    assert "Depot workshop" in page


def test_a_leader_sees_the_shared_parts_only(cast):
    answered(cast.borealis)
    event = make_event(cast.borealis, cast.ana_voice, what="Only for us", visibility=Visibility.PRIVATE)
    report_gave(event=event, side=SideRole.OWN, voice=cast.ana_voice, account=Account(word=4), now=NOW)
    assert "Only for us" in seen_by(cast.ana, why_of(cast.borealis) + "&all=1")
    assert "Only for us" not in seen_by(cast.lea, why_of(cast.borealis) + "&all=1")
