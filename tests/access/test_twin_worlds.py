"""Two worlds that differ in one private thing look the same to everybody whose thing it is not.

What is compared is every byte of every answer: counts, order, dates, numbers, what is offered and what is not.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from exchanges.access import Voice
from exchanges.models import (
    Assurance,
    Card,
    EventStatus,
    EventVersion,
    ItemKind,
    Reflection,
    RoundSeat,
    Snapshot,
    ValueEvent,
    View,
    Visibility,
    Word,
)  # fmt: skip
from exchanges.selectors.settling import due_of, due_of_advance
from exchanges.services.advances import Hope, give_on_hope
from exchanges.services.commitments import promise
from exchanges.services.disclosing import share_answer
from exchanges.services.items import ItemSaid
from exchanges.services.reflections import reflect, set_how_often
from exchanges.services.reports import Account, report_gave, report_got
from exchanges.services.requalify import say_worth
from exchanges.services.rounds import answer_check
from exchanges.services.settling_prompts import ask
from relationships.models import Relationship, SideRole
from tests.access.table import TABLE
from tests.access.walking import Walk, told
from tests.makers import NOW, TODAY, make_event, speaker
from valueledger.common.tenancy import within

OWN, COUNTERPART = SideRole.OWN, SideRole.COUNTERPART
DAY = timedelta(days=1)
EVERYBODY = {"ML", "EM", "HM", "HE", "HX", "AM", "AM2", "MG", "LD", "OA", "TKW", "TK2", "TKM", "TKL", "TKO"}
# What only tells of the machine itself.
NOT_COMPARED = {"readyz", "healthz", "schema"}


def relationship(walk: Walk, thing: str) -> Relationship:
    return Relationship.objects.get(public_id=walk.world.things[thing]["public_id"])


def voice(row: Relationship, side: int) -> Voice:
    return Voice(member=row.steward if side == OWN else None, participant=speaker(row, side))


def our_private_event(walk: Walk) -> None:
    row = relationship(walk, "relationship")
    event = make_event(row, voice(row, OWN), visibility=Visibility.PRIVATE, what="Nobody else's business")
    report_gave(event=event, side=OWN, voice=voice(row, OWN), account=Account(word=Word.GREAT), now=NOW)


def their_private_event(walk: Walk) -> None:
    row = relationship(walk, "relationship")
    event = make_event(row, voice(row, COUNTERPART), giver=1, visibility=Visibility.PRIVATE, what="Nobody else's business")
    report_gave(event=event, side=COUNTERPART, voice=voice(row, COUNTERPART), account=Account(word=Word.GREAT), now=NOW)


def their_private_report(walk: Walk) -> None:
    """Of an event that both may see: what it was worth to them is theirs to keep."""
    row = relationship(walk, "relationship")
    event = ValueEvent.objects.get(public_id=walk.world.things["unheard"]["public_id"])
    report_got(
        event=event, side=COUNTERPART, voice=voice(row, COUNTERPART), account=Account(word=Word.BURDEN, visibility=Visibility.PRIVATE), now=NOW
    )


def our_private_promise_is_due(walk: Walk) -> None:
    """Its day has come, and our side is asked what became of it."""
    _due(walk, OWN)


def their_private_promise_is_due(walk: Walk) -> None:
    _due(walk, COUNTERPART)


def _due(walk: Walk, side: int) -> None:
    row = relationship(walk, "relationship")
    fields = {"visibility": Visibility.PRIVATE, "status": EventStatus.PROMISED, "expected_on": TODAY, "now": NOW - DAY}
    event = make_event(row, voice(row, side), giver=side, on=TODAY - DAY, what="Nobody else's business", **fields)
    version = EventVersion.objects.current().select_related("event").get(event=event)
    assert ask(due_of(version), speaker(row, side), now=NOW) is not None


def our_advance_is_due(walk: Walk) -> None:
    """Of an event that both may see: what we hope for is ours."""
    event = ValueEvent.objects.get(public_id=walk.world.things["unheard"]["public_id"])
    row = relationship(walk, "relationship")
    step = give_on_hope(event=event, hope=Hope("Nobody else's business", TODAY), member=row.steward, now=NOW - DAY)
    assert ask(due_of_advance(step), speaker(row, OWN), now=NOW) is not None


def ours_is_still_worth_it(walk: Walk) -> None:
    """What one of us thinks of a client."""
    _worth(walk, "relationship")


def a_managers_doubt(walk: Walk) -> None:
    """What the manager thinks of an employee."""
    _worth(walk, "employee")


def a_friends_doubt(walk: Walk) -> None:
    _worth(walk, "friend")


def _worth(walk: Walk, thing: str) -> None:
    row = relationship(walk, thing)
    say_worth(relationship=row, member=row.steward, said="NO", sentence="Nobody else's business", now=NOW)


def a_stewards_reflection(walk: Walk) -> None:
    """What Ana writes for herself."""
    row = Reflection.objects.get(public_id=walk.world.things["reflection"]["public_id"])
    reflect(reflection=row, sentence="Nobody else's business", feeling="HARD", now=NOW)


def a_manager_and_a_leader_begin_to_reflect(walk: Walk) -> None:
    """About an employee, about each other, about whoever comes: nobody hears of it."""
    for role in ("MG", "LD"):
        member = walk.world.members[role]
        set_how_often(member=member, how_often="MONTHLY", now=NOW)
        reflect(reflection=Reflection.objects.get(member=member), sentence="Nobody else's business", feeling="HARD", now=NOW)


def their_blind_answer(walk: Walk) -> None:
    _answer(walk, "relationship")


def their_blind_guess(walk: Walk) -> None:
    seat = RoundSeat.objects.select_related("round").get(round__relationship=relationship(walk, "relationship"), side=COUNTERPART)
    answer_check(seat=seat, value=Decimal("0"), guess=Decimal("-3"), assurance=Assurance.SIGNED_IN, now=NOW)


def their_blind_answer_besides(walk: Walk) -> None:
    """The optional questions are as blind as the answer that they come with."""
    seat = RoundSeat.objects.select_related("round").get(round__relationship=relationship(walk, "relationship"), side=COUNTERPART)
    answer_check(seat=seat, value=Decimal("0"), items=[ItemSaid(ItemKind.PART, 0)], assurance=Assurance.SIGNED_IN, now=NOW)


def their_promise_with_a_blind_answer(walk: Walk) -> None:
    _promised(walk, "relationship", COUNTERPART)


def our_promise_with_a_blind_answer(walk: Walk) -> None:
    _promised(walk, "relationship", OWN)


def our_promise_to_an_employee(walk: Walk) -> None:
    _promised(walk, "employee", OWN)


def _promised(walk: Walk, thing: str, side: int) -> None:
    seat = RoundSeat.objects.select_related("round").get(round__relationship=relationship(walk, thing), side=side)
    answer_check(seat=seat, value=Decimal("1"), assurance=Assurance.SIGNED_IN, now=NOW)
    promise(seat=seat, what="A dinner for everybody", by_on=TODAY + timedelta(days=60), now=NOW)


def an_employees_answer_besides(walk: Walk) -> None:
    seat = RoundSeat.objects.select_related("round").get(round__relationship=relationship(walk, "employee"), side=COUNTERPART)
    answer_check(seat=seat, value=Decimal("0"), items=[ItemSaid(ItemKind.PART, 0)], assurance=Assurance.SIGNED_IN, now=NOW)


def an_employee_shares_an_answer_of_an_open_round(walk: Walk) -> None:
    """It is theirs until the round closes, also when they have shared it already."""
    seat = RoundSeat.objects.select_related("round").get(round__relationship=relationship(walk, "employee"), side=COUNTERPART)
    given = answer_check(seat=seat, value=Decimal("-3"), guess=Decimal("1"), assurance=Assurance.SIGNED_IN, now=NOW).answer
    share_answer(participant=seat.participant, answer=given, now=NOW)


def an_employees_report(walk: Walk) -> None:
    row = relationship(walk, "employee")
    event = ValueEvent.objects.get(public_id=walk.world.things["unheard_at_work"]["public_id"])
    report_got(event=event, side=COUNTERPART, voice=voice(row, COUNTERPART), account=Account(word=Word.BURDEN), now=NOW)


def an_employees_blind_answer(walk: Walk) -> None:
    _answer(walk, "employee")


def _answer(walk: Walk, thing: str) -> None:
    seat = RoundSeat.objects.select_related("round").get(round__relationship=relationship(walk, thing), side=COUNTERPART)
    answer_check(seat=seat, value=Decimal("-3"), sentence="Nobody else's business", assurance=Assurance.SIGNED_IN, now=NOW)


# who keeps it to themself, and who may therefore see a difference
SECRETS = {
    our_private_event: {"AM", "TKW"},
    their_private_event: {"ML", "HM"},
    their_private_report: {"ML", "HM"},
    our_private_promise_is_due: {"AM", "TKW"},
    our_advance_is_due: {"AM", "TKW"},
    their_private_promise_is_due: {"ML", "HM"},
    a_stewards_reflection: {"AM"},
    a_manager_and_a_leader_begin_to_reflect: {"MG", "LD"},
    ours_is_still_worth_it: {"AM", "TKW"},
    a_managers_doubt: {"MG", "TKM"},
    a_friends_doubt: {"AM", "TKW"},
    their_blind_answer: {"ML", "HM"},
    their_blind_guess: {"ML", "HM"},
    their_blind_answer_besides: {"ML", "HM"},
    their_promise_with_a_blind_answer: {"ML", "HM"},
    our_promise_with_a_blind_answer: {"AM", "TKW"},
    our_promise_to_an_employee: {"MG", "TKM"},
    an_employees_answer_besides: {"EM", "HE"},
    an_employee_shares_an_answer_of_an_open_round: {"EM", "HE"},
    an_employees_report: {"EM", "HE"},
    an_employees_blind_answer: {"EM", "HE"},
}


def everything(walk: Walk, roles: set[str]) -> dict[tuple[str, str, str], tuple[int, str]]:
    """Every readable answer, as these roles get it."""
    seen = {}
    for key, row in TABLE.items():
        name, _, thing = key.partition(" ")
        if name in NOT_COMPARED or name.startswith(("account_", "mfa_")):
            continue
        for role in sorted(roles):
            if row["GET"][role] == 200:
                arguments = walk.world.arguments(thing, role)
                response = walk.call(name, "GET", role, arguments)
                seen[name, thing, role] = (response.status_code, told(response, {}))
    return seen


@pytest.fixture
def twins(walk: Walk) -> Walk:
    with within(walk.world.members["AM"].workspace_id):
        for name, thing in (("unheard", "relationship"), ("unheard_at_work", "employee")):
            row = relationship(walk, thing)
            walk.world.things[name] = {"public_id": make_event(row, voice(row, OWN), what="Not rated yet").public_id}
    return walk


@pytest.mark.slow
def test_what_one_side_keeps_to_itself_changes_nothing_for_anybody_else(twins):
    before, told_apart = everything(twins, EVERYBODY), []
    assert len(before) > 150
    for secret, keepers in SECRETS.items():
        with transaction.atomic():
            with within(twins.world.members["AM"].workspace_id):
                secret(twins)
            after = everything(twins, EVERYBODY - keepers)
            transaction.set_rollback(True)
        told_apart += [f"{secret.__name__}: {_difference(key, before[key], after[key])}" for key in after if before[key] != after[key]]
    assert told_apart == [], "\n".join(told_apart)


def _difference(key: Any, before: tuple[int, str], after: tuple[int, str]) -> str:
    first = next(
        (place for place, (one, other) in enumerate(zip(before[1], after[1], strict=False)) if one != other), min(len(before[1]), len(after[1]))
    )
    return f"{' '.join(key)} {before[0]}/{after[0]}: ...{before[1][max(first - 40, 0) : first + 60]!r} became {after[1][max(first - 40, 0) : first + 60]!r}"


@pytest.mark.parametrize("whose", [OWN, COUNTERPART])
def test_the_day_of_something_private_shows_in_no_row_that_others_read(cast, whose):
    """A card that is written again says on which day, and may say something new of it: not because of what only one side knows."""
    event = make_event(cast.borealis, cast.ana_voice)
    report_gave(event=event, side=OWN, voice=cast.ana_voice, account=Account(word=Word.GREAT), now=NOW)

    def kept() -> list[Any]:
        cards = Card.objects.filter(relationship=cast.borealis, view=View.SHARED).values().get()
        return [
            {name: value for name, value in cards.items() if name not in ("has_own", "position")},
            Snapshot.objects.filter(view=View.SHARED).count(),
        ]

    before, later = kept(), NOW + timedelta(days=400)
    speaks = (cast.ana_voice, cast.bo_voice)[whose]
    private = make_event(cast.borealis, speaks, giver=whose, on=later.date(), visibility=Visibility.PRIVATE, now=later)
    report_gave(event=private, side=whose, voice=speaks, account=Account(word=Word.GREAT), now=later)
    assert kept() == before
    shared = make_event(cast.borealis, speaks, giver=whose, on=later.date(), now=later)
    report_gave(event=shared, side=whose, voice=speaks, account=Account(word=Word.GREAT), now=later)
    assert kept() != before


def test_a_difference_would_be_seen(twins):
    """Negative control: something shared changes what others see."""
    row = relationship_in_scope(twins)
    before = everything(twins, {"LD", "TKL"})
    with transaction.atomic():
        with within(row.workspace_id):
            make_event(row, voice(row, OWN), what="For everybody")
        after = everything(twins, {"LD", "TKL"})
        transaction.set_rollback(True)
    changed = {key[0] for key in before if before[key] != after[key]}
    assert {"desk:relationship", "api_events"} <= changed


def relationship_in_scope(walk: Walk) -> Relationship:
    with within(walk.world.members["AM"].workspace_id):
        return relationship(walk, "relationship")
