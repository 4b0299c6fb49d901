"""R1: live evidence out of the database into NumPy, against the engine giving the same rows to nobody."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks import databases
from benchmarks.harness import AT_MOST, Line, Work, compare

BARS = {databases.POSTGRESQL: 1.8, databases.SQLITE: 1.6}
NAME = "live evidence into NumPy"


def run(quick: bool = False) -> list[Line]:
    argument = "quick" if quick else "full"
    return [
        line
        for engine in (databases.POSTGRESQL, databases.SQLITE)
        for line in databases.measured("reading", engine=engine, argument=argument, codes={"R1": NAME})
    ]


def steady() -> list[Line]:
    """Nothing here is a count or a slope."""
    return []


def measure(how: str) -> list[Line]:
    """R1 on the database of this process."""
    import numpy as np
    from django.db import connection

    from benchmarks import worlds
    from benchmarks.imports import imported
    from exchanges.models import LiveEvidence
    from exchanges.services.refolding import live_columns
    from valueledger.common.tenancy import within

    rows = 20_000 if how == "quick" else 200_000
    workspace = worlds.workspace()
    with within(workspace.pk):
        imported(workspace, worlds.ratings(rows))
        ids = list(LiveEvidence.objects.values_list("relationship_id", flat=True).distinct())
    is_postgres = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE exchanges_liveevidence" if is_postgres else "ANALYZE")
    # Results are checked before they are timed: every row, and the sum of what they say.
    columns = live_columns(workspace.pk, ids)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), sum(value_int), sum(on_day), min(relationship_id) FROM exchanges_liveevidence")
        count, values, days, first = cursor.fetchone()
    assert (len(columns[0]), int(columns[4].sum()), int(columns[2].astype(np.int64).sum()), int(columns[0].min())) == (count, values, days, first)
    engine = databases.POSTGRESQL if is_postgres else databases.SQLITE
    yardstick = "server-side COPY of them to nowhere" if is_postgres else "their tuples thrown away"
    return [
        compare(
            "R1", f"{NAME}, {rows:,} rows, {worlds.engine_name()}", Work(lambda: live_columns(workspace.pk, ids), rows), yardstick,
            Work(thrown_away(workspace.pk, ids), rows), AT_MOST, BARS[engine], unit="us a row", scale=1e6, servers=worlds.server(),
        )
    ]  # fmt: skip


class Nowhere:
    """A file that forgets, for a role that may not write on the server."""

    def write(self, _: bytes) -> None: ...


def thrown_away(workspace_id: int, ids: list[int]) -> Callable[[], None]:
    """The same query of the same rows, given to nobody."""
    from collections import deque

    from django.db import connection

    columns = "relationship_id, side, on_day, kind, value_int, relayed, view_mask"

    def copied() -> None:
        with connection.cursor() as cursor:
            query = f"SELECT {columns} FROM exchanges_liveevidence WHERE workspace_id = {workspace_id} AND relationship_id = ANY(%s)"
            cursor.execute("SELECT rolsuper OR pg_has_role('pg_write_server_files', 'usage') FROM pg_roles WHERE rolname = current_user")
            (may_write,) = cursor.fetchone()
            rows = cursor.mogrify(query, [ids]).decode()
            if may_write:
                cursor.execute(f"COPY ({rows}) TO '/dev/null' (FORMAT binary)")
            else:
                cursor.cursor.copy_expert(f"COPY ({rows}) TO STDOUT (FORMAT binary)", Nowhere())

    def looked_at() -> None:
        with connection.cursor() as cursor:
            among = "IN (SELECT value FROM json_each(%s))"
            cursor.execute(
                f"SELECT {columns} FROM exchanges_liveevidence WHERE workspace_id = %s AND relationship_id {among}", [workspace_id, str(ids)]
            )
            deque(cursor.cursor, maxlen=0)

    return copied if connection.vendor == "postgresql" else looked_at
