"""Goal: something that both sides want, proposed by one and agreed by the other. Stance: what a side stands for, in its own few lines.

AnswerItem: an optional question answered along with a check; it belongs to one answer and is seen by whoever sees that. Commitment: the one
thing that somebody would like to do for the other side after a check; it becomes a promised event when the check is over.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from exchanges.models.events import ValueEvent
from exchanges.models.rounds import Answer, RoundSeat
from relationships.models import Participant, Relationship, Side, SideRole, Workspace
from valueledger.common.append_only import AppendOnly
from valueledger.common.tenancy import scoped


class Goal(AppendOnly):
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    relationship = models.ForeignKey(Relationship, on_delete=models.PROTECT, related_name="goals", db_index=False)
    side = models.SmallIntegerField(choices=SideRole.choices)  # who proposed it
    author = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="+", db_index=False)
    by_on = models.DateField(null=True, blank=True)
    at = models.DateTimeField()

    objects = scoped()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(side__in=[0, 1]), name="goal_side_known")]
        indexes = [models.Index(fields=["workspace", "relationship", "id"], name="goal_by_relationship")]


class GoalText(models.Model):
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    goal = models.OneToOneField(Goal, on_delete=models.PROTECT, related_name="text", primary_key=True)
    what = models.CharField(max_length=200, blank=True)

    objects = scoped()


class GoalMove(models.TextChoices):
    AGREED = "AGREED", "agreed"
    REACHED = "REACHED", "reached"
    GIVEN_UP = "GIVEN_UP", "given up"


class GoalStep(AppendOnly):
    """What a side did about a goal: agreed to it, or closed it. Each once."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    goal = models.ForeignKey(Goal, on_delete=models.PROTECT, related_name="steps", db_index=False)
    step = models.CharField(max_length=8, choices=GoalMove.choices)
    side = models.SmallIntegerField(choices=SideRole.choices)
    author = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField()

    objects = scoped()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["goal", "step"], name="goal_step_once"),
            models.UniqueConstraint(fields=["goal"], condition=Q(step__in=["REACHED", "GIVEN_UP"]), name="goal_closed_once"),
            models.CheckConstraint(condition=Q(step__in=GoalMove.values), name="goal_step_known"),
        ]


class Stance(AppendOnly):
    """What a side stands for, as it said it on one day. The newest holds; an empty one takes all of it back."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    side = models.ForeignKey(Side, on_delete=models.PROTECT, related_name="stances", db_index=False)
    seq = models.PositiveIntegerField()
    author = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField()

    objects = scoped()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["side", "seq"], name="stance_once")]


class StanceLine(models.Model):
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    stance = models.ForeignKey(Stance, on_delete=models.PROTECT, related_name="lines", db_index=False)
    number = models.PositiveSmallIntegerField()
    words = models.CharField(max_length=120, blank=True)

    objects = scoped()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["stance", "number"], name="stance_line_once")]


class ItemKind(models.TextChoices):
    PART = "PART", "how much the other side takes part"
    GOAL = "GOAL", "how a shared goal is going"
    STANCE = "STANCE", "whether the other side acts by what this side stands for"


class AnswerItem(AppendOnly):
    """Belongs to one row of an answer's chain: a changed answer says its items anew. Never evidence."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    answer = models.ForeignKey(Answer, on_delete=models.PROTECT, related_name="items", db_index=False)
    kind = models.CharField(max_length=6, choices=ItemKind.choices)
    goal = models.ForeignKey(Goal, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    value = models.PositiveSmallIntegerField()  # 0 is the least

    objects = scoped()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["answer", "kind"], name="answer_item_once"),
            models.CheckConstraint(condition=Q(kind__in=ItemKind.values), name="answer_item_kind_known"),
            models.CheckConstraint(condition=Q(kind="GOAL", goal__isnull=False) | (~Q(kind="GOAL") & Q(goal__isnull=True)), name="answer_item_goal"),
            models.CheckConstraint(condition=Q(value__lte=4), name="answer_item_value_range"),
        ]


class CommitmentQuerySet(models.QuerySet["Commitment"]):
    def standing(self) -> CommitmentQuerySet:
        return self.filter(superseded_by__isnull=True, is_withdrawal=False)


class Commitment(AppendOnly):
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    seat = models.ForeignKey(RoundSeat, on_delete=models.PROTECT, related_name="commitments", db_index=False)
    seq = models.PositiveIntegerField()
    supersedes = models.OneToOneField("self", on_delete=models.PROTECT, null=True, blank=True, related_name="superseded_by")
    is_withdrawal = models.BooleanField(default=False)
    by_on = models.DateField()
    at = models.DateTimeField()

    objects = scoped(CommitmentQuerySet)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["seat", "seq"], name="commitment_once")]


class CommitmentText(models.Model):
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    commitment = models.OneToOneField(Commitment, on_delete=models.PROTECT, related_name="text", primary_key=True)
    what = models.TextField(blank=True)

    objects = scoped()


class CommitmentEvent(AppendOnly):
    """The promised event that a commitment became: from here on both sides see it."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    commitment = models.OneToOneField(Commitment, on_delete=models.PROTECT, related_name="event")
    event = models.OneToOneField(ValueEvent, on_delete=models.PROTECT, related_name="commitment")
    at = models.DateTimeField()

    objects = scoped()
