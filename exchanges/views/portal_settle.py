"""What became of a promise, behind a link or on the own page."""

from django.http import HttpResponse
from django.utils.translation import gettext as _

from exchanges import wording
from exchanges.access import Voice
from exchanges.forms.settling import SettleForm
from exchanges.models import Became, PromptState, Settlement
from exchanges.selectors.settling import answer_to, is_moot
from exchanges.services import prompts
from exchanges.services.rounds import RoundClosed
from exchanges.services.settling import settle, why_it_stays_for
from exchanges.views.portal_visit import Visit
from exchanges.wording.settling import became_choices, became_said, why_it_stays
from valueledger.common.errors import Invalid


def settlement(visit: Visit) -> HttpResponse:
    if visit.door.is_over:
        raise RoundClosed
    said = answer_to(visit.prompt)
    if said is None and is_moot(visit.prompt):
        raise RoundClosed
    if visit.is_post:
        return post_settlement(visit, said)
    if said is not None and not (visit.asks_for("change") and visit.prompt.state != PromptState.ANSWERED):
        return visit.show("portal/settled.html", {**in_words(visit, said), "is_thanks": visit.asks_for("sent")})
    return visit.rest() if visit.rests() else ask(visit, settle_form(visit))


def post_settlement(visit: Visit, said: Settlement | None) -> HttpResponse:
    if visit.act == "skip" and said is None:
        prompts.skip_question(visit.prompt, now=visit.now)
        return visit.back()
    form = SettleForm(visit.request.POST, **options(visit))
    if not form.is_valid():
        return ask(visit, form, status=422)
    try:
        settle(
            prompt=visit.prompt, became=form.cleaned_data["became"], on=form.day(), voice=Voice(participant=visit.prompt.participant),
            assurance=visit.assurance, now=visit.now,
        )  # fmt: skip
    except Invalid as error:
        form.add_error(error.field if error.field in form.fields else None, error.sentence)
        return ask(visit, form, status=422)
    return visit.back("sent" if answer_to(visit.prompt) is not None else "twice")


def options(visit: Visit) -> dict[str, object]:
    return {"about": visit.prompt.public_id, "today": visit.asked.today, "is_on_its_way": visit.asked.is_on_its_way}


def settle_form(visit: Visit) -> SettleForm:
    """The answer that was clicked in the mail is chosen; nothing is written by that."""
    clicked = visit.request.GET.get("became", "")
    return SettleForm(initial={"became": clicked} if clicked in dict(became_choices()) else {}, **options(visit))


def ask(visit: Visit, form: SettleForm, status: int = 200) -> HttpResponse:
    asked = visit.asked
    about = _("{name}, one question about a promise").format(name=asked.first_name or _("Hello"))
    return visit.show("portal/settle.html", {"form": form, "about": about, "twice": visit.asks_for("twice")}, status)


def in_words(visit: Visit, said: Settlement) -> dict[str, str]:
    """What they said, and why the promise stays if they cannot take it back."""
    stays = ""
    if said.became == Became.WILL_NOT and not is_moot(visit.prompt):
        stays = why_it_stays(why_it_stays_for(visit.prompt, now=visit.now), visit.asked.other_short)
    on = said.recorded_at.astimezone(visit.prompt.workspace.zone).date()
    words = became_said(said.became, said.on, visit.asked.today)
    return {"said": _("On {day} you said: {words}").format(day=wording.day(on, visit.asked.today), words=words), "stays": stays}
