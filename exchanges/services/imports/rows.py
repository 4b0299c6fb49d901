"""One row of a file, checked: either a staged tuple of plain values, or a refusal with the row's number, the field and the reason.

A staged row names its relationship by a reference, which is resolved later, many at a time:
`p<own>\\x1f<counterpart>` two parties of a pair, `n<own>\\x1f<counterpart>` by name, `u<hex>` by public id. A report names its event.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from exchanges.models import Giver, ImportTable
from exchanges.services.imports.dialects import Record
from exchanges.services.imports.fields import FIELDS, Reading, Refused
from exchanges.services.imports.mapping import BadMapping, Placed
from relationships.models import SideRole

REMEMBERED = 50_000
SKIP, CREATE = "skip", "create"  # said on the page about one row
CUT = "\x1f"
Fixes = Mapping[int, Mapping[str, str]]


class Refusal(NamedTuple):
    number: int
    field: str
    reason: str
    typed: str = ""


# A staged row: its number, its reference, then one place for each field of its table. Marshal writes and reads it.
Staged = tuple[Any, ...]


class Step(NamedTuple):
    slot: int
    column: int | None
    constant: str
    read: Callable[[str], Any]
    remembered: dict[str, Any]
    is_free_text: bool
    required: bool
    name: str


class Plan:
    """How the rows of one file are read. `check` is called once per row and keeps nothing but the cells it has seen before."""

    def __init__(self, table: str, placed: Sequence[Placed], *, width: int, today: date, fixes: Fixes | None = None) -> None:
        self.table = table
        self.width = width
        self.slots = {name: number for number, name in enumerate(FIELDS[table])}
        self.fixes = fixes or {}
        self._steps = [self._step(one, today) for one in placed]
        self._columns = [(step.slot, step.column, step.remembered, step) for step in self._steps if step.column is not None]
        self._constants: list[Any] = [None] * len(self.slots)
        for step in self._steps:
            if step.column is None:
                self._constants[step.slot] = self._constant(step)
        names = {one.field.name for one in placed}
        self._finish = self._finisher(names)

    def check(self, record: Record) -> Staged:
        """Raises Refused with the field's name."""
        cells = record.cells
        if record.broken:
            raise Refused(record.broken)
        if len(cells) != self.width:
            self._ensure_width(cells)
        fixed = self.fixes.get(record.number) if self.fixes else None
        if fixed:
            cells = self._mended(cells, fixed)
        row = self._constants.copy()
        for slot, index, remembered, step in self._columns:
            text = cells[index]
            try:
                row[slot] = remembered[text]
            except KeyError:
                row[slot] = self._read(step, text)
        reference = self._finish(row)
        if fixed and fixed.get(CREATE) and reference[0] == "n":
            reference = "c" + reference[1:]
        return (record.number, reference, *row)

    def _read(self, step: Step, text: str) -> Any:
        """A cell that was not met before, or that is not worth remembering. Raises Refused with the field's name."""
        try:
            value = step.read(text) if text and not text.isspace() else None
            if step.required and (value is None or value == ""):
                raise Refused("This is empty.")
        except Refused as refused:
            refused.field = step.name
            raise
        if not step.is_free_text:
            if len(step.remembered) >= REMEMBERED:
                step.remembered.clear()
            step.remembered[text] = value
        return value

    def _constant(self, step: Step) -> Any:
        try:
            return self._read(step, step.constant)
        except Refused as refused:
            raise BadMapping(f"{step.name} for every row: {refused.reason}", field="map") from None

    def _mended(self, cells: Sequence[str], fixed: Mapping[str, str]) -> list[str]:
        """The cells with those that were typed on the page in place of the file's."""
        if fixed.get(SKIP):
            raise Refused("You left this row out.")
        mended = list(cells)
        for step in self._steps:
            if step.column is not None and step.name in fixed:
                mended[step.column] = fixed[step.name]
        return mended

    def refusal(self, record: Record, refused: Refused) -> Refusal:
        """With what was typed, so that it can be mended on the page."""
        typed = ""
        for step in self._steps:
            if step.name == refused.field and step.column is not None and step.column < len(record.cells):
                typed = self.fixes.get(record.number, {}).get(step.name, record.cells[step.column])
        return Refusal(record.number, refused.field, refused.reason[:300], printable(typed))

    def _step(self, one: Placed, today: date) -> Step:
        read = one.field.make(Reading(one.source.form, one.source.steps, today))
        is_free = one.field.is_free_text or one.field.name == "id"
        return Step(self.slots[one.field.name], one.index, one.source.constant, read, {}, is_free, one.field.required, one.field.name)

    def _ensure_width(self, cells: list[str]) -> None:
        """Cells that are missing may only be those at the end that nobody maps; ones too many must be empty."""
        if len(cells) > self.width:
            if any(cell.strip() for cell in cells[self.width :]):
                raise Refused(f"This row has {len(cells)} cells, the first one has {self.width}. Is there a separator inside a text?")
            return
        needed = max((step.column for step in self._steps if step.column is not None), default=-1)
        if len(cells) <= needed:
            raise Refused(f"This row has {len(cells)} cells, the first one has {self.width}.")

    def _finisher(self, names: set[str]) -> Callable[[list[Any]], str]:
        if self.table == ImportTable.REPORTS:
            event = self.slots["event"]
            return lambda row: row[event]
        first, second = ("rater", "rated") if self.table == ImportTable.CHECKS else ("giver", "receiver")
        if first in names and second in names:
            return self._pair(first, second)
        if first in names or second in names:
            raise BadMapping(f"{FIELDS[self.table][first].label} and {FIELDS[self.table][second].label.lower()} belong together.", field="map")
        return self._named()

    def _pair(self, first: str, second: str) -> Callable[[list[Any]], str]:
        """Two parties by name or number: the smaller one is the own side, and the first one answers, or gives."""
        one, other = self.slots[first], self.slots[second]
        whose = self.slots["side" if self.table == ImportTable.CHECKS else "direction"]
        own, counterpart = (SideRole.OWN, SideRole.COUNTERPART) if self.table == ImportTable.CHECKS else (Giver.OWN, Giver.COUNTERPART)

        def finish(row: list[Any]) -> str:
            actor, object_ = row[one], row[other]
            if actor == object_:
                raise Refused("A relationship has two different sides.", second)
            if is_smaller(actor, object_):
                row[whose] = int(own)
                return f"p{actor}{CUT}{object_}"
            row[whose] = int(counterpart)
            return f"p{object_}{CUT}{actor}"

        return finish

    def _named(self) -> Callable[[list[Any]], str]:
        relationship, own, counterpart = self.slots["relationship"], self.slots["own"], self.slots["counterpart"]

        def finish(row: list[Any]) -> str:
            name = row[relationship] or row[counterpart]
            if not name:
                raise Refused("Which relationship is this about?", "counterpart")
            if row[relationship]:
                try:
                    return f"u{UUID(row[relationship]).hex}{CUT}{row[own] or ''}{CUT}{row[counterpart] or ''}"
                except ValueError:
                    pass
            if row[own] == name:
                raise Refused("A relationship has two different sides.", "counterpart")
            return f"p{row[own]}{CUT}{name}" if row[own] else f"n{CUT}{name}"

        return finish


def is_smaller(one: str, other: str) -> bool:
    """Numbers by their size, anything else by its letters; a number is smaller than a name."""
    if one.isdecimal() and other.isdecimal():
        return (int(one), one) < (int(other), other)
    if one.isdecimal() != other.isdecimal():
        return one.isdecimal()
    return (one.casefold(), one) < (other.casefold(), other)


def printable(text: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in text[:200])
