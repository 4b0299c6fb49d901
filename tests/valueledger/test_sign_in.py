"""Signing in, codes, forgotten passwords, second factor, sessions: what the library does is only tested where we set it."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal import auth as totp
from django.conf import settings
from django.core import mail
from django.core.cache import cache
from django.test import Client

from relationships.models import Member, User, Workspace
from valueledger import accounts
from valueledger.common.tenancy import everywhere

pytestmark = pytest.mark.django_db

PASSWORD = "quiet evenings by the water"
LOGIN = "/account/login/"


@pytest.fixture(autouse=True)
def _fresh_limits() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def ana() -> User:
    user = User.objects.create_user("ana@acme.example", PASSWORD, name="Ana Reyes")
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
    workspace = Workspace.objects.create(name="Acme")
    with everywhere():
        Member.objects.create(workspace=workspace, user=user, is_owner=True)
    return user


def posted() -> list[mail.EmailMessage]:
    """What the postman has handed over by now: it works one by one, so an empty errand waits for all before it."""
    accounts.postman().submit(int).result(timeout=5)
    return mail.outbox


def sign_in(client: Client, password: str = PASSWORD, **more: str):
    return client.post(LOGIN, {"login": "ana@acme.example", "password": password, **more})


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_the_right_password_opens(client: Client, ana: User) -> None:
    assert sign_in(client).status_code == 302
    assert is_signed_in(client)


def test_the_address_is_taken_in_any_case(client: Client, ana: User) -> None:
    client.post(LOGIN, {"login": "ANA@Acme.Example", "password": PASSWORD})
    assert is_signed_in(client)


def test_a_wrong_password_and_an_unknown_address_answer_alike(client: Client, ana: User) -> None:
    wrong = sign_in(client, "not this one at all")
    unknown = Client().post(LOGIN, {"login": "zed@acme.example", "password": "not this one at all"})
    assert wrong.status_code == unknown.status_code == 200
    sentence = "The e-mail or the password is not right"
    assert sentence in wrong.content.decode()
    assert sentence in unknown.content.decode()


def test_after_five_wrong_tries_even_the_right_password_waits_ten_minutes(client: Client, ana: User) -> None:
    with time_machine.travel(datetime(2026, 6, 11, 9, tzinfo=UTC), tick=False) as clock:
        for _ in range(5):
            sign_in(client, "not this one at all")
        sign_in(client)
        assert not is_signed_in(client)
        clock.shift(601)
        sign_in(client)
        assert is_signed_in(client)


def test_others_cannot_lock_somebody_out_from_another_address_for_ever(ana: User) -> None:
    with time_machine.travel(datetime(2026, 6, 11, 9, tzinfo=UTC), tick=False) as clock:
        stranger = Client(REMOTE_ADDR="203.0.113.9")
        for _ in range(12):
            sign_in(stranger, "not this one at all")
        clock.shift(601)
        own = Client(REMOTE_ADDR="198.51.100.4")
        sign_in(own)
        assert is_signed_in(own)


@pytest.mark.parametrize(
    "place", ["//evil.test/", "https://evil.test/", "/\\evil.test", "https:evil.test", "javascript:alert(1)", "/\t/evil.test", "%2f%2fevil.test"]
)
def test_signing_in_leads_to_our_own_pages_only(client: Client, ana: User, place: str) -> None:
    target = sign_in(client, next=place).headers["Location"]
    assert urlsplit(target).netloc == ""
    assert target.startswith("/")
    assert not target.startswith(("//", "/\\"))


def test_signing_in_goes_on_to_the_page_that_was_asked_for(client: Client, ana: User) -> None:
    assert sign_in(client, next="/account/two-factor/").headers["Location"] == "/account/two-factor/"


def test_the_session_gets_a_new_key_on_signing_in(client: Client, ana: User) -> None:
    session = client.session
    session["planted"] = 1
    session.save()
    before = session.session_key
    client.cookies[settings.SESSION_COOKIE_NAME] = before
    sign_in(client)
    assert client.session.session_key != before


def test_the_session_is_dead_on_the_server_after_signing_out(client: Client, ana: User) -> None:
    sign_in(client)
    stolen = client.cookies[settings.SESSION_COOKIE_NAME].value
    client.post("/account/logout/")
    thief = Client()
    thief.cookies[settings.SESSION_COOKIE_NAME] = stolen
    assert thief.get("/account/two-factor/").headers["Location"].startswith(LOGIN)


def test_a_session_that_nobody_used_is_over(client: Client, ana: User) -> None:
    with time_machine.travel(datetime(2026, 6, 11, 9, tzinfo=UTC), tick=False) as clock:
        sign_in(client)
        assert client.get("/account/password/change/").status_code == 200
        clock.shift(settings.SESSION_IDLE_SECONDS - 1)
        assert client.get("/account/password/change/").status_code == 200
        clock.shift(settings.SESSION_IDLE_SECONDS + 1)
        assert client.get("/account/password/change/").status_code == 302


def test_a_user_who_is_switched_off_is_out_at_once(client: Client, ana: User) -> None:
    sign_in(client)
    User.objects.update(is_active=False)
    assert client.get("/account/two-factor/").headers["Location"].startswith(LOGIN)


def test_somebody_without_a_workspace_gets_a_page_that_says_so(client: Client, ana: User) -> None:
    with everywhere():
        Member.objects.update(left_at=datetime(2026, 1, 1, tzinfo=UTC))
    sign_in(client)
    response = client.get("/")
    assert response.status_code == 403
    assert "no workspace" in response.content.decode()


def test_nobody_signs_up(client: Client, ana: User) -> None:
    page = client.get("/account/signup/")
    assert "by invitation" in page.content.decode()
    client.post("/account/signup/", {"email": "zed@evil.example", "password1": PASSWORD})
    assert User.objects.count() == 1


def test_a_code_by_mail_opens_once_in_the_browser_that_asked(client: Client, ana: User) -> None:
    client.post("/account/login/code/", {"email": "ana@acme.example"})
    (message,) = posted()
    code = re.search(r"^\s*([A-Z0-9]{3,}-?[A-Z0-9]{3,})\s*$", message.body, re.MULTILINE).group(1)
    other = Client()
    other.post("/account/login/code/confirm/", {"code": code})
    assert not is_signed_in(other)
    client.post("/account/login/code/confirm/", {"code": code})
    assert is_signed_in(client)


def test_a_code_ends_after_ten_minutes(client: Client, ana: User) -> None:
    with time_machine.travel(datetime(2026, 6, 11, 9, tzinfo=UTC), tick=False) as clock:
        client.post("/account/login/code/", {"email": "ana@acme.example"})
        code = re.search(r"^\s*([A-Z0-9]{3,}-?[A-Z0-9]{3,})\s*$", posted()[0].body, re.MULTILINE).group(1)
        clock.shift(601)
        client.post("/account/login/code/confirm/", {"code": code})
        assert not is_signed_in(client)


@pytest.mark.parametrize("path", ["/account/login/code/", "/account/password/reset/"])
def test_asking_for_an_unknown_address_answers_alike_and_mails_nobody(ana: User, path: str) -> None:
    known, unknown = Client(), Client()
    first = known.post(path, {"email": "ana@acme.example"})
    second = unknown.post(path, {"email": "zed@acme.example"})
    assert (first.status_code, first.headers["Location"]) == (second.status_code, second.headers["Location"])
    assert [message.to for message in posted()] == [["ana@acme.example"]]


def test_a_forgotten_password_is_replaced_by_a_link_that_works_once(client: Client, ana: User) -> None:
    client.post("/account/password/reset/", {"email": "ana@acme.example"})
    (message,) = posted()
    link = re.search(r"https?://\S+", message.body).group()
    assert link.startswith(f"{settings.PUBLIC_URL}/account/password/reset/key/")
    form = client.get(urlsplit(link).path).headers["Location"]
    assert client.get(form).status_code == 200
    assert client.post(form, {"password1": "short", "password2": "short"}).status_code == 200
    client.post(form, {"password1": "a much longer evening", "password2": "a much longer evening"})
    assert User.objects.get().check_password("a much longer evening")
    again = Client().get(urlsplit(link).path)
    assert "This link has ended" in again.content.decode()


@pytest.mark.parametrize("header", ["HTTP_HOST", "HTTP_X_FORWARDED_HOST", "HTTP_X_HOST", "HTTP_FORWARDED"])
def test_a_forged_host_gets_into_no_mail(client: Client, ana: User, header: str) -> None:
    client.post("/account/password/reset/", {"email": "ana@acme.example"}, **{header: "evil.test"})
    assert all("evil.test" not in str(message.message()) for message in posted())


def test_a_second_factor_is_asked_for_once_it_is_set_up(client: Client, ana: User) -> None:
    sign_in(client)
    assert client.get("/account/two-factor/totp/activate/").headers["Location"].startswith("/account/reauthenticate/")
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    page = client.get("/account/two-factor/totp/activate/").content.decode()
    assert 'aria-label="QR code' in page
    assert "data:image" not in page
    secret = re.search(r'id="secret" value="([A-Z2-7]+)"', page).group(1)
    code = totp.format_hotp_value(totp.hotp_value(secret, next(totp.yield_hotp_counters_from_time())))
    assert client.post("/account/two-factor/totp/activate/", {"code": code}).status_code == 302
    later = Client()
    assert sign_in(later).headers["Location"].startswith("/account/two-factor/authenticate/")
    assert not is_signed_in(later)


@pytest.mark.parametrize(
    "path", ["login/", "login/code/", "password/reset/", "signup/", "logout/", "two-factor/", "password/change/", "reauthenticate/"]
)
def test_the_pages_of_the_library_stand_in_our_frame(client: Client, ana: User, path: str) -> None:
    if path in {"logout/", "two-factor/", "password/change/", "reauthenticate/"}:
        sign_in(client)
    page = client.get(f"/account/{path}").content.decode()
    assert "css/valueledger.css" in page
    assert 'class="voice"' in page
    assert "style=" not in page
    assert not re.search(r"<script(?![^>]* src=)", page)
