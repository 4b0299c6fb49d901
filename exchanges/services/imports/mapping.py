"""Which column holds what: one small language for the command and the browser.

    counterpart=account, on=date:dmy, direction=in_out, what=note, cost=hours*8, cost_unit:=hours
    rater=0, rated=1, value=2*3/10, on=3:unix

`field=column` takes a column by its name or its number from 0 (names with signs in quotation marks); steps after it are worked from left to
right: `*` `/` `+` `-` a number, then `:` how it is written. `field:=text` gives every row the same text. docs/import.md has the fields.
"""

from __future__ import annotations

import re
from collections.abc import Mapping as AnyMapping
from collections.abc import Sequence
from dataclasses import dataclass, field

from exchanges.services.imports.fields import FIELDS, Field
from valueledger.common.errors import Invalid

ITEM = re.compile(
    r"""\s*(?P<field>[A-Za-z_]+)\s*
    (?: := \s* (?P<constant> "(?:[^"]|"")*" | [^,]* )
      | =  \s* (?P<column> "(?:[^"]|"")*" | \d+ | [^\W\d][^,"]*? ) \s*
        (?P<steps> (?: [*/+-] \s* \d+(?:\.\d+)? \s* )* ) (?: : (?P<form> [^,]* ) )? )
    \s* (?: , | $ )""",
    re.VERBOSE,
)
STEP = re.compile(r"([*/+-])\s*(\d+(?:\.\d+)?)")
PLAIN_NAME = re.compile(r"[^\W\d][\w .]*")


class BadMapping(Invalid):
    code = "bad_mapping"


@dataclass(frozen=True)
class Source:
    """Where a field's text comes from and how it is read."""

    column: int | str | None = None
    constant: str = ""
    steps: tuple[tuple[str, str], ...] = ()
    form: str = ""

    def __str__(self) -> str:
        if self.column is None:
            return f":={_quoted(self.constant, always=',' in self.constant)}"
        name = str(self.column) if isinstance(self.column, int) else _quoted(self.column, always=not PLAIN_NAME.fullmatch(self.column))
        steps = "".join(sign + number for sign, number in self.steps)
        return f"={name}{steps}{':' + self.form if self.form else ''}"


@dataclass(frozen=True)
class Mapping:
    table: str
    sources: dict[str, Source] = field(default_factory=dict)

    def __str__(self) -> str:
        return ", ".join(f"{name}{source}" for name, source in self.sources.items())

    def __contains__(self, name: str) -> bool:
        return name in self.sources

    def by_name(self) -> bool:
        """Some column is called by its name, so the file must have a header."""
        return any(isinstance(source.column, str) for source in self.sources.values())


@dataclass(frozen=True)
class Placed:
    """A field with its column found in a file; None for a constant."""

    field: Field
    source: Source
    index: int | None


def parse(text: str, *, table: str) -> Mapping:
    """Raises BadMapping with the part that cannot be understood."""
    sources: dict[str, Source] = {}
    place = 0
    while place < len(text):
        found = ITEM.match(text, place)
        if found is None:
            raise BadMapping(f"This part of the mapping cannot be read: {text[place : place + 60].strip()}", field="map")
        place = found.end()
        name = _field_named(found["field"].lower(), table).name
        if name in sources:
            raise BadMapping(f"The field {name} is mapped twice.", field="map")
        sources[name] = _source(found)
    mapping = Mapping(table, sources)
    ensure_complete(mapping)
    return mapping


def ensure_complete(mapping: Mapping) -> None:
    """Raises BadMapping unless the fields that every row needs are there."""
    for choices in NEEDED[mapping.table]:
        if not any(all(name in mapping for name in names) for names in choices):
            wanted = ", or ".join(" and ".join(FIELDS[mapping.table][name].label.lower() for name in names) for names in choices)
            raise BadMapping(f"Choose a column for: {wanted}.", field="map", code="incomplete")


def place(mapping: Mapping, header: Sequence[str] | None, width: int) -> list[Placed]:
    """Find the columns in a file. Raises BadMapping for one that is missing, or that two columns could be."""
    placed = []
    for name, source in mapping.sources.items():
        index = source.column
        if isinstance(index, str):
            index = _column_named(index, header or [])
        elif index is not None and index >= width:
            raise BadMapping(f"There is no column {index}: the first row has {width}, counted from 0.", field="map", code="no_column")
        placed.append(Placed(FIELDS[mapping.table][name], source, index))
    return placed


def guess(header: Sequence[str], *, table: str) -> dict[int, str]:
    """The fields that column names suggest, by column number; each field once."""
    known = {alias: name for name, target in FIELDS[table].items() for alias in (_plain(name), *map(_plain, target.aliases))}
    guessed: dict[int, str] = {}
    for number, title in enumerate(header):
        name = known.get(_plain(title))
        if name and name not in guessed.values():
            guessed[number] = name
    return guessed


def of_header(header: Sequence[str], *, table: str) -> Mapping:
    """The mapping that column names suggest, as for an export of ours. Raises BadMapping if they do not say enough."""
    mapping = Mapping(table, {name: Source(column=number) for number, name in guess(header, table=table).items()})
    ensure_complete(mapping)
    return mapping


# Fields of which every row needs one of the groups.
NEEDED: AnyMapping[str, list[list[tuple[str, ...]]]] = {
    "CHECKS": [[("rater", "rated"), ("relationship", "side"), ("counterpart", "side")], [("value",)], [("on",)]],
    "EVENTS": [[("giver", "receiver"), ("relationship", "direction"), ("counterpart", "direction")], [("on",)]],
    "REPORTS": [[("event",)], [("side",)], [("role",)]],
}


def _field_named(name: str, table: str) -> Field:
    for target in FIELDS[table].values():
        if name == target.name or name in target.aliases:
            return target
    known = ", ".join(FIELDS[table])
    raise BadMapping(f"{table.lower().capitalize()} have no field {name}. They have: {known}.", field="map", code="no_field")


def _source(found: re.Match[str]) -> Source:
    if found["constant"] is not None:
        return Source(constant=_unquoted(found["constant"].strip()))
    column = found["column"].strip()
    steps = tuple((sign, number) for sign, number in STEP.findall(found["steps"] or ""))
    if any(sign == "/" and float(number) == 0 for sign, number in steps):
        raise BadMapping("Nothing can be divided by 0.", field="map")
    form = (found["form"] or "").strip().removeprefix("date:")
    return Source(column=int(column) if column.isdigit() else _unquoted(column), steps=steps, form=form)


def _column_named(name: str, header: Sequence[str]) -> int:
    places = [number for number, title in enumerate(header) if title.strip() == name] or [
        number for number, title in enumerate(header) if _plain(title) == _plain(name)
    ]
    if not places:
        titles = ", ".join(title.strip()[:40] for title in header[:20]) or "no header"
        raise BadMapping(f"There is no column called {name[:60]}. The file has: {titles}.", field="map", code="no_column")
    if len(places) > 1:
        raise BadMapping(f"{len(places)} columns are called {name[:60]}: name one by its number, from 0.", field="map", code="column_twice")
    return places[0]


def _plain(title: str) -> str:
    return "".join(sign for sign in title.casefold() if sign.isalnum())


def _quoted(text: str, *, always: bool) -> str:
    doubled = text.replace('"', '""')
    return f'"{doubled}"' if always or '"' in text else text


def _unquoted(text: str) -> str:
    return text[1:-1].replace('""', '"') if len(text) > 1 and text[0] == text[-1] == '"' else text
