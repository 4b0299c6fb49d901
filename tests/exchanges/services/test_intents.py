"""What each side means it to be: said by itself alone, dated, unknown after a year, and a mismatch is known to both."""

from datetime import timedelta
from decimal import Decimal

import pytest

from exchanges.models import Card, Occasion, OccasionKind, Prompt, PromptKind
from exchanges.selectors.balances import rhythm_of
from exchanges.selectors.intents import intents_of
from exchanges.services.intents import forget_stale, say_intent
from exchanges.services.occasions import note_mismatch
from exchanges.services.relationships import set_terms
from exchanges.services.terms_prompts import Matter, ask_due_terms, ask_terms, say_terms
from relationships.models import Intent, IntentVersion, Relationship, Rhythm, Side, SideRole
from relationships.services.intents import NotYourIntent, was_lately
from relationships.services.terms import TermsLine, add_own_kind
from tests.makers import NOW, TODAY, make_relationship
from valueledger.common.errors import Invalid
from valueledger.common.models import AuditEntry

DAY, YEAR = timedelta(days=1), timedelta(days=365)
OWN, THEIRS = SideRole.OWN, SideRole.COUNTERPART


def say(speaks, intent, now=NOW):
    side = Side.objects.get(pk=speaks.side_id)
    return say_intent(side=side, author=speaks, intent=intent, now=now)


def fresh(cast):
    return Relationship.objects.select_related("workspace").get(pk=cast.borealis.pk)


def mismatches(cast):
    return Occasion.objects.filter(relationship=cast.borealis, kind=OccasionKind.MISMATCH)


def test_each_side_says_its_own_with_its_day_and_its_speaker(cast):
    say(cast.bo_speaks, Intent.BRIEF)
    row = IntentVersion.objects.get()
    assert (row.side_id, row.author_id, row.intent, row.said_on, row.seq) == (cast.bo_speaks.side_id, cast.bo_speaks.pk, "BRIEF", TODAY, 1)
    said = intents_of(cast.borealis, today=TODAY)
    assert (said.own, said.theirs.line, said.theirs.said_by) == (None, "brief (said 11 June 2026)", "Bo Berg")
    assert AuditEntry.objects.filter(action="intent.said", actor_id=cast.bo.pk).count() == 1


def test_nobody_says_it_for_the_other_side(cast):
    with pytest.raises(NotYourIntent):
        say_intent(side=Side.objects.get(pk=cast.bo_speaks.side_id), author=cast.ana_speaks, intent=Intent.BRIEF, now=NOW)
    with pytest.raises(Invalid):
        say(cast.bo_speaks, "MARRIAGE")
    assert not IntentVersion.objects.exists()


def test_the_same_on_the_same_day_is_one_word_and_on_another_day_it_is_dated_anew(cast):
    assert [say(cast.bo_speaks, Intent.BRIEF, NOW + wait).seq for wait in (0 * DAY, timedelta(hours=1), DAY)] == [1, 1, 2]


def test_after_a_year_without_a_word_it_is_unknown(cast):
    say(cast.bo_speaks, Intent.LONG_TERM)
    for days, line in ((364, "long-term (said 11 June 2026)"), (365, "not said lately (long-term, said 11 June 2026)")):
        said = intents_of(cast.borealis, today=TODAY + days * DAY)
        assert said.theirs.line == line
        assert said.agreed == ("long-term" if days < 365 else "")
    assert was_lately(None, TODAY) is False


def test_two_words_that_differ_are_noted_once_for_both_and_settled_when_they_agree(cast):
    say(cast.ana_speaks, Intent.LONG_TERM)
    assert not mismatches(cast).exists()
    say(cast.bo_speaks, Intent.BRIEF)
    assert mismatches(cast).get().ask_from == TODAY
    say(cast.bo_speaks, Intent.BRIEF, NOW + 5 * DAY)  # no news
    assert mismatches(cast).count() == 1
    assert intents_of(cast.borealis, today=TODAY).differ
    say(cast.ana_speaks, Intent.BRIEF, NOW + 6 * DAY)
    assert mismatches(cast).get().settled_at is not None


def test_what_was_said_too_long_ago_is_no_mismatch(cast):
    say(cast.ana_speaks, Intent.LONG_TERM)
    say(cast.bo_speaks, Intent.BRIEF, NOW + YEAR)
    assert not mismatches(cast).exists()
    assert not intents_of(cast.borealis, today=TODAY + YEAR).differ
    note_mismatch(relationship=fresh(cast), now=NOW + YEAR)
    assert not mismatches(cast).exists()
    say(cast.ana_speaks, Intent.LONG_TERM, NOW + YEAR + DAY)  # said again: now it is one
    assert mismatches(cast).count() == 1


def test_an_intent_hands_down_its_rhythm_until_it_is_forgotten(cast):
    Rhythm.objects.create(workspace=cast.workspace, intent=Intent.SEASONAL, band=Decimal("1.25"), cadence_days=120)
    say(cast.ana_speaks, Intent.SEASONAL)
    assert (rhythm_of(fresh(cast)).band, rhythm_of(fresh(cast)).cadence_from) == (1.25, "intent")
    card = Card.objects.get(relationship=cast.borealis, view=1)
    assert (card.intent, float(card.band), card.cadence_days) == ("SEASONAL", 1.25, 120)
    assert forget_stale(now=NOW + YEAR - DAY) == 0
    assert forget_stale(now=NOW + YEAR) == 1
    assert forget_stale(now=NOW + YEAR) == 0
    assert rhythm_of(fresh(cast)).cadence_from == "model"
    card.refresh_from_db()
    assert (card.intent, float(card.band), card.cadence_days) == ("", 0.75, None)
    assert IntentVersion.objects.get().intent == "SEASONAL"  # what was said stays
    say(cast.ana_speaks, Intent.SEASONAL, NOW + YEAR + DAY)
    assert rhythm_of(fresh(cast)).cadence_days == 120


def test_a_one_off_is_not_asked_more_because_nobody_said_it_again(cast):
    """Silence about it is no wish for a rhythm."""
    once = make_relationship(cast.ana, "Once", intent_own=Intent.ONE_OFF)
    assert forget_stale(now=NOW + YEAR) == 0
    assert Card.objects.get(relationship=once, view=1).intent == "ONE_OFF"
    assert intents_of(once, today=TODAY + YEAR).agreed == ""


def test_the_other_sides_word_alone_stands_once_ours_is_forgotten(cast):
    say(cast.ana_speaks, Intent.LONG_TERM)
    say(cast.bo_speaks, Intent.BRIEF, NOW + 100 * DAY)
    forget_stale(now=NOW + YEAR)
    assert Card.objects.get(relationship=cast.borealis, view=1).intent == "BRIEF"


def test_beginning_a_relationship_keeps_who_said_it(cast):
    row = make_relationship(cast.ana, "New", intent_own=Intent.LONG_TERM)
    said = intents_of(row, today=TODAY)
    assert (said.own.word, said.own.said_by, said.theirs) == ("long-term", "Ana Lind", None)


def test_the_question_what_matters_takes_it_along_and_leaving_it_says_nothing(cast):
    prompt = ask_terms(participant=cast.bo_speaks, now=NOW, reason="asked")
    say_terms(prompt=prompt, lines=[Matter("Calm", 10)], now=NOW)
    assert not IntentVersion.objects.exists()
    say_terms(prompt=prompt, lines=[Matter("Calm", 10)], now=NOW, intent=Intent.LONG_TERM)
    assert IntentVersion.objects.get().author_id == cast.bo_speaks.pk


def test_a_word_that_has_gone_stale_is_asked_for_again(cast):
    side = Side.objects.select_related("relationship").get(pk=cast.bo_speaks.side_id)
    say(cast.bo_speaks, Intent.LONG_TERM)
    late = NOW + 200 * DAY
    set_terms(side=side, author=cast.bo_speaks, lines=[TermsLine(add_own_kind(side=side, name="Calm"), 10)], effective_on=late.date(), now=late)
    assert ask_due_terms(now=NOW + YEAR - DAY) == 0
    assert ask_due_terms(now=NOW + YEAR) == 1
    assert Prompt.objects.get(kind=PromptKind.TERMS).side == THEIRS


def test_never_having_said_it_brings_no_question_forward(cast):
    side = Side.objects.select_related("relationship").get(pk=cast.bo_speaks.side_id)
    set_terms(side=side, author=cast.bo_speaks, lines=[TermsLine(add_own_kind(side=side, name="Calm"), 10)], effective_on=TODAY, now=NOW)
    assert ask_due_terms(now=NOW + YEAR - DAY) == 0
