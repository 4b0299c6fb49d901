"""Content-Security-Policy from a setting named and shaped as Django 6's SECURE_CSP, so that its own middleware can take over."""

from collections.abc import Callable, Mapping, Sequence

from django.conf import settings
from django.http import HttpRequest, HttpResponse

HEADER = "Content-Security-Policy"


def policy(directives: Mapping[str, Sequence[str] | str]) -> str:
    return "; ".join(f"{name} {sources if isinstance(sources, str) else ' '.join(sources)}".strip() for name, sources in directives.items())


class ContentSecurityPolicyMiddleware:
    """A view may set the header itself (the framed preview of a mail does); then its own policy stays."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if settings.SECURE_CSP and HEADER not in response.headers:
            response.headers[HEADER] = policy(settings.SECURE_CSP)
        return response
