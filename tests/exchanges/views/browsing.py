"""Signed-in browsers, and what the tests of the desk ask of every page."""

import re
from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client

from relationships.models import Member
from tests.makers import NOW

HTMX = {"HX-Request": "true"}


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as moving:
        yield moving


def browser_of(member: Member) -> Client:
    browser = Client()
    browser.force_login(member.user)
    return browser


def seen_by(member: Member, url: str, status: int = 200) -> str:
    response = browser_of(member).get(url)
    assert response.status_code == status, response.content[:500]
    return response.content.decode()


def refuses(member: Member, url: str, *methods: str) -> None:
    """Each of these methods is not allowed there."""
    for method in methods:
        assert browser_of(member).generic(method, url).status_code == 405, method


def looks_unknown(member: Member, url: str, method: str = "get", **data: str) -> None:
    """Foreign and unknown look the same: 404, with the page that an invented address gets."""
    response = getattr(browser_of(member), method)(url, data)
    assert response.status_code == 404
    invented = browser_of(member).get("/relationships/00000000-0000-4000-8000-000000000000/")
    assert _without_id(response.content.decode()) == _without_id(invented.content.decode())


def _without_id(page: str) -> str:
    return re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"|X-CSRFToken[^}]+|<code>[0-9a-f]+</code>', "", page)
