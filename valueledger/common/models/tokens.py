"""Token: a secret that opens one door. Only its SHA-256 is kept; its purpose says which door."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Q

from valueledger.common.tenancy import scoped


class TokenPurpose(models.TextChoices):
    SETUP = "SETUP", "set up this installation"
    INVITE = "INVITE", "join a workspace"
    PROMPT = "PROMPT", "answer one prompt"
    UNSUBSCRIBE = "UNSUBSCRIBE", "stop the mails to one person"
    SIGN_IN = "SIGN_IN", "open the portal"
    API = "API", "use the API"


class TokenQuerySet(models.QuerySet["Token"]):
    def live_at(self, now: datetime) -> TokenQuerySet:
        return self.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now), revoked_at__isnull=True)


class Token(models.Model):
    workspace_id = models.BigIntegerField(null=True, blank=True)
    token_hash = models.BinaryField(max_length=32, unique=True)
    purpose = models.CharField(max_length=12, choices=TokenPurpose.choices)
    subject_id = models.BigIntegerField(null=True, blank=True)  # a prompt, person, user or member, as the purpose says
    scopes = models.CharField(max_length=200, blank=True)
    label = models.CharField(max_length=100, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)

    objects = scoped(TokenQuerySet)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(purpose__in=TokenPurpose.values), name="token_purpose_known")]
        indexes = [models.Index(fields=["workspace_id", "purpose", "subject_id"], name="token_subject")]
