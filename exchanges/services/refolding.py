"""Balances of many relationships at once: one vectorised fold of their live evidence, then states and cards in bulk.

For bulk imports, new methods and repairs. The result equals posting one statement at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from django.db import transaction

from exchanges.models import BalanceCheckpoint, BalanceState, Card, LiveEvidence, Snapshot, View
from exchanges.selectors.balances import METHOD, fold_columns, turning_days
from exchanges.selectors.statements import day_of
from exchanges.services.cards import CARD_VIEWS, cards_from, copy_of, fill, newest_event_days, snapshot_of
from relationships.models import Relationship, Side, SideRole, Workspace
from relationships.selectors.rhythm import RhythmInForce, RhythmTable, agreed_intent

AT_ONCE = 4_000
COLUMNS = ("relationship_id", "side", "on_day", "kind", "value_int", "relayed", "view_mask")


def refold(*, relationships: Sequence[int], now: datetime) -> None:
    """Rebuild the states and cards of these relationships (one workspace) from live evidence."""
    ids = sorted(set(relationships))
    for start in range(0, len(ids), AT_ONCE):
        with transaction.atomic():
            refold_chunk(ids[start : start + AT_ONCE], now=now)


def refold_chunk(ids: Sequence[int], *, now: datetime) -> None:
    """As `refold`, for as many as fit in memory, in the caller's transaction."""
    # The rows' locks come first, in the order of their ids, so that a statement posted meanwhile waits and folds on from here.
    rows = list(Relationship.objects.select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk"))
    if not rows:
        return
    evidence = np.array(LiveEvidence.objects.filter(relationship_id__in=ids).values_list(*COLUMNS), dtype=np.int64).reshape(-1, len(COLUMNS))
    kept = {(row.relationship_id, row.view) for row in BalanceState.objects.filter(relationship_id__in=ids).exclude(view=View.SHARED)}
    BalanceCheckpoint.objects.filter(relationship_id__in=ids).delete()
    BalanceState.objects.filter(relationship_id__in=ids).delete()
    states: list[BalanceState] = []
    for view in View:
        seen = evidence[(evidence[:, 6] & view) != 0]
        chosen = rows
        if view != View.SHARED:
            differs = ((evidence[:, 6] & view) != 0) != ((evidence[:, 6] & View.SHARED) != 0)
            private = set(evidence[differs, 0].tolist()) | {pk for pk, kept_view in kept if kept_view == view}
            chosen = [row for row in rows if row.pk in private]
        states += fold_view(chosen, seen, view)
    BalanceState.objects.bulk_create(states, batch_size=500)
    write_many_cards(rows, states, now=now)


def fold_view(rows: Sequence[Relationship], evidence: np.ndarray, view: View) -> list[BalanceState]:
    """The states of these relationships in one view."""
    if not rows:
        return []
    ids = np.array([row.pk for row in rows])
    evidence = evidence[np.isin(evidence[:, 0], ids)]
    series = 2 * np.searchsorted(ids, evidence[:, 0]) + evidence[:, 1]
    before, after, days = fold_columns(series, evidence[:, 2], evidence[:, 3], evidence[:, 4], evidence[:, 5] != 0, 2 * len(rows))
    packed_before, packed_after = before.pack(), after.pack()
    ticks = ticks_of(series, evidence[:, 2], 2 * len(rows))
    open_days = [None if day < 0 else int(day) for day in days.tolist()]
    return [
        BalanceState(
            workspace_id=row.workspace_id, relationship_id=row.pk, view=view, position=row.head_position, method=METHOD,
            before=packed_before[2 * place] + packed_before[2 * place + 1], after=packed_after[2 * place] + packed_after[2 * place + 1],
            open_day_own=open_days[2 * place], open_day_counterpart=open_days[2 * place + 1],
            ticks_own=min(ticks[2 * place], 32_000), ticks_counterpart=min(ticks[2 * place + 1], 32_000),
        )
        for place, row in enumerate(rows)
    ]  # fmt: skip


def ticks_of(series: np.ndarray, day: np.ndarray, count: int) -> list[int]:
    """How many days with evidence each series has."""
    if not len(series):
        return [0] * count
    keys = np.unique((series << 24) | day)
    return np.bincount(keys >> 24, minlength=count).tolist()


def write_many_cards(rows: Sequence[Relationship], states: Sequence[BalanceState], *, now: datetime) -> None:
    ids = [row.pk for row in rows]
    workspace = Workspace.objects.get(pk=rows[0].workspace_id)
    today = now.astimezone(workspace.zone).date()
    rhythms, names = rhythms_and_names(rows, workspace)
    known = {(card.relationship_id, card.view): card for card in Card.objects.filter(relationship_id__in=ids)}
    newest = newest_event_days(ids)
    by_id = {row.pk: row for row in rows}
    with_own = {state.relationship_id for state in states if state.view == View.OWN}
    cards, snapshots = [], []
    for view in CARD_VIEWS:
        chosen = [state for state in states if state.view == view]
        if not chosen:
            continue
        bands = [rhythms[state.relationship_id].band for state in chosen]
        cadences = [rhythms[state.relationship_id].cadence_days for state in chosen]
        seen = cards_from(chosen, as_of=today, bands=bands, cadences=cadences, view=view)
        turns = turning_days([state.after for state in chosen], as_of=today, band=bands, cadence_days=cadences)
        for place, state in enumerate(chosen):
            row = by_id[state.relationship_id]
            card = copy_of(known.get((row.pk, view)) or known.get((row.pk, View.SHARED)), row, view)
            card.own_name, card.counterpart_name, card.intent = names[row.pk]
            card.band, card.cadence_days = bands[place], cadences[place]
            card.has_own = view == View.SHARED and row.pk in with_own
            card.kind, card.stage, card.steward_id, card.position = row.kind, row.stage, row.steward_id, state.position
            card.last_event_on = newest.get(row.pk)
            balance = seen.balance(place)
            previous = known.get((row.pk, view))
            fill(card, balance, today)
            if balance.verdict != (previous.verdict if previous else "unconfirmed"):
                snapshots.append(snapshot_of(card, balance, now))
            card.turns_on = day_of(int(turns[place]))
            cards.append(card)
    Card.objects.filter(relationship_id__in=ids).delete()
    Card.objects.bulk_create(cards, batch_size=500)
    Snapshot.objects.bulk_create(snapshots, batch_size=500)


def rhythms_and_names(rows: Sequence[Relationship], workspace: Workspace) -> tuple[dict[int, RhythmInForce], dict[int, tuple[str, str, str]]]:
    table = RhythmTable(workspace)
    sides = Side.objects.filter(relationship_id__in=[row.pk for row in rows]).values_list("relationship_id", "role", "party__text__name", "intent")
    found: dict[int, dict[int, tuple[str, str]]] = {}
    for pk, role, name, intent in sides:
        found.setdefault(pk, {})[role] = (name or "", intent)
    rhythms, names = {}, {}
    for row in rows:
        (own, own_intent), (counterpart, their_intent) = found[row.pk][SideRole.OWN], found[row.pk][SideRole.COUNTERPART]
        intent = agreed_intent(own_intent, their_intent)
        names[row.pk] = (own, counterpart, intent)
        rhythms[row.pk] = table.of(kind=row.kind, intent=intent, band=row.band, cadence_days=row.cadence_days)
    return rhythms, names
