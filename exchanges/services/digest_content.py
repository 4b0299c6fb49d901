"""What a member's digest tells: what waits for them, whom to call, what wants a look, what came in. In the rules of what they may see.

A mail is no confidential place: of what somebody said it tells only that it came in. Nothing of an employee is in it but a group's figure,
nothing that is blind yet, and for leaders nothing personal.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from exchanges.access import cards_for, led_cards_for, prompts_for, visible_events, words_for
from exchanges.models import Answer, Card, Prompt, PromptState, Report, ReportRole, ValueEvent, View
from exchanges.selectors.due import waiting_for
from exchanges.selectors.group_figures import GroupFigure, employees_of
from exchanges.selectors.quiet import Quiet, first_instant
from exchanges.selectors.settling import waiting_settlements
from exchanges.selectors.today import to_rate, worth_a_look
from exchanges.wording import dates
from relationships.models import ENDED_STAGES, Digest, Kind, Member, SideRole

MORNING = time(8)
MOST_LINES = 8
DAY = timedelta(days=1)
LOOKS_BACK = 63  # days: what was missed longer ago is not written down any more


@dataclass(frozen=True)
class Period:
    """One digest's time. `key` is local: no change of clocks makes two of one."""

    key: str
    day: date  # the local day on which it goes out
    moment: datetime


@dataclass(frozen=True)
class Line:
    """One line: about whom, what, and the relationship's page, if it is about one."""

    name: str
    text: str
    relationship_id: UUID | None = None


@dataclass
class Content:
    waiting: list[Line] = field(default_factory=list)
    silent: list[Line] = field(default_factory=list)
    looks: list[Line] = field(default_factory=list)
    came: list[Line] = field(default_factory=list)
    employees: GroupFigure | None = None  # said beside other things, never a reason to write

    @property
    def is_empty(self) -> bool:
        return not (self.waiting or self.silent or self.looks or self.came)


def periods_up_to(how: str, quiet: Quiet, now: datetime) -> list[Period]:
    """The periods of the last two months whose moment has come, the oldest first: eight o'clock on working days, or on the first of each week."""
    if how == Digest.NEVER:
        return []
    today, found = now.astimezone(quiet.zone).date(), {}
    for number in range(LOOKS_BACK, -1, -1):
        day = today - number * DAY
        if quiet.why_not_on(day):
            continue
        year, week, _weekday = day.isocalendar()
        key = day.isoformat() if how == Digest.DAILY else f"{year}-W{week:02}"
        moment = moment_of(quiet, day)
        if key not in found and moment <= now:
            found[key] = Period(key, day, moment)
    return list(found.values())


def moment_of(quiet: Quiet, day: date) -> datetime:
    """When the digest of a local day goes out."""
    return first_instant(quiet.zone, day, MORNING)


def content_for(member: Member, *, since: datetime, until: datetime, now: datetime) -> Content:
    """Everything to tell. `since` and `until` bound what came in: no digest repeats what the one before it told."""
    today = now.astimezone(member.workspace.zone).date()
    content = Content()
    if member.is_steward:
        cards = cards_for(member).filter(steward=member).exclude(stage__in=ENDED_STAGES)
        reports, answers = words_for(member, stewarded=True)
        content.waiting = _waiting(member, reports, cards, today=today, now=now)
        content.silent = _silent(member, since, until, today=today, now=now)
        content.looks = _looks(cards, reports, member, today)
        content.came = _came(cards, reports, answers, since, until)
    if member.is_leader:
        led = led_cards_for(member).exclude(steward=member).exclude(stage__in=ENDED_STAGES)
        reports, _answers = words_for(member)
        content.looks += _looks(led, reports.filter(relationship__kind=Kind.CLIENT), member, today)
        figure = employees_of(member, now=now)
        content.employees = None if figure is None or figure.is_hidden else figure
    return content


def _waiting(member: Member, reports: QuerySet[Report], cards: QuerySet[Card], *, today: date, now: datetime) -> list[Line]:
    lines = [
        Line(one.counterpart_name, _("a check, open until {day}").format(day=dates.day(one.closes_on, today)), one.relationship_id)
        for one in waiting_for(member, now)
        if one.answer_points is None
    ]
    lines += [
        Line(one.counterpart_name, _("what became of something promised, or given in advance, since {day}").format(day=dates.day(one.by, today)), one.relationship_id)
        for one in waiting_settlements(member, now)
    ]  # fmt: skip
    events = visible_events(ValueEvent.objects.filter(relationship__steward=member), View.OWN)
    rate = to_rate(events, reports, cards=cards, today=today)
    lines += [Line(one.name, _("something that arrived on {day} has no word of ours yet").format(day=dates.day(one.on, today))) for one in rate]
    return lines[:MOST_LINES]


def _silent(member: Member, since: datetime, until: datetime, *, today: date, now: datetime) -> list[Line]:
    """Who lets a question pass, told once, shortly before it closes. Employees are never among them."""
    rows = prompts_for(member).filter(told_at__gte=since, told_at__lt=until, state=PromptState.WAITING, side=SideRole.COUNTERPART, closes_at__gt=now)
    prompts = list(
        rows.exclude(relationship__kind=Kind.EMPLOYEE).select_related("participant__person__text", "relationship", "workspace")[:MOST_LINES]
    )
    names = _names([prompt.relationship_id for prompt in prompts])
    return [_silent_line(prompt, names.get(prompt.relationship_id, ""), today) for prompt in prompts]


def _silent_line(prompt: Prompt, party: str, today: date) -> Line:
    text = getattr(prompt.participant.person, "text", None)
    asked_on = prompt.created_at.astimezone(prompt.workspace.zone).date()
    who = ", ".join(dict.fromkeys(part for part in ((text.name if text else ""), party) if part))
    return Line(who, _("has not answered since {day}; a call may help").format(day=dates.day(asked_on, today)), prompt.relationship.public_id)


def _looks(cards: QuerySet[Card], reports: QuerySet[Report], member: Member, today: date) -> list[Line]:
    found = worth_a_look(cards, reports, member=member, today=today)
    return [Line(look.row.card.counterpart_name, look.reason, look.row.card.public_id) for look in found if look.row.card.kind != Kind.EMPLOYEE]


def _came(cards: QuerySet[Card], reports: QuerySet[Report], answers: QuerySet[Answer], since: datetime, until: datetime) -> list[Line]:
    """How much of theirs came in by relationship. What it says stands on the page, which asks who reads."""
    rated = reports.standing().filter(  # type: ignore[attr-defined]
        side=SideRole.COUNTERPART, role=ReportRole.GOT, recorded_at__gte=since, recorded_at__lt=until
    )
    revealed = Q(round__posting__posted_at__gte=since, round__posting__posted_at__lt=until)
    passed_on = Q(round__isnull=True, recorded_at__gte=since, recorded_at__lt=until)
    answered = answers.standing().filter(revealed | passed_on, side=SideRole.COUNTERPART)  # type: ignore[attr-defined]
    words = Counter(rated.exclude(relationship__kind=Kind.EMPLOYEE).values_list("relationship_id", flat=True).order_by())
    checks = Counter(answered.exclude(relationship__kind=Kind.EMPLOYEE).values_list("relationship_id", flat=True).order_by())
    found = cards.filter(relationship__in=[*words, *checks]).order_by("counterpart_name", "relationship_id")[:MOST_LINES]
    return [Line(card.counterpart_name, _what_came(words[card.relationship_id], checks[card.relationship_id]), card.public_id) for card in found]


def _what_came(ratings: int, answers: int) -> str:
    parts = []
    if ratings:
        parts.append(ngettext("one rating came in", "{count} ratings came in", ratings).format(count=ratings))
    if answers:
        parts.append(ngettext("an answer was revealed", "{count} answers were revealed", answers).format(count=answers))
    return _("{first}, and {second}").format(first=parts[0], second=parts[1]) if len(parts) == 2 else parts[0]


def _names(relationship_ids: list[int]) -> dict[int, str]:
    return dict(Card.objects.filter(relationship__in=relationship_ids, view=View.SHARED).values_list("relationship_id", "counterpart_name"))
