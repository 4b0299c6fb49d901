"""What the product would have said in the past half year: one snapshot a week and relationship, from what was known on that day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from exchanges.models import Card, Snapshot, View
from exchanges.selectors.balances import METHOD, Balance
from exchanges.services.cards import outside_since
from exchanges.services.demo.cast import Clock, Stage
from exchanges.services.demo.ledger import Known, balance_known
from relationships.selectors.rhythm import RhythmTable

WEEKS = 26


def write_history(*, stage: Stage, known: Sequence[Known], clock: Clock, rhythms: RhythmTable) -> list[Snapshot]:
    """Snapshots of one relationship, and on its card since when it has stood outside the fair band."""
    since: date | None = None
    snapshots = []
    for week in range(WEEKS, 0, -1):
        at = clock.at(7 * week, 3)
        if at.date() < clock.day(stage.story.since):
            continue
        balance = balance_known(stage, known, view=View.SHARED, at=at, rhythms=rhythms)
        since = outside_since(since, balance.verdict, balance.as_of)
        snapshots.append(snapshot(stage, balance, at, position=sum(one.at <= at for one in known)))
    Card.objects.filter(relationship=stage.relationship).update(outside_since=since)
    return snapshots


def snapshot(stage: Stage, balance: Balance, at: datetime, *, position: int) -> Snapshot:
    return Snapshot(
        workspace_id=stage.relationship.workspace_id,
        relationship_id=stage.relationship.pk,
        view=View.SHARED,
        as_of=balance.as_of,
        known_at=at + timedelta(minutes=5),
        position=position,
        method=METHOD,
        r_own=balance.own.r,
        sd_own=balance.own.sd,
        r_counterpart=balance.counterpart.r,
        sd_counterpart=balance.counterpart.sd,
        verdict=balance.verdict,
        probability=balance.probability,
        heard_own=balance.own.heard,
        heard_counterpart=balance.counterpart.heard,
        is_spiral=balance.is_spiral,
    )
