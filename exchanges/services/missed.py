"""Noting that a moment was missed: an event of the other side's giving of which nothing came, with the word of whoever missed it."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction

from exchanges.access import Voice
from exchanges.models import Arrived, EventKind, ValueEvent, Visibility
from exchanges.services.events import log_event
from exchanges.services.reports import Account, report_got
from relationships.models import Relationship


def log_missed(
    *,
    relationship: Relationship,
    side: int,
    voice: Voice,
    what: str,
    on: date,
    now: datetime,
    has_hurt: bool = False,
    visibility: str = Visibility.SHARED,
) -> ValueEvent:
    """`side` missed something that the other one did not do. None of it arrived, so it counts nothing; where it hurt, it counts as harm."""
    with transaction.atomic():
        event = log_event(
            relationship=relationship, voice=voice, giver=1 - side, occurred_on=on, what=what, kind=EventKind.MISSED_MOMENT, visibility=visibility,
            author_side=side, now=now,
        )  # fmt: skip
        account = Account(arrived=Arrived.BURDEN if has_hurt else Arrived.NONE)
        report_got(event=event, side=side, voice=voice, account=account, now=now)
    return event
