"""How little is asked: nobody gets more questions than their budget, checked under a lock, and a relationship that waits is looked at again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from exchanges.models import Card, PromptKind
from exchanges.selectors.allowance import Allowances, Obstacle, able
from exchanges.selectors.asking import LOOK_AGAIN, Look
from relationships.models import Participant, Person, SideRole
from valueledger.common.errors import Conflict


class AskedEnough(Conflict):
    code = "asked_enough"
    sentence = "They have been asked as often as they want to be, or are away. The question waits."


def those_to_ask(people: Sequence[Participant], *, now: datetime) -> list[Participant]:
    """Those of one relationship who can be asked now. Holds their rows until the end of the transaction, so that no two count at once.

    Raises AskedEnough when a side would be left out: both are asked in one round, or nobody is.
    """
    allowances = locked_allowances(people, now=now)
    obstacles = {one.pk: obstacle for one in people if (obstacle := allowances.obstacle(one, now)) is not None}
    found = able(people, obstacles)
    if people and not found:
        raise AskedEnough(_sentence(people, obstacles))
    return found


def has_room(participant: Participant, *, now: datetime, kind: str = PromptKind.TERMS) -> bool:
    """Whether one more question may go to this participant now. Holds the person's row, as `those_to_ask` does."""
    return locked_allowances([participant], now=now).obstacle(participant, now, kind) is None


def locked_allowances(people: Sequence[Participant], *, now: datetime) -> Allowances:
    list(Person.objects.select_for_update().filter(pk__in={one.person_id for one in people}).order_by("pk").values_list("pk", flat=True))
    return Allowances(people, people[0].workspace, now) if people else Allowances([], None, now)  # type: ignore[arg-type]


def _sentence(people: Sequence[Participant], obstacles: dict[int, Obstacle]) -> str:
    """Names who is in the way, but never the other side of an employee's relationship."""
    held = [one for one in people if one.pk in obstacles]
    named = [one for one in held if not (one.side.role == SideRole.COUNTERPART and one.side.relationship.kind == "EMPLOYEE")]
    if not named:
        return ""
    obstacle = obstacles[named[0].pk]
    until = f" The next question can go out on {_day(obstacle.until)}." if obstacle.until else ""
    text = getattr(named[0].person, "text", None)
    return f"{text.name if text and text.name else 'They'}: {obstacle.reason}.{until}"


def _day(at: datetime) -> str:
    return f"{at.day} {at:%B}"


def put_off(later: Iterable[Look], *, today: date) -> None:
    """Have the sweep look at these again on their day, and within a week whatever it is: evidence may have moved it."""
    by_day: dict[date, list[int]] = defaultdict(list)
    for look in later:
        soonest, latest = today + timedelta(days=1), today + LOOK_AGAIN
        day = min(max(look.ask_on, soonest), latest) if look.ask_on else soonest if look.waits else latest
        by_day[day].append(look.relationship_id)
    for day, ids in by_day.items():
        Card.objects.filter(relationship__in=ids).update(wait_until=day)


def look_again(relationship_ids: Iterable[int]) -> None:
    """Something changed around these relationships: the next sweep looks at them, whatever they waited for."""
    Card.objects.filter(relationship__in=list(relationship_ids), wait_until__isnull=False).update(wait_until=None)
