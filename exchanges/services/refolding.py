"""Balances of many relationships at once: one vectorised fold of their live evidence, then states and cards in bulk, as columns.

For bulk imports, new methods and repairs. The result equals posting one statement at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from exchanges.models import BalanceCheckpoint, BalanceState, Card, LiveEvidence, Snapshot, View
from exchanges.selectors.balances import METHOD, fold_columns, outlooks, turning_days
from exchanges.services.cards import CARD_VIEWS, FLOWS, duration, outside_since
from relationships.models import ENDED_STAGES, Relationship, Side, SideRole, Workspace
from relationships.selectors.rhythm import RhythmInForce, RhythmTable, agreed_intent, set_by_hand
from valueledger.common import bulk

AT_ONCE = 4_000
TICKS_MOST = 32_000
RELATIONSHIP, SIDE, DAY, KIND, VALUE, RELAYED, MASK = range(7)
TYPES = ["i8", "i2", "i4", "i2", "i8", "?", "i2"]


class Row(NamedTuple):
    """What states and cards take from a relationship."""

    pk: int
    workspace_id: int
    public_id: Any
    kind: str
    stage: str
    steward_id: int | None
    head_position: int
    band: Decimal | None
    cadence_days: int | None


@dataclass(frozen=True)
class Folded:
    """The states of some relationships in one view. `packed` holds before and after, 304 bytes each."""

    view: View
    rows: Sequence[Row]
    before: NDArray[np.void]
    after: NDArray[np.void]
    open_days: NDArray[np.int64]  # relationship by side, below 0 for none
    ticks: NDArray[np.int64]


def refold(*, relationships: Sequence[int], now: datetime, evidence: Sequence[NDArray[Any]] | None = None) -> None:
    """Rebuild the states and cards of these relationships (one workspace) from live evidence.

    `evidence`: all of it as columns, if the caller has just written it; as `live_columns` gives it.
    """
    ids = sorted(set(relationships))
    for start in range(0, len(ids), AT_ONCE):
        with transaction.atomic():
            refold_chunk(ids[start : start + AT_ONCE], now=now, evidence=evidence)


def refold_chunk(ids: Sequence[int], *, now: datetime, evidence: Sequence[NDArray[Any]] | None = None) -> None:
    """As `refold`, for as many as fit in memory, in the caller's transaction."""
    # The rows' locks come first, in the order of their ids, so that a statement posted meanwhile waits and folds on from here.
    chosen = Relationship.objects.select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk")
    rows = [Row(*values) for values in chosen.values_list(*Row._fields)]
    if not rows:
        return
    pks = [row.pk for row in rows]
    if evidence is None:
        evidence = live_columns(rows[0].workspace_id, pks)
    elif len(ids) < len(np.unique(evidence[RELATIONSHIP])):
        among = np.isin(evidence[RELATIONSHIP], pks)
        evidence = [column[among] for column in evidence]
    kept = set(BalanceState.objects.filter(relationship_id__in=ids).exclude(view=View.SHARED).values_list("relationship_id", "view"))
    BalanceCheckpoint.objects.filter(relationship_id__in=ids).delete()
    BalanceState.objects.filter(relationship_id__in=ids).delete()
    states = []
    for view in View:
        seen = (evidence[MASK] & view) != 0
        mine: Sequence[Row] = rows
        if view != View.SHARED:
            differs = seen != ((evidence[MASK] & View.SHARED) != 0)
            private = set(evidence[RELATIONSHIP][differs].tolist()) | {pk for pk, kept_view in kept if kept_view == view}
            mine = [row for row in rows if row.pk in private]
        if mine:
            states.append(fold_view(mine, [column[seen] for column in evidence], view))
    for folded in states:
        write_states(folded)
    write_many_cards(rows, states, evidence, now=now)


def live_columns(workspace_id: int, ids: Sequence[int]) -> list[NDArray[Any]]:
    """The live evidence of these relationships, in the order of RELATIONSHIP, SIDE, DAY, KIND, VALUE, RELAYED, MASK."""
    names = "relationship_id, side, on_day, kind, value_int, relayed, view_mask"
    among = "= ANY(%s)" if connection.vendor == "postgresql" else "IN (SELECT value FROM json_each(%s))"
    given: Any = list(ids) if connection.vendor == "postgresql" else str(list(ids))
    table = LiveEvidence._meta.db_table
    # The workspace stands first in the index in replay order; without it the whole table would be read.
    return bulk.read(f"SELECT {names} FROM {table} WHERE workspace_id = %s AND relationship_id {among}", TYPES, [workspace_id, given])  # noqa: S608 - our own names


def fold_view(rows: Sequence[Row], evidence: Sequence[NDArray[Any]], view: View) -> Folded:
    """The states of these relationships in one view. They stand in the order of their ids."""
    ids = np.array([row.pk for row in rows])
    among = np.isin(evidence[RELATIONSHIP], ids)
    columns = [column[among] for column in evidence]
    series = 2 * np.searchsorted(ids, columns[RELATIONSHIP]) + columns[SIDE]
    before, after, days = fold_columns(series, columns[DAY], columns[KIND], columns[VALUE], columns[RELAYED], 2 * len(rows))
    ticks = ticks_of(series, columns[DAY], 2 * len(rows))
    return Folded(view, rows, pairs(before.rows()), pairs(after.rows()), days.reshape(-1, 2), ticks.reshape(-1, 2))


def pairs(rows: NDArray[np.float64]) -> NDArray[np.void]:
    """Both sides of a relationship as one blob."""
    width = 2 * 8 * rows.shape[1]
    return np.frombuffer(rows.astype("<f8", order="C").tobytes(), f"V{width}")


def ticks_of(series: NDArray[np.int64], day: NDArray[Any], count: int) -> NDArray[np.int64]:
    """How many days with evidence each series has."""
    keys = np.unique((series << 24) | day)
    return np.minimum(np.bincount(keys >> 24, minlength=count), TICKS_MOST)


def write_states(folded: Folded) -> None:
    days = [np.ma.MaskedArray(folded.open_days[:, side], folded.open_days[:, side] < 0) for side in SideRole]
    bulk.insert(
        BalanceState, len(folded.rows),
        {
            "workspace_id": folded.rows[0].workspace_id, "relationship_id": np.array([row.pk for row in folded.rows], np.int64), "view": int(folded.view),
            "position": np.array([row.head_position for row in folded.rows], np.int64), "method": METHOD, "open_day_own": days[SideRole.OWN],
            "open_day_counterpart": days[SideRole.COUNTERPART], "before": folded.before, "after": folded.after,
            "ticks_own": folded.ticks[:, SideRole.OWN], "ticks_counterpart": folded.ticks[:, SideRole.COUNTERPART],
        },
    )  # fmt: skip


def write_many_cards(rows: Sequence[Row], states: Sequence[Folded], evidence: Sequence[NDArray[Any]], *, now: datetime) -> None:
    ids = [row.pk for row in rows]
    workspace = Workspace.objects.get(pk=rows[0].workspace_id)
    today = now.astimezone(workspace.zone).date()
    rhythms, names = rhythms_and_names(rows, workspace)
    known = {(pk, view): (verdict, since) for pk, view, verdict, since in cards_before(ids)}
    Card.objects.filter(relationship_id__in=ids).delete()
    with_own = {row.pk for folded in states if folded.view == View.OWN for row in folded.rows}
    by_hand = set_by_hand(workspace.pk) & set(ids)
    for folded in states:
        if folded.view in CARD_VIEWS:
            newest = newest_event_days(evidence, folded.view)
            write_view_cards(folded, rhythms, names, known, newest, with_own, by_hand, today=today, now=now)


def write_view_cards(
    folded: Folded, rhythms: dict[int, RhythmInForce], names: dict[int, tuple[str, str, str]], known: dict[tuple[int, int], tuple[str, date | None]],
    newest: dict[int, int], with_own: set[int], by_hand: set[int], *, today: date, now: datetime,
) -> None:  # fmt: skip
    """The cards of one view, and a snapshot of each that says something else than before."""
    rows, view, count = folded.rows, folded.view, len(folded.rows)
    bands, cadences = [rhythms[row.pk].band for row in rows], [rhythms[row.pk].cadence_days for row in rows]
    packed, positions = [folded.after.tobytes()], [row.head_position for row in rows]
    seen = outlooks([row.pk for row in rows], packed, as_of=today, band=bands, cadence_days=cadences, view=view, positions=positions)
    columns: dict[str, Any] = dict(seen.columns())
    verdicts = columns["verdict"].tolist()
    before = [known.get((row.pk, view)) or known.get((row.pk, View.SHARED)) for row in rows]
    since = [outside_since(one[1] if one else None, verdict, today) for one, verdict in zip(before, verdicts, strict=True)]
    ended = np.array([row.stage in ENDED_STAGES for row in rows])
    due = {name: np.ma.MaskedArray(columns[name], ended) for name in ("due_own_on", "due_counterpart_on")}
    event_days = np.array([newest.get(row.pk, -1) for row in rows], np.int64)
    common = {"workspace_id": rows[0].workspace_id, "relationship_id": np.array([row.pk for row in rows], np.int64), "view": int(view)}
    bulk.insert(
        Card, count,
        columns | common | due | {
            "public_id": np.frombuffer(b"".join(row.public_id.bytes for row in rows), "V16"), "has_own": flags(rows, with_own if view == View.SHARED else set()),
            "is_hand_set": flags(rows, by_hand),
            "own_name": [names[row.pk][0] for row in rows], "counterpart_name": [names[row.pk][1] for row in rows], "intent": [names[row.pk][2] for row in rows],
            "steward_id": [row.steward_id for row in rows], "kind": [str(row.kind) for row in rows], "stage": [str(row.stage) for row in rows],
            "band": np.array(bands, float), "cadence_days": cadences, "verdict": verdicts, "leaning": columns["leaning"].tolist(),
            "severity": seen.excess() * np.array([duration(day, today) for day in since]), "outside_since": since,
            "last_event_on": np.ma.MaskedArray(event_days, event_days < 0), "state_on": today, "position": np.array(positions, np.int64),
            "due_on": np.ma.MaskedArray(np.minimum(columns["due_own_on"], columns["due_counterpart_on"]), ended),
            "turns_on": turning_days(packed, as_of=today, band=bands, cadence_days=cadences),
        },
    )  # fmt: skip
    said = [known[row.pk, view][0] if (row.pk, view) in known else "unconfirmed" for row in rows]
    changed = np.array([verdict != was for verdict, was in zip(verdicts, said, strict=True)], bool)
    kept = ("r_own", "sd_own", "r_counterpart", "sd_counterpart", "probability", "heard_own", "heard_counterpart", "is_spiral")
    bulk.insert(
        Snapshot, int(changed.sum()),
        {name: value[changed] for name, value in common.items() if isinstance(value, np.ndarray)} | {name: columns[name][changed] for name in kept} | {
            "workspace_id": rows[0].workspace_id, "view": int(view), "as_of": today, "known_at": now, "method": METHOD,
            "position": np.array(positions, np.int64)[changed], "verdict": columns["verdict"][changed].tolist(),
        },
    )  # fmt: skip


def flags(rows: Sequence[Row], among: set[int]) -> NDArray[np.bool_]:
    return np.array([row.pk in among for row in rows], bool)


def cards_before(ids: Sequence[int]) -> list[tuple[int, int, str, date | None]]:
    return list(Card.objects.filter(relationship_id__in=ids).values_list("relationship_id", "view", "verdict", "outside_since"))


def newest_event_days(evidence: Sequence[NDArray[Any]], view: View) -> dict[int, int]:
    """The last day on which something was given or got, as far as this view may see it, by relationship."""
    flows = np.isin(evidence[KIND], [int(kind) for kind in FLOWS]) & ((evidence[MASK] & int(view)) != 0)
    newest: dict[int, int] = {}
    for pk, day in zip(evidence[RELATIONSHIP][flows].tolist(), evidence[DAY][flows].tolist(), strict=True):
        newest[pk] = max(newest.get(pk, day), day)
    return newest


def rhythms_and_names(rows: Sequence[Row], workspace: Workspace) -> tuple[dict[int, RhythmInForce], dict[int, tuple[str, str, str]]]:
    table = RhythmTable(workspace)
    sides = Side.objects.filter(relationship_id__in=[row.pk for row in rows]).values_list("relationship_id", "role", "party__text__name", "intent")
    found: dict[int, dict[int, tuple[str, str]]] = {}
    for pk, role, name, intent in sides:
        found.setdefault(pk, {})[role] = (name or "", intent)
    usual: dict[tuple[str, str, Decimal | None, int | None], RhythmInForce] = {}
    rhythms, names = {}, {}
    for row in rows:
        (own, own_intent), (counterpart, their_intent) = found[row.pk][SideRole.OWN], found[row.pk][SideRole.COUNTERPART]
        intent = agreed_intent(own_intent, their_intent)
        names[row.pk] = (own, counterpart, intent)
        key = (row.kind, intent, row.band, row.cadence_days)
        if key not in usual:
            usual[key] = table.of(kind=row.kind, intent=intent, band=row.band, cadence_days=row.cadence_days)
        rhythms[row.pk] = usual[key]
    return rhythms, names
