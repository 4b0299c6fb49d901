"""Servers of our own for whole journeys: on free ports, in a folder that goes away, and never the ones that are already running here."""

import logging
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import program
from tests.journeys.running import SCENE, Ledger, Postbox, own_database


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_port(port: int, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError(f"Nothing listens on {port}.")


@pytest.fixture(autouse=True)
def _quiet_mail_servers() -> None:
    logging.getLogger("mail.log").setLevel(logging.ERROR)  # a line a command would bury what a failure says


@pytest.fixture
def faketime() -> Path:
    """The library that lets a program see another time of day."""
    return Path(str(program("libfaketime.so.1")))


@pytest.fixture
def postbox() -> Iterator[Postbox]:
    box = Postbox()
    box.open(free_port())
    yield box
    box.close()


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """One that a test may freeze, empty and end."""
    port = free_port()
    command = [str(program("redis-server")), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for_port(port)
        yield f"redis://127.0.0.1:{port}/0", process
    finally:
        process.send_signal(signal.SIGCONT)
        process.send_signal(signal.SIGTERM)
        process.wait(10)


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port, folder = free_port(), tmp_path_factory.mktemp("redis")
    command = [str(program("redis-server")), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for_port(port)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A cluster of its own. The server refuses to run as root, so root lends it to the user that the package made."""
    port, folder = free_port(), tmp_path_factory.mktemp("postgres") / "data"
    prefix: list[str] = []
    if os.geteuid() == 0:
        prefix = ["runuser", "-u", "postgres", "--"]
        folder = Path("/tmp") / f"valueledger-journey-{os.getpid()}"  # a place that this user may reach
        folder.mkdir(mode=0o700)
        shutil.chown(folder, "postgres", "postgres")
        folder = folder / "data"
    run = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": "/"}
    subprocess.run([*prefix, str(program("initdb")), "-D", str(folder), "--no-sync", "-A", "trust", "-U", "ledger", "-E", "UTF8"], **run)  # type: ignore[call-overload]
    control = [*prefix, str(program("pg_ctl")), "-D", str(folder), "-w", "-l", str(folder / "log")]
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
    subprocess.run([*control, "-o", options, "start"], **run)  # type: ignore[call-overload]
    try:
        yield f"postgres://ledger@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], **run)  # type: ignore[call-overload]
        if os.geteuid() == 0:
            shutil.rmtree(folder.parent, ignore_errors=True)


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite database with every table and no row, made once and copied."""
    running = Ledger(tmp_path_factory.mktemp("empty"), 0)
    running.manage("migrate", "--verbosity", "0")
    return running.folder / "valueledger.sqlite3"


@pytest.fixture(scope="session")
def empty_database(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The same on PostgreSQL, as a template."""
    url = own_database(postgres_url, "empty")
    Ledger(tmp_path_factory.mktemp("empty"), 0, DATABASE_URL=url).manage("migrate", "--verbosity", "0")
    return url


@pytest.fixture(params=["embedded", pytest.param("servers", marks=[pytest.mark.redis, pytest.mark.postgres])])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """Once as it comes out of the box, once with PostgreSQL and Redis."""
    if request.param == "embedded":
        shutil.copy(request.getfixturevalue("empty_file"), tmp_path)
        return {}
    request.getfixturevalue("empty_database")
    url = own_database(request.getfixturevalue("postgres_url"), f"journey_{free_port()}", template="empty")
    return {"DATABASE_URL": url, "REDIS_URL": request.getfixturevalue("redis_url")}


@pytest.fixture
def ledger(engine: dict[str, str], postbox: Postbox, tmp_path: Path) -> Iterator[Ledger]:
    """Running, with two clients who were never asked; both times with a mail server whose answer it awaits for four seconds."""
    running = Ledger(tmp_path, free_port(), SMTP_URL=f"smtp://127.0.0.1:{postbox.port}?timeout=4", **engine)
    try:
        running.run(SCENE.replace("ZONE", "UTC"))
        running.start()
        yield running
    finally:
        running.end()
