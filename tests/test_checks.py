"""The page that says which test holds which promise names tests that there are."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent
PAGE = (ROOT.parent / "docs" / "checks.md").read_text()
NAMED = re.findall(r"`([\w/]+\.py)::(\w+)`", PAGE)


def names_in(path: Path) -> set[str]:
    return {node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)}


def test_every_test_that_the_page_names_is_there() -> None:
    assert len(NAMED) > 50
    assert [f"{file}::{name}" for file, name in NAMED if name not in names_in(ROOT / file)] == []


def test_every_row_names_what_holds_it() -> None:
    rows = [line.split("|")[1:-1] for line in PAGE.splitlines() if re.match(r"\| [A-Z]\d", line)]
    assert len(rows) >= 28
    assert [row[0] for row in rows if len(row) != 3 or "::" not in row[1]] == []
