"""Reads evidence as JSON lines, writes one balance per relationship as a JSON line. Needs no database."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from exchanges.selectors.replay import BadLine, day_of, read, replay


class Command(BaseCommand):
    help = (
        "Replay evidence from JSON lines (one object a line: relationship, side, on, kind, value, relayed) and write one balance "
        "per relationship. Evidence after the day is left out. Nothing is written when a line is wrong."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="A file of JSON lines, or - for standard input.")
        parser.add_argument("--as-of", metavar="DATE", help="The day of the balance, such as 2026-01-31; the last day in the file when left out.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            as_of = day_of(options["as_of"]) if options["as_of"] is not None else None
        except ValueError as error:
            raise CommandError(f"--as-of {error}") from error
        try:
            content = sys.stdin.buffer.read() if options["file"] == "-" else Path(options["file"]).read_bytes()
        except OSError as error:
            raise CommandError(f"{options['file']}: {error.strerror}.") from error
        try:
            balances = replay(read(content.split(b"\n")), as_of)
        except BadLine as error:
            raise CommandError(str(error)) from error
        for balance in balances:
            self.stdout.write(json.dumps(balance, allow_nan=False))
