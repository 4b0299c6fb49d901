"""How often both sides are asked, how little, and how wide fair is; and who would be asked in the next 30 days."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from exchanges.access import cards_for
from exchanges.charts import SideReading
from exchanges.forms.rhythm import RHYTHM_ROWS, HolidayForm, RhythmForm, field_name
from exchanges.models import Card, View
from exchanges.selectors.balances import KAPPA
from exchanges.selectors.preview import DAYS, inside, preview
from exchanges.services.defaults import add_holiday, back_to_defaults, change_asking, change_defaults, remove_holiday
from exchanges.views.desk import FORM, READ, Desk, desk_of, owner_of, show
from relationships.models import Holiday, Rhythm
from valueledger.common.errors import NotFound

NARROWER, NARROW = Decimal("0.25"), Decimal("0.05")
APPLIES = "Saved. It applies from the next check, not to the past."


@require_http_methods(FORM)
def rhythm(request: HttpRequest) -> HttpResponse:
    desk = owner_of(request)
    status = 200
    if request.method == "POST" and request.POST.get("act") == "defaults":
        back_to_defaults(workspace=desk.member.workspace, member=desk.member, now=desk.now)
        messages.success(request, "Back to the defaults. The past stays as it was judged.")
        return redirect("desk:settings_rhythm")
    if request.method == "POST":
        form = RhythmForm(request.POST, workspace=desk.member.workspace)
        if form.is_valid():
            _save(form, desk)
            messages.success(request, APPLIES)
            return redirect("desk:settings_rhythm")
        status = 422
    else:
        form = RhythmForm(initial=_in_force(desk), workspace=desk.member.workspace)
    return _page(request, desk, form, HolidayForm(today=desk.today, auto_id="holiday_%s"), status)


@require_http_methods(["POST"])
def holidays(request: HttpRequest) -> HttpResponse:
    """Add a day on which nobody is asked, or take one away."""
    desk = owner_of(request)
    workspace = desk.member.workspace
    if request.POST.get("act") == "remove":
        remove_holiday(workspace=workspace, on=_day_in(request.POST.get("on", "")), member=desk.member, now=desk.now)
        messages.success(request, "Removed. Questions go out on that day as on any other.")
        return redirect("desk:settings_rhythm")
    form = HolidayForm(request.POST, today=desk.today, auto_id="holiday_%s")
    if form.is_valid():
        add_holiday(workspace=workspace, on=form.cleaned_data["on"], name=form.cleaned_data["name"], member=desk.member, now=desk.now)
        messages.success(request, "Nobody is written to on that day.")
        return redirect("desk:settings_rhythm")
    return _page(request, desk, RhythmForm(initial=_in_force(desk), workspace=workspace), form, 422)


def _day_in(typed: str) -> date:
    try:
        return date.fromisoformat(typed[:10])
    except ValueError:
        raise NotFound from None


def _page(request: HttpRequest, desk: Desk, form: RhythmForm, holiday_form: HolidayForm, status: int) -> HttpResponse:
    workspace = desk.member.workspace
    context = {
        "form": form,
        "holiday_form": holiday_form,
        "holidays": Holiday.objects.filter(workspace=workspace, on__gte=desk.today).order_by("on"),
        "counts": _counts(desk),
        "example": SideReading.around("Example", "it", True, -0.2, 0.4, True, band=float(workspace.band)),
        "section": "rhythm",
    }
    return show(request, "desk/settings_rhythm.html", desk, context, nav="settings", status=status)


def _counts(desk: Desk) -> str:
    """How many are inside the fair band, and how many would be if it were narrower."""
    workspace = desk.member.workspace
    narrower = max(workspace.band - NARROWER, NARROW)
    cards = Card.objects.filter(workspace=workspace, view=View.SHARED)
    total, (now, then) = inside(cards, [float(workspace.band), float(narrower)], KAPPA)
    if not total:
        return "No client of both sides has answered yet."
    return f"{now} of {total} clients are inside today. At {narrower.normalize():f} it would be {then}."


def _save(form: RhythmForm, desk: Desk) -> None:
    data = form.cleaned_data
    change_asking(
        workspace=desk.member.workspace, ask_budget=int(data["ask_budget"]), ask_from_bits=Decimal(data["ask_from_bits"]), quiet_from=data["quiet_from"], quiet_until=data["quiet_until"],
        quiet_days=data["quiet_days"], member=desk.member, now=desk.now,
    )  # fmt: skip
    change_defaults(workspace=desk.member.workspace, values=form.values(), member=desk.member, now=desk.now)


def _in_force(desk: Desk) -> dict[str, Any]:
    workspace = desk.member.workspace
    found = {(row.kind, row.intent): (row.band, row.cadence_days) for row in Rhythm.objects.filter(workspace=workspace)}
    found["", ""] = (workspace.band, workspace.cadence_days)
    initial: dict[str, Any] = {
        "ask_budget": workspace.ask_budget, "ask_from_bits": f"{workspace.ask_from_bits:.2f}", "quiet_from": workspace.quiet_from, "quiet_until": workspace.quiet_until,
        "quiet_days": list(workspace.quiet_days),
    }  # fmt: skip
    for kind, intent in RHYTHM_ROWS:
        band, days = found.get((kind, intent), (None, None))
        initial |= {f"band-{field_name(kind, intent)}": band, f"days-{field_name(kind, intent)}": days}
    return initial


@require_http_methods(READ)
def asked_soon(request: HttpRequest) -> HttpResponse:
    """Who would be asked what in the next 30 days: of one's own relationships, and for leaders of clients as both sides may see them."""
    desk = desk_of(request)
    member = desk.member
    cards = cards_for(member)
    own = cards.filter(Q(steward=member) if member.is_steward else Q(pk__in=[]))
    led = cards.exclude(steward=member) if member.is_steward else cards
    found = preview(own, workspace=member.workspace, now=desk.now, shared_only=led if member.is_leader else None, reader=member.person_id)
    context = {"preview": found, "days": DAYS, "section": "rhythm", "may_see_some": member.is_steward or member.is_leader}
    return show(request, "desk/asked_soon.html", desk, context, nav="settings" if member.is_owner else "today")
