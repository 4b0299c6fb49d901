"""Small makers with sensible defaults; what a test is about, it says itself."""

from datetime import UTC, date, datetime
from typing import Any

from exchanges.access import Voice
from exchanges.models import Giver, ValueEvent
from exchanges.services.events import log_event
from exchanges.services.relationships import open_relationship
from relationships.models import Kind, Member, Participant, Person, Relationship, SideRole, User, Workspace
from relationships.services.parties import add_party, add_person

NOW = datetime(2026, 6, 11, 9, 0, tzinfo=UTC)
TODAY = NOW.date()
A_YEAR_AGO = date(2025, 6, 11)


def make_workspace(name: str = "Acme", **fields: Any) -> Workspace:
    return Workspace.objects.create(name=name, **fields)


def make_member(workspace: Workspace, name: str, *, steward: bool = False, leader: bool = False, owner: bool = False) -> Member:
    email = f"{name.split()[0].lower()}@{workspace.name.lower()}.example"
    user = User.objects.filter(email=email).first() or User.objects.create_user(email=email, password="a long enough password", name=name)
    person = add_person(workspace=workspace, name=name, email=email)
    return Member.objects.create(workspace=workspace, user=user, person=person, is_steward=steward, is_leader=leader, is_owner=owner)


def make_relationship(
    steward: Member, counterpart: str = "Borealis", *, kind: str = Kind.CLIENT, people: tuple[Person, ...] = (), **fields: Any
) -> Relationship:
    workspace = steward.workspace
    fields.setdefault("started_on", A_YEAR_AGO)
    return open_relationship(
        workspace=workspace,
        own_party=add_party(workspace=workspace, name=workspace.name),
        counterpart_party=add_party(workspace=workspace, name=counterpart),
        kind=kind,
        steward=steward,
        now=NOW,
        own_people=[steward.person],
        counterpart_people=people,
        **fields,
    )


def make_event(
    relationship: Relationship, voice: Voice, *, giver: int = Giver.OWN, on: date = TODAY, what: str = "A thing", **fields: Any
) -> ValueEvent:
    return log_event(relationship=relationship, voice=voice, giver=giver, occurred_on=on, what=what, now=fields.pop("now", NOW), **fields)


def speaker(relationship: Relationship, role: int = SideRole.COUNTERPART) -> Participant:
    """The first person who speaks for a side."""
    return Participant.objects.filter(side__relationship=relationship, side__role=role).select_related("side").order_by("id")[0]
