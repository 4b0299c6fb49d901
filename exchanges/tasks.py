"""Celery: read the clock, make one call. A tick says "look now"; what is to be done stands in rows, so a tick that is lost costs nothing.

Every task may run twice, at once and in any order: the services below claim their rows or find them done.
"""

import logging
from typing import Any

from celery import shared_task
from django.utils import timezone

from exchanges.services import cards, digests, imports, intents, prompts, reflections, rounds, sending
from valueledger.common import health, housekeeping
from valueledger.common.tenancy import everywhere

log = logging.getLogger("exchanges.tasks")


def _told(name: str, counts: dict[str, int]) -> None:
    """A sweep that found nothing is not worth a line."""
    if any(counts.values()):
        log.info("swept", extra={"task": name, "counts": counts})


@shared_task(name="exchanges.tasks.heartbeat")
def heartbeat(**_: Any) -> None:
    health.beat_of("worker", now=timezone.now())


@shared_task(name="exchanges.tasks.sweep_prompts")
def sweep_prompts(**_: Any) -> None:
    _told("sweep_prompts", prompts.sweep_prompts(now=timezone.now()))


@shared_task(name="exchanges.tasks.sweep_rounds")
def sweep_rounds(**_: Any) -> None:
    _told("sweep_rounds", rounds.sweep_rounds(now=timezone.now()))


@shared_task(name="exchanges.tasks.sweep_outbox")
def sweep_outbox(**_: Any) -> None:
    _told("sweep_outbox", sending.send_due(now=timezone.now()))


@shared_task(name="exchanges.tasks.sweep_digests")
def sweep_digests(**_: Any) -> None:
    _told("sweep_digests", {"written": digests.sweep_digests(now=timezone.now())})


@shared_task(name="exchanges.tasks.sweep_imports")
def sweep_imports(**_: Any) -> None:
    imports.sweep(now=timezone.now())


@shared_task(name="exchanges.tasks.nightly")
def nightly(**_: Any) -> None:
    """Cards whose label or date turns with time alone, and texts that are kept only for a while."""
    now = timezone.now()
    with everywhere():
        counts = {
            "forgotten": intents.forget_stale(now=now),
            "aged": cards.age_cards(now=now),
            "purged": sending.purge_bodies(now=now),
            **housekeeping.sweep(now=now),
        }
    reflections.ask_reflections(now=now)
    _told("nightly", counts)
