"""One command: database, web server, Celery worker and beat; prints the address; Ctrl-C stops all of it.

What was learnt the hard way:
- each child gets its own session, so a terminal's Ctrl-C reaches only this process. gunicorn's threaded worker deadlocks
  (30 s) when it gets SIGINT from the terminal and SIGQUIT from its master at once.
- PR_SET_PDEATHSIG: children go with this process even when it is killed with -9 (Linux; elsewhere they are left).
- one instance per data folder (flock), since two supervisors would run two beats on one database.
- "ready" means that the worker wrote its row and the port answers, not that processes exist.
"""

import ctypes
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from datetime import datetime
from typing import Any, TextIO

from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command
from django.core.management.base import CommandParser
from django.db import DatabaseError, OperationalError, connections
from django.utils import timezone

from relationships.services import setup
from valueledger import env
from valueledger.common.models import Heartbeat

GRACE_SECONDS = 10
READY_SECONDS = 90
MOST_RESTARTS = 5
WELL_AFTER_SECONDS = 60
PORTS_TRIED = 20
LARGEST_LOG = 10_000_000
PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Child:
    """One process of ours, its log, and how often it had to be started again."""

    def __init__(self, name: str, command: list[str], environment: dict[str, str]) -> None:
        self.name, self.command, self.environment = name, command, environment
        self.log = settings.VAR_DIR / f"{name}.log"
        self.restarts = 0
        if self.log.exists() and self.log.stat().st_size > LARGEST_LOG:
            self.log.replace(self.log.with_suffix(".log.1"))
        self.spawn()

    def spawn(self) -> None:
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=settings.BASE_DIR,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
        self.begun = time.monotonic()

    def tail(self) -> str:
        return self.log.read_text(errors="replace")[-2000:]


class Command(BaseCommand):
    help = "Run Value Ledger on this machine: web, worker and beat, with no other server."
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="the address to listen on")
        parser.add_argument("--port", type=int, default=env.integer("PORT", 8000, least=1, most=65535), help="the first port to try")

    def handle(self, *, host: str, port: int, **options: Any) -> None:
        self.stopping = 0
        self.children: list[Child] = []
        self.lock = self.lock_folder()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.on_signal)
        port = self.free_port(host, port)
        self.prepare_database()
        begun = timezone.now()
        try:
            self.children = [Child(name, command, self.environment(host, port)) for name, command in self.commands(host, port).items()]
            self.wait_until_ready(host, port, begun)
            self.supervise()
        finally:
            self.stop()

    def lock_folder(self) -> TextIO:
        lock = open(settings.VAR_DIR / "start.lock", "a+")  # noqa: SIM115  (held open for as long as we run)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandError(f"Value Ledger is already running on {settings.VAR_DIR}.") from None
        return lock

    def free_port(self, host: str, port: int) -> int:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        for candidate in range(port, min(port + PORTS_TRIED, 65536)):
            with socket.socket(family) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((host, candidate))
                except OSError:
                    continue
                return candidate
        raise CommandError(f"No free port from {port} to {port + PORTS_TRIED - 1} on {host}.")

    def prepare_database(self) -> None:
        try:
            call_command("migrate", verbosity=0, interactive=False)
        except OperationalError as error:
            raise CommandError(f"The database does not answer: {str(error).strip()}") from None

    def address(self, host: str, port: int) -> str:
        """Where a browser on this machine finds us; PUBLIC_URL, if set, is where everybody does."""
        given = env.text("PUBLIC_URL")
        if given:
            return given.rstrip("/")
        name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
        return f"http://{name}:{port}"

    def environment(self, host: str, port: int) -> dict[str, str]:
        """The children build links to the port that was free, not to the one that was hoped for."""
        return {**os.environ, "PUBLIC_URL": self.address(host, port), "VAR_DIR": str(settings.VAR_DIR)}

    def commands(self, host: str, port: int) -> dict[str, list[str]]:
        python = sys.executable
        bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        celery = [python, "-m", "celery", "-A", "valueledger"]
        quiet = ["--loglevel", "warning"]
        alone = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        commands = {
            "web": [python, "-m", "gunicorn", "valueledger.wsgi", "--bind", bind, "--threads", "8", "--no-control-socket", "--log-level", "warning"],
            "worker": [*celery, "worker", *quiet, "--pool", "threads", "--concurrency", "2", *alone],
        }
        if settings.REDIS_URL:  # else beat is a thread of the worker, since a broker in memory does not leave its process
            commands["beat"] = [*celery, "beat", *quiet, "--pidfile="]
        return commands

    def on_signal(self, number: int, frame: Any) -> None:
        self.stopping += 1

    def wait_until_ready(self, host: str, port: int, begun: datetime) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not self.stopping:
            self.revive()
            if self.answers(host, port) and self.worker_is_ready(begun):
                self.announce(self.address(host, port))
                return
            if time.monotonic() > deadline:
                raise CommandError(f"Not ready after {READY_SECONDS} s; see {settings.VAR_DIR}/*.log.")
            time.sleep(0.1)

    def answers(self, host: str, port: int) -> bool:
        try:
            socket.create_connection(({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port), 0.2).close()  # noqa: S104
        except OSError:
            return False
        return True

    def worker_is_ready(self, begun: datetime) -> bool:
        try:
            return Heartbeat.objects.filter(name="worker", at__gte=begun).exists()
        except DatabaseError:
            return False

    def announce(self, address: str) -> None:
        """Said in one piece, so that whoever waits for the first line has the link as well."""
        lines = [self.style.SUCCESS(f"Value Ledger is running at {address}/  (Ctrl-C stops it)")]
        if setup.has_users():
            lines.append(f"Sign in at {address}/account/login/ with your e-mail and password.")
        else:
            link = f"{address}/setup/{setup.issue_first_link(now=timezone.now())}/"
            lines.append(f"First run: make the owner's account here (works once, for 24 hours):\n  {link}")
        if not settings.SMTP:
            lines.append(f"Mails are written to {settings.MAIL_DIR} (SMTP_URL sends them instead).")
        self.stdout.write("\n".join(lines))
        self.stdout.flush()
        connections.close_all()

    def supervise(self) -> None:
        while not self.stopping:
            self.revive()
            time.sleep(0.2)

    def revive(self) -> None:
        """Start a dead child again, a little later each time. One that ran well for a minute starts from nought."""
        for child in self.children:
            if self.stopping or child.process.poll() is None:
                continue
            if time.monotonic() - child.begun > WELL_AFTER_SECONDS:
                child.restarts = 0
            child.restarts += 1
            if child.restarts > MOST_RESTARTS:
                raise CommandError(f"{child.name} keeps failing (exit {child.process.returncode}):\n{child.tail()}")
            self.stderr.write(f"{child.name} ended with {child.process.returncode}; starting it again ({child.restarts}/{MOST_RESTARTS})")
            time.sleep(0.5 * child.restarts)
            child.spawn()

    def stop(self) -> None:
        """Ask the main processes only; kill after the grace time, which is safe: leases give the work back."""
        begun, asked = time.monotonic(), self.stopping
        alive = [child.process for child in self.children if child.process.poll() is None]
        for process in alive:
            process.send_signal(signal.SIGTERM)
        while any(process.poll() is None for process in alive):
            if time.monotonic() - begun > GRACE_SECONDS or self.stopping > max(asked, 1):
                self.kill(alive)
            time.sleep(0.05)
        self.stdout.write(f"Stopped in {time.monotonic() - begun:.1f} s.")

    def kill(self, processes: list[subprocess.Popen[bytes]]) -> None:
        for process in processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
