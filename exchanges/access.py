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
    PutRight,
    Report,
    Round,
    RoundSeat,
    ValueEvent,
    View,
    Visibility,
)
from exchanges.models.prompts import BLIND, EMPLOYEES, OTHER_MAIL, hidden_from
from relationships.access import as_uuid as as_uuid
from relationships.access import named_to
from relationships.models import ENDED_STAGES, Kind, Member, Participant, Person, Relationship, SideRole, Workspace
from valueledger.common import tokens
from valueledger.common.errors import NotFound
from valueledger.common.models import Outbox, Token
from valueledger.common.models.tokens import TokenPurpose
from valueledger.common.tenancy import everywhere, within


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
        # Our own answers show from the close on, whether or not the employee answered: their fate must not tell. One that was shared does too.
        over, shared = Q(round__posting__isnull=False), Q(disclosure__isnull=False, superseded_by__isnull=True)
        revealed = (over & (Q(side=SideRole.OWN) | shared)) | (revealed & Q(side=SideRole.OWN))
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


def words_for(member: Member, *, stewarded: bool = False) -> tuple[QuerySet[Report], QuerySet[Answer]]:
    """Reports and answers that this member may see in all its relationships; of employees only what they disclosed.

    `stewarded`: only those it looks after. A leader sees of the others' clients what is shared.
    """
    mine, led = {"relationship__steward": member}, {"relationship__kind": Kind.CLIENT}
    staff = {"relationship__kind": Kind.EMPLOYEE}
    reports: QuerySet[Report] = Report.objects.none()
    answers: QuerySet[Answer] = Answer.objects.none()
    if member.is_steward:
        ours, said = _of_events_seen_by(View.OWN).filter(**mine), Answer.objects.filter(**mine)
        reports = visible_reports(ours.exclude(**staff), View.OWN, Kind.CLIENT) | visible_reports(ours.filter(**staff), View.OWN, Kind.EMPLOYEE)
        answers = visible_answers(said.exclude(**staff), View.OWN, Kind.CLIENT) | visible_answers(said.filter(**staff), View.OWN, Kind.EMPLOYEE)
    if member.is_leader and not stewarded:
        reports = reports | visible_reports(_of_events_seen_by(View.SHARED).filter(**led), View.SHARED, Kind.CLIENT)
        answers = answers | visible_answers(Answer.objects.filter(**led), View.SHARED, Kind.CLIENT)
    return reports, answers


def _of_events_seen_by(view: View) -> QuerySet[Report]:
    """Reports of events that this view may see: words about a private event are never more visible than it."""
    newest = Q(event__versions__superseded_by__isnull=True)
    shared = newest & Q(event__versions__visibility="SHARED")
    return Report.objects.filter(shared | newest & Q(event__author_side=SideRole.OWN) if view == View.OWN else shared)


def round_for(member: Member, public_id: object) -> tuple[Reading, Round]:
    round = Round.objects.filter(workspace_id=member.workspace_id, public_id=as_uuid(public_id)).select_related("relationship", "posting").first()
    if round is None:
        raise NotFound
    return relationship_for(member, round.relationship.public_id), round


def put_rights_for(member: Member) -> QuerySet[PutRight]:
    """What people of the relationships that this member stewards asked to be put right. Nobody else reads it, not even a leader."""
    rows = PutRight.objects.filter(workspace_id=member.workspace_id)
    return rows.filter(relationship__steward=member) if member.is_steward else rows.none()


def put_right_for(member: Member, public_id: object) -> PutRight:
    row = put_rights_for(member).filter(public_id=as_uuid(public_id)).select_related("relationship").first()
    if row is None:
        raise NotFound
    return row


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
    return rows.filter(relationship__steward=member).exclude(EMPLOYEES | hidden_from(member.person_id))


@dataclass(frozen=True)
class Door:
    """One prompt, open before the participant that it was put to."""

    prompt: Prompt
    is_over: bool  # known, and closed: a page says so instead of pretending that nothing was here

    @property
    def workspace_id(self) -> int:
        return self.prompt.workspace_id


@dataclass(frozen=True)
class PromptDoor(Door):
    """What a link in a mail opens: one prompt, for one participant. It is not a login and opens nothing else."""

    token: Token


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
    return PromptDoor(prompt=prompt, token=token, is_over=has_expired or _is_over(prompt, now))


def _is_over(prompt: Prompt, now: datetime) -> bool:
    return prompt.closes_at <= now or prompt.state == PromptState.WITHDRAWN or (prompt.relationship.stage in ENDED_STAGES and not prompt.is_closing)


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
    """Messages about the relationships that this member stewards. Of an employee, and of a blind question, the first mail: a second one tells."""
    if not member.is_steward:
        raise NotFound
    mine = Prompt.objects.filter(workspace_id=member.workspace_id, relationship__steward=member).exclude(hidden_from(member.person_id))
    hushed = EMPLOYEES | BLIND
    first = Q(subject_id__in=mine.filter(hushed).values("pk"), kind__in=[PromptKind.CHECK.lower(), PromptKind.RATING.lower()])
    asked = (Q(subject_id__in=mine.exclude(hushed).values("pk")) | first) & ~Q(kind__in=OTHER_MAIL)
    return Outbox.objects.filter(asked | Q(kind__in=["digest", "put_right"], recipient_id=member.person_id), workspace_id=member.workspace_id)


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


# The other side, signed in


@dataclass(frozen=True)
class Place:
    """One relationship in the eyes of somebody who speaks for its other side, and has proved to read the address that we know them by."""

    participant: Participant
    has_left: bool

    @property
    def relationship(self) -> Relationship:
        return self.participant.side.relationship

    @property
    def workspace(self) -> Workspace:
        return self.participant.workspace

    @property
    def person(self) -> Person:
        return self.participant.person

    @property
    def voice(self) -> Voice:
        return Voice(participant=self.participant)


def places_for(address_hash: bytes, *, now: datetime) -> list[Place]:
    """Every relationship whose other side this address speaks for, or did. Each stands alone: nothing is joined across workspaces."""
    with everywhere():
        rows = list(
            Participant.objects.filter(side__role=SideRole.COUNTERPART, person__text__email_hash=address_hash, workspace__is_active=True)
            .exclude(person__text__email="")
            .select_related("workspace", "person__text", "side__party__text", "side__relationship__workspace", "side__relationship__steward__user")
            .order_by("workspace__name", "id")
        )
    return [Place(row, not row.speaks_on(now.astimezone(row.workspace.zone).date())) for row in rows]


def place_for(address_hash: bytes, public_id: object, *, now: datetime, also_left: bool = False) -> Place:
    """Raises NotFound alike for unknown, foreign and left ones. `also_left`: for what one may take along after leaving."""
    wanted = as_uuid(public_id)
    for place in places_for(address_hash, now=now):
        if place.relationship.public_id == wanted and (also_left or not place.has_left):
            return place
    raise NotFound


def events_in(place: Place) -> QuerySet[ValueEvent]:
    return visible_events(ValueEvent.objects.filter(relationship=place.relationship), View.COUNTERPART)


def event_in(place: Place, public_id: object) -> ValueEvent:
    """An event that both sides may see, or that their own side keeps. One of ours alone is not found."""
    event = events_in(place).filter(public_id=as_uuid(public_id)).first()
    if event is None:
        raise NotFound
    return event


def reports_in(place: Place) -> QuerySet[Report]:
    return visible_reports(Report.objects.filter(relationship=place.relationship), View.COUNTERPART, place.relationship.kind)


def answers_in_place(place: Place) -> QuerySet[Answer]:
    """Answers of both sides that have been revealed; not what we have not said to them yet."""
    return visible_answers(Answer.objects.filter(relationship=place.relationship), View.COUNTERPART, place.relationship.kind)


def own_answers(place: Place) -> QuerySet[Answer]:
    """What this person answered itself, revealed or not."""
    return Answer.objects.standing().filter(participant=place.participant, first_hand=True)


def prompts_in(place: Place) -> QuerySet[Prompt]:
    """Questions to this person itself about this relationship."""
    return prompts_with_people().filter(participant=place.participant, relationship=place.relationship)


def prompt_in(place: Place, public_id: object, *, now: datetime) -> Door:
    prompt = prompts_in(place).filter(public_id=as_uuid(public_id)).first()
    if prompt is None:
        raise NotFound
    return Door(prompt=prompt, is_over=_is_over(prompt, now))
