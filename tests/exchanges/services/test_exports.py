"""What goes out comes back as the same, and nobody gets more than they may see."""

import csv
import io
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exchanges.models import Evidence, ImportTable, Report, Visibility
from exchanges.services.exports import cell, columns_of, export, written
from exchanges.services.imports.batches import import_file
from exchanges.services.imports.cells import RISKY, as_stored, as_written
from exchanges.services.imports.running import Options
from exchanges.services.reports import Account, report_gave, report_got
from exchanges.services.rounds import answer_check, open_round, sweep_rounds
from relationships.models import SideRole
from tests.makers import NOW, make_event, make_relationship, speaker
from valueledger.common.models import AuditEntry
from valueledger.common.tenancy import within


def exported(table, workspace, member=None):
    return b"".join(export(table=table, workspace=workspace, member=member, now=NOW))


def rows_of(content):
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def brought_back(content, table, workspace):
    return import_file(io.BytesIO(content), workspace=workspace, table=table, file_name=f"{table}.csv", options=Options(map=""), now=NOW)


@pytest.fixture
def story(cast):
    """Each kind of statement, with texts that a spreadsheet would misread."""
    event = make_event(cast.borealis, cast.ana_voice, what="=cmd|' /C calc'!A0", goal="+more")
    account = Account(
        word=4,
        sentence="-1 was too little,\n\"they\" said; 'so'",
        typed_amount=Decimal("2.5"),
        unit="@evenings",
        money=Decimal("9.50"),
        currency="EUR",
    )
    report_got(event=event, side=SideRole.COUNTERPART, voice=cast.bo_voice, account=account, now=NOW)
    report_gave(event=event, side=SideRole.OWN, voice=cast.ana_voice, account=Account(word=0, guess_word=-1), now=NOW)
    hidden = make_event(cast.borealis, cast.ana_voice, what="Only ours", visibility=Visibility.PRIVATE)
    report_gave(event=hidden, side=SideRole.OWN, voice=cast.ana_voice, account=Account(hours=Decimal(3)), now=NOW)
    rows = b"id,account,side,value,on,sentence\nx1,Borealis,they,-2.5,2026-05-01,'=not a formula\n"
    brought_back(rows, "CHECKS", cast.workspace)
    return event


def test_importing_an_export_changes_nothing(cast, story):
    before = Evidence.objects.count(), Report.objects.count()
    for table in ImportTable.values:
        content = exported(table, cast.workspace)
        batch = brought_back(content, table, cast.workspace)
        total = len(rows_of(content))
        assert total > 0
        assert (batch.rows_total, batch.rows_added, batch.rows_known, batch.rows_refused) == (total, 0, total, 0)
        assert exported(table, cast.workspace) == content
    assert (Evidence.objects.count(), Report.objects.count()) == before


def test_elsewhere_an_export_arrives_as_relayed_and_says_the_same(cast, story):
    contents = {table: exported(table, cast.workspace) for table in ImportTable.values}
    with within(cast.elsewhere.pk):
        for table in ("EVENTS", "REPORTS", "CHECKS"):
            batch = import_file(
                io.BytesIO(contents[table]), workspace=cast.elsewhere, table=table, file_name="acme.csv", options=Options(map=""), now=NOW
            )
            assert (batch.rows_added, batch.rows_refused) == (batch.rows_total, 0)
        assert not Report.objects.filter(first_hand=True).exists()
        for table, content in contents.items():
            own = {"id", "relationship", "event", "first_hand"}
            before = [{name: text for name, text in row.items() if name not in own} for row in rows_of(content)]
            after = [{name: text for name, text in row.items() if name not in own} for row in rows_of(exported(table, cast.elsewhere))]
            assert after == before, table


def test_cells_that_look_like_formulas_are_marked(cast, story):
    for table in ImportTable.values:
        content = exported(table, cast.workspace)
        assert not [text for row in rows_of(content) for text in row.values() if text.startswith(RISKY)]
    assert rows_of(exported("EVENTS", cast.workspace))[0]["what"] == "'=cmd|' /C calc'!A0"


@given(st.text(st.sampled_from("=+-@\t\r\0'\"a,;\n ") | st.characters(exclude_categories=["Cs"])))
@example("'=1")
@example("''+")
def test_what_is_marked_is_read_back_as_it_was(text):
    marked = as_written(text)
    assert as_stored(marked) == text
    assert not marked.startswith(RISKY)
    assert next(csv.reader(io.StringIO(written([[marked, "x"]]).decode(), newline="")), None) == [marked, "x"]


@given(st.decimals(-3, 3, places=6))
def test_numbers_are_written_in_full(number):
    assert Decimal(as_stored(cell(number))) == number
    assert "E" not in cell(number)


def test_a_steward_gets_our_side_and_a_leader_what_both_may_see(cast, story):
    make_relationship(cast.amir, "Cinder")
    ours = rows_of(exported("EVENTS", cast.workspace, cast.ana))
    assert {row["what"] for row in ours} == {"'=cmd|' /C calc'!A0", "Only ours"}
    assert [row["what"] for row in rows_of(exported("EVENTS", cast.workspace, cast.lea))] == ["'=cmd|' /C calc'!A0"]
    assert rows_of(exported("EVENTS", cast.workspace, cast.amir)) == []
    money = {row["side"]: row["money"] for row in rows_of(exported("REPORTS", cast.workspace, cast.ana)) if row["money"] or row["hours"]}
    assert money == {"own": ""}  # our hours, and not what the other side noted for itself
    assert len(rows_of(exported("REPORTS", cast.workspace, cast.lea))) == 2


def test_a_blind_answer_stays_out_until_both_are_revealed(cast):
    opened = open_round(relationship=cast.borealis, now=NOW, reason="due")
    assert opened is not None
    seats = {seat.side: seat for seat in opened.seats.all()}
    answer_check(seat=seats[SideRole.COUNTERPART], value=Decimal(1), now=NOW, assurance="LINK")
    for member in (None, cast.ana, cast.lea):
        assert rows_of(exported("CHECKS", cast.workspace, member)) == []
    answer_check(seat=seats[SideRole.OWN], value=Decimal(-1), now=NOW, assurance="SIGNED_IN")
    sweep_rounds(now=NOW + timedelta(minutes=2))
    assert sorted(row["value"] for row in rows_of(exported("CHECKS", cast.workspace, cast.lea))) == ["'-1", "1"]


def test_what_an_employee_said_is_in_no_export(cast, employee):
    event = make_event(employee.relationship, cast.ana_voice, what="Praise")
    report_got(event=event, side=SideRole.COUNTERPART, voice=employee.eva_voice, account=Account(word=4, sentence="secret"), now=NOW)
    assert employee.eva_speaks == speaker(employee.relationship)
    for member in (None, cast.ana, cast.lea):
        assert b"secret" not in exported("REPORTS", cast.workspace, member)
    assert [row["what"] for row in rows_of(exported("EVENTS", cast.workspace, cast.ana))] == ["Praise"]


def test_each_export_leaves_one_line_in_the_audit_log(cast):
    exported("CHECKS", cast.workspace, cast.ana)
    assert list(AuditEntry.objects.filter(action="export.checks").values_list("actor_kind", "actor_id")) == [("user", cast.ana.user_id)]


def test_the_columns_are_those_that_an_import_knows():
    assert columns_of("CHECKS") == [
        "id",
        "relationship",
        "own",
        "counterpart",
        "relationship_kind",
        "side",
        "value",
        "guess",
        "on",
        "sentence",
        "first_hand",
    ]
