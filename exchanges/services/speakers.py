"""Who speaks for our own side at the desk. The steward of a relationship belongs to our side, so the first word it says makes it a speaker."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction

from exchanges.access import Reading, Voice, voice_for
from exchanges.services.posting import locked
from relationships.models import Member, Participant, Person, Relationship, Side, SideRole, Workspace
from relationships.services.parties import add_person, person_by_email
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
    """Let somebody speak for a side. A known address is a known person; an employee's side takes nobody else."""
    today = now.astimezone(relationship.workspace.zone).date()
    with transaction.atomic():
        person = find_or_add_person(workspace=relationship.workspace, name=name, email=email)
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


def find_or_add_person(*, workspace: Workspace, name: str, email: str = "") -> Person:
    return person_by_email(workspace=workspace, email=email) or add_person(workspace=workspace, name=name, email=email)


def _record(relationship: Relationship, member: Member, action: str, side: Side, now: datetime) -> None:
    audit.record(
        workspace_id=relationship.workspace_id, now=now, actor_kind="user", actor_id=member.user_id, action=action,
        target_kind="side", target_id=side.public_id,
    )  # fmt: skip
