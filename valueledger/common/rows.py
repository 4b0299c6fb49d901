"""Single rows without the query compiler: the statements of the ledger's hot path, composed once per model and kept.

For everything else the ORM is the better tool: this exists because compiling a score of queries, making their rows and checking each value
costs ten times what the database needs to run them. What is left out, and why it may be:

- `Model.__init__` and its signals: rows that are read hold every column, so they are filled as they come.
- The fields' own conversions of what a driver takes as it is, or of what is turned into what it takes by one call (`_ways`); all else passes
  through them.
- Django's cursors, unless somebody looks at the queries: each call passes four of its functions, and on SQLite two regular expressions.
- Parsing and planning on PostgreSQL: a statement is PREPAREd once per connection and then EXECUTEd by name. The name follows from its text, so
  whoever finds it prepared finds the right one; behind a pooler in transaction mode they are lost, so there `DATABASE_PREPARED=0` says not to.
"""

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache, lru_cache
from hashlib import sha256
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, IntegrityError, connection, connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.base import ModelState

AS_IT_IS: frozenset[type] = frozenset({int, str, bool, float, type(None)})
AS_IT_IS_ON = {"postgresql": AS_IT_IS | {date, datetime, Decimal, UUID, bytes, memoryview}, "sqlite": AS_IT_IS | {bytes, memoryview}}
PLAIN_FIELDS = frozenset({
    "BigAutoField", "BigIntegerField", "BinaryField", "BooleanField", "CharField", "DateField", "DateTimeField", "DecimalField", "FloatField",
    "ForeignKey", "IntegerField", "OneToOneField", "PositiveIntegerField", "PositiveSmallIntegerField", "SmallIntegerField", "TextField", "UUIDField",
})  # fmt: skip
Row = TypeVar("Row", bound=models.Model)
Statement = tuple[str, Sequence[Any]]
VENDOR = connection.vendor
UNIQUE_VIOLATION = "23505"


class Part(NamedTuple):
    """One table of a join: the name it stands under, its model, and the fields to read (the id first), all of them if none are named.

    A field that was not read is fetched when somebody asks for it, as with `only`.
    """

    name: str
    model: type[models.Model]
    only: tuple[str, ...] = ()


class Batch:
    """Statements that belong together and answer nothing. PostgreSQL takes them in one round trip."""

    def __init__(self) -> None:
        self.statements: list[Statement] = []

    def insert(self, row: models.Model) -> None:
        """A new row, under its id if it has one already."""
        model = type(row)
        fields = _concrete(model) if row.pk is None else _all(model)
        self.statements.append((_insert_sql(model, row.pk is not None), _values(row.__dict__, fields)))
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS

    def add(self, model: type[models.Model], values: Mapping[str, Any]) -> None:
        """A new row from its values by attribute, all of them: as `insert`, without making the row first."""
        self.statements.append((_insert_sql(model), _values(values, _concrete(model))))

    def update(self, row: models.Model, names: tuple[str, ...]) -> None:
        model = type(row)
        self.statements.append((_update_sql(model, names), [*_values(row.__dict__, _named(model, names)), row.pk]))

    def run(self) -> None:
        if self.statements:
            run(self.statements)
        self.statements = []


def insert(row: Row) -> Row:
    """Store one new row and give it its id. Raises IntegrityError as the ORM does."""
    model = type(row)
    [(row.pk,)] = plain(f'{_insert_sql(model)} RETURNING "{model._meta.pk.column}"', _values(row.__dict__, _concrete(model)))
    row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS
    return row


def is_taken(error: IntegrityError, model: type[models.Model]) -> bool:
    """Whether it was a unique index of this model's table that refused a row."""
    cause: Any = error.__cause__
    if VENDOR == "postgresql":
        return bool(cause is not None and cause.pgcode == UNIQUE_VIOLATION and cause.diag.table_name == model._meta.db_table)
    return f"UNIQUE constraint failed: {model._meta.db_table}." in str(error)


def select(model: type[Row], where: str, values: Sequence[Any]) -> list[Row]:
    """Rows of one model by a condition in SQL (column names of the table, %s for values)."""
    return [made(model, record) for record in plain(_select_sql(model) + where, values)]


def select_with(model: type[Row], name: str, where: str, values: Sequence[Any]) -> list[Row]:
    """Rows of one model with the row that a foreign key points at, in one statement. Tables stand as "mine" and "its" in the condition."""
    field: Any = model._meta.get_field(name)
    other = field.related_model
    source = f'"{model._meta.db_table}" mine JOIN "{other._meta.db_table}" its ON its."{other._meta.pk.column}" = mine."{field.column}"'
    found = []
    for row, its, _ in side_by_side([Part("mine", model), Part("its", other)], f"{source} WHERE {where}", values):
        link(row, **{name: its})
        found.append(row)
    return found


def side_by_side(
    parts: Sequence[Part], source: str, values: Sequence[Any], *, first: Iterable[Statement] = (), also: str = "NULL"
) -> list[list[Any]]:
    """Rows of several models joined, each under its name in `source` (what follows FROM); None for one that an outer join did not find.

    Last in each row stands what the expressions in `also` give.
    """
    listed, widths = _listed(tuple(parts))
    answer = []
    for record in plain(f"SELECT {listed}, {also} FROM {source}", values, first=first):  # noqa: S608
        start, found = 0, []
        for part, width in zip(parts, widths, strict=True):
            found.append(None if record[start] is None else made(part.model, record[start : start + width], part.only))
            start += width
        answer.append([*found, *record[start:]])
    return answer


def plain(sql: str, values: Sequence[Any], *, first: Iterable[Statement] = ()) -> list[tuple[Any, ...]]:
    """Tuples as the driver gives them: for integers, booleans, texts and blobs, which need no conversion. `first`: statements to run before."""
    answer: list[tuple[Any, ...]] = run([*first, (sql, values)], answers=True)
    return answer


def run(statements: Sequence[Statement], *, answers: bool = False) -> Any:
    """Run statements in their order, in one round trip where the engine allows; the rows of the last one, if it answers."""
    database = connections[DEFAULT_DB_ALIAS]  # itself: each look through Django's proxy costs a microsecond
    kept = _kept(database)
    if database.vendor == "postgresql":
        texts = tuple([sql for sql, _ in statements])
        if settings.DATABASE_PREPARED:
            _prepare(database, kept, texts)
            call = _calls(texts)
        else:
            call = ";".join(texts)
        statements = [(call, [value for _, values in statements for value in values])]
    if database.queries_logged or database.execute_wrappers:
        cursor = (database.make_debug_cursor if database.queries_logged else database.make_cursor)(kept.cursor)
        for sql, values in statements:
            cursor.execute(sql, values)
        return cursor.fetchall() if answers else None
    database.validate_no_broken_transaction()
    with database.wrap_database_errors:
        for sql, values in statements:
            kept.execute(sql, values)
        return kept.cursor.fetchall() if answers else None


@dataclass(slots=True)
class Kept:
    """What one connection keeps from statement to statement: making a cursor costs as much as sending thirty values."""

    connection: Any
    cursor: Any
    execute: Callable[[str, Sequence[Any]], Any]
    prepared: set[str]


def _kept(database: BaseDatabaseWrapper) -> Kept:
    database.ensure_connection()
    database.validate_thread_sharing()
    kept: Kept | None = database.__dict__.get("rows_kept")
    if kept is None or kept.connection is not database.connection:
        cursor = database.cursor().cursor
        kept = Kept(database.connection, cursor, cursor.execute if database.vendor == "postgresql" else _marked(cursor), set())
        database.__dict__["rows_kept"] = kept
    return kept


def _marked(cursor: Any) -> Callable[[str, Sequence[Any]], Any]:
    """The driver's own `execute` for SQLite, with the places of values marked as it wants them."""
    plain_execute, marks = sqlite3.Cursor.execute, cache(cursor.convert_query)
    return lambda sql, values: plain_execute(cursor, marks(sql), values)


def _prepare(database: BaseDatabaseWrapper, kept: Kept, texts: tuple[str, ...]) -> None:
    """Prepare what is new to this connection."""
    for sql in texts:
        if sql not in kept.prepared:
            with database.wrap_database_errors:
                kept.cursor.execute(f"PREPARE {_name(sql)} AS {_numbered(sql)}")  # past the log of queries: it asks for nothing
            kept.prepared.add(sql)


def _numbered(sql: str) -> str:
    first, *rest = sql.split("%s")
    return first + "".join(f"${place}{part}" for place, part in enumerate(rest, start=1))


def _name(sql: str) -> str:
    return f"rows_{sha256(sql.encode()).hexdigest()[:24]}"


@lru_cache(maxsize=256)
def _calls(texts: tuple[str, ...]) -> str:
    return ";".join(f"EXECUTE {_name(sql)}({', '.join(['%s'] * sql.count('%s'))})" if "%s" in sql else f"EXECUTE {_name(sql)}" for sql in texts)


def made(model: type[Row], record: Sequence[Any], only: tuple[str, ...] = ()) -> Row:
    """A row of the model from its columns, in the order of its fields or of those named, as `from_db` would give it."""
    names, converters = _reading(model, only)
    row = model.__new__(model)
    known = row.__dict__
    known.update(zip(names, record, strict=True))
    for name, expression, functions in converters:
        for function in functions:
            known[name] = function(known[name], expression, connection)
    state = known["_state"] = ModelState()
    state.adding, state.db = False, DEFAULT_DB_ALIAS
    return row


def new(model: type[Row], given: Mapping[str, Any]) -> Row:
    """A row that is not stored yet, from values by attribute; every other field has its default."""
    row = model.__new__(model)
    known = row.__dict__
    known.update(_defaults(model))
    known.update(given)
    known["_state"] = ModelState()
    return row


def link(row: models.Model, **others: models.Model | None) -> None:
    """Say which rows its foreign keys point at, so that they are not read again. The keys themselves stand in the row already."""
    row._state.fields_cache.update({name: other for name, other in others.items() if other is not None})


@cache
def _defaults(model: type[models.Model]) -> dict[str, Any]:
    """What a field holds of which nothing is said. A default that is made for each row, as an id, has to be given."""
    return {field.attname: field.get_default() for field in model._meta.concrete_fields if not (field.has_default() and callable(field.default))}


@cache
def _listed(parts: tuple[Part, ...]) -> tuple[str, list[int]]:
    """The columns of all parts, and how many each has."""
    fields = [[(part.name, field) for field in _fields(part.model, part.only)] for part in parts]
    return ", ".join(f'{name}."{field.column}"' for of_part in fields for name, field in of_part), [len(of_part) for of_part in fields]


@cache
def _fields(model: type[models.Model], only: tuple[str, ...] = ()) -> tuple[Any, ...]:
    return tuple(model._meta.get_field(name) for name in only) or tuple(model._meta.concrete_fields)


Way = Callable[[Any], Any]


class Written(NamedTuple):
    """A field that is written, and what becomes of its value by the value's type: what the driver takes as it is, and ways to make it so."""

    name: str
    field: models.Field
    as_it_is: frozenset[type]
    ways: Mapping[type, Way]


@cache
def _concrete(model: type[models.Model]) -> tuple[Written, ...]:
    """What an insert writes: all but an id that the database gives."""
    return tuple(map(_written, (field for field in model._meta.concrete_fields if not isinstance(field, models.AutoField))))


@cache
def _all(model: type[models.Model]) -> tuple[Written, ...]:
    return tuple(map(_written, model._meta.concrete_fields))


@cache
def _named(model: type[models.Model], names: tuple[str, ...]) -> tuple[Written, ...]:
    return tuple(_written(model._meta.get_field(name)) for name in names)


def _written(field: Any) -> Written:
    assert not any(getattr(field, name, False) for name in ("auto_now", "auto_now_add")), "Rows are dated by who writes them."
    kind = field.get_internal_type()
    if kind not in PLAIN_FIELDS:
        return Written(field.attname, field, frozenset(), {})
    return Written(field.attname, field, AS_IT_IS_ON[VENDOR], WAYS_ON[VENDOR].get(kind, {}))


def moment(at: datetime) -> Any:
    """A moment as a value in a statement of one's own."""
    return _in_utc(at) if VENDOR == "sqlite" else at


def columns(model: type[models.Model]) -> str:
    """All columns of a model, in the order in which `made` takes them."""
    return ", ".join(f'"{field.column}"' for field in _fields(model))


def _in_utc(moment: datetime) -> str:
    """As Django writes a moment on SQLite, whose connection is in UTC unless told otherwise."""
    return str((moment if moment.tzinfo is UTC else moment.astimezone(UTC)).replace(tzinfo=None))


WAYS_ON: dict[str, dict[str, dict[type, Way]]] = {
    "postgresql": {},
    "sqlite": {"DateField": {date: str}, "DateTimeField": {datetime: _in_utc}, "UUIDField": {UUID: attrgetter("hex")}},
}


def next_id(model: type[models.Model]) -> str:
    """An expression for the id of the model's next row, if this engine can tell ahead, so that the insert may travel with others; else NULL."""
    return f"nextval('{model._meta.db_table}_{model._meta.pk.column}_seq')" if VENDOR == "postgresql" else "NULL"


@cache
def _insert_sql(model: type[models.Model], with_id: bool = False) -> str:
    names = [f'"{field.column}"' for _, field, *_ in (_all(model) if with_id else _concrete(model))]
    return f'INSERT INTO "{model._meta.db_table}" ({", ".join(names)}) VALUES ({", ".join(["%s"] * len(names))})'  # noqa: S608  (names come from the models)


@cache
def _update_sql(model: type[models.Model], names: tuple[str, ...]) -> str:
    pairs = ", ".join(f'"{field.column}" = %s' for _, field, *_ in _named(model, names))
    return f'UPDATE "{model._meta.db_table}" SET {pairs} WHERE "{model._meta.pk.column}" = %s'  # noqa: S608


@cache
def _reading(model: type[models.Model], only: tuple[str, ...]) -> tuple[list[str], list[tuple[str, Any, list[Any]]]]:
    """The attributes a row is made of, and what this engine needs to turn its columns into them."""
    fields = _fields(model, only)
    converters = []
    for field in fields:
        expression = field.get_col(model._meta.db_table)
        functions = connection.ops.get_db_converters(expression) + field.get_db_converters(connection)
        if functions:
            converters.append((field.attname, expression, functions))
    return [field.attname for field in fields], converters


@cache
def _select_sql(model: type[models.Model]) -> str:
    return f'SELECT {columns(model)} FROM "{model._meta.db_table}" WHERE '  # noqa: S608


def _values(known: Mapping[str, Any], fields: tuple[Written, ...]) -> list[Any]:
    return [
        value if (kind := type(value := known[name])) in as_it_is else ways[kind](value) if kind in ways else _converted(value, field, bool(as_it_is))
        for name, field, as_it_is, ways in fields
    ]


def _converted(value: Any, field: models.Field, is_plain: bool) -> Any:
    if is_plain and isinstance(value, Enum):
        return value.value
    return field.get_db_prep_save(value, connection)
