"""The demo's story: told quickly, the same every time, and true to its own ledger."""

import io
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import transaction

from exchanges.models import (
    Answer,
    Card,
    Disclosure,
    EventStatus,
    EventVersion,
    Evidence,
    LiveEvidence,
    Prompt,
    PromptState,
    Report,
    ReportRole,
    Round,
    Snapshot,
    View,
)  # fmt: skip
from exchanges.selectors.balances import balance_of, balance_of_rows
from exchanges.selectors.due import waiting_for
from exchanges.selectors.group_figures import last_quarter
from exchanges.selectors.statements import day_number
from exchanges.selectors.today import gaps_of
from exchanges.services.demo import AlreadySeeded, seed_demo
from exchanges.services.demo.people import EMPLOYEES
from relationships.models import Kind, Member, PersonText, Relationship, SideRole, Stage, User, Workspace
from relationships.services.setup import create_owner, create_workspace
from valueledger.common.models import Outbox
from valueledger.common.tenancy import within

NOW = datetime(2026, 6, 11, 9, 30, tzinfo=UTC)


@dataclass
class Demo:
    workspace: Workspace
    owner: Member
    seconds: float

    def relationship(self, name: str) -> Relationship:
        return Relationship.objects.get(sides__role=SideRole.COUNTERPART, sides__party__text__name=name)

    def card(self, name: str, view: View = View.SHARED) -> Card:
        return Card.objects.get(counterpart_name=name, view=view)


def make_demo(name: str, email: str) -> Demo:
    workspace = create_workspace(name=name, is_demo=True, now=NOW)
    owner = create_owner(email=email, name="Helen Marsh", workspace=workspace, now=NOW)
    with within(workspace.pk):
        begun = time.monotonic()
        seed_demo(workspace=workspace, owner=owner, now=NOW)
    return Demo(workspace, owner, time.monotonic() - begun)


pytestmark = pytest.mark.django_db  # so that the database is made for any selection of these tests


@pytest.fixture(scope="module")
def demo(django_db_setup: None, django_db_blocker: object) -> Iterator[Demo]:
    """Seeded once for this file, and rolled back after it."""
    with django_db_blocker.unblock(), transaction.atomic():
        made = make_demo("Oakhollow Works", "helen@oakhollow.example")
        with within(made.workspace.pk):
            yield made
        transaction.set_rollback(True)


def test_it_is_there_within_a_minute(demo: Demo) -> None:
    assert demo.seconds < 60


def test_it_has_three_kinds_of_relationships_and_one_that_ended_well(demo: Demo) -> None:
    kinds = [Relationship.objects.filter(kind=kind).going_on().count() for kind in Kind.values]
    assert kinds == [29, 9, 4]
    ended = Relationship.objects.get(stage=Stage.COMPLETED)
    assert ended.ended_on is not None
    assert Card.objects.get(relationship=ended, view=View.SHARED).due_on is None


def test_its_ledger_holds(demo: Demo) -> None:
    out = io.StringIO()
    call_command("verify_ledger", stdout=out)
    assert "43 relationships verified" in out.getvalue()


def test_nothing_in_it_happens_after_now(demo: Demo) -> None:
    assert not Evidence.objects.filter(on_day__gt=day_number(NOW.date())).exists()
    assert not Report.objects.filter(recorded_at__gt=NOW).exists()
    assert not Answer.objects.filter(answered_at__gt=NOW).exists()
    assert not Snapshot.objects.filter(known_at__gt=NOW).exists()


def test_every_address_but_the_owners_leads_nowhere(demo: Demo) -> None:
    others = PersonText.objects.exclude(email__in=["", demo.owner.user.email]).values_list("email", flat=True)
    assert len(others) > 30
    assert all(address.endswith(".example") for address in others)


def test_colleagues_cannot_sign_in(demo: Demo) -> None:
    colleagues = Member.objects.exclude(pk=demo.owner.pk).select_related("user")
    assert colleagues.count() == 4
    assert not any(member.user.has_usable_password() for member in colleagues)
    assert all(member.roles == {"STEWARD"} for member in colleagues)


def test_a_second_seed_is_refused_and_adds_nothing(demo: Demo) -> None:
    before = Relationship.objects.count(), Evidence.objects.count(), Member.objects.count()
    with pytest.raises(AlreadySeeded):
        seed_demo(workspace=demo.workspace, owner=demo.owner, now=NOW)
    assert before == (Relationship.objects.count(), Evidence.objects.count(), Member.objects.count())


def test_two_seeds_tell_the_same_story(demo: Demo) -> None:
    def numbers() -> list[tuple[object, ...]]:
        cards = Card.objects.filter(view=View.SHARED).order_by("counterpart_name")
        return [(card.counterpart_name, round(card.r_own, 12), round(card.r_counterpart, 12), card.verdict, card.outside_since) for card in cards]

    other = make_demo("Oakhollow again", "helen.marsh@oakhollow.example")
    first = numbers()
    with within(other.workspace.pk):
        assert numbers() == first
    assert User.objects.filter(email="priya@oakhollow.example").count() == 1


def test_saltmarsh_is_the_one_spiral(demo: Demo) -> None:
    assert list(Card.objects.filter(is_spiral=True, view=View.SHARED).values_list("counterpart_name", flat=True)) == ["Saltmarsh Ferries"]
    balance = balance_of(demo.relationship("Saltmarsh Ferries"), view=View.SHARED, as_of=NOW.date())
    assert balance.verdict == "unseen_value"
    assert balance.is_mutual_withdrawal


def test_tidewell_has_a_perception_gap(demo: Demo) -> None:
    card = demo.card("Tidewell Freight")
    gaps = gaps_of([card.relationship_id], Report.objects.standing(), today=NOW.date())[card.relationship_id]
    assert card.verdict == "counterpart_feels_short"
    assert [entry.gap for entry in gaps][:2] == [3, 3]


def test_pellworth_gets_too_much_and_says_that_it_owes(demo: Demo) -> None:
    card = demo.card("Pellworth Instruments")
    assert card.verdict == "counterpart_feels_indebted"
    assert Report.objects.filter(relationship_id=card.relationship_id, owing="OWING").count() >= 3


def test_juniper_lane_has_not_answered_for_months(demo: Demo) -> None:
    card = demo.card("Juniper Lane Clinics")
    assert card.verdict == "unconfirmed"
    assert not card.heard_counterpart
    assert (NOW.date() - card.answered_counterpart_on).days > 270
    assert Prompt.objects.filter(relationship_id=card.relationship_id, state=PromptState.LAPSED).count() == 6


def test_kestrel_is_a_beginning_about_which_nothing_is_known(demo: Demo) -> None:
    card = demo.card("Kestrel Survey")
    assert (card.answered_own_on, card.answered_counterpart_on, card.verdict) == (None, None, "unconfirmed")


def test_what_we_keep_to_ourselves_counts_in_our_view_alone(demo: Demo) -> None:
    private = EventVersion.objects.current().get(visibility="PRIVATE")
    masks = set(LiveEvidence.objects.filter(source_id=private.event_id, source_kind=1).values_list("view_mask", flat=True))
    assert masks == {View.OWN}
    assert demo.card("Tidewell Freight", View.OWN).position == demo.card("Tidewell Freight").position


def test_promises_wait_without_moving_anything(demo: Demo) -> None:
    waiting = EventVersion.objects.current().exclude(status=EventStatus.ARRIVED)
    assert sorted(waiting.values_list("status", flat=True)) == ["PENDING", "PROMISED", "PROMISED"]
    assert not Evidence.objects.filter(source_kind=1, source_id__in=waiting.values("event_id")).exists()


def test_a_word_by_phone_is_relayed_and_says_by_whom(demo: Demo) -> None:
    relayed = Report.objects.get(first_hand=False)
    assert relayed.role == ReportRole.GOT
    assert relayed.relayed_by is not None
    assert LiveEvidence.objects.get(relayed=True).value_int == relayed.points_micro


def test_a_correction_keeps_what_was_said_before(demo: Demo) -> None:
    corrected = EventVersion.objects.get(seq=2)
    assert corrected.supersedes.text.what == "Milk-round forecast"
    again = Report.objects.get(seq=2)
    assert (again.supersedes.word, again.word) == (2, 3)
    assert Evidence.objects.filter(retracts_position__isnull=False).exists()


def test_an_hour_is_worth_what_our_side_said_it_is(demo: Demo) -> None:
    report = Report.objects.get(typed_amount__isnull=False)
    assert report.points_micro == 3_000_000
    assert report.terms_version is not None


def test_one_round_waits_blind_for_our_side(demo: Demo) -> None:
    asked = Round.objects.get(relationship=demo.relationship("Elmstead Housing"), posting__isnull=True)
    theirs = Answer.objects.get(round=asked)
    assert theirs.side == SideRole.COUNTERPART
    assert not LiveEvidence.objects.filter(source_kind=2, source_id=theirs.pk).exists()
    assert {prompt.counterpart_name for prompt in waiting_for(demo.owner, NOW)} == {"Elmstead Housing", "Quillon Press"}


def test_a_mail_to_a_guest_is_in_the_outbox_of_a_demo(demo: Demo) -> None:
    prompt = Prompt.objects.get(relationship=demo.relationship("Quillon Press"), side=SideRole.COUNTERPART, state=PromptState.WAITING)
    message = Outbox.objects.get(subject_id=prompt.pk, kind="check")
    assert (message.recipient_id, message.state) == (prompt.participant.person_id, "DUE")
    assert Workspace.objects.get(pk=demo.workspace.pk).is_demo


def test_only_what_an_employee_opened_is_in_the_shared_view(demo: Demo) -> None:
    employees = Relationship.objects.filter(kind=Kind.EMPLOYEE).values("pk")
    shared = LiveEvidence.objects.filter(relationship__in=employees, side=SideRole.COUNTERPART, source_kind=2, view_mask=7)
    assert shared.count() == Disclosure.objects.count() == 1
    assert Card.objects.filter(kind=Kind.EMPLOYEE, view=View.SHARED, answered_counterpart_on__isnull=False).count() == 1


def test_on_whatever_day_it_is_seeded_the_last_quarter_has_heard_five_employees() -> None:
    for day in range(366):
        today = date(2026, 1, 1) + timedelta(days=day)
        first, last, _ = last_quarter(today)
        asked_on = [[today - timedelta(days=asked.ago - 4) for asked in story.asked] for story in EMPLOYEES]
        assert sum(any(first <= on <= last for on in days) for days in asked_on) >= 5, today


def test_each_week_says_what_was_known_then(demo: Demo) -> None:
    relationship = demo.relationship("Tidewell Freight")
    kept = Snapshot.objects.filter(relationship=relationship, view=View.SHARED, as_of__lt=NOW.date())  # today's is kept as it changes
    snapshots = list(kept.order_by("as_of"))
    assert len(snapshots) == 26
    for snapshot in (snapshots[0], snapshots[13], snapshots[-1]):
        assert snapshot.known_at.date() == snapshot.as_of
        known = Evidence.objects.filter(relationship=relationship, position__lte=snapshot.position)
        rows = [row[:5] for row in known.values_list("side", "on_day", "kind", "value_int", "relayed", "view_mask") if row[5] & View.SHARED]
        again = balance_of_rows(rows, relationship_id=relationship.pk, view=View.SHARED, as_of=snapshot.as_of, band=0.75)
        assert again.counterpart.r == pytest.approx(snapshot.r_counterpart, abs=1e-9)
        assert again.own.sd == pytest.approx(snapshot.sd_own, abs=1e-9)
        assert again.verdict == snapshot.verdict


def test_every_round_of_the_past_is_closed_and_posted(demo: Demo) -> None:
    assert set(Round.objects.filter(posting__isnull=True).values_list("relationship__sides__party__text__name", flat=True)) == {
        "Elmstead Housing", "Quillon Press", "Oakhollow Works",
    }  # fmt: skip
    assert not Prompt.objects.filter(state=PromptState.WAITING, closes_at__lte=NOW).exists()


@pytest.mark.django_db
def test_the_command_makes_the_workspace_and_its_owner_and_is_harmless_twice() -> None:
    out = io.StringIO()
    call_command("seed_demo", workspace="From the shell", email="sam@oakhollow.example", stdout=out)
    workspace = Workspace.objects.get(name="From the shell")
    with within(workspace.pk):
        before = Evidence.objects.count()
    call_command("seed_demo", workspace="From the shell", stdout=out)
    with within(workspace.pk):
        assert Evidence.objects.count() == before > 1000
    assert "Nothing was added." in out.getvalue()
