"""Checked rows on their way to the database, sorted into parts so that all rows of one reference meet in one part.

Small files stay in memory; larger ones go to one unnamed temporary file, which the system removes whatever happens to us. A row's part
depends on its reference and the number of parts alone, so a run that was killed goes on with the parts that are left.
"""

from __future__ import annotations

import marshal
import tempfile
from collections.abc import Iterator
from types import TracebackType
from typing import IO
from zlib import crc32

from exchanges.services.imports.rows import Staged

PART_ROWS = 8_000
PARTS_MOST = 1_000
KEPT_IN_MEMORY = 20_000
BLOCK = 200


def parts_for(rows: int) -> int:
    return max(1, min(PARTS_MOST, round(rows / PART_ROWS)))


def part_of(reference: str, parts: int) -> int:
    return crc32(reference.encode("utf-8", "surrogatepass")) % parts


class Staging:
    def __init__(self, parts: int, *, first: int = 0) -> None:
        """`first`: earlier parts are done, and their rows are not kept."""
        self.parts = parts
        self._first = first
        self._waiting: list[list[Staged]] = [[] for _ in range(parts)]
        self._blocks: list[list[tuple[int, int]]] = [[] for _ in range(parts)]
        self._file: IO[bytes] | None = None
        self._end = 0
        self.count = 0

    def __enter__(self) -> Staging:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, row: Staged) -> None:
        part = crc32(row[1].encode()) % self.parts if self.parts > 1 else 0
        if part < self._first:
            return
        self.count += 1
        waiting = self._waiting[part]
        waiting.append(row)
        if len(waiting) >= BLOCK and self.count > KEPT_IN_MEMORY:
            self._put_away(part)

    def rows_of(self, part: int, *, again: bool = False) -> Iterator[list[Staged]]:
        """The rows of one part in the order of the file, block by block. `again`: they will be asked for once more."""
        for begin, length in self._blocks[part]:
            assert self._file is not None
            self._file.seek(begin)
            yield marshal.loads(self._file.read(length))  # noqa: S302 - our own file, which nobody else can open
        if self._waiting[part]:
            yield self._waiting[part]
        if not again:
            self._waiting[part] = []

    def _put_away(self, part: int) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="valueledger-import-")  # noqa: SIM115 - open for as long as this object
        raw = marshal.dumps(self._waiting[part])
        self._file.write(raw)
        self._blocks[part].append((self._end, len(raw)))
        self._end += len(raw)
        self._waiting[part] = []
