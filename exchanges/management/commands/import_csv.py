"""import_csv FILE --workspace NAME --table checks --map "rater=0,rated=1,value=2*3/10,on=3:unix": docs/import.md has all of it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from exchanges.models import ImportBatch, ImportTable
from exchanges.selectors.imports import refused_rows
from exchanges.services.imports.batches import import_file, rehearse_file
from exchanges.services.imports.running import Options
from relationships.models import Kind, PartyKind
from relationships.selectors.workspaces import sole_steward, workspace_named
from relationships.services.setup import create_workspace
from valueledger.common.errors import ValueLedgerError
from valueledger.common.tenancy import within

SHOWN = 20


class Command(BaseCommand):
    help = "Imports value events, reports or checks from a CSV file, packed or not. Running it again adds nothing."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--workspace", required=True, help="name or public id")
        parser.add_argument("--create-workspace", action="store_true", help="make the workspace if there is none of this name")
        parser.add_argument("--table", default="checks", choices=[table.lower() for table in ImportTable.values])
        parser.add_argument("--map", default="", help='"rater=0,rated=1,value=2*3/10,on=3:unix", see docs/import.md (default: by the header)')
        parser.add_argument("--source", default="", help="the name under which rows are known again (default: the file's name)")
        parser.add_argument("--kind", default="client", choices=[kind.lower() for kind in Kind.values], help="of relationships that are made")
        parser.add_argument("--party-kind", default="", choices=["", *(kind.lower() for kind in PartyKind.values)], help="of parties that are made")
        parser.add_argument("--steward", default="", help="address of the member who looks after new relationships (default: the only steward)")
        parser.add_argument("--no-create", action="store_true", help="refuse rows of relationships that are not there")
        parser.add_argument("--strict", action="store_true", help="import nothing if any row is wrong")
        parser.add_argument("--header", default="auto", choices=["auto", "yes", "no"])
        parser.add_argument("--separator", default="", help="between cells (default: looked for)")
        parser.add_argument("--dry-run", action="store_true", help="check every row and write nothing")

    def handle(self, *, file: Path, workspace: str, table: str, source: str, **given: Any) -> None:
        now = timezone.now()
        try:
            with file.open("rb") as opened:
                place = workspace_named(workspace) or (create_workspace(name=workspace, now=now) if given["create_workspace"] else None)
                if place is None:
                    raise CommandError(f"There is no workspace called {workspace}. --create-workspace makes it.")
                with within(place.pk):
                    steward = sole_steward(place, email=given["steward"])
                    request: dict[str, Any] = {
                        "workspace": place,
                        "table": table.upper(),
                        "file_name": file.name,
                        "source": source,
                        "options": options(given),
                    }
                    if given["dry_run"]:
                        self._rehearsed(rehearse_file(opened, **request, now=now))
                    else:
                        self._done(import_file(opened, **request, steward=steward, now=now, progress=self._progress))
        except (ValueLedgerError, OSError) as error:
            raise CommandError(getattr(error, "sentence", "") or str(error)) from error

    def _progress(self, batch: ImportBatch) -> None:
        if sys.stderr.isatty() or batch.parts_done == batch.parts or batch.parts_done % 10 == 0:
            end = "\r" if sys.stderr.isatty() and batch.parts_done != batch.parts else "\n"
            self.stderr.write(f"{batch.rows_read:,} of {batch.rows_total:,} rows, part {batch.parts_done} of {batch.parts}", ending=end)

    def _rehearsed(self, told: Any) -> None:
        self.stdout.write(f"{told.rows:,} rows: {told.ready:,} would be added, {told.known:,} are known, {told.refused_count:,} would be refused.")
        self._refused(told.refused[:SHOWN], told.refused_count)

    def _done(self, batch: ImportBatch) -> None:
        self.stdout.write(f"{batch.rows_total or 0:,} rows: {batch.rows_added:,} added, {batch.rows_known:,} known, {batch.rows_refused:,} refused.")
        self._refused(refused_rows(batch)[:SHOWN], batch.rows_refused)

    def _refused(self, rows: Any, count: int) -> None:
        for row in rows:
            self.stdout.write(f"row {row.number}{f', {row.field}' if row.field else ''}: {row.reason}")
        if count > SHOWN:
            self.stdout.write(f"... and {count - SHOWN:,} more.")


def options(given: dict[str, Any]) -> Options:
    return Options(
        map=given["map"], kind=given["kind"].upper(), party_kind=given["party_kind"].upper(), creates=not given["no_create"], is_strict=given["strict"],
        separator="\t" if given["separator"] in ("tab", "\\t") else given["separator"], has_header={"yes": True, "no": False}.get(given["header"]),
    )  # fmt: skip
