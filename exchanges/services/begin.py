"""Beginning a relationship from one page: both parties, the people who speak, what it is meant to be, and our first terms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from exchanges.services.relationships import open_relationship, set_terms
from exchanges.services.speakers import find_or_add_person, person_of
from relationships.models import Kind, Member, Participant, Party, PartyKind, Relationship, Side, SideRole
from relationships.services.parties import add_party
from relationships.services.terms import POINTS_TO_SHARE, TermsLine, add_own_kind


@dataclass(frozen=True)
class Beginning:
    counterpart: str
    own: str
    kind: str
    intent: str
    people: Sequence[tuple[str, str]] = ()  # name, address
    terms: Sequence[str] = ()  # the most important first


def begin_relationship(*, member: Member, beginning: Beginning, now: datetime) -> Relationship:
    """Open it with this member as its steward and as a speaker for our side."""
    workspace = member.workspace
    with transaction.atomic():
        people = [find_or_add_person(member=member, name=name, email=address) for name, address in beginning.people]
        relationship = open_relationship(
            workspace=workspace, own_party=own_party(member, beginning), kind=beginning.kind, steward=member, now=now,
            counterpart_party=add_party(
                workspace=workspace, name=beginning.counterpart,
                kind=PartyKind.ORGANISATION if beginning.kind == Kind.CLIENT else PartyKind.PERSON,
            ),
            intent_own=beginning.intent, own_people=[person_of(member)], counterpart_people=people,
        )  # fmt: skip
        if beginning.terms:
            first_terms(relationship=relationship, member=member, names=beginning.terms, now=now)
    return relationship


def own_party(member: Member, beginning: Beginning) -> Party:
    """Our own side by its name: the party that stands on our side elsewhere already, else a new one."""
    workspace = member.workspace
    is_us = beginning.own in (workspace.name, workspace.short_name)
    name = str(member.user) if is_us and beginning.kind == Kind.PERSONAL else beginning.own  # a friend deals with a person, not with a company
    known = Party.objects.filter(workspace=workspace, text__name=name, merged_into__isnull=True, sides__role=SideRole.OWN).order_by("id").first()
    if known is not None:
        return known
    short = workspace.short_name if is_us and name == beginning.own else ""
    kind = PartyKind.PERSON if beginning.kind == Kind.PERSONAL else PartyKind.ORGANISATION
    return add_party(workspace=workspace, name=name, kind=kind, short_name=short)


def first_terms(*, relationship: Relationship, member: Member, names: Sequence[str], now: datetime) -> None:
    """Ten points shared out by rank, as a start that is easy to change: 10, or 6 and 4, or 5, 3 and 2."""
    side = Side.objects.get(relationship=relationship, role=SideRole.OWN)
    author = Participant.objects.get(side=side, person=person_of(member))
    weights = {1: [10], 2: [6, 4], 3: [5, 3, 2]}[len(names)]
    assert sum(weights) == POINTS_TO_SHARE
    lines = [TermsLine(add_own_kind(side=side, name=name), weight) for name, weight in zip(names, weights, strict=True)]
    set_terms(side=side, author=author, lines=lines, effective_on=now.astimezone(relationship.workspace.zone).date(), now=now)
