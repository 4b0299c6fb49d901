"""What became of a promise and what came back of an advance: asked on Today, behind a link and on the own page; nobody else reads of it."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.urls import reverse

from exchanges.models import Advance, EventKind, EventStatus, EventVersion, Giver, Occasion, Prompt, PromptKind, Report, ValueEvent, Visibility
from exchanges.services.advances import Hope, give_on_hope
from exchanges.services.missed import log_missed
from exchanges.services.relationships import set_terms
from exchanges.services.reports import Account, report_got
from exchanges.services.sending import send_due
from exchanges.services.settling import draw_answers
from exchanges.services.settling_prompts import ask_due_settlements
from relationships.models import Kind, SideRole
from relationships.services.parties import add_person, email_digest
from relationships.services.relationships import add_participant
from relationships.services.terms import TermsLine, add_own_kind
from tests.exchanges.views.browsing import HTMX, browser_of, looks_unknown, seen_by
from tests.makers import NOW, TODAY, make_event, make_relationship, speaker
from valueledger.common import portal_sessions, tokens
from valueledger.common.models.tokens import TokenPurpose

DAY = timedelta(days=1)
DUE = TODAY + 7 * DAY
THEN = NOW + 7 * DAY
WHAT = "Two coupons for the hardening test"


@pytest.fixture
def clock(cast):
    with time_machine.travel(THEN, tick=False) as moving:
        yield moving


def promise(cast, *, giver=Giver.COUNTERPART, relationship=None, voice=None, **fields):
    fields.setdefault("status", EventStatus.PROMISED)
    return make_event(relationship or cast.borealis, voice or cast.ana_voice, giver=giver, what=WHAT, expected_on=DUE, **fields)


def asked(cast, **fields):
    event = promise(cast, **fields)
    assert ask_due_settlements(now=THEN) == 1
    return event, Prompt.objects.get(event=event)


def newest(event):
    return EventVersion.objects.current().get(event=event)


def link_of(prompt):
    secret, _ = tokens.issue(
        purpose=TokenPurpose.PROMPT, workspace_id=prompt.workspace_id, subject_id=prompt.pk, expires_at=prompt.closes_at, now=THEN
    )
    return f"/p/{secret}/"


def guest(address):
    client = Client()
    client.cookies["portal"] = portal_sessions.begin(address_hash=email_digest(address), user_agent="", now=THEN)[0]
    return client


def text(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


# Our own side


def test_today_asks_and_takes_the_answer_in_place(cast, clock):
    event, prompt = asked(cast, giver=Giver.OWN)
    page = seen_by(cast.ana, "/")
    assert WHAT in page
    assert "We meant to do this by 18 June: did it happen?" in page
    answer = browser_of(cast.ana).post(f"/prompts/{prompt.public_id}/", {"became": "NOT_YET", "until": "2026-06-30"}, headers=HTMX)
    assert (answer.status_code, "by 30 June now" in text(answer)) == (200, True)
    assert newest(event).expected_on.isoformat() == "2026-06-30"
    assert "did it happen" not in seen_by(cast.ana, "/")


def test_without_script_it_has_a_page_and_says_what_is_wrong(cast, clock):
    _event, prompt = asked(cast, giver=Giver.OWN)
    url = f"/prompts/{prompt.public_id}/"
    assert WHAT in seen_by(cast.ana, url)
    wrong = browser_of(cast.ana).post(url, {"became": "NOT_YET"})
    assert (wrong.status_code, "Say by when it is meant now." in text(wrong)) == (422, True)
    right = browser_of(cast.ana).post(url, {"became": "ARRIVED", "on": DUE.isoformat()})
    assert (right.status_code, right.headers["Location"]) == (302, "/#waiting")
    assert "You have answered this one." in seen_by(cast.ana, url)


def test_looking_writes_nothing(cast, clock):
    event, prompt = asked(cast, giver=Giver.OWN)
    seen_by(cast.ana, f"/prompts/{prompt.public_id}/?became=ARRIVED")
    Client().get(link_of(asked(cast)[1]) + "?became=ARRIVED")
    assert newest(event).status == "PROMISED"


def test_nobody_else_finds_our_question(cast, clock):
    _event, prompt = asked(cast, giver=Giver.OWN)
    for member in (cast.amir, cast.lea, cast.oda, cast.zed):
        looks_unknown(member, f"/prompts/{prompt.public_id}/")
    assert guest("bo@borealis.example").get(f"/me/with/{cast.borealis.public_id}/questions/{prompt.public_id}/").status_code == 404


def test_an_advance_is_logged_asked_about_and_closed_by_us_alone(cast, clock):
    clock.move_to(NOW)
    form = {
        "direction": "we", "who": "Borealis", "when": TODAY.isoformat(), "what": "A day for nothing", "guess_unknown": "on", "hope": "A second order",
        "review_on": DUE.isoformat(),
    }  # fmt: skip
    assert browser_of(cast.ana).post("/log/", form).status_code == 302
    event = ValueEvent.objects.get()
    clock.move_to(THEN)
    assert ask_due_settlements(now=THEN) == 1
    prompt = Prompt.objects.get(kind=PromptKind.SETTLE)
    assert "A second order" in seen_by(cast.ana, "/")
    done = browser_of(cast.ana).post(f"/prompts/{prompt.public_id}/", {"returned": "PARTLY", "words": "A small order"}, headers=HTMX)
    assert "Some of it came back." in text(done)
    page = seen_by(cast.ana, f"/events/{event.public_id}/")
    assert "A second order" in page
    assert "A small order" in page


def test_a_hope_is_read_by_our_side_alone(cast, clock):
    """Not by the other side on any of its pages or in its file, not by a leader, not in the API, not in an export."""
    event = make_event(cast.borealis, cast.ana_voice, what="A day for nothing")
    give_on_hope(event=event, hope=Hope("SECRETHOPE", DUE), member=cast.ana, now=NOW)
    assert ask_due_settlements(now=THEN) == 1
    prompt = Prompt.objects.get(kind=PromptKind.SETTLE)
    assert "SECRETHOPE" in seen_by(cast.ana, f"/events/{event.public_id}/")  # it would show where it may
    bo, home = guest("bo@borealis.example"), f"/me/with/{cast.borealis.public_id}/"
    theirs = [bo.get(home), bo.get(f"{home}got/"), bo.post(f"{home}data/"), bo.get(f"{home}questions/{prompt.public_id}/")]
    led = [
        browser_of(cast.lea).get(url)
        for url in (f"/events/{event.public_id}/", f"/relationships/{cast.borealis.public_id}/", "/settings/rhythm/preview/")
    ]
    for response in [*theirs, *led]:
        said = response.content.decode()
        assert "SECRETHOPE" not in said, response.request["PATH_INFO"]
        assert "advance" not in said.lower(), response.request["PATH_INFO"]
    assert led[0].status_code == led[1].status_code == 200


@pytest.mark.parametrize(
    ("changed", "field"),
    [({"review_on": ""}, "review_on"), ({"hope": ""}, "hope"), ({"review_on": TODAY.isoformat()}, "review_on"), ({"kind": "GIFT"}, "hope")],
)
def test_a_hope_needs_a_day_ahead_and_is_none_for_a_gift(cast, clock, changed, field):
    clock.move_to(NOW)
    form = {
        "direction": "we",
        "who": "Borealis",
        "when": TODAY.isoformat(),
        "what": "x",
        "guess_unknown": "on",
        "hope": "More",
        "review_on": DUE.isoformat(),
    }
    refused = browser_of(cast.ana).post("/log/", form | changed)
    assert (refused.status_code, f"id_{field}-error" in refused.content.decode()) == (422, True)
    assert not ValueEvent.objects.exists()


# The other side


def test_by_mail_one_click_chooses_and_one_press_answers(cast, clock):
    event, _prompt = asked(cast)
    send_due(now=THEN)
    [sent] = mail.outbox
    assert "what became of it?" in sent.subject
    assert WHAT in sent.body
    assert "You meant to do this by 18 June: did it happen?" in sent.body
    url = re.search(r"https?://[^/]+(/p/[^/]+/)\?became=ARRIVED", sent.body)[1]
    page = Client().get(f"{url}?became=ARRIVED").content.decode()
    assert re.search(r'value="ARRIVED"[^>]*checked', page)
    done = Client().post(url, {"became": "ARRIVED", "on": DUE.isoformat()})
    assert done.headers["Location"] == f"{url}?sent"
    assert "It happened on 18 June" in text(Client().get(f"{url}?sent"))
    assert newest(event).status == "PROMISED"
    draw_answers(now=THEN + timedelta(minutes=1))
    assert newest(event).arrived_on == DUE


def test_the_steward_finds_question_and_mail_by_their_name(cast, clock):
    asked(cast)
    assert "Promise or advance" in seen_by(cast.ana, "/questions/?kind=SETTLE")
    assert "Promise due" in seen_by(cast.ana, "/outbox/")


def test_on_the_own_page_it_counts_at_once(cast, clock):
    event, prompt = asked(cast, voice=cast.bo_voice)
    bo, home = guest("bo@borealis.example"), f"/me/with/{cast.borealis.public_id}/"
    assert WHAT in text(bo.get(home))
    assert "Say what became of it" in text(bo.get(home))
    url = f"{home}questions/{prompt.public_id}/"
    assert "see in the entry what became of it, with your name." in text(bo.get(url))
    assert bo.post(url, {"became": "WILL_NOT"}).headers["Location"] == f"{home}?done=settled"
    assert newest(event).is_withdrawal


def test_what_they_cannot_take_back_stays_and_both_read_it(cast, clock):
    event, prompt = asked(cast)
    url = link_of(prompt)
    Client().post(url, {"became": "WILL_NOT"})
    assert "wrote this down, so only they can take it back" in text(Client().get(f"{url}?sent"))
    draw_answers(now=THEN + timedelta(minutes=1))
    assert not newest(event).is_withdrawal
    for url in (f"/events/{event.public_id}/", f"/relationships/{cast.borealis.public_id}/"):
        assert "Bo Berg said on 18 June that it will not happen" in seen_by(cast.ana, url)


def test_a_link_that_says_two_things_within_a_minute_is_asked_once_more(cast, clock):
    _event, prompt = asked(cast)
    url = link_of(prompt)
    Client().post(url, {"became": "ARRIVED", "on": DUE.isoformat()})
    again = Client().post(url, {"became": "WILL_NOT"})
    assert again.headers["Location"] == f"{url}?twice"
    assert 'name="became"' in Client().get(f"{url}?twice").content.decode()


def test_what_moved_meanwhile_is_closed_to_the_link(cast, clock):
    event, prompt = asked(cast)
    url = link_of(prompt)
    browser_of(cast.ana).post(reverse("desk:event_arrived", args=[event.public_id]))
    assert Client().get(url).status_code == 410
    assert Client().post(url, {"became": "ARRIVED"}).status_code == 410


# Employees


def test_of_an_employees_question_nothing_shows_but_the_entry(cast, employee, clock):
    manager = type(cast.ana_voice)(member=cast.ana, participant=speaker(employee.relationship, SideRole.OWN))
    event = promise(cast, relationship=employee.relationship, voice=manager)
    url = f"/relationships/{employee.relationship.public_id}/"
    pages = [url, "/", "/questions/", "/settings/rhythm/preview/", "/outbox/", f"/events/{event.public_id}/"]

    def strip(page):
        return re.sub(r'csrfmiddlewaretoken" value="[^"]+"|name="key"[^>]+|X-CSRFToken[^}]+', "", page)

    before = [strip(seen_by(cast.ana, one)) for one in pages]
    assert ask_due_settlements(now=THEN) == 1
    assert [strip(seen_by(cast.ana, one)) for one in pages] == before
    prompt = Prompt.objects.get(event=event)
    eva, home = guest("eva@acme.example"), f"/me/with/{employee.relationship.public_id}/"
    assert "Whether you were asked, or let it pass, is not shown." in text(eva.get(f"{home}questions/{prompt.public_id}/"))
    eva.post(f"{home}questions/{prompt.public_id}/", {"act": "skip"})
    assert [strip(seen_by(cast.ana, one)) for one in pages] == before
    eva.post(f"{home}questions/{prompt.public_id}/", {"became": "ARRIVED", "on": DUE.isoformat()})
    assert [strip(seen_by(cast.ana, one)) for one in pages] != before  # the entry says so, as the page told her


# Who would be asked


def test_the_preview_names_what_comes_due(cast, employee, clock):
    clock.move_to(NOW)
    promise(cast, giver=Giver.OWN, now=NOW - DAY)
    promise(cast, now=NOW - DAY)
    promise(cast, now=NOW - DAY, visibility=Visibility.PRIVATE)
    event = make_event(cast.borealis, cast.ana_voice, now=NOW - DAY)
    give_on_hope(event=event, hope=Hope("More", DUE), member=cast.ana, now=NOW - DAY)
    manager = type(cast.ana_voice)(member=cast.ana, participant=speaker(employee.relationship, SideRole.OWN))
    promise(cast, relationship=employee.relationship, voice=manager, now=NOW - DAY)
    page = seen_by(cast.ana, "/settings/rhythm/preview/")
    assert (page.count("Promise: its day has come"), page.count("Advance: we look what came back")) == (3, 1)
    led = seen_by(cast.lea, "/settings/rhythm/preview/")
    assert (led.count("Promise: its day has come"), led.count("Advance")) == (2, 0)


# Missed moments


def test_we_note_a_missed_moment_and_both_are_asked_sooner(cast, clock):
    url = f"/relationships/{cast.borealis.public_id}/missed/"
    assert "A missed moment" in seen_by(cast.ana, url)
    done = browser_of(cast.ana).post(url, {"what": "Nobody asked how the audit went", "when": THEN.date().isoformat(), "felt": "HURT"})
    assert done.status_code == 302
    event = ValueEvent.objects.get()
    assert (event.giver, event.author_side, newest(event).kind) == (1, 0, EventKind.MISSED_MOMENT)
    assert (Report.objects.get().arrived, Report.objects.get().points_micro) == ("BURDEN", -2_000_000)
    assert Occasion.objects.get().kind == "MISSED_MOMENT"
    assert "A moment that" in text(browser_of(cast.ana).get(f"/events/{event.public_id}/"))
    assert "noted a moment that Borealis missed" in text(browser_of(cast.ana).get("/"))
    home = f"/me/with/{cast.borealis.public_id}/"
    assert "a missed moment, says Acme" in text(guest("bo@borealis.example").get(home))


def test_a_private_one_is_ours_alone_and_hurries_nobody(cast, clock):
    data = {"what": "Nobody asked", "when": THEN.date().isoformat(), "visibility": "PRIVATE"}
    browser_of(cast.ana).post(f"/relationships/{cast.borealis.public_id}/missed/", data)
    assert Report.objects.get().points_micro == 0
    assert not Occasion.objects.exists()
    assert "Nobody asked" not in text(guest("bo@borealis.example").get(f"/me/with/{cast.borealis.public_id}/gave/"))


@pytest.mark.parametrize("kind", [Kind.CLIENT, Kind.EMPLOYEE, Kind.PERSONAL])
def test_they_note_one_on_their_page(cast, clock, kind):
    person = add_person(workspace=cast.workspace, name="Cy", email="cy@corvid.example")
    relationship = make_relationship(cast.ana, "Corvid", kind=kind, people=(person,))
    url = f"/me/with/{relationship.public_id}/add/"
    cy = guest("cy@corvid.example")
    assert "It was missed" in text(cy.get(url))
    assert cy.post(url, {"way": "missed", "what": "Nobody asked", "when": THEN.date().isoformat()}).status_code == 302
    event = ValueEvent.objects.get()
    assert (event.giver, event.author_side, newest(event).kind, Report.objects.get().arrived) == (0, 1, "MISSED_MOMENT", "NONE")
    assert Occasion.objects.get().relationship_id == relationship.pk
    wrong = cy.post(url, {"way": "gave", "what": "x", "when": THEN.date().isoformat(), "has_hurt": "on"})
    assert wrong.status_code == (302 if kind == Kind.PERSONAL else 422)


def test_no_other_entry_becomes_one_and_it_stays_one(cast, clock):
    event = make_event(cast.borealis, cast.ana_voice)
    url = f"/events/{event.public_id}/correct/"
    form = {"what": "x", "occurred_on": TODAY.isoformat(), "status": "ARRIVED", "seq": "1"}
    assert browser_of(cast.ana).post(url, form | {"kind": "MISSED_MOMENT"}).status_code == 422
    gap = log_missed(relationship=cast.borealis, side=0, voice=cast.ana_voice, what="Nobody asked", on=TODAY, now=NOW)
    assert browser_of(cast.ana).post(f"/events/{gap.public_id}/correct/", form | {"kind": "DELIVERY"}).status_code == 422
    kept = browser_of(cast.ana).post(f"/events/{gap.public_id}/correct/", form | {"kind": "MISSED_MOMENT", "what": "Nobody called"})
    assert kept.status_code == 302


# What feels like owing


def owes(cast, *, side=SideRole.COUNTERPART, what="An evening at the press", **fields):
    giver, voice = (Giver.OWN, cast.bo_voice) if side == SideRole.COUNTERPART else (Giver.COUNTERPART, cast.ana_voice)
    event = make_event(cast.borealis, cast.ana_voice, giver=giver, what=what, **fields)
    report_got(event=event, side=side, voice=voice, account=Account(word=3, owing="OWING"), now=NOW)
    return event


def matters(cast, role, name):
    side = speaker(cast.borealis, role)
    set_terms(side=side.side, author=side, lines=[TermsLine(add_own_kind(side=side.side, name=name), 10)], effective_on=TODAY, now=NOW)


def test_what_feels_like_owing_stands_on_both_pages_with_ways_to_give_back(cast, clock):
    owes(cast)
    matters(cast, SideRole.OWN, "References")
    ours = text(browser_of(cast.ana).get(f"/relationships/{cast.borealis.public_id}/"))
    assert "Borealis feels they owe us" in ours
    assert "What matters to us: References." in ours
    theirs = text(guest("bo@borealis.example").get(f"/me/with/{cast.borealis.public_id}/"))
    assert "Nobody asks it of you. What matters to Acme: References." in theirs


def test_ours_names_what_matters_to_them(cast, clock):
    owes(cast, side=SideRole.OWN)
    matters(cast, SideRole.COUNTERPART, "Calm nights")
    page = text(browser_of(cast.ana).get(f"/relationships/{cast.borealis.public_id}/"))
    assert "We feel we owe something" in page
    assert "What matters to Borealis: Calm nights." in page
    assert "owe" not in text(guest("bo@borealis.example").get(f"/me/with/{cast.borealis.public_id}/"))


def test_it_ends_when_something_was_given_since(cast, clock):
    owes(cast)
    make_event(cast.borealis, cast.bo_voice, giver=Giver.COUNTERPART, on=TODAY + DAY, what="A reference", now=THEN)
    assert "owe" not in text(guest("bo@borealis.example").get(f"/me/with/{cast.borealis.public_id}/"))


def test_a_gift_and_a_colleagues_feeling_are_nobody_elses(cast, clock):
    owes(cast, kind=EventKind.GIFT, what="A bottle")
    cyd = add_person(workspace=cast.workspace, name="Cyd", email="cyd@borealis.example")
    add_participant(side=cast.bo_speaks.side, person=cyd, from_on=TODAY)
    assert "owe" not in text(guest("bo@borealis.example").get(f"/me/with/{cast.borealis.public_id}/"))
    owes(cast)
    assert "owe" in text(guest("bo@borealis.example").get(f"/me/with/{cast.borealis.public_id}/"))
    assert "owe" not in text(guest("cyd@borealis.example").get(f"/me/with/{cast.borealis.public_id}/"))


def test_an_employees_feeling_is_theirs(cast, employee, clock):
    manager = type(cast.ana_voice)(member=cast.ana, participant=speaker(employee.relationship, SideRole.OWN))
    event = make_event(employee.relationship, manager, what="A day off")
    report_got(event=event, side=SideRole.COUNTERPART, voice=employee.eva_voice, account=Account(word=3, owing="OWING"), now=NOW)
    assert "owe" not in text(browser_of(cast.ana).get(f"/relationships/{employee.relationship.public_id}/"))
    assert "owe" in text(guest("eva@acme.example").get(f"/me/with/{employee.relationship.public_id}/"))


def test_between_friends_nothing_is_owed(cast, clock):
    friend = make_relationship(cast.ana, "Fay", kind=Kind.PERSONAL, people=(add_person(workspace=cast.workspace, name="Fay", email="fay@x.example"),))
    voice = type(cast.ana_voice)(member=cast.ana, participant=speaker(friend, SideRole.OWN))
    event = make_event(friend, voice)
    report_got(event=event, side=1, voice=type(voice)(participant=speaker(friend)), account=Account(word=3, owing="OWING"), now=NOW)
    assert "owe" not in text(guest("fay@x.example").get(f"/me/with/{friend.public_id}/"))
    assert "owe" not in text(browser_of(cast.ana).get(f"/relationships/{friend.public_id}/"))
    assert not Advance.objects.exists()
