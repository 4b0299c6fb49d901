"""What every answer carries and what every request passes, and the closed list of pages that ask for no sign-in."""

import json
import logging
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, path

from relationships.models import User
from valueledger.common import csp, errors, logs

pytestmark = pytest.mark.django_db

# Open without a sign-in: health, first run, signing in, pages opened by a link, and the API, which has its own tokens.
OPEN = {
    "healthz",
    "readyz",
    "setup/<str:token>/",
    "account/login/",
    "account/login/code/",
    "account/login/code/confirm/",
    "account/logout/",
    "account/inactive/",
    "account/signup/",
    "account/confirm-email/",
    "account/confirm-email/^(?P<key>[-:\\w]+)/$",
    "account/password/reset/",
    "account/password/reset/done/",
    "account/password/reset/key/^(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
    "account/password/reset/key/done/",
    "account/two-factor/authenticate/",
}
# The other side's own page: without a user's session, but behind a session of its own. Its door alone is open.
OWN_PAGE = {
    "me/",
    "me/enter/",
    "me/enter/<str:token>/",
    "me/out/",
    "me/sessions/",
    "me/with/<uuid:public_id>/",
    "me/with/<uuid:public_id>/got/",
    "me/with/<uuid:public_id>/gave/",
    "me/with/<uuid:public_id>/answers/",
    "me/with/<uuid:public_id>/answers/<uuid:answer_id>/share/",
    "me/with/<uuid:public_id>/put-right/",
    "me/with/<uuid:public_id>/rate/<uuid:event_id>/share/",
    "me/with/<uuid:public_id>/questions/<uuid:prompt_id>/",
    "me/with/<uuid:public_id>/rate/<uuid:event_id>/",
    "me/with/<uuid:public_id>/add/",
    "me/with/<uuid:public_id>/terms/",
    "me/with/<uuid:public_id>/together/",
    "me/with/<uuid:public_id>/promise/",
    "me/with/<uuid:public_id>/asking/",
    "me/with/<uuid:public_id>/intent/",
    "me/with/<uuid:public_id>/data/",
    "me/with/<uuid:public_id>/leave/",
}


def routes(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, prefix + str(pattern.pattern))
        else:
            yield prefix + str(pattern.pattern), pattern


def is_open(pattern: URLPattern) -> bool:
    return not getattr(pattern.callback, "login_required", True)


def test_the_list_of_open_pages_is_closed() -> None:
    found = {route for route, pattern in routes(get_resolver().url_patterns) if is_open(pattern)}
    by_link = {route for route in found if route.startswith(("p/", "unsubscribe/", "join/"))}
    by_token = {route for route in found if route.startswith("api/v1/")}
    normal = {route.replace("^password/reset/key/", "password/reset/key/^").replace("^confirm-email/", "confirm-email/^") for route in found}
    assert normal - by_link - by_token == OPEN | OWN_PAGE


def boom(error: Exception) -> HttpResponse:
    raise error


@login_not_required
def away(request: HttpRequest) -> HttpResponse:
    return boom(OperationalError("the disk is full"))


@login_not_required
def lost(request: HttpRequest) -> HttpResponse:
    return boom(InterfaceError("connection already closed"))


@login_not_required
def broken(request: HttpRequest) -> HttpResponse:
    return boom(RuntimeError("token=secret-of-somebody"))


@login_not_required
def conflict(request: HttpRequest) -> HttpResponse:
    return boom(errors.Conflict("That round is over."))


@login_not_required
def own_policy(request: HttpRequest) -> HttpResponse:
    return HttpResponse("framed", headers={csp.HEADER: "sandbox"})


def closed(request: HttpRequest) -> HttpResponse:
    return HttpResponse("inside")


urlpatterns = [
    path("away", away),
    path("lost", lost),
    path("broken", broken),
    path("conflict", conflict),
    path("api/v1/away", away),
    path("api/v1/broken", broken),
    path("own-policy", own_policy),
    path("closed", closed),
    path("account/login/", closed, name="account_login"),
    path("account/logout/", closed, name="account_logout"),
]
handler500 = "valueledger.common.errors.server_error"
handler404 = "valueledger.common.errors.not_found"
here = pytest.mark.urls(__name__)


@pytest.fixture
def quiet() -> Client:
    """Answers as a browser would see them, without the test client raising what went wrong."""
    return Client(raise_request_exception=False)


@here
@pytest.mark.parametrize("place", ["/away", "/lost"])
def test_a_database_that_is_away_is_a_503_that_says_when_to_come_back(quiet: Client, place: str) -> None:
    response = quiet.get(place)
    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
    assert "cannot reach our records" in response.content.decode()
    assert "disk" not in response.content.decode()


@here
def test_the_api_says_so_as_problem_details(quiet: Client) -> None:
    response = quiet.get("/api/v1/away")
    assert (response.status_code, response.headers["Content-Type"]) == (503, "application/problem+json")
    assert response.json()["code"] == "unavailable"


@here
def test_what_breaks_shows_no_detail_but_the_request_id(quiet: Client) -> None:
    response = quiet.get("/broken", headers={"X-Request-ID": "abcdef-123456"})
    page = response.content.decode()
    assert response.status_code == 500
    assert "abcdef-123456" in page
    assert "secret-of-somebody" not in page
    assert "RuntimeError" not in page
    assert quiet.get("/api/v1/broken").json()["code"] == "server_error"


@here
def test_a_broken_rule_answers_with_its_own_status_and_sentence(quiet: Client) -> None:
    response = quiet.get("/conflict")
    assert response.status_code == 409
    assert "That round is over." in response.content.decode()


@here
def test_a_page_that_says_nothing_about_signing_in_is_closed(quiet: Client) -> None:
    User.objects.create_user("ana@acme.example", "x")
    assert quiet.get("/closed").headers["Location"] == "/account/login/?next=/closed"


@here
def test_a_view_may_set_a_policy_of_its_own(quiet: Client) -> None:
    assert quiet.get("/own-policy").headers[csp.HEADER] == "sandbox"


def test_every_answer_carries_the_policy_and_the_headers(client: Client) -> None:
    User.objects.create_user("ana@acme.example", "x")
    for place in ["/account/login/", "/nothing-here/", "/healthz", "/static/css/valueledger.css", "/api/v1/nothing"]:
        headers = client.get(place).headers
        policy = headers[csp.HEADER]
        assert "default-src 'none'" in policy, place
        assert "unsafe" not in policy
        for part in ["object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'"]:
            assert part in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("place", ["/account/login/?next=%00", "/r/%00/", "/api/v1/parties/?q=a%00b", "/static/%00.css"])
def test_nul_bytes_in_an_address_are_refused(client: Client, place: str) -> None:
    assert client.get(place).status_code == 400


@pytest.mark.parametrize("name", [settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, "other"])
def test_nul_bytes_in_a_cookie_are_refused(client: Client, name: str) -> None:
    response = client.get("/account/login/", headers={"Cookie": f'{name}="abcdefgh\\000ijklmnop"'})
    assert response.status_code == 400


@pytest.mark.parametrize("name", [settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME])
@pytest.mark.parametrize("value", ["x" * 5000, "'; drop table", "\u00e9\u00ff", "a=b;c", "-1"])
def test_a_strange_cookie_is_nobody(client: Client, name: str, value: str) -> None:
    User.objects.create_user("ana@acme.example", "x")
    client.cookies[name] = value
    assert client.get("/account/password/change/").status_code == 302


@pytest.mark.parametrize("host", ["evil.test", "", "a" * 300, "127.0.0.1:x", "127.0.0.1@evil.test"])
def test_a_foreign_host_is_refused(client: Client, host: str) -> None:
    response = client.get("/account/login/", headers={"Host": host})
    assert response.status_code == 400
    assert "evil" not in response.content.decode()


def test_the_request_id_of_a_proxy_is_kept_and_a_strange_one_is_not(client: Client) -> None:
    assert client.get("/healthz", headers={"X-Request-ID": "0123456789abcdef"}).headers["X-Request-ID"] == "0123456789abcdef"
    forged = client.get("/healthz", headers={"X-Request-ID": 'x"} {"level": "fatal"}'}).headers["X-Request-ID"]
    assert len(forged) == 32


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("GET /p/AbC-123_x/ 200", "GET /p/***/ 200"),
        ("/setup/AbC123/", "/setup/***/"),
        ("/account/password/reset/key/1-abc/", "/account/password/reset/key/***/"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
        ("?token=abc&x=1", "?token=***&x=1"),
        ("/parties/1", "/parties/1"),
    ],
)
def test_no_secret_from_an_address_gets_into_a_log(said: str, kept: str) -> None:
    assert logs.masked(said) == kept


def test_a_name_with_line_ends_cannot_forge_a_line_in_the_log() -> None:
    record = logging.LogRecord("x", logging.INFO, "f", 1, "hello %s", ('Bo\n{"level": "fatal"}',), None)
    text = logs.JSONFormatter().format(record)
    assert "\n" not in text
    assert json.loads(text)["message"].startswith("hello Bo\n")


def test_the_log_line_of_a_request_masks_its_address(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="valueledger.requests"):
        client.get("/p/very-secret-token/")
    lines = [logs.JSONFormatter().format(record) for record in caplog.records]
    assert any("/p/***/" in line for line in lines)
    assert not any("very-secret-token" in line for line in lines)


def test_pages_opened_by_a_link_stay_out_of_caches_and_search_engines(client: Client) -> None:
    headers = client.get("/p/unknown-token/").headers
    assert "no-store" in headers["Cache-Control"]
    assert "noindex" in headers["X-Robots-Tag"]


def test_cookies_are_kept_from_scripts_and_other_sites() -> None:
    assert settings.SESSION_COOKIE_HTTPONLY
    assert settings.SESSION_COOKIE_SAMESITE == "Lax"
    assert settings.CSRF_COOKIE_HTTPONLY
