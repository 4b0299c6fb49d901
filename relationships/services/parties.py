"""Parties and people: who can be a side, and who can speak for one."""

import hashlib

from django.db.models import Q, QuerySet

from relationships.models import Party, PartyKind, PartyText, Person, PersonText, Workspace
from valueledger.common.errors import Invalid
from valueledger.common.validators import clean_email, clean_line


def email_digest(address: str) -> bytes:
    return hashlib.sha256(address.strip().lower().encode()).digest()


def add_party(*, workspace: Workspace, name: str, kind: str = PartyKind.ORGANISATION, short_name: str = "", import_key: str | None = None) -> Party:
    if kind not in PartyKind.values:
        raise Invalid("A party is an organisation or a person.", field="kind")
    name, short_name = clean_line(name, "name", required=True), clean_line(short_name, "short_name", longest=60)
    party = Party.objects.create(workspace=workspace, kind=kind, import_key=import_key)
    PartyText.objects.create(workspace=workspace, party=party, name=name, short_name=short_name)
    return party


def add_person(*, workspace: Workspace, name: str, email: str = "", time_zone: str = "") -> Person:
    name, email = clean_line(name, "name", longest=120, required=True), clean_email(email, "email")
    person = Person.objects.create(workspace=workspace, time_zone=time_zone)
    PersonText.objects.create(workspace=workspace, person=person, name=name, email=email, email_hash=email_digest(email) if email else None)
    return person


def person_by_email(*, workspace: Workspace, email: str) -> Person | None:
    return people_by_email(workspace=workspace, email=email).first()


def people_by_email(*, workspace: Workspace, email: str) -> QuerySet[Person]:
    """Whoever has this address here. Several, where one steward may not know whom another one knows."""
    found = Person.objects.filter(workspace=workspace, text__email__iexact=email) if email else Person.objects.none()
    return found.order_by("id")


def same_address(person: Person) -> QuerySet[Person]:
    """This person, and whoever else in the workspace is reached at the same address: one human, as far as mail goes."""
    digest = PersonText.objects.filter(person=person).exclude(email="").values_list("email_hash", flat=True).first()
    same = Q(pk=person.pk) | Q(text__email_hash=bytes(digest)) if digest else Q(pk=person.pk)
    return Person.objects.filter(same, workspace_id=person.workspace_id)
