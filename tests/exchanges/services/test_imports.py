"""Files come in once, whatever their dialect, their order or the death of whoever ran them."""

import gzip
import io
import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exchanges.models import (
    Answer,
    Card,
    EventText,
    EventVersion,
    Evidence,
    ImportBatch,
    ImportFile,
    ImportKey,
    ImportRow,
    ImportState,
    LiveEvidence,
    Report,
    ValueEvent,
)  # fmt: skip
from exchanges.selectors.verification import differences
from exchanges.services.imports import batches, running
from exchanges.services.imports.batches import import_file, rehearse_file, sweep
from exchanges.services.imports.mapping import BadMapping
from exchanges.services.imports.running import NothingImported, Options
from exchanges.services.reports import Account, report_gave, report_got
from relationships.models import Kind, Party, PartyKind, Relationship, Side, SideRole
from relationships.services.catalogue import seed_catalogue
from relationships.services.terms import TermsLine, add_own_kind, write_terms
from tests.makers import NOW, make_event, make_relationship
from valueledger.common.errors import Invalid
from valueledger.common.tenancy import within

RATINGS = "rater=0, rated=1, value=2*3/10, on=3:unix"
# rater, rated, rating, time: 3 and 12 rate each other, 12 and 40 too, 7 rates 3 and is not answered.
PEOPLE = ["12,3,10,1407470400", "3,12,-5,1407470401", "12,40,1,1376539200", "40,12,2,1350014400", "7,3,-10,1347854400"]


def of(rows, *, end="\n"):
    return io.BytesIO((end.join(rows) + end).encode())


def bring(workspace, opened, *, table="CHECKS", map=RATINGS, file_name="people.csv", **given):
    options = Options(map=map, **{name: given.pop(name) for name in ("kind", "creates", "is_strict", "fixes") if name in given})
    return import_file(opened, workspace=workspace, table=table, file_name=file_name, options=options, now=NOW, **given)


def counts(batch):
    return batch.rows_total, batch.rows_added, batch.rows_known, batch.rows_refused


def refusals(batch):
    return {row.number: (row.field, row.reason) for row in ImportRow.objects.filter(batch=batch)}


def ensure_true_to_what_was_said():
    ids = list(Relationship.objects.values_list("pk", flat=True))
    assert list(differences(ids)) == []


@pytest.fixture
def empty(cast):
    with within(cast.elsewhere.pk):
        yield cast.elsewhere


def test_people_who_rate_each_other_become_relationships_with_two_sides(empty):
    batch = bring(empty, of(PEOPLE))
    assert counts(batch) == (5, 5, 0, 0)
    assert batch.state == ImportState.DONE
    assert set(Party.objects.values_list("kind", "text__name")) == {(PartyKind.PERSON, name) for name in ("3", "7", "12", "40")}
    sides = {(one.relationship_id, one.role): one.party.text.name for one in Side.objects.select_related("party__text")}
    pairs = {(sides[pk, 0], sides[pk, 1]) for pk, _ in sides}
    assert pairs == {("3", "12"), ("12", "40"), ("3", "7")}  # the smaller number is the own side: 7 is not smaller than 12 by its letters alone
    said = {(sides[row.relationship_id, row.side], row.y_micro, row.answered_on) for row in Answer.objects.all()}
    assert ("12", 3_000_000, date(2014, 8, 8)) in said
    assert ("3", -1_500_000, date(2014, 8, 8)) in said
    assert ("40", 600_000, date(2012, 10, 12)) in said
    assert not Answer.objects.filter(first_hand=True).exists()
    assert LiveEvidence.objects.filter(relayed=False).count() == 0
    ensure_true_to_what_was_said()


def test_every_rating_is_kept_exactly(empty):
    bring(empty, of([f"{rater},0,{rating},1400000000" for rater, rating in enumerate(range(-10, 11), start=1)]))
    assert sorted(Answer.objects.values_list("y_micro", flat=True)) == [300_000 * rating for rating in range(-10, 11)]


def test_a_second_import_adds_nothing_in_any_order_packed_or_not(empty):
    bring(empty, of(PEOPLE))
    before = Evidence.objects.count(), Relationship.objects.count(), Party.objects.count(), ImportKey.objects.count()
    shuffled = random.Random(4).sample(PEOPLE, len(PEOPLE))
    for again in (of(PEOPLE), of(shuffled, end="\r\n"), io.BytesIO(gzip.compress("\n".join(shuffled).encode()))):
        assert counts(bring(empty, again)) == (5, 0, 5, 0)
    assert (Evidence.objects.count(), Relationship.objects.count(), Party.objects.count(), ImportKey.objects.count()) == before


def test_the_same_row_twice_in_a_file_is_two_rows_and_stays_two(empty):
    twice = [*PEOPLE, PEOPLE[0]]
    assert counts(bring(empty, of(PEOPLE))) == (5, 5, 0, 0)
    assert counts(bring(empty, of(twice))) == (6, 1, 5, 0)
    assert counts(bring(empty, of(twice))) == (6, 0, 6, 0)


def test_new_rows_of_known_relationships_go_on_at_the_head(empty):
    bring(empty, of(PEOPLE[:2]))
    batch = bring(empty, of([*PEOPLE[:2], "3,12,4,1500000000", "12,3,4,1300000000"]))
    assert counts(batch) == (4, 2, 2, 0)
    row = Relationship.objects.get()
    assert row.head_position == 4
    assert sorted(Evidence.objects.values_list("position", flat=True)) == [1, 2, 3, 4]
    ensure_true_to_what_was_said()


def test_an_import_in_many_parts_equals_one_in_a_single_part(empty, monkeypatch):
    rows = [f"{1 + n % 37},{41 + n % 23},{n % 21 - 10},{1300000000 + 86400 * n}" for n in range(900)]
    monkeypatch.setattr(running, "parts_for", lambda count: 13)
    monkeypatch.setattr("exchanges.services.imports.staging.KEPT_IN_MEMORY", 100)
    monkeypatch.setattr("exchanges.services.imports.staging.BLOCK", 7)
    batch = bring(empty, of(rows))
    assert (batch.parts, *counts(batch)) == (13, 900, 900, 0, 0)
    assert Counter(Answer.objects.values_list("answered_on", flat=True)).total() == 900
    assert Card.objects.count() == Relationship.objects.count() == len({tuple(row.split(",")[:2]) for row in rows})
    ensure_true_to_what_was_said()


class Killed(Exception):
    """The process ended here."""


def test_a_run_killed_in_the_middle_goes_on_to_the_same_result(empty, monkeypatch):
    rows = [f"{1 + n % 37},{41 + n % 23},{n % 21 - 10},{1300000000 + 86400 * n}" for n in range(400)]
    monkeypatch.setattr(running, "parts_for", lambda count: 5)

    def die(batch):
        if batch.parts_done == 2:
            raise Killed

    with pytest.raises(Killed):
        bring(empty, of(rows), progress=die)
    half = Answer.objects.count()
    assert 0 < half < 400
    assert counts(bring(empty, of(rows))) == (400, 400 - half, half, 0)
    assert Answer.objects.count() == 400
    ensure_true_to_what_was_said()


def test_a_part_that_fails_leaves_nothing_behind(empty, monkeypatch):
    monkeypatch.setattr(running, "refold", lambda **_: (_ for _ in ()).throw(Killed))
    with pytest.raises(Killed):
        bring(empty, of(PEOPLE))
    assert (Answer.objects.count(), Relationship.objects.count(), Party.objects.count(), ImportKey.objects.count()) == (0, 0, 0, 0)


def test_a_dry_run_tells_what_would_happen_and_writes_nothing(empty):
    bring(empty, of(PEOPLE[:2]))
    before = Answer.objects.count(), Relationship.objects.count(), ImportBatch.objects.count()
    told = rehearse_file(
        of([*PEOPLE, "1,1,5,1400000000"]), workspace=empty, table="CHECKS", file_name="people.csv", options=Options(map=RATINGS), now=NOW
    )
    assert (told.rows, told.ready, told.known, told.refused_count) == (6, 3, 2, 1)
    assert (Answer.objects.count(), Relationship.objects.count(), ImportBatch.objects.count()) == before


# Wrong rows


def test_each_wrong_row_is_named_and_the_good_ones_come_in(cast):
    rows = ["who,side,answer,day", "Borealis,they,2,2026-05-01", "Borealis,they,5,2026-05-01", "Borealis,they,NaN,2026-05-01", "Borealis,they,1e308,2026-05-01",
            "Borealis,they,1,9999-12-31", "Borealis,they,1,2026-06-31", "Borealis,nobody,1,2026-05-01", ",they,1,2026-05-01", "Borealis,they,,2026-05-01",
            "Borealis,they,1,2026-06-20", "Borealis,they,1", "Borealis,they,1,2026-05-02,,", "Borealis,they,1,2026-05-03,x"]  # fmt: skip
    batch = bring(cast.workspace, of(rows), map="counterpart=who, side=side, value=answer, on=day")
    assert counts(batch) == (13, 2, 0, 11)
    wrong = refusals(batch)
    assert {number: field for number, (field, _) in wrong.items()} == {
        3: "value", 4: "value", 5: "value", 6: "on", 7: "on", 8: "side", 9: "counterpart", 10: "value", 11: "on", 12: "", 14: "",
    }  # fmt: skip
    assert wrong[7][1] == "June has 30 days. Which date was it?"
    assert wrong[4][1] == "“NaN” is not a number."
    assert "between 1970-01-01 and 2026-06-12" in wrong[6][1]
    assert "cells" in wrong[14][1]


def test_strict_imports_nothing_while_a_row_is_wrong(empty):
    with pytest.raises(NothingImported, match="1 of 6 rows"):
        bring(empty, of([*PEOPLE, "1,2,11,1400000000"]), is_strict=True)
    assert (Answer.objects.count(), ImportBatch.objects.get().state) == (0, ImportState.FAILED)
    assert counts(bring(empty, of(PEOPLE), is_strict=True)) == (5, 5, 0, 0)


def test_nothing_is_passed_on_for_an_employee(cast, employee):
    rows = ["name,side,value,on", "Eva Holm,they,2,2026-05-01", "Eva Holm,we,1,2026-05-01"]
    batch = bring(cast.workspace, of(rows), map="")
    assert counts(batch) == (2, 1, 0, 1)
    assert refusals(batch)[2] == ("side", "Employees speak for themselves: nothing can be passed on for them.")
    assert set(Answer.objects.values_list("side", flat=True)) == {SideRole.OWN}


def test_an_unknown_name_begins_a_relationship_or_is_set_aside(cast):
    rows = ["account,side,value,on", "borealis,they,1,2026-05-01", "Cinder,they,1,2026-05-01"]
    batch = bring(cast.workspace, of(rows), map="", creates=False)
    assert refusals(batch) == {3: ("counterpart", "No relationship has this name.")}
    assert counts(bring(cast.workspace, of(rows), map="")) == (2, 1, 1, 0)
    cinder = Relationship.objects.get(sides__party__text__name="Cinder")
    assert cinder.sides.get(role=SideRole.OWN).party == cast.borealis.sides.get(role=SideRole.OWN).party


def test_a_name_that_two_relationships_have_is_asked_about(cast):
    make_relationship(cast.ana, "Borealis")
    batch = bring(cast.workspace, of(["account,side,value,on", "Borealis,they,1,2026-05-01", f"{cast.borealis.public_id},they,1,2026-05-01"]), map="relationship=0,side=1,value=2,on=3")  # fmt: skip
    assert counts(batch) == (2, 1, 0, 1)
    assert "Several relationships" in refusals(batch)[2][1]


def test_a_foreign_relationship_is_not_found(cast):
    with within(cast.elsewhere.pk):
        foreign = make_relationship(cast.zed, "Quarry")
    batch = bring(cast.workspace, of(["relationship,side,value,on", f"{foreign.public_id},they,1,2026-05-01"]), map="")
    assert refusals(batch) == {2: ("relationship", "There is no relationship with this id among those you may write to.")}


def test_a_relationship_made_by_hand_is_found_whichever_way_round(cast):
    rows = ["from,to,rating,date", "Borealis,Acme,2,2026-05-01", "Acme,Borealis,-1,2026-05-01"]
    assert counts(bring(cast.workspace, of(rows), map="")) == (2, 2, 0, 0)
    assert Relationship.objects.count() == 1
    assert set(Answer.objects.values_list("side", "y_micro")) == {(SideRole.COUNTERPART, 2_000_000), (SideRole.OWN, -1_000_000)}
    rows = ["from,to,rating,date", "Borealis,Acme,2,2026-05-01"]
    assert counts(bring(cast.workspace, of(rows), map="")) == (1, 0, 1, 0)


# Dialects

TIDY = ["account,side,value,on,sentence", "Borealis,they,2,2026-05-01,Très bien", "Borealis,they,-1,2026-05-02,Übel"]


@pytest.mark.parametrize(
    "content",
    [
        "\n".join(TIDY).encode(),
        b"\xef\xbb\xbf" + "\r\n".join(TIDY).encode(),
        "\r".join(TIDY).encode(),
        "\n".join(TIDY).encode("utf-16"),
        "\n".join(TIDY).encode("utf-16-le"),
        "\n".join(TIDY).encode("latin-1"),
        "\n".join(TIDY).replace(",", ";").encode("cp1252"),
        "\n".join(TIDY).replace(",", "\t").encode(),
        ("sep=;\n" + "\n".join(TIDY).replace(",", ";")).encode(),
        gzip.compress("\n\n".join(TIDY).encode()),
        "\n".join(",".join(f'"{cell}"' for cell in row.split(",")) for row in TIDY).encode(),
    ],
    ids=["utf8", "bom", "cr", "utf16", "utf16le", "latin1", "semicolons", "tabs", "sep", "gzip", "quoted"],
)
def test_any_dialect_reads_the_same(cast, content):
    batch = bring(cast.workspace, io.BytesIO(content), map="")
    assert counts(batch) == (2, 2, 0, 0)
    assert sorted(Answer.objects.values_list("y_micro", "text__sentence")) == [(-1_000_000, "Übel"), (2_000_000, "Très bien")]


def test_a_quotation_mark_that_is_never_closed_costs_one_row(cast):
    rows = [TIDY[0], 'Borealis,they,1,2026-05-01,"never closed', "Borealis,they,2,2026-05-02,fine", 'Borealis,they,3,2026-05-03,"over\ntwo lines"']
    batch = bring(cast.workspace, of(rows), map="")
    assert counts(batch) == (3, 2, 0, 1)
    assert refusals(batch) == {2: ("", "A quotation mark is opened in this row and never closed.")}
    assert "over\ntwo lines" in Answer.objects.values_list("text__sentence", flat=True)


def test_a_cell_of_ten_megabytes_costs_one_row(cast):
    rows = [TIDY[0], f"Borealis,they,1,2026-05-01,{'x' * 10_000_000}", f"Borealis,they,1,2026-05-02,{'y' * 200_000}", "Borealis,they,1,2026-05-03,ok"]
    batch = bring(cast.workspace, of(rows), map="")
    assert counts(batch) == (3, 1, 0, 2)
    assert "longer than" in refusals(batch)[2][1]
    assert "too long" in refusals(batch)[3][1]


def test_what_no_database_takes_is_left_out_of_texts(cast):
    batch = bring(cast.workspace, of([TIDY[0], "Borealis,they,1,2026-05-01,nul\0 and \u202eturned"]), map="")
    assert counts(batch) == (1, 1, 0, 0)
    assert Answer.objects.get().text.sentence == "nul and turned"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\n\n", "no rows"),
        (b"\x1f\x8b" + b"broken", "damaged"),
        (bytes(4_000), "not text"),
        (b"account,account,side,value,on\nBorealis,Borealis,they,1,2026-05-01\n", "2 columns are called account"),
        (b"x,side,value,on\nBorealis,they,1,2026-05-01\n", "no column called account"),
    ],
    ids=["nothing", "blank lines", "damaged", "no text", "two alike", "missing"],
)
def test_a_file_that_cannot_be_read_is_refused_as_a_whole(cast, content, said):
    with pytest.raises(Invalid, match=said):
        bring(cast.workspace, io.BytesIO(content), map="counterpart=account,side=side,value=value,on=on")
    assert not ImportBatch.objects.exists()


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "value=2*3",
        "rater=0,value=1,on=2",
        "value=9,rater=0,rated=1,on=2",
        "value=1/0,rater=0,rated=1,on=2",
        "on=2:roman,rater=0,rated=1,value=1",
    ],
)
def test_a_mapping_that_cannot_work_is_refused(empty, text):
    with pytest.raises(Invalid) as caught:
        bring(empty, of(PEOPLE), map=text)
    assert isinstance(caught.value, BadMapping) or caught.value.field == "map"


@given(st.binary(max_size=400))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_whatever_are_more_than_a_refusal(empty, content):
    try:
        told = rehearse_file(io.BytesIO(content), workspace=empty, table="CHECKS", file_name="x.csv", options=Options(map=RATINGS), now=NOW)
    except Invalid:
        return
    assert told.rows == told.ready + told.known + told.refused_count


# Events and reports

EVENTS = ["account,date,in_out,note,hours,unit,score,compared,type",
          "Borealis,14/04/2026,out,Depot workshop,16,hours,4,more,delivery",
          "Borealis,28/04/2026,in,Route audit,,,1,,support",
          "Borealis,29/04/2026,out,Only said,,,,,"]  # fmt: skip
EVENT_MAP = "counterpart=account, on=date:dmy, direction=in_out, what=note, cost=hours, cost_unit=unit, worth=score, expectation=compared, kind=type"


def test_events_bring_cost_and_worth_as_relayed_reports(cast):
    batch = bring(cast.workspace, of(EVENTS), table="EVENTS", map=EVENT_MAP)
    assert counts(batch) == (3, 3, 0, 0)
    assert list(EventText.objects.order_by("version_id").values_list("what", flat=True)) == ["Depot workshop", "Route audit", "Only said"]
    said = set(Report.objects.values_list("side", "role", "word", "typed_amount", "unit__name", "points_micro", "first_hand", "expectation"))
    assert said == {
        (0, "GAVE", None, Decimal(16), "hours", None, False, ""),
        (1, "GOT", 4, None, None, 8_000_000, False, "MORE"),
        (0, "GOT", 1, None, None, 1_000_000, False, ""),
    }
    assert EventVersion.objects.filter(arrived_on=date(2026, 4, 14), kind="DELIVERY").exists()
    assert counts(bring(cast.workspace, of(EVENTS), table="EVENTS", map=EVENT_MAP)) == (3, 0, 3, 0)
    ensure_true_to_what_was_said()


def test_a_guess_moves_nobody_but_the_giver(cast):
    guessed = EVENT_MAP.replace("worth=score, expectation=compared, ", "guess=score, ")
    bring(cast.workspace, of(EVENTS[:2]), table="EVENTS", map=guessed)
    report = Report.objects.get()
    assert (report.side, report.role, report.guess_word, report.word) == (SideRole.OWN, "GAVE", 4, None)
    assert set(LiveEvidence.objects.values_list("side", flat=True)) == {SideRole.OWN}
    ensure_true_to_what_was_said()


def test_amounts_count_at_the_rate_in_force_on_their_day(cast):
    side = cast.borealis.sides.get(role=SideRole.OWN)
    lines = [TermsLine(add_own_kind(side=side, name="Time"), 10, unit="hours", points_per_unit=Decimal(2))]
    write_terms(side=side, author=cast.ana_speaks, lines=lines, effective_on=date(2026, 4, 20), now=NOW)
    rows = ["account,date,in_out,hours,unit", "Borealis,2026-04-14,out,3,hours", "Borealis,2026-04-28,out,3,hours", "Borealis,2026-04-28,out,3,days"]
    bring(cast.workspace, of(rows), table="EVENTS", map="")
    assert list(Report.objects.order_by("id").values_list("points_micro", flat=True)) == [None, 6_000_000, None]
    ensure_true_to_what_was_said()


def test_private_events_stay_in_our_view_and_incidents_shake_both_sides(cast):
    rows = ["account,date,in_out,cost_word,visibility,type", "Borealis,2026-04-14,out,a lot,private,", "Borealis,2026-04-15,in,,,incident",
            "Borealis,2026-04-16,in,a lot,private,", "Borealis,2026-04-16,together,,,"]  # fmt: skip
    batch = bring(cast.workspace, of(rows), table="EVENTS", map="")
    assert counts(batch) == (4, 4, 0, 0)
    assert Counter(LiveEvidence.objects.values_list("kind", "view_mask")) == {(2, 2): 1, (0, 7): 2}
    ensure_true_to_what_was_said()


def test_events_that_cannot_be_are_refused_with_the_reason(cast, employee):
    rows = ["account,date,in_out,hours,unit,score,term,status", "Borealis,2026-07-01,out,,,,,", "Borealis,2026-07-01,out,,,,,promised", "Borealis,2026-05-01,out,3,,,,",
            "Borealis,2026-05-01,out,huge,hours,,,", "Borealis,2026-05-01,both,3,hours,,,", "Borealis,2026-05-01,out,,,,Glory,", "Eva Holm,2026-05-01,out,,,3,,",
            "Eva Holm,2026-05-01,in,3,hours,,,", "Borealis,2026-05-01,out,,,7,,", "Borealis,2026-05-01,out,,,,Time,"]  # fmt: skip
    seed_catalogue(workspace=cast.workspace)
    batch = bring(cast.workspace, of(rows), table="EVENTS", map="")
    assert {number: field for number, (field, _) in refusals(batch).items()} == {
        2: "on", 4: "cost_unit", 5: "cost", 6: "direction", 7: "value_kind", 8: "worth", 9: "cost", 10: "worth",
    }  # fmt: skip
    assert counts(batch) == (10, 2, 0, 8)
    assert refusals(batch)[5][1] == "“huge” is not an amount. Leave it empty or write a number."


def test_reports_join_their_events_and_first_hand_ones_win(cast):
    event = make_event(cast.borealis, cast.ana_voice)
    other = make_event(cast.borealis, cast.ana_voice)
    report_got(event=event, side=SideRole.COUNTERPART, voice=cast.bo_voice, account=Account(word=1), now=NOW)
    rows = ["event,side,role,word,sentence", f"{event.public_id},they,got,a great deal,told us", f"{other.public_id},they,got,nothing,",
            f"{other.public_id},we,got,nothing,", f"{other.public_id},they,got,a lot,", f"{other.public_id},we,gave,got in the way,"]  # fmt: skip
    batch = bring(cast.workspace, of(rows), table="REPORTS", map="")
    assert counts(batch) == (5, 2, 0, 3)
    assert {number: field for number, (field, _) in refusals(batch).items()} == {4: "side", 5: "event", 6: "word"}
    live = set(LiveEvidence.objects.values_list("source_id", "side", "value_int", "relayed"))
    assert live == {(event.pk, 1, 1_000_000, False), (other.pk, 1, 0, True)}
    assert counts(bring(cast.workspace, of(rows[:3]), table="REPORTS", map="")) == (2, 0, 2, 0)
    ensure_true_to_what_was_said()


def test_reports_find_events_by_the_id_their_source_gave_them(cast):
    events = ["ref,account,date,in_out", "A-1,Borealis,2026-05-01,out", "A-1,Borealis,2026-05-01,out", "A-2,Borealis,2026-05-02,out"]
    assert counts(bring(cast.workspace, of(events), table="EVENTS", map="", source="crm")) == (3, 2, 1, 0)
    reports = ["event,side,role,word", "A-2,they,got,a lot", "A-3,they,got,a lot"]
    batch = bring(cast.workspace, of(reports), table="REPORTS", map="", source="crm")
    assert counts(batch) == (2, 1, 0, 1)
    assert refusals(batch)[3][0] == "event"
    ensure_true_to_what_was_said()


def test_no_file_sets_anything_at_first_hand(cast):
    rows = ["event,side,role,word,first_hand", f"{make_event(cast.borealis, cast.ana_voice).public_id},they,got,a lot,yes"]
    bring(cast.workspace, of(rows), table="REPORTS", map="")
    assert not Report.objects.filter(first_hand=True).exists()


# The life of an upload


def upload(cast, rows, *, table="CHECKS", map="", **options):
    batch = batches.upload(member=cast.ana, table=table, file_name="file.csv", content=[("\n".join(rows)).encode()], now=NOW)
    batches.choose_columns(batch=batch, options=Options(map=map, **options))
    return batch


def test_the_worker_runs_what_is_queued_once(cast):
    batch = upload(cast, PEOPLE, map=RATINGS)
    batches.queue(batch=batch, is_strict=False)
    assert sweep(now=NOW) == 1
    assert sweep(now=NOW) == 0
    batch.refresh_from_db()
    assert (batch.state, *counts(batch)) == (ImportState.DONE, 5, 5, 0, 0)
    assert set(Relationship.objects.exclude(pk=cast.borealis.pk).values_list("steward", flat=True)) == {cast.ana.pk}
    assert set(Answer.objects.values_list("relayed_by", flat=True)) == {cast.ana.pk}


def test_a_member_writes_only_to_its_own_relationships(cast):
    batch = batches.upload(member=cast.amir, table="CHECKS", file_name="f.csv", content=["\n".join(TIDY).encode()], now=NOW)
    batches.choose_columns(batch=batch, options=Options(map="", creates=False))
    told = batches.rehearse(batch=batch, now=NOW)
    assert (told.ready, told.refused_count) == (0, 2)


def test_a_large_file_takes_several_ticks_and_a_dead_worker_is_replaced(cast, monkeypatch):
    rows = [f"{1 + n % 37},{41 + n % 23},{n % 21 - 10},{1300000000 + 86400 * n}" for n in range(300)]
    monkeypatch.setattr(running, "parts_for", lambda count: 4)
    monkeypatch.setattr(batches, "SECONDS_A_TICK", -1.0)
    batch = upload(cast, rows, map=RATINGS)
    batches.queue(batch=batch, is_strict=False)
    sweep(now=NOW)
    batch.refresh_from_db()
    assert (batch.state, batch.parts_done, batch.rows_total) == (ImportState.RUNNING, 0, 300)
    ImportBatch.objects.filter(pk=batch.pk).update(lease_until=NOW + timedelta(seconds=60))  # a worker holds it, and dies
    monkeypatch.setattr(batches, "SECONDS_A_TICK", 60.0)
    assert sweep(now=NOW) == 0
    assert sweep(now=NOW + timedelta(seconds=61)) == 1
    batch.refresh_from_db()
    assert (batch.state, batch.rows_added) == (ImportState.DONE, 300)


def test_a_command_that_died_does_not_wait_for_ever(empty, monkeypatch):
    with pytest.raises(Killed):
        bring(empty, of(PEOPLE), progress=lambda batch: (_ for _ in ()).throw(Killed))
    assert sweep(now=NOW + timedelta(hours=1)) == 1
    assert ImportBatch.objects.get().state == ImportState.FAILED


def test_stopping_keeps_what_is_in(cast, monkeypatch):
    batch = upload(cast, PEOPLE, map=RATINGS)
    batches.queue(batch=batch, is_strict=False)
    batches.stop(batch=batch, now=NOW)
    assert sweep(now=NOW) == 0
    with pytest.raises(batches.NotNow):
        batches.stop(batch=batch, now=NOW)


def test_undo_takes_every_answer_back_and_the_file_may_come_again(cast):
    before = Card.objects.get(relationship=cast.borealis, view=1)
    batch = upload(cast, TIDY)
    batches.queue(batch=batch, is_strict=False)
    sweep(now=NOW)
    batch.refresh_from_db()
    batches.undo(batch=batch, now=NOW)
    sweep(now=NOW)
    batch.refresh_from_db()
    assert (batch.state, batch.rows_undone, batch.rows_kept) == (ImportState.UNDONE, 2, 0)
    assert not LiveEvidence.objects.exists()
    after = Card.objects.get(relationship=cast.borealis, view=1)
    assert (after.r_counterpart, after.heard_counterpart) == (before.r_counterpart, False)
    ensure_true_to_what_was_said()
    assert counts(bring(cast.workspace, of(TIDY), map="", source="file")) == (2, 2, 0, 0)
    assert counts(bring(cast.workspace, of(TIDY), map="", source="file")) == (2, 0, 2, 0)
    ensure_true_to_what_was_said()


def test_undo_leaves_an_event_on_which_somebody_reported_at_first_hand(cast):
    batch = upload(cast, EVENTS, table="EVENTS", map=EVENT_MAP)
    batches.queue(batch=batch, is_strict=False)
    sweep(now=NOW)
    first = ValueEvent.objects.order_by("id").first()
    report_gave(event=first, side=SideRole.OWN, voice=cast.ana_voice, account=Account(word=2), now=NOW)
    batch.refresh_from_db()
    batches.undo(batch=batch, now=NOW)
    sweep(now=NOW)
    batch.refresh_from_db()
    assert (batch.state, batch.rows_undone, batch.rows_kept) == (ImportState.UNDONE, 2, 1)
    assert set(LiveEvidence.objects.values_list("source_id", flat=True)) == {first.pk}
    ensure_true_to_what_was_said()


def test_undo_of_reports_agrees_each_event_anew(cast):
    event = make_event(cast.borealis, cast.ana_voice)
    batch = upload(cast, ["event,side,role,word", f"{event.public_id},they,got,a lot"], table="REPORTS")
    batches.queue(batch=batch, is_strict=False)
    sweep(now=NOW)
    assert LiveEvidence.objects.count() == 1
    batch.refresh_from_db()
    batches.undo(batch=batch, now=NOW)
    sweep(now=NOW)
    assert not LiveEvidence.objects.exists()
    ensure_true_to_what_was_said()


def test_an_import_can_be_undone_for_a_week(cast):
    batch = upload(cast, TIDY)
    batches.queue(batch=batch, is_strict=False)
    sweep(now=NOW)
    batch.refresh_from_db()
    with pytest.raises(batches.NotNow):
        batches.undo(batch=batch, now=NOW + timedelta(days=7))


def test_files_and_their_wrong_rows_are_purged_after_a_week(cast):
    batch = upload(cast, [*TIDY, "Borealis,they,9,2026-05-01,"])
    batches.queue(batch=batch, is_strict=False)
    sweep(now=NOW)
    sweep(now=NOW + timedelta(days=6))
    assert (ImportFile.objects.exists(), ImportRow.objects.exists()) == (True, True)
    sweep(now=NOW + timedelta(days=8))
    assert (ImportFile.objects.exists(), ImportRow.objects.exists()) == (False, False)


def test_cells_mended_on_the_page_are_taken_for_the_files(cast):
    batch = upload(cast, [*TIDY, "Borealis,they,9,2026-05-01,", "Borealiss,they,1,2026-05-01,", "Cinder,they,1,2026-05-01,", "Nobody,they,1,2026-05-01,"], creates=False)  # fmt: skip
    assert batches.rehearse(batch=batch, now=NOW).refused_count == 4
    batches.mend(batch=batch, fixes={"4": {"value": "3"}, "5": {"counterpart": "Borealis"}})
    batches.mend(batch=batch, fixes={"6": {"create": "1"}, "7": {"skip": "1"}})
    told = batches.rehearse(batch=batch, now=NOW)
    assert (told.ready, [row.reason for row in told.refused]) == (5, ["You left this row out."])
    batches.queue(batch=batch, is_strict=False)
    sweep(now=NOW)
    batch.refresh_from_db()
    assert counts(batch) == (6, 5, 0, 1)
    ensure_true_to_what_was_said()


def test_a_file_that_is_too_large_is_refused(cast, settings):
    settings.IMPORT_MAX_BYTES = 2_000_000
    with pytest.raises(batches.FileTooLarge):
        batches.upload(member=cast.ana, table="CHECKS", file_name="f.csv", content=[b"x" * 1_500_000] * 2, now=NOW)
    assert not ImportBatch.objects.exists()


def test_a_packed_file_may_not_unfold_without_end(cast, settings):
    settings.IMPORT_MAX_BYTES = 100_000
    rows = "Borealis,they,1,2026-05-01,same\n" * 200_000
    content = gzip.compress((TIDY[0] + "\n" + rows).encode())
    assert len(content) < 100_000
    batch = batches.upload(member=cast.ana, table="CHECKS", file_name="f.csv.gz", content=[content], now=NOW)
    batches.choose_columns(batch=batch, options=Options(map=""))
    batches.queue(batch=batch, is_strict=False)
    sweep(now=NOW)
    batch.refresh_from_db()
    assert (batch.state, batch.rows_added) == (ImportState.FAILED, 0)
    assert "larger than" in batch.error


def test_kinds_and_days_come_from_the_options(empty):
    bring(empty, of(PEOPLE), kind=Kind.PERSONAL)
    assert set(Relationship.objects.values_list("kind", flat=True)) == {Kind.PERSONAL}
    assert Relationship.objects.filter(started_on=datetime.fromtimestamp(1347854400, UTC).date()).exists()
