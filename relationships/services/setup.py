"""First run: the owner's account, a workspace with its catalogue, and the one-time link that leads there."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import available_timezones

from allauth.account.models import EmailAddress
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from relationships.models import Member, User, Workspace
from relationships.services.catalogue import seed_catalogue
from valueledger.common import audit, tokens
from valueledger.common.errors import Conflict, Invalid, NotFound
from valueledger.common.models import Token
from valueledger.common.models.tokens import TokenPurpose
from valueledger.common.tenancy import everywhere, within
from valueledger.common.validators import clean_line

LINK_LIVES = timedelta(hours=24)


class AlreadySetUp(Conflict):
    code = "already_set_up"
    sentence = "This installation has an owner already. Sign in instead."


class LinkUsed(NotFound):
    code = "not_found"


@dataclass(frozen=True)
class SetUpLink:
    """What an open link is for: the whole first run, or the password of one user that a command made."""

    token: Token
    user: User | None


def has_users() -> bool:
    return User.objects.exists()


def issue_first_link(*, now: datetime) -> str:
    """Make the link that creates the owner; those printed before stop working."""
    with everywhere(), transaction.atomic():
        Token.objects.filter(purpose=TokenPurpose.SETUP, subject_id__isnull=True, revoked_at__isnull=True).update(revoked_at=now)
        raw, _ = tokens.issue(purpose=TokenPurpose.SETUP, now=now, expires_at=now + LINK_LIVES, label="first run")
    return raw


def issue_password_link(*, user: User, now: datetime) -> str:
    raw, _ = tokens.issue(purpose=TokenPurpose.SETUP, now=now, subject_id=user.pk, expires_at=now + LINK_LIVES, label="password")
    return raw


def open_link(raw: str, *, now: datetime) -> SetUpLink:
    """What this link is for. Raises NotFound alike for unknown, used, expired and replaced ones, and for a first run that is over."""
    token = tokens.find(raw, purpose=TokenPurpose.SETUP, now=now)
    if token is None or token.used_at is not None:
        raise LinkUsed
    if token.subject_id is None:
        if has_users():
            raise LinkUsed
        return SetUpLink(token=token, user=None)
    user = User.objects.filter(pk=token.subject_id, is_active=True).first()
    if user is None:
        raise LinkUsed
    return SetUpLink(token=token, user=user)


def create_workspace(*, name: str, time_zone: str = "UTC", is_demo: bool = False, now: datetime) -> Workspace:
    """A workspace with the seeded value kinds. Nobody is in it yet."""
    if time_zone not in available_timezones():
        raise Invalid("That time zone is not known.", field="time_zone", code="unknown_time_zone")
    name = clean_line(name, "workspace", longest=120, required=True)
    with transaction.atomic():
        workspace = Workspace.objects.create(name=name, time_zone=time_zone, is_demo=is_demo)
        with within(workspace.pk):
            seed_catalogue(workspace=workspace)
            audit.record(
                workspace_id=workspace.pk,
                now=now,
                actor_kind="operator",
                actor_id=None,
                action="workspace.created",
                target_kind="workspace",
                target_id=workspace.public_id,
            )
    return workspace


def create_owner(*, email: str, name: str = "", password: str | None = None, workspace: Workspace, now: datetime) -> Member:
    """Make this person the workspace's owner, who also leads and stewards until others come. A known address keeps its own password."""
    name = clean_line(name, "name", longest=120)
    with transaction.atomic():
        user = User.objects.filter(email__iexact=email).first()
        if user is None:
            user = User.objects.create_user(email, name=name)
            _set_password(user, password)
            EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
        with within(workspace.pk):
            member, _ = Member.objects.update_or_create(
                workspace=workspace, user=user, defaults={"is_owner": True, "is_leader": True, "is_steward": True, "left_at": None}
            )
            audit.record(
                workspace_id=workspace.pk,
                now=now,
                actor_kind="operator",
                actor_id=None,
                action="member.owner_created",
                target_kind="member",
                target_id=member.public_id,
            )
    return member


def set_up(*, link: SetUpLink, email: str, name: str, password: str, workspace_name: str, time_zone: str, is_demo: bool, now: datetime) -> Member:
    """Use the link up: owner, workspace and membership in one transaction."""
    with transaction.atomic():
        _use(link, now=now)
        if has_users():
            raise AlreadySetUp
        workspace = create_workspace(name=workspace_name, time_zone=time_zone, is_demo=is_demo, now=now)
        return create_owner(email=email, name=name, password=password, workspace=workspace, now=now)


def set_password(*, link: SetUpLink, password: str, now: datetime) -> User:
    """Use the link up for the user that it was made for."""
    assert link.user is not None
    with transaction.atomic():
        _use(link, now=now)
        _set_password(link.user, password)
    return link.user


def _use(link: SetUpLink, *, now: datetime) -> None:
    """Settled by the count: of two who press at once, one gets in."""
    with everywhere():
        used = Token.objects.filter(pk=link.token.pk, used_at__isnull=True, revoked_at__isnull=True).update(used_at=now)
    if used != 1:
        raise LinkUsed


def _set_password(user: User, password: str | None) -> None:
    if password is None:
        user.set_unusable_password()
    else:
        try:
            validate_password(password, user)
        except ValidationError as error:
            raise Invalid(" ".join(error.messages), field="password", code="weak_password") from None
        user.set_password(password)
    user.save(update_fields=["password"])
