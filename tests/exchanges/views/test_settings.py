"""Settings of the workspace: who may, what is inherited, and tokens that are shown once."""

from datetime import time
from decimal import Decimal

import pytest
from django.urls import reverse

from exchanges.models import Card, View
from relationships.models import Rhythm
from relationships.services.workspaces import tag_of
from tests.exchanges.views.browsing import browser_of, clock, looks_unknown, refuses, seen_by  # noqa: F401
from tests.makers import NOW, make_relationship
from valueledger.common import tokens
from valueledger.common.models import AuditEntry, Token
from valueledger.common.models.tokens import TokenPurpose
from valueledger.common.tenancy import within

pytestmark = pytest.mark.usefixtures("clock")
SETTINGS, MEMBERS, RHYTHM, TOKENS = "/settings/", "/settings/members/", "/settings/rhythm/", "/settings/tokens/"


ASKING = {"ask_budget": "4", "ask_from_bits": "0.00", "quiet_from": "18:00", "quiet_until": "08:00", "quiet_days": ["6", "7"]}


def post(member, url, **typed):
    return browser_of(member).post(url, typed)


def workspace(**typed):
    return {"name": "Acme Works", "short_name": "Acme", "sender_name": "Acme", "time_zone": "Europe/Oslo", **typed}


@pytest.mark.parametrize("url", [SETTINGS, MEMBERS, RHYTHM])
def test_only_owners_see_the_workspaces_settings(cast, url):
    seen_by(cast.oda, url)
    for member in (cast.ana, cast.lea):
        looks_unknown(member, url)


@pytest.mark.parametrize("url", [SETTINGS, RHYTHM])
def test_only_owners_change_them(cast, url):
    for member in (cast.ana, cast.lea):
        looks_unknown(member, url, "post", **workspace())
    cast.workspace.refresh_from_db()
    assert cast.workspace.name == "Acme"


def test_other_methods_are_refused(cast):
    refuses(cast.oda, SETTINGS, "PUT", "DELETE")
    refuses(cast.oda, MEMBERS, "PUT", "DELETE")
    refuses(cast.oda, reverse("desk:revoke_token", args=["0" * 16]), "GET")


def test_name_and_time_zone_are_set(cast):
    assert post(cast.oda, SETTINGS, **workspace()).status_code == 302
    cast.workspace.refresh_from_db()
    assert (cast.workspace.name, cast.workspace.time_zone) == ("Acme Works", "Europe/Oslo")
    assert AuditEntry.objects.filter(action="workspace.changed", actor_id=cast.oda.user_id).exists()


@pytest.mark.parametrize(("field", "typed"), [("time_zone", "Mars/Olympus"), ("time_zone", "../etc/passwd"), ("name", ""), ("name", "x" * 121)])
def test_what_cannot_be_taken_is_refused(cast, field, typed):
    assert post(cast.oda, SETTINGS, **workspace(**{field: typed})).status_code == 422
    cast.workspace.refresh_from_db()
    assert cast.workspace.name == "Acme"


def test_an_owner_changes_its_own_workspace_only(cast):
    with within(cast.elsewhere.pk):
        post(cast.zed, SETTINGS, **workspace())
    cast.workspace.refresh_from_db()
    assert cast.workspace.name == "Acme"


def test_members_stand_with_their_roles_and_no_strangers(cast):
    page = seen_by(cast.oda, MEMBERS)
    assert "Ana Lind" in page
    assert "Leader" in page
    assert "Zed" not in page


def test_the_band_is_inherited_by_what_has_none_of_its_own(cast):
    own = make_relationship(cast.ana, "Cassini", band=Decimal("1.50"))
    post(cast.oda, RHYTHM, **{**ASKING, "band-all": "1.00", "days-all": "120", "band-employee": "0.50"})
    bands = dict(Card.objects.filter(view=View.SHARED).values_list("relationship_id", "band"))
    assert (bands[cast.borealis.pk], bands[own.pk]) == (1.0, 1.5)
    assert Card.objects.get(relationship=cast.borealis, view=View.SHARED).cadence_days == 120
    assert Rhythm.objects.get(kind="EMPLOYEE").band == pytest.approx(0.5)
    post(cast.oda, RHYTHM, **{**ASKING, "band-all": "1.00", "days-all": "", "band-employee": ""})
    assert not Rhythm.objects.exists()
    assert Card.objects.get(relationship=cast.borealis, view=View.SHARED).cadence_days is None


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("band-all", ""),
        ("band-all", "NaN"),
        ("band-all", "3.5"),
        ("days-all", "10"),
        ("band-client", "x"),
        ("days-client", "9999"),
        ("ask_budget", "0"),
        ("ask_budget", "x"),
        ("quiet_from", "25:00"),
        ("quiet_until", ""),
        ("quiet_days", list("1234567")),
        ("quiet_days", ["8"]),
    ],
)
def test_a_band_or_rhythm_that_cannot_be_is_refused(cast, field, typed):
    response = post(cast.oda, RHYTHM, **{**ASKING, "band-all": "0.75", "days-all": "", field: typed})
    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    cast.workspace.refresh_from_db()
    assert (cast.workspace.ask_budget, cast.workspace.quiet_days) == (4, "67")


def test_what_can_be_is_taken(cast):
    """Negative control."""
    assert post(cast.oda, RHYTHM, **{**ASKING, "band-all": "0.75", "days-all": ""}).status_code == 302


def test_how_little_is_asked_and_when_is_kept_and_goes_back_to_the_defaults(cast):
    post(cast.oda, RHYTHM, **{**ASKING, "band-all": "0.5", "ask_budget": "1", "quiet_from": "20:30", "quiet_days": ["5", "7"]})
    cast.workspace.refresh_from_db()
    assert (cast.workspace.ask_budget, cast.workspace.quiet_from, cast.workspace.quiet_days) == (1, time(20, 30), "57")
    post(cast.oda, RHYTHM, act="defaults")
    cast.workspace.refresh_from_db()
    assert (cast.workspace.ask_budget, cast.workspace.quiet_from, cast.workspace.quiet_days) == (4, time(18), "67")
    assert cast.workspace.band == Decimal("0.75")


def test_holidays_are_added_and_taken_away(cast):
    assert post(cast.oda, "/settings/rhythm/holidays/", on="2026-12-25", name="Christmas").status_code == 302
    assert "Christmas" in seen_by(cast.oda, RHYTHM)
    for typed in ("", "25.12.2026", "2020-01-01", "2099-01-01"):
        assert post(cast.oda, "/settings/rhythm/holidays/", on=typed).status_code == 422
    post(cast.oda, "/settings/rhythm/holidays/", act="remove", on="2026-12-25")
    assert "Christmas" not in seen_by(cast.oda, RHYTHM)
    for member in (cast.ana, cast.lea):
        looks_unknown(member, "/settings/rhythm/holidays/", "post", on="2026-12-24")


def test_the_page_says_how_many_are_inside(cast):
    assert "No client of both sides has answered yet." in seen_by(cast.oda, RHYTHM)
    Card.objects.filter(relationship=cast.borealis).update(heard_own=True, heard_counterpart=True, r_own=0.25, r_counterpart=0.0)
    assert "1 of 1 clients are inside today. At 0.5 it would be 0." in seen_by(cast.oda, RHYTHM)


# Tokens


def make(member, **typed):
    return post(member, TOKENS, **{"label": "Billing", "scope": "read", "ends": "90", **typed})


def test_a_token_is_shown_once_and_only_its_fingerprint_is_kept(cast):
    response = make(cast.ana)
    secret = response.context["secret"]
    row = tokens.find(secret, purpose=TokenPurpose.API, now=NOW)
    assert (row.subject_id, row.scopes, row.workspace_id) == (cast.ana.pk, "read", cast.workspace.pk)
    assert secret in response.content.decode()
    assert response.headers["Cache-Control"] == "no-store"
    assert secret not in seen_by(cast.ana, TOKENS)
    assert secret.encode() not in bytes(row.token_hash)


def test_the_same_form_twice_makes_one_token_and_shows_no_secret_again(cast):
    make(cast.ana, key="one")
    assert make(cast.ana, key="one").context["secret"] == ""
    assert Token.objects.filter(purpose=TokenPurpose.API).count() == 1


def test_stewards_see_their_own_tokens_and_owners_all(cast):
    make(cast.ana, label="Anas")
    make(cast.amir, label="Amirs")
    assert "Amirs" not in seen_by(cast.ana, TOKENS)
    assert "Amirs" in seen_by(cast.oda, TOKENS)
    looks_unknown(cast.lea, TOKENS)
    with within(cast.elsewhere.pk):
        assert "Anas" not in seen_by(cast.zed, TOKENS)


def test_a_token_is_revoked_by_its_maker_or_an_owner(cast):
    make(cast.ana)
    row = Token.objects.get(purpose=TokenPurpose.API)
    url = reverse("desk:revoke_token", args=[tag_of(row)])
    looks_unknown(cast.amir, url, "post")
    with within(cast.elsewhere.pk):
        looks_unknown(cast.zed, url, "post")
    assert browser_of(cast.oda).post(url).status_code == 302
    row.refresh_from_db()
    assert row.revoked_at == NOW


@pytest.mark.parametrize(("field", "typed"), [("label", ""), ("scope", "admin"), ("ends", "0"), ("ends", "99999")])
def test_a_token_that_cannot_be_is_refused(cast, field, typed):
    assert make(cast.ana, **{field: typed}).status_code == 422
    assert not Token.objects.filter(purpose=TokenPurpose.API).exists()
