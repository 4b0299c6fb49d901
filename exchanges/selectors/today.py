"""What a steward's day begins with: whom to think about, what happened lately, what comes soon.

Querysets come from `access`, narrowed to what this member may see.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet

from exchanges.models import Answer, Card, EventKind, EventStatus, EventVersion, Giver, Report, ReportRole, Round, ValueEvent
from exchanges.selectors.cards import CardRow, rows_of
from exchanges.selectors.gaps import GAPS_TO_SAY, with_a_gap
from exchanges.selectors.ledger import Entry, lines_of, open_gaps, person_name, versions_of
from exchanges.wording import NextStep, check_answer, expectation_word, gap_sentence, next_step, personal_step, relationship_voice, worth_word
from relationships.models import Kind, Member, SideRole, TermsVersion
from relationships.models.relationships import ENDED_STAGES

LOOK_AT = 6
LATELY = 8
SOON = 8
SOON_DAYS = 21
TO_RATE = 3
RATE_WITHIN = timedelta(days=30)


@dataclass(frozen=True)
class Look:
    """A relationship that wants a look: why, and the next step."""

    row: CardRow
    reason: str
    step: NextStep


@dataclass(frozen=True)
class Happened:
    """One line of the feed."""

    at: datetime
    relationship_id: UUID
    event_id: UUID | None
    who: str
    text: str
    other: str = ""
    add_worth: bool = False
    is_new: bool = False


@dataclass(frozen=True)
class Coming:
    on: date
    relationship_id: UUID
    event_id: UUID | None
    name: str
    text: str
    is_late: bool


def worth_a_look(cards: QuerySet[Card], reports: QuerySet[Report], *, member: Member, today: date) -> list[Look]:
    """The member's own relationships that lean, have gaps, or want an answer, the most severe first."""
    gapped = with_a_gap(reports, today=today)
    wanting = Q(severity__gt=0.05) | Q(relationship__in=gapped) | Q(due_on__lte=today)
    found = list(cards.filter(wanting).exclude(stage__in=ENDED_STAGES).order_by("-severity", "relationship_id")[: LOOK_AT * 3])
    rows = [row for row in rows_of(found, reports, member=member, today=today) if wants_a_look(row, today)][:LOOK_AT]
    gaps = gaps_of([row.card.relationship_id for row in rows], reports, today=today)
    return [look_at(row, gaps.get(row.card.relationship_id, []), today) for row in rows]


def wants_a_look(row: CardRow, today: date) -> bool:
    """An even relationship with nothing open is left alone, and so is one whose check is not due."""
    if row.they.is_private:
        return row.balance.own.due_on <= today
    if row.balance.verdict == "unconfirmed":
        return min(row.balance.own.due_on, row.balance.counterpart.due_on) <= today
    return row.balance.verdict != "balanced" or row.gaps >= GAPS_TO_SAY


def look_at(row: CardRow, gaps: Sequence[Entry], today: date) -> Look:
    if row.is_personal:
        step = personal_step(row.they)
        return Look(row, step.text, step)
    verdict = "unconfirmed" if row.they.is_private else row.balance.verdict
    widest = gaps[0].gap if len(gaps) >= GAPS_TO_SAY else None
    step = next_step(verdict, row.they, row.we, today=today, spiral=row.balance.is_spiral, gap_steps=widest)
    extra = gap_sentence(widest, gaps[0].giver == Giver.OWN) if widest else ""
    voice = relationship_voice(
        row.they, row.we, verdict, row.card.kind.lower(), today, spiral=row.balance.is_spiral, probability=row.balance.probability, extra=extra
    )
    return Look(row, extra or voice, step)


@dataclass(frozen=True)
class ToRate:
    """Something we received and have not said the worth of."""

    event_id: UUID
    name: str
    what: str
    on: date
    is_joint: bool


def to_rate(events: QuerySet[ValueEvent], reports: QuerySet[Report], *, cards: QuerySet[Card], today: date) -> list[ToRate]:
    """What arrived for us in the last month and waits for our word, the newest first. Friends are not asked to weigh."""
    said = reports.standing().filter(side=SideRole.OWN, role=ReportRole.GOT, first_hand=True)  # type: ignore[attr-defined]
    received = (
        events.filter(giver__in=[Giver.COUNTERPART, Giver.JOINT]).exclude(relationship__kind=Kind.PERSONAL).exclude(pk__in=said.values("event_id"))
    )
    recent = versions_of(received).filter(arrived_on__gt=today - RATE_WITHIN, arrived_on__lte=today, import_source="", status=EventStatus.ARRIVED)
    rows = list(recent.order_by("-arrived_on", "-event_id")[:TO_RATE])
    names = names_for(cards, [row.event.relationship_id for row in rows])
    return [
        ToRate(
            row.event.public_id,
            names[row.event.relationship_id],
            short(getattr(getattr(row, "text", None), "what", ""), 100),
            row.arrived_on,
            row.event.giver == Giver.JOINT,
        )
        for row in rows
        if row.event.relationship_id in names and row.arrived_on is not None
    ]


def gaps_of(relationship_ids: Sequence[int], reports: QuerySet[Report], *, today: date) -> dict[int, list[Entry]]:
    """Open gaps of a few relationships, the widest first. Costs two queries."""
    if not relationship_ids:
        return {}
    since = today - timedelta(days=90)
    events = ValueEvent.objects.filter(relationship__in=relationship_ids)
    versions = list(versions_of(events).filter(arrived_on__gte=since, visibility="SHARED"))
    of = {version.event_id: version.event.relationship_id for version in versions}
    by_relationship = defaultdict(list)
    for line in lines_of(versions, reports):
        by_relationship[of[line.event_id]].append(line)
    return {pk: open_gaps(lines, today=today) for pk, lines in by_relationship.items()}


def names_for(cards: QuerySet[Card], relationship_ids: Iterable[int]) -> dict[int, str]:
    """What the other sides of these relationships are called."""
    return dict(cards.filter(relationship__in=set(relationship_ids)).values_list("relationship_id", "counterpart_name"))


def lately(
    events: QuerySet[ValueEvent], reports: QuerySet[Report], answers: QuerySet[Answer], *, cards: QuerySet[Card], member: Member, now: datetime
) -> list[Happened]:
    """The newest events, ratings by the other side and revealed answers, newest first. Nine queries."""
    logged, rated, answered = _newest_events(events), _newest_ratings(reports), _newest_answers(answers)
    in_events = [version.event.relationship_id for version in logged]
    names = names_for(cards, [*in_events, *(row.relationship_id for row in rated), *(row.relationship_id for row in answered)])
    spoken = set(reports.standing().filter(event__in=[row.event_id for row in logged], side=SideRole.OWN).values_list("event_id", flat=True))  # type: ignore[attr-defined]
    found = [happened_event(row, names, member, now, is_spoken_of=row.event_id in spoken) for row in logged]
    found += [*_rated(rated, names), *(_answer_line(row, names) for row in answered), *_terms_lines(cards, member)]
    return sorted(found, key=lambda one: one.at, reverse=True)[:LATELY]


def _newest_events(events: QuerySet[ValueEvent]) -> list[EventVersion]:
    newest = list(events.order_by("-pk").values_list("pk", flat=True)[: 2 * LATELY])  # from the end of the key, whatever their number
    rows = versions_of(ValueEvent.objects.filter(pk__in=newest)).select_related("event__relationship", "author_member__user")
    return list(rows.order_by("-event_id")[:LATELY])


def happened_event(version: EventVersion, names: dict[int, str], member: Member, now: datetime, *, is_spoken_of: bool = False) -> Happened:
    event = version.event
    name = names.get(event.relationship_id, "")
    mine = version.author_member_id == member.pk
    us = "You" if mine else str(version.author_member.user) if version.author_member else "We"
    text = getattr(version, "text", None)
    what = short(text.what if text else "", 160)
    who, verb = {Giver.OWN: (us, "gave"), Giver.COUNTERPART: (name, "gave us"), Giver.JOINT: ("Together", "with")}[Giver(event.giver)]
    if version.kind == EventKind.MISSED_MOMENT:
        who, verb = (us, f"noted a moment that {name} missed") if event.giver == Giver.COUNTERPART else (name, "noted a moment that we missed")
        return Happened(event.recorded_at, event.relationship.public_id, event.public_id, who, f"{verb}: {what.rstrip('.')}.", name)
    promised = {EventStatus.PROMISED: "promised", EventStatus.PENDING: "sent"}.get(EventStatus(version.status), verb)
    verb = promised if event.giver == Giver.OWN else verb if promised == verb else f"{promised} us"
    what = what if what.endswith((".", "!", "?", "…")) else f"{what}."
    return Happened(
        at=event.recorded_at,
        relationship_id=event.relationship.public_id,
        event_id=event.public_id,
        who=who,
        text=f"{verb} {name}: {what}" if event.giver != Giver.COUNTERPART else f"{verb}: {what}",
        other=name,
        add_worth=mine and not is_spoken_of,
        is_new=(now - event.recorded_at) < timedelta(minutes=10) and mine,
    )


def _newest_ratings(reports: QuerySet[Report]) -> list[Report]:
    rows = reports.standing().filter(side=SideRole.COUNTERPART, role=ReportRole.GOT)  # type: ignore[attr-defined]
    return list(rows.select_related("event__relationship", "participant__person__text", "relayed_by__user").order_by("-id")[:LATELY])


def _rated(found: Sequence[Report], names: dict[int, str]) -> list[Happened]:
    whats = {version.event_id: version for version in versions_of(ValueEvent.objects.filter(pk__in=[row.event_id for row in found]))} if found else {}
    return [_rating(row, whats.get(row.event_id), names) for row in found if row.event_id in whats]


def _rating(row: Report, version: EventVersion | None, names: dict[int, str]) -> Happened:
    name = names.get(row.event.relationship_id, "")
    text = getattr(version, "text", None)
    what = text.what if text else ""
    said = ", ".join(
        part for part in (expectation_word(row.expectation).lower(), f"worth {worth_word(row.word).lower()}" if row.word is not None else "") if part
    )
    if row.word == -1:
        said = "it got in the way"
    speaker = person_name(row.participant) if row.first_hand else f"{name}, passed on"
    return Happened(
        at=row.recorded_at,
        relationship_id=row.event.relationship.public_id,
        event_id=row.event.public_id,
        who=", ".join(dict.fromkeys(part for part in (speaker, name) if part)) if row.first_hand else speaker,
        text=f"said of “{short(what)}”: {said or 'see their words'}.",
        other=name,
    )


def _newest_answers(answers: QuerySet[Answer]) -> list[Answer]:
    rows = answers.standing().filter(side=SideRole.COUNTERPART)  # type: ignore[attr-defined]
    return list(rows.select_related("relationship", "participant__person__text").order_by("-id")[:LATELY])


def _answer_line(row: Answer, names: dict[int, str]) -> Happened:
    name = names.get(row.relationship_id, "")
    who = ", ".join(dict.fromkeys(part for part in (person_name(row.participant) if row.first_hand else "", name) if part))
    if row.y_micro is None:
        text = "confirmed: still right."
    else:
        words = check_answer(round(row.y_micro / 1_000_000), "i")
        text = f"answered: “{words}”."
    is_personal = row.relationship.kind == Kind.PERSONAL
    return Happened(
        at=row.recorded_at,
        relationship_id=row.relationship.public_id,
        event_id=None,
        who=who,
        text="told how it feels." if is_personal else text if row.first_hand else f"passed on, {text}",
        other=name,
    )


def _terms_lines(cards: QuerySet[Card], member: Member) -> list[Happened]:
    """What the other sides newly said matters to them. One query more where somebody did."""
    said = TermsVersion.objects.filter(side__role=SideRole.COUNTERPART, side__relationship__steward=member)
    rows = list(said.select_related("side__relationship", "author__person__text").prefetch_related("items__value_kind").order_by("-id")[:LATELY])
    names = names_for(cards, [row.side.relationship_id for row in rows]) if rows else {}
    return [_terms_line(row, names[row.side.relationship_id]) for row in rows if row.side.relationship_id in names]


def _terms_line(row: TermsVersion, name: str) -> Happened:
    items = sorted(row.items.all(), key=lambda item: (-item.weight, item.pk))
    said = ", ".join(f"{item.value_kind.name} {item.weight}" for item in items)
    return Happened(
        at=row.recorded_at,
        relationship_id=row.side.relationship.public_id,
        event_id=None,
        who=", ".join(dict.fromkeys(part for part in (person_name(row.author), name) if part)),
        text=f"{'said' if row.seq == 1 else 'said anew'} what matters: {short(said, 120)}.",
        other=name,
    )


def soon(events: QuerySet[ValueEvent], cards: QuerySet[Card], *, today: date) -> list[Coming]:
    """Promises with a date, and checks of the other side that come due; an employee's true due dates are the employee's alone."""
    until = today + timedelta(days=SOON_DAYS)
    open_ones = versions_of(events).filter(status__in=[EventStatus.PROMISED, EventStatus.PENDING], expected_on__lte=until)
    promises = list(open_ones.select_related("event__relationship").order_by("expected_on", "id")[:SOON])
    names = names_for(cards, [row.event.relationship_id for row in promises])
    coming = [_promise(row, names, today) for row in promises if row.event.relationship_id in names]
    asked = Round.objects.filter(relationship__in=cards.values("relationship"), posting__isnull=True).values("relationship")
    due = cards.filter(due_counterpart_on__gt=today, due_counterpart_on__lte=until).exclude(relationship__in=asked)
    due = due.exclude(kind=Kind.EMPLOYEE).exclude(stage__in=ENDED_STAGES)
    coming += [
        Coming(card.due_counterpart_on, card.public_id, None, card.counterpart_name, "Check due from", False)
        for card in due.order_by("due_counterpart_on", "relationship_id")[:SOON]
        if card.due_counterpart_on is not None
    ]
    return sorted(coming, key=lambda one: (one.on, one.name))[:SOON]


def _promise(version: EventVersion, names: dict[int, str], today: date) -> Coming:
    assert version.expected_on is not None
    text = getattr(version, "text", None)
    name = names.get(version.event.relationship_id, "")
    whose = {Giver.OWN: "We promised", Giver.COUNTERPART: "They promised", Giver.JOINT: "Together with"}[Giver(version.event.giver)]
    return Coming(
        on=version.expected_on,
        relationship_id=version.event.relationship.public_id,
        event_id=version.event.public_id,
        name=name,
        text=f"{short(text.what if text else '')}. {whose}",
        is_late=version.expected_on < today,
    )


def short(text: str, longest: int = 80) -> str:
    """One line of it, ending at a word."""
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: line.rfind(" ", 0, longest) if " " in line[:longest] else longest].rstrip() + "…"
