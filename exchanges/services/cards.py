"""Cards: the flat rows that lists read. Written with the ledger, and again on the days on which they turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction

from exchanges.models import BalanceState, Card, EvidenceKind, Snapshot, View
from exchanges.models.snapshots import ALL_VIEWS
from exchanges.selectors.balances import (
    METHOD,
    Balance,
    Outlook,
    Outlooks,
    answered_on,
    balance_of_outlook,
    due_on,
    expected_excess,
    leaning_of,
    outlook_from_state,
    outlooks,
    rhythm_of,
    turning_days,
    verdict_of,
)  # fmt: skip
from exchanges.selectors.statements import day_of
from relationships.models import ENDED_STAGES, Relationship, Side, SideRole
from relationships.selectors.rhythm import agreed_intent, set_by_hand
from valueledger.common import rows

QUIET_VERDICTS = ("balanced", "unconfirmed")
FIRST_DAYS_OUTSIDE = 7
FLOWS = (EvidenceKind.GOT, EvidenceKind.GAVE)
CARD_VIEWS = (View.SHARED, View.OWN)


@dataclass(frozen=True)
class Names:
    own: str
    counterpart: str
    intent: str


def names_of(relationship: Relationship) -> Names:
    sides = {side.role: side for side in Side.objects.filter(relationship=relationship).select_related("party__text")}
    own, counterpart = sides[SideRole.OWN], sides[SideRole.COUNTERPART]
    return Names(own.party.text.name, counterpart.party.text.name, agreed_intent(own.intent, counterpart.intent))


def write_cards(
    *,
    relationship: Relationship,
    now: datetime,
    newest_event_day: int | None = None,
    fresh: bool = False,
    states: Sequence[BalanceState] | None = None,
    touched: int = ALL_VIEWS,
    batch: rows.Batch | None = None,
    cards: Sequence[Card] | None = None,
) -> None:
    """Rewrite the cards of one relationship from its states (the stored ones by default, as with `cards`). `fresh` also reads names, band and rhythm again.

    Cards of views that are not `touched` stay as they are: the day on which something private was said must not show in what others read.
    The day on which a card turns is only bounded here (tomorrow); the nightly pass finds it for many at once.
    """
    today = now.astimezone(relationship.workspace.zone).date()
    if states is None:
        states = rows.select(BalanceState, '"relationship_id" = %s', [relationship.pk])
    by_view = {state.view: state for state in states if state.view in CARD_VIEWS}
    if cards is None:
        cards = rows.select(Card, '"relationship_id" = %s', [relationship.pk])
    known = {card.view: card for card in cards}
    batch = batch or rows.Batch()
    rhythm = rhythm_of(relationship) if fresh or not known else None
    names = names_of(relationship) if fresh or not known else None
    is_hand_set = names is not None and relationship.pk in set_by_hand(relationship.workspace_id, [relationship.pk])
    for view, state in by_view.items():
        card = known.get(view) or copy_of(known.get(View.SHARED), relationship, View(view))
        if card.pk is not None and not view & touched and not fresh:
            card.has_own, card.position = view == View.SHARED and View.OWN in by_view, state.position
            batch.update(card, UNTOUCHED_FIELDS)
            continue
        if rhythm is not None:
            card.band, card.cadence_days = rhythm.band, rhythm.cadence_days
        if names is not None:
            card.own_name, card.counterpart_name, card.intent, card.is_hand_set = names.own, names.counterpart, names.intent, is_hand_set
        seen = outlook_from_state(state, today, card.band, card.cadence_days)
        card.has_own = view == View.SHARED and View.OWN in by_view
        card.kind, card.stage, card.steward_id, card.position = relationship.kind, relationship.stage, relationship.steward_id, state.position
        if newest_event_day is not None:
            card.last_event_on = max(card.last_event_on or date.min, day_of(newest_event_day))
        said = card.verdict
        fill(card, seen, today, card.band)
        if card.verdict != said:  # what we said is kept, on change: history never depends on what is said later
            batch.insert(snapshot_of(card, balance_of_outlook(state, seen, view=View(view), as_of=today, band=card.band), now))
        card.turns_on = today + timedelta(days=1)
        if card.pk is None:
            batch.insert(card)
        else:
            batch.update(card, ALL_FIELDS if fresh else HOT_FIELDS)
    batch.run()


def copy_of(shared: Card | None, relationship: Relationship, view: View) -> Card:
    card = Card(workspace_id=relationship.workspace_id, relationship_id=relationship.pk, public_id=relationship.public_id, view=view)
    if shared is not None:
        for name in ("own_name", "counterpart_name", "intent", "band", "cadence_days", "is_hand_set", "last_event_on", "outside_since"):
            setattr(card, name, getattr(shared, name))
    return card


def fill(card: Card, seen: Outlook, today: date, band: float) -> None:
    """Put what the core says of a relationship on its card."""
    own, counterpart, is_over = seen.own, seen.counterpart, card.stage in ENDED_STAGES
    card.r_own, card.sd_own, card.heard_own, card.answered_own_on = own.felt, own.sd, bool(own.heard), answered_on(own)
    card.r_counterpart, card.sd_counterpart = counterpart.felt, counterpart.sd
    card.heard_counterpart, card.answered_counterpart_on = bool(counterpart.heard), answered_on(counterpart)
    card.due_own_on, card.due_counterpart_on = (None, None) if is_over else (due_on(own, today), due_on(counterpart, today))
    card.due_on = None if is_over else min(due_on(own, today), due_on(counterpart, today))
    card.verdict, card.leaning, card.probability = verdict_of(seen), leaning_of(seen), float(seen.probability)
    card.is_spiral, card.is_sustained = bool(seen.spiral), bool(seen.sustained)
    card.is_surprised = bool(own.surprised or counterpart.surprised)
    card.outside_since = outside_since(card.outside_since, card.verdict, today)
    card.severity = expected_excess(seen, band) * duration(card.outside_since, today)
    card.state_on = today


def outside_since(known: date | None, verdict: str, today: date) -> date | None:
    """Since when a verdict outside the band has stood. Doubt alone neither starts nor ends it."""
    if verdict == "balanced":
        return None
    return known or (None if verdict in QUIET_VERDICTS else today)


def duration(since: date | None, today: date) -> float:
    """min(days outside / 90, 2); one bad deal alarms nobody, so it starts at a week."""
    days = FIRST_DAYS_OUTSIDE if since is None else max((today - since).days, FIRST_DAYS_OUTSIDE)
    return min(days / 90, 2.0)


def open_card(*, relationship: Relationship, now: datetime) -> None:
    """The card of a relationship about which nothing is known yet."""
    write_cards(relationship=relationship, now=now, fresh=True)


def note_set_by_hand(*, relationship: Relationship) -> None:
    """Somebody's own rhythm was set or taken away: whether this may be asked about early stands on its cards, where the scan reads it."""
    is_hand_set = relationship.pk in set_by_hand(relationship.workspace_id, [relationship.pk])
    Card.objects.filter(relationship=relationship).update(is_hand_set=is_hand_set)


def cards_from(states: Sequence[BalanceState], *, as_of: date, bands: Sequence[float], cadences: Sequence[int | None], view: View) -> Outlooks:
    return outlooks(
        [state.relationship_id for state in states], [bytes(state.after) for state in states], as_of=as_of, band=bands, cadence_days=cadences,
        view=view, positions=[state.position for state in states],
    )  # fmt: skip


def age_cards(*, now: datetime, limit: int = 5_000) -> int:
    """Rewrite cards whose day to turn has come, and store a snapshot of each that changed. Returns how many were aged."""
    due = list(Card.objects.filter(turns_on__lte=now.date()).order_by("turns_on", "pk")[:limit])
    if not due:
        return 0
    by_view: dict[int, list[Card]] = {}
    for card in due:
        by_view.setdefault(card.view, []).append(card)
    for view, cards in by_view.items():
        for start in range(0, len(cards), 500):
            with transaction.atomic():
                refresh(cards[start : start + 500], view=View(view), now=now)
    return len(due)


def refresh(cards: Sequence[Card], *, view: View, now: datetime) -> None:
    """Judge cards again at today and write what changed, one UPDATE for all of them."""
    states = {
        row.relationship_id: row for row in BalanceState.objects.filter(relationship_id__in=[card.relationship_id for card in cards], view=view)
    }
    known = [card for card in cards if card.relationship_id in states]
    if not known:
        return
    today = now.date()
    stored = [states[card.relationship_id] for card in known]
    bands, cadences = [card.band for card in known], [card.cadence_days for card in known]
    seen = cards_from(stored, as_of=today, bands=bands, cadences=cadences, view=view)
    turns = turning_days([bytes(row.after) for row in stored], as_of=today, band=bands, cadence_days=cadences)
    snapshots = []
    for place, card in enumerate(known):
        said = card.verdict
        fill(card, seen.seen.row(place), today, float(seen.band[place]))
        if card.verdict != said:
            snapshots.append(snapshot_of(card, seen.balance(place), now))
        card.turns_on, card.position = day_of(int(turns[place])), stored[place].position
    Card.objects.bulk_update(known, CARD_FIELDS, batch_size=100)
    Snapshot.objects.bulk_create(snapshots)


CARD_FIELDS = [
    "r_own", "sd_own", "r_counterpart", "sd_counterpart", "heard_own", "heard_counterpart", "answered_own_on", "answered_counterpart_on", "due_own_on",
    "due_counterpart_on", "due_on", "verdict", "leaning", "probability", "is_spiral", "is_sustained", "is_surprised", "outside_since", "severity",
    "state_on", "turns_on", "position",
]  # fmt: skip


UNTOUCHED_FIELDS = ("has_own", "position")
HOT_FIELDS = (*CARD_FIELDS, "has_own", "kind", "stage", "steward", "last_event_on")
ALL_FIELDS = (*HOT_FIELDS, "own_name", "counterpart_name", "intent", "band", "cadence_days", "is_hand_set")


def snapshot_of(card: Card, balance: Balance, now: datetime) -> Snapshot:
    return Snapshot(
        workspace_id=card.workspace_id, relationship_id=card.relationship_id, view=balance.view, as_of=balance.as_of, known_at=now,
        position=balance.position, method=METHOD, r_own=balance.own.r, sd_own=balance.own.sd, r_counterpart=balance.counterpart.r,
        sd_counterpart=balance.counterpart.sd, verdict=balance.verdict, probability=balance.probability, heard_own=balance.own.heard,
        heard_counterpart=balance.counterpart.heard, is_spiral=balance.is_spiral,
    )  # fmt: skip
