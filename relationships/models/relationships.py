"""Relationship: two sides and the time they have dealt with each other. Side: a party's place in one relationship.

IntentVersion: what a side said it means it to be. Participant: a person who speaks for one side. Rhythm: the fair band and the cadence that a kind or an intent hands down.
"""

from __future__ import annotations

import uuid
from datetime import date

from django.db import models
from django.db.models import Q

from relationships.models.parties import Party, Person
from relationships.models.workspaces import Member, Workspace
from valueledger.common.append_only import AppendOnly
from valueledger.common.tenancy import scoped


class Kind(models.TextChoices):
    CLIENT = "CLIENT", "client"
    EMPLOYEE = "EMPLOYEE", "employee"
    PERSONAL = "PERSONAL", "personal"


class Intent(models.TextChoices):
    ONE_OFF = "ONE_OFF", "one-off"
    BRIEF = "BRIEF", "brief"
    SEASONAL = "SEASONAL", "seasonal"
    LONG_TERM = "LONG_TERM", "long-term"


class Stage(models.TextChoices):
    TRIAL = "TRIAL", "trial"
    GROWING = "GROWING", "growing"
    STEADY = "STEADY", "steady"
    FADING = "FADING", "fading"
    REVIVED = "REVIVED", "revived"
    ENDED = "ENDED", "ended"
    COMPLETED = "COMPLETED", "completed, both content"


ENDED_STAGES = (Stage.ENDED, Stage.COMPLETED)


class SideRole(models.IntegerChoices):
    OWN = 0, "own"
    COUNTERPART = 1, "counterpart"


class RelationshipQuerySet(models.QuerySet["Relationship"]):
    def going_on(self) -> RelationshipQuerySet:
        return self.exclude(stage__in=ENDED_STAGES)

    def stewarded_by(self, member: Member) -> RelationshipQuerySet:
        return self.filter(steward=member)


class Relationship(models.Model):
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.CLIENT)
    stage = models.CharField(max_length=10, choices=Stage.choices, default=Stage.GROWING)
    steward = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, blank=True, related_name="relationships")
    head_position = models.BigIntegerField(default=0)  # the newest position of its evidence; moves under this row's lock
    band = models.DecimalField(max_digits=4, decimal_places=2, null=True, blank=True)  # None: inherited
    cadence_days = models.PositiveSmallIntegerField(null=True, blank=True)  # None: inherited
    stake = models.PositiveSmallIntegerField(default=2)  # how much hangs on it: 3 is asked about sooner, 1 later
    started_on = models.DateField(null=True, blank=True)
    ended_on = models.DateField(null=True, blank=True)
    import_key = models.CharField(max_length=250, null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = scoped(RelationshipQuerySet)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "import_key"], name="relationship_import_key_once"),
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="relationship_kind_known"),
            models.CheckConstraint(condition=Q(stage__in=Stage.values), name="relationship_stage_known"),
            models.CheckConstraint(condition=Q(band__isnull=True) | Q(band__gt=0, band__lte=3), name="relationship_band_range"),
            models.CheckConstraint(condition=Q(cadence_days__isnull=True) | Q(cadence_days__gte=30), name="relationship_cadence_range"),
            models.CheckConstraint(condition=Q(stake__in=[1, 2, 3]), name="relationship_stake_known"),
        ]
        indexes = [
            models.Index(fields=["workspace", "id"], name="relationship_by_workspace"),
            models.Index(fields=["workspace", "id"], name="relationship_at_stake", condition=Q(stake=3)),
        ]

    @property
    def is_going_on(self) -> bool:
        return self.stage not in ENDED_STAGES


class Side(models.Model):
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False)
    relationship = models.ForeignKey(Relationship, on_delete=models.PROTECT, related_name="sides", db_index=False)
    role = models.SmallIntegerField(choices=SideRole.choices)
    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="sides")
    intent = models.CharField(max_length=10, choices=Intent.choices, blank=True)  # as it stands; blank: not said, or not for too long
    intent_on = models.DateField(null=True, blank=True)

    objects = scoped()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["relationship", "role"], name="side_role_once"),
            models.CheckConstraint(condition=Q(role__in=[0, 1]), name="side_role_known"),
        ]


class ParticipantQuerySet(models.QuerySet["Participant"]):
    def speaking_on(self, day: date) -> ParticipantQuerySet:
        return self.filter(Q(left_on__isnull=True) | Q(left_on__gt=day), from_on__lte=day)


class Participant(models.Model):
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False)
    side = models.ForeignKey(Side, on_delete=models.PROTECT, related_name="participants", db_index=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="participations")
    from_on = models.DateField()
    left_on = models.DateField(null=True, blank=True)
    cadence_days = models.PositiveSmallIntegerField(null=True, blank=True)  # their own rhythm; None: the relationship's

    objects = scoped(ParticipantQuerySet)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["side", "person"], name="participant_once"),
            models.CheckConstraint(condition=Q(cadence_days__isnull=True) | Q(cadence_days__gte=30), name="participant_cadence_range"),
        ]
        indexes = [models.Index(fields=["workspace"], name="participant_own_rhythm", condition=Q(cadence_days__isnull=False))]

    def speaks_on(self, day: date) -> bool:
        return self.from_on <= day and (self.left_on is None or day < self.left_on)


class IntentVersion(AppendOnly):
    """What one side meant the relationship to be, and when it said so. The newest counts, for a year."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False)
    side = models.ForeignKey(Side, on_delete=models.PROTECT, related_name="intents", db_index=False)
    seq = models.PositiveIntegerField()
    intent = models.CharField(max_length=10, choices=Intent.choices)
    said_on = models.DateField()
    author = models.ForeignKey(
        Participant, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )  # None: not known any more
    recorded_at = models.DateTimeField(auto_now_add=True)

    objects = scoped()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["side", "seq"], name="intent_version_once"),
            models.CheckConstraint(condition=Q(intent__in=Intent.values), name="intent_version_known"),
        ]


class Rhythm(models.Model):
    """Defaults for one kind, or one kind and intent; a blank is "any". The most particular row that has a value wins."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=8, choices=Kind.choices, blank=True)
    intent = models.CharField(max_length=10, choices=Intent.choices, blank=True)
    band = models.DecimalField(max_digits=4, decimal_places=2, null=True, blank=True)
    cadence_days = models.PositiveSmallIntegerField(null=True, blank=True)

    objects = scoped()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "kind", "intent"], name="rhythm_once"),
            models.CheckConstraint(condition=Q(band__isnull=True) | Q(band__gt=0, band__lte=3), name="rhythm_band_range"),
            models.CheckConstraint(condition=Q(cadence_days__isnull=True) | Q(cadence_days__gte=30), name="rhythm_cadence_range"),
        ]
