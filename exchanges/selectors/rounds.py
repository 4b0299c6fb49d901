"""Where a round stands: who has answered, and whether it is revealed. A query each time, never a flag.

A seat is done when it has an answer that counts or was released. An answer that came through a link is settled a minute after it was
given, since two different ones within that minute are a machine's; at the close there is no more waiting.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from exchanges.models import Answer, Assurance, Posting, RevealRule, Round, RoundPosting, RoundSeat
from relationships.models import SideRole

SETTLES_AFTER = timedelta(seconds=60)
LONGEST_DOWN = timedelta(days=400)  # a round that closed longer ago than this is no longer looked for


@dataclass(frozen=True)
class RoundState:
    """A round at one moment. `outcome` is None while it is open."""

    round: Round
    answers: tuple[Answer, ...]  # the current answer of each seat that counts
    open_seats: tuple[RoundSeat, ...]  # seats that it still waits for
    outcome: Posting | None
    outcome_at: datetime | None
    is_posted: bool
    seats: tuple[RoundSeat, ...] = ()

    @property
    def is_revealed(self) -> bool:
        return self.outcome == Posting.REVEALED

    @property
    def is_closed(self) -> bool:
        """Nobody can answer or change any more, whether or not it was revealed."""
        return self.outcome is not None

    def answers_of(self, side: int) -> tuple[Answer, ...]:
        return tuple(answer for answer in self.answers if answer.side == side)


def settled_at(answer: Answer) -> datetime:
    """From when on an answer can no longer turn out to be a machine's."""
    return answer.answered_at + SETTLES_AFTER if answer.assurance == Assurance.LINK else answer.answered_at


def state_of(round: Round, now: datetime) -> RoundState:
    return states_of([round], now)[round.pk]


def is_closed(round: Round, now: datetime, *, sides_heard: int) -> bool:
    """What `state_of` says, without asking further where that is clear: an open round of which at most one side was heard."""
    if hasattr(round, "posting") or now >= round.closes_at:
        return True
    return round.reveal_rule != RevealRule.BOTH and sides_heard == len(SideRole) and state_of(round, now).is_closed


def states_of(rounds: Sequence[Round], now: datetime) -> dict[int, RoundState]:
    """By the round's id. Costs three queries, however many there are."""
    postings = {posting.round_id: posting for posting in RoundPosting.objects.filter(round__in=rounds)}
    seats: dict[int, list[RoundSeat]] = defaultdict(list)
    for seat in RoundSeat.objects.filter(round__in=rounds).select_related("release", "participant__person__text").order_by("id"):
        seats[seat.round_id].append(seat)
    answers: dict[int, list[Answer]] = defaultdict(list)
    counting = Answer.objects.standing().filter(round__in=rounds, first_hand=True)
    for answer in counting.select_related("confirms_shown", "participant__person__text", "text", "disclosure").order_by("id"):
        assert answer.round_id is not None
        answers[answer.round_id].append(answer)
    return {round.pk: _state(round, postings.get(round.pk), seats[round.pk], answers[round.pk], now) for round in rounds}


def _state(round: Round, posting: RoundPosting | None, seats: Sequence[RoundSeat], found: Sequence[Answer], now: datetime) -> RoundState:
    answers = {answer.seat_id: answer for answer in found}
    counting = tuple(answers.values())
    if posting is not None:
        ended_at = round.closes_at if round.reveal_rule == RevealRule.BOTH else posting.revealed_at
        return RoundState(round, counting, (), Posting(posting.outcome), ended_at, is_posted=True, seats=tuple(seats))
    open_seats = tuple(seat for seat in seats if not _is_done(seat, answers.get(seat.pk), now))
    outcome, at = _outcome(round, seats, open_seats, counting, now)
    return RoundState(round, counting, open_seats, outcome, at, is_posted=False, seats=tuple(seats))


def is_revealed(round: Round, now: datetime) -> bool:
    return state_of(round, now).is_revealed


def _is_done(seat: RoundSeat, answer: Answer | None, now: datetime) -> bool:
    if hasattr(seat, "release"):
        return True
    return answer is not None and settled_at(answer) <= now


def _outcome(
    round: Round, seats: Sequence[RoundSeat], open_seats: Sequence[RoundSeat], answers: Iterable[Answer], now: datetime
) -> tuple[Posting | None, datetime | None]:
    answers = list(answers)
    if round.reveal_rule == RevealRule.BOTH and now < round.closes_at:
        return None, None  # an employee's round: when they answered, or whether, must not show in when it ends
    has_both = {answer.side for answer in answers} == {SideRole.OWN, SideRole.COUNTERPART}
    if has_both and not open_seats:
        done_at = max([settled_at(answer) for answer in answers] + [seat.release.at for seat in seats if hasattr(seat, "release")])
        if done_at <= now:
            at = round.closes_at if round.reveal_rule == RevealRule.BOTH else min(done_at, round.closes_at)
            return Posting.REVEALED, at
    if now < round.closes_at:
        return None, None
    allowed = has_both if round.reveal_rule == RevealRule.BOTH else bool(answers)
    return (Posting.REVEALED if allowed else Posting.CLOSED), round.closes_at


def unposted(now: datetime) -> QuerySet[Round]:
    return Round.objects.filter(posting__isnull=True, closes_at__gt=now - LONGEST_DOWN)


def open_rounds(now: datetime) -> QuerySet[Round]:
    """Rounds that may still take an answer; one that everybody has answered may be among them until it is posted.

    When a round was opened does not matter: another worker's clock may be a little ahead of this one's.
    """
    return Round.objects.filter(posting__isnull=True, closes_at__gt=now)


def is_ready(now: datetime) -> Q:
    """The rounds that have closed, or in which every seat is done, as a condition: what `state_of` says of one round."""
    counting = Answer.objects.standing().filter(first_hand=True)
    settled = counting.filter(~Q(assurance=Assurance.LINK) | Q(answered_at__lte=now - SETTLES_AFTER))
    waiting = RoundSeat.objects.filter(round=OuterRef("pk"), release__isnull=True).filter(~Exists(settled.filter(seat=OuterRef("pk"))))
    answered = [Exists(counting.filter(round=OuterRef("pk"), side=side)) for side in SideRole.values]
    early = ~Q(reveal_rule=RevealRule.BOTH)  # an employee's round ends at its close and not before
    return Q(closes_at__lte=now) | (early & Q(~Exists(waiting)) & Q(answered[0]) & Q(answered[1]))


def rounds_to_post(now: datetime, limit: int) -> list[tuple[int, int]]:
    """(workspace, round) of those that are ready and not posted: whoever posts looks again under the lock."""
    rows = unposted(now).filter(is_ready(now)).order_by(F("closes_at").asc(), "id").values_list("workspace_id", "pk")
    return list(rows[:limit])
