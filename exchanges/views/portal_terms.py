"""What matters to a side, asked of somebody who speaks for it: ten points, shared out in their own words."""

from django.http import HttpResponse
from django.utils.translation import gettext as _

from exchanges import wording
from exchanges.forms.intents import IntentForm
from exchanges.forms.portal import OwnTermsForm
from exchanges.models import PromptState
from exchanges.selectors.catalogue import kind_names
from exchanges.selectors.intents import SaidIntent, intents_of
from exchanges.selectors.prompts import own_units
from exchanges.selectors.terms import Terms, terms_of
from exchanges.services import prompts
from exchanges.services.rounds import RoundClosed
from exchanges.services.terms_prompts import say_terms
from exchanges.views.portal_visit import Visit
from valueledger.common.errors import Invalid


def terms(visit: Visit) -> HttpResponse:
    if visit.door.is_over:
        raise RoundClosed
    said = terms_of(visit.prompt.relationship, on=visit.asked.today)[visit.prompt.side]
    if visit.is_post:
        return post_terms(visit, said)
    if visit.rests():
        return visit.rest()
    if visit.prompt.state == PromptState.ANSWERED and not visit.asks_for("change"):
        return visit.show("portal/terms_said.html", {"said": said, "is_thanks": visit.asks_for("sent"), "meant": meant_by_theirs(visit)})
    return ask(visit, OwnTermsForm.of(said.lines), said)


def meant_by_theirs(visit: Visit) -> SaidIntent | None:
    """What the side that is asked said it means it to be."""
    both = intents_of(visit.prompt.relationship, today=visit.asked.today)
    return both.own if visit.asked.is_own else both.theirs


def post_terms(visit: Visit, said: Terms) -> HttpResponse:
    if visit.act == "skip":
        prompts.skip_question(visit.prompt, now=visit.now)
        return visit.back()
    if visit.act == "more":
        return ask(visit, OwnTermsForm.with_more_rows(visit.request.POST), said)
    form, meant = OwnTermsForm.sent(visit.request.POST), IntentForm(visit.request.POST, is_asked_along=True)
    if not (form.is_valid() and meant.is_valid()):
        return ask(visit, form, said, status=422)
    try:
        say_terms(prompt=visit.prompt, lines=form.matters(), now=visit.now, intent=meant.cleaned_data["intent"])
    except Invalid as error:
        form.add_error(None, error.sentence)
        return ask(visit, form, said, status=422)
    return visit.back("sent")


def ask(visit: Visit, form: OwnTermsForm, said: Terms, status: int = 200) -> HttpResponse:
    asked = visit.asked
    name = asked.first_name or _("Hello")
    last = (
        _("{name}, you last said it on {day}").format(name=name, day=wording.day(said.said_on, asked.today)) if said.said_on and said.said_by else ""
    )
    context = {
        "form": form,
        "question": wording.terms_question(asked.other_short),
        "last_line": last or wording.last_told(name, None, asked.today),
        "kinds": kind_names(visit.prompt.workspace, side_id=said.side.pk),
        "units": own_units(visit.prompt),
        "intent_form": IntentForm(visit.request.POST if visit.is_post else None, is_asked_along=True),
        "meant": meant_by_theirs(visit),
    }
    return visit.show("portal/terms.html", context, status)
