"""Workspace, members, parties, people and value kinds: who reads what of them."""

import uuid

import pytest

from relationships.models import Kind, PartyText, Person
from relationships.services.catalogue import seed_catalogue
from relationships.services.parties import add_party, add_person
from relationships.services.relationships import add_participant
from relationships.services.terms import add_own_kind
from tests.api_client import Api, fields_of, problem_of
from tests.makers import TODAY, make_relationship


@pytest.fixture
def ana(cast):
    return Api(cast.ana)


def names(response):
    return [row["name"] for row in response.json()["results"]]


def test_a_token_says_for_whom_it_acts(cast, ana):
    body = ana.get("/workspace/").json()
    assert body["name"] == "Acme"
    assert body["roles"] == ["STEWARD"]
    assert body["member"] == str(cast.ana.public_id)
    assert body["band"] == "0.75"


def test_only_an_owner_reads_the_members(cast, ana):
    owner = Api(cast.oda)
    assert set(names(owner.get("/members/"))) == {"Ana Lind", "Amir", "Lea", "Oda"}
    assert owner.get(f"/members/{cast.ana.public_id}/").json()["email"] == cast.ana.user.email
    for stranger in (ana, Api(cast.lea)):
        assert stranger.get("/members/").status_code == 404
        assert stranger.get(f"/members/{cast.ana.public_id}/").status_code == 404
    assert owner.get(f"/members/{cast.zed.public_id}/").status_code == 404


def test_parties_follow_the_relationships_that_one_may_see(cast, ana):
    add_party(workspace=cast.workspace, name="Not in anything yet")
    private = make_relationship(cast.amir, "A friend of Amir", kind=Kind.PERSONAL)
    assert set(names(ana.get("/parties/"))) == {"Acme", "Borealis", "Not in anything yet"}
    assert set(names(Api(cast.lea).get("/parties/"))) == {"Acme", "Borealis"}
    assert names(Api(cast.oda).get("/parties/")) == []
    assert names(Api(cast.zed).get("/parties/")) == []
    friend = PartyText.objects.get(name="A friend of Amir").party
    assert friend.sides.filter(relationship=private).exists()
    for stranger in (ana, Api(cast.lea), Api(cast.oda), Api(cast.zed)):
        assert stranger.get(f"/parties/{friend.public_id}/").content == stranger.get(f"/parties/{uuid.uuid4()}/").content


def test_an_address_is_for_whoever_may_write_to_it(cast, ana):
    add_person(workspace=cast.workspace, name="Nobody yet", email="nobody@example.com")
    friend = add_person(workspace=cast.workspace, name="Friend", email="friend@example.com")
    make_relationship(cast.amir, "A friend of Amir", kind=Kind.PERSONAL, people=(friend,))
    addresses = {row["name"]: row["email"] for row in ana.get("/people/").json()["results"]}
    assert addresses == {"Ana Lind": cast.ana.person.text.email, "Bo Berg": "bo@borealis.example", "Nobody yet": None, **_members_without(cast)}
    assert names(Api(cast.lea).get("/people/")) == ["Lea"]
    assert "Friend" not in names(Api(cast.oda).get("/people/"))
    assert "bo@borealis.example" in [row["email"] for row in Api(cast.oda).get("/people/").json()["results"]]
    assert ana.get(f"/people/{friend.public_id}/").status_code == 404


def _members_without(cast):
    """Colleagues who speak nowhere yet can be named by a steward, without their address; Amir speaks for his own relationship."""
    return {"Lea": None, "Oda": None}


def test_a_steward_adds_parties_and_people_and_others_do_not(cast, ana):
    made = ana.post("/people/", {"name": " Cyd  Corvid ", "email": "cyd@corvid.example", "time_zone": "Europe/Berlin"})
    assert made.status_code == 201
    assert made.json()["name"] == "Cyd Corvid"
    assert ana.get(f"/people/{made.json()['id']}/").json()["email"] is None  # in no relationship of hers yet
    person = Person.objects.get(public_id=made.json()["id"])
    add_participant(side=cast.borealis.sides.get(role=1), person=person, from_on=TODAY)
    assert ana.get(f"/people/{made.json()['id']}/").json()["email"] == "cyd@corvid.example"
    for other in (cast.lea, cast.oda):
        response = Api(other).post("/parties/", {"name": "Corvid"})
        assert response.status_code == 403
        assert problem_of(response)["code"] == "role_missing"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "Cyd", "email": "not an address"}, "email"),
        ({"name": "Cyd", "email": "a@b.example\nBcc: x@y.example"}, "email"),
        ({"name": "Cyd", "time_zone": "Mars/Olympus"}, "time_zone"),
        ({"email": "cyd@corvid.example"}, "name"),
    ],
)
def test_a_person_that_cannot_be_taken_is_told_why(ana, body, field):
    assert fields_of(ana.post("/people/", body)) == [field]


def test_a_sides_own_kinds_are_read_by_those_who_see_the_side(cast, ana):
    seed_catalogue(workspace=cast.workspace)
    kind = add_own_kind(side=cast.borealis.sides.get(role=1), name="Quiet evenings")
    body = ana.get(f"/value-kinds/{kind.public_id}/").json()
    assert body["name"] == "Quiet evenings"
    assert body["code"] == ""
    assert Api(cast.amir).get(f"/value-kinds/{kind.public_id}/").status_code == 404
    assert "Referral" in " ".join(names(ana.get("/value-kinds/"))).title()


def test_pages_hold_every_row_once_and_their_cursor_tells_nothing(cast, ana):
    wanted = [add_party(workspace=cast.workspace, name=f"Party {number}").public_id for number in range(7)]
    seen, path, query = [], "/parties/", {"limit": "3"}
    while path:
        body = ana.get(path, **query).json()
        seen += [row["id"] for row in body["results"]]
        assert len(body["results"]) <= 3
        path = body["next"] and body["next"].partition("/api/v1")[2]
        query = {}
    assert len(seen) == len(set(seen)) == 9
    assert seen[:7] == [str(public_id) for public_id in reversed(wanted)]


def test_a_page_costs_the_same_queries_however_long(cast, ana, django_assert_num_queries):
    for paths, limit in (("/parties/", 2), ("/people/", 2), ("/value-kinds/", 2)):
        with django_assert_num_queries(limit):
            assert ana.get(paths).status_code == 200
    for number in range(30):
        add_party(workspace=cast.workspace, name=f"Party {number}")
        add_person(workspace=cast.workspace, name=f"Person {number}")
    for paths, limit in (("/parties/", 2), ("/people/", 2), ("/value-kinds/", 2)):
        with django_assert_num_queries(limit):
            assert ana.get(paths).status_code == 200


def test_people_of_another_workspace_do_not_exist(cast):
    zed = Api(cast.zed)
    assert [row["name"] for row in zed.get("/people/").json()["results"]] == ["Zed"]
