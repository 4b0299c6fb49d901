"""A relationship's page and the page behind each of its numbers, put together from balances, entries and answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from exchanges.charts import SideReading, Timeline, TimelineCheck, TimelineEvent, TimelinePoint, TimelineSide, timeline
from exchanges.models import NO_VALUE, EvidenceKind, Giver, Round, RoundPosting, SourceKind, View
from exchanges.selectors.answers import AnswerLine
from exchanges.selectors.balances import Balance, balance_of, balance_of_rows, live_rows
from exchanges.selectors.gaps import GAPS_TO_SAY
from exchanges.selectors.history import Contribution, line_of
from exchanges.selectors.ledger import Entry, Line, directions_of
from exchanges.selectors.readings import Names, readings_of
from exchanges.selectors.rounds import state_of
from exchanges.selectors.statements import day_number, wanted_of_answers
from exchanges.wording import NextStep, VerdictChip, gap_sentence, next_step, personal_chip, personal_step, relationship_voice, verdict_chip
from relationships.models import Kind, Relationship, SideRole

SHOWN_PARTS, ALL_PARTS = 40, 2_000
LEAST_SHOWN = 0.005
LINE_DAYS = 366


def balance_now(relationship: Relationship, *, view: View, today: date, now: datetime) -> Balance:
    """The stored balance; while a round is over and its answers are not posted yet, with these laid over it. Nothing is written."""
    balance = balance_of(relationship, view=view, as_of=today)
    over = Round.objects.filter(relationship=relationship, posting__isnull=True).order_by("-number").first()
    state = state_of(over, now) if over is not None else None
    if state is None or state.outcome is None:
        return balance
    as_posted = RoundPosting(round=over, outcome=state.outcome)
    wanted = wanted_of_answers(state.answers, posting=as_posted, kind=relationship.kind)
    laid_over = [(one.side, one.on_day, one.kind, one.value, one.relayed) for rows in wanted.values() for one in rows if one.mask & view]
    if not laid_over:
        return balance
    rows = [*live_rows(relationship.pk, view), *laid_over]
    return balance_of_rows(rows, relationship_id=relationship.pk, view=view, as_of=today, band=balance.band)


@dataclass(frozen=True)
class Standing:
    """How a relationship stands for its reader: both sides, the verdict in words, and the one next step."""

    balance: Balance
    they: SideReading
    we: SideReading
    verdict: str
    chip: VerdictChip
    voice: str
    step: NextStep
    gaps: Sequence[Entry]


def standing_of(
    balance: Balance, names: Names, *, kind: str, today: date, gaps: Sequence[Entry] = (), answered_by: dict[int, str] | None = None
) -> Standing:
    they, we = readings_of(balance, names, kind=kind, answered_by=answered_by)
    verdict = "unconfirmed" if they.is_private else balance.verdict
    widest = gaps[0] if len(gaps) >= GAPS_TO_SAY else None
    if kind == Kind.PERSONAL:
        step, chip = personal_step(they), personal_chip(verdict)
    else:
        chip = verdict_chip(verdict, balance.is_spiral, widest is not None)
        step = next_step(
            verdict,
            they,
            we,
            today=today,
            spiral=balance.is_spiral,
            gap_steps=widest.gap if widest else None,
            next_check_on=balance.counterpart.due_on,
        )
    extra = gap_sentence(widest.gap or 0, widest.giver == Giver.OWN) if widest else ""
    voice = relationship_voice(they, we, verdict, kind.lower(), today, spiral=balance.is_spiral, probability=balance.probability, extra=extra)
    return Standing(balance, they, we, verdict, chip, voice, step, gaps)


def answered_by(answers: Sequence[AnswerLine], balance: Balance) -> dict[int, str]:
    """Who gave the answer that a side's date names; nobody where that answer is not this reader's to know."""
    last = {answer.side: answer for answer in answers}
    return {side: answer.by for side, answer in last.items() if answer.on == balance.side(side).answered_on}


def chart_of(
    relationship: Relationship, standing: Standing, names: Names, lines: Sequence[Line], answers: Sequence[AnswerLine], *, view: View, today: date
) -> Timeline:
    """Twelve months of both sides. A side that nobody answered for has no line, only what it received; a private one has no panel."""
    theirs, ours = directions_of([line for line in lines if line.has_arrived])
    sides = []
    for side, reading, received in ((SideRole.COUNTERPART, standing.they, ours), (SideRole.OWN, standing.we, theirs)):
        if reading.is_private:
            continue
        # Of an employee's ratings only those that were shared are anybody else's: the others are not "not rated yet".
        silent = relationship.kind == Kind.EMPLOYEE and side == SideRole.COUNTERPART
        entries = [entry for entry in reversed(received.entries) if entry.got or not silent]
        sides.append(
            TimelineSide(
                name=names.short_of(side),
                is_own=side == SideRole.OWN,
                points=points_of(relationship, view, side, today) if reading.estimate else (),
                checks=[TimelineCheck(one.on, one.f, one.by) for one in answers if one.side == side and one.f is not None],
                events=[TimelineEvent(entry.line.on, entry.line.what, entry.answer) for entry in entries],
                due_on=None if silent else standing.balance.side(side).due_on,
                band=reading.band,
            )
        )
    return timeline(sides, today)


def points_of(relationship: Relationship, view: View, side: SideRole, today: date) -> list[TimelinePoint]:
    """As it was known then, from the first answer on: before it nothing was known."""
    line = line_of(relationship, view=view, side=side, start=today - timedelta(days=LINE_DAYS), end=today)
    first = next((place for place, point in enumerate(line) if point.heard), len(line))
    return [TimelinePoint(point.on, point.f, point.lo, point.hi, point.heard) for point in line[first:]]


@dataclass(frozen=True)
class Pending:
    """What if all that is promised arrived today, each as one typical event on its giver's account. Shown beside, never stored."""

    count: int
    they: SideReading
    we: SideReading


def with_pending(relationship: Relationship, balance: Balance, names: Names, lines: Sequence[Line], *, view: View, today: date) -> Pending | None:
    promised = [line for line in lines if not line.has_arrived]
    if not promised:
        return None
    rows = live_rows(relationship.pk, view)
    for line in promised:
        givers = (SideRole.OWN, SideRole.COUNTERPART) if line.is_joint else (line.giver,)
        rows += [(giver, day_number(today), EvidenceKind.GAVE, NO_VALUE, False) for giver in givers]
    what_if = balance_of_rows(rows, relationship_id=relationship.pk, view=view, as_of=today, band=balance.band)
    they, we = readings_of(what_if, names, kind=relationship.kind)
    return Pending(len(promised), they, we)


@dataclass(frozen=True)
class Part:
    """One entry or answer, and what it still adds to a side's number, in points."""

    on: date
    label: str
    text: str
    points: float
    event_id: UUID | None
    is_relayed: bool


@dataclass(frozen=True)
class Why:
    """The number of one side taken apart. Its parts and the rest sum to it exactly."""

    parts: Sequence[Part]
    rest: float
    rest_count: int
    total: float


LABELS = {
    (EvidenceKind.GOT, SideRole.OWN): "we got",
    (EvidenceKind.GOT, SideRole.COUNTERPART): "they got",
    (EvidenceKind.GAVE, SideRole.OWN): "we gave",
    (EvidenceKind.GAVE, SideRole.COUNTERPART): "they gave",
}


def worth_showing(contributions: Sequence[Contribution], *, everything: bool = False) -> tuple[Sequence[Contribution], Sequence[Contribution]]:
    """The parts to name one by one, largest first, and those too small to. Shocks move nothing by themselves."""
    told = [one for one in contributions if one.kind != EvidenceKind.SHOCK]
    if everything:
        return told[:ALL_PARTS], told[ALL_PARTS:]
    count = sum(1 for one in told[:SHOWN_PARTS] if abs(one.points) >= LEAST_SHOWN)
    return told[:count], told[count:]


def why_of(
    shown: Sequence[Contribution], rest: Sequence[Contribution], lines: dict[int, Line], answers: dict[int, AnswerLine], *, side: SideRole
) -> Why:
    """Contributions as sentences: each named by the entry or answer behind it. Shown and rest sum to the number."""
    parts = [_part(one, lines, answers, side) for one in shown]
    small = sum(one.points for one in rest)
    return Why(parts, small, len(rest), small + sum(one.points for one in shown))


def _part(one: Contribution, lines: dict[int, Line], answers: dict[int, AnswerLine], side: SideRole) -> Part:
    if one.source_kind == SourceKind.EVENT:
        line = lines.get(one.source_id)
        label = LABELS.get((EvidenceKind(one.kind), side), "")
        return Part(one.on, label, line.what if line else "an entry", one.points, line.public_id if line else None, one.relayed)
    answer = answers.get(one.source_id)
    text = f"{answer.by} answered" if answer and answer.by else "an answer of this side"
    label = "confirmed" if one.kind == EvidenceKind.CONFIRM else "check"
    return Part(one.on, label, text, one.points, None, one.relayed)
