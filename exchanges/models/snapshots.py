"""What the balance is computed from, and what came out.

Evidence is the only input: a statement is posted when it becomes visible to a view, under a position of its relationship. LiveEvidence,
BalanceState, BalanceCheckpoint and Card are derived and can be rebuilt. A Snapshot never changes afterwards.
"""

from __future__ import annotations

from datetime import date

from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce, Greatest

from relationships.models import Kind, Member, Relationship, SideRole, Stage, Workspace
from valueledger.common.append_only import AppendOnly
from valueledger.common.tenancy import scoped

NO_VALUE = -(2**63)  # on GOT and GAVE: one typical event


class View(models.IntegerChoices):
    """Whose eyes: what both may see, what our side may see, what the counterpart may see. A bit mask where views are combined."""

    SHARED = 1, "shared"
    OWN = 2, "own"
    COUNTERPART = 4, "counterpart"


ALL_VIEWS = 7
ASK_ON = Greatest(F("due_on"), Coalesce(F("wait_until"), F("due_on")))  # the day from which the sweep looks at a card
EVER = date(1, 1, 1)
EARLY_FROM = Coalesce(F("wait_until"), Value(EVER))  # and at one that somebody set by hand to come early


class EvidenceKind(models.IntegerChoices):
    """In the order in which a day is worked through. Values: millionths of a point; CONFIRM billionths of a nat."""

    SHOCK = 0, "shock"
    GOT = 1, "got"
    GAVE = 2, "gave"
    CONFIRM = 3, "confirm"
    CHECK = 4, "check"


class SourceKind(models.IntegerChoices):
    EVENT = 1, "event"  # the pooled reports of one event, or its shock
    ANSWER = 2, "answer"


class Evidence(AppendOnly):
    """One posting. With `retracts_position` it takes that posting out of the views in its mask."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    relationship = models.ForeignKey(Relationship, on_delete=models.PROTECT, related_name="evidence", db_index=False)
    position = models.BigIntegerField()
    view_mask = models.SmallIntegerField()
    side = models.SmallIntegerField(choices=SideRole.choices)
    on_day = models.IntegerField()  # days since 1970-01-01, in the workspace's zone
    kind = models.SmallIntegerField(choices=EvidenceKind.choices)
    value_int = models.BigIntegerField(default=0)
    relayed = models.BooleanField(default=False)
    source_kind = models.SmallIntegerField(choices=SourceKind.choices)
    source_id = models.BigIntegerField()
    retracts_position = models.BigIntegerField(null=True, blank=True)

    objects = scoped()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["relationship", "position"], name="evidence_position_once"),
            models.CheckConstraint(condition=Q(view_mask__gte=1, view_mask__lte=7), name="evidence_view_known"),
            models.CheckConstraint(condition=Q(side__in=[0, 1]), name="evidence_side_known"),
            models.CheckConstraint(condition=Q(kind__in=EvidenceKind.values), name="evidence_kind_known"),
        ]


class LiveEvidence(models.Model):
    """Postings less retractions, in replay order: what a balance is folded from."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    relationship = models.ForeignKey(Relationship, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    side = models.SmallIntegerField()
    on_day = models.IntegerField()
    kind = models.SmallIntegerField()
    relayed = models.BooleanField()
    view_mask = models.SmallIntegerField()
    value_int = models.BigIntegerField()
    position = models.BigIntegerField()
    source_kind = models.SmallIntegerField()
    source_id = models.BigIntegerField()

    objects = scoped()

    class Meta:
        indexes = [
            models.Index(
                fields=["workspace", "relationship", "side", "on_day"],
                include=["kind", "relayed", "view_mask", "value_int", "position"],
                name="live_replay_order",
            ),
            models.Index(fields=["relationship", "source_kind", "source_id"], name="live_by_source"),  # what stands for one event or answer
        ]


class BalanceState(models.Model):
    """The filter's state of both sides in one view, before and after the open (last) day of each side."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    relationship = models.ForeignKey(Relationship, on_delete=models.PROTECT, related_name="states", db_index=False)
    view = models.SmallIntegerField(choices=View.choices)
    position = models.BigIntegerField()
    method = models.CharField(max_length=20)
    open_day_own = models.IntegerField(null=True, blank=True)
    open_day_counterpart = models.IntegerField(null=True, blank=True)
    before = models.BinaryField()
    after = models.BinaryField()
    ticks_own = models.SmallIntegerField(default=0)  # ticks since the last checkpoint
    ticks_counterpart = models.SmallIntegerField(default=0)

    objects = scoped()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["relationship", "view"], name="balance_state_once")]
        indexes = [models.Index(fields=["workspace", "view", "relationship"], name="state_by_workspace")]


class BalanceCheckpoint(models.Model):
    """A state to refold from when back-dated evidence arrives: after all ticks up to and including `on_day`."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    relationship = models.ForeignKey(Relationship, on_delete=models.PROTECT, related_name="+", db_index=False)
    view = models.SmallIntegerField()
    side = models.SmallIntegerField()
    on_day = models.IntegerField()
    method = models.CharField(max_length=20)
    state = models.BinaryField()

    objects = scoped()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["relationship", "view", "side", "on_day"], name="checkpoint_once")]


class CardQuerySet(models.QuerySet["Card"]):
    def for_own_side(self) -> CardQuerySet:
        """One card per relationship, as its steward may see it: our own view where one exists, else the shared one."""
        return self.filter(Q(view=View.OWN) | Q(view=View.SHARED, has_own=False))

    def shared(self) -> CardQuerySet:
        return self.filter(view=View.SHARED)


class Card(models.Model):
    """One flat row per relationship and reader's view: what lists show, without a join."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    relationship = models.ForeignKey(Relationship, on_delete=models.PROTECT, related_name="cards", db_index=False)
    public_id = models.UUIDField()  # the relationship's
    view = models.SmallIntegerField(choices=View.choices)
    has_own = models.BooleanField(default=False)  # on the shared card: an own card exists
    own_name = models.CharField(max_length=200, blank=True)
    counterpart_name = models.CharField(max_length=200, blank=True)
    steward = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    stage = models.CharField(max_length=10, choices=Stage.choices)
    intent = models.CharField(max_length=10, blank=True)
    band = models.FloatField(default=0.75)
    cadence_days = models.PositiveSmallIntegerField(null=True, blank=True)
    r_own = models.FloatField(default=0.0)
    sd_own = models.FloatField(default=0.0)
    r_counterpart = models.FloatField(default=0.0)
    sd_counterpart = models.FloatField(default=0.0)
    heard_own = models.BooleanField(default=False)
    heard_counterpart = models.BooleanField(default=False)
    verdict = models.CharField(max_length=28, default="unconfirmed")
    leaning = models.CharField(max_length=28, blank=True)
    probability = models.FloatField(default=0.0)
    is_spiral = models.BooleanField(default=False)
    is_sustained = models.BooleanField(default=False)
    is_surprised = models.BooleanField(default=False)
    severity = models.FloatField(default=0.0)
    outside_since = models.DateField(null=True, blank=True)
    answered_own_on = models.DateField(null=True, blank=True)
    answered_counterpart_on = models.DateField(null=True, blank=True)
    last_event_on = models.DateField(null=True, blank=True)
    due_own_on = models.DateField(null=True, blank=True)
    due_counterpart_on = models.DateField(null=True, blank=True)
    due_on = models.DateField(null=True, blank=True)  # the earlier of the two
    wait_until = models.DateField(null=True, blank=True)  # nobody is asked before: asked lately, waited for, or nobody there to ask
    is_hand_set = models.BooleanField(default=False)  # much hangs on it, or somebody has a rhythm of their own: asked before the model says so
    state_on = models.DateField()
    turns_on = models.DateField(null=True, blank=True)
    position = models.BigIntegerField(default=0)

    objects = scoped(CardQuerySet)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["relationship", "view"], name="card_once")]
        indexes = [
            models.Index(fields=["workspace", "view", "counterpart_name", "relationship"], name="card_by_name"),
            models.Index(fields=["workspace", "steward", "view"], name="card_by_steward"),
            models.Index(fields=["workspace", "view", "severity"], name="card_by_severity"),
            models.Index(fields=["turns_on"], name="card_by_turn"),
            models.Index(fields=["workspace", "view", "due_on"], name="card_by_due"),
            models.Index(
                F("workspace"), F("view"), ASK_ON, F("relationship"), name="card_by_asking"
            ),  # whole: PostgreSQL takes no statistics of a partial one
            models.Index(F("workspace"), EARLY_FROM, name="card_by_hand", condition=Q(is_hand_set=True)),
        ]


class Snapshot(AppendOnly):
    """A stored result: what we said of a relationship on a day, known at a moment, by a method. It never changes afterwards."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    relationship = models.ForeignKey(Relationship, on_delete=models.PROTECT, related_name="snapshots", db_index=False)
    view = models.SmallIntegerField(choices=View.choices)
    as_of = models.DateField()
    known_at = models.DateTimeField()
    position = models.BigIntegerField()
    method = models.CharField(max_length=20)
    r_own = models.FloatField()
    sd_own = models.FloatField()
    r_counterpart = models.FloatField()
    sd_counterpart = models.FloatField()
    verdict = models.CharField(max_length=28)
    probability = models.FloatField()
    heard_own = models.BooleanField()
    heard_counterpart = models.BooleanField()
    is_spiral = models.BooleanField()

    objects = scoped()

    class Meta:
        indexes = [models.Index(fields=["workspace", "relationship", "view", "as_of"], name="snapshot_by_day")]
