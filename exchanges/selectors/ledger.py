"""One relationship as its page shows it: the entries with both sides' accounts of them.

Rows come in as querysets that `access` has narrowed to what the reader may see; nothing here looks further.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import QuerySet

from exchanges.models import EventKind, EventStatus, EventVersion, Giver, Report, ReportRole, Round, ValueEvent, Visibility
from exchanges.selectors.gaps import GAP_DAYS
from exchanges.wording import arrived_word, expectation_word, gap_chip, worth_word
from relationships.models import Participant, Relationship, SideRole

MICRO = 1_000_000


@dataclass(frozen=True)
class Said:
    """One person's account of one event, or what somebody passed on for a side."""

    public_id: UUID
    side: int
    role: str
    word: int | None
    guess: int | None
    amount: str
    expectation: str
    arrived: str
    owing: str
    beneficiary: str
    sentence: str
    facts: str
    first_hand: bool
    by: str
    participant_id: int | None
    relayed_by_id: int | None
    on: datetime
    is_private: bool
    has_points: bool
    points: float | None
    seq: int

    @property
    def is_relayed(self) -> bool:
        return not self.first_hand

    @property
    def worth(self) -> str:
        return worth_word(self.word)

    @property
    def who(self) -> str:
        return f"passed on by {self.by}" if self.is_relayed else self.by


@dataclass(frozen=True)
class Line:
    """One event: what happened, and the newest account of each side that the reader may see."""

    event_id: int
    public_id: UUID
    giver: int
    author_side: int
    on: date
    arrived_on: date | None
    expected_on: date | None
    what: str
    goal: str
    kind: str
    value_kind: str
    status: str
    is_private: bool
    accounts: dict[tuple[int, str], list[Said]] = field(default_factory=dict)

    @property
    def is_joint(self) -> bool:
        return self.giver == Giver.JOINT

    @property
    def has_arrived(self) -> bool:
        return self.status == EventStatus.ARRIVED

    @property
    def kind_label(self) -> str:
        return "" if self.kind == EventKind.OTHER else EventKind(self.kind).label

    def said(self, side: int, role: str) -> Said | None:
        """First hand before passed on, the newest of those."""
        found = self.accounts.get((side, role), [])
        return next((one for one in found if one.first_hand), found[0] if found else None)


@dataclass(frozen=True)
class Entry:
    """A line seen in one direction: `giver` gave, the other side got."""

    line: Line
    giver: int

    @property
    def receiver(self) -> int:
        return 1 - self.giver

    @property
    def gave(self) -> Said | None:
        return self.line.said(self.giver, ReportRole.GAVE)

    @property
    def got(self) -> Said | None:
        return self.line.said(self.receiver, ReportRole.GOT)

    @property
    def more(self) -> int:
        """How many further accounts the receiving side has given."""
        return max(len(self.line.accounts.get((self.receiver, ReportRole.GOT), [])) - 1, 0)

    @property
    def guess(self) -> int | None:
        return self.gave.guess if self.gave else None

    @property
    def answer(self) -> int | None:
        return self.got.word if self.got else None

    @property
    def gap(self) -> int | None:
        chip = gap_chip(self.guess, self.answer)
        return chip.steps if chip else None

    @property
    def is_unheard(self) -> bool:
        """A claim: it has arrived, and the side that received it has not said what it was worth."""
        return self.line.has_arrived and self.got is None


@dataclass(frozen=True)
class Direction:
    """One of the two ledgers: what one side gave and the other got."""

    giver: int
    entries: Sequence[Entry]

    @property
    def viewed(self) -> int:
        return sum(1 for entry in self.entries if entry.gave)

    @property
    def rated(self) -> int:
        return sum(1 for entry in self.entries if entry.got)

    @property
    def gaps(self) -> int:
        return sum(1 for entry in self.entries if entry.gap is not None)

    @property
    def unheard(self) -> int:
        return sum(1 for entry in self.entries if entry.is_unheard)

    @property
    def is_ours(self) -> bool:
        return self.giver == SideRole.OWN


def versions_of(events: QuerySet[ValueEvent]) -> QuerySet[EventVersion]:
    """The standing newest version of each of these events."""
    newest = EventVersion.objects.current().filter(event__in=events, is_withdrawal=False)
    return newest.select_related("event", "text", "value_kind")


def lines_of(versions: Iterable[EventVersion], reports: QuerySet[Report], *, with_facts: bool = False) -> list[Line]:
    """Lines in the order of their versions. Costs the versions' query and one for all reports.

    `with_facts`: for our own side's eyes, so with its money and hours; other readers see only those that were shared.
    """
    found = list(versions)
    accounts = accounts_of(reports.filter(event__in=[version.event_id for version in found]), with_facts=with_facts)
    return [_line(version, accounts.get(version.event_id, {})) for version in found]


def _line(version: EventVersion, accounts: dict[tuple[int, str], list[Said]]) -> Line:
    text = getattr(version, "text", None)
    return Line(
        event_id=version.event_id,
        public_id=version.event.public_id,
        giver=version.event.giver,
        author_side=version.event.author_side,
        on=version.arrived_on or version.occurred_on,
        arrived_on=version.arrived_on,
        expected_on=version.expected_on,
        what=text.what if text else "",
        goal=text.goal if text else "",
        kind=version.kind,
        value_kind=version.value_kind.name if version.value_kind else "",
        status=version.status,
        is_private=version.visibility == Visibility.PRIVATE,
        accounts=accounts,
    )


def accounts_of(reports: QuerySet[Report], *, with_facts: bool = False) -> dict[int, dict[tuple[int, str], list[Said]]]:
    """Standing reports by event, side and role, the newest first."""
    rows = reports.standing().select_related("text", "fact", "unit", "participant__person__text", "relayed_by__user")  # type: ignore[attr-defined]
    accounts: dict[int, dict[tuple[int, str], list[Said]]] = defaultdict(lambda: defaultdict(list))
    for row in rows.order_by("-recorded_at", "-id"):
        accounts[row.event_id][row.side, row.role].append(said_in(row, with_facts=with_facts))
    return accounts


def said_in(row: Report, *, with_facts: bool = False) -> Said:
    text, fact = getattr(row, "text", None), getattr(row, "fact", None)
    ours_to_see = (with_facts and row.side == SideRole.OWN) or (fact is not None and fact.is_shared)
    return Said(
        public_id=row.public_id,
        side=row.side,
        role=row.role,
        word=row.word,
        guess=row.guess_word,
        amount=f"{plain(row.typed_amount)} {row.unit.name}" if row.typed_amount is not None and row.unit else "",
        expectation=expectation_word(row.expectation),
        arrived=arrived_word(row.arrived),
        owing=row.get_owing_display() if row.owing else "",
        beneficiary=row.get_beneficiary_display() if row.beneficiary else "",
        sentence=text.sentence if text else "",
        facts=facts_in(fact) if fact is not None and ours_to_see else "",
        first_hand=row.first_hand,
        by=_author(row),
        participant_id=row.participant_id,
        relayed_by_id=row.relayed_by_id,
        on=row.recorded_at,
        is_private=row.visibility == Visibility.PRIVATE,
        has_points=row.points_micro is not None,
        points=None if row.points_micro is None else row.points_micro / MICRO,
        seq=row.seq,
    )


def _author(row: Report) -> str:
    if row.first_hand:
        return person_name(row.participant)
    if row.relayed_by is not None:
        return str(row.relayed_by.user)
    return "an import"


def person_name(participant: Participant | None) -> str:
    if participant is None:
        return ""
    text = getattr(participant.person, "text", None)
    return text.name if text and text.name else "somebody whose name was erased"


def plain(amount: Decimal) -> str:
    """As it was typed, without the zeros that the column adds."""
    text = f"{amount:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace("-", "\u2212")


def facts_in(fact: object) -> str:
    money, hours = getattr(fact, "money", None), getattr(fact, "hours", None)
    parts = []
    if hours is not None:
        parts.append(f"{plain(hours)} h")
    if money is not None:
        parts.append(f"{plain(money)} {getattr(fact, 'currency', '')}".strip())
    return ", ".join(parts)


def directions_of(lines: Sequence[Line], show: str = "") -> tuple[Direction, Direction]:
    """Their giving first, then ours. A joint event stands in both. `show`: gaps, unheard or pending only."""
    both = []
    for giver in (SideRole.COUNTERPART, SideRole.OWN):
        entries = [Entry(line, giver) for line in lines if line.giver in (giver, Giver.JOINT)]
        both.append(Direction(giver, [entry for entry in entries if _shows(entry, show)]))
    return both[0], both[1]


def _shows(entry: Entry, show: str) -> bool:
    if show == "gaps":
        return entry.gap is not None
    if show == "unheard":
        return entry.is_unheard
    return not entry.line.has_arrived if show == "pending" else True


def half_seen(events: QuerySet[ValueEvent]) -> str:
    """Which half is missing: "they" if only our giving is logged, "we" if only theirs, else nothing."""
    givers = set(
        EventVersion.objects.current()
        .filter(event__in=events, is_withdrawal=False)
        .exclude(kind=EventKind.MISSED_MOMENT)
        .order_by()
        .values_list("event__giver", flat=True)
        .distinct()
    )
    if givers == {Giver.OWN}:
        return "they"
    return "we" if givers == {Giver.COUNTERPART} else ""


def open_gaps(lines: Sequence[Line], *, today: date) -> list[Entry]:
    """Gaps of two steps or more in the last ninety days, the widest first."""
    recent = [line for line in lines if 0 <= (today - line.on).days <= GAP_DAYS]
    entries = [entry for direction in directions_of(recent) for entry in direction.entries if entry.gap is not None]
    return sorted(entries, key=lambda entry: -abs(entry.gap or 0))


def open_round(relationship: Relationship, *, now: datetime) -> Round | None:
    """The round that still takes answers. Who has answered in it is nobody else's business yet."""
    return Round.objects.filter(relationship=relationship, closes_at__gt=now, posting__isnull=True).order_by("-number").first()
