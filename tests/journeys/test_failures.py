"""One installation with PostgreSQL, Redis and a mail server, and everything goes wrong with it, one thing after the other.

After each blow somebody new is to be asked. In the end everybody got their one mail, nobody two, and no page waited for anything.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import redis

from tests.journeys.conftest import free_port
from tests.journeys.running import A_MOMENT, ROOT, Ledger, Postbox, own_database, until

pytestmark = [pytest.mark.slow, pytest.mark.redis, pytest.mark.postgres]

TASKS_RUN_AGAIN_WITHIN = 30


@pytest.fixture
def engine(postgres_url: str, empty_database: str, own_redis: tuple[str, subprocess.Popen[bytes]]) -> dict[str, str]:
    return {"DATABASE_URL": own_database(postgres_url, f"failures_{free_port()}", template="empty"), "REDIS_URL": own_redis[0]}


@contextmanager
def somebody_is_asked(ledger: Ledger, postbox: Postbox, name: str, seconds: float = 120) -> Iterator[None]:
    """A new person is due before the block, and has one mail some time after it."""
    ledger.ask_somebody_new(name)
    yield
    until(lambda: postbox.mails_to(f"{name}@client.example"), ledger.said, seconds)


def test_whatever_fails_everybody_is_asked_once_and_no_page_waits(
    ledger: Ledger, postbox: Postbox, own_redis: tuple[str, subprocess.Popen[bytes]]
) -> None:
    url, broker = own_redis
    until(lambda: postbox.mails_to("bo@borealis.example"), ledger.said)
    client = redis.Redis.from_url(url)

    for number in range(3):  # every connection to the broker is cut, three times: tasks run again at once, or the worker starts afresh
        client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        with somebody_is_asked(ledger, postbox, f"connections{number}", TASKS_RUN_AGAIN_WITHIN):
            pass
    with somebody_is_asked(ledger, postbox, "emptied"):
        client.flushall()
    with somebody_is_asked(ledger, postbox, "frozen", 150):
        broker.send_signal(signal.SIGSTOP)
        time.sleep(4)
        assert ledger.page_takes() < A_MOMENT
        broker.send_signal(signal.SIGCONT)

    command = [sys.executable, "-m", "celery", "-A", "valueledger", "beat", "--loglevel", "ERROR", "--pidfile="]
    second = subprocess.Popen(command, cwd=ROOT, env=ledger.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with somebody_is_asked(ledger, postbox, "beats"):
            pass
        with somebody_is_asked(ledger, postbox, "killed"):
            os.kill(ledger.child("worker"), signal.SIGKILL)
        with somebody_is_asked(ledger, postbox, "beatless"):
            os.kill(ledger.child("beat"), signal.SIGKILL)
    finally:
        second.terminate()
        second.wait(20)

    with somebody_is_asked(ledger, postbox, "mailless", 150):
        postbox.close()  # the mail server is away
        until(lambda: [state for _, state, reason in ledger.mails_of("mailless") if "away" in reason], ledger.said)
        assert ledger.page_takes() < A_MOMENT
        postbox.open(postbox.port)
        ledger.look_again_at("mailless")  # a minute later
    names = [*(f"connections{number}" for number in range(3)), "emptied", "frozen", "beats", "killed", "beatless", "mailless"]
    assert postbox.counts(names) == [1] * len(names)
    ids = [message["Message-ID"] for _, message in postbox.taken]
    assert len(ids) == len(set(ids))
    assert {state for _, state in ledger.stand()["mails"]} <= {"SENT", "SKIPPED", "DUE"}
    ledger.manage("verify_ledger")
