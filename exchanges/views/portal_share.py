"""Share this one answer: the page on which an employee shows one answer or rating of their own to the other side, for good."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from exchanges import wording
from exchanges.access import prompt_for_token
from exchanges.models import Answer, PromptKind, Report
from exchanges.selectors.due import MICRO, nearest_answer
from exchanges.selectors.prompts import asking, own_rating
from exchanges.selectors.reveal import answer_words
from exchanges.services.disclosing import NothingToShare, share_answer, share_report
from exchanges.views.portal_visit import Visit, by_link
from relationships.models import Kind
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
        if not visit.is_post:
            return visit.show("portal/share.html", context_of(visit, answer, report))
        if answer is not None:
            share_answer(participant=visit.prompt.participant, answer=answer, now=now)
        elif report is not None:
            share_report(participant=visit.prompt.participant, report=report, now=now)
        else:
            raise NothingToShare
        return redirect(f"{request.path}?shared")


def own_answer(visit: Visit) -> Answer | None:
    """The answer that this link gave and that stands."""
    standing = Answer.objects.standing().filter(round_id=visit.prompt.round_id, participant_id=visit.prompt.participant_id, first_hand=True)
    return standing.select_related("confirms_shown", "text", "disclosure", "round").first()


def context_of(visit: Visit, answer: Answer | None, report: Report | None) -> dict[str, Any]:
    said = answer or report
    shared = getattr(said, "disclosure", None)
    context: dict[str, Any] = {
        "has_something": said is not None,
        "shared_on": shared.at.astimezone(visit.prompt.workspace.zone).date() if shared else None,
        "just_now": visit.asks_for("shared"),
        "sentence": said.text.sentence if said is not None and hasattr(said, "text") else "",
        "is_open": answer is not None and visit.prompt.closes_at > visit.now,
        "share_action": visit.request.path,
        "reader_name": visit.asked.steward_name or visit.asked.other_short,
    }
    if answer is not None:
        context |= {"said": answer_words(answer) + ".", "guess": guess_words(visit, answer)}
    elif report is not None:
        context |= {"said": wording.rating_answer(report.expectation, report.word), "about": visit.asked.event_text}
    return context


def guess_words(visit: Visit, answer: Answer) -> str:
    if answer.guess_micro is None:
        return ""
    person = "they" if visit.asked.names.own_is_person else "it"
    return wording.check_answer(nearest_answer(answer.guess_micro / MICRO), person, visit.asked.other_short)
