"""What feels to somebody like owing, and what would matter to the other side: said by the one who feels it, counted nowhere, asked back of nobody.

A feeling stands until its side has given something since. Gifts are left out, and so are friends: there nothing is owed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.db.models import Max, QuerySet

from exchanges.models import EventKind, EventStatus, EventVersion, Giver, Owing, Report, ReportRole, ValueEvent
from exchanges.selectors.terms import Terms
from relationships.models import Kind, Relationship, SideRole

STANDS_FOR = timedelta(days=365)
MOST_THINGS, MOST_WAYS = 3, 3


@dataclass(frozen=True)
class Thing:
    event_id: UUID
    what: str
    on: date


@dataclass(frozen=True)
class Obligation:
    """One side feels that it owes for these. `ways`: what matters to the other side, as that side has said."""

    side: int
    things: Sequence[Thing]
    ways: Sequence[str]

    @property
    def is_ours(self) -> bool:
        return self.side == SideRole.OWN


def obligations_of(
    relationship: Relationship, events: QuerySet[ValueEvent], reports: QuerySet[Report], terms: dict[int, Terms], *, today: date,
    only: int | None = None, participant_id: int | None = None,
) -> list[Obligation]:  # fmt: skip
    """By side, ours first. `events` and `reports`: those that the reader may see. `participant_id`: only what this person said. Two queries."""
    if relationship.kind == Kind.PERSONAL or not relationship.is_going_on:
        return []
    felt = reports.standing().filter(event__in=events, role=ReportRole.GOT, owing=Owing.OWING, first_hand=True)  # type: ignore[attr-defined]
    if only is not None:
        felt = felt.filter(side=only)
    if participant_id is not None:
        felt = felt.filter(participant=participant_id)
    of = {(row.event_id, row.side): row for row in felt}
    if not of:
        return []
    versions = EventVersion.objects.current().filter(
        event__in=[pk for pk, _side in of], is_withdrawal=False, status=EventStatus.ARRIVED, arrived_on__gt=today - STANDS_FOR
    )  # fmt: skip
    found = list(versions.exclude(kind=EventKind.GIFT).select_related("event", "text").order_by("-arrived_on", "-id"))
    last = _last_given(events)
    obligations = []
    for side in (SideRole.OWN, SideRole.COUNTERPART):
        things = [_thing(one) for one in found if (one.event_id, side) in of and _stands(one, last.get(side))]
        if things:
            ways = [line.value_kind for line in terms[1 - side].lines if line.weight][:MOST_WAYS]
            obligations.append(Obligation(side, things[:MOST_THINGS], ways))
    return obligations


def _last_given(events: QuerySet[ValueEvent]) -> dict[int, date]:
    """The newest day on which each side gave something that arrived. What was missed was not given; what was done together counts for both."""
    arrived = EventVersion.objects.current().filter(event__in=events, is_withdrawal=False, status=EventStatus.ARRIVED)
    rows = arrived.exclude(kind=EventKind.MISSED_MOMENT).order_by().values_list("event__giver").annotate(last=Max("arrived_on"))
    by_giver = {giver: on for giver, on in rows if on is not None}
    joint = by_giver.get(Giver.JOINT, date.min)
    return {side: max(by_giver.get(side, date.min), joint) for side in (SideRole.OWN, SideRole.COUNTERPART)}


def _stands(version: EventVersion, last_given: date | None) -> bool:
    return version.arrived_on is not None and (last_given is None or last_given <= version.arrived_on)


def _thing(version: EventVersion) -> Thing:
    assert version.arrived_on is not None
    text = getattr(version, "text", None)
    return Thing(version.event.public_id, text.what if text else "", version.arrived_on)
