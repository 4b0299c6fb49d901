"""Logging value in one go: the event, and what our own side can say of it at once."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from exchanges.access import Reading, Voice
from exchanges.models import ValueEvent
from exchanges.services.advances import Hope, give_on_hope
from exchanges.services.events import EventDetails, log_event
from exchanges.services.reports import Account, report_gave, report_got
from exchanges.services.speakers import speak_for_us
from relationships.models import SideRole


def log_value(
    *,
    reading: Reading,
    giver: int,
    details: EventDetails,
    now: datetime,
    gave: Account | None = None,
    got: Account | None = None,
    hope: Hope | None = None,
) -> ValueEvent:
    """Log an event with our side's first accounts of it, and what we hope for. None: nothing is said of it yet, so nothing counts yet."""
    with transaction.atomic():
        voice = speak_for_us(reading=reading, now=now)
        event = log_event(
            relationship=reading.relationship, voice=voice, giver=giver, now=now, author_side=SideRole.OWN, what=details.what,
            occurred_on=details.occurred_on, kind=details.kind, status=details.status, arrived_on=details.arrived_on, expected_on=details.expected_on,
            visibility=details.visibility, value_kind=details.value_kind, goal=details.goal,
        )  # fmt: skip
        write_accounts(event=event, voice=voice, gave=gave, got=got, now=now)
        if hope is not None:
            give_on_hope(event=event, hope=hope, member=reading.member, now=now)
    return event


def write_accounts(*, event: ValueEvent, voice: Voice, gave: Account | None, got: Account | None, now: datetime) -> None:
    if gave is not None:
        report_gave(event=event, side=SideRole.OWN, voice=voice, account=gave, now=now)
    if got is not None:
        report_got(event=event, side=SideRole.OWN, voice=voice, account=got, now=now)
