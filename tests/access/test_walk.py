"""Every address, as everyone, with every method: the answers equal the table, and reading writes nothing."""

from collections import Counter

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse

from tests.access.table import TABLE, expand, page
from tests.access.walking import METHODS, addresses, line_of, told
from tests.access.world import ROLES
from valueledger.common.tenancy import everywhere

FEW = ("AN", "AM", "OAx", "TKW")  # who tries the methods that nobody may use
SPOKEN = ("GET", "POST")
NAMES = [name for name, _ in addresses()]

# Their own authority is a secret in the address or in a header; no cookie is looked at, so no other site can use one.
WITHOUT_CSRF = {
    "schema", "portal:prompt", "portal:share", "portal:put_right", "portal:stop", "portal:stop_digest", *(name for name in NAMES if name.startswith("api_")),
}  # fmt: skip


def rows():
    for key, row in TABLE.items():
        name, _, thing = key.partition(" ")
        yield name, thing, row


def test_every_address_is_in_the_table_and_nothing_else():
    assert {name for name, _, _ in rows()} == set(NAMES)


def test_no_two_addresses_share_a_name():
    twice = {name for name, count in Counter(NAMES).items() if count > 1}
    assert twice == set()
    assert "None" not in NAMES


def test_every_line_names_every_role_once():
    for name, thing, row in rows():
        for method in METHODS:
            assert set(row[method]) == set(ROLES), (name, thing, method)


def test_a_line_that_forgets_or_repeats_a_role_is_noticed():
    """Negative control."""
    assert set(page(GET="200=AM")["GET"]) != set(ROLES)
    with pytest.raises(AssertionError):
        expand("200=AM 404=AM")
    with pytest.raises(AssertionError):
        expand("200=ADMIN")


@pytest.mark.slow
def test_everyone_gets_what_the_table_says(walk):
    wrong, wrote, walked = [], [], set()
    for name, thing, row in rows():
        for method in METHODS:
            first_time = (name, method) not in walked
            walked.add((name, method))
            if method not in SPOKEN and not first_time:
                continue
            roles = ROLES if method in SPOKEN else FEW
            found = {}
            for role in roles:
                found[role] = walk.status(name, thing, method, role)
                if method in ("GET", "HEAD") and walk.wrote:
                    wrote.append((name, thing, role, walk.wrote))
            expected = {role: row[method][role] for role in roles}
            if found != expected:
                wrong.append(f"{method} {name} {thing}: {line_of({role: status for role, status in found.items() if status != expected[role]})}")
    assert wrong == []
    assert wrote == []


@pytest.mark.slow
def test_what_is_not_there_for_somebody_is_told_as_what_is_not_there_at_all(walk):
    compared, told_apart = 0, []
    for name, thing, row in rows():
        if not thing or thing in walk.world.links:
            continue
        for method in SPOKEN:
            for role in [role for role, status in row[method].items() if status == 404]:
                here, nowhere = walk.world.arguments(thing, role), walk.world.random_arguments(thing)
                foreign, unknown = walk.call(name, method, role, here), walk.call(name, method, role, nowhere)
                compared += 1
                if (foreign.status_code, told(foreign, here)) != (unknown.status_code, told(unknown, nowhere)):
                    told_apart.append((method, name, thing, role))
    assert told_apart == []
    assert compared > 500


def test_the_walk_notices_a_write(walk):
    """Negative control."""
    walk.status("api_report_withdrawal", "report", "POST", "TKW")
    assert {"exchanges_report", "common_idempotencykey"} <= set(walk.wrote)


def test_a_walk_leaves_the_world_as_it_was(walk):
    def counts():
        with everywhere():
            return {model._meta.label: model._base_manager.count() for model in apps.get_models()}

    before = counts()
    walk.status("desk:report_gave", "own_private", "POST", "AM")
    walk.status("api_report_withdrawal", "report", "POST", "TKW")
    walk.status("portal:stop", "stop_link", "POST", "ML")
    assert counts() == before


def test_only_a_closed_list_of_addresses_goes_without_the_forms_token():
    assert {name for name, view in addresses() if getattr(view, "csrf_exempt", False)} == WITHOUT_CSRF


@pytest.mark.parametrize("role", ["AM", "OA", "LD", "FM"])
def test_a_session_alone_changes_nothing(world, role):
    """Every unsafe request with a session and without the form's token is refused before a view sees it."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.members[role].user)
    for name, thing, _ in rows():
        if name in WITHOUT_CSRF:
            continue
        address = reverse(name, kwargs=world.arguments(thing, role))
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            assert client.generic(method, address).status_code == 403, (method, name)
