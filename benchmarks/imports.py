"""W1: a checked CSV import against the same rows written with nothing checked, and its memory as the file grows."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import IO, Any

from benchmarks import databases
from benchmarks.harness import AT_LEAST, AT_MOST, Line, Work, compare, judged

MAP = "rater=0, rated=1, value=2*3/10, on=3:unix"
BARS = {databases.POSTGRESQL: 0.6, databases.SQLITE: 0.4}
FLAT = 1.25
NAMES = {"W1": "checked CSV import"}
SHIFT = 10**9
# In the order in which they can be written; every row of these is what one import leaves behind.
TABLES = (
    "relationships_party", "relationships_partytext", "relationships_relationship", "relationships_side", "exchanges_answer", "exchanges_evidence",
    "exchanges_liveevidence", "exchanges_importkey", "exchanges_balancestate", "exchanges_card",
)  # fmt: skip
# Columns that hold an id of one of these tables.
IDS = {"id", "party_id", "relationship_id", "answer_id", "source_id", "target_id"}


def run(quick: bool = False) -> list[Line]:
    lines = []
    for engine in (databases.POSTGRESQL, databases.SQLITE):
        lines += databases.measured("imports", engine=engine, argument="quick" if quick else "full", codes={"W1": NAMES["W1"]})
    small, large = (5_000, 50_000) if quick else (100_000, 1_000_000)
    lines.append(memory(small, large))
    return lines


def steady() -> list[Line]:
    """Nothing here is a count or a slope."""
    return []


def measure(how: str) -> list[Line]:
    """W1 on the database of this process."""
    from benchmarks import worlds
    from exchanges.models import ImportBatch
    from valueledger.common.tenancy import within

    rows = 4_000 if how == "quick" else 20_000
    source = worlds.ratings(rows)
    turn = Turn()

    def bring() -> None:
        with within(turn.workspace_id):
            batch = imported(turn.workspace, source)
            assert (batch.rows_added, batch.rows_refused) == (rows, 0), (batch.rows_added, batch.rows_refused)

    turn.prepare()
    bring()
    written = WrittenRows(turn.workspace_id)
    with within(turn.workspace_id):
        ImportBatch.objects.filter(workspace_id=turn.workspace_id).delete()
    engine = databases.POSTGRESQL if worlds.engine_name() == "PostgreSQL" else databases.SQLITE
    yardstick = "COPY ... csv by the server of every row it writes" if engine == databases.POSTGRESQL else "executemany of every row it writes"
    return [
        compare(
            "W1", f"{NAMES['W1']} of {rows:,} rows, {worlds.engine_name()}", Work(bring, rows, turn.prepare), yardstick,
            Work(written.write, rows, written.prepare), AT_LEAST, BARS[engine], unit="us a row", scale=1e6, servers=worlds.server(),
        )
    ]  # fmt: skip


def imported(workspace: Any, source: IO[bytes]) -> Any:
    from benchmarks import worlds
    from exchanges.services.imports.batches import import_file
    from exchanges.services.imports.running import Options

    return import_file(source, workspace=workspace, table="CHECKS", file_name="ratings.csv", options=Options(map=MAP), now=worlds.NOW)


class Turn:
    """A workspace of its own for each turn, since a second import of the same file adds nothing."""

    def prepare(self) -> None:
        from benchmarks import worlds

        self.workspace = worlds.workspace()
        self.workspace_id = self.workspace.pk


class WrittenRows:
    """The rows that one import wrote, to be written again under other ids in another workspace, as plainly as the engine can."""

    def __init__(self, workspace_id: int) -> None:
        from django.db import connection

        self._connection = connection
        self._template = workspace_id
        self._turn = 0
        self._columns = {table: self._columns_of(table) for table in TABLES}

    def prepare(self) -> None:
        from benchmarks import worlds

        self._turn += 1
        workspace_id = worlds.workspace().pk
        reading = self._csv if self._connection.vendor == "postgresql" else self._tuples
        self._rows = {table: reading(table, columns, workspace_id) for table, columns in self._columns.items()}

    def write(self) -> None:
        from django.db import transaction

        with transaction.atomic(), self._connection.cursor() as cursor:
            for table, columns in self._columns.items():
                names = ", ".join(f'"{name}"' for name in columns)
                if self._connection.vendor == "postgresql":
                    cursor.cursor.copy_expert(f'COPY "{table}" ({names}) FROM STDIN (FORMAT csv)', io.BytesIO(self._rows[table]), 1 << 17)
                else:
                    places = ", ".join(["%s"] * len(columns))
                    cursor.executemany(f'INSERT INTO "{table}" ({names}) VALUES ({places})', self._rows[table])

    def _columns_of(self, table: str) -> list[str]:
        """Without ids that nothing points at: the database gives those, as it does for the import."""
        from django.apps import apps

        names = [field.column for model in apps.get_models() if model._meta.db_table == table for field in model._meta.concrete_fields]
        pointed_at = table in ("relationships_party", "relationships_relationship", "exchanges_answer")
        return [name for name in names if name != "id" or pointed_at]

    def _select(self, table: str, columns: list[str], workspace_id: int) -> str:
        fresh = "gen_random_uuid()" if self._connection.vendor == "postgresql" else "lower(hex(randomblob(16)))"

        def shown(name: str) -> str:
            if name == "workspace_id":
                return str(workspace_id)
            if name == "public_id":
                return fresh
            return f'"{name}" + {self._turn * SHIFT}' if name in IDS else f'"{name}"'

        return f'SELECT {", ".join(map(shown, columns))} FROM "{table}" WHERE workspace_id = {self._template}'

    def _csv(self, table: str, columns: list[str], workspace_id: int) -> bytes:
        out = io.BytesIO()
        with self._connection.cursor() as cursor:
            cursor.cursor.copy_expert(f"COPY ({self._select(table, columns, workspace_id)}) TO STDOUT (FORMAT csv)", out)
        return out.getvalue()

    def _tuples(self, table: str, columns: list[str], workspace_id: int) -> list[tuple[Any, ...]]:
        with self._connection.cursor() as cursor:
            cursor.execute(self._select(table, columns, workspace_id))
            return cursor.fetchall()


def memory(small: int, large: int) -> Line:
    """How much the peak grows from a small file to a large one, each in a fresh process and database."""
    peaks = []
    for rows in (small, large):
        (line,) = databases.measured("imports", engine=databases.SQLITE, call="peak", argument=str(rows), codes={})
        peaks.append(line.value or 0.0)
    ratio = peaks[1] / peaks[0]
    name = f"peak memory of an import of {large:,} rows, SQLite"
    return Line("W1m", name, peaks[1], "MB", f"of {small:,} rows:", peaks[0], ratio, AT_MOST, FLAT, judged(ratio, AT_MOST, FLAT))


def peak(rows: str) -> list[Line]:
    """The most memory that this process has held, after one import."""
    from benchmarks import worlds
    from valueledger.common.tenancy import within

    turn = Turn()
    turn.prepare()
    with tempfile.TemporaryFile() as file, within(turn.workspace_id):
        worlds.write_ratings(file, int(rows))
        file.seek(0)
        batch = imported(turn.workspace, file)
    assert batch.rows_added == int(rows)
    # Not ru_maxrss: that begins with what the parent process held when it started us.
    status = Path("/proc/self/status").read_text().splitlines()
    held = next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024
    return [Line("W1m", "peak", held, "MB", "", None, None, AT_MOST, FLAT, "ok")]
