"""Many rows at once, in and out, without an object per row: COPY in binary on PostgreSQL, executemany and plain tuples on SQLite.

Rows travel as columns. A column is one value for all rows, a NumPy array (masked: NULL), or a list. Days are numbers since 1970-01-01, times in an
array are seconds since then, public ids are `V16` arrays (see `fresh_uuids`). Callers never ask which engine it is; both twins are measured in `benchmarks/`.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import chain, repeat
from typing import Any
from uuid import UUID

import numpy as np
from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from numpy.typing import NDArray

SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
Y2K_DAYS = 10_957
Y2K = datetime(2000, 1, 1, tzinfo=UTC)
READ_SIZE = 1 << 17
LOOKUP_AT_ONCE = 20_000
SQLITE_PLACES = 900

# What PostgreSQL's binary format holds for each kind of field.
FIXED = {
    "BigAutoField": ">i8", "BigIntegerField": ">i8", "ForeignKey": ">i8", "OneToOneField": ">i8", "IntegerField": ">i4",
    "PositiveIntegerField": ">i4", "SmallIntegerField": ">i2", "PositiveSmallIntegerField": ">i2", "BooleanField": "i1",
    "FloatField": ">f8", "DateField": ">i4", "DateTimeField": ">i8", "UUIDField": "V16",
}  # fmt: skip
TEXT = {"CharField", "TextField", "EmailField"}
ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})

Columns = Mapping[str, Any]


def insert(model: type[models.Model], count: int, columns: Columns, *, using: str = DEFAULT_DB_ALIAS) -> None:
    """Write `count` rows. Columns are named as attributes (`relationship_id`); one that is left out takes the database's default."""
    if count == 0:
        return
    connection = connections[using]
    fields = [_field(model, name) for name in columns]
    values = list(columns.values())
    if connection.vendor != "postgresql":
        _insert_many(connection, model, fields, [_with_none(value) for value in values], count)
    elif all(_is_fixed(field, value) for field, value in zip(fields, values, strict=True)):
        for part, size in _by_nulls(values, count):
            _copy(connection, model, fields, "(FORMAT binary)", _binary(fields, part, size))
    else:
        _copy(connection, model, fields, "", _text(fields, [_with_none(value) for value in values], count))


def reserve(model: type[models.Model], count: int, *, using: str = DEFAULT_DB_ALIAS) -> NDArray[np.int64]:
    """Row ids that nobody else will get, in rising order. Call it inside the transaction that writes them."""
    if count == 0:
        return np.empty(0, np.int64)
    connection, table = connections[using], model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            sequence = _sequence_of(connection, table)
            cursor.execute(
                "SELECT min(id), max(id) FROM (SELECT nextval(%s::regclass) AS id FROM generate_series(1, %s)) AS taken", [sequence, count]
            )
            first, last = cursor.fetchone()
            if last - first + 1 == count:
                return np.arange(first, last + 1, dtype=np.int64)
            # Another writer drew in between: ask again, and take each number as it comes.
            cursor.execute("SELECT nextval(%s::regclass) FROM generate_series(1, %s)", [sequence, count])
            return np.sort(np.fromiter((row[0] for row in cursor.fetchall()), np.int64, count))
        # AUTOINCREMENT's own table: moving it on is what an insert does.
        cursor.execute("UPDATE sqlite_sequence SET seq = seq + %s WHERE name = %s", [count, table])
        if cursor.rowcount == 0:
            cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [table, count])
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        first = cursor.fetchone()[0] - count + 1
    return np.arange(first, first + count, dtype=np.int64)


@cache
def _sequence_named(alias: str, database: str, table: str) -> str:
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT pg_get_serial_sequence(%s, 'id')", [table])
        return cursor.fetchone()[0]


def _sequence_of(connection: BaseDatabaseWrapper, table: str) -> str:
    """Asked once: as part of the query it would be asked for each number."""
    return _sequence_named(connection.alias, str(connection.settings_dict["NAME"]), table)


def fresh_uuids(count: int) -> NDArray[np.void]:
    """Random public ids (version 4) as a V16 array."""
    raw = np.frombuffer(os.urandom(16 * count), np.uint8).reshape(count, 16).copy()
    raw[:, 6] = (raw[:, 6] & 0x0F) | 0x40
    raw[:, 8] = (raw[:, 8] & 0x3F) | 0x80
    return raw.view("V16").reshape(count)


def read(sql: str, types: Sequence[str], params: Sequence[Any] = (), *, using: str = DEFAULT_DB_ALIAS) -> list[NDArray[Any]]:
    """The columns of a query without NULL, one array each. `types` are what the query yields: i2, i4, i8, f8, ? or V<n> for n bytes."""
    connection = connections[using]
    if connection.vendor == "postgresql":
        return _read_binary(connection, sql, types, params)
    with connection.cursor() as cursor:
        cursor.execute(sql, list(params))
        return _columns_of(cursor.cursor, types)


def lookup(
    model: type[models.Model],
    key: str,
    keys: Sequence[Any],
    columns: Sequence[str],
    *,
    where: Mapping[str, Any] | None = None,
    using: str = DEFAULT_DB_ALIAS,
) -> list[tuple[Any, ...]]:
    """The columns of the rows whose key is among these, however many. Public ids are given and come as 32 hex digits, bytes as bytes."""
    connection = connections[using]
    field = _field(model, key)
    names = ", ".join(f'"{_field(model, name).column}"' for name in columns)
    given = where or {}
    fixed = " AND ".join(f'"{_field(model, name).column}" = %s' for name in given)
    begin = f'SELECT {names} FROM "{model._meta.db_table}" WHERE {fixed + " AND " if fixed else ""}"{field.column}"'
    rows: list[tuple[Any, ...]] = []
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cast = {"UUIDField": "uuid", "BinaryField": "bytea", "CharField": "text"}.get(_kind(field), "bigint")
            for part in _cut(keys, LOOKUP_AT_ONCE):
                cursor.execute(f"{begin} = ANY(%s::{cast}[])", [*given.values(), list(part)])
                rows += cursor.fetchall()
            return [tuple(_as_given(cell) for cell in row) for row in rows]
        for part in _cut(keys, SQLITE_PLACES):
            cursor.execute(f"{begin} IN ({', '.join(['%s'] * len(part))})", [*given.values(), *part])
            rows += cursor.fetchall()
    return rows


def update_by_id(
    model: type[models.Model], column: str, ids: Sequence[int] | NDArray[np.int64], values: Sequence[int] | NDArray[np.int64], *,
    using: str = DEFAULT_DB_ALIAS,
) -> None:  # fmt: skip
    """Set one integer column of many rows, each to its own value."""
    if len(ids) == 0:
        return
    connection, table = connections[using], model._meta.db_table
    pairs = (np.asarray(ids).tolist(), np.asarray(values).tolist())
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                f'UPDATE "{table}" AS row SET "{column}" = new.value FROM unnest(%s::bigint[], %s::bigint[]) AS new(id, value) WHERE row.id = new.id',
                list(pairs),
            )
        else:
            cursor.executemany(f'UPDATE "{table}" SET "{column}" = %s WHERE id = %s', list(zip(pairs[1], pairs[0], strict=True)))


def _cut(keys: Sequence[Any], size: int) -> Iterable[Sequence[Any]]:
    return (keys[start : start + size] for start in range(0, len(keys), size))


def _as_given(cell: Any) -> Any:
    """psycopg2 answers bytes as a memoryview and ids as objects."""
    if isinstance(cell, memoryview):
        return bytes(cell)
    return cell.hex if isinstance(cell, UUID) else cell


# Writing


def _field(model: type[models.Model], name: str) -> models.Field[Any, Any]:
    for field in model._meta.concrete_fields:
        if name in (field.attname, field.name):
            return field
    raise LookupError(f"{model.__name__} has no column {name}.")


def _kind(field: models.Field[Any, Any]) -> str:
    return field.get_internal_type()


def _is_fixed(field: models.Field[Any, Any], value: Any) -> bool:
    """Every row takes the same number of bytes: then the whole column is one operation."""
    if value is None or (_kind(field) in TEXT and isinstance(value, str)):
        return True
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "biufV"
    return _kind(field) in FIXED and not isinstance(value, list)


def _with_none(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ma.MaskedArray) else value


def _by_nulls(values: list[Any], count: int) -> Iterable[tuple[list[Any], int]]:
    """Rows with the same columns missing take the same number of bytes: a portion for each such pattern."""
    masked = {place: np.ma.getmaskarray(value) for place, value in enumerate(values) if isinstance(value, np.ma.MaskedArray)}
    if not masked:
        return [(values, count)]
    pattern = np.zeros(count, np.int64)
    for bit, mask in enumerate(masked.values()):
        pattern |= mask.astype(np.int64) << bit
    portions = []
    for code in np.unique(pattern).tolist():
        rows = pattern == code
        missing = {place for bit, place in enumerate(masked) if code >> bit & 1}
        part = [
            None if place in missing else np.ma.getdata(value)[rows] if isinstance(value, np.ndarray) else value for place, value in enumerate(values)
        ]
        portions.append((part, int(rows.sum())))
    return portions


def _binary(fields: list[models.Field[Any, Any]], values: list[Any], count: int) -> bytes:
    layout: list[tuple[str, str]] = [("fields", ">i2")]
    filled: list[tuple[str, Any]] = [("fields", len(fields))]
    for number, (field, value) in enumerate(zip(fields, values, strict=True)):
        layout.append((f"length{number}", ">i4"))
        if value is None:
            filled.append((f"length{number}", -1))
            continue
        code, content = _encoded(field, value)
        filled.append((f"length{number}", np.dtype(code).itemsize))
        if np.dtype(code).itemsize:
            layout.append((f"value{number}", code))
            filled.append((f"value{number}", content))
    rows = np.zeros(count, np.dtype(layout))
    for name, content in filled:
        rows[name] = content
    return SIGNATURE + rows.tobytes() + TRAILER


def _encoded(field: models.Field[Any, Any], value: Any) -> tuple[str, Any]:
    kind = _kind(field)
    if kind in TEXT:
        raw = str(value).encode()
        return f"V{len(raw)}", np.void(raw) if raw else None
    if isinstance(value, np.ndarray) and value.dtype.kind == "V":
        return value.dtype.str[1:], value
    if kind == "DateField":
        return ">i4", _day(value) - Y2K_DAYS
    if kind == "DateTimeField":
        return ">i8", (value - Y2K) // timedelta(microseconds=1) if isinstance(value, datetime) else (value - Y2K_DAYS * 86_400) * 1_000_000
    if kind == "UUIDField":
        return "V16", np.void(value.bytes)
    return FIXED[kind], value


def _day(value: Any) -> Any:
    return value.toordinal() - 719_163 if isinstance(value, date) else value


def _text(fields: list[models.Field[Any, Any]], values: list[Any], count: int) -> bytes:
    columns = [_written(field, value, count) for field, value in zip(fields, values, strict=True)]
    return ("\n".join(map("\t".join, zip(*columns, strict=False))) + "\n").encode()


def _written(field: models.Field[Any, Any], value: Any, count: int) -> Iterable[str]:
    """The column as COPY's text format spells it."""
    if value is None or (isinstance(value, str | int | float | date) and not isinstance(value, np.ndarray)):
        return repeat(_cell(field, value), count)
    if _kind(field) == "UUIDField":
        return _hex(value, 32)
    if isinstance(value, np.ndarray) and value.dtype.kind == "V":
        return ["\\\\x" + part for part in _hex(value, 2 * value.dtype.itemsize)]
    if _kind(field) == "DateField" and isinstance(value, np.ndarray):
        return np.datetime_as_string(value.astype("datetime64[D]")).tolist()
    if _kind(field) == "DateTimeField" and isinstance(value, np.ndarray):
        return [moment + "+00" for moment in np.datetime_as_string(value.astype("datetime64[s]")).tolist()]
    if isinstance(value, np.ndarray):
        return map(str, value.tolist())
    return [_cell(field, one) for one in value]


def _cell(field: models.Field[Any, Any], value: Any) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, str):
        return value.translate(ESCAPES)
    if isinstance(value, bytes):
        return "\\\\x" + value.hex()
    if isinstance(value, bool):
        return "t" if value else "f"
    if _kind(field) == "DateField" and isinstance(value, int):
        return date.fromordinal(value + 719_163).isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)


def _hex(value: NDArray[np.void], width: int) -> list[str]:
    whole = value.tobytes().hex()
    return [whole[start : start + width] for start in range(0, len(whole), width)]


def _copy(connection: BaseDatabaseWrapper, model: type[models.Model], fields: list[models.Field[Any, Any]], form: str, data: bytes) -> None:
    names = ", ".join(f'"{field.column}"' for field in fields)
    with connection.cursor() as cursor:
        cursor.cursor.copy_expert(f'COPY "{model._meta.db_table}" ({names}) FROM STDIN {form}', io.BytesIO(data), READ_SIZE)


def _insert_many(
    connection: BaseDatabaseWrapper, model: type[models.Model], fields: list[models.Field[Any, Any]], values: list[Any], count: int
) -> None:
    names = ", ".join(f'"{field.column}"' for field in fields)
    places = ", ".join(["%s"] * len(fields))
    columns = [_plain(connection, field, value, count) for field, value in zip(fields, values, strict=True)]
    with connection.cursor() as cursor:
        cursor.executemany(f'INSERT INTO "{model._meta.db_table}" ({names}) VALUES ({places})', list(zip(*columns, strict=False)))


def _plain(connection: BaseDatabaseWrapper, field: models.Field[Any, Any], value: Any, count: int) -> Iterable[Any]:
    """The column as SQLite keeps it: ids as hex, days and times as text."""
    kind = _kind(field)
    if isinstance(value, np.ndarray):
        if kind == "UUIDField":
            return _hex(value, 32)
        if value.dtype.kind == "V":
            raw, width = value.tobytes(), value.dtype.itemsize
            return [raw[start : start + width] for start in range(0, len(raw), width)]
        if kind == "DateField":
            return np.datetime_as_string(value.astype("datetime64[D]")).tolist()
        if kind == "DateTimeField":
            return [moment.replace("T", " ") for moment in np.datetime_as_string(value.astype("datetime64[s]")).tolist()]
        return value.tolist()
    adapt = _adapter(connection, kind)
    if isinstance(value, list):
        return [None if one is None else adapt(one) for one in value]
    return repeat(None if value is None else adapt(value), count)


def _adapter(connection: BaseDatabaseWrapper, kind: str) -> Callable[[Any], Any]:
    if kind == "DateTimeField":
        return lambda value: str(connection.ops.adapt_datetimefield_value(value))
    if kind == "DateField":
        return lambda value: date.fromordinal(_day(value) + 719_163).isoformat()
    if kind == "UUIDField":
        return lambda value: value.hex
    if kind == "DecimalField":
        return str
    return lambda value: value


# Reading


class _Pieces:
    """A file for COPY to write to: keeps what comes, joins it once."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self.write = self._pieces.append

    def joined(self) -> bytes:
        return b"".join(self._pieces)


def _read_binary(connection: BaseDatabaseWrapper, sql: str, types: Sequence[str], params: Sequence[Any]) -> list[NDArray[Any]]:
    layout: list[tuple[str, str]] = [("fields", ">i2")]
    for number, code in enumerate(types):
        layout += [(f"length{number}", ">i4"), (f"value{number}", code if code[0] in "V?" else f">{code}")]
    row = np.dtype(layout)
    pieces = _Pieces()
    with connection.cursor() as cursor:
        query = cursor.mogrify(sql, list(params)).decode() if params else sql
        cursor.cursor.copy_expert(f"COPY ({query}) TO STDOUT (FORMAT binary)", pieces, READ_SIZE)
    raw = pieces.joined()
    count, rest = divmod(len(raw) - len(SIGNATURE) - len(TRAILER), row.itemsize)
    if rest:
        raise ValueError("The query yields NULL or other types than were named.")
    rows = np.frombuffer(raw, row, count, len(SIGNATURE))
    for number, code in enumerate(types):
        if count and not (rows[f"length{number}"] == np.dtype(code).itemsize).all():
            raise ValueError(f"Column {number} of the query is not {code}.")
    return [rows[f"value{number}"].astype(code) for number, code in enumerate(types)]


def _columns_of(rows: Iterable[tuple[Any, ...]], types: Sequence[str]) -> list[NDArray[Any]]:
    """Flattened in one pass while all are integers; blobs and floats go column by column."""
    if all(code[0] in "i?" for code in types):
        table = np.fromiter(chain.from_iterable(rows), np.int64).reshape(-1, len(types))
        return [table[:, number].astype(code) for number, code in enumerate(types)]
    columns = list(zip(*rows, strict=True)) or [()] * len(types)
    return [np.frombuffer(b"".join(column), code) if code[0] == "V" else np.array(column, code) for column, code in zip(columns, types, strict=True)]
