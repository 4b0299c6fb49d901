"""What services make once need not be made again for each test: its rows are written as they were, and its objects are copied."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Generic, TypeVar

from django.apps import apps
from django.db import connection, transaction

Made = TypeVar("Made")


class Replay(Generic[Made]):
    """`make` runs at the first call. The later ones write its rows; triggers and constraints see each of them."""

    def __init__(self, make: Callable[[], Made]) -> None:
        self.make = make
        self.made = b""
        self.statements: list[str] = []

    def again(self) -> Made:
        if self.made:
            with transaction.atomic(), connection.cursor() as cursor:
                for statement in self.statements:
                    cursor.execute(statement)
            return pickle.loads(self.made)
        before = _tables()
        made = self.make()
        for table, rows in _tables().items():
            if new := [row for row in rows if row not in before[table]]:
                self.statements.append(f'INSERT INTO "{table}" ({_columns(table)}) VALUES {", ".join(new)}')
        if connection.vendor == "postgresql":
            self.statements = ["; ".join(self.statements)]  # one journey to the server
        self.made = pickle.dumps(made)
        return made


def _tables() -> dict[str, list[str]]:
    """Every row of every table, as the literals that an INSERT takes."""
    quoted = "quote({})" if connection.vendor == "sqlite" else "quote_nullable({}::text)"
    found = {}
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            values = " || ', ' || ".join(quoted.format(name) for name in _columns(model._meta.db_table).split(", "))
            cursor.execute(f'SELECT {values} FROM "{model._meta.db_table}" ORDER BY "{model._meta.pk.column}"')
            found[model._meta.db_table] = [f"({row})" for (row,) in cursor.fetchall()]
    return found


def _columns(table: str) -> str:
    (model,) = (one for one in apps.get_models(include_auto_created=True) if one._meta.db_table == table)
    return ", ".join(f'"{field.column}"' for field in model._meta.concrete_fields)
