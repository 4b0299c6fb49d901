"""The road from an untrusted id to a party, a person or a value kind. Strangers get "not found", never "forbidden".

Names follow the relationships in which they stand: whoever may not see a relationship by name does not meet its people in a list either.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import BooleanField, Case, Exists, OuterRef, Q, QuerySet, Value, When

from relationships.models import Kind, Member, Participant, Party, Person, Relationship, Side, ValueKind
from valueledger.common.errors import NotFound, ValueLedgerError


class RoleMissing(ValueLedgerError):
    code = "role_missing"
    status = 403
    sentence = "Only a steward begins relationships and names who is in them."


class OwnerMissing(RoleMissing):
    sentence = "Only an owner changes the workspace's list."


def as_uuid(untrusted: object) -> UUID:
    """A UUID out of a path or a form; anything else is an address where nothing is."""
    try:
        return untrusted if isinstance(untrusted, UUID) else UUID(str(untrusted))
    except ValueError:
        raise NotFound from None


def named_to(member: Member) -> Q:
    """Which relationships this member may see by name: its own as a steward, clients as a leader."""
    rule = Q(pk__in=[])
    if member.is_steward:
        rule |= Q(steward=member)
    if member.is_leader:
        rule |= Q(kind=Kind.CLIENT)
    return rule


def ensure_steward(member: Member) -> None:
    if not member.is_steward:
        raise RoleMissing


def ensure_owner(member: Member) -> None:
    if not member.is_owner:
        raise OwnerMissing


def members_for(member: Member) -> QuerySet[Member]:
    """Who works in the workspace: for its owners."""
    if not member.is_owner:
        raise NotFound
    return Member.objects.filter(workspace_id=member.workspace_id).select_related("user")


def member_for(member: Member, public_id: object) -> Member:
    return _first(members_for(member), public_id)


def _visible_sides(member: Member) -> QuerySet[Side]:
    visible = Relationship.objects.filter(named_to(member), workspace_id=member.workspace_id)
    return Side.objects.filter(workspace_id=member.workspace_id, relationship__in=visible)


def parties_for(member: Member) -> QuerySet[Party]:
    """Parties of the relationships that this member may see; a steward also those that are in none yet."""
    rule: Any = Q(pk__in=_visible_sides(member).values("party_id"))
    if member.is_steward:
        rule |= ~Exists(Side.objects.filter(party=OuterRef("pk")))
    return Party.objects.filter(rule, workspace_id=member.workspace_id, merged_into__isnull=True).select_related("text")


def party_for(member: Member, public_id: object) -> Party:
    return _first(parties_for(member), public_id)


def people_for(member: Member) -> QuerySet[Person]:
    """People with `is_contact`: whether this member may see their address.

    Everybody sees themself, a steward those who speak in its relationships (and, without their address, people who speak nowhere yet),
    an owner everybody but those who are only in somebody's personal relationships.
    """
    theirs = Participant.objects.filter(person=OuterRef("pk"))
    mine = theirs.filter(side__relationship__steward=member) if member.is_steward else theirs.none()
    contact: Any = Q(pk=member.person_id) | Exists(mine)
    if member.is_owner:
        contact |= Exists(theirs.exclude(side__relationship__kind=Kind.PERSONAL)) | ~Exists(theirs)
    rule = contact | ~Exists(theirs) if member.is_steward else contact
    return (
        Person.objects.filter(rule, workspace_id=member.workspace_id)
        .annotate(is_contact=Case(When(contact, then=Value(True)), default=Value(False), output_field=BooleanField()))
        .select_related("text")
    )


def person_for(member: Member, public_id: object) -> Person:
    return _first(people_for(member), public_id)


def value_kinds_for(member: Member) -> QuerySet[ValueKind]:
    """The catalogue, and what the sides of visible relationships added in their own words."""
    rule = Q(side__isnull=True) | Q(side__in=_visible_sides(member))
    return ValueKind.objects.filter(rule, workspace_id=member.workspace_id).select_related("side")


def value_kind_for(member: Member, public_id: object) -> ValueKind:
    return _first(value_kinds_for(member), public_id)


def catalogue_for(member: Member) -> QuerySet[ValueKind]:
    """The workspace's list, for its owners to change. What a side added in its own words is that side's alone."""
    if not member.is_owner:
        raise NotFound
    return ValueKind.objects.filter(workspace_id=member.workspace_id, side__isnull=True)


def catalogue_kind_for(member: Member, public_id: object) -> ValueKind:
    return _first(catalogue_for(member), public_id)


def _first(rows: QuerySet[Any], public_id: object) -> Any:
    row = rows.filter(public_id=as_uuid(public_id)).first()
    if row is None:
        raise NotFound
    return row
