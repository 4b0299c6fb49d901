"""The figures of a real file, Bitcoin Alpha (who trusts whom on a market, 24,186 ratings): brought in, counted, and held to what is known of it.

`manage.py benchmark import --real FILE`. The file is not part of this repository; it is the CSV of rater, rated, rating and second, packed or not.
"""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks import databases
from benchmarks.harness import LOW, OK, Line

KNOWN = {
    "checks": 24_186,
    "relationships": 14_124,
    "parties": 3_783,
    "relationships in which both sides answered": 10_062,
    "of them: one side gets more, the other less": 248,
    "of them: both get less": 136,
    "of them: both get more": 9_678,
    "relationships in which one side answered": 4_062,
    "rows refused": 0,
    "rows added by the same file again": 0,
}


def run(file: Path) -> list[Line]:
    return [
        line
        for engine in (databases.POSTGRESQL, databases.SQLITE)
        for line in databases.measured("real", engine=engine, argument=json.dumps(str(file.resolve())), codes={"R": "a real file"})
    ]


def measure(argument: str) -> list[Line]:
    from benchmarks import worlds
    from valueledger.common.tenancy import within

    workspace = worlds.workspace()
    with within(workspace.pk):
        found = brought(workspace, Path(json.loads(argument)))
    return [held(name, found[name], known, worlds.engine_name()) for name, known in KNOWN.items()]


def held(name: str, count: int, known: int, engine: str) -> Line:
    """As many as there are, neither more nor fewer."""
    return Line("R", f"{name}, {engine}", count, "rows", "known of this file:", known, count / known if known else float(count), "exactly", 1.0 if known else 0.0,
                OK if count == known else LOW)  # fmt: skip


def brought(workspace: object, file: Path) -> dict[str, int]:
    """The file in this workspace, once and once more, counted in the database."""
    from collections import defaultdict

    from benchmarks.imports import MAP
    from benchmarks.worlds import NOW
    from exchanges.models import Answer
    from exchanges.services.imports.batches import import_file
    from exchanges.services.imports.running import Options
    from relationships.models import Party, Relationship

    batches = []
    for _ in range(2):
        with file.open("rb") as source:
            batches.append(import_file(source, workspace=workspace, table="CHECKS", file_name=file.name, options=Options(map=MAP), now=NOW))  # type: ignore[arg-type]
    said: dict[int, dict[int, int]] = defaultdict(dict)
    for relationship, side, value in Answer.objects.standing().values_list("relationship_id", "side", "y_micro"):
        said[relationship][side] = value or 0
    both = [sum(value > 0 for value in sides.values()) for sides in said.values() if len(sides) == 2]
    counts = (
        Answer.objects.standing().count(), Relationship.objects.count(), Party.objects.count(), len(both), both.count(1), both.count(0), both.count(2),
        len(said) - len(both), batches[0].rows_refused, batches[1].rows_added,
    )  # fmt: skip
    return dict(zip(KNOWN, counts, strict=True))
