"""The worker's own parts: it says that it is ready, stops at once on the memory broker, and ends itself when nothing reaches it."""

import ast
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings

from valueledger import celery as wiring
from valueledger.common.models import Heartbeat

ROOT = Path(settings.BASE_DIR)


@pytest.fixture
def watchdog() -> wiring.Watchdog:
    return wiring.Watchdog(SimpleNamespace())


@pytest.mark.django_db
def test_a_worker_that_is_ready_writes_its_row() -> None:
    wiring.note_that_the_worker_is_ready()
    assert Heartbeat.objects.filter(name="worker").exists()


def test_a_worker_that_hears_ticks_is_not_stuck(watchdog: wiring.Watchdog) -> None:
    watchdog.begun()
    watchdog.ended()
    assert not watchdog.is_stuck()


def test_a_worker_without_ticks_is_stuck(watchdog: wiring.Watchdog) -> None:
    watchdog.heard_at = time.monotonic() - settings.CELERY_VALUELEDGER_WATCHDOG_SECONDS - 1
    assert watchdog.is_stuck()


def test_a_long_task_is_work_and_not_silence(watchdog: wiring.Watchdog) -> None:
    watchdog.begun()
    watchdog.heard_at = time.monotonic() - settings.CELERY_VALUELEDGER_WATCHDOG_SECONDS - 1
    assert not watchdog.is_stuck()


def test_the_memory_broker_looks_up_often() -> None:
    with wiring.Celery(broker="memory://").connection() as connection:
        consumer = connection.Consumer(queues=[])
        consumer.consume()
        begun = time.monotonic()
        with pytest.raises((OSError, TimeoutError)):
            connection.drain_events(timeout=5)
    assert time.monotonic() - begun < 1


def test_every_tick_has_a_task() -> None:
    wiring.app.loader.import_default_modules()
    wanted = {tick["task"] for tick in settings.CELERY_BEAT_SCHEDULE.values()}
    assert wanted <= set(wiring.app.tasks)


def sources() -> list[Path]:
    return [path for folder in ["valueledger", "relationships", "exchanges"] for path in (ROOT / folder).rglob("*.py")]


def publishes(source: str) -> list[int]:
    """Lines that send a task, ask for its result or set it an hour."""
    forbidden = {"delay", "apply_async", "send_task", "delay_on_commit", "s", "si", "chord"}
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in forbidden)
        or (isinstance(node, ast.keyword) and node.arg in {"eta", "countdown"})
    ]


def test_nobody_publishes_a_task_or_asks_for_a_result() -> None:
    """Rows are the queue: beat alone publishes."""
    assert {path.name: lines for path in sources() if (lines := publishes(path.read_text()))} == {}


@pytest.mark.parametrize(
    "source", ["nightly.delay()", "tasks.nightly.apply_async(kwargs={})", "app.send_task('x')", "run(countdown=3)", "run(eta=at)"]
)
def test_whoever_did_would_be_found(source: str) -> None:
    """Negative control."""
    assert publishes(source) == [1]


def test_every_task_ends_before_the_broker_would_give_it_to_somebody_else() -> None:
    wiring.app.loader.import_default_modules()
    ours = [task for name, task in wiring.app.tasks.items() if name.startswith("exchanges.")]
    assert ours
    visible = 600  # what Redis is told, see tests/valueledger/test_settings.py
    for task in ours:
        assert task.acks_late
        assert task.reject_on_worker_lost
        assert task.ignore_result
        limit = task.time_limit or wiring.app.conf.task_time_limit
        assert 0 < (task.soft_time_limit or wiring.app.conf.task_soft_time_limit) < limit < visible


def test_tasks_take_unknown_keywords() -> None:
    """A worker of an older version meets a tick of a newer one."""
    wiring.app.loader.import_default_modules()
    for name, task in wiring.app.tasks.items():
        if name.startswith("exchanges."):
            assert task.run.__code__.co_flags & 0x08, name
