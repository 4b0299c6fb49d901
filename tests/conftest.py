"""The ground that every test stands on: a database of its own, no network, a fast hasher, and a browser where there is one."""

import gc
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # Playwright runs a loop in the thread of the test

PROGRAMS = {"browser": ["chromium"], "postgres": ["initdb", "pg_ctl"], "redis": ["redis-server"], "clock": ["libfaketime.so.1"]}
MAY_SKIP = os.environ.get("CI", "").lower() not in {"1", "true"}
LOOPBACK = ("127.", "::1", "localhost", "0.0.0.0")

# A TRUNCATE of every table, and every trigger anew, would take longer than the test: only what holds rows, in a session that fires no trigger.
EMPTIED = """
DO $$
DECLARE name text; is_used boolean;
BEGIN
  PERFORM set_config('session_replication_role', 'replica', true);
  FOR name IN SELECT tablename FROM pg_tables
    WHERE schemaname = 'public' AND tablename NOT IN ('django_migrations', 'django_content_type', 'auth_permission')
  LOOP
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I)', name) INTO is_used;
    IF is_used THEN EXECUTE format('DELETE FROM %I', name); END IF;
  END LOOP;
END $$
"""


def program(name: str) -> str | None:
    """Where it is. Debian keeps PostgreSQL's own programs, and the library that lends a program another clock, outside of the path."""
    found = shutil.which(name)
    places = [*sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}")), *Path("/usr/lib").glob(f"*/faketime/{name}")]
    return found or (str(places[-1]) if places else None)


def pytest_configure(config: pytest.Config) -> None:
    from django.conf import settings

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that needs a program says so aloud where that is missing; CI does not let it."""
    for mark, names in PROGRAMS.items():
        missing = [name for name in names if program(name) is None]
        if missing:
            for item in items:
                if item.get_closest_marker(mark):
                    item.add_marker(pytest.mark.skip(reason=f"NOT TESTED: {', '.join(missing)} is not installed"))


def pytest_collection_finish(session: pytest.Session) -> None:
    """What was imported stays until the end: not looked through again at each collection of garbage."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if not MAY_SKIP and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if not MAY_SKIP and terminalreporter.stats.get("skipped"):
        terminalreporter.write_line("CI does not accept skipped tests: install the programs named above.", red=True, bold=True)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """SQLite in a file: with WAL and threads it behaves as in production, which a shared memory database does not."""
    from django.conf import settings

    database = settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3"):
        database.setdefault("TEST", {})["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")


@pytest.fixture(scope="session", autouse=True)
def _tables_can_be_emptied_between_tests() -> Iterator[None]:
    """Transactional tests empty every table afterwards, which the append-only triggers refuse: lifted for that moment alone."""
    from django.db import connections
    from django.test import TransactionTestCase

    from valueledger.common import append_only

    original = TransactionTestCase._fixture_teardown

    def teardown(self: TransactionTestCase) -> None:
        connection = connections["default"]
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(EMPTIED)
        else:
            with append_only.lifted(connection):
                original(self)

    TransactionTestCase._fixture_teardown = teardown
    yield
    TransactionTestCase._fixture_teardown = original


@pytest.fixture(scope="session", autouse=True)
def _no_network_but_loopback() -> Iterator[None]:
    original = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        if self.family in {socket.AF_INET, socket.AF_INET6} and not str(address[0]).startswith(LOOPBACK):
            raise AssertionError(f"A test reached out to {address[0]}.")
        original(self, address)

    socket.socket.connect = connect
    yield
    socket.socket.connect = original


@pytest.fixture(scope="session", autouse=True)
def _static_files_are_found_once() -> Iterator[None]:
    """Each client loads the middleware anew, which would look through the static files each time: the same files, read once."""
    from whitenoise.middleware import WhiteNoiseMiddleware

    original, found = WhiteNoiseMiddleware.add_files_from_finders, {}

    def add_files(self: Any) -> None:
        if not found:
            original(self)
            found.update(self.files)
        self.files.update(found)

    WhiteNoiseMiddleware.add_files_from_finders = add_files
    yield
    WhiteNoiseMiddleware.add_files_from_finders = original


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Debian's Chromium, not one that Playwright would download."""
    quiet = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
    return {**browser_type_launch_args, "executable_path": program("chromium"), "args": ["--no-sandbox", *quiet]}


from tests.cast import cast, employee, rehearsed  # noqa: E402, F401  (the cast)
