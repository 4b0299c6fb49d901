"""Who is to be asked, and what waits for somebody: the due date of each side, asked of an index and then thinned by what was asked before.

A side's own due date comes from the view that sees all of its own answers; the balance core has put gaps and rhythm into it. Here stands
only what depends on prompts: one open round at a time, and a longer wait for whoever did not answer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from exchanges.models import (
    Answer,
    BalanceState,
    Card,
    EventStatus,
    EventVersion,
    Giver,
    Prompt,
    PromptKind,
    PromptState,
    Report,
    ReportRole,
    Round,
    ValueEvent,
    View,
    Visibility,
)  # fmt: skip
from exchanges.selectors.balances import KAPPA, balances_of
from exchanges.selectors.rounds import is_ready
from exchanges.wording import check_answer
from relationships.models import ENDED_STAGES, Member, Participant, SideRole, Workspace

ROUND_LASTS = timedelta(days=14)
WAIT_FIRST = timedelta(days=30)
WAIT_LONGEST = timedelta(days=180)
CHUNK = 500
NANO = 1_000_000_000
MICRO = 1_000_000
RATE_WITHIN = timedelta(days=30)
UNDO_FOR = timedelta(minutes=10)


@dataclass(frozen=True)
class DueRelationship:
    relationship_id: int
    sides: tuple[int, ...]  # the sides whose date has come
    due_on: date


@dataclass(frozen=True)
class WaitingPrompt:
    """A question that waits for a member, as the desk shows it."""

    public_id: UUID
    kind: str
    relationship_id: UUID  # the public id
    relationship_kind: str
    counterpart_name: str
    asked_on: date
    closes_on: date
    shown_points: float | None  # what "still right" confirms
    shown_on: date | None
    answer_points: float | None  # what was answered already; it can be changed until the reveal
    answered_on: date | None

    @property
    def said(self) -> str:
        """What was answered, in words."""
        return "" if self.answer_points is None else check_answer(nearest_answer(self.answer_points), "we")

    @property
    def shown_says(self) -> str:
        """What "still right" would confirm, in words."""
        return "" if self.shown_points is None else check_answer(nearest_answer(self.shown_points), "we")


def due_relationships(*, workspace: Workspace, now: datetime, limit: int, busy: Sequence[int] = ()) -> list[DueRelationship]:
    """Up to `limit` relationships in which a side's date has come, the longest overdue first; without those of the `busy` persons."""
    found: list[DueRelationship] = []
    for chunk in _candidates(workspace, now, busy):
        found.extend(_thinned(chunk, now, today=now.astimezone(workspace.zone).date()))
        if len(found) >= limit:
            break
    return found[:limit]


def _candidates(workspace: Workspace, now: datetime, busy: Sequence[int]) -> Iterator[list[int]]:
    """Relationship ids in chunks: a card is due, somebody of a side can be asked, and no round was opened within the length of one."""
    today = now.astimezone(workspace.zone).date()
    speaking = Participant.objects.speaking_on(today).filter(side__relationship=OuterRef("relationship"))
    by_mail = Q(person__suppressed_at__isnull=True) & ~Q(person__text__email="")
    in_app = Q(side__role=SideRole.OWN, person__members__isnull=False, person__members__left_at__isnull=True)
    fresh = Round.objects.filter(relationship=OuterRef("relationship"), opens_at__gt=now - ROUND_LASTS)
    cards = (
        Card.objects.filter(workspace_id=workspace.pk, view__in=[View.SHARED, View.OWN], due_on__lte=today)
        .exclude(stage__in=ENDED_STAGES)
        .filter(Exists(speaking.filter(by_mail | in_app)), ~Exists(fresh), ~Exists(speaking.filter(person__in=list(busy))))
        .order_by("due_on", "relationship_id")
        .values_list("due_on", "relationship_id")
    )
    after: tuple[date, int] | None = None
    while True:
        rows = list((cards.filter(Q(due_on__gt=after[0]) | Q(due_on=after[0], relationship_id__gt=after[1])) if after else cards)[:CHUNK])
        if not rows:
            return
        yield list(dict.fromkeys(pk for _, pk in rows))
        after = (rows[-1][0] or today, rows[-1][1])


def _thinned(relationship_ids: list[int], now: datetime, *, today: date) -> list[DueRelationship]:
    due = _due_by_side(relationship_ids, today)
    earliest = _earliest_again(relationship_ids)
    found = []
    for pk in relationship_ids:
        sides = tuple(side for side in SideRole.values if _is_due(due.get((pk, side)), earliest.get((pk, side)), now, today))
        if sides:
            found.append(DueRelationship(pk, sides, min(on for side in sides if (on := due[pk, side]) is not None)))
    return found


def _is_due(on: date | None, earliest: datetime | None, now: datetime, today: date) -> bool:
    return on is not None and on <= today and (earliest is None or earliest <= now)


def _due_by_side(relationship_ids: list[int], today: date) -> dict[tuple[int, int], date | None]:
    """Each side's date from the view that holds its private evidence too, where there is one: an employee's answers are on no card."""
    due: dict[tuple[int, int], date | None] = {}
    rows = Card.objects.filter(relationship__in=relationship_ids, view__in=[View.SHARED, View.OWN])
    for pk, view, own_on, counterpart_on in rows.order_by("view").values_list("relationship_id", "view", "due_own_on", "due_counterpart_on"):
        due[pk, SideRole.OWN] = own_on  # our own card comes after the shared one
        if view == View.SHARED:
            due[pk, SideRole.COUNTERPART] = counterpart_on
    private = BalanceState.objects.filter(relationship__in=relationship_ids, view=View.COUNTERPART).values_list("relationship_id", flat=True)
    for pk, balance in balances_of(list(private), view=View.COUNTERPART, as_of=today).items():
        due[pk, SideRole.COUNTERPART] = balance.counterpart.due_on
    return due


def _earliest_again(relationship_ids: list[int]) -> dict[tuple[int, int], datetime]:
    """When a side that let questions pass may be asked again: the wait doubles with each, to at most half a year."""
    rounds: dict[tuple[int, int], dict[int, tuple[datetime, set[str]]]] = defaultdict(dict)
    asked = (
        Prompt.objects.filter(relationship__in=relationship_ids, kind=PromptKind.CHECK, round__isnull=False)
        .order_by("created_at", "id")
        .values_list("relationship_id", "side", "round_id", "created_at", "state")
    )
    for pk, side, round_id, created_at, state in asked:
        rounds[pk, side].setdefault(round_id, (created_at, set()))[1].add(state)
    return {key: again for key, asked_rounds in rounds.items() if (again := _again(list(asked_rounds.values()))) is not None}


def _again(asked: list[tuple[datetime, set[str]]]) -> datetime | None:
    missed = 0
    for _, states in reversed(asked):
        if PromptState.ANSWERED in states or not states & {PromptState.LAPSED, PromptState.SKIPPED}:
            break
        missed += 1
    return asked[-1][0] + min(WAIT_FIRST * 2**missed, WAIT_LONGEST) if missed else None


def ratings_to_ask(*, workspace: Workspace, now: datetime, limit: int) -> list[ValueEvent]:
    """Shared events of ours that arrived lately, are older than the time for an undo, and have neither a prompt nor the receiver's own report."""
    today = now.astimezone(workspace.zone).date()
    current = EventVersion.objects.current().filter(
        workspace_id=workspace.pk, is_withdrawal=False, status=EventStatus.ARRIVED, visibility=Visibility.SHARED, import_source="",
        arrived_on__gt=today - RATE_WITHIN, arrived_on__lte=today, recorded_at__gt=now - RATE_WITHIN, recorded_at__lte=now - UNDO_FOR,
        event__giver__in=[Giver.OWN, Giver.JOINT],
    )  # fmt: skip
    rated = Report.objects.standing().filter(event=OuterRef("event"), side=SideRole.COUNTERPART, role=ReportRole.GOT, first_hand=True)
    asked = Prompt.objects.filter(event=OuterRef("event"), kind=PromptKind.RATING)
    speaking = Participant.objects.speaking_on(today).filter(side__relationship=OuterRef("event__relationship"), side__role=SideRole.COUNTERPART)
    versions = (
        current.filter(~Exists(rated), ~Exists(asked), Exists(speaking))
        .exclude(event__relationship__stage__in=ENDED_STAGES)
        .select_related("event__relationship")
        .order_by("id")
    )
    return [version.event for version in versions[:limit]]


def waiting_for(member: Member, now: datetime) -> list[WaitingPrompt]:
    """The checks that wait for this member, with what it answered already where that can still be changed. Oldest first."""
    if member.person_id is None:
        return []
    mine = Prompt.objects.filter(participant__person_id=member.person_id, workspace_id=member.workspace_id, side=SideRole.OWN)
    return _waiting_of(mine, now)


def waiting_one(member: Member, prompt: Prompt, now: datetime) -> WaitingPrompt | None:
    """One of `waiting_for`, or None once it is settled."""
    if member.person_id is None:
        return None
    mine = Prompt.objects.filter(pk=prompt.pk, participant__person_id=member.person_id)
    return next(iter(_waiting_of(mine, now)), None)


def _waiting_of(mine: QuerySet[Prompt], now: datetime) -> list[WaitingPrompt]:
    prompts = (
        mine.filter(
            kind=PromptKind.CHECK,
            state__in=[PromptState.WAITING, PromptState.ANSWERED],
            closes_at__gt=now,
            not_before__lte=now,
            round__posting__isnull=True,
        )
        .select_related("round", "shown", "relationship", "workspace")
        .order_by("created_at", "id")
    )
    settled = set(Round.objects.filter(is_ready(now), pk__in=[prompt.round_id for prompt in prompts]).values_list("pk", flat=True))
    waiting = [prompt for prompt in prompts if prompt.round_id not in settled]
    names = dict(
        Card.objects.filter(relationship__in=[prompt.relationship_id for prompt in waiting], view=View.SHARED).values_list(
            "relationship_id", "counterpart_name"
        )
    )
    answers = {
        (answer.round_id, answer.participant_id): answer
        for answer in Answer.objects.standing().filter(round__in=[prompt.round_id for prompt in waiting]).select_related("confirms_shown")
    }
    return [_waiting(prompt, names.get(prompt.relationship_id, ""), answers.get((prompt.round_id, prompt.participant_id))) for prompt in waiting]


def _waiting(prompt: Prompt, name: str, answer: Answer | None) -> WaitingPrompt:
    zone = prompt.workspace.zone
    return WaitingPrompt(
        public_id=prompt.public_id,
        kind=prompt.kind,
        relationship_id=prompt.relationship.public_id,
        relationship_kind=prompt.relationship.kind,
        counterpart_name=name,
        asked_on=prompt.created_at.astimezone(zone).date(),
        closes_on=prompt.closes_at.astimezone(zone).date(),
        shown_points=points_of_nano(prompt.shown.r_nano) if prompt.shown else None,
        shown_on=prompt.shown.as_of if prompt.shown else None,
        answer_points=answer_points(answer) if answer else None,
        answered_on=answer.answered_on if answer else None,
    )


def answer_points(answer: Answer) -> float:
    """What was said, in points: the typed value, or the value that was confirmed."""
    if answer.y_micro is not None:
        return answer.y_micro / MICRO
    assert answer.confirms_shown is not None
    return points_of_nano(answer.confirms_shown.r_nano)


def nearest_answer(points: float) -> int:
    """The nearest of the seven answers; a half goes to the milder one."""
    size = abs(points)
    whole = int(size) + (1 if size - int(size) > 0.5 else 0)
    return max(-3, min(3, whole if points > 0 else -whole))


def points_of_nano(nano: int) -> float:
    """Billionths of a nat, as a shown value is kept, in points."""
    return nano / NANO / KAPPA
