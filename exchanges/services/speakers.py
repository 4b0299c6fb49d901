"""Who speaks for our own side at the desk. The steward of a relationship belongs to our side, so the first word it says makes it a speaker."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from django.db.models import Min, Q

from exchanges.access import Reading, Voice, voice_for
from exchanges.services.posting import locked
from relationships.models import Member, Participant, Person, Relationship, Side, SideRole
from relationships.services.parties import add_person, people_by_email, person_by_email
from relationships.services.relationships import add_participant, remove_participant
from valueledger.common import audit


def person_of(member: Member) -> Person:
    """The human behind a member, made on the first need. One who is known by the same address already is the same human."""
    if member.person is not None:
        return member.person
    user = member.user
    person = person_by_email(workspace=member.workspace, email=user.email) or add_person(workspace=member.workspace, name=str(user), email=user.email)
    Member.objects.filter(pk=member.pk).update(person=person)
    member.person = person
    return person


def speak_for_us(*, reading: Reading, now: datetime) -> Voice:
    """The steward as somebody who speaks for our side, from today on if not before."""
    today = now.astimezone(reading.relationship.workspace.zone).date()
    voice = voice_for(reading, today=today)
    if voice.participant is not None or not reading.may_write:
        return voice
    with transaction.atomic():
        relationship = locked(reading.relationship.pk)
        side = Side.objects.select_related("relationship").get(relationship=relationship, role=SideRole.OWN)
        add_participant(side=side, person=person_of(reading.member), from_on=today)
        _record(relationship, reading.member, "participant.added", side, now)
    return voice_for(reading, today=today)


def add_speaker(*, relationship: Relationship, role: int, name: str, email: str, member: Member, now: datetime) -> Participant:
    """Let somebody speak for a side. An employee's side takes nobody else."""
    today = now.astimezone(relationship.workspace.zone).date()
    with transaction.atomic():
        person = find_or_add_person(member=member, name=name, email=email)
        return let_speak(relationship=relationship, role=role, person=person, from_on=today, member=member, now=now)


def let_speak(*, relationship: Relationship, role: int, person: Person, from_on: date, member: Member, now: datetime) -> Participant:
    """Let a person who is known already speak for a side: locked, since who may depends on who does, and in the log."""
    with transaction.atomic():
        row = locked(relationship.pk)
        side = Side.objects.select_related("relationship__steward__user").get(relationship=row, role=role)
        participant = add_participant(side=side, person=person, from_on=from_on)
        _record(row, member, "participant.added", side, now)
    return participant


def remove_speaker(*, relationship: Relationship, participant: Participant, member: Member, now: datetime) -> None:
    """From today on this person no longer speaks for the side; what it said stays."""
    with transaction.atomic():
        row = locked(relationship.pk)
        remove_participant(participant=participant, left_on=now.astimezone(row.workspace.zone).date())
        _record(row, member, "participant.removed", participant.side, now)


def find_or_add_person(*, member: Member, name: str, email: str = "") -> Person:
    """The person with this address whom the member knows, else somebody new by the name that was typed: that somebody else here knows the
    address, and by which name, is not told. Who asked us not to write stays unwritten to.
    """
    known = known_by_email(member=member, email=email)
    if known is not None:
        return known
    stopped = people_by_email(workspace=member.workspace, email=email).aggregate(at=Min("suppressed_at"))["at"]
    person = add_person(workspace=member.workspace, name=name, email=email)
    if stopped is not None:
        Person.objects.filter(pk=person.pk).update(suppressed_at=stopped)
    return person


def known_by_email(*, member: Member, email: str) -> Person | None:
    """Whoever has this address, as far as this member knows them: colleagues, and people of the member's own relationships."""
    colleagues = Member.objects.active().filter(workspace_id=member.workspace_id, person__isnull=False).values("person")
    theirs = Participant.objects.filter(side__relationship__steward=member).values("person")
    return people_by_email(workspace=member.workspace, email=email).filter(Q(pk__in=theirs) | Q(pk__in=colleagues)).first()


def _record(relationship: Relationship, member: Member, action: str, side: Side, now: datetime) -> None:
    audit.record(
        workspace_id=relationship.workspace_id, now=now, actor_kind="user", actor_id=member.user_id, action=action,
        target_kind="side", target_id=side.public_id,
    )  # fmt: skip
