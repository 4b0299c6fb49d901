"""The page of somebody who speaks for the other side: the same ledger mirrored, in its own words, with everything it can do there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from exchanges import wording
from exchanges.access import Place, answers_in_place, events_in, own_answers, place_for, prompts_in, reports_in
from exchanges.forms.intents import IntentForm
from exchanges.forms.portal_home import PreferencesForm
from exchanges.forms.relationships import TermsForm
from exchanges.models import Answer, EventVersion, PromptKind, Report, View
from exchanges.selectors import portal as portal_selectors
from exchanges.selectors.guesses import Guesses, guesses_of
from exchanges.selectors.intents import intents_of
from exchanges.selectors.obligations import obligations_of
from exchanges.selectors.pages import balance_now
from exchanges.selectors.portal import FEW, PAGE, THEM, US, Items, answers_of, chart_of_own, items_of
from exchanges.selectors.prompts import has_spoken
from exchanges.selectors.put_right import asked_of, of_writer
from exchanges.selectors.readings import Names, names_of
from exchanges.selectors.terms import Terms, terms_of
from exchanges.selectors.together import together_of
from exchanges.services import prompts
from exchanges.services.commitments import promise_is_welcome
from exchanges.services.leaving import leave as leave_place
from exchanges.services.own_export import everything_told
from exchanges.services.preferences import set_preferences
from exchanges.views.portal_door import FORM, POST, READ, Guest, page, signed_in
from exchanges.wording import portal as words
from exchanges.wording.explaining import beside_chart, idea
from exchanges.wording.intents import intent_privacy
from relationships.models import Kind
from valueledger.common import idempotency
from valueledger.common.errors import Invalid, NotFound
from valueledger.common.tenancy import within

YEAR_AHEAD = timedelta(days=730)
CHART_ITEMS = 400
FEW_MESSAGES = 2
SAVED_ALREADY = gettext_lazy("This was saved already. What you changed since then is not saved yet: send it again to keep it as another.")
DONE = {
    "answer": gettext_lazy("Your answer is in."),
    "rating": gettext_lazy("Noted. Thank you."),
    "skipped": gettext_lazy("All right, not this time."),
    "settled": gettext_lazy("Noted. The entry says so now."),
    "added": gettext_lazy("Added. Both sides can see it."),
    "promised": gettext_lazy("Promised. When it has arrived, they say what it was worth."),
    "intent": gettext_lazy("Said. Both sides see it with its day."),
    "terms": gettext_lazy("Said. Earlier entries keep what held on their day."),
    "preferences": gettext_lazy("Kept. We ask you that way from now on."),
    "stopped": gettext_lazy("We will not write to you again, except for a link to this page when you ask for one."),
    "resumed": gettext_lazy("We write to you again when something is due."),
    "twice": gettext_lazy("Please answer once more."),
}


@dataclass(frozen=True)
class Home:
    """Who reads, of which relationship, and when. Everything below it happens within the workspace."""

    guest: Guest
    place: Place
    names: Names
    now: datetime
    today: date

    @property
    def kind(self) -> str:
        return str(self.place.relationship.kind)

    @property
    def other(self) -> str:
        return self.names.own_short

    @property
    def url(self) -> str:
        return self.to("place")

    def to(self, name: str, **named: Any) -> str:
        return reverse(f"portal:{name}", kwargs={"public_id": self.place.relationship.public_id, **named})


Page = Callable[..., HttpResponse]


def at_home(methods: tuple[str, ...], *, also_left: bool = False) -> Callable[[Page], Page]:
    """A page about one relationship of whoever is signed in; every other one is not found."""

    def decorate(view: Page) -> Page:
        @signed_in(methods)
        def opened(request: HttpRequest, guest: Guest, public_id: UUID, **named: Any) -> HttpResponse:
            place = place_for(guest.address_hash, public_id, now=guest.now, also_left=also_left)
            with within(place.workspace.pk), timezone.override(place.workspace.zone):
                home = Home(guest, place, names_of(place.relationship), guest.now, guest.now.astimezone(place.workspace.zone).date())
                return view(request, home, **named)

        opened.__name__ = view.__name__
        return opened

    return decorate


def show(request: HttpRequest, home: Home, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    common = {
        "home": home, "place": home.place, "names": home.names, "other": home.other, "today": home.today, "kind": home.kind, "home_url": home.url,
        "is_personal": home.kind == Kind.PERSONAL, "is_employee": home.kind == Kind.EMPLOYEE, "workspace_name": home.place.workspace.name,
        "portal_home_url": home.url, "terms_privacy": words.terms_privacy(home.kind.lower(), home.other),
        "privacy": words.entry_privacy(home.kind.lower(), home.other), "rel": home.place.relationship.public_id,
    }  # fmt: skip
    return page(request, template, {**common, **context}, status)


def done(home: Home, code: str, fragment: str = "") -> HttpResponse:
    return redirect(f"{home.url}?done={code}{'#' + fragment if fragment else ''}")


def carry_out(request: HttpRequest, home: Home, form: forms.Form, act: Callable[[], str], *, fields: dict[str, str] | None = None) -> bool:
    """Carry a form out once under its key, with what is refused put on the form. False: look at the form's errors."""
    try:
        idempotency.once(
            workspace_id=home.place.workspace.pk, actor=f"participant:{home.place.participant.pk}",
            key=request.POST.get("key", "") or idempotency.new_key(), now=home.now, act=act,
            print_of=idempotency.fingerprint("POST", request.path, idempotency.form_body(request.POST.lists())),
        )  # fmt: skip
    except Invalid as error:
        name = (fields or {}).get(error.field, error.field)
        form.add_error(name if name in form.fields else None, error.sentence)
        return False
    except idempotency.KeyReused:
        form.data = form.data.copy()
        form.data["key"] = idempotency.new_key()
        form.add_error(None, str(SAVED_ALREADY))
        return False
    return True


# Where one is, and the page itself


@signed_in(READ)
def home(request: HttpRequest, guest: Guest) -> HttpResponse:
    """Straight on where there is one relationship; else each by name, and never two on one page."""
    places = guest.places
    here = [place for place in places if not place.has_left]
    if len(here) == 1 and len(places) == 1:
        return redirect("portal:place", public_id=here[0].relationship.public_id)
    rows = []
    for place in places:
        with within(place.workspace.pk):
            rows.append({"place": place, "names": names_of(place.relationship)})
    context = {
        "rows": [row for row in rows if not row["place"].has_left], "left": [row for row in rows if row["place"].has_left],  # type: ignore[attr-defined]
        "workspace_name": "Value Ledger", "address": places[0].person.text.email if places else "",
    }  # fmt: skip
    return page(request, "portal/home_places.html", context)


@at_home(READ)
def place(request: HttpRequest, home: Home) -> HttpResponse:
    return show_home(request, home)


def show_home(
    request: HttpRequest,
    home: Home,
    *,
    terms_form: TermsForm | None = None,
    preferences: PreferencesForm | None = None,
    status: int = 200,
    intent_form: IntentForm | None = None,
) -> HttpResponse:
    """The page; with a form of it that was refused, if there is one."""
    here, row = home.place, home.place.relationship
    balance = balance_now(row, view=View.COUNTERPART, today=home.today, now=home.now)
    reading = portal_selectors.reading_of(balance, home.names, kind=home.kind)
    events, reports, revealed = events_in(here), reports_in(here), answers_in_place(here)
    got = items_of(events, reports, participant=here.participant, giver=US, limit=CHART_ITEMS)
    gave = items_of(events, reports, participant=here.participant, giver=THEM, limit=FEW)
    waiting = portal_selectors.waiting_in(prompts_in(here), other=home.other, now=home.now)
    answers = answers_of(own_answers(here), participant=here.participant, now=home.now, other=home.other, limit=FEW, revealed=revealed)
    is_asked = any(one.kind == PromptKind.CHECK for one in waiting)
    stopped, due_on = here.person.suppressed_at is not None, balance.counterpart.due_on if row.is_going_on else None
    is_personal = home.kind == Kind.PERSONAL
    chart = None if is_personal else chart_of_own(
        row, reading, balance, home.names, got.rows, revealed, participant=here.participant, today=home.today
    )  # fmt: skip
    terms_now = terms_of(row, on=home.today)
    said = terms_now[THEM]
    owed = obligations_of(row, events, reports, terms_now, today=home.today, only=THEM, participant_id=here.participant.pk)
    context = {
        "portal_class": "portal portal--wide", "done": DONE.get(request.GET.get("done", ""), ""),
        "voice": words.personal_balance(reading.f, reading.band, home.other) if is_personal else wording.your_balance(reading, home.other),
        "lede": words.told_line(reading.answered_on, reading.heard, len(waiting), None if is_asked else due_on, home.today, stopped),
        "reading": reading, "waiting": waiting, "obligations": owed, "chart": chart,
        "chart_label": words.chart_label(home.other, chart.start, chart.end, len(chart.panels[0].checks)) if chart else "",
        "got": Items(got.rows[:FEW], got.count, None), "gave": gave, "answers": answers,
        "idea": idea(home.kind.lower(), home.other), "is_first": not has_spoken(here.participant),
        "beside": beside_chart("history", home.kind.lower(), home.other),
        "said": said, "terms_form": with_inputs(terms_form) if terms_form else terms_form_of(said), "shared": shared(home, revealed),
        "due_on": due_on, "due_why": wording.due_reason(balance.counterpart.due_reason), "stopped": stopped,
        "part": portal_selectors.taking_part(row, events, prompts_in(here), revealed, now=home.now),
        "who_sees": words.who_sees(home.kind.lower(), home.other), "preferences": preferences or preferences_form(home),
        "preferences_open": preferences is not None,
        "intents": intents_of(row, today=home.today), "intent_form": intent_form or IntentForm(),
        "intent_privacy": intent_privacy(home.kind.lower(), home.other),
        "more_places": len(home.guest.places) > 1, "together": together_of(row), "may_promise_now": promise_is_welcome(here, home.now),
        "knowing": own_guesses(home, reports, revealed).known,
        "put_rights": asked_of(of_writer(here.participant), limit=FEW_MESSAGES), "steward_name": row.steward.user.name if row.steward else "",
    }  # fmt: skip
    return show(request, home, "portal/home.html", context, status)


def own_guesses(home: Home, reports: QuerySet[Report], revealed: QuerySet[Answer]) -> Guesses:
    """How well this person knows the other side: its own guesses alone, for a colleague's are the colleague's."""
    here = Q(side=US) | Q(side=THEM, participant=home.place.participant)
    return guesses_of(reports.filter(here), revealed.filter(here), guesser=THEM)


def shared(home: Home, revealed: Any) -> list[portal_selectors.SharedAnswer]:
    return portal_selectors.shared_answers(revealed, other=home.other, is_person=home.names.own_is_person)


def terms_form_of(said: Terms, **options: Any) -> TermsForm:
    initial: dict[str, Any] = {"key": idempotency.new_key()}
    for number, line in enumerate(said.lines):
        initial |= {
            f"kind{number}": line.value_kind, f"weight{number}": line.weight, f"words{number}": line.words, f"anchor{number}": line.anchor,
            f"unit{number}": line.unit, f"rate{number}": line.points_per_unit,
        }  # fmt: skip
    return with_inputs(TermsForm(initial=initial, lines=options.pop("lines", None) or max(len(said.lines), 1), **options))


def with_inputs(form: TermsForm) -> TermsForm:
    for number in range(form.count):
        form.fields[f"weight{number}"].widget.attrs["class"] = "input"
    return form


def preferences_form(home: Home, data: Any = None) -> PreferencesForm:
    return PreferencesForm(data, person=home.place.person, workspace=home.place.workspace, today=home.today, latest=home.today + YEAR_AHEAD)


# All of it, page by page


@at_home(READ)
def got(request: HttpRequest, home: Home) -> HttpResponse:
    return _all(request, home, giver=US, title=_("What you got"), name="got")


@at_home(READ)
def gave(request: HttpRequest, home: Home) -> HttpResponse:
    return _all(request, home, giver=THEM, title=_("What you gave"), name="gave")


def _all(request: HttpRequest, home: Home, *, giver: int, title: str, name: str) -> HttpResponse:
    after = _after(request, EventVersion.objects.current().filter(event__in=events_in(home.place)), "event_id")
    items = items_of(events_in(home.place), reports_in(home.place), participant=home.place.participant, giver=giver, limit=PAGE, after=after)
    next_url = f"{home.to(name)}?after={items.after}" if items.after else ""
    return show(
        request, home, "portal/home_items.html", {"items": items, "title": title, "way": name, "next_url": next_url, "is_later": after is not None}
    )


@at_home(READ)
def answers(request: HttpRequest, home: Home) -> HttpResponse:
    after: Answer | None = _after(request, own_answers(home.place), "pk")
    here, revealed = home.place, answers_in_place(home.place)
    rows = answers_of(own_answers(here), participant=here.participant, now=home.now, other=home.other, limit=PAGE + 1, after=after, revealed=revealed)
    next_url = f"{home.to('answers')}?after={rows[PAGE - 1].number}" if len(rows) > PAGE else ""
    part = portal_selectors.taking_part(here.relationship, events_in(here), prompts_in(here), revealed, now=home.now)
    context = {"answers": rows[:PAGE], "next_url": next_url, "is_later": after is not None, "part": part}
    return show(request, home, "portal/home_answers.html", context)


def _after(request: HttpRequest, rows: Any, field: str) -> Any:
    """The row that the page before ended with; only one that this person may see, else there is nothing here."""
    typed = request.GET.get("after", "")
    if not typed:
        return None
    if not (typed.isascii() and typed.isdigit()) or len(typed) > 18:
        raise NotFound
    row = rows.filter(**{field: int(typed)}).first()
    if row is None:
        raise NotFound
    return row


# How to be asked


@at_home(POST)
def preferences(request: HttpRequest, home: Home) -> HttpResponse:
    act = request.POST.get("act", "save")
    if act in ("stop", "resume"):
        (prompts.stop_mails if act == "stop" else prompts.resume_mails)(person=home.place.person, now=home.now)
        return done(home, "stopped" if act == "stop" else "resumed", "preferences")
    form = preferences_form(home, request.POST)
    if form.is_valid():
        try:
            set_preferences(home.place.person, form.wanted(), now=home.now)
            return done(home, "preferences", "preferences")
        except Invalid as error:
            name = {"ask_budget": "often", "less_often": "less"}.get(error.field, error.field)
            form.add_error(name if name in form.fields else None, error.sentence)
    return show_home(request, home, preferences=form, status=422)


# Taking it along, and leaving


@at_home(POST, also_left=True)
def data(request: HttpRequest, home: Home) -> HttpResponse:
    response = HttpResponse(everything_told(home.place, now=home.now), content_type="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="told-{home.today.isoformat()}.json"'
    response.headers["Cache-Control"] = "no-store, private"
    return response


@at_home(FORM)
def leave(request: HttpRequest, home: Home) -> HttpResponse:
    if request.method != "POST":
        return show(request, home, "portal/home_leave.html", {})
    leave_place(home.place, now=home.now)
    return redirect("portal:home")
