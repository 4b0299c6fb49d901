"""The workspace's kinds of value: its owners add, rename and retire them. Nothing is deleted; what was said with a kind stays."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from exchanges.forms.catalogue import MEANT_FOR, KindForm
from exchanges.selectors.catalogue import kinds_in_use
from exchanges.views.desk import FORM, Desk, carry_out, owner_of, show
from relationships.access import catalogue_kind_for
from relationships.models import ValueKind, ValueKindGiver
from relationships.services.catalogue import add_kind, bring_back_kind, change_kind, retire_kind
from valueledger.common.idempotency import new_key


@require_http_methods(FORM)
def value_kinds(request: HttpRequest) -> HttpResponse:
    """The list by who may get what, and one more."""
    desk = owner_of(request)
    status = 200
    form = KindForm(initial={"key": new_key(), "meant_for": ValueKindGiver.ANY})
    if request.method == "POST":
        form = KindForm(request.POST)
        if form.is_valid() and carry_out(request, desk, form, lambda: _add(form, desk)) is not None:
            messages.success(request, f"Added: {form.cleaned_data['name']}. Forms offer it from now on.")
            return redirect("desk:settings_value_kinds")
        status = 422
    rows = kinds_in_use(desk.member)
    groups = [(label, [row for row in rows if row.kind.meant_for == code and not row.kind.is_retired]) for code, label in MEANT_FOR]
    context = {"groups": groups, "retired": [row for row in rows if row.kind.is_retired], "form": form, "section": "value_kinds"}
    return show(request, "desk/settings_value_kinds.html", desk, context, nav="settings", status=status)


@require_http_methods(FORM)
def value_kind(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Other words for one kind; `act` retires it or brings it back."""
    desk = owner_of(request)
    kind = catalogue_kind_for(desk.member, public_id)
    act = request.POST.get("act", "")
    if act in TURNS:
        turn, sentence = TURNS[act]
        turn(kind=kind, member=desk.member, now=desk.now)
        messages.success(request, sentence.format(name=kind.name))
        return redirect("desk:settings_value_kinds")
    status = 200
    form = KindForm(initial={"key": new_key(), "name": kind.name, "hint": kind.hint, "meant_for": kind.meant_for})
    if request.method == "POST":
        form = KindForm(request.POST)
        if form.is_valid() and carry_out(request, desk, form, lambda: _change(form, desk, kind)) is not None:
            messages.success(request, f"Saved: {form.cleaned_data['name']}.")
            return redirect("desk:settings_value_kinds")
        status = 422
    return show(request, "desk/settings_value_kind.html", desk, {"form": form, "kind": kind, "section": "value_kinds"}, nav="settings", status=status)


TURNS: dict[str, tuple[Any, str]] = {
    "retire": (retire_kind, "{name} is offered no more. What was said with it stays."),
    "bring-back": (bring_back_kind, "{name} is offered again."),
}


def _typed(form: KindForm) -> dict[str, str]:
    return {name: form.cleaned_data[name] for name in ("name", "hint", "meant_for")}


def _add(form: KindForm, desk: Desk) -> str:
    return str(add_kind(member=desk.member, now=desk.now, **_typed(form)).public_id)


def _change(form: KindForm, desk: Desk, kind: ValueKind) -> str:
    return str(change_kind(kind=kind, member=desk.member, now=desk.now, **_typed(form)).public_id)
