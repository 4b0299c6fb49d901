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


def test_nobody_publishes_a_task_or_asks_for_a_result() -> None:
    """Rows are the queue: beat alone publishes."""
    forbidden = {"delay", "apply_async", "send_task", "delay_on_commit", "s", "si", "chord"}
    found = []
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in forbidden:
                found.append(f"{path.name}:{node.lineno}")
            if isinstance(node, ast.keyword) and node.arg in {"eta", "countdown"}:
                found.append(f"{path.name}:{node.lineno}")
    assert found == []


def test_tasks_take_unknown_keywords() -> None:
    """A worker of an older version meets a tick of a newer one."""
    wiring.app.loader.import_default_modules()
    for name, task in wiring.app.tasks.items():
        if name.startswith("exchanges."):
            assert task.run.__code__.co_flags & 0x08, name
