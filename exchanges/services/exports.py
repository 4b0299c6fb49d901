"""Events, reports and checks as CSV, such that an import of an export changes nothing: each row carries its public id.

A member gets what it may see: its own relationships in our side's view, client relationships that it leads in the shared view. The
operator's command gets the whole workspace but for unrevealed answers and what an employee has not disclosed.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet

from exchanges.access import visible_answers, visible_events, visible_reports
from exchanges.models import Answer, EventVersion, ImportTable, Report, ReportFact, ValueEvent, View, Visibility, Word
from exchanges.selectors.balances import KAPPA
from exchanges.services.imports.cells import as_written
from exchanges.services.imports.fields import FIELDS, SIDE_NAMES
from relationships.models import Kind, Member, Relationship, Side, SideRole, Workspace
from valueledger.common import audit

AT_ONCE = 1_000
MICRO = Decimal("0.000001")
DIRECTION = {0: "we gave", 1: "they gave", 2: "together"}
EXTRA = ("first_hand",)  # for the reader of the file; an import passes them over
LEFT_OUT = {
    ImportTable.CHECKS: {"rater", "rated"},
    ImportTable.EVENTS: {"giver", "receiver", "cost", "cost_unit", "cost_word", "guess", "worth", "expectation"},
}


@dataclass(frozen=True)
class Slice:
    """Relationships that one reader sees alike."""

    relationships: QuerySet[Relationship]
    view: View | None  # None: the operator


def columns_of(table: str) -> list[str]:
    return [name for name in FIELDS[table] if name not in LEFT_OUT.get(ImportTable(table), set())] + list(EXTRA)


def export(*, table: str, workspace: Workspace, member: Member | None, now: datetime) -> Iterator[bytes]:
    """The file in pieces, beginning with a byte order mark so that spreadsheets read it as UTF-8. One audit row, written before the first piece."""
    actor = {"actor_kind": "user", "actor_id": member.user_id} if member else {"actor_kind": "operator", "actor_id": None}
    audit.record(
        workspace_id=workspace.pk, now=now, action=f"export.{table.lower()}", target_kind="workspace", target_id=workspace.public_id, **actor
    )
    return _pieces(table, workspace, member)


def _pieces(table: str, workspace: Workspace, member: Member | None) -> Iterator[bytes]:
    names = columns_of(table)
    yield "\ufeff".encode() + written([names])
    for part in slices(workspace, member):
        for kind in Kind.values:
            ids = part.relationships.filter(kind=kind).order_by("pk").values_list("pk", flat=True)
            for start in range(0, ids.count(), AT_ONCE):
                found = TABLES[ImportTable(table)](list(ids[start : start + AT_ONCE]), part.view, kind)
                lines = [[cell(row.get(name)) for name in names] for row in found]
                if lines:
                    yield written(lines)


def slices(workspace: Workspace, member: Member | None) -> list[Slice]:
    rows = Relationship.objects.filter(workspace=workspace)
    if member is None:
        return [Slice(rows, None)]
    found = []
    if member.is_steward:
        found.append(Slice(rows.filter(steward=member), View.OWN))
    if member.is_leader:
        led = rows.filter(kind=Kind.CLIENT)
        found.append(Slice(led.exclude(steward=member) if member.is_steward else led, View.SHARED))
    return found


def written(rows: Sequence[Sequence[str]]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerows(rows)
    return buffer.getvalue().encode("utf-8", "replace")


def cell(value: Any) -> str:
    """As a text that no spreadsheet takes for a formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return as_written(f"{value.normalize():f}")
    return as_written(str(value))


# Rows of one kind of relationship, as one reader may see them


def checks(ids: Sequence[int], view: View | None, kind: str) -> Iterator[dict[str, Any]]:
    names = names_of(ids)
    answers = Answer.objects.standing().filter(relationship_id__in=ids).select_related("text", "confirms_shown")
    for row in visible_answers(answers, view or View.SHARED, kind).order_by("relationship_id", "answered_on", "id"):
        points = row.y_micro * MICRO if row.y_micro is not None else confirmed(row)
        yield names[row.relationship_id] | {
            "id": row.public_id, "side": SIDE_NAMES[row.side], "value": points, "on": row.answered_on, "first_hand": row.first_hand,
            # Of their own side's answers colleagues see the number alone; the operator's export is the whole book.
            "guess": None if row.guess_micro is None or hides_words(row, view) else row.guess_micro * MICRO,
            "sentence": "" if hides_words(row, view) else getattr(getattr(row, "text", None), "sentence", ""),
        }  # fmt: skip


def hides_words(row: Answer, view: View | None) -> bool:
    return view is not None and row.side == SideRole.OWN and row.first_hand


def events(ids: Sequence[int], view: View | None, kind: str) -> Iterator[dict[str, Any]]:
    names = names_of(ids)
    chosen = seen_events(ids, view, kind)
    versions = EventVersion.objects.current().filter(event__in=chosen, is_withdrawal=False).select_related("event", "text", "value_kind")
    for row in versions.order_by("event__relationship_id", "occurred_on", "event_id"):
        text = getattr(row, "text", None)
        yield names[row.event.relationship_id] | {
            "id": row.event.public_id, "direction": DIRECTION[row.event.giver], "on": row.occurred_on, "arrived_on": row.arrived_on,
            "expected_on": row.expected_on, "status": row.status, "what": getattr(text, "what", ""), "goal": getattr(text, "goal", ""), "kind": row.kind,
            "value_kind": row.value_kind.name if row.value_kind else "", "visibility": row.visibility, "first_hand": row.author_participant_id is not None,
        }  # fmt: skip


def reports(ids: Sequence[int], view: View | None, kind: str) -> Iterator[dict[str, Any]]:
    rows = Report.objects.standing().filter(event__in=seen_events(ids, view, kind)).select_related("event", "unit", "text", "fact")
    rows = rows.filter(event__versions__superseded_by__isnull=True, event__versions__is_withdrawal=False)
    if view is not None:
        rows = visible_reports(rows, view, kind)
    elif kind == Kind.EMPLOYEE:
        rows = rows.filter(Q(side=SideRole.OWN) | Q(disclosure__isnull=False))
    for row in rows.order_by("relationship_id", "event_id", "id").distinct():
        fact = shown_fact(row, view)
        yield {
            "id": row.public_id, "event": row.event.public_id, "side": SIDE_NAMES[row.side], "role": row.role.lower(), "word": word(row.word),
            "amount": row.typed_amount, "unit": row.unit.name if row.unit else "", "guess": word(row.guess_word), "arrived": row.arrived,
            "expectation": row.expectation, "owing": row.owing, "beneficiary": row.beneficiary, "sentence": getattr(getattr(row, "text", None), "sentence", ""),
            "visibility": row.visibility, "first_hand": row.first_hand, "money": fact.money if fact else None, "hours": fact.hours if fact else None,
            "currency": fact.currency if fact else "",
        }  # fmt: skip


TABLES: dict[ImportTable, Callable[[Sequence[int], View | None, str], Iterator[dict[str, Any]]]] = {
    ImportTable.CHECKS: checks,
    ImportTable.EVENTS: events,
    ImportTable.REPORTS: reports,
}


def seen_events(ids: Sequence[int], view: View | None, kind: str) -> QuerySet[ValueEvent]:
    rows = ValueEvent.objects.filter(relationship_id__in=ids)
    if view is not None:
        return visible_events(rows, view)
    if kind == Kind.EMPLOYEE:  # what an employee noted for themself is nobody else's
        shared = Q(versions__superseded_by__isnull=True, versions__visibility=Visibility.SHARED)
        return rows.filter(shared | Q(versions__superseded_by__isnull=True, author_side=SideRole.OWN))
    return rows


def shown_fact(report: Report, view: View | None) -> ReportFact | None:
    """Money and hours are private to the side that wrote them unless it shares them."""
    fact = getattr(report, "fact", None)
    if fact is None or fact.is_shared or view is None or (view == View.OWN and report.side == SideRole.OWN):
        return fact
    return None


def names_of(ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {
        pk: {"relationship": public_id, "relationship_kind": kind.lower()}
        for pk, public_id, kind in Relationship.objects.filter(pk__in=ids).values_list("pk", "public_id", "kind")
    }
    for pk, role, name in Side.objects.filter(relationship_id__in=ids).values_list("relationship_id", "role", "party__text__name"):
        found[pk]["own" if role == SideRole.OWN else "counterpart"] = name or ""
    return found


def confirmed(answer: Answer) -> Decimal:
    """A confirm says "still right" of a value that was shown: elsewhere it arrives as a check of that value."""
    assert answer.confirms_shown is not None
    points = Decimal(answer.confirms_shown.r_nano / 1e9 / KAPPA).quantize(MICRO)
    return max(Decimal(-3), min(Decimal(3), points))


def word(code: int | None) -> str:
    return "" if code is None else str(Word(code).label)
