"""Goals and stances of one relationship as either side reads them: both see the same rows, each from its own side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import QuerySet

from exchanges.models import Goal, GoalMove, GoalStep, Stance
from exchanges.selectors.items import lines_of, text_of_goal
from relationships.models import Participant, Relationship, Side, SideRole
from valueledger.common.errors import NotFound


@dataclass(frozen=True)
class GoalRow:
    public_id: UUID
    what: str
    by_on: date | None
    side: SideRole  # who proposed it
    author: str
    proposed_on: date
    agreed_on: date | None
    agreed_by: str
    closed_on: date | None
    closed_side: int | None
    closed_by: str
    is_reached: bool

    @property
    def is_open(self) -> bool:
        return self.closed_on is None


@dataclass(frozen=True)
class StanceRow:
    side: SideRole
    lines: tuple[str, ...]
    said_on: date | None
    author: str


@dataclass(frozen=True)
class Together:
    agreed: Sequence[GoalRow]  # open, those due first
    proposed: Sequence[GoalRow]
    closed: Sequence[GoalRow]  # the newest first
    stances: dict[int, StanceRow]

    @property
    def open_count(self) -> int:
        return len(self.agreed) + len(self.proposed)


def together_of(relationship: Relationship) -> Together:
    rows = [_row(goal, relationship) for goal in _goals(relationship)]
    still = [row for row in rows if row.is_open]
    return Together(
        agreed=sorted((row for row in still if row.agreed_on), key=lambda row: (row.by_on is None, row.by_on or date.max, row.proposed_on)),
        proposed=[row for row in still if not row.agreed_on],
        closed=sorted((row for row in rows if not row.is_open), key=lambda row: row.closed_on or date.min, reverse=True),
        stances={int(side): stance_of(relationship, side) for side in SideRole},
    )


def agreed_goals(relationship: Relationship) -> Sequence[GoalRow]:
    """The open ones, for a page that has more to say."""
    return together_of(relationship).agreed


def goal_in(relationship: Relationship, public_id: UUID) -> Goal:
    """One of this relationship, which its reader may see. Any other is not found."""
    goal = _goals(relationship).filter(public_id=public_id).first()
    if goal is None:
        raise NotFound
    return goal


def stance_of(relationship: Relationship, side: SideRole) -> StanceRow:
    newest = (
        Stance.objects.filter(side__in=Side.objects.filter(relationship=relationship, role=side))
        .select_related("author__person__text")
        .prefetch_related("lines")
        .order_by("-seq")
        .first()
    )
    lines = lines_of(newest)
    if newest is None or not lines:
        return StanceRow(side, (), None, "")
    return StanceRow(side, lines, newest.at.astimezone(relationship.workspace.zone).date(), _name(newest.author))


def _goals(relationship: Relationship) -> QuerySet[Goal]:
    rows = Goal.objects.filter(relationship=relationship).select_related("text", "author__person__text")
    return rows.prefetch_related("steps__author__person__text").order_by("id")


def _row(goal: Goal, relationship: Relationship) -> GoalRow:
    zone = relationship.workspace.zone
    steps: dict[str, GoalStep] = {step.step: step for step in goal.steps.all()}
    agreed = steps.get(GoalMove.AGREED)
    closed = steps.get(GoalMove.REACHED) or steps.get(GoalMove.GIVEN_UP)
    return GoalRow(
        public_id=goal.public_id,
        what=text_of_goal(goal),
        by_on=goal.by_on,
        side=SideRole(goal.side),
        author=_name(goal.author),
        proposed_on=goal.at.astimezone(zone).date(),
        agreed_on=agreed.at.astimezone(zone).date() if agreed else None,
        agreed_by=_name(agreed.author) if agreed else "",
        closed_on=closed.at.astimezone(zone).date() if closed else None,
        closed_side=closed.side if closed else None,
        closed_by=_name(closed.author) if closed else "",
        is_reached=GoalMove.REACHED in steps,
    )


def _name(participant: Participant) -> str:
    text = getattr(participant.person, "text", None)
    return text.name if text else ""
