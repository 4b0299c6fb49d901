"""Ask and answer, as it happens: beat ticks, the worker asks, a mail server takes the mail, two counterparts answer by link, balances move.

Everything runs as an operator runs it, in processes of its own; the test only reads mail and speaks HTTP, and sets the scene before.
"""

import http.cookiejar
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from aiosmtpd.controller import Controller
from django.conf import settings

from tests.journeys.conftest import free_port

pytestmark = [pytest.mark.slow]

ROOT = Path(settings.BASE_DIR)
PATIENCE = 120

SCENE = """
import json
from datetime import time
from django.utils import timezone
from exchanges.services.relationships import open_relationship
from relationships.models import Kind, Member, User, Workspace
from relationships.services.parties import add_party, add_person
from valueledger.common.tenancy import within
now = timezone.now()
workspace = Workspace.objects.create(name="Acme", quiet_from=time(0), quiet_until=time(0), quiet_days="")  # at whatever hour this runs
with within(workspace.pk):
    user = User.objects.create_user(email="ana@acme.example", password="a long enough password", name="Ana Lind")
    ana = Member.objects.create(workspace=workspace, user=user, is_steward=True, person=add_person(workspace=workspace, name="Ana Lind", email="ana@acme.example"))
    own = add_party(workspace=workspace, name="Acme")
    for name, first in (("Borealis", "Bo"), ("Corax", "Cy")):
        person = add_person(workspace=workspace, name=first, email=f"{first.lower()}@{name.lower()}.example")
        open_relationship(workspace=workspace, own_party=own, counterpart_party=add_party(workspace=workspace, name=name), kind=Kind.CLIENT, steward=ana,
                          now=now, own_people=[ana.person], counterpart_people=[person])
"""

STAND = """
import json
from exchanges.models import Card, Prompt, Round
from valueledger.common.models import Outbox
from valueledger.common.tenancy import everywhere
with everywhere():
    print("STAND" + json.dumps({
        "cards": {card.counterpart_name: {"they": card.r_counterpart, "we": card.r_own, "heard": card.answered_counterpart_on is not None,
                                          "due_on": str(card.due_on)} for card in Card.objects.filter(view=1)},
        "rounds": Round.objects.count(),
        "posted": Round.objects.filter(posting__isnull=False).count(),
        "prompts": sorted(Prompt.objects.filter(kind="CHECK").values_list("state", flat=True)),
        "mails": sorted(Outbox.objects.values_list("kind", "state")),
    }))
"""


class Postbox:
    """A mail server's users: every message it took, by recipient."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, EmailMessage]] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        message = message_from_bytes(envelope.content, policy=policy.default)
        self.taken.extend((recipient, message) for recipient in envelope.rcpt_tos)
        return "250 taken"

    def mails_to(self, address: str) -> list[EmailMessage]:
        return [message for recipient, message in self.taken if recipient == address]


def until(condition: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.2)
    raise AssertionError(f"Not within {seconds} s: {what}")


class Ledger:
    """Value Ledger on this machine, started by its own command."""

    def __init__(self, folder: Path, **more: str) -> None:
        self.folder, self.port = folder, free_port()
        known = ("DATABASE_URL", "REDIS_URL", "SMTP_URL", "PUBLIC_URL", "CI", "VAR_DIR")
        kept = {name: value for name, value in os.environ.items() if name not in known and not name.startswith("PYTEST")}
        self.environment = {**kept, "VAR_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "valueledger.settings", **more}
        self.console = folder / "console.log"

    def run(self, script: str) -> str:
        command = [sys.executable, "-c", f"import django\ndjango.setup()\n{script}"]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=PATIENCE)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def manage(self, *words: str) -> str:
        done = subprocess.run([sys.executable, "manage.py", *words], cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=PATIENCE)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self) -> None:
        with open(self.console, "ab") as out:
            command = [sys.executable, "manage.py", "start", "--port", str(self.port)]
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
        until(lambda: self.is_ready() or self.process.poll() is not None, self.said())
        assert self.process.poll() is None, self.said()

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def said(self) -> str:
        return self.console.read_text(errors="replace") if self.console.exists() else ""

    def stand(self) -> dict[str, Any]:
        found = re.search(r"STAND(\{.*\})", self.run(STAND))
        assert found
        stand: dict[str, Any] = json.loads(found.group(1))
        return stand

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(40)


class Browser:
    """Speaks HTTP and keeps cookies, like one person's browser. Redirects are followed."""

    def __init__(self) -> None:
        self.jar = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))

    def get(self, url: str) -> str:
        return self._open(urllib.request.Request(url))

    def post(self, url: str, data: dict[str, str]) -> str:
        return self._open(urllib.request.Request(url, urllib.parse.urlencode(data).encode(), {"Referer": url}))

    def _open(self, request: urllib.request.Request) -> str:
        with self.opener.open(request, timeout=30) as answer:
            return str(answer.read().decode())


@pytest.fixture(params=["embedded", pytest.param("servers", marks=[pytest.mark.redis, pytest.mark.postgres])])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Ledger, Postbox]]:
    """Once as it comes out of the box, once with PostgreSQL and Redis; both times with a mail server."""
    postbox = Postbox()
    controller = Controller(postbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    more = {"SMTP_URL": f"smtp://127.0.0.1:{controller.port}"}
    if request.param == "servers":
        more["DATABASE_URL"] = own_database(request.getfixturevalue("postgres_url"))
        more["REDIS_URL"] = request.getfixturevalue("redis_url")
    running = Ledger(tmp_path, **more)
    try:
        running.manage("migrate", "--verbosity", "0")
        running.run(SCENE)
        running.start()
        yield running, postbox
        assert running.stop() == 0
    finally:
        controller.stop()
        if getattr(running, "process", None) and running.process.poll() is None:
            os.kill(running.process.pid, signal.SIGKILL)


def own_database(server_url: str) -> str:
    name = f"journey_{free_port()}"
    admin = psycopg2.connect(server_url)
    admin.autocommit = True
    admin.cursor().execute(f"CREATE DATABASE {name}")
    admin.close()
    return server_url.rsplit("/", 1)[0] + f"/{name}"


def link_in(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    found = re.search(r"(https?://\S+/p/[^/\s]+/)\?answer=-1", body.get_content())
    assert found, body.get_content()
    return found.group(1)


def test_two_counterparts_are_asked_by_mail_and_their_answers_move_their_balances(ledger: tuple[Ledger, Postbox]) -> None:
    running, postbox = ledger

    # Nobody was ever asked, so both relationships are due: beat ticks, the worker asks, the mails go out.
    until(lambda: postbox.mails_to("bo@borealis.example") and postbox.mails_to("cy@corax.example"), "two mails\n" + running.said())
    until(lambda: running.stand()["mails"].count(["check", "SENT"]) == 3, "three mails sent")
    stand = running.stand()
    assert stand["rounds"] == 2
    second, *sent = stand["mails"] if ["check", "DUE"] in stand["mails"] else stand["mails"][::-1]
    assert sent == [["check", "SENT"]] * 3
    assert second in (["check", "SKIPPED"], ["check", "DUE"])  # Ana's second question came along, or was asked a moment later and waits for tomorrow

    # Each opens the own link, without a login; the answer stays blind.
    answers = {"bo@borealis.example": "-2", "cy@corax.example": "1"}
    guests = {address: (Browser(), link_in(postbox.mails_to(address)[0])) for address in answers}
    for address, (browser, link) in guests.items():
        assert link.startswith(f"http://127.0.0.1:{running.port}/p/")
        assert "do you get as much as you give?" in browser.get(f"{link}?answer={answers[address]}")
        assert "Thank you" in browser.post(link, {"balance": answers[address], "sure": "SURE"})
        assert not list(browser.jar)
    stand = running.stand()
    assert stand["posted"] == 0
    assert [card["heard"] for card in stand["cards"].values()] == [False, False]

    # Our own side answers both questions at the desk.
    ana = Browser()
    address = f"http://127.0.0.1:{running.port}"
    page = ana.get(f"{address}/account/login/")
    ana.post(f"{address}/account/login/", {"csrfmiddlewaretoken": token_in(page), "login": "ana@acme.example", "password": "a long enough password"})
    today = ana.get(f"{address}/")
    forms = sorted(set(re.findall(r'action="(/prompts/[0-9a-f-]+/)"', today)))
    assert len(forms) == 2
    for form in forms:
        ana.post(address + form, {"csrfmiddlewaretoken": token_in(today), "value": "0"})

    # Both sides have answered: within a minute of the last answer by link everything is revealed and posted by the sweep.
    until(lambda: running.stand()["posted"] == 2, "two rounds posted\n" + running.said())
    stand = running.stand()
    assert stand["cards"]["Borealis"]["they"] == pytest.approx(-2 * 0.405465 * 0.7, abs=0.01)
    assert stand["cards"]["Corax"]["they"] == pytest.approx(0.405465 * 0.7, abs=0.01)
    assert stand["cards"]["Borealis"]["due_on"] > time.strftime("%Y-%m-%d")
    assert stand["prompts"] == ["ANSWERED"] * 4
    for browser, link in guests.values():
        assert "Both sides have answered." in browser.get(link)
    with pytest.raises(urllib.error.HTTPError, match="409"):
        browser.post(link, {"balance": "3"})
    assert "Borealis" in ana.get(f"{address}/outbox/")

    # Nobody was mailed twice, and the ledger agrees with itself.
    assert len(postbox.taken) == len({message["Message-ID"] for _, message in postbox.taken}) == 3
    running.manage("verify_ledger")


def test_mail_that_was_due_when_everything_died_goes_out_after_the_next_start(ledger: tuple[Ledger, Postbox]) -> None:
    running, postbox = ledger
    until(lambda: len(postbox.taken) >= 3, "the first mails\n" + running.said())
    os.killpg(running.process.pid, signal.SIGKILL)
    running.process.wait(10)
    running.run(
        SCENE.replace('name="Acme"', 'name="Anvil"')
        .replace("ana@acme.example", "ann@anvil.example")
        .replace('"Bo"', '"Bea"')
        .replace('"Cy"', '"Cyd"')
    )
    time.sleep(2)  # the old children notice that they are alone
    running.start()
    until(lambda: postbox.mails_to("bea@borealis.example") and postbox.mails_to("cyd@corax.example"), "mails after the restart\n" + running.said())
    ids = [message["Message-ID"] for _, message in postbox.taken]
    assert len(ids) == len(set(ids))


def token_in(page: str) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert found, page
    return found.group(1)
