"""Rounds over the API: blind until revealed, one's own seat only, and an employee's answer told by nothing."""

import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine

from exchanges.models import Assurance, Prompt, RoundSeat
from exchanges.services.rounds import answer_check, open_round, sweep_rounds
from relationships.models import SideRole
from tests.api_client import Api, fields_of, problem_of
from tests.makers import NOW


@pytest.fixture(autouse=True)
def _at_noon():
    with time_machine.travel(NOW + timedelta(hours=1), tick=False):
        yield


@pytest.fixture
def ana(cast):
    return Api(cast.ana)


@pytest.fixture
def asked(cast):
    return open_round(relationship=cast.borealis, now=NOW, reason="asked")


def seat(round, side=SideRole.COUNTERPART):
    return RoundSeat.objects.select_related("round").get(round=round, side=side)


def bo_answers(round, value="-2", at=NOW + timedelta(hours=1)):
    return answer_check(seat=seat(round), value=Decimal(value), sentence="Honestly, no", assurance=Assurance.SIGNED_IN, now=at)


def everything(api, cast, round):
    paths = (f"/relationships/{cast.borealis.public_id}/rounds/", f"/rounds/{round.public_id}/", "/prompts/", "/relationships/",
             f"/relationships/{cast.borealis.public_id}/", f"/relationships/{cast.borealis.public_id}/balance/", f"/relationships/{cast.borealis.public_id}/snapshots/")  # fmt: skip
    return [api.get(path).content for path in paths]


def test_before_the_reveal_nothing_changes_for_anybody_else(cast, ana, asked):
    lea = Api(cast.lea)
    before = everything(ana, cast, asked), everything(lea, cast, asked)
    bo_answers(asked)
    assert (everything(ana, cast, asked), everything(lea, cast, asked)) == before


def test_an_answer_for_the_own_seat_reveals_when_both_have_answered(cast, ana, asked):
    bo_answers(asked)
    made = ana.post(f"/rounds/{asked.public_id}/answers/", {"value": "1.5", "guess": "1", "sureness": "FAIRLY", "sentence": "They carry us"})
    assert made.status_code == 201, made.content
    assert made.json()["counts"]
    body = ana.get(f"/rounds/{asked.public_id}/").json()
    assert body["state"] == "REVEALED"
    assert body["own_value"] == 1.5
    assert body["counterpart_value"] == -2
    assert {(answer["side"], answer["value"], answer["sentence"]) for answer in body["answers"]} == {
        ("OWN", 1.5, "They carry us"), ("COUNTERPART", -2.0, "Honestly, no"),
    }  # fmt: skip
    late = ana.post(f"/rounds/{asked.public_id}/answers/", {"value": "2"})
    assert late.status_code == 409
    assert problem_of(late)["code"] == "round_revealed"


def test_ones_own_answer_is_seen_and_can_be_changed_before_the_reveal(cast, ana, asked):
    ana.post(f"/rounds/{asked.public_id}/answers/", {"value": "1"})
    ana.post(f"/rounds/{asked.public_id}/answers/", {"value": "2"})
    body = ana.get(f"/rounds/{asked.public_id}/").json()
    assert body["state"] == "OPEN"
    assert [answer["value"] for answer in body["answers"]] == [2.0]
    assert body["own_value"] is None
    assert Api(cast.lea).get(f"/rounds/{asked.public_id}/").json()["answers"] == []


def test_nobody_answers_for_a_seat_that_is_not_theirs(cast, asked):
    for member in (cast.lea, cast.oda, cast.amir, cast.zed):
        api = Api(member)
        response = api.post(f"/rounds/{asked.public_id}/answers/", {"value": "1"})
        assert response.status_code == 404
        assert response.content == api.post(f"/rounds/{uuid.uuid4()}/answers/", {"value": "1"}).content


def test_a_steward_asks_both_sides_and_one_round_is_open_at_a_time(cast, ana):
    address = f"/relationships/{cast.borealis.public_id}/rounds/"
    for member in (cast.lea, cast.oda, cast.amir, cast.zed):
        assert Api(member).post(address, {}).status_code == 404
    made = ana.post(address, {})
    assert made.status_code == 201, made.content
    assert made.json()["state"] == "OPEN"
    assert Prompt.objects.count() == 2
    again = ana.post(address, {})
    assert again.status_code == 409
    assert problem_of(again)["code"] == "round_already_open"
    assert fields_of(ana.post(address, {"closes_at": "2030-01-01"})) == ["closes_at"]


def test_after_the_close_it_is_closed(cast, ana, asked):
    with time_machine.travel(NOW + timedelta(days=15), tick=False):
        response = ana.post(f"/rounds/{asked.public_id}/answers/", {"value": "1"})
        assert response.status_code == 410
        assert problem_of(response)["code"] == "round_closed"
        assert ana.get(f"/rounds/{asked.public_id}/").json()["state"] == "CLOSED"


@pytest.mark.parametrize(
    ("field", "value"),
    [("value", "4"), ("value", "NaN"), ("value", True), ("value", "1e3"), ("value", "٣"), ("guess", "-3.5"), ("sureness", "VERY"), ("side", "OWN")],
)
def test_an_answer_that_cannot_be_taken_is_told_why(ana, asked, field, value):
    response = ana.post(f"/rounds/{asked.public_id}/answers/", {"value": "1", field: value})
    assert response.status_code == 400
    assert fields_of(response) == [field]


def test_an_answer_says_something(ana, asked):
    assert problem_of(ana.post(f"/rounds/{asked.public_id}/answers/", {}))["status"] == 400
    assert problem_of(ana.post(f"/rounds/{asked.public_id}/answers/", {"confirm": True}))["status"] == 400


def test_an_employees_answer_shows_in_nothing_until_the_round_closes(cast, employee, ana):
    asked = open_round(relationship=employee.relationship, now=NOW, reason="asked")
    ana.post(f"/rounds/{asked.public_id}/answers/", {"value": "1"})
    paths = (f"/relationships/{employee.relationship.public_id}/rounds/", f"/rounds/{asked.public_id}/", "/prompts/")
    before = [ana.get(path).content for path in paths]
    bo_answers(asked)
    assert [ana.get(path).content for path in paths] == before
    later = NOW + timedelta(days=15)
    sweep_rounds(now=later)
    with time_machine.travel(later, tick=False):
        body = ana.get(f"/rounds/{asked.public_id}/").json()
    assert body["state"] == "CLOSED"
    assert body["counterpart_value"] is None
    assert body["own_value"] == 1
    assert [answer["side"] for answer in body["answers"]] == ["OWN"]


def test_prompts_tell_of_ones_own_how_they_stand_and_of_others_that_they_are_out(cast, employee, ana, asked):
    open_round(relationship=employee.relationship, now=NOW, reason="asked")
    bo_answers(asked)
    rows = ana.get("/prompts/").json()["results"]
    assert sorted((row["side"], row["state"]) for row in rows) == [("COUNTERPART", "OPEN"), ("OWN", "WAITING"), ("OWN", "WAITING")]
    assert Prompt.objects.count() == 4
    for member in (cast.amir, cast.lea, cast.oda, cast.zed):
        assert Api(member).get("/prompts/").json()["results"] == []


def test_rounds_cost_the_same_queries_however_many_answered(cast, ana, asked, django_assert_num_queries):
    with django_assert_num_queries(5):
        ana.get(f"/relationships/{cast.borealis.public_id}/rounds/")
    bo_answers(asked)
    ana.post(f"/rounds/{asked.public_id}/answers/", {"value": "1"})
    with django_assert_num_queries(5):
        ana.get(f"/relationships/{cast.borealis.public_id}/rounds/")
