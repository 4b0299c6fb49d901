"""Today: what waits for an answer, whom to think about, what happened and what comes. And the one line that logs value."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from exchanges.access import event_for, put_rights_for, relationship_for, visible_events
from exchanges.forms.log import QuickLogForm
from exchanges.models import ValueEvent, View
from exchanges.selectors.cards import cards_by_name
from exchanges.selectors.due import waiting_for
from exchanges.selectors.ledger import versions_of
from exchanges.selectors.put_right import asked_of
from exchanges.selectors.today import happened_event, lately, short, soon, to_rate, worth_a_look
from exchanges.services.events import EventDetails
from exchanges.services.log import log_value
from exchanges.views.asking import silences_for
from exchanges.views.desk import READ, Desk, carry_out, desk_of, show
from exchanges.views.finding import meant_by, own_cards, visible_words
from exchanges.views.reflections import reflection_context
from exchanges.views.requalify import worth_rows
from exchanges.views.settling import settle_rows
from exchanges.wording import staff_stops, today_voice
from relationships.models.relationships import ENDED_STAGES
from valueledger.common.htmx import wants_fragment
from valueledger.common.idempotency import new_key


@require_http_methods(READ)
def today(request: HttpRequest) -> HttpResponse:
    desk = desk_of(request)
    if not desk.member.is_steward:
        return redirect("portfolio:portfolio" if desk.member.is_leader else "desk:settings")
    return show(request, "desk/today.html", desk, page_of(desk, quick_form()), nav="today")


def quick_form() -> QuickLogForm:
    return QuickLogForm(initial={"key": new_key(), "direction": "we"}, auto_id="quick_%s")


def page_of(desk: Desk, form: QuickLogForm) -> dict[str, object]:
    member, cards = desk.member, own_cards(desk)
    going_on = cards.exclude(stage__in=ENDED_STAGES)
    events = visible_events(ValueEvent.objects.filter(relationship__steward=member), View.OWN)
    reports, answers = visible_words(desk, stewarded=True)
    prompts = waiting_for(member, desk.now)
    worth, settling = worth_rows(desk), settle_rows(desk)
    unanswered = sum(1 for prompt in prompts if prompt.answer_points is None) + len(worth) + len(settling)
    rate = to_rate(events, reports, cards=going_on, today=desk.today)
    looks = worth_a_look(going_on, reports, member=member, today=desk.today)
    return {
        "form": form,
        "names": cards_by_name(cards),
        "prompts": prompts,
        "worth_rows": worth,
        **reflection_context(desk),
        "settle_rows": settling,
        "silences": silences_for(desk),
        "put_rights": asked_of(put_rights_for(member).open()),  # type: ignore[attr-defined]
        "rate": rate,
        "waiting_count": unanswered + len(rate),
        "stops": staff_stops(),
        "looks": looks,
        "total": going_on.count(),
        "feed": lately(events, reports, answers, cards=cards, member=member, now=desk.now),
        "soon": soon(events, going_on, today=desk.today),
        "voice": today_voice(unanswered + len(rate), len(looks)),
    }


@require_http_methods(["POST"])
def quick_log(request: HttpRequest) -> HttpResponse:
    """One line: who gave, with whom, what. Everything else can follow."""
    desk = desk_of(request, steward=True)
    form = QuickLogForm(request.POST, auto_id="quick_%s")
    card = meant_by(form, desk)
    saved = _save(request, desk, form, card) if form.is_valid() and card is not None else None
    if saved is None:
        if form.why_not and not form.has_error("who"):
            form.add_error("who", form.why_not)
        return _refused(request, desk, form)
    return _logged(request, desk, saved)


def _save(request: HttpRequest, desk: Desk, form: QuickLogForm, card) -> str | None:
    def act() -> str:
        reading = relationship_for(desk.member, card.public_id)
        details = EventDetails(what=form.cleaned_data["what"], occurred_on=desk.today)
        return str(log_value(reading=reading, giver=form.giver, details=details, now=desk.now).public_id)

    return carry_out(request, desk, form, act)


def _refused(request: HttpRequest, desk: Desk, form: QuickLogForm) -> HttpResponse:
    if wants_fragment(request):
        context = {"form": form, "names": cards_by_name(own_cards(desk)), "today": desk.today}
        response = render(request, "desk/_quicklog.html", context, status=422)
        response.headers["HX-Retarget"] = "#quicklog"
        response.headers["HX-Reswap"] = "outerHTML"
        return response
    return show(request, "desk/today.html", desk, page_of(desk, form), nav="today", status=422)


def _logged(request: HttpRequest, desk: Desk, event_id: str) -> HttpResponse:
    reading, event = event_for(desk.member, event_id)
    version = versions_of(ValueEvent.objects.filter(pk=event.pk)).select_related("event__relationship", "author_member__user").first()
    undo = reverse("desk:withdraw_event", args=[event_id])
    name = own_cards(desk).filter(relationship=reading.relationship).values_list("counterpart_name", flat=True).first() or ""
    if version is None or not wants_fragment(request):
        messages.success(request, f"Logged with {name}: {short(getattr(getattr(version, 'text', None), 'what', ''), 60)}", extra_tags=f"undo:{undo}")
        return redirect("desk:today")
    item = happened_event(version, {reading.relationship.pk: name}, desk.member, desk.now)
    return render(request, "desk/_logged.html", {"one": item, "undo_url": undo, "name": name, "key": new_key(), "today": desk.today})
