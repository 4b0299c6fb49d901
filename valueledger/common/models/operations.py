"""Heartbeat: a loop that is alive. IdempotencyKey: a request that was answered. RateBucket: how much somebody may still do."""

from django.db import models

from valueledger.common.tenancy import scoped


class Heartbeat(models.Model):
    name = models.CharField(max_length=40, unique=True)
    at = models.DateTimeField()


class IdempotencyState(models.TextChoices):
    RUNNING = "RUNNING", "running"
    DONE = "DONE", "done"


class IdempotencyKey(models.Model):
    workspace_id = models.BigIntegerField()
    actor = models.CharField(max_length=60)
    key = models.CharField(max_length=100)
    fingerprint = models.BinaryField(max_length=32)  # SHA-256 of method, path and body
    state = models.CharField(max_length=8, choices=IdempotencyState.choices)
    status = models.SmallIntegerField(null=True, blank=True)
    body = models.BinaryField(null=True, blank=True)
    started_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    objects = scoped()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace_id", "actor", "key"], name="idempotency_key_once")]
        indexes = [models.Index(fields=["expires_at"], name="idempotency_expiry")]


class RateBucket(models.Model):
    key = models.CharField(max_length=120, unique=True)
    level = models.FloatField()
    updated_at = models.DateTimeField()
