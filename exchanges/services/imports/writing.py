"""What the three tables have in common when a part is written: who is refused, who is known, and how evidence is laid."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from django.db import models
from numpy.typing import NDArray

from exchanges.models import Evidence, LiveEvidence, SourceKind
from exchanges.services.imports.fields import FIELDS
from exchanges.services.imports.known import Occurrences, fingerprint
from exchanges.services.imports.resolving import ERASED, Found, Resolver, Settings
from exchanges.services.imports.rows import Refusal, Staged, printable
from relationships.models import Kind, Relationship, SideRole
from valueledger.common import bulk

EMPLOYEES_SPEAK = "Employees speak for themselves: nothing can be passed on for them."


@dataclass
class Outcome:
    added: int = 0
    known: int = 0
    refused: list[Refusal] = field(default_factory=list)
    relationships: set[int] = field(default_factory=set)  # whose balance has to be folded again
    laid: list[list[NDArray[Any]]] = field(default_factory=list)  # their evidence, as far as it was written here
    met_before: set[int] = field(default_factory=set)  # relationships that were there, and may have more
    known_rows: list[Staged] = field(default_factory=list)  # of a preview
    new_rows: list[Staged] = field(default_factory=list)

    def refuse(self, row: Staged, field: str, reason: str, typed: object = "") -> None:
        self.refused.append(Refusal(row[0], field, reason[:300], printable(str(typed))))

    def all_evidence(self) -> list[NDArray[Any]] | None:
        """As `refolding.live_columns` would read it, if all of these relationships were made here."""
        if self.met_before or not self.laid:
            return None
        return [np.concatenate(parts) for parts in zip(*self.laid, strict=True)]


@dataclass
class Work:
    """One part on its way. Without `write` everything is found out and nothing changes."""

    settings: Settings
    resolver: Resolver
    occurrences: Occurrences
    now: datetime
    write: bool = True
    outcome: Outcome = field(default_factory=Outcome)


@dataclass
class Candidate:
    """A row whose relationship is found. `key` is what it will be known by, under its `occurrence`."""

    row: Staged
    found: Found
    key: bytes
    has_id: bool
    occurrence: int = 0


def slots_of(table: str) -> dict[str, int]:
    """The places of a table's fields in a staged row, after its number and its reference."""
    return {name: place for place, name in enumerate(FIELDS[table], start=2)}


def candidates(
    work: Work, table: str, rows: Sequence[Staged], found: dict[str, Found], content: Callable[[Staged, Found], tuple[int | str | None, ...]]
) -> list[Candidate]:
    """The rows that have a relationship, each with its key: its foreign id, else what it says."""
    slots = slots_of(table)
    id_slot = slots["id"]
    chosen = []
    for row in rows:
        one = found[row[1]]
        if one.refusal:
            work.outcome.refuse(row, one.field, one.refusal, "" if one.refusal == ERASED else row[slots[one.field]] or "")
            continue
        given = row[id_slot]
        key = fingerprint(table, "id", given) if given else fingerprint(table, one.pk, *content(row, one))
        chosen.append(Candidate(row, one, key, bool(given)))
    return chosen


def without_ours(work: Work, table: str, model: type[models.Model], rows: Sequence[Staged]) -> list[Staged]:
    """The rows that are not in this workspace under their exported id. Those that are add nothing, whatever else they say."""
    id_slot = slots_of(table)["id"]
    given = {row[id_slot][1:] for row in rows if row[id_slot] and row[id_slot][0] == "u"}
    if not given:
        return list(rows)
    ours = {row[0] for row in bulk.lookup(model, "public_id", sorted(given), ["public_id"], where={"workspace_id": work.settings.workspace.pk})}
    left = []
    for row in rows:
        if row[id_slot] and row[id_slot][1:] in ours:
            note_known(work, row)
        else:
            left.append(row)
    return left


def only_new(work: Work, chosen: Sequence[Candidate]) -> list[Candidate]:
    """Those that no import has brought yet, each with the occurrence under which it will be known."""
    # Rows of a relationship that is just being made cannot be known by what they say.
    work.occurrences.learn(one.key for one in chosen if one.has_id or not one.found.is_new)
    new = []
    for one in chosen:
        one.occurrence = work.occurrences.next(one.key, once=one.has_id)
        if one.occurrence:
            new.append(one)
        else:
            note_known(work, one.row)
    return new


def note_known(work: Work, row: Staged) -> None:
    work.outcome.known += 1
    if not work.write:
        work.outcome.known_rows.append(row)


def is_employees(found: Found, side: int) -> bool:
    return found.kind == Kind.EMPLOYEE and side == SideRole.COUNTERPART


def lay_evidence(
    work: Work, found: Iterable[Found], relationships: NDArray[np.int64], source_kind: SourceKind, columns: dict[str, Any], first_days: dict[int, int]
) -> None:
    """Append evidence and let live evidence follow: each row gets the next position of its relationship, in the order given.

    The relationships that `find` reserved are written here, since their heads are known only now. `first_days` has every relationship
    that got a row, with the first day of one.
    """
    settings, count = work.settings, len(relationships)
    by_pk: dict[int, list[Found]] = defaultdict(list)
    for one in found:
        by_pk[one.pk].append(one)
    order = np.argsort(relationships, kind="stable")
    ids, starts, counts = np.unique(relationships[order], return_index=True, return_counts=True)
    base = np.array([by_pk[pk][0].head for pk in ids.tolist()], np.int64)
    positions = np.empty(count, np.int64)
    positions[order] = np.repeat(base - starts, counts) + np.arange(1, count + 1)
    heads = dict(zip(ids.tolist(), (base + counts).tolist(), strict=True))
    work.resolver.write_made(heads, first_days, work.now)
    old = [pk for pk in heads if not by_pk[pk][0].is_new]
    bulk.update_by_id(Relationship, "head_position", old, [heads[pk] for pk in old])
    for pk, head in heads.items():
        for one in by_pk[pk]:
            one.head = head
    common = {
        "workspace_id": settings.workspace.pk,
        "relationship_id": relationships,
        "position": positions,
        "source_kind": int(source_kind),
        **columns,
    }
    bulk.insert(Evidence, count, common)
    bulk.insert(LiveEvidence, count, common)
    work.outcome.relationships |= set(first_days)
    work.outcome.met_before |= {pk for pk in first_days if not by_pk[pk][0].is_new}
    names = ("side", "on_day", "kind", "value_int", "relayed", "view_mask")
    work.outcome.laid.append([relationships, *(np.broadcast_to(np.asarray(columns[name]), (count,)) for name in names)])
