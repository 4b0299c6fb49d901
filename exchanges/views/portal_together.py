"""On the own page: goals that both sides share, what each stands for, and promising something to the other side."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy

from exchanges.forms.together import PromiseForm
from exchanges.models import RoundSeat
from exchanges.selectors.together import together_of
from exchanges.services.commitments import promise, promise_apart, seat_to_promise_in, waits_for_the_close
from exchanges.views.portal_door import FORM
from exchanges.views.portal_home import Home, at_home, carry_out, done, show
from exchanges.views.together import forms_of, move_goal, propose, stance
from relationships.models import SideRole
from valueledger.common.errors import NotFound
from valueledger.common.idempotency import new_key

DONE = {
    "proposed": gettext_lazy("Proposed. It is a goal of both when the other side agrees."),
    "agree": gettext_lazy("Agreed. It is a goal of both now."),
    "reached": gettext_lazy("Reached. Both sides see it."),
    "given_up": gettext_lazy("Given up. Both sides see it."),
    "stance": gettext_lazy("Said. The other side sees it."),
}


@at_home(FORM)
def together(request: HttpRequest, home: Home) -> HttpResponse:
    """`act` in the form: propose, agree, reached, given_up, stance."""
    row, author = home.place.relationship, home.place.participant
    posted = request.POST if request.method == "POST" else None
    goal_form, stance_form = forms_of(row, SideRole.COUNTERPART, posted, home.today)
    if posted is not None:
        code = ""
        if goal_form.is_bound:
            code = "proposed" if goal_form.is_valid() and carry_out(request, home, goal_form, lambda: propose(goal_form, author, home.now)) else ""
        elif stance_form.is_bound:
            code = "stance" if stance_form.is_valid() and carry_out(request, home, stance_form, lambda: stance(stance_form, author, home.now)) else ""
        else:
            code = move_goal(row, posted, lambda: author, home.now)
        if code:
            return redirect(f"{home.to('together')}?done={code}")
    context = {
        "together": together_of(row), "goal_form": goal_form, "stance_form": stance_form, "may_write": row.is_going_on,
        "done": DONE.get(request.GET.get("done", ""), ""),
    }  # fmt: skip
    return show(request, home, "portal/home_together.html", context, status=200 if posted is None else 422)


@at_home(FORM)
def promise_something(request: HttpRequest, home: Home) -> HttpResponse:
    """Kept with the answer as long as that is blind; otherwise told at once. For an employee it waits until no question is open."""
    row, participant = home.place.relationship, home.place.participant
    if not row.is_going_on:
        raise NotFound
    seat = seat_to_promise_in(participant, home.now)
    waits = seat is None and waits_for_the_close(row, participant, home.now)
    reads_on = seat.round.closes_at.astimezone(home.place.workspace.zone).date() if seat is not None and not hasattr(seat.round, "posting") else None
    posted = request.POST if request.method == "POST" else None
    form = PromiseForm(posted, initial={"key": new_key()}, today=home.today, first=reads_on or home.today)
    if posted is not None and form.is_valid() and carry_out(request, home, form, lambda: _promise(form, home, seat)):
        return done(home, "promised")
    context = {"form": form, "waits": waits and posted is None, "reads_on": reads_on}
    return show(request, home, "portal/home_promise.html", context, status=200 if posted is None else 422)


def _promise(form: PromiseForm, home: Home, seat: RoundSeat | None) -> str:
    what, by_on = form.cleaned_data["what"], form.cleaned_data["by_on"]
    if seat is not None:
        return str(promise(seat=seat, what=what, by_on=by_on, now=home.now).public_id)
    return str(promise_apart(participant=home.place.participant, what=what, by_on=by_on, now=home.now).public_id)
