"""One predicate for HTMX, and what an answer to it may carry."""

from django.http import HttpRequest


def wants_fragment(request: HttpRequest) -> bool:
    """A part of the page is enough. A boosted link replaces the whole body, so it gets the page."""
    htmx = getattr(request, "htmx", None)
    return htmx is not None and bool(htmx) and not htmx.boosted and not htmx.history_restore_request
