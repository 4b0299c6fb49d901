"""What every endpoint shares: problem details, deny by default, JSON that JSON allows, and what the schema says of all of them."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404
from rest_framework import exceptions
from rest_framework.parsers import JSONParser
from rest_framework.permissions import AllowAny, BasePermission
from rest_framework.response import Response

from valueledger.common.errors import RETRY_AFTER_SECONDS, Invalid, NotFound, ValueLedgerError, problem_body

PROBLEM_TYPE = "application/problem+json"
SENTENCES = {
    400: "Some of this cannot be taken.",
    401: "A token is needed.",
    403: "This token may not do that.",
    404: NotFound.sentence,
    405: "This address does not take that method.",
    406: "Only JSON is spoken here.",
    409: "That was changed in the meantime, or is still being carried out.",
    410: "This is closed.",
    413: "That is more than we take at once.",
    415: "Only JSON is read here.",
    422: "This key was used for something else.",
    429: "That was too often. Please wait.",
    503: "We cannot reach our records just now.",
}


class Anybody(AllowAny):
    """Said where it holds, because the default is nobody."""


class DenyAll(BasePermission):
    """A view that forgets to say who may call it is called by nobody."""

    def has_permission(self, request: Any, view: Any) -> bool:
        return False


class StrictJSONParser(JSONParser):
    """Refuses what JSON does not know (NaN, Infinity), what no database takes (NUL, lone surrogates) and what only breaks parsers."""

    strict = True

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        raw = stream.read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
        if len(raw) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise TooLarge
        try:
            text = raw.decode("utf-8")
            data = json.loads(text, parse_constant=_refuse_constant, parse_float=Decimal)  # as typed, never rounded to a float
        except RecursionError:
            raise exceptions.ParseError("The JSON is nested too deeply.") from None
        except ValueError as error:
            raise exceptions.ParseError(f"The body is not JSON: {error}") from None
        if "\\u" in text or "\0" in text:
            _refuse_unstorable(data)
        return data


class TooLarge(exceptions.APIException):
    status_code = 413
    default_code = "too_large"
    default_detail = SENTENCES[413]


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number in JSON")


def _refuse_unstorable(data: Any) -> None:
    """No database takes NUL in text, and a lone surrogate is no text. Names the field."""
    rows = {path: ["This has a character that cannot be stored."] for path, text in _texts(data) if "\0" in text or _has_surrogate(text)}
    if rows:
        raise exceptions.ValidationError(rows, code="unstorable")


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= letter <= "\udfff" for letter in text)


def _texts(data: Any) -> Iterator[tuple[str, str]]:
    """Every key and text in a document, with its path. Not recursive: depth was bounded by the parser, our stack is not."""
    waiting = [("", data)]
    while waiting:
        path, part = waiting.pop()
        if isinstance(part, str):
            yield path, part
        elif isinstance(part, dict):
            for name, inner in part.items():
                yield path, name
                waiting.append((f"{path}.{name}".strip(".") if not _has_surrogate(name) else path, inner))
        elif isinstance(part, list):
            waiting += [(f"{path}.{place}".strip("."), inner) for place, inner in enumerate(part)]


def problem_details(error: Exception, context: dict[str, Any]) -> Response | None:
    """The one exception handler. None leaves what is unexpected to the 500 handler."""
    if isinstance(error, ValueLedgerError):
        fields = [_row(error.field, error.code, error.sentence)] if isinstance(error, Invalid) and error.field else []
        return _answer(error.status, error.code, error.sentence, fields, dict(error.headers))
    if isinstance(error, OperationalError | InterfaceError):
        return _answer(503, "unavailable", "We cannot reach our records just now.", headers={"Retry-After": RETRY_AFTER_SECONDS})
    if isinstance(error, Http404):
        return _answer(404, NotFound.code, NotFound.sentence)
    if isinstance(error, PermissionDenied):
        return _answer(403, "forbidden", SENTENCES[403])
    if isinstance(error, exceptions.APIException):
        return _from_rest(error)
    return None


def _from_rest(error: exceptions.APIException) -> Response:
    status = error.status_code
    headers: dict[str, str] = {}
    if isinstance(error, exceptions.AuthenticationFailed | exceptions.NotAuthenticated):
        status = 401
        headers["WWW-Authenticate"] = "Bearer"
    wait = getattr(error, "wait", None)  # of Throttled
    if wait:
        headers["Retry-After"] = str(int(wait) + 1)
    code = "invalid" if isinstance(error, exceptions.ValidationError) else str(error.default_code)
    title = SENTENCES.get(status, str(error.default_detail))
    if isinstance(error, exceptions.ParseError):
        title = str(error.detail)
    return _answer(status, code, title, _rows(error.detail) if isinstance(error, exceptions.ValidationError) else [], headers)


def _rows(detail: Any, path: str = "") -> list[dict[str, str]]:
    """Errors of nested serializers as a flat list: `items.2.value`."""
    if isinstance(detail, dict):
        return [row for name, part in detail.items() for row in _rows(part, path if name == "non_field_errors" else f"{path}.{name}".strip("."))]
    if isinstance(detail, list):
        nested = any(isinstance(part, dict | list) for part in detail)
        return [row for place, part in enumerate(detail) for row in _rows(part, f"{path}.{place}".strip(".") if nested else path)]
    return [_row(path, str(getattr(detail, "code", "invalid")), str(detail))]


def _row(field: str, code: str, message: str) -> dict[str, str]:
    return {"field": field, "code": code, "message": message}


def _answer(status: int, code: str, title: str, errors: list[dict[str, str]] | None = None, headers: dict[str, str] | None = None) -> Response:
    return Response(problem_body(status, code, title, errors), status=status, headers=headers, content_type=PROBLEM_TYPE)


PROBLEM_SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status", "code", "errors"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "code", "message"],
                "properties": {"field": {"type": "string"}, "code": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}


IDEMPOTENCY_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": True,
    "description": "Made by the caller, one per act. The same key and body again gets the first answer, with `Idempotent-Replayed: true`.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 100, "pattern": "^[!-~]+$"},
}


def document_problems(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """Every operation may answer with these: the schema says so once for all."""
    result.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM_SCHEMA
    content = {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for operations in result.get("paths", {}).values():
        for method, operation in operations.items():
            statuses = [400, 401, 403, 404, 405, 406, 429, 503]
            if method == "post":
                statuses += [409, 410, 413, 415, 422]
                operation.setdefault("parameters", []).append(IDEMPOTENCY_KEY)
            for status in statuses:
                operation["responses"].setdefault(str(status), {"description": SENTENCES.get(status, "A problem."), "content": content})
    return result
