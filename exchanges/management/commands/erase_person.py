"""erase_person --workspace NAME (--email ADDRESS | --person ID): who they were and what they wrote goes, for good."""

from __future__ import annotations

import argparse
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from exchanges.services.erasing import Erased, erase_person
from relationships.models import Person
from relationships.selectors.workspaces import workspace_named
from relationships.services.parties import email_digest
from valueledger.common.errors import ValueLedgerError
from valueledger.common.tenancy import within


class Command(BaseCommand):
    help = "Erases a person: name, address and words. What both sides have seen stays as numbers under a pseudonym. It cannot be undone."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--workspace", required=True, help="name or public id")
        who = parser.add_mutually_exclusive_group(required=True)
        who.add_argument("--email", help="everybody in the workspace with this address")
        who.add_argument("--person", help="one person, by public id")
        parser.add_argument("--dry-run", action="store_true", help="count what would go, and change nothing")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *, workspace: str, email: str | None, person: str | None, dry_run: bool, yes: bool, **_: Any) -> None:
        try:
            place = workspace_named(workspace)
            if place is None:
                raise CommandError(f"There is no workspace called {workspace}.")
            with within(place.pk):
                people = _people(email, person)
                if not people:
                    raise CommandError("There is nobody with this address or id.")
                now = timezone.now()
                for one in people:
                    tell(self, erase_person(person=one, now=now, is_dry_run=True), "would go")
                if dry_run:
                    return
                if not yes and input("Type erase to go on. It cannot be undone: ").strip() != "erase":
                    raise CommandError("Nothing was erased.")
                for one in people:
                    tell(self, erase_person(person=one, now=timezone.now()), "gone")
        except EOFError:
            raise CommandError("Nothing was erased: nobody was there to ask. Say --yes.") from None
        except ValueLedgerError as error:
            raise CommandError(error.sentence) from error


def tell(command: BaseCommand, erased: Erased, how: str) -> None:
    """Counts by place. Never a name: this may stand in a terminal's history."""
    command.stdout.write(f"{erased.pseudonym}: {how}")
    for place, count in sorted(erased.counts.items()):
        command.stdout.write(f"  {count:6}  {place}")


def _people(email: str | None, person: str | None) -> list[Person]:
    if person is None:
        return list(Person.objects.filter(text__email_hash=email_digest(email or "")).order_by("pk"))
    try:
        return list(Person.objects.filter(public_id=UUID(person)))
    except ValueError:
        raise CommandError(f"{person} is no public id.") from None
