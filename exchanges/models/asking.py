"""Occasion: something that happened and brings the next check forward. Requalification: whether a relationship is still worth it to our side."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from exchanges.models.events import ValueEvent
from exchanges.models.rounds import Round
from relationships.models import Kind, Member, Relationship, Workspace
from valueledger.common.append_only import AppendOnly
from valueledger.common.tenancy import scoped


class OccasionKind(models.TextChoices):
    HAND_OVER = "HAND_OVER", "it was handed over"
    CHANGE_OF_TERMS = "CHANGE_OF_TERMS", "terms changed"
    INCIDENT = "INCIDENT", "something went wrong"
    MISSED_MOMENT = "MISSED_MOMENT", "a moment was missed"
    MISMATCH = "MISMATCH", "the two sides want different things of it"
    ENDING = "ENDING", "it ended"
    ONE_OFF = "ONE_OFF", "the one exchange is done"


SHAKING = (
    OccasionKind.HAND_OVER,
    OccasionKind.CHANGE_OF_TERMS,
    OccasionKind.INCIDENT,
    OccasionKind.MISSED_MOMENT,
)  # moot once both have answered since
CLOSING = (OccasionKind.ENDING, OccasionKind.ONE_OFF)  # the last check: nothing is asked after it


class Occasion(models.Model):
    """Ask both sides from `ask_from` on, whatever their own dates say. Settled when a round is opened for it, or when it needs none any more."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False)
    relationship = models.ForeignKey(Relationship, on_delete=models.PROTECT, related_name="occasions", db_index=False)
    kind = models.CharField(max_length=16, choices=OccasionKind.choices)
    happened_on = models.DateField()
    ask_from = models.DateField()
    event = models.ForeignKey(ValueEvent, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    round = models.ForeignKey(Round, on_delete=models.PROTECT, null=True, blank=True, related_name="occasions")
    settled_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    objects = scoped()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["relationship", "kind", "happened_on"], name="occasion_once"),
            models.CheckConstraint(condition=Q(kind__in=OccasionKind.values), name="occasion_kind_known"),
        ]
        indexes = [models.Index(fields=["workspace", "ask_from"], name="occasion_open", condition=Q(settled_at__isnull=True))]


class StillWorth(models.TextChoices):
    YES = "YES", "yes"
    NOT_SURE = "NOT_SURE", "not sure"
    NO = "NO", "no"


class RequalificationQuerySet(models.QuerySet["Requalification"]):
    def visible_to(self, member: Member) -> RequalificationQuerySet:
        """One's own; of clients that one looks after also what colleagues said. Of employees and friends nobody else reads anything."""
        clients = Q(relationship__kind=Kind.CLIENT, relationship__steward=member) if member.is_steward else Q(pk__in=[])
        return self.filter(Q(member=member) | clients)


class Requalification(AppendOnly):
    """What one of our side said when asked whether this is still worth it. Never shown to the other side, never evidence.

    Said anew within the half-year it is another row; the newest counts.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    relationship = models.ForeignKey(Relationship, on_delete=models.PROTECT, related_name="requalifications")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+", db_index=False)
    period_key = models.CharField(max_length=7)  # 2026-H1
    seq = models.PositiveSmallIntegerField(default=1)
    said = models.CharField(max_length=8, choices=StillWorth.choices)
    at = models.DateTimeField()

    objects = scoped(RequalificationQuerySet)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["relationship", "member", "period_key", "seq"], name="requalification_once"),
            models.CheckConstraint(condition=Q(said__in=StillWorth.values), name="requalification_said_known"),
        ]


class RequalificationText(models.Model):
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    requalification = models.OneToOneField(Requalification, on_delete=models.PROTECT, related_name="text", primary_key=True)
    sentence = models.TextField(blank=True)

    objects = scoped()
