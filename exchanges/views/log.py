"""Logging value with the full form: direction, what, its worth as each side may say it, and nothing that is not ours to say."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from exchanges.access import Reading, relationship_for
from exchanges.forms.log import BOTH, THEY, WE, LogForm
from exchanges.models import Card, EventKind, EventStatus, Visibility
from exchanges.selectors.cards import cards_by_name
from exchanges.selectors.catalogue import kind_chosen, kinds_for, units_for
from exchanges.selectors.readings import names_of
from exchanges.selectors.today import short
from exchanges.services.advances import Hope
from exchanges.services.events import EventDetails
from exchanges.services.log import log_value
from exchanges.services.reports import Account
from exchanges.views.desk import FORM, READ, Desk, carry_out, desk_of, go, show
from exchanges.views.finding import meant_by, own_cards
from exchanges.wording import weekday_day, worth_word
from relationships.models import Kind
from valueledger.common.errors import NotFound
from valueledger.common.htmx import wants_fragment
from valueledger.common.idempotency import new_key

FIELDS = {"occurred_on": "when", "typed_amount": "cost", "giver": "direction"}


@require_http_methods(FORM)
def log(request: HttpRequest) -> HttpResponse:
    desk = desk_of(request, steward=True)
    if request.method == "POST":
        return _post(request, desk)
    card = _asked_for(request, desk)
    direction = request.GET.get("direction", WE)
    initial = {"key": new_key(), "direction": direction if direction in (WE, THEY, BOTH) else WE, "when": desk.today, "status": EventStatus.ARRIVED}
    if card is not None:
        initial |= {"who": card.counterpart_name}
    form = LogForm(initial=initial, today=desk.today, value_kinds=kinds_for(desk.member.workspace, card.relationship_id if card else None))
    if card is not None:
        form.offer([(str(card.public_id), card.counterpart_name)])
        form.initial["relationship"] = str(card.public_id)
    return show(request, "desk/log.html", desk, _context(desk, form, card), nav="log")


def _asked_for(request: HttpRequest, desk: Desk) -> Card | None:
    """?with=<relationship>: from its own page."""
    wanted = request.GET.get("with", "")
    try:
        reading = relationship_for(desk.member, wanted) if wanted else None
    except NotFound:
        return None
    return own_cards(desk).filter(relationship=reading.relationship).first() if reading and reading.may_write else None


def _context(desk: Desk, form: LogForm, card: Card | None) -> dict[str, Any]:
    return {
        "form": form,
        "names": cards_by_name(own_cards(desk)),
        "units": units_for(desk.member.workspace),
        "card": card,
        "is_personal": card is not None and card.kind == Kind.PERSONAL,
        **preview_of(desk, form, card),
    }


def _bound(request: HttpRequest, desk: Desk, data: Any) -> tuple[LogForm, Card | None]:
    form = LogForm(data, today=desk.today)
    card = meant_by(form, desk)
    form.is_personal = card is not None and card.kind == Kind.PERSONAL
    form.fields["value_kind"].choices = [("", "not named"), *kinds_for(desk.member.workspace, card.relationship_id if card else None)]  # type: ignore[attr-defined]
    return form, card


def _post(request: HttpRequest, desk: Desk) -> HttpResponse:
    form, card = _bound(request, desk, request.POST)
    saved = _save(request, desk, form, card) if form.is_valid() and card is not None else None
    if saved is None:
        if form.why_not and not form.has_error("who"):
            form.add_error("who", form.why_not)
        return show(request, "desk/log.html", desk, _context(desk, form, card), nav="log", fragment="desk/_log_form.html", status=422)
    undo = reverse("desk:withdraw_event", args=[saved])
    messages.success(request, f"Logged with {card.counterpart_name}: {short(form.cleaned_data['what'], 60)}", extra_tags=f"undo:{undo}")
    again = request.POST.get("again")
    return go(request, reverse("desk:log") if again else reverse("desk:relationship", args=[card.public_id]))


def _save(request: HttpRequest, desk: Desk, form: LogForm, card: Card) -> str | None:
    def act() -> str:
        reading = relationship_for(desk.member, card.public_id)
        details, gave, got = what_was_said(form, reading, desk)
        event = log_value(reading=reading, giver=form.giver, details=details, gave=gave, got=got, hope=hope_in(form.cleaned_data), now=desk.now)
        return str(event.public_id)

    return carry_out(request, desk, form, act, fields=FIELDS)


def what_was_said(form: LogForm, reading: Reading, desk: Desk) -> tuple[EventDetails, Account | None, Account | None]:
    data = form.cleaned_data
    status = data["status"] or EventStatus.ARRIVED
    details = EventDetails(
        what=data["what"], occurred_on=data["when"], kind=data["kind"] or EventKind.OTHER, status=status, expected_on=data["expected_on"],
        visibility=data["visibility"] or Visibility.SHARED, goal=data["goal"],
        value_kind=kind_chosen(reading.relationship, data["value_kind"]) if data["value_kind"] else None,
    )  # fmt: skip
    direction = data["direction"]
    return details, _gave(data) if direction in (WE, BOTH) else None, _got(data) if direction in (THEY, BOTH) else None


def hope_in(data: dict[str, Any]) -> Hope | None:
    return Hope(data["hope"], data["review_on"]) if data["hope"] and data["review_on"] else None


def _gave(data: dict[str, Any]) -> Account | None:
    """Our own account of giving. None when nothing at all was said of it."""
    if all(data[name] is None for name in ("guess", "cost_word", "cost", "hours", "money")):
        return None
    return Account(
        word=data["cost_word"], typed_amount=data["cost"], unit=data["unit"] if data["cost"] is not None else "", guess_word=data["guess"],
        beneficiary=data["beneficiary"], hours=data["hours"], money=data["money"], currency=data["currency"] if data["money"] is not None else "",
    )  # fmt: skip


def _got(data: dict[str, Any]) -> Account | None:
    if data["worth"] is None:
        return None
    return Account(word=data["worth"], expectation=data["expectation"], beneficiary=data["beneficiary"])


@require_http_methods(READ)
def log_preview(request: HttpRequest) -> HttpResponse:
    """The sentence beside the form, and what depends on the name: the kinds of value that the receiving side named."""
    desk = desk_of(request, steward=True)
    if not wants_fragment(request):
        return redirect("desk:log")
    form, card = _bound(request, desk, request.GET)
    form.is_valid()
    return render(request, "desk/_log_preview.html", {"form": form, "today": desk.today, "swap": True, **preview_of(desk, form, card)})


def preview_of(desk: Desk, form: LogForm, card: Card | None) -> dict[str, Any]:
    """What will be saved, as a sentence with gaps where something is missing."""
    data = getattr(form, "cleaned_data", None) or form.initial
    direction, what = data.get("direction") or WE, short(data.get("what") or "", 160).rstrip(".")
    names = names_of(card.relationship) if card is not None else None
    us = names.own_short if names else desk.member.workspace.short
    them = names.counterpart_short if names else "…"
    giving = {WE: f"{us} gave {them}", THEY: f"{them} gave {us}", BOTH: f"{us} and {them} did together"}[direction]
    on = weekday_day(data["when"], desk.today) if data.get("when") else "…"
    sentences = [f"On {on}, {giving}: {what}." if what else f"On {on}, {giving.removesuffix(' …')} …", *_said(data, direction)]
    return {"preview": " ".join(sentences), "missing": _missing(data, direction, card, what), "after": _after(direction, them, card)}


def _said(data: dict[str, Any], direction: str) -> Sequence[str]:
    said = []
    if direction in (WE, BOTH):
        if data.get("cost") is not None and data.get("unit"):
            said.append(f"It took us {data['cost'].normalize():f} {data['unit']}.")
        elif data.get("cost_word") is not None:
            said.append("It took us nothing." if data["cost_word"] == 0 else f"It took us {worth_word(data['cost_word']).lower()}.")
        if data.get("guess") is not None:
            said.append(
                "We think it got in their way." if data["guess"] < 0 else f"We think it was worth {worth_word(data['guess']).lower()} to them."
            )
    if direction in (THEY, BOTH) and data.get("worth") is not None:
        said.append("It got in our way." if data["worth"] < 0 else f"It was worth {worth_word(data['worth']).lower()} to us.")
    return said


def _missing(data: dict[str, Any], direction: str, card: Card | None, what: str) -> str:
    open_points = [] if card else ["who"]
    open_points += [] if what else ["what"]
    if direction in (WE, BOTH) and data.get("cost") is None and data.get("cost_word") is None:
        open_points.append("what it took")
    if direction in (WE, BOTH) and data.get("guess") is None and not data.get("guess_unknown"):
        open_points.append("what it may have been worth")
    if direction in (THEY, BOTH) and data.get("worth") is None and not data.get("worth_unknown"):
        open_points.append("what it was worth")
    return f"Still open: {', '.join(open_points)}." if open_points else ""


def _after(direction: str, them: str, card: Card | None) -> str:
    if direction == THEY:
        return "Your answer moves our side only. What it took from them, they say themselves."
    if card is not None and card.kind == Kind.EMPLOYEE:
        return "What it was worth is theirs to say, and theirs to share."
    return f"Until {them if card else 'they'} answer{'s' if card else ''}, their side stays as it is. They are asked how it landed, not before ten minutes from now."
