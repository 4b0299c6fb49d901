"""Cells that a spreadsheet would take for a formula are written with a quotation mark before them, and read back without it."""

from __future__ import annotations

RISKY = ("=", "+", "-", "@", "\t", "\r", "\0")
MARK = "'"


def as_written(text: str) -> str:
    """For a file that a person may open in a spreadsheet. A text that already looks so marked gets one more mark, so that nothing is lost."""
    return MARK + text if text.lstrip(MARK).startswith(RISKY) else text


def as_stored(cell: str) -> str:
    """The text behind `as_written`."""
    return cell[1:] if cell.startswith(MARK) and cell.lstrip(MARK).startswith(RISKY) else cell
