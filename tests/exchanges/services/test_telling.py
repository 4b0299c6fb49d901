"""Whether a question is worth asking now, and who is left out of a round because they stay silent."""

from datetime import timedelta
from decimal import Decimal

from django.db import transaction

from exchanges.models import Assurance, Card, Prompt, RoundSeat
from exchanges.selectors import asking
from exchanges.selectors.asking import due_relationships, facts_of
from exchanges.selectors.telling import Asked
from exchanges.services.prompts import open_due_rounds
from exchanges.services.rounds import answer_check, open_round, sweep_rounds
from relationships.models import Participant, SideRole, Workspace
from tests.makers import NOW

DAY = timedelta(days=1)


def answered(relationship, now, *, sides=(0, 1), value=0):
    round = open_round(relationship=relationship, now=now, reason="due")
    for seat in RoundSeat.objects.filter(round=round, side__in=sides).select_related("round"):
        answer_check(seat=seat, value=Decimal(value), assurance=Assurance.SIGNED_IN, now=now)
    return round


def ask_from(cast, bits):
    Workspace.objects.filter(pk=cast.workspace.pk).update(ask_from_bits=Decimal(bits))
    cast.workspace.refresh_from_db()


def due(cast, now):
    return [row.relationship_id for row in due_relationships(workspace=cast.workspace, now=now, limit=50)]


def due_moment(cast):
    card = Card.objects.get(relationship=cast.borealis, view=1)
    return NOW + (card.due_on - NOW.date()) + DAY


def test_by_default_a_side_is_asked_when_it_is_due(cast):
    answered(cast.borealis, NOW)
    assert due(cast, due_moment(cast)) == [cast.borealis.pk]


def test_a_question_that_would_tell_little_waits_at_most_until_the_longest_gap(cast):
    answered(cast.borealis, NOW)
    ask_from(cast, "0.95")
    assert due(cast, due_moment(cast)) == []
    assert due(cast, NOW + 179 * DAY) == []
    assert due(cast, NOW + 182 * DAY) == [cast.borealis.pk]


def test_who_was_never_asked_is_asked_whatever_it_tells(cast):
    ask_from(cast, "2")
    assert due(cast, NOW) == [cast.borealis.pk]


def test_a_surprise_is_always_worth_a_question(cast):
    for number in range(3):
        answered(cast.borealis, NOW + number * 90 * DAY)
    answered(cast.borealis, NOW + 270 * DAY, value=-3)
    ask_from(cast, "2")
    assert Card.objects.get(relationship=cast.borealis, view=1).is_surprised
    assert due(cast, NOW + 286 * DAY) == [cast.borealis.pk]


def test_what_much_hangs_on_tells_more(cast):
    answered(cast.borealis, NOW)
    ask_from(cast, "0.50")
    moment = NOW + 120 * DAY
    assert due(cast, moment) == []
    cast.borealis.stake = 3
    cast.borealis.save(update_fields=["stake"])
    assert due(cast, moment) == [cast.borealis.pk]


def test_somebody_who_seldom_answers_is_worth_a_question_less_often():
    assert Asked(0, 0).chance > Asked(2, 0).chance > Asked(6, 0).chance
    assert Asked(6, 6).chance > Asked(6, 3).chance


def own_worth(cast, relationship, now):
    return facts_of([relationship.pk], workspace=cast.workspace, now=now)[0].worth[SideRole.OWN]


def own_worth_if(cast, employee, *, they_answer):
    """What a question to us is worth once a round has closed, in a world in which the employee answered it, or did not."""
    with transaction.atomic():
        answered(employee.relationship, NOW, sides=(0, 1) if they_answer else (SideRole.OWN,))
        sweep_rounds(now=NOW + 14 * DAY)
        worth = own_worth(cast, employee.relationship, NOW + 40 * DAY)
        transaction.set_rollback(True)
    return worth


def test_what_an_employee_did_moves_nothing_that_we_are_shown(cast, employee):
    assert own_worth_if(cast, employee, they_answer=True) == own_worth_if(cast, employee, they_answer=False)


def test_with_the_other_side_counted_it_would_tell(cast, employee, monkeypatch):
    real = asking.telling
    monkeypatch.setattr(asking, "telling", lambda *args, **given: real(*args, **{**given, "of_employees": ()}))
    assert own_worth_if(cast, employee, they_answer=True) != own_worth_if(cast, employee, they_answer=False)


def silent_counterpart(relationship):
    """Our side answers, the other lets the question pass."""
    answered(relationship, NOW, sides=(SideRole.OWN,))
    sweep_rounds(now=NOW + 14 * DAY)


def asked_on(relationship, now):
    assert open_due_rounds(now=now) == 1
    return set(Prompt.objects.filter(relationship=relationship, created_at=now).values_list("side", flat=True))


def our_side_is_due(relationship, now):
    """Our own date has come while the other side still waits out its silence."""
    Participant.objects.filter(side__relationship=relationship, side__role=SideRole.OWN).update(cadence_days=30)
    Prompt.objects.filter(relationship=relationship, side=SideRole.COUNTERPART).update(created_at=now - 20 * DAY)


def test_who_let_a_question_pass_is_left_alone_when_the_other_side_is_asked(cast):
    silent_counterpart(cast.borealis)
    later = NOW + 96 * DAY
    our_side_is_due(cast.borealis, later)
    assert asked_on(cast.borealis, later) == {SideRole.OWN}


def test_without_that_rule_they_would_be_asked_along(cast, monkeypatch):
    monkeypatch.setattr(asking, "_without_the_silent", lambda facts, on: list(facts.people))
    silent_counterpart(cast.borealis)
    later = NOW + 96 * DAY
    our_side_is_due(cast.borealis, later)
    assert asked_on(cast.borealis, later) == {SideRole.OWN, SideRole.COUNTERPART}


def test_an_employee_is_never_left_out_since_that_would_tell(cast, employee):
    silent_counterpart(employee.relationship)
    later = NOW + 96 * DAY
    our_side_is_due(employee.relationship, later)
    open_due_rounds(now=later)
    asked = Prompt.objects.filter(relationship=employee.relationship, created_at=later).values_list("side", flat=True)
    assert set(asked) == {SideRole.OWN, SideRole.COUNTERPART}
