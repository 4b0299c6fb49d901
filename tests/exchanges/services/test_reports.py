"""Only the receiver says what something was worth; what is relayed is relayed; the balance follows."""

from dataclasses import replace

import pytest
from django.db import IntegrityError, connection, transaction

from exchanges.access import Voice
from exchanges.models import NO_VALUE, BalanceState, Card, Evidence, EvidenceKind, Giver, LiveEvidence, Report, ReportRole, View, Visibility, Word
from exchanges.selectors.balances import balance_of
from exchanges.services.events import AlreadyCorrected, OtherSideReported, correct_event, withdraw_event
from exchanges.services.reports import (
    Account,
    AlreadyReported,
    NobodyRelaysForEmployees,
    NotASpeaker,
    NotTheGiver,
    NotTheReceiver,
    relay_report,
    report_gave,
    report_got,
    withdraw_report,
)  # fmt: skip
from relationships.models import SideRole
from relationships.services.terms import TermsLine
from tests.makers import NOW, TODAY, make_event, speaker

OWN, COUNTERPART = SideRole.OWN, SideRole.COUNTERPART
MICRO = 1_000_000


def live(relationship):
    return list(
        LiveEvidence.objects.filter(relationship=relationship).order_by("position").values_list("side", "kind", "value_int", "relayed", "view_mask")
    )


def felt(relationship, view=View.SHARED):
    return balance_of(relationship, view=view, as_of=TODAY)


def test_a_claim_moves_nobodys_balance(cast):
    make_event(cast.borealis, cast.ana_voice)
    assert live(cast.borealis) == []
    assert felt(cast.borealis).counterpart.r == 0


def test_the_receivers_word_moves_the_receivers_side_alone(cast):
    event = make_event(cast.borealis, cast.ana_voice)
    report_got(event=event, side=COUNTERPART, voice=cast.bo_voice, account=Account(word=Word.LOT), now=NOW)
    assert live(cast.borealis) == [(COUNTERPART, EvidenceKind.GOT, 4 * MICRO, False, 7)]
    balance = felt(cast.borealis)
    assert balance.counterpart.r > 0
    assert balance.own.r == 0


def test_the_givers_cost_moves_the_givers_side_alone(cast):
    event = make_event(cast.borealis, cast.ana_voice)
    report_gave(event=event, side=OWN, voice=cast.ana_voice, account=Account(word=Word.GREAT, guess_word=Word.GREAT), now=NOW)
    assert live(cast.borealis) == [(OWN, EvidenceKind.GAVE, 8 * MICRO, False, 7)]
    balance = felt(cast.borealis)
    assert balance.own.r < 0
    assert balance.counterpart.r == 0


def test_nobody_but_the_receiver_sets_the_worth(cast):
    event = make_event(cast.borealis, cast.ana_voice)
    with pytest.raises(NotASpeaker):
        report_got(event=event, side=COUNTERPART, voice=cast.ana_voice, account=Account(word=Word.LOT), now=NOW)
    with pytest.raises(NotTheReceiver):
        report_got(event=event, side=OWN, voice=cast.ana_voice, account=Account(word=Word.LOT), now=NOW)
    with pytest.raises(NotTheGiver):
        report_gave(event=event, side=COUNTERPART, voice=cast.bo_voice, account=Account(word=Word.LOT), now=NOW)
    with pytest.raises(NotASpeaker):
        report_got(event=event, side=COUNTERPART, voice=Voice(member=cast.oda), account=Account(word=Word.LOT), now=NOW)
    assert not Report.objects.exists()


def test_the_database_refuses_a_worth_that_is_not_the_receivers(cast):
    event = make_event(cast.borealis, cast.ana_voice)
    with pytest.raises(IntegrityError), transaction.atomic():
        Report.objects.create(
            workspace=cast.workspace, relationship=cast.borealis, event=event, giver=event.giver, side=OWN, role=ReportRole.GOT, speaker=1, seq=1,
            first_hand=True, participant=cast.ana_speaks, recorded_at=NOW,
        )  # fmt: skip


def test_what_is_relayed_counts_half_and_gives_way(cast):
    event = make_event(cast.borealis, cast.ana_voice)
    relay_report(event=event, side=COUNTERPART, role=ReportRole.GOT, member=cast.ana, account=Account(word=Word.LOT), now=NOW)
    assert live(cast.borealis) == [(COUNTERPART, EvidenceKind.GOT, 4 * MICRO, True, 7)]
    relayed = felt(cast.borealis).counterpart
    first = report_got(event=event, side=COUNTERPART, voice=cast.bo_voice, account=Account(word=Word.LOT), now=NOW)
    assert live(cast.borealis) == [(COUNTERPART, EvidenceKind.GOT, 4 * MICRO, False, 7)]
    assert felt(cast.borealis).counterpart.r > relayed.r > 0
    withdraw_report(report=first, voice=cast.bo_voice, now=NOW)
    assert live(cast.borealis) == [(COUNTERPART, EvidenceKind.GOT, 4 * MICRO, True, 7)]
    assert felt(cast.borealis).counterpart.r == relayed.r


def test_a_correction_replaces_and_a_second_one_conflicts(cast):
    event = make_event(cast.borealis, cast.ana_voice)
    first = report_got(event=event, side=COUNTERPART, voice=cast.bo_voice, account=Account(word=Word.LOT), now=NOW)
    report_got(event=event, side=COUNTERPART, voice=cast.bo_voice, account=Account(word=Word.LITTLE), now=NOW, supersedes=first)
    assert live(cast.borealis) == [(COUNTERPART, EvidenceKind.GOT, MICRO, False, 7)]
    with pytest.raises(AlreadyReported):
        report_got(event=event, side=COUNTERPART, voice=cast.bo_voice, account=Account(word=Word.GREAT), now=NOW, supersedes=first)
    with pytest.raises(AlreadyReported):
        report_got(event=event, side=COUNTERPART, voice=cast.bo_voice, account=Account(word=Word.GREAT), now=NOW)
    assert Report.objects.get(pk=first.pk).word == Word.LOT
    only_corrected = make_event_again(cast)
    assert felt(cast.borealis).counterpart.r == pytest.approx(only_corrected, abs=1e-12)


def make_event_again(cast):
    """What the balance is when only the corrected report was ever made."""
    from tests.makers import make_relationship, speaker

    other = make_relationship(cast.ana, "Cygnus", people=(cast.bo,))
    event = make_event(other, Voice(member=cast.ana, participant=speaker(other, OWN)))
    report_got(event=event, side=COUNTERPART, voice=Voice(participant=speaker(other)), account=Account(word=Word.LITTLE), now=NOW)
    return felt(other).counterpart.r


def test_a_burden_is_harm_and_no_word_is_one_typical_event(cast):
    event = make_event(cast.borealis, cast.ana_voice)
    report_got(event=event, side=COUNTERPART, voice=cast.bo_voice, account=Account(word=Word.BURDEN), now=NOW)
    assert felt(cast.borealis).counterpart.r < 0
    second = make_event(cast.borealis, cast.ana_voice)
    report_got(event=second, side=COUNTERPART, voice=cast.bo_voice, account=Account(arrived="ALL"), now=NOW)
    assert live(cast.borealis)[-1] == (COUNTERPART, EvidenceKind.GOT, NO_VALUE, False, 7)


def test_a_declared_rate_turns_own_units_into_points(cast):
    from decimal import Decimal

    from exchanges.services.relationships import set_terms
    from relationships.services.terms import add_own_kind

    side = cast.borealis.sides.get(role=OWN)
    kind = add_own_kind(side=side, name="Hours of ours")
    line = TermsLine(value_kind=kind, weight=10, unit="hour", points_per_unit=Decimal(2))
    set_terms(side=side, author=cast.ana_speaks, lines=[line], effective_on=TODAY, now=NOW)
    event = make_event(cast.borealis, cast.ana_voice)
    report_gave(event=event, side=OWN, voice=cast.ana_voice, account=Account(typed_amount=Decimal("1.5"), unit="hour"), now=NOW)
    assert live(cast.borealis) == [(OWN, EvidenceKind.GAVE, 3 * MICRO, False, 7)]
    set_terms(side=side, author=cast.ana_speaks, lines=[replace(line, points_per_unit=Decimal(5))], effective_on=TODAY, now=NOW)
    assert live(cast.borealis) == [(OWN, EvidenceKind.GAVE, 3 * MICRO, False, 7)]  # later terms never revalue the past


def test_nobody_relays_for_an_employee(cast, employee):
    event = make_event(employee.relationship, cast.ana_voice)
    with pytest.raises(NobodyRelaysForEmployees):
        relay_report(event=event, side=COUNTERPART, role=ReportRole.GOT, member=cast.ana, account=Account(word=Word.LOT), now=NOW)


def test_an_employees_report_is_seen_in_its_own_view_only(cast, employee):
    event = make_event(employee.relationship, cast.ana_voice)
    report_got(event=event, side=COUNTERPART, voice=employee.eva_voice, account=Account(word=Word.GREAT), now=NOW)
    assert live(employee.relationship) == [(COUNTERPART, EvidenceKind.GOT, 8 * MICRO, False, View.COUNTERPART)]
    assert felt(employee.relationship, View.SHARED).counterpart.r == 0
    assert felt(employee.relationship, View.OWN).counterpart.r == 0
    assert felt(employee.relationship, View.COUNTERPART).counterpart.r > 0


def test_what_one_side_keeps_private_moves_its_own_view_only(cast):
    event = make_event(cast.borealis, cast.ana_voice, visibility=Visibility.PRIVATE)
    report_gave(event=event, side=OWN, voice=cast.ana_voice, account=Account(word=Word.GREAT), now=NOW)
    assert felt(cast.borealis, View.OWN).own.r < 0
    assert felt(cast.borealis, View.SHARED).own.r == 0
    assert felt(cast.borealis, View.COUNTERPART).own.r == 0
    assert Card.objects.get(relationship=cast.borealis, view=View.SHARED).has_own
    assert BalanceState.objects.filter(relationship=cast.borealis).count() == 2


def test_in_a_joint_event_one_hidden_account_hides_the_other(cast):
    event = make_event(cast.borealis, cast.ana_voice, giver=Giver.JOINT)
    report_gave(event=event, side=OWN, voice=cast.ana_voice, account=Account(word=Word.LOT, visibility=Visibility.PRIVATE), now=NOW)
    report_got(event=event, side=OWN, voice=cast.ana_voice, account=Account(word=Word.LOT), now=NOW)
    assert felt(cast.borealis, View.SHARED).own.r == 0
    assert felt(cast.borealis, View.OWN).own.sd < felt(cast.borealis, View.SHARED).own.sd


def test_an_event_can_be_taken_back_until_the_other_side_reports(cast):
    event = make_event(cast.borealis, cast.ana_voice)
    version = event.versions.get()
    report_gave(event=event, side=OWN, voice=cast.ana_voice, account=Account(word=Word.LOT), now=NOW)
    report_got(event=event, side=COUNTERPART, voice=cast.bo_voice, account=Account(word=Word.LOT), now=NOW)
    with pytest.raises(OtherSideReported):
        withdraw_event(event=event, voice=cast.ana_voice, supersedes=version, now=NOW)
    other = make_event(cast.borealis, cast.ana_voice)
    report_gave(event=other, side=OWN, voice=cast.ana_voice, account=Account(word=Word.LOT), now=NOW)
    withdraw_event(event=other, voice=cast.ana_voice, supersedes=other.versions.get(), now=NOW)
    assert len(live(cast.borealis)) == 2


def test_correcting_the_day_moves_both_sides_reports_and_a_second_correction_conflicts(cast):
    event = make_event(cast.borealis, cast.ana_voice)
    version = event.versions.get()
    report_got(event=event, side=COUNTERPART, voice=cast.bo_voice, account=Account(word=Word.LOT), now=NOW)
    earlier = TODAY.replace(month=1)
    correct_event(event=event, voice=cast.ana_voice, supersedes=version, now=NOW, occurred_on=earlier, arrived_on=earlier)
    assert LiveEvidence.objects.get(relationship=cast.borealis).on_day == (earlier.toordinal() - 719163)
    with pytest.raises(AlreadyCorrected):
        correct_event(event=event, voice=cast.ana_voice, supersedes=version, now=NOW, what="Too late")


def test_evidence_cannot_be_changed_or_removed(cast):
    event = make_event(cast.borealis, cast.ana_voice)
    report_gave(event=event, side=OWN, voice=cast.ana_voice, account=Account(word=Word.LOT), now=NOW)
    for attempt in (
        lambda: Evidence.objects.update(value_int=0),
        lambda: Report.objects.filter(event=event).update(word=0),
        lambda: connection.cursor().execute("DELETE FROM exchanges_report"),
        lambda: connection.cursor().execute("UPDATE exchanges_evidence SET value_int = 1"),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            attempt()
    with pytest.raises(TypeError):
        Report.objects.get(event=event).save()


def test_the_log_does_not_tell_that_an_employee_reported(cast, employee):
    from valueledger.common.models import AuditEntry

    event = make_event(employee.relationship, cast.ana_voice)
    report_got(event=event, side=COUNTERPART, voice=employee.eva_voice, account=Account(word=Word.GREAT), now=NOW)
    assert not AuditEntry.objects.filter(action__startswith="report.").exists()
    manager = Voice(member=cast.ana, participant=speaker(employee.relationship, OWN))
    report_gave(event=event, side=OWN, voice=manager, account=Account(word=Word.LOT), now=NOW)
    assert AuditEntry.objects.filter(action="report.written").count() == 1


def test_taking_back_an_entry_does_not_tell_whether_an_employee_reported(cast, employee):
    from datetime import timedelta

    from exchanges.services.events import UndoIsOver

    manager = Voice(member=cast.ana, participant=speaker(employee.relationship, OWN))
    said, unsaid = make_event(employee.relationship, manager), make_event(employee.relationship, manager)
    report_got(event=said, side=COUNTERPART, voice=employee.eva_voice, account=Account(word=Word.BURDEN), now=NOW)
    for event in (said, unsaid):
        with pytest.raises(UndoIsOver):
            withdraw_event(event=event, voice=manager, supersedes=event.versions.get(), now=NOW + timedelta(minutes=11))
        withdraw_event(event=event, voice=manager, supersedes=event.versions.get(), now=NOW + timedelta(minutes=9))
