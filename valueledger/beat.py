"""Beat's intervals by a clock that nobody sets: ticks go on when the wall clock leaps, forward or back."""

import heapq
import time
from typing import Any

from celery.beat import Scheduler, event_t

PRIORITY = 5


class SteadyScheduler(Scheduler):
    """The plain one reckons with the wall clock: after that went back an hour, it would not tick for an hour.

    Every interval begins with a tick: what was due while nothing ran does not wait for one to pass. It keeps no file.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        self.ticked: dict[str, float] = {}
        super().__init__(*arguments, **named)

    def is_due(self, entry: Any) -> tuple[bool, float]:
        every, last = entry.schedule.run_every.total_seconds(), self.ticked.get(entry.name)
        rest = 0.0 if last is None else last + every - time.monotonic()
        return (True, every) if rest <= 0 else (False, rest)

    def reserve(self, entry: Any) -> Any:
        self.ticked[entry.name] = time.monotonic()
        return super().reserve(entry)

    def populate_heap(self, *_: Any, **__: Any) -> None:
        self._heap = [event_t(time.monotonic(), PRIORITY, entry) for entry in self.schedule.values()]
        heapq.heapify(self._heap)

    def install_default_entries(self, data: Any) -> None:
        """None: there are no results to clean up."""

    def _when(self, entry: Any, next_time_to_run: Any, mktime: Any = None) -> float:
        return time.monotonic() + (self.adjust(next_time_to_run) or 0)
