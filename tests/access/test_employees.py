"""Two worlds: an employee answers before the first mail goes out, or never. No page of anybody else shows which, at no moment of the round."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import transaction
from django.test import Client
from django.urls import NoReverseMatch, reverse

from exchanges.models import Assurance, RoundSeat
from exchanges.services.prompts import sweep_prompts
from exchanges.services.rounds import answer_check, open_round, sweep_rounds
from exchanges.services.sending import send_due
from relationships.models import Kind, SideRole
from relationships.services.parties import add_person
from tests.access.walking import addresses
from tests.makers import NOW, make_relationship, speaker

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
CHANGES = re.compile(
    r"csrfmiddlewaretoken[^>]+>|X-CSRFToken[^,}]+|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32}|T\d\d:\d\d[^\"<]*"
)


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as moving:
        yield moving


def pages():
    """Every address that needs no words in it."""
    for name, _view in addresses():
        if name.startswith(("desk:", "portfolio:")):
            try:
                yield reverse(name)
            except NoReverseMatch:
                continue


def seen_by(member, more=()):
    browser = Client()
    browser.force_login(member.user)
    found = {}
    for path in [*pages(), *more]:
        answer = browser.get(path)
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        found[path] = (answer.status_code, CHANGES.sub("", content.decode(errors="replace")))
    return found


def a_round(relationship, participant, clock, *, answers, look):
    clock.move_to(NOW)
    open_round(relationship=relationship, now=NOW, reason="due")
    if answers:
        seat = RoundSeat.objects.select_related("round").get(participant=participant)
        answer_check(seat=seat, value=Decimal(-2), assurance=Assurance.SIGNED_IN, now=NOW, sentence="SECRET")
    found = []
    for day in (0, 8, 15):
        at = NOW + day * DAY + MINUTE
        clock.move_to(at)
        sweep_rounds(now=at)
        sweep_prompts(now=at)
        send_due(now=at)
        found.append(look())
    return found


def differences(relationship, participant, clock, member, more=()):
    worlds = []
    for answers in (False, True):
        mark = transaction.savepoint()
        worlds.append(a_round(relationship, participant, clock, answers=answers, look=lambda: seen_by(member, more)))
        transaction.savepoint_rollback(mark)
    silent, answered = worlds
    return [(day, path) for day, (one, other) in enumerate(zip(silent, answered, strict=True)) for path in one if one[path] != other[path]]


@pytest.mark.parametrize("who", ["oda", "lea", "amir", "ana"])
def test_nobody_can_tell_whether_an_employee_answered(cast, employee, clock, who):
    member = getattr(cast, who)
    more = [reverse("desk:relationship", args=[employee.relationship.public_id])]
    assert differences(employee.relationship, employee.eva_speaks, clock, member, more) == []


def test_of_a_client_the_steward_sees_it_in_the_end(cast, clock):
    """Negative control: the same walk finds an answer that is revealed."""
    bo = add_person(workspace=cast.workspace, name="Second", email="second@client.example")
    relationship = make_relationship(cast.ana, "Second", kind=Kind.CLIENT, people=(bo,))
    more = [reverse("desk:relationship", args=[relationship.public_id])]
    found = differences(relationship, speaker(relationship, SideRole.COUNTERPART), clock, cast.ana, more)
    assert {day for day, _path in found} == {2}
