"""Make a workspace and its owner from the shell; prints a one-time link where the owner chooses a password."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management import BaseCommand, CommandError
from django.core.management.base import CommandParser
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone

from exchanges.services.demo import seed_demo
from relationships.selectors.workspaces import workspace_named
from relationships.services import setup
from valueledger.common.errors import ValueLedgerError
from valueledger.common.tenancy import within


class Command(BaseCommand):
    help = "Create a workspace and its owner, and print a one-time link for the password."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", required=True, help="the owner's address")
        parser.add_argument("--workspace", required=True, help="the new workspace's name")
        parser.add_argument("--name", default="", help="the owner's name")
        parser.add_argument("--time-zone", default="UTC", help="such as Europe/London")
        parser.add_argument("--demo", action="store_true", help="fill the workspace with the demo story")

    def handle(self, *, email: str, workspace: str, name: str, time_zone: str, demo: bool, **options: Any) -> None:
        now = timezone.now()
        try:
            validate_email(email)
            with transaction.atomic():
                made = workspace_named(workspace) or setup.create_workspace(name=workspace, time_zone=time_zone, is_demo=demo, now=now)
                owner = setup.create_owner(email=email, name=name, workspace=made, now=now)
                if demo:
                    with within(made.pk):
                        seed_demo(workspace=made, owner=owner, now=now)
        except (ValidationError, ValueLedgerError) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"Workspace {made.name} ({made.public_id}) belongs to {owner.user.email}.")
        if owner.user.has_usable_password():
            self.stdout.write("That address has a password already: sign in as usual.")
        else:
            raw = setup.issue_password_link(user=owner.user, now=now)
            self.stdout.write(f"Choose the password here (works once, for 24 hours):\n  {settings.PUBLIC_URL}/setup/{raw}/")
