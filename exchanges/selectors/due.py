"""Which events are to be asked about, and what waits for somebody at the desk."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Case, Exists, OuterRef, QuerySet, When

from exchanges.models import (
    Answer,
    Card,
    EventKind,
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
from exchanges.selectors.balances import KAPPA
from exchanges.selectors.commitments import Promised, own_promises
from exchanges.selectors.items import OfferedItem, chosen_before, items_of, offers_in, shown_items
from exchanges.selectors.rounds import is_ready
from exchanges.wording import check_answer
from relationships.models import ENDED_STAGES, Member, Participant, SideRole, Workspace

ROUND_LASTS = timedelta(days=14)
NANO = 1_000_000_000
MICRO = 1_000_000
RATE_WITHIN = timedelta(days=30)
UNDO_FOR = timedelta(minutes=10)


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
    items: tuple[OfferedItem, ...] = ()  # the optional questions along with it
    promised: Promised | None = None  # what this member would like to do for them; nobody else sees it before the check is over

    @property
    def said(self) -> str:
        """What was answered, in words."""
        return "" if self.answer_points is None else check_answer(nearest_answer(self.answer_points), "we")

    @property
    def shown_says(self) -> str:
        """What "still right" would confirm, in words."""
        return "" if self.shown_points is None else check_answer(nearest_answer(self.shown_points), "we")


def ratings_to_ask(*, workspace: Workspace, now: datetime, limit: int, within: Collection[int] | None = None) -> list[ValueEvent]:
    """Shared events of ours that arrived lately, are older than the time for an undo, and have neither a prompt nor the receiver's own report.

    What went wrong comes first, then what more hangs on. `within`: only of these relationships.
    """
    today = now.astimezone(workspace.zone).date()
    current = EventVersion.objects.current().filter(
        workspace_id=workspace.pk, is_withdrawal=False, status=EventStatus.ARRIVED, visibility=Visibility.SHARED, import_source="",
        arrived_on__gt=today - RATE_WITHIN, arrived_on__lte=today, recorded_at__gt=now - RATE_WITHIN, recorded_at__lte=now - UNDO_FOR,
        event__giver__in=[Giver.OWN, Giver.JOINT],
    )  # fmt: skip
    if within is not None:
        current = current.filter(event__relationship__in=within)
    rated = Report.objects.standing().filter(event=OuterRef("event"), side=SideRole.COUNTERPART, role=ReportRole.GOT, first_hand=True)
    asked = Prompt.objects.filter(event=OuterRef("event"), kind=PromptKind.RATING)
    speaking = Participant.objects.speaking_on(today).filter(side__relationship=OuterRef("event__relationship"), side__role=SideRole.COUNTERPART)
    versions = (
        current.filter(~Exists(rated), ~Exists(asked), Exists(speaking))
        .exclude(event__relationship__stage__in=ENDED_STAGES)
        .exclude(kind=EventKind.MISSED_MOMENT)
        .select_related("event__relationship")
        .alias(weight=Case(When(kind=EventKind.INCIDENT, then=0), default=1))
        .order_by("weight", "-event__relationship__stake", "id")
    )
    return [version.event for version in versions[:limit]]


def waiting_for(member: Member, now: datetime) -> list[WaitingPrompt]:
    """The checks that wait for this member, with what it answered already where that can still be changed. Oldest first."""
    if member.person_id is None:
        return []
    mine = Prompt.objects.filter(participant__person_id=member.person_id, workspace_id=member.workspace_id, side=SideRole.OWN)
    return _waiting_of(mine, now, member)


def waiting_one(member: Member, prompt: Prompt, now: datetime) -> WaitingPrompt | None:
    """One of `waiting_for`, or None once it is settled."""
    if member.person_id is None:
        return None
    mine = Prompt.objects.filter(pk=prompt.pk, participant__person_id=member.person_id)
    return next(iter(_waiting_of(mine, now, member)), None)


def _waiting_of(mine: QuerySet[Prompt], now: datetime, member: Member) -> list[WaitingPrompt]:
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
        for answer in Answer.objects.standing()
        .filter(round__in=[prompt.round_id for prompt in waiting])
        .select_related("confirms_shown", "participant")
    }
    rows = [_waiting(prompt, names.get(prompt.relationship_id, ""), answers.get((prompt.round_id, prompt.participant_id))) for prompt in waiting]
    return _with_more(rows, waiting, list(answers.values()), member) if waiting else []


def _with_more(rows: list[WaitingPrompt], prompts: list[Prompt], answers: list[Answer], member: Member) -> list[WaitingPrompt]:
    """The optional questions with what was said to them, and the promise that goes with an answer."""
    rounds = [prompt.round for prompt in prompts if prompt.round is not None]
    offers, said = offers_in(rounds), items_of(answers)
    by_round = {answer.round_id: said[answer.pk] for answer in answers if answer.participant and answer.participant.person_id == member.person_id}
    promised = own_promises([round.pk for round in rounds], member.person_id or 0)
    found = []
    for row, prompt in zip(rows, prompts, strict=True):
        offered = offers.get((prompt.round_id or 0, prompt.side), ())
        chosen = chosen_before(offered, by_round.get(prompt.round_id, []))
        items = shown_items(offered, row.counterpart_name, chosen=chosen, person="we")
        found.append(replace(row, items=items, promised=promised.get(prompt.round_id or 0)))
    return found


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
