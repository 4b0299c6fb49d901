"""How much each side takes part in a year, apart from what it is worth: what it was asked and answered, and what it wrote down.

A question counts when its time is over: before that nobody is told who has answered. What an employee was asked and did is theirs.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, Q, QuerySet

from exchanges.models import Prompt, PromptKind, PromptState, ValueEvent
from exchanges.models.prompts import kept_to_themselves
from relationships.models import Kind, Relationship, SideRole

YEAR = timedelta(days=365)


@dataclass(frozen=True)
class Participation:
    side: SideRole
    asked: int
    answered: int
    logged: int


def participation_of(relationship: Relationship, events: QuerySet[ValueEvent], *, reader: SideRole, now: datetime) -> dict[SideRole, Participation]:
    """By side; without an employee's side unless it is the reader's. `events`: those that the reader may see."""
    sides = [side for side in SideRole if not (relationship.kind == Kind.EMPLOYEE and side == SideRole.COUNTERPART and reader != side)]
    over = Q(round__posting__isnull=False) | Q(closes_at__lte=now)
    if relationship.kind == Kind.EMPLOYEE:
        over = Q(closes_at__lte=now)
    counting = Prompt.objects.filter(relationship=relationship, created_at__gt=now - YEAR).filter(over).exclude(state=PromptState.WITHDRAWN)
    counting = counting.exclude(kind=PromptKind.REQUALIFY)  # asked of each of us alone: no side takes part in it
    counting = counting.exclude(kind=PromptKind.SETTLE, side=SideRole.OWN)  # a promise may be ours alone to know of, and an advance is
    counting = counting if reader == SideRole.COUNTERPART else counting.exclude(kept_to_themselves())
    rows = counting.values("side").annotate(asked=Count("pk"), answered=Count("pk", filter=Q(state=PromptState.ANSWERED))).order_by()
    asked = {row["side"]: (row["asked"], row["answered"]) for row in rows}
    since: date = (now - YEAR).astimezone(relationship.workspace.zone).date()
    recent = events.filter(versions__superseded_by__isnull=True, versions__is_withdrawal=False, versions__occurred_on__gt=since)
    logged = dict(recent.order_by().values_list("author_side").annotate(count=Count("pk", distinct=True)))
    return {side: Participation(side, *asked.get(side, (0, 0)), logged.get(side, 0)) for side in sides}
