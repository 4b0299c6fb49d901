"""The forms within the own page: answering a question or rating an event while signed in, adding something, saying what matters."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse

from exchanges.access import Door, event_in, prompt_in, prompts_in
from exchanges.forms.portal_home import GAVE, GOT, MISSED, AddForm
from exchanges.forms.relationships import TERMS_LINES, TermsForm
from exchanges.models import Assurance, EventKind, EventStatus, EventVersion, Giver, Prompt, PromptKind, PromptState, Visibility
from exchanges.selectors.catalogue import kind_names
from exchanges.selectors.portal import ANSWERED_HERE, THEM, US, units_of_side
from exchanges.selectors.prompts import asking, own_rating
from exchanges.selectors.terms import terms_of
from exchanges.services import prompts
from exchanges.services.events import log_event
from exchanges.services.gently import AlreadySettled
from exchanges.services.missed import log_missed
from exchanges.services.relationships import set_terms
from exchanges.services.reports import report_gave, report_got
from exchanges.views.portal import HANDLED
from exchanges.views.portal_door import FORM, page
from exchanges.views.portal_home import Home, at_home, carry_out, done, show, show_home, terms_form_of
from exchanges.views.portal_rating import rating
from exchanges.views.portal_visit import Visit
from relationships.models import Kind
from relationships.services.terms import TermsLine, add_own_kind
from valueledger.common import idempotency
from valueledger.common.errors import NotFound

CODES = {PromptKind.CHECK: "answer", PromptKind.RATING: "rating", PromptKind.TERMS: "terms", PromptKind.SETTLE: "settled"}


class SignedInVisit(Visit):
    """As through a link, but by somebody who is signed in: with the form's token, back to the own page, and never taken for a machine."""

    assurance = Assurance.SIGNED_IN

    def __init__(self, request: HttpRequest, home: Home, door: Door, address: str) -> None:
        self.request, self.home, self.door, self.now = request, home, door, home.now
        self.prompt, self.asked, self._address = door.prompt, asking(door.prompt, home.now), address

    @property
    def address(self) -> str:
        return self._address

    def asks_for(self, name: str) -> bool:
        return name == "change" or name in self.request.GET

    def show(self, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
        common = {
            "asked": self.asked, "workspace_name": self.asked.workspace_name, "today": self.asked.today, "action": self.address,
            "change_url": self.address, "masked_address": "", "portal_home_url": self.home.url,
        }  # fmt: skip
        return page(self.request, template, {**common, **context}, status)

    def back(self, query: str = "") -> HttpResponse:
        codes = {"sent": CODES[PromptKind(self.prompt.kind)], "": "skipped", "twice": "twice", "promised": "promised"}
        return done(self.home, codes.get(query, ""))


class UnaskedVisit(SignedInVisit):
    """Nobody asks, or not any more: there is an answer to give, and nothing to put off or skip."""

    def show(self, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
        return super().show(template, {"is_unasked": True, **context}, status)


@at_home(FORM)
def question(request: HttpRequest, home: Home, prompt_id: UUID) -> HttpResponse:
    """One question to this person, answered in place."""
    door = prompt_in(home.place, prompt_id, now=home.now)
    handle = HANDLED.get(door.prompt.kind)
    if handle is None or door.prompt.kind not in ANSWERED_HERE:
        raise NotFound
    return handle(SignedInVisit(request, home, door, home.to("question", prompt_id=prompt_id)))


@at_home(FORM)
def rate(request: HttpRequest, home: Home, event_id: UUID) -> HttpResponse:
    """What one event was worth, whether or not we asked; said before, it is a correction."""
    event = event_in(home.place, event_id)
    version = EventVersion.objects.current().filter(event=event).first()
    if event.giver == Giver.COUNTERPART or version is None or version.is_withdrawal or version.status != EventStatus.ARRIVED:
        raise NotFound
    if version.kind == EventKind.MISSED_MOMENT:
        raise NotFound  # nothing came: there is no worth to say
    asked = prompts_in(home.place).filter(kind=PromptKind.RATING, event=event).first()
    address = home.to("rate", event_id=event_id)
    if asked is not None and asked.closes_at > home.now:
        return HANDLED[PromptKind.RATING](SignedInVisit(request, home, Door(asked, is_over=False), address))
    visit = UnaskedVisit(request, home, Door(_unasked(home, event), is_over=False), address)
    if visit.is_post and visit.act != "answer":
        raise AlreadySettled
    before = own_rating(visit.prompt)
    response = rating(visit)
    after = own_rating(visit.prompt)
    if asked is not None and after is not None and after != before:
        prompts.answered(asked, now=home.now)
    return response


def _unasked(home: Home, event: Any) -> Prompt:
    """A question that nobody put: it is never kept, and never closes."""
    here = home.place
    return Prompt(
        workspace=here.workspace, participant=here.participant, relationship=here.relationship, side=THEM, kind=PromptKind.RATING,
        subject_key=f"event:{event.pk}", event=event, state=PromptState.WAITING, not_before=home.now, closes_at=home.now, created_at=home.now,
    )  # fmt: skip


@at_home(FORM)
def add(request: HttpRequest, home: Home) -> HttpResponse:
    """Something that they gave or got, logged by their side for both to see."""
    is_personal, way = home.kind == Kind.PERSONAL, request.GET.get("way", "")
    if not home.place.relationship.is_going_on:
        raise NotFound
    if request.method == "POST":
        form = AddForm(request.POST, today=home.today, is_personal=is_personal)
        if form.is_valid() and carry_out(request, home, form, lambda: _add(form, home), fields={"occurred_on": "when", "word": "worth"}):
            return done(home, "added")
        return show(request, home, "portal/home_add.html", _adding(form, home), status=422)
    initial = {"key": idempotency.new_key(), "when": home.today, "way": way if way in (GAVE, GOT, MISSED) else ""}
    return show(request, home, "portal/home_add.html", _adding(AddForm(initial=initial, today=home.today, is_personal=is_personal), home))


def _adding(form: AddForm, home: Home) -> dict[str, Any]:
    return {"form": form, "units": units_of_side(home.place.participant.side)}


def _add(form: AddForm, home: Home) -> str:
    data, voice, row = form.cleaned_data, home.place.voice, home.place.relationship
    if data["way"] == MISSED:
        has_hurt = bool(data.get("has_hurt"))
        event = log_missed(relationship=row, side=THEM, voice=voice, what=data["what"], on=data["when"], has_hurt=has_hurt, now=home.now)
        return str(event.public_id)
    is_gift_of_theirs = data["way"] == GAVE
    event = log_event(
        relationship=row, voice=voice, giver=THEM if is_gift_of_theirs else US, occurred_on=data["when"], what=data["what"], author_side=THEM,
        visibility=Visibility.SHARED, now=home.now,
    )  # fmt: skip
    account = form.account() if "worth" in form.fields else None
    if account is not None:
        (report_gave if is_gift_of_theirs else report_got)(event=event, side=THEM, voice=voice, account=account, now=home.now)
    return str(event.public_id)


@at_home(FORM)
def terms(request: HttpRequest, home: Home) -> HttpResponse:
    """What matters to their side: the points from the own page, words and rates from a page of its own."""
    said = terms_of(home.place.relationship, on=home.today)[THEM]
    is_short = request.POST.get("short") == "1"
    if request.method != "POST":
        return _terms_page(request, home, terms_form_of(said, lines=max(TERMS_LINES, len(said.lines) + 1)))
    form = TermsForm(request.POST, lines=max(len(said.lines), 1) if is_short else max(TERMS_LINES, len(said.lines) + 1))
    if form.is_valid() and carry_out(request, home, form, lambda: _set_terms(form, home)):
        return done(home, "terms", "terms")
    return show_home(request, home, terms_form=form, status=422) if is_short else _terms_page(request, home, form, status=422)


def _terms_page(request: HttpRequest, home: Home, form: TermsForm, status: int = 200) -> HttpResponse:
    side = home.place.participant.side
    context = {"form": form, "kinds": kind_names(home.place.workspace, side_id=side.pk), "units": units_of_side(side)}
    return show(request, home, "portal/home_terms.html", context, status)


def _set_terms(form: TermsForm, home: Home) -> str:
    side = home.place.participant.side
    lines = [
        TermsLine(
            value_kind=add_own_kind(side=side, name=line["kind"]), weight=line["weight"] or 0, words=line["words"] or "", anchor=line["anchor"] or "",
            unit=line["unit"] or "", points_per_unit=line["rate"],
        )
        for line in form.lines()
    ]  # fmt: skip
    version = set_terms(side=side, author=home.place.participant, lines=lines, effective_on=home.today, now=home.now)
    asked = prompts_in(home.place).filter(kind=PromptKind.TERMS, state__in=[PromptState.WAITING, PromptState.SNOOZED], closes_at__gt=home.now)
    for prompt in asked:
        prompts.answered(prompt, now=home.now)
    return str(version.public_id)
