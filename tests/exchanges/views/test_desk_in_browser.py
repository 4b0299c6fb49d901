"""The desk in a real browser: under the served policy, by keyboard, on a desk and on a phone, in both themes, and without a script."""

from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from exchanges.models import Assurance, Giver, RoundSeat, ValueEvent
from exchanges.services.reports import Account, report_gave, report_got
from exchanges.services.rounds import answer_check, open_round
from relationships.models import SideRole
from tests.makers import make_event

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def story(transactional_db: None, cast: Any) -> Any:
    """Two entries with a gap, one unheard, and a round that both sides answered."""
    cache.clear()
    now = timezone.now()
    today = now.date()
    for what, ago in (("Depot workshop", 9), ("Slot planner, set up free of charge", 30)):
        event = make_event(cast.borealis, cast.ana_voice, what=what, on=today - timedelta(days=ago), now=now)
        report_gave(event=event, side=SideRole.OWN, voice=cast.ana_voice, account=Account(word=2, guess_word=4), now=now)
        report_got(
            event=event, side=SideRole.COUNTERPART, voice=cast.bo_voice, account=Account(word=1, sentence="Nice, but nothing for Monday"), now=now
        )
    make_event(cast.borealis, cast.bo_voice, giver=Giver.COUNTERPART, what="Told a neighbour about us", on=today - timedelta(days=2), now=now)
    opened = open_round(relationship=cast.borealis, now=now, reason="due")
    for seat in RoundSeat.objects.filter(round=opened):
        answer_check(seat=seat, value=-1, confirm=False, guess=None, sureness="", sentence="", assurance=Assurance.SIGNED_IN, now=now)
    return cast


@pytest.fixture
def desk(page: Any, live_server: Any, story: Any) -> Any:
    """Ana is signed in. `page.complaints` holds what the browser refused."""
    browser = Client()
    browser.force_login(story.ana.user)
    page.context.add_cookies([{"name": "session", "value": browser.cookies["session"].value, "url": live_server.url}])
    page.complaints = []
    page.on("console", lambda said: page.complaints.append(said.text) if said.type == "error" and "Failed to load" not in said.text else None)
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    return page


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_every_page_of_the_desk_passes_the_accessibility_rules(desk: Any, live_server: Any, story: Any, scheme: str, width: int) -> None:
    desk.emulate_media(color_scheme=scheme)
    desk.set_viewport_size({"width": width, "height": 900})
    one, event = story.borealis.public_id, ValueEvent.objects.order_by("id")[0].public_id
    paths = ["/", "/relationships/", "/relationships/new/", "/log/", "/log/?direction=both", "/settings/tokens/"]
    paths += [f"/relationships/{one}/{tail}" for tail in ("", "why/?side=counterpart", "terms/", "settings/")]
    paths += [f"/events/{event}/{tail}" for tail in ("", "correct/", "report/gave/", "relay/got/")]
    for path in paths:
        desk.goto(live_server.url + path)
        assert desk.evaluate("document.documentElement.scrollWidth") <= width, path
        assert [(one["id"], one["nodes"][0]["html"][:120]) for one in Axe().run(desk).response["violations"]] == [], path
    assert desk.complaints == []


def test_value_is_logged_from_the_keyboard_and_undone(desk: Any, live_server: Any, story: Any) -> None:
    desk.goto(live_server.url + "/")
    desk.keyboard.press("l")
    desk.keyboard.type("Borealis")
    desk.keyboard.press("Tab")
    desk.keyboard.type("A call about the doors")
    desk.keyboard.press("Enter")
    desk.locator("#feed li.is-new", has_text="A call about the doors").wait_for()
    assert desk.locator("#quicklog [name=who]").input_value() == ""
    desk.keyboard.type("Boreali")
    desk.locator("#quicklog [name=what]").fill("Another one")
    desk.keyboard.press("Enter")
    desk.get_by_text("Did you mean Borealis?").wait_for()
    assert desk.locator("#quicklog [name=what]").input_value() == "Another one"
    desk.locator("#quicklog .choice").first.click()
    desk.get_by_role("button", name="Log it").click()
    desk.locator("#feed li.is-new", has_text="Another one").wait_for()
    desk.get_by_role("button", name="Undo").last.click()
    desk.get_by_text("Taken back. It no longer counts.").wait_for()
    assert "Another one" not in desk.locator("#ledger").inner_text()
    assert desk.complaints == []


def test_the_full_form_shows_what_belongs_to_a_direction_and_says_what_is_missing(desk: Any, live_server: Any, story: Any) -> None:
    desk.goto(live_server.url + "/log/")
    desk.get_by_label("With whom").fill("Borealis")
    desk.get_by_label("What happened").fill("They hosted our new hires")
    assert desk.locator("#id_guess").is_visible()
    desk.get_by_label("They gave").check(force=True)
    assert not desk.locator("#id_guess").is_visible()
    desk.locator("#preview", has_text="Borealis gave Acme: They hosted our new hires.").wait_for()
    desk.keyboard.press("Control+Enter")
    desk.locator("#errors").wait_for()
    desk.wait_for_function("document.activeElement.id === 'errors'")  # the swap ends a moment after the errors are there
    desk.locator("#id_worth_4").check(force=True)
    desk.keyboard.press("Control+Enter")
    desk.wait_for_url("**" + reverse("desk:relationship", args=[story.borealis.public_id]))
    assert "They hosted our new hires" in desk.locator("#ledger").inner_text()
    assert desk.complaints == []


def test_all_of_it_works_without_a_script(browser: Any, live_server: Any, story: Any) -> None:
    signed_in = Client()
    signed_in.force_login(story.ana.user)
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies([{"name": "session", "value": signed_in.cookies["session"].value, "url": live_server.url}])
    page = context.new_page()
    page.goto(live_server.url + "/")
    page.locator("#quicklog [name=who]").fill("Borealis")
    page.locator("#quicklog [name=what]").fill("Without a script")
    page.get_by_role("button", name="Log it").click()
    assert "Without a script" in page.locator("#feed").inner_text()
    page.goto(live_server.url + "/relationships/")
    page.locator("[name=verdict]").select_option("fair")
    page.get_by_role("button", name="Apply").click()
    assert "No relationship is in equilibrium." in page.locator("#list").inner_text()
    page.goto(live_server.url + reverse("desk:relationship", args=[story.borealis.public_id]))
    page.get_by_role("link", name="Only gaps, 2").click()
    assert page.locator("#ledger tbody .gap").count() == 2
    context.close()
