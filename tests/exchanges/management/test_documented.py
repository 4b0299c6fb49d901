"""Every command of this product stands in docs/operations.md with every one of its flags, and no flag stands there that is gone."""

import re
from argparse import ArgumentParser
from collections.abc import Iterable
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

DOC = Path(__file__).resolve().parents[3] / "docs" / "operations.md"
APPS = {"exchanges", "relationships", "valueledger", "valueledger.common"}
OURS = sorted(name for name, app in get_commands().items() if app in APPS)
FRAMEWORKS = {"--help", "--version", "--verbosity", "--settings", "--pythonpath", "--traceback", "--no-color", "--force-color", "--skip-checks"}


def flags_of(parser: ArgumentParser) -> set[str]:
    return {option for action in parser._actions for option in action.option_strings if option.startswith("--")} - FRAMEWORKS


def rows(page: str) -> dict[str, str]:
    """Command -> its row of the table under Commands: everything between the first pair of backticks that begins with its name."""
    section = page.partition("## Commands")[2].partition("\n## ")[0]
    found = {}
    for line in section.splitlines():
        if match := re.match(r"\| `(\w+)([^`]*)`", line):
            found[match[1]] = match[2]
    return found


def missing(name: str, flags: Iterable[str], page: str) -> set[str]:
    """What differs between the command and its row, in either direction."""
    row = rows(page).get(name)
    return {"the command itself"} if row is None else set(flags) ^ set(re.findall(r"--[a-z][a-z-]*", row))


@pytest.mark.parametrize("name", OURS)
def test_every_flag_is_documented(name):
    parser = load_command_class(get_commands()[name], name).create_parser("manage.py", name)
    assert missing(name, flags_of(parser), DOC.read_text()) == set()


def test_the_page_names_no_command_that_is_not_there():
    assert set(rows(DOC.read_text())) == set(OURS)


def test_a_flag_that_nobody_wrote_down_is_missed():
    page = DOC.read_text()
    parser = load_command_class(get_commands()["export"], "export").create_parser("manage.py", "export")
    parser.add_argument("--secretly")
    assert missing("export", flags_of(parser), page) == {"--secretly"}
    assert missing("export", flags_of(parser) - {"--secretly", "--out"}, page) == {"--out"}
    assert missing("unheard_of", set(), page) == {"the command itself"}
