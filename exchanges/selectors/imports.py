"""What pages and the command show of imports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from exchanges.models import Card, ImportBatch, ImportRow
from relationships.models import Member, Side, SideRole, Unit


def refused_rows(batch: ImportBatch) -> QuerySet[ImportRow]:
    return ImportRow.objects.filter(workspace=batch.workspace_id, batch=batch).order_by("number")


def recent_batches(member: Member, *, count: int = 10) -> Sequence[ImportBatch]:
    """The member's own imports, the newest first."""
    return list(ImportBatch.objects.filter(workspace=member.workspace_id, member=member).order_by("-created_at", "-id")[:count])


def unit_names(member: Member) -> list[str]:
    """Units that this workspace knows, after the usual ones."""
    known = Unit.objects.filter(workspace=member.workspace_id).order_by("name").values_list("name", flat=True)[:100]
    return list(dict.fromkeys(["hours", "days", *known]))


def writable_names(member: Member) -> list[str]:
    """The other sides of the relationships that this member stewards."""
    sides = Side.objects.filter(workspace=member.workspace_id, relationship__steward=member, role=SideRole.COUNTERPART)
    return list(sides.order_by("party__text__name").values_list("party__text__name", flat=True)[:5_000])


@dataclass(frozen=True)
class Changed:
    card: Card
    before: str


def changed_relationships(member: Member, batch: ImportBatch) -> list[Changed]:
    """Whose verdict an import changed, as far as the member may see them now."""
    before = {pk: verdict for pk, verdict, _ in batch.changes.get("first", [])}
    cards = cards_of_steward(member).filter(relationship_id__in=list(before)).order_by("relationship_id")
    return [Changed(card, before[card.relationship_id]) for card in cards]


def cards_of_steward(member: Member) -> QuerySet[Card]:
    return Card.objects.for_own_side().filter(workspace=member.workspace_id, steward=member)
