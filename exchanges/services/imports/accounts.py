"""What a file says of one side's cost or worth, turned into points as `services.reports` does it, many at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from exchanges.models import Arrived, ReportRole, Word
from exchanges.services.reports import MICRO, POINTS_MAX, POINTS_OF_WORD
from relationships.models import TermsItem, TermsVersion, Unit
from relationships.services.terms import unit_named

EPOCH = 719_163


@dataclass(frozen=True)
class Valued:
    points_micro: int | None
    terms_id: int | None


class Units:
    """Unit rows by name, made when they are first used."""

    def __init__(self, workspace_id: int) -> None:
        self._workspace_id = workspace_id
        self._ids: dict[str, int] = {}

    def id_of(self, name: str) -> int:
        if name not in self._ids:
            unit = unit_named(workspace=self._workspace_id, name=name)
            assert isinstance(unit, Unit)
            self._ids[name] = unit.pk
        return self._ids[name]


class TermsTable:
    """The terms of these relationships' sides: which version was in force on a day, and what it says of a unit."""

    def __init__(self, relationship_ids: Sequence[int]) -> None:
        self._versions: dict[tuple[int, int], list[tuple[int, int, int]]] = defaultdict(list)
        self._rates: dict[tuple[int, int], Decimal] = {}
        ids: list[int] = []
        versions = TermsVersion.objects.order_by("effective_on", "seq")
        for part in _parts(relationship_ids):
            found = versions.filter(side__relationship_id__in=part).values_list("side__relationship_id", "side__role", "effective_on", "seq", "id")
            for relationship_id, role, effective_on, seq, pk in found:
                self._versions[relationship_id, role].append((effective_on.toordinal() - EPOCH, seq, pk))
                ids.append(pk)
        items = TermsItem.objects.filter(points_per_unit__isnull=False).order_by("-id")
        for part in _parts(ids):
            for version_id, unit_id, rate in items.filter(version_id__in=part).values_list("version_id", "unit_id", "points_per_unit"):
                assert rate is not None
                self._rates[version_id, unit_id] = rate

    def value(
        self, *, relationship_id: int, side: int, role: str, day: int, word: int | None, amount: str | None, unit_id: int | None, arrived: str = ""
    ) -> Valued:
        """The word wins, then the amount at the rate in force on the day, then none: one typical event. Raises OverflowError beyond all bounds."""
        if word is not None:
            return Valued(POINTS_OF_WORD[Word(word)] * MICRO, None)
        if amount is not None and unit_id is not None:
            version = self._in_force(relationship_id, side, day)
            rate = self._rates.get((version, unit_id)) if version else None
            points = round(Decimal(amount) * rate * MICRO) if rate is not None else None
            if points is not None and abs(points) > POINTS_MAX:
                raise OverflowError
            return Valued(points, version)
        if role == ReportRole.GOT and arrived in (Arrived.NONE, Arrived.BURDEN):
            return Valued(0 if arrived == Arrived.NONE else POINTS_OF_WORD[Word.BURDEN] * MICRO, None)
        return Valued(None, None)

    def _in_force(self, relationship_id: int, side: int, day: int) -> int | None:
        versions = [one for one in self._versions.get((relationship_id, side), ()) if one[0] <= day]
        return versions[-1][2] if versions else None


def _parts(keys: Sequence[int], size: int = 900) -> Iterable[Sequence[int]]:
    return (keys[start : start + size] for start in range(0, len(keys), size))
