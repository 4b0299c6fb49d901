"""The rating of one event behind a link."""

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _

from exchanges import wording
from exchanges.forms.portal import RatingForm
from exchanges.models import EventKind, Report
from exchanges.selectors.prompts import is_withdrawn, own_rating, own_units, said_amount
from exchanges.services import prompts, ratings
from exchanges.services.rounds import RoundClosed
from exchanges.views.portal_visit import Visit, inner
from relationships.models import Kind
from valueledger.common.errors import Invalid


def rating(visit: Visit) -> HttpResponse:
    if visit.door.is_over or is_withdrawn(visit.prompt.event):
        raise RoundClosed
    report = own_rating(visit.prompt)
    if visit.is_post:
        return post_rating(visit)
    if report is None and visit.rests():
        return visit.rest()
    if report is None or visit.asks_for("change"):
        return rate(visit, rating_form(visit, report))
    template = "portal/thanks_rating.html" if visit.asks_for("sent") else "portal/answered.html"
    return visit.show(template, rated(visit, report))


def post_rating(visit: Visit) -> HttpResponse:
    if visit.act == "skip":
        prompts.skip_question(visit.prompt, now=visit.now)
        return visit.back()
    form = RatingForm(visit.request.POST, **rating_options(visit))
    if not form.is_valid():
        return rate(visit, form, status=422)
    try:
        report = ratings.rate(prompt=visit.prompt, account=form.account(), assurance=visit.assurance, now=visit.now)
    except Invalid as error:
        form.add_error({"word": "worth", "expectation": "expected", "typed_amount": "amount"}.get(error.field, error.field) or None, error.sentence)
        return rate(visit, form, status=422)
    return visit.back("sent" if report else "twice")


def rating_options(visit: Visit) -> dict[str, Any]:
    asked = visit.asked
    return {
        "party": asked.party_short,
        "is_alone": asked.kind != Kind.CLIENT and not asked.is_own,
        "has_debts": asked.kind != Kind.PERSONAL and asked.event_kind != EventKind.GIFT,
        "units": own_units(visit.prompt),
    }


def rating_form(visit: Visit, report: Report | None) -> RatingForm:
    initial: dict[str, Any] = {}
    if report is not None:
        initial = {
            "expected": report.expectation, "worth": None if report.word is None else str(report.word), "arrived": report.arrived, "owing": report.owing,
            "beneficiary": report.beneficiary, "amount": report.typed_amount and f"{report.typed_amount.normalize():f}",
            "unit": report.unit.name if report.unit else "", "sentence": report.text.sentence if hasattr(report, "text") else "",
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
            "has_amount": bool(form.initial.get("unit") or form["unit"].errors or form["amount"].errors or form["unit"].data),
            "is_open": bool(form.is_bound and form.errors) or any(form.initial.get(name) for name in ("arrived", "owing", "beneficiary", "sentence")),
        },
        status,
    )


def rated(visit: Visit, report: Report) -> dict[str, Any]:
    said = wording.rating_answer(report.expectation, report.word, said_amount(report))
    on = report.recorded_at.astimezone(visit.prompt.workspace.zone).date()
    return {"said": said, "sentence": _("On {day} you said: {words}").format(day=wording.day(on, visit.asked.today), words=inner(said))}
