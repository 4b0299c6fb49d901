"""benchmark [GROUP ...] [--quick] [--check] [--json FILE] [--real FILE]: the bars of docs/performance.md, each beside its yardstick in the same run."""

from __future__ import annotations

import argparse
import functools
import importlib
import json
import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

# Which modules of benchmarks/ measure a group. An empty one has no bars yet, and says so.
GROUPS: dict[str, tuple[str, ...]] = {
    "engine": ("engine",),
    "import": ("imports", "writing"),
    "read": ("reading",),
    "api": (),
    "pages": (),
    "dashboard": (),
    "jobs": (),
    "prompts": ("prompting",),
    "asking": ("year",),
}


PERFORMANCE = Path(settings.BASE_DIR) / "docs" / "performance.md"


def page_of(harness: Any, lines: list[Any]) -> str:
    """The page that a full run of everything leaves behind."""
    about = ", ".join(f"{key} {value}" for key, value in harness.machine().items())
    met = sum(line.state == harness.OK for line in lines)
    rows = [f"| {line.code} | {line.name} | {_number(line.value)} {line.unit} | {line.yardstick} | {_number(line.yardstick_value)} "
            f"| {_number(line.ratio)} | {line.sense} {line.bar:g} | {line.state} |" for line in lines]  # fmt: skip
    head = ["| bar | what | measured | yardstick | its value | ratio | bar at | |", "|---|---|---|---|---|---|---|---|"]
    intro = [
        "# Performance",
        "",
        "Written by `python3 manage.py benchmark all`. Only the ratios count: ours and its yardstick took turns in one run, in CPU time of our process and",
        "of the database. A line is `noisy` when the yardstick itself was unsteady, and then neither meets nor misses its bar.",
        "",
        f"{met} of {len(lines)} bars met. Machine: {about}.",
        "",
    ]
    return "\n".join([*intro, *head, *rows]) + "\n"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


AGAIN = 2  # what else runs on a machine only ever makes a short measurement look worse: a real loss is there each time


def better(first: list[Any], second: list[Any], low: str) -> list[Any]:
    """Of two measurements of the same lines, those that did not miss."""
    again = {line.name: line for line in second}
    return [again.get(line.name, line) if line.state == low else line for line in first]


class Command(BaseCommand):
    help = "Measures the bars on databases of its own, which it makes and drops. Only ratios count; the yardstick runs beside in the same rounds."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("groups", nargs="*", default="all", choices=[*GROUPS, "all"], metavar="group", help=", ".join([*GROUPS, "all"]))
        parser.add_argument(
            "--quick", action="store_true", help="smaller numbers and fewer rounds; with --check only counts and slopes, under a minute"
        )
        parser.add_argument(
            "--check",
            action="store_true",
            help="exit with 1 if a bar is missed; a noisy line never fails, and with --quick only counts and slopes do",
        )
        parser.add_argument("--json", type=Path, help="write the lines there too")
        parser.add_argument(
            "--real", type=Path, metavar="FILE", help="only bring the Bitcoin Alpha file in and count; exit with 1 unless every count is known"
        )

    def handle(self, *, groups: list[str] | str, quick: bool, check: bool, **given: Any) -> None:
        harness = importlib.import_module("benchmarks.harness")
        if given["real"] is not None:
            self.count_real(given["real"], harness)
            return
        os.environ[harness.QUICK] = "1" if quick else ""
        chosen = list(GROUPS) if "all" in groups else list(dict.fromkeys(groups))
        lines = []
        for group in chosen:
            if not GROUPS[group]:
                self.stdout.write(f"{group}: has no bars yet")
            for module in GROUPS[group]:
                of = importlib.import_module(f"benchmarks.{module}")
                measure = of.steady if quick and check and hasattr(of, "steady") else functools.partial(of.run, quick)
                measured = measure()
                for _ in range(AGAIN if quick and check else 0):
                    if not any(line.state == harness.LOW and line.is_steady for line in measured):
                        break
                    measured = better(measured, measure(), harness.LOW)
                lines += measured
                for line in measured:
                    self.stdout.write(str(line))
                    self.stdout.flush()
        self.stdout.write(harness.table(lines).rsplit("\n", 2)[-2])
        self.stdout.write(harness.table(lines).rsplit("\n", 1)[-1])
        if not quick and len(chosen) == len(GROUPS) and PERFORMANCE.parent.is_dir():
            PERFORMANCE.write_text(page_of(harness, lines))
            self.stdout.write(f"Written to {PERFORMANCE.relative_to(settings.BASE_DIR)}.")
        if given["json"]:
            told = {"machine": harness.machine(), "quick": quick, "lines": [line.as_dict() for line in lines]}
            given["json"].write_text(json.dumps(told, indent=2) + "\n")
        missed = [line for line in lines if line.state == harness.LOW and (line.is_steady or not quick)]
        if check and missed:
            raise CommandError("\n".join(["Missed:", *map(str, missed)]))

    def count_real(self, file: Path, harness: Any) -> None:
        if not file.is_file():
            raise CommandError(f"There is no file {file}.")
        lines = importlib.import_module("benchmarks.real").run(file)
        told = {line: f"{line.name}: {line.value:,.0f}; known of this file: {line.yardstick_value:,.0f}  [{line.state}]" if line.value is not None else str(line)
                for line in lines}  # fmt: skip
        for said in told.values():
            self.stdout.write(said)
        if wrong := [said for line, said in told.items() if line.state != harness.OK]:
            raise CommandError("\n".join(["Not as it should be:", *wrong]))
