"""A first look at a file: its columns with some of their values, what each probably holds, and how dates and numbers are written."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from exchanges.models import ImportTable
from exchanges.services.imports import mapping
from exchanges.services.imports.tables import about_rows, open_table

LOOKED_AT = 20_000
SHOWN = 3
NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
SLASHED = re.compile(r"(\d{1,4})[./\- ](\d{1,2})[./\- ](\d{1,4})")
FIRST_SECOND, LAST_SECOND = 10**8, 2 * 10**9


@dataclass
class Column:
    number: int
    title: str
    samples: list[str] = field(default_factory=list)
    filled: int = 0
    values: list[str] = field(default_factory=list)  # more of them, to judge by

    def numbers(self) -> list[float]:
        return [float(value) for value in self.values if NUMBER.fullmatch(value)] if self.is_numeric() else []

    def is_numeric(self) -> bool:
        return bool(self.values) and all(NUMBER.fullmatch(value) for value in self.values)


@dataclass
class Look:
    rows: int
    is_whole: bool
    separated_by: str
    has_header: bool
    columns: list[Column]
    guessed: dict[int, str]

    @property
    def date_form(self) -> str:
        """How the dates are written, as far as the values tell."""
        return _date_form([value for column in self.columns if self.guessed.get(column.number) == "on" for value in column.values])

    @property
    def date_proof(self) -> str:
        """A value that can be read in one way only."""
        for column in self.columns:
            if self.guessed.get(column.number) == "on":
                for value in column.values:
                    found = SLASHED.fullmatch(value)
                    if found and len(found[1]) < 3 and max(int(found[1]), int(found[2])) > 12:
                        return value
        return ""

    @property
    def answer_most(self) -> float:
        """The largest answer by size: what scale they were given on."""
        numbers = [abs(one) for column in self.columns if self.guessed.get(column.number) == "value" for one in column.numbers()]
        return max(numbers, default=0.0)


def look(source: BinaryIO, *, table: str) -> Look:
    """Reads the first rows only; of a longer file the number of rows is an estimate."""
    opened = open_table(source)
    columns = [Column(number, title) for number, title in enumerate(opened.header or [""] * opened.width)]
    rows = 0
    for record in opened.records:
        rows += 1
        for column, cell in zip(columns, record.cells, strict=False):
            _take(column, cell.strip())
        if rows == LOOKED_AT:
            break
    guessed = mapping.guess(opened.header, table=table) if opened.header else _guess_by_values(columns, table)
    is_whole = rows < LOOKED_AT
    return Look(
        rows if is_whole else max(rows, about_rows(source)), is_whole, opened.dialect.separated_by, opened.header is not None, columns, guessed
    )


def rows_at(source: BinaryIO, numbers: Collection[int]) -> dict[int, list[str]]:
    """The cells of these rows, by their numbers."""
    wanted, last = set(numbers), max(numbers, default=0)
    found = {}
    opened = open_table(source)
    for record in opened.records:
        if record.number > last:
            break
        if record.number in wanted:
            found[record.number] = record.cells
    return found


def _take(column: Column, cell: str) -> None:
    if not cell:
        return
    column.filled += 1
    if len(column.values) < 200:
        column.values.append(cell[:40])
        if len(column.samples) < SHOWN and cell[:40] not in column.samples:
            column.samples.append(cell[:40])


def _date_form(values: Sequence[str]) -> str:
    if values and all(value.isdigit() and FIRST_SECOND < int(value) < LAST_SECOND for value in values):
        return "unix"
    if values and all(value.isdigit() and FIRST_SECOND < int(value) / 1000 < LAST_SECOND for value in values):
        return "unix_ms"
    parts = [found for value in values if (found := SLASHED.fullmatch(value))]
    if not parts or any(len(found[1]) == 4 for found in parts):
        return "iso"
    return "mdy" if any(int(found[2]) > 12 for found in parts) and not any(int(found[1]) > 12 for found in parts) else "dmy"


def _guess_by_values(columns: Sequence[Column], table: str) -> dict[int, str]:
    """Without a header: two ids, a rating and a time make a list of who rated whom."""
    if table != ImportTable.CHECKS:
        return {}
    left = [column for column in columns if column.is_numeric()]
    time = next((column for column in left if _date_form(column.values) in ("unix", "unix_ms")), None)
    rating = next((column for column in left if column is not time and max(map(abs, column.numbers())) <= 10), None)
    ids = [column for column in left if column not in (time, rating)]
    if time is None or rating is None or len(ids) < 2:
        return {}
    return {ids[0].number: "rater", ids[1].number: "rated", rating.number: "value", time.number: "on"}
