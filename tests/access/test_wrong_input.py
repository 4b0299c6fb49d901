"""Whatever can be typed: every form of every page is sent with what nobody means. A clear answer, nothing lost, nothing half-written, no 500.

The forms are those that the pages themselves show, to the first role that the table lets in; a new page or field is in it by itself.
"""

from __future__ import annotations

import html
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from django.db import connection, reset_queries, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.access.table import TABLE
from tests.access.walking import MAY_CHANGE_ON_GET, Walk, written_by

WRONG = {
    "not a number": "NaN", "huge": "1e308", "far": "9999-12-31", "nul": "a\x00b", "turned": "\u202etpircs\u2066", "foreign": str(uuid.UUID(int=7)),
    "markup": "<script>alert(1)</script>\"'", "minus": "-1", "long": "x" * 300_000, "blank": "", "surrogate": "\ud800", "lines": "a\r\nBcc: b@c.example",
}  # fmt: skip
ONE_AT_A_TIME = ("nul", "far")
KEPT = ("not a number", "markup", "minus")  # what has to stand in the form again, to be mended
NOT_TYPED = {"csrfmiddlewaretoken", "key"}
BUTTONS = {"submit", "button", "reset", "image"}
CALM = {200, 201, 204, 302, 303, 400, 403, 404, 405, 409, 410, 413, 422, 429}
# Rows of the machinery: what was refused may count against a limit and be remembered under its key.
MACHINERY = MAY_CHANGE_ON_GET | {"common_idempotencykey", "account_emailaddress", "mfa_authenticator", "axes_accessattempt"}


@dataclass
class Form:
    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)  # text that a person types: it is shown again


class Forms(HTMLParser):
    """The forms of a page with what they would send as they stand."""

    def __init__(self, body: str) -> None:
        super().__init__()
        self.found: list[Form] = []
        self.open: Form | None = None
        self.choice = ""
        self.feed(body)

    def handle_starttag(self, tag: str, pairs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in pairs}
        if tag == "form":
            self.open = Form(given.get("action", ""), given.get("method", "get").upper())
            self.found.append(self.open)
        elif self.open is not None and (name := given.get("name", "")):
            self._field(tag, name, given)
        elif self.open is not None and tag == "option" and self.choice and ("selected" in given or not self.open.fields.get(self.choice)):
            self.open.fields[self.choice] = given.get("value", "")

    def _field(self, tag: str, name: str, given: dict[str, str]) -> None:
        assert self.open is not None
        kind = given.get("type", "text") if tag == "input" else tag
        if kind in BUTTONS or tag == "button":
            self.open.fields.setdefault(name, given.get("value", ""))
        elif kind in ("radio", "checkbox"):
            if "checked" in given or name not in self.open.fields:
                self.open.fields[name] = given.get("value", "on")
        else:
            self.open.fields[name] = given.get("value", "")
            if kind in ("text", "textarea", "search", "email"):
                self.open.kept.add(name)
        self.choice = name if tag == "select" else ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.open = None
        elif tag == "select":
            self.choice = ""


def pages() -> Iterator[tuple[str, str, str]]:
    """Each address once with the first role that may read it."""
    for key, row in TABLE.items():
        name, _, thing = key.partition(" ")
        role = next((role for role, status in row["GET"].items() if status == 200), None)
        if role is not None and not name.startswith("api_"):
            yield name, thing, role


class Sent:
    """What one form answered, and which tables it wrote to; taken back at once."""

    def __init__(self, walk: Walk, role: str, form: Form, url: str, data: dict[str, str]) -> None:
        client = walk.clients[role]
        cookies = client.cookies.copy()
        reset_queries()
        with transaction.atomic(), CaptureQueriesContext(connection) as captured:
            send = client.post if form.method == "POST" else client.get
            response = send(url, {name: value.encode("utf-8", "surrogatepass") if "\ud800" in value else value for name, value in data.items()})
            self.body = (b"".join(response.streaming_content) if response.streaming else response.content).decode("utf-8", "replace")
            transaction.set_rollback(True)
        client.cookies = cookies
        self.status = response.status_code
        self.wrote = sorted(set(kept_of(query["sql"] for query in captured)) - MACHINERY)


def kept_of(statements: Iterable[str | None]) -> list[str]:
    """The tables that were written to, without what was taken back to a savepoint."""
    wrote: list[str] = []
    marks: dict[str, int] = {}
    for sql in statements:
        if sql is None:  # the driver refused it before it could be logged
            continue
        if sql.startswith("SAVEPOINT "):
            marks[sql.split()[1]] = len(wrote)
        elif sql.startswith("ROLLBACK TO SAVEPOINT "):
            del wrote[marks.get(sql.split()[3], 0) :]
        else:
            wrote += written_by(sql)
    return wrote


def wrong_data(form: Form) -> Iterator[tuple[str, str, dict[str, str]]]:
    typed = [name for name in form.fields if name not in NOT_TYPED]
    for what, value in WRONG.items():
        yield what, "everything", form.fields | dict.fromkeys(typed, value)
    for what in ONE_AT_A_TIME:
        for name in typed:
            yield what, name, form.fields | {name: WRONG[what]}


def complaints(walk: Walk, role: str, form: Form, url: str) -> Iterator[str]:
    for what, where, data in wrong_data(form):
        if form.method != "POST" and what == "long":
            data = {name: value[:2_000] for name, value in data.items()}  # a server refuses longer addresses before we see them
        sent = Sent(walk, role, form, url, data)
        said = f"{role} {form.method} {urlsplit(url).path} {what} in {where}: {sent.status}"
        if sent.status not in CALM:
            yield said
        elif sent.status >= 400 and sent.wrote:
            yield f"{said}, and wrote to {', '.join(sent.wrote)}"
        elif sent.status == 422 and where == "everything" and what in KEPT:
            lost = [name for name in form.kept if html.escape(WRONG[what]) not in sent.body]
            if lost:
                yield f"{said}, and lost {', '.join(lost)}"


@pytest.mark.slow
def test_whatever_is_typed_gets_a_clear_answer(walk):
    seen: set[tuple[str, str, tuple[str, ...]]] = set()
    wrong: list[str] = []
    sent: Counter[str] = Counter()
    for name, thing, role in pages():
        url = reverse(name, kwargs=walk.world.arguments(thing, role))
        body = walk.call(name, "GET", role, walk.world.arguments(thing, role)).walked.decode("utf-8", "replace")
        for form in Forms(body).found:
            target = form.action or url
            mark = (name if target == url else target, form.method, tuple(sorted(form.fields)))
            if mark in seen or urlsplit(target).netloc or "logout" in target:
                continue
            seen.add(mark)
            sent[name] += 1
            wrong += complaints(walk, role, form, target)
    assert sum(sent.values()) > 60
    assert not wrong, "\n".join(wrong)


def test_a_form_that_breaks_is_noticed(walk, monkeypatch):
    """Negative control: without the one validator for text, a NUL reaches the database."""
    from exchanges.forms import fields

    monkeypatch.setattr(fields.LineField, "clean", lambda self, value: int(value))
    form = Form("", "POST", {"name": "x", "email": "y"}, {"name"})
    assert any(": 500" in one for one in complaints(walk, "OA", form, reverse("desk:settings_value_kinds")))


def test_the_forms_of_a_page_are_found():
    found = Forms('<form method="post" action="/x/"><input name="a" value="1"><select name="b"><option value="2">x<option value="3" selected>y</select>'
                  '<textarea name="c"></textarea><button name="act" value="go">Go</button></form>').found  # fmt: skip
    assert [(one.action, one.method, one.fields, one.kept) for one in found] == [
        ("/x/", "POST", {"a": "1", "b": "3", "c": "", "act": "go"}, {"a", "c"})
    ]


def test_what_was_taken_back_does_not_count_as_written():
    insert = 'INSERT INTO "a" VALUES (1)'
    assert kept_of(["SAVEPOINT x", insert, "ROLLBACK TO SAVEPOINT x"]) == []
    assert kept_of([insert, "SAVEPOINT x", insert, "RELEASE SAVEPOINT x"]) == ["a", "a"]
