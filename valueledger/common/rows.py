"""Single rows without the query compiler: the statements of the ledger's hot path, composed once per model and kept.

Values pass through the model's own fields, so both engines store what the ORM would. For everything else the ORM is the better tool:
this exists because compiling a score of queries costs ten times what the database needs to run them.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, TypeVar

from django.db import connection, models

AS_IT_IS = frozenset({int, str, bool, float, type(None)})
PLAIN_FIELDS = frozenset({
    "BigIntegerField", "BooleanField", "CharField", "DateField", "DateTimeField", "DecimalField", "FloatField", "ForeignKey", "IntegerField",
    "OneToOneField", "PositiveIntegerField", "PositiveSmallIntegerField", "SmallIntegerField", "TextField",
})  # fmt: skip
Row = TypeVar("Row", bound=models.Model)


class Batch:
    """Statements that belong together and answer nothing. PostgreSQL takes them in one round trip."""

    def __init__(self) -> None:
        self.statements: list[tuple[str, list[Any]]] = []

    def insert(self, row: models.Model) -> None:
        self.statements.append((_insert_sql(type(row)), _values(row, _concrete(type(row)))))

    def update(self, row: models.Model, names: tuple[str, ...]) -> None:
        fields = _named(type(row), names)
        self.statements.append((_update_sql(type(row), names), [*_values(row, fields), row.pk]))

    def run(self) -> None:
        if not self.statements:
            return
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute(";".join(sql for sql, _ in self.statements), [value for _, values in self.statements for value in values])
            else:
                for sql, values in self.statements:
                    cursor.execute(sql, values)
        self.statements = []


def insert(row: Row) -> Row:
    """Store one new row and give it its id. Raises IntegrityError as the ORM does."""
    model = type(row)
    with connection.cursor() as cursor:
        cursor.execute(f'{_insert_sql(model)} RETURNING "{model._meta.pk.column}"', _values(row, _concrete(model)))
        row.pk = cursor.fetchone()[0]
    row._state.adding, row._state.db = False, connection.alias
    return row


def select(model: type[Row], where: str, values: Sequence[Any]) -> list[Row]:
    """Rows of one model by a condition in SQL (column names of the table, %s for values)."""
    return [_made(model, record) for record in plain(_select_sql(model) + where, values)]


def select_with(model: type[Row], name: str, where: str, values: Sequence[Any]) -> list[Row]:
    """Rows of one model with the row that a foreign key points at, in one statement. Tables stand as "mine" and "its" in the condition."""
    other = model._meta.get_field(name).related_model
    assert isinstance(other, type)
    found = plain(_joined_sql(model, name) + where, values)
    width = len(model._meta.concrete_fields)
    made = []
    for record in found:
        row = _made(model, record[:width])
        setattr(row, name, _made(other, record[width:]))
        made.append(row)
    return made


def plain(sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Tuples as the driver gives them: for integers, booleans, texts and blobs, which need no conversion."""
    with connection.cursor() as cursor:
        cursor.execute(sql, list(values))
        return cursor.fetchall()


def _made(model: type[Row], record: tuple[Any, ...]) -> Row:
    names, converters = _reading(model, connection.vendor)
    if converters:
        columns = list(record)
        for place, expression, functions in converters:
            for function in functions:
                columns[place] = function(columns[place], expression, connection)
        record = tuple(columns)
    return model.from_db(connection.alias, names, record)


@cache
def _joined_sql(model: type[models.Model], name: str) -> str:
    field = model._meta.get_field(name)
    other = field.related_model
    assert isinstance(other, type)
    columns = [f'mine."{one.column}"' for one in model._meta.concrete_fields] + [f'its."{one.column}"' for one in other._meta.concrete_fields]
    joined = f'"{model._meta.db_table}" mine JOIN "{other._meta.db_table}" its ON its."{other._meta.pk.column}" = mine."{field.column}"'  # type: ignore[union-attr]
    return f"SELECT {', '.join(columns)} FROM {joined} WHERE "  # noqa: S608


@cache
def _concrete(model: type[models.Model]) -> tuple[models.Field, ...]:
    """The fields that an insert writes: all but an id that the database gives."""
    return tuple(field for field in model._meta.concrete_fields if not isinstance(field, models.AutoField))


@cache
def _named(model: type[models.Model], names: tuple[str, ...]) -> tuple[models.Field, ...]:
    return tuple(model._meta.get_field(name) for name in names)  # type: ignore[misc]


@cache
def _insert_sql(model: type[models.Model]) -> str:
    columns = [field.column for field in _concrete(model)]
    names = ", ".join(f'"{column}"' for column in columns)
    return f'INSERT INTO "{model._meta.db_table}" ({names}) VALUES ({", ".join(["%s"] * len(columns))})'  # noqa: S608  (names come from the models)


@cache
def _update_sql(model: type[models.Model], names: tuple[str, ...]) -> str:
    pairs = ", ".join(f'"{field.column}" = %s' for field in _named(model, names))
    return f'UPDATE "{model._meta.db_table}" SET {pairs} WHERE "{model._meta.pk.column}" = %s'  # noqa: S608


@cache
def _reading(model: type[models.Model], vendor: str) -> tuple[list[str], list[tuple[int, Any, list[Any]]]]:
    """The attributes a row is made of, and what this engine needs to turn its columns into them."""
    fields = model._meta.concrete_fields
    converters = []
    for place, field in enumerate(fields):
        expression = field.get_col(model._meta.db_table)
        functions = connection.ops.get_db_converters(expression) + field.get_db_converters(connection)
        if functions:
            converters.append((place, expression, functions))
    return [field.attname for field in fields], converters


@cache
def _select_sql(model: type[models.Model]) -> str:
    columns = ", ".join(f'"{field.column}"' for field in model._meta.concrete_fields)
    return f'SELECT {columns} FROM "{model._meta.db_table}" WHERE '  # noqa: S608


def _values(row: models.Model, fields: Sequence[models.Field]) -> list[Any]:
    written = []
    for field in fields:
        value = field.pre_save(row, row._state.adding)
        # What every driver takes as it is goes past the field's own conversions, which cost more than the statement.
        written.append(value if type(value) in AS_IT_IS and field.get_internal_type() in PLAIN_FIELDS else field.get_db_prep_save(value, connection))
    return written
