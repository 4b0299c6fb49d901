"""Whether a relationship may be asked about before the model says so stands on its cards, however it was set: the scan reads it there."""

import random
from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.db.models import Q

from exchanges.models import Card, View, Visibility, Word
from exchanges.selectors.asking import sooner, to_look_at
from exchanges.selectors.verification import differences
from exchanges.services.refolding import refold
from exchanges.services.relationships import change_own_rhythm, change_rhythm, change_stage, hand_over
from exchanges.services.reports import Account, report_gave
from relationships.models import Relationship, SideRole, Stage
from tests.makers import NOW, TODAY, make_event, make_relationship

DAY = timedelta(days=1)


def on_cards():
    return set(Card.objects.filter(is_hand_set=True).values_list("relationship_id", flat=True))


def stake(cast, much, relationship=None):
    change_rhythm(relationship=relationship or cast.borealis, band=None, cadence_days=None, stake=much, voice=cast.ana_voice, now=NOW)


def own_rhythm(cast, days, participant=None):
    change_own_rhythm(participant=participant or cast.bo_speaks, cadence_days=days, voice=cast.ana_voice, now=NOW)


def wrong(cast):
    return [one.what for one in differences(list(Relationship.objects.values_list("pk", flat=True)))]


def test_however_it_is_set_the_cards_say_so(cast):
    other = make_relationship(cast.ana, "Cygnus")
    steps = [
        (lambda: None, False), (lambda: stake(cast, 3), True), (lambda: stake(cast, 1), False), (lambda: own_rhythm(cast, 45), True),
        (lambda: stake(cast, 3), True), (lambda: own_rhythm(cast, None), True), (lambda: own_rhythm(cast, 60, cast.ana_speaks), True),
        (lambda: stake(cast, 2), True), (lambda: own_rhythm(cast, None, cast.ana_speaks), False),
    ]  # fmt: skip
    for number, (step, is_set) in enumerate(steps):
        step()
        assert on_cards() == sooner(cast.workspace) == ({cast.borealis.pk} if is_set else set()), number
        assert not wrong(cast)
    assert other.pk not in on_cards()


@pytest.mark.parametrize("how", ["staked", "own rhythm"])
def test_whatever_rewrites_a_card_keeps_it(cast, how):
    make_event(cast.borealis, cast.ana_voice)
    if how == "staked":
        stake(cast, 3)
    else:
        own_rhythm(cast, 45)

    def rewritten():
        yield "posting", lambda: make_event(cast.borealis, cast.ana_voice, what="Another thing")
        yield "a card of our own", lambda: private(cast)
        yield "refold", lambda: refold(relationships=[cast.borealis.pk], now=NOW)
        yield "hand over", lambda: hand_over(relationship=cast.borealis, to=cast.amir, voice=cast.ana_voice, note="", now=NOW)
        yield "stage", lambda: change_stage(relationship=cast.borealis, stage=Stage.ENDED, voice=cast.ana_voice, now=NOW)

    for name, step in rewritten():
        step()
        assert set(Card.objects.filter(relationship=cast.borealis).values_list("is_hand_set", flat=True)) == {True}, name
    assert set(Card.objects.filter(relationship=cast.borealis).values_list("view", flat=True)) == {View.SHARED, View.OWN}
    assert not wrong(cast)


def private(cast):
    event = make_event(cast.borealis, cast.ana_voice, visibility=Visibility.PRIVATE)
    report_gave(event=event, side=SideRole.OWN, voice=cast.ana_voice, account=Account(word=Word.LOT), now=NOW)


def test_the_check_of_the_ledger_finds_a_card_that_does_not_say_so_and_a_refold_mends_it(cast):
    stake(cast, 3)
    Card.objects.update(is_hand_set=False)
    assert wrong(cast) == ["may be asked about early, by hand: it says False"]
    refold(relationships=[cast.borealis.pk], now=NOW)
    assert not wrong(cast)
    Relationship.objects.update(stake=2)
    assert wrong(cast) == ["may be asked about early, by hand: it says True"]


def test_what_was_set_before_is_filled_in(cast):
    more = make_relationship(cast.ana, "Cygnus", people=(cast.bo,))
    make_relationship(cast.ana, "Deneb")
    stake(cast, 3)
    own_rhythm(cast, 45, more.sides.get(role=1).participants.get())
    Card.objects.update(is_hand_set=False)
    step = import_module("exchanges.migrations.0015_card_by_hand")
    for _ in range(2):  # twice is once
        step.fill(apps, None)
        assert on_cards() == {cast.borealis.pk, more.pk}


@pytest.mark.parametrize("seed", range(3))
def test_the_scan_finds_what_asking_everybody_finds(cast, seed):
    """Against the plain filter, over dates and settings drawn at random; the negative control is a flag that is not kept."""
    draw = random.Random(seed)
    made = [make_relationship(cast.ana, f"Party {number}", people=(cast.bo,)) for number in range(24)]
    for row in made:
        if draw.random() < 0.3:
            stake(cast, draw.choice((1, 3)), row)
        if draw.random() < 0.3:
            own_rhythm(cast, draw.choice((30, 90)), row.sides.get(role=1).participants.get())
        near = [None, *(TODAY + days * DAY for days in (-40, -1, 0, 1, 40))]
        due_on, wait_until = draw.choice(near), draw.choice(near)
        Card.objects.filter(relationship=row).update(due_on=due_on, wait_until=due_on and wait_until)  # over: it waits for nothing
    for today in (TODAY - DAY, TODAY, TODAY + DAY):
        assert set(to_look_at(cast.workspace, today)) == plainly(cast, today)
    early = on_cards() & plainly(cast, TODAY)
    Card.objects.update(is_hand_set=False)
    assert bool(early - set(to_look_at(cast.workspace, TODAY)))


def plainly(cast, today):
    waits = Q(wait_until__isnull=True) | Q(wait_until__lte=today)
    due = Q(due_on__lte=today) | Q(due_on__isnull=False, relationship__in=sooner(cast.workspace))
    return set(Card.objects.filter(waits, due, view__in=[View.SHARED, View.OWN]).values_list("relationship_id", flat=True))
