"""The life of an import: uploaded, mapped, queued, run by a worker, done, perhaps undone; and the same in one go for the command."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import BinaryIO

from django.conf import settings as django_settings
from django.db import transaction
from django.db.models import Q

from exchanges.models import ImportBatch, ImportFile, ImportRow, ImportState
from exchanges.services.imports import running, undoing
from exchanges.services.imports.resolving import Settings
from exchanges.services.imports.rows import Refusal, Staged
from exchanges.services.imports.running import LEASE, LeaseLost, Options, Progress
from exchanges.services.imports.staging import Staging, parts_for
from exchanges.services.imports.tables import about_rows, open_table, stored_file
from relationships.models import Member, Workspace
from valueledger.common.errors import Conflict, Invalid, ValueLedgerError
from valueledger.common.tenancy import everywhere, within
from valueledger.common.validators import clean_line

log = logging.getLogger("valueledger.imports")
PIECE = 1 << 20
SECONDS_A_TICK = 40.0
PREVIEW_ROWS = 20_000
KEPT = timedelta(days=7)
SOURCE_LONGEST = 60
ENDINGS = re.compile(r"(\.(csv|tsv|txt|gz))+$", re.IGNORECASE)


class FileTooLarge(ValueLedgerError):
    code = "too_large"
    status = 413


class NotNow(Conflict):
    code = "not_now"
    sentence = "This import has moved on. Look at it again."


@dataclass(frozen=True)
class Rehearsal:
    """What an import would do. `is_whole` is False if only the first rows were looked at."""

    rows: int
    ready: int
    known: int
    refused_count: int
    is_whole: bool = True
    refused: list[Refusal] = field(default_factory=list)
    ready_rows: list[Staged] = field(default_factory=list)
    known_rows: list[Staged] = field(default_factory=list)


# In one go


def import_file(
    opened: BinaryIO, *, workspace: Workspace, table: str, file_name: str, options: Options, now: datetime, source: str = "",
    steward: Member | None = None, progress: Progress | None = None,
) -> ImportBatch:  # fmt: skip
    """Import a file for an operator. Raises what is wrong with the file or the mapping; rows that are wrong stand on the batch."""
    running.plan_for(opened, table=table, options=options, now=now)  # what is wrong with the whole file shows before anything is written
    batch = ImportBatch.objects.create(
        workspace=workspace, table=table, source=source_name(source, file_name), file_name=file_name[:200], mapping=asdict(options),
        state=ImportState.RUNNING, lease_until=now + LEASE, created_at=now,
    )  # fmt: skip
    with running.ending(batch, now=now):
        running.run(batch, opened, now=now, steward=steward, progress=progress)
        running.note_end(batch, state=ImportState.DONE, now=now)
    return batch


def rehearse_file(
    opened: BinaryIO, *, workspace: Workspace, table: str, file_name: str, options: Options, now: datetime, source: str = "",
    member: Member | None = None, rows_most: int | None = None,
) -> Rehearsal:  # fmt: skip
    """Check every row and say what would happen; nothing is written."""
    settings = Settings(
        workspace=workspace, member=member, steward=member, source=source_name(source, file_name), kind=options.kind,
        party_kind=options.party_kind, creates=options.creates,
    )  # fmt: skip
    with Staging(parts_for(about_rows(opened))) as staging:
        told = running.read_into(staging, opened, table=table, options=options, now=now, rows_most=rows_most)
        outcome = running.rehearse(staging, settings, table=table, now=now)
    return Rehearsal(
        rows=told.rows, ready=outcome.added, known=outcome.known, refused_count=told.refused_count + len(outcome.refused),
        is_whole=rows_most is None or told.rows < rows_most, refused=sorted([*told.refused, *outcome.refused]),
        ready_rows=outcome.new_rows, known_rows=outcome.known_rows,
    )  # fmt: skip


def source_name(given: str, file_name: str) -> str:
    """Under this name rows are known again: the one given, else the file's without its endings."""
    name = clean_line(given or ENDINGS.sub("", file_name.rsplit("/", 1)[-1]) or "file", "source", longest=200)
    return name[:SOURCE_LONGEST]


# Step by step, in the browser


def upload(*, member: Member, table: str, file_name: str, content: Iterable[bytes], source: str = "", now: datetime) -> ImportBatch:
    """Keep a file in pieces and look at its beginning. Raises FileTooLarge and NotReadable."""
    with transaction.atomic():
        batch = ImportBatch.objects.create(
            workspace=member.workspace, member=member, table=table, source=source_name(source, file_name),
            file_name=clean_line(file_name[-200:], "file"), mapping=asdict(Options(map="")), created_at=now,
        )  # fmt: skip
        size = 0
        for number, piece in enumerate(_pieces(content)):
            size += len(piece)
            if size > django_settings.IMPORT_MAX_BYTES:
                raise FileTooLarge(f"A file may have {django_settings.IMPORT_MAX_BYTES >> 20} MB. Cut it in parts, or ask for the import command.")
            ImportFile.objects.create(workspace=member.workspace, batch=batch, number=number, content=piece)
        open_table(stored_file(batch.pk), largest=running.UNPACKED_TIMES * django_settings.IMPORT_MAX_BYTES)
    return batch


def choose_columns(*, batch: ImportBatch, options: Options) -> None:
    """Raises BadMapping if columns are missing or not there."""
    with stored_file(batch.pk) as source:
        running.plan_for(source, table=batch.table, options=options, now=batch.created_at)
    _move(batch, (ImportState.UPLOADED, ImportState.MAPPED), mapping=asdict(options), state=ImportState.MAPPED)


def mend(*, batch: ImportBatch, fixes: dict[str, dict[str, str]]) -> None:
    """Cells typed on the page in place of wrong ones. They are checked with the file's other cells."""
    options = running.options_of(batch)
    merged = {number: options.fixes.get(number, {}) | fixes.get(number, {}) for number in {*options.fixes, *fixes}}
    _move(batch, (ImportState.MAPPED,), mapping=asdict(replace(options, fixes=merged)))


def rehearse(*, batch: ImportBatch, now: datetime) -> Rehearsal:
    """What the batch would do to the ledger; of a large file, its first rows."""
    with stored_file(batch.pk) as opened:
        return rehearse_file(
            opened, workspace=batch.workspace, table=batch.table, file_name=batch.file_name, options=running.options_of(batch), now=now,
            member=batch.member, rows_most=PREVIEW_ROWS, source=batch.source,
        )  # fmt: skip


def queue(*, batch: ImportBatch, is_strict: bool) -> None:
    """Hand the batch to the worker, which looks every few seconds."""
    options = replace(running.options_of(batch), is_strict=is_strict)
    _move(batch, (ImportState.MAPPED,), mapping=asdict(options), state=ImportState.QUEUED)


def stop(*, batch: ImportBatch, now: datetime) -> None:
    """What is in stays in; the part at hand is given up."""
    _move(batch, (ImportState.QUEUED, ImportState.RUNNING), state=ImportState.STOPPED, ended_at=now, lease_until=None)


def undo(*, batch: ImportBatch, now: datetime) -> None:
    """Ask the worker to take back what this batch brought. Possible for a week."""
    if not can_be_undone(batch, now=now):
        raise NotNow("An import can be undone within seven days.")
    _move(batch, (ImportState.DONE, ImportState.STOPPED, ImportState.FAILED), state=ImportState.UNDOING, lease_until=None)


def can_be_undone(batch: ImportBatch, *, now: datetime) -> bool:
    ended = (ImportState.DONE, ImportState.STOPPED, ImportState.FAILED)
    return batch.state in ended and batch.rows_added > 0 and batch.ended_at is not None and now < batch.ended_at + KEPT


# The worker


def sweep(*, now: datetime) -> int:
    """Run what is queued, go on with what a dead worker left, purge what is old. Returns how many batches were worked on."""
    worked = 0
    while (batch := claim(now=now)) is not None:
        with within(batch.workspace_id):
            try:
                is_done = work_on(batch, now=now)
            except ValueLedgerError as error:
                log.info("import %s ended: %s", batch.public_id, error.code)
                is_done = True
            except Exception:
                log.exception("import %s failed", batch.public_id)
                running.note_end(
                    batch, state=ImportState.FAILED, now=now, error="Something went wrong on our side. What is in stays in; run it again."
                )
                is_done = True
        worked += 1
        if not is_done:
            break
    purge(now=now)
    return worked


def claim(*, now: datetime) -> ImportBatch | None:
    """The oldest batch that waits, or whose worker went silent, now ours for as long as the lease."""
    waiting = Q(state=ImportState.QUEUED) | Q(state__in=[ImportState.RUNNING, ImportState.UNDOING], lease_until__lte=now)
    waiting |= Q(state=ImportState.UNDOING, lease_until__isnull=True)
    with everywhere():
        for batch in ImportBatch.objects.filter(waiting).select_related("workspace", "member__user").order_by("created_at", "id")[:20]:
            state = ImportState.RUNNING if batch.state == ImportState.QUEUED else batch.state
            mine = ImportBatch.objects.filter(pk=batch.pk, state=batch.state, lease_until=batch.lease_until)
            if mine.update(state=state, lease_until=now + LEASE) == 1:
                batch.state, batch.lease_until = state, now + LEASE
                return batch
    return None


def work_on(batch: ImportBatch, *, now: datetime) -> bool:
    """False: more is to do, and the lease is given back for the next tick."""
    if batch.state == ImportState.UNDOING:
        is_done = undoing.undo_some(batch, now=now, seconds=SECONDS_A_TICK)
        if is_done:
            running.note_end(batch, state=ImportState.UNDONE, now=now)
    else:
        if not ImportFile.objects.filter(batch=batch).exists():
            error = "The command that ran this import ended before its time. Run it again: what is in stays in."
            running.note_end(batch, state=ImportState.FAILED, now=now, error=error)
            return True
        with running.ending(batch, now=now), stored_file(batch.pk) as source:
            is_done = running.run(batch, source, now=now, seconds=SECONDS_A_TICK)
            if is_done:
                running.note_end(batch, state=ImportState.DONE, now=now)
    if not is_done:
        ImportBatch.objects.filter(pk=batch.pk, state=batch.state).update(lease_until=now)
    return is_done


def purge(*, now: datetime) -> int:
    """Files and refused rows go a week after their import ended, or after they were left lying."""
    with everywhere():
        ended = Q(ended_at__lt=now - KEPT) | Q(state__in=[ImportState.UPLOADED, ImportState.MAPPED], created_at__lt=now - KEPT)
        old = list(ImportBatch.objects.filter(ended, pieces__isnull=False).distinct().values_list("id", flat=True)[:50])
        for pk in old:
            ImportFile.objects.filter(batch_id=pk).delete()
            ImportRow.objects.filter(batch_id=pk).delete()
    return len(old)


def _move(batch: ImportBatch, states: Iterable[str], **changes: object) -> None:
    """Settled by the count: whoever was slower is told so."""
    if ImportBatch.objects.filter(pk=batch.pk, state__in=list(states)).update(**changes) != 1:
        raise NotNow
    for name, value in changes.items():
        setattr(batch, name, value)


def _pieces(content: Iterable[bytes]) -> Iterable[bytes]:
    waiting = bytearray()
    for chunk in content:
        waiting += chunk
        while len(waiting) >= PIECE:
            yield bytes(waiting[:PIECE])
            del waiting[:PIECE]
    if waiting:
        yield bytes(waiting)


__all__ = [
    "FileTooLarge", "Invalid", "LeaseLost", "NotNow", "Rehearsal", "can_be_undone", "choose_columns", "claim", "import_file", "mend", "purge", "queue",
    "rehearse", "rehearse_file", "source_name", "stop", "sweep", "undo", "upload", "work_on",
]  # fmt: skip
