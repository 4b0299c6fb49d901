"""Who is asking, and for which workspace. Both apps stand below this, so it may know them."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model, logout
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone

from relationships.models import Member
from relationships.selectors.members import chosen_of, memberships_of
from valueledger.common.tenancy import within

ACCOUNT_PAGES = "/account/"
NOT_BY_SESSION = ("/static/", "/healthz", "/readyz", "/p/", "/me/", "/api/")  # these never look at a member's cookie
SEEN_EVERY_SECONDS = 600


class MemberRequest(HttpRequest):
    """A request as the views find it: who is asking, and where else that person is a member."""

    member: Member | None
    memberships: list[Member]


def is_open(view: Callable[..., Any]) -> bool:
    return not getattr(view, "login_required", True)


class SignInRequiredMiddleware(LoginRequiredMiddleware):
    """Deny by default: a view is open only if it says so. Until there is an owner nobody can sign in, and the page says that."""

    def process_view(self, request: HttpRequest, view_func: Callable[..., Any], view_args: Any, view_kwargs: Any) -> HttpResponseBase | None:
        if is_open(view_func) and not request.path.startswith(ACCOUNT_PAGES):
            return None
        if request.user.is_authenticated:
            return self._end_if_idle(request, view_func)
        if not get_user_model().objects.exists():
            response = render(request, "setup/waiting.html")
            response.headers["Cache-Control"] = "no-store"  # the next look may find an owner
            return response
        return super().process_view(request, view_func, view_args, view_kwargs)

    def _end_if_idle(self, request: HttpRequest, view_func: Callable[..., Any]) -> HttpResponseBase | None:
        """A session that nobody used for the idle time is over, whatever its cookie says. Noted at most every ten minutes."""
        now = int(timezone.now().timestamp())
        seen = request.session.get("seen_at", now)
        if now - seen > settings.SESSION_IDLE_SECONDS:
            logout(request)
            return None if is_open(view_func) else self.handle_no_permission(request, view_func)
        if now - seen > SEEN_EVERY_SECONDS or "seen_at" not in request.session:
            request.session["seen_at"] = now
        return None


class WorkspaceMiddleware:
    """Sets `request.member` and opens its workspace for all that the view reads; without it every scoped model refuses to answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: MemberRequest) -> HttpResponse:
        request.member, request.memberships = None, []
        if request.path.startswith(NOT_BY_SESSION) or not request.user.is_authenticated:
            return self.get_response(request)
        request.memberships = memberships_of(request.user)
        request.member = chosen_of(request.memberships, request.session.get("workspace"))
        if request.member is None:
            return self.get_response(request)
        with within(request.member.workspace_id):
            return self.get_response(request)

    def process_view(self, request: MemberRequest, view_func: Callable[..., Any], view_args: Any, view_kwargs: Any) -> HttpResponse | None:
        if is_open(view_func) or request.path.startswith(ACCOUNT_PAGES) or request.member is not None:
            return None
        return render(request, "setup/no_workspace.html", status=403)


def member(request: HttpRequest) -> dict[str, object]:
    """For templates: who reads this page, in which workspace."""
    return {"member": getattr(request, "member", None)}
