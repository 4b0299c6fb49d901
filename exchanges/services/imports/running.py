"""An import from its first row to its last: read and check, sort into parts, write whole parts, one transaction each.

A run may be killed at any instruction: what is committed is known by its keys and by the number of parts done, the rest comes when the
batch is run again. Memory holds one part at a time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import BinaryIO

from django.conf import settings as django_settings
from django.db import connection, transaction
from django.db.models import F

from exchanges.models import Card, ImportBatch, ImportRow, ImportState, ImportTable, View
from exchanges.services.imports import checks, events, mapping, reports
from exchanges.services.imports.dialects import Record
from exchanges.services.imports.fields import Refused
from exchanges.services.imports.known import Occurrences
from exchanges.services.imports.resolving import Resolver, Settings
from exchanges.services.imports.rows import Fixes, Plan, Refusal, Staged
from exchanges.services.imports.staging import Staging, parts_for
from exchanges.services.imports.tables import about_rows, open_table
from exchanges.services.imports.writing import Outcome, Work
from exchanges.services.refolding import refold
from relationships.models import Kind, Member
from valueledger.common import audit, bulk
from valueledger.common.errors import ValueLedgerError

LEASE = timedelta(seconds=90)
REFUSALS_KEPT = 10_000
CHANGES_SHOWN = 12
ROWS_A_BEAT = 50_000
AT_ONCE = 40_000  # rows of one part in memory: only a relationship with very many has more
UNPACKED_TIMES = 20
LOCK_SPACE = 0x76_4C_69  # "vLi": advisory locks of imports
WRITERS = {ImportTable.CHECKS: checks.write, ImportTable.EVENTS: events.write, ImportTable.REPORTS: reports.write}


@dataclass(frozen=True)
class Options:
    """What was chosen for one import, kept with its batch."""

    map: str
    kind: str = Kind.CLIENT
    party_kind: str = ""
    creates: bool = True
    is_strict: bool = False
    separator: str = ""
    has_header: bool | None = None
    fixes: dict[str, dict[str, str]] = field(default_factory=dict)

    def as_fixes(self) -> Fixes:
        return {int(number): cells for number, cells in self.fixes.items()}


class NothingImported(ValueLedgerError):
    code = "nothing_imported"
    status = 409
    sentence = "Some rows are wrong, so nothing was imported."


class LeaseLost(ValueLedgerError):
    code = "lease_lost"
    status = 409
    sentence = "Another worker has taken this import over."


@dataclass
class Reading:
    """What the first pass over a file told."""

    rows: int = 0
    refused: list[Refusal] = field(default_factory=list)
    refused_count: int = 0


Progress = Callable[[ImportBatch], None]


def options_of(batch: ImportBatch) -> Options:
    return Options(**batch.mapping)


def settings_of(batch: ImportBatch, *, steward: Member | None) -> Settings:
    options = options_of(batch)
    return Settings(
        workspace=batch.workspace, member=batch.member, steward=batch.member or steward, source=batch.source, kind=options.kind,
        party_kind=options.party_kind, creates=options.creates, batch_id=batch.pk,
    )  # fmt: skip


def read_into(
    staging: Staging,
    source: BinaryIO,
    *,
    table: str,
    options: Options,
    now: datetime,
    rows_most: int | None = None,
    beat: Callable[[], None] | None = None,
) -> Reading:
    """Check every row; the good ones go to their parts. `beat` is called now and then. Raises BadMapping and NotReadable."""
    plan, records = plan_for(source, table=table, options=options, now=now)
    told = Reading()
    for record in records:
        if rows_most is not None and told.rows >= rows_most:
            break
        told.rows += 1
        if beat and told.rows % ROWS_A_BEAT == 0:
            beat()
        try:
            staging.add(plan.check(record))
        except Refused as refused:
            told.refused_count += 1
            if len(told.refused) < REFUSALS_KEPT:
                told.refused.append(plan.refusal(record, refused))
    return told


def plan_for(source: BinaryIO, *, table: str, options: Options, now: datetime) -> tuple[Plan, Iterator[Record]]:
    """How the file's rows are read, and the rows. Without a mapping the header has to say it."""
    chosen = mapping.parse(options.map, table=table) if options.map else None
    has_header = True if chosen is None or chosen.by_name() else options.has_header
    largest = UNPACKED_TIMES * django_settings.IMPORT_MAX_BYTES
    opened = open_table(source, has_header=has_header, separator=options.separator, largest=largest)
    chosen = chosen or mapping.of_header(opened.header or [], table=table)
    placed = mapping.place(chosen, opened.header, opened.width)
    return Plan(table, placed, width=opened.width, today=now.date(), fixes=options.as_fixes()), opened.records


def run(
    batch: ImportBatch,
    source: BinaryIO,
    *,
    now: datetime,
    steward: Member | None = None,
    progress: Progress | None = None,
    seconds: float | None = None,
) -> bool:
    """Write the parts that are left. False: `seconds` were not enough, and the batch waits for the next tick.

    The caller holds the batch's lease. Raises BadMapping, NotReadable, NothingImported, LeaseLost.
    """
    begun = time.monotonic()
    options = options_of(batch)
    if batch.parts is None:
        batch.parts, batch.started_at = parts_for(about_rows(source)), now
        batch.save(update_fields=["parts", "started_at"])
    settings = settings_of(batch, steward=steward)

    def lease_until() -> datetime:
        return now + timedelta(seconds=time.monotonic() - begun) + LEASE

    def beat() -> None:
        ImportBatch.objects.filter(pk=batch.pk, state=ImportState.RUNNING).update(lease_until=lease_until())

    with Staging(batch.parts, first=batch.parts_done) as staging:
        told = read_into(staging, source, table=batch.table, options=options, now=now, beat=beat)
        if batch.rows_total is None:
            note_reading(batch, told)
        if options.is_strict and batch.parts_done == 0:
            ensure_all_right(batch, staging, settings, now=now)
        if progress:
            progress(batch)
        resolver = Resolver(settings)
        for part in range(batch.parts_done, batch.parts):
            if seconds is not None and time.monotonic() - begun > seconds:
                return False
            write_part(batch, part, staging, resolver, settings, now=now, lease_until=lease_until())
            if progress:
                progress(batch)
    return True


def write_part(
    batch: ImportBatch, part: int, staging: Staging, resolver: Resolver, settings: Settings, *, now: datetime, lease_until: datetime
) -> None:
    """One part in one transaction, with its refused rows and the batch's figures."""
    with transaction.atomic():
        lock_workspace(settings.workspace.pk)
        outcome = Outcome()
        occurrences = Occurrences(settings)
        for rows in in_portions(staging, part):
            work = Work(settings, resolver, occurrences, now, outcome=outcome)
            WRITERS[ImportTable(batch.table)](work, rows)
        before = verdicts_of(outcome.met_before & outcome.relationships)
        refold(relationships=sorted(outcome.relationships), now=now, evidence=outcome.all_evidence())
        note_changes(batch, before)
        keep_refusals(batch, outcome.refused, room=REFUSALS_KEPT - batch.rows_refused)
        mine = ImportBatch.objects.filter(pk=batch.pk, state=ImportState.RUNNING, parts_done=part)
        moved = mine.update(
            parts_done=part + 1, rows_read=F("rows_read") + outcome.added + outcome.known + len(outcome.refused), rows_added=F("rows_added") + outcome.added,
            changes=batch.changes, rows_known=F("rows_known") + outcome.known, rows_refused=F("rows_refused") + len(outcome.refused), lease_until=lease_until,
        )  # fmt: skip
        if moved != 1:  # stopped by a person, or taken over: nothing of this part is kept
            raise LeaseLost
    batch.refresh_from_db()


def verdicts_of(relationships: Iterable[int]) -> dict[int, str]:
    """What the cards say of relationships that were there before."""
    rows = bulk.lookup(Card, "relationship_id", sorted(relationships), ["relationship_id", "view", "has_own", "verdict"])
    return {pk: verdict for pk, view, has_own, verdict in rows if view == View.OWN or (view == View.SHARED and not has_own)}


def note_changes(batch: ImportBatch, before: dict[int, str]) -> None:
    """Relationships whose verdict became another, for the page that says what came of the import."""
    after = verdicts_of(before)
    changed = [[pk, verdict, after[pk]] for pk, verdict in sorted(before.items()) if after.get(pk, verdict) != verdict]
    first = batch.changes.get("first", [])
    batch.changes = {"count": batch.changes.get("count", 0) + len(changed), "first": [*first, *changed][:CHANGES_SHOWN]}


def in_portions(staging: Staging, part: int, *, again: bool = False) -> Iterator[list[Staged]]:
    """A part at once, unless it is far larger than parts are meant to be."""
    portion: list[Staged] = []
    for rows in staging.rows_of(part, again=again):
        portion += rows
        if len(portion) >= AT_ONCE:
            yield portion
            portion = []
    if portion:
        yield portion


def rehearse(staging: Staging, settings: Settings, *, table: str, now: datetime) -> Outcome:
    """What would happen to every staged row; nothing is written."""
    outcome, resolver = Outcome(), Resolver(settings)
    for part in range(staging.parts):
        occurrences = Occurrences(settings)
        for rows in in_portions(staging, part, again=True):
            WRITERS[ImportTable(table)](Work(settings, resolver, occurrences, now, write=False, outcome=outcome), rows)
    return outcome


def ensure_all_right(batch: ImportBatch, staging: Staging, settings: Settings, *, now: datetime) -> None:
    """Raises NothingImported if any row would be refused."""
    outcome = rehearse(staging, settings, table=batch.table, now=now)
    keep_refusals(batch, outcome.refused, room=REFUSALS_KEPT - batch.rows_refused)
    batch.rows_refused += len(outcome.refused)
    batch.save(update_fields=["rows_refused"])
    if batch.rows_refused:
        raise NothingImported(f"{batch.rows_refused:,} of {batch.rows_total:,} rows are wrong, so nothing was imported.")


def note_reading(batch: ImportBatch, told: Reading) -> None:
    """Keep the rows that could not be read. Once: a run that goes on finds them noted."""
    with transaction.atomic():
        ImportRow.objects.filter(batch=batch).delete()
        keep_refusals(batch, told.refused, room=REFUSALS_KEPT)
        batch.rows_total, batch.rows_refused, batch.rows_read = told.rows, told.refused_count, told.refused_count
        batch.save(update_fields=["rows_total", "rows_refused", "rows_read"])


def keep_refusals(batch: ImportBatch, refused: list[Refusal], *, room: int) -> None:
    rows = refused[: max(room, 0)]
    bulk.insert(
        ImportRow, len(rows),
        {
            "workspace_id": batch.workspace_id, "batch_id": batch.pk, "number": [row.number for row in rows], "field": [row.field for row in rows],
            "reason": [row.reason for row in rows], "typed": [row.typed for row in rows],
        },
    )  # fmt: skip


def lock_workspace(workspace_id: int) -> None:
    """One part of one import at a time in a workspace, so that two imports cannot both make the same party."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK_SPACE, workspace_id % 2**31])


def note_end(batch: ImportBatch, *, state: str, now: datetime, error: str = "") -> None:
    batch.state, batch.error, batch.ended_at, batch.lease_until = state, error[:300], now, None
    batch.save(update_fields=["state", "error", "ended_at", "lease_until"])
    actor = {"actor_kind": "user", "actor_id": batch.member.user_id} if batch.member else {"actor_kind": "operator", "actor_id": None}
    audit.record(
        workspace_id=batch.workspace_id, now=now, action=f"import.{state.lower()}", target_kind="import", target_id=batch.public_id,
        result="failed" if state == ImportState.FAILED else "done", **actor,
    )  # fmt: skip


@contextmanager
def ending(batch: ImportBatch, *, now: datetime) -> Iterator[None]:
    """Whatever goes wrong with the file is told on the batch; what is in stays in."""
    try:
        yield
    except ValueLedgerError as error:
        if not isinstance(error, LeaseLost):
            note_end(batch, state=ImportState.FAILED, now=now, error=error.sentence)
        raise
