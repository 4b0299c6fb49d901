"""Rows that are worth nothing after a while: ended sessions, full buckets, answered requests."""

from datetime import datetime, timedelta

from django.contrib.sessions.models import Session

from valueledger.common import idempotency
from valueledger.common.models import RateBucket
from valueledger.common.tenancy import everywhere

BUCKETS_ARE_FULL_AFTER = timedelta(days=1)


def sweep(*, now: datetime) -> dict[str, int]:
    """Delete them; returns how many of each."""
    with everywhere():
        return {
            "sessions": Session.objects.filter(expire_date__lt=now).delete()[0],
            "buckets": RateBucket.objects.filter(updated_at__lt=now - BUCKETS_ARE_FULL_AFTER).delete()[0],
            "answered_requests": idempotency.purge(now=now),
        }
