"""The command line's way in and out: the same rows, told in plain words. Counts and balances of a market where people rate each other."""

import gzip
import random
import subprocess
import sys
from collections import defaultdict
from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from exchanges.models import Answer, ImportBatch, ImportState, LiveEvidence, View
from exchanges.selectors.balances import balance_in_the_past
from exchanges.selectors.statements import day_of
from relationships.models import Kind, Party, Relationship, Workspace
from tests.cast import Cast
from valueledger.common.tenancy import within

ROOT = Path(__file__).resolve().parents[3]
MAP = "rater=0,rated=1,value=2*3/10,on=3:unix"


def market(people: int, ratings: int, seed: int = 3) -> list[tuple[int, int, int, int]]:
    """Who rated whom, each at most once, mostly kindly, about half of them answered: the shape of the real file."""
    draw = random.Random(seed)
    rows: dict[tuple[int, int], tuple[int, int]] = {}
    while len(rows) < ratings:
        one, other = draw.sample(range(1, people + 1), 2)
        rating = draw.choice([1, 1, 1, 2, 3, 5, 10, -1, -10])
        rows.setdefault((one, other), (rating, draw.randrange(1_290_000_000, 1_450_000_000)))
        if draw.random() < 0.6 and len(rows) < ratings:
            rows.setdefault((other, one), (draw.choice([rating, rating, -rating]), draw.randrange(1_290_000_000, 1_450_000_000)))
    return [(one, other, rating, at) for (one, other), (rating, at) in rows.items()]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "market.csv.gz"
    path.write_bytes(gzip.compress("".join(f"{','.join(map(str, row))}\n" for row in market(80, 600)).encode()))
    return path


def bring(path: Path, *options: str, workspace: str = "Market") -> str:
    out = StringIO()
    call_command("import_csv", path, "--workspace", workspace, "--table", "checks", "--map", MAP, *options, stdout=out, stderr=StringIO())
    return out.getvalue()


@pytest.mark.django_db
def test_a_packed_file_without_a_header_comes_in_without_a_hand_on_it(file):
    rows = market(80, 600)
    pairs = {(min(one, other), max(one, other)) for one, other, _, _ in rows}
    assert bring(file, "--create-workspace").startswith("600 rows: 600 added, 0 known, 0 refused.")
    workspace = Workspace.objects.get(name="Market")
    with within(workspace.pk):
        assert Answer.objects.count() == 600
        assert Relationship.objects.count() == len(pairs)
        assert Party.objects.count() == len({person for pair in pairs for person in pair})
        assert signs() == expected_signs(rows)
    assert bring(file).startswith("600 rows: 0 added, 600 known, 0 refused.")


def signs() -> dict[str, int]:
    """Of the relationships heard from both sides: how r stands on the day of the last answer."""
    sides, last = defaultdict(set), defaultdict(int)
    for pk, side, day in LiveEvidence.objects.values_list("relationship_id", "side", "on_day"):
        sides[pk].add(side)
        last[pk] = max(last[pk], day)
    both = Relationship.objects.filter(pk__in=[pk for pk, seen in sides.items() if len(seen) == 2]).select_related("workspace")
    found = {"both": len(both), "opposite": 0, "below": 0, "above": 0}
    for row in both:
        balance = balance_in_the_past(row, view=View.SHARED, as_of=day_of(last[row.pk]))
        own, counterpart = balance.own.r, balance.counterpart.r
        found["opposite" if own * counterpart < 0 else "below" if own < 0 else "above"] += 1
    return found


def expected_signs(rows: list[tuple[int, int, int, int]]) -> dict[str, int]:
    """One answer a side: the sign of what is felt is the sign of what was said."""
    said = {(one, other): rating for one, other, rating, _ in rows}
    both = [(said[pair], said[pair[::-1]]) for pair in said if pair[0] < pair[1] and pair[::-1] in said]
    return {
        "both": len(both),
        "opposite": sum(one * other < 0 for one, other in both),
        "below": sum(one < 0 and other < 0 for one, other in both),
        "above": sum(one > 0 and other > 0 for one, other in both),
    }


@pytest.mark.django_db
def test_a_dry_run_writes_nothing(cast: Cast, file: Path):
    assert "600 would be added, 0 are known, 0 would be refused" in bring(file, "--dry-run", workspace="Acme")
    assert not ImportBatch.objects.exists()


@pytest.mark.django_db
def test_wrong_rows_are_named(cast: Cast, tmp_path: Path):
    path = tmp_path / "wrong.csv"
    path.write_text("1,2,10,1400000000\n1,2,11,1400000000\n1,1,3,1400000000\n1,2,3,soon\n")
    told = bring(path, workspace=str(cast.workspace.public_id)).splitlines()
    assert told[0] == "4 rows: 1 added, 0 known, 3 refused."
    assert told[1:] == [
        "row 2, value: An answer lies between -3 and +3, and this becomes 3.3.",
        "row 3, rated: A relationship has two different sides.",
        "row 4, on: “soon” is not a number of seconds since 1970.",
    ]


@pytest.mark.django_db
def test_the_only_steward_looks_after_what_is_made_and_another_can_be_named(cast: Cast, file: Path):
    bring(file, "--kind", "personal", workspace="Zenith")
    with within(cast.elsewhere.pk):
        assert set(Relationship.objects.values_list("steward", "kind")) == {(cast.zed.pk, Kind.PERSONAL)}
    bring(file, "--steward", cast.amir.user.email, workspace="Acme")
    assert set(Relationship.objects.exclude(pk=cast.borealis.pk).values_list("steward", flat=True)) == {cast.amir.pk}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--workspace", "Nowhere"], "There is no workspace called Nowhere"),
        (["--map", "rater=0"], "Choose a column for|belong together"),
        (["--map", "value=0;drop"], "Choose a column for|cannot be read|no column"),
        (["--steward", "nobody@acme.example"], "No steward"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(cast: Cast, file: Path, options: list[str], said: str):
    with pytest.raises(CommandError, match=said):
        call_command("import_csv", file, *["--workspace", "Acme", "--map", MAP], *options, stdout=StringIO(), stderr=StringIO())


@pytest.mark.django_db
def test_a_missing_file_is_said_in_a_sentence(cast: Cast, tmp_path: Path):
    with pytest.raises(CommandError, match="No such file"):
        bring(tmp_path / "nothing.csv", workspace="Acme")


@pytest.mark.django_db
def test_exported_files_come_back_as_known(cast: Cast, file: Path, tmp_path: Path):
    bring(file, workspace="Acme")
    out = StringIO()
    call_command("export", "--workspace", "Acme", "--out", tmp_path / "out", stdout=out)
    assert out.getvalue().split() == [str(tmp_path / "out" / f"{table}.csv") for table in ("events", "reports", "checks")]
    out = StringIO()
    call_command("import_csv", tmp_path / "out" / "checks.csv", "--workspace", "Acme", stdout=out, stderr=StringIO())
    assert out.getvalue().startswith("600 rows: 0 added, 600 known, 0 refused.")


@pytest.mark.slow
def test_a_killed_import_is_run_again_to_the_same_result(tmp_path: Path):
    """A real process with a database of its own, killed in the middle without a chance to tidy up."""
    path = tmp_path / "market.csv"
    rows = market(3_000, 40_000)
    path.write_text("".join(f"{','.join(map(str, row))}\n" for row in rows))
    environment = {
        "DATABASE_URL": f"sqlite:///{tmp_path}/killed.sqlite3",
        "VAR_DIR": str(tmp_path / "var"),
        "PATH": "/usr/bin:/bin",
        "VALUELEDGER_BOOTSTRAP": "0",
    }

    def manage(*arguments: str, **more: int) -> subprocess.Popen:
        command = [sys.executable, str(ROOT / "manage.py"), *arguments]
        return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)

    assert manage("migrate", "-v0").wait(120) == 0
    importing = ["import_csv", str(path), "--workspace", "Market", "--create-workspace", "--map", MAP, "--source", "market"]
    first = manage(*importing)
    assert first.stderr is not None
    first.stderr.readline()  # the file is read, and the first part is on its way
    try:
        first.wait(0.8)
    except subprocess.TimeoutExpired:
        first.kill()
    first.wait(30)
    told, _ = (again := manage(*importing)).communicate(timeout=180)
    assert again.returncode == 0
    added, known = (int(word.replace(",", "")) for word in (told.split()[2], told.split()[4]))
    assert added + known == 40_000
    assert told.split()[6] == "0"
    third, _ = manage(*importing).communicate(timeout=180)
    assert third.startswith("40,000 rows: 0 added, 40,000 known, 0 refused.")
    verified = manage("verify_ledger")
    out, errors = verified.communicate(timeout=180)
    assert verified.returncode == 0, out + errors


@pytest.mark.django_db
def test_days_are_dates_in_utc(cast: Cast, tmp_path: Path):
    path = tmp_path / "days.csv"
    path.write_text("1,2,1,1407455999\n1,3,1,1407456000\n")
    bring(path, workspace="Acme")
    assert set(Answer.objects.values_list("answered_on", flat=True)) == {date(2014, 8, 7), date(2014, 8, 8)}
    assert ImportBatch.objects.get().state == ImportState.DONE
