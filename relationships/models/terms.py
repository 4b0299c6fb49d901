"""Terms: what a side values, in its own words: value kinds, own unit, weight as ten points shared out, anchors. Versioned by date.

Only a person who speaks for that side sets them. Words stand in `TermsText`, so that they can be blanked.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from relationships.models.relationships import Participant, Side
from relationships.models.workspaces import Workspace
from valueledger.common.append_only import AppendOnly
from valueledger.common.tenancy import scoped


class ValueKindGiver(models.TextChoices):
    PROVIDER = "PROVIDER", "what a provider may get"
    CUSTOMER = "CUSTOMER", "what a customer may get"
    ANY = "ANY", "what anybody may get"


class ValueKind(models.Model):
    """One kind of value of the workspace's catalogue; with `side` set, a kind that one side added in its own words."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False)
    code = models.CharField(max_length=40)
    name = models.CharField(max_length=80)
    hint = models.CharField(max_length=200, blank=True)
    meant_for = models.CharField(max_length=8, choices=ValueKindGiver.choices, default=ValueKindGiver.ANY)
    side = models.ForeignKey(Side, on_delete=models.PROTECT, null=True, blank=True, related_name="value_kinds")
    is_retired = models.BooleanField(default=False)

    objects = scoped()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "code"], name="value_kind_code_once")]


class Unit(models.Model):
    """A unit in somebody's own words: hours, quiet evenings, GBP."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False)
    name = models.CharField(max_length=40)

    objects = scoped()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="unit_once")]


class TermsVersion(AppendOnly):
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False)
    side = models.ForeignKey(Side, on_delete=models.PROTECT, related_name="terms", db_index=False)
    seq = models.PositiveIntegerField()
    effective_on = models.DateField()
    author = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()

    objects = scoped()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["side", "seq"], name="terms_version_once")]


class TermsItem(AppendOnly):
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False)
    version = models.ForeignKey(TermsVersion, on_delete=models.PROTECT, related_name="items", db_index=False)
    value_kind = models.ForeignKey(ValueKind, on_delete=models.PROTECT, related_name="+")
    weight = models.PositiveSmallIntegerField()
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    points_per_unit = models.DecimalField(max_digits=12, decimal_places=4, null=True, blank=True)

    objects = scoped()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "value_kind"], name="terms_item_once"),
            models.CheckConstraint(condition=Q(weight__lte=10), name="terms_item_weight_range"),
            models.CheckConstraint(condition=Q(points_per_unit__isnull=True) | Q(points_per_unit__gt=0), name="terms_item_rate_positive"),
            models.CheckConstraint(condition=Q(points_per_unit__isnull=True) | Q(unit__isnull=False), name="terms_item_rate_has_unit"),
        ]


class TermsText(models.Model):
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False)
    item = models.OneToOneField(TermsItem, on_delete=models.PROTECT, related_name="text", primary_key=True)
    words = models.CharField(max_length=300, blank=True)
    anchor = models.CharField(max_length=300, blank=True)  # "a great deal would be ..."

    objects = scoped()
