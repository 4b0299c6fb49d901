"""What a link opens, in a real browser: on a phone and on a desk, in both themes, by keyboard, and without a script."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core.cache import cache
from django.utils import timezone

from exchanges.models import Answer, Prompt, Report
from exchanges.services.gently import snooze
from exchanges.services.prompts import ask_rating
from exchanges.services.rounds import open_round
from exchanges.services.terms_prompts import Matter, ask_terms, say_terms
from relationships.models import TermsVersion
from tests.makers import make_event
from valueledger.common import tokens
from valueledger.common.models.tokens import TokenPurpose

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

MATTERS = [
    Matter("Less stress on the night desk", 4, unit="quiet evenings"), Matter("On-time arrivals", 3), Matter("Predictable cost", 2), Matter("Freedom", 1)
]  # fmt: skip


@pytest.fixture
def links(transactional_db: None, cast: Any) -> dict[str, str]:
    """The links of one question of each kind to Bo, by kind."""
    cache.clear()
    now = timezone.now()
    event = make_event(cast.borealis, cast.ana_voice, what="Re-planned your night routes after the port closure", on=now.date(), now=now)
    ask_rating(event, now=now)
    open_round(relationship=cast.borealis, now=now, reason="due")
    ask_terms(participant=cast.bo_speaks, now=now, reason="asked")
    prompts = Prompt.objects.filter(participant=cast.bo_speaks)
    return {prompt.kind: link_of(prompt, now) for prompt in prompts}


def link_of(prompt: Prompt, now: Any) -> str:
    secret, _ = tokens.issue(
        purpose=TokenPurpose.PROMPT, workspace_id=prompt.workspace_id, subject_id=prompt.pk, expires_at=prompt.closes_at, now=now
    )
    return f"/p/{secret}/"


def prompt_of(kind: str) -> Prompt:
    return Prompt.objects.select_related("participant", "relationship").get(kind=kind, side=1)


def looks_right(page: Any, name: str, scheme: str, width: int) -> None:
    kept = os.environ.get("KEEP_PICTURES")
    if kept:
        page.screenshot(path=str(Path(kept) / f"{name}-{width}-{scheme}.png"), full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    assert [(one["id"], one["nodes"][0]["html"][:160]) for one in Axe().run(page).response["violations"]] == [], name


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390), ("light", 390)])
def test_every_page_behind_a_link_passes_the_accessibility_rules(page: Any, live_server: Any, links: Any, scheme: str, width: int) -> None:
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" and "Failed to load" not in said.text else None)
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 844})

    def see(kind: str, name: str, query: str = "") -> None:
        page.goto(live_server.url + links[kind] + query)
        if name.endswith("open"):
            page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        looks_right(page, name, scheme, width)

    for kind in ("CHECK", "RATING", "TERMS"):
        see(kind, kind.lower())
        see(kind, f"{kind.lower()}-open")
    see("CHECK", "less", "?less")
    page.get_by_role("button", name="Ask me less often").click()
    looks_right(page, "less-done", scheme, width)
    page.goto(live_server.url + links["TERMS"])
    page.get_by_role("button", name="Save what matters").click()
    looks_right(page, "terms-errors", scheme, width)
    now = timezone.now()
    say_terms(prompt=prompt_of("TERMS"), lines=MATTERS, now=now)
    see("TERMS", "terms-thanks", "?sent")
    see("TERMS", "terms-answered")
    see("TERMS", "terms-change", "?change")
    page.goto(live_server.url + links["RATING"])
    page.get_by_role("radio", name="More than expected").check()
    page.get_by_text("Or say it in your own unit").click()
    page.get_by_label("How much").fill("3")
    page.get_by_label("Of what").fill("quiet evenings")
    page.get_by_role("button", name="Send my answer").click()
    looks_right(page, "rating-thanks", scheme, width)
    see("RATING", "rating-answered")
    snooze(prompt=prompt_of("CHECK"), until=now + timedelta(days=7), now=now)
    see("CHECK", "put-off")
    snooze(prompt=prompt_of("CHECK"), until=now + timedelta(days=30), now=now)
    see("CHECK", "put-off-for-good")
    assert complaints == []


def test_everything_can_be_done_without_a_script(browser: Any, live_server: Any, links: Any) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(live_server.url + links["TERMS"])
    assert page.get_by_label("What matters").count() == 4
    page.get_by_role("button", name="Add a term").click()
    assert page.get_by_label("What matters").count() == 6
    for number, (name, points) in enumerate((("Calm", "7"), ("On time", "3"))):
        page.get_by_label("What matters").nth(number).fill(name)
        page.get_by_label("Points", exact=True).nth(number).fill(points)
    page.get_by_role("button", name="Save what matters").click()
    page.get_by_role("heading", name="Thank you, Bo.").wait_for()
    assert TermsVersion.objects.count() == 1
    page.goto(live_server.url + links["RATING"])
    page.get_by_text("Not now").click()
    page.get_by_role("button", name="a week").click()
    page.get_by_role("heading", name="All right, not now.").wait_for()
    page.get_by_role("link", name="Answer after all").click()
    page.get_by_role("radio", name="As expected").check()
    page.get_by_text("Or say it in your own unit").click()
    page.get_by_label("How much").fill("2")
    page.get_by_label("Of what").fill("hours")
    page.get_by_role("button", name="Send my answer").click()
    page.get_by_text("worth 2 hours to you").wait_for()
    assert Report.objects.get().typed_amount == 2


def test_a_check_is_put_off_and_answered_by_the_keys_alone(page: Any, live_server: Any, links: Any) -> None:
    page.goto(live_server.url + links["CHECK"])
    page.locator("summary", has_text="Not now").focus()
    for key in ("Enter", "Tab", "Tab", "Enter"):
        page.keyboard.press(key)
    page.get_by_text("This question closes on").wait_for()
    page.get_by_role("link", name="Answer after all").focus()
    page.keyboard.press("Enter")
    page.get_by_role("radio", name="About as much as I give").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Send my answer").focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Thank you, Bo.").wait_for()
    assert Answer.objects.get().y_micro == 0
