"""Questions to oneself: what a member thinks about those around them. Nobody else has a page for it, whatever their role."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from exchanges.forms.reflections import HowOftenForm, ReflectionForm
from exchanges.selectors.reflections import how_often_of, reflection_for, reflections_of, waiting_reflection
from exchanges.services.reflections import delete_reflection, leave_reflection, reflect, set_how_often
from exchanges.views.desk import FORM, Desk, desk_of, show
from valueledger.common.htmx import wants_fragment


def reflection_context(desk: Desk, form: ReflectionForm | None = None) -> dict[str, Any]:
    """The question that waits for this member, for a page that they begin with."""
    one = waiting_reflection(desk.member, desk.today)
    return {"reflection": one, "reflection_form": form or ReflectionForm()} if one is not None else {"reflection": None}


@require_http_methods(FORM)
def reflections(request: HttpRequest) -> HttpResponse:
    """What one said so far, the question that waits, and how often one is asked."""
    desk = desk_of(request)
    if request.method == "POST":
        form = HowOftenForm(request.POST)
        if form.is_valid():
            set_how_often(member=desk.member, how_often=form.cleaned_data["how_often"], now=desk.now)
            messages.success(request, _("Kept."))
            return redirect("desk:reflections")
        return _page(request, desk, often=form, status=422)
    return _page(request, desk)


def _page(
    request: HttpRequest, desk: Desk, *, often: HowOftenForm | None = None, form: ReflectionForm | None = None, status: int = 200
) -> HttpResponse:
    chosen = how_often_of(desk.member)
    context = {
        **reflection_context(desk, form), "often_form": often or HowOftenForm(initial={"how_often": chosen}), "is_on": chosen != "NEVER",
        "said": reflections_of(desk.member), "section": "reflections",
    }  # fmt: skip
    return show(request, "desk/reflections.html", desk, context, nav="settings", status=status)


@require_http_methods(["POST"])
def reflection(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Fields: sentence, feeling; act=skip or delete instead of an answer."""
    desk = desk_of(request)
    row = reflection_for(desk.member, public_id)
    act, sentence = request.POST.get("act", "answer"), _("Kept, for you alone.")
    if act == "delete":
        delete_reflection(row)
        sentence = _("Deleted.")
    elif act == "skip":
        leave_reflection(row)
        sentence = _("All right, not this time.")
    else:
        form = ReflectionForm(request.POST)
        if not form.is_valid():
            return _refused(request, desk, form)
        reflect(reflection=row, sentence=form.cleaned_data["sentence"], feeling=form.cleaned_data["feeling"], now=desk.now)
    if wants_fragment(request):
        return render(request, "desk/_reflection.html", {"reflection": None, "settled": sentence})
    messages.success(request, sentence)
    return redirect("desk:reflections")


def _refused(request: HttpRequest, desk: Desk, form: ReflectionForm) -> HttpResponse:
    if wants_fragment(request):
        return render(request, "desk/_reflection.html", {**reflection_context(desk, form), "today": desk.today}, status=422)
    return _page(request, desk, form=form, status=422)
