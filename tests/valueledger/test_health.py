from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from exchanges.models import Assurance, Prompt, RoundSeat
from exchanges.services.prompts import lapse
from exchanges.services.rounds import answer_check, open_round, sweep_rounds
from tests.makers import NOW
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
    assert response.json() == {
        "ready": False,
        "database": "ok",
        "migrations": "ok",
        "worker": "silent",
        "worker_seconds_ago": None,
        "oldest_due_seconds": 0.0,
        "oldest_unposted_round_seconds": 0.0,
        "oldest_due_prompt_seconds": 0.0,
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


def test_it_names_how_long_work_has_waited(cast: Any, client: Client) -> None:
    """Nothing ran for a day: what is due says since when, and the process itself is alive."""
    late = NOW + timedelta(days=15)
    open_round(relationship=cast.borealis, now=NOW, reason="due")
    health.beat_of("worker", now=late - timedelta(seconds=16))
    state = health.state_at(late)
    assert state["ready"] is False
    assert state["oldest_due_seconds"] == timedelta(days=15).total_seconds()
    assert state["oldest_unposted_round_seconds"] == timedelta(days=1).total_seconds()
    Prompt.objects.update(round=None)
    assert health.state_at(late)["oldest_due_prompt_seconds"] == timedelta(days=1).total_seconds()
    assert client.get("/healthz").status_code == 200
    sweep_rounds(now=late)
    lapse(now=late)
    assert health.state_at(late) | {"oldest_due_seconds": 0} == {
        **state, "oldest_unposted_round_seconds": 0.0, "oldest_due_prompt_seconds": 0.0, "oldest_due_seconds": 0,
    }  # fmt: skip


def test_a_round_that_both_answered_waits_since_then(cast: Any) -> None:
    open_round(relationship=cast.borealis, now=NOW, reason="due")
    for participant in (cast.bo_speaks, cast.ana_speaks):
        seat = RoundSeat.objects.select_related("round").get(participant=participant)
        answer_check(seat=seat, value=Decimal(1), assurance=Assurance.LINK, now=NOW)
    assert health.state_at(NOW + timedelta(minutes=5))["oldest_unposted_round_seconds"] == 300.0
