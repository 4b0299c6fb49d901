"""Workspace: the tenant. User: somebody who signs in. Member: a user in one workspace, with a set of roles.

A participant is never a user; one user may be a member of several workspaces.
"""

from __future__ import annotations

import uuid
from datetime import time
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from valueledger.common.tenancy import scoped


class Role(models.TextChoices):
    OWNER = "OWNER", "owner"
    LEADER = "LEADER", "leader"
    STEWARD = "STEWARD", "steward"


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        if not email:
            raise ValueError("A user needs an address.")
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)


class User(AbstractBaseUser):
    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=120, blank=True)
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(auto_now_add=True)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_once")]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name.split(" ")[0] if self.name else self.email


class Workspace(models.Model):
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=120)
    short_name = models.CharField(max_length=40, blank=True)
    sender_name = models.CharField(max_length=80, blank=True)  # who the mails come from
    time_zone = models.CharField(max_length=40, default="UTC")
    band = models.DecimalField(max_digits=4, decimal_places=2, default="0.75")  # half width of the fair band, in points
    cadence_days = models.PositiveSmallIntegerField(null=True, blank=True)  # replaces the maximum gap; None: the model decides
    ask_from_bits = models.DecimalField(max_digits=3, decimal_places=2, default="0")  # what an answer has to tell, besides that it is due
    ask_budget = models.PositiveSmallIntegerField(default=4)  # the most questions that one person gets in 30 days
    quiet_from = models.TimeField(default=time(18))  # nothing is mailed from then ...
    quiet_until = models.TimeField(default=time(8))  # ... until then, in the receiver's time zone
    quiet_days = models.CharField(max_length=7, default="67", blank=True)  # ISO weekdays on which nothing is mailed
    is_demo = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def short(self) -> str:
        return self.short_name or self.name


class Holiday(models.Model):
    """A day on which this workspace asks nobody."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False)
    on = models.DateField()
    name = models.CharField(max_length=80, blank=True)

    objects = scoped()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "on"], name="holiday_once")]


class Digest(models.TextChoices):
    DAILY = "DAILY", "every working day"
    WEEKLY = "WEEKLY", "once a week"
    NEVER = "NEVER", "never"


class MemberQuerySet(models.QuerySet["Member"]):
    def active(self) -> MemberQuerySet:
        return self.filter(left_at__isnull=True, workspace__is_active=True, user__is_active=True)


class Member(models.Model):
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="members", db_index=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    person = models.ForeignKey("relationships.Person", on_delete=models.PROTECT, null=True, blank=True, related_name="members")
    is_owner = models.BooleanField(default=False)
    is_leader = models.BooleanField(default=False)
    is_steward = models.BooleanField(default=False)
    digest = models.CharField(max_length=6, choices=Digest.choices, default=Digest.DAILY)
    joined_at = models.DateTimeField(auto_now_add=True)
    left_at = models.DateTimeField(null=True, blank=True)

    objects = scoped(MemberQuerySet)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "user"], name="member_once"),
            models.CheckConstraint(condition=Q(is_owner=True) | Q(is_leader=True) | Q(is_steward=True), name="member_has_role"),
            models.CheckConstraint(condition=Q(digest__in=Digest.values), name="member_digest_known"),
        ]

    @property
    def roles(self) -> frozenset[str]:
        held = {Role.OWNER: self.is_owner, Role.LEADER: self.is_leader, Role.STEWARD: self.is_steward}
        return frozenset(role.value for role, is_held in held.items() if is_held)
