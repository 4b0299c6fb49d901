"""The page of one relationship, and the page behind its numbers."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from exchanges.access import Reading, events_for, put_rights_for, relationship_for, visible_answers, visible_reports
from exchanges.models import Answer, Report, SourceKind, View
from exchanges.selectors.answers import answers_in
from exchanges.selectors.balances import balance_of
from exchanges.selectors.checks import last_check
from exchanges.selectors.due import waiting_for
from exchanges.selectors.guesses import guesses_of
from exchanges.selectors.history import contributions_of
from exchanges.selectors.intents import intents_of
from exchanges.selectors.ledger import directions_of, half_seen, lines_of, open_gaps, open_round, person_name, versions_of
from exchanges.selectors.obligations import obligations_of
from exchanges.selectors.pages import answered_by, balance_now, chart_of, standing_of, why_of, with_pending, worth_showing
from exchanges.selectors.participation import participation_of
from exchanges.selectors.put_right import asked_of
from exchanges.selectors.readings import names_of
from exchanges.selectors.settling import said_of
from exchanges.selectors.terms import terms_of
from exchanges.selectors.together import agreed_goals
from exchanges.views.asking import asking_of
from exchanges.views.desk import READ, Desk, desk_of, show
from exchanges.views.requalify import worth_context
from exchanges.wording import due_reason
from exchanges.wording.settling import will_not
from relationships.models import Kind, SideRole
from valueledger.common.errors import NotFound

YEAR = timedelta(days=365)
FEW, MANY = 400, 2_000
SHOWS = ("", "gaps", "unheard", "pending")


@require_http_methods(READ)
def relationship(request: HttpRequest, public_id: UUID) -> HttpResponse:
    desk = desk_of(request)
    reading = relationship_for(desk.member, public_id)
    only = request.GET.get("show", "")
    older = request.GET.get("older") == "1"
    context = page_of(desk, reading, only=only if only in SHOWS else "", older=older)
    template = "desk/relationship_personal.html" if reading.relationship.kind == Kind.PERSONAL else "desk/relationship.html"
    return show(request, template, desk, context, nav="relationships", fragment="desk/_ledger.html")


def page_of(desk: Desk, reading: Reading, *, only: str, older: bool) -> dict[str, Any]:
    row, today = reading.relationship, desk.today
    names = names_of(row)
    reports = visible_reports(Report.objects.filter(relationship=row), reading.view, row.kind)
    events = events_for(reading)
    lines = lines_of(_newest(events, today, older), reports, with_facts=reading.view == View.OWN)
    answers = answers_in(visible_answers(Answer.objects.filter(relationship=row), reading.view, row.kind), reader=desk.member.person_id)
    balance = balance_now(row, view=reading.view, today=today, now=desk.now)
    standing = standing_of(balance, names, kind=row.kind, today=today, gaps=open_gaps(lines, today=today), answered_by=answered_by(answers, balance))
    is_employee = row.kind == Kind.EMPLOYEE
    knowing = guesses_of(reports, visible_answers(Answer.objects.filter(relationship=row), reading.view, row.kind), guesser=SideRole.OWN)
    took_part = participation_of(row, events, reader=SideRole.OWN, now=desk.now)
    theirs, ours = directions_of(lines, only)
    terms = terms_of(row, on=today)
    return {
        "reading": reading,
        "relationship": row,
        "names": names,
        "standing": standing,
        "intents": intents_of(row, today=today),
        "terms": terms,
        "obligations": obligations_of(row, events, reports, terms, today=today),
        "will_not": will_not_in(lines, desk),
        "chart": None if row.kind == Kind.PERSONAL else chart_of(row, standing, names, lines, answers, view=reading.view, today=today),
        "chart_from": today - YEAR,
        "directions": [theirs, ours],
        "entries": sorted((entry for one in (theirs, ours) for entry in one.entries), key=lambda entry: entry.line.on, reverse=True),
        "counts": _counts(lines, is_employee),
        "only": only,
        "older": older,
        "half": half_seen(events) if lines else "",
        "pending": None if row.kind == Kind.PERSONAL else with_pending(row, balance, names, lines, view=reading.view, today=today),
        "promises": sorted(
            (line for line in lines if not line.has_arrived), key=lambda line: (line.expected_on is None, line.expected_on, line.event_id)
        ),
        "round": open_round(row, now=desk.now),
        "put_rights": asked_of(put_rights_for(desk.member).filter(relationship=row).open()),  # type: ignore[attr-defined]
        "knowing": knowing if knowing.has_any else None,
        "participation": [took_part[side] for side in (SideRole.COUNTERPART, SideRole.OWN) if side in took_part],
        "goals": agreed_goals(row),
        "last_check": last_check(row, names, reader=desk.member.person_id, now=desk.now),
        "waiting": any(prompt.relationship_id == row.public_id for prompt in waiting_for(desk.member, desk.now)) if reading.may_write else False,
        "they_due": None if is_employee else balance.counterpart.due_on,
        "we_due": balance.own.due_on,
        "they_why": due_reason(balance.counterpart.due_reason),
        "we_why": due_reason(balance.own.due_reason),
        "is_employee": is_employee,
        **asking_of(desk, reading),
        **worth_context(desk, reading),
    }


def will_not_in(lines: Any, desk: Desk) -> dict[int, str]:
    """Of promises that stand although somebody said that they will not be kept, by event."""
    found = said_of([line.event_id for line in lines if not line.has_arrived])
    zone = desk.member.workspace.zone
    return {pk: will_not(person_name(said.participant), said.recorded_at.astimezone(zone).date(), desk.today) for pk, said in found.items()}


def _newest(events: Any, today: Any, older: bool) -> Any:
    """Twelve months, what is still to come, and on demand what lies before."""
    versions = versions_of(events).order_by("-occurred_on", "-event_id")
    return versions[:MANY] if older else versions.filter(occurred_on__gte=today - YEAR)[:FEW]


def _counts(lines: Any, is_employee: bool) -> dict[str, int]:
    """An employee's silence is the employee's own: it is counted nowhere."""
    both = directions_of(lines)
    return {
        "gaps": sum(one.gaps for one in both),
        "unheard": sum(one.unheard for one in both if not (is_employee and one.is_ours)),
        "pending": sum(1 for line in lines if not line.has_arrived),
        "all": len(lines),
    }


@require_http_methods(READ)
def why(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Which entries and answers a side's number is made of. ?side=own or counterpart."""
    desk = desk_of(request)
    reading = relationship_for(desk.member, public_id)
    row = reading.relationship
    if row.kind == Kind.PERSONAL:
        raise NotFound  # no numbers, so nothing behind them
    side = SideRole.OWN if request.GET.get("side", "own") == "own" else SideRole.COUNTERPART
    names = names_of(row)
    balance = balance_of(row, view=reading.view, as_of=desk.today)
    answers = answers_in(visible_answers(Answer.objects.filter(relationship=row), reading.view, row.kind), reader=desk.member.person_id)
    standing = standing_of(balance, names, kind=row.kind, today=desk.today, answered_by=answered_by(answers, balance))
    shown = standing.we if side == SideRole.OWN else standing.they
    context = {
        "reading": reading,
        "relationship": row,
        "names": names,
        "side": shown,
        "is_own": side == SideRole.OWN,
        "other": "counterpart" if side == SideRole.OWN else "own",
    }
    if not shown.is_private:
        parts = contributions_of(row, view=reading.view, side=side, as_of=desk.today)
        shown_parts, rest = worth_showing(parts, everything=request.GET.get("all") == "1")
        reports = visible_reports(Report.objects.filter(relationship=row), reading.view, row.kind)
        events = events_for(reading).filter(pk__in={part.source_id for part in shown_parts if part.source_kind == SourceKind.EVENT})
        lines = {line.event_id: line for line in lines_of(versions_of(events), reports)}
        context["why"] = why_of(shown_parts, rest, lines, {answer.answer_id: answer for answer in answers}, side=side)
        context["unheard"] = _unheard(reading, reports, side, desk)
        context["balance"] = balance
        context["estimate"] = balance.side(side)
    return show(request, "desk/why.html", desk, context, nav="relationships")


def _unheard(reading: Reading, reports: Any, side: SideRole, desk: Desk) -> Any:
    """What this side received and has not rated: it is missing from the number, not zero in it."""
    lines = lines_of(_newest(events_for(reading), desk.today, False), reports)
    theirs, ours = directions_of(lines, "unheard")
    return (theirs if side == SideRole.OWN else ours).entries
