"""The page of somebody who speaks for the other side: its own picture, what it gave and got, what it answered.

Rows come in as querysets that `access` has narrowed to what this person may see; nothing here looks further. Of colleagues there is their
side's word and number, never a name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo
from math import ceil
from statistics import mean
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from exchanges import wording
from exchanges.charts import SideReading, Timeline, TimelineCheck, TimelineEvent, TimelineSide, timeline
from exchanges.models import (
    Answer,
    Disclosure,
    EventKind,
    EventVersion,
    Giver,
    Prompt,
    PromptKind,
    PromptState,
    Report,
    ReportRole,
    Round,
    ValueEvent,
    View,
)
from exchanges.models.reports import Word
from exchanges.selectors.balances import Balance
from exchanges.selectors.due import answer_points, nearest_answer
from exchanges.selectors.guesses import POINTS
from exchanges.selectors.items import ItemLine, item_lines
from exchanges.selectors.items import items_of as answered_besides
from exchanges.selectors.ledger import Line, Said, lines_of, versions_of
from exchanges.selectors.pages import LINE_DAYS, points_of
from exchanges.selectors.prompts import shortened
from exchanges.selectors.readings import Names, readings_of
from exchanges.selectors.rounds import state_of
from exchanges.selectors.settling import version_asked_about
from exchanges.wording.minutes import minutes, takes
from relationships.models import Kind, Participant, Relationship, Side, SideRole, TermsItem, Unit

FEW, PAGE = 4, 50
YEAR = timedelta(days=365)
THEM, US = SideRole.COUNTERPART, SideRole.OWN


def reading_of(balance: Balance, names: Names, *, kind: str) -> SideReading:
    """Their own side's picture, which is theirs to see whatever the relationship is."""
    theirs, _ours = readings_of(balance, names, kind=kind, may_see_private=True)
    return theirs


# What was given and got


@dataclass(frozen=True)
class Item:
    """One event in one direction, with what the receiver said of it where this person may read it."""

    event_id: UUID
    on: date
    what: str
    has_arrived: bool
    expected_on: date | None
    is_private: bool
    is_missed: bool  # a moment in which nothing came
    word: int | None
    expectation: str
    amount: str
    sentence: str
    is_said: bool
    is_mine: bool  # said by this person itself; else by a colleague or, of what was given, by the other side
    may_rate: bool
    may_share: bool  # said by an employee itself, and theirs alone until they share it
    shared_on: date | None
    number: int  # for paging

    @property
    def worth(self) -> str:
        """The word alone, for where nothing is weighed."""
        return wording.worth_word(self.word)


@dataclass(frozen=True)
class Items:
    rows: Sequence[Item]
    count: int
    after: int | None  # the last row's number, where there are more


def items_of(
    events: QuerySet[ValueEvent], reports: QuerySet[Report], *, participant: Participant, giver: int, limit: int, after: EventVersion | None = None
) -> Items:
    """What one side gave, the newest first. A joint event stands in both lists."""
    versions = versions_of(events.filter(giver__in=[giver, Giver.JOINT])).order_by("-occurred_on", "-event_id")
    count = versions.count()
    if after is not None:
        versions = versions.filter(Q(occurred_on__lt=after.occurred_on) | Q(occurred_on=after.occurred_on, event_id__lt=after.event_id))
    lines = lines_of(versions[: limit + 1], reports)
    rows = _with_sharing([_item(line, giver, participant) for line in lines[:limit]], lines, participant)
    return Items(rows, count, rows[-1].number if len(lines) > limit else None)


def _item(line: Line, giver: int, participant: Participant) -> Item:
    receiver = US if giver == THEM else THEM
    told = line.accounts.get((receiver, ReportRole.GOT), [])
    mine = next((one for one in told if one.participant_id == participant.pk), None)
    said = mine or line.said(receiver, ReportRole.GOT)
    cost = next((one for one in line.accounts.get((giver, ReportRole.GAVE), []) if giver == THEM and one.participant_id == participant.pk), None)
    is_theirs = receiver == US  # the other side's own words are shown where it shared them
    if said is not None and mine is None and not is_theirs:
        said = _of_the_side(told, said)
    return Item(
        event_id=line.public_id, on=line.on, what=line.what, has_arrived=line.has_arrived, expected_on=line.expected_on, is_private=line.is_private,
        is_missed=line.kind == EventKind.MISSED_MOMENT,
        word=said.word if said else None, expectation=said.expectation if said else "", amount=_amount(said, cost),
        sentence=said.sentence if said else "", is_said=said is not None, is_mine=mine is not None,
        may_rate=giver in (US, Giver.JOINT) and line.has_arrived and mine is None and line.kind != EventKind.MISSED_MOMENT, may_share=False, shared_on=None, number=line.event_id,
    )  # fmt: skip


def _of_the_side(told: Sequence[Said], said: Said) -> Said:
    """What colleagues said of one event as their side's one word: who said what of them, and how, is theirs."""
    heard = [one for one in told if one.first_hand] or told
    values = [POINTS[Word(one.word)] for one in heard if one.word is not None]
    word = min(Word, key=lambda one: abs(POINTS[one] - mean(values))) if values else None
    return replace(said, word=word, expectation="", amount="", sentence="")


def _with_sharing(items: list[Item], lines: Sequence[Line], participant: Participant) -> list[Item]:
    """Which of their own ratings an employee can share, and which they have. One query; everybody else's are shared anyway."""
    if participant.side.relationship.kind != Kind.EMPLOYEE:
        return items
    mine = {
        line.event_id: one for line in lines if not line.is_private
        for one in line.accounts.get((THEM, ReportRole.GOT), []) if one.participant_id == participant.pk and one.first_hand and not one.is_private
    }  # fmt: skip
    shared = dict(Disclosure.objects.filter(report__public_id__in=[one.public_id for one in mine.values()]).values_list("report__public_id", "at"))
    days = {pk: shared[one.public_id].astimezone(participant.workspace.zone).date() for pk, one in mine.items() if one.public_id in shared}
    return [
        replace(item, may_share=item.is_mine and item.number in mine and item.number not in days, shared_on=days.get(item.number)) for item in items
    ]


def _amount(said: Said | None, cost: Said | None) -> str:
    """What it took, of what was given; else the receiver's own unit."""
    if cost is not None and cost.amount:
        return cost.amount
    return said.amount if said else ""


# What was answered


@dataclass(frozen=True)
class OwnAnswer:
    on: date
    words: str
    sentence: str
    guess_words: str
    is_revealed: bool
    public_id: UUID
    is_of_a_round: bool
    shared_on: date | None
    prompt_id: UUID | None  # where it can still be changed
    until: date | None
    points: float
    number: int
    items: Sequence[ItemLine] = ()


def answers_of(
    answers: QuerySet[Answer], *, participant: Participant, now: datetime, other: str, limit: int, after: Answer | None = None,
    revealed: QuerySet[Answer] | None = None,
) -> list[OwnAnswer]:  # fmt: skip
    """This person's own standing answers, the newest first, and which of them are still open. `revealed`: what both sides may read, to stand beside them."""
    rows = answers.select_related("text", "confirms_shown", "round__posting", "disclosure").order_by("-answered_on", "-id")
    if after is not None:
        rows = rows.filter(Q(answered_on__lt=after.answered_on) | Q(answered_on=after.answered_on, pk__lt=after.pk))
    found = list(rows[:limit])
    prompts = {
        prompt.round_id: prompt
        for prompt in Prompt.objects.filter(participant=participant, kind=PromptKind.CHECK, round__in=[row.round_id for row in found if row.round_id])
    }
    zone = participant.workspace.zone
    items = _items_beside(found, revealed)
    return [replace(_own_answer(row, prompts.get(row.round_id), now, other, zone), items=items[row.pk]) for row in found]


def _items_beside(found: Sequence[Answer], revealed: QuerySet[Answer] | None) -> dict[int, Sequence[ItemLine]]:
    """What they answered besides, next to what the other side did in the same check once both may read it."""
    rounds = [row.round_id for row in found if row.round_id]
    theirs: dict[int, list[Answer]] = {}
    if revealed is not None and rounds:
        rows = revealed.standing().filter(side=US, first_hand=True, round__in=rounds)  # type: ignore[attr-defined]
        for row in rows.select_related("participant__person__text").order_by("id"):
            theirs.setdefault(row.round_id, []).append(row)
    said = answered_besides([*found, *(row for rows in theirs.values() for row in rows)])
    return {row.pk: item_lines([row], theirs.get(row.round_id or 0, []), said) for row in found}


def _own_answer(row: Answer, prompt: Prompt | None, now: datetime, other: str, zone: tzinfo) -> OwnAnswer:
    state = state_of(row.round, now) if row.round is not None and not hasattr(row.round, "posting") else None
    is_open = state is not None and not state.is_closed and prompt is not None and prompt.closes_at > now and prompt.state != PromptState.WITHDRAWN
    revealed = state.is_revealed if state is not None else row.round is not None and row.round.posting.outcome == "REVEALED"
    guess = None if row.guess_micro is None else nearest_answer(row.guess_micro / 1_000_000)
    points, shared = answer_points(row), getattr(row, "disclosure", None)
    return OwnAnswer(
        on=row.answered_on, words=wording.check_answer(nearest_answer(points), "you"), sentence=row.text.sentence if hasattr(row, "text") else "",
        guess_words="" if guess is None else wording.check_answer(guess, "it", other), is_revealed=revealed, public_id=row.public_id,
        is_of_a_round=row.round_id is not None, shared_on=shared.at.astimezone(zone).date() if shared else None,
        prompt_id=prompt.public_id if is_open and prompt else None,
        until=prompt.closes_at.astimezone(zone).date() if is_open and prompt else None, points=points, number=row.pk,
    )  # fmt: skip


# The picture over time


def chart_of_own(
    relationship: Relationship, reading: SideReading, balance: Balance, names: Names, got: Iterable[Item], revealed: QuerySet[Answer], *,
    participant: Participant, today: date,
) -> Timeline:  # fmt: skip
    """Their own panel alone. Diamonds are what their side answered, a check at a time: of colleagues no single answer."""
    rows = revealed.standing().filter(side=THEM).select_related("confirms_shown", "round")  # type: ignore[attr-defined]
    checks = side_checks(rows.filter(answered_on__gt=today - timedelta(days=LINE_DAYS)))
    side = TimelineSide(
        name=names.short_of(THEM),
        is_own=False,
        points=points_of(relationship, View.COUNTERPART, THEM, today) if reading.estimate else (),
        checks=sorted(checks, key=lambda check: check.on),
        events=[TimelineEvent(item.on, item.what, item.word) for item in got if item.has_arrived],
        due_on=balance.counterpart.due_on,
        band=reading.band,
    )
    return timeline([side], today)


def side_checks(answers: Iterable[Answer]) -> list[TimelineCheck]:
    """One mark for each check, on the day of its last answer; what was answered outside of any stands for itself."""
    found: dict[tuple[int | None, int], list[Answer]] = {}
    for row in answers:
        found.setdefault((row.round_id, 0 if row.round_id else row.pk), []).append(row)
    return [TimelineCheck(max(row.answered_on for row in rows), mean(answer_points(row) for row in rows)) for rows in found.values()]


# What waits, what was shared, who took part


@dataclass(frozen=True)
class Waiting:
    """A question to this person, as a card: what it is about, and how long it takes."""

    public_id: UUID
    kind: str
    title: str
    on: date | None
    closes_on: date
    minutes: str
    label: str


def waiting_in(prompts: QuerySet[Prompt], *, other: str, now: datetime) -> list[Waiting]:
    """Open questions, those that were put off too, the oldest first."""
    rows = prompts.filter(state__in=[PromptState.WAITING, PromptState.SNOOZED], closes_at__gt=now, kind__in=ANSWERED_HERE)
    return [_waiting(row, other) for row in rows.order_by("created_at", "id") if row.round is None or not state_of(row.round, now).is_closed]


ANSWERED_HERE = (PromptKind.CHECK, PromptKind.RATING, PromptKind.TERMS, PromptKind.SETTLE)
LABELS = {
    PromptKind.CHECK: gettext_lazy("Answer"),
    PromptKind.RATING: gettext_lazy("Rate it"),
    PromptKind.TERMS: gettext_lazy("Say what matters"),
    PromptKind.SETTLE: gettext_lazy("Say what became of it"),
}


def _waiting(prompt: Prompt, other: str) -> Waiting:
    zone = prompt.workspace.zone
    title, on = wording.check_question(other), None
    if prompt.kind == PromptKind.RATING:
        version = EventVersion.objects.current().filter(event_id=prompt.event_id).select_related("text").first()
        title = shortened(version.text.what) if version is not None and hasattr(version, "text") else _("Something arrived")
        on = version.arrived_on or version.occurred_on if version is not None else None
    elif prompt.kind == PromptKind.SETTLE:
        version = version_asked_about(prompt)
        title = shortened(version.text.what) if version is not None and hasattr(version, "text") else _("Something you meant to do")
        on = prompt.about_on
    elif prompt.kind == PromptKind.TERMS:
        title = _("What matters to you now?")
    return Waiting(
        prompt.public_id,
        prompt.kind,
        title,
        on,
        prompt.closes_at.astimezone(zone).date(),
        _("Takes {time}.").format(time=takes(prompt.kind)),
        str(LABELS[PromptKind(prompt.kind)]),
    )


@dataclass(frozen=True)
class SharedAnswer:
    on: date
    words: str
    sentence: str


def shared_answers(revealed: QuerySet[Answer], *, other: str, is_person: bool, limit: int = 3) -> list[SharedAnswer]:
    """What the other side said in checks that both have read, the newest first."""
    rows = revealed.standing().filter(side=US).select_related("text", "confirms_shown")  # type: ignore[attr-defined]
    person = "they" if is_person else "it"
    return [
        SharedAnswer(
            row.answered_on,
            wording.check_answer(nearest_answer(answer_points(row)), person, other),
            row.text.sentence if hasattr(row, "text") else "",
        )
        for row in rows.order_by("-answered_on", "-id")[:limit]
    ]


@dataclass(frozen=True)
class TakingPart:
    """How much each side was asked in a year and how much of it was answered: rounds that are over, and nothing of what was said."""

    asked_you: int
    answered_you: int
    minutes_you: int
    asked_them: int
    answered_them: int
    minutes_them: int
    logged_you: int
    logged_them: int


def taking_part(
    relationship: Relationship, events: QuerySet[ValueEvent], own_prompts: QuerySet[Prompt], revealed: QuerySet[Answer], *, now: datetime
) -> TakingPart:
    """Ours is counted in rounds that are posted: before that, whether somebody answered is nobody else's."""
    since = now - YEAR
    mine = own_prompts.filter(created_at__gt=since, kind__in=ANSWERED_HERE).select_related(None).order_by()
    asked = Round.objects.filter(relationship=relationship, opens_at__gt=since, posting__isnull=False, seats__side=US).distinct().count()
    answered = revealed.standing().filter(side=US, round__opens_at__gt=since)  # type: ignore[attr-defined]
    logged = dict(events.filter(recorded_at__gt=since).order_by().values_list("author_side").annotate(count=Count("pk", distinct=True)))
    kinds = dict(mine.values_list("kind").annotate(count=Count("pk")))
    return TakingPart(
        asked_you=sum(kinds.values()), answered_you=mine.filter(state=PromptState.ANSWERED).count(),
        minutes_you=ceil(sum(minutes(kind) * count for kind, count in kinds.items())), asked_them=asked,
        answered_them=answered.order_by().values("round").distinct().count(), minutes_them=ceil(minutes(PromptKind.CHECK) * asked),
        logged_you=logged.get(THEM, 0), logged_them=logged.get(US, 0),
    )  # fmt: skip


def units_of_side(side: Side) -> list[str]:
    """Units that this side has used or declared: nobody else's are offered."""
    reported = Unit.objects.filter(
        pk__in=Report.objects.filter(relationship_id=side.relationship_id, side=side.role, unit__isnull=False).values("unit")
    )
    declared = Unit.objects.filter(pk__in=TermsItem.objects.filter(version__side=side, unit__isnull=False).values("unit"))
    return sorted({*reported.values_list("name", flat=True), *declared.values_list("name", flat=True)})
