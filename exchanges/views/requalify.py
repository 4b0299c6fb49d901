"""Is it still worth it for us: answered on Today, on the page of the question, or on the page of the relationship. Each of us alone."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from exchanges.access import Reading, relationship_for, voice_for
from exchanges.forms.requalify import WorthForm
from exchanges.models import Prompt, PromptState, StillWorth
from exchanges.selectors.readings import names_of
from exchanges.selectors.requalify import WorthWaiting, waiting_worth, worth_of
from exchanges.services.gently import snooze
from exchanges.services.prompts import skip_question
from exchanges.services.requalify import say_worth
from exchanges.views.desk import Desk, desk_of, go, show
from exchanges.wording.requalify import worth_privacy, worth_question, worth_steps
from relationships.models import Relationship
from valueledger.common.errors import NotFound
from valueledger.common.htmx import wants_fragment

A_MONTH = timedelta(days=30)


def asked_context(one: WorthWaiting, form: WorthForm | None = None) -> dict[str, Any]:
    """One question that waits, as Today and its own page show it."""
    kind = one.relationship_kind.lower()
    return {
        "waiting": one, "form": form or WorthForm(about=one.public_id), "question": worth_question(one.counterpart_name, kind),
        "privacy": worth_privacy(kind, one.counterpart_name),
    }  # fmt: skip


def worth_rows(desk: Desk) -> list[dict[str, Any]]:
    return [asked_context(one) for one in waiting_worth(desk.member, desk.now)]


def worth_prompt(request: HttpRequest, desk: Desk, prompt: Prompt) -> HttpResponse:
    """The page of one question; the answer in place for Today."""
    if not prompt.participant.speaks_on(desk.today):
        raise NotFound
    if request.method != "POST":
        return _page(request, desk, prompt)
    act = request.POST.get("act", "answer")
    if act == "skip":
        skip_question(prompt, now=desk.now)
        return _settled(request, desk, prompt, _("All right, not this time."))
    if act == "later":
        snooze(prompt=prompt, until=desk.now + A_MONTH, now=desk.now)
        return _settled(request, desk, prompt, _("All right. We ask again in a month."))
    form = WorthForm(request.POST, about=prompt.public_id)
    if not form.is_valid():
        return _page(request, desk, prompt, form, status=422)
    data = form.cleaned_data
    said = say_worth(relationship=prompt.relationship, member=desk.member, said=data["said"], sentence=data["sentence"], now=desk.now).said
    return _settled(request, desk, prompt, _("Thank you. It is kept for you."), said)


def _settled(request: HttpRequest, desk: Desk, prompt: Prompt, sentence: str, said: str = "") -> HttpResponse:
    """In place; without script on Today again, or after a doubt on the page that says what one may do."""
    if wants_fragment(request):
        context = {"settled": sentence, "prompt_id": prompt.public_id, **_after(prompt.relationship, said), "today": desk.today}
        return render(request, "desk/_requalify.html", context)
    messages.success(request, sentence)
    if said and said != StillWorth.YES:
        return go(request, reverse("desk:answer_prompt", args=[prompt.public_id]))
    return go(request, reverse("desk:today") if desk.member.is_steward else reverse("desk:answer_prompt", args=[prompt.public_id]))


def _after(relationship: Relationship, said: str) -> dict[str, Any]:
    steps = worth_steps(names_of(relationship).counterpart_short, relationship.kind.lower()) if said and said != StillWorth.YES else []
    return {"steps": steps, "relationship": relationship}


def _page(request: HttpRequest, desk: Desk, prompt: Prompt, form: WorthForm | None = None, status: int = 200) -> HttpResponse:
    row = prompt.relationship
    names, zone = names_of(row), desk.member.workspace.zone
    one = WorthWaiting(
        prompt.public_id,
        row.public_id,
        row.kind,
        names.counterpart,
        prompt.created_at.astimezone(zone).date(),
        prompt.closes_at.astimezone(zone).date(),
    )
    worth = worth_of(row, desk.member, desk.now, speaks=True)
    is_open = row.is_going_on and prompt.closes_at > desk.now and prompt.state in (PromptState.WAITING, PromptState.SNOOZED, PromptState.SKIPPED)
    picked = request.GET.get("said", "")
    if form is None and picked in StillWorth.values:
        form = WorthForm(initial={"said": picked}, about=prompt.public_id)
    context = {
        **asked_context(one, form), "worth": worth, "names": names, "is_open": is_open, "is_put_off": prompt.state == PromptState.SNOOZED,
        "is_mine": row.steward_id == desk.member.pk and desk.member.is_steward, **_after(row, worth.mine.said if worth.mine and worth.is_said else ""),
    }  # fmt: skip
    return show(request, "desk/requalify.html", desk, context, nav="today", fragment="desk/_requalify.html", status=status)


@require_http_methods(["POST"])
def worth(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Said on the page of the relationship, asked or not."""
    desk = desk_of(request)
    reading = relationship_for(desk.member, public_id)
    if not may_say(desk, reading):
        raise NotFound
    form = WorthForm(request.POST, about=public_id)
    if form.is_valid():
        say_worth(
            relationship=reading.relationship,
            member=desk.member,
            said=form.cleaned_data["said"],
            sentence=form.cleaned_data["sentence"],
            now=desk.now,
        )
        messages.success(request, _("Kept."))
        return go(request, f"{reverse('desk:relationship', args=[public_id])}#worth")
    context = {**worth_context(desk, reading, form), "names": names_of(reading.relationship), "relationship": reading.relationship}
    return show(request, "desk/worth.html", desk, context, nav="relationships", status=422)


def may_say(desk: Desk, reading: Reading) -> bool:
    """The steward, and whoever speaks for our side."""
    return reading.may_write or voice_for(reading, today=desk.today).participant is not None


def worth_context(desk: Desk, reading: Reading, form: WorthForm | None = None) -> dict[str, Any]:
    """What the page of the relationship says of it to this reader; nothing to whom it is none of their business."""
    row = reading.relationship
    names, kind = names_of(row), row.kind.lower()
    found = worth_of(row, desk.member, desk.now, speaks=may_say(desk, reading))
    return {
        "worth": found, "worth_form": form or WorthForm(about=row.public_id), "worth_question": worth_question(names.counterpart_short, kind),
        "worth_privacy": worth_privacy(kind, names.counterpart_short),
        "worth_steps": worth_steps(names.counterpart_short, kind) if found.wants_steps else [], "worth_may_end": reading.may_write,
    }  # fmt: skip
