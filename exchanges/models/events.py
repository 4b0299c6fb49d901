"""ValueEvent: something that happened between the two sides. It is an identity; what is said of it stands in versions and reports.

A correction is a new version that names the one it replaces; a withdrawal is such a version without content.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from relationships.models import Member, Participant, Relationship, SideRole, ValueKind, Workspace
from valueledger.common.append_only import AppendOnly
from valueledger.common.tenancy import scoped

AuthorSide = SideRole


class Giver(models.IntegerChoices):
    OWN = 0, "we gave"
    COUNTERPART = 1, "they gave"
    JOINT = 2, "we did it together"


class EventKind(models.TextChoices):
    DELIVERY = "DELIVERY", "delivery"
    PAYMENT = "PAYMENT", "payment"
    SUPPORT = "SUPPORT", "support"
    REFERRAL = "REFERRAL", "referral"
    INTRODUCTION = "INTRODUCTION", "introduction"
    LEARNING = "LEARNING", "learning"
    GIFT = "GIFT", "gift"
    FAVOUR = "FAVOUR", "favour"
    MEETING = "MEETING", "meeting"
    INCIDENT = "INCIDENT", "incident"
    CHANGE_OF_TERMS = "CHANGE_OF_TERMS", "change of terms"
    HAND_OVER = "HAND_OVER", "hand-over"
    MISSED_MOMENT = "MISSED_MOMENT", "missed moment"
    OTHER = "OTHER", "something else"


SHOCK_KINDS = (EventKind.INCIDENT, EventKind.CHANGE_OF_TERMS, EventKind.HAND_OVER)


class EventStatus(models.TextChoices):
    PROMISED = "PROMISED", "promised"
    PENDING = "PENDING", "on its way"
    ARRIVED = "ARRIVED", "arrived"


class Visibility(models.TextChoices):
    SHARED = "SHARED", "both sides"
    PRIVATE = "PRIVATE", "only our side"


class ValueEvent(AppendOnly):
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    relationship = models.ForeignKey(Relationship, on_delete=models.PROTECT, related_name="events", db_index=False)
    giver = models.SmallIntegerField(choices=Giver.choices)
    author_side = models.SmallIntegerField(choices=SideRole.choices)
    act = models.UUIDField(null=True, blank=True)  # one act with several receivers
    series = models.UUIDField(null=True, blank=True)  # a recurring event
    period_key = models.CharField(max_length=20, blank=True)
    recorded_at = models.DateTimeField()

    objects = scoped()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(giver__in=[0, 1, 2]), name="event_giver_known"),
            models.CheckConstraint(condition=Q(author_side__in=[0, 1]), name="event_author_side_known"),
            models.UniqueConstraint(
                fields=["relationship", "series", "period_key"], condition=Q(series__isnull=False), name="event_series_period_once"
            ),
        ]
        indexes = [models.Index(fields=["workspace", "relationship", "id"], name="event_by_relationship")]


class EventVersionQuerySet(models.QuerySet["EventVersion"]):
    def current(self) -> EventVersionQuerySet:
        return self.filter(superseded_by__isnull=True)


class EventVersion(AppendOnly):
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    event = models.ForeignKey(ValueEvent, on_delete=models.PROTECT, related_name="versions", db_index=False)
    seq = models.PositiveIntegerField()
    supersedes = models.OneToOneField("self", on_delete=models.PROTECT, null=True, blank=True, related_name="superseded_by")
    status = models.CharField(max_length=8, choices=EventStatus.choices, default=EventStatus.ARRIVED)
    occurred_on = models.DateField()
    arrived_on = models.DateField(null=True, blank=True)  # the day its reports count on
    expected_on = models.DateField(null=True, blank=True)
    kind = models.CharField(max_length=16, choices=EventKind.choices, default=EventKind.OTHER)
    value_kind = models.ForeignKey(ValueKind, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    visibility = models.CharField(max_length=8, choices=Visibility.choices, default=Visibility.SHARED)
    is_withdrawal = models.BooleanField(default=False)
    author_member = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    author_participant = models.ForeignKey(Participant, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    import_source = models.CharField(max_length=60, blank=True)
    recorded_at = models.DateTimeField()

    objects = scoped(EventVersionQuerySet)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event", "seq"], name="event_version_once"),
            models.CheckConstraint(
                condition=~Q(status="ARRIVED") | Q(arrived_on__isnull=False) | Q(is_withdrawal=True), name="event_arrived_has_day"
            ),
            models.CheckConstraint(condition=Q(visibility__in=Visibility.values), name="event_visibility_known"),
            models.CheckConstraint(condition=Q(kind__in=EventKind.values), name="event_kind_known"),
        ]
        indexes = [models.Index(fields=["workspace", "expected_on", "id"], name="event_promised_for", condition=Q(expected_on__isnull=False))]


class EventText(models.Model):
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    version = models.OneToOneField(EventVersion, on_delete=models.PROTECT, related_name="text", primary_key=True)
    what = models.TextField(blank=True)
    goal = models.CharField(max_length=200, blank=True)

    objects = scoped()
