"""Who would be asked in the next 30 days: to whom it may be shown, and nothing is written by looking."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from exchanges.models import Card, EventKind, Prompt
from exchanges.services.prompts import ask_due_ratings, open_due_rounds
from exchanges.services.rounds import open_round, sweep_rounds
from relationships.models import Kind, Person, Relationship
from relationships.services.parties import add_person
from tests.exchanges.views.browsing import browser_of, clock, seen_by  # noqa: F401
from tests.makers import NOW, TODAY, make_event, make_relationship

pytestmark = pytest.mark.usefixtures("clock")
URL, DAY = "/settings/rhythm/preview/", timedelta(days=1)
WRITES = ("INSERT", "UPDATE", "DELETE", "SAVEPOINT")


def rows(member):
    """Without what our own side is asked twice a year."""
    return [row for row in browser_of(member).get(URL).context["preview"].questions if row.what != "still worth it"]


def test_a_steward_sees_whom_when_what_and_why(cast):
    assert [(row.on, row.person, row.what, row.waits) for row in rows(cast.ana)] == [
        (TODAY, "Ana Lind", "check", ""),
        (TODAY, "Bo Berg", "check", ""),
    ]
    assert "Borealis" in seen_by(cast.ana, URL)


def test_what_holds_it_back_is_said_with_its_end(cast):
    for number in range(5):
        make_event(cast.borealis, cast.ana_voice, what=f"Thing {number}", now=NOW - DAY, on=TODAY - DAY)
    ask_due_ratings(now=NOW - DAY + timedelta(minutes=11))
    held = {(row.what, row.person): (row.on, row.waits) for row in rows(cast.ana)}
    assert held["check", "Bo Berg"] == (TODAY + 29 * DAY, "asked enough lately")
    assert held["rating", "Bo Berg"] == (TODAY + 29 * DAY, "asked enough lately")
    assert "waits: asked enough lately" in seen_by(cast.ana, URL)


def test_each_question_counts_before_the_next(cast):
    Person.objects.filter(pk=cast.bo.pk).update(ask_budget=1)
    make_relationship(cast.ana, "Borealis North", people=(cast.bo,))
    days = sorted(row.on for row in rows(cast.ana) if row.person == "Bo Berg")
    assert days == [TODAY, TODAY + 30 * DAY]


def test_the_reason_names_what_happened(cast):
    make_event(cast.borealis, cast.ana_voice, what="New prices", kind=EventKind.CHANGE_OF_TERMS, now=NOW - DAY, on=TODAY - DAY)
    assert {row.why for row in rows(cast.ana) if row.what == "check"} == {"because terms changed on 10 June"}


def test_who_cannot_be_asked_stands_below(cast):
    mute = add_person(workspace=cast.workspace, name="Mute", email="")
    make_relationship(cast.ana, "Quiet Ltd", people=(mute,))
    make_relationship(cast.ana, "Empty Ltd")
    found = {(one.counterpart, one.why) for one in browser_of(cast.ana).get(URL).context["preview"].unasked}
    assert found == {("Quiet Ltd", "no address"), ("Empty Ltd", "nobody speaks for them yet")}


def test_each_reader_sees_only_what_is_theirs(cast, employee):
    make_relationship(cast.ana, "Fay", kind=Kind.PERSONAL, people=(add_person(workspace=cast.workspace, name="Fay", email="fay@friend.example"),))
    mine, led = seen_by(cast.ana, URL), seen_by(cast.lea, URL)
    assert "Fay" in mine
    assert "Fay" not in led
    assert "Borealis" in led
    assert "Eva Holm" not in led
    assert all(row.is_ours for row in rows(cast.ana) if row.counterpart == "Eva Holm")
    for other in (cast.amir, cast.oda, cast.zed):
        assert "Borealis" not in seen_by(other, URL)


def test_a_relationship_that_is_being_asked_does_not_stand_here(cast):
    round = open_round(relationship=cast.borealis, now=NOW - DAY, reason="due")
    assert rows(cast.ana) == []
    sweep_rounds(now=round.closes_at)


def test_looking_writes_nothing_and_agrees_with_the_sweep(cast):
    for number in range(3):
        make_relationship(cast.ana, f"Client {number}", people=(add_person(workspace=cast.workspace, name="X", email=f"x{number}@client.example"),))
    browser = browser_of(cast.ana)
    browser.get(URL)
    with CaptureQueriesContext(connection) as seen:
        shown = {row.counterpart for row in browser.get(URL).context["preview"].questions}
    assert [query["sql"] for query in seen if query["sql"].lstrip().upper().startswith(WRITES) and "session" not in query["sql"]] == []
    open_due_rounds(now=NOW)
    asked = Relationship.objects.filter(pk__in=Prompt.objects.values("relationship"))
    assert set(Card.objects.filter(relationship__in=asked).values_list("counterpart_name", flat=True)) == shown


def test_it_costs_as_many_queries_for_ten_as_for_three(cast):
    def cost():
        browser = browser_of(cast.ana)
        browser.get(URL)
        with CaptureQueriesContext(connection) as seen:
            browser.get(URL)
        return len(seen)

    for number in range(3):
        make_relationship(cast.ana, f"Client {number}", people=(add_person(workspace=cast.workspace, name="X", email=f"x{number}@client.example"),))
    few = cost()
    for number in range(3, 10):
        make_relationship(cast.ana, f"Client {number}", people=(add_person(workspace=cast.workspace, name="X", email=f"x{number}@client.example"),))
    assert cost() == few
