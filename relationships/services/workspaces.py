"""A workspace's own name and time, and the tokens through which machines act for one of its members."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import available_timezones

from django.db import transaction

from relationships.models import Member, Workspace
from valueledger.common import audit, tokens
from valueledger.common.errors import Invalid, NotFound
from valueledger.common.models import Token
from valueledger.common.models.tokens import TokenPurpose

SCOPES = ("read", "read write")
TAG_LENGTH = 16


@dataclass(frozen=True)
class MadeToken:
    """secret is shown once and kept nowhere."""

    secret: str
    row: Token


def change_workspace(*, workspace: Workspace, member: Member, name: str, short_name: str, sender_name: str, time_zone: str, now: datetime) -> None:
    if time_zone not in available_timezones():
        raise Invalid("That time zone is not known.", field="time_zone", code="unknown_time_zone")
    with transaction.atomic():
        workspace.name, workspace.short_name, workspace.sender_name, workspace.time_zone = name, short_name, sender_name, time_zone
        workspace.save(update_fields=["name", "short_name", "sender_name", "time_zone"])
        _record(member, "workspace.changed", "workspace", workspace.public_id, now)


def make_token(*, member: Member, label: str, scopes: str, lives: timedelta, now: datetime) -> MadeToken:
    """A token that can do what this member can, no more, for a while."""
    if scopes not in SCOPES:
        raise Invalid("A token reads, or reads and writes.", field="scope")
    with transaction.atomic():
        secret, row = tokens.issue(
            purpose=TokenPurpose.API,
            now=now,
            workspace_id=member.workspace_id,
            subject_id=member.pk,
            expires_at=now + lives,
            scopes=scopes,
            label=label,
        )
        _record(member, "token.made", "token", tag_of(row), now)
    return MadeToken(secret, row)


def tag_of(token: Token) -> str:
    """What a page calls a token: the beginning of its fingerprint, which opens nothing."""
    return bytes(token.token_hash).hex()[:TAG_LENGTH]


def tokens_of(member: Member) -> list[Token]:
    """The live tokens that this member may see: an owner all of the workspace, others their own."""
    rows = Token.objects.filter(workspace_id=member.workspace_id, purpose=TokenPurpose.API, revoked_at__isnull=True)
    return list((rows if member.is_owner else rows.filter(subject_id=member.pk)).order_by("-created_at", "-id"))


def revoke_token(*, member: Member, tag: str, now: datetime) -> None:
    token = next((row for row in tokens_of(member) if tag_of(row) == tag), None)
    if token is None:
        raise NotFound
    with transaction.atomic():
        Token.objects.filter(pk=token.pk, revoked_at__isnull=True).update(revoked_at=now)
        _record(member, "token.revoked", "token", tag, now)


def _record(member: Member, action: str, kind: str, target: object, now: datetime) -> None:
    audit.record(
        workspace_id=member.workspace_id, now=now, actor_kind="user", actor_id=member.user_id, action=action, target_kind=kind, target_id=target
    )
