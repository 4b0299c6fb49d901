"""What a link in a mail opens. GET shows, POST records; no login, no cookie, no script, and a GET writes nothing at all.

The token is the authority: no cookie is read, so there is no CSRF token either. A browser that says that another site sent the form is
refused. Errors are answered here and not by the pages for members: whoever holds a dead link learns nothing about what it once opened.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from exchanges import wording
from exchanges.access import PromptDoor, person_for_stop_token, prompt_for_token, seat_of
from exchanges.charts import SideReading
from exchanges.models import Answer, Assurance, Beneficiary, EventKind, Owing, PromptKind, PromptState, Report, RevealRule
from exchanges.selectors.due import answer_points
from exchanges.selectors.prompts import Asking, asking, is_withdrawn, own_rating, since_lines
from exchanges.selectors.reveal import answer_words, before_after, reveal_of, shown_reading
from exchanges.selectors.rounds import RoundState, state_of
from exchanges.services import prompts, ratings
from exchanges.services.reports import Account
from exchanges.services.rounds import RoundAlreadyRevealed, RoundClosed, answer_check, skip_check
from relationships.models import Kind, SideRole
from valueledger.common.errors import Gone, Invalid, NotFound, ValueLedgerError
from valueledger.common.tenancy import within

REVEAL_READABLE = timedelta(days=14)  # after the close, by whoever answered
SAME_SITE = {"", "same-origin", "none"}
SEVEN = [(str(value), label) for value, label in ((3, "3"), (2, "2"), (1, "1"), (0, "0"), (-1, "-1"), (-2, "-2"), (-3, "-3"))]
REQUIRED = gettext_lazy("Choose one of these.")


class CrossSite(ValueLedgerError):
    code = "cross_site"
    status = 403
    sentence = "This form was sent from another site, so it was not taken. Open the link from your mail."


class CheckForm(forms.Form):
    balance = forms.ChoiceField(choices=SEVEN, required=False, widget=forms.RadioSelect)
    confirm = forms.BooleanField(required=False)
    sure = forms.ChoiceField(required=False, widget=forms.RadioSelect, label=gettext_lazy("How sure are you?"))
    guess = forms.ChoiceField(choices=SEVEN, required=False)
    sentence = forms.CharField(required=False, max_length=2000, widget=forms.Textarea, label=gettext_lazy("Anything to add?"))

    def __init__(self, *args: Any, other: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["balance"].label = _("Your answer")
        self.fields["sure"].choices = [(code.upper(), label) for code, label in wording.sure_choices()]  # type: ignore[attr-defined]
        labels = [(str(value), label) for value, label in wording.check_answers("they", other)]
        self.fields["guess"].choices = [("", _("I would rather not guess")), *labels]  # type: ignore[attr-defined]
        self.fields["guess"].label = wording.guess_question(other)

    def clean(self) -> dict[str, Any] | None:
        if not self.cleaned_data.get("balance") and not self.cleaned_data.get("confirm") and "balance" not in self.errors:
            self.add_error("balance", _("Choose one of the seven answers."))
        return self.cleaned_data


class RatingForm(forms.Form):
    expected = forms.ChoiceField(
        widget=forms.RadioSelect, label=gettext_lazy("How did it compare with what you expected?"), error_messages={"required": REQUIRED}
    )
    worth = forms.ChoiceField(
        widget=forms.RadioSelect, label=gettext_lazy("What was it worth to you?"),
        help_text=gettext_lazy("In your own terms. Below zero means it got in the way."), error_messages={"required": REQUIRED},
    )  # fmt: skip
    arrived = forms.ChoiceField(required=False, widget=forms.RadioSelect, label=gettext_lazy("What arrived?"))
    owing = forms.ChoiceField(required=False, widget=forms.RadioSelect, label=gettext_lazy("How does it leave you?"))
    beneficiary = forms.ChoiceField(required=False, widget=forms.RadioSelect, label=gettext_lazy("Whom did it help?"))
    sentence = forms.CharField(required=False, max_length=2000, widget=forms.Textarea, label=gettext_lazy("What made it so?"))

    def __init__(self, *args: Any, party: str = "", has_debts: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["expected"].choices = wording.expectation_choices()  # type: ignore[attr-defined]
        self.fields["worth"].choices = wording.worth_choices()  # type: ignore[attr-defined]
        self.fields["arrived"].choices = wording.arrived_choices()  # type: ignore[attr-defined]
        self.fields["owing"].choices = [(Owing.GLAD, _("Glad")), (Owing.OWING, _("It feels like I owe"))]  # type: ignore[attr-defined]
        self.fields["beneficiary"].choices = [(Beneficiary.PERSON, _("Me")), (Beneficiary.ORGANISATION, party or _("All of us"))]  # type: ignore[attr-defined]
        if not has_debts:  # a gift opens no debt, and between friends none is kept
            del self.fields["owing"]

    def account(self) -> Account:
        data = self.cleaned_data
        return Account(
            word=int(data["worth"]), expectation=data["expected"], arrived=data["arrived"], owing=data.get("owing", ""), beneficiary=data["beneficiary"],
            sentence=data["sentence"],
        )  # fmt: skip


View = Callable[..., HttpResponse]


def by_link(view: View) -> View:
    """Open to whoever holds the link, and answered in the words of the portal, also when something is wrong."""

    @csrf_exempt
    @login_not_required
    @require_http_methods(["GET", "HEAD", "POST"])
    @wraps(view)
    def opened(request: HttpRequest, token: str) -> HttpResponse:
        try:
            if request.method == "POST" and request.headers.get("Sec-Fetch-Site", "") not in SAME_SITE:
                raise CrossSite
            return view(request, token)
        except NotFound:
            return page(request, "portal/not_found.html", {}, status=404)
        except Gone:
            return page(request, "410.html", {}, status=410)
        except ValueLedgerError as error:
            return page(request, "portal/refused.html", {"sentence": error.sentence}, status=error.status)

    return opened


def page(request: HttpRequest, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """Without a CSRF token: asking for one would set a cookie."""
    response = render(request, template, {**context, "csrf_token": "", "member": None, "messages": ()}, status=status)
    response.headers["Cache-Control"] = "no-store, private"  # the rest of the headers stands on every answer to a link
    return response


@by_link
def prompt(request: HttpRequest, token: str) -> HttpResponse:
    now = timezone.now()
    door = prompt_for_token(token, now=now)
    with within(door.workspace_id):
        asked = asking(door.prompt, now)
        if request.method == "POST" and request.POST.get("act") == "not_me":
            prompts.not_me(prompt=door.prompt, token=door.token, now=now)
            return page(request, "portal/not_me.html", {"asked": asked, "workspace_name": asked.workspace_name})
        try:
            handle = check if door.prompt.kind == PromptKind.CHECK else rating
            return handle(Visit(request, token, door, asked, now))
        except Gone:
            return page(request, "410.html", {"workspace_name": asked.workspace_name}, status=410)


class Visit:
    """One request through one link."""

    def __init__(self, request: HttpRequest, token: str, door: PromptDoor, asked: Asking, now: Any) -> None:
        self.request, self.token, self.door, self.asked, self.now = request, token, door, asked, now
        self.prompt = door.prompt

    @property
    def is_post(self) -> bool:
        return self.request.method == "POST"

    @property
    def act(self) -> str:
        return self.request.POST.get("act", "answer")

    def asks_for(self, name: str) -> bool:
        return name in self.request.GET

    def show(self, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
        common = {
            "asked": self.asked, "workspace_name": self.asked.workspace_name, "today": self.asked.today, "action": self.address,
            "change_url": f"{self.address}?change", "masked_address": wording.masked_address(self.asked.address),
        }  # fmt: skip
        return page(self.request, template, {**common, **context}, status)

    @property
    def address(self) -> str:
        return reverse("portal:prompt", args=[self.token])

    def back(self, query: str = "") -> HttpResponse:
        return redirect(f"{self.address}?{query}" if query else self.address)


# A check


def check(visit: Visit) -> HttpResponse:
    assert visit.prompt.round is not None
    state = state_of(visit.prompt.round, visit.now)
    answer = next((row for row in state.answers if row.participant_id == visit.prompt.participant_id), None)
    if visit.door.is_over and not (state.is_revealed and visit.prompt.closes_at > visit.now):
        of_an_employee = visit.asked.kind == Kind.EMPLOYEE and visit.prompt.side == SideRole.OWN  # which page comes would tell whether they answered
        if answer and state.is_revealed and not of_an_employee and not visit.is_post and visit.now < visit.prompt.closes_at + REVEAL_READABLE:
            return revealed(visit, state, is_closed=True)
        raise RoundClosed
    if visit.is_post:
        return post_check(visit, state, answer)
    if state.is_revealed:
        return revealed(visit, state)
    if visit.prompt.state == PromptState.SKIPPED and answer is None and not visit.asks_for("change"):
        return visit.show("portal/skipped.html", {})
    if answer is None or visit.asks_for("change"):
        return ask(visit, check_form(visit, answer))
    return thanks(visit, state, answer) if visit.asks_for("sent") else answered(visit, answer)


def post_check(visit: Visit, state: RoundState, answer: Answer | None) -> HttpResponse:
    seat = seat_of(visit.prompt)
    if state.is_revealed:
        return revealed(visit, state, refused=True)
    if visit.act == "skip":
        skip_check(seat=seat, now=visit.now)
        return visit.back()
    form = CheckForm(visit.request.POST, other=visit.asked.other_short)
    if not form.is_valid():
        return ask(visit, form, status=422)
    data = form.cleaned_data
    try:
        recorded = answer_check(
            seat=seat, value=data["balance"] or None, confirm=data["confirm"], guess=data["guess"] or None, sureness=data["sure"], sentence=data["sentence"],
            assurance=Assurance.LINK, now=visit.now,
        )  # fmt: skip
    except RoundAlreadyRevealed:
        return revealed(visit, state_of(seat.round, visit.now), refused=True)
    except Invalid as error:
        form.add_error({"value": "balance", "sureness": "sure"}.get(error.field, error.field) or None, error.sentence)
        return ask(visit, form, status=422)
    return visit.back("sent" if recorded.counts else "twice")


def check_form(visit: Visit, answer: Answer | None) -> CheckForm:
    """Chosen beforehand is only what the person clicked in the mail, or said before."""
    initial: dict[str, Any] = {}
    if answer is not None:
        points = answer_points(answer)
        initial = {"sure": answer.sureness, "sentence": answer.text.sentence if hasattr(answer, "text") else ""}
        if answer.y_micro is not None and points == int(points):
            initial["balance"] = str(int(points))
        if answer.guess_micro is not None and answer.guess_micro % 1_000_000 == 0:
            initial["guess"] = str(answer.guess_micro // 1_000_000)
    clicked = visit.request.GET.get("answer", "")
    if clicked in dict(SEVEN):
        initial["balance"] = clicked
    return CheckForm(initial=initial, other=visit.asked.other_short)


def ask(visit: Visit, form: CheckForm, status: int = 200) -> HttpResponse:
    asked = visit.asked
    shown = shown_reading(asked)
    return visit.show(
        "portal/check.html",
        {
            "form": form,
            "last_line": wording.last_told(asked.first_name or _("Hello"), asked.last_answered_on, asked.today),
            "question": wording.check_question(asked.other_short),
            "since": since_lines(asked),
            "shown": shown,
            "shown_says": _you(shown) if shown else "",
            "is_personal": asked.kind == Kind.PERSONAL,
            "was_skipped": visit.prompt.state == PromptState.SKIPPED,
            "twice": visit.asks_for("twice"),
        },
        status,
    )


def _you(reading: SideReading) -> str:
    return wording.side_sentence(reading, "own" if reading.is_own else "counterpart")


def thanks(visit: Visit, state: RoundState, answer: Answer) -> HttpResponse:
    open_others = [seat for seat in state.open_seats if seat.participant_id != visit.prompt.participant_id]
    return visit.show(
        "portal/thanks.html",
        {
            "said": answer_words(answer),
            "answered_on": answer.answered_on,
            "picture": None if visit.asked.kind == Kind.PERSONAL else before_after(visit.asked, answer),
            "soon": state.round.reveal_rule != RevealRule.BOTH and not open_others and bool(state.answers_of(1 - visit.prompt.side)),
            "is_employee": visit.asked.kind == Kind.EMPLOYEE,
        },
    )


def answered(visit: Visit, answer: Answer) -> HttpResponse:
    sentence = (
        _("On {day} you said: {words}").format(day=wording.day(answer.answered_on, visit.asked.today), words=_inner(answer_words(answer))) + "."
    )
    return visit.show("portal/answered.html", {"sentence": sentence})


def _inner(sentence: str) -> str:
    """A sentence within a sentence begins small."""
    return sentence[:1].lower() + sentence[1:]


def revealed(visit: Visit, state: RoundState, *, refused: bool = False, is_closed: bool = False) -> HttpResponse:
    """Both answers. Once the round has closed, the question is gone (410) but whoever answered it can still read what both said."""
    context = {
        "reveal": reveal_of(visit.asked, state),
        "refused": RoundAlreadyRevealed.sentence if refused else "",
        "is_closed": is_closed,
        "is_personal": visit.asked.kind == Kind.PERSONAL,
    }
    return visit.show("portal/revealed.html", context, status=410 if is_closed else 409 if refused else 200)


# A rating


def rating(visit: Visit) -> HttpResponse:
    if visit.door.is_over or is_withdrawn(visit.prompt.event):
        raise RoundClosed
    report = own_rating(visit.prompt)
    if visit.is_post:
        return post_rating(visit)
    if visit.prompt.state == PromptState.SKIPPED and report is None and not visit.asks_for("change"):
        return visit.show("portal/skipped.html", {})
    if report is None or visit.asks_for("change"):
        return rate(visit, rating_form(visit, report))
    template = "portal/thanks_rating.html" if visit.asks_for("sent") else "portal/answered.html"
    return visit.show(template, rated(visit, report))


def post_rating(visit: Visit) -> HttpResponse:
    if visit.act == "skip":
        prompts.skip_rating(visit.prompt, now=visit.now)
        return visit.back()
    form = RatingForm(visit.request.POST, **rating_options(visit))
    if not form.is_valid():
        return rate(visit, form, status=422)
    try:
        report = ratings.rate(prompt=visit.prompt, account=form.account(), now=visit.now)
    except Invalid as error:
        form.add_error({"word": "worth", "expectation": "expected"}.get(error.field, error.field) or None, error.sentence)
        return rate(visit, form, status=422)
    return visit.back("sent" if report else "twice")


def rating_options(visit: Visit) -> dict[str, Any]:
    asked = visit.asked
    return {"party": asked.party_short, "has_debts": asked.kind != Kind.PERSONAL and asked.event_kind != EventKind.GIFT}


def rating_form(visit: Visit, report: Report | None) -> RatingForm:
    initial: dict[str, Any] = {}
    if report is not None:
        initial = {
            "expected": report.expectation, "worth": None if report.word is None else str(report.word), "arrived": report.arrived, "owing": report.owing,
            "beneficiary": report.beneficiary, "sentence": report.text.sentence if hasattr(report, "text") else "",
        }  # fmt: skip
    clicked = visit.request.GET.get("expected", "")
    if clicked in dict(wording.expectation_choices()):
        initial["expected"] = clicked
    return RatingForm(initial=initial, **rating_options(visit))


def rate(visit: Visit, form: RatingForm, status: int = 200) -> HttpResponse:
    asked = visit.asked
    about = wording.weekday_day(asked.event_on, asked.today) if asked.event_on else ""
    return visit.show(
        "portal/rate.html",
        {
            "form": form,
            "about": _("{name}, one question about {day}").format(name=asked.first_name or _("Hello"), day=about),
            "twice": visit.asks_for("twice"),
            "is_open": bool(form.is_bound and form.errors) or any(form.initial.get(name) for name in ("arrived", "owing", "beneficiary", "sentence")),
        },
        status,
    )


def rated(visit: Visit, report: Report) -> dict[str, Any]:
    said = wording.rating_answer(report.expectation, report.word)
    on = report.recorded_at.astimezone(visit.prompt.workspace.zone).date()
    return {"said": said, "sentence": _("On {day} you said: {words}").format(day=wording.day(on, visit.asked.today), words=_inner(said))}


# Whether we write at all


@by_link
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """Stop the mails, or let them come again. Mail systems post here by themselves (RFC 8058), without a cookie and without asking back."""
    now = timezone.now()
    door = person_for_stop_token(token, now=now)
    with within(door.workspace_id):
        person = door.person
        if request.method == "POST":
            act = prompts.resume_mails if request.POST.get("act") == "resume" else prompts.stop_mails
            act(person=person, now=now)
            person.refresh_from_db(fields=["suppressed_at"])
        address = wording.masked_address(person.text.email) if hasattr(person, "text") else ""
        context = {"is_stopped": person.suppressed_at is not None, "masked_address": address, "workspace_name": person.workspace.name}
        return page(request, "portal/stop.html", context)
