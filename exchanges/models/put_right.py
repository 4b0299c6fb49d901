"""PutRight: a participant asks our steward, by name, to put something right. It is no evidence, opens nothing and waits for no round.

The request and what became of it are rows that stay; what was written stands in rows whose text can be erased.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from exchanges.models.events import ValueEvent
from exchanges.models.prompts import Prompt
from relationships.models import Member, Participant, Relationship, Workspace
from valueledger.common.append_only import AppendOnly
from valueledger.common.tenancy import scoped


class PutRightQuerySet(models.QuerySet["PutRight"]):
    def open(self) -> PutRightQuerySet:
        """Those that nobody has settled."""
        settled = PutRightStep.objects.filter(request=models.OuterRef("pk"), step=Step.SETTLED)
        return self.filter(~models.Exists(settled))


class PutRight(AppendOnly):
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    relationship = models.ForeignKey(Relationship, on_delete=models.PROTECT, related_name="put_rights")
    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="put_rights")
    event = models.ForeignKey(ValueEvent, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    prompt = models.ForeignKey(Prompt, on_delete=models.PROTECT, null=True, blank=True, related_name="+")  # the link it came through
    at = models.DateTimeField()

    objects = scoped(PutRightQuerySet)

    class Meta:
        indexes = [models.Index(fields=["workspace", "relationship", "at"], name="put_right_by_relationship")]


class PutRightText(models.Model):
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    request = models.OneToOneField(PutRight, on_delete=models.PROTECT, related_name="text", primary_key=True)
    words = models.TextField(blank=True)

    objects = scoped()


class Step(models.TextChoices):
    READ = "READ", "read"
    SETTLED = "SETTLED", "settled"


class PutRightStep(AppendOnly):
    """What our side did about it, each step once."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    request = models.ForeignKey(PutRight, on_delete=models.PROTECT, related_name="steps", db_index=False)
    step = models.CharField(max_length=7, choices=Step.choices)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField()

    objects = scoped()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["request", "step"], name="put_right_step_once"),
            models.CheckConstraint(condition=Q(step__in=Step.values), name="put_right_step_known"),
        ]


class PutRightStepText(models.Model):
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    step = models.OneToOneField(PutRightStep, on_delete=models.PROTECT, related_name="text", primary_key=True)
    done = models.TextField(blank=True)

    objects = scoped()
