"""The page of leaders: where value is out of balance, and how much of that is known."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import numpy as np
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from exchanges import charts
from exchanges.access import led_cards_for, visible_reports
from exchanges.charts import SideReading
from exchanges.charts.map import DOTS_MAX
from exchanges.models import Report, View
from exchanges.selectors.group_figures import employees_of
from exchanges.selectors.portfolio import (
    OUTSIDE,
    SHARES,
    Portfolio,
    PortfolioFilter,
    attention_of,
    first_places,
    list_of,
    marks_of,
    off_map,
    portfolio_of,
    stewards_of,
    weeks_of,
)
from exchanges.selectors.portfolio_groups import Group, group_of, groups_of
from exchanges.selectors.today import gaps_of
from exchanges.views.desk import READ, Desk, desk_of, show
from exchanges.views.reflections import reflection_context
from exchanges.wording import SHARE_LABELS, number, side_words
from relationships.models import Intent, Kind, Member
from valueledger.common.htmx import wants_fragment

WEEKS = (13, 26, 52)
MAP_FROM = 4
GAPS_TO_SAY = 2
BY = ("steward", "kind", "form")
KINDS = ("clients", "employees")
PLACEHOLDER = UUID(int=0)


@require_http_methods(READ)
def portfolio(request: HttpRequest) -> HttpResponse:
    desk = desk_of(request)
    cards = led_cards_for(desk.member)
    wanted, kind = filter_in(request.GET), _one_of(request.GET.get("kind", ""), KINDS)
    whole = portfolio_of(cards, wanted, today=desk.today)
    chosen = whole.narrowed(whole.matching(wanted))
    by = _one_of(request.GET.get("by", ""), BY)
    addresses = Addresses(wanted, kind, by)
    context: dict[str, Any] = {"wanted": wanted, "kind": kind, "queries": addresses} | _list(chosen, request.GET.get("after", ""), addresses)
    if _target(request) == "list":
        return show(request, "portfolio/_list.html", desk, context, nav="portfolio")
    by = by or BY[0]
    context |= _choices(desk.member, by) | _counts(chosen, addresses) | _drawings(desk, chosen, addresses) | _employees(desk, wanted, kind)
    context["groups"] = [(group, addresses.group(by, group)) for group in _groups(desk, chosen, by)]
    context["weeks"] = charts.shares(weeks_of(cards, chosen, weeks=wanted.weeks, now=desk.now), uid="pu")
    if not desk.member.is_steward:  # whoever begins the day here
        context |= reflection_context(desk)
    return show(request, "portfolio/portfolio.html", desk, context, nav="portfolio", fragment="portfolio/_answer.html")


def _target(request: HttpRequest) -> str:
    return str(request.htmx.target or "") if wants_fragment(request) else ""  # type: ignore[attr-defined]


def filter_in(query: QueryDict) -> PortfolioFilter:
    """The filter that an address asks for; what it says wrongly is as if it had not been said."""
    weeks = query.get("weeks", "")
    return PortfolioFilter(
        steward=_uuid_in(query.get("steward", "")),
        intent=_one_of(query.get("form", ""), Intent.values),
        verdict=_one_of(query.get("verdict", ""), (*SHARES, OUTSIDE)),
        confirmed=_one_of(query.get("confirmed", ""), ("yes", "no")),
        weeks=int(weeks) if weeks in map(str, WEEKS) else PortfolioFilter.weeks,
    )


def _one_of(typed: str, known: tuple[str, ...] | list[str]) -> str:
    return typed if typed in known else ""


def _uuid_in(typed: str) -> str:
    try:
        return str(UUID(typed)) if typed else ""
    except ValueError:
        return ""


class Addresses:
    """The addresses of this page with one thing changed; a page of the list is left when the filter changes."""

    def __init__(self, wanted: PortfolioFilter, kind: str, by: str) -> None:
        self.now = {
            "kind": kind,
            "steward": wanted.steward,
            "form": wanted.intent,
            "verdict": wanted.verdict,
            "confirmed": wanted.confirmed,
            "weeks": "" if wanted.weeks == PortfolioFilter.weeks else str(wanted.weeks),
            "by": by,
        }
        self.everything = reverse("portfolio:portfolio")
        # Resolving an address for each of thousands of marks would cost more than the rest: one with a hole for the public id.
        self.relationship = reverse("desk:relationship", args=[PLACEHOLDER]).replace(str(PLACEHOLDER), "{id}")

    def with_(self, **changed: str) -> str:
        pairs = {key: value for key, value in (self.now | changed).items() if value}
        return f"{self.everything}?{urlencode(pairs)}" if pairs else self.everything

    def of(self, public_id: UUID) -> str:
        return self.relationship.format(id=public_id)

    def group(self, by: str, group: Group) -> str:
        if by == "kind" or not group.value:
            return ""
        return self.with_(**{"steward" if by == "steward" else "form": group.value})

    @property
    def outside(self) -> str:
        return self.with_(verdict=OUTSIDE) + "#h-list"

    @property
    def unconfirmed(self) -> str:
        return self.with_(confirmed="no") + "#h-list"

    @property
    def any_verdict(self) -> str:
        return self.with_(verdict="") + "#h-list"

    @property
    def by_steward(self) -> str:
        return self.with_(by="") + "#h-brk"

    @property
    def by_kind(self) -> str:
        return self.with_(by="kind") + "#h-brk"

    @property
    def by_form(self) -> str:
        return self.with_(by="form") + "#h-brk"

    @property
    def employees(self) -> str:
        return f"{self.everything}?kind=employees"


def _choices(member: Member, by: str) -> dict[str, Any]:
    return {
        "stewards": [(str(one.public_id), one.user.get_full_name() or one.user.email) for one in stewards_of(member.workspace)],
        "forms": Intent.choices,
        "verdict_choices": [(OUTSIDE, _("outside or unconfirmed")), *((code, str(SHARE_LABELS[code]).lower()) for code in SHARES)],
        "week_choices": WEEKS,
        "by": by,
    }


def _counts(chosen: Portfolio, addresses: Addresses) -> dict[str, Any]:
    """Numbers that add up: fair, in need of a conversation, not confirmed, too close to say."""
    counts = chosen.counts()
    ever = chosen.answered(False) & chosen.answered(True)
    answered = {"they": chosen.heard(False), "we": chosen.heard(True), "both": chosen.confirmed, "ever": ever}
    heard = {who: int(flags.sum()) for who, flags in answered.items()}
    unheard = len(chosen) - heard["both"]
    return {
        "total": len(chosen),
        "counts": counts,
        "verdict_counts": [
            (code, SHARE_LABELS[code], getattr(counts, code), addresses.with_(verdict=code) + "#h-list") for code in SHARES if getattr(counts, code)
        ],
        "leaning": int(chosen.outside.sum()),
        "unheard": unheard,
        "too_close": counts.open - unheard,
        "heard": heard,
        "outside_count": len(chosen) - counts.fair,
    }


def _drawings(desk: Desk, chosen: Portfolio, addresses: Addresses) -> dict[str, Any]:
    """The map and the list beside it, which share their numbers."""
    off, first = off_map(chosen), first_places(chosen)
    on_map = len(chosen) - off.total
    marks = marks_of(chosen, first, url=addresses.relationship, with_titles=on_map < DOTS_MAX) if on_map >= MAP_FROM else []
    found = attention_of(chosen, first, _gaps(chosen, first, desk), today=desk.today)
    return {
        "off_map": off,
        "map": charts.balance_map(marks, float(desk.member.workspace.band)) if marks else None,
        "attention": [(item, addresses.of(item.held.public_id)) for item in found],
    }


def _gaps(chosen: Portfolio, first: list[int], desk: Desk) -> dict[int, int]:
    """The widest open gap of the first few, of those that have two or more in ninety days."""
    ids = [chosen.held[place].relationship_id for place in first]
    reports = visible_reports(Report.objects.standing().filter(workspace_id=desk.member.workspace_id), View.SHARED, Kind.CLIENT)
    found = gaps_of(ids, reports, today=desk.today)
    return {pk: entries[0].gap for pk, entries in found.items() if len(entries) >= GAPS_TO_SAY and entries[0].gap}


def _groups(desk: Desk, chosen: Portfolio, by: str) -> list[Group]:
    band = float(desk.member.workspace.band)
    if by == "kind":
        return [group_of(chosen, _("Clients"), "", np.arange(len(chosen)), band)]
    return groups_of(chosen, by, band=band, nobody=_("nobody") if by == "steward" else _("not said"), others=_("others"))


def _employees(desk: Desk, wanted: PortfolioFilter, kind: str) -> dict[str, Any]:
    """The group is always the whole of it: a figure of a part, beside that of the whole, would tell of the rest."""
    if kind == "clients" or (wanted.is_narrow and kind != "employees"):
        return {}
    figure = employees_of(desk.member, now=desk.now)
    if figure is None or figure.mean is None or figure.half is None:
        return {"employees": figure}
    name, low, high = _("Employees"), figure.mean - figure.half, figure.mean + figure.half
    reading = SideReading(name, name, False, figure.mean, low, high, True, band=float(desk.member.workspace.band))
    words = _("On average: {words}.").format(words=side_words(reading))
    return {"employees": figure, "employee_reading": reading, "employee_words": words, "employee_number": number(figure.mean, low, high)}


def _list(chosen: Portfolio, after: str, addresses: Addresses) -> dict[str, Any]:
    page = list_of(chosen, after)
    return {
        "page": page,
        "rows": [(row, addresses.of(row.held.public_id)) for row in page.rows],
        "next_url": addresses.with_(after=str(page.next_after)) if page.next_after else "",
        "first_url": addresses.with_() if page.start else "",
    }
