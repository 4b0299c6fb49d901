"""Reflection: a question that a member asks themself about somebody they work with, and their answer. Theirs alone: nobody else has a way to it.

Ordinary rows, not ledger: what one writes for oneself one may delete.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from relationships.models import Member, Relationship, Workspace
from valueledger.common.tenancy import scoped


class HowOften(models.TextChoices):
    NEVER = "NEVER", "never"
    MONTHLY = "MONTHLY", "once a month"
    QUARTERLY = "QUARTERLY", "once a quarter"


class Feeling(models.TextChoices):
    GOOD = "GOOD", "good"
    MIXED = "MIXED", "mixed"
    HARD = "HARD", "hard"


class ReflectionQuestion(models.TextChoices):
    THANKS = "THANKS", "what to thank them for"
    GIVES = "GIVES", "what they get from one"
    EASE = "EASE", "what would make it easier for them"
    HEARD = "HEARD", "what one has not said"
    CARRIES = "CARRIES", "what they carry"


class Reflecting(models.Model):
    """How often a member wants to be asked, and for which month or quarter they were last."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False)
    member = models.OneToOneField(Member, on_delete=models.PROTECT, related_name="+", primary_key=True)
    how_often = models.CharField(max_length=9, choices=HowOften.choices, default=HowOften.NEVER)
    period_key = models.CharField(max_length=7, blank=True)  # 2026-06, 2026-Q2

    objects = scoped()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(how_often__in=HowOften.values), name="reflecting_known")]


class ReflectionQuerySet(models.QuerySet["Reflection"]):
    def of(self, member: Member) -> ReflectionQuerySet:
        """A member's own. There is no other way to read them."""
        return self.filter(workspace_id=member.workspace_id, member=member)

    def said(self) -> ReflectionQuerySet:
        return self.filter(said_on__isnull=False)


class Reflection(models.Model):
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    relationship = models.ForeignKey(Relationship, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    colleague = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    question = models.CharField(max_length=8, choices=ReflectionQuestion.choices)
    asked_on = models.DateField()
    closes_on = models.DateField()
    is_skipped = models.BooleanField(default=False)
    said_on = models.DateField(null=True, blank=True)
    feeling = models.CharField(max_length=5, choices=Feeling.choices, blank=True)
    sentence = models.TextField(blank=True)

    objects = scoped(ReflectionQuerySet)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(relationship__isnull=False, colleague__isnull=True) | Q(relationship__isnull=True, colleague__isnull=False),
                name="reflection_about_one",
            ),
            models.CheckConstraint(condition=Q(feeling__in=["", *Feeling.values]), name="reflection_feeling_known"),
        ]
