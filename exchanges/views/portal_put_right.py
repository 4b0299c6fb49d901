"""Please put this right, behind a prompt's link: open as long as the link is known, also after the question has closed."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from exchanges.access import prompt_for_token
from exchanges.forms.put_right import PutRightForm
from exchanges.selectors.prompts import asking
from exchanges.selectors.put_right import of_prompt
from exchanges.services.put_right import ask_to_put_right
from exchanges.views.portal_visit import Visit, by_link
from relationships.models import Kind
from valueledger.common.errors import Invalid, ValueLedgerError
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
        if not visit.is_post:
            return shown(visit, PutRightForm())
        form = PutRightForm(request.POST)
        if not form.is_valid():
            return shown(visit, form, status=422)
        if not (
            take(f"put_right:network:{network_of(request)}", burst=NETWORK_AT_ONCE, per_minute=NETWORK_PER_MINUTE, now=now)
            and take(f"put_right:writer:{door.prompt.participant_id}", burst=AT_ONCE, per_minute=PER_MINUTE, now=now)
        ):
            raise TooMany
        try:
            ask_to_put_right(
                participant=door.prompt.participant, text=form.cleaned_data["text"], event=door.prompt.event, prompt=door.prompt, now=now
            )
        except Invalid as error:
            form.add_error("text", error.sentence)
            return shown(visit, form, status=422)
        return redirect(f"{request.path}?sent")


def shown(visit: Visit, form: PutRightForm, status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "sent": of_prompt(visit.prompt),
        "is_sent": visit.asks_for("sent"),
        "is_employee": visit.asked.kind == Kind.EMPLOYEE and not visit.asked.is_own,
        "put_right_action": visit.request.path,
    }
    return visit.show("portal/put_right.html", context, status)
