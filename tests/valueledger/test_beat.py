"""Beat ticks at once and then in its intervals, whatever somebody does to the wall clock meanwhile."""

import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from celery.beat import Scheduler
from django.conf import settings

from valueledger.beat import SteadyScheduler
from valueledger.celery import app

HOUR = timedelta(hours=1)
NOON = datetime(2027, 3, 27, 12, tzinfo=UTC)
INTERVALS = {"quick": 0.1, "slow": 0.4}


def ticking(base: type[Scheduler]) -> Any:
    """A scheduler of ours that counts its ticks and publishes nothing."""

    class Counting(base):
        counted: Counter[str] = Counter()

        def apply_entry(self, entry: Any, producer: Any = None) -> None:
            self.counted[entry.name] += 1

        producer = None

        def setup_schedule(self) -> None:
            self.merge_inplace({name: {"task": "t", "schedule": seconds} for name, seconds in INTERVALS.items()})

    scheduler = Counting(app=app, max_interval=0.05)
    scheduler.counted = Counter()
    return scheduler


def run(scheduler: Any, seconds: float, moving: Any = None, leap: timedelta | None = None) -> Counter[str]:
    """Tick for so long; halfway the wall clock leaps. Returns what ticked in the second half."""
    begun, leapt = time.monotonic(), False
    first: Counter[str] = Counter()
    while (passed := time.monotonic() - begun) < seconds:
        if moving is not None and leap is not None and not leapt and passed > seconds / 2:
            moving.shift(leap)
            first, leapt = Counter(scheduler.counted), True
        time.sleep(max(0.0, min(scheduler.tick(), 0.02)))
    return scheduler.counted - first


def test_it_is_the_one_that_beat_uses() -> None:
    assert f"{SteadyScheduler.__module__}.{SteadyScheduler.__name__}".replace(".S", ":S") == settings.CELERY_BEAT_SCHEDULER
    scheduler = SteadyScheduler(app=app)
    assert set(scheduler.schedule) == set(settings.CELERY_BEAT_SCHEDULE)


def test_everything_ticks_at_once_and_then_in_its_interval() -> None:
    scheduler = ticking(SteadyScheduler)
    assert run(scheduler, 0.05) == {"quick": 1, "slow": 1}
    run(scheduler, 0.95)
    assert 6 <= scheduler.counted["quick"] <= 11
    assert 2 <= scheduler.counted["slow"] <= 3


@pytest.mark.parametrize("leap", [-5 * HOUR, 5 * HOUR, -840 * HOUR, 840 * HOUR])
def test_a_leap_of_the_clock_neither_stops_nor_hurries_it(leap: timedelta) -> None:
    with time_machine.travel(NOON, tick=True) as moving:
        after = run(ticking(SteadyScheduler), 2, moving, leap)
    assert 5 <= after["quick"] <= 11
    assert 1 <= after["slow"] <= 3


def test_the_plain_one_would_stop_when_the_clock_goes_back() -> None:
    """Negative control."""
    with time_machine.travel(NOON, tick=True) as moving:
        after = run(ticking(Scheduler), 2, moving, -5 * HOUR)
    assert after["quick"] + after["slow"] <= 1
