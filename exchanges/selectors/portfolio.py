"""The portfolio of a leader: every client relationship in the shared view, judged today, counted, ranked and listed.

All balances come out of stored states in one pass over columns; the counts, the map, the ranking and the list are cut from the same
columns, so they cannot disagree. The number of queries does not depend on the number of relationships.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

import numpy as np
from django.db.models import Max, QuerySet
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from exchanges.charts import MapMark, SideReading, WeekShares
from exchanges.models import BalanceState, Card, Snapshot, View
from exchanges.selectors.balances import KAPPA, VERDICTS, Balance, Outlooks, outlooks
from exchanges.selectors.statements import day_of
from exchanges.wording import NextStep, VerdictChip, map_title, next_step, relationship_voice, share_of, verdict_chip
from relationships.models import ENDED_STAGES, Intent, Member, Workspace

SHARES = ("fair", "over", "we", "they", "both", "open")
OUTSIDE = "outside"
ATTENTION = 6
PAGE = 25
EIGHTY = 1.2816
FIRST_DAYS_OUTSIDE = 7
Rows = NDArray[np.intp]
Flags = NDArray[np.bool_]
FIELDS = (
    "relationship_id", "public_id", "counterpart_name", "own_name", "steward_id", "steward__public_id", "steward__user__name", "steward__user__email",
    "intent", "band", "cadence_days", "outside_since",
)  # fmt: skip


@dataclass(frozen=True)
class PortfolioFilter:
    """What the filter sentence says. Empty means "all"; what is not known is ignored, not an error."""

    steward: str = ""
    intent: str = ""
    verdict: str = ""  # one of SHARES, or OUTSIDE: outside the fair zone or unconfirmed
    confirmed: str = ""  # yes, no
    weeks: int = 26

    @property
    def is_narrow(self) -> bool:
        return bool(self.steward or self.intent or self.verdict or self.confirmed)


@dataclass(frozen=True)
class Held:
    """One relationship of the portfolio, as its card names it."""

    relationship_id: int
    public_id: UUID
    name: str
    own_name: str
    steward_id: int | None
    steward: str
    steward_name: str
    intent: str
    band: float
    cadence_days: int | None
    outside_since: date | None


@dataclass(frozen=True)
class Portfolio:
    """The chosen relationships, and what each of their balances says today. Row n of every column is `held[n]`."""

    held: list[Held]
    seen: Outlooks
    today: date

    def __len__(self) -> int:
        return len(self.held)

    @cached_property
    def verdicts(self) -> NDArray[np.int64]:
        return np.asarray(self.seen.seen.verdict, np.int64)

    @cached_property
    def shares(self) -> NDArray[np.int64]:
        """Where each row is counted: an index into SHARES, by position only."""
        return SHARE_OF_VERDICT[self.verdicts]

    @cached_property
    def spirals(self) -> Flags:
        return np.asarray(self.seen.seen.spiral, bool)

    def heard(self, own: bool) -> Flags:
        return np.asarray(self._side(own).heard, bool)

    def answered(self, own: bool) -> Flags:
        """Whether anybody of that side ever answered."""
        return ~np.isnan(np.asarray(self._side(own).answer_day, float))

    def points(self, own: bool) -> NDArray[np.float64]:
        return np.asarray(self._side(own).felt, float) / KAPPA

    def _side(self, own: bool) -> Any:
        return self.seen.seen.own if own else self.seen.seen.counterpart

    @cached_property
    def confirmed(self) -> Flags:
        return self.heard(True) & self.heard(False)

    @cached_property
    def outside(self) -> Flags:
        """Named, and outside the fair zone on some side."""
        return (self.shares != SHARES.index("fair")) & (self.shares != SHARES.index("open"))

    @cached_property
    def severity(self) -> NDArray[np.float64]:
        """Expected points beyond the band of both sides, times the days outside / 90 (7 at least, 180 at most)."""
        days = np.array([FIRST_DAYS_OUTSIDE if one.outside_since is None else (self.today - one.outside_since).days for one in self.held], float)
        return self.seen.excess() * np.clip(np.maximum(days, FIRST_DAYS_OUTSIDE) / 90, 0.0, 2.0)

    @cached_property
    def ranked(self) -> Rows:
        """All rows, the most severe first; equal ones by their age."""
        ids = np.array([one.relationship_id for one in self.held])
        return np.lexsort((ids, -self.severity))

    def counts(self, rows: Rows | Flags | None = None, *, on: date | None = None) -> WeekShares:
        shares = self.shares if rows is None else self.shares[rows]
        return _week(on or self.today, np.bincount(shares, minlength=len(SHARES)))

    def matching(self, wanted: PortfolioFilter) -> Flags:
        """The rows that the filter's verdict and confirmation leave; the rest of it was asked of the database."""
        rows = np.ones(len(self), bool)
        if wanted.verdict == OUTSIDE:
            rows &= self.shares != SHARES.index("fair")
        elif wanted.verdict in SHARES:
            rows &= self.shares == SHARES.index(wanted.verdict)
        if wanted.confirmed in ("yes", "no"):
            rows &= self.confirmed == (wanted.confirmed == "yes")
        return rows

    def narrowed(self, rows: Flags) -> Portfolio:
        """The same with fewer rows."""
        if rows.all():
            return self
        places = np.flatnonzero(rows)
        own, counterpart = (type(side)(*(column[places] for column in side)) for side in self.seen.seen[:2])
        outlook = type(self.seen.seen)(own, counterpart, *(column[places] for column in self.seen.seen[2:]))
        seen = replace(
            self.seen,
            ids=[self.seen.ids[place] for place in places],
            seen=outlook,
            band=self.seen.band[places],
            positions=[self.seen.positions[place] for place in places],
        )
        return Portfolio([self.held[place] for place in places], seen, self.today)

    def balance(self, place: int) -> Balance:
        return self.seen.balance(place)

    def readings(self, place: int) -> tuple[SideReading, SideReading]:
        """They and we, of one row. A side of which nobody ever answered has no estimate."""
        return self._reading(place, own=False), self._reading(place, own=True)

    def _reading(self, place: int, *, own: bool) -> SideReading:
        side, one = self._side(own), self.held[place]
        day = float(side.answer_day[place])
        known = day == day
        f, half = float(side.felt[place]) / KAPPA, EIGHTY * float(side.sd[place]) / KAPPA
        name = one.own_name if own else one.name
        return SideReading(
            name=name,
            short=name,
            is_own=own,
            f=f if known else None,
            lo=f - half if known else None,
            hi=f + half if known else None,
            heard=bool(side.heard[place]),
            answered_on=day_of(int(day)) if known else None,
            band=one.band,
        )

    @cached_property
    def has_several_own_sides(self) -> bool:
        """Imported people are each their own side: a name alone would not say which relationship is meant."""
        return len({one.own_name for one in self.held}) > 1

    def label(self, place: int) -> str:
        held = self.held[place]
        return _("{name} and {own}").format(name=held.name, own=held.own_name) if self.has_several_own_sides else held.name

    def verdict(self, place: int) -> str:
        return VERDICTS[int(self.verdicts[place])]

    def is_spiral(self, place: int) -> bool:
        return bool(self.spirals[place])


SHARE_OF_VERDICT = np.array([SHARES.index(share_of(code)) for code in VERDICTS])


def _week(on: date, counts: Any) -> WeekShares:
    return WeekShares(on, **{name: int(count) for name, count in zip(SHARES, counts, strict=True)})


def portfolio_of(cards: QuerySet[Card], wanted: PortfolioFilter, *, today: date) -> Portfolio:
    """Judge the relationships of these shared cards that are going on. Two queries, whatever their number."""
    cards = cards.exclude(stage__in=ENDED_STAGES)
    if wanted.steward:
        cards = cards.filter(steward__public_id=wanted.steward)
    if wanted.intent in Intent.values:
        cards = cards.filter(intent=wanted.intent)
    found = [_held(row) for row in cards.order_by("relationship_id").values_list(*FIELDS)]
    states = BalanceState.objects.filter(view=View.SHARED, relationship__in=cards.values("relationship_id")).order_by("relationship_id")
    stored = {pk: (bytes(after), position) for pk, after, position in states.values_list("relationship_id", "after", "position")}
    held = [one for one in found if one.relationship_id in stored]
    seen = outlooks(
        [one.relationship_id for one in held],
        [stored[one.relationship_id][0] for one in held],
        as_of=today,
        band=[one.band for one in held],
        cadence_days=[one.cadence_days for one in held],
        view=View.SHARED,
        positions=[stored[one.relationship_id][1] for one in held],
    )
    return Portfolio(held, seen, today)


def _held(row: tuple[Any, ...]) -> Held:
    pk, public_id, name, own_name, steward_id, steward, user_name, email, intent, band, cadence, since = row
    return Held(pk, public_id, name, own_name, steward_id, str(steward or ""), user_name or email or "", intent, band, cadence, since)


def stewards_of(workspace: Workspace) -> list[Member]:
    """Whom the filter can name."""
    members = Member.objects.active().filter(workspace=workspace, is_steward=True).select_related("user")
    return list(members.order_by("user__name", "user__email"))


# The list of what to look at first


@dataclass(frozen=True)
class Attention:
    """One line of "Look at these first": why, the next step, and who looks after it."""

    rank: int
    held: Held
    label: str
    they: SideReading
    we: SideReading
    verdict: str
    spiral: bool
    chip: VerdictChip
    reason: str
    step: NextStep


def first_places(portfolio: Portfolio) -> list[int]:
    """The most severe that are named; the last place belongs to what we do not know, rather to somebody who fell silent than to a beginning."""
    order = portfolio.ranked
    named = order[portfolio.outside[order]]
    unheard = order[~portfolio.confirmed[order]]
    fell_silent = (portfolio.answered(True) & portfolio.answered(False))[unheard]
    unheard = np.concatenate([unheard[fell_silent], unheard[~fell_silent]])
    kept = list(named[: ATTENTION - 1 if len(unheard) else ATTENTION])
    return [int(place) for place in kept + list(unheard[: ATTENTION - len(kept)])]


def attention_of(portfolio: Portfolio, places: Sequence[int], gaps: Mapping[int, int], *, today: date) -> list[Attention]:
    """`gaps`: the widest open gap of a relationship, of those that have several."""
    return [_attention(portfolio, place, rank, gaps, today) for rank, place in enumerate(places, start=1)]


def _attention(portfolio: Portfolio, place: int, rank: int, gaps: Mapping[int, int], today: date) -> Attention:
    held, balance = portfolio.held[place], portfolio.balance(place)
    they, we = portfolio.readings(place)
    gap = gaps.get(held.relationship_id)
    return Attention(
        rank=rank,
        held=held,
        label=portfolio.label(place),
        they=they,
        we=we,
        verdict=balance.verdict,
        spiral=balance.is_spiral,
        chip=verdict_chip(balance.verdict, balance.is_spiral, gap is not None),
        reason=relationship_voice(they, we, balance.verdict, "client", today, spiral=balance.is_spiral, probability=balance.probability),
        step=next_step(balance.verdict, they, we, today=today, spiral=balance.is_spiral, gap_steps=gap),
    )


# The map


@dataclass(frozen=True)
class OffMap:
    """What has no place on the map: x or y would be made up."""

    nobody: int
    they_only: int
    we_only: int

    @property
    def total(self) -> int:
        return self.nobody + self.they_only + self.we_only


def off_map(portfolio: Portfolio) -> OffMap:
    they, we = portfolio.answered(False), portfolio.answered(True)
    return OffMap(int((~they & ~we).sum()), int((they & ~we).sum()), int((we & ~they).sum()))


def marks_of(portfolio: Portfolio, first: Sequence[int], *, url: str, with_titles: bool) -> list[MapMark]:
    """A mark for each relationship of which both sides have answered. `url` holds {id}. Without titles for a map drawn as squares."""
    ranks = {place: rank for rank, place in enumerate(first, start=1)}
    places = np.flatnonzero(portfolio.answered(True) & portfolio.answered(False))
    return [_mark(portfolio, int(place), ranks.get(int(place)), url, with_titles) for place in places]


def _mark(portfolio: Portfolio, place: int, rank: int | None, url: str, with_titles: bool) -> MapMark:
    held, (they, we), code = portfolio.held[place], portfolio.readings(place), portfolio.verdict(place)
    spiral, label = portfolio.is_spiral(place), portfolio.label(place)
    title = map_title(label, verdict_chip(code, spiral).label, they, we, rank) if with_titles or rank else ""
    return MapMark(url.format(id=held.public_id), label, they, we, title, code, spiral, rank, they.answered_on)


# The list


@dataclass(frozen=True)
class ListRow:
    held: Held
    they: SideReading
    we: SideReading
    verdict: str
    spiral: bool
    beside: str  # our side's name, where the portfolio holds several

    @property
    def intent(self) -> str:
        return Intent(self.held.intent).label if self.held.intent in Intent.values else ""


@dataclass(frozen=True)
class ListPage:
    rows: list[ListRow]
    total: int
    start: int  # how many stand before this page
    next_after: UUID | None

    @property
    def first(self) -> int:
        return self.start + 1

    @property
    def end(self) -> int:
        return self.start + len(self.rows)


def list_of(portfolio: Portfolio, after: str, *, size: int = PAGE) -> ListPage:
    """One page of all rows, the most severe first, behind the relationship with this public id. An unknown one begins at the top."""
    order = portfolio.ranked
    known = {str(portfolio.held[int(place)].public_id): spot for spot, place in enumerate(order)} if after else {}
    start = known.get(after, -1) + 1
    places = [int(place) for place in order[start : start + size]]
    rows = [_list_row(portfolio, place) for place in places]
    more = start + size < len(order)
    return ListPage(rows, len(order), start, rows[-1].held.public_id if more and rows else None)


def _list_row(portfolio: Portfolio, place: int) -> ListRow:
    held, (they, we) = portfolio.held[place], portfolio.readings(place)
    beside = held.own_name if portfolio.has_several_own_sides else ""
    return ListRow(held, they, we, portfolio.verdict(place), portfolio.is_spiral(place), beside)


# Weeks


def weeks_of(cards: QuerySet[Card], portfolio: Portfolio, *, weeks: int, now: datetime) -> list[WeekShares]:
    """How these relationships were counted at the end of each week, from what was stored then; the last column is today.

    Two queries. A relationship without a snapshot by then is in no column of that week: nothing had been said of it.
    """
    ends = [now - timedelta(days=7 * back) for back in range(weeks - 1, 0, -1)]
    rows_by_id = {one.relationship_id: row for row, one in enumerate(portfolio.held)}
    snapshots = Snapshot.objects.filter(view=View.SHARED, relationship__in=cards.values("relationship_id"))
    begin = ends[0] if ends else now
    before = snapshots.filter(known_at__lt=begin).values("relationship_id").annotate(newest=Max("pk")).values_list("newest", flat=True)
    known: list[tuple[datetime, int, int]] = []
    for chosen in (snapshots.filter(pk__in=before), snapshots.filter(known_at__gte=begin, known_at__lte=now)):
        for pk, at, verdict in chosen.order_by("known_at", "pk").values_list("relationship_id", "known_at", "verdict"):
            if pk in rows_by_id:
                known.append((at, rows_by_id[pk], SHARES.index(share_of(verdict))))
    return [*_filled(known, ends, len(portfolio)), portfolio.counts(on=portfolio.today)]


def _filled(known: list[tuple[datetime, int, int]], ends: Sequence[datetime], count: int) -> Iterable[WeekShares]:
    standing = np.full(count, -1)
    place = 0
    for end in ends:
        while place < len(known) and known[place][0] <= end:
            standing[known[place][1]] = known[place][2]
            place += 1
        yield _week(end.date(), np.bincount(standing[standing >= 0], minlength=len(SHARES)))
