"""Outbox: one message to one person, from due to sent. It holds no body; text and a fresh link are made at hand-over.

Only a demo workspace keeps what was sent (`OutboxBody`), so that its links can be followed from the page.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q

from valueledger.common.tenancy import scoped


class OutboxState(models.TextChoices):
    DUE = "DUE", "due"
    CLAIMED = "CLAIMED", "being prepared"
    HANDING_OVER = "HANDING_OVER", "being handed over"
    SENT = "SENT", "sent"
    FAILED = "FAILED", "failed"
    UNKNOWN = "UNKNOWN", "unknown"
    SKIPPED = "SKIPPED", "skipped"


class OutboxQuerySet(models.QuerySet["Outbox"]):
    def due_at(self, now: datetime) -> OutboxQuerySet:
        return self.filter(state=OutboxState.DUE, due_at__lte=now)

    def went_out(self) -> OutboxQuerySet:
        """Handed over for sure: by itself, or in the mail of another row."""
        return self.filter(Q(state=OutboxState.SENT) | Q(state=OutboxState.SKIPPED, sent_at__isnull=False))

    def lease_ended_at(self, now: datetime, *, longest: timedelta) -> OutboxQuerySet:
        """Over, or ending later than a lease of today can: somebody set the clock back since."""
        ended = Q(lease_until__lte=now) | Q(lease_until__gt=now + 2 * longest)
        return self.filter(ended, state__in=[OutboxState.CLAIMED, OutboxState.HANDING_OVER])


class Outbox(models.Model):
    workspace_id = models.BigIntegerField()
    public_id = models.UUIDField(unique=True)
    kind = models.CharField(max_length=20)  # the template: check, reminder, rating, terms, sign_in, digest
    recipient_id = models.BigIntegerField()  # a person
    subject_id = models.BigIntegerField(null=True, blank=True)  # a prompt
    channel = models.CharField(max_length=8, default="mail")
    local_day = models.DateField()
    bundle_key = models.CharField(max_length=120)
    message_id = models.CharField(max_length=200, unique=True)
    state = models.CharField(max_length=12, choices=OutboxState.choices, default=OutboxState.DUE)
    reason = models.CharField(max_length=300, blank=True)
    due_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True, blank=True)
    claim = models.UUIDField(null=True, blank=True)
    attempts = models.SmallIntegerField(default=0)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)  # when it was handed over; also of those that are unknown since, or went with another

    objects = scoped(OutboxQuerySet)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace_id", "recipient_id", "bundle_key"], name="outbox_bundle_once"),
            models.CheckConstraint(condition=Q(state__in=OutboxState.values), name="outbox_state_known"),
        ]
        indexes = [
            models.Index(fields=["state", "due_at"], name="outbox_due"),
            models.Index(fields=["workspace_id", "subject_id"], name="outbox_subject"),
        ]


class OutboxBody(models.Model):
    workspace_id = models.BigIntegerField()
    message = models.OneToOneField(Outbox, on_delete=models.CASCADE, related_name="body")
    subject = models.CharField(max_length=400)
    text = models.TextField()
    html = models.TextField()
    purge_at = models.DateTimeField()

    objects = scoped()
