"""The idea in plain words on the first page one opens, folded away afterwards; and a line beside each chart. No cookie keeps it."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from exchanges.access import Voice
from exchanges.models import Assurance, RoundSeat, Word
from exchanges.services.prompts import ask_rating
from exchanges.services.reports import Account, report_got
from exchanges.services.rounds import answer_check, open_round, sweep_rounds
from exchanges.services.terms_prompts import ask_terms
from exchanges.wording.explaining import IDEA, beside_chart, idea
from relationships.models import Kind, SideRole
from relationships.services.parties import add_person, email_digest
from tests.exchanges.views.test_portal import link_to
from tests.makers import NOW, make_event, make_relationship, speaker
from valueledger.common import portal_sessions

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
WEIGHED = re.compile(r"\b(scores?|debts?|owe[sd]?|points?|balance|mark)\b", re.IGNORECASE)


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as moving:
        yield moving


@pytest.fixture
def friend(cast):
    kim = add_person(workspace=cast.workspace, name="Kim Rask", email="kim@home.example")
    return make_relationship(cast.ana, "Kim Rask", kind=Kind.PERSONAL, people=(kim,))


def told(response):
    return re.sub(r"\s+", " ", response.content.decode())


def is_open(page):
    found = re.search(r'<details class="twin portal-idea"( open)?>', page)
    assert found, "no explanation"
    return bool(found[1])


def at_home(address, row):
    client = Client()
    client.cookies["portal"] = portal_sessions.begin(address_hash=email_digest(address), user_agent="", now=NOW)[0]
    return told(client.get(f"/me/with/{row.public_id}/"))


def test_the_first_page_explains_and_later_ones_fold_it_away_without_a_cookie(cast, clock):
    open_round(relationship=cast.borealis, now=NOW, reason="due")
    stranger, link = Client(), link_to("bo@borealis.example")
    first = stranger.get(link)
    assert not first.cookies
    page = told(first)
    assert is_open(page)
    assert page.index("portal-idea") < page.index('id="q"')  # before the question
    for said in ("What this is", "What it is not", "Who sees it", "nobody is compared with anybody", "Your colleagues see your side’s number"):
        assert said in page, said
    assert is_open(at_home("bo@borealis.example", cast.borealis))
    stranger.post(link, {"balance": "1"})
    later = told(stranger.get(f"{link}?change"))
    assert not is_open(later)
    assert later.index("portal-idea") > later.index('id="q"')
    assert not is_open(at_home("bo@borealis.example", cast.borealis))


@pytest.mark.parametrize("ask", ["rating", "terms"])
def test_the_first_page_explains_whatever_is_asked(cast, clock, ask):
    if ask == "rating":
        ask_rating(make_event(cast.borealis, cast.ana_voice, now=NOW - DAY), now=NOW)
    else:
        ask_terms(participant=cast.bo_speaks, now=NOW, reason="asked")
    assert is_open(told(Client().get(link_to("bo@borealis.example"))))


def test_an_employee_and_a_friend_read_what_holds_for_them(cast, clock, employee, friend):
    for row in (employee.relationship, friend):
        open_round(relationship=row, now=NOW, reason="due")
    eva = told(Client().get(link_to("eva@acme.example")))
    assert "It is no appraisal and no test" in eva
    assert "is not told whether you answered" in eva
    kim = told(Client().get(link_to("kim@home.example")))
    assert "Between friends nothing is counted." in kim
    assert "Only the two of you." in kim


def test_between_friends_no_word_of_weighing(cast, clock, friend):
    assert not WEIGHED.search(" ".join(part.says for part in idea("personal", "Ana")))
    assert WEIGHED.search(" ".join(part.says for part in idea("client", "Ana")))  # negative control: the pattern finds it elsewhere
    home = at_home("kim@home.example", friend)
    assert '<svg class="chart"' not in home


def test_each_chart_has_its_line_and_says_who_else_sees_it(cast, clock, employee):
    for row, address, seen in (
        (cast.borealis, "bo@borealis.example", "sees it as far as it rests on what both sides may read"),
        (employee.relationship, "eva@acme.example", "Nobody but you sees it."),
    ):
        assert seen in at_home(address, row)
        round = open_round(relationship=row, now=NOW, reason="due")
        link = link_to(address)
        Client().post(link, {"balance": "-1"})
        assert ("Nobody else sees your answer in it before" if row == cast.borealis else seen) in told(Client().get(f"{link}?sent"))
        ours = RoundSeat.objects.select_related("round").get(round=round, participant=speaker(row, SideRole.OWN))
        answer_check(seat=ours, value=Decimal(1), assurance=Assurance.SIGNED_IN, now=NOW)
        over = NOW + timedelta(minutes=2) if row == cast.borealis else round.closes_at + DAY  # an employee's round ends with its time
        clock.move_to(over)
        sweep_rounds(now=over)
        assert seen in told(Client().get(link))
        clock.move_to(NOW)


def test_our_own_people_read_their_own_side_of_it():
    assert idea("employee", "Eva", is_own=True) != idea("employee", "Eva")
    assert "does not see it" in beside_chart("both", "client", "Borealis", is_own=True)
    assert all("{" not in part.says for kind in ("client", "employee", "personal") for part in idea(kind, "Acme"))
    assert set(IDEA) == {"client", "employee", "personal", "managers"}


def test_a_friends_entries_are_told_in_words_without_a_drawing(cast, clock, friend):
    theirs, ours = Voice(participant=speaker(friend)), Voice(member=cast.ana, participant=speaker(friend, SideRole.OWN))
    for row, them, us in ((friend, theirs, ours), (cast.borealis, cast.bo_voice, cast.ana_voice)):
        event = make_event(row, them, giver=1, what="A weekend at the lake")
        report_got(event=event, side=0, voice=us, account=Account(word=Word.LOT), now=NOW)
        make_event(row, us, what="Help with the move")
    home = at_home("kim@home.example", friend)
    assert "A lot" in home
    assert "Say how it was" in home
    assert "Rate it" not in home
    drawn = '<span class="worth'
    assert drawn not in home
    assert drawn in at_home("bo@borealis.example", cast.borealis)  # elsewhere it is drawn


def test_both_sides_read_how_many_minutes_each_is_asked(cast, clock):
    open_round(relationship=cast.borealis, now=NOW, reason="due")
    clock.move_to(NOW + MINUTE)
    home = re.sub(r"<[^>]+>", " ", at_home("bo@borealis.example", cast.borealis))
    assert re.search(r"Minutes\s+Entries\s+You\s+1\s+0\s+1\s+0", home), home  # asked, answered, minutes, entries
    desk = Client()
    desk.force_login(cast.ana.user)
    page = re.sub(r"<[^>]+>", " ", told(desk.get(reverse("desk:relationship", args=[cast.borealis.public_id]))))
    assert "Asked of them: 1 minute this year, of us: 1." in page
