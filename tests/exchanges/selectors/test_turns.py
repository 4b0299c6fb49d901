"""Sweeps that look at many relationships in turns: each comes to be looked at soon, and few at once."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from exchanges.models import Prompt, PromptKind
from exchanges.selectors import due_terms, requalify, turns
from exchanges.selectors.due_terms import due_sides
from exchanges.selectors.requalify import to_ask
from exchanges.selectors.turns import in_turn
from exchanges.services.terms_prompts import ask_due_terms
from relationships.models import Relationship, SideRole
from relationships.services.terms import TermsLine, add_own_kind, write_terms
from tests.makers import NOW, make_relationship, speaker

MINUTE, YEAR = timedelta(minutes=1), timedelta(days=365)
MANY, AT_ONCE = 23, 4


@pytest.fixture
def many(cast):
    rows = [make_relationship(cast.ana, f"Party {number}", people=(cast.bo,)) for number in range(MANY - 1)]
    return {cast.borealis.pk, *(row.pk for row in rows)}


def looked_at(workspace, minute, most=AT_ONCE):
    found = Relationship.objects.filter(in_turn(workspace, NOW + minute * MINUTE, most=most), workspace_id=workspace.pk)
    return set(found.values_list("pk", flat=True))


def minutes_until_all(workspace, many, every):
    seen = set()
    for number in range(1_000):
        turn = looked_at(workspace, number * every)
        assert len(turn) == AT_ONCE
        seen |= turn
        if seen == many:
            return number + 1
    return None


@pytest.mark.parametrize("every", [1, 5, 60])
def test_each_comes_to_be_looked_at_soon_however_often_the_sweep_comes(cast, many, every):
    taken = minutes_until_all(cast.workspace, many, every)
    assert taken is not None
    assert taken <= 8 * MANY // AT_ONCE


def test_without_the_step_most_are_never_looked_at(cast, many, monkeypatch):
    """Negative control."""
    monkeypatch.setattr(turns, "STEP", 0)
    assert minutes_until_all(cast.workspace, many, 1) is None


def test_where_there_are_few_all_are_looked_at_each_time(cast, many):
    assert all(looked_at(cast.workspace, minute, most=MANY) == many for minute in range(9))


def test_in_turns_everybody_is_asked_who_would_be_at_once(cast, many, monkeypatch):
    for pk in many:
        author = speaker(Relationship.objects.get(pk=pk), SideRole.COUNTERPART)
        line = TermsLine(add_own_kind(side=author.side, name="Trust"), 10)
        write_terms(side=author.side, author=author, lines=[line], effective_on=NOW.date(), now=NOW)
    at_once = set(due_sides(cast.workspace, NOW + YEAR))
    assert len(at_once) == MANY
    monkeypatch.setattr(due_terms, "AT_ONCE", AT_ONCE)
    found = [set(due_sides(cast.workspace, NOW + YEAR + minute * MINUTE)) for minute in range(50)]
    assert {len(sides) for sides in found} == {AT_ONCE}
    assert set().union(*found) == at_once
    assert ask_due_terms(now=NOW + YEAR, limit=2) == Prompt.objects.filter(kind=PromptKind.TERMS).count() == 2


def test_how_much_a_turn_reads_does_not_grow_with_the_portfolio(cast, many):
    with CaptureQueriesContext(connection) as asked:
        due_sides(cast.workspace, NOW)
    assert len(asked) <= 8


def test_ours_are_asked_in_turns_as_well(cast, many, monkeypatch):
    monkeypatch.setattr(requalify, "MOST_A_WEEK", 1_000)
    assert len(to_ask(cast.workspace, NOW, limit=1_000)) == MANY
    monkeypatch.setattr(requalify, "AT_ONCE", AT_ONCE)
    found = [to_ask(cast.workspace, NOW + minute * MINUTE, limit=1_000) for minute in range(50)]
    assert {len(rows) for rows in found} == {AT_ONCE}
    assert {row.side.relationship_id for rows in found for row in rows} == many
