"""What somebody asked us to put right: read it, and say what was done."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from exchanges.access import put_right_for
from exchanges.forms.put_right import SettledForm
from exchanges.models.put_right import PutRight
from exchanges.selectors.put_right import asked_of
from exchanges.services.put_right import SettledAlready, mark_read, settle
from exchanges.views.desk import FORM, Desk, desk_of, go, show
from valueledger.common.errors import Invalid


@require_http_methods(FORM)
def put_right(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """act: read, or settle with `done`."""
    desk = desk_of(request, steward=True)
    row = put_right_for(desk.member, public_id)
    if request.method != "POST":
        return _page(request, desk, row, SettledForm())
    if request.POST.get("act") == "read":
        mark_read(request=row, member=desk.member, now=desk.now)
        messages.success(request, "They can see that you have read it.")
        return go(request, request.path)
    form = SettledForm(request.POST)
    if not form.is_valid():
        return _page(request, desk, row, form, status=422)
    try:
        settle(request=row, member=desk.member, done=form.cleaned_data["done"], now=desk.now)
    except Invalid as error:
        form.add_error("done", error.sentence)
        return _page(request, desk, row, form, status=422)
    except SettledAlready as error:
        messages.error(request, error.sentence)
        return go(request, request.path)
    messages.success(request, "Settled. They can read what you did.")
    return go(request, reverse("desk:relationship", args=[row.relationship.public_id]))


def _page(request: HttpRequest, desk: Desk, row: PutRight, form: SettledForm, status: int = 200) -> HttpResponse:
    asked = asked_of(PutRight.objects.filter(pk=row.pk))[0]
    return show(request, "desk/put_right.html", desk, {"asked": asked, "form": form}, nav="today", status=status)
