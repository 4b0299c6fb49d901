"""Prompt: our question to one participant. It lives in the app; mail only carries it."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import models
from django.db.models import Exists, OuterRef, Q

from exchanges.models.events import EventVersion, ValueEvent, Visibility
from exchanges.models.rounds import Round, Shown
from relationships.models import Kind, Participant, Relationship, SideRole, Workspace
from valueledger.common.tenancy import scoped


class PromptKind(models.TextChoices):
    CHECK = "CHECK", "check"
    RATING = "RATING", "rating of one event"
    TERMS = "TERMS", "what matters to you"
    REQUALIFY = "REQUALIFY", "is it still worth it for us"
    SETTLE = "SETTLE", "a promise or an advance that is due"


OTHER_MAIL = ("signin", "digest", "put_right")  # kinds of mail that are not about a prompt: their `subject_id` is none
EMPLOYEES = Q(relationship__kind=Kind.EMPLOYEE, side=SideRole.COUNTERPART)  # whether it was answered is the employee's alone
BLIND = Q(side=SideRole.COUNTERPART, round__isnull=False, round__posting__isnull=True)  # whether it was answered is known to nobody yet


def thoughts_of_others(person_id: int | None) -> Q:
    """Whether it is still worth it to them, asked of other people of our side: of employees and friends nobody else sees even that it was asked."""
    return Q(kind=PromptKind.REQUALIFY) & ~Q(relationship__kind=Kind.CLIENT) & ~Q(participant__person_id=person_id or 0)


def kept_to_themselves() -> Q:
    """A promise that the other side keeps to itself was asked about: our side reads neither of it nor of its question."""
    theirs = EventVersion.objects.filter(event=OuterRef("event"), event__author_side=SideRole.COUNTERPART, superseded_by__isnull=True)
    return Q(kind=PromptKind.SETTLE, side=SideRole.COUNTERPART) & Q(Exists(theirs.filter(visibility=Visibility.PRIVATE)))


def hidden_from(person_id: int | None) -> Q:
    """What nobody of our side but this person is asked alone, and what the other side keeps to itself."""
    return thoughts_of_others(person_id) | kept_to_themselves()


class PromptState(models.TextChoices):
    WAITING = "WAITING", "waiting"
    ANSWERED = "ANSWERED", "answered"
    SKIPPED = "SKIPPED", "skipped"
    SNOOZED = "SNOOZED", "snoozed"
    LAPSED = "LAPSED", "lapsed"
    WITHDRAWN = "WITHDRAWN", "withdrawn"


CLOSING_REASONS = ("ending", "one_off")  # asked as it ends: the one question about a relationship that has ended


class PromptQuerySet(models.QuerySet["Prompt"]):
    def waiting(self) -> PromptQuerySet:
        return self.filter(state=PromptState.WAITING)

    def ended_at(self, now: datetime) -> PromptQuerySet:
        return self.filter(state__in=[PromptState.WAITING, PromptState.SNOOZED], closes_at__lte=now)


class Prompt(models.Model):
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False)
    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="prompts", db_index=False)
    relationship = models.ForeignKey(Relationship, on_delete=models.PROTECT, related_name="prompts")
    side = models.SmallIntegerField()
    kind = models.CharField(max_length=9, choices=PromptKind.choices)
    subject_key = models.CharField(max_length=60)  # round:12, event:7, terms:2026-H1
    round = models.ForeignKey(Round, on_delete=models.PROTECT, null=True, blank=True, related_name="prompts")
    event = models.ForeignKey(ValueEvent, on_delete=models.PROTECT, null=True, blank=True, related_name="prompts")
    shown = models.ForeignKey(Shown, on_delete=models.PROTECT, null=True, blank=True, related_name="prompts")
    about_on = models.DateField(null=True, blank=True)  # the date that had come, of a promise or an advance
    state = models.CharField(max_length=9, choices=PromptState.choices, default=PromptState.WAITING)
    reason = models.CharField(max_length=120, blank=True)  # why it was asked, or why it ended
    not_before = models.DateTimeField()
    closes_at = models.DateTimeField()
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    snoozed_until = models.DateTimeField(null=True, blank=True)
    told_at = models.DateTimeField(null=True, blank=True)  # when the steward was told that nobody answers

    objects = scoped(PromptQuerySet)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["participant", "relationship", "kind", "subject_key"], name="prompt_subject_once"),
            models.CheckConstraint(condition=Q(state__in=PromptState.values), name="prompt_state_known"),
            models.CheckConstraint(condition=Q(kind__in=PromptKind.values), name="prompt_kind_known"),
        ]
        indexes = [
            models.Index(fields=["state", "not_before"], name="prompt_waiting"),
            models.Index(fields=["workspace", "state", "created_at"], name="prompt_by_workspace"),
        ]

    @property
    def is_closing(self) -> bool:
        return self.reason in CLOSING_REASONS
