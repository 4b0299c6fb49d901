"""From references to relationships, many at a time: those that are there are found and locked, the others are made.

A member meets only the relationships it stewards; an operator's command meets all of the workspace.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Any

import numpy as np
from django.db.models import Count, QuerySet
from django.db.models.functions import Lower

from exchanges.services.imports.rows import CUT
from relationships.models import Kind, Member, Party, PartyKind, PartyText, Relationship, Side, SideRole, Stage, Workspace
from relationships.services.erasures import name_digest, names_erased
from valueledger.common import bulk

NOT_THERE = "There is no relationship with this id among those you may write to."
UNKNOWN_NAME = "No relationship has this name."
SEVERAL = "Several relationships have this name. Write the id of the one you mean."
ERASED = "Somebody of this name was erased, so nothing about them is taken in."
NOT_YOURS = "You cannot write to this relationship."


@dataclass(frozen=True)
class Settings:
    """What one import was told, the same for all of its rows."""

    workspace: Workspace
    member: Member | None  # None: an operator's command
    steward: Member | None
    source: str
    kind: str = Kind.CLIENT
    party_kind: str = ""  # blank: a number is a person, else the other side of a client is an organisation
    creates: bool = True
    batch_id: int | None = None


@dataclass
class Found:
    """The relationship behind a reference, or why there is none. `flipped`: the other party is the own side there."""

    pk: int = 0
    kind: str = Kind.CLIENT
    head: int = 0
    is_new: bool = False
    flipped: bool = False
    refusal: str = ""
    field: str = "counterpart"


@dataclass
class Wanted:
    """A relationship that has to be made."""

    own: str
    counterpart: str
    kind: str
    is_pair: bool = False
    own_id: int = 0
    counterpart_id: int = 0
    references: list[str] = field(default_factory=list)
    pk: int = 0


class Resolver:
    """One per run. It remembers nothing of the rows, so a million relationships cost no more memory than one part of them."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._own_id: int | None = None
        self._has_hand_made: bool | None = None
        self._erased: frozenset[bytes] | None = None
        self.made: Sequence[Wanted] = ()

    def find(self, references: Iterable[tuple[str, str | None]], *, write: bool) -> dict[str, Found]:
        """Each reference with the kind its rows ask for. With `write` rows are locked, and what is missing is made; else it is only told."""
        kinds = {reference: kind or self.settings.kind for reference, kind in references}
        groups: dict[str, list[str]] = defaultdict(list)
        for reference in kinds:
            groups[reference[0]].append(reference)
        found: dict[str, Found] = {}
        elsewhere = self._by_id(groups["u"], found)
        named = groups["n"] + groups["c"] + [one for one in elsewhere if not own_of(one)]
        missing = self._by_name(named, kinds, found) + self._by_pair(groups["p"] + [one for one in elsewhere if own_of(one)], kinds, found)
        allowed = [one for one in missing if self.settings.creates or any(reference[0] == "c" for reference in one.references)]
        found.update({reference: Found(refusal=UNKNOWN_NAME) for one in missing for reference in one.references})
        if write:
            self._make(allowed, found)
        else:
            found.update({reference: Found(kind=one.kind, is_new=True) for one in allowed for reference in one.references})
        if write:
            self._lock(found)
        return found

    def reachable(self) -> QuerySet[Relationship]:
        rows = Relationship.objects.filter(workspace=self.settings.workspace)
        return rows if self.settings.member is None else rows.filter(steward=self.settings.member)

    # By public id

    def _by_id(self, references: Sequence[str], found: dict[str, Found]) -> list[str]:
        """Those that name parties too are looked for by name where the id is not ours: an export from elsewhere."""
        if not references:
            return []
        ids = {reference: reference[1:].split(CUT) for reference in references}
        columns = ["public_id", "id", "kind", "steward_id"]
        rows = bulk.lookup(Relationship, "public_id", list({parts[0] for parts in ids.values()}), columns, where=self._where())
        known = {row[0]: row[1:] for row in rows if self._may_write(row[3])}
        by_name = []
        for reference, (public_id, _, counterpart) in ids.items():
            if public_id in known:
                pk, kind, _ = known[public_id]
                found[reference] = Found(pk=pk, kind=kind)
            elif counterpart:
                by_name.append(reference)
            else:
                found[reference] = Found(refusal=NOT_THERE, field="relationship")
        return by_name

    # By the name of the other side

    def _by_name(self, references: Sequence[str], kinds: dict[str, str], found: dict[str, Found]) -> list[Wanted]:
        if not references:
            return []
        names = {reference: reference.rsplit(CUT, 1)[1] for reference in references}
        known = self._sides_named(set(names.values()))
        wanted: dict[str, Wanted] = {}
        for reference, name in names.items():
            matching = dict(known.get(name.casefold(), []))
            if len(matching) == 1:
                ((pk, kind),) = matching.items()
                found[reference] = Found(pk=pk, kind=kind)
            elif matching:
                found[reference] = Found(refusal=SEVERAL)
            elif self._is_erased(name):
                found[reference] = Found(refusal=ERASED)
            else:
                one = wanted.setdefault(name.casefold(), Wanted("", name, kinds[reference]))
                one.references.append(reference)
        return list(wanted.values())

    def _sides_named(self, names: set[str]) -> dict[str, list[tuple[int, str]]]:
        """Relationships by the folded name of their counterpart: the exact name by its index, then those written in other letters."""
        columns = ("party__text__name", "relationship_id", "relationship__kind")
        sides = Side.objects.filter(workspace=self.settings.workspace, role=SideRole.COUNTERPART)
        if self.settings.member is not None:
            sides = sides.filter(relationship__steward=self.settings.member)
        rows = set()
        for part in _parts(sorted(names)):
            rows |= set(sides.filter(party__text__name__in=part).values_list(*columns))
        left = names - {row[0] for row in rows}
        for part in _parts(sorted({name.lower() for name in left})):
            rows |= set(sides.annotate(lowered=Lower("party__text__name")).filter(lowered__in=part).values_list(*columns))
        known: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for name, pk, kind in sorted(rows):
            known[name.casefold()].append((pk, kind))
        return known

    # By a pair of parties

    def _by_pair(self, references: Sequence[str], kinds: dict[str, str], found: dict[str, Found]) -> list[Wanted]:
        if not references:
            return []
        pairs = {reference: tuple(reference[1:].split(CUT)[-2:]) for reference in references}
        parties = self._parties({name for pair in pairs.values() for name in pair})
        by_ids: dict[tuple[int, int], list[str]] = defaultdict(list)
        missing = []
        for reference, (own, counterpart) in pairs.items():
            ids = (parties.get(own, 0), parties.get(counterpart, 0))
            if all(ids):
                by_ids[ids].append(reference)
            elif self._is_erased(own) or self._is_erased(counterpart):
                found[reference] = Found(refusal=ERASED)
            else:
                missing.append(Wanted(own, counterpart, kinds[reference], True, *ids, references=[reference]))
        known = self._pairs(list(by_ids))
        for ids, same in by_ids.items():
            if ids in known:
                found.update(dict.fromkeys(same, known[ids]))
            else:
                own, counterpart = pairs[same[0]]
                missing.append(Wanted(own, counterpart, kinds[same[0]], True, *ids, references=same))
        return missing

    def _is_erased(self, name: str) -> bool:
        """Whether an erasure meant this name: a file must not bring back who asked to be forgotten."""
        if self._erased is None:
            self._erased = names_erased(self.settings.workspace)
        return bool(self._erased) and name_digest(name) in self._erased

    def _parties(self, names: set[str]) -> dict[str, int]:
        """Party ids by the name or number that a source gives them."""
        keys = {self._key(name): name for name in names}
        rows = bulk.lookup(Party, "import_key", list(keys), ["import_key", "id", "merged_into_id"], where=self._where())
        parties = {keys[key]: merged or pk for key, pk, merged in rows}
        left = sorted(name for name in names if name not in parties and not name.isdecimal())
        sides = Side.objects.filter(relationship__in=self.reachable(), party__merged_into__isnull=True)
        for part in _parts(left):
            for name, pk in sides.filter(party__text__name__in=part).order_by("-party_id").values_list("party__text__name", "party_id"):
                parties[name] = pk
        return parties

    def _pairs(self, pairs: Sequence[tuple[int, int]]) -> dict[tuple[int, int], Found]:
        keys = {f"{own}|{counterpart}": (own, counterpart) for own, counterpart in pairs}
        rows = bulk.lookup(Relationship, "import_key", list(keys), ["import_key", "id", "kind", "steward_id"], where=self._where())
        known = {keys[key]: self._found(pk, kind, steward) for key, pk, kind, steward in rows}
        left = [pair for pair in pairs if pair not in known]
        if left and self._any_hand_made():
            known |= self._hand_made(left)
        return known

    def _hand_made(self, pairs: Sequence[tuple[int, int]]) -> dict[tuple[int, int], Found]:
        """Relationships between two parties that no import made; the own side may be either of them."""
        wanted, known = set(pairs), {}
        for part in _parts(sorted({own for own, _ in pairs} | {other for _, other in pairs})):
            sides = Side.objects.filter(party_id__in=part, relationship__import_key__isnull=True)
            ids = sides.values_list("relationship_id", flat=True)
            both: dict[int, dict[int, Any]] = defaultdict(dict)
            for side in Side.objects.filter(relationship_id__in=list(ids)).select_related("relationship"):
                both[side.relationship_id][side.role] = side
            for pk, roles in sorted(both.items(), reverse=True):
                pair = (roles[SideRole.OWN].party_id, roles[SideRole.COUNTERPART].party_id)
                row = roles[SideRole.OWN].relationship
                if pair in wanted:
                    known[pair] = self._found(pk, row.kind, row.steward_id)
                elif pair[::-1] in wanted:
                    known[pair[::-1]] = self._found(pk, row.kind, row.steward_id, flipped=True)
        return known

    def _any_hand_made(self) -> bool:
        if self._has_hand_made is None:
            self._has_hand_made = Relationship.objects.filter(workspace=self.settings.workspace, import_key__isnull=True).exists()
        return self._has_hand_made

    # Making and locking

    def _make(self, missing: Sequence[Wanted], found: dict[str, Found]) -> None:
        """Reserve the rows. Parties are written now; the relationships when their evidence is counted."""
        self._make_parties(missing)
        for one, pk in zip(missing, bulk.reserve(Relationship, len(missing)).tolist(), strict=True):
            one.pk = pk
            found.update(dict.fromkeys(one.references, Found(pk=pk, kind=one.kind, is_new=True)))
        self.made = missing

    def _make_parties(self, missing: Sequence[Wanted]) -> None:
        ids: dict[tuple[bool, str], int] = {}
        for one in missing:
            if one.is_pair:
                ids |= {(True, one.own): one.own_id, (True, one.counterpart): one.counterpart_id}
            else:
                one.own_id = self._own()
                ids[False, one.counterpart] = 0
        new = [key for key, pk in ids.items() if not pk]
        ids |= dict(zip(new, bulk.reserve(Party, len(new)).tolist(), strict=True))
        self._write_parties([(ids[key], *key) for key in new])
        for one in missing:
            one.own_id = one.own_id or ids[one.is_pair, one.own]
            one.counterpart_id = one.counterpart_id or ids[one.is_pair, one.counterpart]

    def _write_parties(self, new: Sequence[tuple[int, bool, str]]) -> None:
        workspace_id, count = self.settings.workspace.pk, len(new)
        pks = np.array([pk for pk, _, _ in new], np.int64)
        usual = PartyKind.ORGANISATION if self.settings.kind == Kind.CLIENT else PartyKind.PERSON
        kinds = [self.settings.party_kind or (PartyKind.PERSON if name.isdecimal() else usual) for _, _, name in new]
        keys = [self._key(name) if is_pair else None for _, is_pair, name in new]
        rows = {
            "id": pks,
            "public_id": bulk.fresh_uuids(count),
            "workspace_id": workspace_id,
            "kind": [str(kind) for kind in kinds],
            "import_key": keys,
        }
        bulk.insert(Party, count, rows)
        bulk.insert(PartyText, count, {"workspace_id": workspace_id, "party_id": pks, "name": [name for _, _, name in new], "short_name": ""})

    def write_made(self, heads: dict[int, int], first_days: dict[int, int], now: datetime) -> None:
        """Write the relationships and sides that `find` reserved and some row needs, with the head that their evidence will have."""
        made, self.made = [one for one in self.made if one.pk in first_days], ()
        workspace_id, steward, count = self.settings.workspace.pk, self.settings.steward, len(made)
        ids = np.array([one.pk for one in made], np.int64)
        bulk.insert(
            Relationship, count,
            {
                "id": ids, "public_id": bulk.fresh_uuids(count), "workspace_id": workspace_id, "kind": [str(one.kind) for one in made],
                "stage": Stage.GROWING.value, "stake": Relationship._meta.get_field("stake").get_default(), "steward_id": steward.pk if steward else None,
                "head_position": np.array([heads.get(one.pk, 0) for one in made], np.int64),
                "started_on": np.array([first_days[one.pk] for one in made], np.int64),
                "import_key": [f"{one.own_id}|{one.counterpart_id}" for one in made], "created_at": now,
            },
        )  # fmt: skip
        for role in SideRole:
            parties = np.array([one.own_id if role == SideRole.OWN else one.counterpart_id for one in made], np.int64)
            columns = {
                "public_id": bulk.fresh_uuids(count),
                "workspace_id": workspace_id,
                "relationship_id": ids,
                "role": int(role),
                "party_id": parties,
            }
            bulk.insert(Side, count, columns | {"intent": ""})

    def _lock(self, found: dict[str, Found]) -> None:
        """In the order of their ids, as everybody locks. The head moves under this lock."""
        by_pk: dict[int, list[Found]] = defaultdict(list)
        for one in found.values():
            if one.pk and not one.is_new:
                by_pk[one.pk].append(one)
        for part in _parts(sorted(by_pk)):
            rows = Relationship.objects.select_for_update(of=("self",)).filter(pk__in=part).order_by("pk")
            for pk, head in rows.values_list("pk", "head_position"):
                for one in by_pk[pk]:
                    one.head = head

    def _own(self) -> int:
        """The party that stands on our side: the one that does so most often, else one called as the workspace."""
        if self._own_id is None:
            sides = Side.objects.filter(workspace=self.settings.workspace, role=SideRole.OWN, party__merged_into__isnull=True)
            if self.settings.member is not None:
                sides = sides.filter(relationship__steward=self.settings.member)
            row = sides.values("party_id").annotate(times=Count("id")).order_by("-times", "party_id").first()
            self._own_id = row["party_id"] if row else self._new_own()
        return self._own_id

    def _new_own(self) -> int:
        workspace = self.settings.workspace
        party, is_new = Party.objects.get_or_create(workspace=workspace, import_key="own", defaults={"kind": PartyKind.ORGANISATION})
        if is_new:
            PartyText.objects.create(workspace=workspace, party=party, name=workspace.name, short_name=workspace.short_name)
        return party.pk

    # Small things

    def _where(self) -> dict[str, Any]:
        return {"workspace_id": self.settings.workspace.pk}

    def _may_write(self, steward_id: int | None) -> bool:
        return self.settings.member is None or steward_id == self.settings.member.pk

    def _found(self, pk: int, kind: str, steward_id: int | None, *, flipped: bool = False) -> Found:
        return Found(pk=pk, kind=kind, flipped=flipped) if self._may_write(steward_id) else Found(refusal=NOT_YOURS, field="relationship")

    def _key(self, name: str) -> str:
        key = f"{self.settings.source}:{name}"
        return key if len(key) <= 120 else f"{self.settings.source}:#{blake2b(name.encode(), digest_size=16).hexdigest()}"


def own_of(reference: str) -> str:
    """The name of the own side, where a reference has one."""
    return reference.rsplit(CUT, 2)[-2] if reference.count(CUT) == 2 else ""


def _parts(keys: Sequence[Any], size: int = 900) -> Iterable[Sequence[Any]]:
    return (keys[start : start + size] for start in range(0, len(keys), size))
