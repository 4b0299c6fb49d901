"""How far behind the sweeps are, for `/readyz`: seconds for which the oldest piece of work has waited; 0 when none waits."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Max, Min

from exchanges.models import Prompt, PromptState
from exchanges.selectors.rounds import is_ready, unposted
from valueledger.common.tenancy import everywhere


def oldest_unposted_round(now: datetime) -> float:
    """A round that has closed, or that both sides have answered, waits to be posted since then."""
    with everywhere():
        closed = unposted(now).filter(closes_at__lte=now).aggregate(at=Min("closes_at"))["at"]
        ready = (
            unposted(now).filter(is_ready(now), closes_at__gt=now).annotate(last=Max("seats__answers__recorded_at")).aggregate(at=Min("last"))["at"]
        )
    return max((_seconds(at, now) for at in (closed, ready)), default=0.0)


def oldest_due_prompt(now: datetime) -> float:
    """A question whose time is over waits to lapse, or one that was put off to come back."""
    with everywhere():
        over = Prompt.objects.ended_at(now).filter(round__isnull=True).aggregate(at=Min("closes_at"))["at"]
        asleep = Prompt.objects.filter(state=PromptState.SNOOZED, snoozed_until__lte=now, closes_at__gt=now).aggregate(at=Min("snoozed_until"))["at"]
    return max((_seconds(at, now) for at in (over, asleep)), default=0.0)


def _seconds(at: datetime | None, now: datetime) -> float:
    return 0.0 if at is None else (now - at).total_seconds()
