"""Mail to this member: how often the digest comes. Every member sets its own."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from exchanges.forms.fields import PickField
from exchanges.services.digests import set_digest
from exchanges.views.desk import FORM, desk_of, show
from relationships.models import Digest

CHOICES = [
    (Digest.DAILY, "Every working day at eight"),
    (Digest.WEEKLY, "Once a week, on its first working day"),
    (Digest.NEVER, "Never"),
]


class MailForm(forms.Form):
    digest = PickField(label="How often", choices=CHOICES, missing="Choose how often.")


@require_http_methods(FORM)
def mail(request: HttpRequest) -> HttpResponse:
    desk = desk_of(request)
    status = 200
    if request.method == "POST":
        form = MailForm(request.POST)
        if form.is_valid():
            set_digest(member=desk.member, digest=form.cleaned_data["digest"], now=desk.now)
            messages.success(request, "Saved. It begins with the next one.")
            return redirect("desk:settings_mail")
        status = 422
    else:
        form = MailForm(initial={"digest": desk.member.digest})
    person = desk.member.person
    context = {
        "form": form,
        "section": "mail",
        "address": desk.member.user.email,
        "zone": person.time_zone if person is not None and person.time_zone else desk.member.workspace.time_zone,
        "gets_one": desk.member.is_steward or desk.member.is_leader,
        "refused": person.refused_reason if person is not None and person.refused_at is not None else "",
    }
    return show(request, "desk/settings_mail.html", desk, context, nav="settings", status=status)
