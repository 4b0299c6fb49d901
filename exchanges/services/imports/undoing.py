"""Taking an import back: nothing is deleted, every row it brought is withdrawn, and its evidence is retracted.

An event on which a side has reported at first hand stays, as it would if somebody tried to take it back by hand.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
from django.db import transaction
from django.db.models import F

from exchanges.models import (
    Answer,
    Assurance,
    EventVersion,
    Evidence,
    ImportBatch,
    ImportKey,
    ImportState,
    ImportTable,
    LiveEvidence,
    Report,
    SourceKind,
    ValueEvent,
)  # fmt: skip
from exchanges.services.imports.running import LEASE, LeaseLost, lock_workspace
from exchanges.services.posting import locked, post_event
from exchanges.services.refolding import refold
from relationships.models import Relationship
from valueledger.common import bulk

AT_ONCE = 2_000


def undo_some(batch: ImportBatch, *, now: datetime, seconds: float) -> bool:
    """Withdraw portion after portion. False: the time was not enough."""
    begun = time.monotonic()
    while True:
        done = batch.rows_undone + batch.rows_kept
        keys = ImportKey.objects.filter(workspace_id=batch.workspace_id, source=batch.source, batch_id=batch.pk).order_by("id")
        targets = list(keys.values_list("target_id", flat=True)[done : done + AT_ONCE])
        if not targets:
            return True
        elapsed = time.monotonic() - begun
        if elapsed > seconds:
            return False
        with transaction.atomic():
            lock_workspace(batch.workspace_id)
            kept = WITHDRAWERS[ImportTable(batch.table)](batch, targets, now)
            mine = ImportBatch.objects.filter(pk=batch.pk, state=ImportState.UNDOING, rows_undone=batch.rows_undone, rows_kept=batch.rows_kept)
            lease_until = now + timedelta(seconds=elapsed) + LEASE
            if mine.update(rows_undone=F("rows_undone") + len(targets) - kept, rows_kept=F("rows_kept") + kept, lease_until=lease_until) != 1:
                raise LeaseLost
        batch.refresh_from_db()


def withdraw_answers(batch: ImportBatch, targets: Sequence[int], now: datetime) -> int:
    rows = [row for part in _parts(targets) for row in Answer.objects.standing().filter(pk__in=part)]
    count = len(rows)
    bulk.insert(
        Answer, count,
        {
            "public_id": bulk.fresh_uuids(count), "workspace_id": batch.workspace_id, "relationship_id": [row.relationship_id for row in rows],
            "side": [row.side for row in rows], "seq": [row.seq + 1 for row in rows], "supersedes_id": [row.pk for row in rows], "is_withdrawal": True,
            "first_hand": False, "relayed_by_id": batch.member_id, "sureness": "", "answered_on": [row.answered_on for row in rows], "answered_at": now,
            "assurance": Assurance.RELAYED.value, "import_source": batch.source, "recorded_at": now,
        },
    )  # fmt: skip
    retract(batch.workspace_id, SourceKind.ANSWER, {row.pk: row.relationship_id for row in rows}, now)
    return len(targets) - count


def withdraw_events(batch: ImportBatch, targets: Sequence[int], now: datetime) -> int:
    firm = {
        pk
        for part in _parts(targets)
        for pk in Report.objects.standing().filter(event_id__in=part, first_hand=True).values_list("event_id", flat=True)
    }
    versions = [row for part in _parts(targets) for row in EventVersion.objects.current().filter(event_id__in=part, is_withdrawal=False)]
    rows = [row for row in versions if row.event_id not in firm]
    count = len(rows)
    bulk.insert(
        EventVersion, count,
        {
            "workspace_id": batch.workspace_id, "event_id": [row.event_id for row in rows], "seq": [row.seq + 1 for row in rows],
            "supersedes_id": [row.pk for row in rows], "status": [str(row.status) for row in rows], "occurred_on": [row.occurred_on for row in rows],
            "arrived_on": [row.arrived_on for row in rows], "kind": [str(row.kind) for row in rows], "visibility": [str(row.visibility) for row in rows],
            "is_withdrawal": True, "author_member_id": batch.member_id, "import_source": batch.source, "recorded_at": now,
        },
    )  # fmt: skip
    ids = [row.event_id for row in rows]
    relationships = dict(ValueEvent.objects.filter(pk__in=ids).values_list("pk", "relationship_id")) if ids else {}
    retract(batch.workspace_id, SourceKind.EVENT, relationships, now)
    return len(targets) - count


def withdraw_reports(batch: ImportBatch, targets: Sequence[int], now: datetime) -> int:
    rows = [row for part in _parts(targets) for row in Report.objects.standing().filter(pk__in=part).select_related("event")]
    count = len(rows)
    bulk.insert(
        Report, count,
        {
            "public_id": bulk.fresh_uuids(count), "workspace_id": batch.workspace_id, "relationship_id": [row.relationship_id for row in rows],
            "event_id": [row.event_id for row in rows], "giver": [row.giver for row in rows], "side": [row.side for row in rows],
            "role": [str(row.role) for row in rows], "speaker": [row.speaker for row in rows], "seq": [row.seq + 1 for row in rows],
            "supersedes_id": [row.pk for row in rows], "is_withdrawal": True, "first_hand": False, "relayed_by_id": batch.member_id, "beneficiary": "",
            "arrived": "", "expectation": "", "owing": "", "visibility": [str(row.visibility) for row in rows], "import_source": batch.source,
            "recorded_at": now,
        },
    )  # fmt: skip
    for row in rows:  # what other people said of the same event stays, so each event is agreed anew
        post_event(relationship=locked(row.relationship_id), event=row.event, now=now)
    return len(targets) - count


WITHDRAWERS = {ImportTable.CHECKS: withdraw_answers, ImportTable.EVENTS: withdraw_events, ImportTable.REPORTS: withdraw_reports}


def retract(workspace_id: int, source_kind: SourceKind, sources: dict[int, int], now: datetime) -> None:
    """Take all live evidence of these sources back, and fold their relationships again. `sources`: relationship by source."""
    ids = sorted(set(sources.values()))
    heads: dict[int, int] = {}
    for part in _parts(ids):
        heads |= dict(Relationship.objects.select_for_update(of=("self",)).filter(pk__in=part).order_by("pk").values_list("pk", "head_position"))
    live = [
        row for part in _parts(ids) for row in LiveEvidence.objects.filter(relationship_id__in=part, source_kind=source_kind).order_by("relationship_id", "id")
        if row.source_id in sources
    ]  # fmt: skip
    positions: list[int] = []
    changed: dict[int, int] = defaultdict(int)
    for row in live:
        changed[row.relationship_id] += 1
        positions.append(heads[row.relationship_id] + changed[row.relationship_id])
    bulk.insert(
        Evidence, len(live),
        {
            "workspace_id": workspace_id, "relationship_id": np.array([row.relationship_id for row in live], np.int64),
            "position": np.array(positions, np.int64), "view_mask": np.array([row.view_mask for row in live]), "side": np.array([row.side for row in live]),
            "on_day": np.array([row.on_day for row in live]), "kind": np.array([row.kind for row in live]),
            "value_int": np.array([row.value_int for row in live], np.int64), "relayed": np.array([row.relayed for row in live], bool),
            "source_kind": int(source_kind), "source_id": np.array([row.source_id for row in live], np.int64),
            "retracts_position": np.array([row.position for row in live], np.int64),
        },
    )  # fmt: skip
    for part in _parts([row.pk for row in live]):
        LiveEvidence.objects.filter(pk__in=part).delete()
    bulk.update_by_id(Relationship, "head_position", list(changed), [heads[pk] + changed[pk] for pk in changed])
    refold(relationships=sorted(changed), now=now)


def _parts(keys: Sequence[int], size: int = 900) -> list[Sequence[int]]:
    return [keys[start : start + size] for start in range(0, len(keys), size)]
