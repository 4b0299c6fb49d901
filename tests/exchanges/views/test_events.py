"""One event: both accounts beside each other, and what our side may and may not do about it."""

import pytest
from django.urls import reverse

from exchanges.models import EventKind, EventStatus, EventVersion, Giver, Report, ReportRole, Visibility
from exchanges.services.events import correct_event, withdraw_event
from exchanges.services.reports import Account, report_gave, report_got
from relationships.models import SideRole
from tests.exchanges.views.browsing import browser_of, clock, looks_unknown, refuses, seen_by  # noqa: F401
from tests.makers import NOW, TODAY, make_event
from valueledger.common.tenancy import within

pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def gave(cast):
    return make_event(cast.borealis, cast.ana_voice, what="Depot workshop")


@pytest.fixture
def got(cast):
    return make_event(cast.borealis, cast.ana_voice, giver=Giver.COUNTERPART, what="Told a neighbour")


def url(event, name="event", *more):
    return reverse(f"desk:{name}", args=[event.public_id, *more])


def post(member, event, name, **typed):
    return browser_of(member).post(url(event, name), typed)


def correction(**typed):
    return {"seq": "1", "what": "Depot workshop, two days", "occurred_on": "2026-06-10", "status": "ARRIVED", "kind": "LEARNING", **typed}


WRITING = ["correct_event", "withdraw_event", "event_arrived", "report_gave", "relay_got"]


def test_both_accounts_stand_beside_each_other(cast, gave):
    report_gave(event=gave, side=SideRole.OWN, voice=cast.ana_voice, account=Account(word=2, guess_word=4, sentence="Hard work"), now=NOW)
    report_got(event=gave, side=SideRole.COUNTERPART, voice=cast.bo_voice, account=Account(word=1, sentence="A nice day"), now=NOW)
    page = seen_by(cast.ana, url(gave))
    for part in ("What it took from us", "What it was worth to Borealis", "Hard work", "A nice day", "Bo Berg", "Gap of 3"):
        assert part in page, part


def test_a_leader_reads_and_gets_no_buttons(cast, gave):
    page = seen_by(cast.lea, url(gave))
    assert "Depot workshop" in page
    assert "Correct" not in page
    for name in WRITING:
        looks_unknown(cast.lea, url(gave, name), "post")


def test_strangers_and_others_find_nothing(cast, gave):
    for name in ["event", *WRITING]:
        method = "get" if name == "event" else "post"
        looks_unknown(cast.amir, url(gave, name), method)
        looks_unknown(cast.oda, url(gave, name), method)
        with within(cast.elsewhere.pk):
            looks_unknown(cast.zed, url(gave, name), method)


def test_other_methods_are_refused(cast, gave):
    refuses(cast.ana, url(gave), "POST", "DELETE")
    refuses(cast.ana, url(gave, "withdraw_event"), "GET", "DELETE")
    refuses(cast.ana, url(gave, "event_arrived"), "GET")


def test_a_private_event_of_the_counterpart_is_not_found(cast):
    theirs = make_event(cast.borealis, cast.bo_voice, giver=Giver.COUNTERPART, visibility=Visibility.PRIVATE)
    looks_unknown(cast.ana, url(theirs))


def test_money_and_hours_are_for_the_side_they_belong_to(cast, gave):
    report_gave(event=gave, side=SideRole.OWN, voice=cast.ana_voice, account=Account(word=1, hours=9, money=620, currency="GBP"), now=NOW)
    report_got(event=gave, side=SideRole.COUNTERPART, voice=cast.bo_voice, account=Account(word=1, hours=7), now=NOW)
    page = seen_by(cast.ana, url(gave))
    assert "9 h, 620 GBP" in page
    assert "7 h" not in page
    for address in (url(gave), reverse("desk:relationship", args=[cast.borealis.public_id])):
        assert "9 h" not in seen_by(cast.lea, address)  # a leader reads what both sides may see


# Correcting


def test_a_correction_is_a_new_version_and_the_old_words_are_kept(cast, gave):
    assert post(cast.ana, gave, "correct_event", **correction()).status_code == 302
    newest = EventVersion.objects.current().get(event=gave)
    assert (newest.seq, newest.kind, newest.text.what) == (2, EventKind.LEARNING, "Depot workshop, two days")
    assert "Depot workshop</bdi>" in seen_by(cast.ana, url(gave)).split('id="h-hist"')[1]


def test_the_slower_of_two_gets_a_conflict_with_its_words_kept(cast, gave):
    newest = EventVersion.objects.current().get(event=gave)
    correct_event(event=gave, voice=cast.ana_voice, supersedes=newest, what="Somebody was faster", now=NOW)
    response = post(cast.ana, gave, "correct_event", **correction())
    page = response.content.decode()
    assert response.status_code == 409
    assert "Somebody was faster" in page
    assert "Depot workshop, two days" in page
    assert 'name="seq" value="2"' in page
    assert EventVersion.objects.filter(event=gave).count() == 2


def test_what_both_could_see_is_made_private_no_more(cast, gave):
    response = post(cast.ana, gave, "correct_event", **correction(visibility="PRIVATE"))
    assert response.status_code == 422
    assert "cannot be made private" in response.content.decode()


@pytest.mark.parametrize(
    ("field", "typed"),
    [("occurred_on", "9999-01-01"), ("what", ""), ("seq", "99999999999"), ("seq", "x"), ("kind", "PARTY"), ("arrived_on", "2026-01-01")],
)
def test_a_correction_that_cannot_be_taken_changes_nothing(cast, gave, field, typed):
    assert post(cast.ana, gave, "correct_event", **correction(**{field: typed})).status_code in (409, 422)
    assert EventVersion.objects.filter(event=gave).count() == 1


def test_the_other_sides_report_stays_when_we_correct(cast, gave):
    report_got(event=gave, side=SideRole.COUNTERPART, voice=cast.bo_voice, account=Account(word=3), now=NOW)
    post(cast.ana, gave, "correct_event", **correction())
    assert Report.objects.standing().get(event=gave).word == 3


def test_a_kept_promise_arrives_today(cast):
    promised = make_event(cast.borealis, cast.ana_voice, status=EventStatus.PROMISED, expected_on=TODAY)
    post(cast.ana, promised, "event_arrived")
    newest = EventVersion.objects.current().get(event=promised)
    assert (newest.status, newest.arrived_on) == (EventStatus.ARRIVED, TODAY)


# Taking back


def test_we_take_back_what_only_we_spoke_of(cast, gave):
    assert post(cast.ana, gave, "withdraw_event").status_code == 302
    assert EventVersion.objects.current().get(event=gave).is_withdrawal
    assert "Taken back" in seen_by(cast.ana, url(gave))


def test_not_once_the_other_side_has_reported(cast, gave):
    report_got(event=gave, side=SideRole.COUNTERPART, voice=cast.bo_voice, account=Account(word=3), now=NOW)
    assert post(cast.ana, gave, "withdraw_event").status_code == 409
    assert not EventVersion.objects.current().get(event=gave).is_withdrawal
    assert "Take back<" not in seen_by(cast.ana, url(gave))


def test_not_what_the_counterpart_logged(cast):
    theirs = make_event(cast.borealis, cast.bo_voice, giver=Giver.COUNTERPART)
    assert post(cast.ana, theirs, "withdraw_event").status_code == 409


def test_twice_is_once(cast, gave):
    post(cast.ana, gave, "withdraw_event")
    assert post(cast.ana, gave, "withdraw_event").status_code == 302
    assert EventVersion.objects.filter(event=gave).count() == 2


# Our own report


def test_we_say_what_it_was_worth_to_us(cast, got):
    typed = {"word": "3", "expectation": "MORE", "arrived": "ALL", "owing": "GLAD", "beneficiary": "PERSON", "sentence": "It came at the right time"}
    assert post(cast.ana, got, "report_got", **typed).status_code == 302
    report = Report.objects.get()
    assert (report.side, report.role, report.first_hand, report.word, report.owing) == (SideRole.OWN, ReportRole.GOT, True, 3, "GLAD")
    assert report.text.sentence == "It came at the right time"


def test_saying_it_anew_replaces_it_and_keeps_the_old(cast, got):
    post(cast.ana, got, "report_got", word="3")
    first = Report.objects.get()
    page = seen_by(cast.ana, url(got, "report_got"))
    assert f'name="supersedes" value="{first.public_id}"' in page
    post(cast.ana, got, "report_got", word="1", supersedes=str(first.public_id))
    assert Report.objects.count() == 2
    assert Report.objects.standing().get().word == 1


def test_a_report_that_does_not_name_the_newest_gets_a_conflict(cast, got):
    post(cast.ana, got, "report_got", word="3")
    response = post(cast.ana, got, "report_got", word="1")
    assert response.status_code == 409
    assert Report.objects.count() == 1


def test_there_is_no_page_to_set_the_worth_of_what_we_gave(cast, gave, got):
    looks_unknown(cast.ana, url(gave, "report_got"), "post", word="4")
    looks_unknown(cast.ana, url(got, "report_gave"), "post", word="4")
    looks_unknown(cast.ana, url(got, "relay_got"), "post", word="4")
    assert not Report.objects.exists()


def test_a_gift_has_no_owing(cast):
    gift = make_event(cast.borealis, cast.ana_voice, giver=Giver.COUNTERPART, kind=EventKind.GIFT)
    assert "owe" not in seen_by(cast.ana, url(gift, "report_got"))
    post(cast.ana, gift, "report_got", word="2", owing="OWING")
    assert Report.objects.get().owing == ""


def test_an_empty_report_says_nothing(cast, got):
    response = post(cast.ana, got, "report_got")
    assert response.status_code == 422
    assert "Choose a word, or say what arrived." in response.content.decode()


@pytest.mark.parametrize(
    ("field", "typed"), [("word", "9"), ("typed_amount", "NaN"), ("typed_amount", "1e5"), ("expectation", "BEST"), ("sentence", "x" * 2001)]
)
def test_a_report_that_cannot_be_taken_is_refused(cast, got, field, typed):
    assert post(cast.ana, got, "report_got", **{"word": "2", "unit": "hours", field: typed}).status_code == 422
    assert not Report.objects.exists()


def test_we_take_our_own_report_back(cast, got):
    post(cast.ana, got, "report_got", word="3")
    report = Report.objects.get()
    browser_of(cast.ana).post(url(got, "withdraw_report", report.public_id))
    assert not Report.objects.standing().exists()


def test_nobody_takes_back_the_other_sides(cast, gave):
    theirs = report_got(event=gave, side=SideRole.COUNTERPART, voice=cast.bo_voice, account=Account(word=3), now=NOW)
    looks_unknown(cast.ana, url(gave, "withdraw_report", theirs.public_id), "post")
    assert Report.objects.standing().exists()


# Passing on


def test_what_they_told_us_is_kept_as_passed_on(cast, gave):
    assert post(cast.ana, gave, "relay_got", word="3", sentence="On the phone").status_code == 302
    report = Report.objects.get()
    assert (report.side, report.first_hand, report.relayed_by_id, report.participant_id) == (SideRole.COUNTERPART, False, cast.ana.pk, None)
    assert "Passed on" in seen_by(cast.ana, url(gave))


def test_nobody_passes_on_for_an_employee(cast, employee):
    event = make_event(employee.relationship, cast.ana_voice)
    looks_unknown(cast.ana, url(event, "relay_got"))
    looks_unknown(cast.ana, url(event, "relay_got"), "post", word="3")
    assert "They told me" not in seen_by(cast.ana, url(event))
    assert not Report.objects.exists()


def test_the_old_words_of_an_entry_that_was_private_then_are_not_the_leaders(cast):
    event = make_event(cast.borealis, cast.ana_voice, what="Between ourselves", visibility=Visibility.PRIVATE)
    correct_event(
        event=event,
        voice=cast.ana_voice,
        supersedes=EventVersion.objects.current().get(event=event),
        what="For all",
        visibility=Visibility.SHARED,
        now=NOW,
    )
    assert "Between ourselves" in seen_by(cast.ana, url(event))
    assert "Between ourselves" not in seen_by(cast.lea, url(event))


def test_a_withdrawn_event_takes_no_report(cast, got):
    withdraw_event(event=got, voice=cast.ana_voice, supersedes=EventVersion.objects.current().get(event=got), now=NOW)
    looks_unknown(cast.ana, url(got, "report_got"), "post", word="2")
