"""One row of a sweep at a time: what breaks with one does not end the sweep for all others, in every workspace."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

log = logging.getLogger("exchanges.sweeps")


@contextmanager
def on_its_own(what: str, *, workspace_id: int) -> Iterator[None]:
    """If it breaks, nothing of it is kept, `what` is logged, and whatever comes after goes on. The next sweep tries again."""
    try:
        with transaction.atomic():
            yield
    except Exception:
        log.exception(what, extra={"workspace_id": workspace_id})
