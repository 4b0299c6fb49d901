"""Settlement: what became of a promise whose date had come, as the side that promised says it.

Advance: that our side gave something on hope, and what came back. It is our own thought: the other side never reads of it, nor do leaders.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from exchanges.models.events import ValueEvent
from exchanges.models.prompts import Prompt
from exchanges.models.rounds import Assurance
from relationships.models import Member, Participant, SideRole, Workspace
from valueledger.common.append_only import AppendOnly
from valueledger.common.tenancy import scoped


class Became(models.TextChoices):
    ARRIVED = "ARRIVED", "it arrived"
    NOT_YET = "NOT_YET", "not yet"
    WILL_NOT = "WILL_NOT", "it will not happen"


class Settlement(AppendOnly):
    """One answer to one question. Said again it is another row; what follows from it stands in the event's versions."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    prompt = models.ForeignKey(Prompt, on_delete=models.PROTECT, related_name="settlements", db_index=False)
    event = models.ForeignKey(ValueEvent, on_delete=models.PROTECT, related_name="settlements")
    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="+", db_index=False)
    side = models.SmallIntegerField(choices=SideRole.choices)
    seq = models.PositiveIntegerField()
    became = models.CharField(max_length=8, choices=Became.choices)
    on = models.DateField(null=True, blank=True)  # the day it arrived, or the new day
    assurance = models.CharField(max_length=9, choices=Assurance.choices)
    recorded_at = models.DateTimeField()

    objects = scoped()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["prompt", "seq"], name="settlement_once"),
            models.CheckConstraint(condition=Q(became__in=Became.values), name="settlement_became_known"),
            models.CheckConstraint(condition=Q(became="WILL_NOT") | Q(on__isnull=False), name="settlement_has_day"),
        ]


class Returned(models.TextChoices):
    OPEN = "OPEN", "not known yet"
    BACK = "BACK", "it came back"
    PARTLY = "PARTLY", "some of it came back"
    NOT = "NOT", "nothing came back"


class Advance(AppendOnly):
    """One step of an advance: given on hope, to be looked at on a day; looked at again later; closed with what came back."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    event = models.ForeignKey(ValueEvent, on_delete=models.PROTECT, related_name="advances", db_index=False)
    seq = models.PositiveIntegerField()
    supersedes = models.OneToOneField("self", on_delete=models.PROTECT, null=True, blank=True, related_name="superseded_by")
    returned = models.CharField(max_length=6, choices=Returned.choices, default=Returned.OPEN)
    review_on = models.DateField(null=True, blank=True)
    author_member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+", db_index=False)
    recorded_at = models.DateTimeField()

    objects = scoped()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event", "seq"], name="advance_step_once"),
            models.CheckConstraint(condition=Q(returned__in=Returned.values), name="advance_returned_known"),
            models.CheckConstraint(
                condition=(Q(returned="OPEN") & Q(review_on__isnull=False)) | (~Q(returned="OPEN") & Q(review_on__isnull=True)),
                name="advance_open_has_day",
            ),
        ]
        indexes = [models.Index(fields=["workspace", "review_on", "id"], name="advance_to_review", condition=Q(review_on__isnull=False))]


class AdvanceText(models.Model):
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    advance = models.OneToOneField(Advance, on_delete=models.PROTECT, related_name="text", primary_key=True)
    words = models.TextField(blank=True)  # what was hoped for; later, what came

    objects = scoped()
