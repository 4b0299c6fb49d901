"""The start command as a person meets it: processes, ports, signals. It runs on whatever DATABASE_URL and REDIS_URL name."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2
import pytest
from django.conf import settings

pytestmark = pytest.mark.slow

ROOT = Path(settings.BASE_DIR)
PATIENCE = 90


def until(condition: Callable[[], object], seconds: float = PATIENCE, what: str = "") -> object:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.1)
    raise AssertionError(f"Not within {seconds} s: {what}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def children_of(pid: int) -> dict[int, str]:
    """Children with their command lines, from /proc: nothing has to be installed for it."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == pid:
                found[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ")
        except (OSError, ValueError):
            continue
    return found


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Started:
    """One `manage.py start`, its console, and the port that it was told to try."""

    def __init__(self, environment: dict[str, str], console: Path, port: int = 0) -> None:
        self.port, self.console = port or free_port(), console
        with open(console, "wb") as out:
            command = [sys.executable, "manage.py", "start", "--port", str(self.port)]
            self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT, start_new_session=True)

    @property
    def said(self) -> str:
        return self.console.read_text()

    def wait(self) -> "Started":
        until(lambda: "is running at" in self.said or self.process.poll() is not None, what=self.said)
        assert self.process.poll() is None, self.said
        return self

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def children(self) -> dict[int, str]:
        return children_of(self.process.pid)

    def family(self) -> set[int]:
        return {self.process.pid, *self.children(), *(grandchild for child in self.children() for grandchild in children_of(child))}


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    own = {**os.environ, "VAR_DIR": str(tmp_path / "var")}
    for name in ("PUBLIC_URL", "DJANGO_SETTINGS_MODULE", "PORT", "SMTP_URL"):
        own.pop(name, None)
    if settings.DATABASE["ENGINE"].endswith("sqlite3"):
        own.pop("DATABASE_URL", None)
        yield own
        return
    address = os.environ["DATABASE_URL"]
    name = f"start_{os.getpid()}_{free_port()}"
    admin = psycopg2.connect(address)
    admin.autocommit = True
    admin.cursor().execute(f'CREATE DATABASE "{name}"')
    yield own | {"DATABASE_URL": re.sub(r"/[^/]*$", f"/{name}", address)}
    admin.cursor().execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    admin.close()


@pytest.fixture
def start(environment: dict[str, str], tmp_path: Path) -> Iterator[Callable[[], Started]]:
    made: list[Started] = []

    def go() -> Started:
        made.append(Started(environment, tmp_path / f"console{len(made)}"))
        return made[-1]

    yield go
    for one in made:
        if one.process.poll() is None:
            one.process.send_signal(signal.SIGTERM)
            one.process.wait(20)


def test_a_whole_life(start: Callable[[], Started], environment: dict[str, str]) -> None:
    first = start().wait()
    state = json.loads(first.get("/readyz")[1])
    assert state["ready"], state

    # The first run is open to the link on the console and to nothing else.
    link = re.search(r"http://127\.0\.0\.1:\d+(/setup/\S+/)", first.said).group(1)
    assert first.get(link)[0] == 200
    assert "one-time link" in first.get("/account/login/")[1]

    # The same data folder is run once.
    second = start()
    assert second.process.wait(60) == 1
    assert "already running" in second.said

    # A worker that dies is started again and beats.
    worker = next(pid for pid, command in first.children().items() if "celery" in command and "worker" in command)
    os.kill(worker, signal.SIGKILL)
    until(lambda: any(pid != worker and " worker " in command for pid, command in first.children().items()), what="a new worker")
    until(lambda: "starting it again (1/5)" in first.said, what=first.said)
    until(lambda: json.loads(first.get("/readyz")[1])["worker"] == "ok", what="the new worker beats")

    # Ctrl-C ends all of it, soon, with exit code 0.
    family = first.family()
    begun = time.monotonic()
    first.process.send_signal(signal.SIGINT)
    assert first.process.wait(20) == 0, first.said
    assert time.monotonic() - begun < 8
    until(lambda: not any(is_alive(pid) for pid in family), 5, "no process left")

    # kill -9 takes the children along, and the next start finds everything as it was.
    third = start().wait()
    assert "/setup/" in third.said, "nobody owns it yet, so there is a fresh link"
    family = third.family()
    assert len(family) >= 4
    third.process.kill()
    third.process.wait(5)
    until(lambda: not any(is_alive(pid) for pid in family), 20, "no process left after kill -9")
    fourth = start().wait()
    assert json.loads(fourth.get("/readyz")[1])["ready"]


def test_a_busy_port_leads_to_the_next_one(environment: dict[str, str], tmp_path: Path) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        one = Started(environment, tmp_path / "console", port).wait()
        found = int(re.search(r"running at http://127\.0\.0\.1:(\d+)/", one.said).group(1))
        one.process.send_signal(signal.SIGTERM)
        assert one.process.wait(20) == 0
    assert port < found < port + 20


def test_a_child_that_cannot_run_ends_it_with_the_tail_of_its_log(environment: dict[str, str], tmp_path: Path) -> None:
    broken = environment | {"GUNICORN_CMD_ARGS": "--no-such-option"}
    one = Started(broken, tmp_path / "console")
    assert one.process.wait(PATIENCE) == 1
    assert "web keeps failing" in one.said
    assert "no-such-option" in one.said
    until(lambda: not one.children(), 5, "no process left")


def test_a_database_that_does_not_answer_is_said_in_a_sentence(environment: dict[str, str], tmp_path: Path) -> None:
    one = Started(environment | {"DATABASE_URL": f"postgres://nobody@127.0.0.1:{free_port()}/none"}, tmp_path / "console")
    assert one.process.wait(60) == 1
    assert "The database does not answer" in one.said
    assert "Traceback" not in one.said
