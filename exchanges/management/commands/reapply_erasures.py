"""reapply_erasures [--from FILE] [--write FILE]: after a restore, erase again whoever the backup brought back."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from exchanges.management.commands.erase_person import tell
from exchanges.services.erasing import reapply
from relationships.services.erasures import take_in, written
from valueledger.common.errors import ValueLedgerError

OWNERS_ALONE = 0o600


class Command(BaseCommand):
    help = "Erases again whoever a restored backup brought back, by the erasure list. Doing it twice does it once."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--from", dest="source", type=Path, help="a list written earlier: what the backup does not know yet is added first")
        parser.add_argument("--write", type=Path, help="write the list to this file, to be kept apart from the backups, and erase nobody")

    def handle(self, *, source: Path | None, write: Path | None, **_: Any) -> None:
        try:
            if write is not None:
                lines = list(written())
                with open(os.open(write, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, OWNERS_ALONE), "w", encoding="utf-8") as file:
                    file.writelines(f"{line}\n" for line in lines)
                self.stdout.write(f"{len(lines)} entries written.")
                return
            if source is not None:
                self.stdout.write(f"{take_in(source.read_text(encoding='utf-8').splitlines())} entries added.")
            again = reapply(now=timezone.now())
        except OSError as error:
            raise CommandError(str(error)) from error
        except ValueLedgerError as error:
            raise CommandError(error.sentence) from error
        refused = [one for one in again if one.why_not]
        for one in again:
            if one.why_not:
                self.stdout.write(f"not erased {one.person_id}: {one.why_not}")
            else:
                tell(self, one, "gone again")
        self.stdout.write(f"{len(again)} people were there again.")
        if refused:
            raise CommandError(f"{len(refused)} of them could not be erased. Do what is said there, then run this again.")
