"""Which relationships are to be asked about, and from when: the due date of each side, put off or brought forward by what is known around it.

A side's own due date comes from the view that sees all of its own answers; the balance core has put gaps and rhythm into it. Here stands what
depends on questions and people: one round at a time, a longer wait for whoever did not answer, what hangs on the relationship, a person's own
rhythm, an occasion to ask sooner, and how much somebody was asked lately. The sweep looks only at cards whose day has come (an index range);
what it finds not to be due yet gets a day on which it is looked at again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta

from django.db import connection
from django.db.models import Exists, Max, OuterRef, Q

from exchanges.models import (
    CLOSING,
    SHAKING,
    BalanceState,
    Card,
    EventKind,
    EventStatus,
    EventVersion,
    Occasion,
    Prompt,
    PromptKind,
    PromptState,
    Round,
    View,
    Visibility,
)  # fmt: skip
from exchanges.models.snapshots import EVER
from exchanges.selectors.allowance import Allowances, Obstacle, able
from exchanges.selectors.balances import balances_of
from exchanges.selectors.due import ROUND_LASTS
from exchanges.selectors.telling import ALWAYS, NEVER_ASKED, Asked, telling
from relationships.models import ENDED_STAGES, Intent, Kind, Member, Participant, Relationship, SideRole, Workspace
from relationships.selectors.rhythm import set_by_hand
from valueledger.common import rows

CHUNK = 500
WAIT_FIRST = ROUND_LASTS  # doubled with each question that passed: four weeks after the first, then eight
WAIT_LONGEST = timedelta(days=180)
LONGEST_GAP = 180
GAP_MIN = 30
GAP_LONGEST = 730
LOOK_AGAIN = timedelta(days=7)  # what was found not to be due is looked at again by then, whatever its date: evidence may have moved it
STRETCH = {1: 4 / 3, 2: 1.0, 3: 2 / 3}
ONE_OFF_AFTER = timedelta(days=14)  # the one exchange has had time to show what it was worth
TRIES = 4
MOST = 2_000  # so many are looked at in one sweep

# One statement, each branch a range of an index up to today: five queries by way of the compiler cost ten times what reading them does. The last
# branch reads what was set by hand (`sooner`, and a flag on its cards), and of that only what does not wait any more.
WHOSE, TODAY = "workspace", "today"
GREATER = "GREATEST" if connection.vendor == "postgresql" else "MAX"
IN_ORDER = "ORDER BY place, day, rank" if connection.vendor == "postgresql" else ""  # SQLite gives branch after branch, each in its order
ASKED_FROM = f"{GREATER}(due_on, COALESCE(wait_until, due_on))"  # as the index has it: `ASK_ON`
EARLY = f"COALESCE(wait_until, '{EVER.isoformat()}')"  # likewise: `EARLY_FROM`
CARDS = f"""SELECT * FROM (SELECT relationship_id, 1 AS place, {ASKED_FROM} AS day, relationship_id AS rank FROM exchanges_card
    WHERE workspace_id = %s AND view = {{view}} AND {ASKED_FROM} <= %s ORDER BY {ASKED_FROM}, relationship_id LIMIT {MOST}) cards_{{view}}"""  # noqa: S608
SCAN = f"""SELECT relationship_id FROM (
    SELECT * FROM (SELECT relationship_id, 0 AS place, ask_from AS day, id AS rank FROM exchanges_occasion
        WHERE workspace_id = %s AND settled_at IS NULL AND ask_from <= %s ORDER BY ask_from, id LIMIT {MOST}) occasions
    UNION ALL {CARDS.format(view=int(View.SHARED))}
    UNION ALL {CARDS.format(view=int(View.OWN))}
    UNION ALL SELECT * FROM (SELECT relationship_id, 2 AS place, due_on AS day, relationship_id AS rank FROM exchanges_card
        WHERE workspace_id = %s AND is_hand_set AND {EARLY} <= %s AND due_on > %s ORDER BY due_on, relationship_id LIMIT {MOST}) early
    ) found {IN_ORDER} LIMIT {3 * MOST}"""  # noqa: S608
SCANNED = (WHOSE, TODAY) * 4 + (TODAY,)


@dataclass(frozen=True)
class Facts:
    """What is known of one relationship before anybody is asked."""

    relationship_id: int
    stake: int = 2
    has_ended: bool = False
    due: dict[int, date | None] = field(default_factory=dict)
    answered: dict[int, date | None] = field(default_factory=dict)
    again: dict[int, date] = field(default_factory=dict)  # a side that let questions pass is left alone until then
    people: tuple[Participant, ...] = ()
    free_on: date | None = None  # the last round's two weeks are over
    occasion: Occasion | None = None
    is_one_off: bool = False
    done_on: date | None = None  # the newest event of a one-off
    was_closed: bool = False  # the last check has been made already
    is_employee: bool = False
    asked: dict[int, Asked] = field(default_factory=dict)
    worth: dict[int, float] = field(default_factory=dict)  # what a question to a side can be expected to tell, in bits
    longest: int = LONGEST_GAP  # after so many days a side that is due is asked whatever it tells


@dataclass(frozen=True)
class Look:
    """From when both sides of a relationship may be asked, for whose sake, and what it waits for until then."""

    relationship_id: int
    ask_on: date | None  # None: there is nobody to ask, or no reason to
    sides: tuple[int, ...] = ()  # the sides whose date has come by then
    due_on: date | None = None
    occasion: Occasion | None = None
    waits: str = ""
    people: tuple[Participant, ...] = ()
    closes: date | None = None  # a one-off that was done on this day: its only check
    is_moot: bool = False  # both sides have answered since the occasion


def due_relationships(*, workspace: Workspace, now: datetime, limit: int) -> list[Look]:
    """Up to `limit` relationships that may be asked about now."""
    today = now.astimezone(workspace.zone).date()
    ids = to_look_at(workspace, today)[: limit * 4]
    return [look for look in looks(ids, workspace=workspace, now=now).values() if look.ask_on is not None and look.ask_on <= today][:limit]


def to_look_at(workspace: Workspace, today: date, *, limit: int = MOST) -> list[int]:
    """Relationships whose day to look at has come: occasions first, then the longest waiting, then what may come early. Ranges of small indexes."""
    return list(dict.fromkeys(row[0] for row in rows.plain(SCAN, [workspace.pk if name == WHOSE else today.isoformat() for name in SCANNED])))[:limit]


def sooner(workspace: Workspace) -> set[int]:
    """Those that may be asked about before the model says so: much hangs on them, or somebody has a rhythm of their own. Both are set by hand."""
    return set_by_hand(workspace.pk)


def looks(relationship_ids: Sequence[int], *, workspace: Workspace, now: datetime, allowances: Allowances | None = None) -> dict[int, Look]:
    """When each of these may be asked about, as far as is known now. A fixed number of queries for each few hundred."""
    found: dict[int, Look] = {}
    for start in range(0, len(relationship_ids), CHUNK):
        facts = facts_of(relationship_ids[start : start + CHUNK], workspace=workspace, now=now)
        known = allowances or Allowances([one for fact in facts for one in fact.people], workspace, now)
        found |= {fact.relationship_id: look_at(fact, known, now) for fact in facts}
    return found


def facts_of(relationship_ids: Sequence[int], *, workspace: Workspace, now: datetime, shared_only: bool = False) -> list[Facts]:
    """`shared_only`: from what both sides may see, for a reader who may see no more."""
    today = now.astimezone(workspace.zone).date()
    due, answered = _dates(relationship_ids, today, shared_only=shared_only)
    again, asked = _again(relationship_ids, workspace)
    people, free = reachable(relationship_ids, workspace, today), _free_on(relationship_ids, workspace)
    occasions = {}
    for occasion in Occasion.objects.filter(relationship__in=relationship_ids, settled_at__isnull=True).order_by("-ask_from", "-pk"):
        occasions[occasion.relationship_id] = occasion  # the earliest stays
    rows = {row[0]: row[1:] for row in Relationship.objects.filter(pk__in=relationship_ids).values_list("pk", "stake", "stage", "kind")}
    employees = {pk for pk, row in rows.items() if row[2] == Kind.EMPLOYEE}
    worth = telling(relationship_ids, asked=asked, workspace=workspace, today=today, of_employees=employees, shared_only=shared_only)
    cards = Card.objects.filter(relationship__in=relationship_ids, view=View.SHARED, cadence_days__isnull=False)
    longest = dict(cards.values_list("relationship_id", "cadence_days"))
    one_offs = Card.objects.filter(relationship__in=relationship_ids, view=View.SHARED, intent=Intent.ONE_OFF)
    done = _done_on(list(one_offs.values_list("relationship_id", flat=True)))
    closed = Occasion.objects.filter(relationship__in=relationship_ids, kind__in=CLOSING, round__isnull=False)
    was_closed = set(closed.values_list("relationship_id", flat=True)) if done else set()
    zone = workspace.zone
    return [
        Facts(
            relationship_id=pk,
            stake=rows[pk][0],
            has_ended=rows[pk][1] in ENDED_STAGES,
            due={side: due.get((pk, side)) for side in SideRole.values},
            answered={side: answered.get((pk, side)) for side in SideRole.values},
            again={side: again[pk, side].astimezone(zone).date() for side in SideRole.values if (pk, side) in again},
            people=tuple(people.get(pk, ())),
            free_on=free.get(pk),
            occasion=occasions.get(pk),
            is_one_off=pk in done,
            done_on=done.get(pk),
            was_closed=pk in was_closed,
            is_employee=rows[pk][2] == Kind.EMPLOYEE,
            asked={side: asked.get((pk, side), NEVER_ASKED) for side in SideRole.values},
            worth={side: worth.get((pk, side), ALWAYS) for side in SideRole.values},
            longest=longest.get(pk) or LONGEST_GAP,
        )
        for pk in relationship_ids
        if pk in rows
    ]


def _done_on(one_offs: Sequence[int]) -> dict[int, date | None]:
    """When the newest exchange of each one-off arrived, as far as both sides know of it. Costs nothing where there is none."""
    arrived = (
        EventVersion.objects.current()
        .filter(event__relationship__in=one_offs, is_withdrawal=False, status=EventStatus.ARRIVED, visibility=Visibility.SHARED)
        .exclude(kind=EventKind.MISSED_MOMENT)
    )
    newest = dict(arrived.values_list("event__relationship").annotate(newest=Max("arrived_on")).order_by()) if one_offs else {}
    return {pk: newest.get(pk) for pk in one_offs}


def look_at(facts: Facts, allowances: Allowances, now: datetime) -> Look:
    """When one relationship may be asked about. Pure but for the allowances, which were read before."""
    workspace = allowances.workspace
    zone = workspace.zone
    today = now.astimezone(zone).date()
    is_moot = _is_moot(facts)
    facts = replace(facts, occasion=None) if is_moot else facts
    nothing = Look(facts.relationship_id, None, people=facts.people, occasion=facts.occasion, is_moot=is_moot)
    if not facts.people:
        return replace(nothing, waits="nobody there can be asked")
    days = _days_of_sides(facts)
    wanted = min(days.values(), default=None)
    if wanted is not None:
        for side, day in days.items():  # who asked to be asked less is not asked early for the other side's sake
            if any(one.person.less_often > 1 for one in facts.people if one.side.role == side):
                wanted = max(wanted, day)
    if facts.occasion is not None:
        wanted = facts.occasion.ask_from if wanted is None else min(wanted, facts.occasion.ask_from)
    if wanted is None:
        return nothing
    by_occasion = facts.occasion is not None and facts.occasion.ask_from <= wanted
    if wanted <= today and not by_occasion and (later := _tells_from(facts, [side for side, day in days.items() if day <= today], workspace, today)):
        return replace(nothing, ask_on=later, due_on=wanted, waits="an answer would tell little yet")
    if not by_occasion:
        facts = replace(facts, people=tuple(_without_the_silent(facts, max(wanted, today))))
        nothing = replace(nothing, people=facts.people)
    sides = tuple(sorted({one.side.role for one in facts.people})) if by_occasion else tuple(side for side in sorted(days) if days[side] <= wanted)
    due_on = wanted
    ask_on, waits = max(wanted, today), ""
    if facts.free_on is not None and facts.free_on > ask_on:
        ask_on, waits = facts.free_on, "asked less than two weeks ago"
    moment = now if ask_on <= today else datetime.combine(ask_on, time(9), tzinfo=zone)
    for _ in range(TRIES):
        obstacles = {one.pk: obstacle for one in facts.people if (obstacle := allowances.obstacle(one, moment)) is not None}
        if able(facts.people, obstacles):
            break
        waits, until = _worst(obstacles.values(), moment)
        ask_on = max(until.astimezone(zone).date(), ask_on)
        moment = max(until, moment + timedelta(minutes=1))
    closes = facts.done_on if facts.is_one_off and not by_occasion else None
    return replace(nothing, ask_on=ask_on, sides=sides, due_on=due_on, waits=waits, closes=closes)


def _tells_from(facts: Facts, due: Sequence[int], workspace: Workspace, today: date) -> date | None:
    """The day from which one of the sides that are due is asked although it would tell little; None when a question tells enough now."""
    if facts.is_one_off or not due:
        return None
    latest = []
    for side in due:
        if facts.worth.get(side, ALWAYS) / STRETCH[facts.stake] >= float(workspace.ask_from_bits):
            return None
        own = min((one.cadence_days for one in facts.people if one.side.role == side and one.cadence_days), default=None)
        last_on = facts.asked[side].last_on or today
        latest.append(last_on + timedelta(days=min(facts.longest, own or facts.longest)))
    day = min(latest)
    return day if day > today else None


def _without_the_silent(facts: Facts, on: date) -> list[Participant]:
    """
    Whoever let questions pass is left alone until their wait is over, also when the other side is asked. An employee comes along always:
    that they were left out would tell that they had not answered.
    """
    if facts.is_employee:
        return list(facts.people)
    return [one for one in facts.people if facts.again.get(one.side.role, on) <= on] or list(facts.people)


def _is_moot(facts: Facts) -> bool:
    """After a shock, no question of its own is needed once every side that could be asked has answered since."""
    occasion = facts.occasion
    if occasion is None or occasion.kind not in SHAKING or not facts.people:
        return False
    said = [facts.answered.get(side) for side in {participant.side.role for participant in facts.people}]
    return all(on is not None and on > occasion.happened_on for on in said)


def _days_of_sides(facts: Facts) -> dict[int, date]:
    """From when each side that can be asked may be, by its own answers and by what it let pass."""
    days: dict[int, date] = {}
    if facts.has_ended:
        return days
    if facts.is_one_off:  # no rhythm: one check when it is done
        if facts.done_on is None or facts.was_closed:
            return days
        return {participant.side.role: facts.done_on + ONE_OFF_AFTER for participant in facts.people}
    for side in {participant.side.role for participant in facts.people}:
        due_on, answered_on = facts.due.get(side), facts.answered.get(side)
        if due_on is None:
            continue
        mine = [one for one in facts.people if one.side.role == side]
        day = own_day(
            due_on, answered_on, stake=facts.stake, cadence_days=min((one.cadence_days for one in mine if one.cadence_days), default=None),
            less_often=max(one.person.less_often for one in mine),
        )  # fmt: skip
        days[side] = max(day, facts.again.get(side, day))
    return days


def own_day(due_on: date, answered_on: date | None, *, stake: int = 2, cadence_days: int | None = None, less_often: int = 1) -> date:
    """A side's date with the gap since its last answer made shorter or longer, never below the model's shortest."""
    if answered_on is None:
        return due_on
    gap = (due_on - answered_on).days
    wanted = gap * STRETCH[stake]
    if cadence_days is not None:
        wanted = min(wanted, cadence_days)
    days = min(max(round(wanted * max(less_often, 1)), min(gap, GAP_MIN)), max(gap, GAP_LONGEST))
    return answered_on + timedelta(days=days)


def _worst(obstacles: Iterable[Obstacle], moment: datetime) -> tuple[str, datetime]:
    """What holds a round up the longest: its reason, and when to look again where nobody knows until when."""
    known = [(one.until or moment + timedelta(days=1), one.reason) for one in obstacles]
    until, reason = max(known)
    return reason, until


def reachable(relationship_ids: Sequence[int], workspace: Workspace, today: date) -> dict[int, list[Participant]]:
    """Who speaks for each side and can be asked at all: by mail, or in the app because they are a member."""
    in_app = Exists(Member.objects.filter(person=OuterRef("person"), left_at__isnull=True))
    by_mail = Q(person__suppressed_at__isnull=True, person__refused_at__isnull=True, person__text__isnull=False) & ~Q(person__text__email="")
    rows = (
        Participant.objects.speaking_on(today)
        .filter(by_mail | (Q(side__role=SideRole.OWN) & in_app), workspace=workspace, side__relationship__in=relationship_ids)
        .select_related("side", "person__text", "workspace")
        .order_by("id")
    )
    people: dict[int, list[Participant]] = defaultdict(list)
    for row in rows:
        people[row.side.relationship_id].append(row)
    return people


def _dates(
    relationship_ids: Sequence[int], today: date, *, shared_only: bool = False
) -> tuple[dict[tuple[int, int], date | None], dict[tuple[int, int], date | None]]:
    """Each side's due date and last answer, from the view that holds its private evidence too: an employee's answers are on no card."""
    due: dict[tuple[int, int], date | None] = {}
    answered: dict[tuple[int, int], date | None] = {}
    views = [View.SHARED] if shared_only else [View.SHARED, View.OWN]
    rows = Card.objects.filter(relationship__in=relationship_ids, view__in=views).order_by("view")
    names = ("relationship_id", "view", "due_own_on", "due_counterpart_on", "answered_own_on", "answered_counterpart_on")
    for pk, view, own_on, counterpart_on, own_said, counterpart_said in rows.values_list(*names):
        due[pk, SideRole.OWN], answered[pk, SideRole.OWN] = own_on, own_said  # our own card comes after the shared one
        if view == View.SHARED:
            due[pk, SideRole.COUNTERPART], answered[pk, SideRole.COUNTERPART] = counterpart_on, counterpart_said
    if shared_only:
        return due, answered
    private = BalanceState.objects.filter(relationship__in=relationship_ids, view=View.COUNTERPART).values_list("relationship_id", flat=True)
    for pk, balance in balances_of(list(private), view=View.COUNTERPART, as_of=today).items():
        if due.get((pk, SideRole.COUNTERPART)) is not None:
            due[pk, SideRole.COUNTERPART], answered[pk, SideRole.COUNTERPART] = balance.counterpart.due_on, balance.counterpart.answered_on
    return due, answered


def _free_on(relationship_ids: Sequence[int], workspace: Workspace) -> dict[int, date]:
    """When the two weeks of each relationship's last round are over."""
    last = Round.objects.filter(relationship__in=relationship_ids).values_list("relationship_id").annotate(last=Max("opens_at")).order_by()
    return {pk: (opened + ROUND_LASTS).astimezone(workspace.zone).date() for pk, opened in last}


def _again(relationship_ids: Sequence[int], workspace: Workspace) -> tuple[dict[tuple[int, int], datetime], dict[tuple[int, int], Asked]]:
    """When a side that let questions pass may be asked again (the wait doubles with each, to at most half a year), and how often it was asked."""
    rounds: dict[tuple[int, int], dict[int, tuple[datetime, set[str]]]] = defaultdict(dict)
    prompts = (
        Prompt.objects.filter(relationship__in=relationship_ids, kind=PromptKind.CHECK, round__isnull=False)
        .order_by("created_at", "id")
        .values_list("relationship_id", "side", "round_id", "created_at", "state")
    )
    for pk, side, round_id, created_at, state in prompts:
        rounds[pk, side].setdefault(round_id, (created_at, set()))[1].add(state)
    again, asked = {}, {}
    for key, known in rounds.items():
        asked_rounds = list(known.values())
        answered = sum(PromptState.ANSWERED in states for _, states in asked_rounds)
        asked[key] = Asked(len(asked_rounds), answered, asked_rounds[-1][0].astimezone(workspace.zone).date())
        if (until := _wait_of(asked_rounds)) is not None:
            again[key] = until
    return again, asked


def _wait_of(asked: list[tuple[datetime, set[str]]]) -> datetime | None:
    missed = 0
    for _, states in reversed(asked):
        if PromptState.ANSWERED in states or not states & {PromptState.LAPSED, PromptState.SKIPPED}:
            break
        missed += 1
    return asked[-1][0] + min(WAIT_FIRST * 2**missed, WAIT_LONGEST) if missed else None
