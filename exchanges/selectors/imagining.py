"""What if: how it would feel to both sides, had what flows between them changed. A guess about people, never evidence, and nothing is written.

It rests on one stated assumption: what a side feels moves towards what its own flows of the last year say. What flows is told apart by who
gives and of which kind of value, in typical events, as each side weighs them on its own account.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from django.db.models import QuerySet

from exchanges.balance.evidence import EvidenceColumns, Kind
from exchanges.balance.filtering import fold
from exchanges.balance.imagining import YEAR, Imagined, YearOfFlows, event_weights, imagine, year_of_flows
from exchanges.balance.parameters import DEFAULTS
from exchanges.balance.states import States
from exchanges.balance.verdict import EIGHTY_PERCENT
from exchanges.models import EventKind, EventVersion, Giver, LiveEvidence, SourceKind, ValueEvent, View
from exchanges.selectors.statements import day_number
from relationships.models import Relationship, SideRole

KAPPA = DEFAULTS.kappa
HALF, DOUBLE = 0.5, 2.0
MANY = 1_000.0


@dataclass(frozen=True)
class Stream:
    """What one side gave of one kind of value in the last year, as each account weighs it: (got, gave) in typical events."""

    key: str
    giver: int
    label: str
    count: int
    on: dict[int, YearOfFlows]
    weighed: dict[int, int]  # how many of its events each side's account knows

    def usual(self, side: int) -> YearOfFlows:
        """What one more of it would be on a side's account: as it was so far, else one typical event."""
        known = self.weighed.get(side, 0)
        if known:
            return YearOfFlows(self.on[side].got / known, self.on[side].gave / known)
        return YearOfFlows(float(self.giver != side), float(self.giver in (side, Giver.JOINT)))


@dataclass(frozen=True)
class Change:
    """One stream, or all that a side gives, taken times `factor`, with `extra` events of it a year."""

    giver: int
    stream: Stream | None = None
    factor: float = 1.0
    extra: float = 0.0

    def touches(self, stream: Stream) -> bool:
        return stream.giver == self.giver if self.stream is None else stream.key == self.stream.key


@dataclass(frozen=True)
class WhatIf:
    """What changes, and when. No change at all: only time passes. A shock: somebody new speaks for a side, or the terms change."""

    changes: tuple[Change, ...] = ()
    is_shock: bool = False
    starts_in: int = 0
    key: str = ""


@dataclass(frozen=True)
class Foreseen:
    """One side by then, in points; its range holds the truth 8 times in 10. `moved`: how much of it the change makes."""

    f: float
    lo: float
    hi: float
    short: float
    fair: float
    over: float
    moved: float


@dataclass(frozen=True)
class Outcome:
    """Both sides `days_on` days from now. None: too few of its own events to say. Chances: that both feel fair, were the effect half or twice it."""

    what_if: WhatIf
    days_on: int
    own: Foreseen | None
    counterpart: Foreseen | None
    both_fair: float | None
    both_fair_lo: float | None
    both_fair_hi: float | None
    both_short: float | None
    both_short_lo: float | None
    both_short_hi: float | None

    def side(self, role: int) -> Foreseen | None:
        return self.own if role == SideRole.OWN else self.counterpart


@dataclass(frozen=True)
class Basis:
    """What a what-if of one relationship rests on, as one view may see it."""

    as_of: date
    band: float
    states: dict[bool, tuple[States, States]]  # by whether a shock of today is in it; own first
    flows: dict[int, YearOfFlows]
    counts: dict[int, int]  # events of the last year that each side's account knows
    streams: tuple[Stream, ...]

    def of(self, giver: int) -> list[Stream]:
        """What a side gave, the heaviest first, joint events with it."""
        mine = [stream for stream in self.streams if stream.giver == giver]
        return sorted(mine, key=lambda stream: -sum(flow.got + flow.gave for flow in stream.on.values()))

    def stream(self, key: str) -> Stream | None:
        return next((stream for stream in self.streams if stream.key == key), None)


def basis_of(relationship: Relationship, events: QuerySet[ValueEvent], *, view: View, as_of: date, band: float) -> Basis:
    """`events`: those of the relationship that the reader may see. A fixed number of queries."""
    names = ("side", "on_day", "kind", "value_int", "relayed", "view_mask", "source_kind", "source_id")
    found = LiveEvidence.objects.filter(relationship_id=relationship.pk, on_day__lte=day_number(as_of)).order_by("side", "on_day", "kind", "id")
    rows = [row for row in found.values_list(*names) if row[5] & view]
    today = day_number(as_of)
    weights: dict[tuple[int, int], YearOfFlows] = defaultdict(lambda: YearOfFlows(0.0, 0.0))
    flows, states = {}, {}
    for side in SideRole:
        mine = [row for row in rows if row[0] == side]
        evidence = EvidenceColumns.from_rows([(0, *row[1:5]) for row in mine])
        flows[int(side)] = year_of_flows(evidence, today)
        for row, got, gave in zip(mine, *(column.tolist() for column in event_weights(evidence)), strict=True):
            if row[6] == SourceKind.EVENT and row[1] > today - YEAR:
                known = weights[row[7], int(side)]
                weights[row[7], int(side)] = YearOfFlows(known.got + got, known.gave + gave)
    for is_shock in (False, True):
        more = [(int(side), today, int(Kind.SHOCK), 0, False) for side in SideRole] if is_shock else []
        after = fold(EvidenceColumns.from_rows([*(row[:5] for row in rows), *more]), 2, initial=States.prior(2)).after
        states[is_shock] = (after.take(slice(0, 1)), after.take(slice(1, 2)))
    return Basis(as_of, band, states, flows, _counts(weights), _streams(events, weights, as_of))


def _counts(weights: dict[tuple[int, int], YearOfFlows]) -> dict[int, int]:
    return {int(side): sum(1 for _, of in weights if of == side) for side in SideRole}


def _streams(events: QuerySet[ValueEvent], weights: dict[tuple[int, int], YearOfFlows], as_of: date) -> tuple[Stream, ...]:
    last_year = EventVersion.objects.current().filter(event__in=events, is_withdrawal=False, status="ARRIVED")
    last_year = last_year.filter(arrived_on__gt=as_of - timedelta(days=YEAR), arrived_on__lte=as_of).order_by("event_id")
    members: dict[tuple[int, str, str], list[int]] = defaultdict(list)
    for event, giver, kind, known, name in last_year.values_list("event_id", "event__giver", "kind", "value_kind__public_id", "value_kind__name"):
        members[giver, f"{giver}-{known or kind}", name or EventKind(kind).label].append(event)
    return tuple(_stream(key, giver, label, ids, weights) for (giver, key, label), ids in members.items())


def _stream(key: str, giver: int, label: str, ids: Sequence[int], weights: dict[tuple[int, int], YearOfFlows]) -> Stream:
    on, weighed = {}, {}
    for side in map(int, SideRole):
        mine = [weights[event, side] for event in ids if (event, side) in weights]
        on[side] = YearOfFlows(sum(flow.got for flow in mine), sum(flow.gave for flow in mine))
        weighed[side] = len(mine)
    return Stream(key, giver, label, len(ids), on, weighed)


def flows_then(basis: Basis, what_if: WhatIf, side: int) -> YearOfFlows:
    """A side's flows of a year with the changes in them; never below nothing."""
    now = basis.flows[side]
    got, gave = now.got, now.gave
    for change in what_if.changes:
        for stream in filter(change.touches, basis.streams):
            got += (change.factor - 1) * stream.on[side].got
            gave += (change.factor - 1) * stream.on[side].gave
        if change.extra:
            one = change.stream.usual(side) if change.stream else YearOfFlows(float(change.giver != side), float(change.giver == side))
            got, gave = got + change.extra * one.got, gave + change.extra * one.gave
    return YearOfFlows(max(got, 0.0), max(gave, 0.0))


def outcome_of(basis: Basis, what_if: WhatIf, *, days_on: int) -> Outcome:
    """What we would expect by then."""
    own, counterpart = (_side_then(basis, what_if, side, days_on) for side in map(int, SideRole))
    fair, short = (_both(basis, what_if, days_on, feeling) for feeling in ("fair", "short"))
    return Outcome(what_if, days_on, own, counterpart, *fair, *short)


def _imagined(basis: Basis, what_if: WhatIf, side: int, days_on: int, strength: float = 1.0) -> Imagined | None:
    state = basis.states[what_if.is_shock][side]
    now, then = basis.flows[side], flows_then(basis, what_if, side)
    return imagine(state, now, then, day_number(basis.as_of), days_on, basis.band, starts_in=what_if.starts_in, strength=strength)


def _side_then(basis: Basis, what_if: WhatIf, side: int, days_on: int) -> Foreseen | None:
    then = _imagined(basis, what_if, side, days_on)
    still = _imagined(basis, replace(what_if, changes=()), side, days_on)
    if then is None or still is None:
        return None
    half = EIGHTY_PERCENT * then.sd
    return Foreseen(
        then.felt / KAPPA, (then.felt - half) / KAPPA, (then.felt + half) / KAPPA, then.short, then.fair, then.over, (then.felt - still.felt) / KAPPA
    )


def _both(basis: Basis, what_if: WhatIf, days_on: int, feeling: str) -> tuple[float | None, float | None, float | None]:
    """The chance that both sides feel so, and the least and most of it were the effect half or twice as strong. The sides are judged apart."""
    found = []
    for strength in (1.0, HALF, DOUBLE):
        own, counterpart = (_imagined(basis, what_if, side, days_on, strength) for side in map(int, SideRole))
        if own is None or counterpart is None:
            return None, None, None
        found.append(float(getattr(own, feeling) * getattr(counterpart, feeling)))
    return found[0], min(found), max(found)


def answers_to(basis: Basis, asked: WhatIf) -> list[WhatIf]:
    """Other answers that the one who loses by a change could give: half of it, something in return, as much less of their own, or none of it."""
    if len(asked.changes) == 0 or asked.is_shock:
        return []
    change = asked.changes[0]
    loser = 1 - change.giver if change.factor < 1 else change.giver
    winner = 1 - loser
    found = [replace(asked, key="asked")]
    if len(asked.changes) > 1:
        found.append(replace(asked, changes=(change,), key="bare"))
    if 0 < change.factor < DOUBLE and change.factor != 1:
        found.append(replace(asked, changes=(replace(change, factor=(1 + change.factor) / 2),), key="half"))
    used = {one.stream.key for one in asked.changes if one.stream is not None}
    worth = [stream for stream in basis.of(winner) if stream.key not in used]
    for stream in sorted(worth, key=lambda one: -_net(one, loser, winner))[:2]:
        found.append(replace(asked, changes=(change, Change(winner, stream, extra=DOUBLE)), key="return"))
    if change.factor < 1 and basis.of(loser):
        found.append(replace(asked, changes=(change, Change(loser, basis.of(loser)[0], factor=change.factor)), key="less"))
    return [*found, replace(asked, changes=(), key="no")]


def _net(stream: Stream, receiver: int, giver: int) -> float:
    """What one more would be to who gets it, less what it is to who gives it."""
    return stream.usual(receiver).got - stream.usual(giver).gave


def best_first(outcomes: Iterable[Outcome]) -> list[Outcome]:
    return sorted(outcomes, key=lambda one: -(one.both_fair if one.both_fair is not None else -MANY))
