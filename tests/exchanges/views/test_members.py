"""Inviting, joining, roles and leaving: only owners, only once, and never the last owner."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from relationships.models import Member, Role, User
from tests.exchanges.views.browsing import browser_of, clock, looks_unknown, refuses, seen_by  # noqa: F401
from tests.makers import NOW
from valueledger.common.models import AuditEntry, Token
from valueledger.common.models.tokens import TokenPurpose
from valueledger.common.tenancy import within

pytestmark = pytest.mark.usefixtures("clock")
MEMBERS = "/settings/members/"
PASSWORD = "four words are good"


def invite(member, **typed):
    return browser_of(member).post(MEMBERS, {"email": "nia@acme.example", "roles": ["STEWARD"], **typed})


def link_for(member, **typed):
    link = invite(member, **typed).context["link"]
    assert "/join/" in link
    return "/join/" + link.split("/join/")[1]


def member_url(member):
    return reverse("desk:member", args=[member.public_id])


def test_an_invitation_is_shown_once_and_only_its_fingerprint_is_kept(cast):
    link = link_for(cast.oda)
    secret = link.split("/")[2]
    row = Token.objects.get(purpose=TokenPurpose.INVITE)
    assert row.expires_at == NOW + timedelta(days=7)
    assert secret.encode() not in bytes(row.token_hash)
    page = seen_by(cast.oda, MEMBERS)
    assert secret not in page
    assert "nia@acme.example" in page
    assert not AuditEntry.objects.filter(target_id__contains="nia").exists()


def test_somebody_new_joins_with_the_roles_of_the_link(cast):
    link = link_for(cast.oda, roles=["STEWARD", "LEADER"])
    guest = Client()
    assert "Acme" in guest.get(link).content.decode()
    response = guest.post(link, {"name": "Nia Moe", "password": PASSWORD})
    assert response.headers["Location"] == "/"
    nia = Member.objects.get(user__email="nia@acme.example")
    assert nia.roles == {Role.STEWARD, Role.LEADER}
    assert "Today, " in guest.get("/").content.decode()


def test_looking_at_the_link_joins_nobody(cast):
    Client().get(link_for(cast.oda))
    assert not User.objects.filter(email="nia@acme.example").exists()


def test_a_link_works_once(cast):
    link = link_for(cast.oda)
    Client().post(link, {"name": "Nia", "password": PASSWORD})
    assert Client().get(link).status_code == 404
    assert Client().post(link, {"name": "Another", "password": PASSWORD}).status_code == 404


def test_a_link_ends_after_a_week(cast, clock):  # noqa: F811
    link = link_for(cast.oda)
    clock.move_to(NOW + timedelta(days=7, seconds=1))
    assert Client().get(link).status_code == 404


def test_a_newer_link_replaces_the_older(cast):
    first, second = link_for(cast.oda), link_for(cast.oda)
    assert Client().get(first).status_code == 404
    assert Client().get(second).status_code == 200


def test_an_invitation_taken_back_opens_nothing(cast):
    link = link_for(cast.oda)
    browser_of(cast.oda).post(reverse("desk:revoke_invite"), {"email": "nia@acme.example"})
    assert Client().get(link).status_code == 404


def test_an_invented_link_looks_like_a_used_one(cast):
    assert Client().get("/join/" + "x" * 43 + "/").status_code == 404
    assert Client().get("/join/%F0%9F%98%80/").status_code == 404


def test_one_who_has_an_account_signs_in_first_and_keeps_its_password(cast):
    link = link_for(cast.oda, email=cast.zed.user.email)
    page = Client().get(link).content.decode()
    assert "has an account already" in page
    assert "password" not in page
    assert Client().post(link, {"name": "Zed", "password": PASSWORD}).status_code == 200
    assert not Member.objects.filter(user=cast.zed.user).exists()
    with within(cast.elsewhere.pk):
        assert browser_of(cast.zed).post(link).headers["Location"] == "/"
    assert Member.objects.get(user=cast.zed.user).roles == {Role.STEWARD}


def test_another_account_cannot_use_the_link(cast):
    link = link_for(cast.oda, email=cast.zed.user.email)
    assert browser_of(cast.ana).post(link).status_code == 409
    assert not Member.objects.filter(user=cast.zed.user).exists()


@pytest.mark.parametrize(
    "typed",
    [
        {"name": "", "password": PASSWORD},
        {"name": "Nia", "password": "short"},
        {"name": "Nia", "password": "password1234"},
        {"name": "x" * 121, "password": PASSWORD},
    ],
)
def test_a_weak_password_or_no_name_is_refused_and_the_link_stays_good(cast, typed):
    link = link_for(cast.oda)
    assert Client().post(link, typed).status_code == 422
    assert not User.objects.filter(email="nia@acme.example").exists()
    assert Client().get(link).status_code == 200


@pytest.mark.parametrize("typed", [{"email": "nope"}, {"email": ""}, {"roles": []}, {"roles": ["KING"]}, {"email": "ana@acme.example"}])
def test_an_invitation_that_cannot_be_is_refused(cast, typed):
    assert invite(cast.oda, **typed).status_code == 422
    assert not Token.objects.filter(purpose=TokenPurpose.INVITE).exists()


def test_only_owners_invite_and_change_roles(cast):
    for member in (cast.ana, cast.lea):
        looks_unknown(member, MEMBERS, "post", email="nia@acme.example", roles="STEWARD")
        looks_unknown(member, member_url(member), "post", roles="OWNER")
        looks_unknown(member, reverse("desk:revoke_invite"), "post", email="nia@acme.example")
    with within(cast.elsewhere.pk):
        looks_unknown(cast.zed, member_url(cast.ana), "post", act="remove")
    cast.ana.refresh_from_db()
    assert cast.ana.roles == {Role.STEWARD}


def test_other_methods_are_refused(cast):
    refuses(cast.oda, member_url(cast.ana), "GET", "DELETE")
    refuses(cast.oda, reverse("desk:revoke_invite"), "GET")


def test_roles_are_a_set(cast):
    browser_of(cast.oda).post(member_url(cast.lea), {"roles": ["LEADER", "STEWARD"]})
    cast.lea.refresh_from_db()
    assert cast.lea.roles == {Role.LEADER, Role.STEWARD}


def test_the_last_owner_stays_one(cast):
    page = browser_of(cast.oda).post(member_url(cast.oda), {"roles": ["LEADER"]}, follow=True).content.decode()
    assert "keeps at least one owner" in page
    browser_of(cast.oda).post(member_url(cast.oda), {"act": "remove"})
    cast.oda.refresh_from_db()
    assert cast.oda.is_owner
    assert cast.oda.left_at is None


def test_a_steward_hands_its_relationships_over_before_it_goes(cast):
    page = browser_of(cast.oda).post(member_url(cast.ana), {"act": "remove"}, follow=True).content.decode()
    assert "Hand them over first" in page
    cast.ana.refresh_from_db()
    assert cast.ana.left_at is None


def test_one_who_left_gets_in_no_more_and_its_tokens_end(cast):
    amir = browser_of(cast.amir)
    amir.post("/settings/tokens/", {"label": "x", "scope": "read", "ends": "90"})
    browser_of(cast.oda).post(member_url(cast.amir), {"act": "remove"})
    assert amir.get("/").status_code == 403
    assert Token.objects.get(purpose=TokenPurpose.API).revoked_at == NOW


def test_one_who_comes_back_is_the_same_member(cast):
    browser_of(cast.oda).post(member_url(cast.amir), {"act": "remove"})
    link = link_for(cast.oda, email=cast.amir.user.email, roles=["LEADER"])
    browser_of(cast.amir).post(link)
    cast.amir.refresh_from_db()
    assert (cast.amir.left_at, cast.amir.roles) == (None, {Role.LEADER})
