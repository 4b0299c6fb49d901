"""Promises and advances whose day has come: which are to be asked about, whose they are to settle, and what was said of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from exchanges.models import (
    Advance,
    Assurance,
    Became,
    Card,
    EventKind,
    EventStatus,
    EventVersion,
    Giver,
    Prompt,
    PromptKind,
    PromptState,
    Settlement,
    ValueEvent,
    View,
    Visibility,
)  # fmt: skip
from exchanges.selectors.due import UNDO_FOR
from exchanges.selectors.rounds import SETTLES_AFTER
from relationships.models import ENDED_STAGES, Kind, Member, Participant, SideRole, Workspace

SETTLE_WITHIN = timedelta(days=60)  # what was due longer ago is not asked about any more
TO_COME = (EventStatus.PROMISED, EventStatus.PENDING)
OPEN = (PromptState.WAITING, PromptState.SNOOZED)
PROMISE, ADVANCE = "promise", "advance"


@dataclass(frozen=True)
class Due:
    """One promise or advance that its side is to be asked about."""

    event: ValueEvent
    what: str  # PROMISE or ADVANCE
    on: date
    side: int
    is_ours_alone: bool  # private: only who looks after the relationship is asked
    author_id: int | None = None  # the participant who wrote it, who knows best

    @property
    def key(self) -> str:
        return f"{self.what}:{self.event.pk}:{self.on.isoformat()}"


def is_advance(prompt: Prompt) -> bool:
    return prompt.subject_key.startswith(f"{ADVANCE}:")


def side_to_ask(event: ValueEvent, version: EventVersion) -> int:
    """The side that promised; of what was promised together, or kept private, the side that wrote it down."""
    if event.giver == Giver.JOINT or version.visibility == Visibility.PRIVATE:
        return event.author_side
    return event.giver


def promised_by(workspace: Workspace, now: datetime, until: date, *, within: Collection[int] | None = None) -> QuerySet[EventVersion]:
    """Newest versions of what was promised for lately, up to `until`, and was not asked about with that date. A gift is never asked after."""
    today = now.astimezone(workspace.zone).date()
    versions = EventVersion.objects.current().filter(
        workspace_id=workspace.pk, expected_on__lte=until, expected_on__gt=today - SETTLE_WITHIN, is_withdrawal=False, status__in=TO_COME,
        import_source="", recorded_at__lte=now - UNDO_FOR,
    )  # fmt: skip
    if within is not None:
        versions = versions.filter(event__relationship__in=within)
    asked = Prompt.objects.filter(event=OuterRef("event"), kind=PromptKind.SETTLE)
    asked = asked.filter(Q(about_on=OuterRef("expected_on"), subject_key__startswith=PROMISE) | Q(state__in=OPEN))
    open_ones = versions.filter(~Exists(asked)).exclude(kind=EventKind.GIFT).exclude(event__relationship__stage__in=ENDED_STAGES)
    return open_ones.select_related("event__relationship").order_by("-expected_on", "-id")


def advances_by(workspace: Workspace, now: datetime, until: date, *, within: Collection[int] | None = None) -> QuerySet[Advance]:
    """Open advances that are to be looked at by `until`, and were not asked about with that date. What was taken back is none any more."""
    steps = Advance.objects.filter(workspace_id=workspace.pk, review_on__lte=until, superseded_by__isnull=True, recorded_at__lte=now - UNDO_FOR)
    if within is not None:
        steps = steps.filter(event__relationship__in=within)
    asked = Prompt.objects.filter(event=OuterRef("event"), kind=PromptKind.SETTLE)
    asked = asked.filter(Q(about_on=OuterRef("review_on"), subject_key__startswith=ADVANCE) | Q(state__in=OPEN))
    gone = EventVersion.objects.current().filter(Q(is_withdrawal=True) | Q(kind=EventKind.GIFT), event=OuterRef("event"))
    steps = steps.filter(~Exists(asked), ~Exists(gone)).exclude(event__relationship__stage__in=ENDED_STAGES)
    return steps.exclude(event__relationship__kind=Kind.PERSONAL).select_related("event__relationship").order_by("-review_on", "-id")


def due_of(version: EventVersion) -> Due:
    assert version.expected_on is not None
    side = side_to_ask(version.event, version)
    return Due(version.event, PROMISE, version.expected_on, side, version.visibility == Visibility.PRIVATE, version.author_participant_id)


def due_of_advance(step: Advance) -> Due:
    assert step.review_on is not None
    return Due(step.event, ADVANCE, step.review_on, SideRole.OWN, True)


def speakers_for(found: Sequence[Due], today: date) -> dict[str, list[Participant]]:
    """Who could be asked about each, by key, whoever should be first. Ours answer at the desk, so they are members; of what we keep to
    ourselves only who looks after it is asked. Two queries.
    """
    wanted = {due.event.relationship_id for due in found}
    people = Participant.objects.speaking_on(today).filter(side__relationship__in=wanted).select_related("side", "person__text", "workspace")
    of: dict[tuple[int, int], list[Participant]] = {}
    for row in people.order_by("id"):
        of.setdefault((row.side.relationship_id, row.side.role), []).append(row)
    ours = {row.person_id for (_pk, role), rows in of.items() if role == SideRole.OWN for row in rows}
    member_of = dict(Member.objects.active().filter(person__in=ours).values_list("person_id", "pk"))
    return {due.key: _in_order(due, of.get((due.event.relationship_id, due.side), []), member_of) for due in found}


def _in_order(due: Due, rows: list[Participant], member_of: dict[int, int]) -> list[Participant]:
    if due.side == SideRole.COUNTERPART:
        return sorted(rows, key=lambda one: (one.pk != due.author_id, one.pk))
    steward = due.event.relationship.steward_id
    at_the_desk = [one for one in rows if one.person_id in member_of]
    if due.is_ours_alone:
        return [one for one in at_the_desk if member_of[one.person_id] == steward]
    return sorted(at_the_desk, key=lambda one: (member_of[one.person_id] != steward, one.pk != due.author_id, one.pk))


def version_asked_about(prompt: Prompt) -> EventVersion | None:
    """The promise as it stands, while it is still promised for the day that was asked about."""
    version = EventVersion.objects.current().filter(event_id=prompt.event_id, is_withdrawal=False).select_related("text", "event").first()
    if version is None or is_advance(prompt):
        return version
    return version if version.status in TO_COME and version.expected_on == prompt.about_on else None


def advance_of(event: ValueEvent) -> Advance | None:
    """The newest step of an event's advance. For our own side's eyes alone."""
    return Advance.objects.filter(event=event, superseded_by__isnull=True).select_related("text").first()


def is_moot(prompt: Prompt) -> bool:
    """Whether nothing is left to settle: the promise came, moved or was taken back, or the advance was looked at meanwhile."""
    if version_asked_about(prompt) is None or prompt.event is None:
        return True
    if is_advance(prompt):
        step = advance_of(prompt.event)
        return step is None or step.review_on != prompt.about_on
    return False


def answer_to(prompt: Prompt) -> Settlement | None:
    """What counts of what was said to this question: the newest answer, unless a link said two different things within a minute."""
    return answers_to([prompt.pk]).get(prompt.pk)


def answers_to(prompts: Collection[int] | QuerySet[Prompt]) -> dict[int, Settlement]:
    """What counts, by question; without those to which nothing was said that does. One query."""
    rows: dict[int, list[Settlement]] = {}
    for row in Settlement.objects.filter(prompt__in=prompts).order_by("-seq"):
        rows.setdefault(row.prompt_id, []).append(row)
    return {pk: said[0] for pk, said in rows.items() if not _is_machine(said)}


def _is_machine(rows: Sequence[Settlement]) -> bool:
    newest = rows[0]
    lately = [row for row in rows[1:] if newest.recorded_at - row.recorded_at < SETTLES_AFTER]
    return newest.assurance == Assurance.LINK and any((row.became, row.on) != (newest.became, newest.on) for row in lately)


def has_settled(said: Settlement, prompt: Prompt, now: datetime) -> bool:
    """What was said a minute ago, or to a question that has closed, is not taken back any more."""
    return said.recorded_at <= now - SETTLES_AFTER or prompt.closes_at <= now


def answered_through_links(prompts: QuerySet[Prompt]) -> QuerySet[Prompt]:
    """Questions about promises that are open although something was said through their link."""
    said = Settlement.objects.filter(prompt=OuterRef("pk"), assurance=Assurance.LINK)
    return prompts.filter(Exists(said), kind=PromptKind.SETTLE, state__in=OPEN)


def said_of(event_ids: Collection[int]) -> dict[int, Settlement]:
    """Promises that stand although somebody said that they will not be kept: nobody could take them back. By event."""
    newest = EventVersion.objects.current().filter(
        event=OuterRef("event"), is_withdrawal=False, status__in=TO_COME, recorded_at__lte=OuterRef("recorded_at")
    )
    rows = Settlement.objects.filter(Exists(newest), event__in=event_ids, became=Became.WILL_NOT, prompt__state=PromptState.ANSWERED)
    return {row.event_id: row for row in rows.select_related("participant__person__text").order_by("recorded_at", "id")}


# What waits at the desk


@dataclass(frozen=True)
class WaitingSettlement:
    """A question to our own side: what became of a promise, or what came back of an advance."""

    public_id: UUID
    relationship_id: UUID
    event_id: UUID
    counterpart_name: str
    what: str
    is_advance: bool
    is_on_its_way: bool
    hope: str
    by: date
    given_on: date
    giver: int
    closes_on: date


def waiting_settlements(member: Member, now: datetime, *, only: Prompt | None = None) -> list[WaitingSettlement]:
    """The open ones, the oldest first. Of what we keep to ourselves nobody is asked but who looks after it: not who once did. Three queries."""
    if member.person_id is None:
        return []
    today = now.astimezone(member.workspace.zone).date()
    mine = Prompt.objects.filter(
        workspace_id=member.workspace_id, participant__person_id=member.person_id, side=SideRole.OWN, kind=PromptKind.SETTLE, closes_at__gt=now,
        participant__in=Participant.objects.speaking_on(today),
    ).exclude(relationship__stage__in=ENDED_STAGES)  # fmt: skip
    mine = mine.select_related("workspace")
    rows = list(mine.filter(state=PromptState.WAITING) if only is None else mine.filter(pk=only.pk, state__in=[*OPEN, PromptState.SKIPPED]))
    versions = {
        one.event_id: one
        for one in EventVersion.objects.current()
        .filter(event__in=[row.event_id for row in rows], is_withdrawal=False)
        .select_related("text", "event__relationship")
    }
    steps = Advance.objects.filter(event__in=list(versions)).select_related("text").order_by("event_id", "seq")
    hopes: dict[int, list[Advance]] = {}
    for step in steps:
        hopes.setdefault(step.event_id, []).append(step)
    names = _names([one.event.relationship_id for one in versions.values()])
    found = []
    for row in sorted(rows, key=lambda one: (one.created_at, one.pk)):
        version, hope = versions.get(row.event_id or 0), hopes.get(row.event_id or 0, [])
        if version is not None and row.about_on is not None and _may_be_seen(row, version, hope, member):
            found.append(_waiting(row, version, hope, names))
    return found


def _may_be_seen(prompt: Prompt, version: EventVersion, hope: Sequence[Advance], member: Member) -> bool:
    is_alone = is_advance(prompt) or version.visibility == Visibility.PRIVATE
    if is_alone and not (member.is_steward and version.event.relationship.steward_id == member.pk):
        return False
    if is_advance(prompt):
        return bool(hope) and hope[-1].review_on == prompt.about_on
    return version.status in TO_COME and version.expected_on == prompt.about_on


def _names(relationship_ids: Collection[int]) -> dict[int, str]:
    cards = Card.objects.filter(relationship__in=relationship_ids, view=View.SHARED)
    return dict(cards.values_list("relationship_id", "counterpart_name"))


def _waiting(prompt: Prompt, version: EventVersion, hope: Sequence[Advance], names: dict[int, str]) -> WaitingSettlement:
    assert prompt.about_on is not None
    return WaitingSettlement(
        public_id=prompt.public_id, relationship_id=version.event.relationship.public_id, event_id=version.event.public_id,
        counterpart_name=names.get(version.event.relationship_id, ""), what=getattr(getattr(version, "text", None), "what", ""),
        is_advance=is_advance(prompt), is_on_its_way=version.status == EventStatus.PENDING,
        hope=getattr(getattr(hope[0], "text", None), "words", "") if hope and is_advance(prompt) else "", by=prompt.about_on, given_on=version.arrived_on or version.occurred_on,
        giver=version.event.giver, closes_on=prompt.closes_at.astimezone(prompt.workspace.zone).date(),
    )  # fmt: skip


def advance_steps(event: ValueEvent) -> list[Advance]:
    """An advance from its hope to what came back. For our own side's eyes alone."""
    return list(Advance.objects.filter(event=event).select_related("text").order_by("seq"))
