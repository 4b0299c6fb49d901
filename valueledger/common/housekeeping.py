"""Rows that are worth nothing after a while: ended sessions, full buckets, answered requests, old sign-in links and their mails."""

from datetime import datetime, timedelta

from django.contrib.sessions.models import Session

from valueledger.common import idempotency, portal_sessions
from valueledger.common.models import Outbox, RateBucket, Token
from valueledger.common.models.outbox import OutboxState
from valueledger.common.models.tokens import TokenPurpose
from valueledger.common.tenancy import everywhere

BUCKETS_ARE_FULL_AFTER = timedelta(days=1)
SIGN_IN_MAIL = "signin"
SETTLED = (OutboxState.SENT, OutboxState.FAILED, OutboxState.UNKNOWN, OutboxState.SKIPPED)
LINKS_KEPT = timedelta(days=1)  # a used one still says so, and not that nothing was here


def sweep(*, now: datetime) -> dict[str, int]:
    """Delete them; returns how many of each."""
    with everywhere():
        return {
            "sessions": Session.objects.filter(expire_date__lt=now).delete()[0],
            "buckets": RateBucket.objects.filter(updated_at__lt=now - BUCKETS_ARE_FULL_AFTER).delete()[0],
            "answered_requests": idempotency.purge(now=now),
            "portal_sessions": portal_sessions.purge(now=now),
            "sign_in_mails": Outbox.objects.filter(kind=SIGN_IN_MAIL, state__in=SETTLED, created_at__lt=now - LINKS_KEPT).delete()[0],
            "sign_in_links": Token.objects.filter(purpose=TokenPurpose.SIGN_IN, expires_at__lt=now - LINKS_KEPT).delete()[0],
        }
