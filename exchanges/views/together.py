"""Goals that both sides share and what each stands for: the page of the desk, and what it has in common with the portal's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from exchanges.access import as_uuid, relationship_for
from exchanges.forms.together import GoalForm, StanceForm
from exchanges.models import GoalMove
from exchanges.selectors.readings import names_of
from exchanges.selectors.together import goal_in, stance_of, together_of
from exchanges.services.speakers import speak_for_us
from exchanges.services.together import agree_goal, close_goal, propose_goal, say_stance
from exchanges.views.desk import FORM, carry_out, desk_of, go, show
from relationships.models import Participant, Relationship, SideRole
from valueledger.common.errors import Conflict, NotFound
from valueledger.common.idempotency import new_key

Speak = Callable[[], Participant]
SAID = {
    "agree": "Agreed. It is a goal of both sides now.",
    "reached": "Reached. Both sides see it.",
    "given_up": "Given up. Both sides see it.",
}


def move_goal(relationship: Relationship, posted: QueryDict, author: Speak, now: datetime) -> str:
    """Agree to a goal, or close it. Returns what was done."""
    act = posted.get("act", "")
    if act not in SAID:
        raise NotFound
    goal = goal_in(relationship, as_uuid(posted.get("goal", "")))
    if act == "agree":
        agree_goal(goal=goal, author=author(), now=now)
    else:
        close_goal(goal=goal, author=author(), step=GoalMove[act.upper()], now=now)
    return act


def propose(form: GoalForm, author: Participant, now: datetime) -> str:
    return str(propose_goal(author=author, what=form.cleaned_data["what"], by_on=form.cleaned_data["by_on"], now=now).public_id)


def stance(form: StanceForm, author: Participant, now: datetime) -> str:
    return str(say_stance(author=author, lines=form.lines(), now=now).public_id)


def forms_of(relationship: Relationship, side: SideRole, posted: QueryDict | None, today: Any) -> tuple[GoalForm, StanceForm]:
    """Both, the one that was sent with what was typed."""
    act = posted.get("act", "propose") if posted is not None else ""
    goal = (
        GoalForm(posted, today=today, auto_id="goal_%s") if act == "propose" else GoalForm(initial={"key": new_key()}, today=today, auto_id="goal_%s")
    )
    said = StanceForm(posted, auto_id="stance_%s") if act == "stance" else StanceForm(lines=stance_of(relationship, side).lines, auto_id="stance_%s")
    return goal, said


@require_http_methods(FORM)
def together(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """`act` in the form: propose, agree, reached, given_up, stance."""
    desk = desk_of(request)
    reading = relationship_for(desk.member, public_id)
    row, here = reading.relationship, reverse("desk:together", args=[public_id])
    posted = request.POST if request.method == "POST" else None
    goal_form, stance_form = forms_of(row, SideRole.OWN, posted, desk.today)
    if posted is not None:
        if not reading.may_write:
            raise NotFound
        done = ""
        try:
            if goal_form.is_bound:
                saved = goal_form.is_valid() and carry_out(request, desk, goal_form, lambda: propose(goal_form, _author(reading, desk.now), desk.now))
                done = "Proposed. It is a goal of both sides when they agree." if saved else ""
            elif stance_form.is_bound:
                saved = stance_form.is_valid() and carry_out(
                    request, desk, stance_form, lambda: stance(stance_form, _author(reading, desk.now), desk.now)
                )
                done = "Said. They see it." if saved else ""
            else:
                done = SAID[move_goal(row, posted, lambda: _author(reading, desk.now), desk.now)]
        except Conflict as error:
            messages.warning(request, error.sentence)
            return go(request, here)
        if done:
            messages.success(request, done)
            return go(request, here)
    context = {
        "reading": reading, "relationship": row, "names": names_of(row), "together": together_of(row), "goal_form": goal_form, "stance_form": stance_form,
        "may_propose": reading.may_write and row.is_going_on,
    }  # fmt: skip
    return show(request, "desk/together.html", desk, context, nav="relationships", status=200 if posted is None else 422)


def _author(reading: Any, now: datetime) -> Participant:
    voice = speak_for_us(reading=reading, now=now)
    assert voice.participant is not None
    return voice.participant
