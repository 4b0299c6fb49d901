"""Several people speak for one side: each sees the side's number and never what a colleague answered, and is told so before answering."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.test import Client

from exchanges.access import Voice
from exchanges.charts import TimelineCheck
from exchanges.models import Assurance, RoundSeat, Word
from exchanges.selectors.due import answer_points
from exchanges.services.prompts import ask_rating
from exchanges.services.reports import Account, report_got
from exchanges.services.rounds import answer_check, open_round, sweep_rounds
from relationships.models import Participant, SideRole
from relationships.services.parties import add_person, email_digest
from tests.exchanges.views.test_portal import link_to
from tests.makers import NOW, make_event, make_relationship, speaker
from valueledger.common import portal_sessions

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
CY = "cy@borealis.example"


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as moving:
        yield moving


@pytest.fixture
def people(cast):
    return [add_person(workspace=cast.workspace, name=name, email=f"{name.lower()}@borealis.example") for name in ("Bodil", "Dan", "Cy")]


def told(response):
    """A page without its ids and keys."""
    body = response.content.decode()
    body = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "ID", body)
    return re.sub(r'name="(csrfmiddlewaretoken|key)"[^>]*value="[^"]+"|X-CSRFToken[^}]+|/p/[A-Za-z0-9_-]{43}', "", body)


def says(round, participant, value, *, sentence="", now=NOW):
    seat = RoundSeat.objects.select_related("round").get(round=round, participant=participant)
    answer_check(seat=seat, value=Decimal(value), sentence=sentence, assurance=Assurance.SIGNED_IN, now=now)


def speaks(row, name):
    return Participant.objects.select_related("side").get(side__relationship=row, person__text__name=name)


def cy_at_home(now=NOW):
    client = Client()
    client.cookies["portal"] = portal_sessions.begin(address_hash=email_digest(CY), user_agent="", now=now)[0]
    return client


def pages_of(row, link):
    home = f"/me/with/{row.public_id}/"
    found = [told(cy_at_home().get(home + part)) for part in ("", "got/", "gave/", "answers/")]
    return [*found, told(Client().get(link))]


def test_before_the_reveal_a_colleagues_answer_changes_nothing(cast, clock, people):
    row = make_relationship(cast.ana, "Borealis", people=tuple(people))
    round = open_round(relationship=row, now=NOW, reason="due")
    link = link_to(CY)
    before = pages_of(row, link)
    says(round, speaks(row, "Bodil"), "-3", sentence="Between Bodil and us")
    assert pages_of(row, link) == before


def a_check_and_a_rating(cast, people, *, values, words):
    """What Bodil and Dan said, and Cy in between; then everything is revealed. Returns what Cy reads of it."""
    row = make_relationship(cast.ana, "Borealis", people=tuple(people))
    event = make_event(row, Voice(member=cast.ana, participant=speaker(row, SideRole.OWN)), what="A workshop")
    round = open_round(relationship=row, now=NOW, reason="due")
    link = link_to(CY)
    for name, value, (word, expectation, sentence) in zip(("Bodil", "Dan"), values, words, strict=True):
        voice = Voice(participant=speaks(row, name))
        report_got(event=event, side=1, voice=voice, account=Account(word=word, expectation=expectation, sentence=sentence), now=NOW)
        says(round, speaks(row, name), value, sentence=f"{name} wrote {value}")
    says(round, speaks(row, "Cy"), "0")
    says(round, speaker(row, SideRole.OWN), "1")
    sweep_rounds(now=NOW + 2 * MINUTE)
    return row, link


@pytest.fixture
def twins(cast, clock, people):
    """Two sides whose number is the same, and whose people said quite different things."""
    one = a_check_and_a_rating(cast, people, values=("-3", "3"), words=((Word.LOT, "WOW", "Loud"), (Word.NOTHING, "LESS", "Nothing at all")))
    other = a_check_and_a_rating(cast, people, values=("-1", "1"), words=((Word.FAIR, "AS", "Fine"), (Word.FAIR, "AS", "Fine too")))
    clock.move_to(NOW + 3 * MINUTE)
    return one, other


def test_after_the_reveal_only_the_sides_number_shows(twins):
    read = [pages_of(row, link) for row, link in twins]
    assert read[0] == read[1]
    home, _got, _gave, _answers, link = read[0]
    assert "said by your side" in home
    assert "A fair amount" in home
    assert "Your side together" in link
    for said in (" wrote ", "Loud", "Nothing at all", "Less than expected", "Bodil", "Dan"):
        assert said not in "".join(read[0]), said


def test_without_pooling_a_colleagues_answer_would_show(twins, monkeypatch):
    """Negative control."""
    each = lambda rows: [TimelineCheck(row.answered_on, answer_points(row)) for row in rows]  # noqa: E731
    monkeypatch.setattr("exchanges.selectors.portal.side_checks", each)
    read = [pages_of(row, link) for row, link in twins]
    assert read[0] != read[1]


def test_without_the_sides_one_word_a_colleagues_rating_would_show(twins, monkeypatch):
    """Negative control."""
    monkeypatch.setattr("exchanges.selectors.portal._of_the_side", lambda _told, said: said)
    assert "Nothing at all" in pages_of(*twins[0])[0]


def test_the_page_says_what_colleagues_see_before_one_answers(cast, clock, people):
    row = make_relationship(cast.ana, "Borealis", people=tuple(people))
    ask_rating(make_event(row, Voice(member=cast.ana, participant=speaker(row, SideRole.OWN)), now=NOW - DAY), now=NOW)
    rating = link_to(CY)
    open_round(relationship=row, now=NOW, reason="due")
    clock.move_to(NOW + DAY)
    check = link_to(CY, now=NOW + DAY)
    for link in (rating, check):
        assert "Your colleagues see your side’s number, never your answer or your words" in told(Client().get(link))
    open_round(relationship=cast.borealis, now=NOW, reason="due")  # Bo speaks alone
    page = told(Client().get(link_to("bo@borealis.example", now=NOW + DAY)))
    assert "if you alone answer" not in page
