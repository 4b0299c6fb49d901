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


def revoke_older(*, purpose: str, subject_id: int, now: datetime) -> int:
    """End all but the newest."""
    with everywhere():
        rows = Token.objects.filter(purpose=purpose, subject_id=subject_id)
        newest = rows.order_by("-pk").values_list("pk", flat=True).first()
        return rows.filter(pk__lt=newest or 0, revoked_at__isnull=True).update(revoked_at=now)


def revoke(*, purpose: str, subject_id: int, now: datetime) -> int:
    with everywhere():
        return Token.objects.filter(purpose=purpose, subject_id=subject_id, revoked_at__isnull=True).update(revoked_at=now)
