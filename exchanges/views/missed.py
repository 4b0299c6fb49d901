"""A moment that was missed: noted by the side that felt it, at the desk for ours."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from exchanges.access import Reading, relationship_to_write
from exchanges.forms.missed import MissedForm
from exchanges.selectors.readings import names_of
from exchanges.services.missed import log_missed
from exchanges.services.speakers import speak_for_us
from exchanges.views.desk import FORM, Desk, carry_out, desk_of, go, show
from relationships.models import Kind, SideRole
from valueledger.common.errors import NotFound
from valueledger.common.idempotency import new_key


@require_http_methods(FORM)
def missed(request: HttpRequest, public_id: UUID) -> HttpResponse:
    desk = desk_of(request, steward=True)
    reading = relationship_to_write(desk.member, public_id)
    if not reading.relationship.is_going_on:
        raise NotFound
    is_personal, status = reading.relationship.kind == Kind.PERSONAL, 200
    form = MissedForm(initial={"key": new_key(), "when": desk.today}, today=desk.today, is_personal=is_personal)
    if request.method == "POST":
        form, status = MissedForm(request.POST, today=desk.today, is_personal=is_personal), 422
        if (
            form.is_valid()
            and (saved := carry_out(request, desk, form, lambda: _log(form, reading, desk), fields={"occurred_on": "when"})) is not None
        ):
            undo = reverse("desk:withdraw_event", args=[saved])
            messages.success(request, _("Noted. Both sides are asked how it feels before long."), extra_tags=f"undo:{undo}")
            return go(request, reverse("desk:relationship", args=[public_id]))
    context = {"form": form, "relationship": reading.relationship, "names": names_of(reading.relationship), "is_personal": is_personal}
    return show(request, "desk/missed.html", desk, context, nav="relationships", status=status)


def _log(form: MissedForm, reading: Reading, desk: Desk) -> str:
    data = form.cleaned_data
    event = log_missed(
        relationship=reading.relationship, side=SideRole.OWN, voice=speak_for_us(reading=reading, now=desk.now), what=data["what"], on=data["when"],
        has_hurt=form.has_hurt, visibility=data["visibility"], now=desk.now,
    )  # fmt: skip
    return str(event.public_id)
