"""Round: one check asked of both sides, blind until revealed. Answer: what a participant said to it, on its own account.

Reveal is a query, never a flag: both sides have answered, or the round closed and its rule allows. `RoundPosting` only says that the
answers of a revealed or closed round have been turned into evidence.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from exchanges.models.snapshots import View
from relationships.models import Member, Participant, Relationship, SideRole, Workspace
from valueledger.common.append_only import AppendOnly
from valueledger.common.tenancy import scoped


class RevealRule(models.TextChoices):
    BOTH_OR_CLOSE = "BOTH_OR_CLOSE", "when both sides have answered, or when it closes"
    BOTH = "BOTH", "only when both sides have answered"


class Round(AppendOnly):
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    relationship = models.ForeignKey(Relationship, on_delete=models.PROTECT, related_name="rounds", db_index=False)
    number = models.PositiveIntegerField()
    opens_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    reveal_rule = models.CharField(max_length=16, choices=RevealRule.choices)
    threshold = models.PositiveSmallIntegerField(default=5)

    objects = scoped()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["relationship", "number"], name="round_number_once"),
            models.CheckConstraint(condition=Q(closes_at__gt=models.F("opens_at")), name="round_closes_after_opening"),
        ]
        indexes = [models.Index(fields=["closes_at"], name="round_by_close")]


class RoundSeat(AppendOnly):
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="seats", db_index=False)
    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="seats")
    side = models.SmallIntegerField(choices=SideRole.choices)

    objects = scoped()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["round", "participant"], name="round_seat_once")]


class SeatRelease(AppendOnly):
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    seat = models.OneToOneField(RoundSeat, on_delete=models.PROTECT, related_name="release")
    reason = models.CharField(max_length=40)
    at = models.DateTimeField()

    objects = scoped()


class Posting(models.TextChoices):
    REVEALED = "REVEALED", "revealed to both sides"
    CLOSED = "CLOSED", "closed without a reveal"


class RoundPosting(AppendOnly):
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    round = models.OneToOneField(Round, on_delete=models.PROTECT, related_name="posting")
    outcome = models.CharField(max_length=8, choices=Posting.choices)
    revealed_at = models.DateTimeField()  # when the last seat was done, or when the round closed
    posted_at = models.DateTimeField()

    objects = scoped()


class Assurance(models.TextChoices):
    LINK = "LINK", "through a link"
    SIGNED_IN = "SIGNED_IN", "signed in"
    RELAYED = "RELAYED", "relayed"


class Sureness(models.TextChoices):
    SURE = "SURE", "sure"
    FAIRLY = "FAIRLY", "fairly sure"
    HARD = "HARD", "hard to say"


class Shown(AppendOnly):
    """The balance that was displayed when somebody was asked; a confirm points at it, never at a field's number."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    relationship = models.ForeignKey(Relationship, on_delete=models.PROTECT, related_name="+")
    view = models.SmallIntegerField(choices=View.choices)
    side = models.SmallIntegerField(choices=SideRole.choices)
    as_of = models.DateField()
    position = models.BigIntegerField()
    method = models.CharField(max_length=20)
    r_nano = models.BigIntegerField()  # billionths of a nat
    sd_nano = models.BigIntegerField()
    recorded_at = models.DateTimeField()

    objects = scoped()


class AnswerQuerySet(models.QuerySet["Answer"]):
    def current(self) -> AnswerQuerySet:
        return self.filter(superseded_by__isnull=True)

    def standing(self) -> AnswerQuerySet:
        return self.current().filter(is_withdrawal=False, mark__isnull=True)


class Answer(AppendOnly):
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    relationship = models.ForeignKey(Relationship, on_delete=models.PROTECT, related_name="answers", db_index=False)
    round = models.ForeignKey(Round, on_delete=models.PROTECT, null=True, blank=True, related_name="answers", db_index=False)
    seat = models.ForeignKey(RoundSeat, on_delete=models.PROTECT, null=True, blank=True, related_name="answers", db_index=False)
    side = models.SmallIntegerField(choices=SideRole.choices)
    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, null=True, blank=True, related_name="answers", db_index=False)
    seq = models.PositiveIntegerField()
    supersedes = models.OneToOneField("self", on_delete=models.PROTECT, null=True, blank=True, related_name="superseded_by")
    is_withdrawal = models.BooleanField(default=False)
    first_hand = models.BooleanField()
    relayed_by = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    picture_right = models.BooleanField(null=True, blank=True)  # True: a confirm of `confirms_shown`
    confirms_shown = models.ForeignKey(Shown, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    y_micro = models.BigIntegerField(null=True, blank=True)  # millionths of a point, -3 to +3
    guess_micro = models.BigIntegerField(null=True, blank=True)  # what the other side will answer: shown, never used
    sureness = models.CharField(max_length=6, choices=Sureness.choices, blank=True)
    answered_on = models.DateField()  # in the workspace's zone, fixed at writing
    answered_at = models.DateTimeField()
    assurance = models.CharField(max_length=9, choices=Assurance.choices)
    import_source = models.CharField(max_length=60, blank=True)
    recorded_at = models.DateTimeField()

    objects = scoped(AnswerQuerySet)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["seat", "seq"], name="answer_chain_once"),
            models.CheckConstraint(condition=Q(side__in=[0, 1]), name="answer_side_known"),
            models.CheckConstraint(condition=Q(y_micro__isnull=True) | Q(y_micro__gte=-3_000_000, y_micro__lte=3_000_000), name="answer_y_range"),
            models.CheckConstraint(
                condition=Q(guess_micro__isnull=True) | Q(guess_micro__gte=-3_000_000, guess_micro__lte=3_000_000), name="answer_guess_range"
            ),
            models.CheckConstraint(
                condition=Q(first_hand=True, participant__isnull=False, relayed_by__isnull=True) | Q(first_hand=False),
                name="answer_first_hand_has_speaker",
            ),
            models.CheckConstraint(condition=Q(first_hand=True) | Q(confirms_shown__isnull=True), name="answer_relayed_never_confirms"),
            models.CheckConstraint(
                condition=Q(is_withdrawal=True) | Q(y_micro__isnull=False) | Q(confirms_shown__isnull=False), name="answer_says_something"
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "relationship", "answered_on"], name="answer_by_relationship"),
            models.Index(fields=["round"], name="answer_by_round", condition=Q(round__isnull=False)),
        ]


class AnswerText(models.Model):
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    answer = models.OneToOneField(Answer, on_delete=models.PROTECT, related_name="text", primary_key=True)
    sentence = models.TextField(blank=True)

    objects = scoped()


class AnswerMark(AppendOnly):
    """Two different values through one token within a minute: a machine, not a person. The answer stays and does not count."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    answer = models.OneToOneField(Answer, on_delete=models.PROTECT, related_name="mark")
    reason = models.CharField(max_length=40, default="machine_made")
    at = models.DateTimeField()

    objects = scoped()


class Disclosure(AppendOnly):
    """An employee's act of sharing one answer or one report with the other side."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="disclosures")
    answer = models.OneToOneField(Answer, on_delete=models.PROTECT, null=True, blank=True, related_name="disclosure")
    report = models.OneToOneField("exchanges.Report", on_delete=models.PROTECT, null=True, blank=True, related_name="disclosure")
    at = models.DateTimeField()

    objects = scoped()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(answer__isnull=False, report__isnull=True) | Q(answer__isnull=True, report__isnull=False), name="disclosure_of_one_thing"
            )
        ]
