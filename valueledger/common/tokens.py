"""Issuing and finding tokens. The secret is returned once and never stored."""

import hashlib
import secrets
from datetime import datetime

from valueledger.common.models import Token
from valueledger.common.tenancy import everywhere


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
) -> tuple[str, Token]:
    """Make a token with 256 bits of randomness; return the secret and its row."""
    raw = secrets.token_urlsafe(32)
    with everywhere():
        row = Token.objects.create(
            purpose=purpose, token_hash=digest(raw), workspace_id=workspace_id, subject_id=subject_id,
            created_at=now, expires_at=expires_at, scopes=scopes, label=label,
        )  # fmt: skip
    return raw, row


def find(raw: str, *, purpose: str, now: datetime) -> Token | None:
    """The live token of this purpose, or None: unknown, revoked, expired and foreign purposes look the same."""
    with everywhere():
        return Token.objects.live_at(now).filter(token_hash=digest(raw), purpose=purpose).first()


def find_any_age(raw: str, *, purpose: str) -> Token | None:
    """The token whether or not it has expired, but not a revoked one: a closed prompt still says that it is closed."""
    with everywhere():
        return Token.objects.filter(token_hash=digest(raw), purpose=purpose, revoked_at__isnull=True).first()


def revoke(*, purpose: str, subject_id: int, now: datetime) -> int:
    with everywhere():
        return Token.objects.filter(purpose=purpose, subject_id=subject_id, revoked_at__isnull=True).update(revoked_at=now)
