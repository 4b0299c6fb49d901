"""Signing in to the portal by a mailed link, signing out, and the list of browsers in which one is signed in.

A session of its own in a cookie of its own: it opens nothing for members, and theirs opens nothing here. Forms carry their token.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from exchanges.access import Place, as_uuid, places_for
from exchanges.forms.portal_home import EnterForm
from exchanges.services import signing_in
from valueledger.common import portal_sessions
from valueledger.common.errors import Gone, NotFound, ValueLedgerError
from valueledger.common.limits import network_of, take
from valueledger.common.models import PortalSession

SESSION, BROWSER = "portal", "portal-browser"
ASKED_AT_ONCE, ASKED_PER_MINUTE = 20, 2  # from one network, whatever the addresses
TRIED_AT_ONCE, TRIED_PER_MINUTE = 20, 5
BROWSER_KNOWN_FOR = 3600
WELL_FORMED = re.compile(r"[A-Za-z0-9_-]{43}")  # as secrets.token_urlsafe(32) makes them

READ, FORM, POST = ("GET", "HEAD"), ("GET", "HEAD", "POST"), ("POST",)
View = Callable[..., HttpResponse]


class TooOften(ValueLedgerError):
    code = "too_often"
    status = 429
    sentence = "That was many tries in a short time. Nothing is lost; wait a minute."


@dataclass(frozen=True)
class Guest:
    """Who is signed in, as an address, and at what moment."""

    session: PortalSession
    now: datetime

    @property
    def address_hash(self) -> bytes:
        return bytes(self.session.address_hash)

    @property
    def places(self) -> list[Place]:
        return places_for(self.address_hash, now=self.now)


def cookie_name(name: str) -> str:
    return f"__Host-{name}" if settings.SECURE else name


def set_cookie(response: HttpResponse, name: str, value: str, seconds: float) -> None:
    response.set_cookie(cookie_name(name), value, max_age=int(seconds), path="/", secure=settings.SECURE, httponly=True, samesite="Lax")


def drop_cookie(response: HttpResponse, name: str) -> None:
    set_cookie(response, name, "", 0)


def guest_of(request: HttpRequest, now: datetime) -> Guest | None:
    session = portal_sessions.find(request.COOKIES.get(cookie_name(SESSION), ""), now=now)
    return Guest(session, now) if session is not None else None


def page(request: HttpRequest, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    response = render(request, template, {"member": None, "messages": (), **context}, status=status)
    response.headers["Cache-Control"] = "no-store, private"
    response.headers["Vary"] = "Cookie"
    return response


def in_our_words(request: HttpRequest, act: Callable[[], HttpResponse]) -> HttpResponse:
    """Whatever goes wrong is answered by a page of the portal."""
    try:
        return act()
    except NotFound:
        return page(request, "portal/not_found.html", {}, status=404)
    except Gone as error:
        return page(request, "portal/home_over.html", {"sentence": error.sentence}, status=410)
    except ValueLedgerError as error:
        return page(request, "portal/refused.html", {"sentence": error.sentence}, status=error.status)


def open_door(methods: tuple[str, ...]) -> Callable[[View], View]:
    """A page for whoever comes, signed in or not."""

    def decorate(view: View) -> View:
        @login_not_required
        @require_http_methods(list(methods))
        @wraps(view)
        def opened(request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponse:
            return in_our_words(request, lambda: view(request, *arguments, **named))

        return opened

    return decorate


def signed_in(methods: tuple[str, ...]) -> Callable[[View], View]:
    """A page for whoever has signed in to the portal; everybody else is sent to ask for a link."""

    def decorate(view: View) -> View:
        @login_not_required
        @wraps(view)
        def opened(request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponse:
            guest = guest_of(request, timezone.now())
            if guest is None:
                return redirect("portal:enter")
            if request.method not in methods:
                return HttpResponseNotAllowed(list(methods))
            return in_our_words(request, lambda: view(request, guest, *arguments, **named))

        return opened

    return decorate


# In


@open_door(FORM)
def enter(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    if request.method != "POST":
        if guest_of(request, now) is not None:
            return redirect("portal:home")
        return page(request, "portal/home_enter.html", {"form": EnterForm(), "sent": "sent" in request.GET})
    form = EnterForm(request.POST)
    if not form.is_valid():
        return page(request, "portal/home_enter.html", {"form": form}, status=422)
    if not take(f"enter:{network_of(request)}", burst=ASKED_AT_ONCE, per_minute=ASKED_PER_MINUTE, now=now):
        raise TooOften
    browser = _browser_of(request)
    signing_in.ask_for_link(address=form.cleaned_data["email"], browser=browser, network=network_of(request), now=now)
    response = redirect(f"{reverse('portal:enter')}?sent")
    set_cookie(response, BROWSER, browser, BROWSER_KNOWN_FOR)
    return response


def _browser_of(request: HttpRequest) -> str:
    """The same as before: asking again must not end the link that is on its way."""
    known = request.COOKIES.get(cookie_name(BROWSER), "")
    return known if WELL_FORMED.fullmatch(known) else secrets.token_urlsafe(32)


@open_door(FORM)
def sign_in(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows a button and uses nothing up: mail systems open links. POST signs in."""
    now, browser = timezone.now(), request.COOKIES.get(cookie_name(BROWSER), "")
    if request.method != "POST":
        link = signing_in.link_of(token, browser=browser, now=now)
        return page(request, "portal/home_sign_in.html", {"is_here": link.is_here})
    if not take(f"sign-in:{network_of(request)}", burst=TRIED_AT_ONCE, per_minute=TRIED_PER_MINUTE, now=now):
        raise TooOften
    before = guest_of(request, now)
    key = signing_in.sign_in(
        token, browser=browser, user_agent=request.headers.get("User-Agent", ""), now=now, instead_of=before.session if before else None
    )
    response = redirect("portal:home")
    set_cookie(response, SESSION, key, portal_sessions.LASTS.total_seconds())
    drop_cookie(response, BROWSER)
    return response


# Out


@signed_in(POST)
def sign_out(request: HttpRequest, guest: Guest) -> HttpResponse:
    portal_sessions.end(guest.session, now=guest.now)
    return out()


def out() -> HttpResponse:
    response = redirect("portal:enter")
    drop_cookie(response, SESSION)
    return response


@signed_in(FORM)
def sessions(request: HttpRequest, guest: Guest) -> HttpResponse:
    """Where this address is signed in; each can be ended, this one too."""
    if request.method == "POST":
        return _end(request, guest)
    rows = portal_sessions.open_ones(guest.address_hash, now=guest.now)
    context = {
        "sessions": [{"row": row, "is_this": row.pk == guest.session.pk} for row in rows],
        "address": signing_in.address_of(guest.places),
        "workspace_name": "Value Ledger",
        "portal_home_url": reverse("portal:home"),
        "zone": guest.places[0].workspace.zone if guest.places else None,
    }
    return page(request, "portal/home_sessions.html", context)


def _end(request: HttpRequest, guest: Guest) -> HttpResponse:
    if request.POST.get("act") == "others":
        portal_sessions.end_others(guest.session, now=guest.now)
        return redirect("portal:sessions")
    wanted: UUID = as_uuid(request.POST.get("session", ""))
    if not portal_sessions.end_one(guest.address_hash, wanted, now=guest.now):
        raise NotFound
    return out() if wanted == guest.session.public_id else redirect("portal:sessions")
