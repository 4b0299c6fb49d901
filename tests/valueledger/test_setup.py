"""The first run: nothing is open before it, its link works once, and it leads to a signed-in owner."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from relationships.models import Member, User, ValueKind, Workspace
from relationships.services import setup
from valueledger.common.models import Token
from valueledger.common.tenancy import everywhere, within

pytestmark = pytest.mark.django_db

PASSWORD = "quiet evenings by the water"
ANSWERS = {
    "name": "Ana Reyes",
    "email": "ana@acme.example",
    "password": PASSWORD,
    "workspace": "Acme",
    "time_zone": "Europe/Berlin",
    "start_with": "empty",
}


@pytest.fixture
def link() -> str:
    return f"/setup/{setup.issue_first_link(now=timezone.now())}/"


def without(name: str) -> dict[str, str]:
    return {key: value for key, value in ANSWERS.items() if key != name}


@pytest.mark.parametrize("path", ["/", "/account/login/", "/account/password/reset/", "/account/signup/"])
def test_before_there_is_an_owner_every_page_says_where_the_link_is(client: Client, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 200
    assert "one-time link" in response.content.decode()
    assert response.headers["Cache-Control"] == "no-store"


def test_once_there_is_an_owner_pages_ask_for_a_sign_in(client: Client) -> None:
    User.objects.create_user("ana@acme.example", PASSWORD)
    assert client.get("/account/password/change/").headers["Location"].startswith("/account/login/?next=")


def test_the_link_makes_an_owner_who_is_signed_in_to_a_workspace(client: Client, link: str) -> None:
    assert client.get(link).status_code == 200
    response = client.post(link, ANSWERS)
    assert (response.status_code, response.headers["Location"]) == (302, "/")
    user = User.objects.get()
    workspace = Workspace.objects.get()
    assert client.session["_auth_user_id"] == str(user.pk)
    assert client.session["workspace"] == str(workspace.public_id)
    assert (user.email, user.check_password(PASSWORD)) == ("ana@acme.example", True)
    assert (workspace.name, workspace.time_zone, workspace.is_demo) == ("Acme", "Europe/Berlin", False)
    with within(workspace.pk):
        assert Member.objects.get().roles == {"OWNER", "LEADER", "STEWARD"}
        assert ValueKind.objects.filter(code="revenue").exists()


def test_the_demo_can_be_chosen(client: Client, link: str) -> None:
    assert client.post(link, ANSWERS | {"start_with": "demo"}).status_code == 302
    assert Workspace.objects.get().is_demo


def test_the_link_works_once(client: Client, link: str) -> None:
    client.post(link, ANSWERS)
    again = Client()
    assert again.get(link).status_code == 404
    assert again.post(link, ANSWERS | {"email": "zed@acme.example"}).status_code == 404
    assert User.objects.count() == 1


def test_looking_at_the_link_changes_nothing(client: Client, link: str) -> None:
    for _ in range(3):
        client.get(link)
        client.head(link)
    with everywhere():
        assert Token.objects.get().used_at is None
    assert not User.objects.exists()
    assert "session" not in client.cookies


def test_a_newer_link_replaces_the_older(client: Client, link: str) -> None:
    setup.issue_first_link(now=timezone.now())
    assert client.get(link).status_code == 404


def test_the_link_ends_after_a_day(client: Client) -> None:
    raw = setup.issue_first_link(now=timezone.now() - timedelta(hours=24, seconds=1))
    assert client.get(f"/setup/{raw}/").status_code == 404


def test_a_link_that_was_never_issued_answers_like_a_used_one(client: Client, link: str) -> None:
    client.post(link, ANSWERS)
    used, unknown = client.get(link), client.get("/setup/never-issued/")
    assert used.status_code == unknown.status_code == 404
    assert stable(used.content) == stable(unknown.content)


def stable(content: bytes) -> str:
    return re.sub(r"csrf[^>]*|X-CSRFToken[^}]*", "", content.decode())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "not an address"),
        ("email", ""),
        ("password", "short"),
        ("password", "password1234"),
        ("time_zone", "Mars/Olympus"),
        ("time_zone", "../../etc/passwd"),
        ("workspace", ""),
        ("workspace", "x" * 121),
        ("name", "a\0b"),
        ("start_with", "both"),
    ],
)
def test_a_refused_answer_leaves_the_link_usable_and_nothing_made(client: Client, link: str, field: str, value: str) -> None:
    response = client.post(link, ANSWERS | {field: value})
    assert response.status_code == 422
    assert not User.objects.exists()
    assert not Workspace.objects.exists()
    assert client.post(link, ANSWERS).status_code == 302


@pytest.mark.parametrize("field", sorted(ANSWERS))
def test_every_answer_is_needed(client: Client, link: str, field: str) -> None:
    assert client.post(link, without(field)).status_code == 422


def test_the_link_page_stays_out_of_caches_and_search_engines(client: Client, link: str) -> None:
    headers = client.get(link).headers
    assert "no-store" in headers["Cache-Control"]
    assert "noindex" in headers["X-Robots-Tag"]
    assert headers["Referrer-Policy"] == "same-origin"


def test_only_the_hash_of_the_link_is_kept() -> None:
    raw = setup.issue_first_link(now=timezone.now())
    with everywhere():
        row = Token.objects.get()
    assert len(bytes(row.token_hash)) == 32
    assert raw.encode() not in bytes(row.token_hash)
    assert len(raw) >= 43


def run(capsys: Any, *arguments: str) -> str:
    call_command("create_owner", *arguments)
    return capsys.readouterr().out


def test_create_owner_prints_a_link_where_the_password_is_chosen(client: Client, capsys: Any) -> None:
    out = run(capsys, "--email", "Ana@Acme.example", "--workspace", "Acme", "--name", "Ana")
    path = re.search(r"/setup/[^/]+/", out).group()
    assert not User.objects.get().has_usable_password()
    assert "ana@acme.example" in client.get(path).content.decode()
    assert client.post(path, {"password": "short"}).status_code == 422
    assert client.post(path, {"password": PASSWORD}).status_code == 302
    assert User.objects.get().check_password(PASSWORD)
    assert client.get(path).status_code == 404


def test_create_owner_leaves_a_known_address_its_password(capsys: Any) -> None:
    User.objects.create_user("ana@acme.example", PASSWORD)
    out = run(capsys, "--email", "ANA@acme.example", "--workspace", "Second")
    assert "/setup/" not in out
    assert User.objects.get().check_password(PASSWORD)
    with everywhere():
        assert Member.objects.get().is_owner


@pytest.mark.parametrize("wrong", [["--email", "nobody"], ["--time-zone", "Mars/Olympus"]])
def test_create_owner_refuses_what_cannot_be(wrong: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("create_owner", *["--email", "ana@acme.example", "--workspace", "Acme", *wrong])
    assert not User.objects.exists()
    assert not Workspace.objects.exists()


def test_a_first_run_link_is_worth_nothing_once_somebody_is_there(client: Client, link: str) -> None:
    User.objects.create_user("ana@acme.example", PASSWORD)
    assert client.post(link, ANSWERS | {"email": "zed@acme.example"}).status_code == 404
    assert User.objects.count() == 1
