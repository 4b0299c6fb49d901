"""export --workspace NAME [--table events] [--out DIR]: the tables as CSV files; importing them again changes nothing."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from exchanges.models import ImportTable
from exchanges.services.exports import export
from relationships.selectors.workspaces import workspace_named
from valueledger.common.errors import ValueLedgerError
from valueledger.common.tenancy import within


class Command(BaseCommand):
    help = "Writes events, reports and checks of a workspace as CSV. Unrevealed answers and what employees did not disclose stay out."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--workspace", required=True, help="name or public id")
        parser.add_argument("--table", default="all", choices=["all", *(table.lower() for table in ImportTable.values)])
        parser.add_argument("--out", type=Path, default=Path(), help="folder for the files (default: here)")

    def handle(self, *, workspace: str, table: str, out: Path, **_: Any) -> None:
        now = timezone.now()
        try:
            place = workspace_named(workspace)
            if place is None:
                raise CommandError(f"There is no workspace called {workspace}.")
            out.mkdir(parents=True, exist_ok=True)
            with within(place.pk):
                for name in ImportTable.values if table == "all" else [table.upper()]:
                    path = out / f"{name.lower()}.csv"
                    with path.open("wb") as file:
                        file.writelines(export(table=name, workspace=place, member=None, now=now))
                    self.stdout.write(str(path))
        except (ValueLedgerError, OSError) as error:
            raise CommandError(getattr(error, "sentence", "") or str(error)) from error
