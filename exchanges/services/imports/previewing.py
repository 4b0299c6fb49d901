"""The rows of an import as the page shows them before it runs: what is wrong, with the rows around it, what is ready, what is known."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from exchanges.models import ImportBatch, ImportTable
from exchanges.services.imports import mapping
from exchanges.services.imports.batches import Rehearsal
from exchanges.services.imports.looking import rows_at
from exchanges.services.imports.mapping import Placed
from exchanges.services.imports.rows import Refusal, printable
from exchanges.services.imports.running import options_of
from exchanges.services.imports.tables import open_table, stored_file

WRONG_SHOWN, OTHERS_SHOWN, COLUMNS_SHOWN, ALIKE = 40, 60, 6, 6
FIRST = {
    ImportTable.EVENTS: ("on", "direction", "counterpart", "relationship", "giver", "receiver", "what", "cost", "worth", "guess", "kind"),
    ImportTable.CHECKS: ("on", "rater", "rated", "counterpart", "relationship", "side", "value", "sentence"),
    ImportTable.REPORTS: ("event", "side", "role", "word", "amount", "unit", "sentence"),
}
CREATE, SKIP = "::create", "::skip"


@dataclass
class Cell:
    label: str
    text: str
    reason: str = ""
    name: str = ""  # of the input in which it can be mended
    choices: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Row:
    number: int
    cells: list[Cell]
    is_wrong: bool = False


@dataclass
class Page:
    show: str
    labels: list[str]
    rows: list[Row]
    is_cut: bool = False
    wrong_shown: int = 0


def preview_page(batch: ImportBatch, told: Rehearsal, *, show: str, names: Sequence[str]) -> Page:
    """`names`: of the relationships that the member may write to, for one that was misspelt."""
    wrong = {row.number: row for row in told.refused[:WRONG_SHOWN]} if show == "needs" else {}
    others = told.ready_rows if show == "ready" else told.known_rows if show == "known" else []
    numbers = sorted({row[0] for row in others})[:OTHERS_SHOWN]
    around = {near for number in wrong for near in (number - 1, number + 1)}
    all_wrong = {row.number for row in told.refused}
    with stored_file(batch.pk) as source:
        opened = open_table(source, has_header=options_of(batch).has_header)
        chosen = mapping.parse(options_of(batch).map, table=batch.table)
        placed = [one for one in mapping.place(chosen, opened.header, opened.width) if one.index is not None]
        first_row = 2 if opened.header else 1
        cells = rows_at(source, {*wrong, *numbers, *(number for number in around - all_wrong if number >= first_row)})
    columns = shown_columns(batch.table, placed, {row.field for row in wrong.values()})
    fixes = options_of(batch).as_fixes()
    rows = [row_of(number, cells[number], columns, wrong.get(number), fixes.get(number, {}), names) for number in sorted(cells)]
    total = len(told.refused) if show == "needs" else len(others)
    return Page(
        show, [one.field.label for one in columns], rows, is_cut=total > (len(wrong) if show == "needs" else len(numbers)), wrong_shown=len(wrong)
    )


def shown_columns(table: str, placed: Sequence[Placed], wrong: set[str]) -> list[Placed]:
    order = {name: number for number, name in enumerate(FIRST[ImportTable(table)])}
    ranked = sorted(placed, key=lambda one: (order.get(one.field.name, 99), one.index or 0))
    kept = ranked[:COLUMNS_SHOWN]
    return kept + [one for one in ranked[COLUMNS_SHOWN:] if one.field.name in wrong]


def row_of(
    number: int, texts: Sequence[str], columns: Sequence[Placed], wrong: Refusal | None, fixed: dict[str, str] | object, names: Sequence[str]
) -> Row:
    known = fixed if isinstance(fixed, dict) else {}
    cells = []
    for one in columns:
        text = texts[one.index] if one.index is not None and one.index < len(texts) else ""
        cell = Cell(one.field.label, printable(known.get(one.field.name, text)))
        if wrong is not None and wrong.field == one.field.name:
            cell.reason, cell.name = wrong.reason, f"fix-{number}-{one.field.name}"
            if one.field.name in ("counterpart", "relationship") and cell.text:
                cell.choices = choices_for(cell.text, names)
        cells.append(cell)
    if wrong is not None and not any(cell.reason for cell in cells):
        cells = cells or [Cell("", "")]
        cells[0].reason = wrong.reason
    return Row(number, cells, wrong is not None)


def choices_for(typed: str, names: Sequence[str]) -> list[tuple[str, str]]:
    folded = {name.casefold(): name for name in names}
    alike: Iterable[str] = difflib.get_close_matches(typed.casefold(), list(folded), n=ALIKE, cutoff=0.4)
    return [(folded[name], folded[name]) for name in alike] + [(CREATE, f"Begin “{typed}”"), (SKIP, "Leave this row out")]
