"""The outbox: what went out to whom, and how it ended. The mail itself, with its link, only in a demo workspace."""

import re
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from exchanges.access import message_for, outbox_for
from exchanges.selectors.deliveries import STATES, Delivery, counts_by_state, deliveries_of, page_of
from exchanges.views.desk import Desk, desk_of, show
from valueledger.common.csp import policy
from valueledger.common.errors import NotFound
from valueledger.common.models import Outbox, OutboxBody

FRAMED = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"


@require_safe
def outbox(request: HttpRequest) -> HttpResponse:
    desk = desk_of(request)
    if not desk.member.is_steward:
        return _counts(request, desk)
    state = request.GET.get("state", "")
    rows = outbox_for(desk.member)
    page = page_of(rows, workspace=desk.member.workspace, state=state, before=_behind(desk, request.GET.get("before", "")), now=desk.now)
    query = {key: value for key, value in (("state", state), ("before", page.next_before)) if value}
    context = {
        "page": page,
        "state": state,
        "states": [(code.value, label) for code, label in STATES.items()],
        "next_url": f"?{urlencode(query)}" if page.next_before else "",
        "is_demo": desk.member.workspace.is_demo,
        "mail_folder": settings.MAIL_DIR if desk.member.is_owner and not settings.SMTP else "",
    }
    return show(request, "desk/outbox.html", desk, context, nav="outbox", fragment="desk/_outbox_list.html")


def _counts(request: HttpRequest, desk: Desk) -> HttpResponse:
    """An owner sees whether mail goes out, not what it is about; a leader has no outbox."""
    if not desk.member.is_owner:
        raise NotFound
    return show(request, "desk/outbox_counts.html", desk, {"counts": counts_by_state(desk.member.workspace)}, nav="outbox")


def _behind(desk: Desk, before: str) -> Outbox | None:
    try:
        return message_for(desk.member, before) if before else None
    except NotFound:
        return None


@require_safe
def outbox_message(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One message as it was sent, in a frame that runs nothing."""
    desk = desk_of(request)
    row, delivery, body = _body(desk, public_id)
    frame = reverse("desk:outbox_html", args=[public_id])
    context = {"delivery": delivery, "body": body, "frame_url": frame, "links": _links(body.text), "message_id": row.message_id}
    response = show(request, "desk/outbox_message.html", desk, context, nav="outbox")
    response.headers["Content-Security-Policy"] = policy({**settings.SECURE_CSP, "frame-src": ["'self'"]})
    return response


@require_safe
@xframe_options_sameorigin
def outbox_html(request: HttpRequest, public_id: UUID) -> HttpResponse:
    _row, _delivery, body = _body(desk_of(request), public_id)
    html = body.html.replace("<head>", '<head><base target="_top">', 1)  # its links open the page, not a frame that may not show it
    return HttpResponse(html, headers={"Content-Security-Policy": FRAMED, "Cache-Control": "no-store"})


def _body(desk: Desk, public_id: UUID) -> tuple[Outbox, Delivery, OutboxBody]:
    """Only a demo workspace keeps texts; everywhere else the link is the counterpart's alone. What the list does not open is not here."""
    row = message_for(desk.member, public_id)
    [delivery] = deliveries_of([row], desk.member.workspace, desk.now)
    if not delivery.has_body:
        raise NotFound
    return row, delivery, get_object_or_404(OutboxBody, message=row)


def _links(text: str) -> dict[str, str]:
    """The two links into the portal: to the question, and to stop."""
    found = re.findall(re.escape(settings.PUBLIC_URL) + r"/p/[^/\s]+/(?:stop/)?", text)
    answer = next((link for link in found if not link.endswith("/stop/")), "")
    return {"answer": answer, "stop": next((link for link in found if link.endswith("/stop/")), "")}
