"""Compare what is stored with what it should follow from."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from exchanges.selectors.verification import differences
from relationships.models import Relationship, Workspace
from valueledger.common import append_only
from valueledger.common.tenancy import within


class Command(BaseCommand):
    help = "Verify the ledger: statements, evidence, live evidence, stored balances and cards against a replay. Exit code 1 and the rows named when they differ."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--workspace", help="name or public id; all of them by default")
        parser.add_argument("--most", type=int, default=50, help="how many differences to name (default 50)")

    def handle(self, *args: Any, workspace: str | None, most: int, **options: Any) -> None:
        found = unguarded = checked = 0
        for table in append_only.missing(connection):
            unguarded += 1
            self.stdout.write(f"{table}: the append-only triggers are missing")
        for row in chosen_workspaces(workspace):
            with within(row.pk):
                ids = list(Relationship.objects.order_by("pk").values_list("pk", flat=True))
                checked += len(ids)
                for difference in differences(ids):
                    found += 1
                    if found <= most:
                        self.stdout.write(f"{row.name}: relationship {difference.public_id}: {difference.row}: {difference.what}")
        if found or unguarded:
            raise CommandError(f"{found} differences in {checked} relationships, {unguarded} tables without their guard.")
        self.stdout.write(f"{checked} relationships verified: what is stored follows from what was said.")


def chosen_workspaces(wanted: str | None) -> list[Workspace]:
    rows = list(Workspace.objects.order_by("pk"))
    if wanted is None:
        return rows
    named = [row for row in rows if wanted in (row.name, str(row.public_id))]
    if not named:
        raise CommandError(f"There is no workspace called {wanted!r}.")
    return named
