"""The list of relationships: cards, filtered and sorted, read in keyset pages, each aged to today.

A page never counts: it reads one row more than it shows. The cursor is the public id of the last row shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from difflib import SequenceMatcher
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet

from exchanges.charts import SideReading
from exchanges.models import Card, Report, View
from exchanges.selectors.balances import Balance, balances_of
from exchanges.selectors.gaps import GAPS_TO_SAY, gap_counts, with_a_gap
from exchanges.selectors.readings import Names, names_on, readings_of
from exchanges.wording import VerdictChip, last_words, personal_chip, verdict_chip
from relationships.models import Intent, Kind, Member
from relationships.models.relationships import ENDED_STAGES

PAGE = 50
NAMED = ("balanced", "unconfirmed")
SORTS = ("name", "due", "confirmed", "severity")


@dataclass(frozen=True)
class CardFilter:
    """What the sentence above the list says."""

    mine: bool = False
    kind: str = ""
    verdict: str = ""
    name: str = ""
    ended: bool = False
    sort: str = "name"


@dataclass(frozen=True)
class CardRow:
    card: Card
    they: SideReading
    we: SideReading
    chip: VerdictChip
    balance: Balance
    names: Names
    is_personal: bool
    words: str
    gaps: int

    @property
    def kind_words(self) -> str:
        kind = Kind(self.card.kind).label
        return f"{kind}, {Intent(self.card.intent).label}" if self.card.intent in Intent.values else kind


@dataclass(frozen=True)
class CardPage:
    rows: Sequence[CardRow]
    next_after: UUID | None


def narrowed(cards: QuerySet[Card], wanted: CardFilter, reports: QuerySet[Report], *, member: Member, today: date) -> QuerySet[Card]:
    if wanted.mine:
        cards = cards.filter(steward=member)
    if wanted.kind:
        cards = cards.filter(kind=wanted.kind)
    cards = cards.filter(stage__in=ENDED_STAGES) if wanted.ended else cards.exclude(stage__in=ENDED_STAGES)
    if wanted.name:
        cards = cards.filter(counterpart_name__icontains=wanted.name)
    if wanted.verdict == "gap":
        return cards.filter(relationship__in=with_a_gap(reports, today=today))
    return cards.filter(_verdict_rule(wanted.verdict))


def _verdict_rule(verdict: str) -> Q:
    if verdict == "fair":
        return Q(verdict="balanced")
    if verdict == "leaning":
        return ~Q(verdict__in=NAMED)
    if verdict == "spiral":
        return Q(is_spiral=True)
    return Q(verdict="unconfirmed") if verdict == "unconfirmed" else Q()


def page_of(
    cards: QuerySet[Card], reports: QuerySet[Report], *, sort: str, after: Card | None, member: Member, today: date, size: int = PAGE
) -> CardPage:
    """One page. Costs the query of its cards, one for their gaps and, for each view in it, three for their balances."""
    found = list(_after(cards, sort, after)[: size + 1])
    shown = found[:size]
    rows = rows_of(shown, reports, member=member, today=today)
    return CardPage(rows, shown[-1].public_id if len(found) > size else None)


def _after(cards: QuerySet[Card], sort: str, after: Card | None) -> QuerySet[Card]:
    """In the wanted order, ending in the row id, from behind the given card."""
    if sort == "severity":
        ordered = cards.order_by("-severity", "relationship_id")
        rule = Q() if after is None else Q(severity__lt=after.severity) | Q(severity=after.severity, relationship_id__gt=after.relationship_id)
        return ordered.filter(rule)
    if sort == "due":
        ordered = cards.order_by(F("due_on").asc(nulls_last=True), "relationship_id")
        return ordered.filter(_behind_dated("due_on", after, nulls_last=True))
    if sort == "confirmed":
        ordered = cards.order_by(F("answered_counterpart_on").asc(nulls_first=True), "relationship_id")
        return ordered.filter(_behind_dated("answered_counterpart_on", after, nulls_last=False))
    ordered = cards.order_by("counterpart_name", "relationship_id")
    if after is None:
        return ordered
    same = Q(counterpart_name=after.counterpart_name, relationship_id__gt=after.relationship_id)
    return ordered.filter(Q(counterpart_name__gt=after.counterpart_name) | same)


def _behind_dated(field: str, after: Card | None, *, nulls_last: bool) -> Q:
    if after is None:
        return Q()
    value: Any = getattr(after, field)
    later_id = Q(relationship_id__gt=after.relationship_id)
    if value is None:
        same = Q(**{f"{field}__isnull": True}) & later_id
        return same if nulls_last else same | Q(**{f"{field}__isnull": False})
    behind = Q(**{f"{field}__gt": value}) | Q(**{field: value}) & later_id
    return behind | Q(**{f"{field}__isnull": True}) if nulls_last else behind


def rows_of(cards: Sequence[Card], reports: QuerySet[Report], *, member: Member, today: date) -> list[CardRow]:
    """Cards as rows, each with the balance that this member may see, aged to today, and its open gaps."""
    if not cards:
        return []
    gaps = gap_counts(reports, today=today, relationship_ids=[card.relationship_id for card in cards])
    balances: dict[int, Balance] = {}
    for view, chosen in (
        (View.OWN, [card for card in cards if card.steward_id == member.pk]),
        (View.SHARED, [card for card in cards if card.steward_id != member.pk]),
    ):
        if chosen:
            balances |= balances_of([card.relationship_id for card in chosen], view=view, as_of=today, workspace=member.workspace)
    return [
        _row(card, balances[card.relationship_id], gaps.get(card.relationship_id, 0), today) for card in cards if card.relationship_id in balances
    ]


def _row(card: Card, balance: Balance, gaps: int, today: date) -> CardRow:
    names = names_on(card)
    they, we = readings_of(balance, names, kind=card.kind)
    is_personal = card.kind == Kind.PERSONAL
    verdict = "unconfirmed" if they.is_private else balance.verdict
    chip = personal_chip(verdict) if is_personal else verdict_chip(verdict, balance.is_spiral, gaps >= GAPS_TO_SAY)
    return CardRow(card, they, we, chip, balance, names, is_personal, last_words(_newest(they, we), today) if is_personal else "", gaps)


def _newest(they: SideReading, we: SideReading) -> SideReading:
    """The side that spoke last; a friend's ledger says when there was a word, from either."""
    return max(they, we, key=lambda reading: reading.answered_on or date.min)


def cards_by_name(cards: QuerySet[Card], *, limit: int = 200) -> list[str]:
    """Names for a list of suggestions; a longer list is found by typing."""
    going_on = cards.exclude(stage__in=ENDED_STAGES).exclude(counterpart_name="")
    return list(going_on.order_by("counterpart_name").values_list("counterpart_name", flat=True).distinct()[:limit])


def cards_called(cards: QuerySet[Card], name: str, *, limit: int = 12) -> list[Card]:
    """Those with exactly this name, whatever its capitals."""
    return list(cards.filter(counterpart_name__iexact=name).order_by("stage", "relationship_id")[:limit])


def cards_like(cards: QuerySet[Card], name: str, *, limit: int = 5) -> list[Card]:
    """Those that somebody may have meant: the name as a part, else the same beginning with the most letters in common."""
    found = list(cards.filter(counterpart_name__icontains=name).order_by("counterpart_name", "relationship_id")[:limit]) if len(name) > 1 else []
    if found:
        return found
    near = cards.filter(counterpart_name__istartswith=name[:2]).order_by("counterpart_name", "relationship_id")[:300] if name else []
    ranked = sorted(((_likeness(name, card.counterpart_name), card) for card in near), key=lambda pair: -pair[0])
    return [card for likeness, card in ranked[:limit] if likeness >= 0.6]


def _likeness(typed: str, name: str) -> float:
    return SequenceMatcher(None, typed.casefold(), name.casefold()[: len(typed) + 6]).ratio()
