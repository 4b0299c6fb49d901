"""A file opened as a table: how it is written, its header if it has one, and about how long it is."""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from django.db.models.functions import Length

from exchanges.models import ImportFile
from exchanges.services.imports import dialects
from exchanges.services.imports.dialects import COLUMNS_MOST, GZIP, Dialect, NotReadable, Record

VALUE = re.compile(r"\s*[+\-\u2212]?[\d.,:/ \-T]+\s*Z?")


@dataclass
class Table:
    dialect: Dialect
    header: list[str] | None
    width: int
    first: Record  # the first row of the file, header or not
    records: Iterator[Record]  # the rows after the header


def open_table(source: BinaryIO, *, has_header: bool | None = None, separator: str = "", largest: int | None = None) -> Table:
    """From the file's beginning. `has_header` None: look whether the first row holds values. Raises NotReadable."""
    source.seek(0)
    dialect = dialects.recognise(source, separator=separator)
    source.seek(0)
    rows = dialects.records(dialects.open_bytes(source), dialect, largest=largest)
    first = next(rows, None)
    if first is None:
        raise NotReadable("This file has no rows.")
    if first.broken:
        raise NotReadable(f"The first row cannot be read. {first.broken}")
    if len(first.cells) > COLUMNS_MOST:
        raise NotReadable(f"The first row has {len(first.cells):,} columns, and {COLUMNS_MOST} fit.")
    is_header = looks_like_header(first.cells) if has_header is None else has_header
    if is_header:
        return Table(dialect, [title.strip() for title in first.cells], len(first.cells), first, rows)
    return Table(dialect, None, len(first.cells), first, _after(first, rows))


def looks_like_header(cells: list[str]) -> bool:
    """Titles are no numbers and no dates, and there is one in most places."""
    filled = [cell for cell in cells if cell.strip()]
    return len(filled) * 2 > len(cells) and not any(VALUE.fullmatch(cell) for cell in filled)


def about_rows(source: BinaryIO) -> int:
    """An estimate, to cut the work into parts of a good size."""
    source.seek(0, io.SEEK_END)
    size = source.tell()
    source.seek(0)
    if source.read(2) == GZIP and size > 8:
        source.seek(-4, io.SEEK_END)
        size = max(struct.unpack("<I", source.read(4))[0], size)
    source.seek(0)
    sample = dialects.beginning(source)
    lines = sample.count(b"\n") or sample.count(b"\r")
    return max(1, size * max(lines, 1) // max(len(sample), 1))


def _after(first: Record, rows: Iterator[Record]) -> Iterator[Record]:
    yield first
    yield from rows


class StoredFile(io.RawIOBase):
    """An uploaded file, read piece by piece from the database."""

    def __init__(self, batch_id: int) -> None:
        pieces = ImportFile.objects.filter(batch_id=batch_id).order_by("number")
        self._batch_id = batch_id
        self._starts: list[tuple[int, int, int]] = []
        self._place = self._size = 0
        self._at: tuple[int, bytes] = (-1, b"")
        for number, length in pieces.annotate(length=Length("content")).values_list("number", "length"):
            self._starts.append((self._size, length, number))
            self._size += length

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        begin = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        self._place = max(0, begin + offset)
        return self._place

    def readinto(self, buffer: Any) -> int:
        for start, length, number in self._starts:
            if start <= self._place < start + length:
                piece = self._piece(number)[self._place - start :][: len(buffer)]
                buffer[: len(piece)] = piece
                self._place += len(piece)
                return len(piece)
        return 0

    def _piece(self, number: int) -> bytes:
        if self._at[0] != number:
            content = ImportFile.objects.values_list("content", flat=True).get(batch_id=self._batch_id, number=number)
            self._at = (number, bytes(content))
        return self._at[1]


def stored_file(batch_id: int) -> BinaryIO:
    return io.BufferedReader(StoredFile(batch_id), 1 << 18)  # type: ignore[return-value]
