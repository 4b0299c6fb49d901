"""Goals, what each side stands for, the optional questions and the promise, through the pages of both sides."""

import json
import re
from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.core import mail
from django.db import transaction
from django.test import Client
from django.urls import reverse

from exchanges.models import Answer, AnswerItem, Commitment, Disclosure, EventVersion, Goal, Prompt, RoundSeat, ValueEvent
from exchanges.services.items import ItemSaid
from exchanges.services.rounds import answer_check, open_round, sweep_rounds
from exchanges.services.sending import send_due
from exchanges.services.together import agree_goal, propose_goal, say_stance
from relationships.models import SideRole
from relationships.services.parties import email_digest
from tests.exchanges.views.browsing import HTMX, browser_of, looks_unknown, refuses, seen_by
from tests.makers import NOW, TODAY
from valueledger.common import portal_sessions

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
BO, EVA = "bo@borealis.example", "eva@acme.example"


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as moving:
        yield moving


def guest(address=BO, now=NOW):
    client = Client()
    client.cookies["portal"] = portal_sessions.begin(address_hash=email_digest(address), user_agent="", now=now)[0]
    return client


def text(response):
    body = response.content.decode().split("<main", 1)[1].split("</main", 1)[0]
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def desk_url(relationship, name="together"):
    return reverse(f"desk:{name}", args=[relationship.public_id])


def own_url(relationship, name="together"):
    return reverse(f"portal:{name}", args=[relationship.public_id])


def link_to(address):
    send_due(now=NOW)
    body = next(message.body for message in reversed(mail.outbox) if message.to == [address])
    return re.search(r"https?://[^/]+(/p/[^/]+/)", body).group(1)


def seat_of(participant):
    return RoundSeat.objects.select_related("round").order_by("-pk").get(participant=participant)


def says(participant, value="1", *, now=NOW, **more):
    return answer_check(seat=seat_of(participant), value=Decimal(value), assurance="SIGNED_IN", now=now, **more)


# Goals and stances


def test_a_goal_goes_from_the_desk_to_the_other_sides_page_and_back(cast, clock):
    ana, bo = browser_of(cast.ana), guest()
    url, theirs = desk_url(cast.borealis), own_url(cast.borealis)
    assert ana.post(url, {"what": "Halve the night calls", "by_on": "2026-12-01"}).url == url
    assert "Borealis has not agreed yet." in text(ana.get(url))
    page = text(bo.get(theirs))
    assert "Halve the night calls" in page
    assert "Acme proposed it on" in page
    assert "Ana" not in page
    goal = Goal.objects.get()
    assert bo.post(theirs, {"act": "agree", "goal": str(goal.public_id)}).url == f"{theirs}?done=agree"
    assert "agreed by Bo Berg" in text(ana.get(url))
    assert "Halve the night calls" in seen_by(cast.ana, desk_url(cast.borealis, "relationship"))
    assert "Halve the night calls" in text(bo.get(own_url(cast.borealis, "place")))
    ana.post(url, {"act": "reached", "goal": str(goal.public_id)})
    assert "reached on" in text(bo.get(theirs))
    assert bo.post(theirs, {"act": "given_up", "goal": str(goal.public_id)}).status_code == 409


def test_a_proposal_of_theirs_is_seen_and_agreed_at_the_desk(cast, clock):
    bo, theirs, url = guest(), own_url(cast.borealis), desk_url(cast.borealis)
    bo.post(theirs, {"what": "A quiet August", "by_on": ""})
    page = text(browser_of(cast.ana).get(url))
    assert "Proposed by Bo Berg" in page
    goal = Goal.objects.get()
    assert bo.post(theirs, {"act": "agree", "goal": str(goal.public_id)}).status_code == 409  # their own
    browser_of(cast.ana).post(url, {"act": "agree", "goal": str(goal.public_id)})
    assert "Agreed by both on" in text(bo.get(theirs))


def test_what_is_refused_stays_in_the_form(cast, clock):
    for browser, url in ((browser_of(cast.ana), desk_url(cast.borealis)), (guest(), own_url(cast.borealis))):
        response = browser.post(url, {"what": "", "by_on": "whenever"})
        assert response.status_code == 422
        assert "whenever" in response.content.decode()
        assert "Two things to fix" in text(response)
        assert browser.post(url, {"act": "stance", "line0": "x" * 121}).status_code == 422
        assert browser.post(url, {"act": "nonsense"}).status_code == 404
        assert browser.post(url, {"act": "agree", "goal": "00000000-0000-4000-8000-000000000000"}).status_code == 404
    assert not Goal.objects.exists()


def test_each_side_says_what_it_stands_for_and_the_other_reads_it(cast, clock):
    ana, bo = browser_of(cast.ana), guest()
    ana.post(desk_url(cast.borealis), {"act": "stance", "line0": "Honest dates", "line3": "No surprises"})
    bo.post(own_url(cast.borealis), {"act": "stance", "line0": "<b>People first</b>"})
    assert "Honest dates" in text(bo.get(own_url(cast.borealis)))
    page = ana.get(desk_url(cast.borealis)).content.decode()
    assert "&lt;b&gt;People first&lt;/b&gt;" in page


def test_only_the_steward_writes_and_a_leader_reads(cast, clock):
    say_stance(author=cast.bo_speaks, lines=["People first"], now=NOW)
    url = desk_url(cast.borealis)
    assert "People first" in seen_by(cast.lea, url)
    assert "<button" not in seen_by(cast.lea, url).split("<main", 1)[1].split("</main", 1)[0]
    looks_unknown(cast.lea, url, "post", what="Ours")
    looks_unknown(cast.amir, url)
    looks_unknown(cast.zed, url)
    refuses(cast.ana, url, "PUT", "DELETE")
    assert guest(EVA).get(own_url(cast.borealis)).status_code in (302, 404)


# The check behind a link


@pytest.fixture
def goal(cast):
    goal = propose_goal(author=cast.ana_speaks, what="Halve the night calls", by_on=None, now=NOW - DAY)
    agree_goal(goal=goal, author=cast.bo_speaks, now=NOW - DAY)
    return goal


def test_a_check_asks_one_question_and_folds_the_others_away(cast, goal, clock):
    open_round(relationship=cast.borealis, now=NOW, reason="due")
    page = Client().get(link_to(BO)).content.decode()
    folded = page.split("If you like, one or two more", 1)[1]
    assert "<details" in page.split("If you like, one or two more", 1)[0].rsplit("<form", 1)[1]
    assert "How much does Acme take part?" in folded
    assert "How is it going: Halve the night calls?" in folded
    assert page.count("<fieldset") == 4  # the seven, how sure, and the two that are folded
    assert not re.search(r'name="(part|more)"[^>]*checked', page)
    assert "required" not in folded.split("</details>")[0]


def test_the_optional_answers_come_with_the_answer_and_can_be_changed_with_it(cast, goal, clock):
    open_round(relationship=cast.borealis, now=NOW, reason="due")
    link, browser = link_to(BO), Client()
    assert browser.post(link, {"balance": "-1", "part": "3", "more": "1"}).url.endswith("?sent")
    assert set(AnswerItem.objects.values_list("kind", "value", "goal__id")) == {("PART", 3, None), ("GOAL", 1, goal.pk)}
    page = browser.get(f"{link}?change").content.decode()
    assert re.search(r'name="part" value="3" checked', page)
    assert re.search(r'name="more" value="1" checked', page)
    assert "open>" in page.split("If you like", 1)[0].rsplit("<details", 1)[1]
    refused = browser.post(link, {"balance": "-1", "part": "7"})
    assert refused.status_code == 422
    assert Answer.objects.count() == 1
    assert browser.post(link, {"balance": "", "part": "2"}).status_code == 422  # the one question is asked, the others are offered


def test_after_the_reveal_both_stand_side_by_side_on_every_page(cast, goal, clock):
    open_round(relationship=cast.borealis, now=NOW, reason="due")
    link = link_to(BO)
    Client().post(link, {"balance": "-1", "part": "4", "more": "1"})
    before = {
        "desk": seen_by(cast.ana, desk_url(cast.borealis, "checks")),
        "leader": seen_by(cast.lea, desk_url(cast.borealis, "checks")),
    }
    assert all("Fully" not in page for page in before.values())
    says(cast.ana_speaks, items=[ItemSaid("PART", 0)], now=NOW + 2 * MINUTE)
    clock.move_to(NOW + 5 * MINUTE)
    sweep_rounds(now=NOW + 5 * MINUTE)
    for member in (cast.ana, cast.lea):
        page = text(browser_of(member).get(desk_url(cast.borealis, "checks")))
        assert "How much the other side takes part Fully Not at all" in page
        assert "How it is going: Halve the night calls Slow nothing said" in page
        assert "Taking part" in page  # the counted, beside the rated
    shown = text(Client().get(link))
    assert "How much the other side takes part Not at all Fully" in shown
    own = text(guest().get(own_url(cast.borealis, "answers")))
    assert "How much the other side takes part: you said “Fully”, Acme said “Not at all”" in own
    assert "Who takes part" in own


def test_an_employees_optional_answers_are_theirs_until_they_share_that_answer(cast, employee, clock):
    open_round(relationship=employee.relationship, now=NOW, reason="due")
    manager = employee.relationship.sides.get(role=SideRole.OWN).participants.get()
    says(manager, items=[ItemSaid("PART", 2)])
    url, closes = desk_url(employee.relationship, "checks"), NOW + 14 * DAY
    seen = []
    for answered in (False, True):
        with transaction.atomic():
            if answered:
                says(employee.eva_speaks, "-2", items=[ItemSaid("PART", 0)], now=NOW + MINUTE)
            for moment in (NOW + DAY, closes):
                clock.move_to(moment)
                sweep_rounds(now=moment)
                seen.append(text(browser_of(cast.ana).get(url)))
            if answered:
                answer = Answer.objects.get(participant=employee.eva_speaks)
                Disclosure.objects.create(workspace=cast.workspace, participant=employee.eva_speaks, answer=answer, at=closes)
                assert "How much the other side takes part Not at all Somewhat" in text(browser_of(cast.ana).get(url))
                own = text(guest(EVA, closes).get(own_url(employee.relationship, "answers")))
                assert "you said “Not at all”, Acme said “Somewhat”" in own
            clock.move_to(NOW)
            transaction.set_rollback(True)
    assert seen[:2] == seen[2:]
    assert "Not at all" not in "".join(seen)


# The promise


def test_the_thanks_page_has_room_for_one_thing_more_and_keeps_it(cast, clock):
    open_round(relationship=cast.borealis, now=NOW, reason="due")
    link, browser = link_to(BO), Client(enforce_csrf_checks=True)
    assert browser.post(link, {"act": "promise", "what": "Lunch", "by_on": "2026-09-01"}).status_code == 409  # before the answer
    browser.post(link, {"balance": "1"})
    page = text(browser.get(f"{link}?sent"))
    assert "One thing you would like to do for Acme?" in page
    assert "Acme reads it when both sides have answered, or after 25 June" in page
    refused = browser.post(link, {"act": "promise", "what": "Lunch", "by_on": "2026-06-12"})
    assert refused.status_code == 422
    assert "Lunch" in refused.content.decode()
    assert browser.post(link, {"act": "promise", "what": "Lunch for the night desk", "by_on": "2026-09-01"}).url.endswith("?promised")
    page = text(browser.get(f"{link}?promised"))
    assert "you would like to do this: Lunch for the night desk" in page
    assert "Nobody else sees it yet." in page
    assert "Lunch" not in seen_by(cast.ana, desk_url(cast.borealis, "relationship"))
    browser.post(link, {"act": "take_back"})
    assert "Lunch" not in text(browser.get(f"{link}?promised"))
    browser.post(link, {"act": "promise", "what": "Lunch for the night desk", "by_on": "2026-09-01"})
    says(cast.ana_speaks, now=NOW + 2 * MINUTE)
    clock.move_to(NOW + 5 * MINUTE)
    sweep_rounds(now=NOW + 5 * MINUTE)
    assert "Lunch for the night desk" in seen_by(cast.ana, desk_url(cast.borealis, "relationship"))
    assert "Borealis promised" in text(browser_of(cast.ana).get(desk_url(cast.borealis, "checks")))
    assert "Acme can read it." in text(browser.get(link))


def test_an_employees_thanks_page_offers_none_and_their_own_page_only_when_the_check_is_over(cast, employee, clock):
    open_round(relationship=employee.relationship, now=NOW, reason="due")
    link, browser = link_to(EVA), Client()
    browser.post(link, {"balance": "1"})
    page = browser.get(f"{link}?sent").content.decode()
    assert 'value="promise"' not in page
    assert "Your own page has room for it when this question has closed" in text(browser.get(f"{link}?sent"))
    assert browser.post(link, {"act": "promise", "what": "Help", "by_on": "2026-09-01"}).status_code == 409
    eva, url = guest(EVA), own_url(employee.relationship, "promise")
    assert "there is room for it when the question has closed" in text(eva.get(url))
    assert eva.post(url, {"what": "Help", "by_on": "2026-09-01"}).status_code == 409
    assert not Commitment.objects.exists()
    assert not ValueEvent.objects.exists()
    clock.move_to(NOW + 14 * DAY + MINUTE)
    eva = guest(EVA, NOW + 14 * DAY)
    assert "The last question is over." in text(eva.get(own_url(employee.relationship, "place")))
    assert eva.post(url, {"what": "Help", "by_on": "2026-09-01"}).url.endswith("done=promised")
    assert EventVersion.objects.get().text.what == "Help"


def test_on_the_own_page_a_promise_goes_with_an_open_answer_and_else_stands_alone(cast, clock):
    bo, url = guest(), own_url(cast.borealis, "promise")
    bo.post(url, {"what": "A hand with the move", "by_on": "2026-07-01"})
    assert ValueEvent.objects.count() == 1
    open_round(relationship=cast.borealis, now=NOW, reason="due")
    prompt = Prompt.objects.get(side=SideRole.COUNTERPART)
    bo.post(reverse("portal:question", args=[cast.borealis.public_id, prompt.public_id]), {"balance": "1", "part": "2"})
    assert "It is kept with your answer" in text(bo.get(url))
    bo.post(url, {"what": "Lunch", "by_on": "2026-09-01"})
    assert ValueEvent.objects.count() == 1
    assert Commitment.objects.count() == 1


# Our own answer at the desk


def test_at_the_desk_the_optional_questions_and_the_promise_come_with_our_answer(cast, goal, clock):
    open_round(relationship=cast.borealis, now=NOW, reason="due")
    prompt = Prompt.objects.get(side=SideRole.OWN)
    url, ana = reverse("desk:answer_prompt", args=[prompt.public_id]), browser_of(cast.ana)
    assert "How much does Borealis take part?" in text(ana.get("/"))
    page = ana.post(url, {"value": "0", "part": "1", "more": "2"}, headers=HTMX).content.decode()
    assert set(AnswerItem.objects.values_list("kind", "value")) == {("PART", 1), ("GOAL", 2)}
    assert "One thing you would like to do for Borealis?" in page
    assert ana.post(url, {"act": "promise", "what": "", "by_on": "2026-09-01"}, headers=HTMX).status_code == 422
    kept = ana.post(url, {"act": "promise", "what": "A night off", "by_on": "2026-09-01"}, headers=HTMX)
    assert "A night off" in kept.content.decode()
    assert "A night off" not in text(guest().get(own_url(cast.borealis, "place")))
    assert ana.post(url, {"act": "take_back", "next": "/"}).url == "/"
    ana.post(url, {"act": "promise", "what": "A night off", "by_on": "2026-09-01", "next": "/"})
    says(cast.bo_speaks, now=NOW + MINUTE)
    assert "A night off" in text(guest().get(own_url(cast.borealis, "place")))


def test_whoever_answered_last_can_promise_on_the_page_of_checks(cast, clock):
    open_round(relationship=cast.borealis, now=NOW, reason="due")
    says(cast.bo_speaks)
    prompt = Prompt.objects.get(side=SideRole.OWN)
    ana = browser_of(cast.ana)
    settled = ana.post(reverse("desk:answer_prompt", args=[prompt.public_id]), {"value": "0"}, headers=HTMX)
    assert "One thing you would like to do for Borealis?" in settled.content.decode()
    url = desk_url(cast.borealis, "checks")
    assert "One thing you would like to do for Borealis?" in text(ana.get(url))
    assert "One thing you would like" not in text(browser_of(cast.lea).get(url))
    ana.post(
        reverse("desk:answer_prompt", args=[prompt.public_id]), {"act": "promise", "what": "A night off", "by_on": TODAY.isoformat(), "next": url}
    )
    assert "We promised: A night off" in text(ana.get(url))


def test_the_own_file_holds_all_of_it(cast, goal, clock):
    say_stance(author=cast.bo_speaks, lines=["People first"], now=NOW)
    open_round(relationship=cast.borealis, now=NOW, reason="due")
    link = link_to(BO)
    Client().post(link, {"balance": "1", "part": "3"})
    Client().post(link, {"act": "promise", "what": "Lunch", "by_on": "2026-09-01"})
    told = json.loads(guest().post(own_url(cast.borealis, "data")).content)
    assert told["answers"][0]["besides"] == [{"what": "PART", "goal": None, "value": "A good deal"}]
    assert told["what_you_stand_for"][0]["lines"] == ["People first"]
    assert told["promised_with_an_answer"][0]["what"] == "Lunch"
    assert told["done_about_goals"][0]["step"] == "AGREED"
    assert told["goals_of_yours"] == []
