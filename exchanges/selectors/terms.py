"""What each side says matters to it: the terms in force on a day, and all that were said before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from exchanges.selectors.ledger import person_name, plain
from relationships.models import Relationship, Side, TermsItem, TermsVersion


@dataclass(frozen=True)
class TermLine:
    value_kind: str
    value_kind_id: UUID
    weight: int
    words: str
    anchor: str
    unit: str
    points_per_unit: str

    @property
    def rate(self) -> str:
        return f"1 {self.unit} is {self.points_per_unit} points" if self.points_per_unit else ""


@dataclass(frozen=True)
class Terms:
    """What one side says matters to it, since when and who said so. None said: no lines."""

    side: Side
    lines: Sequence[TermLine]
    said_by: str
    said_on: date | None
    versions: int


def terms_of(relationship: Relationship, *, on: date) -> dict[int, Terms]:
    """By side. Costs three queries."""
    sides = {side.role: side for side in Side.objects.filter(relationship=relationship).select_related("party__text")}
    versions = TermsVersion.objects.filter(side__in=sides.values()).select_related("author__person__text").order_by("effective_on", "seq")
    in_force: dict[int, TermsVersion] = {}
    counts: dict[int, int] = defaultdict(int)
    for version in versions:
        counts[version.side_id] += 1
        if version.effective_on <= on:
            in_force[version.side_id] = version
    items: dict[int, list[TermLine]] = defaultdict(list)
    rows = TermsItem.objects.filter(version__in=list(in_force.values())).select_related("value_kind", "unit", "text").order_by("-weight", "id")
    for item in rows:
        items[item.version_id].append(_term(item))
    return {role: _terms(side, in_force.get(side.pk), counts[side.pk], items) for role, side in sides.items()}


def _terms(side: Side, version: TermsVersion | None, count: int, items: dict[int, list[TermLine]]) -> Terms:
    if version is None:
        return Terms(side, [], "", None, count)
    return Terms(side, items[version.pk], person_name(version.author), version.effective_on, count)


def _term(item: TermsItem) -> TermLine:
    text = getattr(item, "text", None)
    return TermLine(
        value_kind=item.value_kind.name,
        value_kind_id=item.value_kind.public_id,
        weight=item.weight,
        words=text.words if text else "",
        anchor=text.anchor if text else "",
        unit=item.unit.name if item.unit else "",
        points_per_unit=plain(item.points_per_unit) if item.points_per_unit is not None else "",
    )


def earlier_terms(relationship: Relationship, *, limit: int = 20) -> list[dict[str, object]]:
    """Every version of both sides, the newest first, each with its lines."""
    versions = TermsVersion.objects.filter(side__relationship=relationship).select_related("side", "author__person__text")
    found = list(versions.order_by("-effective_on", "-seq", "-id")[:limit])
    items: dict[int, list[TermLine]] = defaultdict(list)
    rows = TermsItem.objects.filter(version__in=found).select_related("value_kind", "unit", "text").order_by("-weight", "id")
    for item in rows:
        items[item.version_id].append(_term(item))
    return [{"side": row.side.role, "on": row.effective_on, "by": person_name(row.author), "lines": items[row.pk], "seq": row.seq} for row in found]
