"""The stored balance is the replay: whatever the order in which statements come, and after every step."""

import random
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from exchanges.models import BalanceCheckpoint, BalanceState, Card, Giver, LiveEvidence, View, Visibility, Word
from exchanges.selectors.balances import balance_of
from exchanges.selectors.history import contributions_of, line_of
from exchanges.services.events import correct_event
from exchanges.services.posting import rebuild
from exchanges.services.refolding import refold
from exchanges.services.reports import Account, report_gave, report_got, withdraw_report
from relationships.models import SideRole
from tests.makers import NOW, TODAY, make_event

OWN, COUNTERPART = SideRole.OWN, SideRole.COUNTERPART


def verified() -> str:
    out = StringIO()
    call_command("verify_ledger", stdout=out)
    return out.getvalue()


def numbers(relationship, view=View.SHARED):
    balance = balance_of(relationship, view=view, as_of=TODAY)
    return [balance.own.r, balance.own.sd, balance.counterpart.r, balance.counterpart.sd]


def log(cast, days_ago: int, word: int, giver: int = Giver.OWN, **fields):
    event = make_event(cast.borealis, cast.ana_voice, giver=giver, on=TODAY - timedelta(days=days_ago), **fields)
    if giver == Giver.OWN:
        return event, report_got(event=event, side=COUNTERPART, voice=cast.bo_voice, account=Account(word=word), now=NOW)
    return event, report_got(event=event, side=OWN, voice=cast.ana_voice, account=Account(word=word), now=NOW)


def test_the_order_of_arrival_does_not_matter(cast):
    days = list(range(0, 200, 5))
    random.Random(4).shuffle(days)
    for day in days:
        log(cast, day, Word.LOT if day % 2 else Word.LITTLE, giver=Giver.OWN if day % 3 else Giver.COUNTERPART)
    stored = numbers(cast.borealis)
    assert "verified" in verified()
    refold(relationships=[cast.borealis.pk], now=NOW)
    assert numbers(cast.borealis) == pytest.approx(stored, abs=1e-12)
    rebuild(relationship_id=cast.borealis.pk, now=NOW)
    assert numbers(cast.borealis) == pytest.approx(stored, abs=1e-12)


def test_a_long_history_sets_checkpoints_and_back_dated_evidence_starts_from_them(cast):
    for day in range(160, 0, -1):
        log(cast, day, Word.FAIR)
    assert BalanceCheckpoint.objects.filter(relationship=cast.borealis, side=COUNTERPART).count() == 2
    log(cast, 20, Word.GREAT)
    log(cast, 159, Word.BURDEN)
    assert "verified" in verified()
    assert BalanceCheckpoint.objects.filter(relationship=cast.borealis, side=COUNTERPART).exists()


def test_withdrawing_the_newest_day_opens_the_day_before_it(cast):
    log(cast, 10, Word.LOT)
    before = numbers(cast.borealis)
    _, report = log(cast, 2, Word.GREAT)
    withdraw_report(report=report, voice=cast.bo_voice, now=NOW)
    assert numbers(cast.borealis) == before
    log(cast, 10, Word.LITTLE)
    assert "verified" in verified()


def test_withdrawing_everything_leaves_the_prior(cast):
    _, report = log(cast, 2, Word.GREAT)
    withdraw_report(report=report, voice=cast.bo_voice, now=NOW)
    assert numbers(cast.borealis)[2] == 0
    assert "verified" in verified()


def test_making_a_private_event_shared_moves_the_shared_view(cast):
    event = make_event(cast.borealis, cast.ana_voice, visibility=Visibility.PRIVATE)
    report_gave(event=event, side=OWN, voice=cast.ana_voice, account=Account(word=Word.LOT), now=NOW)
    assert numbers(cast.borealis)[0] == 0
    correct_event(event=event, voice=cast.ana_voice, supersedes=event.versions.get(), now=NOW, visibility=Visibility.SHARED)
    assert numbers(cast.borealis)[0] < 0
    assert "verified" in verified()


def test_contributions_sum_to_the_number_and_the_line_ends_at_it(cast):
    for day in (90, 60, 60, 30):
        log(cast, day, Word.LOT)
    balance = balance_of(cast.borealis, view=View.SHARED, as_of=TODAY)
    parts = contributions_of(cast.borealis, view=View.SHARED, side=COUNTERPART, as_of=TODAY)
    assert sum(part.points for part in parts) == pytest.approx(balance.counterpart.f, abs=1e-9)
    line = line_of(cast.borealis, view=View.SHARED, side=COUNTERPART, start=TODAY - timedelta(days=100), end=TODAY)
    assert line[-1].f == pytest.approx(balance.counterpart.f, abs=1e-9)
    assert line[-1].smoothed == pytest.approx(line[-1].f, abs=1e-9)


@pytest.mark.parametrize("table", ["state", "live", "card"])
def test_verify_ledger_names_a_number_that_was_changed_behind_it(cast, table):
    log(cast, 5, Word.LOT)
    if table == "state":
        row = BalanceState.objects.get(relationship=cast.borealis, view=View.SHARED)
        BalanceState.objects.filter(pk=row.pk).update(after=bytes(row.before))
    elif table == "live":
        LiveEvidence.objects.filter(relationship=cast.borealis).update(value_int=1)
    else:
        Card.objects.filter(relationship=cast.borealis).update(r_counterpart=0.5)
    with pytest.raises(CommandError, match="difference"):
        verified()


def test_verify_ledger_names_evidence_that_was_changed_behind_the_triggers(cast):
    from valueledger.common import append_only

    log(cast, 5, Word.LOT)
    with append_only.lifted(connection), connection.cursor() as cursor:
        cursor.execute("UPDATE exchanges_evidence SET value_int = value_int + 1")
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("verify_ledger", stdout=out)
    assert str(cast.borealis.public_id) in out.getvalue()
    assert "event" in out.getvalue()


def test_what_we_said_is_kept_when_it_changes_and_only_then(cast):
    from exchanges.models import Answer, Assurance, Snapshot
    from exchanges.services.posting import locked, post_answers

    def relay(y: int, days_ago: int) -> None:
        for side in (OWN, COUNTERPART):
            answer = Answer.objects.create(
                workspace=cast.workspace, relationship=cast.borealis, side=side, seq=1, first_hand=False, relayed_by=cast.ana, y_micro=y * 1_000_000,
                answered_on=TODAY - timedelta(days=days_ago), answered_at=NOW, assurance=Assurance.RELAYED, recorded_at=NOW,
            )  # fmt: skip
            post_answers(relationship=locked(cast.borealis.pk), answers=[answer], now=NOW)

    relay(0, 3)
    relay(0, 2)
    relay(0, 1)
    assert list(Snapshot.objects.values_list("verdict", flat=True)) == ["balanced"]
    assert Snapshot.objects.get().known_at == NOW
