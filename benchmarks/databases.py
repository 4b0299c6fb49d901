"""Databases for benchmarks that need the whole application: made, migrated and dropped around them, never the one in use.

What is measured runs in a process of its own per engine, so that its settings, its memory and its CPU time are its own.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from benchmarks import harness
from benchmarks.harness import Line, absent

ROOT = Path(__file__).resolve().parent.parent
SQLITE, POSTGRESQL = "sqlite", "postgresql"


@contextmanager
def fresh(engine: str) -> Iterator[str | None]:
    """The URL of an empty database; None where there is no server."""
    if engine == SQLITE:
        with tempfile.TemporaryDirectory(prefix="benchmark-") as place:
            shutil.copy(migrated(), f"{place}/benchmark.sqlite3")
            yield f"sqlite:///{place}/benchmark.sqlite3"
        return
    with harness.postgres() as connection:
        if connection is None:
            yield None
            return
        name = f"benchmark_{os.getpid()}"
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {name}")
            cursor.execute(f"CREATE DATABASE {name}")
        try:
            given = connection.info
            secret = f":{given.password}" if given.password else ""
            yield f"postgresql://{given.user}{secret}@{given.host or '127.0.0.1'}:{given.port}/{name}"
        finally:
            with connection.cursor() as cursor:
                cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@cache
def migrated() -> Path:
    """An SQLite database with all tables and no rows, made once and copied: migrating takes longer than most measurements of a short run."""
    place = Path(tempfile.mkdtemp(prefix="benchmark-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    file = place / "migrated.sqlite3"
    command = [sys.executable, "-m", "benchmarks.inside"]
    subprocess.run(command, cwd=ROOT, env=_environment(f"sqlite:///{file}", str(place)), stdout=subprocess.DEVNULL, check=True)
    return file


def _environment(url: str, var: str) -> dict[str, str]:
    return os.environ | {"DATABASE_URL": url, "VAR_DIR": var, "REDIS_URL": "", "LOG_LEVEL": "ERROR", "VALUELEDGER_BOOTSTRAP": "0"}


def measured(module: str, *, engine: str, argument: str, codes: dict[str, str], call: str = "measure") -> list[Line]:
    """The lines that a function of `benchmarks.<module>` gives on a fresh database of this engine. `codes`: what to say if there is none."""
    with fresh(engine) as url:
        if url is None:
            return [absent(code, name, "PostgreSQL is not here") for code, name in codes.items()]
        with tempfile.TemporaryDirectory(prefix="benchmark-var-") as var:
            command = [sys.executable, "-m", "benchmarks.inside", module, call, argument]
            done = subprocess.run(command, cwd=ROOT, env=_environment(url, var), stdout=subprocess.PIPE, check=True, text=True)
    return [Line(**one) for one in json.loads(done.stdout.splitlines()[-1])]
