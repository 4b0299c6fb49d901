"""Members: inviting somebody by a one-time link, joining through it, roles, and leaving."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet

from relationships.models import Member, Relationship, Role, User, Workspace
from valueledger.common import audit, tokens
from valueledger.common.errors import Conflict, Invalid, NotFound
from valueledger.common.models import Token
from valueledger.common.models.tokens import TokenPurpose
from valueledger.common.tenancy import everywhere, within
from valueledger.common.validators import clean_email, clean_line

INVITE_LIVES = timedelta(days=7)
FLAGS = {Role.OWNER: "is_owner", Role.LEADER: "is_leader", Role.STEWARD: "is_steward"}


class LastOwner(Conflict):
    code = "last_owner"
    sentence = "A workspace keeps at least one owner. Make somebody else an owner first."


class StillStewards(Conflict):
    code = "still_stewards"
    sentence = "This member still looks after relationships. Hand them over first."


class AnotherAddress(Conflict):
    code = "another_address"
    sentence = "This invitation is for another address. Sign out, and open the link again."


@dataclass(frozen=True)
class Invitation:
    """What an open link is for. `user`: the account that its address has already."""

    token: Token
    workspace: Workspace
    email: str
    roles: frozenset[str]
    user: User | None


def invite(*, by: Member, email: str, roles: Iterable[str], now: datetime) -> str:
    """Make a link for one address; earlier links for it stop working. The secret is returned once. Raises Invalid."""
    email = clean_email(email, "email", required=True).lower()
    chosen = clean_roles(roles)
    with transaction.atomic():
        if Member.objects.filter(workspace=by.workspace, user__email__iexact=email, left_at__isnull=True).exists():
            raise Invalid("This person works here already.", field="email", code="known")
        _open(by.workspace).filter(label=email).update(revoked_at=now)
        secret, _ = tokens.issue(
            purpose=TokenPurpose.INVITE,
            now=now,
            workspace_id=by.workspace_id,
            expires_at=now + INVITE_LIVES,
            scopes=" ".join(sorted(chosen)),
            label=email,
        )
        _record(by, "member.invited", email_target(email), now)
    return secret


def email_target(email: str) -> str:
    """The audit names no address: only where it lives."""
    return email.partition("@")[2]


def clean_roles(roles: Iterable[str]) -> frozenset[str]:
    chosen = frozenset(roles)
    if not chosen or not chosen <= set(Role.values):
        raise Invalid("Choose at least one role: owner, leader or steward.", field="roles", code="required")
    return chosen


def _open(workspace: Workspace) -> QuerySet[Token]:
    return Token.objects.filter(workspace_id=workspace.pk, purpose=TokenPurpose.INVITE, revoked_at__isnull=True, used_at__isnull=True)


def open_invitations(workspace: Workspace, *, now: datetime) -> list[Token]:
    return list(_open(workspace).filter(expires_at__gt=now).order_by("-created_at", "-id"))


def revoke_invitation(*, by: Member, email: str, now: datetime) -> None:
    """Raises NotFound, also for what cannot be an address."""
    try:
        address = clean_line(email, "email", longest=254)
    except Invalid as error:
        raise NotFound from error
    sent = _open(by.workspace).filter(label=address)
    if not address or not sent.exists():
        raise NotFound
    sent.update(revoked_at=now)
    _record(by, "member.invitation_revoked", email_target(email), now)


def invitation_of(raw: str, *, now: datetime) -> Invitation:
    """What this link is for. Unknown, used, expired and revoked ones look the same: not found."""
    token = tokens.find(raw, purpose=TokenPurpose.INVITE, now=now)
    if token is None or token.used_at is not None or token.workspace_id is None:
        raise NotFound
    workspace = Workspace.objects.filter(pk=token.workspace_id, is_active=True).first()
    if workspace is None:
        raise NotFound
    user = User.objects.filter(email__iexact=token.label).first()
    return Invitation(token, workspace, token.label, frozenset(token.scopes.split()), user)


def join_as_new(*, invitation: Invitation, name: str, password: str, now: datetime) -> Member:
    """Make the account that the link is for, and the membership. Raises Invalid for a weak password."""
    name = clean_line(name, "name", longest=120, required=True)
    with transaction.atomic():
        _use(invitation, now)
        if invitation.user is not None:
            raise AnotherAddress
        user = User(email=invitation.email, name=name)
        try:
            validate_password(password, user)
        except ValidationError as error:
            raise Invalid(" ".join(error.messages), field="password", code="weak_password") from None
        user.set_password(password)
        user.save()
        EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
        return _member(invitation, user, now)


def join_as(*, invitation: Invitation, user: User, now: datetime) -> Member:
    """Let the signed-in account join, if the link is for its address."""
    if user.email.lower() != invitation.email.lower():
        raise AnotherAddress
    with transaction.atomic():
        _use(invitation, now)
        return _member(invitation, user, now)


def _use(invitation: Invitation, now: datetime) -> None:
    """Settled by the count: of two who press at once, one gets in."""
    with everywhere():
        used = Token.objects.filter(pk=invitation.token.pk, used_at__isnull=True, revoked_at__isnull=True).update(used_at=now)
    if used != 1:
        raise NotFound


def _member(invitation: Invitation, user: User, now: datetime) -> Member:
    with within(invitation.workspace.pk):
        flags = {flag: role in invitation.roles for role, flag in FLAGS.items()}
        member, _ = Member.objects.update_or_create(workspace=invitation.workspace, user=user, defaults={**flags, "left_at": None})
        _record(member, "member.joined", member.public_id, now)
    return member


def change_roles(*, member: Member, roles: Iterable[str], by: Member, now: datetime) -> None:
    chosen = clean_roles(roles)
    with transaction.atomic():
        _ensure_an_owner(member, keeps=Role.OWNER in chosen)
        if Role.STEWARD not in chosen and _looks_after(member):
            raise StillStewards
        for role, flag in FLAGS.items():
            setattr(member, flag, role in chosen)
        member.save(update_fields=list(FLAGS.values()))
        _record(by, "member.roles", member.public_id, now)


def remove_member(*, member: Member, by: Member, now: datetime) -> None:
    """From now on this person no longer gets in here. What it wrote stays under its name; its tokens stop working."""
    with transaction.atomic():
        _ensure_an_owner(member, keeps=False)
        if _looks_after(member):
            raise StillStewards
        Member.objects.filter(pk=member.pk, left_at__isnull=True).update(left_at=now)
        Token.objects.filter(workspace_id=member.workspace_id, purpose=TokenPurpose.API, subject_id=member.pk, revoked_at__isnull=True).update(
            revoked_at=now
        )
        _record(by, "member.removed", member.public_id, now)


def _ensure_an_owner(member: Member, *, keeps: bool) -> None:
    owners = list(
        Member.objects.select_for_update(of=("self",)).filter(workspace=member.workspace, is_owner=True, left_at__isnull=True).order_by("pk")
    )
    if not keeps and [owner.pk for owner in owners] == [member.pk]:
        raise LastOwner


def _looks_after(member: Member) -> bool:
    return Relationship.objects.filter(steward=member).exists()


def _record(member: Member, action: str, target: object, now: datetime) -> None:
    audit.record(
        workspace_id=member.workspace_id, now=now, actor_kind="user", actor_id=member.user_id, action=action, target_kind="member", target_id=target
    )
