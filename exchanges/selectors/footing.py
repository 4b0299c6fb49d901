"""Footing: all that a report stands on, read under the relationship's lock by two questions instead of nine.

For the path on which nearly every write comes, one report on one event. What else posts asks for the same rows one kind at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from django.db import connection

from exchanges.models import BalanceState, Card, EventVersion, Report, SourceKind, ValueEvent
from exchanges.selectors.statements import NEWEST_VERSION_OF, day_number
from relationships.models import Relationship, Workspace
from valueledger.common import rows

PARTS = (  # not all fields: on the way through four joins the server pays for each of them
    rows.Part("mine", Relationship, ("id", "workspace", "kind", "stage", "steward", "head_position")),
    rows.Part("desk", Workspace, ("id", "time_zone")),
    rows.Part("said", EventVersion, ("id", "status", "occurred_on", "arrived_on", "kind", "visibility", "is_withdrawal")),
    rows.Part("state", BalanceState, ("id", "view", "open_day_own", "open_day_counterpart", "before", "after", "ticks_own", "ticks_counterpart")),
    rows.Part("card", Card, ("id", "view", "band", "cadence_days", "verdict", "outside_since", "last_event_on")),
)
STANDING_ON = f"""relationships_relationship mine
    JOIN relationships_workspace desk ON desk.id = mine.workspace_id
    LEFT JOIN exchanges_eventversion said ON {NEWEST_VERSION_OF}
    LEFT JOIN exchanges_balancestate state ON state.relationship_id = mine.id
    LEFT JOIN exchanges_card card ON card.relationship_id = mine.id AND card.view = state.view
    WHERE mine.id = %s"""
SOURCE_EVENT, NO_DAY = int(SourceKind.EVENT), -1
TAKE = "UPDATE relationships_relationship SET head_position = head_position + 1 WHERE id = %s"
"""Locks the row and takes the position that nearly every report needs: whoever posts none or several writes how many (`posting.post`)."""
LIVE_COLUMNS = "position, side, source_id, on_day, kind, relayed, value_int, view_mask, source_kind"
SAID = """SELECT visibility, role, is_withdrawal, id, side, speaker, seq, supersedes_id, first_hand, points_micro, NULL, NULL
    FROM exchanges_report WHERE event_id = %s"""
LIVE = f"SELECT NULL, NULL, NULL, {LIVE_COLUMNS} FROM exchanges_liveevidence"  # noqa: S608
SAID_AND_LIVE = f"""{SAID}
    UNION ALL {LIVE} WHERE workspace_id = %s AND relationship_id = %s AND side = %s AND on_day = %s
    UNION ALL {LIVE} WHERE relationship_id = %s AND source_kind = %s AND source_id = %s AND NOT (side = %s AND on_day = %s)"""
"""A report as `Said`, every row of each chain: which of them stand is quicker told here than by the database. Then live evidence as `Live`,
from the fourth column on; it has no visibility."""


class Said(NamedTuple):
    """What counts of a report, as `Report` names it."""

    visibility: str
    role: str
    is_withdrawal: bool
    pk: int
    side: int
    speaker: int
    seq: int
    supersedes_id: int | None
    first_hand: bool
    points_micro: int | None


class Live(NamedTuple):
    """A row of live evidence."""

    position: int
    side: int
    source_id: int
    on_day: int
    kind: int
    relayed: bool
    value: int
    mask: int
    source_kind: int


@dataclass
class Footing:
    """The rows as they are while the lock is held. `live` holds what came of the event, and all of one side on the event's day."""

    relationship: Relationship
    version: EventVersion | None
    states: list[BalanceState]
    cards: list[Card]
    reports: list[Said]
    side: int
    on_day: int
    live: list[Live]
    next_report: int | None
    """The id that the next report is to have, where the engine gives ids ahead."""

    def standing(self) -> list[Said]:
        """The reports that stand: the newest of each chain, unless it is a withdrawal."""
        followed = {row.supersedes_id for row in self.reports}
        return [row for row in self.reports if row.pk not in followed and not row.is_withdrawal]

    def with_report(self, row: Report) -> Footing:
        """As it is after one more report."""
        known = row.__dict__
        self.reports.append(Said(known["visibility"], known["role"], known["is_withdrawal"], row.pk, *map(known.__getitem__, Said._fields[4:])))
        return self

    def refuses(self, row: Report) -> bool:
        """Whether somebody was faster: with a first report by the same speaker, or with what follows the report that this one is to follow."""
        place = (row.side, row.role, row.speaker, row.seq)
        return any(
            (one.side, one.role, one.speaker, one.seq) == place or (one.supersedes_id is not None and one.supersedes_id == row.supersedes_id)
            for one in self.reports
        )

    def of_source(self, source: tuple[int, int]) -> list[Live]:
        return [row for row in self.live if (row.source_kind, row.source_id) == source]

    def of_day(self, side: int, on_day: int, view: int) -> list[tuple[int, int, int, int, bool]] | None:
        """What one view sees of one side's day, as the fold takes it; None when that was not asked for."""
        if (side, on_day) != (self.side, self.on_day):
            return None
        return [
            (row.side, row.on_day, row.kind, row.value, row.relayed)
            for row in self.live
            if (row.side, row.on_day) == (side, on_day) and row.mask & view
        ]


def footing(event: ValueEvent, side: int) -> Footing:
    """Lock the event's relationship until the transaction ends, and read what a report of this side stands on.

    The lock is a statement of its own: one that waits for it and reads beside it would see the other rows as they were before the wait.
    It takes the next position too; `head_position` is given back as it was before.
    """
    assert connection.in_atomic_block, "A lock needs a transaction."
    take = [(TAKE, [event.relationship_id])]
    found = rows.side_by_side(PARTS, STANDING_ON, [event.pk, event.relationship_id], first=take, also=rows.next_id(Report))
    relationship, desk, version = found[0][:3]
    relationship.head_position -= 1
    rows.link(relationship, workspace=desk)
    common = {"workspace_id": relationship.workspace_id, "relationship_id": relationship.pk}
    for part in found:
        for row in part[3:5]:
            if row is not None:
                row.__dict__.update(common)
    on_day = NO_DAY if version is None or version.arrived_on is None else day_number(version.arrived_on)
    asked = [event.pk, relationship.workspace_id, relationship.pk, side, on_day, relationship.pk, SOURCE_EVENT, event.pk, side, on_day]
    answer = rows.plain(SAID_AND_LIVE, asked)
    return Footing(
        relationship=relationship,
        version=version,
        states=[row[3] for row in found if row[3]],
        cards=[row[4] for row in found if row[4]],
        reports=[Said(*row[:10]) for row in answer if row[0] is not None],
        side=side,
        on_day=on_day,
        live=[Live(*row[3:]) for row in answer if row[0] is None],
        next_report=found[0][5],
    )
