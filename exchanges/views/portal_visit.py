"""One request through one link: what opens it, how it is answered, and in whose words when something is wrong.

The token is the authority: no cookie is read, so there is no CSRF token either. A browser that says that another site sent the form is
refused. Errors are answered here and not by the pages for members: whoever holds a dead link learns nothing about what it once opened.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from exchanges import wording
from exchanges.access import Door
from exchanges.models import Assurance, PromptState
from exchanges.selectors.prompts import Asking, has_spoken
from exchanges.services.gently import PUT_OFF
from exchanges.wording.explaining import beside_chart, idea
from valueledger.common.errors import Gone, NotFound, ValueLedgerError

SAME_SITE = {"", "same-origin", "none"}


class CrossSite(ValueLedgerError):
    code = "cross_site"
    status = 403
    sentence = "This form was sent from another site, so it was not taken. Open the link from your mail."


View = Callable[..., HttpResponse]


def by_link(view: View) -> View:
    """Open to whoever holds the link, and answered in the words of the portal, also when something is wrong."""

    @csrf_exempt
    @login_not_required
    @require_http_methods(["GET", "HEAD", "POST"])
    @wraps(view)
    def opened(request: HttpRequest, token: str) -> HttpResponse:
        try:
            if request.method == "POST" and request.headers.get("Sec-Fetch-Site", "") not in SAME_SITE:
                raise CrossSite
            return view(request, token)
        except NotFound:
            return page(request, "portal/not_found.html", {}, status=404)
        except Gone:
            return page(request, "410.html", {"is_portal": True}, status=410)
        except ValueLedgerError as error:
            return page(request, "portal/refused.html", {"sentence": error.sentence}, status=error.status)

    return opened


def page(request: HttpRequest, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """Without a CSRF token: asking for one would set a cookie."""
    response = render(request, template, {**context, "csrf_token": "", "member": None, "messages": ()}, status=status)
    response.headers["Cache-Control"] = "no-store, private"  # the rest of the headers stands on every answer to a link
    return response


class Visit:
    """One request through one link."""

    assurance: str = Assurance.LINK

    def __init__(self, request: HttpRequest, token: str, door: Door, asked: Asking, now: Any) -> None:
        self.request, self.token, self.door, self.asked, self.now = request, token, door, asked, now
        self.prompt = door.prompt

    @property
    def is_post(self) -> bool:
        return self.request.method == "POST"

    @property
    def act(self) -> str:
        return self.request.POST.get("act", "answer")

    def asks_for(self, name: str) -> bool:
        return name in self.request.GET

    def show(self, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
        common = {
            "asked": self.asked, "workspace_name": self.asked.workspace_name, "today": self.asked.today, "action": self.address,
            "change_url": f"{self.address}?change", "less_url": f"{self.address}?less", "masked_address": wording.masked_address(self.asked.address),
            "idea": idea(self.asked.kind.lower(), self.asked.other_short, is_own=self.asked.is_own), "is_first": self.is_first,
        }  # fmt: skip
        return page(self.request, template, {**common, **context}, status)

    def is_first(self) -> bool:
        return not has_spoken(self.prompt.participant)

    def beside(self, chart: str) -> str:
        """The line beside a chart; see `wording.explaining`."""
        return beside_chart(chart, self.asked.kind.lower(), self.asked.other_short, is_own=self.asked.is_own)

    def rests(self) -> bool:
        """They said "not now" or "not this time", and have not come back to answer after all."""
        if any(self.asks_for(name) for name in ("change", "twice")):
            return False
        if self.prompt.state == PromptState.SNOOZED:  # whoever clicks an answer in the mail has changed their mind
            return not (self.asks_for("answer") or self.asks_for("expected"))
        return self.prompt.state == PromptState.SKIPPED or (self.prompt.state == PromptState.LAPSED and self.prompt.reason == PUT_OFF)

    def rest(self) -> HttpResponse:
        if self.prompt.state == PromptState.SKIPPED:
            return self.show("portal/skipped.html", {})
        until = self.prompt.snoozed_until
        return self.show(
            "portal/put_off.html", {"again_on": until and until.astimezone(self.prompt.workspace.zone).date(), "is_over": self.prompt.ended_at}
        )

    @property
    def address(self) -> str:
        return reverse("portal:prompt", args=[self.token])

    def back(self, query: str = "") -> HttpResponse:
        return redirect(f"{self.address}?{query}" if query else self.address)


def inner(sentence: str) -> str:
    """A sentence within a sentence begins small."""
    return sentence[:1].lower() + sentence[1:]
