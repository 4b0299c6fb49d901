"""Settings of the workspace: name, time, who works here, and tokens for machines."""

from datetime import timedelta
from uuid import UUID
from zoneinfo import available_timezones

from django.conf import settings as config
from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from exchanges.forms.settings import ROLES, InviteForm, TokenForm, WorkspaceForm
from exchanges.services.letters import from_shown, sender_line
from exchanges.views.desk import FORM, Desk, carry_out, desk_of, owner_of, show
from relationships.models import Member, Role
from relationships.models.relationships import ENDED_STAGES
from relationships.services.members import change_roles, invite, open_invitations, remove_member, revoke_invitation
from relationships.services.workspaces import change_workspace, make_token, revoke_token, tag_of, tokens_of
from valueledger.common.errors import Conflict, Invalid, NotFound
from valueledger.common.idempotency import new_key

UNUSUAL = ("Etc/", "posix/", "right/", "SystemV/")
ZONES = ["UTC", *sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(UNUSUAL))]


@require_http_methods(FORM)
def settings(request: HttpRequest) -> HttpResponse:
    """Name, sender and time zone, for owners; and who works here with which roles."""
    desk = owner_of(request)
    workspace, status = desk.member.workspace, 200
    if request.method == "POST":
        form = WorkspaceForm(request.POST)
        if form.is_valid():
            change_workspace(workspace=workspace, member=desk.member, now=desk.now, **form.cleaned_data)
            messages.success(request, "Saved.")
            return redirect("desk:settings")
        status = 422
    else:
        form = WorkspaceForm(initial={name: getattr(workspace, name) for name in ("name", "short_name", "sender_name", "time_zone")})
    context = {"form": form, "zones": ZONES, "section": "workspace", "from_line": from_shown(sender_line(workspace, str(desk.member.user)))}
    return show(request, "desk/settings.html", desk, context, nav="settings", status=status)


@require_http_methods(FORM)
def members(request: HttpRequest) -> HttpResponse:
    """Who works here; inviting one more makes a link that is shown this once."""
    desk = owner_of(request)
    status, link = 200, ""
    form = InviteForm(initial={"key": new_key(), "roles": [Role.STEWARD]})
    if request.method == "POST":
        form = InviteForm(request.POST)
        made: list[str] = []
        if form.is_valid() and carry_out(request, desk, form, lambda: _invite(form, desk, made)) is not None:
            link = f"{config.PUBLIC_URL}{reverse('desk:join', args=made)}" if made else ""
            form = InviteForm(initial={"key": new_key(), "roles": [Role.STEWARD]})
        else:
            status = 422
    going_on = ~Q(relationships__stage__in=ENDED_STAGES)
    rows = (
        Member.objects.active()
        .filter(workspace=desk.member.workspace)
        .select_related("user")
        .annotate(looks_after=Count("relationships", filter=going_on))
        .order_by("user__name", "id")
    )
    invited = open_invitations(desk.member.workspace, now=desk.now)
    context = {"members": rows, "form": form, "link": link, "invited": invited, "roles": ROLES, "section": "members"}
    response = show(request, "desk/settings_members.html", desk, context, nav="settings", status=status)
    response.headers["Cache-Control"] = "no-store"
    return response


def _invite(form: InviteForm, desk: Desk, made: list[str]) -> str:
    data = form.cleaned_data
    made.append(invite(by=desk.member, email=data["email"], roles=data["roles"], now=desk.now))
    return "invited"


@require_http_methods(["POST"])
def revoke_invite(request: HttpRequest) -> HttpResponse:
    desk = owner_of(request)
    revoke_invitation(by=desk.member, email=request.POST.get("email", "")[:254], now=desk.now)
    messages.success(request, "The link no longer works.")
    return redirect("desk:settings_members")


@require_http_methods(["POST"])
def member(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Change one member's roles, or let it go."""
    desk = owner_of(request)
    found = Member.objects.active().filter(workspace=desk.member.workspace, public_id=public_id).select_related("user", "workspace").first()
    if found is None:
        raise NotFound
    try:
        if request.POST.get("act") == "remove":
            remove_member(member=found, by=desk.member, now=desk.now)
            messages.success(request, f"{found.user} no longer gets in. What was written stays.")
        else:
            change_roles(member=found, roles=request.POST.getlist("roles"), by=desk.member, now=desk.now)
            messages.success(request, f"The roles of {found.user} are changed.")
    except (Conflict, Invalid) as error:
        messages.error(request, error.sentence)
    return redirect("desk:settings_members")


def _token_maker(request: HttpRequest) -> Desk:
    """Owners and stewards; a token can do no more than they can."""
    desk = desk_of(request)
    if not (desk.member.is_owner or desk.member.is_steward):
        raise NotFound
    return desk


@require_http_methods(FORM)
def tokens(request: HttpRequest) -> HttpResponse:
    desk = _token_maker(request)
    status, secret = 200, ""
    form = TokenForm(initial={"key": new_key(), "scope": "read", "ends": "365"})
    if request.method == "POST":
        form = TokenForm(request.POST)
        made: list[str] = []
        if form.is_valid() and carry_out(request, desk, form, lambda: _make(form, desk, made)) is not None:
            # Shown in this answer and nowhere else: not in the session, not in the row. A second post of the same form shows nothing.
            secret = made[0] if made else ""
            form = TokenForm(initial={"key": new_key(), "scope": "read", "ends": "365"})
        else:
            status = 422
    rows = [{"tag": tag_of(row), "row": row} for row in tokens_of(desk.member)]
    makers = {member.pk: member for member in Member.objects.filter(workspace=desk.member.workspace).select_related("user")}
    for one in rows:
        one["maker"] = makers.get(one["row"].subject_id)
    context = {"form": form, "tokens": rows, "secret": secret, "section": "tokens"}
    response = show(request, "desk/settings_tokens.html", desk, context, nav="settings", status=status)
    response.headers["Cache-Control"] = "no-store"
    return response


def _make(form: TokenForm, desk: Desk, made: list[str]) -> str:
    data = form.cleaned_data
    token = make_token(member=desk.member, label=data["label"], scopes=data["scope"], lives=timedelta(days=int(data["ends"])), now=desk.now)
    made.append(token.secret)
    return tag_of(token.row)


@require_http_methods(["POST"])
def revoke(request: HttpRequest, tag: str) -> HttpResponse:
    desk = _token_maker(request)
    revoke_token(member=desk.member, tag=tag, now=desk.now)
    messages.success(request, "Revoked. Nothing can be done with it any more.")
    return redirect("desk:settings_tokens")
