"""Who an API token stands for: a member of one workspace, with the scopes that were given to the token."""

from dataclasses import dataclass
from datetime import datetime

from relationships.models import Member
from valueledger.common import tokens
from valueledger.common.models.tokens import TokenPurpose
from valueledger.common.tenancy import everywhere


@dataclass(frozen=True)
class Bearer:
    token_id: int
    scopes: frozenset[str]
    member: Member


def bearer_of(raw: str, *, now: datetime) -> Bearer | None:
    """None alike for unknown, expired, revoked and foreign tokens, and for members who have left. Costs two queries."""
    token = tokens.find(raw, purpose=TokenPurpose.API, now=now)
    if token is None or token.workspace_id is None:
        return None
    with everywhere():
        active = Member.objects.active().select_related("workspace", "user")
        member = active.filter(pk=token.subject_id, workspace_id=token.workspace_id).first()
    return Bearer(token.pk, frozenset(token.scopes.split()), member) if member else None
