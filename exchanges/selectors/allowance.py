"""What stands in the way of asking a person: as many questions as they get in 30 days have gone out, too many are open, or they are away."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q

from exchanges.models import Prompt, PromptKind, PromptState
from exchanges.selectors.quiet import holidays_of, next_allowed, quiet_of
from relationships.models import Member, Participant, Person, SideRole, Workspace

WINDOW = timedelta(days=30)
SHORT_ABSENCE = timedelta(days=4)  # a weekend with its holidays: the mail waits for its end, the question does not
COUNTED = (PromptKind.CHECK, PromptKind.RATING, PromptKind.TERMS, PromptKind.SETTLE)
MOST_WAITING = 10  # questions that one person has open at a time, who gets them by mail, one a day
MOST_WAITING_MEMBER = 30  # and one who answers them at the desk
ENOUGH = "asked enough lately"  # without a number: it would tell of other relationships


@dataclass(frozen=True)
class Obstacle:
    """Why somebody is not asked yet, and until when as far as that is known."""

    reason: str
    until: datetime | None


class Allowances:
    """How much some people of one workspace were asked lately, read once: five queries.

    A member who is asked for our own side answers at the desk and has no budget, only a most of open questions.
    """

    def __init__(self, participants: Iterable[Participant], workspace: Workspace, now: datetime) -> None:
        self.workspace = workspace
        people = {participant.person_id for participant in participants}
        self.people: dict[int, Person] = Person.objects.in_bulk(people)
        self.holidays = holidays_of(workspace)
        self.members = set(Member.objects.filter(person__in=people, left_at__isnull=True).values_list("person_id", flat=True))
        self.asked: dict[int, list[datetime]] = defaultdict(list)
        mine = Prompt.objects.filter(participant__person__in=people)
        lately = mine.filter(kind__in=COUNTED, created_at__gt=now - WINDOW).filter(
            Q(side=SideRole.COUNTERPART) | ~Q(participant__person__in=self.members)
        )
        for person_id, at in lately.order_by("created_at").values_list("participant__person_id", "created_at"):
            self.asked[person_id].append(at)
        waiting = mine.filter(state=PromptState.WAITING).values_list("participant__person_id")
        self.waiting: Counter[int] = Counter(dict(waiting.annotate(count=Count("id")).order_by()))

    def obstacle(self, participant: Participant, at: datetime, kind: str = PromptKind.CHECK) -> Obstacle | None:
        """What keeps this participant from being asked something at a moment; None when nothing does."""
        person = self.people[participant.person_id]
        is_at_the_desk = participant.side.role == SideRole.OWN and person.pk in self.members
        if self.waiting[person.pk] >= (MOST_WAITING_MEMBER if is_at_the_desk else MOST_WAITING):
            return Obstacle(ENOUGH, None)
        if not is_at_the_desk and (full := self._used_up(person, at, kind)):
            return full
        quiet = quiet_of(person, self.workspace, holidays=self.holidays)
        allowed = next_allowed(quiet, at)
        if allowed is None or allowed - at > SHORT_ABSENCE:
            return Obstacle(quiet.why_not(at), allowed)
        return None

    def _used_up(self, person: Person, at: datetime, kind: str) -> Obstacle | None:
        budget = budget_of(person, self.workspace) or (1 if kind == PromptKind.CHECK else 0)  # none: the check alone
        counted = [moment for moment in self.asked[person.pk] if at - WINDOW < moment <= at]
        if len(counted) < budget:
            return None
        until = sorted(counted)[len(counted) - budget] + WINDOW if budget else None
        return Obstacle(ENOUGH if budget else "wants the regular question alone", until)

    def add(self, participant: Participant, at: datetime) -> None:
        """One more question to this participant."""
        self.waiting[participant.person_id] += 1
        if participant.side.role == SideRole.COUNTERPART or participant.person_id not in self.members:
            self.asked[participant.person_id].append(at)


def budget_of(person: Person, workspace: Workspace) -> int:
    return workspace.ask_budget if person.ask_budget is None else person.ask_budget


def able(people: Iterable[Participant], obstacles: dict[int, Obstacle]) -> list[Participant]:
    """Those of a relationship who can be asked. Empty when a side would be left out: both are asked in one round, or nobody is."""
    free: dict[int, list[Participant]] = defaultdict(list)
    for participant in people:
        free[participant.side.role] += [] if participant.pk in obstacles else [participant]
    return [] if not all(free.values()) else [participant for side in sorted(free) for participant in free[side]]
