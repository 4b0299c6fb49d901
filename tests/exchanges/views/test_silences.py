"""What a steward is told of questions that nobody answers, and of the minutes that were asked of both sides."""

from datetime import timedelta

import pytest
from django.urls import reverse

from exchanges.models import Prompt as Question
from exchanges.models import PromptState
from exchanges.services.prompts import tell_stewards
from exchanges.services.rounds import open_round, sweep_rounds
from tests.exchanges.views.browsing import clock, seen_by  # noqa: F401
from tests.makers import NOW

pytestmark = pytest.mark.usefixtures("clock")
DAY = timedelta(days=1)
CALL = "Bo Berg has not answered since 31 May; a call may help."


def page(relationship):
    return reverse("desk:relationship", args=[relationship.public_id])


def ask(now, *relationships):
    for relationship in relationships:
        open_round(relationship=relationship, now=now, reason="due")


def test_the_steward_reads_who_has_not_answered_and_nobody_else_does(cast, employee):
    ask(NOW - 11 * DAY, cast.borealis, employee.relationship)
    assert CALL not in seen_by(cast.ana, "/")
    assert tell_stewards(now=NOW) == 1
    assert CALL in seen_by(cast.ana, "/")
    assert CALL in seen_by(cast.ana, page(cast.borealis))
    assert CALL not in seen_by(cast.lea, page(cast.borealis))
    assert "Eva Holm has not answered" not in seen_by(cast.ana, page(employee.relationship))


def test_whoever_has_answered_is_not_named(cast):
    ask(NOW - 11 * DAY, cast.borealis)
    assert tell_stewards(now=NOW) == 1
    Question.objects.filter(participant=cast.bo_speaks).update(state=PromptState.ANSWERED)
    assert CALL not in seen_by(cast.ana, "/")


def test_what_lapsed_says_so_for_two_weeks(cast):
    opened = NOW - 15 * DAY
    ask(opened, cast.borealis)
    tell_stewards(now=opened + 12 * DAY)
    sweep_rounds(now=opened + 14 * DAY)
    assert "Bo Berg did not answer what we asked on 27 May. It is closed, and we wait longer before we ask again." in seen_by(cast.ana, "/")


def test_the_minutes_of_both_sides_are_shown_and_an_employees_are_not(cast, employee):
    ask(NOW - DAY, cast.borealis, employee.relationship)
    assert "Asked of them: 1 minute this year, of us: 1." in seen_by(cast.ana, page(cast.borealis))
    theirs = seen_by(cast.ana, page(employee.relationship))
    assert "Asked of us: 1 minute this year." in theirs
    assert "Asked of them" not in theirs
