"""Promises, advances, missed moments and what feels like owing, in a real browser: at the desk, behind a link, on the own page; also without a script."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from exchanges.models import EventKind, EventStatus, EventVersion, Giver, Prompt, PromptKind
from exchanges.services.advances import Hope, give_on_hope
from exchanges.services.missed import log_missed
from exchanges.services.relationships import set_terms
from exchanges.services.reports import Account, report_got
from exchanges.services.settling_prompts import ask_due_settlements
from relationships.models import SideRole
from relationships.services.parties import email_digest
from relationships.services.terms import TermsLine, add_own_kind
from tests.exchanges.views.test_portal_in_browser import link_of, looks_right
from tests.makers import make_event
from valueledger.common import portal_sessions

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
DAY = timedelta(days=1)


@pytest.fixture
def story(transactional_db: None, cast: Any) -> Any:
    """A promise of each side and an advance whose day has come, a missed moment, and something that feels like owing to each side."""
    cache.clear()
    now = timezone.now()
    then, today = now - 20 * DAY, now.date()
    promised = {"status": EventStatus.PROMISED, "expected_on": today - DAY, "on": then.date(), "now": then}
    make_event(cast.borealis, cast.ana_voice, what="Hardening test on two coupons", **promised)
    make_event(cast.borealis, cast.bo_voice, giver=Giver.COUNTERPART, what="An introduction at the port authority", **promised)
    event = make_event(cast.borealis, cast.ana_voice, what="Two days of route planning, free of charge", on=then.date(), now=then)
    give_on_hope(event=event, hope=Hope("The night routes in autumn", today - DAY), member=cast.ana, now=then)
    report_got(event=event, side=SideRole.COUNTERPART, voice=cast.bo_voice, account=Account(word=4, owing="OWING"), now=now)
    theirs = make_event(cast.borealis, cast.ana_voice, giver=Giver.COUNTERPART, what="A week of patience", on=today, now=now)
    report_got(event=theirs, side=SideRole.OWN, voice=cast.ana_voice, account=Account(word=3, owing="OWING"), now=now)
    log_missed(relationship=cast.borealis, side=SideRole.OWN, voice=cast.ana_voice, what="Nobody asked how the audit went", on=today, now=now)
    for speaks, kinds in ((cast.ana_speaks, ("References", "Planning ahead")), (cast.bo_speaks, ("Calm nights", "On-time arrivals"))):
        lines = [TermsLine(add_own_kind(side=speaks.side, name=name), 5) for name in kinds]
        set_terms(side=speaks.side, author=speaks, lines=lines, effective_on=today, now=now)
    assert ask_due_settlements(now=now) == 3
    return cast


@pytest.fixture
def visitor(page: Any, live_server: Any, story: Any) -> Any:
    """Ana at the desk and Bo on his own page, in one browser. `page.complaints` holds what the browser refused."""
    desk = Client()
    desk.force_login(story.ana.user)
    guest = portal_sessions.begin(address_hash=email_digest("bo@borealis.example"), user_agent="", now=timezone.now())[0]
    cookies = {"session": desk.cookies["session"].value, "portal": guest}
    page.context.add_cookies([{"name": name, "value": value, "url": live_server.url} for name, value in cookies.items()])
    page.complaints = []
    page.on("console", lambda said: page.complaints.append(said.text) if said.type == "error" and "Failed to load" not in said.text else None)
    return page


def question(side: int, about: str) -> Prompt:
    rows = Prompt.objects.select_related("participant", "relationship").filter(kind=PromptKind.SETTLE, side=side)
    return rows.get(subject_key__startswith=about)


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_every_page_passes_the_accessibility_rules(visitor: Any, live_server: Any, story: Any, scheme: str, width: int) -> None:
    visitor.emulate_media(color_scheme=scheme)
    visitor.set_viewport_size({"width": width, "height": 844})
    here, home = f"/relationships/{story.borealis.public_id}/", f"/me/with/{story.borealis.public_id}/"
    theirs, ours, advance = question(1, "promise"), question(0, "promise"), question(0, "advance")
    gap = f"/events/{EventVersion.objects.current().get(kind=EventKind.MISSED_MOMENT).event.public_id}/"
    pages = {
        "today": "/", "settle": f"/prompts/{ours.public_id}/", "advance": f"/prompts/{advance.public_id}/", "relationship": here, "missed": f"{here}missed/",
        "gap": gap, "gap-said": f"{gap}report/got/",
        "event": f"/events/{advance.event.public_id}/", "preview": "/settings/rhythm/preview/", "home": home, "add": f"{home}add/?way=missed",
        "home-settle": f"{home}questions/{theirs.public_id}/", "link": f"{link_of(theirs, timezone.now())}?became=NOT_YET",
    }  # fmt: skip
    for name, path in pages.items():
        visitor.goto(live_server.url + path)
        looks_right(visitor, name, scheme, width)
    visitor.get_by_role("button", name="Send my answer").click()
    visitor.get_by_text("Say by when it is meant now.").wait_for()
    looks_right(visitor, "link-errors", scheme, width)
    visitor.get_by_role("radio", name="It will not happen").check()
    visitor.get_by_role("button", name="Send my answer").click()
    visitor.get_by_text("It will not happen.").wait_for()
    looks_right(visitor, "link-thanks", scheme, width)
    visitor.goto(f"{live_server.url}/log/?with={story.borealis.public_id}")
    visitor.get_by_text("Promised, in advance").click()
    looks_right(visitor, "log", scheme, width)
    assert visitor.complaints == []


def test_today_takes_the_answers_in_place(visitor: Any, live_server: Any, story: Any) -> None:
    visitor.goto(live_server.url + "/")
    promise = visitor.locator(f"#prompt-{question(0, 'promise').public_id}")
    promise.get_by_role("button", name="Save").click()
    promise.get_by_text("Choose what became of it.").wait_for()
    promise.get_by_role("radio", name="Yes, it happened").check()
    promise.get_by_role("button", name="Save").click()
    promise.get_by_text("Kept. It happened on").wait_for()
    advance = visitor.locator(f"#prompt-{question(0, 'advance').public_id}")
    advance.get_by_role("radio", name="Nothing").check()
    advance.get_by_role("button", name="Save").click()
    advance.get_by_text("Nothing came back.").wait_for()
    assert visitor.complaints == []


def test_all_of_it_can_be_done_without_a_script(browser: Any, live_server: Any, story: Any) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    theirs = question(1, "promise")
    page.goto(live_server.url + link_of(theirs, timezone.now()))
    page.get_by_role("radio", name="Not yet").check()
    page.get_by_label("If not yet: by when now").fill((timezone.now() + 9 * DAY).date().isoformat())
    page.get_by_role("button", name="Send my answer").click()
    page.get_by_text("Not yet; by").wait_for()
    assert EventVersion.objects.current().get(event=theirs.event).status == EventStatus.PROMISED  # a minute later it counts
