"""Relationships over the API: the right member may, the other side's privacy holds, a stranger gets 404, the wrong method is refused."""

import uuid
from decimal import Decimal

import pytest

from exchanges.access import Voice
from exchanges.models import Card, View, Visibility, Word
from exchanges.services.relationships import set_terms
from exchanges.services.reports import Account, report_gave, report_got
from relationships.models import Kind, Relationship, SideRole
from relationships.services.catalogue import seed_catalogue
from relationships.services.parties import add_party, add_person
from relationships.services.terms import TermsLine
from tests.api_client import Api, fields_of, problem_of
from tests.makers import NOW, TODAY, make_event, make_relationship, speaker

OWN, COUNTERPART = SideRole.OWN, SideRole.COUNTERPART


@pytest.fixture
def ana(cast):
    return Api(cast.ana)


@pytest.fixture
def lea(cast):
    return Api(cast.lea)


def ids(response):
    return [row["id"] for row in response.json()["results"]]


def test_each_member_lists_what_it_may_see_by_name(cast, employee, ana, lea):
    friend = make_relationship(cast.amir, "A friend of Amir", kind=Kind.PERSONAL)
    borealis, eva = str(cast.borealis.public_id), str(employee.relationship.public_id)
    assert ids(ana.get("/relationships/")) == [eva, borealis]
    assert ids(lea.get("/relationships/")) == [borealis]
    assert ids(Api(cast.amir).get("/relationships/")) == [str(friend.public_id)]
    assert ids(Api(cast.oda).get("/relationships/")) == []
    assert ids(Api(cast.zed).get("/relationships/")) == []
    assert ids(ana.get("/relationships/", kind="EMPLOYEE")) == [eva]
    assert ids(ana.get("/relationships/", stage="TRIAL")) == []
    assert fields_of(ana.get("/relationships/", kind="MARRIAGE")) == ["kind"]


def test_strangers_find_nothing_and_cannot_tell_it_from_nothing(cast, employee):
    for path in ("", "participants/", "terms/", "balance/", "snapshots/", "events/", "rounds/"):
        for member, row in ((cast.amir, cast.borealis), (cast.oda, cast.borealis), (cast.zed, cast.borealis), (cast.lea, employee.relationship)):
            api = Api(member)
            foreign, unknown = api.get(f"/relationships/{row.public_id}/{path}"), api.get(f"/relationships/{uuid.uuid4()}/{path}")
            assert foreign.status_code == unknown.status_code == 404
            assert foreign.content == unknown.content


def test_a_balance_comes_with_its_range_and_date(cast, ana):
    event = make_event(cast.borealis, cast.ana_voice)
    report_got(event=event, side=COUNTERPART, voice=cast.bo_voice, account=Account(word=Word.GREAT), now=NOW)
    body = ana.get(f"/relationships/{cast.borealis.public_id}/balance/", as_of=TODAY.isoformat()).json()
    theirs = body["counterpart"]
    assert body["view"] == "SHARED"
    assert body["as_of"] == TODAY.isoformat()
    assert theirs["low"] < theirs["felt"] < theirs["high"]
    assert theirs["felt"] > 0
    assert body["tilt_low"] < body["tilt"] < body["tilt_high"]
    assert 0.999 < theirs["short"] + theirs["fair"] + theirs["over"] < 1.001
    before = ana.get(f"/relationships/{cast.borealis.public_id}/balance/", as_of="2026-01-01").json()
    assert before["counterpart"]["felt"] == 0
    assert "position" not in str(body)


@pytest.mark.parametrize("as_of", ["9999-12-31", "0001-01-01", "2026-02-30", "tomorrow", "", "2026-W01-1", "٢٠٢٦-٠١-٠١", "1969-12-31"])
def test_a_balance_of_no_day_is_refused(cast, ana, as_of):
    assert fields_of(ana.get(f"/relationships/{cast.borealis.public_id}/balance/", as_of=as_of)) == ["as_of"]


def test_lists_show_what_both_sides_may_see_whoever_asks(cast, ana, lea):
    before = (
        ana.get("/relationships/").json(),
        lea.get("/relationships/").json(),
        ana.get(f"/relationships/{cast.borealis.public_id}/balance/").json(),
    )
    event = make_event(cast.borealis, cast.ana_voice, visibility=Visibility.PRIVATE)
    report_gave(event=event, side=OWN, voice=cast.ana_voice, account=Account(word=Word.GREAT), now=NOW)
    assert Card.objects.filter(relationship=cast.borealis, view=View.OWN).exists()
    after = ana.get("/relationships/").json(), lea.get("/relationships/").json(), ana.get(f"/relationships/{cast.borealis.public_id}/balance/").json()
    assert before == after


def test_an_employees_side_is_not_shown(cast, employee, ana):
    event = make_event(employee.relationship, cast.ana_voice)
    report_got(event=event, side=COUNTERPART, voice=employee.eva_voice, account=Account(word=Word.GREAT), now=NOW)
    for body in (ana.get(f"/relationships/{employee.relationship.public_id}/").json(), ana.get("/relationships/").json()["results"][0]):
        assert body["verdict"] is None
        assert {value for key, value in body["counterpart"].items() if key != "name"} == {None}
    assert ana.get(f"/relationships/{employee.relationship.public_id}/balance/").json()["tilt"] is None
    assert ana.get(f"/events/{event.public_id}/reports/").json()["results"] == []


def test_a_steward_begins_a_relationship(cast, ana):
    party = add_party(workspace=cast.workspace, name="Corvid")
    cyd = add_person(workspace=cast.workspace, name="Cyd", email="cyd@corvid.example")
    body = {
        "kind": "CLIENT", "counterpart_party": str(party.public_id), "counterpart_people": [str(cyd.public_id)], "own_people": [str(cast.ana.person.public_id)],
        "intent": "LONG_TERM", "band": "0.5", "cadence_days": 60, "started_on": "2026-01-31",
    }  # fmt: skip
    made = ana.post("/relationships/", body)
    assert made.status_code == 201, made.content
    row = Relationship.objects.get(public_id=made.json()["id"])
    assert row.steward == cast.ana
    assert row.band == Decimal("0.5")
    assert row.cadence_days == 60
    sides = {side["role"]: side for side in made.json()["sides"]}
    assert sides["COUNTERPART"]["name"] == "Corvid"
    assert sides["COUNTERPART"]["participants"][0]["name"] == "Cyd"
    assert sides["OWN"]["name"] == "Acme"
    assert sides["OWN"]["participants"][0]["name"] == "Ana Lind"
    assert made.json() == ana.get(f"/relationships/{row.public_id}/").json()


def test_nobody_but_a_steward_begins_a_relationship(cast):
    party = add_party(workspace=cast.workspace, name="Corvid")
    for member in (cast.lea, cast.oda):
        assert Api(member).post("/relationships/", {"kind": "CLIENT", "counterpart_party": str(party.public_id)}).status_code == 403


def test_a_relationship_takes_only_what_its_steward_may_see(cast, ana):
    elsewhere = Api(cast.zed).post("/parties/", {"name": "Theirs"}).json()["id"]
    for wrong in (elsewhere, str(uuid.uuid4())):
        response = ana.post("/relationships/", {"kind": "CLIENT", "counterpart_party": wrong})
        assert response.status_code == 400
        assert fields_of(response) == ["counterpart_party"]
    stranger = Api(cast.zed).post("/people/", {"name": "Stranger"}).json()["id"]
    party = add_party(workspace=cast.workspace, name="Corvid")
    response = ana.post("/relationships/", {"kind": "CLIENT", "counterpart_party": str(party.public_id), "counterpart_people": [stranger]})
    assert response.status_code == 400
    assert fields_of(response) == ["counterpart_people"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kind", "MARRIAGE"), ("kind", None), ("kind", 1), ("stage", "x"), ("intent", ""), ("started_on", "9999-01-01"), ("started_on", "2026-13-01"),
        ("started_on", 20260101), ("band", "NaN"), ("band", "1e308"), ("band", True), ("band", "0.123"), ("band", "4"), ("band", "٣"), ("cadence_days", 7),
        ("cadence_days", True), ("cadence_days", "60"), ("cadence_days", 60.5), ("own_people", "x"), ("own_people.0", [1]), ("counterpart_party", "x"),
        ("steward", "x"), ("workspace", 1), ("head_position", 3),
    ],
)  # fmt: skip
def test_a_relationship_that_cannot_be_taken_is_told_why(cast, ana, field, value):
    party = add_party(workspace=cast.workspace, name="Corvid")
    body = {"kind": "CLIENT", "counterpart_party": str(party.public_id), field.partition(".")[0]: value}
    response = ana.post("/relationships/", body)
    assert response.status_code == 400, response.content
    assert fields_of(response) == [field]


def test_a_steward_names_who_speaks(cast, employee, ana):
    cyd = add_person(workspace=cast.workspace, name="Cyd")
    made = ana.post(f"/relationships/{cast.borealis.public_id}/participants/", {"side": "COUNTERPART", "person": str(cyd.public_id)})
    assert made.status_code == 201
    assert made.json()["side"] == "COUNTERPART"
    assert made.json()["id"] in ids(ana.get(f"/relationships/{cast.borealis.public_id}/participants/"))
    again = ana.post(f"/relationships/{employee.relationship.public_id}/participants/", {"side": "COUNTERPART", "person": str(cyd.public_id)})
    assert again.status_code == 400
    assert problem_of(again)["code"] == "one_person_only"
    for member in (cast.lea, cast.amir, cast.zed):
        path = f"/relationships/{cast.borealis.public_id}/participants/"
        assert Api(member).post(path, {"side": "OWN", "person": str(cyd.public_id)}).status_code == 404


def terms_body(kinds, **fields):
    lines = [{"value_kind": str(kind.public_id), "weight": weight} for kind, weight in kinds]
    return {"side": "OWN", "lines": lines, **fields}


def test_terms_are_said_only_by_those_who_speak_for_the_side(cast, ana, lea):
    seed_catalogue(workspace=cast.workspace)
    from relationships.models import ValueKind

    first, second = ValueKind.objects.order_by("pk")[:2]
    path = f"/relationships/{cast.borealis.public_id}/terms/"
    body = terms_body([(first, 7), (second, 3)], effective_on=TODAY.isoformat())
    body["lines"][0] |= {"words": "Work we like to show", "unit": "hours", "points_per_unit": "2.5"}
    made = ana.post(path, body)
    assert made.status_code == 201, made.content
    assert made.json()["lines"][0] == {
        "value_kind": str(first.public_id), "name": first.name, "weight": 7, "words": "Work we like to show", "anchor": "", "unit": "hours",
        "points_per_unit": "2.5000",
    }  # fmt: skip
    other = ana.post(path, {**body, "side": "COUNTERPART"})
    assert other.status_code == 403
    assert problem_of(other)["code"] == "not_your_terms"
    assert lea.post(path, body).status_code == 404
    side = cast.borealis.sides.get(role=COUNTERPART)
    set_terms(side=side, author=cast.bo_speaks, lines=[TermsLine(value_kind=first, weight=10)], effective_on=TODAY, now=NOW)
    assert [row["side"] for row in lea.get(path).json()["results"]] == ["COUNTERPART", "OWN"]
    for wrong in ([(first, 7)], [(first, 11)], [(first, 5), (first, 5)]):
        assert ana.post(path, terms_body(wrong)).status_code == 400
    foreign = Api(cast.zed).get("/value-kinds/").json()["results"]
    assert foreign == []
    response = ana.post(path, {"side": "OWN", "lines": [{"value_kind": str(uuid.uuid4()), "weight": 10}]})
    assert fields_of(response) == ["lines.0.value_kind"]


def test_a_list_costs_two_queries_however_long(cast, ana, django_assert_num_queries):
    with django_assert_num_queries(2):
        assert len(ids(ana.get("/relationships/"))) == 1
    for number in range(12):
        make_relationship(cast.ana, f"Party {number}")
    with django_assert_num_queries(2):
        assert len(ids(ana.get("/relationships/"))) == 13


def test_a_list_says_of_each_relationship_what_its_own_page_says(cast, employee, ana):
    event = make_event(cast.borealis, cast.ana_voice)
    report_got(event=event, side=COUNTERPART, voice=cast.bo_voice, account=Account(word=Word.GREAT), now=NOW)
    work = make_event(employee.relationship, cast.ana_voice, giver=1)
    report_got(
        event=work, side=OWN, voice=Voice(member=cast.ana, participant=speaker(employee.relationship, OWN)), account=Account(word=Word.LOT), now=NOW
    )
    make_relationship(cast.ana, "Never heard of", band=Decimal("0.2"), cadence_days=40)
    listed = ana.get("/relationships/").json()["results"]
    assert len(listed) == 3
    for row in listed:
        page = ana.get(f"/relationships/{row['id']}/").json()
        assert _rounded(row) == _rounded({name: page[name] for name in row})


def _rounded(part):
    if isinstance(part, dict):
        return {name: _rounded(inner) for name, inner in part.items()}
    return round(part, 12) if isinstance(part, float) else part


def test_snapshots_are_read_newest_first(cast, ana):
    from datetime import timedelta

    from exchanges.models import Snapshot

    for days in range(5):
        for view, r in ((View.SHARED, 0.1), (View.OWN, 0.9)):
            Snapshot.objects.create(
                workspace=cast.workspace, relationship=cast.borealis, view=view, as_of=TODAY + timedelta(days=days), known_at=NOW + timedelta(days=days), position=3,
                method="x", r_own=r, sd_own=0.2, r_counterpart=0.0, sd_counterpart=0.3, verdict="balanced", probability=0.6, heard_own=True,
                heard_counterpart=False, is_spiral=False,
            )  # fmt: skip
    path = f"/relationships/{cast.borealis.public_id}/snapshots/"
    first = ana.get(path, limit="3").json()
    assert [row["as_of"] for row in first["results"]] == [(TODAY + timedelta(days=days)).isoformat() for days in (4, 3, 2)]
    assert {row["view"] for row in first["results"]} == {"SHARED"}
    second = ana.get(first["next"].partition("/api/v1")[2]).json()
    assert len(second["results"]) == 2
    assert second["next"] is None
    assert "position" not in str(first)
