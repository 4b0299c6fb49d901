"""The list, beginning a relationship, asking both sides, and what is set for one alone."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from exchanges.models import Card, EventKind, EventVersion, Prompt, Round, View
from exchanges.selectors import cards
from exchanges.services.relationships import change_stage
from relationships.models import Kind, Participant, Party, Relationship, SideRole, TermsItem
from relationships.models.relationships import Stage
from tests.exchanges.views.browsing import HTMX, browser_of, clock, looks_unknown, refuses, seen_by  # noqa: F401
from tests.makers import NOW, make_member, make_relationship
from valueledger.common.tenancy import within

pytestmark = pytest.mark.usefixtures("clock")
LIST = "/relationships/"
NEW = "/relationships/new/"


def names_in(page, names):
    return [name for name in names if f"<bdi>{name}</bdi></a></th>" in page]


def begin(member, **typed):
    data = {"name": "Cassini", "own_name": "Acme", "kind": "CLIENT", "intent": "LONG_TERM", "contact_name": "Cy", "contact": "cy@cassini.example"}
    return browser_of(member).post(NEW, {**data, **typed})


def url(relationship, name="relationship_settings"):
    return reverse(f"desk:{name}", args=[relationship.public_id])


# The list


def test_a_steward_sees_its_own(cast):
    make_relationship(cast.amir, "Cassini")
    assert names_in(seen_by(cast.ana, LIST), ["Borealis", "Cassini"]) == ["Borealis"]


def test_a_leader_sees_clients_by_name_and_nobody_else(cast, employee):
    make_relationship(cast.ana, "Piet Vorster", kind=Kind.PERSONAL)
    page = seen_by(cast.lea, LIST)
    assert names_in(page, ["Borealis", "Eva Holm", "Piet Vorster"]) == ["Borealis"]


def test_owners_and_strangers_find_nothing_of_it(cast):
    looks_unknown(cast.oda, LIST)
    with within(cast.elsewhere.pk):
        assert "Borealis" not in seen_by(cast.zed, LIST)


def test_other_methods_are_refused(cast):
    refuses(cast.ana, LIST, "POST", "DELETE")
    refuses(cast.ana, NEW, "PUT")
    refuses(cast.ana, url(cast.borealis, "ask"), "GET")
    refuses(cast.ana, url(cast.borealis), "DELETE")


def test_the_sentence_narrows(cast, employee):
    names = ["Borealis", "Eva Holm"]
    assert names_in(seen_by(cast.ana, LIST + "?kind=EMPLOYEE"), names) == ["Eva Holm"]
    assert names_in(seen_by(cast.ana, LIST + "?q=bore"), names) == ["Borealis"]
    assert names_in(seen_by(cast.ana, LIST + "?verdict=unconfirmed"), names) == names
    assert names_in(seen_by(cast.ana, LIST + "?verdict=fair"), names) == []
    assert "No employee is in equilibrium." in seen_by(cast.ana, LIST + "?verdict=fair&kind=EMPLOYEE")


def test_what_the_address_cannot_mean_is_left_out(cast):
    for query in (
        "?sort=drop&kind=X&verdict=Y&whose=Z",
        "?after=nope",
        "?after=00000000-0000-4000-8000-000000000000",
        "?q=" + "x" * 3000,
        "?q=%F0%9F%98%80",
    ):
        assert browser_of(cast.ana).get(LIST + query).status_code == 200


def test_percent_signs_are_letters(cast):
    make_relationship(cast.ana, "Ten % more")
    assert names_in(seen_by(cast.ana, LIST + "?q=%25"), ["Borealis", "Ten % more"]) == ["Ten % more"]


def test_what_ended_stands_apart(cast):
    change_stage(relationship=cast.borealis, stage=Stage.COMPLETED, voice=cast.ana_voice, now=NOW)
    assert names_in(seen_by(cast.ana, LIST), ["Borealis"]) == []
    assert names_in(seen_by(cast.ana, LIST + "?ended=1"), ["Borealis"]) == ["Borealis"]


@pytest.mark.parametrize("sort", ["name", "due", "confirmed", "severity"])
def test_pages_hold_every_row_once(cast, sort, monkeypatch):
    monkeypatch.setattr(cards.page_of, "__kwdefaults__", {**cards.page_of.__kwdefaults__, "size": 3})
    names = ["Borealis", *(f"Client {letter}" for letter in "ABCDEFG")]
    for number, name in enumerate(names[1:]):
        row = make_relationship(cast.ana, name)
        Card.objects.filter(relationship=row).update(
            severity=number % 3, due_on=None if number % 2 else NOW.date(), answered_counterpart_on=None if number % 2 else NOW.date()
        )
    seen, address = [], f"{LIST}?sort={sort}"
    for _ in range(5):
        response = browser_of(cast.ana).get(address)
        seen += [row.card.counterpart_name for row in response.context["page"].rows]
        if not response.context["next_url"]:
            break
        address = LIST + response.context["next_url"]
    assert sorted(seen) == sorted(names)
    if sort == "name":
        assert seen == sorted(names)


def test_htmx_gets_the_list_alone(cast):
    page = browser_of(cast.ana).get(LIST, headers=HTMX).content.decode()
    assert "<html" not in page
    assert "Borealis" in page


def test_the_queries_do_not_grow_with_the_rows(cast):
    browser = browser_of(cast.ana)
    browser.get(LIST)  # the first visit also notes the session
    with CaptureQueriesContext(connection) as one:
        browser.get(LIST)
    for number in range(12):
        make_relationship(cast.ana, f"Client {number}")
    with CaptureQueriesContext(connection) as many:
        browser.get(LIST)
    assert len(many) == len(one)


def test_an_employees_side_is_not_shown_in_the_list(cast, employee):
    row = next(row for row in browser_of(cast.ana).get(LIST).context["page"].rows if row.card.kind == Kind.EMPLOYEE)
    assert row.they.is_private
    assert row.they.estimate is None
    assert "theirs to say" in seen_by(cast.ana, LIST)


# Beginning one


def test_a_relationship_begins_with_both_sides_people_and_our_terms(cast):
    assert begin(cast.ana, t1="Fees on time", t2="Learning", t3="Referrals").status_code == 302
    row = Relationship.objects.get(sides__party__text__name="Cassini")
    assert (row.kind, row.steward_id) == (Kind.CLIENT, cast.ana.pk)
    own, theirs = row.sides.get(role=SideRole.OWN), row.sides.get(role=SideRole.COUNTERPART)
    assert (own.intent, theirs.intent) == ("LONG_TERM", "")  # what they mean it to be is theirs to say
    assert [one.person.text.email for one in theirs.participants.all()] == ["cy@cassini.example"]
    assert own.participants.get().person_id == cast.ana.person_id
    assert list(TermsItem.objects.filter(version__side=own).order_by("-weight").values_list("value_kind__name", "weight")) == [
        ("Fees on time", 5), ("Learning", 3), ("Referrals", 2),
    ]  # fmt: skip
    assert Card.objects.filter(relationship=row, view=View.SHARED).exists()


def test_our_own_party_is_the_one_that_we_are_elsewhere(cast):
    begin(cast.ana)
    assert Party.objects.filter(text__name="Acme").count() == 1


def test_two_people_may_speak_for_a_client(cast):
    begin(cast.ana, contact2_name="Di", contact2="di@cassini.example")
    assert Participant.objects.filter(side__party__text__name="Cassini").count() == 2


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        ({"name": ""}, "Name the other side."),
        ({"name": "Acme"}, "two different sides"),
        ({"kind": "ENEMY"}, "not known"),
        ({"intent": ""}, "Say what you mean it to be."),
        ({"contact": "not an address"}, "not an e-mail address"),
        ({"name": "x" * 201}, "too long"),
        ({"kind": "EMPLOYEE", "contact2_name": "Di"}, "exactly one person"),
        ({"kind": "EMPLOYEE", "contact": ""}, "Give the employee"),
        ({"contact2_name": "Cy", "contact2": "cy@cassini.example"}, "same address twice"),
    ],
)
def test_what_cannot_be_taken_is_said_and_kept(cast, typed, word):
    response = begin(cast.ana, **typed)
    assert response.status_code == 422
    assert word in response.content.decode()
    assert Relationship.objects.count() == 1


def test_the_same_form_twice_begins_one(cast):
    begin(cast.ana, key="one")
    begin(cast.ana, key="one")
    assert Relationship.objects.count() == 2  # Borealis and this one


def test_only_a_steward_begins_one(cast):
    looks_unknown(cast.lea, NEW)
    looks_unknown(cast.oda, NEW, "post")


# Asking


def test_asking_opens_a_round_for_both_sides(cast):
    browser_of(cast.ana).post(url(cast.borealis, "ask"))
    assert Round.objects.get().relationship_id == cast.borealis.pk
    assert Prompt.objects.count() == 2


def test_asking_twice_is_said_and_asks_once(cast):
    browser = browser_of(cast.ana)
    browser.post(url(cast.borealis, "ask"))
    page = browser.post(url(cast.borealis, "ask"), follow=True).content.decode()
    assert "Both sides have been asked already" in page
    assert Round.objects.count() == 1


def test_only_its_steward_asks(cast):
    for member in (cast.lea, cast.amir, cast.oda):
        looks_unknown(member, url(cast.borealis, "ask"), "post")
    with within(cast.elsewhere.pk):
        looks_unknown(cast.zed, url(cast.borealis, "ask"), "post")
    assert not Round.objects.exists()


# What is set for one


def test_only_its_steward_sets_anything(cast):
    for member in (cast.lea, cast.amir, cast.oda):
        looks_unknown(member, url(cast.borealis))
        looks_unknown(member, url(cast.borealis), "post", act="stage", stage="ENDED")
    with within(cast.elsewhere.pk):
        looks_unknown(cast.zed, url(cast.borealis))


def test_band_and_rhythm_are_set_and_inherited_again(cast):
    browser = browser_of(cast.ana)
    browser.post(url(cast.borealis), {"act": "rhythm", "band": "1.25", "cadence_days": "60"})
    cast.borealis.refresh_from_db()
    assert (float(cast.borealis.band), cast.borealis.cadence_days) == (1.25, 60)
    assert Card.objects.get(relationship=cast.borealis, view=View.SHARED).band == 1.25
    browser.post(url(cast.borealis), {"act": "rhythm", "band": "", "cadence_days": ""})
    assert Card.objects.get(relationship=cast.borealis, view=View.SHARED).band == 0.75


@pytest.mark.parametrize(
    ("field", "typed"), [("band", "0"), ("band", "4"), ("band", "NaN"), ("cadence_days", "29"), ("cadence_days", "1e3"), ("cadence_days", "45.5")]
)
def test_a_rhythm_that_cannot_be_is_refused(cast, field, typed):
    assert browser_of(cast.ana).post(url(cast.borealis), {"act": "rhythm", field: typed}).status_code == 422


def test_the_stage_moves_in_any_direction(cast):
    for stage in (Stage.COMPLETED, Stage.TRIAL):
        browser_of(cast.ana).post(url(cast.borealis), {"act": "stage", "stage": stage})
        cast.borealis.refresh_from_db()
        assert cast.borealis.stage == stage


def test_a_hand_over_is_logged_and_takes_the_relationship_along(cast):
    response = browser_of(cast.ana).post(url(cast.borealis), {"act": "hand_over", "to": str(cast.amir.public_id), "note": "Amir knows them well"})
    assert response.headers["Location"] == LIST
    cast.borealis.refresh_from_db()
    assert cast.borealis.steward_id == cast.amir.pk
    assert EventVersion.objects.get().kind == EventKind.HAND_OVER
    assert names_in(seen_by(cast.ana, LIST), ["Borealis"]) == []
    assert names_in(seen_by(cast.amir, LIST), ["Borealis"]) == ["Borealis"]


def test_nothing_is_handed_to_a_stranger(cast):
    response = browser_of(cast.ana).post(url(cast.borealis), {"act": "hand_over", "to": str(cast.zed.public_id)})
    assert response.status_code == 422
    cast.borealis.refresh_from_db()
    assert cast.borealis.steward_id == cast.ana.pk


def test_people_come_and_go(cast):
    browser = browser_of(cast.ana)
    browser.post(url(cast.borealis), {"act": "person", "side": "1", "name": "Dea", "email": "dea@borealis.example"})
    dea = Participant.objects.get(person__text__name="Dea")
    assert dea.side.role == SideRole.COUNTERPART
    browser.post(url(cast.borealis), {"act": "remove_person", "participant": str(dea.public_id)})
    dea.refresh_from_db()
    assert dea.left_on == NOW.date()


def test_nobody_joins_an_employees_side(cast, employee):
    response = browser_of(cast.ana).post(url(employee.relationship), {"act": "person", "side": "1", "name": "A friend"})
    assert response.status_code == 422
    assert "exactly one person" in response.content.decode()


def test_an_act_that_is_none_is_not_found(cast):
    looks_unknown(cast.ana, url(cast.borealis), "post", act="explode")


def test_a_workspace_is_switched_only_to_ones_own(cast):
    browser = browser_of(cast.ana)
    switch = reverse("desk:switch_workspace")
    assert browser.post(switch, {"workspace": str(cast.elsewhere.public_id)}).status_code == 404
    assert browser.post(switch, {"workspace": "nope"}).status_code == 404
    with within(cast.elsewhere.pk):
        also = make_member(cast.elsewhere, "Also", steward=True)
        type(also).objects.filter(pk=also.pk).update(user=cast.ana.user)
    assert browser.post(switch, {"workspace": str(cast.elsewhere.public_id)}).status_code == 302
    with within(cast.elsewhere.pk):
        assert "Borealis" not in browser.get(LIST).content.decode()


# Stake and own rhythms


def settings_of(relationship):
    return reverse("desk:relationship_settings", args=[relationship.public_id])


def test_the_steward_says_how_much_hangs_on_it(cast):
    browser_of(cast.ana).post(settings_of(cast.borealis), {"act": "rhythm", "band": "", "cadence_days": "", "stake": "3"})
    cast.borealis.refresh_from_db()
    assert cast.borealis.stake == 3
    browser_of(cast.ana).post(settings_of(cast.borealis), {"act": "rhythm", "band": "1", "cadence_days": ""})  # an older page: it stays
    cast.borealis.refresh_from_db()
    assert (cast.borealis.stake, cast.borealis.band) == (3, 1)
    refused = browser_of(cast.ana).post(settings_of(cast.borealis), {"act": "rhythm", "band": "", "cadence_days": "", "stake": "9"})
    assert refused.status_code == 422


def test_a_speaker_gets_a_rhythm_of_their_own_and_loses_it_again(cast):
    def own_rhythm(days):
        form = {"act": "own_rhythm", "participant": str(cast.bo_speaks.public_id), "cadence_days": days}
        response = browser_of(cast.ana).post(settings_of(cast.borealis), form)
        cast.bo_speaks.refresh_from_db()
        return response.status_code, cast.bo_speaks.cadence_days

    assert own_rhythm("45") == (302, 45)
    assert own_rhythm("7") == (422, 45)
    assert own_rhythm("x") == (422, 45)
    assert own_rhythm("") == (302, None)


def test_how_often_an_employee_is_asked_is_not_the_managers_to_set(cast, employee):
    form = {"act": "own_rhythm", "participant": str(employee.eva_speaks.public_id), "cadence_days": "45"}
    assert browser_of(cast.ana).post(settings_of(employee.relationship), form).status_code == 404
    employee.eva_speaks.refresh_from_db()
    assert employee.eva_speaks.cadence_days is None
