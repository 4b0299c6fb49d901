"""Tables whose rows are never changed or removed: triggers refuse it on PostgreSQL and on SQLite.

A model takes part by inheriting `AppendOnly`. The triggers are installed after every migrate, idempotently. `lifted` is for
erasing a whole workspace and for emptying a test database; nothing else may use it.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.db import connections, models
from django.db.backends.base.base import BaseDatabaseWrapper

MESSAGE = "ledger rows are append-only"
FUNCTION = "valueledger_refuse_change"


class AppendOnly(models.Model):
    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        # Caught here for a clear message; the trigger is the guard.
        if not self._state.adding:
            raise TypeError(f"{type(self).__name__}: {MESSAGE}.")
        super().save(*args, **kwargs)


def append_only_models() -> list[type[models.Model]]:
    return [model for model in apps.get_models() if issubclass(model, AppendOnly)]


def tables() -> list[str]:
    return [model._meta.db_table for model in append_only_models()]


def install(connection: BaseDatabaseWrapper, names: Iterable[str] | None = None) -> None:
    """Put the triggers on every append-only table that exists."""
    existing = set(connection.introspection.table_names())
    wanted = [name for name in (tables() if names is None else names) if name in existing]
    with connection.cursor() as cursor:
        for statement in _statements(connection, wanted):
            cursor.execute(statement)


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """Append-only tables without all of their triggers, for the tests and for readiness."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        else:
            cursor.execute("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'")
        present = {row[0] for row in cursor.fetchall()}
    return [table for table in tables() if not present.issuperset(_trigger_names(connection, table))]


@contextmanager
def lifted(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Take the triggers away and put them back, whatever happens between."""
    with connection.cursor() as cursor:
        existing = set(connection.introspection.table_names(cursor))
        for table in existing.intersection(tables()):
            for name in _trigger_names(connection, table):
                cursor.execute(_drop(connection, table, name))
    try:
        yield
    finally:
        install(connection)


def install_after_migrate(*, using: str, **_: Any) -> None:
    install(connections[using])


def _trigger_names(connection: BaseDatabaseWrapper, table: str) -> list[str]:
    events = ["update", "delete"] if connection.vendor == "sqlite" else ["change", "truncate"]
    return [f"{table}_no_{event}" for event in events]


def _drop(connection: BaseDatabaseWrapper, table: str, name: str) -> str:
    suffix = "" if connection.vendor == "sqlite" else f' ON "{table}"'
    return f'DROP TRIGGER IF EXISTS "{name}"{suffix}'


def _statements(connection: BaseDatabaseWrapper, names: list[str]) -> Iterator[str]:
    if connection.vendor == "sqlite":
        for table in names:
            for event in ("update", "delete"):
                yield (
                    f'CREATE TRIGGER IF NOT EXISTS "{table}_no_{event}" BEFORE {event.upper()} ON "{table}" '
                    f"BEGIN SELECT RAISE(ABORT, '{MESSAGE}: {table}'); END"
                )
        return
    yield (
        f"CREATE OR REPLACE FUNCTION {FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"RAISE EXCEPTION '{MESSAGE}: %', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$"
    )
    for table in names:
        # TRUNCATE passes row triggers, so it has its own.
        yield f'CREATE OR REPLACE TRIGGER "{table}_no_change" BEFORE UPDATE OR DELETE ON "{table}" FOR EACH ROW EXECUTE FUNCTION {FUNCTION}()'
        yield f'CREATE OR REPLACE TRIGGER "{table}_no_truncate" BEFORE TRUNCATE ON "{table}" FOR EACH STATEMENT EXECUTE FUNCTION {FUNCTION}()'
