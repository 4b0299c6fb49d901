"""Party: an organisation or a person that can be one side of a relationship. Person: one human in one workspace.

What identifies them stands in side tables (`PartyText`, `PersonText`), so that it can be blanked while the ledger stays.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from relationships.models.workspaces import Workspace
from valueledger.common.tenancy import scoped


class PartyKind(models.TextChoices):
    ORGANISATION = "ORGANISATION", "organisation"
    PERSON = "PERSON", "person"


class Party(models.Model):
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=12, choices=PartyKind.choices, default=PartyKind.ORGANISATION)
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    import_key = models.CharField(max_length=120, null=True, blank=True)

    objects = scoped()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "import_key"], name="party_import_key_once"),
            models.CheckConstraint(condition=Q(kind__in=PartyKind.values), name="party_kind_known"),
        ]


class PartyText(models.Model):
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False)
    party = models.OneToOneField(Party, on_delete=models.PROTECT, related_name="text", primary_key=True)
    name = models.CharField(max_length=200, blank=True)
    short_name = models.CharField(max_length=60, blank=True)

    objects = scoped()

    class Meta:
        indexes = [models.Index(fields=["workspace", "name"], name="party_by_name")]

    @property
    def short(self) -> str:
        return self.short_name or self.name


class PersonQuerySet(models.QuerySet["Person"]):
    def reachable(self) -> PersonQuerySet:
        return self.filter(suppressed_at__isnull=True).exclude(text__email="")


class Person(models.Model):
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False)
    time_zone = models.CharField(max_length=40, blank=True)  # blank: the workspace's
    suppressed_at = models.DateTimeField(null=True, blank=True)  # asked us to stop mailing
    refused_at = models.DateTimeField(null=True, blank=True)  # the mail system last refused their address
    refused_reason = models.CharField(max_length=60, blank=True)  # a code and a class, never the address
    ask_budget = models.PositiveSmallIntegerField(null=True, blank=True)  # the most questions in 30 days; 0: only the check; None: the workspace's
    less_often = models.PositiveSmallIntegerField(default=1)  # stretches every gap: asked us to ask less
    quiet_from = models.TimeField(null=True, blank=True)  # None: the workspace's
    quiet_until = models.TimeField(null=True, blank=True)
    quiet_days = models.CharField(max_length=7, null=True, blank=True)  # ISO weekdays; None: the workspace's, "": none
    away_from = models.DateField(null=True, blank=True)  # on holiday: asked again from the day after `away_until`
    away_until = models.DateField(null=True, blank=True)
    import_key = models.CharField(max_length=120, null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = scoped(PersonQuerySet)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "import_key"], name="person_import_key_once")]
        indexes = [models.Index(fields=["workspace", "id"], name="person_by_workspace")]


class PersonText(models.Model):
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False)
    person = models.OneToOneField(Person, on_delete=models.PROTECT, related_name="text", primary_key=True)
    name = models.CharField(max_length=120, blank=True)
    email = models.EmailField(max_length=254, blank=True)
    email_hash = models.BinaryField(max_length=32, null=True, blank=True)  # finds an erased address without keeping it

    objects = scoped()

    class Meta:
        indexes = [models.Index(fields=["workspace", "email"], name="person_by_email")]

    @property
    def first_name(self) -> str:
        return self.name.split(" ")[0] if self.name else ""
