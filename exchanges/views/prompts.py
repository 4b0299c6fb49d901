"""Answering for our own side at the desk: the questions of Today. What is written here is signed in, so it counts at once."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from exchanges import wording
from exchanges.access import own_prompt_for, seat_of
from exchanges.models import Assurance, Prompt, PromptKind
from exchanges.selectors.due import waiting_one
from exchanges.services.rounds import answer_check, skip_check
from exchanges.views.desk import FORM, desk_of
from exchanges.views.settling import settle_prompt
from valueledger.common.errors import Invalid, NotFound
from valueledger.common.htmx import wants_fragment


@require_http_methods(FORM)
def answer_prompt(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Fields: value (-3 to 3) or confirm=1; optional guess, sure, sentence; act=skip instead of an answer; next: where to go back to."""
    desk = desk_of(request)
    prompt = own_prompt_for(desk.member, public_id)
    if prompt.kind == PromptKind.SETTLE:
        return settle_prompt(request, desk, prompt)
    if prompt.kind != PromptKind.CHECK:
        raise NotFound
    if request.method != "POST":
        return redirect(f"{reverse('desk:today')}#waiting")
    error = ""
    try:
        if request.POST.get("act") == "skip":
            skip_check(seat=seat_of(prompt), now=desk.now)
        else:
            answer_check(seat=seat_of(prompt), assurance=Assurance.SIGNED_IN, now=desk.now, **_typed(request.POST))
    except Invalid as refused:
        error = refused.sentence
    if wants_fragment(request):
        context = _shown(prompt, request, error)
        return render(request, "desk/_prompt.html", {**context, "today": desk.today}, status=422 if error else 200)
    (messages.error if error else messages.success)(request, error or _("Your answer is in."))
    return redirect(_back_to(request))


def _typed(posted: QueryDict) -> dict[str, Any]:
    return {
        "value": posted.get("value") or posted.get("balance") or None,
        "confirm": posted.get("confirm") == "1",
        "guess": posted.get("guess") or None,
        "sureness": posted.get("sure", "").upper(),
        "sentence": posted.get("sentence", ""),
    }


def _shown(prompt: Prompt, request: HttpRequest, error: str) -> dict[str, Any]:
    """The prompt as it stands now: still open to change, or settled by this very answer."""
    desk = desk_of(request)
    waiting = waiting_one(desk.member, prompt, desk.now)
    return {"waiting": waiting, "stops": wording.staff_stops(), "error": error, "prompt_id": prompt.public_id, "is_fresh": True}


def _back_to(request: HttpRequest) -> str:
    wanted = request.POST.get("next", "")
    return wanted if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) and wanted.startswith("/") else "/"
