"""The machine's clock leaps: over the night in which summer time begins, back, back again, and five weeks on. Worker, beat and web go on running.

Every question that is due goes out once and none is lost; a digest's day has one digest, whatever the clock says twice.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.journeys.conftest import free_port
from tests.journeys.running import SCENE, Clock, Ledger, Postbox, until

pytestmark = [pytest.mark.slow, pytest.mark.clock]

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SATURDAY_NIGHT = datetime(2027, 3, 27, 23, 30, tzinfo=UTC)  # 00:30 in Berlin; at two it is three
MONDAY_EIGHT = datetime(2027, 3, 29, 6, 0, 5, tzinfo=UTC)  # eight o'clock there, summer time
DIGESTS = """
from relationships.models import Member
from valueledger.common.tenancy import everywhere
with everywhere():
    Member.objects.update(digest="DAILY")
"""
DAYS_OF_DIGESTS = """
from valueledger.common.models import Outbox
from valueledger.common.tenancy import everywhere
with everywhere():
    for day, state, reason in Outbox.objects.filter(kind="digest").order_by("local_day").values_list("local_day", "state", "reason"):
        print(day, state, reason)
"""


BEAT = """
from valueledger.common.models import Heartbeat
from valueledger.common.tenancy import everywhere
with everywhere():
    print(Heartbeat.objects.get(name="worker").at.isoformat())
"""
SWEPT = timedelta(seconds=8)  # so long after a leap no sweep is under way that began before it


@pytest.fixture
def clock(tmp_path: Path, faketime: Path) -> Clock:
    clock = Clock(tmp_path / "clock", faketime)
    clock.set(SATURDAY_NIGHT)
    return clock


@pytest.fixture
def ledger(engine: dict[str, str], postbox: Postbox, tmp_path: Path, clock: Clock) -> Iterator[Ledger]:
    more = {"SMTP_URL": f"smtp://127.0.0.1:{postbox.port}?timeout=4", **clock.environment, **engine}
    running = Ledger(tmp_path, free_port(), **more)
    try:
        running.run(SCENE.replace("ZONE", "Europe/Berlin") + DIGESTS)
        running.start()
        yield running
    finally:
        running.end()


def digests(ledger: Ledger) -> list[list[str]]:
    return [line.split(" ", 2) for line in ledger.run(DAYS_OF_DIGESTS).splitlines()]


def asked(postbox: Postbox) -> Counter[str]:
    """Mails with questions to the other sides."""
    return Counter(address for address, _ in postbox.taken if not address.endswith("@acme.example"))


def leap(ledger: Ledger, clock: Clock, to: datetime) -> None:
    """And wait until beat and worker have gone on for a while by the new time: what a sweep wrote before the leap is due by the old one."""
    clock.set(to)
    until(lambda: to + SWEPT <= datetime.fromisoformat(ledger.run(BEAT).strip()) < to + HOUR, ledger.said)


def test_a_clock_that_leaps_sends_nothing_twice_and_loses_nothing(ledger: Ledger, postbox: Postbox, clock: Clock) -> None:
    until(lambda: ledger.stand()["mails"].count(["check", "SENT"]) == 3, ledger.said)
    first = asked(postbox)
    assert max(first.values()) == 1

    # Over the hour that is not there, and past eight on Monday: one digest, on its local day.
    leap(ledger, clock, SATURDAY_NIGHT + 3 * HOUR)
    ledger.ask_somebody_new("springtime")
    until(lambda: postbox.counts(["springtime"]) == [1], ledger.said)
    clock.set(MONDAY_EIGHT)
    until(lambda: [day for day, state, *_ in digests(ledger) if state == "SENT"] == ["2027-03-29"], ledger.said)

    # Back by three hours, and by a day and a half: beat goes on, who is new is asked, nobody is asked again.
    for number, back in enumerate((3 * HOUR, 36 * HOUR)):
        leap(ledger, clock, MONDAY_EIGHT - back)
        ledger.ask_somebody_new(f"back{number}")
        until(lambda number=number: postbox.counts([f"back{number}"]) == [1], ledger.said)
    leap(ledger, clock, MONDAY_EIGHT + 10 * timedelta(seconds=1))
    ledger.ask_somebody_new("again")
    until(lambda: postbox.counts(["again"]) == [1], ledger.said)
    names = ["springtime", "back0", "back1", "again"]
    assert postbox.counts(names) == [1] * len(names)
    assert asked(postbox)["bo@borealis.example"] == asked(postbox)["cy@corax.example"] == 1
    assert [day for day, state, *_ in digests(ledger) if state == "SENT"] == ["2027-03-29"]

    # Five weeks on, all at once: what was open has lapsed, the newest digest goes out and the others say why not, nobody has two questions.
    before = asked(postbox)
    leap(ledger, clock, MONDAY_EIGHT + 35 * DAY)
    ledger.ask_somebody_new("afterwards")
    until(lambda: postbox.counts(["afterwards"]) == [1], ledger.said)
    until(lambda: digests(ledger)[-1][:2] == ["2027-05-03", "SENT"], ledger.said)
    told = digests(ledger)
    assert [state for _, state, *_ in told].count("SENT") == 2
    assert {reason for _, state, reason in told if state == "SKIPPED"} == {"We were not running then. The next one tells it all."}
    until(lambda: ledger.readiness()[1]["oldest_due_seconds"] < 30 and ledger.readiness()[1]["oldest_unposted_round_seconds"] == 0, ledger.said)
    assert max((asked(postbox) - before).values()) == 1
    assert "WAITING" not in {state for _, state, reason in ledger.mails_of("springtime") if "closed" in reason}

    # And home again: still one of each, and the next one who comes is asked.
    leap(ledger, clock, MONDAY_EIGHT + HOUR)
    ledger.ask_somebody_new("home")
    until(lambda: postbox.counts(["home"]) == [1], ledger.said)
    ids = [message["Message-ID"] for _, message in postbox.taken]
    assert len(ids) == len(set(ids))
    assert postbox.counts([*names, "afterwards", "home"]) == [2] * len(names) + [1, 1]  # a question each, and one of the round five weeks on
    assert not [one for one in ledger.stand()["of"] if one[2] in ("FAILED", "UNKNOWN", "CLAIMED", "HANDING_OVER")]
    ledger.manage("verify_ledger")
