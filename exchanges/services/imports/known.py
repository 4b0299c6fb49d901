"""Rows that are in the ledger already: by their exported id in their own workspace, else by source, fingerprint and n-th occurrence.

Keys of a batch that was undone are used up: the same row, imported again, takes the next occurrence.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from hashlib import blake2b

import numpy as np

from exchanges.models import ImportBatch, ImportKey, ImportState
from exchanges.services.imports.resolving import Settings
from valueledger.common import bulk

WIDTH = 16


def fingerprint(table: str, *parts: int | str | None) -> bytes:
    """Of numbers and texts, whose representation never changes."""
    return blake2b(repr((str(table), *parts)).encode("utf-8", "replace"), digest_size=WIDTH).digest()


class Occurrences:
    """Numbers equal rows, and says which of them are new. Fill it with what the ledger knows of the rows at hand."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._seen: dict[bytes, int] = defaultdict(int)
        self._live: dict[bytes, int] = defaultdict(int)
        self._top: dict[bytes, int] = defaultdict(int)
        self._learned: set[bytes] = set()

    def learn(self, fingerprints: Iterable[bytes]) -> None:
        """Once for each: what this run writes itself does not come back as known."""
        fresh = set(fingerprints) - self._learned
        self._learned |= fresh
        if not fresh:
            return
        undone = undone_batches(self._settings)
        columns = ["fingerprint", "occurrence", "batch_id"]
        where = {"workspace_id": self._settings.workspace.pk, "source": self._settings.source}
        for key, occurrence, batch_id in bulk.lookup(ImportKey, "fingerprint", sorted(fresh), columns, where=where):
            self._top[key] = max(self._top[key], occurrence)
            self._live[key] += batch_id not in undone

    def next(self, key: bytes, *, once: bool = False) -> int:
        """The occurrence under which this row is new; 0 if it is known. `once`: an id, of which a second is the same row."""
        self._seen[key] += 1
        if self._seen[key] <= self._live[key] or (once and self._seen[key] > 1):
            return 0
        return self._top[key] + self._seen[key] - self._live[key]


def undone_batches(settings: Settings) -> set[int | None]:
    states = (ImportState.UNDOING, ImportState.UNDONE)
    return set(ImportBatch.objects.filter(workspace=settings.workspace, state__in=states).values_list("id", flat=True))


def targets_of(settings: Settings, keys: Sequence[bytes]) -> dict[bytes, int]:
    """The newest row that stands behind each key."""
    columns = ["fingerprint", "occurrence", "target_id"]
    where = {"workspace_id": settings.workspace.pk, "source": settings.source}
    rows = bulk.lookup(ImportKey, "fingerprint", sorted(set(keys)), columns, where=where)
    return {key: target for key, _, target in sorted(rows, key=lambda row: row[1])}


def remember(settings: Settings, table: str, keys: Sequence[bytes], occurrences: Sequence[int], targets: np.ndarray) -> None:
    bulk.insert(
        ImportKey, len(keys),
        {
            "workspace_id": settings.workspace.pk, "source": settings.source, "fingerprint": np.frombuffer(b"".join(keys), f"V{WIDTH}"),
            "occurrence": np.array(occurrences, np.int64), "target_kind": str(table), "target_id": targets, "batch_id": settings.batch_id,
        },
    )  # fmt: skip
