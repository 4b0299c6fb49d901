"""What every endpoint shares: problem details, strict JSON, closed by default, and a schema that says so."""

import json
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import Http404
from django.test import Client
from rest_framework import exceptions, serializers
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from valueledger.common import api
from valueledger.common.errors import Conflict, Gone, Invalid, NotFound


def answered(error: Exception) -> tuple[int, dict[str, Any], dict[str, str]]:
    response = api.problem_details(error, {})
    return response.status_code, response.data, dict(response.headers)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (NotFound(), 404, "not_found"),
        (Http404("parties 7"), 404, "not_found"),
        (Conflict(), 409, "conflict"),
        (Gone(), 410, "closed"),
        (Invalid("No.", field="value"), 400, "invalid"),
        (PermissionDenied(), 403, "forbidden"),
        (exceptions.NotAuthenticated(), 401, "not_authenticated"),
        (exceptions.AuthenticationFailed(), 401, "authentication_failed"),
        (exceptions.ParseError("broken"), 400, "parse_error"),
        (exceptions.Throttled(wait=3), 429, "throttled"),
        (exceptions.MethodNotAllowed("PUT"), 405, "method_not_allowed"),
        (api.TooLarge(), 413, "too_large"),
        (OperationalError("disk full at /var"), 503, "unavailable"),
    ],
)
def test_every_error_has_its_status_and_code(error: Exception, status: int, code: str) -> None:
    found, body, _ = answered(error)
    assert (found, body["status"], body["code"]) == (status, status, code)
    assert set(body) == {"type", "title", "status", "code", "errors"}
    assert "disk" not in json.dumps(body)


def test_foreign_and_unknown_ids_look_the_same() -> None:
    assert answered(NotFound()) == answered(Http404("No Party matches the given query."))


def test_what_is_not_ours_is_left_to_the_500_handler() -> None:
    assert api.problem_details(RuntimeError(), {}) is None


def test_waiting_times_and_challenges_are_headers() -> None:
    assert answered(exceptions.Throttled(wait=3))[2]["Retry-After"] == "4"
    assert answered(OperationalError())[2]["Retry-After"] == "5"
    assert answered(exceptions.NotAuthenticated())[2]["WWW-Authenticate"] == "Bearer"


def test_errors_of_nested_fields_are_a_flat_list() -> None:
    error = serializers.ValidationError({"name": ["Too long."], "items": [{}, {"value": ["Not a number."]}], "non_field_errors": ["Both or none."]})
    assert [(row["field"], row["message"]) for row in answered(error)[1]["errors"]] == [
        ("name", "Too long."),
        ("items.1.value", "Not a number."),
        ("", "Both or none."),
    ]


def parsed(body: bytes) -> Any:
    return api.StrictJSONParser().parse(BytesIO(body))


def test_json_is_read() -> None:
    assert parsed(b'{"value": 1.5, "text": "caf\\u00e9 \\ud83d\\ude00"}') == {"value": 1.5, "text": "café 😀"}


@pytest.mark.parametrize(
    "body",
    [
        b'{"value": NaN}',
        b'{"value": Infinity}',
        b'{"value": -Infinity}',
        b'{"text": "a\\u0000b"}',
        b'{"text": "\\ud800"}',
        b'{"a\\u0000": 1}',
        b'{"value": 1',
        b"\xff\xfe",
        b"",
        b"[" * 100_000 + b"]" * 100_000,
    ],
)
def test_what_json_does_not_know_is_refused(body: bytes) -> None:
    with pytest.raises(exceptions.APIException) as refused:
        parsed(body)
    assert refused.value.status_code == 400


def test_a_body_beyond_the_limit_is_refused(settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    assert parsed(b'"' + b"x" * 98 + b'"') == "x" * 98
    with pytest.raises(api.TooLarge):
        parsed(b'"' + b"x" * 99 + b'"')


def test_a_view_that_forgets_to_say_who_may_call_it_is_called_by_nobody() -> None:
    class Forgotten(APIView):
        def get(self, request: Any) -> None:
            raise AssertionError("called")

    response = Forgotten.as_view()(APIRequestFactory().get("/"))
    assert response.status_code in {401, 403}


@pytest.fixture
def schema(client: Client, db: None) -> Callable[[], dict[str, Any]]:
    response = client.get("/api/v1/schema/", headers={"Accept": "application/vnd.oai.openapi+json"})
    assert response.status_code == 200, response.content
    return json.loads(response.content)


def test_every_operation_documents_its_problems(schema: dict[str, Any]) -> None:
    operations = [operation for path in schema["paths"].values() for operation in path.values() if isinstance(operation, dict)]
    for operation in operations:
        assert api.PROBLEM_TYPE in operation["responses"]["404"]["content"]
    assert "Problem" in schema["components"]["schemas"]


@pytest.mark.django_db
def test_an_unknown_address_under_the_api_answers_in_problem_details(client: Client) -> None:
    response = client.get("/api/v1/no-such-thing/")
    assert response.status_code == 404
    assert response.headers["Content-Type"] == api.PROBLEM_TYPE
    assert response.json()["code"] == "not_found"
