"""First run. It stands in this app because the demo's story is written in both."""

from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from exchanges.services.demo import seed_demo
from relationships.models import Member, User
from relationships.services import setup
from valueledger.common.errors import Invalid
from valueledger.common.tenancy import within

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
STARTS = [("demo", "a demo workspace, with a story of two years"), ("empty", "an empty one")]


class FirstRunForm(forms.Form):
    name = forms.CharField(label="Your name", max_length=120)
    email = forms.EmailField(label="Your e-mail", max_length=254)
    password = forms.CharField(label="Password", max_length=256, strip=False, widget=forms.PasswordInput)
    workspace = forms.CharField(label="Name of your organisation or of this ledger", max_length=120)
    time_zone = forms.CharField(label="Time zone", max_length=40, initial="UTC")
    start_with = forms.ChoiceField(label="Start with", choices=STARTS, widget=forms.RadioSelect)

    def clean_time_zone(self) -> str:
        if self.cleaned_data["time_zone"] not in available_timezones():
            raise forms.ValidationError("Choose a time zone from the list, such as Europe/London.")
        return str(self.cleaned_data["time_zone"])


class PasswordForm(forms.Form):
    password = forms.CharField(label="Password", max_length=256, strip=False, widget=forms.PasswordInput)


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def first_run(request: HttpRequest, token: str) -> HttpResponse:
    now = timezone.now()
    link = setup.open_link(token, now=now)
    form_class = FirstRunForm if link.user is None else PasswordForm
    form = form_class(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            user, member = _carry_out(link, form.cleaned_data, now=now)
        except Invalid as error:
            form.add_error(error.field, error.sentence)
        else:
            login(request, user, backend=BACKEND)
            if member is not None:
                request.session["workspace"] = str(member.workspace.public_id)
            return redirect("/")
    context = {"form": form, "link": link, "time_zones": sorted(zone for zone in available_timezones() if "/" in zone or zone == "UTC")}
    return render(request, "setup/setup.html", context, status=422 if form.is_bound else 200)


def _carry_out(link: setup.SetUpLink, data: dict[str, Any], *, now: datetime) -> tuple[User, Member | None]:
    if link.user is not None:
        return setup.set_password(link=link, password=data["password"], now=now), None
    is_demo = data["start_with"] == "demo"
    with transaction.atomic():
        member = setup.set_up(
            link=link,
            email=data["email"],
            name=data["name"],
            password=data["password"],
            workspace_name=data["workspace"],
            time_zone=data["time_zone"],
            is_demo=is_demo,
            now=now,
        )
        if is_demo:
            with within(member.workspace_id):
                seed_demo(workspace=member.workspace, owner=member, now=now)
    return member.user, member
