"""Being signed in to the portal: a key in a cookie of its own, kept as a hash, that says which address its holder has proved to read.

It has nothing to do with the sessions of members: neither opens what the other does.
"""

from __future__ import annotations

import re
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from valueledger.common.models import PortalSession
from valueledger.common.tokens import digest

IDLE = timedelta(hours=2)
LASTS = timedelta(hours=12)
NOTED_EVERY = timedelta(minutes=5)
KEPT_FOR = timedelta(days=1)
BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
SYSTEMS = (("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("Mac OS", "macOS"), ("Linux", "Linux"))


def begin(*, address_hash: bytes, user_agent: str, now: datetime, instead_of: PortalSession | None = None) -> tuple[str, PortalSession]:
    """A new key, always: one that was in this browser before ends."""
    if instead_of is not None:
        end(instead_of, now=now)
    raw = secrets.token_urlsafe(32)
    row = PortalSession.objects.create(
        key_hash=digest(raw), address_hash=address_hash, browser=browser_of(user_agent), created_at=now, seen_at=now, ends_at=now + LASTS
    )
    return raw, row


def find(raw: str, *, now: datetime) -> PortalSession | None:
    """The session behind a cookie. That it was used is noted every few minutes, no oftener."""
    row = PortalSession.objects.live_at(now, IDLE).filter(key_hash=digest(raw)).first() if raw else None
    if row is not None and now - row.seen_at >= NOTED_EVERY:
        PortalSession.objects.filter(pk=row.pk, seen_at__lt=now).update(seen_at=now)
    return row


def open_ones(address_hash: bytes, *, now: datetime) -> list[PortalSession]:
    return list(PortalSession.objects.live_at(now, IDLE).filter(address_hash=address_hash).order_by("-seen_at", "-id"))


def end(row: PortalSession, *, now: datetime) -> None:
    PortalSession.objects.filter(pk=row.pk, ended_at__isnull=True).update(ended_at=now)


def end_one(address_hash: bytes, public_id: UUID, *, now: datetime) -> bool:
    """End a session of the same address. False when there is none such."""
    rows = PortalSession.objects.live_at(now, IDLE).filter(address_hash=address_hash, public_id=public_id)
    return rows.update(ended_at=now) == 1


def end_others(row: PortalSession, *, now: datetime) -> int:
    return PortalSession.objects.filter(address_hash=bytes(row.address_hash), ended_at__isnull=True).exclude(pk=row.pk).update(ended_at=now)


def end_all(address_hash: bytes, *, now: datetime) -> int:
    """End every session of an address that is somebody's no more."""
    return PortalSession.objects.filter(address_hash=address_hash, ended_at__isnull=True).update(ended_at=now)


def purge(*, now: datetime) -> int:
    return PortalSession.objects.filter(ends_at__lt=now - KEPT_FOR).delete()[0]


def browser_of(user_agent: str) -> str:
    """Firefox on Windows. What cannot be told is left out."""
    known = user_agent[:400]
    name = next((label for mark, label in BROWSERS if mark in known), "")
    system = next((label for mark, label in SYSTEMS if re.search(re.escape(mark), known)), "")
    return " on ".join(part for part in (name or ("A browser" if system else ""), system) if part)
