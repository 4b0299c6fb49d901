"""Which relationships a sweep looks at this time, where looking at all of them would take too long: so many in a row, another row each minute.

Nothing is remembered. Each minute's place follows from the clock by steps of the golden ratio, which leave no gap for long however often a
sweep comes; two neighbouring turns never look at the same.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from relationships.models import Relationship, Workspace

STEP = (5**0.5 - 1) / 2


def in_turn(workspace: Workspace, now: datetime, *, most: int, field: str = "pk") -> Q:
    """What `field`, an id of a relationship, has to lie between; no condition where there are no more than `most`."""
    ids = Relationship.objects.filter(workspace_id=workspace.pk).order_by("pk").values_list("pk", flat=True)
    count = ids.count()
    if count <= most:
        return Q()
    place = int(count * (now.timestamp() // 60 * STEP % 1))
    first = Q(**{f"{field}__gte": ids[place]})
    if place + most <= count:
        return first & Q(**{f"{field}__lte": ids[place + most - 1]})
    return first | Q(**{f"{field}__lte": ids[place + most - count - 1]})  # past the end, and on from the beginning
