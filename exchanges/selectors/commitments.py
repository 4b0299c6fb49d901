"""What somebody promised along with a check: seen by its author alone until the check is over, then an event like any other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from exchanges.models import Commitment, CommitmentEvent, EventStatus, EventText, EventVersion, Round
from relationships.models import SideRole


@dataclass(frozen=True)
class Promised:
    """One's own. `is_told`: the other side can see it."""

    what: str
    by_on: date
    is_told: bool


@dataclass(frozen=True)
class PromisedEvent:
    """What came of a check, as both sides see it."""

    event_id: UUID
    side: SideRole
    what: str
    by_on: date | None
    has_arrived: bool


def own_promises(rounds: Sequence[int], person_id: int) -> dict[int, Promised]:
    """What this person promised and has not taken back, by round."""
    rows = Commitment.objects.standing().filter(seat__round__in=rounds, seat__participant__person=person_id)
    return {row.seat.round_id: _own(row) for row in rows.select_related("seat", "text", "event").order_by("id")}


def _own(row: Commitment) -> Promised:
    return Promised(row.text.what if hasattr(row, "text") else "", row.by_on, hasattr(row, "event"))


def events_of_checks(rounds: Sequence[Round]) -> dict[int, list[PromisedEvent]]:
    """By round: the promises that are told, and whether they were kept. One that was taken back as an entry is gone."""
    found: dict[int, list[PromisedEvent]] = defaultdict(list)
    told = CommitmentEvent.objects.filter(commitment__seat__round__in=rounds).select_related("event", "commitment__seat").order_by("id")
    versions = {
        version.event_id: version
        for version in EventVersion.objects.current().filter(event__in=[row.event_id for row in told]).select_related("text")
        if not version.is_withdrawal
    }
    for row in told:
        version = versions.get(row.event_id)
        if version is not None:
            text: EventText | None = getattr(version, "text", None)
            arrived = version.status == EventStatus.ARRIVED
            line = PromisedEvent(row.event.public_id, SideRole(row.commitment.seat.side), text.what if text else "", version.expected_on, arrived)
            found[row.commitment.seat.round_id].append(line)
    return found
