"""Joining a workspace through the link that its owner passed on. A GET shows, a POST joins; no session is needed."""

from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods

from exchanges.forms.settings import JoinForm
from relationships.models import Member, Role, User
from relationships.services.members import Invitation, invitation_of, join_as, join_as_new
from valueledger.common.errors import Conflict, Invalid

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, token: str) -> HttpResponse:
    now = timezone.now()
    invitation = invitation_of(token, now=now)
    signed_in = request.user if isinstance(request.user, User) and request.user.is_authenticated else None
    form = JoinForm(request.POST if request.method == "POST" and invitation.user is None else None)
    refusal = ""
    if request.method == "POST":
        try:
            if invitation.user is not None and signed_in is not None:
                return _in(request, join_as(invitation=invitation, user=signed_in, now=now))
            if invitation.user is None and form.is_valid():
                found = join_as_new(invitation=invitation, name=form.cleaned_data["name"], password=form.cleaned_data["password"], now=now)
                login(request, found.user, backend=BACKEND)
                return _in(request, found)
        except Invalid as error:
            form.add_error(error.field if error.field in form.fields else None, error.sentence)
        except Conflict as error:
            refusal = error.sentence
    status = 409 if refusal else 422 if form.is_bound else 200
    return render(request, "desk/join.html", _context(invitation, form, signed_in, refusal, request.path), status=status)


def _in(request: HttpRequest, member: Member) -> HttpResponse:
    request.session["workspace"] = str(member.workspace.public_id)
    return redirect("/")


def _context(invitation: Invitation, form: JoinForm, signed_in: User | None, refusal: str, path: str) -> dict[str, object]:
    return {
        "invitation": invitation,
        "roles": ", ".join(Role(role).label for role in Role.values if role in invitation.roles),
        "form": form,
        "refusal": refusal,
        "is_them": signed_in is not None and signed_in.email.lower() == invitation.email.lower(),
        "sign_in_url": f"{reverse('account_login')}?{urlencode({'next': path})}",
    }
