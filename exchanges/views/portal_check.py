"""The check behind a link: asking, taking and changing an answer, and both answers once they are revealed."""

from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _

from exchanges import wording
from exchanges.access import seat_of
from exchanges.charts import SideReading
from exchanges.forms.portal import SEVEN, CheckForm
from exchanges.forms.together import PromiseForm
from exchanges.models import Answer, PromptState, RevealRule
from exchanges.selectors.due import answer_points
from exchanges.selectors.items import FIELDS, OfferedItem, chosen_before, items_of, offers_of, shown_items
from exchanges.selectors.prompts import since_lines
from exchanges.selectors.reveal import answer_words, before_after, reveal_of, shown_reading
from exchanges.selectors.rounds import RoundState, state_of
from exchanges.services.commitments import AnswerFirst
from exchanges.services.items import said_in
from exchanges.services.rounds import RoundAlreadyRevealed, RoundClosed, answer_check, skip_check
from exchanges.views import portal_promise
from exchanges.views.portal_visit import Visit, inner
from relationships.models import Kind, SideRole
from valueledger.common.errors import Invalid

REVEAL_READABLE = timedelta(days=14)  # after the close, by whoever answered


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
    if answer is None and visit.rests():
        return visit.rest()
    if answer is None or visit.asks_for("change"):
        return ask(visit, check_form(visit, answer))
    return thanks(visit, state, answer) if visit.asks_for("sent") or visit.asks_for("promised") else answered(visit, answer)


def post_check(visit: Visit, state: RoundState, answer: Answer | None) -> HttpResponse:
    seat = seat_of(visit.prompt)
    if visit.act in portal_promise.ACTS:
        if answer is None:
            raise AnswerFirst
        refused = portal_promise.keep(visit, state)
        if refused is None:
            return visit.back("promised")
        return revealed(visit, state, promise=refused) if state.is_revealed else thanks(visit, state, answer, promise=refused)
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
            assurance=visit.assurance, now=visit.now, items=said_in(offers_of(seat.round, seat.side), visit.request.POST),
        )  # fmt: skip
    except RoundAlreadyRevealed:
        return revealed(visit, state_of(seat.round, visit.now), refused=True)
    except Invalid as error:
        field = {"value": "balance", "sureness": "sure"}.get(error.field, error.field)
        form.add_error(field if field in form.fields else None, error.sentence)
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
            "beside": visit.beside("guess"),
            "is_personal": asked.kind == Kind.PERSONAL,
            "was_skipped": visit.prompt.state == PromptState.SKIPPED,
            "twice": visit.asks_for("twice"),
            "items": extras(visit),
        },
        status,
    )


def extras(visit: Visit) -> tuple[OfferedItem, ...]:
    """The optional questions, with what was typed or answered before."""
    round = visit.prompt.round
    assert round is not None
    offers = offers_of(round, visit.prompt.side)
    if visit.is_post:
        chosen = {name: visit.request.POST.get(name, "") for name in FIELDS.values()}
    else:
        own = Answer.objects.standing().filter(round=round, participant_id=visit.prompt.participant_id, first_hand=True)
        chosen = chosen_before(offers, [row for rows in items_of(list(own)).values() for row in rows])
    return shown_items(offers, visit.asked.other_short, chosen=chosen)


def _you(reading: SideReading) -> str:
    return wording.side_sentence(reading, "own" if reading.is_own else "counterpart")


def thanks(visit: Visit, state: RoundState, answer: Answer, *, promise: PromiseForm | None = None) -> HttpResponse:
    open_others = [seat for seat in state.open_seats if seat.participant_id != visit.prompt.participant_id]
    return visit.show(
        "portal/thanks.html",
        {
            "said": answer_words(answer),
            "answered_on": answer.answered_on,
            "picture": None if visit.asked.kind == Kind.PERSONAL else before_after(visit.asked, answer),
            "beside": visit.beside("after"),
            "soon": state.round.reveal_rule != RevealRule.BOTH and not open_others and bool(state.answers_of(1 - visit.prompt.side)),
            "is_employee": visit.asked.kind == Kind.EMPLOYEE,
            "promise": portal_promise.offer_of(visit, state, promise),
            "promises_later": portal_promise.promises_later(visit),
        },
        422 if promise else 200,
    )


def answered(visit: Visit, answer: Answer) -> HttpResponse:
    sentence = _("On {day} you said: {words}").format(day=wording.day(answer.answered_on, visit.asked.today), words=inner(answer_words(answer))) + "."
    return visit.show("portal/answered.html", {"sentence": sentence})


def revealed(visit: Visit, state: RoundState, *, refused: bool = False, is_closed: bool = False, promise: PromiseForm | None = None) -> HttpResponse:
    """Both answers. Once the round has closed, the question is gone (410) but whoever answered it can still read what both said."""
    context = {
        "reveal": reveal_of(visit.asked, state),
        "refused": RoundAlreadyRevealed.sentence if refused else "",
        "is_closed": is_closed,
        "beside": visit.beside("both"),
        "is_personal": visit.asked.kind == Kind.PERSONAL,
        "promise": None if is_closed else portal_promise.offer_of(visit, state, promise),
    }
    return visit.show("portal/revealed.html", context, status=410 if is_closed else 409 if refused else 422 if promise else 200)
