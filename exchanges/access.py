"""The only road from an untrusted id to a row. Strangers get "not found", never "forbidden".

A steward reads and writes its own relationships in our side's view. A leader reads client relationships in the shared view. An owner
who is neither sees settings only. Employees and personal relationships belong to their steward alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import Q, QuerySet

from exchanges.models import Answer, Card, Report, ValueEvent, View
from relationships.models import Kind, Member, Participant, Relationship, SideRole
from valueledger.common.errors import NotFound


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


def as_uuid(untrusted: object) -> UUID:
    """A UUID out of a path or a form; anything else is an address where nothing is."""
    try:
        return untrusted if isinstance(untrusted, UUID) else UUID(str(untrusted))
    except ValueError:
        raise NotFound from None


def relationships_for(member: Member) -> QuerySet[Relationship]:
    """The relationships that this member may see by name."""
    return Relationship.objects.filter(_visible_to(member), workspace_id=member.workspace_id)


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
    """Reports that the reader may see: its own side's, and shared ones of the other side (an employee's only where disclosed)."""
    side = {View.OWN: SideRole.OWN, View.COUNTERPART: SideRole.COUNTERPART}.get(view)
    shared = Q(visibility="SHARED")
    if kind == Kind.EMPLOYEE:
        shared &= Q(side=SideRole.OWN) | Q(first_hand=False) | Q(disclosure__isnull=False)
    return reports.filter(shared if side is None else shared | Q(side=side))


def visible_answers(answers: QuerySet[Answer], view: View, kind: str) -> QuerySet[Answer]:
    """Answers that the reader may see by author: relayed ones, and those of revealed rounds (an employee's only where disclosed)."""
    revealed = Q(round__posting__outcome="REVEALED") | Q(round__isnull=True, first_hand=False)
    if kind == Kind.EMPLOYEE and view != View.COUNTERPART:
        revealed &= Q(side=SideRole.OWN) | Q(disclosure__isnull=False)
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


def _visible_to(member: Member) -> Q:
    rule = Q(pk__in=[])
    if member.is_steward:
        rule |= Q(steward=member)
    if member.is_leader:
        rule |= Q(kind=Kind.CLIENT)
    return rule
