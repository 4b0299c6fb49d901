"""The counts of a real file: each is held exactly, and a file that is not that one is refused."""

import gzip

import pytest
from django.core.management import CommandError, call_command

from benchmarks import databases, real
from benchmarks.harness import LOW, OK
from tests.makers import make_workspace
from valueledger.common.tenancy import within


def test_a_count_is_held_exactly():
    assert real.held("checks", 24_186, 24_186, "SQLite").state == OK
    assert real.held("checks", 24_185, 24_186, "SQLite").state == LOW
    assert real.held("rows refused", 0, 0, "SQLite").state == OK
    assert real.held("rows refused", 1, 0, "SQLite").state == LOW


@pytest.mark.django_db
def test_what_both_sides_said_is_counted_in_the_ledger(tmp_path):
    path = tmp_path / "market.csv.gz"
    said = [(1, 2, 5), (2, 1, 3), (1, 3, 5), (3, 1, -4), (2, 3, -1), (3, 2, -2), (4, 1, 2)]
    path.write_bytes(gzip.compress("".join(f"{one},{other},{rating},1400000000\n" for one, other, rating in said).encode()))
    workspace = make_workspace("Market")
    with within(workspace.pk):
        assert list(real.brought(workspace, path).values()) == [7, 4, 4, 3, 1, 1, 1, 1, 0, 0]


def test_another_file_ends_with_an_error(monkeypatch, tmp_path):
    path = tmp_path / "other.csv"
    path.write_text("1,2,5,1400000000\n")
    monkeypatch.setattr(databases, "measured", lambda *_, **__: [real.held("checks", 1, 24_186, "SQLite")])
    with pytest.raises(CommandError, match="checks"):
        call_command("benchmark", "import", real=path)
    with pytest.raises(CommandError, match="no file"):
        call_command("benchmark", "import", real=tmp_path / "nothing.csv")
    monkeypatch.setattr(databases, "measured", lambda *_, **__: [real.held("checks", 24_186, 24_186, "SQLite")])
    assert call_command("benchmark", "import", real=path) is None
