"""Occasions to ask: a hand-over, a change of terms, an incident, a missed moment, two intents that do not meet, an ending. Each is noted once, with its day."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from exchanges.models import CLOSING, SHAKING, EventStatus, Occasion, OccasionKind, ValueEvent, Visibility
from exchanges.services.asking import look_again
from relationships.models import Relationship, SideRole
from relationships.services.intents import was_lately

AT_MOST = timedelta(days=14)  # after a shock both sides are asked by then, or as soon as the model says
LONG_AGO = timedelta(days=60)


def note_event(
    *, relationship: Relationship, event: ValueEvent, kind: str, on: date, status: str, visibility: str, import_source: str, now: datetime
) -> None:
    """Note what may have shaken how it feels, if both sides know of it: what one side keeps to itself makes nobody ask the other."""
    today = now.astimezone(relationship.workspace.zone).date()
    is_known = visibility == Visibility.SHARED and status == EventStatus.ARRIVED and not import_source
    if kind in SHAKING and is_known and today - on <= LONG_AGO:
        note(relationship=relationship, kind=OccasionKind(kind), happened_on=on, ask_from=max(today, on + AT_MOST), event=event, now=now)


def note_mismatch(*, relationship: Relationship, now: datetime) -> None:
    """Both sides have said within a year what they mean it to be, and it is not the same. What was not said for longer is unknown, and agrees with anything."""
    today = now.astimezone(relationship.workspace.zone).date()
    said = {role: intent for role, intent, on in relationship.sides.values_list("role", "intent", "intent_on") if was_lately(on, today)}
    own, theirs = said.get(SideRole.OWN), said.get(SideRole.COUNTERPART)
    if own and theirs and own != theirs:
        note(relationship=relationship, kind=OccasionKind.MISMATCH, happened_on=today, ask_from=today, now=now)


def note_stage(*, relationship: Relationship, was_going_on: bool, now: datetime) -> None:
    """An ending is asked about once more; a relationship that goes on after all has nothing to close."""
    today = now.astimezone(relationship.workspace.zone).date()
    closing = Occasion.objects.filter(relationship=relationship, kind__in=CLOSING)
    if relationship.is_going_on:
        closing.filter(settled_at__isnull=True).update(settled_at=now)
    elif was_going_on and not closing.filter(round__isnull=False, happened_on__gt=today - timedelta(days=365)).exists():
        note(relationship=relationship, kind=OccasionKind.ENDING, happened_on=today, ask_from=today, now=now)


def note_one_off(*, relationship: Relationship, done_on: date, now: datetime) -> None:
    """The one exchange arrived two weeks ago: both sides are asked, this once."""
    note(relationship=relationship, kind=OccasionKind.ONE_OFF, happened_on=done_on, ask_from=done_on + AT_MOST, now=now)


def note(
    *, relationship: Relationship, kind: OccasionKind, happened_on: date, ask_from: date, now: datetime, event: ValueEvent | None = None
) -> None:
    Occasion.objects.get_or_create(
        relationship=relationship, kind=kind, happened_on=happened_on,
        defaults={"workspace_id": relationship.workspace_id, "ask_from": ask_from, "event": event, "created_at": now},
    )  # fmt: skip
    look_again([relationship.pk])


def settle(relationship_ids: list[int], *, now: datetime) -> None:
    """Both sides have answered since: what happened needs no question of its own."""
    Occasion.objects.filter(relationship__in=relationship_ids, kind__in=SHAKING, settled_at__isnull=True).update(settled_at=now)
