import io
import json
import sys

import pytest
from django.core.management import CommandError, call_command

GOOD = '{"relationship": "r1", "side": "own", "on": "2026-01-31", "kind": "check", "value": -1, "relayed": false}\n'


def told(*arguments):
    out = io.StringIO()
    call_command("replay", *arguments, stdout=out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_file_gives_one_line_per_relationship(tmp_path):
    path = tmp_path / "evidence.jsonl"
    path.write_text(GOOD + GOOD.replace("r1", "r2"))
    one, two = told(str(path), "--as-of", "2026-02-28")
    assert (one["relationship"], two["relationship"]) == ("r1", "r2")
    assert one["felt"] == two["felt"]
    assert one["as_of"] == "2026-02-28"


def test_standard_input_will_do(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(GOOD.encode())))
    assert told("-")[0]["as_of"] == "2026-01-31"


def test_nothing_is_written_when_a_line_is_wrong(tmp_path):
    path = tmp_path / "evidence.jsonl"
    path.write_text(GOOD + GOOD.replace("-1", "7"))
    out = io.StringIO()
    with pytest.raises(CommandError, match="Line 2, value: must lie between -3 and 3") as refusal:
        call_command("replay", str(path), stdout=out)
    assert out.getvalue() == ""
    assert refusal.value.returncode == 1


def test_an_empty_file_has_no_balance(tmp_path):
    path = tmp_path / "evidence.jsonl"
    path.write_text("\n\n")
    assert told(str(path)) == []


@pytest.mark.parametrize("day", ["yesterday", "9999-01-01", "2026-13-01"])
def test_a_day_that_is_none_is_refused(tmp_path, day):
    with pytest.raises(CommandError, match="--as-of"):
        call_command("replay", str(tmp_path / "any"), "--as-of", day)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(CommandError, match="No such file"):
        call_command("replay", str(tmp_path / "missing"))
