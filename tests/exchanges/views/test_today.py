"""Today: the sentence, the line that logs value, whom to think about, what happened and what comes."""

from datetime import timedelta

import pytest
from django.urls import reverse

from exchanges.models import Card, EventStatus, EventVersion, Giver, ReportRole, ValueEvent
from exchanges.services.reports import Account, relay_report, report_gave, report_got
from exchanges.services.rounds import open_round
from relationships.models import SideRole
from tests.exchanges.views.browsing import HTMX, browser_of, clock, looks_unknown, refuses, seen_by  # noqa: F401
from tests.makers import NOW, TODAY, make_event, make_relationship
from valueledger.common.tenancy import within

pytestmark = pytest.mark.usefixtures("clock")
TODAY_URL = "/"
QUICK = "/log/quick/"


def quick(member, *, htmx=False, **typed):
    data = {"direction": "we", "who": "Borealis", "what": "A call about the doors", **typed}
    return browser_of(member).post(QUICK, data, headers=HTMX if htmx else None)


def test_the_steward_sees_the_day(cast):
    assert "Today, " in seen_by(cast.ana, TODAY_URL)


def test_a_leader_who_stewards_nothing_is_led_to_the_portfolio(cast):
    response = browser_of(cast.lea).get(TODAY_URL)
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/portfolio")


def test_an_owner_alone_is_led_to_the_settings(cast):
    assert browser_of(cast.oda).get(TODAY_URL).headers["Location"] == reverse("desk:settings")


def test_other_methods_are_refused(cast):
    refuses(cast.ana, TODAY_URL, "POST", "DELETE")
    refuses(cast.ana, QUICK, "GET", "PUT")


def test_a_stranger_sees_its_own_day_only(cast):
    make_event(cast.borealis, cast.ana_voice, what="Fixed the gate")
    with within(cast.elsewhere.pk):
        assert "Fixed the gate" not in seen_by(cast.zed, TODAY_URL)


def test_another_steward_sees_nothing_of_it(cast):
    make_event(cast.borealis, cast.ana_voice, what="Fixed the gate")
    assert "Fixed the gate" not in seen_by(cast.amir, TODAY_URL)


def test_one_line_logs_a_claim_that_counts_nothing_yet(cast):
    response = quick(cast.ana)
    assert response.status_code == 302
    event = ValueEvent.objects.get()
    assert (event.giver, event.relationship_id, event.author_side) == (Giver.OWN, cast.borealis.pk, SideRole.OWN)
    assert EventVersion.objects.get().text.what == "A call about the doors"
    assert not event.reports.exists()


def test_they_gave_is_logged_in_their_direction(cast):
    quick(cast.ana, direction="they")
    assert ValueEvent.objects.get().giver == Giver.COUNTERPART


def test_the_name_may_be_typed_in_any_case(cast):
    assert quick(cast.ana, who="  borealis ").status_code == 302


def test_the_answer_to_htmx_is_the_new_line_with_an_undo_and_a_fresh_key(cast):
    page = quick(cast.ana, htmx=True, key="first").content.decode()
    assert "A call about the doors" in page
    assert "/withdraw/" in page
    assert 'id="quick-key"' in page
    assert 'value="first"' not in page


def test_the_same_form_sent_twice_logs_once(cast):
    assert quick(cast.ana, key="one").status_code == 302
    assert quick(cast.ana, key="one").status_code == 302
    assert ValueEvent.objects.count() == 1


def test_two_forms_with_the_same_words_log_twice(cast):
    quick(cast.ana, key="one")
    quick(cast.ana, key="two")
    assert ValueEvent.objects.count() == 2


def test_a_used_form_with_other_words_says_so_and_gives_a_new_key(cast):
    quick(cast.ana, key="one")
    response = quick(cast.ana, key="one", what="Something else")
    assert response.status_code == 422
    page = response.content.decode()
    assert "saved already" in page
    assert "Something else" in page
    assert 'name="key" id="quick-key" value="one"' not in page
    assert ValueEvent.objects.count() == 1


def test_an_unknown_name_is_said_and_what_was_typed_stays(cast):
    response = quick(cast.ana, who="Boreali")
    page = response.content.decode()
    assert response.status_code == 422
    assert "Did you mean Borealis?" in page
    assert 'value="Boreali"' in page
    assert "A call about the doors" in page
    assert not ValueEvent.objects.exists()


def test_the_name_that_was_meant_can_be_chosen(cast):
    assert quick(cast.ana, who="Boreali", relationship=str(cast.borealis.public_id)).status_code == 302


def test_two_of_one_name_are_told_apart_before_anything_is_saved(cast):
    second = make_relationship(cast.ana, "Borealis")
    response = quick(cast.ana)
    assert response.status_code == 422
    assert str(second.public_id) in response.content.decode()
    assert quick(cast.ana, relationship=str(second.public_id)).status_code == 302
    assert ValueEvent.objects.get().relationship_id == second.pk


def test_the_name_of_somebody_elses_relationship_is_not_known(cast):
    make_relationship(cast.amir, "Cassini")
    page = quick(cast.ana, who="Cassini").content.decode()
    assert "There is no “Cassini” here." in page
    assert quick(cast.ana, who="Cassini", relationship="not-a-uuid").status_code == 422


def test_a_refused_line_comes_back_to_htmx_in_place_of_the_form(cast):
    response = quick(cast.ana, htmx=True, who="")
    assert response.status_code == 422
    assert response.headers["HX-Retarget"] == "#quicklog"


@pytest.mark.parametrize("what", ["", " ", "\0", "\u202e", "x" * 501])
def test_words_that_say_nothing_or_too_much_are_refused(cast, what):
    assert quick(cast.ana, what=what).status_code == 422
    assert not ValueEvent.objects.exists()


def test_what_cannot_be_stored_is_left_out_of_honest_words(cast):
    quick(cast.ana, what="a\0b \u202ec")
    assert EventVersion.objects.get().text.what == "ab c"


def test_ten_megabytes_are_refused_in_words(cast):
    response = quick(cast.ana, what="x" * 10_000_000)
    assert response.status_code == 413
    assert "your words are still there" in response.content.decode()


def test_an_owner_alone_logs_nothing(cast):
    looks_unknown(cast.oda, QUICK, "post", direction="we", who="Borealis", what="x")


def test_undo_takes_the_entry_back(cast):
    quick(cast.ana)
    event = ValueEvent.objects.get()
    browser_of(cast.ana).post(reverse("desk:withdraw_event", args=[event.public_id]))
    assert EventVersion.objects.current().get(event=event).is_withdrawal


def test_a_question_to_us_waits_on_the_page(cast):
    open_round(relationship=cast.borealis, now=NOW, reason="due")
    page = seen_by(cast.ana, TODAY_URL)
    assert "All in all, with Borealis, do we get as much as we give?" in page
    assert "One answer is waiting for you" in page


def test_what_we_received_and_did_not_rate_waits_too(cast):
    event = make_event(cast.borealis, cast.bo_voice, giver=Giver.COUNTERPART, what="Told a neighbour about us")
    url = reverse("desk:report_got", args=[event.public_id])
    assert url in seen_by(cast.ana, TODAY_URL)
    report_got(event=event, side=SideRole.OWN, voice=cast.ana_voice, account=Account(word=3), now=NOW)
    assert url not in seen_by(cast.ana, TODAY_URL)


def test_lately_shows_what_the_other_side_said(cast):
    event = make_event(cast.borealis, cast.ana_voice, what="Calibrated the scales")
    report_got(event=event, side=SideRole.COUNTERPART, voice=cast.bo_voice, account=Account(word=4, expectation="WOW"), now=NOW)
    page = seen_by(cast.ana, TODAY_URL)
    assert "Bo Berg, Borealis" in page
    assert "worth a great deal" in page


def test_lately_names_what_was_passed_on_as_such(cast):
    event = make_event(cast.borealis, cast.ana_voice, what="Calibrated the scales")
    relay_report(event=event, side=SideRole.COUNTERPART, role=ReportRole.GOT, member=cast.ana, account=Account(word=2), now=NOW)
    assert "Borealis, passed on" in seen_by(cast.ana, TODAY_URL)


def test_an_employees_rating_is_in_no_feed(cast, employee):
    event = make_event(employee.relationship, cast.ana_voice, what="Two learning days")
    report_got(event=event, side=SideRole.COUNTERPART, voice=employee.eva_voice, account=Account(word=1, sentence="Not for me"), now=NOW)
    page = seen_by(cast.ana, TODAY_URL)
    assert "Two learning days" in page
    assert "Not for me" not in page
    assert "worth a little" not in page


@pytest.mark.parametrize("is_open", [False, True])
def test_soon_names_a_check_that_comes_due_and_none_that_is_asked_already(cast, is_open):
    Card.objects.filter(relationship=cast.borealis).update(due_counterpart_on=TODAY + timedelta(days=5))
    if is_open:
        open_round(relationship=cast.borealis, now=NOW, reason="asked")
        Card.objects.filter(relationship=cast.borealis).update(due_counterpart_on=TODAY + timedelta(days=5))
    shown = seen_by(cast.ana, TODAY_URL)
    assert ("Check due from" in shown[shown.index('id="h-soon"') :]) is not is_open


def test_soon_lists_promises_with_their_day(cast):
    make_event(cast.borealis, cast.ana_voice, what="Send the forecast", status=EventStatus.PROMISED, expected_on=TODAY + timedelta(days=3))
    make_event(cast.borealis, cast.ana_voice, what="Too far off", status=EventStatus.PROMISED, expected_on=TODAY + timedelta(days=300))
    shown = seen_by(cast.ana, TODAY_URL)
    soon = shown[shown.index('id="h-soon"') :]
    assert "Send the forecast" in soon
    assert "Too far off" not in soon


def test_a_promise_past_its_day_is_late(cast):
    make_event(
        cast.borealis, cast.ana_voice, what="Send the forecast", status=EventStatus.PROMISED, on=TODAY - timedelta(days=9),
        expected_on=TODAY - timedelta(days=2),
    )  # fmt: skip
    assert "Late since" in seen_by(cast.ana, TODAY_URL)


def test_worth_is_asked_for_only_where_we_said_nothing(cast):
    event = make_event(cast.borealis, cast.ana_voice, what="Calibrated the scales")
    assert "Add worth" in seen_by(cast.ana, TODAY_URL)
    report_gave(event=event, side=SideRole.OWN, voice=cast.ana_voice, account=Account(word=1), now=NOW)
    assert "Add worth" not in seen_by(cast.ana, TODAY_URL)


def test_the_queries_do_not_grow_with_the_relationships(cast, django_assert_max_num_queries):
    for number in range(8):
        relationship = make_relationship(cast.ana, f"Client {number}")
        make_event(relationship, cast.ana_voice, what=f"Entry {number}")
    browser = browser_of(cast.ana)
    with django_assert_max_num_queries(40):
        assert browser.get(TODAY_URL).status_code == 200


def test_words_about_what_the_counterpart_keeps_to_itself_are_in_no_feed(cast):
    theirs = make_event(cast.borealis, cast.bo_voice, giver=Giver.JOINT, what="Between themselves", visibility="PRIVATE")
    report_got(event=theirs, side=SideRole.COUNTERPART, voice=cast.bo_voice, account=Account(word=4), now=NOW)
    page = seen_by(cast.ana, TODAY_URL)
    assert "Between themselves" not in page
    assert "worth a great deal" not in page
