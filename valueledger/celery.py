"""The Celery app. Rows are the queue: beat only ticks, a tick says "look now", and the worker finds its work in the database."""

import logging
import os
import threading
import time
from typing import Any

from celery import Celery, bootsteps
from celery.signals import task_postrun, task_prerun, worker_ready
from kombu.transport import TRANSPORT_ALIASES, memory

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "valueledger.settings")

app = Celery("valueledger")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["exchanges"])

log = logging.getLogger("valueledger.worker")


class PromptMemory(memory.Transport):
    """The memory broker, looking up often: the plain one sits for four seconds before it notices that the worker is asked to stop."""

    look_up_seconds = 0.2

    def drain_events(self, connection: Any, timeout: float | None = None) -> None:  # type: ignore[override]
        super().drain_events(connection, timeout=self.look_up_seconds)


TRANSPORT_ALIASES["memory"] = "valueledger.celery:PromptMemory"


class ThreadedBeat(bootsteps.StartStopStep):
    """Beat as a thread of the only worker. Embedded mode only: the memory transport does not leave its process."""

    requires = ("celery.worker.components:Pool",)

    def create(self, worker: Any) -> Any:
        from celery.beat import EmbeddedService

        # Named here: a thread of the worker does not read beat_scheduler, and would keep its times in a file.
        beat: Any = EmbeddedService(worker.app, thread=True, scheduler_cls=worker.app.conf.beat_scheduler)
        beat.service.max_interval = worker.app.conf.beat_max_loop_interval  # it sleeps in one piece, and stopping waits for that
        return beat


class Watchdog(bootsteps.StartStopStep):
    """Ends a worker that no tick has reached for a while, so that its supervisor starts a fresh one.

    A consumer can lose its broker connection without noticing; a process that looks alive and does nothing is worse than none.
    """

    requires = ("celery.worker.components:Pool",)

    def __init__(self, worker: Any, **options: Any) -> None:
        self.stopped = threading.Event()
        self.running = 0
        self.heard_at = time.monotonic()
        super().__init__(worker, **options)

    def create(self, worker: Any) -> Any:
        task_prerun.connect(self.begun, weak=False)
        task_postrun.connect(self.ended, weak=False)
        return self

    def start(self, worker: Any) -> None:
        if app.conf.valueledger_watchdog_seconds:
            threading.Thread(target=self.watch, daemon=True, name="watchdog").start()

    def stop(self, worker: Any = None) -> None:
        self.stopped.set()

    def begun(self, **_: Any) -> None:
        self.running, self.heard_at = self.running + 1, time.monotonic()

    def ended(self, **_: Any) -> None:
        self.running, self.heard_at = self.running - 1, time.monotonic()

    def is_stuck(self) -> bool:
        return self.running <= 0 and time.monotonic() - self.heard_at > app.conf.valueledger_watchdog_seconds

    def watch(self) -> None:
        while not self.stopped.wait(1):
            if self.is_stuck():
                log.critical("no tick for %s s: this worker ends itself", app.conf.valueledger_watchdog_seconds)
                os._exit(1)


if not os.environ.get("REDIS_URL", "").strip():
    app.steps["worker"].add(ThreadedBeat)
app.steps["worker"].add(Watchdog)


@worker_ready.connect
def note_that_the_worker_is_ready(**_: Any) -> None:
    """The start command waits for this row; nobody has to publish anything to find out."""
    from django.utils import timezone

    from valueledger.common.health import beat_of

    beat_of("worker", now=timezone.now())
