"""What each side means it to be, on the desk, on the other side's own page and behind its link."""

import pytest
from django.test import Client

from exchanges.models import Occasion, OccasionKind
from exchanges.services.intents import say_intent
from exchanges.services.terms_prompts import ask_terms
from relationships.models import Intent, IntentVersion, Kind, Side
from relationships.services.parties import email_digest
from tests.exchanges.views.browsing import browser_of, clock, seen_by  # noqa: F401
from tests.makers import NOW, make_relationship
from valueledger.common import portal_sessions, tokens
from valueledger.common.models.tokens import TokenPurpose

pytestmark = pytest.mark.usefixtures("clock")


def page_of(relationship):
    return f"/relationships/{relationship.public_id}/"


def guest(address="bo@borealis.example"):
    key, _row = portal_sessions.begin(address_hash=email_digest(address), user_agent="", now=NOW)
    browser = Client()
    browser.cookies["portal"] = key
    return browser


def home_of(relationship):
    return f"/me/with/{relationship.public_id}/"


def say(speaks, intent):
    say_intent(side=Side.objects.get(pk=speaks.side_id), author=speaks, intent=intent, now=NOW)


def test_our_side_says_its_own_on_the_page_of_terms(cast):
    answer = browser_of(cast.ana).post(f"{page_of(cast.borealis)}intent/", {"intent": "SEASONAL"})
    assert answer.url == page_of(cast.borealis)
    row = IntentVersion.objects.get()
    assert (row.intent, row.author_id) == ("SEASONAL", cast.ana_speaks.pk)
    assert "We: seasonal (said 11 June 2026)." in seen_by(cast.ana, page_of(cast.borealis))
    assert "They have not said what they want it to be." in seen_by(cast.ana, page_of(cast.borealis))


def test_nothing_chosen_is_said_in_place(cast):
    answer = browser_of(cast.ana).post(f"{page_of(cast.borealis)}intent/", {})
    assert answer.status_code == 422
    assert "Choose one of the four." in answer.content.decode()


def test_only_the_steward_says_it_for_us(cast):
    for member in (cast.amir, cast.lea, cast.oda, cast.zed):
        assert browser_of(member).post(f"{page_of(cast.borealis)}intent/", {"intent": "BRIEF"}).status_code == 404
    assert not IntentVersion.objects.exists()


def test_the_other_side_says_its_own_on_its_page_and_a_mismatch_shows_on_both(cast):
    say(cast.ana_speaks, Intent.LONG_TERM)
    browser = guest()
    answer = browser.post(f"{home_of(cast.borealis)}intent/", {"intent": "BRIEF"}, follow=True)
    body = answer.content.decode()
    assert "brief (said 11 June 2026)" in body
    assert "You mean it to be brief, Acme means it to be long-term." in body
    row = IntentVersion.objects.get(side=cast.bo_speaks.side)
    assert (row.intent, row.author_id) == ("BRIEF", cast.bo_speaks.pk)
    assert Occasion.objects.get().kind == OccasionKind.MISMATCH
    desk = seen_by(cast.ana, page_of(cast.borealis))
    assert "They want: brief (said 11 June 2026)." in desk
    assert "We mean it to be long-term, they mean it to be brief." in desk
    assert "They want: brief (said 11 June 2026)." in seen_by(cast.lea, page_of(cast.borealis))


def test_nothing_chosen_on_the_own_page_is_said_in_place(cast):
    answer = guest().post(f"{home_of(cast.borealis)}intent/", {})
    assert answer.status_code == 422
    assert "Choose one of the four." in answer.content.decode()


def test_of_an_ended_relationship_nothing_is_said_any_more(cast):
    type(cast.borealis).objects.filter(pk=cast.borealis.pk).update(stage="ENDED")
    assert guest().post(f"{home_of(cast.borealis)}intent/", {"intent": "BRIEF"}).status_code == 404
    assert "intent/" not in guest().get(home_of(cast.borealis)).content.decode()
    ana = browser_of(cast.ana)
    for body in ({"intent": "BRIEF"}, {}):
        assert ana.post(f"{page_of(cast.borealis)}intent/", body).status_code == 404
    assert f"{page_of(cast.borealis)}intent/" not in seen_by(cast.ana, f"{page_of(cast.borealis)}terms/")
    assert not IntentVersion.objects.exists()


@pytest.mark.parametrize("intent", ["", "LONG_TERM"])
def test_behind_the_link_it_is_asked_along_and_may_be_left(cast, intent):
    prompt = ask_terms(participant=cast.bo_speaks, now=NOW, reason="asked")
    secret, _ = tokens.issue(purpose=TokenPurpose.PROMPT, now=NOW, workspace_id=cast.workspace.pk, subject_id=prompt.pk, expires_at=prompt.closes_at)
    browser, address = Client(), f"/p/{secret}/"
    body = browser.get(address).content.decode()
    assert "And what do you mean it to be?" in body
    assert "checked" not in body.partition("And what do you mean it to be?")[2]
    answer = browser.post(address, {"kind0": "Calm", "weight0": "10", "intent": intent}, follow=True)
    assert answer.status_code == 200
    assert list(IntentVersion.objects.values_list("intent", flat=True)) == ([intent] if intent else [])
    assert ("What you mean it to be: long-term" in answer.content.decode()) is bool(intent)


def test_between_friends_it_is_said_as_well(cast):
    friend = make_relationship(cast.ana, "A friend", kind=Kind.PERSONAL, intent_own=Intent.LONG_TERM)
    assert "You: long-term (said 11 June 2026)." in seen_by(cast.ana, page_of(friend))


def test_what_one_said_is_in_the_file_of_ones_own(cast):
    say(cast.ana_speaks, Intent.LONG_TERM)
    say(cast.bo_speaks, Intent.BRIEF)
    told = guest().post(f"{home_of(cast.borealis)}data/").json()
    assert told["what_you_mean_it_to_be"] == [{"on": "2026-06-11", "intent": "BRIEF"}]
