"""Who would be asked what in the next days, why, and what would hold it back. Computed from what is known now; nothing is written.

Shown to who may see the relationship: a steward its own, a leader clients as both sides may see them. When an employee is asked is theirs
alone, so of an employee's relationship only our own side's date stands here.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from exchanges.models import Card, Occasion, PromptKind, Round
from exchanges.selectors.allowance import Allowances
from exchanges.selectors.asking import Facts, Look, facts_of, look_at, sooner
from exchanges.selectors.due import ratings_to_ask
from exchanges.selectors.due_terms import terms_due, who_would_say
from exchanges.selectors.requalify import coming
from exchanges.selectors.settling import ADVANCE, Due, advances_by, due_of, due_of_advance, promised_by, speakers_for
from exchanges.wording.asking import because
from relationships.models import ENDED_STAGES, Kind, Participant, SideRole, Workspace

DAYS = 30
MOST = 300
TURNS = 20


@dataclass(frozen=True)
class Question:
    """One question that would go to one person."""

    on: date
    person: str
    is_ours: bool
    relationship_id: UUID
    counterpart: str
    what: str
    why: str
    waits: str = ""  # what holds it until then


@dataclass(frozen=True)
class Unasked:
    """Somebody who would be asked, and cannot be."""

    person: str
    relationship_id: UUID
    counterpart: str
    why: str


@dataclass(frozen=True)
class Preview:
    questions: list[Question]
    unasked: list[Unasked]
    until: date
    is_cut: bool


def preview(
    cards: QuerySet[Card],
    *,
    workspace: Workspace,
    now: datetime,
    shared_only: QuerySet[Card] | None = None,
    days: int = DAYS,
    reader: int | None = None,
) -> Preview:
    """`cards`: what the reader stewards, in our side's view. `shared_only`: what it reads as both sides may see it. `reader`: the person."""
    today = now.astimezone(workspace.zone).date()
    until = today + timedelta(days=days)
    own, led = _wanted(cards, until, workspace, now), _wanted(shared_only, until, workspace, now) if shared_only is not None else []
    known = {card.relationship_id: card for card in [*led, *own]}
    facts = facts_of([card.relationship_id for card in own], workspace=workspace, now=now)
    facts += facts_of([card.relationship_id for card in led if card not in own], workspace=workspace, now=now, shared_only=True)
    facts = [_as_told(fact, known[fact.relationship_id]) for fact in facts]
    allowances = Allowances([one for fact in facts for one in fact.people], workspace, now)
    looks = in_turn(facts, allowances, now, until)
    questions = [question for look in looks for question in _questions(look, known[look.relationship_id], today)]
    questions += _ratings(known, allowances, workspace, now)
    questions += _worth(cards, workspace, now, until, reader)
    questions += _terms(cards, workspace, now, until)
    questions += _terms(shared_only, workspace, now, until) if shared_only is not None else []
    questions += _settlements(cards, workspace, now, until)
    questions += _settlements(shared_only, workspace, now, until, is_shared=True) if shared_only is not None else []
    questions.sort(key=lambda one: (one.on, one.counterpart, one.person))
    return Preview(questions, _unasked(known, today), until, len(known) >= MOST)


def in_turn(facts: Iterable[Facts], allowances: Allowances, now: datetime, until: date) -> list[Look]:
    """The looks in the order of their days, each question counted before the next: who is asked on one day has less room on the next."""
    by_id = {fact.relationship_id: fact for fact in facts}
    waiting = [(look.ask_on, pk) for pk, fact in by_id.items() if (look := look_at(fact, allowances, now)).ask_on is not None]
    heapq.heapify(waiting)
    done, turns = [], dict.fromkeys(by_id, 0)
    while waiting:
        on, pk = heapq.heappop(waiting)
        look = look_at(by_id[pk], allowances, now)
        if look.ask_on is None or look.ask_on > until:
            continue
        turns[pk] += 1
        if look.ask_on > on and turns[pk] < TURNS:
            heapq.heappush(waiting, (look.ask_on, pk))
            continue
        moment = max(now, datetime.combine(look.ask_on, time(9), tzinfo=allowances.workspace.zone))
        for participant in look.people:
            allowances.add(participant, moment)
        done.append(look)
    return done


def _wanted(cards: QuerySet[Card], until: date, workspace: Workspace, now: datetime) -> list[Card]:
    """What comes due by then, and is not being asked just now: whether an open question is answered must not show here."""
    asked = Round.objects.filter(relationship=OuterRef("relationship"), posting__isnull=True, closes_at__gt=now)
    occasions = Occasion.objects.filter(relationship=OuterRef("relationship"), settled_at__isnull=True, ask_from__lte=until)
    early = Q(relationship__in=sooner(workspace)) & ~Q(stage__in=ENDED_STAGES)
    wanted = cards.filter(Q(due_on__lte=until) | Exists(occasions) | early).filter(~Exists(asked))
    return list(wanted.order_by("due_on", "relationship_id")[:MOST])


def _as_told(facts: Facts, card: Card) -> Facts:
    """Of an employee's relationship only our own side: their dates are theirs."""
    if card.kind != Kind.EMPLOYEE:
        return facts
    return replace(facts, people=tuple(one for one in facts.people if one.side.role == SideRole.OWN))


def _questions(look: Look, card: Card, today: date) -> list[Question]:
    assert look.ask_on is not None
    why = because(look.occasion.kind.lower(), look.occasion.happened_on, today) if look.occasion else ""
    if look.closes is not None:
        why = because("one_off", look.closes, today)
    return [
        Question(
            on=look.ask_on, person=person_of(one), is_ours=one.side.role == SideRole.OWN, relationship_id=card.public_id,
            counterpart=card.counterpart_name, what="check",
            why=why or ("their date has come" if one.side.role in look.sides else "both sides are asked in one round"), waits=look.waits,
        )
        for one in look.people
    ]  # fmt: skip


def _ratings(cards: dict[int, Card], allowances: Allowances, workspace: Workspace, now: datetime) -> list[Question]:
    """What arrived and would be asked about now, or waits for the receivers' budgets."""
    today = now.astimezone(workspace.zone).date()
    named = {pk for pk, card in cards.items() if card.kind != Kind.EMPLOYEE}
    events = ratings_to_ask(workspace=workspace, now=now, limit=MOST, within=named)
    speaking = Participant.objects.speaking_on(today).filter(
        side__relationship__in={event.relationship_id for event in events}, side__role=SideRole.COUNTERPART
    )
    people: dict[int, list[Participant]] = {}
    for one in speaking.select_related("side", "person__text").order_by("id"):
        people.setdefault(one.side.relationship_id, []).append(one)
    known = Allowances([one for rows in people.values() for one in rows], workspace, now)
    found = []
    for event in events:
        for one in people.get(event.relationship_id, []):
            obstacle = known.obstacle(one, now, PromptKind.RATING)
            on = obstacle.until.astimezone(workspace.zone).date() if obstacle and obstacle.until else today
            card = cards[event.relationship_id]
            found.append(
                Question(
                    on,
                    person_of(one),
                    False,
                    card.public_id,
                    card.counterpart_name,
                    "rating",
                    "something arrived",
                    obstacle.reason if obstacle else "",
                )
            )
            if obstacle is None:
                known.add(one, now)
    return found


def _terms(cards: QuerySet[Card], workspace: Workspace, now: datetime, until: date) -> list[Question]:
    """What matters to the other side, asked of one who speaks for it; of employees never."""
    known = {card.relationship_id: card for card in cards.exclude(kind=Kind.EMPLOYEE).exclude(stage__in=ENDED_STAGES)[:MOST]}
    due = {pk: on for pk, on in terms_due(workspace, now, within=known).items() if on <= until}
    people: dict[int, list[Participant]] = {}
    for one in who_would_say(due, now.astimezone(workspace.zone).date()):
        people.setdefault(one.side.relationship_id, []).append(one)
    allowances = Allowances([one for rows in people.values() for one in rows], workspace, now)
    found = []
    for pk, on in sorted(due.items(), key=lambda item: (item[1], item[0])):
        moment = max(now, datetime.combine(on, time(9), tzinfo=workspace.zone))
        reachable = [one for one in people.get(pk, []) if not _why_not(one)]
        held = [(one, allowances.obstacle(one, moment, PromptKind.TERMS)) for one in reachable]
        if not held:
            continue
        one, obstacle = next((pair for pair in held if pair[1] is None), held[0])
        day = obstacle.until.astimezone(workspace.zone).date() if obstacle and obstacle.until else on
        waits = obstacle.reason if obstacle else ""
        found.append(Question(day, person_of(one), False, known[pk].public_id, known[pk].counterpart_name, "what matters", "once a year", waits))
        if obstacle is None:
            allowances.add(one, moment)
    return found


def _worth(cards: QuerySet[Card], workspace: Workspace, now: datetime, until: date, reader: int | None) -> list[Question]:
    """Whether it is still worth it, to each of our side. Only of what the reader stewards; of employees and friends only what they are asked themselves."""
    known = {card.relationship_id: card for card in cards.exclude(stage__in=ENDED_STAGES)[:MOST]}
    found = []
    for on, one in coming(known, workspace, now, until=until):
        card = known[one.side.relationship_id]
        if card.kind == Kind.CLIENT or one.person_id == reader:
            question = Question(on, person_of(one), True, card.public_id, card.counterpart_name, "still worth it", "once a half-year")
            found.append(question)
    return found


def _settlements(cards: QuerySet[Card], workspace: Workspace, now: datetime, until: date, *, is_shared: bool = False) -> list[Question]:
    """Promises and advances that come due, each on its day. `is_shared`: without what our side keeps to itself. Never an employee's own."""
    known = {card.relationship_id: card for card in cards.exclude(stage__in=ENDED_STAGES)[:MOST]}
    found = [due_of(version) for version in promised_by(workspace, now, until, within=known)[:MOST]]
    found += [] if is_shared else [due_of_advance(step) for step in advances_by(workspace, now, until, within=known)[:MOST]]
    dues = [due for due in found if not (is_shared and due.is_ours_alone) and _may_be_told(due, known[due.event.relationship_id])]
    today = now.astimezone(workspace.zone).date()
    people = speakers_for(dues, today)
    allowances = Allowances([one for rows in people.values() for one in rows], workspace, now)
    questions = []
    for due in sorted(dues, key=lambda one: (one.on, one.key)):
        card, on = known[due.event.relationship_id], max(due.on, today)
        moment = max(now, datetime.combine(on, time(9), tzinfo=workspace.zone))
        for one in people[due.key][:1]:
            obstacle = allowances.obstacle(one, moment, PromptKind.SETTLE)
            why = "we look what came back" if due.what == ADVANCE else "its day has come"
            ours = due.side == SideRole.OWN
            held = obstacle.reason if obstacle else ""
            questions.append(Question(on, person_of(one), ours, card.public_id, card.counterpart_name, due.what, why, held))
    return questions


def _may_be_told(due: Due, card: Card) -> bool:
    """Not what an employee is asked, nor what they keep to themselves."""
    return due.side == SideRole.OWN or not (card.kind == Kind.EMPLOYEE or due.is_ours_alone)


def _unasked(cards: dict[int, Card], today: date) -> list[Unasked]:
    """Who speaks for the other side of these and cannot be reached, with the reason. Not of employees."""
    named = {pk: card for pk, card in cards.items() if card.kind != Kind.EMPLOYEE}
    rows = (
        Participant.objects.speaking_on(today)
        .filter(side__relationship__in=named, side__role=SideRole.COUNTERPART)
        .select_related("side", "person__text")
    )
    found = []
    for row in rows.order_by("id"):
        why = _why_not(row)
        if why:
            card = named[row.side.relationship_id]
            found.append(Unasked(person_of(row), card.public_id, card.counterpart_name, why))
    spoken_for = set(rows.values_list("side__relationship_id", flat=True))
    found += [Unasked("", card.public_id, card.counterpart_name, "nobody speaks for them yet") for pk, card in named.items() if pk not in spoken_for]
    return found


def _why_not(participant: Participant) -> str:
    person = participant.person
    return (
        "asked us to stop" if person.suppressed_at else "their mail system refused our last mail" if person.refused_at
        else "" if getattr(person, "text", None) and person.text.email else "no address"
    )  # fmt: skip


def person_of(participant: Participant) -> str:
    text = getattr(participant.person, "text", None)
    return text.name if text and text.name else "Somebody"


def inside(cards: QuerySet[Card], bands: Sequence[float], kappa: float) -> tuple[int, list[int]]:
    """Of the clients both of whose sides answered, how many feel about fair on both sides, for each width. A roll-up without names."""
    heard = cards.filter(kind=Kind.CLIENT, heard_own=True, heard_counterpart=True).exclude(stage__in=ENDED_STAGES)
    total = heard.count()
    return total, [
        heard.filter(r_own__range=(-band * kappa, band * kappa), r_counterpart__range=(-band * kappa, band * kappa)).count() for band in bands
    ]
