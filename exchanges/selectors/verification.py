"""Whether the ledger is true to itself: statements -> evidence -> live evidence -> states -> cards, each from the one before.

Slow and thorough: it trusts nothing that is stored but the statements.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from exchanges.models import (
    Answer,
    BalanceState,
    Card,
    Disclosure,
    EventVersion,
    Evidence,
    LiveEvidence,
    Report,
    RoundPosting,
    SourceKind,
    ValueEvent,
    View,
)  # fmt: skip
from exchanges.selectors.balances import METHOD, fold_columns, outlooks, states_of
from exchanges.selectors.statements import Wanted, wanted_of_answers, wanted_of_event
from relationships.models import Relationship, SideRole
from relationships.selectors.rhythm import set_by_hand

AT_ONCE = 2_000
TOLERANCE = 1e-9
Key = tuple[int, int, int, int, bool]


@dataclass(frozen=True)
class Difference:
    """Something that does not follow from what it should follow from. `row` names it for the operator."""

    relationship_id: int
    public_id: object
    row: str
    what: str


def differences(relationship_ids: Sequence[int]) -> Iterator[Difference]:
    """All that is wrong with these relationships (one workspace's scope), a chunk at a time."""
    for start in range(0, len(relationship_ids), AT_ONCE):
        rows = list(Relationship.objects.filter(pk__in=relationship_ids[start : start + AT_ONCE]).order_by("pk"))
        yield from _of_chunk(rows)


def _of_chunk(rows: Sequence[Relationship]) -> Iterator[Difference]:
    ids = [row.pk for row in rows]
    evidence: dict[int, list[Evidence]] = defaultdict(list)
    for item in Evidence.objects.filter(relationship_id__in=ids).order_by("relationship_id", "position"):
        evidence[item.relationship_id].append(item)
    live: dict[int, list[LiveEvidence]] = defaultdict(list)
    for row in LiveEvidence.objects.filter(relationship_id__in=ids).order_by("relationship_id", "position"):
        live[row.relationship_id].append(row)
    wanted = _wanted(rows)
    for relationship in rows:
        mine = evidence[relationship.pk]
        yield from _positions(relationship, mine)
        yield from _statements(relationship, mine, wanted[relationship.pk])
        yield from _live(relationship, mine, live[relationship.pk])
    yield from _states(rows, live)


def _wanted(rows: Sequence[Relationship]) -> dict[int, dict[tuple[int, int], list[Wanted]]]:
    """What every statement of these relationships asks for, by relationship and source."""
    ids, kinds = [row.pk for row in rows], {row.pk: row.kind for row in rows}
    found: dict[int, dict[tuple[int, int], list[Wanted]]] = defaultdict(dict)
    versions = {version.event_id: version for version in EventVersion.objects.current().filter(event__relationship_id__in=ids)}
    reports: dict[int, list[Report]] = defaultdict(list)
    for report in Report.objects.standing().filter(relationship_id__in=ids).order_by("id"):
        reports[report.event_id].append(report)
    disclosed = set(Disclosure.objects.filter(report__relationship_id__in=ids).values_list("report_id", flat=True))
    for event in ValueEvent.objects.filter(relationship_id__in=ids).order_by("id"):
        asked = wanted_of_event(event, versions.get(event.pk), reports[event.pk], disclosed, kind=kinds[event.relationship_id])
        found[event.relationship_id][SourceKind.EVENT, event.pk] = asked
    postings = {posting.round_id: posting for posting in RoundPosting.objects.filter(round__relationship_id__in=ids)}
    answers: dict[tuple[int, int | None], list[Answer]] = defaultdict(list)
    current = Answer.objects.current().filter(relationship_id__in=ids).select_related("confirms_shown", "mark").order_by("id")
    for answer in current:
        answers[answer.relationship_id, answer.round_id].append(answer)
    for (relationship_id, round_id), group in answers.items():
        posting = postings.get(round_id) if round_id else None
        for pk, asked in wanted_of_answers(group, posting=posting, kind=kinds[relationship_id]).items():
            found[relationship_id][SourceKind.ANSWER, pk] = asked
    return found


def _positions(relationship: Relationship, evidence: Sequence[Evidence]) -> Iterator[Difference]:
    for place, row in enumerate(evidence, start=1):
        if row.position != place:
            yield _difference(relationship, f"evidence {row.pk}", f"position {row.position} stands where {place} should")
            return
    if len(evidence) != relationship.head_position:
        yield _difference(relationship, "relationship", f"head position is {relationship.head_position}, evidence ends at {len(evidence)}")


def _statements(relationship: Relationship, evidence: Sequence[Evidence], wanted: dict[tuple[int, int], list[Wanted]]) -> Iterator[Difference]:
    """Evidence, less its retractions, must be what the statements ask for."""
    posted = _masks(evidence)
    asked: dict[tuple[int, int], dict[Key, int]] = {}
    for source, rows in wanted.items():
        masks: dict[Key, int] = defaultdict(int)
        for row in rows:
            masks[row.key] |= row.mask
        if masks:
            asked[source] = dict(masks)
    for source in sorted(set(posted) | set(asked)):
        if posted.get(source, {}) != asked.get(source, {}):
            name = f"{SourceKind(source[0]).label} {source[1]}"
            yield _difference(relationship, name, f"posted {_words(posted.get(source, {}))}, the statements say {_words(asked.get(source, {}))}")


def _masks(evidence: Sequence[Evidence]) -> dict[tuple[int, int], dict[Key, int]]:
    by_position = {row.position: row for row in evidence}
    masks: dict[tuple[int, int], dict[Key, int]] = defaultdict(lambda: defaultdict(int))
    for row in evidence:
        target = row if row.retracts_position is None else by_position.get(row.retracts_position)
        if target is None:
            continue
        key = (target.side, target.on_day, target.kind, target.value_int, target.relayed)
        bucket = masks[target.source_kind, target.source_id]
        bucket[key] = bucket[key] | row.view_mask if row.retracts_position is None else bucket[key] & ~row.view_mask
    return {source: kept for source, rows in masks.items() if (kept := {key: mask for key, mask in rows.items() if mask})}


def _live(relationship: Relationship, evidence: Sequence[Evidence], live: Sequence[LiveEvidence]) -> Iterator[Difference]:
    expected: dict[int, tuple[int, ...]] = {}
    for row in evidence:
        if row.retracts_position is None:
            expected[row.position] = (row.side, row.on_day, row.kind, row.value_int, row.relayed, row.view_mask)
        elif row.retracts_position in expected:
            *rest, mask = expected[row.retracts_position]
            expected[row.retracts_position] = (*rest, mask & ~row.view_mask)
    expected = {position: values for position, values in expected.items() if values[-1]}
    stored = {row.position: (row.side, row.on_day, row.kind, row.value_int, row.relayed, row.view_mask) for row in live}
    for position in sorted(set(expected) | set(stored)):
        if expected.get(position) != stored.get(position):
            yield _difference(relationship, f"live evidence at {position}", f"is {stored.get(position)}, evidence says {expected.get(position)}")


def _states(rows: Sequence[Relationship], live: dict[int, list[LiveEvidence]]) -> Iterator[Difference]:
    """Stored states against a replay from the prior, to 1e-9 in r and Var r; cards against the states."""
    by_id = {row.pk: row for row in rows}
    stored = list(BalanceState.objects.filter(relationship_id__in=list(by_id)).order_by("view", "relationship_id"))
    for relationship_id in set(by_id) - {row.relationship_id for row in stored if row.view == View.SHARED}:
        yield _difference(by_id[relationship_id], "balance state", "there is none")
    for view in View:
        mine = [row for row in stored if row.view == view]
        if not mine:
            continue
        series, days, kinds, values, relayed = [], [], [], [], []
        for place, row in enumerate(mine):
            for item in live[row.relationship_id]:
                if item.view_mask & view:
                    series.append(2 * place + item.side)
                    days.append(item.on_day)
                    kinds.append(item.kind)
                    values.append(item.value_int)
                    relayed.append(item.relayed)
        _, after, open_days = fold_columns(series, days, kinds, values, relayed, 2 * len(mine))
        own, counterpart = states_of([bytes(row.after) for row in mine])
        for side, kept in ((SideRole.OWN, own), (SideRole.COUNTERPART, counterpart)):
            again = after.take(slice(int(side), None, 2))
            wrong = np.abs(kept.felt - again.felt) > TOLERANCE
            wrong |= np.abs(kept.variance - again.variance) > TOLERANCE
            for place in np.flatnonzero(wrong | ~np.isfinite(kept.felt)).tolist():
                row, relationship = mine[place], by_id[mine[place].relationship_id]
                text = f"r {kept.felt[place]!r} Var r {kept.variance[place]!r}, replay says {again.felt[place]!r} and {again.variance[place]!r}"
                yield _difference(relationship, f"balance state {row.pk} ({View(view).label} view, {side.label} side)", text)
            for place, row in enumerate(mine):
                kept_day = row.open_day_own if side == SideRole.OWN else row.open_day_counterpart
                if (-1 if kept_day is None else kept_day) != int(open_days[2 * place + side]):
                    yield _difference(by_id[row.relationship_id], f"balance state {row.pk}", f"open day of the {side.label} side is {kept_day}")
        for row in mine:
            if row.position != by_id[row.relationship_id].head_position:
                yield _difference(by_id[row.relationship_id], f"balance state {row.pk}", f"covers up to {row.position}, the ledger is further")
            if row.method != METHOD:
                yield _difference(by_id[row.relationship_id], f"balance state {row.pk}", f"method {row.method} is not {METHOD}")
    yield from _cards(by_id, stored)


def _cards(by_id: dict[int, Relationship], stored: Sequence[BalanceState]) -> Iterator[Difference]:
    states = {(row.relationship_id, row.view): row for row in stored}
    by_hand = {pk for workspace_id in {row.workspace_id for row in by_id.values()} for pk in set_by_hand(workspace_id, list(by_id))}
    for view in (View.SHARED, View.OWN):
        cards = list(Card.objects.filter(relationship_id__in=list(by_id), view=view).order_by("relationship_id"))
        pairs = [(card, states[card.relationship_id, view]) for card in cards if (card.relationship_id, view) in states]
        for day in {card.state_on for card, _ in pairs}:
            chosen = [(card, row) for card, row in pairs if card.state_on == day]
            seen = outlooks(
                [card.relationship_id for card, _ in chosen], [bytes(row.after) for _, row in chosen], as_of=day,
                band=[card.band for card, _ in chosen], cadence_days=[card.cadence_days for card, _ in chosen], view=view,
            )  # fmt: skip
            for place, (card, _) in enumerate(chosen):
                balance = seen.balance(place)
                off = abs(card.r_own - balance.own.r) + abs(card.r_counterpart - balance.counterpart.r)
                if off > TOLERANCE or card.verdict != balance.verdict:
                    text = f"says {card.verdict}, r {card.r_own!r} and {card.r_counterpart!r}; the state says {balance.verdict}, {balance.own.r!r}"
                    yield _difference(by_id[card.relationship_id], f"card {card.pk}", text)
        for card in cards:
            if card.is_hand_set != (card.relationship_id in by_hand):
                text = f"may be asked about early, by hand: it says {card.is_hand_set}"
                yield _difference(by_id[card.relationship_id], f"card {card.pk}", text)


def _difference(relationship: Relationship, row: str, what: str) -> Difference:
    return Difference(relationship.pk, relationship.public_id, row, what)


def _words(masks: dict[Key, int]) -> str:
    return (
        "; ".join(
            f"side {side} day {day} kind {kind} value {value} relayed {relayed} views {mask}"
            for (side, day, kind, value, relayed), mask in masks.items()
        )
        or "nothing"
    )
