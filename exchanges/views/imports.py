"""Import in four steps: choose a file, match columns, check rows, import; and the export. For members who look after relationships."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from exchanges.access import import_for
from exchanges.forms.imports import ColumnsForm, UploadForm
from exchanges.models import ImportBatch, ImportState, ImportTable
from exchanges.models.imports import RUNNING_STATES
from exchanges.selectors.imports import changed_relationships, recent_batches, refused_rows, unit_names, writable_names
from exchanges.services.exports import export as export_table
from exchanges.services.imports import batches
from exchanges.services.imports.cells import as_written
from exchanges.services.imports.dialects import NotReadable
from exchanges.services.imports.looking import look, rows_at
from exchanges.services.imports.previewing import preview_page
from exchanges.services.imports.tables import open_table, stored_file
from exchanges.views.desk import FORM, Desk, desk_of, go, show
from valueledger.common.errors import Invalid, NotFound, ValueLedgerError
from valueledger.common.tenancy import within

LABELS = ("Choose a file", "Match columns", "Check rows", "Import")
TITLES = {ImportTable.EVENTS: "Import value events", ImportTable.CHECKS: "Import checks", ImportTable.REPORTS: "Import reports"}
SHOW = ("needs", "ready", "known")


@require_http_methods(FORM)
def import_file(request: HttpRequest) -> HttpResponse:
    desk = desk_of(request, steward=True)
    form = UploadForm(request.POST or None, request.FILES or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            file = form.cleaned_data["file"]
            try:
                batch = batches.upload(
                    member=desk.member, table=form.cleaned_data["table"], file_name=file.name, content=file.chunks(), source=form.cleaned_data["source"],
                    now=desk.now,
                )  # fmt: skip
                return go(request, reverse("desk:import_map", args=[batch.public_id]))
            except (Invalid, batches.FileTooLarge) as error:
                form.add_error("file", error.sentence)
                status = 413 if error.status == 413 else 422
    context = {"form": form, "steps": steps(1), "batches": recent_batches(desk.member), "tables": ImportTable.choices}
    return show(request, "desk/import.html", desk, context, nav="import", status=status)


@require_http_methods(FORM)
def import_map(request: HttpRequest, public_id: UUID) -> HttpResponse:
    desk, batch = opened(request, public_id)
    if batch.state not in (ImportState.UPLOADED, ImportState.MAPPED):
        return go(request, reverse("desk:import_progress", args=[batch.public_id]))
    with stored_file(batch.pk) as source:
        seen = look(source, table=batch.table)
    form = ColumnsForm(request.POST or None, table=batch.table, look=seen, units=unit_names(desk.member))
    if request.method == "POST" and form.is_valid():
        try:
            batches.choose_columns(batch=batch, options=form.options)
            return go(request, reverse("desk:import_preview", args=[batch.public_id]))
        except Invalid as error:
            form.add_error(None, error.sentence)
    context = page_of(batch, 2) | {"form": form, "look": seen, "count": len(seen.columns)}
    return show(request, "desk/import_map.html", desk, context, nav="import", status=422 if form.errors else 200)


@require_http_methods(FORM)
def import_preview(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """GET checks every row and writes nothing. POST keeps what was mended and checks again."""
    desk, batch = opened(request, public_id)
    if batch.state != ImportState.MAPPED:
        return go(request, reverse("desk:import_progress" if batch.state != ImportState.UPLOADED else "desk:import_map", args=[batch.public_id]))
    if request.method == "POST":
        batches.mend(batch=batch, fixes=typed_fixes(request))
        return go(request, reverse("desk:import_preview", args=[batch.public_id]))
    chosen = request.GET.get("show", "needs")
    told = batches.rehearse(batch=batch, now=desk.now)
    page = preview_page(batch, told, show=chosen if chosen in SHOW else "needs", names=writable_names(desk.member))
    return show(request, "desk/import_preview.html", desk, page_of(batch, 3) | {"told": told, "page": page}, nav="import")


@require_http_methods(["POST"])
def import_run(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Hand it to the worker. Whoever presses twice finds it running."""
    _, batch = opened(request, public_id)
    if batch.state == ImportState.MAPPED:
        fixes = typed_fixes(request)
        if fixes:
            batches.mend(batch=batch, fixes=fixes)
        batches.queue(batch=batch, is_strict=request.POST.get("bad") == "none")
    return go(request, reverse("desk:import_progress", args=[batch.public_id]))


@require_safe
def import_progress(request: HttpRequest, public_id: UUID) -> HttpResponse:
    desk, batch = opened(request, public_id)
    if batch.state in (ImportState.UPLOADED, ImportState.MAPPED):
        return go(request, reverse("desk:import_map" if batch.state == ImportState.UPLOADED else "desk:import_preview", args=[batch.public_id]))
    if batch.state not in RUNNING_STATES:
        return go(request, reverse("desk:import_result", args=[batch.public_id]))
    context = page_of(batch, 4) | {"seconds_left": seconds_left(batch, desk)}
    return show(request, "desk/import_progress.html", desk, context, nav="import", fragment="desk/_import_progress.html")


@require_safe
def import_result(request: HttpRequest, public_id: UUID) -> HttpResponse:
    desk, batch = opened(request, public_id)
    if batch.state in RUNNING_STATES or batch.ended_at is None:
        return go(request, reverse("desk:import_progress", args=[batch.public_id]))
    context = page_of(batch, 5) | {
        "changes": changed_relationships(desk.member, batch),
        "changed_count": batch.changes.get("count", 0),
        "can_be_undone": batches.can_be_undone(batch, now=desk.now),
        "undo_until": (batch.ended_at + batches.KEPT - timedelta(seconds=1)).astimezone(desk.member.workspace.zone).date(),
        "rows_left": max((batch.rows_total or 0) - batch.rows_read, 0),
        "has_refused": refused_rows(batch).exists(),
    }
    return show(request, "desk/import_result.html", desk, context, nav="import")


@require_http_methods(["POST"])
def import_stop(request: HttpRequest, public_id: UUID) -> HttpResponse:
    desk, batch = opened(request, public_id)
    try:
        batches.stop(batch=batch, now=desk.now)
    except batches.NotNow:
        messages.info(request, "The import had ended already.")
    return go(request, reverse("desk:import_progress", args=[batch.public_id]))


@require_http_methods(["POST"])
def import_undo(request: HttpRequest, public_id: UUID) -> HttpResponse:
    desk, batch = opened(request, public_id)
    try:
        batches.undo(batch=batch, now=desk.now)
    except ValueLedgerError as error:
        messages.error(request, error.sentence)
    return go(request, reverse("desk:import_progress", args=[batch.public_id]))


@require_safe
def import_refused(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """The rows that were set aside, as a file that can be mended and brought in again."""
    _, batch = opened(request, public_id)
    if not refused_rows(batch).exists():
        raise NotFound
    return download(inside(batch.workspace_id, refused_file(batch)), f"set-aside-{batch.public_id}.csv")


@require_http_methods(["POST"])
def export(request: HttpRequest) -> HttpResponseBase:
    """One table as this member may see it. A form, not a link: each export leaves a line in the audit log."""
    desk = desk_of(request)
    table = request.POST.get("table", "")
    if table not in ImportTable.values or not (desk.member.is_steward or desk.member.is_leader):
        raise NotFound
    pieces = export_table(table=table, workspace=desk.member.workspace, member=desk.member, now=desk.now)
    return download(inside(desk.member.workspace_id, pieces), f"{table.lower()}-{desk.today.isoformat()}.csv")


def inside(workspace_id: int, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The answer is written after the view has returned, when the workspace's scope is closed: open it again for the file."""
    with within(workspace_id):
        yield from pieces


def opened(request: HttpRequest, public_id: UUID) -> tuple[Desk, ImportBatch]:
    desk = desk_of(request, steward=True)
    return desk, import_for(desk.member, public_id)


def page_of(batch: ImportBatch, step: int) -> dict[str, Any]:
    return {"batch": batch, "title": TITLES[ImportTable(batch.table)], "steps": steps(step), "noun": ImportTable(batch.table).label}


def steps(current: int) -> list[tuple[str, str]]:
    return [(label, "done" if number < current else "current" if number == current else "") for number, label in enumerate(LABELS, start=1)]


def typed_fixes(request: HttpRequest) -> dict[str, dict[str, str]]:
    """Cells named `fix-<row>-<field>`. A name to begin comes as `create`, a row to leave out as `skip`."""
    fixes: dict[str, dict[str, str]] = {}
    for name, value in request.POST.items():
        begin, _, rest = name.partition("-")
        number, _, field = rest.partition("-")
        if begin == "fix" and number.isascii() and number.isdigit() and field and len(number) < 9:
            text = str(value)[:4_000]
            chosen = {"::create": {"create": "1"}, "::skip": {"skip": "1"}}.get(text, {field[:40]: text})
            fixes.setdefault(number, {}).update(chosen)
    return fixes


def seconds_left(batch: ImportBatch, desk: Desk) -> int | None:
    """From how fast it went so far; None before anything is known."""
    if batch.started_at is None or not batch.rows_total or batch.rows_read <= batch.rows_refused or batch.rows_read >= batch.rows_total:
        return None
    passed = (desk.now - batch.started_at).total_seconds()
    return max(1, round(passed / batch.rows_read * (batch.rows_total - batch.rows_read)))


def refused_file(batch: ImportBatch) -> Iterator[bytes]:
    """The rows as they stood in the file, each with its number and what is wrong, while the file is kept."""
    refused = list(refused_rows(batch)[:10_000])
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    with stored_file(batch.pk) as source:
        try:
            header, cells = open_table(source).header or [], rows_at(source, {row.number for row in refused})
        except NotReadable:  # purged: what was typed stands on the row
            header, cells = ["typed"], {row.number: [row.typed] for row in refused}
    writer.writerow([*header, "row", "wrong field", "reason"])
    for row in refused:
        writer.writerow([*map(as_written, cells.get(row.number, [])), row.number, row.field, as_written(row.reason)])
    yield "\ufeff".encode() + buffer.getvalue().encode("utf-8", "replace")


def download(content: Iterator[bytes], name: str) -> StreamingHttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return StreamingHttpResponse(content, content_type="text/csv; charset=utf-8", headers=headers)
