"""Open gaps of many relationships at once: the giver's guess against the receiver's answer, two steps or more apart, in ninety days."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta

from django.db.models import Q, QuerySet

from exchanges.models import Report, ReportRole, Visibility
from exchanges.wording import gap_chip

GAP_DAYS = 90
GAPS_TO_SAY = 2


def gap_counts(reports: QuerySet[Report], *, today: date, relationship_ids: Iterable[int] | None = None) -> dict[int, int]:
    """How many open gaps each relationship has, those with none left out. One query; `reports` are those the reader may see."""
    rows = reports.standing().filter(  # type: ignore[attr-defined]
        Q(role=ReportRole.GAVE, guess_word__isnull=False) | Q(role=ReportRole.GOT, word__isnull=False),
        event__versions__superseded_by__isnull=True, event__versions__is_withdrawal=False, event__versions__visibility=Visibility.SHARED,
        event__versions__arrived_on__gt=today - timedelta(days=GAP_DAYS), event__versions__arrived_on__lte=today,
    )  # fmt: skip
    if relationship_ids is not None:
        rows = rows.filter(relationship__in=list(relationship_ids))
    guesses: dict[tuple[int, int, int], int] = {}
    answers: dict[tuple[int, int, int], int] = {}
    # Relayed rows first and older ones first, so that the newest first-hand account is the one that stands.
    fields = ("relationship_id", "event_id", "side", "role", "word", "guess_word")
    for relationship_id, event_id, side, role, word, guess in rows.order_by("first_hand", "recorded_at", "id").values_list(*fields):
        if role == ReportRole.GAVE:
            guesses[relationship_id, event_id, 1 - side] = guess
        else:
            answers[relationship_id, event_id, side] = word
    counts: dict[int, int] = defaultdict(int)
    for key, guess in guesses.items():
        if gap_chip(guess, answers.get(key)) is not None:
            counts[key[0]] += 1
    return dict(counts)


def with_a_gap(reports: QuerySet[Report], *, today: date) -> list[int]:
    """Relationships with enough open gaps to say so."""
    return [pk for pk, count in gap_counts(reports, today=today).items() if count >= GAPS_TO_SAY]
