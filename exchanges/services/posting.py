"""From statements to balances: evidence is appended, live evidence follows, states are folded, cards are rewritten.

Everything here runs under the relationship's row lock and in the caller's transaction, so a stored state is always an exact prefix of
positions. What should be live is asked of `selectors.statements`; the difference to what is live is posted, so posting twice is harmless.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import reduce
from operator import or_

from django.db import connection, transaction
from django.db.models import F

from exchanges.models import (
    Answer,
    BalanceCheckpoint,
    BalanceState,
    EventVersion,
    Evidence,
    EvidenceKind,
    LiveEvidence,
    Round,
    SourceKind,
    ValueEvent,
    View,
)  # fmt: skip
from exchanges.selectors.balances import METHOD, fold_packed, pack_prior
from exchanges.selectors.footing import LIVE_COLUMNS, Footing, Live
from exchanges.selectors.statements import Wanted, evidence_of_event, evidence_of_round, wanted_of_answers
from exchanges.services.cards import write_cards
from relationships.models import Relationship, SideRole
from valueledger.common import rows

TICKS_BETWEEN_CHECKPOINTS = 64
LIVE_FROM_DAY = (
    "SELECT side, on_day, kind, value_int, relayed, view_mask FROM exchanges_liveevidence "
    "WHERE workspace_id = %s AND relationship_id = %s AND side = %s AND on_day >= %s"
)
LIVE_BY_SOURCE = (
    f"SELECT {LIVE_COLUMNS} FROM exchanges_liveevidence "  # noqa: S608
    "WHERE relationship_id = %s AND source_kind = %s AND source_id = %s ORDER BY id"
)
STATE_FIELDS = ("position", "method", "open_day_own", "open_day_counterpart", "before", "after", "ticks_own", "ticks_counterpart")
NO_EVIDENCE = -1


@dataclass(frozen=True)
class Change:
    """One difference between what should be live and what is: bits of `mask` come (or go, with `retracts`)."""

    side: int
    on_day: int
    kind: int
    value: int
    relayed: bool
    mask: int
    source_kind: int
    source_id: int
    retracts: int | None = None


def locked(relationship_id: int) -> Relationship:
    """The relationship's row, locked until the transaction ends. On SQLite the IMMEDIATE transaction is the lock."""
    assert connection.in_atomic_block, "A lock needs a transaction."
    lock = " FOR UPDATE OF mine" if connection.features.has_select_for_update else ""
    return rows.select_with(Relationship, "workspace", f'mine."id" = %s{lock}', [relationship_id])[0]


def post_event(
    *,
    relationship: Relationship,
    event: ValueEvent,
    now: datetime,
    version: EventVersion | None = None,
    batch: rows.Batch | None = None,
    footing: Footing | None = None,
) -> None:
    """Make the ledger agree with the standing reports of one event. The relationship must be locked. Runs what is in the batch already.

    With a `footing`, whose reports are those that stand now, nothing of it is read again.
    """
    wanted = evidence_of_event(event, kind=relationship.kind, version=version, reports=footing.standing() if footing else None)
    post(relationship=relationship, wanted={(SourceKind.EVENT, event.pk): wanted}, now=now, batch=batch, footing=footing)


def post_answers(*, relationship: Relationship, now: datetime, round: Round | None = None, answers: Sequence[Answer] = ()) -> None:
    """Make the ledger agree with the answers of a revealed or closed round, or with relayed answers. The relationship must be locked."""
    if round is not None:
        found = evidence_of_round(round.pk, kind=relationship.kind)
    else:
        found = wanted_of_answers(list(answers), posting=None, kind=relationship.kind)
    post(relationship=relationship, wanted={(SourceKind.ANSWER, pk): asked for pk, asked in found.items()}, now=now)


def post(
    *,
    relationship: Relationship,
    wanted: dict[tuple[SourceKind, int], list[Wanted]],
    now: datetime,
    batch: rows.Batch | None = None,
    footing: Footing | None = None,
) -> None:
    """Append what is missing, retract what is no longer asked for, and bring states and cards up to the new position.

    What is written travels in one batch; it is run earlier only where live evidence has to be read again.
    """
    batch = batch or rows.Batch()
    changes = [
        change
        for source, asked in wanted.items()
        for change in differences(source, asked, footing.of_source(source) if footing else live_of_source(relationship.pk, source))
    ]
    append(relationship, changes, batch)
    if len(changes) != (1 if footing else 0):  # a footing took one position already
        batch.update(relationship, ("head_position",))
    if not changes:
        batch.run()
        return
    states = fold_views(relationship, changes, batch, footing)
    events = [change.on_day for change in changes if change.kind in (EvidenceKind.GOT, EvidenceKind.GAVE) and change.retracts is None]
    touched = reduce(or_, (change.mask for change in changes))
    write_cards(
        relationship=relationship, now=now, newest_event_day=max(events, default=None), states=states, touched=touched, batch=batch,
        cards=footing.cards if footing else None,
    )  # fmt: skip


def live_of_source(relationship_id: int, source: tuple[SourceKind, int]) -> list[Live]:
    return [Live(*row) for row in rows.plain(LIVE_BY_SOURCE, [relationship_id, *source])]


def differences(source: tuple[SourceKind, int], wanted: Sequence[Wanted], live: Sequence[Live]) -> list[Change]:
    """What has to be posted for one source, from what is live of it."""
    masks: dict[tuple[int, int, int, int, bool], int] = defaultdict(int)
    for asked in wanted:
        masks[asked.key] |= asked.mask
    changes = []
    for row in live:
        key = (row.side, row.on_day, row.kind, row.value, bool(row.relayed))
        gone = row.mask & ~masks.get(key, 0)
        if gone:
            changes.append(Change(*key, gone, *source, retracts=row.position))
        if key in masks:
            masks[key] &= ~row.mask
    return changes + [Change(*key, mask, *source) for key, mask in masks.items() if mask]


def append(relationship: Relationship, changes: Sequence[Change], batch: rows.Batch) -> None:
    """Give each change the next position of its relationship, and let live evidence follow. Keeping the new head is the caller's part."""
    for offset, change in enumerate(changes, start=1):
        common = {
            "workspace_id": relationship.workspace_id, "relationship_id": relationship.pk, "position": relationship.head_position + offset,
            "side": int(change.side), "on_day": change.on_day, "kind": int(change.kind), "value_int": change.value, "relayed": change.relayed,
            "view_mask": int(change.mask), "source_kind": int(change.source_kind), "source_id": change.source_id, "retracts_position": change.retracts,
        }  # fmt: skip
        batch.add(Evidence, common)
        if change.retracts is None:
            batch.add(LiveEvidence, common)
        else:
            retract(relationship, change, change.retracts)
    relationship.head_position += len(changes)


def retract(relationship: Relationship, change: Change, position: int) -> None:
    live = LiveEvidence.objects.filter(relationship_id=relationship.pk, position=position)
    if not live.filter(view_mask=change.mask).delete()[0]:
        live.update(view_mask=F("view_mask") - change.mask)


def fold_views(relationship: Relationship, changes: Sequence[Change], batch: rows.Batch, footing: Footing | None = None) -> list[BalanceState]:
    """Bring every stored view up to the head position; make a private view's state when something private came into it."""
    stored = footing.states if footing else rows.select(BalanceState, '"relationship_id" = %s', [relationship.pk])
    states = {View(row.view): row for row in stored}
    if View.SHARED not in states:
        states[View.SHARED] = new_state(relationship, View.SHARED)
    for view in (View.OWN, View.COUNTERPART):
        differs = any(bool(change.mask & view) != bool(change.mask & View.SHARED) for change in changes)
        if view not in states and differs:
            batch.run()
            states[view] = new_state(relationship, view)
            refold_state(states[view], side_days=dict.fromkeys(SideRole, NO_EVIDENCE))
    for view, row in states.items():
        seen = [change for change in changes if change.mask & view]
        if row.pk is None and view != View.SHARED:
            seen = []  # folded from the beginning just above
        for side in SideRole:
            mine = [change for change in seen if change.side == side]
            if mine:
                fold_side(row, side, mine, batch, footing)
        row.position, row.method = relationship.head_position, METHOD
        if row.pk is None:
            batch.insert(row)
        else:
            batch.update(row, STATE_FIELDS)
    return list(states.values())


def new_state(relationship: Relationship, view: View) -> BalanceState:
    return BalanceState(
        workspace_id=relationship.workspace_id,
        relationship_id=relationship.pk,
        view=view,
        position=0,
        method=METHOD,
        before=pack_prior(),
        after=pack_prior(),
    )


def fold_side(row: BalanceState, side: SideRole, changes: Sequence[Change], batch: rows.Batch, footing: Footing | None = None) -> None:
    """Fold one side's changes: onwards from `after`, the open day again from `before`, or back to the last checkpoint before them."""
    open_day = open_day_of(row, side)
    first = min(change.on_day for change in changes)
    only_new = all(change.retracts is None for change in changes)
    added = [(int(side), change.on_day, change.kind, change.value, change.relayed) for change in changes]
    if only_new and first > open_day:
        store(row, side, added, start=state_part(row.after, side), old_open=open_day)
        return
    so_far = footing.of_day(side, open_day, row.view) if footing and only_new and first == open_day else None
    if so_far is not None and all(change.on_day == open_day for change in changes):
        store(row, side, so_far + added, start=state_part(row.before, side), old_open=None)
        return
    batch.run()
    if first == open_day:
        live = live_of(row, side, from_day=open_day)
        if live:
            store(row, side, live, start=state_part(row.before, side), old_open=None)
        else:
            refold_state(row, side_days={side: first})
    else:
        refold_state(row, side_days={side: first})


def refold_state(row: BalanceState, *, side_days: dict[SideRole, int]) -> None:
    """Fold a side again from the last checkpoint before a day, setting new checkpoints on the way."""
    for side, day in side_days.items():
        points = BalanceCheckpoint.objects.filter(relationship_id=row.relationship_id, view=row.view, side=side)
        points.filter(on_day__gte=day).delete()
        point = points.filter(method=METHOD).order_by("-on_day").first() if day > NO_EVIDENCE else None
        start = bytes(point.state) if point else state_part(pack_prior(), side)
        set_open(row, side, NO_EVIDENCE)
        put(row, side, before=start, after=start)
        set_ticks(row, side, 0)
        live = live_of(row, side, from_day=point.on_day + 1 if point else NO_EVIDENCE)
        if not live:
            if point:  # the newest day has gone: the day before it is open again
                previous = live_of(row, side, from_day=point.on_day)
                points.filter(pk=point.pk).delete()
                refold_state(row, side_days={side: point.on_day if previous else NO_EVIDENCE})
            continue
        days = sorted({one[1] for one in live})
        for begin in range(0, len(days), TICKS_BETWEEN_CHECKPOINTS):
            chunk = set(days[begin : begin + TICKS_BETWEEN_CHECKPOINTS])
            store(row, side, [one for one in live if one[1] in chunk], start=state_part(row.after, side), old_open=open_day_of(row, side))


def store(row: BalanceState, side: SideRole, live: list[tuple[int, int, int, int, bool]], *, start: bytes, old_open: int | None) -> None:
    """Fold rows of one side onto `start`, keep before and after, and set a checkpoint when enough ticks have passed.

    `old_open` is the day that was open and is now behind us; None when the open day itself is folded again.
    """
    before, after, day = fold_packed(live, start)
    if old_open is not None:
        ticks = ticks_of(row, side) + len({one[1] for one in live})
        if ticks > TICKS_BETWEEN_CHECKPOINTS and old_open != NO_EVIDENCE:
            BalanceCheckpoint.objects.update_or_create(
                relationship_id=row.relationship_id, view=row.view, side=side, on_day=old_open,
                defaults={"workspace_id": row.workspace_id, "method": METHOD, "state": start},
            )  # fmt: skip
            ticks = len({one[1] for one in live})
        set_ticks(row, side, ticks)
    put(row, side, before=before, after=after)
    set_open(row, side, day)


def live_of(row: BalanceState, side: SideRole, *, from_day: int) -> list[tuple[int, int, int, int, bool]]:
    found = rows.plain(LIVE_FROM_DAY, [row.workspace_id, row.relationship_id, int(side), from_day])
    return [(one[0], one[1], one[2], one[3], bool(one[4])) for one in found if one[5] & row.view]


def state_part(packed: bytes | memoryview, side: int) -> bytes:
    """One side's half of a packed pair."""
    whole = bytes(packed)
    half = len(whole) // 2
    return whole[half:] if side == SideRole.COUNTERPART else whole[:half]


def put(row: BalanceState, side: SideRole, *, before: bytes, after: bytes) -> None:
    for name, part in (("before", before), ("after", after)):
        other = state_part(getattr(row, name), SideRole.OWN if side == SideRole.COUNTERPART else SideRole.COUNTERPART)
        setattr(row, name, other + part if side == SideRole.COUNTERPART else part + other)


def open_day_of(row: BalanceState, side: SideRole) -> int:
    day = row.open_day_own if side == SideRole.OWN else row.open_day_counterpart
    return NO_EVIDENCE if day is None else day


def set_open(row: BalanceState, side: SideRole, day: int) -> None:
    value = None if day == NO_EVIDENCE else day
    if side == SideRole.OWN:
        row.open_day_own = value
    else:
        row.open_day_counterpart = value


def ticks_of(row: BalanceState, side: SideRole) -> int:
    return row.ticks_own if side == SideRole.OWN else row.ticks_counterpart


def set_ticks(row: BalanceState, side: SideRole, ticks: int) -> None:
    if side == SideRole.OWN:
        row.ticks_own = ticks
    else:
        row.ticks_counterpart = ticks


def rebuild(*, relationship_id: int, now: datetime) -> None:
    """Fold one relationship again from its live evidence, in every stored view, and rewrite its cards."""
    with transaction.atomic():
        relationship = locked(relationship_id)
        BalanceCheckpoint.objects.filter(relationship_id=relationship.pk).delete()
        for row in BalanceState.objects.filter(relationship_id=relationship.pk):
            refold_state(row, side_days=dict.fromkeys(SideRole, NO_EVIDENCE))
            row.position, row.method = relationship.head_position, METHOD
            row.save()
        write_cards(relationship=relationship, now=now)


def day_in(relationship: Relationship, now: datetime) -> date:
    return now.astimezone(relationship.workspace.zone).date()
