"""What matters to the other side comes to be asked a year after it was said: the preview says so on the day on which the sweep asks."""

from datetime import timedelta
from decimal import Decimal

import pytest

from exchanges.models import Assurance, Prompt, RoundSeat
from exchanges.services.relationships import set_terms
from exchanges.services.rounds import answer_check, open_round
from exchanges.services.terms_prompts import ask_due_terms, ask_terms
from relationships.models import ValueKind
from relationships.services.parties import add_person
from relationships.services.relationships import add_participant
from relationships.services.terms import TermsLine
from tests.exchanges.views.browsing import browser_of, clock  # noqa: F401
from tests.makers import NOW, TODAY, speaker

pytestmark = pytest.mark.usefixtures("clock")
URL, DAY = "/settings/rhythm/preview/", timedelta(days=1)


def said_what_matters(row, at):
    author = speaker(row)
    author.from_on = at.date()
    author.save(update_fields=["from_on"])
    kind = ValueKind.objects.get_or_create(workspace=row.workspace, name="Calm")[0]
    set_terms(side=author.side, author=author, lines=[TermsLine(value_kind=kind, weight=10)], effective_on=at.date(), now=at)


def matters(member):
    questions = browser_of(member).get(URL).context["preview"].questions
    return [(row.on, row.person, row.waits) for row in questions if row.what == "what matters"]


def test_what_matters_is_asked_a_year_after_it_was_said(cast, employee):
    assert matters(cast.ana) == []  # never said, and no check is over
    for row in (cast.borealis, employee.relationship):
        said_what_matters(row, NOW - 350 * DAY)
    assert matters(cast.ana) == [(TODAY + 15 * DAY, "Bo Berg", "")]  # an employee's own dates are theirs
    assert matters(cast.lea) == [(TODAY + 15 * DAY, "Bo Berg", "")]
    assert matters(cast.amir) == []
    ask_terms(participant=cast.bo_speaks, now=NOW, reason="asked")
    assert matters(cast.ana) == []  # once a half-year at most


@pytest.mark.parametrize("days", [300, 366, 400])
@pytest.mark.parametrize("asked", [None, 100, 200])
def test_the_preview_and_the_sweep_agree_on_the_day(cast, days, asked):
    said_what_matters(cast.borealis, NOW - days * DAY)
    if asked is not None:
        ask_terms(participant=cast.bo_speaks, now=NOW - asked * DAY, reason="asked")
        Prompt.objects.update(state="LAPSED")
    is_due_today = [on for on, *_ in matters(cast.ana)] == [TODAY]
    assert bool(ask_due_terms(now=NOW)) == is_due_today


def test_who_answered_an_open_check_does_not_show_in_whom_we_would_ask(cast):
    cy = add_person(workspace=cast.workspace, name="Cy", email="cy@borealis.example")
    speaks = add_participant(side=cast.bo_speaks.side, person=cy, from_on=TODAY - DAY)
    said_what_matters(cast.borealis, NOW - 400 * DAY)
    round = open_round(relationship=cast.borealis, now=NOW, reason="due")
    before = matters(cast.ana)
    seat = RoundSeat.objects.select_related("round").get(round=round, participant=speaks)
    answer_check(seat=seat, value=Decimal(1), assurance=Assurance.SIGNED_IN, now=NOW)
    assert matters(cast.ana) == before != []
