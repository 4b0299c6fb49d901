"""The door to the balance core: stored states in, balances out, aged to the day they are read at. How they came about is in `history`.

Nothing here writes. A balance always says for which view, day and position it holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exchanges.balance import cadence as asking
from exchanges.balance.arithmetic import ONE, normal
from exchanges.balance.cadence import Reason
from exchanges.balance.evidence import EvidenceColumns
from exchanges.balance.filtering import ROWS_OF_ONE, fold, fold_one
from exchanges.balance.parameters import DEFAULTS
from exchanges.balance.states import BYTES, LAST_DAY, States
from exchanges.balance.verdict import EIGHTY_PERCENT, SideOutlook, Verdict, outlook, outlook_of_one, turns_on
from exchanges.balance.verdict import Outlook as Outlook  # cards are made straight of it
from exchanges.models import BalanceState, LiveEvidence, View
from exchanges.selectors.statements import day_number, day_of
from relationships.models import Relationship, SideRole, Workspace
from relationships.selectors.rhythm import RhythmInForce, RhythmTable, agreed_intent

METHOD = DEFAULTS.method
KAPPA = DEFAULTS.kappa
NORMAL = NormalDist()
VERDICTS = [verdict.code for verdict in Verdict]
DUE_REASONS: dict[int, str] = {Reason.NEVER_ASKED: "never", Reason.WIDENED: "blurred", Reason.UNCLEAR: "unclear", Reason.SURPRISED: "surprised"}


@dataclass(frozen=True)
class SideBalance:
    """One side on one day. `r`, `sd`, `usual` in nats; `f`, `lo`, `hi` in points, the range holding the truth 8 times in 10."""

    side: SideRole
    r: float
    sd: float
    f: float
    lo: float
    hi: float
    usual: float
    short: float
    fair: float
    over: float
    heard: bool
    answered_on: date | None
    is_surprised: bool
    is_sustained: bool
    withdrawal: float | None
    due_on: date
    due_reason: str

    @property
    def was_ever_heard(self) -> bool:
        return self.answered_on is not None


@dataclass(frozen=True)
class Balance:
    """How even one relationship feels to both sides, as one reader may see it, on one day."""

    relationship_id: int
    view: View
    as_of: date
    position: int
    method: str
    band: float
    own: SideBalance
    counterpart: SideBalance
    tilt: float
    tilt_sd: float
    surplus: float
    index: float
    index_lo: float
    index_hi: float
    share: float
    seen: float
    cells: tuple[tuple[float, float, float], ...]
    verdict: str
    leaning: str
    probability: float
    is_likely: bool
    is_severe: bool
    is_sustained: bool
    is_mutual_withdrawal: bool
    is_spiral: bool

    def side(self, role: int) -> SideBalance:
        return self.own if role == SideRole.OWN else self.counterpart

    @property
    def expected_excess(self) -> float:
        """Expected points beyond the fair band, both sides together: what severity is made of."""
        return sum(_excess(side.f, side.sd / KAPPA, self.band) for side in (self.own, self.counterpart))


def expected_excess(seen: Outlook, band: float) -> float:
    """Expected points beyond the fair band, both sides together: what severity is made of."""
    return sum(_excess(side.felt / KAPPA, side.sd / KAPPA, band) for side in (seen.own, seen.counterpart))


def _excess(f: float, sd: float, band: float) -> float:
    """E[max(|x| - band, 0)] of a normal x: a side's expected distance beyond its band."""
    total = 0.0
    for edge in (f - band, -f - band):
        z = edge / sd
        total += edge * NORMAL.cdf(z) + sd * NORMAL.pdf(z)
    return total


def pack_prior() -> bytes:
    """Both sides' state before any evidence."""
    return b"".join(States.prior(2).pack())


def unpack(packed: bytes | memoryview) -> States:
    """The states of both sides, own first."""
    return States.unpack(bytes(packed))


def fold_rows(rows: Sequence[tuple[int, int, int, int, bool]], initial: States) -> tuple[States, States, NDArray[np.int64]]:
    """Fold (series, day, kind, value, relayed) onto states: before and after each series' last day, and that day (-1: no evidence)."""
    folded = fold(EvidenceColumns.from_rows(rows), len(initial), initial=initial)
    return folded.before, folded.after, folded.open_day


def fold_packed(rows: Sequence[tuple[int, int, int, int, bool]], start: bytes) -> tuple[bytes, bytes, int]:
    """Fold (side, day, kind, value, relayed) of one side onto its packed state: before and after its last day, and that day."""
    if len(rows) <= ROWS_OF_ONE:
        one_before, one_after, day = fold_one([(on, kind, relayed, value) for _, on, kind, value, relayed in rows], States.unpack_one(start))
        return States.pack_one(one_before), States.pack_one(one_after), day
    before, after, days = fold_rows([(0, *row[1:]) for row in rows], States.unpack(start))
    return before.pack()[0], after.pack()[0], int(days[0])


def fold_columns(series: Any, day: Any, kind: Any, value: Any, relayed: Any, count: int) -> tuple[States, States, NDArray[np.int64]]:
    """Fold whole columns of many series from the prior."""
    folded = fold(EvidenceColumns.of(series, day, kind, value, relayed), count)
    return folded.before, folded.after, folded.open_day


def rhythm_of(relationship: Relationship, table: RhythmTable | None = None) -> RhythmInForce:
    """The band and cadence in force, with where each came from. Costs two queries without a table."""
    table = table or RhythmTable(relationship.workspace)
    intents = {side.role: side.intent for side in relationship.sides.all()}
    intent = agreed_intent(intents.get(SideRole.OWN, ""), intents.get(SideRole.COUNTERPART, ""))
    return table.of(kind=relationship.kind, intent=intent, band=relationship.band, cadence_days=relationship.cadence_days)


def state_for(relationship_id: int, view: View) -> BalanceState:
    """The stored state that this view reads: its own where something private exists, else the shared one."""
    rows = {row.view: row for row in BalanceState.objects.filter(relationship_id=relationship_id, view__in=[view, View.SHARED])}
    return rows.get(view) or rows[View.SHARED]


def balance_of(relationship: Relationship, *, view: View, as_of: date, rhythm: RhythmInForce | None = None) -> Balance:
    """The balance that this view may see, as of a day not before its newest evidence."""
    rhythm = rhythm or rhythm_of(relationship)
    row = state_for(relationship.pk, view)
    return balance_from_state(row, view=view, as_of=as_of, band=rhythm.band, cadence_days=rhythm.cadence_days)


def balance_from_state(row: BalanceState, *, view: View, as_of: date, band: float, cadence_days: int | None) -> Balance:
    return balance_of_outlook(row, outlook_from_state(row, as_of, band, cadence_days), view=view, as_of=as_of, band=band)


def outlook_from_state(row: BalanceState, as_of: date, band: float, cadence_days: int | None) -> Outlook:
    """What the core says of a stored state: all that a card needs."""
    own, counterpart = (States.unpack_one(row.after[start : start + BYTES]) for start in (0, BYTES))
    return _outlook(own, counterpart, as_of, band, cadence_days)


def balance_of_outlook(row: BalanceState, seen: Outlook, *, view: View, as_of: date, band: float) -> Balance:
    return _read(row.relationship_id, view, seen, row.position, row.method, as_of, band)


def balance_in_the_past(relationship: Relationship, *, view: View, as_of: date, rhythm: RhythmInForce | None = None) -> Balance:
    """What we now think the balance was on an earlier day: its live evidence up to then, folded again."""
    rhythm = rhythm or rhythm_of(relationship)
    rows = [row for row in live_rows(relationship.pk, view) if row[1] <= day_number(as_of)]
    _, after, _ = fold_rows(rows, States.prior(2))
    return _balance(
        relationship.pk, view, after.of_one(0), after.of_one(1), relationship.head_position, METHOD, as_of, rhythm.band, rhythm.cadence_days
    )


def balance_of_rows(rows: Sequence[tuple[int, int, int, int, bool]], *, relationship_id: int, view: View, as_of: date, band: float) -> Balance:
    """The balance of evidence that is not posted yet, for pages that lay revealed answers over what is stored."""
    _, after, _ = fold_rows(rows, States.prior(2))
    return _balance(relationship_id, view, after.of_one(0), after.of_one(1), 0, METHOD, as_of, band, None)


def live_rows(relationship_id: int, view: View) -> list[tuple[int, int, int, int, bool]]:
    """The evidence of one relationship that a view may see, as the core takes it: (side, day, kind, value, relayed)."""
    rows = LiveEvidence.objects.filter(relationship_id=relationship_id).values_list("side", "on_day", "kind", "value_int", "relayed", "view_mask")
    return [row[:5] for row in rows.order_by("side", "on_day", "kind") if row[5] & view]


def _balance(
    relationship_id: int,
    view: View,
    own: tuple[float, ...],
    counterpart: tuple[float, ...],
    position: int,
    method: str,
    as_of: date,
    band: float,
    cadence_days: int | None,
) -> Balance:
    return _read(relationship_id, view, _outlook(own, counterpart, as_of, band, cadence_days), position, method, as_of, band)


def _outlook(own: tuple[float, ...], counterpart: tuple[float, ...], as_of: date, band: float, cadence_days: int | None) -> Outlook:
    day = max(day_number(as_of), *(int(state[LAST_DAY]) for state in (own, counterpart) if state[LAST_DAY] == state[LAST_DAY]), 0)
    return outlook_of_one(own, counterpart, day, band, cadence_days)


def _read(relationship_id: int, view: View, seen: Outlook, position: int, method: str, as_of: date, band: float) -> Balance:
    return Balance(
        relationship_id=relationship_id,
        view=view,
        as_of=as_of,
        position=position,
        method=method,
        band=band,
        own=_side(SideRole.OWN, seen.own, as_of),
        counterpart=_side(SideRole.COUNTERPART, seen.counterpart, as_of),
        tilt=seen.tilt,
        tilt_sd=seen.sd,
        surplus=seen.surplus,
        index=seen.index,
        index_lo=seen.index_low,
        index_hi=seen.index_high,
        share=seen.share,
        seen=seen.seen,
        cells=tuple(tuple(mine * its for its in _chances(seen.counterpart)) for mine in _chances(seen.own)),  # type: ignore[misc]
        verdict=verdict_of(seen),
        leaning=leaning_of(seen),
        probability=float(seen.probability),
        is_likely=bool(seen.likely),
        is_severe=bool(seen.severe),
        is_sustained=bool(seen.sustained),
        is_mutual_withdrawal=bool(seen.mutual_withdrawal),
        is_spiral=bool(seen.spiral),
    )


def _chances(side: SideOutlook) -> tuple[float, float, float]:
    return side.short, side.fair, side.over


def verdict_of(seen: Outlook) -> str:
    return VERDICTS[int(seen.verdict)]


def leaning_of(seen: Outlook) -> str:
    return VERDICTS[int(seen.leaning)]


def answered_on(side: SideOutlook) -> date | None:
    return None if side.answer_day is None else day_of(int(side.answer_day))


def due_on(side: SideOutlook, as_of: date) -> date:
    return as_of if side.due_reason == Reason.NEVER_ASKED else day_of(int(side.due_day))


def _side(role: SideRole, seen: SideOutlook, as_of: date) -> SideBalance:
    half = EIGHTY_PERCENT * seen.sd
    return SideBalance(
        side=role,
        r=seen.felt,
        sd=seen.sd,
        f=seen.felt / KAPPA,
        lo=(seen.felt - half) / KAPPA,
        hi=(seen.felt + half) / KAPPA,
        usual=seen.usual,
        short=seen.short,
        fair=seen.fair,
        over=seen.over,
        heard=bool(seen.heard),
        answered_on=answered_on(seen),
        is_surprised=bool(seen.surprised),
        is_sustained=bool(seen.sustained),
        withdrawal=seen.withdrawal,
        due_on=due_on(seen, as_of),
        due_reason=DUE_REASONS[int(seen.due_reason)],
    )


@dataclass(frozen=True)
class Outlooks:
    """Many balances at once: the core's columns, and which row is which relationship."""

    ids: list[int]
    seen: Outlook
    as_of: date
    band: NDArray[np.float64]
    view: View
    positions: list[int]

    def balance(self, place: int) -> Balance:
        return _read(self.ids[place], self.view, self.seen.row(place), self.positions[place], METHOD, self.as_of, float(self.band[place]))

    def columns(self) -> dict[str, NDArray[Any]]:
        """What cards keep of each balance, as columns: `balance` for all rows at once. Days are numbers, masked where there is none."""
        both = {"own": self.seen.own, "counterpart": self.seen.counterpart}
        columns: dict[str, NDArray[Any]] = {}
        for name, side in both.items():
            answered, due = np.asarray(side.answer_day, float), np.asarray(side.due_day, float)
            never = np.asarray(side.due_reason) == Reason.NEVER_ASKED
            columns[f"r_{name}"], columns[f"sd_{name}"] = np.asarray(side.felt), np.asarray(side.sd)
            columns[f"heard_{name}"] = np.asarray(side.heard, bool)
            columns[f"answered_{name}_on"] = np.ma.MaskedArray(np.nan_to_num(answered).astype(np.int64), np.isnan(answered))
            columns[f"due_{name}_on"] = np.where(never, day_number(self.as_of), np.nan_to_num(due).astype(np.int64))
        names = np.array([VERDICTS[code] for code in range(len(VERDICTS))], object)
        columns["verdict"], columns["leaning"] = names[np.asarray(self.seen.verdict, int)], names[np.asarray(self.seen.leaning, int)]
        columns["probability"] = np.asarray(self.seen.probability, float)
        columns["is_spiral"], columns["is_sustained"] = np.asarray(self.seen.spiral, bool), np.asarray(self.seen.sustained, bool)
        columns["is_surprised"] = np.asarray(self.seen.own.surprised, bool) | np.asarray(self.seen.counterpart.surprised, bool)
        return columns

    def excess(self) -> NDArray[np.float64]:
        """Expected points beyond the band, both sides together, for each row."""
        total = np.zeros(len(self.ids))
        for side in (self.seen.own, self.seen.counterpart):
            f, sd = side.felt / KAPPA, side.sd / KAPPA
            for edge in (f - self.band, -f - self.band):
                z = edge / sd
                total += edge * normal(z) + sd * np.exp(-z * z / 2) / np.sqrt(2 * np.pi)
        return total


def states_of(packed: Iterable[bytes | memoryview]) -> tuple[States, States]:
    """Own and counterpart states of many stored rows."""
    whole = np.frombuffer(b"".join(packed), "<f8").reshape(-1, 2 * BYTES // 8)
    width = BYTES // 8
    return States.from_rows(whole[:, :width].copy()), States.from_rows(whole[:, width:].copy())


def outlooks(
    ids: Sequence[int], packed: Iterable[bytes | memoryview], *, as_of: date, band: Any, cadence_days: Any, view: View, positions: Sequence[int] = ()
) -> Outlooks:
    """Judge many stored states at a day; `cadence_days` with None replaced by the model's longest gap."""
    own, counterpart = states_of(packed)
    day = _days(own, counterpart, as_of)
    band = np.broadcast_to(np.asarray(band, float), (len(ids),))
    gap = np.broadcast_to(np.asarray([DEFAULTS.gap_max_days if days is None else days for days in np.atleast_1d(cadence_days)]), (len(ids),))
    return Outlooks(list(ids), outlook(own, counterpart, day, band, gap), as_of, band, view, list(positions) or [0] * len(ids))


def turning_days(packed: Iterable[bytes | memoryview], *, as_of: date, band: Any, cadence_days: Any) -> NDArray[np.int64]:
    """The next day on which each row's label or due date changes without any evidence."""
    own, counterpart = states_of(packed)
    gap = np.asarray([DEFAULTS.gap_max_days if days is None else days for days in np.atleast_1d(cadence_days)])
    return turns_on(own, counterpart, _days(own, counterpart, as_of), band, gap)


def _days(own: States, counterpart: States, as_of: date) -> NDArray[np.float64]:
    """The day to read at, for each row: never before its newest evidence, which may be dated tomorrow in another zone."""
    newest = np.fmax(own.columns[LAST_DAY], counterpart.columns[LAST_DAY])
    return np.fmax(newest, float(day_number(as_of)))


def balances_of(relationship_ids: Sequence[int], *, view: View, as_of: date, workspace: Workspace | None = None) -> dict[int, Balance]:
    """Balances of many relationships in one view, in three queries whatever their number."""
    wanted = set(relationship_ids)
    rows = Relationship.objects.filter(pk__in=wanted).values_list(
        "pk", "kind", "band", "cadence_days", "workspace_id", "sides__role", "sides__intent"
    )
    found: dict[int, dict[str, Any]] = {}
    for pk, kind, band, cadence, workspace_id, role, intent in rows:
        entry = found.setdefault(pk, {"kind": kind, "band": band, "cadence_days": cadence, "workspace_id": workspace_id, "intents": {}})
        entry["intents"][role] = intent
    if not found:
        return {}
    table = RhythmTable(workspace or Workspace.objects.get(pk=next(iter(found.values()))["workspace_id"]))
    rhythms = {
        pk: table.of(
            kind=entry["kind"], intent=agreed_intent(entry["intents"].get(0, ""), entry["intents"].get(1, "")),
            band=entry["band"], cadence_days=entry["cadence_days"],
        )
        for pk, entry in found.items()
    }  # fmt: skip
    stored: dict[int, BalanceState] = {}
    for row in BalanceState.objects.filter(relationship_id__in=wanted, view__in=[view, View.SHARED]).order_by("view"):
        if row.view == view or row.relationship_id not in stored:
            stored[row.relationship_id] = row
    ids = sorted(stored)
    if not ids:
        return {}
    seen = outlooks(
        ids, [bytes(stored[pk].after) for pk in ids], as_of=as_of, band=[rhythms[pk].band for pk in ids],
        cadence_days=[rhythms[pk].cadence_days for pk in ids], view=view, positions=[stored[pk].position for pk in ids],
    )  # fmt: skip
    return {pk: seen.balance(place) for place, pk in enumerate(ids)}


def chance_of_answer(asked: int, answered: int) -> float:
    return float(asking.chance_of_answer(asked, answered))


def worth_of(side: SideBalance, *, chance: float, chance_other: float, is_other_heard: bool) -> float:
    """What a question to this side can be expected to tell, in bits."""
    is_unclear = max(side.short, side.fair, side.over) < DEFAULTS.clear_from
    return float(asking.worth_of_asking(asking.bits_of_answer(ONE, side.sd**2), chance, chance_other, is_other_heard, is_unclear))
