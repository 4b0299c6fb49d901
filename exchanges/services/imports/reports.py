"""Reports that a file brings for events that are in the ledger: always relayed, whoever wrote the file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np

from exchanges.models import (
    EventKind,
    EventVersion,
    Evidence,
    EvidenceKind,
    Giver,
    ImportTable,
    LiveEvidence,
    Report,
    ReportFact,
    ReportRole,
    ReportText,
    SourceKind,
    ValueEvent,
    Visibility,
)  # fmt: skip
from exchanges.selectors.statements import wanted_of_event
from exchanges.services.imports import known
from exchanges.services.imports.accounts import TermsTable, Units
from exchanges.services.imports.fields import EPOCH
from exchanges.services.imports.resolving import Found
from exchanges.services.imports.rows import Staged
from exchanges.services.imports.writing import EMPLOYEES_SPEAK, Candidate, Work, is_employees, only_new, slots_of, without_ours
from exchanges.services.posting import locked, post_event
from exchanges.services.reports import MISSED_AS
from relationships.models import Relationship
from valueledger.common import bulk

SLOTS = slots_of(ImportTable.REPORTS)
ID, EVENT, SIDE, ROLE, WORD, AMOUNT, UNIT, GUESS, ARRIVED, EXPECTATION, OWING, BENEFICIARY, SENTENCE, VISIBILITY, MONEY, CURRENCY, HOURS = (
    SLOTS.values()
)
NO_EVENT = "There is no event with this id among those you may write to."


@dataclass
class EventFound:
    """An event that rows report on, with what stands of it. `heads` are the newest rows of this speaker's chains: (report, is withdrawn, seq)."""

    pk: int
    found: Found
    giver: int
    version: EventVersion | None = None
    heads: dict[tuple[int, str], tuple[int, bool, int]] = field(default_factory=dict)
    is_untouched: bool = True  # nobody has reported on it, and no evidence stands for it


def write(work: Work, rows: Sequence[Staged]) -> None:
    rows = without_ours(work, ImportTable.REPORTS, Report, rows)
    events = find_events(work, {row[EVENT] for row in rows})
    chosen = []
    for row in rows:
        event = events.get(row[EVENT])
        wrong = ("event", NO_EVENT) if event is None else fault(row, event)
        if wrong or event is None:
            work.outcome.refuse(row, *(wrong or ("event", NO_EVENT)))
            continue
        key = known.fingerprint(ImportTable.REPORTS, "id", row[ID]) if row[ID] else known.fingerprint(ImportTable.REPORTS, event.pk, *row[SIDE:])
        chosen.append(Candidate(row, event.found, key, bool(row[ID])))
    new = only_first(work, events, only_new(work, chosen))
    if work.write:
        new = write_reports(work, events, new)
    else:
        work.outcome.new_rows += [one.row for one in new]
    work.outcome.added += len(new)


def find_events(work: Work, references: set[str]) -> dict[str, EventFound]:
    """Events by their public id, else by the id under which this source brought them. Their relationships are locked for a write."""
    ids = event_ids(work, references)
    events: dict[int, EventFound] = {}
    for part in _parts(sorted(set(ids.values()))):
        rows = ValueEvent.objects.filter(pk__in=part, relationship__in=work.resolver.reachable()).select_related("relationship")
        for row in rows:
            events[row.pk] = EventFound(row.pk, Found(pk=row.relationship_id, kind=row.relationship.kind), row.giver)
        for version in EventVersion.objects.current().filter(event_id__in=part):
            if version.event_id in events:
                events[version.event_id].version = version
        speaker = -work.settings.member.pk if work.settings.member else 0
        for report in Report.objects.current().filter(event_id__in=part):
            event = events.get(report.event_id)
            if event is not None:
                event.is_untouched = False
                if report.speaker == speaker:
                    event.heads[report.side, report.role] = (report.pk, report.is_withdrawal, report.seq)
        for pk in LiveEvidence.objects.filter(
            source_kind=SourceKind.EVENT, source_id__in=part, relationship__in=_relationships(events, part)
        ).values_list("source_id", flat=True):
            events[pk].is_untouched = False
    if work.write:
        lock(events)
    return {reference: events[pk] for reference, pk in ids.items() if pk in events}


def event_ids(work: Work, references: set[str]) -> dict[str, int]:
    public = {reference[1:]: reference for reference in references if reference[0] == "u"}
    rows = bulk.lookup(ValueEvent, "public_id", sorted(public), ["public_id", "id"], where={"workspace_id": work.settings.workspace.pk})
    ids = {public[public_id]: pk for public_id, pk in rows}
    keys = {known.fingerprint(ImportTable.EVENTS, "id", reference): reference for reference in references if reference not in ids}
    return ids | {keys[key]: pk for key, pk in known.targets_of(work.settings, list(keys)).items()}


def lock(events: dict[int, EventFound]) -> None:
    by_pk: dict[int, list[Found]] = defaultdict(list)
    for event in events.values():
        by_pk[event.found.pk].append(event.found)
    for part in _parts(sorted(by_pk)):
        for pk, head in Relationship.objects.select_for_update(of=("self",)).filter(pk__in=part).order_by("pk").values_list("pk", "head_position"):
            for one in by_pk[pk]:
                one.head = head


def fault(row: Staged, event: EventFound) -> tuple[str, str] | None:
    role, side = row[ROLE], row[SIDE]
    if event.version is None or event.version.is_withdrawal:
        return "event", "This event was taken back."
    if event.giver != Giver.JOINT and role == ReportRole.GOT and event.giver == side:
        return "side", "Only the side that received this says what it was worth."
    if event.giver != Giver.JOINT and role == ReportRole.GAVE and event.giver != side:
        return "side", "Only the side that gave this says what it cost."
    if is_employees(event.found, side):
        return "side", EMPLOYEES_SPEAK
    if event.version.kind == EventKind.MISSED_MOMENT:
        if role == ReportRole.GAVE:
            return "role", "A missed moment took nothing from anybody."
        if row[ARRIVED] not in MISSED_AS or row[WORD] is not None or row[AMOUNT] is not None or row[OWING]:
            return "arrived", "Of a missed moment one says that none of it arrived, or that it was a burden, and no more."
    if role == ReportRole.GAVE and ((row[WORD] or 0) < 0 or Decimal(row[AMOUNT] or 0) < 0):
        return "word" if (row[WORD] or 0) < 0 else "amount", "What was given cannot cost less than nothing."
    if row[AMOUNT] is not None and not row[UNIT]:
        return "unit", "An amount needs its unit."
    return None


def only_first(work: Work, events: dict[str, EventFound], new: Sequence[Candidate]) -> list[Candidate]:
    """One account per side and role: a second relayed one is refused, since nobody said which of them holds."""
    taken = {(event.pk, *chain) for event in events.values() for chain, head in event.heads.items() if not head[1]}
    left = []
    for one in new:
        chain = (events[one.row[EVENT]].pk, one.row[SIDE], one.row[ROLE])
        if chain in taken:
            work.outcome.refuse(one.row, "event", "You have passed on a report of this side already. Correct that one on its page.")
        else:
            taken.add(chain)
            left.append(one)
    return left


def write_reports(work: Work, events: dict[str, EventFound], new: Sequence[Candidate]) -> list[Candidate]:
    settings, member = work.settings, work.settings.member
    terms = TermsTable(sorted({one.found.pk for one in new if one.row[AMOUNT] is not None}))
    units = Units(settings.workspace.pk)
    written: list[tuple[Candidate, EventFound, int | None, Any]] = []
    for one in new:
        event, row = events[one.row[EVENT]], one.row
        assert event.version is not None
        unit_id = units.id_of(row[UNIT]) if row[UNIT] else None
        day = (event.version.arrived_on or event.version.occurred_on).toordinal() - EPOCH
        try:
            valued = terms.value(relationship_id=one.found.pk, side=row[SIDE], role=row[ROLE], day=day, word=row[WORD], amount=row[AMOUNT], unit_id=unit_id,
                                 arrived=row[ARRIVED] or "")  # fmt: skip
        except OverflowError:
            work.outcome.refuse(row, "amount", "This is more than can be true in points.")
            continue
        written.append((one, event, unit_id, valued))
    count = len(written)
    rows = [one.row for one, *_ in written]
    got = [row[ROLE] == ReportRole.GOT for row in rows]
    heads = [event.heads.get((row[SIDE], row[ROLE]), (None, True, 0)) for row, (_, event, *_rest) in zip(rows, written, strict=True)]
    visibility = [str(row[VISIBILITY] or Visibility.SHARED.value) for row in rows]
    ids = bulk.reserve(Report, count)
    bulk.insert(
        Report, count,
        {
            "id": ids, "public_id": bulk.fresh_uuids(count), "workspace_id": settings.workspace.pk,
            "relationship_id": [one.found.pk for one, *_ in written], "event_id": [event.pk for _, event, *_ in written],
            "giver": [event.giver for _, event, *_ in written], "side": [row[SIDE] for row in rows], "role": [str(row[ROLE]) for row in rows],
            "speaker": -member.pk if member else 0, "seq": [head[2] + 1 for head in heads], "supersedes_id": [head[0] for head in heads],
            "is_withdrawal": False, "first_hand": False, "relayed_by_id": member.pk if member else None,
            "beneficiary": [row[BENEFICIARY] or "" for row in rows], "word": [row[WORD] for row in rows],
            "arrived": [(row[ARRIVED] or "") if is_got else "" for row, is_got in zip(rows, got, strict=True)],
            "expectation": [(row[EXPECTATION] or "") if is_got else "" for row, is_got in zip(rows, got, strict=True)],
            "guess_word": [None if is_got else row[GUESS] for row, is_got in zip(rows, got, strict=True)],
            "owing": [(row[OWING] or "") if is_got else "" for row, is_got in zip(rows, got, strict=True)],
            "typed_amount": [row[AMOUNT] for row in rows], "unit_id": [unit_id for _, _, unit_id, _ in written],
            "terms_version_id": [valued.terms_id for *_, valued in written], "points_micro": [valued.points_micro for *_, valued in written],
            "visibility": visibility, "import_source": settings.source, "recorded_at": work.now,
        },
    )  # fmt: skip
    write_side_tables(settings.workspace.pk, ids.tolist(), rows)
    known.remember(settings, ImportTable.REPORTS, [one.key for one, *_ in written], [one.occurrence for one, *_ in written], ids)
    post(work, {event.pk: event for _, event, *_ in written})
    return [one for one, *_ in written]


def write_side_tables(workspace_id: int, ids: Sequence[int], rows: Sequence[Staged]) -> None:
    texts = [(pk, row[SENTENCE]) for pk, row in zip(ids, rows, strict=True) if row[SENTENCE]]
    bulk.insert(ReportText, len(texts), {"workspace_id": workspace_id, "report_id": [pk for pk, _ in texts], "sentence": [text for _, text in texts]})
    facts = [(pk, row) for pk, row in zip(ids, rows, strict=True) if row[MONEY] is not None or row[HOURS] is not None]
    bulk.insert(
        ReportFact, len(facts),
        {
            "workspace_id": workspace_id, "report_id": [pk for pk, _ in facts], "money": [row[MONEY] for _, row in facts], "is_shared": False,
            "currency": [(row[CURRENCY] or "").upper() for _, row in facts], "hours": [row[HOURS] for _, row in facts],
        },
    )  # fmt: skip


def post(work: Work, events: dict[int, EventFound]) -> None:
    """Events on which nobody had reported are laid at once; where something stands, the ledger is made to agree one by one."""
    fresh = [event for event in events.values() if event.is_untouched]
    for event in events.values():
        if not event.is_untouched:
            post_event(relationship=locked(event.found.pk), event=ValueEvent.objects.get(pk=event.pk), now=work.now)
    heads = dict(Relationship.objects.filter(pk__in={event.found.pk for event in fresh}).values_list("pk", "head_position"))
    laid: list[tuple[int, ...]] = []
    for event, wanted in _wanted(fresh):
        for one in wanted:
            heads[event.found.pk] += 1
            laid.append((event.found.pk, heads[event.found.pk], one.side, one.on_day, one.kind, one.value, one.relayed, one.mask, event.pk))
    columns = np.array(laid, dtype=np.int64).reshape(-1, 9)
    names = ("relationship_id", "position", "side", "on_day", "kind", "value_int", "relayed", "view_mask", "source_id")
    rows: dict[str, Any] = {name: columns[:, place] for place, name in enumerate(names)} | {"relayed": columns[:, 6] != 0}
    rows |= {"workspace_id": work.settings.workspace.pk, "source_kind": int(SourceKind.EVENT)}
    bulk.insert(Evidence, len(laid), rows)
    bulk.insert(LiveEvidence, len(laid), rows)
    bulk.update_by_id(Relationship, "head_position", list(heads), list(heads.values()))
    work.outcome.relationships |= {event.found.pk for event in fresh}
    work.outcome.met_before |= work.outcome.relationships


def _wanted(events: Sequence[EventFound]) -> Any:
    """What the new reports of these events ask for. A shock would have left evidence, so none of them is one."""
    standing: dict[int, list[Report]] = defaultdict(list)
    for part in _parts([event.pk for event in events]):
        for report in Report.objects.standing().filter(event_id__in=part):
            standing[report.event_id].append(report)
    rows = {row.pk: row for part in _parts([event.pk for event in events]) for row in ValueEvent.objects.filter(pk__in=part)}
    for event in events:
        wanted = wanted_of_event(rows[event.pk], event.version, standing[event.pk], set(), kind=event.found.kind)
        yield event, [one for one in wanted if one.kind != EvidenceKind.SHOCK]


def _relationships(events: dict[int, EventFound], part: Sequence[int]) -> list[int]:
    return sorted({events[pk].found.pk for pk in part if pk in events})


def _parts(keys: Sequence[int], size: int = 900) -> Any:
    return (keys[start : start + size] for start in range(0, len(keys), size))
