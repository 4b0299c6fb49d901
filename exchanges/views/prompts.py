"""Answering for our own side at the desk: the questions of Today. What is written here is signed in, so it counts at once.

A check is answered in place; whether it is still worth it has a page of its own as well, where the link of its mail leads.
"""

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
from exchanges.selectors.items import offers_of
from exchanges.selectors.readings import names_of
from exchanges.services.commitments import promise, seat_to_promise_in, take_back
from exchanges.services.items import said_in
from exchanges.services.rounds import answer_check, skip_check
from exchanges.views.desk import FORM, Desk, desk_of
from exchanges.views.requalify import worth_prompt
from exchanges.views.settling import settle_prompt
from valueledger.common.errors import Invalid, NotFound
from valueledger.common.htmx import wants_fragment


@require_http_methods(FORM)
def answer_prompt(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Fields: value (-3 to 3) or confirm=1; optional guess, sure, sentence; act=skip instead of an answer; next: where to go back to."""
    desk = desk_of(request)
    prompt = own_prompt_for(desk.member, public_id)
    if prompt.kind == PromptKind.REQUALIFY:
        return worth_prompt(request, desk, prompt)
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
        elif request.POST.get("act") in ("promise", "take_back"):
            return _promise(request, desk, prompt)
        else:
            seat = seat_of(prompt)
            said = said_in(offers_of(seat.round, seat.side), request.POST)
            answer_check(seat=seat, assurance=Assurance.SIGNED_IN, now=desk.now, items=said, **_typed(request.POST))
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


def _promise(request: HttpRequest, desk: Desk, prompt: Prompt) -> HttpResponse:
    """Fields: what, by_on. Kept with our answer while the check is open, told at once when it is over."""
    error, seat = "", seat_of(prompt)
    try:
        if request.POST.get("act") == "take_back":
            take_back(seat=seat, now=desk.now)
            done = _("Taken back. Nobody has seen it.")
        else:
            promise(seat=seat, what=request.POST.get("what", ""), by_on=request.POST.get("by_on", ""), now=desk.now)
            done = _("Promised. They read it when the check is over, and later say what it was worth to them.")
    except Invalid as refused:
        error = refused.sentence
    if wants_fragment(request):
        context = {**_shown(prompt, request, ""), "promise_error": error, "promise_done": "" if error else done}
        return render(request, "desk/_prompt.html", {**context, "today": desk.today}, status=422 if error else 200)
    (messages.error if error else messages.success)(request, error or done)
    return redirect(_back_to(request))


def _shown(prompt: Prompt, request: HttpRequest, error: str) -> dict[str, Any]:
    """The prompt as it stands now: still open to change, or settled by this very answer."""
    desk = desk_of(request)
    waiting = waiting_one(desk.member, prompt, desk.now)
    room = seat_to_promise_in(prompt.participant, desk.now) if waiting is None else None
    return {
        "waiting": waiting, "stops": wording.staff_stops(), "error": error, "prompt_id": prompt.public_id, "is_fresh": True,
        "promise_to": names_of(prompt.relationship).counterpart_short if room is not None and room.round_id == prompt.round_id else "",
    }  # fmt: skip


def _back_to(request: HttpRequest) -> str:
    wanted = request.POST.get("next", "")
    return wanted if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) and wanted.startswith("/") else "/"
