"""The Celery app. Rows are the queue: beat only ticks, a tick says "look now", and the worker finds its work in the database."""

import os

from celery import Celery, bootsteps
from celery.signals import worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "valueledger.settings")

app = Celery("valueledger")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["exchanges"])


class ThreadedBeat(bootsteps.StartStopStep):
    """Beat as a thread of the only worker. Embedded mode only: the memory transport does not leave its process."""

    requires = {"celery.worker.components:Pool"}

    def create(self, worker):
        from celery.beat import EmbeddedService

        self.beat = EmbeddedService(worker.app, thread=True)
        return self.beat


if os.environ.get("REDIS_URL", "").strip() == "":
    app.steps["worker"].add(ThreadedBeat)


@worker_ready.connect
def note_that_the_worker_is_ready(**_):
    """The start command waits for this row; nobody has to publish anything to find out."""
    from django.utils import timezone

    from valueledger.common.health import beat_of

    beat_of("worker", now=timezone.now())
