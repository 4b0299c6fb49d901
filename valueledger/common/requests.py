"""What every request passes first: an id, a line in the log, and a refusal of what no database can take."""

import logging
import re
import time
import uuid
from collections.abc import Callable
from urllib.parse import unquote_to_bytes

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers

from valueledger.common.errors import problem
from valueledger.common.limits import network_of, take
from valueledger.common.logs import request_id

Handler = Callable[[HttpRequest], HttpResponse]

log = logging.getLogger("valueledger.requests")
GIVEN_ID = re.compile(r"[A-Za-z0-9-]{8,36}")
FORM_AROUND = 1 << 20  # the fields beside a file
QUIET = ("/static/", "/healthz", "/readyz")
LINK_PAGES = ("/p/", "/me/", "/setup/", "/join/", "/portal/", "/unsubscribe/", "/account/password/reset/key/")


class RequestIdMiddleware:
    """Names the request in logs, audit rows and its answer; takes over a well-formed id from a proxy."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        name = given if GIVEN_ID.fullmatch(given) else uuid.uuid4().hex
        token, begun = request_id.set(name), time.perf_counter()
        try:
            response = self.get_response(request)
            response.headers["X-Request-ID"] = name
            if not request.path.startswith(QUIET):
                details = {
                    "method": request.method,
                    "path": request.path,
                    "status": response.status_code,
                    "milliseconds": round((time.perf_counter() - begun) * 1000),
                }
                log.info("request", extra=details)
            return response
        finally:
            request_id.reset(token)


class RefuseNulBytesMiddleware:
    """PostgreSQL refuses NUL in text and SQLite takes it: neither gets to see one from an address or a cookie."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        query = unquote_to_bytes(request.META.get("QUERY_STRING", ""))
        if "\0" in request.path or b"\0" in query or any("\0" in value for value in request.COOKIES.values()):
            request.COOKIES.clear()  # the page that says so must not look a session up with it
            return problem(request, 400, "nul_byte", "The address or a cookie holds a character that cannot be stored.")
        return self.get_response(request)


class RefuseGuessingMiddleware:
    """Counts what misses: dead links and unknown tokens, per network. Whoever holds a good link is never counted and never refused."""

    burst, per_minute = 30, 10

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not self.is_miss(request, response):
            return response
        if take(f"miss:{network_of(request)}", burst=self.burst, per_minute=self.per_minute, now=timezone.now()):
            return response
        refused = problem(request, 429, "too_often", "That was many tries in a short time. Nothing is lost; wait a minute.", "429.html")
        refused.headers["Retry-After"] = "60"
        return refused

    def is_miss(self, request: HttpRequest, response: HttpResponse) -> bool:
        if request.path.startswith(LINK_PAGES):
            return response.status_code == 404
        return request.path.startswith("/api/") and response.status_code == 401


class RefuseLargeBodiesMiddleware:
    """A body beyond what any form takes is refused by its announced length, before a byte of it is kept."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        announced = request.META.get("CONTENT_LENGTH") or "0"
        if announced.isdigit() and int(announced) > settings.IMPORT_MAX_BYTES + FORM_AROUND:
            return problem(request, 413, "too_large", f"That is more than we take at once: a file may have {settings.IMPORT_MAX_BYTES >> 20} MB.")
        return self.get_response(request)


class PrivateAnswersMiddleware:
    """No copy of a signed-in page or of a page opened by a link stays in a cache, and no search engine lists a link."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        is_link = request.path.startswith(LINK_PAGES)
        if is_link:
            response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
        signed_in = getattr(getattr(request, "user", None), "is_authenticated", False)
        if (is_link or signed_in or request.path.startswith("/account/")) and "Cache-Control" not in response.headers:
            add_never_cache_headers(response)
        return response
