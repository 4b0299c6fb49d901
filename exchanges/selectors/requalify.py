"""Whether a relationship is still worth it to our side: who is to be asked and from when, what waits for a member, and what was said so far.

Asked of the members who speak for our side, each alone, once a half-year and not before there is something to look back on. Whether the other
side has answered anything plays no part in it: what one of us is asked must not tell.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.db.models import Exists, Max, OuterRef, Q, QuerySet

from exchanges.models import Answer, Card, Prompt, PromptKind, PromptState, Requalification, StillWorth, View
from exchanges.selectors.turns import in_turn
from relationships.models import ENDED_STAGES, Member, Participant, Relationship, SideRole, Workspace

OLD_ENOUGH = timedelta(days=182)
AGAIN_AFTER = timedelta(days=150)
WEEK = timedelta(days=7)
MOST_A_WEEK = 3  # questions of this kind to one person
LOOKED_AT = 500
AT_ONCE = 10_000  # relationships: a larger portfolio is looked through in turns, once an hour
OPEN = (PromptState.WAITING, PromptState.SNOOZED)


def period_of(day: date) -> str:
    """2026-H1."""
    return f"{day.year}-H{1 if day.month <= 6 else 2}"


def period_begins(day: date) -> date:
    return date(day.year, 1 if day.month <= 6 else 7, 1)


def subject_of(period: str) -> str:
    return f"worth:{period}"


def candidates(workspace: Workspace, now: datetime, *, by: date | None = None) -> QuerySet[Participant]:
    """Members who speak for our side where the question would be due on the day `by` (today if none is named). Oldest relationships first."""
    today = now.astimezone(workspace.zone).date()
    by = by or today
    midnight = datetime.combine(today, time(0), tzinfo=workspace.zone)
    latest = now + (by - today) - AGAIN_AFTER
    period = period_of(by)
    members = Member.objects.active().filter(person=OuterRef("person"))
    here = Q(relationship=OuterRef("side__relationship"))
    said = Requalification.objects.filter(here, Q(at__gt=latest) | Q(period_key=period), member__person=OuterRef("person"))
    mine = Prompt.objects.filter(participant=OuterRef("pk"))
    asked = mine.filter(Q(created_at__gt=latest) | Q(subject_key=subject_of(period)), kind=PromptKind.REQUALIFY)
    # A check from before today stands alone; one that goes out today takes this along in the same mail.
    checked = mine.filter(kind=PromptKind.CHECK, state__in=OPEN, closes_at__gt=now, created_at__lt=midnight)
    answered = Answer.objects.filter(here, side=SideRole.OWN, first_hand=True, round__posting__isnull=False)
    born = by - OLD_ENOUGH
    old = Q(side__relationship__started_on__lte=born) | Q(side__relationship__started_on__isnull=True, side__relationship__created_at__date__lte=born)
    speaking = Participant.objects.speaking_on(today).filter(side__role=SideRole.OWN, workspace_id=workspace.pk)
    going = speaking.exclude(side__relationship__stage__in=ENDED_STAGES)
    due = going.filter(Exists(members)).filter(old | Exists(answered)).exclude(Exists(said)).exclude(Exists(asked)).exclude(Exists(checked))
    return due.select_related("side__relationship", "person__text", "workspace").order_by("side__relationship__started_on", "pk")


def lately_asked(workspace: Workspace, now: datetime) -> Counter[int]:
    """How many questions of this kind each person got within a week."""
    rows = Prompt.objects.filter(workspace_id=workspace.pk, kind=PromptKind.REQUALIFY, created_at__gt=now - WEEK)
    return Counter(rows.values_list("participant__person_id", flat=True))


def to_ask(workspace: Workspace, now: datetime, *, limit: int) -> list[Participant]:
    """Whom to ask now: at most a few relationships a week and person, so that the first of January is a day like any other.

    Where there are many relationships, those whose turn it is to be looked at.
    """
    counts = lately_asked(workspace, now)
    full = [person for person, count in counts.items() if count >= MOST_A_WEEK]
    found: list[Participant] = []
    turn = in_turn(workspace, now, most=AT_ONCE, field="side__relationship")
    for participant in candidates(workspace, now).filter(turn).exclude(person__in=full)[:LOOKED_AT]:
        if len(found) >= limit:
            break
        if counts[participant.person_id] < MOST_A_WEEK:
            counts[participant.person_id] += 1
            found.append(participant)
    return found


def coming(relationship_ids: Iterable[int], workspace: Workspace, now: datetime, *, until: date) -> list[tuple[date, Participant]]:
    """Who will be asked on which day, as far as that is known now: a few each week, those that are due already first."""
    ids, today = list(relationship_ids), now.astimezone(workspace.zone).date()
    due = list(candidates(workspace, now).filter(side__relationship__in=ids))
    known = {participant.pk for participant in due}
    later = [one for one in candidates(workspace, now, by=until).filter(side__relationship__in=ids) if one.pk not in known]
    last = _last_times(ids)
    days = [(today, participant) for participant in due] + [(_from_when(one, last, today, until), one) for one in later]
    counts, found = lately_asked(workspace, now), []
    for on, participant in sorted(days, key=lambda one: (one[0], one[1].pk)):
        weeks = counts[participant.person_id] // MOST_A_WEEK
        counts[participant.person_id] += 1
        day = max(on, today + weeks * WEEK)
        if day <= until:
            found.append((day, participant))
    return sorted(found, key=lambda one: (one[0], one[1].pk))


def _last_times(relationship_ids: Sequence[int]) -> dict[tuple[int, int], datetime]:
    """When each person was last asked, or last said it, about each relationship."""
    last: dict[tuple[int, int], datetime] = {}
    asked = Prompt.objects.filter(relationship__in=relationship_ids, kind=PromptKind.REQUALIFY).order_by()
    said = Requalification.objects.filter(relationship__in=relationship_ids, member__person__isnull=False).order_by()
    times = [
        *asked.values_list("relationship_id", "participant__person_id").annotate(at=Max("created_at")),
        *said.values_list("relationship_id", "member__person_id").annotate(last=Max("at")),
    ]
    for relationship_id, person_id, at in times:
        key = (relationship_id, person_id)
        last[key] = max(at, last.get(key, at))
    return last


def _from_when(participant: Participant, last: dict[tuple[int, int], datetime], today: date, until: date) -> date:
    """The first day on which this one is due."""
    row = participant.side.relationship
    zone = participant.workspace.zone
    before = last.get((row.pk, participant.person_id))
    if before is None:
        day = (row.started_on or row.created_at.astimezone(zone).date()) + OLD_ENOUGH
    else:
        begins = period_begins(before.astimezone(zone).date())
        day = max((before + AGAIN_AFTER).astimezone(zone).date(), period_begins(begins + timedelta(days=190)))
    return min(max(today + timedelta(days=1), day), until)


@dataclass(frozen=True)
class WorthWaiting:
    """A question to a member itself."""

    public_id: UUID
    relationship_id: UUID
    relationship_kind: str
    counterpart_name: str
    asked_on: date
    closes_on: date


def waiting_worth(member: Member, now: datetime) -> list[WorthWaiting]:
    """What waits for this member, the longest first."""
    if member.person_id is None:
        return []
    today = now.astimezone(member.workspace.zone).date()
    rows = Prompt.objects.filter(
        workspace_id=member.workspace_id, participant__person_id=member.person_id, side=SideRole.OWN, kind=PromptKind.REQUALIFY,
        state=PromptState.WAITING, closes_at__gt=now, not_before__lte=now,
    )  # fmt: skip
    rows = rows.exclude(relationship__stage__in=ENDED_STAGES).select_related("relationship", "participant", "workspace").order_by("created_at", "id")
    found = [row for row in rows if row.participant.speaks_on(today)]
    cards = Card.objects.filter(relationship__in=[row.relationship_id for row in found], view=View.SHARED) if found else Card.objects.none()
    names = dict(cards.values_list("relationship_id", "counterpart_name"))
    zone = member.workspace.zone
    return [
        WorthWaiting(
            row.public_id, row.relationship.public_id, row.relationship.kind, names.get(row.relationship_id, ""),
            row.created_at.astimezone(zone).date(), row.closes_at.astimezone(zone).date(),
        )
        for row in found
    ]  # fmt: skip


@dataclass(frozen=True)
class SaidWorth:
    """One time that somebody of our side said it. The sentence is there for its author alone."""

    on: date
    who: str
    said: str
    label: str
    sentence: str
    is_mine: bool
    is_current: bool  # of this half-year


def said_worth(rows: QuerySet[Requalification], member: Member, now: datetime) -> list[SaidWorth]:
    """`rows`: those that the member may see. One for each person and half-year, the newest first."""
    zone = member.workspace.zone
    period = period_of(now.astimezone(zone).date())
    newest: dict[tuple[int, str], Requalification] = {}
    for row in rows.select_related("member__user", "text").order_by("-at", "-pk"):
        newest.setdefault((row.member_id, row.period_key), row)
    return [
        SaidWorth(
            row.at.astimezone(zone).date(), str(row.member.user), row.said, str(StillWorth(row.said).label),
            row.text.sentence if row.member_id == member.pk and hasattr(row, "text") else "", row.member_id == member.pk, row.period_key == period,
        )
        for row in newest.values()
    ]  # fmt: skip


@dataclass(frozen=True)
class Worth:
    """What the page of a relationship says of it to one member."""

    mine: SaidWorth | None  # the last that they said themselves
    history: list[SaidWorth]
    is_asked: bool  # the question waits for them
    may_say: bool
    closes_on: date | None

    @property
    def is_shown(self) -> bool:
        return self.may_say or bool(self.history)

    @property
    def earlier(self) -> list[SaidWorth]:
        """All but the last of one's own."""
        return [one for one in self.history if one is not self.mine]

    @property
    def is_said(self) -> bool:
        return self.mine is not None and self.mine.is_current

    @property
    def wants_steps(self) -> bool:
        return self.may_say and self.mine is not None and self.mine.said != StillWorth.YES


def worth_of(relationship: Relationship, member: Member, now: datetime, *, speaks: bool) -> Worth:
    """`speaks`: whether this member may say it, as the steward or as somebody who speaks for our side."""
    rows: QuerySet[Requalification] = Requalification.objects.filter(relationship=relationship).visible_to(member)  # type: ignore[attr-defined]
    history = said_worth(rows, member, now)
    asked = None
    may_say = speaks and relationship.is_going_on
    if may_say and member.person_id is not None:
        asked = Prompt.objects.filter(
            relationship=relationship, participant__person_id=member.person_id, side=SideRole.OWN, kind=PromptKind.REQUALIFY,
            state=PromptState.WAITING, closes_at__gt=now,
        ).first()  # fmt: skip
    mine = next((one for one in history if one.is_mine), None)
    closes = asked.closes_at.astimezone(member.workspace.zone).date() if asked else None
    return Worth(mine, history, asked is not None, may_say, closes)
