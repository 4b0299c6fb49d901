"""Who an API token stands for: a member of one workspace, with the scopes that were given to the token."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import connection

from relationships.models import Member, Workspace
from valueledger.common import tokens
from valueledger.common.models.tokens import TokenPurpose

# By hand, because every call begins with it: one statement instead of two, and none of the work of putting it together.
BEARER = """
SELECT t.id, t.scopes, m.id, m.public_id, m.user_id, m.person_id, m.is_owner, m.is_leader, m.is_steward,
       w.id, w.public_id, w.name, w.short_name, w.time_zone, w.band, w.cadence_days, w.is_demo
FROM common_token t
JOIN relationships_member m ON m.id = t.subject_id AND m.workspace_id = t.workspace_id AND m.left_at IS NULL
JOIN relationships_workspace w ON w.id = m.workspace_id AND w.is_active
JOIN relationships_user u ON u.id = m.user_id AND u.is_active
WHERE t.token_hash = %s AND t.purpose = %s AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > %s)
"""


@dataclass(frozen=True)
class Bearer:
    token_id: int
    scopes: frozenset[str]
    member: Member


def bearer_of(raw: str, *, now: datetime) -> Bearer | None:
    """None alike for unknown, expired, revoked and foreign tokens, and for members who have left. Costs one query, across workspaces."""
    with connection.cursor() as cursor:
        cursor.execute(BEARER, [tokens.digest(raw), TokenPurpose.API.value, connection.ops.adapt_datetimefield_value(now)])
        row = cursor.fetchone()
    if row is None:
        return None
    token_id, scopes, pk, public_id, user_id, person_id, is_owner, is_leader, is_steward, *whole = row
    member = Member(
        pk=pk, public_id=UUID(str(public_id)), user_id=user_id, person_id=person_id, is_owner=bool(is_owner), is_leader=bool(is_leader),
        is_steward=bool(is_steward), workspace=_workspace(*whole),
    )  # fmt: skip
    member._state.adding, member._state.db = False, connection.alias
    return Bearer(token_id, frozenset(scopes.split()), member)


def _workspace(
    pk: int, public_id: object, name: str, short_name: str, time_zone: str, band: object, cadence_days: int | None, is_demo: object
) -> Workspace:  # fmt: skip
    workspace = Workspace(
        pk=pk, public_id=UUID(str(public_id)), name=name, short_name=short_name, time_zone=time_zone, band=Decimal(str(band)),
        cadence_days=cadence_days, is_demo=bool(is_demo),
    )  # fmt: skip
    workspace._state.adding, workspace._state.db = False, connection.alias
    return workspace
