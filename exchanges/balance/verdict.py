"""
From two states to what a page says: how it feels to each side on a day, how even it is, how sure that is, and when to ask.

The two sides are judged apart and meet only here. Silence shows as growing doubt: the states are aged to the day first.
"""

from collections.abc import Callable
from enum import IntEnum
from functools import lru_cache
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .arithmetic import MANY, ONE, Arithmetic, Floats, Real
from .cadence import due, widens_on
from .evidence import DAY_LIMIT
from .parameters import DEFAULTS, Parameters
from .states import ANSWER_DAY, FIRST_DAY, LAST_DAY, SURPRISED, States
from .stepping import State, age, decays_of
from .withdrawal import position_of_withdrawal

ROWS_AT_ONCE = 8192
EIGHTY_PERCENT = 1.2816
"""Half width of an 80 % band in standard deviations, as documented and shown."""
TURN_HORIZON_DAYS = 128
TURN_STRIDE_DAYS = 16
FEW_CARDS = 8
"""Of so few, every day at once costs less than looking twice."""


class Feeling(IntEnum):
    """How a side most likely feels on its own account."""

    SHORT = 0
    FAIR = 1
    OVER = 2


class Verdict(IntEnum):
    """Cell of the table of feelings: three times own plus counterpart. UNCONFIRMED when a side is unheard or it is too close to say."""

    UNSEEN_VALUE = 0
    OWN_FEELS_SHORT = 1
    TILTED_TO_COUNTERPART = 2
    COUNTERPART_FEELS_SHORT = 3
    BALANCED = 4
    COUNTERPART_FEELS_INDEBTED = 5
    TILTED_TO_OWN = 6
    OWN_FEELS_INDEBTED = 7
    MUTUAL_SURPLUS = 8
    UNCONFIRMED = 9

    @property
    def code(self) -> str:
        return self.name.lower()


class SideOutlook(NamedTuple):
    """One side on the day: nats, variances, chances. Each field a Python number for one relationship, an array for many."""

    felt: Real
    variance: Real
    sd: Real
    usual: Real
    usual_sd: Real
    ledger_bias: Real
    short: Real
    fair: Real
    over: Real
    feeling: Real
    heard: Real
    surprised: Real
    sustained: Real
    severe: Real
    withdrawal: Real
    """NaN (for one: None) is "too little giving to tell"."""
    answer_day: Real
    """NaN (for one: None): has never answered."""
    due_day: Real
    due_reason: Real


class Outlook(NamedTuple):
    """Both sides and what they make together. Tilt > 0: it leans to our own side; surplus > 0: both feel they get more than they give."""

    own: SideOutlook
    counterpart: SideOutlook
    tilt: Real
    surplus: Real
    sd: Real
    """Of tilt, and of surplus."""
    index: Real
    index_low: Real
    index_high: Real
    share: Real
    seen: Real
    verdict: Real
    leaning: Real
    """The most likely cell, named or not."""
    probability: Real
    likely: Real
    """Named, but only as "likely"."""
    severe: Real
    sustained: Real
    mutual_withdrawal: Real
    spiral: Real

    @property
    def cells(self) -> Floats:
        """Probability of each cell: rows own short, fair, over; columns counterpart short, fair, over."""
        rows = np.stack([self.own.short, self.own.fair, self.own.over], axis=-1)
        columns = np.stack([self.counterpart.short, self.counterpart.fair, self.counterpart.over], axis=-1)
        result: Floats = rows[..., :, None] * columns[..., None, :]
        return result

    @property
    def agreement(self) -> Real:
        """P(one side is above fair and the other below)."""
        own, counterpart = self.own, self.counterpart
        a = MANY if isinstance(own.felt, np.ndarray) else ONE
        above_own, above_counterpart = a.normals(own.felt / own.sd, counterpart.felt / counterpart.sd)
        return above_own * (1 - above_counterpart) + above_counterpart * (1 - above_own)

    def row(self, place: int) -> "Outlook":
        """One relationship of many, as Python numbers."""
        own, counterpart = (SideOutlook(*(_python(column, place) for column in side)) for side in (self.own, self.counterpart))
        return Outlook(own, counterpart, *(_python(column, place) for column in self[2:]))


def _python(column: Any, place: int) -> Any:
    value = column[place].item()
    return None if value != value else value


def _side(a: Arithmetic, state: State, as_of: Real, band: Real, gap_max_days: Real, widens: Real, p: Parameters) -> SideOutlook:
    days = a.where(state[LAST_DAY] == state[LAST_DAY], as_of - state[LAST_DAY], 0)
    since_first = a.where(state[FIRST_DAY] == state[FIRST_DAY], as_of - state[FIRST_DAY], 0)
    decays = decays_of(p)
    x = age(state, decays.many(days.astype(np.intp)) if a is MANY else decays.one(int(days)), p)
    felt, variance = x[0] + x[1], x[3] + 2 * x[4] + x[6]
    sd, usual_sd = a.sqrt(variance), a.sqrt(x[3])
    edge, far = band * p.kappa, p.severe_points * p.kappa
    short, over, far_short, far_over, withdrawal = a.normals(
        (-edge - felt) / sd, (felt - edge) / sd, (-far - felt) / sd, (felt - far) / sd, position_of_withdrawal(a, x, since_first, p)
    )
    fair = 1.0 - short - over
    best = a.maximum(a.maximum(short, fair), over)
    answer = state[ANSWER_DAY]
    is_due = due(a, state, as_of, best >= p.clear_from, widens, gap_max_days, p)
    return SideOutlook(
        felt=felt,
        variance=variance,
        sd=sd,
        usual=x[0],
        usual_sd=usual_sd,
        ledger_bias=x[2],
        short=short,
        fair=fair,
        over=over,
        feeling=a.where(short >= best, 0, a.where(fair >= best, 1, 2)),
        heard=(answer == answer) & (variance <= p.heard_share * p.variance_felt),
        surprised=state[SURPRISED] > 0,
        sustained=abs(x[0]) - p.sustained_points * p.kappa >= _quantile(p.sustained_from) * usual_sd,
        severe=far_short + far_over >= p.severe_from,
        withdrawal=withdrawal,
        answer_day=answer,
        due_day=is_due.day,
        due_reason=is_due.reason,
    )


@lru_cache(maxsize=16)
def _quantile(probability: float) -> float:
    return NormalDist().inv_cdf(probability)


def _pair(a: Arithmetic, own: SideOutlook, counterpart: SideOutlook, p: Parameters) -> Outlook:
    tilt, surplus = (own.felt - counterpart.felt) / 2, (own.felt + counterpart.felt) / 2
    sd = a.sqrt(own.variance + counterpart.variance) / 2
    best = [a.maximum(a.maximum(side.short, side.fair), side.over) for side in (own, counterpart)]
    probability = best[0] * best[1]
    leaning = 3 * own.feeling + counterpart.feeling
    named = own.heard & counterpart.heard & (probability >= p.named_from)
    retreat = (own.withdrawal >= p.withdrawal_from) & (counterpart.withdrawal >= p.withdrawal_from)
    return Outlook(
        own,
        counterpart,
        tilt=tilt,
        surplus=surplus,
        sd=sd,
        index=a.tanh(tilt / 2),
        index_low=a.tanh((tilt - EIGHTY_PERCENT * sd) / 2),
        index_high=a.tanh((tilt + EIGHTY_PERCENT * sd) / 2),
        share=1.0 / (1.0 + a.exp(-tilt)),
        seen=a.exp(surplus),
        verdict=a.where(named, leaning, Verdict.UNCONFIRMED.value),
        leaning=leaning,
        probability=probability,
        likely=named & (probability < p.likely_below),
        severe=own.severe | counterpart.severe,
        sustained=own.sustained | counterpart.sustained,
        mutual_withdrawal=retreat,
        spiral=retreat & ((own.short >= p.spiral_short_from) | (counterpart.short >= p.spiral_short_from)),
    )


class Asked(NamedTuple):
    """What besides evidence a judgement depends on, one row a relationship."""

    as_of: Floats
    band: Floats
    gap: NDArray[np.intp]

    @classmethod
    def per_row(cls, count: int, as_of: Any, band_points: Any, gap_max_days: Any, p: Parameters) -> "Asked":
        band = p.band_points if band_points is None else band_points
        gap = p.gap_max_days if gap_max_days is None else gap_max_days
        return cls(
            np.broadcast_to(np.asarray(as_of, float), (count,)),
            np.broadcast_to(np.asarray(band, float), (count,)),
            np.broadcast_to(np.asarray(gap, np.intp), (count,)),
        )

    def take(self, rows: Any) -> "Asked":
        return Asked(self.as_of[rows], self.band[rows], self.gap[rows])

    def of_both_sides(self) -> "Asked":
        return Asked(np.tile(self.as_of, 2), np.tile(self.band, 2), np.tile(self.gap, 2))


def outlook(
    own: States,
    counterpart: States,
    as_of: int | Any,
    band_points: float | Any | None = None,
    gap_max_days: int | Any | None = None,
    parameters: Parameters = DEFAULTS,
) -> Outlook:
    """
    This will judge many relationships at a day, one row each: `own` and `counterpart` hold their sides' states in the same order.

    Day, band and longest gap may be one for all or an array. About a microsecond a relationship. Raises ValueError when a
    state is younger than the day: the past is read by folding evidence up to it.
    """
    asked = Asked.per_row(len(own), as_of, band_points, gap_max_days, parameters)
    parts = []
    for start in range(0, max(len(own), 1), ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        state, of_block = _both(own, counterpart, rows), asked.take(rows).of_both_sides()
        parts.append(_judge(state, of_block, widens_on(MANY, state, of_block.gap, parameters), parameters))
    if len(parts) == 1:
        return parts[0]
    sides = [SideOutlook(*map(np.concatenate, zip(*(part[side] for part in parts), strict=True))) for side in (0, 1)]
    return Outlook(*sides, *map(np.concatenate, zip(*(part[2:] for part in parts), strict=True)))


def _both(own: States, counterpart: States, rows: Any) -> State:
    """Own sides, then counterparts, as one batch."""
    return tuple(np.concatenate((own.columns[:, rows], counterpart.columns[:, rows]), axis=1))


def _judge(state: State, asked: Asked, widens: Floats, p: Parameters) -> Outlook:
    if np.any(state[LAST_DAY] > asked.as_of):
        raise ValueError("A state is younger than the day it is to be read at.")
    both = _side(MANY, state, asked.as_of, asked.band, asked.gap, widens, p)
    half = len(asked.as_of) // 2
    return _pair(MANY, SideOutlook(*(column[:half] for column in both)), SideOutlook(*(column[half:] for column in both)), p)


def outlook_of_one(
    own: tuple[float, ...],
    counterpart: tuple[float, ...],
    as_of: int,
    band_points: float | None = None,
    gap_max_days: int | None = None,
    parameters: Parameters = DEFAULTS,
) -> Outlook:
    """
    The same formulas for one relationship on Python numbers, some forty microseconds: states as `States.of_one` gives them.

    Undefined numbers are None.
    """
    band = parameters.band_points if band_points is None else band_points
    gap = parameters.gap_max_days if gap_max_days is None else gap_max_days
    if own[LAST_DAY] > as_of or counterpart[LAST_DAY] > as_of:
        raise ValueError("A state is younger than the day it is to be read at.")
    sides = [_side(ONE, state, as_of, band, gap, widens_on(ONE, state, gap, parameters), parameters) for state in (own, counterpart)]
    pair = _pair(ONE, sides[0], sides[1], parameters)
    return pair._replace(own=_without_nan(sides[0]), counterpart=_without_nan(sides[1]))


def _without_nan(side: SideOutlook) -> SideOutlook:
    withdrawal, answer = side.withdrawal, side.answer_day
    return side._replace(
        withdrawal=None if withdrawal != withdrawal else withdrawal,
        answer_day=None if answer != answer else int(answer),
        due_day=int(side.due_day),
    )


def face_of(outlook: Outlook, as_of: Any) -> Any:
    """What a card says in words, as one number: verdict, likely, flags, who is heard, each due day and whether it has come."""
    face: Any = outlook.verdict + 10 * outlook.leaning
    flags: list[Any] = [outlook.likely, outlook.severe, outlook.mutual_withdrawal, outlook.spiral]
    for side in (outlook.own, outlook.counterpart):
        never = side.due_reason == 0
        flags += [side.heard, side.sustained, side.due_day <= as_of]
        face = face * DAY_LIMIT + np.where(never, 0, side.due_day).astype(np.int64)
    for flag in flags:
        face = face * 2 + flag
    return face


def turns_on(
    own: States,
    counterpart: States,
    as_of: int | Any,
    band_points: float | Any | None = None,
    gap_max_days: int | Any | None = None,
    parameters: Parameters = DEFAULTS,
) -> NDArray[np.int64]:
    """
    The next day on which a card says something else without any evidence: label, flags, due days, or a due day coming.

    Looked for every `TURN_STRIDE_DAYS` and then day by day, up to `TURN_HORIZON_DAYS` ahead; when nothing turns, the horizon
    itself, as the day to look again. A flip that turns back within one stride may be missed until the next look.
    """
    asked = Asked.per_row(len(own), as_of, band_points, gap_max_days, parameters)
    turns = np.empty(len(own), np.int64)
    per_block = max(1, ROWS_AT_ONCE * TURN_STRIDE_DAYS // TURN_HORIZON_DAYS)
    for start in range(0, len(own), per_block):
        rows = slice(start, start + per_block)
        turns[rows] = _turns_of_block(_both(own, counterpart, rows), asked.take(rows), parameters)
    return turns


def _turns_of_block(state: State, asked: Asked, p: Parameters) -> NDArray[np.int64]:
    count = len(asked.as_of)
    widens = widens_on(MANY, state, asked.of_both_sides().gap, p)
    stacked = np.stack(state)

    def faces(rows: Any, days: Any) -> Any:
        """Faces of the rows (one each) on their days (several each)."""
        repeated = np.repeat(rows, days.shape[1])
        sides = np.concatenate((repeated, repeated + count))
        on = Asked(days.ravel(), asked.band[repeated], asked.gap[repeated])
        return face_of(_judge(tuple(stacked[:, sides]), on.of_both_sides(), widens[sides], p), on.as_of).reshape(days.shape)

    if count <= FEW_CARDS:
        every = faces(np.arange(count), asked.as_of[:, None] + np.arange(TURN_HORIZON_DAYS + 1))
        return (asked.as_of + _turning(every[:, ::TURN_STRIDE_DAYS], lambda rows, since: every[rows[:, None], since])).astype(np.int64)
    coarse = faces(np.arange(count), asked.as_of[:, None] + np.arange(0, TURN_HORIZON_DAYS + 1, TURN_STRIDE_DAYS))
    return (asked.as_of + _turning(coarse, lambda rows, since: faces(rows, asked.as_of[rows, None] + since))).astype(np.int64)


def _turning(coarse: NDArray[np.int64], fine_of: Callable[[Any, Any], NDArray[np.int64]]) -> NDArray[np.int64]:
    """Days until each card turns, from its face at every stride and a way to see rows on each day within one of their strides."""
    differs = coarse[:, 1:] != coarse[:, :1]
    turning = np.flatnonzero(differs.any(axis=1))
    result = np.full(len(coarse), TURN_HORIZON_DAYS)
    if len(turning):
        days = TURN_STRIDE_DAYS * differs[turning].argmax(axis=1)[:, None] + np.arange(1, TURN_STRIDE_DAYS + 1)
        first = (fine_of(turning, days) != coarse[turning, :1]).argmax(axis=1)
        result[turning] = days[np.arange(len(turning)), first]
    return result
