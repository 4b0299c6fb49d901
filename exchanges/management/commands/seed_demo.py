"""Put the demo's story into a workspace: an empty one that exists, or a new one. Doing it again adds nothing."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management import BaseCommand, CommandError
from django.core.management.base import CommandParser
from django.db import transaction
from django.utils import timezone

from exchanges.services.demo import AlreadySeeded, seed_demo
from relationships.models import Member, Workspace
from relationships.services import setup
from valueledger.common.tenancy import within


class Command(BaseCommand):
    help = "Fill a workspace with the demo's two years. Creates the workspace when nobody has one of that name."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workspace", default="Demo", help="the workspace's name or public id (default: Demo)")
        parser.add_argument("--email", default="", help="the owner's address; not needed when the workspace has an owner")

    def handle(self, *, workspace: str, email: str, **options: Any) -> None:
        now = timezone.now()
        try:
            with transaction.atomic():
                owner = _owner(workspace, email)
                with within(owner.workspace_id):
                    seed_demo(workspace=owner.workspace, owner=owner, now=now)
        except AlreadySeeded as error:  # an owner made on the way is gone with the rest
            self.stdout.write(f"{workspace}: {error.sentence} Nothing was added.")
            return
        self.stdout.write(f"{owner.workspace.name} now tells the demo's story. {owner.user.email} owns it.")
        if not owner.user.has_usable_password():
            raw = setup.issue_password_link(user=owner.user, now=now)
            self.stdout.write(f"Choose the password here (works once, for 24 hours):\n  {settings.PUBLIC_URL}/setup/{raw}/")


def _owner(name: str, email: str) -> Member:
    now = timezone.now()
    found = list(Workspace.objects.filter(name=name)[:2]) or list(Workspace.objects.filter(public_id=name)[:1] if _is_uuid(name) else [])
    if len(found) > 1:
        raise CommandError(f"Two workspaces are called {name}: give the public id.")
    if not found and not email:
        raise CommandError(f"There is no workspace called {name}. With --email ADDRESS it is made, and belongs to that person.")
    workspace = found[0] if found else setup.create_workspace(name=name, is_demo=True, now=now)
    with within(workspace.pk):
        owners = Member.objects.active().filter(workspace=workspace, is_owner=True).select_related("user", "workspace").order_by("id")
        owner = (owners.filter(user__email__iexact=email) if email else owners).first()
    if owner is None and not email:
        raise CommandError(f"{workspace.name} has no owner. Give --email ADDRESS.")
    return owner or setup.create_owner(email=email, workspace=workspace, now=now)


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
