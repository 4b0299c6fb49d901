"""P1: what a sweep reads to find who is due under 100,000 relationships, and the mails it hands over, each beside the barest way to do it."""

from __future__ import annotations

import io
import smtplib
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from benchmarks import databases
from benchmarks.harness import AT_LEAST, AT_MOST, Line, Work, compare, counted

SCAN, SWEEP = "scan for due checks", "prompt sweep"
SCAN_BAR, SWEEP_BAR = 2.0, 0.5
QUERIES_MAX, STATEMENTS_MAX = 1, 14
TURN, TURN_QUERIES_MAX, TURN_BAR = "a turn of asking what matters", 9, 8.0
STAKED = 200  # one in so many was set by hand to come early
DAYS = 90  # the portfolio's dates lie over so many days


def run(quick: bool = False) -> list[Line]:
    argument = "quick" if quick else "full"
    return [
        line
        for engine in (databases.POSTGRESQL, databases.SQLITE)
        for line in databases.measured("prompting", engine=engine, argument=argument, codes={"P1": SCAN})
    ]


def steady() -> list[Line]:
    """How many queries a scan takes: what a short run can be held to, on the engine that is always there."""
    return databases.measured("prompting", engine=databases.SQLITE, argument="count", codes={})


def measure(how: str) -> list[Line]:
    from benchmarks import worlds
    from valueledger.common.tenancy import within

    workspace = worlds.workspace()
    with within(workspace.pk):
        if how == "count":
            due = portfolio(workspace, 200)
            return [queries_of_scan(workspace, due), queries_of_turn(workspace), *sweep(5, counts_only=True)]
        due = portfolio(workspace, 2_000 if how == "quick" else 100_000)
        lines = [queries_of_scan(workspace, due), scan(workspace, due), queries_of_turn(workspace), turn(workspace)]
    return [*lines, *sweep(20 if how == "quick" else 100)]


def portfolio(workspace: Any, count: int) -> list[int]:
    """So many relationships as they stand after a sweep: dates spread ahead, some of them today, and some set by hand to come early."""
    from django.db import connection

    from benchmarks import worlds
    from benchmarks.imports import imported
    from exchanges.models import Card
    from relationships.models import Relationship

    lines = (b"%d,%d,3,%d\n" % (2 * pair + 1, 2 * pair + 2, worlds.FIRST_SECOND) for pair in range(count))
    imported(workspace, io.BytesIO(b"".join(lines)))
    today = worlds.NOW.date()
    ids = sorted(Card.objects.values_list("relationship_id", flat=True).distinct())
    for day in range(DAYS):
        Card.objects.filter(relationship__in=ids[day::DAYS]).update(due_on=today + timedelta(days=day))
    staked = ids[1::STAKED]
    Relationship.objects.filter(pk__in=staked).update(stake=3)
    Card.objects.filter(relationship__in=staked).update(is_hand_set=True)
    Card.objects.filter(relationship__in=staked, due_on__gt=today).update(wait_until=today + timedelta(days=3))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return ids[0::DAYS]


def queries_of_scan(workspace: Any, due: list[int]) -> Line:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from benchmarks import worlds
    from exchanges.selectors.asking import MOST, to_look_at

    with CaptureQueriesContext(connection) as asked:
        found = to_look_at(workspace, worlds.NOW.date())
    assert sorted(found) == due[:MOST], (len(found), len(due))
    return counted("P1", f"{SCAN}, {worlds.engine_name()}", len(asked), "queries", AT_MOST, QUERIES_MAX)


def scan(workspace: Any, due: list[int]) -> Line:
    from django.db import connection
    from django.db.models import F

    from benchmarks import worlds
    from exchanges.models import Card, View
    from exchanges.models.snapshots import ASK_ON
    from exchanges.selectors.asking import MOST, to_look_at
    from relationships.models import Relationship

    today = worlds.NOW.date()
    cards = (
        Card.objects.filter(workspace=workspace, view=View.SHARED)
        .alias(ask_on=ASK_ON)
        .filter(ask_on__lte=today)
        .order_by(ASK_ON, F("relationship_id"))
    )
    sql, values = cards.values_list("relationship_id")[:MOST].query.sql_with_params()

    def indexed() -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            assert len(cursor.fetchall()) == len(due)

    name = f"{SCAN} under {Relationship.objects.count():,} relationships, {worlds.engine_name()}"
    ours = Work(lambda: [to_look_at(workspace, today) for _ in range(20)], 20)
    yardstick = Work(lambda: [indexed() for _ in range(20)], 20)
    return compare("P1", name, ours, "the indexed query", yardstick, AT_MOST, SCAN_BAR, unit="us", scale=1e6, servers=worlds.server())


def queries_of_turn(workspace: Any) -> Line:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from benchmarks import worlds
    from exchanges.selectors.due_terms import due_sides

    with CaptureQueriesContext(connection) as asked:
        due_sides(workspace, worlds.NOW)
    return counted("P1", f"{TURN}, {worlds.engine_name()}", len(asked), "queries", AT_MOST, TURN_QUERIES_MAX)


def turn(workspace: Any) -> Line:
    """The sides that are looked at in one minute, whatever the size of the portfolio, beside reading as many relationships by an index."""
    from benchmarks import worlds
    from exchanges.selectors.due_terms import AT_ONCE, due_sides
    from relationships.models import Relationship

    def indexed() -> None:
        list(Relationship.objects.filter(workspace=workspace).order_by("pk")[:AT_ONCE])

    name = f"{TURN} under {Relationship.objects.count():,} relationships, {worlds.engine_name()}"
    ours = Work(lambda: [due_sides(workspace, worlds.NOW) for _ in range(5)], 5)
    yardstick = Work(lambda: [indexed() for _ in range(5)], 5)
    return compare("P1", name, ours, "reading as many relationships", yardstick, AT_MOST, TURN_BAR, unit="us", scale=1e6, servers=worlds.server())


def sweep(count: int, *, counts_only: bool = False) -> list[Line]:
    """Mails that are due, made and handed over by the outbox, against a loop that makes and sends the same mails without a database.

    The loop has all words in hand (a `Letter` each): it fills the same templates, composes the same message and hands it over by the same
    library to the same server. It does not ask whether a mail may go, looks nothing up, makes no link and notes nowhere that it went. A second
    loop hands over finished bytes; it makes no mail, so it has no bar. How many statements ours takes is counted.
    """
    from django.db import connection
    from django.test import override_settings
    from django.test.utils import CaptureQueriesContext

    from benchmarks import mailserver, worlds
    from exchanges.services.letters import compose
    from exchanges.services.sending import render, send_due
    from valueledger.common.mailing import Mailer

    with mailserver.running() as (port, pid):
        due = Due(worlds.workspace(), count)
        through = {"EMAIL_BACKEND": "valueledger.common.mailing.EmailBackend", "EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": port}
        with override_settings(**through, EMAIL_USE_TLS=False, EMAIL_USE_SSL=False, EMAIL_HOST_USER="", EMAIL_HOST_PASSWORD=""):
            texts, mails = due.seen(lambda: send_due(now=worlds.NOW, limit=count))
            assert (len(texts), len(mails), taken(port)) == (count, count, count)
            due.again()
            with CaptureQueriesContext(connection) as asked:
                send_due(now=worlds.NOW, limit=count)
            name = f"{SWEEP}, statements a mail, {worlds.engine_name()}"
            lines = [counted("P1", name, round(len(asked) / count, 1), "statements", AT_MOST, STATEMENTS_MAX)]
            if counts_only:
                return lines

            def ours() -> None:
                ended = send_due(now=worlds.NOW, limit=count)
                assert ended == {"sent": count}, ended

            def bare() -> None:
                with Mailer() as mailer:
                    for letter, headers in mails:
                        mailer.deliver(compose(render(letter), **headers))

            def finished() -> None:
                with smtplib.SMTP("127.0.0.1", port) as server:
                    for sender, recipients, text in texts:
                        server.sendmail(sender, recipients, text)

            name, work, servers = f"{SWEEP} of {count} mails, {worlds.engine_name()}", Work(ours, count, due.again), [*worlds.server(), pid]
            loops = (("a bare loop making and sending the same mails", bare, SWEEP_BAR), ("a loop that sends finished bytes (no bar)", finished, 0.0))
            for beside, loop, bar in loops:
                lines.append(compare("P1", name, work, beside, Work(loop, count), AT_LEAST, bar, unit="us", scale=1e6, servers=servers))
            return lines


def taken(port: int) -> int:
    with smtplib.SMTP("127.0.0.1", port) as server:
        return int(server.verify("all")[1])


class Due:
    """Checks that are due to one person each, and can be due again."""

    def __init__(self, workspace: Any, count: int) -> None:
        from django.db import connection

        from benchmarks import worlds
        from exchanges.services.prompts import open_due_rounds
        from exchanges.services.relationships import open_relationship
        from relationships.models import Kind
        from relationships.services.parties import add_party, add_person
        from valueledger.common.tenancy import within

        self._workspace = workspace
        with within(workspace.pk):
            ours = add_party(workspace=workspace, name="Acme")
            for number in range(count):
                person = add_person(workspace=workspace, name=f"Bo {number}", email=f"bo{number}@borealis.test")
                party = add_party(workspace=workspace, name=f"Borealis {number}")
                open_relationship(
                    workspace=workspace, own_party=ours, counterpart_party=party, kind=Kind.CLIENT, steward=None, now=worlds.NOW,
                    counterpart_people=[person],
                )  # fmt: skip
        assert open_due_rounds(now=worlds.NOW, limit=count) == count
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        self.again()

    def again(self) -> None:
        from benchmarks import worlds
        from valueledger.common.models import Outbox
        from valueledger.common.models.outbox import OutboxState
        from valueledger.common.tenancy import within

        with within(self._workspace.pk):
            Outbox.objects.update(state=OutboxState.DUE, claim=None, lease_until=None, attempts=0, reason="", sent_at=None, due_at=worlds.NOW)

    def seen(self, send: Any) -> tuple[list[tuple[str, list[str], bytes]], list[tuple[Any, dict[str, Any]]]]:
        """What one sweep hands over, as bytes, and as the words and headers that each mail is made of."""
        from exchanges.services import sending
        from valueledger.common.mailing import WatchedSMTP

        handed, letters, headers = WatchedSMTP.sendmail, sending.render, sending.compose
        texts: list[tuple[str, list[str], bytes]] = []
        words: list[Any] = []
        around: list[dict[str, Any]] = []

        def hand(server: Any, sender: str, recipients: list[str], text: bytes, *more: Any, **others: Any) -> Any:
            texts.append((sender, recipients, text))
            return handed(server, sender, recipients, text, *more, **others)

        def render(letter: Any) -> Any:
            words.append(letter)
            return letters(letter)

        def compose(rendered: Any, **given: Any) -> Any:
            around.append(given)
            return headers(rendered, **given)

        with patch.object(WatchedSMTP, "sendmail", hand), patch.object(sending, "render", render), patch.object(sending, "compose", compose):
            send()
        return texts, list(zip(words, around, strict=True))
