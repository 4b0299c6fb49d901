"""What the worker's sweeps do, once, without Celery: ask what is due, post what is revealed, hand over the mail."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from exchanges.services import digests, prompts, rounds, sending


class Command(BaseCommand):
    help = "Ask what is due, post what is revealed or closed, and send the mail that is due. Prints what it did."

    def handle(self, **options: Any) -> None:
        now = timezone.now()
        for name, counts in (
            ("rounds", rounds.sweep_rounds(now=now)),
            ("prompts", prompts.sweep_prompts(now=now)),
            ("digests", {"written": digests.sweep_digests(now=now)}),
            ("mail", sending.send_due(now=timezone.now())),
        ):
            told = ", ".join(f"{what} {count}" for what, count in counts.items()) or "nothing"
            self.stdout.write(f"{name}: {told}")
