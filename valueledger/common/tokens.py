"""Issuing and finding tokens. The secret is returned once and never stored."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from valueledger.common import rows
from valueledger.common.models import Token
from valueledger.common.tenancy import everywhere

OLDER = """UPDATE common_token SET revoked_at = %s WHERE workspace_id = %s AND purpose = %s AND subject_id = %s AND revoked_at IS NULL
    AND id < (SELECT MAX(id) FROM common_token WHERE workspace_id = %s AND purpose = %s AND subject_id = %s)"""


@dataclass(frozen=True)
class Wanted:
    """A door that a fresh secret is to open."""

    purpose: str
    subject_id: int
    expires_at: datetime


def digest(raw: str) -> bytes:
    return hashlib.sha256(raw.encode("utf-8", "replace")).digest()


def issue(
    *,
    purpose: str,
    now: datetime,
    workspace_id: int | None = None,
    subject_id: int | None = None,
    expires_at: datetime | None = None,
    scopes: str = "",
    label: str = "",
    browser_hash: bytes | None = None,
) -> tuple[str, Token]:
    """Make a token with 256 bits of randomness; return the secret and its row."""
    raw = secrets.token_urlsafe(32)
    with everywhere():
        row = Token.objects.create(
            purpose=purpose, token_hash=digest(raw), workspace_id=workspace_id, subject_id=subject_id,
            created_at=now, expires_at=expires_at, scopes=scopes, label=label, browser_hash=browser_hash,
        )  # fmt: skip
    return raw, row


def issue_all(wanted: Sequence[Wanted], *, workspace_id: int, now: datetime) -> list[str]:
    """The secrets of several tokens, stored at once: the links of one mail."""
    secrets_of, batch = [secrets.token_urlsafe(32) for _ in wanted], rows.Batch()
    for raw, one in zip(secrets_of, wanted, strict=True):
        given = {"purpose": str(one.purpose), "subject_id": one.subject_id, "expires_at": one.expires_at}
        batch.insert(rows.new(Token, {"token_hash": digest(raw), "workspace_id": workspace_id, "created_at": now, **given}))
    batch.run()
    return secrets_of


def renew(row: Token) -> str:
    """A fresh secret for the same door; the one before it opens nothing any more."""
    raw = secrets.token_urlsafe(32)
    with everywhere():
        Token.objects.filter(pk=row.pk).update(token_hash=digest(raw))
    return raw


def use(row: Token, *, now: datetime) -> bool:
    """Use up a secret that works once. False when somebody was faster."""
    with everywhere():
        return Token.objects.live_at(now).filter(pk=row.pk, used_at__isnull=True).update(used_at=now) == 1


def find(raw: str, *, purpose: str, now: datetime) -> Token | None:
    """The live token of this purpose, or None: unknown, revoked, expired and foreign purposes look the same."""
    with everywhere():
        return Token.objects.live_at(now).filter(token_hash=digest(raw), purpose=purpose).first()


def find_any_age(raw: str, *, purpose: str) -> Token | None:
    """The token whether or not it has expired, but not a revoked one: a closed prompt still says that it is closed."""
    with everywhere():
        return Token.objects.filter(token_hash=digest(raw), purpose=purpose, revoked_at__isnull=True).first()


def revoke_older(*, purpose: str, workspace_id: int, subject_id: int, now: datetime) -> None:
    """End all but the newest."""
    door = (workspace_id, str(purpose), subject_id)
    rows.run([(OLDER, [rows.moment(now), *door, *door])])


def revoke(*, purpose: str, subject_id: int, now: datetime) -> int:
    with everywhere():
        return Token.objects.filter(purpose=purpose, subject_id=subject_id, revoked_at__isnull=True).update(revoked_at=now)
