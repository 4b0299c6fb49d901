"""Report: one side's account of one event, in its own terms: what giving it cost (GAVE) or what it was worth (GOT).

Only the side that received may report GOT, and only a person who speaks for it; what somebody else passes on is relayed and says so.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q

from exchanges.models.events import ValueEvent, Visibility
from relationships.models import Member, Participant, Relationship, SideRole, TermsVersion, Unit, Workspace
from valueledger.common.append_only import AppendOnly
from valueledger.common.tenancy import scoped


class ReportRole(models.TextChoices):
    GAVE = "GAVE", "what it cost"
    GOT = "GOT", "what it was worth"


class Word(models.IntegerChoices):
    BURDEN = -1, "got in the way"
    NOTHING = 0, "nothing"
    LITTLE = 1, "a little"
    FAIR = 2, "a fair amount"
    LOT = 3, "a lot"
    GREAT = 4, "a great deal"


class Arrived(models.TextChoices):
    ALL = "ALL", "all of it"
    PART = "PART", "part of it"
    NONE = "NONE", "none of it"
    BURDEN = "BURDEN", "it was a burden"


class Expectation(models.TextChoices):
    LESS = "LESS", "less than expected"
    AS = "AS", "as expected"
    MORE = "MORE", "more than expected"
    WOW = "WOW", "wow"


class Owing(models.TextChoices):
    GLAD = "GLAD", "glad"
    OWING = "OWING", "feels like we owe"


class Beneficiary(models.TextChoices):
    PERSON = "PERSON", "a person"
    ORGANISATION = "ORGANISATION", "the organisation"


class ReportQuerySet(models.QuerySet["Report"]):
    def current(self) -> ReportQuerySet:
        """The newest row of each chain, withdrawals included."""
        return self.filter(superseded_by__isnull=True)

    def standing(self) -> ReportQuerySet:
        return self.current().filter(is_withdrawal=False)


class Report(AppendOnly):
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    relationship = models.ForeignKey(Relationship, on_delete=models.PROTECT, related_name="reports", db_index=False)
    event = models.ForeignKey(ValueEvent, on_delete=models.PROTECT, related_name="reports", db_index=False)
    giver = models.SmallIntegerField()  # the event's, so that the database can refuse a worth that is not the receiver's
    side = models.SmallIntegerField(choices=SideRole.choices)
    role = models.CharField(max_length=4, choices=ReportRole.choices)
    speaker = models.BigIntegerField()  # the participant's id; for relayed rows minus the member's id
    seq = models.PositiveIntegerField()
    supersedes = models.OneToOneField("self", on_delete=models.PROTECT, null=True, blank=True, related_name="superseded_by")
    is_withdrawal = models.BooleanField(default=False)
    first_hand = models.BooleanField()
    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, null=True, blank=True, related_name="reports", db_index=False)
    relayed_by = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    beneficiary = models.CharField(max_length=12, choices=Beneficiary.choices, blank=True)
    arrived = models.CharField(max_length=6, choices=Arrived.choices, blank=True)
    expectation = models.CharField(max_length=4, choices=Expectation.choices, blank=True)
    word = models.SmallIntegerField(choices=Word.choices, null=True, blank=True)
    guess_word = models.SmallIntegerField(choices=Word.choices, null=True, blank=True)  # the giver's guess of the worth: shown, never used
    typed_amount = models.DecimalField(max_digits=12, decimal_places=4, null=True, blank=True)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    terms_version = models.ForeignKey(TermsVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    points_micro = models.BigIntegerField(null=True, blank=True)  # None: one typical event
    owing = models.CharField(max_length=5, choices=Owing.choices, blank=True)
    visibility = models.CharField(max_length=8, choices=Visibility.choices, default=Visibility.SHARED)
    import_source = models.CharField(max_length=60, blank=True)
    recorded_at = models.DateTimeField()

    objects = scoped(ReportQuerySet)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event", "side", "role", "speaker", "seq"], name="report_chain_once"),
            models.CheckConstraint(condition=Q(side__in=[0, 1]), name="report_side_known"),
            models.CheckConstraint(
                condition=Q(giver=2) | (Q(role="GAVE") & Q(giver=F("side"))) | (Q(role="GOT") & ~Q(giver=F("side"))), name="report_only_receiver_got"
            ),
            models.CheckConstraint(
                condition=Q(first_hand=True, participant__isnull=False, relayed_by__isnull=True) | Q(first_hand=False),
                name="report_first_hand_has_speaker",
            ),
            models.CheckConstraint(condition=Q(role="GOT") | Q(word__isnull=True) | Q(word__gte=0), name="report_cost_not_negative"),
        ]
        indexes = [models.Index(fields=["workspace", "relationship", "event"], name="report_by_relationship")]


class ReportText(models.Model):
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    report = models.OneToOneField(Report, on_delete=models.PROTECT, related_name="text", primary_key=True)
    sentence = models.TextField(blank=True)

    objects = scoped()


class ReportFact(models.Model):
    """Money and hours behind a report: private to the side that wrote it unless it shares them."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    report = models.OneToOneField(Report, on_delete=models.PROTECT, related_name="fact", primary_key=True)
    money = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    hours = models.DecimalField(max_digits=8, decimal_places=2, null=True, blank=True)
    is_shared = models.BooleanField(default=False)

    objects = scoped()
