"""One thing more, once a check is answered: what its author would like to do for the other side. Behind the link of the question."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from exchanges.access import seat_of
from exchanges.forms.together import PromiseForm
from exchanges.selectors.commitments import Promised, own_promises
from exchanges.selectors.rounds import RoundState
from exchanges.services.commitments import PROMISE_WITHIN, NotFromACheck, may_promise, promise, take_back
from exchanges.views.portal_visit import Visit
from relationships.models import Kind
from valueledger.common.errors import Invalid

ACTS = ("promise", "take_back")


@dataclass(frozen=True)
class PromiseOffer:
    form: PromiseForm
    held: Promised | None
    is_over: bool  # the check is over: what is promised now is told at once
    closes_on: date


def offer_of(visit: Visit, state: RoundState, form: PromiseForm | None = None) -> PromiseOffer | None:
    """For whoever has answered; never to an employee, whose promises stand apart from their answers."""
    answered = any(row.participant_id == visit.prompt.participant_id for row in state.answers)
    if not answered or not may_promise(seat_of(visit.prompt), visit.prompt.relationship):
        return None
    if state.outcome_at is not None and visit.now >= state.outcome_at + PROMISE_WITHIN:
        return None
    held = own_promises([state.round.pk], visit.prompt.participant.person_id).get(state.round.pk)
    initial = {"what": held.what, "by_on": held.by_on} if held else {}
    return PromiseOffer(form or form_of(visit, state, initial=initial), held, state.is_closed, visit.asked.closes_on)


def form_of(visit: Visit, state: RoundState, **options: object) -> PromiseForm:
    first = visit.asked.today if state.is_closed else visit.asked.closes_on
    return PromiseForm(today=visit.asked.today, first=first, auto_id="promise_%s", **options)


def keep(visit: Visit, state: RoundState) -> PromiseForm | None:
    """Carry out what was sent. A form: it was refused, and says why."""
    seat = seat_of(visit.prompt)
    if not may_promise(seat, visit.prompt.relationship):
        raise NotFromACheck
    if visit.act == "take_back":
        take_back(seat=seat, now=visit.now)
        return None
    form = form_of(visit, state, data=visit.request.POST)
    if form.is_valid():
        try:
            promise(seat=seat, what=form.cleaned_data["what"], by_on=form.cleaned_data["by_on"], now=visit.now)
            return None
        except Invalid as error:
            form.add_error(error.field if error.field in form.fields else None, error.sentence)
    return form


def promises_later(visit: Visit) -> bool:
    """An employee is told where a promise has its place."""
    return visit.asked.kind == Kind.EMPLOYEE and not visit.asked.is_own
