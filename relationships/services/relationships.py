"""Relationships, their sides and who speaks for them. Consequences for value are drawn in `exchanges`, which calls these."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from django.db.models import Q

from relationships.models import Intent, Kind, Member, Participant, Party, Person, PersonText, Relationship, Side, SideRole, Stage, Workspace
from relationships.services.intents import write_intent
from relationships.services.parties import email_digest
from valueledger.common.errors import Invalid


class SpeaksForTheOtherSide(Invalid):
    code = "speaks_for_the_other_side"
    sentence = "This person speaks for the other side already. Nobody says for both what something was worth."


class OnePersonOnly(Invalid):
    code = "one_person_only"
    sentence = "An employee speaks for themself: this side has exactly one person."


def create_relationship(
    *,
    workspace: Workspace,
    own_party: Party,
    counterpart_party: Party,
    kind: str,
    steward: Member | None,
    today: date,
    intent_own: str = "",
    intent_counterpart: str = "",
    started_on: date | None = None,
    stage: str = Stage.GROWING,
    band: Decimal | None = None,
    cadence_days: int | None = None,
    own_people: Sequence[Person] = (),
    counterpart_people: Sequence[Person] = (),
) -> Relationship:
    """Make the relationship, its two sides and the people who speak for them."""
    if kind not in Kind.values:
        raise Invalid("The kind is client, employee or personal.", field="kind")
    for intent in (intent_own, intent_counterpart):
        if intent and intent not in Intent.values:
            raise Invalid("The intent is one-off, brief, seasonal or long-term.", field="intent")
    if own_party.pk == counterpart_party.pk:
        raise Invalid("A relationship has two different sides.", field="counterpart")
    if {own_party.workspace_id, counterpart_party.workspace_id} != {workspace.pk}:
        raise Invalid("Both sides belong to this workspace.", field="counterpart")
    ensure_settings(band=band, cadence_days=cadence_days)
    relationship = Relationship.objects.create(
        workspace=workspace, kind=kind, stage=stage, steward=steward, band=band, cadence_days=cadence_days, started_on=started_on or today
    )
    intents = {SideRole.OWN: intent_own, SideRole.COUNTERPART: intent_counterpart}
    parties = {SideRole.OWN: own_party, SideRole.COUNTERPART: counterpart_party}
    people = {SideRole.OWN: own_people, SideRole.COUNTERPART: counterpart_people}
    for role in SideRole:
        side = Side.objects.create(
            workspace=workspace,
            relationship=relationship,
            role=role,
            party=parties[role],
        )
        speaking = [add_participant(side=side, person=person, from_on=started_on or today) for person in people[role]]
        if intents[role]:
            author = speaking[0] if speaking and speaking[0].speaks_on(today) else None
            write_intent(side=side, author=author, intent=intents[role], said_on=today)
    return relationship


def ensure_settings(*, band: Decimal | None, cadence_days: int | None) -> None:
    if band is not None and not Decimal(0) < band <= 3:
        raise Invalid("The fair band lies between 0 and 3 points.", field="band")
    if cadence_days is not None and not 30 <= cadence_days <= 730:
        raise Invalid("The rhythm lies between 30 and 730 days.", field="cadence_days")


def add_participant(*, side: Side, person: Person, from_on: date) -> Participant:
    """Let a person speak for a side. Somebody who had left speaks again; an employee's side takes one person only."""
    ensure_one_side(side=side, person=person)
    alone = side.role == SideRole.COUNTERPART and side.relationship.kind == Kind.EMPLOYEE
    if alone and Participant.objects.filter(side=side).exclude(person=person).exists():
        raise OnePersonOnly(field="person")  # nobody succeeds an employee: what they said in private would be the successor's to read
    existing = Participant.objects.filter(side=side, person=person).first()
    if existing is not None:
        if existing.left_on is not None:
            existing.left_on = None
            existing.save(update_fields=["left_on"])
        return existing
    return Participant.objects.create(workspace_id=side.workspace_id, side=side, person=person, from_on=from_on)


def ensure_one_side(*, side: Side, person: Person) -> None:
    """Raises SpeaksForTheOtherSide for who speaks, or may speak as the steward, for the other side: by row, or by the same address."""
    same = Q(pk=person.pk)
    digest = PersonText.objects.filter(person=person).values_list("email_hash", flat=True).first()
    if digest:
        same |= Q(text__email_hash=bytes(digest))
    others = Person.objects.filter(same)
    across = Participant.objects.filter(side__relationship_id=side.relationship_id, person__in=others, left_on__isnull=True).exclude(side=side)
    steward = side.relationship.steward
    stewards_own = (
        side.role == SideRole.COUNTERPART
        and steward is not None
        and (others.filter(pk=steward.person_id or 0).exists() or (digest is not None and bytes(digest) == email_digest(steward.user.email)))
    )
    if stewards_own or across.exists():
        raise SpeaksForTheOtherSide(field="person")


def remove_participant(*, participant: Participant, left_on: date) -> None:
    Participant.objects.filter(pk=participant.pk, left_on__isnull=True).update(left_on=left_on)


def set_steward(*, relationship: Relationship, steward: Member | None) -> None:
    relationship.steward = steward
    relationship.save(update_fields=["steward"])


def set_stage(*, relationship: Relationship, stage: str, today: date) -> None:
    """Move to any stage from any other: development is not linear."""
    if stage not in Stage.values:
        raise Invalid("This stage is not known.", field="stage")
    relationship.stage = stage
    relationship.ended_on = None if relationship.is_going_on else today
    relationship.save(update_fields=["stage", "ended_on"])


def set_rhythm(*, relationship: Relationship, band: Decimal | None, cadence_days: int | None, stake: int | None = None) -> None:
    ensure_settings(band=band, cadence_days=cadence_days)
    if stake is not None and stake not in (1, 2, 3):
        raise Invalid("How much hangs on it is 1, 2 or 3.", field="stake")
    relationship.band, relationship.cadence_days = band, cadence_days
    relationship.stake = relationship.stake if stake is None else stake
    relationship.save(update_fields=["band", "cadence_days", "stake"])


def set_own_rhythm(*, participant: Participant, cadence_days: int | None) -> None:
    """A participant's own longest gap between questions; None: the relationship's."""
    ensure_settings(band=None, cadence_days=cadence_days)
    participant.cadence_days = cadence_days
    participant.save(update_fields=["cadence_days"])
