"""Every question we asked and how it stands; and one of them sent again by hand."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from exchanges.access import as_uuid, prompts_for
from exchanges.models import Prompt, PromptKind
from exchanges.selectors.questions import KINDS, STATES, QuestionFilter, is_blind, narrowed, questions_of, questions_page
from exchanges.services.reach import NotToBeSent, send_again
from exchanges.views.desk import Desk, desk_of, go, show
from valueledger.common.errors import NotFound

SIDES = [("", _("anybody")), ("theirs", _("the other side")), ("ours", _("our side")), ("mine", _("me"))]
LONGEST_NAME = 120


@require_safe
def questions(request: HttpRequest) -> HttpResponse:
    desk = desk_of(request, steward=True)
    wanted = filter_in(request)
    prompts = prompts_for(desk.member)
    chosen = narrowed(prompts, wanted, person_id=desk.member.person_id)
    page = questions_page(chosen, workspace=desk.member.workspace, now=desk.now, before=_behind(desk, request.GET.get("before", "")))
    asked = {"state": wanted.state, "kind": wanted.kind, "who": wanted.who, "side": wanted.side}
    query = {key: value for key, value in (*asked.items(), ("before", page.next_before)) if value}
    context = {
        "page": page,
        "wanted": wanted,
        "is_narrowed": any(asked.values()),
        "states": [(str(code), label) for code, label in STATES.items()],
        "kinds": [
            (code.value, KINDS[code]) for code in (PromptKind.CHECK, PromptKind.RATING, PromptKind.TERMS, PromptKind.SETTLE, PromptKind.REQUALIFY)
        ],
        "sides": SIDES,
        "next_url": f"?{urlencode(query)}" if page.next_before else "",
    }
    return show(request, "desk/questions.html", desk, context, nav="outbox", fragment="desk/_questions_list.html")


def filter_in(request: HttpRequest) -> QuestionFilter:
    """What an address asks for; what it says wrongly is as if it had not been said."""
    state, kind, side = (request.GET.get(name, "") for name in ("state", "kind", "side"))
    return QuestionFilter(
        state=state if state in {str(code) for code in STATES} else "",
        kind=kind if kind in PromptKind.values else "",
        who=request.GET.get("who", "").strip()[:LONGEST_NAME],
        side=side if side in dict(SIDES) else "",
    )


def _behind(desk: Desk, before: str) -> Prompt | None:
    try:
        return prompts_for(desk.member).filter(public_id=as_uuid(before)).first() if before else None
    except NotFound:
        return None


def _one(desk: Desk, public_id: UUID) -> Prompt:
    rows = prompts_for(desk.member).select_related("relationship", "participant__person__text", "round__posting", "workspace")
    row = rows.filter(public_id=public_id).first()
    if row is None:
        raise NotFound
    return row


@require_safe
def question(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One question and each of its mails."""
    desk = desk_of(request, steward=True)
    row = _one(desk, public_id)
    [shown] = questions_of([row], desk.member.workspace, desk.now)
    return show(request, "desk/question.html", desk, {"one": shown}, nav="outbox")


@require_http_methods(["POST"])
def again(request: HttpRequest, public_id: UUID) -> HttpResponse:
    desk = desk_of(request, steward=True)
    row = _one(desk, public_id)
    try:
        sent = send_again(prompt=row, member=desk.member, now=desk.now)
    except NotToBeSent as error:
        messages.warning(request, error.sentence)
    else:
        at = sent.due_at.astimezone(desk.member.workspace.zone)
        if is_blind(row):
            told = _("It goes out in its turn, with whatever else they are asked.")
        else:
            told = _("It goes out now.") if sent.due_at <= desk.now else _("It goes out on {day}.").format(day=f"{at.day} {at:%B}, {at:%H:%M}")
        messages.success(request, told)
    return go(request, reverse("desk:question", args=[public_id]))
