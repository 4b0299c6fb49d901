"""The checks of one relationship so far: who was asked, both answers, and how they compare. Kept for ever."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from exchanges.access import Reading, events_for, relationship_for, visible_answers, visible_reports, voice_for
from exchanges.models import Answer, Prompt, PromptKind, Report
from exchanges.selectors.checks import checks_of
from exchanges.selectors.commitments import own_promises
from exchanges.selectors.guesses import guesses_of
from exchanges.selectors.participation import participation_of
from exchanges.selectors.readings import names_of
from exchanges.services.commitments import seat_to_promise_in
from exchanges.views.desk import READ, Desk, desk_of, show
from relationships.models import Kind, SideRole

MOST_DIGITS = 9


@require_http_methods(READ)
def checks(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """?before=12: the rounds before that number."""
    desk = desk_of(request)
    reading = relationship_for(desk.member, public_id)
    took_part = participation_of(reading.relationship, events_for(reading), reader=SideRole.OWN, now=desk.now)
    names = names_of(reading.relationship)
    typed = request.GET.get("before", "")
    before = int(typed) if typed.isascii() and typed.isdigit() and len(typed) <= MOST_DIGITS else None
    row, view = reading.relationship, reading.view
    knowing = guesses_of(
        visible_reports(Report.objects.filter(relationship=row), view, row.kind),
        visible_answers(Answer.objects.filter(relationship=row), view, row.kind),
        guesser=SideRole.OWN,
    )
    page = checks_of(reading.relationship, names, reader=desk.member.person_id, now=desk.now, before=before)
    context = {
        "reading": reading,
        "relationship": reading.relationship,
        "names": names,
        "page": page,
        "is_later_page": before is not None,
        "knowing": knowing if knowing.has_any and before is None else None,
        "is_personal": row.kind == Kind.PERSONAL,
        "is_employee": reading.relationship.kind == Kind.EMPLOYEE,
        "participation": [took_part[side] for side in (SideRole.COUNTERPART, SideRole.OWN) if side in took_part],
        **_room_to_promise(desk, reading),
    }
    return show(request, "desk/checks.html", desk, context, nav="relationships")


def _room_to_promise(desk: Desk, reading: Reading) -> dict[str, Any]:
    """For whoever answered the newest check: one thing more to do for the other side."""
    voice = voice_for(reading, today=desk.today) if reading.may_write else None
    seat = seat_to_promise_in(voice.participant, desk.now) if voice and voice.participant else None
    prompt = Prompt.objects.filter(round=seat.round, participant=seat.participant_id, kind=PromptKind.CHECK).first() if seat else None
    if seat is None or prompt is None:
        return {}
    zone, is_over = desk.member.workspace.zone, hasattr(seat.round, "posting")
    return {
        "prompt_id": prompt.public_id,
        "promised": own_promises([seat.round_id], desk.member.person_id or 0).get(seat.round_id),
        "promise_until": None if is_over else seat.round.closes_at.astimezone(zone).date(),
    }
