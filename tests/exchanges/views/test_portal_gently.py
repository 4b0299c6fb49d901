"""Behind a link: not now, and less often. For every kind of question, by POST alone, and with a way back."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core import mail
from django.test import Client

from exchanges.models import Assurance, Prompt, PromptState, RoundSeat
from exchanges.services.prompts import ask_rating
from exchanges.services.rounds import answer_check, open_round
from exchanges.services.sending import send_due
from exchanges.services.terms_prompts import ask_terms
from relationships.models import Person
from tests.exchanges.views.browsing import clock  # noqa: F401
from tests.makers import NOW, TODAY, make_event
from valueledger.common.models import AuditEntry, Outbox
from valueledger.common.models.outbox import OutboxState

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
KINDS = ("CHECK", "RATING", "TERMS")
TAKES = {"CHECK": "This takes about 30 seconds.", "RATING": "This takes about 10 seconds.", "TERMS": "This takes about 3 minutes."}


def link_to(address, now=NOW):
    """The path behind the newest mail to somebody."""
    send_due(now=now)
    body = next(message.body for message in reversed(mail.outbox) if message.to == [address])
    return re.search(r"https?://[^/]+(/p/[^/]+/)", body).group(1)


def asked_of_bo(cast, kind):
    if kind == "CHECK":
        open_round(relationship=cast.borealis, now=NOW, reason="due")
    elif kind == "RATING":
        ask_rating(make_event(cast.borealis, cast.ana_voice, what="New night routes", on=TODAY - 2 * DAY), now=NOW)
    else:
        ask_terms(participant=cast.bo_speaks, now=NOW, reason="asked")
    return link_to("bo@borealis.example")


@pytest.fixture
def browser():
    return Client(enforce_csrf_checks=True)


@pytest.fixture(params=KINDS)
def link(request, cast, clock):  # noqa: F811
    return asked_of_bo(cast, request.param)


def prompt_of(cast):
    return Prompt.objects.get(participant=cast.bo_speaks)


def put_off(browser, link, wait="week"):
    return browser.post(link, {"act": "put_off", "for": wait})


def test_each_question_says_what_it_takes_and_what_else_one_can_do(link, browser, cast):
    page = browser.get(link).content.decode()
    assert TAKES[prompt_of(cast).kind] in page
    for words in ("Ask me again in", "a week", "a month", "Skip this time", "Ask me less often", "This is not for me"):
        assert words in page


def test_in_a_week_is_kept_said_and_can_be_answered_sooner(link, browser, cast):
    response = put_off(browser, link)
    assert response.status_code == 302
    assert not response.cookies
    assert (prompt_of(cast).state, prompt_of(cast).snoozed_until) == (PromptState.SNOOZED, NOW + 7 * DAY)
    page = browser.get(response.url).content.decode()
    assert "We ask you again on 18 June." in page
    assert "Send my answer" not in page
    assert "<form" in browser.get(f"{link}?change").content.decode()


def test_in_a_month_is_after_the_close_and_said_so(link, browser, cast):
    page = browser.get(put_off(browser, link, "month").url).content.decode()
    assert (prompt_of(cast).state, prompt_of(cast).reason) == (PromptState.LAPSED, "put off")
    assert "This question closes on 25 June, so it does not come back: it counts as put off." in page
    assert "The next one comes when it is due." in page
    assert "<form" in browser.get(f"{link}?change").content.decode()


def test_the_same_again_changes_nothing(link, browser, cast, clock):  # noqa: F811
    for wait in ("month", "month"):
        assert put_off(browser, link, wait).status_code == 302
    assert AuditEntry.objects.filter(action="prompt.put_off").count() == 1


@pytest.mark.parametrize("wait", ["", "year", "-1", "week\x00", "9" * 400])
def test_any_other_time_is_refused_in_words(cast, clock, browser, wait):  # noqa: F811
    link = asked_of_bo(cast, "CHECK")
    response = put_off(browser, link, wait)
    assert response.status_code == 400
    assert "Choose a week or a month." in response.content.decode()
    assert prompt_of(cast).state == PromptState.WAITING


def test_a_link_does_nothing_by_being_looked_at(link, browser, cast):
    for query in ("?act=put_off&for=week", "?less", "?act=less&seen=1", "?act=as_usual"):
        assert browser.get(link + query).status_code == 200
    assert prompt_of(cast).state == PromptState.WAITING
    assert Person.objects.get(pk=cast.bo.pk).less_often == 1


def test_to_the_last_second_and_not_after(link, browser, cast, clock):  # noqa: F811
    closes = prompt_of(cast).closes_at
    clock.move_to(closes + SECOND)
    assert put_off(browser, link).status_code == 410
    assert browser.post(link, {"act": "less", "seen": "1"}).status_code == 410
    clock.move_to(closes - SECOND)
    assert put_off(browser, link).status_code == 302
    assert prompt_of(cast).reason == "put off"


def test_a_mail_that_waits_is_not_sent_any_more(cast, clock, browser):  # noqa: F811
    link = asked_of_bo(cast, "CHECK")
    Outbox.objects.filter(recipient_id=cast.bo.pk).update(state=OutboxState.DUE, attempts=0)
    put_off(browser, link)
    sent = len(mail.outbox)
    send_due(now=NOW)
    assert len(mail.outbox) == sent
    assert Outbox.objects.get(recipient_id=cast.bo.pk).reason == "It was put off before this went out."


def test_whoever_clicks_an_answer_in_the_mail_after_all_sees_the_question(cast, clock, browser):  # noqa: F811
    link = asked_of_bo(cast, "CHECK")
    put_off(browser, link)
    assert re.search(r'value="-1" checked', browser.get(f"{link}?answer=-1").content.decode())
    browser.post(link, {"balance": "-1"})
    assert prompt_of(cast).state == PromptState.ANSWERED


def test_what_is_answered_or_revealed_is_not_put_off(cast, clock, browser):  # noqa: F811
    link = asked_of_bo(cast, "CHECK")
    browser.post(link, {"balance": "0"})
    assert put_off(browser, link).status_code == 409
    seat = RoundSeat.objects.select_related("round").get(participant=cast.ana_speaks)
    answer_check(seat=seat, value=Decimal(0), assurance=Assurance.SIGNED_IN, now=NOW)
    clock.move_to(NOW + 2 * timedelta(minutes=1))
    assert put_off(browser, link).status_code == 409
    assert prompt_of(cast).state == PromptState.ANSWERED


def test_less_often_says_what_follows_and_can_be_taken_back(link, browser, cast):
    assert "Shall we ask you less often?" in browser.get(f"{link}?less").content.decode()
    for _ in range(2):  # a double click
        response = browser.post(link, {"act": "less", "seen": "1"})
    assert response.url.endswith("?less")
    assert Person.objects.get(pk=cast.bo.pk).less_often == 2
    page = browser.get(response.url).content.decode()
    assert "twice as long" in page
    assert "Less often still" in page
    page = browser.get(browser.post(link, {"act": "less", "seen": "2"}).url).content.decode()
    assert "four times as long" in page
    assert "Less often still" not in page
    page = browser.get(browser.post(link, {"act": "as_usual"}).url).content.decode()
    assert "Shall we ask you less often?" in page
    assert Person.objects.get(pk=cast.bo.pk).less_often == 1
    assert prompt_of(cast).state == PromptState.WAITING


def test_another_site_can_neither_put_off_nor_ask_less(link, browser, cast):
    for data in ({"act": "put_off", "for": "week"}, {"act": "less", "seen": "1"}):
        assert browser.post(link, data, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert prompt_of(cast).state == PromptState.WAITING
    assert Person.objects.get(pk=cast.bo.pk).less_often == 1


def test_what_an_employee_does_shows_nowhere_at_the_desk(cast, employee, clock, browser):  # noqa: F811
    """The manager's pages are the same to the letter whether or not the employee put the question off and asked for less."""
    from tests.exchanges.views.browsing import browser_of

    open_round(relationship=employee.relationship, now=NOW, reason="due")
    link = link_to("eva@acme.example")
    pages = ["/", f"/relationships/{employee.relationship.public_id}/", "/outbox/"]

    def seen():
        manager = browser_of(cast.ana)
        bodies = [manager.get(path).content.decode() for path in pages]
        return [
            re.sub(r'csrfmiddlewaretoken" value="[^"]+"|X-CSRFToken[^}]+|name="key"[^>]*value="[^"]+"|value="[^"]+"[^>]*name="key"', "", body)
            for body in bodies
        ]

    before = seen()
    put_off(browser, link)
    browser.post(link, {"act": "less", "seen": "1"})
    assert Prompt.objects.get(participant=employee.eva_speaks).state == PromptState.SNOOZED
    assert seen() == before
    put_off(browser, link, "month")
    assert seen() == before
