"""Columns go in and come out the same on both engines."""

from datetime import UTC, date, datetime

import numpy as np
import pytest

from exchanges.models import Evidence, LiveEvidence
from relationships.models import Party, PartyText, Relationship, Workspace
from valueledger.common import bulk
from valueledger.common.tenancy import within

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, 12, 30, 15, 123456, tzinfo=UTC)


@pytest.fixture
def workspace():
    return Workspace.objects.create(name="Acme")


def test_rows_written_as_columns_read_back_as_objects(workspace):
    ids = bulk.reserve(Relationship, 3)
    bulk.insert(
        Relationship,
        3,
        {
            "id": ids, "public_id": bulk.fresh_uuids(3), "workspace_id": workspace.pk, "kind": "CLIENT", "stage": "GROWING", "stake": 2,
            "head_position": np.array([5, 6, 7]), "started_on": np.array([0, 15_000, 20_000]), "created_at": NOW, "band": None,
        },
    )  # fmt: skip
    with within(workspace.pk):
        rows = list(Relationship.objects.order_by("id"))
    assert [row.pk for row in rows] == ids.tolist()
    assert [row.head_position for row in rows] == [5, 6, 7]
    assert [row.started_on for row in rows] == [date(1970, 1, 1), date(2011, 1, 26), date(2024, 10, 4)]
    assert {row.created_at for row in rows} == {NOW}
    assert {row.public_id.version for row in rows} == {4}
    assert rows[0].band is None


def test_text_keeps_every_character(workspace):
    names = ["tab\there", "line\nbreak", "back\\slash", "", "Ωmega\r", "\\N", "quote'\""]
    ids = bulk.reserve(Party, len(names))
    bulk.insert(Party, len(names), {"id": ids, "public_id": bulk.fresh_uuids(len(names)), "workspace_id": workspace.pk, "kind": "PERSON"})
    bulk.insert(PartyText, len(names), {"workspace_id": workspace.pk, "party_id": ids, "name": names, "short_name": ""})
    with within(workspace.pk):
        assert list(PartyText.objects.order_by("party_id").values_list("name", flat=True)) == names


def test_reserved_ids_are_not_given_out_again(workspace):
    first, second = bulk.reserve(Relationship, 2), bulk.reserve(Relationship, 2)
    bulk.insert(Relationship, 2, {"id": second, "public_id": bulk.fresh_uuids(2), "workspace_id": workspace.pk, "kind": "CLIENT", "stage": "GROWING", "stake": 2,
                                  "head_position": 0, "created_at": NOW})  # fmt: skip
    with within(workspace.pk):
        made = Relationship.objects.create(workspace=workspace)
    assert made.pk > max(second)
    assert set(first.tolist()).isdisjoint(second.tolist())


def test_columns_read_into_arrays_equal_the_rows(workspace):
    values = np.array([-(2**63), 0, 300_000], np.int64)
    with within(workspace.pk):
        relationship = Relationship.objects.create(workspace=workspace)
    bulk.insert(
        LiveEvidence,
        3,
        {
            "workspace_id": workspace.pk, "relationship_id": relationship.pk, "side": 1, "on_day": np.arange(3), "kind": np.array([1, 2, 4]),
            "relayed": np.array([True, False, True]), "view_mask": 7, "value_int": values, "position": np.arange(1, 4), "source_kind": 2, "source_id": 9,
        },
    )  # fmt: skip
    sql = "SELECT value_int, on_day, kind, relayed FROM exchanges_liveevidence WHERE workspace_id = %s ORDER BY on_day"
    value, day, kind, relayed = bulk.read(sql, ["i8", "i4", "i2", "?"], [workspace.pk])
    assert value.tolist() == values.tolist()
    assert day.tolist() == [0, 1, 2]
    assert kind.tolist() == [1, 2, 4]
    assert relayed.tolist() == [True, False, True]
    assert [len(column) for column in bulk.read(sql, ["i8", "i4", "i2", "?"], [-1])] == [0, 0, 0, 0]


def test_each_row_gets_its_own_value(workspace):
    with within(workspace.pk):
        rows = [Relationship.objects.create(workspace=workspace) for _ in range(3)]
        bulk.update_by_id(Relationship, "head_position", [row.pk for row in rows], [4, 5, 6])
        assert list(Relationship.objects.order_by("id").values_list("head_position", flat=True)) == [4, 5, 6]


def test_rows_are_found_by_many_keys(workspace):
    ids, public = bulk.reserve(Party, 2_500), bulk.fresh_uuids(2_500)
    keys = [f"source:{number}" for number in range(2_500)]
    bulk.insert(Party, 2_500, {"id": ids, "public_id": public, "workspace_id": workspace.pk, "kind": "PERSON", "import_key": keys})
    where = {"workspace_id": workspace.pk}
    assert dict(bulk.lookup(Party, "import_key", [*keys, "unknown"], ["import_key", "id"], where=where)) == dict(zip(keys, ids.tolist(), strict=True))
    hex_ids = [public[place].tobytes().hex() for place in (0, 2_499)]
    assert sorted(bulk.lookup(Party, "public_id", hex_ids, ["public_id"], where=where)) == sorted((one,) for one in hex_ids)
    assert bulk.lookup(Party, "import_key", keys, ["id"], where={"workspace_id": -1}) == []


def test_times_in_an_array_are_seconds(workspace):
    moment = int(datetime(2014, 8, 8, 4, 0, 1, tzinfo=UTC).timestamp())
    columns = {"public_id": bulk.fresh_uuids(1), "workspace_id": workspace.pk, "kind": "CLIENT", "stage": "GROWING", "stake": 2, "head_position": 0,
               "created_at": np.array([moment])}  # fmt: skip
    bulk.insert(Relationship, 1, columns)
    bulk.insert(Relationship, 1, columns | {"public_id": bulk.fresh_uuids(1), "import_key": ["by text"]})
    with within(workspace.pk):
        assert {row.created_at for row in Relationship.objects.all()} == {datetime(2014, 8, 8, 4, 0, 1, tzinfo=UTC)}


def test_an_unknown_column_is_refused():
    with pytest.raises(LookupError, match="no column colour"):
        bulk.insert(Evidence, 1, {"colour": 1})
