from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from valueledger.common import health
from valueledger.common.models import Heartbeat


def test_healthz_answers_without_touching_the_database(client: Client) -> None:
    # No database is allowed in this test, so a query would fail it.
    response = client.get("/healthz")
    assert response.status_code == 200
    assert response.content == b"ok\n"
    assert "Set-Cookie" not in response.headers


@pytest.mark.django_db
def test_ready_while_the_worker_beats(client: Client) -> None:
    health.beat_of("worker", now=timezone.now())
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json()["worker"] == "ok"


@pytest.mark.django_db
def test_not_ready_before_any_worker_has_come(client: Client) -> None:
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json() | {"oldest_due_seconds": 0.0} == {
        "ready": False,
        "database": "ok",
        "migrations": "ok",
        "worker": "silent",
        "worker_seconds_ago": None,
        "oldest_due_seconds": 0.0,
    }


@pytest.mark.django_db
@pytest.mark.parametrize(("seconds", "ready"), [(14, True), (15, True), (16, False), (3600, False)])
def test_three_missed_beats_make_it_not_ready(seconds: int, ready: bool) -> None:
    now = datetime(2026, 6, 11, 12, tzinfo=UTC)
    health.beat_of("worker", now=now - timedelta(seconds=seconds))
    assert health.state_at(now)["ready"] is ready


@pytest.mark.django_db
def test_a_beat_moves_its_own_row() -> None:
    now = datetime(2026, 6, 11, 12, tzinfo=UTC)
    health.beat_of("worker", now=now)
    health.beat_of("worker", now=now + timedelta(seconds=5))
    assert list(Heartbeat.objects.values_list("name", "at")) == [("worker", now + timedelta(seconds=5))]


def test_not_ready_without_a_database(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(**_: object) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(health, "has_all_migrations", away)
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json() == {"ready": False, "database": "away"}


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_other_methods_are_refused(client: Client, path: str) -> None:
    assert client.post(path).status_code == 405
