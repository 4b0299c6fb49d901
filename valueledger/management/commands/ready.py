"""The answer of /readyz for a shell or a container: one JSON line, exit code 1 unless all is well."""

import json
import sys
from typing import Any

from django.core.management import BaseCommand
from django.utils import timezone

from valueledger.common import health


class Command(BaseCommand):
    help = "Say whether the database, the migrations and the worker are well; exit 1 if not."
    requires_system_checks = []

    def handle(self, **options: Any) -> None:
        state = health.state_at(timezone.now())
        self.stdout.write(json.dumps(state))
        if not state["ready"]:
            sys.exit(1)
