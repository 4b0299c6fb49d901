"""What a form offers: kinds of value, those first that a side has named itself, and the units people use; and how much a kind is used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Lower

from exchanges.models import EventVersion, Visibility
from relationships.access import catalogue_for
from relationships.models import Kind, Member, Relationship, TermsItem, TermsVersion, Unit, ValueKind, Workspace
from valueledger.common.errors import Invalid

UNITS_FIRST = ("hours", "days", "evenings", "favours", "stress, 0 to 10")

Groups = list[tuple[str, Any]]


def kinds_for(workspace: Workspace, relationship_id: int | None, *, kept: ValueKind | None = None) -> Groups:
    """Choices by public id: what the two sides named in their terms, then the workspace's catalogue. kept: what was chosen, though retired since."""
    named: list[ValueKind] = [kept] if kept is not None and kept.is_retired else []
    if relationship_id is not None:
        items = TermsItem.objects.filter(version__side__relationship_id=relationship_id, value_kind__is_retired=False).select_related("value_kind")
        named += list({item.value_kind_id: item.value_kind for item in items.order_by("version__side__role", "-weight", "id")}.values())
    known = {kind.pk for kind in named}
    catalogue = ValueKind.objects.filter(workspace=workspace, side__isnull=True, is_retired=False).order_by("name", "id")
    rest = [(str(kind.public_id), kind.name) for kind in catalogue if kind.pk not in known]
    groups: Groups = [("What the two sides named", [(str(kind.public_id), kind.name) for kind in named])] if named else []
    return [*groups, ("From the list", rest)] if rest else groups


def kind_chosen(relationship: Relationship, public_id: str) -> ValueKind:
    """The kind of the catalogue, or one that a side of this relationship named. Raises Invalid for any other."""
    try:
        wanted = UUID(public_id)
    except ValueError:
        raise Invalid("This kind of value is not in the list.", field="value_kind") from None
    rule = Q(side__isnull=True) | Q(side__relationship=relationship)
    kind = ValueKind.objects.filter(rule, workspace_id=relationship.workspace_id, public_id=wanted).first()
    if kind is None:
        raise Invalid("This kind of value is not in the list.", field="value_kind")
    return kind


@dataclass(frozen=True)
class KindUse:
    """One kind of the catalogue and how many sides' terms and entries name it."""

    kind: ValueKind
    terms: int
    events: int


def kinds_in_use(member: Member) -> list[KindUse]:
    """The catalogue with its use, for an owner: counted over client relationships and what both sides may see, so that no number tells of the rest."""
    clients = {"workspace_id": member.workspace_id, "kind": Kind.CLIENT}
    newest = TermsVersion.objects.filter(side=OuterRef("version__side")).order_by("-seq").values("pk")[:1]
    items = TermsItem.objects.filter(workspace_id=member.workspace_id, version_id=Subquery(newest))
    items = items.filter(version__side__relationship__in=Relationship.objects.filter(**clients))
    shared = EventVersion.objects.current().filter(workspace_id=member.workspace_id, is_withdrawal=False, visibility=Visibility.SHARED)
    shared = shared.filter(event__relationship__in=Relationship.objects.filter(**clients))
    terms, events = _counted(items), _counted(shared)
    kinds = catalogue_for(member).order_by(Lower("name"), "id")
    return [KindUse(kind, terms.get(kind.pk, 0), events.get(kind.pk, 0)) for kind in kinds]


def _counted(rows: QuerySet[Any]) -> dict[int, int]:
    return dict(rows.filter(value_kind__isnull=False).order_by().values_list("value_kind_id").annotate(Count("pk")))


def kind_names(workspace: Workspace, *, side_id: int | None = None) -> list[str]:
    """Suggestions for naming what matters; anything else may be written."""
    rule = Q(side__isnull=True) if side_id is None else Q(side__isnull=True) | Q(side_id=side_id)
    return list(ValueKind.objects.filter(rule, workspace=workspace, is_retired=False).order_by("name").values_list("name", flat=True))


def units_for(workspace: Workspace) -> list[str]:
    used = Unit.objects.filter(workspace=workspace).order_by("name").values_list("name", flat=True)[:40]
    return list(dict.fromkeys([*UNITS_FIRST, *used]))
