"""The only road from an untrusted id to a row. Strangers get "not found", never "forbidden".

A steward reads and writes its own relationships in our side's view. A leader reads client relationships in the shared view. An owner
who is neither sees settings only. Employees and personal relationships belong to their steward alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from exchanges.models import (
    Answer,
    Card,
    EventVersion,
    ImportBatch,
    Prompt,
    PromptKind,
    PromptState,
    Report,
    Round,
    RoundSeat,
    ValueEvent,
    View,
    Visibility,
)
from relationships.access import as_uuid as as_uuid
from relationships.access import named_to
from relationships.models import ENDED_STAGES, Kind, Member, Participant, Person, Relationship, SideRole
from valueledger.common import tokens
from valueledger.common.errors import NotFound
from valueledger.common.models import Outbox, Token
from valueledger.common.models.tokens import TokenPurpose
from valueledger.common.tenancy import within


@dataclass(frozen=True)
class Reading:
    """One relationship as one member may see it."""

    relationship: Relationship
    member: Member
    view: View
    may_write: bool
    side: SideRole = SideRole.OWN


@dataclass(frozen=True)
class Voice:
    """Who speaks: a member at the desk, a participant, or a member who is the participant."""

    member: Member | None = None
    participant: Participant | None = None


def relationships_for(member: Member) -> QuerySet[Relationship]:
    """The relationships that this member may see by name."""
    return Relationship.objects.filter(named_to(member), workspace_id=member.workspace_id)


def cards_for(member: Member) -> QuerySet[Card]:
    """One card per relationship that this member may see: our own view for its steward, the shared one for a leader."""
    own_view = Q(view=View.OWN) | Q(view=View.SHARED, has_own=False)
    rule = Q(pk__in=[])
    if member.is_steward:
        rule |= Q(steward=member) & own_view
    if member.is_leader:
        led = Q(kind=Kind.CLIENT, view=View.SHARED)
        rule |= led & ~Q(steward=member) if member.is_steward else led
    return Card.objects.filter(rule, workspace_id=member.workspace_id)


def led_cards_for(member: Member) -> QuerySet[Card]:
    """What a leader counts: the shared view of every client relationship. Nobody else gets a row."""
    if not member.is_leader:
        raise NotFound
    return Card.objects.filter(workspace_id=member.workspace_id, view=View.SHARED, kind=Kind.CLIENT)


def relationship_for(member: Member, public_id: object) -> Reading:
    """Raises NotFound alike for unknown, foreign and hidden ones."""
    row = (
        relationships_for(member).select_related("workspace", "steward__user").filter(public_id=as_uuid(public_id)).first()
        if member is not None
        else None
    )
    if row is None:
        raise NotFound
    is_steward = member.is_steward and row.steward_id == member.pk
    return Reading(relationship=row, member=member, view=View.OWN if is_steward else View.SHARED, may_write=is_steward)


def relationship_to_write(member: Member, public_id: object) -> Reading:
    """As `relationship_for`, but only for its steward: for everybody else there is nothing to write to."""
    reading = relationship_for(member, public_id)
    if not reading.may_write:
        raise NotFound
    return reading


def events_for(reading: Reading) -> QuerySet[ValueEvent]:
    """The relationship's events that this reader may see: in the shared view not those that one side keeps to itself."""
    events = ValueEvent.objects.filter(workspace_id=reading.relationship.workspace_id, relationship=reading.relationship)
    return visible_events(events, reading.view)


def visible_events(events: QuerySet[ValueEvent], view: View) -> QuerySet[ValueEvent]:
    """Events that are shared, and those that the reader's own side keeps private."""
    shared = Q(versions__superseded_by__isnull=True, versions__visibility="SHARED")
    private = {View.OWN: SideRole.OWN, View.COUNTERPART: SideRole.COUNTERPART}.get(view)
    rule = shared if private is None else shared | Q(versions__superseded_by__isnull=True, author_side=private)
    return events.filter(rule)


def visible_reports(reports: QuerySet[Report], view: View, kind: str) -> QuerySet[Report]:
    """Reports that the reader may see: its own side's, and shared ones on shared events of the other side (an employee's only where disclosed)."""
    side = {View.OWN: SideRole.OWN, View.COUNTERPART: SideRole.COUNTERPART}.get(view)
    on_shared = Exists(EventVersion.objects.current().filter(event=OuterRef("event"), visibility=Visibility.SHARED))
    shared = Q(visibility=Visibility.SHARED) & Q(on_shared)
    if kind == Kind.EMPLOYEE:
        shared &= Q(side=SideRole.OWN) | Q(first_hand=False) | Q(disclosure__isnull=False)
    return reports.filter(shared if side is None else shared | Q(side=side))


def visible_answers(answers: QuerySet[Answer], view: View, kind: str) -> QuerySet[Answer]:
    """Answers that the reader may see by author: relayed ones, and those of revealed rounds (an employee's only where disclosed)."""
    revealed = Q(round__posting__outcome="REVEALED") | Q(round__isnull=True, first_hand=False)
    if kind == Kind.EMPLOYEE and view != View.COUNTERPART:
        # Our own answers show from the close on, whether or not the employee answered: their fate must not tell.
        revealed = Q(side=SideRole.OWN, round__posting__isnull=False) | (revealed & (Q(side=SideRole.OWN) | Q(disclosure__isnull=False)))
    return answers.filter(revealed)


def event_for(member: Member, public_id: object) -> tuple[Reading, ValueEvent]:
    """An event and the reading of its relationship. Raises NotFound alike for unknown, foreign and private ones."""
    event = ValueEvent.objects.filter(workspace_id=member.workspace_id, public_id=as_uuid(public_id)).select_related("relationship").first()
    if event is None:
        raise NotFound
    reading = relationship_for(member, event.relationship.public_id)
    if not events_for(reading).filter(pk=event.pk).exists():
        raise NotFound
    return reading, event


def voice_for(reading: Reading, *, today: date) -> Voice:
    """Who speaks for our side at the desk. Without a participant a member can log and relay, but report nothing at first hand."""
    person_id = reading.member.person_id
    participant = None
    if person_id is not None:
        participant = (
            Participant.objects.filter(side__relationship=reading.relationship, side__role=SideRole.OWN, person_id=person_id)
            .speaking_on(today)
            .select_related("side")
            .first()
        )
    return Voice(member=reading.member, participant=participant)


def event_to_write(member: Member, public_id: object) -> tuple[Reading, ValueEvent]:
    """As `event_for`, but only for the steward of its relationship."""
    reading, event = event_for(member, public_id)
    if not reading.may_write:
        raise NotFound
    return reading, event


def reports_for(reading: Reading, event: ValueEvent) -> QuerySet[Report]:
    """The standing reports of an event that this reader may see."""
    return visible_reports(Report.objects.standing().filter(event=event), reading.view, reading.relationship.kind)


def report_for(member: Member, public_id: object) -> tuple[Reading, Report]:
    """A standing report. Raises NotFound alike for unknown, foreign, private and superseded ones."""
    report = Report.objects.filter(workspace_id=member.workspace_id, public_id=as_uuid(public_id)).select_related("event__relationship").first()
    if report is None:
        raise NotFound
    reading, event = event_for(member, report.event.public_id)
    if not reports_for(reading, event).filter(pk=report.pk).exists():
        raise NotFound
    return reading, report


def round_for(member: Member, public_id: object) -> tuple[Reading, Round]:
    round = Round.objects.filter(workspace_id=member.workspace_id, public_id=as_uuid(public_id)).select_related("relationship", "posting").first()
    if round is None:
        raise NotFound
    return relationship_for(member, round.relationship.public_id), round


def own_seat_for(member: Member, round_id: object) -> RoundSeat:
    """This member's own seat in a round. Somebody else's is not found."""
    seat = None
    if member.person_id is not None:
        seats = RoundSeat.objects.filter(workspace_id=member.workspace_id, round__public_id=as_uuid(round_id), side=SideRole.OWN)
        seat = seats.filter(participant__person_id=member.person_id).select_related("round__relationship", "participant").first()
    if seat is None:
        raise NotFound
    return seat


def prompts_for(member: Member) -> QuerySet[Prompt]:
    """Questions about the relationships that this member stewards. Those to an employee are the employee's alone."""
    rows = Prompt.objects.filter(workspace_id=member.workspace_id)
    if not member.is_steward:
        return rows.none()
    return rows.filter(relationship__steward=member).exclude(relationship__kind=Kind.EMPLOYEE, side=SideRole.COUNTERPART)


@dataclass(frozen=True)
class PromptDoor:
    """What a link in a mail opens: one prompt, for one participant. It is not a login and opens nothing else."""

    prompt: Prompt
    token: Token
    is_over: bool  # known, and closed: a page says so instead of pretending that nothing was here

    @property
    def workspace_id(self) -> int:
        return self.prompt.workspace_id


@dataclass(frozen=True)
class StopDoor:
    """What the link at the foot of a mail opens: whether this person gets mails at all."""

    person: Person
    workspace_id: int


def prompt_for_token(raw: str, *, now: datetime) -> PromptDoor:
    """Raises NotFound alike for unknown, revoked and foreign links, and for those of people who no longer speak for their side."""
    token = tokens.find_any_age(raw, purpose=TokenPurpose.PROMPT)
    if token is None or token.workspace_id is None or token.subject_id is None:
        raise NotFound
    with within(token.workspace_id):
        prompt = prompts_with_people().filter(pk=token.subject_id, workspace__is_active=True).first()
    if prompt is None or not prompt.participant.speaks_on(now.astimezone(prompt.workspace.zone).date()):
        raise NotFound
    has_expired = token.expires_at is not None and token.expires_at <= now
    is_withdrawn = prompt.state == PromptState.WITHDRAWN or prompt.relationship.stage in ENDED_STAGES
    return PromptDoor(prompt=prompt, token=token, is_over=has_expired or prompt.closes_at <= now or is_withdrawn)


def person_for_stop_token(raw: str, *, now: datetime) -> StopDoor:
    token = tokens.find(raw, purpose=TokenPurpose.UNSUBSCRIBE, now=now)
    if token is None or token.workspace_id is None or token.subject_id is None:
        raise NotFound
    with within(token.workspace_id):
        person = Person.objects.select_related("text", "workspace").filter(pk=token.subject_id, workspace__is_active=True).first()
    if person is None:
        raise NotFound
    return StopDoor(person=person, workspace_id=token.workspace_id)


def prompts_with_people() -> QuerySet[Prompt]:
    """Prompts with everything that is said around them, in one query."""
    return Prompt.objects.select_related(
        "workspace", "relationship__steward__user", "participant__person__text", "participant__side", "round", "event", "shown"
    )


def own_prompt_for(member: Member, public_id: object) -> Prompt:
    """A question to this member itself, to be answered at the desk. Questions to others are not found."""
    prompt = (
        prompts_with_people()
        .filter(workspace_id=member.workspace_id, public_id=as_uuid(public_id), side=SideRole.OWN, participant__person_id=member.person_id)
        .first()
        if member.person_id is not None
        else None
    )
    if prompt is None:
        raise NotFound
    return prompt


def seat_of(prompt: Prompt) -> RoundSeat:
    if prompt.round_id is None:
        raise NotFound
    seat = RoundSeat.objects.select_related("round").filter(round_id=prompt.round_id, participant_id=prompt.participant_id).first()
    if seat is None:
        raise NotFound
    return seat


def outbox_for(member: Member) -> QuerySet[Outbox]:
    """Messages about the relationships that this member stewards. That an employee had to be reminded is the employee's alone."""
    if not member.is_steward:
        raise NotFound
    mine = Prompt.objects.filter(workspace_id=member.workspace_id, relationship__steward=member)
    theirs = Q(relationship__kind=Kind.EMPLOYEE, side=SideRole.COUNTERPART)
    first = Q(subject_id__in=mine.filter(theirs).values("pk"), kind__in=[PromptKind.CHECK.lower(), PromptKind.RATING.lower()])
    return Outbox.objects.filter(Q(subject_id__in=mine.exclude(theirs).values("pk")) | first, workspace_id=member.workspace_id)


def message_for(member: Member, public_id: object) -> Outbox:
    row = outbox_for(member).filter(public_id=as_uuid(public_id)).first()
    if row is None:
        raise NotFound
    return row


def import_for(member: Member, public_id: object) -> ImportBatch:
    """A file that this member is bringing in. Those of others are not found."""
    if not member.is_steward:
        raise NotFound
    row = ImportBatch.objects.select_related("workspace", "member__user").filter(member=member, public_id=as_uuid(public_id)).first()
    if row is None:
        raise NotFound
    return row
