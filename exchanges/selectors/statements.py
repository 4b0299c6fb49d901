"""What people's statements amount to: the evidence that an event's reports and a round's answers ask for, view by view.

Nothing is written here. `services.posting` makes the ledger agree with what these functions return, and `verify_ledger` checks it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from exchanges.models import (
    NO_VALUE,
    Answer,
    Disclosure,
    EventStatus,
    EventVersion,
    EvidenceKind,
    Posting,
    Report,
    ReportRole,
    RoundPosting,
    SourceKind,
    ValueEvent,
    View,
    Visibility,
)  # fmt: skip
from exchanges.models.events import SHOCK_KINDS
from exchanges.models.snapshots import ALL_VIEWS
from relationships.models import Kind, SideRole
from valueledger.common import rows

EPOCH = date(1970, 1, 1).toordinal()
VIEWS = [int(view) for view in View]
OWN_VIEW: dict[int, View] = {SideRole.OWN: View.OWN, SideRole.COUNTERPART: View.COUNTERPART}
NEWEST_VERSION_OF = "said.event_id = %s AND NOT EXISTS (SELECT 1 FROM exchanges_eventversion newer WHERE newer.supersedes_id = said.id)"
NEWEST_VERSION = 'event_id = %s AND NOT EXISTS (SELECT 1 FROM exchanges_eventversion newer WHERE newer.supersedes_id = "exchanges_eventversion"."id")'
STANDING_REPORTS = (
    "event_id = %s AND is_withdrawal = %s "
    'AND NOT EXISTS (SELECT 1 FROM exchanges_report newer WHERE newer.supersedes_id = "exchanges_report"."id") ORDER BY id'
)
KIND_OF_ROLE: dict[str, int] = {ReportRole.GOT: int(EvidenceKind.GOT), ReportRole.GAVE: int(EvidenceKind.GAVE)}


def day_number(day: date) -> int:
    """Days since 1970-01-01, as evidence counts them."""
    return day.toordinal() - EPOCH


def day_of(number: int) -> date:
    return date.fromordinal(number + EPOCH)


class Account(Protocol):
    """What of a report decides its evidence: a `Report`, or so much of its row."""

    @property
    def pk(self) -> int: ...
    @property
    def side(self) -> int: ...
    @property
    def role(self) -> str: ...
    @property
    def first_hand(self) -> bool: ...
    @property
    def points_micro(self) -> int | None: ...
    @property
    def visibility(self) -> str: ...


@dataclass(frozen=True)
class Wanted:
    """One piece of evidence that should be live, and in which views."""

    side: int
    on_day: int
    kind: int
    value: int
    relayed: bool
    mask: int

    @property
    def key(self) -> tuple[int, int, int, int, bool]:
        return (self.side, self.on_day, self.kind, self.value, self.relayed)


def current_version(event: ValueEvent) -> EventVersion | None:
    """The newest version of an event, a withdrawal included."""
    return next(iter(rows.select(EventVersion, NEWEST_VERSION, [event.pk])), None)


def evidence_of_event(event: ValueEvent, *, kind: str, version: EventVersion | None = None, reports: Sequence[Account] | None = None) -> list[Wanted]:
    """The evidence of one event: its shock, and for each side and account the mean of its standing reports (read unless given)."""
    version = version or current_version(event)
    if reports is None:
        reports = rows.select(Report, STANDING_REPORTS, [event.pk, False])
    disclosed: set[int] = set()
    if kind == Kind.EMPLOYEE and reports:
        disclosed = set(Disclosure.objects.filter(report__in=[report.pk for report in reports]).values_list("report_id", flat=True))
    return wanted_of_event(event, version, reports, disclosed, kind=kind)


def wanted_of_event(event: ValueEvent, version: EventVersion | None, reports: Sequence[Account], disclosed: set[int], *, kind: str) -> list[Wanted]:
    """As `evidence_of_event`, from rows at hand. Only what has arrived counts, on the day it arrived."""
    if version is None or version.is_withdrawal or version.status != EventStatus.ARRIVED or version.arrived_on is None:
        return []
    on_day = day_number(version.arrived_on)
    seen_by = ALL_VIEWS if version.visibility == Visibility.SHARED else OWN_VIEW[SideRole(event.author_side)]
    wanted = []
    if version.kind in SHOCK_KINDS:
        wanted += [Wanted(side, on_day, EvidenceKind.SHOCK, 0, False, seen_by) for side in SideRole]
    for side in sorted({report.side for report in reports}):
        wanted += _accounts(side, on_day, [report for report in reports if report.side == side], seen_by, disclosed, kind)
    return wanted


def report_mask(report: Account, *, seen_by: int, disclosed: bool, kind: str) -> int:
    """The views that may see a report's points: never more than its event's."""
    own = OWN_VIEW[report.side]
    private = report.visibility == Visibility.PRIVATE
    employees = kind == Kind.EMPLOYEE and report.side == SideRole.COUNTERPART and report.first_hand and not disclosed
    return seen_by & (own if private or employees else ALL_VIEWS)


def _accounts(side: int, on_day: int, reports: list[Account], seen_by: int, disclosed: set[int], kind: str) -> list[Wanted]:
    """What one side got and gave in one event, in each view. A view that may not see one account's points gets neither account."""
    visible: dict[tuple[int, str], list[Account]] = defaultdict(list)
    hidden: set[tuple[int, str]] = set()
    for report in reports:
        mask = report_mask(report, seen_by=seen_by, disclosed=report.pk in disclosed, kind=kind)
        for view in VIEWS:
            if mask & view:
                visible[view, report.role].append(report)
            elif report.first_hand:
                hidden.add((view, report.role))
    masks: dict[tuple[int, int, bool], int] = defaultdict(int)
    for (view, role), seen in visible.items():
        other = ReportRole.GAVE if role == ReportRole.GOT else ReportRole.GOT
        if (view, other) in hidden and not visible.get((view, other)):
            continue
        first_hand = [report for report in seen if report.first_hand]
        standing = first_hand or seen
        masks[KIND_OF_ROLE[role], _mean(report.points_micro for report in standing), not first_hand] |= view
    return [Wanted(side, on_day, role_kind, value, relayed, mask) for (role_kind, value, relayed), mask in masks.items()]


def _mean(points: Iterable[int | None]) -> int:
    """The mean of the reports that name a size; one typical event if none does."""
    sized = [value for value in points if value is not None]
    return round(sum(sized) / len(sized)) if sized else NO_VALUE


def evidence_of_answer(answer: Answer, *, kind: str, posting: RoundPosting | None, disclosed: bool, set_aside: int = 0) -> list[Wanted]:
    """The evidence of one standing answer. `set_aside`: the views that see a first-hand answer of the same side and round."""
    mask = answer_mask(answer, kind=kind, posting=posting, disclosed=disclosed) & ~set_aside
    if not mask:
        return []
    if answer.y_micro is not None:
        kind_of, value = EvidenceKind.CHECK, answer.y_micro
    else:
        assert answer.confirms_shown is not None
        kind_of, value = EvidenceKind.CONFIRM, answer.confirms_shown.r_nano
    return [Wanted(answer.side, day_number(answer.answered_on), kind_of, value, not answer.first_hand, mask)]


def answer_mask(answer: Answer, *, kind: str, posting: RoundPosting | None, disclosed: bool) -> int:
    """The views in which an answer counts: none before its round is revealed or closed."""
    if not answer.first_hand:
        return ALL_VIEWS
    if posting is None:
        return 0
    own = OWN_VIEW[SideRole(answer.side)]
    if posting.outcome == Posting.CLOSED:
        if kind == Kind.EMPLOYEE and answer.side == SideRole.OWN:
            return own | View.SHARED  # as when they had answered: what our number does must not tell
        return ALL_VIEWS if disclosed else own
    employees = kind == Kind.EMPLOYEE and answer.side == SideRole.COUNTERPART and not disclosed
    return own if employees else ALL_VIEWS


def evidence_of_round(round_id: int, *, kind: str) -> dict[int, list[Wanted]]:
    """The evidence of a round's answers by answer id; withdrawn and machine-made ones ask for nothing."""
    posting = RoundPosting.objects.filter(round_id=round_id).first()
    answers = list(Answer.objects.current().filter(round_id=round_id).select_related("confirms_shown", "mark").order_by("id"))
    return wanted_of_answers(answers, posting=posting, kind=kind)


def wanted_of_answers(answers: Sequence[Answer], *, posting: RoundPosting | None, kind: str) -> dict[int, list[Wanted]]:
    """As `evidence_of_round`, for the current answers of one round, or for relayed ones without a round."""
    disclosed: set[int] = set()
    if kind == Kind.EMPLOYEE and answers:
        disclosed = set(Disclosure.objects.filter(answer__in=[answer.pk for answer in answers]).values_list("answer_id", flat=True))
    wanted: dict[int, list[Wanted]] = {}
    covered = {SideRole.OWN: 0, SideRole.COUNTERPART: 0}
    for answer in sorted(answers, key=lambda row: not row.first_hand):
        if answer.is_withdrawal or (answer.first_hand and hasattr(answer, "mark")):
            wanted[answer.pk] = []
            continue
        side = SideRole(answer.side)
        set_aside = 0 if answer.first_hand or answer.round_id is None else covered[side]
        wanted[answer.pk] = evidence_of_answer(answer, kind=kind, posting=posting, disclosed=answer.pk in disclosed, set_aside=set_aside)
        if answer.first_hand:
            covered[side] |= sum(row.mask for row in wanted[answer.pk])
    return wanted


SOURCE_EVENT, SOURCE_ANSWER = SourceKind.EVENT, SourceKind.ANSWER
