"""How much somebody may still do: a bucket that fills again with time, kept in a row so that every process sees the same level."""

from datetime import datetime
from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

from valueledger.common.models import RateBucket

TRIES = 20


def take(key: str, *, burst: int, per_minute: float, now: datetime) -> bool:
    """Take one from the bucket; False when it is empty. Settled by the count of a conditional update, so parallel takers never exceed it."""
    row, _ = RateBucket.objects.get_or_create(key=key, defaults={"level": float(burst), "updated_at": now})
    for _ in range(TRIES):
        waited = max(0.0, (now - row.updated_at).total_seconds())
        level = min(float(burst), row.level + waited * per_minute / 60)
        if level < 1:
            return False
        same = RateBucket.objects.filter(pk=row.pk, level=row.level, updated_at=row.updated_at)
        if same.update(level=level - 1, updated_at=max(now, row.updated_at)):
            return True
        row.refresh_from_db()
    return False  # so many at once that we never got through: they are too many


def address_of(request: HttpRequest) -> str:
    """Where the request comes from. X-Forwarded-For is believed only as far as our own proxies wrote it."""
    hops = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
    if settings.TRUSTED_PROXIES and len(hops) >= settings.TRUSTED_PROXIES:
        return hops[-settings.TRUSTED_PROXIES]
    return str(request.META.get("REMOTE_ADDR", ""))


def network_of(request: HttpRequest) -> str:
    """One household or office: an IPv4 address, or the /64 of an IPv6 address."""
    try:
        address = ip_address(address_of(request))
    except ValueError:
        return "unknown"
    if isinstance(address, IPv6Address):
        return str(ip_network((address, 64), strict=False))
    return str(address)
