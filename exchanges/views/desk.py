"""What every page of the desk shares: who reads, at what moment, and a form that is carried out once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from exchanges.access import as_uuid
from relationships.models import Member
from relationships.selectors.members import memberships_of
from valueledger.common import idempotency
from valueledger.common.errors import Invalid, NotFound
from valueledger.common.htmx import wants_fragment

READ = ["GET", "HEAD"]
FORM = ["GET", "HEAD", "POST"]
SAVED_ALREADY = "This form was saved already. What you changed since then is not saved yet: press Save again to keep it as another."


@dataclass(frozen=True)
class Desk:
    """Who reads or writes, and when."""

    member: Member
    now: datetime
    today: date


def desk_of(request: HttpRequest, *, steward: bool = False) -> Desk:
    """steward: only for those who look after relationships; for others there is nothing at this address."""
    member: Member | None = getattr(request, "member", None)
    if member is None or (steward and not member.is_steward):
        raise NotFound
    now = timezone.now()
    return Desk(member, now, now.astimezone(member.workspace.zone).date())


def owner_of(request: HttpRequest) -> Desk:
    desk = desk_of(request)
    if not desk.member.is_owner:
        raise NotFound
    return desk


def show(
    request: HttpRequest, template: str, desk: Desk, context: dict[str, Any], *, nav: str = "", fragment: str = "", status: int = 200
) -> HttpResponse:
    """The page, or with HTMX its fragment with the same context."""
    chosen = fragment if fragment and wants_fragment(request) else template
    context = {"today": desk.today, "now": desk.now, "nav": nav, "desk": desk, "is_fragment": chosen == fragment, **context}
    with timezone.override(desk.member.workspace.zone):
        response = render(request, chosen, context, status=status)
    response.headers["Vary"] = "HX-Request, Cookie"
    return response


def go(request: HttpRequest, url: str) -> HttpResponse:
    """On to another page: by redirect, or for HTMX by its header, which loads the page anew."""
    if wants_fragment(request):
        return HttpResponse(headers={"HX-Redirect": url})
    return redirect(url)


def once(request: HttpRequest, desk: Desk, act: Callable[[], str]) -> str:
    """Carry a form out once under the key that it was rendered with. A form without a key gets a fresh one: then every post counts."""
    typed = request.POST.get("key", "")
    body = idempotency.form_body(request.POST.lists())
    return idempotency.once(
        workspace_id=desk.member.workspace_id,
        actor=f"member:{desk.member.pk}",
        key=typed or idempotency.new_key(),
        print_of=idempotency.fingerprint("POST", request.path, body),
        now=desk.now,
        act=act,
    )


def carry_out(request: HttpRequest, desk: Desk, form: forms.Form, act: Callable[[], str], *, fields: dict[str, str] | None = None) -> str | None:
    """As `once`, with what is refused put on the form. None: look at the form's errors."""
    try:
        return once(request, desk, act)
    except Invalid as error:
        name = (fields or {}).get(error.field, error.field)
        form.add_error(name if name in form.fields else None, error.sentence)
    except idempotency.KeyReused:
        form.data = form.data.copy()
        form.data["key"] = idempotency.new_key()
        form.add_error(None, SAVED_ALREADY)
    return None


@require_http_methods(["POST"])
def switch_workspace(request: HttpRequest) -> HttpResponse:
    """Go on in another workspace that this user is a member of; one that it is not is not found."""
    desk = desk_of(request)
    wanted = as_uuid(request.POST.get("workspace", ""))
    chosen = next((one for one in memberships_of(desk.member.user) if one.workspace.public_id == wanted), None)
    if chosen is None:
        raise NotFound
    request.session["workspace"] = str(chosen.workspace.public_id)
    return redirect("/")
