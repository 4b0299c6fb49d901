"""Workspaces and files for benchmarks, always the same ones."""

from __future__ import annotations

import io
import random
from datetime import UTC, datetime
from itertools import count
from typing import IO

from django.db import connection

from relationships.models import Workspace
from relationships.services.setup import create_workspace

NOW = datetime(2026, 6, 11, 9, 0, tzinfo=UTC)
FIRST_SECOND, DAYS = 1_700_000_000, 900
PER_RELATIONSHIP = 10
_numbers = count(1)


def workspace() -> Workspace:
    return create_workspace(name=f"Benchmark {next(_numbers)}", now=NOW)


def ratings(rows: int) -> io.BytesIO:
    file = io.BytesIO()
    write_ratings(file, rows)
    file.seek(0)
    return file


def write_ratings(file: IO[bytes], rows: int, *, per_relationship: int = PER_RELATIONSHIP, seed: int = 1) -> None:
    """A file of who rated whom, shaped as the real ones: two directions, any order, no header."""
    draw = random.Random(seed)
    pairs = max(1, rows // per_relationship)
    for _ in range(rows):
        pair = draw.randrange(pairs)
        one, other = (2 * pair + 1, 2 * pair + 2) if draw.random() < 0.5 else (2 * pair + 2, 2 * pair + 1)
        file.write(b"%d,%d,%d,%d\n" % (one, other, draw.randrange(-10, 11), FIRST_SECOND + 86_400 * draw.randrange(DAYS)))


def server() -> list[int]:
    """The process that works for this connection, where it is a process of its own."""
    if connection.vendor != "postgresql":
        return []
    connection.ensure_connection()
    return [connection.connection.info.backend_pid]


def engine_name() -> str:
    return "PostgreSQL" if connection.vendor == "postgresql" else "SQLite"
