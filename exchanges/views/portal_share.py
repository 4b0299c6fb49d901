"""Share this one answer: the page on which an employee shows one answer or rating of their own to the other side, for good."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from exchanges import wording
from exchanges.access import event_in, own_answers, prompt_for_token
from exchanges.models import Answer, EventVersion, PromptKind, Report, ReportRole
from exchanges.selectors.due import MICRO, nearest_answer
from exchanges.selectors.items import item_lines, items_of
from exchanges.selectors.prompts import asking, own_rating
from exchanges.selectors.readings import Names
from exchanges.selectors.reveal import answer_words
from exchanges.services.disclosing import NothingToShare, share_answer, share_report
from exchanges.views.portal_door import FORM
from exchanges.views.portal_home import Home, at_home, show
from exchanges.views.portal_visit import Visit, by_link
from relationships.models import Kind, Participant, Relationship
from valueledger.common.errors import NotFound
from valueledger.common.tenancy import within


@by_link
def share(request: HttpRequest, token: str) -> HttpResponse:
    """Open as long as the link is known, also after the question has closed."""
    now = timezone.now()
    door = prompt_for_token(token, now=now)
    with within(door.workspace_id):
        visit = Visit(request, token, door, asking(door.prompt, now), now)
        if visit.asked.kind != Kind.EMPLOYEE or visit.asked.is_own:
            raise NotFound
        answer = own_answer(visit) if visit.prompt.kind == PromptKind.CHECK else None
        report = own_rating(visit.prompt) if visit.prompt.kind == PromptKind.RATING else None
        if visit.is_post:
            share_one(visit.prompt.participant, answer, report, now=now)
            return redirect(f"{request.path}?shared")
        context = context_of(request, visit.prompt.relationship, visit.asked.names, answer, report, now=now, about=visit.asked.event_text)
        return visit.show("portal/share.html", context | {"back_url": visit.address, "back_label": _("Back to your answer")})


@at_home(FORM)
def share_an_answer(request: HttpRequest, home: Home, answer_id: UUID) -> HttpResponse:
    """On the own page: one answer that this person gave and that stands."""
    rows = own_answers(home.place).filter(round__isnull=False).select_related("confirms_shown", "text", "disclosure", "round")
    return _share_here(request, home, answer=rows.filter(public_id=answer_id).first())


@at_home(FORM)
def share_a_rating(request: HttpRequest, home: Home, event_id: UUID) -> HttpResponse:
    """On the own page: what this person said an event was worth."""
    event = event_in(home.place, event_id)
    mine = Report.objects.standing().filter(event=event, participant=home.place.participant, role=ReportRole.GOT, first_hand=True)
    version = EventVersion.objects.current().filter(event=event).select_related("text").first()
    about = version.text.what if version is not None and hasattr(version, "text") else ""
    return _share_here(request, home, report=mine.select_related("text", "disclosure").first(), about=about)


def _share_here(request: HttpRequest, home: Home, *, answer: Answer | None = None, report: Report | None = None, about: str = "") -> HttpResponse:
    if home.kind != Kind.EMPLOYEE or (answer is None and report is None):
        raise NotFound
    if request.method == "POST":
        share_one(home.place.participant, answer, report, now=home.now)
        return redirect(f"{request.path}?shared")
    context = context_of(request, home.place.relationship, home.names, answer, report, now=home.now, about=about)
    return show(request, home, "portal/share.html", context | {"back_url": home.url, "back_label": _("Your page")})


def share_one(participant: Participant, answer: Answer | None, report: Report | None, *, now: datetime) -> None:
    if answer is not None:
        share_answer(participant=participant, answer=answer, now=now)
    elif report is not None:
        share_report(participant=participant, report=report, now=now)
    else:
        raise NothingToShare


def own_answer(visit: Visit) -> Answer | None:
    """The answer that this link gave and that stands."""
    standing = Answer.objects.standing().filter(round_id=visit.prompt.round_id, participant_id=visit.prompt.participant_id, first_hand=True)
    return standing.select_related("confirms_shown", "text", "disclosure", "round").first()


def context_of(
    request: HttpRequest, relationship: Relationship, names: Names, answer: Answer | None, report: Report | None, *, now: datetime, about: str
) -> dict[str, Any]:
    """What would be shared or is, with whom, and whether that waits for the close of its check."""
    said, zone, steward = answer or report, relationship.workspace.zone, relationship.steward
    shared = getattr(said, "disclosure", None)
    closes_at = answer.round.closes_at if answer is not None and answer.round is not None else None
    context: dict[str, Any] = {
        "has_something": said is not None,
        "shared_on": shared.at.astimezone(zone).date() if shared else None,
        "just_now": "shared" in request.GET,
        "sentence": said.text.sentence if said is not None and hasattr(said, "text") else "",
        "is_open": closes_at is not None and closes_at > now,
        "closes_on": closes_at.astimezone(zone).date() if closes_at is not None else None,
        "share_action": request.path,
        "reader_name": steward.user.name if steward and steward.user.name else names.own_short,
    }
    if answer is not None:
        besides = item_lines([answer], [], items_of([answer]))
        context |= {"said": answer_words(answer) + ".", "guess": guess_words(names, answer), "besides": besides}
    elif report is not None:
        context |= {"said": wording.rating_answer(report.expectation, report.word), "about": about}
    return context


def guess_words(names: Names, answer: Answer) -> str:
    if answer.guess_micro is None:
        return ""
    return wording.check_answer(nearest_answer(answer.guess_micro / MICRO), "they" if names.own_is_person else "it", names.own_short)
