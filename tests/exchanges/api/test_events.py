"""Events and reports over the API: corrected by naming the newest version; only the receiver's side says what something was worth."""

import uuid

import pytest

from exchanges.models import Evidence, Report, ReportRole, ValueEvent, Visibility, Word
from exchanges.services.reports import Account, relay_report, report_got
from relationships.models import Kind, SideRole
from relationships.services.catalogue import seed_catalogue
from tests.api_client import Api, fields_of, problem_of
from tests.makers import NOW, make_event, make_relationship

OWN, COUNTERPART = SideRole.OWN, SideRole.COUNTERPART
EVENT = {"what": "A launch plan", "occurred_on": "2026-05-31", "giver": "OWN"}


@pytest.fixture
def ana(cast):
    return Api(cast.ana)


@pytest.fixture
def path(cast):
    return f"/relationships/{cast.borealis.public_id}/events/"


def log(api, path, **fields):
    response = api.post(path, {**EVENT, **fields})
    assert response.status_code == 201, response.content
    return response.json()


def test_an_event_is_logged_and_read(cast, ana, path):
    made = log(ana, path, kind="DELIVERY", goal="Open in spring")
    assert made["status"] == "ARRIVED"
    assert made["arrived_on"] == "2026-05-31"
    assert made["version"] == 1
    assert ana.get(f"/events/{made['id']}/").json() == made
    assert ana.get(path).json()["results"] == [made]
    assert Api(cast.lea).get(path).json()["results"] == [made]
    assert ana.get(path, giver="COUNTERPART").json()["results"] == []
    assert fields_of(ana.get(path, giver="them")) == ["giver"]


def test_others_cannot_log(cast, employee, path):
    for member in (cast.lea, cast.amir, cast.oda, cast.zed):
        assert Api(member).post(path, EVENT).status_code == 404
    assert not ValueEvent.objects.exists()


def test_what_our_side_keeps_to_itself_is_not_there_for_a_leader(cast, ana, path):
    made = log(ana, path, visibility="PRIVATE")
    lea = Api(cast.lea)
    assert ana.get(f"/events/{made['id']}/").status_code == 200
    assert lea.get(path).json()["results"] == []
    for address in (f"/events/{made['id']}/", f"/events/{made['id']}/reports/"):
        assert lea.get(address).content == lea.get(address.replace(made["id"], str(uuid.uuid4()))).content


def test_what_the_other_side_keeps_to_itself_is_not_there_for_us(cast, ana, path):
    hidden = make_event(cast.borealis, cast.bo_voice, giver=1, visibility=Visibility.PRIVATE)
    shared = make_event(cast.borealis, cast.bo_voice, giver=1)
    report_got(
        event=make_event(cast.borealis, cast.ana_voice, what="Ours"), side=COUNTERPART, voice=cast.bo_voice,
        account=Account(word=Word.LOT, visibility=Visibility.PRIVATE), now=NOW,
    )  # fmt: skip
    assert [row["id"] for row in ana.get(path, giver="COUNTERPART").json()["results"]] == [str(shared.public_id)]
    assert ana.get(f"/events/{hidden.public_id}/").status_code == 404
    ours = ana.get(path, giver="OWN").json()["results"][0]["id"]
    assert ana.get(f"/events/{ours}/reports/").json()["results"] == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("what", ""), ("what", "x" * 4001), ("what", "\u0000"), ("what", 3), ("occurred_on", "9999-12-31"), ("occurred_on", "1969-12-31"),
        ("occurred_on", "2026-02-30"), ("occurred_on", "2026-01-31T10:00:00Z"), ("occurred_on", True), ("occurred_on", "٢٠٢٦-٠١-٠١"), ("giver", "ME"),
        ("giver", 0), ("giver", None), ("kind", "delivery"), ("status", "LOST"), ("visibility", "PUBLIC"), ("value_kind", "x"), ("value_kind", str(uuid.uuid4())),
        ("arrived_on", "9999-01-01"), ("goal", ["x"]), ("author_side", "COUNTERPART"), ("relationship", "x"), ("public_id", "x"), ("recorded_at", "2020-01-01"),
        ("import_source", "x"),
    ],
)  # fmt: skip
def test_an_event_that_cannot_be_taken_is_told_why(ana, path, field, value):
    response = ana.post(path, {**EVENT, field: value})
    assert response.status_code == 400, response.content
    assert fields_of(response) == [field]
    assert not ValueEvent.objects.exists()


def test_text_is_kept_as_it_was_typed(ana, path):
    for what in ("שלום, a plan", "👩‍👩‍👧 عيد", '1 < 2 & "quotes"', "two\nlines", "=SUM(A1)"):
        assert log(ana, path, what=what)["what"] == what
    assert log(ana, path, what="a\u202eb\u0007c")["what"] == "abc"


def test_a_correction_names_the_newest_version(cast, ana, path):
    made = log(ana, path)
    address = f"/events/{made['id']}/versions/"
    corrected = ana.post(address, {"supersedes": 1, "what": "A better plan", "occurred_on": "2026-05-30"})
    assert corrected.status_code == 201
    assert corrected.json()["version"] == 2
    assert corrected.json()["what"] == "A better plan"
    late = ana.post(address, {"supersedes": 1, "what": "Too late"})
    assert late.status_code == 409
    assert problem_of(late)["code"] == "already_corrected"
    assert ana.post(address, {"supersedes": 7, "what": "From the future"}).status_code == 409
    assert fields_of(ana.post(address, {"what": "Without a version"})) == ["supersedes"]
    assert fields_of(ana.post(address, {"supersedes": 2, "giver": "COUNTERPART"})) == ["giver"]
    assert Api(cast.lea).post(address, {"supersedes": 2, "what": "Not mine"}).status_code == 404
    narrowed = ana.post(address, {"supersedes": 2, "visibility": "PRIVATE"})
    assert narrowed.status_code == 409
    assert problem_of(narrowed)["code"] == "cannot_narrow"
    assert ana.get(address).status_code == 405


def test_an_event_is_taken_back_until_the_other_side_has_reported(cast, ana, path):
    first, second = log(ana, path), log(ana, path)
    gone = ana.post(f"/events/{first['id']}/withdrawal/", {"supersedes": 1})
    assert gone.status_code == 201
    assert gone.json()["is_withdrawn"]
    assert [row["id"] for row in ana.get(path).json()["results"]] == [second["id"]]
    event = ValueEvent.objects.get(public_id=second["id"])
    report_got(event=event, side=COUNTERPART, voice=cast.bo_voice, account=Account(word=Word.LOT), now=NOW)
    kept = ana.post(f"/events/{second['id']}/withdrawal/", {"supersedes": 1})
    assert kept.status_code == 409
    assert problem_of(kept)["code"] == "other_side_reported"


def test_a_token_reports_at_first_hand_only_for_the_side_of_its_member(cast, ana, path):
    ours, theirs = log(ana, path), log(ana, path, giver="COUNTERPART")
    cost = ana.post(
        f"/events/{ours['id']}/reports/", {"side": "OWN", "role": "GAVE", "word": "FAIR", "guess_word": "LOT", "money": "120.50", "currency": "gbp"}
    )
    assert cost.status_code == 201, cost.content
    assert cost.json()["points"] == "2"
    assert cost.json()["participant"] == str(cast.ana_speaks.public_id)
    assert cost.json()["money"] == "120.50"
    assert cost.json()["currency"] == "GBP"
    worth = ana.post(f"/events/{theirs['id']}/reports/", {"side": "OWN", "role": "GOT", "word": "BURDEN", "sentence": "In the way"})
    assert worth.status_code == 201
    assert worth.json()["points"] == "-2"
    for body, code in (
        ({"side": "COUNTERPART", "role": "GOT", "word": "GREAT"}, "not_a_speaker"),
        ({"side": "OWN", "role": "GOT", "word": "GREAT"}, "not_the_receiver"),
        ({"side": "COUNTERPART", "role": "GAVE", "word": "GREAT"}, "not_a_speaker"),
    ):
        refused = ana.post(f"/events/{ours['id']}/reports/", body)
        assert refused.status_code == 403
        assert problem_of(refused)["code"] == code
    assert Report.objects.filter(first_hand=True).count() == 2


def test_neither_an_owner_nor_a_leader_nor_a_colleague_sets_a_worth(cast, ana, path):
    event = log(ana, path)
    for member in (cast.oda, cast.lea, cast.amir, cast.zed):
        for relayed in (False, True):
            body = {"side": "COUNTERPART", "role": "GOT", "word": "GREAT", "relayed": relayed}
            assert Api(member).post(f"/events/{event['id']}/reports/", body).status_code == 404
    assert not Report.objects.exists()
    assert not Evidence.objects.exists()


def test_what_is_passed_on_says_so_and_gives_way(cast, employee, ana, path):
    made = log(ana, path)
    passed = ana.post(f"/events/{made['id']}/reports/", {"side": "COUNTERPART", "role": "GOT", "word": "GREAT", "relayed": True})
    assert passed.status_code == 201
    assert passed.json()["relayed"]
    assert passed.json()["participant"] is None
    assert passed.json()["relayed_by"] == str(cast.ana.public_id)
    assert Evidence.objects.get().relayed
    mine = log(ana, f"/relationships/{employee.relationship.public_id}/events/")
    refused = ana.post(f"/events/{mine['id']}/reports/", {"side": "COUNTERPART", "role": "GOT", "word": "GREAT", "relayed": True})
    assert refused.status_code == 403
    assert problem_of(refused)["code"] == "employee_speaks_alone"


def test_a_report_is_corrected_and_withdrawn_by_its_writer(cast, ana, path):
    made = log(ana, path)
    address = f"/events/{made['id']}/reports/"
    first = ana.post(address, {"side": "OWN", "role": "GAVE", "word": "FAIR"}).json()
    twice = ana.post(address, {"side": "OWN", "role": "GAVE", "word": "LOT"})
    assert twice.status_code == 409
    assert problem_of(twice)["code"] == "already_reported"
    second = ana.post(address, {"side": "OWN", "role": "GAVE", "word": "LOT", "supersedes": first["id"]})
    assert second.status_code == 201
    assert ana.get(f"/reports/{first['id']}/").status_code == 404
    assert ana.get(f"/reports/{second.json()['id']}/").json() == second.json()
    gone = ana.post(f"/reports/{second.json()['id']}/withdrawal/", {})
    assert gone.status_code == 201
    assert ana.get(address).json()["results"] == []
    event = ValueEvent.objects.get(public_id=made["id"])
    theirs = report_got(event=event, side=COUNTERPART, voice=cast.bo_voice, account=Account(word=Word.LOT), now=NOW)
    assert ana.post(f"/reports/{theirs.public_id}/withdrawal/", {}).status_code == 403
    for body in ({"supersedes": str(theirs.public_id)}, {"supersedes": str(uuid.uuid4())}):
        assert ana.post(address, {"side": "OWN", "role": "GAVE", "word": "LOT", **body}).status_code in (400, 403)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("word", "HUGE"), ("word", 3), ("word", True), ("typed_amount", "NaN"), ("typed_amount", "1e308"), ("typed_amount", "٣"), ("typed_amount", True),
        ("typed_amount", "1_000"), ("typed_amount", "0.00001"), ("typed_amount", "123456789012"), ("typed_amount", "Infinity"), ("typed_amount", 1e308),
        ("money", "-1"), ("money", "1.005"), ("hours", "x"), ("side", "BOTH"), ("role", "FELT"), ("arrived", "SOME"), ("expectation", "as"),
        ("sentence", "x" * 2001), ("sentence", "\u0000"), ("visibility", "x"), ("points", "8"), ("first_hand", True), ("participant", "x"), ("relayed", "yes"),
    ],
)  # fmt: skip
def test_a_report_that_cannot_be_taken_is_told_why(ana, path, field, value):
    made = log(ana, path, giver="COUNTERPART")
    response = ana.post(f"/events/{made['id']}/reports/", {"side": "OWN", "role": "GOT", "unit": "hours", field: value})
    assert response.status_code == 400, response.content
    assert fields_of(response) == [field]
    assert not Report.objects.exists()


def test_an_amount_is_kept_exactly(ana, path):
    made = log(ana, path, giver="COUNTERPART")
    body = b'{"side":"OWN","role":"GOT","typed_amount":0.1,"unit":"quiet evenings"}'
    report = ana.post(f"/events/{made['id']}/reports/", raw=body).json()
    assert report["typed_amount"] == "0.1000"
    assert report["unit"] == "quiet evenings"
    assert report["points"] is None


def test_facts_behind_a_report_are_its_sides_own(cast, ana, path):
    made = log(ana, path)
    ana.post(f"/events/{made['id']}/reports/", {"side": "OWN", "role": "GAVE", "hours": "12", "money": "900"})
    seen_by_leader = Api(cast.lea).get(f"/events/{made['id']}/reports/").json()["results"][0]
    assert seen_by_leader["hours"] is None
    assert seen_by_leader["money"] is None
    event = ValueEvent.objects.get(public_id=made["id"])
    relay_report(event=event, side=COUNTERPART, role=ReportRole.GOT, member=cast.ana, account=Account(word=Word.LOT, hours=3), now=NOW)
    relayed = [row for row in ana.get(f"/events/{made['id']}/reports/").json()["results"] if row["relayed"]]
    assert relayed[0]["hours"] is None


def test_a_kind_of_value_comes_from_the_catalogue(cast, ana, path):
    seed_catalogue(workspace=cast.workspace)
    kind = ana.get("/value-kinds/").json()["results"][0]["id"]
    assert log(ana, path, value_kind=kind)["value_kind"] == kind


def test_events_of_a_long_history_come_in_pages_at_one_price(cast, ana, path, django_assert_num_queries):
    for number in range(9):
        make_event(cast.borealis, cast.ana_voice, what=f"Thing {number}")
    with django_assert_num_queries(3):
        first = ana.get(path, limit="4").json()
    with django_assert_num_queries(3):
        second = ana.get(first["next"].partition("/api/v1")[2]).json()
    third = ana.get(second["next"].partition("/api/v1")[2]).json()
    assert [row["what"] for page in (first, second, third) for row in page["results"]] == [f"Thing {number}" for number in range(8, -1, -1)]
    assert third["next"] is None


def test_a_personal_relationship_is_its_stewards_alone(cast, ana):
    friend = make_relationship(cast.amir, "A friend of Amir", kind=Kind.PERSONAL)
    for member in (cast.ana, cast.lea, cast.oda):
        assert Api(member).get(f"/relationships/{friend.public_id}/events/").status_code == 404
    assert Api(cast.amir).get(f"/relationships/{friend.public_id}/events/").status_code == 200
