"""What became of a promise and what came back of an advance, answered for our own side: on Today, or on the page of the question."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from exchanges.access import Voice
from exchanges.forms.settling import LookBackForm, SettleForm
from exchanges.models import Assurance, Became, EventVersion, Giver, Prompt, PromptState
from exchanges.selectors.settling import WaitingSettlement, waiting_settlements
from exchanges.services.advances import look_back
from exchanges.services.prompts import skip_question
from exchanges.services.settling import settle, why_it_stays_for
from exchanges.views.desk import Desk, go, show
from exchanges.wording.settling import advance_question, became_said, promise_question, returned_said, why_it_stays
from valueledger.common.errors import Invalid, NotFound
from valueledger.common.htmx import wants_fragment

PEOPLE = {Giver.OWN: "we", Giver.COUNTERPART: "they", Giver.JOINT: "together"}


def asked_context(one: WaitingSettlement, desk: Desk, form: Any = None) -> dict[str, Any]:
    """One question that waits, as Today and its own page show it."""
    if one.is_advance:
        question = advance_question(one.given_on, one.counterpart_name, desk.today)
        form = form or LookBackForm(about=one.public_id)
    else:
        person = PEOPLE[Giver(one.giver)]
        question = promise_question(one.by, desk.today, is_on_its_way=one.is_on_its_way, person=person, other=one.counterpart_name)
        form = form or SettleForm(about=one.public_id, today=desk.today, is_on_its_way=one.is_on_its_way)
    return {"waiting": one, "form": form, "question": question}


def settle_rows(desk: Desk) -> list[dict[str, Any]]:
    return [asked_context(one, desk) for one in waiting_settlements(desk.member, desk.now)]


def settle_prompt(request: HttpRequest, desk: Desk, prompt: Prompt) -> HttpResponse:
    """The page of one question; the answer in place for Today."""
    if not prompt.participant.speaks_on(desk.today):
        raise NotFound
    one = next(iter(waiting_settlements(desk.member, desk.now, only=prompt)), None)
    if one is None:
        return _over(request, desk, prompt)
    if request.method != "POST":
        return _page(request, desk, one)
    if request.POST.get("act") == "skip":
        skip_question(prompt, now=desk.now)
        return _settled(request, prompt, _("All right, not this time."))
    form = _form_of(one, desk, request.POST)
    sentence = _answer(form, one, desk, prompt) if form.is_valid() else ""
    return _settled(request, prompt, sentence) if sentence else _page(request, desk, one, form, status=422)


def _form_of(one: WaitingSettlement, desk: Desk, data: Any) -> Any:
    if one.is_advance:
        return LookBackForm(data, about=one.public_id)
    return SettleForm(data, about=one.public_id, today=desk.today, is_on_its_way=one.is_on_its_way)


def _answer(form: Any, one: WaitingSettlement, desk: Desk, prompt: Prompt) -> str:
    """Write it. Returns what is said back; empty where something was refused, which then stands on the form."""
    try:
        if one.is_advance:
            return _look_back(form, desk, prompt)
        return _settle(form, one, desk, prompt)
    except Invalid as error:
        form.add_error(error.field if error.field in form.fields else None, error.sentence)
        return ""


def _look_back(form: LookBackForm, desk: Desk, prompt: Prompt) -> str:
    data = form.cleaned_data
    assert prompt.event is not None
    step = look_back(
        event=prompt.event, returned=data["returned"], again_on=data["review_on"], words=data["words"], member=desk.member, now=desk.now
    )  # fmt: skip
    return _("Kept for us. {said}").format(said=returned_said(step.returned, step.review_on, desk.today))


def _settle(form: SettleForm, one: WaitingSettlement, desk: Desk, prompt: Prompt) -> str:
    stays = why_it_stays_for(prompt, now=desk.now) if form.cleaned_data["became"] == Became.WILL_NOT else ""
    said = settle(
        prompt=prompt, became=form.cleaned_data["became"], on=form.day(), voice=Voice(member=desk.member, participant=prompt.participant),
        assurance=Assurance.SIGNED_IN, now=desk.now,
    )  # fmt: skip
    if said.became == Became.WILL_NOT:
        return why_it_stays(stays, one.counterpart_name) or _("Taken back. It no longer counts.")
    return _("Kept. {said}").format(said=became_said(said.became, said.on, desk.today))


def _settled(request: HttpRequest, prompt: Prompt, sentence: str) -> HttpResponse:
    if wants_fragment(request):
        return render(request, "desk/_settle.html", {"settled": sentence, "prompt_id": prompt.public_id})
    messages.success(request, sentence)
    return go(request, f"{reverse('desk:today')}#waiting")


def _over(request: HttpRequest, desk: Desk, prompt: Prompt) -> HttpResponse:
    """Answered, closed, or said elsewhere: the page says so to whoever may still see what it was about."""
    version = EventVersion.objects.current().filter(event=prompt.event).select_related("event__relationship").first()
    is_mine = desk.member.is_steward and prompt.relationship.steward_id == desk.member.pk
    if version is None or (not is_mine and version.visibility != "SHARED"):
        raise NotFound
    text = _("You have answered this one.") if prompt.state == PromptState.ANSWERED else _("This question is settled.")
    if wants_fragment(request):
        return render(request, "desk/_settle.html", {"settled": text, "prompt_id": prompt.public_id})
    context = {"settled": text, "prompt_id": prompt.public_id, "event_id": prompt.event.public_id if is_mine and prompt.event else None}
    return show(request, "desk/settle.html", desk, context, nav="today")


def _page(request: HttpRequest, desk: Desk, one: WaitingSettlement, form: Any = None, status: int = 200) -> HttpResponse:
    context = asked_context(one, desk, form)
    return show(request, "desk/settle.html", desk, context, nav="today", fragment="desk/_settle.html", status=status)
