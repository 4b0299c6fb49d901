"""Kinds of value in the settings: owners add, rename, retire and bring back; forms follow, and what was said stays as it was."""

import pytest
from django.urls import reverse

from exchanges.models import EventVersion, Visibility
from exchanges.selectors.catalogue import kinds_in_use
from relationships.models import Kind, SideRole, TermsItem, ValueKind
from relationships.services.catalogue import add_kind, retire_kind, seed_catalogue
from relationships.services.terms import TermsLine, add_own_kind, write_terms
from tests.api_client import Api, fields_of, problem_of
from tests.exchanges.views.browsing import browser_of, clock, looks_unknown, refuses, seen_by  # noqa: F401
from tests.makers import NOW, TODAY, make_event, make_relationship
from valueledger.common.models import AuditEntry
from valueledger.common.tenancy import within

pytestmark = pytest.mark.usefixtures("clock", "seeded")
PAGE = "/settings/value-kinds/"


@pytest.fixture
def seeded(cast):
    seed_catalogue(workspace=cast.workspace)


@pytest.fixture
def pride(seeded):
    return ValueKind.objects.get(code="pride")


def url(kind):
    return reverse("desk:value_kind", args=[kind.public_id])


def post(member, address, **typed):
    return browser_of(member).post(address, {"hint": "", "meant_for": "ANY", **typed})


def offered(cast, page=None):
    return page or seen_by(cast.ana, f"/log/?with={cast.borealis.public_id}")


def test_only_owners_see_and_change_the_list(cast, pride):
    assert "Pride in the work" in seen_by(cast.oda, PAGE)
    seen_by(cast.oda, url(pride))
    for member in (cast.ana, cast.lea):
        looks_unknown(member, PAGE)
        looks_unknown(member, PAGE, "post", name="Mine", meant_for="ANY")
        looks_unknown(member, url(pride))
        looks_unknown(member, url(pride), "post", act="retire")
    with within(cast.elsewhere.pk):
        looks_unknown(cast.zed, url(pride), "post", act="retire")
    pride.refresh_from_db()
    assert not pride.is_retired
    assert not ValueKind.objects.filter(name="Mine").exists()
    refuses(cast.oda, PAGE, "PUT", "DELETE")
    refuses(cast.oda, url(pride), "PUT", "DELETE")


def test_a_kind_is_added_and_offered_at_once(cast):
    assert post(cast.oda, PAGE, name="Quiet evenings", hint="No calls after ten", meant_for="CUSTOMER").status_code == 302
    kind = ValueKind.objects.get(name="Quiet evenings")
    assert (kind.code, kind.hint, kind.meant_for, kind.side) == ("quiet_evenings", "No calls after ten", "CUSTOMER", None)
    assert AuditEntry.objects.filter(action="value_kind.added", actor_id=cast.oda.user_id, target_id=str(kind.public_id)).exists()
    assert "Quiet evenings" in offered(cast)
    assert '<option value="Quiet evenings">' in seen_by(cast.ana, reverse("desk:terms", args=[cast.borealis.public_id]))


def test_the_same_form_twice_adds_one(cast):
    for _ in range(2):
        post(cast.oda, PAGE, name="Quiet evenings", key="one")
    assert ValueKind.objects.filter(name="Quiet evenings").count() == 1


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"name": ""}, "Give it a name."),
        ({"name": "x" * 81}, "80"),
        ({"name": "Quiet", "hint": "x" * 201}, "200"),
        ({"name": "Quiet", "meant_for": "NOBODY"}, "This choice is not known."),
        ({"name": "pride IN the work"}, "“Pride in the work” is in the list already."),
        ({"name": "Referral", "meant_for": ""}, "Choose one."),
    ],
)
def test_what_cannot_be_taken_is_refused_with_its_field(cast, typed, sentence):
    before = ValueKind.objects.count()
    response = post(cast.oda, PAGE, **typed)
    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert ValueKind.objects.count() == before


def test_a_new_name_holds_for_what_was_said_before(cast, pride):
    event = make_event(cast.borealis, cast.ana_voice, value_kind=pride)
    assert post(cast.oda, url(pride), name="Craft", hint="Work we show", meant_for="ANY").status_code == 302
    pride.refresh_from_db()
    assert (pride.name, pride.hint, pride.meant_for, pride.code) == ("Craft", "Work we show", "ANY", "pride")
    assert "Craft" in seen_by(cast.ana, reverse("desk:event", args=[event.public_id]))
    assert post(cast.oda, url(pride), name="craft").status_code == 302, "its own name is not somebody else's"
    assert post(cast.oda, url(pride), name="A Referral").status_code == 422


def test_a_retired_kind_is_offered_no_more_and_comes_back(cast, pride):
    assert "Pride in the work" in offered(cast)
    for _ in range(2):
        assert browser_of(cast.oda).post(url(pride), {"act": "retire"}).status_code == 302
    assert AuditEntry.objects.filter(action="value_kind.retired").count() == 1
    assert "Pride in the work" not in offered(cast)
    assert "Pride in the work" not in seen_by(cast.ana, reverse("desk:terms", args=[cast.borealis.public_id]))
    assert "retired: bring it back" in post(cast.oda, PAGE, name="Pride in the work").content.decode()
    browser_of(cast.oda).post(url(pride), {"act": "bring-back"})
    assert "Pride in the work" in offered(cast)


def test_what_was_logged_with_a_retired_kind_keeps_it_through_a_correction(cast, pride):
    event = make_event(cast.borealis, cast.ana_voice, value_kind=pride)
    retire_kind(kind=pride, member=cast.oda, now=NOW)
    address = reverse("desk:correct_event", args=[event.public_id])
    assert f'<option value="{pride.public_id}" selected>' in seen_by(cast.ana, address)
    typed = {"seq": "1", "what": "Better said", "occurred_on": TODAY.isoformat(), "status": "ARRIVED", "kind": "OTHER", "visibility": "SHARED"}
    assert browser_of(cast.ana).post(address, {**typed, "value_kind": str(pride.public_id)}).status_code == 302
    assert EventVersion.objects.current().get().value_kind == pride


def test_nothing_new_is_said_with_a_retired_kind(cast, pride):
    retire_kind(kind=pride, member=cast.oda, now=NOW)
    api, path = Api(cast.ana), f"/relationships/{cast.borealis.public_id}"
    event = {"what": "A plan", "occurred_on": TODAY.isoformat(), "giver": "OWN", "value_kind": str(pride.public_id)}
    assert problem_of(api.post(f"{path}/events/", event))["errors"][0] | {"message": ""} == {"field": "value_kind", "code": "retired", "message": ""}
    terms = {"side": "OWN", "lines": [{"value_kind": str(pride.public_id), "weight": 10}]}
    assert problem_of(api.post(f"{path}/terms/", terms))["errors"][0]["code"] == "retired"
    assert not TermsItem.objects.exists()


def test_a_side_goes_on_naming_what_it_named_before_it_was_retired(cast, pride):
    side = cast.borealis.sides.get(role=SideRole.OWN)
    write_terms(side=side, author=cast.ana_speaks, lines=[TermsLine(pride, 10)], effective_on=TODAY, now=NOW)
    retire_kind(kind=pride, member=cast.oda, now=NOW)
    again = browser_of(cast.ana).post(reverse("desk:terms", args=[cast.borealis.public_id]), {"kind0": "Pride in the work", "weight0": "10"})
    assert again.status_code == 302
    assert set(TermsItem.objects.values_list("value_kind_id", flat=True)) == {pride.pk}
    other = make_relationship(cast.ana, "Cassini")
    browser_of(cast.ana).post(reverse("desk:terms", args=[other.public_id]), {"kind0": "Pride in the work", "weight0": "10"})
    own = TermsItem.objects.order_by("-pk")[0].value_kind
    assert own.side_id == other.sides.get(role=SideRole.OWN).pk, "who had not named it says it in its own words"


def test_what_a_side_said_in_its_own_words_is_not_the_owners(cast):
    own = add_own_kind(side=cast.borealis.sides.get(role=SideRole.COUNTERPART), name="Starlight")
    assert "Starlight" not in seen_by(cast.oda, PAGE)
    looks_unknown(cast.oda, url(own))
    assert post(cast.oda, PAGE, name="Starlight").status_code == 302, "their word does not stand in the way, and nothing tells of it"


def test_another_relationships_own_kind_is_not_taken_through_the_api(cast):
    own = add_own_kind(side=make_relationship(cast.ana, "Cassini").sides.get(role=SideRole.COUNTERPART), name="Starlight")
    typed = {"what": "A plan", "occurred_on": TODAY.isoformat(), "giver": "OWN", "value_kind": str(own.public_id)}
    assert fields_of(Api(cast.ana).post(f"/relationships/{cast.borealis.public_id}/events/", typed)) == ["value_kind"]
    assert not EventVersion.objects.exists()


def test_use_is_counted_over_clients_and_what_both_sides_may_see(cast, employee, pride):
    def use():
        return {row.kind.code: (row.terms, row.events) for row in kinds_in_use(cast.oda)}["pride"]

    side = cast.borealis.sides.get(role=SideRole.OWN)
    for _ in range(2):
        write_terms(side=side, author=cast.ana_speaks, lines=[TermsLine(pride, 10)], effective_on=TODAY, now=NOW)
    make_event(cast.borealis, cast.ana_voice, value_kind=pride)
    assert use() == (1, 1)
    friend = make_relationship(cast.ana, "Finn", kind=Kind.PERSONAL)
    for relationship, visibility in ((cast.borealis, Visibility.PRIVATE), (employee.relationship, Visibility.SHARED), (friend, Visibility.SHARED)):
        make_event(relationship, cast.ana_voice, value_kind=pride, visibility=visibility)
    assert use() == (1, 1), "a private entry, an employee's and a friend's would show in the number"


def test_a_program_of_an_owner_adds_one(cast):
    made = Api(cast.oda).post("/value-kinds/", {"name": "Ruhige Abende", "hint": "Kein Anruf", "meant_for": "CUSTOMER"})
    assert made.status_code == 201
    body = made.json()
    assert (body["code"], body["name"], body["side"], body["is_retired"]) == ("ruhige_abende", "Ruhige Abende", None, False)
    assert Api(cast.ana).get(f"/value-kinds/{body['id']}/").json() == body
    assert fields_of(Api(cast.oda).post("/value-kinds/", {"name": "ruhige ABENDE"})) == ["name"]
    assert fields_of(Api(cast.oda).post("/value-kinds/", {"name": "", "meant_for": "NOBODY"})) == ["name", "meant_for"]
    for member in (cast.ana, cast.lea):
        assert problem_of(Api(member).post("/value-kinds/", {"name": "Mine"}))["code"] == "role_missing"
    assert problem_of(Api(cast.oda, scopes="read").post("/value-kinds/", {"name": "Mine"}))["code"] == "scope_missing"


def test_codes_differ_though_names_look_alike(cast):
    made = [add_kind(member=cast.oda, name=name, now=NOW).code for name in ("Time off", "Time-off", "Пауза", "休憩")]
    assert made == ["time_off", "time_off_2", "kind", "kind_2"]
