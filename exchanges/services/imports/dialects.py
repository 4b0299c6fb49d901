"""From bytes to cells, whatever program wrote the file: gzip or not, BOM, UTF-16, Latin-1, any separator, any line ending.

A quotation mark that is never closed costs one row, not the rest of the file. Memory stays flat: nothing but the row at hand is kept.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
import zlib
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

from valueledger.common.errors import Invalid

SAMPLE = 1 << 16
ROW_LONGEST = 4 << 20  # characters of one row, line breaks in quotation marks included
ROW_LINES = 2_000
COLUMNS_MOST = 500
SEPARATORS = ",;\t|"
DAMAGED = "This file is packed, and the package is damaged."
GZIP = b"\x1f\x8b"
SEP_LINE = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)
NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}

csv.field_size_limit(ROW_LONGEST + 1)  # bounded by what `records` lets through; the standard 128 kB raises in the middle of a file


class NotReadable(Invalid):
    code = "not_readable"
    sentence = "This is not a table we can read."


class TooLarge(NotReadable):
    code = "too_large"
    status = 413
    sentence = "This file is larger than may be imported at once. Cut it in parts."


@dataclass(frozen=True)
class Dialect:
    encoding: str
    separator: str
    has_sep_line: bool = False

    @property
    def separated_by(self) -> str:
        return NAMES.get(self.separator, f"“{self.separator}”")


class Record(NamedTuple):
    """One row as it stands in the file, counted from 1 with the header. `broken` says why its cells cannot be read."""

    number: int
    cells: list[str]
    broken: str = ""


def open_bytes(source: BinaryIO) -> BinaryIO:
    """The file's content, unpacked if it is packed."""
    start = source.read(2)
    source.seek(0)
    return gzip.GzipFile(fileobj=source) if start == GZIP else source  # type: ignore[return-value]


def beginning(source: BinaryIO) -> bytes:
    """The first bytes of the unpacked content. Raises NotReadable if it cannot be unpacked."""
    try:
        return open_bytes(source).read(SAMPLE)
    except (OSError, EOFError, zlib.error) as error:
        raise NotReadable(DAMAGED) from error


def recognise(source: BinaryIO, *, separator: str = "") -> Dialect:
    """Look at the beginning of a file. Raises NotReadable for what is no text at all."""
    sample = beginning(source)
    if not sample:
        raise NotReadable("This file is empty.")
    encoding = _encoding(sample)
    text = sample.decode(encoding, "replace")
    told = SEP_LINE.match(text)
    if told:
        return Dialect(encoding, separator or told[1], has_sep_line=True)
    return Dialect(encoding, separator or _separator(text))


def records(source: BinaryIO, dialect: Dialect, *, largest: int | None = None) -> Iterator[Record]:
    """The rows of a file that stands at its beginning. Empty lines are passed over and counted. `largest`: characters at most."""
    errors = "surrogateescape" if dialect.encoding.startswith("utf-8") else "replace"
    lines = io.TextIOWrapper(source, encoding=dialect.encoding, errors=errors, newline="")
    try:
        yield from _Records(lines, dialect, largest)
    except (OSError, EOFError, UnicodeError, zlib.error) as error:
        raise NotReadable(DAMAGED) from error
    finally:
        with suppress(ValueError):  # the file below may have been closed first
            lines.detach()


class _Records:
    """Iterates records; lines taken in vain for an open quotation mark are given back."""

    def __init__(self, lines: io.TextIOBase, dialect: Dialect, largest: int | None) -> None:
        self._lines = lines
        self._separator = dialect.separator
        self._left = largest or 1 << 62
        self._waiting: deque[str] = deque()
        self._number = 0
        self._never_closed = 0
        self._skip_first = dialect.has_sep_line

    def __iter__(self) -> Iterator[Record]:
        separator = self._separator
        while line := self._next():
            self._number += 1
            if self._skip_first:
                self._skip_first = False
            elif len(line) > ROW_LONGEST:
                self._pass_to_line_end(line)
                yield Record(self._number, [], f"This row is longer than {ROW_LONGEST:,} characters.")
            elif '"' in line:
                yield self._quoted(line)
            elif not line.isspace():
                cells = line.rstrip("\r\n").split(separator)
                yield Record(self._number, cells if line.isascii() else [_mended(cell) for cell in cells])

    def _quoted(self, line: str) -> Record:
        """A row with quotation marks, over as many lines as they span."""
        taken, length, inside = [line], len(line), _ends_inside(line, self._separator, False)
        # A file full of stray marks must not have its lines read again for each of them.
        lines_most = max(20, ROW_LINES // (1 + self._never_closed))
        while inside and len(taken) < lines_most and length < ROW_LONGEST and (line := self._next()):
            taken.append(line)
            length += len(line)
            if _opens_instead(line, self._separator):
                break
            inside = _ends_inside(line, self._separator, True)
        if inside:
            self._never_closed += 1
            self._waiting.extendleft(reversed(taken[1:]))
            return Record(self._number, [], "A quotation mark is opened in this row and never closed.")
        row = next(csv.reader(["".join(taken)], delimiter=self._separator), [])
        return Record(self._number, [cell if cell.isascii() else _mended(cell) for cell in row])

    def _next(self) -> str:
        if self._waiting:
            return self._waiting.popleft()
        line = self._lines.readline(ROW_LONGEST + 1)
        self._left -= len(line)
        if self._left < 0:
            raise TooLarge
        return line

    def _pass_to_line_end(self, line: str) -> None:
        while line and not line.endswith(("\n", "\r")):
            line = self._next()


def _ends_inside(line: str, separator: str, inside: bool) -> bool:
    """Whether quotation marks are open at the line's end. A mark opens only at the beginning of a cell, as spreadsheets read it."""
    place, end = 0, len(line)
    while place < end:
        if not inside and line[place] != '"':
            place = line.find(separator, place) + 1
            if place == 0:
                return False
            continue
        place = _past_closing_mark(line, place if inside else place + 1)
        if place < 0:
            return True
        inside = False
        place = line.find(separator, place) + 1
        if place == 0:
            return False
    return inside


def _opens_instead(line: str, separator: str) -> bool:
    """Whether the mark that would close a cell begun in an earlier line stands where a cell begins: it belongs to that line's own row."""
    place = _past_closing_mark(line, 0)
    return place > 0 and line[place : place + 1] not in (separator, "\r", "\n", "")


def _past_closing_mark(line: str, place: int) -> int:
    """The place after the mark that closes the cell; -1: none does. A doubled mark stands for itself."""
    while (place := line.find('"', place)) >= 0:
        if not line.startswith('"', place + 1):
            return place + 1
        place += 2
    return -1


def _mended(cell: str) -> str:
    """A cell that was not UTF-8 is read as Western European, which every byte is."""
    try:
        cell.encode()
    except UnicodeEncodeError:
        raw = cell.encode("utf-8", "surrogateescape")
        try:
            return raw.decode("cp1252")
        except UnicodeDecodeError:
            return raw.decode("latin-1")
    return cell


def _encoding(sample: bytes) -> str:
    for mark, name in ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")):
        if sample.startswith(mark):
            return name
    half = max(len(sample) // 2, 1)
    even, odd = sample[0::2].count(0) / half, sample[1::2].count(0) / half
    if odd > 0.4 and even < 0.1:
        return "utf-16-le"
    if even > 0.4 and odd < 0.1:
        return "utf-16-be"
    if sample.count(0) > 0.1 * len(sample):
        raise NotReadable("This is not text. Save the table as CSV and try again.")
    return "utf-8"


def _separator(text: str) -> str:
    """The one that cuts the first rows into the same number of cells, and into the most."""
    lines = [line for line in re.split(r"\r\n|\r|\n", text)[:40] if line]
    if len(lines) > 1:
        lines = lines[:-1]  # the last one may be cut off by the sample's end
    best, chosen = (0.0, 0), ","
    for separator in SEPARATORS:
        counts = Counter(len(row) for row in csv.reader(lines, delimiter=separator))
        width, agreeing = counts.most_common(1)[0] if counts else (1, 0)
        score = (agreeing / max(sum(counts.values()), 1), width)
        if width > 1 and score > best:
            best, chosen = score, separator
    return chosen
