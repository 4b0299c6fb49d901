"""Value events that a file brings, with what it says of cost and worth: those are kept as relayed reports of each side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np

from exchanges.models import (
    NO_VALUE,
    EventKind,
    EventStatus,
    EventText,
    EventVersion,
    EvidenceKind,
    Giver,
    ImportTable,
    Report,
    ReportRole,
    SourceKind,
    ValueEvent,
    View,
    Visibility,
)  # fmt: skip
from exchanges.models.events import SHOCK_KINDS
from exchanges.models.snapshots import ALL_VIEWS
from exchanges.services.imports import known
from exchanges.services.imports.accounts import TermsTable, Units
from exchanges.services.imports.fields import EPOCH
from exchanges.services.imports.resolving import Found
from exchanges.services.imports.rows import Staged
from exchanges.services.imports.writing import (
    EMPLOYEES_SPEAK,
    Candidate,
    Work,
    candidates,
    is_employees,
    lay_evidence,
    only_new,
    slots_of,
    without_ours,
)
from relationships.models import SideRole, ValueKind
from valueledger.common import bulk

SLOTS = slots_of(ImportTable.EVENTS)
DIRECTION, ON, ARRIVED_ON, EXPECTED_ON, STATUS, WHAT, GOAL, KIND, TERM, VISIBILITY, COST, UNIT, COST_WORD, GUESS, WORTH, EXPECTATION, RELATIONSHIP_KIND = (
    SLOTS[name]
    for name in (
        "direction", "on", "arrived_on", "expected_on", "status", "what", "goal", "kind", "value_kind", "visibility", "cost", "cost_unit", "cost_word",
        "guess", "worth", "expectation", "relationship_kind",
    )
)  # fmt: skip
SAID = (ON, ARRIVED_ON, EXPECTED_ON, STATUS, WHAT, GOAL, KIND, TERM, VISIBILITY, COST, UNIT, COST_WORD, GUESS, WORTH, EXPECTATION)


@dataclass
class Account:
    """One relayed report in the making."""

    place: int  # of its event among the new ones
    side: int
    role: ReportRole
    word: int | None = None
    amount: str | None = None
    unit_id: int | None = None
    guess: int | None = None
    expectation: str = ""
    points_micro: int | None = None
    terms_id: int | None = None


def write(work: Work, rows: Sequence[Staged]) -> None:
    rows = without_ours(work, ImportTable.EVENTS, ValueEvent, rows)
    found = work.resolver.find(((row[1], row[RELATIONSHIP_KIND]) for row in rows), write=work.write)
    kinds = value_kinds(work)
    sound = []
    for one in candidates(work, ImportTable.EVENTS, rows, found, content):
        wrong = fault(one, kinds, today=work.now.date().toordinal() - EPOCH)
        if wrong:
            work.outcome.refuse(one.row, *wrong)
        else:
            sound.append(one)
    new = only_new(work, sound)
    if work.write:
        new = write_events(work, found, new, kinds)
    else:
        work.outcome.new_rows += [one.row for one in new]
    work.outcome.added += len(new)


def content(row: Staged, found: Found) -> tuple[int | str | None, ...]:
    return (giver_of(row, found), *(row[slot] for slot in SAID))


def giver_of(row: Staged, found: Found) -> int:
    return 1 - row[DIRECTION] if found.flipped and row[DIRECTION] != Giver.JOINT else row[DIRECTION]


def value_kinds(work: Work) -> dict[str, int]:
    """The catalogue by folded code and name; a side's own kinds are not for files. What lies behind us may name a retired one."""
    rows = list(ValueKind.objects.filter(workspace=work.settings.workspace, side__isnull=True).order_by("-is_retired", "id"))
    return {kind.code.casefold(): kind.pk for kind in rows} | {kind.name.casefold(): kind.pk for kind in rows}


def fault(one: Candidate, kinds: dict[str, int], *, today: int) -> tuple[str, str] | None:
    """The field and the reason for which a row as a whole cannot be taken."""
    row, giver = one.row, giver_of(one.row, one.found)
    says_cost = row[COST] is not None or row[COST_WORD] is not None or row[GUESS] is not None
    says_worth = row[WORTH] is not None or bool(row[EXPECTATION])
    if (row[STATUS] or EventStatus.ARRIVED) == EventStatus.ARRIVED and row[ON] > today + timedelta(days=1).days:
        return "on", "This day is still to come, and what has arrived cannot lie ahead. Say that it is promised."
    if row[TERM] and row[TERM].casefold() not in kinds:
        return "value_kind", f"The catalogue has no kind of value called “{row[TERM][:40]}”."
    if row[COST] is not None and not row[UNIT]:
        return "cost_unit", "An amount needs its unit."
    if row[KIND] == EventKind.MISSED_MOMENT:
        return missed_fault(row, giver, has_accounts=says_cost or says_worth)
    if giver == Giver.JOINT:
        return ("direction", "What was done together has an account of each side: bring them as reports.") if says_cost or says_worth else None
    if says_cost and is_employees(one.found, giver):
        return "cost", EMPLOYEES_SPEAK
    if says_worth and is_employees(one.found, 1 - giver):
        return "worth", EMPLOYEES_SPEAK
    return None


def missed_fault(row: Staged, giver: int, *, has_accounts: bool) -> tuple[str, str] | None:
    """A file is our side's: what it notes as missed the other side did not do, and nothing of it came."""
    if giver != SideRole.COUNTERPART:
        return "direction", "A missed moment is something that the other side did not do."
    if (row[STATUS] or EventStatus.ARRIVED) != EventStatus.ARRIVED:
        return "status", "A missed moment is noted once it is past."
    return ("kind", "A missed moment took nothing and was worth nothing: leave cost, guess and worth empty.") if has_accounts else None


def write_events(work: Work, found: dict[str, Found], new: list[Candidate], kinds: dict[str, int]) -> list[Candidate]:
    """Returns those that were written: a cost beyond all bounds is refused here."""
    new, accounts = with_points(work, new, accounts_of(work, new))
    settings, count = work.settings, len(new)
    rows = [one.row for one in new]
    ids, versions = bulk.reserve(ValueEvent, count), bulk.reserve(EventVersion, count)
    relationships = np.array([one.found.pk for one in new], np.int64)
    givers = np.array([giver_of(one.row, one.found) for one in new], np.int64)
    shared = {"workspace_id": settings.workspace.pk, "recorded_at": work.now}
    status = [row[STATUS] or EventStatus.ARRIVED.value for row in rows]
    arrived_on = [(row[ARRIVED_ON] or row[ON]) if state == EventStatus.ARRIVED else None for row, state in zip(rows, status, strict=True)]
    visibility = [row[VISIBILITY] or Visibility.SHARED.value for row in rows]
    lay_accounts(work, found, new, relationships, ids, arrived_on, visibility, accounts)
    bulk.insert(
        ValueEvent, count,
        shared | {"id": ids, "public_id": bulk.fresh_uuids(count), "relationship_id": relationships, "giver": givers, "author_side": int(SideRole.OWN),
                  "period_key": ""},
    )  # fmt: skip
    bulk.insert(
        EventVersion, count,
        shared | {
            "id": versions, "event_id": ids, "seq": 1, "status": [str(state) for state in status], "occurred_on": np.array([row[ON] for row in rows], np.int64),
            "arrived_on": arrived_on, "kind": [str(row[KIND] or EventKind.OTHER) for row in rows], "visibility": [str(one) for one in visibility],
            "expected_on": [None if state == EventStatus.ARRIVED else row[EXPECTED_ON] for row, state in zip(rows, status, strict=True)],
            "value_kind_id": [kinds[row[TERM].casefold()] if row[TERM] else None for row in rows], "is_withdrawal": False,
            "author_member_id": settings.member.pk if settings.member else None, "import_source": settings.source,
        },
    )  # fmt: skip
    texts = {
        "workspace_id": settings.workspace.pk,
        "version_id": versions,
        "what": [row[WHAT] or "" for row in rows],
        "goal": [row[GOAL] or "" for row in rows],
    }
    bulk.insert(EventText, count, texts)
    write_reports(work, accounts, ids, relationships, givers, visibility)
    known.remember(settings, ImportTable.EVENTS, [one.key for one in new], [one.occurrence for one in new], ids)
    return new


def accounts_of(work: Work, new: Iterable[Candidate]) -> list[Account]:
    """What each row says of cost and worth. A guess is the giver's, so it stands on the giver's report."""
    units = Units(work.settings.workspace.pk)
    accounts = []
    for place, one in enumerate(new):
        row, giver = one.row, giver_of(one.row, one.found)
        if row[COST] is not None or row[COST_WORD] is not None or row[GUESS] is not None:
            unit_id = units.id_of(row[UNIT]) if row[COST] is not None else None
            accounts.append(Account(place, giver, ReportRole.GAVE, row[COST_WORD], row[COST], unit_id, row[GUESS]))
        if row[WORTH] is not None or row[EXPECTATION]:
            accounts.append(Account(place, 1 - giver, ReportRole.GOT, row[WORTH], expectation=row[EXPECTATION] or ""))
    return accounts


def with_points(work: Work, new: list[Candidate], accounts: list[Account]) -> tuple[list[Candidate], list[Account]]:
    old = sorted({new[one.place].found.pk for one in accounts if one.amount is not None and not new[one.place].found.is_new})
    terms, beyond = TermsTable(old), set()
    for one in accounts:
        row = new[one.place].row
        day = row[ARRIVED_ON] or row[ON]
        try:
            valued = terms.value(relationship_id=new[one.place].found.pk, side=one.side, role=one.role, day=day, word=one.word, amount=one.amount,
                                 unit_id=one.unit_id)  # fmt: skip
            one.points_micro, one.terms_id = valued.points_micro, valued.terms_id
        except OverflowError:
            beyond.add(one.place)
            work.outcome.refuse(row, "cost", "This is more than can be true in points.")
    if not beyond:
        return new, accounts
    left = [place for place in range(len(new)) if place not in beyond]
    moved = {place: number for number, place in enumerate(left)}
    for one in accounts:
        one.place = moved.get(one.place, -1)
    return [new[place] for place in left], [one for one in accounts if one.place >= 0]


def lay_accounts(
    work: Work, found: dict[str, Found], new: Sequence[Candidate], relationships: Any, ids: Any, arrived_on: Sequence[int | None],
    visibility: Sequence[str], accounts: Sequence[Account],
) -> None:  # fmt: skip
    """The evidence of new events: a shock for both sides, and each relayed account. As `selectors.statements` asks for it."""
    laid: list[tuple[int, int, int, int, int, bool]] = []  # place, side, kind, value, mask, relayed
    seen_by = [ALL_VIEWS if one == Visibility.SHARED else int(View.OWN) for one in visibility]
    for place, one in enumerate(new):
        if arrived_on[place] is not None and one.row[KIND] in SHOCK_KINDS:
            laid += [(place, int(side), int(EvidenceKind.SHOCK), 0, seen_by[place], False) for side in SideRole]
    for account in accounts:
        mask = seen_by[account.place]
        if mask != ALL_VIEWS and account.side == SideRole.COUNTERPART:
            continue  # private to us, and said of them: nobody's account may use it
        if arrived_on[account.place] is not None:
            kind = EvidenceKind.GOT if account.role == ReportRole.GOT else EvidenceKind.GAVE
            value = NO_VALUE if account.points_micro is None else account.points_micro
            laid.append((account.place, account.side, int(kind), value, mask, True))
    columns = np.array(laid, dtype=np.int64).reshape(-1, 6)
    places = columns[:, 0]
    days = np.array([day or 0 for day in arrived_on], np.int64)
    first_days: dict[int, int] = {}
    for pk, one in zip(relationships.tolist(), new, strict=True):
        first_days[pk] = min(first_days.get(pk, one.row[ON]), one.row[ON])
    evidence = {"side": columns[:, 1], "on_day": days[places], "kind": columns[:, 2], "value_int": columns[:, 3], "view_mask": columns[:, 4],
                "relayed": columns[:, 5] != 0, "source_id": ids[places]}  # fmt: skip
    lay_evidence(work, found.values(), relationships[places], SourceKind.EVENT, evidence, first_days)


def write_reports(work: Work, accounts: Sequence[Account], ids: Any, relationships: Any, givers: Any, visibility: Sequence[str]) -> None:
    settings, count = work.settings, len(accounts)
    places = np.array([one.place for one in accounts], np.int64)
    member = settings.member
    bulk.insert(
        Report, count,
        {
            "public_id": bulk.fresh_uuids(count), "workspace_id": settings.workspace.pk, "relationship_id": relationships[places], "event_id": ids[places],
            "giver": givers[places], "side": np.array([one.side for one in accounts], np.int64), "role": [one.role.value for one in accounts],
            "speaker": -member.pk if member else 0, "seq": 1, "is_withdrawal": False, "first_hand": False, "relayed_by_id": member.pk if member else None,
            "beneficiary": "", "arrived": "", "expectation": [one.expectation for one in accounts], "word": [one.word for one in accounts],
            "guess_word": [one.guess for one in accounts], "typed_amount": [one.amount for one in accounts], "unit_id": [one.unit_id for one in accounts],
            "terms_version_id": [one.terms_id for one in accounts], "points_micro": [one.points_micro for one in accounts], "owing": "",
            "visibility": [str(visibility[one.place]) for one in accounts], "import_source": settings.source, "recorded_at": work.now,
        },
    )  # fmt: skip
