"""Please put this right: behind a prompt's link, as long as that is known, and on the own page at any time."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from exchanges.access import Place, as_uuid, event_in, prompt_for_token
from exchanges.forms.put_right import PutRightForm
from exchanges.models import EventVersion, Prompt, ValueEvent
from exchanges.selectors.prompts import asking
from exchanges.selectors.put_right import asked_of, of_prompt, of_writer
from exchanges.services.put_right import ask_to_put_right
from exchanges.views.portal_door import FORM
from exchanges.views.portal_home import Home, at_home, show
from exchanges.views.portal_visit import Visit, by_link
from relationships.models import Kind, Participant
from valueledger.common.errors import Invalid, NotFound, ValueLedgerError
from valueledger.common.limits import network_of, take
from valueledger.common.tenancy import within

AT_ONCE, PER_MINUTE = 5, 5 / 60
NETWORK_AT_ONCE, NETWORK_PER_MINUTE = 20, 20 / 60


class TooMany(ValueLedgerError):
    code = "too_many"
    status = 429
    sentence = "These were many messages in a short time. Those before this one have arrived. Please wait a while, then send it again."


@by_link
def put_right(request: HttpRequest, token: str) -> HttpResponse:
    now = timezone.now()
    door = prompt_for_token(token, now=now)
    with within(door.workspace_id):
        visit = Visit(request, token, door, asking(door.prompt, now), now)
        form = PutRightForm(request.POST if visit.is_post else None)
        if visit.is_post and took(request, form, door.prompt.participant, event=door.prompt.event, prompt=door.prompt, now=now):
            return redirect(f"{request.path}?sent")
        context = {
            "form": form, "sent": of_prompt(door.prompt), "is_sent": visit.asks_for("sent"), "about": visit.asked.event_text,
            "is_employee": visit.asked.kind == Kind.EMPLOYEE and not visit.asked.is_own, "put_right_action": request.path,
            "steward_name": visit.asked.steward_name, "back_url": visit.address, "back_label": _("Back to the question"),
        }  # fmt: skip
        return visit.show("portal/put_right.html", context, status=422 if visit.is_post else 200)


@at_home(FORM)
def put_right_here(request: HttpRequest, home: Home) -> HttpResponse:
    """On the own page: everything that this person ever asked us to put right, and what became of it. ?about: what a new one is about."""
    event = _about(request, home.place)
    form = PutRightForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and took(request, form, home.place.participant, event=event, prompt=None, now=home.now):
        return redirect(f"{request.path}?sent")
    steward = home.place.relationship.steward
    context = {
        "form": form, "sent": asked_of(of_writer(home.place.participant)), "is_sent": "sent" in request.GET, "about": _what(event),
        "put_right_action": request.get_full_path() if event else request.path, "steward_name": steward.user.name if steward else "",
        "back_url": home.url, "back_label": _("Your page"), "names_events": True,
    }  # fmt: skip
    return show(request, home, "portal/put_right.html", context, status=422 if request.method == "POST" else 200)


def took(request: HttpRequest, form: PutRightForm, writer: Participant, *, event: ValueEvent | None, prompt: Prompt | None, now: datetime) -> bool:
    """Take the message. False: look at the form's errors. Raises TooMany."""
    if not form.is_valid():
        return False
    if not (
        take(f"put_right:network:{network_of(request)}", burst=NETWORK_AT_ONCE, per_minute=NETWORK_PER_MINUTE, now=now)
        and take(f"put_right:writer:{writer.pk}", burst=AT_ONCE, per_minute=PER_MINUTE, now=now)
    ):
        raise TooMany
    try:
        ask_to_put_right(participant=writer, text=form.cleaned_data["text"], event=event, prompt=prompt, now=now)
    except Invalid as error:
        form.add_error("text", error.sentence)
        return False
    return True


def _about(request: HttpRequest, place: Place) -> ValueEvent | None:
    typed = request.GET.get("about", "")
    if not typed:
        return None
    wanted: UUID = as_uuid(typed)
    event = event_in(place, wanted)
    version = EventVersion.objects.current().filter(event=event).first()
    if version is None or version.is_withdrawal:
        raise NotFound
    return event


def _what(event: ValueEvent | None) -> str:
    version = EventVersion.objects.current().filter(event=event).select_related("text").first() if event else None
    return version.text.what if version is not None and hasattr(version, "text") else ""
