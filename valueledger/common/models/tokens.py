"""Token: a secret that opens one door. Only its SHA-256 is kept; its purpose says which door.

PortalSession: a browser in which the holder of an address has signed in to the portal.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q

from valueledger.common.tenancy import scoped


class TokenPurpose(models.TextChoices):
    SETUP = "SETUP", "set up this installation"
    INVITE = "INVITE", "join a workspace"
    PROMPT = "PROMPT", "answer one prompt"
    UNSUBSCRIBE = "UNSUBSCRIBE", "stop the mails to one person"
    DIGEST = "DIGEST", "stop the digest of one member"
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
    browser_hash = models.BinaryField(max_length=32, null=True, blank=True)  # only this browser, asking for this address, may use it

    objects = scoped(TokenQuerySet)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(purpose__in=TokenPurpose.values), name="token_purpose_known")]
        indexes = [models.Index(fields=["workspace_id", "purpose", "subject_id"], name="token_subject")]


class PortalSessionQuerySet(models.QuerySet["PortalSession"]):
    def live_at(self, now: datetime, idle: timedelta) -> PortalSessionQuerySet:
        return self.filter(ended_at__isnull=True, ends_at__gt=now, seen_at__gt=now - idle)


class PortalSession(models.Model):
    """Proof that somebody reads the mail of one address. Whom that makes them, in which workspace, is looked up at each request."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    key_hash = models.BinaryField(max_length=32, unique=True)
    address_hash = models.BinaryField(max_length=32)
    browser = models.CharField(max_length=80, blank=True)  # in words, so that its owner knows it again
    created_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = models.Manager.from_queryset(PortalSessionQuerySet)()

    class Meta:
        indexes = [models.Index(fields=["address_hash"], name="portal_session_by_address")]
