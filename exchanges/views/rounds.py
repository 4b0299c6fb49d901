"""The checks of one relationship so far: who was asked, both answers, and how they compare. Kept for ever."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from exchanges.access import relationship_for, visible_answers, visible_reports
from exchanges.models import Answer, Report
from exchanges.selectors.checks import checks_of
from exchanges.selectors.guesses import guesses_of
from exchanges.selectors.readings import names_of
from exchanges.views.desk import READ, desk_of, show
from relationships.models import Kind, SideRole

MOST_DIGITS = 9


@require_http_methods(READ)
def checks(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """?before=12: the rounds before that number."""
    desk = desk_of(request)
    reading = relationship_for(desk.member, public_id)
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
    }
    return show(request, "desk/checks.html", desk, context, nav="relationships")
