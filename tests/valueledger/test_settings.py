"""What the environment may say, what it becomes, and what is refused."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test import override_settings

from valueledger import env
from valueledger.common import checks

ROOT = Path(settings.BASE_DIR)
SHOWN = (
    "import json, valueledger.settings as s; print(json.dumps({n: getattr(s, n, None) for n in "
    "['DATABASES','CELERY_BROKER_URL','SESSION_COOKIE_NAME','SESSION_COOKIE_SECURE','SECURE_HSTS_SECONDS','EMAIL_BACKEND','EMAIL_HOST','EMAIL_PORT',"
    "'EMAIL_USE_TLS','EMAIL_TIMEOUT','ALLOWED_HOSTS','DEBUG','CELERY_BROKER_TRANSPORT_OPTIONS','SECURE_SSL_REDIRECT']}, default=str))"
)


def settings_with(tmp_path: Path, **variables: str) -> dict[str, Any]:
    own = {key: value for key, value in os.environ.items() if key not in env.READ}
    result = subprocess.run(
        [sys.executable, "-c", SHOWN],
        cwd=ROOT,
        env={**own, "VAR_DIR": str(tmp_path), **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    if result.returncode:
        raise ImproperlyConfigured(result.stderr.strip().splitlines()[-1])
    return json.loads(result.stdout)


def test_every_variable_that_is_read_stands_in_the_operators_table() -> None:
    table = (ROOT / "docs" / "operations.md").read_text().split("## Every variable")[1].split("## ")[0]
    described = set(re.findall(r"^\| `([A-Z_]+)` \|", table, re.MULTILINE))
    source = "".join(path.read_text() for path in (ROOT / "valueledger").rglob("*.py"))
    read = set(re.findall(r"env\.\w+\(\s*\"([A-Z_]+)\"", source))
    assert read >= env.READ
    assert described == read


def test_out_of_the_box_it_is_sqlite_and_memory_and_mail_in_files(tmp_path: Path) -> None:
    made = settings_with(tmp_path)
    database = made["DATABASES"]["default"]
    assert database["NAME"] == str(tmp_path / "valueledger.sqlite3")
    assert database["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    for part in ["journal_mode=WAL", "foreign_keys=ON", "recursive_triggers=ON"]:
        assert part in database["OPTIONS"]["init_command"]
    assert made["CELERY_BROKER_URL"] == "memory://"
    assert made["EMAIL_BACKEND"] == "valueledger.common.mailfiles.EmailBackend"
    assert made["DEBUG"] is False


def test_everything_by_url(tmp_path: Path) -> None:
    made = settings_with(
        tmp_path,
        DATABASE_URL="postgres://u:p%40ss@db:6432/ledger",
        REDIS_URL="redis://cache:6379/2",
        SMTP_URL="smtp+tls://me%40x:pw@mail.example.org",
        PUBLIC_URL="https://ledger.example.org/",
    )
    database = made["DATABASES"]["default"]
    assert (database["ENGINE"], database["HOST"], database["PASSWORD"]) == ("django.db.backends.postgresql", "db", "p@ss")
    assert database["CONN_HEALTH_CHECKS"] is True
    assert database["DISABLE_SERVER_SIDE_CURSORS"] is True
    assert made["CELERY_BROKER_TRANSPORT_OPTIONS"]["visibility_timeout"] == 600
    assert made["CELERY_BROKER_TRANSPORT_OPTIONS"]["socket_timeout"] == 3
    assert (made["EMAIL_HOST"], made["EMAIL_PORT"], made["EMAIL_USE_TLS"], made["EMAIL_TIMEOUT"]) == ("mail.example.org", 587, True, 15)
    assert made["SESSION_COOKIE_NAME"] == "__Host-session"
    assert made["SESSION_COOKIE_SECURE"] is True
    assert made["SECURE_HSTS_SECONDS"] > 0
    assert "ledger.example.org" in made["ALLOWED_HOSTS"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEBUG", "perhaps"),
        ("PUBLIC_URL", "ledger.example.org"),
        ("PUBLIC_URL", "https://ledger.example.org/path"),
        ("DATABASE_URL", "mysql2://nothing"),
        ("SMTP_URL", "mail.example.org:25"),
        ("SMTP_URL", "smtp://mail.example.org?timeout=soon"),
        ("SESSION_IDLE_HOURS", "0"),
        ("SESSION_IDLE_HOURS", "a day"),
        ("TRUSTED_PROXIES", "-1"),
        ("VAR_DIR", "/proc/nowhere/var"),
    ],
)
def test_what_cannot_be_read_stops_it_with_the_name(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=name):
        settings_with(tmp_path, **{name: value})


def test_set_to_nothing_counts_as_not_set(tmp_path: Path) -> None:
    empty = settings_with(
        tmp_path, **dict.fromkeys(["PUBLIC_URL", "SECRET_KEY", "REDIS_URL", "SMTP_URL", "DEBUG", "ALLOWED_HOSTS", "MAIL_FROM", "TRUSTED_PROXIES"], "")
    )
    assert empty == settings_with(tmp_path)


def test_the_secret_is_made_once_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "secret_key"
    first = env.secret("NO_SUCH_VARIABLE", path)
    env.READ.discard("NO_SUCH_VARIABLE")
    assert env.secret("NO_SUCH_VARIABLE", path) == first
    env.READ.discard("NO_SUCH_VARIABLE")
    assert len(first) >= 50
    assert path.stat().st_mode & 0o777 == 0o600
    assert [item.name for item in tmp_path.iterdir()] == ["secret_key"]


PUBLIC = {"PUBLIC_HOST": "ledger.example.org", "PUBLIC_URL": "https://ledger.example.org", "SECURE": True, "SMTP": {"EMAIL_HOST": "x"}}
LONG = "k3J9vQ2xL8mN4pR7sT1wY6zB5cD0fG-hV_aE3uI9oP2qS4tX7y"


def found(**wrong: Any) -> list[str]:
    with override_settings(**{**PUBLIC, "SECRET_KEY": LONG, "DEBUG": False, "ALLOWED_HOSTS": ["ledger.example.org"], **wrong}):
        every = [
            checks.debug_is_off_where_others_can_see,
            checks.the_secret_is_long,
            checks.hosts_are_named,
            checks.links_are_encrypted,
            checks.mail_leaves_the_machine,
        ]
        return [message.id for check in every for message in check(None)]


@pytest.mark.parametrize(
    ("wrong", "ids"),
    [
        ({}, []),
        ({"DEBUG": True}, ["valueledger.E001"]),
        ({"SECRET_KEY": "short"}, ["valueledger.E002"]),
        ({"SECRET_KEY": "a" * 60}, ["valueledger.E002"]),
        ({"SECRET_KEY": f"django-insecure-{LONG}"}, ["valueledger.E002"]),
        ({"ALLOWED_HOSTS": ["*"]}, ["valueledger.E003"]),
        ({"SECURE": False, "PUBLIC_URL": "http://ledger.example.org"}, ["valueledger.W004"]),
        ({"SMTP": None}, ["valueledger.W005"]),
        ({"DEBUG": True, "SECRET_KEY": "short", "ALLOWED_HOSTS": ["*"], "PUBLIC_HOST": "127.0.0.1", "SMTP": None}, []),
    ],
)
def test_unsafe_settings_are_refused_where_others_can_reach_us(wrong: dict[str, Any], ids: list[str]) -> None:
    assert found(**wrong) == ids


@pytest.mark.django_db
def test_the_database_is_opened_as_it_was_measured() -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            pragmas = {}
            for name in ["journal_mode", "foreign_keys", "recursive_triggers"]:
                cursor.execute(f"PRAGMA {name}")
                pragmas[name] = cursor.fetchone()[0]
            assert pragmas == {"journal_mode": "wal", "foreign_keys": 1, "recursive_triggers": 1}
        else:
            cursor.execute("SHOW statement_timeout")
            assert cursor.fetchone()[0] == "1min"


def test_ticks_expire_with_their_period_and_nothing_else_travels() -> None:
    assert settings.CELERY_BEAT_SCHEDULE
    for tick in settings.CELERY_BEAT_SCHEDULE.values():
        assert tick["options"] == {"expires": max(tick["schedule"], 5.0)}
        assert "args" not in tick
        assert "kwargs" not in tick
    assert settings.CELERY_TASK_ACKS_LATE
    assert settings.CELERY_TASK_REJECT_ON_WORKER_LOST
    assert settings.CELERY_TASK_IGNORE_RESULT
    assert settings.CELERY_WORKER_PREFETCH_MULTIPLIER == 1
    assert settings.CELERY_TASK_TIME_LIMIT < 600
    assert settings.EMAIL_TIMEOUT
