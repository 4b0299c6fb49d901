"""One base for what may go wrong, and the answers for what did: pages for people, problem details for machines."""

import logging
import sys
from collections.abc import Callable, Mapping
from http import HTTPStatus

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.html import escape

from valueledger.common.logs import request_id

log = logging.getLogger("valueledger.errors")
RETRY_AFTER_SECONDS = "5"
AWAY = (OperationalError, InterfaceError)


class ValueLedgerError(Exception):
    """A rule was broken. `sentence` is for a person, `code` for a machine, `status` for HTTP. Subclasses stand beside the rule."""

    code = "error"
    status = 400
    sentence = "That did not work."
    headers: Mapping[str, str] = {}

    def __init__(self, sentence: str = "") -> None:
        self.sentence = sentence or self.sentence
        super().__init__(self.sentence)


class Invalid(ValueLedgerError):
    """Something typed cannot be taken. `field` names where."""

    code = "invalid"

    def __init__(self, sentence: str = "", *, field: str = "", code: str = "") -> None:
        self.field = field
        self.code = code or self.code
        super().__init__(sentence)


class NotFound(ValueLedgerError):
    """Foreign or unknown: the two look the same."""

    code = "not_found"
    status = 404
    sentence = "There is nothing at this address."


class Conflict(ValueLedgerError):
    """The row is no longer in the state that this act needs."""

    code = "conflict"
    status = 409
    sentence = "That was changed in the meantime."


class Gone(ValueLedgerError):
    code = "closed"
    status = 410
    sentence = "This is closed."


def is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def problem_body(status: int, code: str, sentence: str, errors: list[dict[str, str]] | None = None) -> dict[str, object]:
    return {"type": "about:blank", "title": sentence, "status": status, "code": code, "errors": errors or []}


def problem(request: HttpRequest, status: int, code: str, sentence: str, template: str = "error.html") -> HttpResponse:
    """The same fact as problem details under /api/, and as a page elsewhere."""
    if is_api(request):
        return JsonResponse(problem_body(status, code, sentence), status=status, content_type="application/problem+json")
    title = HTTPStatus(status).phrase
    context = {"status": status, "title": title, "sentence": sentence, "request_id": request_id.get()}
    try:
        if status >= 500:  # without the request: a page about a database that is away must not ask it who is signed in
            return HttpResponse(render_to_string(template, context), status=status)
        return render(request, template, context, status=status)
    except Exception:  # the page about an error must not become one: whatever broke the template, say it plainly
        log.exception("the error page %s could not be rendered", template)
        return HttpResponse(f"<!doctype html><title>{title}</title><h1>{escape(sentence)}</h1>", status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if isinstance(exception, RequestDataTooBig | TooManyFieldsSent):
        return problem(
            request, 413, "too_large", "That is more than a form can carry. Go back: your words are still there. Shorten them and send again."
        )
    return problem(request, 400, "bad_request", "That could not be read.")


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return problem(request, 403, "forbidden", "This page is not yours to see.", "403.html")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return problem(request, 403, "csrf", "This form is too old. Open the page again; what you typed may still be in your browser.", "403_csrf.html")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return problem(request, 404, "not_found", NotFound.sentence, "404.html")


def server_error(request: HttpRequest) -> HttpResponse:
    if isinstance(sys.exc_info()[1], AWAY):
        return unavailable(request)
    return problem(request, 500, "server_error", "Something broke on our side.", "500.html")


def unavailable(request: HttpRequest) -> HttpResponse:
    response = problem(
        request, 503, "unavailable", "We cannot reach our records just now. Nothing that was saved is lost; please try again in a moment.", "503.html"
    )
    response.headers["Retry-After"] = RETRY_AFTER_SECONDS
    return response


def answer_for(request: HttpRequest, error: ValueLedgerError) -> HttpResponse:
    template = "404.html" if error.status == 404 else "error.html"
    return problem(request, error.status, error.code, error.sentence, template)


class UnavailableMiddleware:
    """Turns our own errors into their answers, and a database that is locked, full or away into 503."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, ValueLedgerError):
            return answer_for(request, exception)
        if isinstance(exception, AWAY):
            log.error("database unavailable", exc_info=exception)
            return unavailable(request)
        return None
