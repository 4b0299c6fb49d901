"""First run and signing in, in a real browser: under the served policy, in both themes, on a desk and on a phone, by keyboard too."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core.cache import cache
from django.utils import timezone

from relationships.models import User
from relationships.services import setup

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PASSWORD = "quiet evenings by the water"
CLOSED = ["/account/login/", "/account/login/code/", "/account/password/reset/", "/account/signup/", "/no-such-page/"]


@pytest.fixture
def complaints(page: Any) -> list[str]:
    """What the browser refused: the policy speaks here when a page breaks it."""
    said: list[str] = []
    page.on(
        "console", lambda message: said.append(message.text) if message.type == "error" and "Failed to load resource" not in message.text else None
    )
    page.on("pageerror", lambda error: said.append(str(error)))
    return said


@pytest.fixture
def ana(transactional_db: None) -> User:
    cache.clear()
    return User.objects.create_user("ana@acme.example", PASSWORD, name="Ana Reyes")


def findings(page: Any) -> list[tuple[str, str]]:
    return [(one["id"], one["nodes"][0]["html"][:120]) for one in Axe().run(page).response["violations"]]


def looks_right(page: Any, width: int) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert findings(page) == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390), ("light", 320)])
def test_pages_before_signing_in_pass_the_accessibility_rules(
    page: Any, live_server: Any, ana: User, complaints: list[str], scheme: str, width: int
) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})
    for path in CLOSED:
        page.goto(live_server.url + path)
        looks_right(page, width)
    page.goto(live_server.url + "/account/login/")
    page.get_by_label("E-mail").fill("ana@acme.example")
    page.get_by_label("Password").fill("not this one at all")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("alert").wait_for()
    assert page.get_by_label("E-mail").input_value() == "ana@acme.example"
    looks_right(page, width)
    assert complaints == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_the_first_run_from_the_link_to_the_first_page(page: Any, live_server: Any, complaints: list[str], scheme: str, width: int) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(live_server.url + "/")
    looks_right(page, width)
    page.goto(f"{live_server.url}/setup/{setup.issue_first_link(now=timezone.now())}/")
    looks_right(page, width)
    page.get_by_label("Your name").fill("Ana Reyes")
    page.get_by_label("Your e-mail").fill("ana@acme.example")
    page.get_by_label("Password").fill("password1234")
    page.get_by_label("Name of your organisation").fill("Acme")
    page.get_by_label("an empty one").check()
    page.get_by_role("button", name="Open the ledger").click()
    assert "too common" in page.get_by_text("too common").inner_text()
    looks_right(page, width)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(live_server.url + "/")
    assert User.objects.get().email == "ana@acme.example"
    assert complaints == []


def test_the_account_pages_pass_the_accessibility_rules(page: Any, live_server: Any, ana: User, complaints: list[str]) -> None:
    page.goto(live_server.url + "/account/login/?next=/account/two-factor/")
    page.get_by_label("E-mail").fill("ana@acme.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Your account asks").wait_for()
    looks_right(page, 1280)
    for path in ["/account/password/change/", "/account/logout/"]:
        page.goto(live_server.url + path)
        looks_right(page, 1280)
    page.goto(live_server.url + "/account/two-factor/totp/activate/")
    page.get_by_label("Password").fill(PASSWORD)
    looks_right(page, 1280)
    page.keyboard.press("Enter")
    page.get_by_role("img", name="QR code for your authenticator app").wait_for()
    looks_right(page, 1280)
    assert complaints == []
