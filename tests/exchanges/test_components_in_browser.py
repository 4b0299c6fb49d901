"""The parts in a real browser: no accessibility finding in either theme and width, nothing scrolls sideways, and what the scripts add."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.contrib.messages import constants
from django.contrib.messages.storage.base import Message
from django.template import engines
from django.test import RequestFactory

from exchanges import wording
from exchanges.charts import MapMark, TimelineCheck, TimelineEvent, TimelinePoint, TimelineSide, WeekShares, balance_map, shares, timeline
from tests.exchanges.charts.readings import TODAY, reading

pytestmark = pytest.mark.browser

LONG = "Überlandwerk Ostfriesland-Papenburg Elektrizitätsgesellschaft mbH"
ARABIC = "شركة الميناء القديم للنقل البحري"
PAGE = """{% extends "desk/base.html" %}{% load ledger icons %}{% block title %}Parts{% endblock %}{% block main %}
<h1>Parts</h1><h2>Now</h2>{% beam they we %}{% beam they we ghost_they=we ghost_we=we small=True %}{% beam unknown we %}{% timeline chart %}{% balance_map map %}
<h2 id="h-att">First</h2><ol class="attention"><li>{% rank "unseen_value" 1 %}<h3><a href="/r">One</a> {% verdict "unseen_value" spiral=True %}</h3></li></ol>
{% shares weeks %}{% level they %}{% level_pair they we %}{% worth 3 %}{% worth 1 guess=True %}{% weight 4 %}{% gap 4 1 url="/r" %}
<form method="post"><label for="f">Name</label><input id="f" name="q"><button type="submit">Save</button></form>{% endblock %}"""


def sample() -> dict[str, Any]:
    they, we = reading(-1.2, 0.5, name=LONG, answered_on=TODAY), reading(0.4, 1.1, own=True, heard=False, name=ARABIC, answered_on=TODAY)
    marks = [MapMark(f"/r/{i}", LONG, they, we, f"Mark {i}", "counterpart_feels_short", rank=1 if i == 0 else None) for i in range(4)]
    points = [TimelinePoint(TODAY.replace(month=month), -0.2 * month, -1.0 - 0.2 * month, 1.0, month < 4) for month in range(1, 7)]
    side = TimelineSide(
        LONG, False, points, [TimelineCheck(TODAY.replace(month=3), -0.6, "Marta")], [TimelineEvent(TODAY.replace(day=9), "Routes", None)]
    )
    return {
        "they": they,
        "we": we,
        "unknown": reading(None),
        "chart": timeline([side], TODAY),
        "map": balance_map(marks),
        "weeks": shares([WeekShares(TODAY, 9, 1, 1, 2, 1, 3)]),
        "today": TODAY,
        "summary": wording.portfolio_voice(1, 2, 1, 0),
    }


@pytest.fixture
def parts(tmp_path: Path) -> str:
    """The page of all parts as a file, beside the files it loads."""
    request = RequestFactory().get("/")
    request.user = SimpleNamespace(is_authenticated=True, __str__=lambda self: "Priya Raman")
    request.member = SimpleNamespace(
        is_steward=True, is_leader=True, is_owner=True, workspace_id=1, workspace=SimpleNamespace(name="Oakhollow Works")
    )
    request._messages = [Message(constants.SUCCESS, "Logged.", extra_tags="undo:/undo")]
    html = engines["django"].from_string(PAGE).render(sample(), request)
    static = (Path(settings.BASE_DIR) / "static").as_uri()
    page = tmp_path / "parts.html"
    page.write_text(html.replace('"/static/', f'"{static}/'))
    return page.as_uri()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390, 320])
def test_the_parts_pass_the_accessibility_rules_and_fit(page, parts, scheme, width):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(parts)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    findings = [(one["id"], one["nodes"][0]["html"][:120]) for one in Axe().run(page).response["violations"]]
    assert findings == []


def test_single_keys_open_the_list_and_find_and_stay_out_of_fields(page, parts):
    page.goto(parts)
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "f"
    page.keyboard.press("?")
    assert page.input_value("#f") == "?"
    assert not page.evaluate("document.getElementById('shortcuts').open")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("?")
    assert page.evaluate("document.getElementById('shortcuts').open")


def test_single_keys_can_be_turned_off(page, parts):
    page.goto(parts)
    page.keyboard.press("?")
    page.click("[data-keys-toggle]")
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") != "f"


def test_what_needs_a_script_is_shown_by_it_alone(page, parts, browser):
    page.goto(parts)
    page.click("[data-close]")
    assert page.locator("[data-toast]").count() == 0
    plain = browser.new_context(java_script_enabled=False).new_page()
    plain.goto(parts)
    assert not plain.locator("[data-close]").is_visible()
    plain.click("details.menu > summary")
    assert plain.locator("[data-needs-script]").first.is_hidden()


def test_a_theme_chosen_once_stays(page, parts):
    page.goto(parts)
    page.click("details.menu > summary")
    page.click("[data-theme-next]")
    page.click("[data-theme-next]")
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_ctrl_enter_saves(page, parts):
    page.goto(parts)
    page.evaluate("document.querySelector('form:has(#f)').addEventListener('submit', (e) => { e.preventDefault(); window.saved = true; })")
    page.focus("#f")
    page.keyboard.press("Control+Enter")
    assert page.evaluate("window.saved")
