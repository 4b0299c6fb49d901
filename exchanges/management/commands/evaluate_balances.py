"""Bring cards up to date: those that turn by time alone, or all of them, folded again."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from exchanges.management.commands.verify_ledger import chosen_workspaces
from exchanges.services.cards import age_cards
from exchanges.services.intents import forget_stale
from exchanges.services.reflections import ask_reflections
from exchanges.services.refolding import refold
from relationships.models import Relationship
from valueledger.common.tenancy import within


class Command(BaseCommand):
    help = "Rewrite the cards whose label or due date changes today and store a snapshot of each that changed; --all folds every balance again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--workspace", help="name or public id; all of them by default")
        parser.add_argument("--all", action="store_true", help="fold every balance again from its live evidence")

    def handle(self, *args: Any, workspace: str | None, all: bool, **options: Any) -> None:
        now = timezone.now()
        if workspace is None:  # what else comes with a new day
            forget_stale(now=now)
            ask_reflections(now=now)
        for row in chosen_workspaces(workspace):
            with within(row.pk):
                if all:
                    ids = list(Relationship.objects.order_by("pk").values_list("pk", flat=True))
                    refold(relationships=ids, now=now)
                    self.stdout.write(f"{row.name}: {len(ids)} balances folded again.")
                aged = 0
                while done := age_cards(now=now):
                    aged += done
                self.stdout.write(f"{row.name}: {aged} cards had turned.")
