"""Value Ledger as an operator runs it, and who it meets there: a mail server with its habits, a browser, the machine's clock."""

import asyncio
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
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import psycopg2
from aiosmtpd.controller import Controller
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
PATIENCE = 120
A_MOMENT = 3.0  # seconds: a page that waits for a dead broker or mail server takes longer

SCENE = """
from datetime import time
from django.utils import timezone
from exchanges.services.relationships import open_relationship
from relationships.models import Kind, Member, User, Workspace
from relationships.services.parties import add_party, add_person
from valueledger.common.tenancy import within
now = timezone.now()
workspace = Workspace.objects.create(name="Acme", quiet_from=time(0), quiet_until=time(0), quiet_days="", time_zone="ZONE")  # at whatever hour this runs
with within(workspace.pk):
    user = User.objects.create_user(email="ana@acme.example", password="a long enough password", name="Ana Lind")
    ana = Member.objects.create(workspace=workspace, user=user, is_steward=True, digest="NEVER",
                                person=add_person(workspace=workspace, name="Ana Lind", email="ana@acme.example"))
    own = add_party(workspace=workspace, name="Acme")
    for name, first in (("Borealis", "Bo"), ("Corax", "Cy")):
        person = add_person(workspace=workspace, name=first, email=f"{first.lower()}@{name.lower()}.example")
        open_relationship(workspace=workspace, own_party=own, counterpart_party=add_party(workspace=workspace, name=name), kind=Kind.CLIENT, steward=ana,
                          now=now, own_people=[ana.person], counterpart_people=[person])
"""

SOMEBODY = """
from django.utils import timezone
from exchanges.services.relationships import open_relationship
from relationships.models import Kind, Member, Party, Workspace
from relationships.services.parties import add_party, add_person
from valueledger.common.tenancy import within
workspace = Workspace.objects.get(name="Acme")
with within(workspace.pk):
    ana = Member.objects.get(workspace=workspace)
    for name in NAMES:
        person = add_person(workspace=workspace, name=name, email=f"{name}@client.example")
        open_relationship(workspace=workspace, own_party=Party.objects.order_by("pk")[0],
                          counterpart_party=add_party(workspace=workspace, name=f"{name} Ltd"),
                          kind=Kind.CLIENT, steward=ana, now=timezone.now(), own_people=[ana.person], counterpart_people=[person])
"""

STAND = """
import json
from exchanges.models import Card, Prompt, Round
from relationships.models import PersonText, Workspace
from valueledger.common.models import Outbox
from valueledger.common.tenancy import within
workspace = Workspace.objects.get(name="Acme")
with within(workspace.pk):
    people = dict(PersonText.objects.filter(workspace=workspace).values_list("person_id", "email"))
    print(json.dumps({
        "cards": {card.counterpart_name: {"they": card.r_counterpart, "we": card.r_own, "heard": card.answered_counterpart_on is not None,
                                          "due_on": str(card.due_on)} for card in Card.objects.filter(view=1, workspace=workspace)},
        "rounds": Round.objects.filter(workspace=workspace).count(),
        "posted": Round.objects.filter(workspace=workspace, posting__isnull=False).count(),
        "prompts": sorted(Prompt.objects.filter(workspace=workspace, kind="CHECK").values_list("state", flat=True)),
        "mails": sorted([row.kind, row.state] for row in Outbox.objects.filter(workspace_id=workspace.pk)),
        "of": sorted([people[row.recipient_id], row.kind, row.state, row.reason, row.attempts] for row in Outbox.objects.filter(workspace_id=workspace.pk)),
    }))
"""

LOOK_AGAIN = """
from django.utils import timezone
from valueledger.common.models import Outbox
from relationships.models import PersonText
from valueledger.common.tenancy import everywhere
with everywhere():
    people = PersonText.objects.filter(email="NAME@client.example").values("person_id")
    Outbox.objects.filter(recipient_id__in=people, state="DUE").update(due_at=timezone.now())
"""

SHELL = """
import contextlib, io, json, sys, traceback
import django
django.setup()
from django.db import connections
for line in sys.stdin:
    out, error = io.StringIO(), ""
    try:
        with contextlib.redirect_stdout(out):
            exec(json.loads(line), {})
    except BaseException:
        error = traceback.format_exc()
    connections.close_all()
    print(json.dumps([out.getvalue(), error]), flush=True)
"""


def until(condition: Callable[[], Any], what: str | Callable[[], str], seconds: float = PATIENCE) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.1)
    raise AssertionError(f"Not within {seconds} s: {what if isinstance(what, str) else what()}")


def token_in(page: str) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert found, page
    return found.group(1)


class Postbox:
    """A mail server: every message it took, by recipient. `habits` says how it treats some of them, or "everybody":

    refuses (550), later (451), silent (never answers the recipient), swallows (takes the text, never says so), breaks (takes the text, hangs
    up), slow (takes it after two seconds), deaf (never answers the greeting).
    """

    def __init__(self) -> None:
        self.taken: list[tuple[str, EmailMessage]] = []
        self.habits: dict[str, str] = {}
        self.hanging, self.port = 0, 0
        self.controller: Controller | None = None

    def open(self, port: int) -> None:
        self.port = port
        self.controller = Controller(self, hostname="127.0.0.1", port=port)
        self.controller.start()

    def close(self) -> None:
        if self.controller is not None:
            with suppress(AssertionError):  # closed already
                self.controller.stop()
        self.controller = None

    def mails_to(self, address: str) -> list[EmailMessage]:
        return [message for recipient, message in self.taken if recipient == address]

    def counts(self, names: list[str]) -> list[int]:
        return [len(self.mails_to(f"{name}@client.example")) for name in names]

    def _habit(self, address: str) -> str:
        return self.habits.get(address.partition("@")[0], "")

    async def _hang(self) -> None:
        self.hanging += 1
        try:
            await asyncio.sleep(3600)
        finally:
            self.hanging -= 1

    async def handle_EHLO(self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]) -> list[str]:
        session.host_name = hostname
        if self.habits.get("everybody") == "deaf":
            await self._hang()
        return responses

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        habit = self._habit(address)
        if habit == "silent":
            await self._hang()
        if habit == "refuses":
            return "550 no such person"
        if habit == "later":
            return "451 not now"
        envelope.rcpt_tos.append(address)
        return "250 fine"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        message = message_from_bytes(envelope.content, policy=policy.default)
        self.taken.extend((recipient, message) for recipient in envelope.rcpt_tos)
        habits = {self._habit(recipient) for recipient in envelope.rcpt_tos}
        if "swallows" in habits:
            await self._hang()
        if "breaks" in habits:
            server.transport.abort()
        if "slow" in habits:
            await asyncio.sleep(2)
        return "250 taken"


class Ledger:
    """Value Ledger on this machine, started by its own command."""

    def __init__(self, folder: Path, port: int, **more: str) -> None:
        self.folder, self.port = folder, port
        known = ("DATABASE_URL", "REDIS_URL", "SMTP_URL", "PUBLIC_URL", "CI", "VAR_DIR", "SCAN_SECONDS", "VALUELEDGER_BOOTSTRAP")
        kept = {name: value for name, value in os.environ.items() if name not in known and not name.startswith("PYTEST")}
        self.environment = {**kept, "VAR_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "valueledger.settings", "SCAN_SECONDS": "1", **more}
        self.console = folder / "console"
        self.address = f"http://127.0.0.1:{port}"
        self.shell: subprocess.Popen[str] | None = None
        self.process: subprocess.Popen[bytes] | None = None

    def run(self, script: str) -> str:
        """In one shell that stays open: a process of its own for each look would cost a second of a core."""
        if self.shell is None:
            command = [sys.executable, "-c", SHELL]
            pipe = subprocess.PIPE
            self.shell = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdin=pipe, stdout=pipe, text=True, bufsize=1)
        assert self.shell.stdin is not None
        assert self.shell.stdout is not None
        self.shell.stdin.write(json.dumps(script) + "\n")
        self.shell.stdin.flush()
        out, error = json.loads(self.shell.stdout.readline() or '["", "the shell has ended"]')
        assert not error, error
        return str(out)

    def manage(self, *words: str) -> str:
        done = subprocess.run([sys.executable, "manage.py", *words], cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=PATIENCE)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self) -> None:
        with open(self.console, "ab") as out:
            command = [sys.executable, "manage.py", "start", "--port", str(self.port)]
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
        until(lambda: self.is_ready() or self.process.poll() is not None, self.said)  # type: ignore[union-attr]
        assert self.process.poll() is None, self.said()

    def readiness(self) -> tuple[int, dict[str, Any]]:
        try:
            with urllib.request.urlopen(f"{self.address}/readyz", timeout=5) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())
        except OSError:
            return 0, {}

    def is_ready(self) -> bool:
        return self.readiness()[0] == 200

    def said(self) -> str:
        logs = [self.console, *sorted(self.folder.glob("*.log"))]
        return "\n".join(path.read_text(errors="replace")[-2000:] for path in logs if path.exists())

    def stand(self) -> dict[str, Any]:
        stand: dict[str, Any] = json.loads(self.run(STAND))
        return stand

    def ask_somebody_new(self, *names: str) -> None:
        """They were never asked, so they are due."""
        self.run(SOMEBODY.replace("NAMES", repr(names)))

    def look_again_at(self, name: str) -> None:
        """As if the wait before the next try were over."""
        self.run(LOOK_AGAIN.replace("NAME", name))

    def mails_of(self, name: str) -> list[tuple[str, str, str]]:
        """Kind, state and reason of each of their rows."""
        return [(kind, state, reason) for address, kind, state, reason, _ in self.stand()["of"] if address.startswith(f"{name}@")]

    def page_takes(self) -> float:
        begun = time.monotonic()
        with urllib.request.urlopen(f"{self.address}/account/login/", timeout=30) as answer:
            assert answer.status == 200
        return time.monotonic() - begun

    def child(self, word: str) -> int:
        """The process that runs the worker, beat or the web."""
        assert self.process is not None
        told = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(self.process.pid)], capture_output=True, text=True, check=True).stdout
        return next(int(line.split()[0]) for line in told.splitlines() if word in line.split())

    def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(40)

    def kill(self) -> None:
        """All of it at once, as a machine that loses its power."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def end(self) -> None:
        if self.shell is not None:
            self.shell.stdin.close()  # type: ignore[union-attr]
            self.shell.wait(20)
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(40)
            except subprocess.TimeoutExpired:
                self.kill()


class Browser:
    """Speaks HTTP and keeps cookies, like one person's browser. Redirects are followed."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger, self.jar = ledger, http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))

    def get(self, url: str) -> str:
        return self._open(urllib.request.Request(self._absolute(url)))

    def post(self, url: str, data: dict[str, str]) -> str:
        return self._open(urllib.request.Request(self._absolute(url), urllib.parse.urlencode(data).encode(), {"Referer": self._absolute(url)}))

    def sign_in(self) -> None:
        page = self.get("/account/login/")
        self.post("/account/login/", {"csrfmiddlewaretoken": token_in(page), "login": "ana@acme.example", "password": "a long enough password"})

    def _absolute(self, url: str) -> str:
        return url if url.startswith("http") else f"{self.ledger.address}{url}"

    def _open(self, request: urllib.request.Request) -> str:
        with self.opener.open(request, timeout=30) as answer:
            return str(answer.read().decode())


class Clock:
    """The wall clock of everything that is started with `environment`: told through a file, so that it can leap while they run.

    The clock that only goes forward stays the machine's own, as it does when somebody sets a machine's time. The library gets one call wrong
    then, the one behind Python's sleep: that waits by another.
    """

    SLEEP = "import select, time\ntime.sleep = lambda seconds: select.select([], [], [], seconds) and None\n"

    def __init__(self, folder: Path, library: Path) -> None:
        folder.mkdir()
        (folder / "sitecustomize.py").write_text(self.SLEEP)
        self.file = folder / "now"
        self.environment = {
            "LD_PRELOAD": str(library), "FAKETIME_TIMESTAMP_FILE": str(self.file), "FAKETIME_CACHE_DURATION": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1", "TZ": "UTC", "PYTHONPATH": str(folder),
        }  # fmt: skip

    def set(self, at: datetime) -> None:
        """Written in one piece: somebody may look at any moment. Everybody does once a second, so that each look at the clock opens no file."""
        draft = self.file.with_suffix(".draft")
        draft.write_text(f"{at.timestamp() - time.time():+.3f}\n")
        draft.replace(self.file)
        time.sleep(1.2)


def own_database(server_url: str, name: str, *, template: str = "template1") -> str:
    admin = psycopg2.connect(server_url)
    admin.autocommit = True
    admin.cursor().execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    admin.close()
    return server_url.rsplit("/", 1)[0] + f"/{name}"
