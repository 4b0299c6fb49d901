"""One installation with PostgreSQL, Redis and a mail server, and everything goes wrong with it, one thing after the other.

After each blow somebody new is to be asked. In the end everybody got their one mail, nobody two, and no page waited for anything.
"""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import redis
from aiosmtpd.controller import Controller

from tests.journeys.conftest import free_port
from tests.journeys.test_ask_and_answer import ROOT, SCENE, Ledger, Postbox, own_database, until

pytestmark = [pytest.mark.slow, pytest.mark.redis, pytest.mark.postgres]

SOMEBODY = """
from django.utils import timezone
from exchanges.services.relationships import open_relationship
from relationships.models import Kind, Member, Party, Workspace
from relationships.services.parties import add_party, add_person
from valueledger.common.tenancy import within
workspace = Workspace.objects.get(name="Acme")
with within(workspace.pk):
    ana = Member.objects.get(workspace=workspace)
    person = add_person(workspace=workspace, name="NAME", email="NAME@client.example")
    open_relationship(workspace=workspace, own_party=Party.objects.order_by("pk")[0], counterpart_party=add_party(workspace=workspace, name="NAME Ltd"),
                      kind=Kind.CLIENT, steward=ana, now=timezone.now(), own_people=[ana.person], counterpart_people=[person])
"""
A_MOMENT = 3.0  # seconds: a page that waits for a dead broker or mail server takes longer


@pytest.fixture
def installation(tmp_path: Path, postgres_url: str, own_redis: tuple[str, subprocess.Popen[bytes]]) -> Iterator[tuple[Ledger, Postbox, Controller]]:
    postbox = Postbox()
    controller = Controller(postbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    more = {"SMTP_URL": f"smtp://127.0.0.1:{controller.port}", "DATABASE_URL": own_database(postgres_url), "REDIS_URL": own_redis[0]}
    running = Ledger(tmp_path, **more)
    try:
        running.manage("migrate", "--verbosity", "0")
        running.run(SCENE)
        running.start()
        yield running, postbox, controller
    finally:
        with suppress(AssertionError):  # the test may have ended it already
            controller.stop()
        if running.process.poll() is None:
            running.process.send_signal(signal.SIGTERM)
            running.process.wait(40)


def page_takes(running: Ledger) -> float:
    begun = time.monotonic()
    with urllib.request.urlopen(f"http://127.0.0.1:{running.port}/account/login/", timeout=30) as answer:
        assert answer.status == 200
    return time.monotonic() - begun


@contextmanager
def somebody_is_asked(running: Ledger, postbox: Postbox, name: str, seconds: float = 120) -> Iterator[None]:
    """A new person is due before the block, and has one mail some time after it."""
    running.run(SOMEBODY.replace("NAME", name))
    yield
    until(lambda: postbox.mails_to(f"{name}@client.example"), f"mail to {name}\n{running.said()[-3000:]}", seconds)


def worker_of(running: Ledger) -> int:
    told = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(running.process.pid)], capture_output=True, text=True, check=True).stdout
    return next(int(line.split()[0]) for line in told.splitlines() if "celery" in line and " worker" in line)


def test_whatever_fails_everybody_is_asked_once_and_no_page_waits(
    installation: tuple[Ledger, Postbox, Controller], own_redis: tuple[str, subprocess.Popen[bytes]]
) -> None:
    running, postbox, controller = installation
    url, broker = own_redis
    until(lambda: postbox.mails_to("bo@borealis.example"), "the first mail\n" + running.said())
    client = redis.Redis.from_url(url)

    with somebody_is_asked(running, postbox, "connections"):
        for _ in range(3):  # every connection to the broker is cut, three times
            client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            time.sleep(0.5)
    with somebody_is_asked(running, postbox, "emptied"):
        client.flushall()
    with somebody_is_asked(running, postbox, "frozen", 150):
        broker.send_signal(signal.SIGSTOP)
        time.sleep(4)
        assert page_takes(running) < A_MOMENT
        broker.send_signal(signal.SIGCONT)

    command = [sys.executable, "-m", "celery", "-A", "valueledger", "beat", "--loglevel", "ERROR", "--pidfile="]
    second = subprocess.Popen(command, cwd=ROOT, env=running.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with somebody_is_asked(running, postbox, "beats"):
            pass
        with somebody_is_asked(running, postbox, "killed"):
            until(lambda: running.stand()["mails"].count(["check", "DUE"]) or True, "a row")
            os.kill(worker_of(running), signal.SIGKILL)
    finally:
        second.terminate()
        second.wait(20)

    with somebody_is_asked(running, postbox, "mailless", 240):
        controller.stop()  # the mail server is away
        time.sleep(12)
        assert page_takes(running) < A_MOMENT
        fresh = Controller(postbox, hostname="127.0.0.1", port=controller.port)
        fresh.start()
    try:
        names = ("connections", "emptied", "frozen", "beats", "killed", "mailless")
        assert [len(postbox.mails_to(f"{name}@client.example")) for name in names] == [1] * len(names)
        ids = [message["Message-ID"] for _, message in postbox.taken]
        assert len(ids) == len(set(ids))
        assert {state for _, state in running.stand()["mails"]} <= {"SENT", "SKIPPED", "DUE"}
        running.manage("verify_ledger")
    finally:
        fresh.stop()
