"""Rows without the query compiler: what is written is what Django would have written, and who looks at queries sees them."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from exchanges.models import Answer, Card, Report
from relationships.models import Kind
from valueledger.common import rows

MOMENT = datetime(2026, 3, 29, 1, 30, 15, 120, tzinfo=timezone(timedelta(hours=2)))
VALUES = {
    "UUIDField": [UUID(int=7)],
    "DateField": [date(2026, 1, 2), None, MOMENT],
    "DateTimeField": [MOMENT, MOMENT.astimezone(UTC), MOMENT.astimezone(UTC).replace(microsecond=0), None],
    "BooleanField": [True, False],
    "CharField": ["", "text", Kind.CLIENT],
    "SmallIntegerField": [3, None],
    "DecimalField": [Decimal("1.5"), Decimal("-99999999.1234"), None],
    "FloatField": [0.1, None],
}


def told(value, field):
    """What the database makes of a value."""
    given = rows._values({field.attname: value}, (rows._written(field),))
    expected = [field.get_db_prep_save(value, connection)]
    shown = "%s" if connection.vendor == "sqlite" else f"CAST(%s AS {field.db_type(connection)})"
    with connection.cursor() as cursor:
        return [(cursor.execute(f"SELECT {shown}", one), cursor.fetchone())[1] for one in (given, expected)]


@pytest.mark.django_db
def test_each_value_is_written_as_django_writes_it():
    seen = set()
    for field in [field for model in (Report, Card, Answer) for field in model._meta.concrete_fields]:
        for value in VALUES.get(field.get_internal_type(), []):
            ours, expected = told(value, field)
            assert ours == expected, (field, value)
            seen.add(field.get_internal_type())
    assert seen == set(VALUES)


@pytest.mark.django_db
def test_a_moment_in_another_zone_would_be_wrong_if_it_were_written_as_it_is(monkeypatch):
    if connection.vendor != "sqlite":
        return  # the server knows zones
    monkeypatch.setitem(rows.WAYS_ON["sqlite"], "DateTimeField", {datetime: str})
    ours, expected = told(MOMENT, Report._meta.get_field("recorded_at"))
    assert ours != expected


@pytest.mark.django_db
def test_queries_can_be_watched():
    seen = []

    def watch(execute, sql, params, many, context):
        seen.append(sql)
        return execute(sql, params, many, context)

    with CaptureQueriesContext(connection) as captured:
        assert rows.plain("SELECT %s + 1", [41]) == [(42,)]
    with connection.execute_wrapper(watch):
        assert rows.plain("SELECT %s + 1", [41]) == [(42,)]
    assert (len(captured), len(seen)) == (1, 1)


@pytest.mark.django_db
def test_errors_are_djangos_and_a_broken_transaction_answers_nothing_more():
    with transaction.atomic():
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.plain("SELECT nothing FROM nowhere WHERE 1 = %s", [1])
        assert rows.plain("SELECT %s + 1", [1]) == [(2,)]
        connection.needs_rollback = True
        with pytest.raises(transaction.TransactionManagementError):
            rows.plain("SELECT %s + 1", [1])
        connection.needs_rollback = False
