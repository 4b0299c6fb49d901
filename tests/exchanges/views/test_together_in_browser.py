"""The optional questions, goals and promises in a real browser: both sides, on a phone and on a desk, in both themes, and without a script."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from exchanges.models import Answer, AnswerItem, Commitment, Goal, GoalStep, Prompt, RoundSeat
from exchanges.services.items import ItemSaid
from exchanges.services.rounds import answer_check, open_round
from exchanges.services.together import agree_goal, propose_goal, say_stance
from relationships.services.parties import email_digest
from valueledger.common import portal_sessions, tokens
from valueledger.common.models.tokens import TokenPurpose

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def link(transactional_db: None, cast: Any) -> str:
    """The link of a check to Bo, of a relationship with goals and with what each side stands for."""
    cache.clear()
    now = timezone.now()
    before = now - timedelta(days=2)
    for what in ("Half as many calls at night", "One plan for the port and the night desk"):
        agree_goal(
            goal=propose_goal(author=cast.ana_speaks, what=what, by_on=now.date() + timedelta(days=60), now=before), author=cast.bo_speaks, now=before
        )
    propose_goal(author=cast.ana_speaks, what="A second depot", by_on=None, now=before)
    say_stance(author=cast.bo_speaks, lines=["Nobody sleeps beside a telephone", "A date is a date"], now=before)
    open_round(relationship=cast.borealis, now=now - timedelta(hours=1), reason="due")
    prompt = Prompt.objects.get(side=1)
    secret, _ = tokens.issue(
        purpose=TokenPurpose.PROMPT, workspace_id=prompt.workspace_id, subject_id=prompt.pk, expires_at=prompt.closes_at, now=now
    )
    return f"/p/{secret}/"


def looks_right(page: Any, name: str, scheme: str, width: int) -> None:
    kept = os.environ.get("KEEP_PICTURES")
    if kept:
        page.screenshot(path=str(Path(kept) / f"{name}-{width}-{scheme}.png"), full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    assert [(one["id"], one["nodes"][0]["html"][:160]) for one in Axe().run(page).response["violations"]] == [], name


def sign_in(page: Any, live_server: Any, cast: Any) -> None:
    """Bo to the own page, and Ana to the desk."""
    now = timezone.now()
    key, _row = portal_sessions.begin(address_hash=email_digest("bo@borealis.example"), user_agent="", now=now)
    client = Client()
    client.force_login(cast.ana.user)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies(
        [
            {"name": "portal", "value": key, "url": live_server.url},
            {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url},
        ]
    )


def unfold(page: Any) -> None:
    page.evaluate("document.querySelectorAll('main details').forEach((one) => { one.open = true; })")


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("dark", 390), ("light", 390)])
def test_every_page_of_it_passes_the_accessibility_rules(page: Any, live_server: Any, cast: Any, link: str, scheme: str, width: int) -> None:
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" and "Failed to load" not in said.text else None)
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 844})

    def see(name: str, address: str, opened: bool = False) -> None:
        page.goto(live_server.url + address)
        if opened:
            unfold(page)
        looks_right(page, name, scheme, width)

    see("check-calm", link)
    see("check-unfolded", link, opened=True)
    page.get_by_role("radio", name="About as much as I give").check()
    page.get_by_role("radio", name="A good deal").check()
    page.get_by_role("button", name="Send my answer").click()
    looks_right(page, "thanks", scheme, width)
    page.get_by_text("One thing you would like to do for Acme?").click()
    page.get_by_label("What would you like to do?").fill("Lunch for the night desk")
    page.get_by_label("By when").fill((timezone.now().date() + timedelta(days=60)).isoformat())
    looks_right(page, "thanks-promise", scheme, width)
    page.get_by_role("button", name="Promise it").click()
    looks_right(page, "thanks-promised", scheme, width)
    sign_in(page, live_server, cast)
    see("home", reverse("portal:place", args=[cast.borealis.public_id]))
    see("own-together", reverse("portal:together", args=[cast.borealis.public_id]), opened=True)
    see("own-promise", reverse("portal:promise", args=[cast.borealis.public_id]))
    see("today", "/")
    see("today-unfolded", "/", opened=True)
    seat = RoundSeat.objects.select_related("round").get(participant=cast.ana_speaks)
    answer_check(seat=seat, value=0, items=[ItemSaid("PART", 1)], assurance="SIGNED_IN", now=timezone.now() + timedelta(minutes=2))
    Answer.objects.get(participant=cast.ana_speaks)
    page.wait_for_timeout(200)
    see("desk-together", reverse("desk:together", args=[cast.borealis.public_id]), opened=True)
    see("relationship", reverse("desk:relationship", args=[cast.borealis.public_id]))
    see("checks", reverse("desk:checks", args=[cast.borealis.public_id]))
    see("own-answers", reverse("portal:answers", args=[cast.borealis.public_id]))
    see("revealed", link)
    assert complaints == []


def test_all_of_it_works_without_a_script(browser: Any, live_server: Any, cast: Any, link: str) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(live_server.url + link)
    page.get_by_role("radio", name="About as much as I give").check()
    page.get_by_text("If you like, one or two more").click()
    page.get_by_role("radio", name="Somewhat").check()
    page.get_by_role("button", name="Send my answer").click()
    page.get_by_text("One thing you would like to do for Acme?").click()
    page.get_by_label("What would you like to do?").fill("Lunch")
    page.get_by_label("By when").fill((timezone.now().date() + timedelta(days=60)).isoformat())
    page.get_by_role("button", name="Promise it").click()
    page.get_by_text("Nobody else sees it yet.").wait_for()
    assert AnswerItem.objects.get().value == 2
    assert Commitment.objects.count() == 1
    sign_in(page, live_server, cast)
    page.goto(live_server.url + reverse("portal:together", args=[cast.borealis.public_id]))
    page.get_by_role("button", name="Yes, we want that too").click()
    page.get_by_text("Agreed. It is a goal of both now.").wait_for()
    assert GoalStep.objects.count() == 3
    page.goto(live_server.url + reverse("desk:together", args=[cast.borealis.public_id]))
    page.get_by_text("Propose a goal").click()
    page.get_by_label("What do both of you want to reach?").fill("A quiet August")
    page.get_by_role("button", name="Propose it").click()
    page.get_by_text("Proposed. It is a goal of both sides when they agree.").wait_for()
    assert Goal.objects.count() == 4


def test_the_promise_at_the_desk_is_made_in_place(page: Any, live_server: Any, cast: Any, link: str) -> None:
    sign_in(page, live_server, cast)
    page.goto(live_server.url + "/")
    page.get_by_text("If you like, one or two more").click()
    page.get_by_role("radio", name="Somewhat").check()
    page.get_by_role("radio", name="about even").check(force=True)
    page.get_by_role("button", name="Send", exact=True).click()
    page.get_by_text("One thing you would like to do for Borealis?").click()
    page.get_by_label("What", exact=True).fill("A night off")
    page.get_by_label("By when").fill((timezone.now().date() + timedelta(days=60)).isoformat())
    page.get_by_role("button", name="Promise it").click()
    page.get_by_text("does not see it before the check is over").wait_for()
    assert Commitment.objects.count() == 1
    assert AnswerItem.objects.get().value == 2
