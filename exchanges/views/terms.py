"""What matters to our side: only we say it, dated, and never over what was said before."""

from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from exchanges.access import Reading, relationship_for, relationship_to_write
from exchanges.forms.intents import IntentForm
from exchanges.forms.relationships import TermsForm
from exchanges.selectors.catalogue import kind_names, units_for
from exchanges.selectors.intents import intents_of
from exchanges.selectors.readings import names_of
from exchanges.selectors.terms import earlier_terms, terms_of
from exchanges.services.relationships import set_terms
from exchanges.services.speakers import speak_for_us
from exchanges.services.terms_prompts import ask_side, open_terms_prompt
from exchanges.views.desk import FORM, Desk, carry_out, desk_of, go, show
from relationships.models import Kind, Side, SideRole
from relationships.services.terms import TermsLine, add_own_kind
from valueledger.common.errors import NotFound
from valueledger.common.idempotency import new_key


@require_http_methods(FORM)
def terms(request: HttpRequest, public_id: UUID) -> HttpResponse:
    desk = desk_of(request)
    reading = relationship_for(desk.member, public_id)
    if request.method == "POST" and not reading.may_write:
        raise NotFound
    if request.method == "POST":
        form = TermsForm(request.POST)
        if form.is_valid() and carry_out(request, desk, form, lambda: _set(form, desk, reading)) is not None:
            messages.success(request, "Said. Earlier entries keep the terms that held on their day.")
            return go(request, reverse("desk:relationship", args=[public_id]))
        return show_terms(request, desk, reading, form=form, status=422)
    return show_terms(request, desk, reading)


def show_terms(
    request: HttpRequest, desk: Desk, reading: Reading, *, form: TermsForm | None = None, intent_form: IntentForm | None = None, status: int = 200
) -> HttpResponse:
    """The page; with a form of it that was refused, if there is one."""
    said = terms_of(reading.relationship, on=desk.today)
    context = {
        "form": form or TermsForm(initial={"key": new_key(), **_as_said(said[SideRole.OWN])}),
        "intent_form": intent_form or IntentForm(),
        "intents": intents_of(reading.relationship, today=desk.today),
        "reading": reading,
        "relationship": reading.relationship,
        "names": names_of(reading.relationship),
        "terms": said,
        "earlier": earlier_terms(reading.relationship),
        "kinds": kind_names(desk.member.workspace, side_id=said[SideRole.OWN].side.pk),
        "units": units_for(desk.member.workspace),
        "can_ask": reading.may_write and reading.relationship.is_going_on,
        "asked": _asked(reading, desk),
    }
    return show(request, "desk/terms.html", desk, context, nav="relationships", status=status)


@require_http_methods(["POST"])
def ask_terms(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Ask the people of the other side what matters to them, by mail."""
    desk = desk_of(request)
    reading = relationship_to_write(desk.member, public_id)
    asked = ask_side(relationship_id=reading.relationship.pk, side=SideRole.COUNTERPART, now=desk.now, reason="asked")
    if is_employees(reading):  # whether they were asked before would tell that they had answered something
        messages.success(request, "They get the question by mail, unless they had it in this half-year already. They may leave it.")
    elif asked:
        messages.success(request, "Asked. They have two weeks, and may leave it.")
    else:
        messages.warning(request, "Nobody was asked: they had this question in this half-year already, or none of them can be reached by mail.")
    return go(request, reverse("desk:terms", args=[public_id]))


def _asked(reading: Reading, desk: Desk) -> tuple[date, date] | None:
    """From when until when the question is out to the other side."""
    if not reading.may_write or is_employees(reading):
        return None
    prompt = open_terms_prompt(reading.relationship.pk, SideRole.COUNTERPART, desk.now)
    zone = desk.member.workspace.zone
    return (prompt.created_at.astimezone(zone).date(), prompt.closes_at.astimezone(zone).date()) if prompt else None


def is_employees(reading: Reading) -> bool:
    return reading.relationship.kind == Kind.EMPLOYEE


def _as_said(said: Any) -> dict[str, Any]:
    initial: dict[str, Any] = {}
    for number, line in enumerate(said.lines):
        initial |= {
            f"kind{number}": line.value_kind, f"weight{number}": line.weight, f"words{number}": line.words, f"anchor{number}": line.anchor,
            f"unit{number}": line.unit, f"rate{number}": line.points_per_unit,
        }  # fmt: skip
    return initial


def _set(form: TermsForm, desk: Desk, reading: Reading) -> str:
    voice = speak_for_us(reading=reading, now=desk.now)
    assert voice.participant is not None
    side = Side.objects.select_related("relationship").get(relationship=reading.relationship, role=SideRole.OWN)
    lines = [
        TermsLine(
            value_kind=add_own_kind(side=side, name=line["kind"]), weight=line["weight"] or 0, words=line["words"] or "", anchor=line["anchor"] or "",
            unit=line["unit"] or "", points_per_unit=line["rate"],
        )
        for line in form.lines()
    ]  # fmt: skip
    return str(set_terms(side=side, author=voice.participant, lines=lines, effective_on=desk.today, now=desk.now).public_id)
