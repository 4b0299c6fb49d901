"""W2: one new report, with its text, the balance, the read model and the audit row, against one committed insert of the same row."""

from __future__ import annotations

import statistics
import uuid
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from benchmarks import databases
from benchmarks.harness import AT_MOST, Line, Work, compare, judged, timed

BAR, SLOPE = 4.0, 0.05
NAME = "one new report with text, balance, read model and audit"
AT_ONCE = 25
LENGTHS = (200, 800, 3_200)
DAYS_BACK = 10
SENTENCE = "It saved us a week, and nobody had asked for it."


def run(quick: bool = False) -> list[Line]:
    argument = "quick" if quick else "full"
    return [
        line
        for engine in (databases.POSTGRESQL, databases.SQLITE)
        for line in databases.measured("writing", engine=engine, argument=argument, codes={"W2": NAME})
    ]


def steady() -> list[Line]:
    """The slopes alone."""
    return [
        line
        for engine in (databases.POSTGRESQL, databases.SQLITE)
        for line in databases.measured("writing", engine=engine, argument="slopes", codes={"W2s": NAME})
    ]


@dataclass
class World:
    """Relationships with a history of so many days each, and the people who speak in them."""

    workspace: Any
    relationships: list[Any]
    voices: list[Any]
    voice_of_ours: Any


def measure(how: str) -> list[Line]:
    from benchmarks import worlds
    from valueledger.common.tenancy import within

    workspace = worlds.workspace()
    with within(workspace.pk):
        lines = [] if how == "slopes" else [against_the_bare_row(world_of(workspace, 60, AT_ONCE), worlds)]
        lengths = LENGTHS if how == "full" else LENGTHS[:2]
        histories = [world_of(workspace, length, 4) for length in lengths]
        rounds = 9 if how == "full" else 5
        lines += [slope(histories, lengths, 0, rounds, worlds), slope(histories, lengths, DAYS_BACK, rounds, worlds)]
    return lines


def against_the_bare_row(world: World, worlds: Any) -> Line:
    turn = Turn(world, 0)
    turn.prepare()
    turn.report()
    bare = BareRow(turn.reports)
    name = f"{NAME}, {worlds.engine_name()}"
    beside = "a committed insert of the row and its text"
    ours, yardstick = Work(turn.report, AT_ONCE, turn.prepare), Work(bare.insert, AT_ONCE)
    return compare("W2", name, ours, beside, yardstick, AT_MOST, BAR, unit="us", scale=1e6, servers=worlds.server())


def slope(histories: list[World], lengths: tuple[int, ...], days_back: int, rounds: int, worlds: Any) -> Line:
    """How the cost grows with the length of the history, log on log: for the newest day, or for one some ticks back."""
    import numpy as np

    works = [Work(turn.report, len(turn.world.relationships), turn.prepare) for turn in (Turn(world, days_back) for world in histories)]
    for work in works:  # the first one after a bulk import lays the checkpoints
        timed(work), timed(work)
    slopes = []
    for _ in range(rounds):
        costs = [timed(work, worlds.server()) for work in works]
        slopes.append(float(np.polyfit(np.log(lengths), np.log(costs), 1)[0]))
    found = statistics.median(slopes)
    when = f"{days_back} days back" if days_back else "of the last day"
    name = f"slope of a report {when} in {lengths[0]} to {lengths[-1]} days of history, {worlds.engine_name()}"
    return Line("W2s", name, found, "", "itself", None, found, AT_MOST, SLOPE, judged(found, AT_MOST, SLOPE))


class Turn:
    """New events without a report, one in each relationship, and then a report on each."""

    def __init__(self, world: World, days_back: int) -> None:
        self.world, self.days_back = world, days_back
        self.reports: list[Any] = []

    def prepare(self) -> None:
        from benchmarks import worlds
        from exchanges.models import Giver
        from exchanges.services.events import log_event

        on = worlds.NOW.date() - timedelta(days=self.days_back)
        self.events = [
            log_event(relationship=one, voice=self.world.voice_of_ours, giver=Giver.OWN, occurred_on=on, what="A thing", now=worlds.NOW)
            for one in self.world.relationships
        ]

    def report(self) -> None:
        from benchmarks import worlds
        from exchanges.services.reports import Account, report_got
        from relationships.models import SideRole

        account = Account(word=3, sentence=SENTENCE)
        self.reports = [
            report_got(event=event, side=SideRole.COUNTERPART, voice=voice, account=account, now=worlds.NOW)
            for event, voice in zip(self.events, self.world.voices, strict=True)
        ]


class BareRow:
    """The same rows under other numbers of their chains: two inserts and a commit each."""

    def __init__(self, reports: list[Any]) -> None:
        from django.db import connection

        from exchanges.models import Report, ReportText

        self._connection = connection
        fields = [field for field in Report._meta.concrete_fields if field.name != "id"]
        self._names = [field.attname for field in fields]
        columns, places = ", ".join(f'"{field.column}"' for field in fields), ", ".join(["%s"] * len(fields))
        self._sql = f'INSERT INTO "{Report._meta.db_table}" ({columns}) VALUES ({places}) RETURNING id'
        self._text = f'INSERT INTO "{ReportText._meta.db_table}" ("report_id", "workspace_id", "sentence") VALUES (%s, %s, %s)'
        self._rows = [{field.attname: field.get_db_prep_save(getattr(report, field.attname), connection) for field in fields} for report in reports]
        self._seq = 1_000

    def insert(self) -> None:
        from django.db import transaction

        self._seq += 1
        for row in self._rows:
            public_id = uuid.uuid4()
            fresh = row | {"seq": self._seq, "public_id": public_id if self._connection.vendor == "postgresql" else public_id.hex}
            with transaction.atomic(), self._connection.cursor() as cursor:
                cursor.execute(self._sql, [fresh[name] for name in self._names])
                (pk,) = cursor.fetchone()
                cursor.execute(self._text, [pk, row["workspace_id"], SENTENCE])


def world_of(workspace: Any, length: int, count: int) -> World:
    """Relationships with an answer of each side on each of `length` days, the last one yesterday."""
    from benchmarks import worlds
    from exchanges.access import Voice
    from exchanges.services.imports.batches import import_file
    from exchanges.services.imports.running import Options
    from exchanges.services.relationships import open_relationship
    from relationships.models import Participant, SideRole
    from relationships.services.parties import add_party, add_person

    relationships, voices, lines = [], [], ["relationship,side,value,on"]
    for number in range(count):
        person = add_person(workspace=workspace, name=f"Person {number}")
        row = open_relationship(
            workspace=workspace, own_party=add_party(workspace=workspace, name="Own"), counterpart_party=add_party(workspace=workspace, name=f"Side {number}"),
            kind="CLIENT", steward=None, now=worlds.NOW, counterpart_people=[person], started_on=date(1990, 1, 1),
        )  # fmt: skip
        relationships.append(row)
        participant = Participant.objects.select_related("side", "person").get(side__relationship=row, side__role=SideRole.COUNTERPART)
        voices.append(Voice(participant=participant))
        for day in range(1, length + 1):
            on = worlds.NOW.date() - timedelta(days=day)
            lines += [f"{row.public_id},{side},{(day + number) % 7 - 3},{on}" for side in ("own", "counterpart")]
    content = worlds.io.BytesIO(("\n".join(lines) + "\n").encode())
    batch = import_file(content, workspace=workspace, table="CHECKS", file_name=f"history-{length}.csv", options=Options(map=""), now=worlds.NOW)
    assert batch.rows_added == 2 * length * count, batch.rows_refused
    return World(workspace, relationships, voices, Voice())
