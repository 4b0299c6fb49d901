"""
Y1 and Y2, a simulated year: who asks better at equal effort, doubt or the calendar?

True feelings move as the model says (an Ornstein-Uhlenbeck usual level and deviation on each side), events are logged, people answer,
snooze or stay silent. One half of the first year only fills the ledgers; then every week of a year each rhythm says what it would say.
Ours asks by doubt, waits longer for whoever stays silent, and puts a question off after any answer. The fixed rhythms ask everybody
every so many days. Each is read by the same model, so that only the asking differs, and each of ours stands beside a calendar that asks
at least as much. No setting of ours comes near to a question a month: the guard for those who do not answer does not let it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness import AT_LEAST, AT_MOST, Line, counted
from exchanges.balance import (
    DEFAULTS,
    MICRO,
    EvidenceColumns,
    Kind,
    Outlook,
    States,
    Verdict,
    bits_of_answer,
    chance_of_answer,
    fold,
    outlook,
    sides,
    worth_of_asking,
)  # fmt: skip
from exchanges.balance.arithmetic import MANY

RELATIONSHIPS = 2_000
FIRST_DAY, WARM, YEAR = 20_000, 180, 365
WINDOW = 14
INTERVAL = 1.2816
# Ours as a workspace sets it (worth in bits, longest gap in days), beside the calendar that asks at least as much.
PAIRS = (("when it is due", 0.0, 180, 60), ("when it tells enough", 0.70, 180, 90), ("when it tells a lot", 0.95, 365, 180))
CALENDARS = (30, 60, 90, 180)
COVERED_MIN = 0.75
SEED = 20_260_611
SILENT, WILD, SNOOZES = 0.10, 0.05, 0.10
Floats = NDArray[np.float64]
Days = NDArray[np.int64]


@dataclass(frozen=True)
class World:
    """Truth and people, the same for every rhythm: arrays of (days, sides), and a draw for each side and day."""

    felt: Floats
    bias: Floats
    willing: Floats  # how often this side answers what it is asked
    delay: Days  # the days after which it would answer a question of that day
    snoozes: NDArray[np.bool_]
    chance: Floats
    said: Floats  # the answer it would give on that day, in points
    events: list[EvidenceColumns]


@dataclass(frozen=True)
class Told:
    """What one rhythm came to in the year: shares, and questions to a person in a month."""

    name: str
    questions: float
    answered: float
    named: float
    right: float
    stated: float
    covered: float
    error: float

    def __str__(self) -> str:
        return (
            f"{self.name}: {self.questions:.3f} questions a person and month, {self.answered:.0%} answered; named {self.named:.1%}, "
            f"of these right {self.right:.1%} where {self.stated:.1%} was stated; error {self.error:.3f} points"
        )


def run(quick: bool = False) -> list[Line]:
    """Named by ours against the calendar that asks at least as much, and for every rhythm what came of it."""
    of = world(300 if quick else RELATIONSHIPS)
    pairs = PAIRS[1:2] if quick else PAIRS
    calendars = {every: told(Calendar(every), of) for every in ([90] if quick else CALENDARS)}
    ours = {name: told(Doubt(least, gap), of) for name, least, gap, _ in pairs}
    lines = []
    for name, _, _, every in pairs:
        mine, beside = ours[name], calendars[every]
        lines.append(
            counted("Y1", f"named verdicts, asking {name}, against every {every} days", mine.named / beside.named, "", AT_LEAST, 1.0, "relative")
        )
        lines.append(counted("Y1", f"questions for that, asking {name}", mine.questions / beside.questions, "", AT_MOST, 1.0, "relative"))
    for one in [*calendars.values(), *ours.values()]:
        lines.append(counted("Y2", f"truth inside the 80 % range, {one}", one.covered, "", AT_LEAST, COVERED_MIN, "simulated"))
    return lines


def world(count: int = RELATIONSHIPS, days: int = WARM + YEAR, seed: int = SEED) -> World:
    draw = np.random.default_rng(seed)
    people = 2 * count
    usual, deviation, bias = (_wander(draw, days, people, variance, length) for variance, length in (
        (DEFAULTS.variance_usual, DEFAULTS.days_slow), (DEFAULTS.variance_deviation, DEFAULTS.days_deviation), (DEFAULTS.variance_bias, DEFAULTS.days_slow)
    ))  # fmt: skip
    felt = usual + deviation
    willing = np.where(draw.random(people) < SILENT, 0.0, draw.beta(4, 2, people))
    heard = felt + draw.normal(0, np.sqrt(DEFAULTS.check_variance), (days, people))
    said = np.clip(np.rint(heard / DEFAULTS.kappa), -3, 3)
    said = np.where(draw.random((days, people)) < WILD, draw.integers(-3, 4, (days, people)), said)
    rate = draw.gamma(2.0, 0.5 / 30, people)  # entries a day, about one a month
    return World(
        felt, bias, willing, draw.geometric(0.3, (days, people)), draw.random((days, people)) < SNOOZES, draw.random((days, people)), said,
        [_events(draw, FIRST_DAY + day, rate, felt[day] + bias[day]) for day in range(days)],
    )  # fmt: skip


def _wander(draw: np.random.Generator, days: int, people: int, variance: float, length: float) -> Floats:
    kept = np.exp(-1 / length)
    steps = draw.normal(0, np.sqrt(variance * (1 - kept**2)), (days, people))
    path = np.empty((days, people))
    path[0] = draw.normal(0, np.sqrt(variance), people)
    for day in range(1, days):
        path[day] = kept * path[day - 1] + steps[day]
    return path


def _events(draw: np.random.Generator, day: int, rate: Floats, ledger: Floats) -> EvidenceColumns:
    who = np.flatnonzero(draw.random(len(rate)) < 2 * rate)
    got = draw.random(len(who)) < 1 / (1 + np.exp(-ledger[who]))
    sizes = np.exp(draw.normal(0, 0.7, len(who)))
    value = np.rint(2 * sizes * MICRO).astype(np.int64)
    return EvidenceColumns.of(who, np.full(len(who), day), np.where(got, Kind.GOT, Kind.GAVE), value, np.zeros(len(who)))


@dataclass
class People:
    """What stands with each side: an open question, how many it got and answered, and how many in a row passed in silence."""

    asked_on: Days
    is_open: NDArray[np.bool_]
    answers_on: Days
    missed: Days
    asked: Days
    answered: Days

    @classmethod
    def of(cls, count: int) -> People:
        none = np.zeros(count, np.int64)
        return cls(none - 10**6, np.zeros(count, bool), none - 1, none.copy(), none.copy(), none.copy())


@dataclass(frozen=True)
class Calendar:
    """Asks both sides every so many days, come what may: spread evenly over the days."""

    every: int

    @property
    def name(self) -> str:
        return f"every {self.every} days"

    def asks(self, day: int, states: States, people: People) -> NDArray[np.bool_]:
        due = (day + np.arange(len(people.missed) // 2) % self.every) % self.every == 0
        return np.repeat(due, 2)


@dataclass(frozen=True)
class Doubt:
    """
    Ours: a side is due by the model; one round asks both sides, but whoever stayed silent waits, twice as long each time.

    `least` is how much a question has to be worth, in bits; the longest gap passes it by. These two are what a workspace sets.
    """

    least: float
    gap_max: int

    @property
    def name(self) -> str:
        return f"by doubt, from {self.least:.2f} bits or after {self.gap_max} days"

    def asks(self, day: int, states: States, people: People) -> NDArray[np.bool_]:
        now = FIRST_DAY + day
        own, counterpart = sides(states)
        seen = outlook(own, counterpart, now, gap_max_days=self.gap_max)
        variance, due_on = (_paired(seen, name) for name in ("variance", "due_day"))
        chance = chance_of_answer(people.asked, people.answered)
        heard = variance <= DEFAULTS.heard_share * DEFAULTS.variance_felt
        clear = np.maximum.reduce([_paired(seen, name) for name in ("short", "fair", "over")]) >= DEFAULTS.clear_from
        worth = worth_of_asking(bits_of_answer(MANY, variance), chance, _other(chance), _other(heard), ~clear)
        wait = np.where(people.missed > 0, np.minimum(WINDOW * 2.0**people.missed, DEFAULTS.gap_max_days), 0)
        ready = (now >= people.asked_on + np.maximum(wait, WINDOW)) & ~people.is_open
        late = (now >= people.asked_on + self.gap_max) | (_paired(seen, "surprised") > 0)
        due = (due_on <= now) & ready & ((worth >= self.least) | late)
        opens = np.repeat((due | _other(due))[0::2] & ~(people.is_open | _other(people.is_open))[0::2], 2)
        return opens & ready


def _paired(seen: Outlook, name: str) -> Floats:
    """One number of both sides, in the order of the series."""
    return np.stack([getattr(seen.own, name), getattr(seen.counterpart, name)], axis=1).ravel()


def _other(of_sides: NDArray[Any]) -> NDArray[Any]:
    """The same, each side's place taken by its other side."""
    return of_sides.reshape(-1, 2)[:, ::-1].ravel()


def told(rhythm: Calendar | Doubt, of: World) -> Told:
    """Let a rhythm ask through the year and read, every week, what could be said."""
    days, count = of.felt.shape
    states, people = States.prior(count), People.of(count)
    asked = answered = 0
    weeks: list[tuple[float, ...]] = []
    for day in range(days):
        now = FIRST_DAY + day
        comes = people.is_open & (people.answers_on == now)
        lapses = people.is_open & (people.asked_on + WINDOW <= now) & ~comes
        people.is_open &= ~(comes | lapses)
        people.missed = np.where(comes, 0, people.missed + lapses)
        people.answered += comes
        who = np.flatnonzero(comes)
        value = (of.said[day, who] * MICRO).astype(np.int64)
        checks = EvidenceColumns.of(who, np.full(len(who), now), np.full(len(who), Kind.CHECK), value, np.zeros(len(who)))
        evidence = _joined(of.events[day], checks)
        if len(evidence):
            states = fold(evidence, count, initial=states).after
        ask = rhythm.asks(day, states, people) & ~people.is_open
        if day >= WARM:
            asked, answered = asked + int(ask.sum()), answered + len(who)
            if (day - WARM) % 7 == 0:
                weeks.append(_week(states, of.felt[day], now))
        delay = of.delay[day] + np.where(of.snoozes[day], 7, 0)
        will = (of.chance[day] < of.willing) & (delay < WINDOW)
        people.asked_on = np.where(ask, now, people.asked_on)
        people.answers_on = np.where(ask, np.where(will, now + delay, -1), people.answers_on)
        people.is_open |= ask
        people.asked += ask
    named, right, stated, covered, squares = np.mean(weeks, axis=0)
    months = YEAR / (365.25 / 12)
    return Told(rhythm.name, asked / count / months, answered / asked, named, right / named, stated / named, covered, float(np.sqrt(squares)))


def _joined(one: EvidenceColumns, other: EvidenceColumns) -> EvidenceColumns:
    pairs = ((getattr(one, name), getattr(other, name)) for name in ("series", "day", "kind", "value", "relayed"))
    return EvidenceColumns.of(*(np.concatenate(pair) for pair in pairs))


def _week(states: States, truth: Floats, now: int) -> tuple[float, ...]:
    """Named, rightly named, its stated chance (all as shares of relationships), coverage of the 80 % range and squared error in points."""
    own, counterpart = sides(states)
    seen = outlook(own, counterpart, now)
    band = DEFAULTS.band_points * DEFAULTS.kappa
    feels = np.where(truth < -band, 0, np.where(truth > band, 2, 1))
    cell = 3 * feels[0::2] + feels[1::2]
    named = seen.verdict != Verdict.UNCONFIRMED
    felt = np.stack([seen.own.felt, seen.counterpart.felt], axis=1).ravel()
    sd = np.stack([seen.own.sd, seen.counterpart.sd], axis=1).ravel()
    covered = np.abs(truth - felt) <= INTERVAL * sd
    squares = ((truth - felt) / DEFAULTS.kappa) ** 2
    right = named & (seen.verdict == cell)
    return named.mean(), right.mean(), (named * seen.probability).mean(), covered.mean(), squares.mean()
