"""What a link in a mail opens. GET shows, POST records; no login, no cookie, no script, and a GET writes nothing at all."""

from collections.abc import Callable
from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from exchanges import wording
from exchanges.access import person_for_stop_token, prompt_for_token
from exchanges.models import PromptKind
from exchanges.selectors.prompts import asking
from exchanges.services import gently, prompts
from exchanges.services.rounds import RoundClosed
from exchanges.views.portal_check import check
from exchanges.views.portal_rating import rating
from exchanges.views.portal_settle import settlement
from exchanges.views.portal_terms import terms
from exchanges.views.portal_visit import Visit, by_link, page
from valueledger.common.errors import Gone, Invalid, NotFound
from valueledger.common.tenancy import within

Handle = Callable[[Visit], HttpResponse]
AGAIN_IN = {"week": timedelta(days=7), "month": timedelta(days=30)}


@by_link
def prompt(request: HttpRequest, token: str) -> HttpResponse:
    now = timezone.now()
    door = prompt_for_token(token, now=now)
    handle = HANDLED.get(door.prompt.kind)
    if handle is None:  # asked in the app alone
        raise NotFound
    with within(door.workspace_id):
        asked = asking(door.prompt, now)
        visit = Visit(request, token, door, asked, now)
        if visit.is_post and visit.act == "not_me":
            prompts.not_me(prompt=door.prompt, token=door.token, now=now)
            return page(request, "portal/not_me.html", {"asked": asked, "workspace_name": asked.workspace_name})
        try:
            return handle(visit)
        except Gone:
            context = {"workspace_name": asked.workspace_name, "is_portal": True, "put_right_url": f"{visit.address}put-right/"}
            return page(request, "410.html", context, status=410)


# Not now, and less often


def gently_or(handle: Handle) -> Handle:
    """Whatever is asked, it can be put off, and everything can be asked less often."""

    def handled(visit: Visit) -> HttpResponse:
        act = GENTLY.get(visit.act) if visit.is_post else less_page if visit.asks_for("less") else None
        if act is not None and visit.door.is_over:
            raise RoundClosed
        return (act or handle)(visit)

    return handled


def put_off(visit: Visit) -> HttpResponse:
    wait = AGAIN_IN.get(visit.request.POST.get("for", ""))
    if wait is None:
        raise Invalid("Choose a week or a month.", field="for")
    gently.snooze(prompt=visit.prompt, until=visit.now + wait, now=visit.now)
    return visit.back("put_off")


def ask_less(visit: Visit) -> HttpResponse:
    seen = visit.request.POST.get("seen", "")
    gently.ask_less(person=visit.prompt.participant.person, seen=int(seen) if seen in {"1", "2", "4"} else None, now=visit.now)
    return visit.back("less")


def ask_as_usual(visit: Visit) -> HttpResponse:
    gently.ask_as_usual(person=visit.prompt.participant.person, now=visit.now)
    return visit.back("less")


def less_page(visit: Visit) -> HttpResponse:
    times = visit.prompt.participant.person.less_often
    return visit.show("portal/less.html", {"times": times, "can_stretch": times < gently.MOST_STRETCHED})


GENTLY: dict[str, Handle] = {"put_off": put_off, "less": ask_less, "as_usual": ask_as_usual}
HANDLED: dict[str, Handle] = {
    PromptKind.CHECK: gently_or(check),
    PromptKind.RATING: gently_or(rating),
    PromptKind.TERMS: gently_or(terms),
    PromptKind.SETTLE: gently_or(settlement),
}


# Whether we write at all


@by_link
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """Stop the mails, or let them come again. Mail systems post here by themselves (RFC 8058), without a cookie and without asking back."""
    now = timezone.now()
    door = person_for_stop_token(token, now=now)
    with within(door.workspace_id):
        person = door.person
        if request.method == "POST":
            act = prompts.resume_mails if request.POST.get("act") == "resume" else prompts.stop_mails
            act(person=person, now=now)
            person.refresh_from_db(fields=["suppressed_at"])
        address = wording.masked_address(person.text.email) if hasattr(person, "text") else ""
        context = {"is_stopped": person.suppressed_at is not None, "masked_address": address, "workspace_name": person.workspace.name}
        return page(request, "portal/stop.html", context)
