"""Buckets that fill again, who is counted, and rows that are swept."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.db import connection
from django.http import HttpRequest
from django.test import Client, RequestFactory

from relationships.models import User
from valueledger.common import housekeeping, limits
from valueledger.common.models import RateBucket

NOON = datetime(2026, 6, 11, 12, tzinfo=UTC)


def takes(count: int, now: datetime) -> int:
    return sum(limits.take("k", burst=5, per_minute=60, now=now) for _ in range(count))


@pytest.mark.django_db
def test_a_bucket_gives_what_it_holds_and_fills_again() -> None:
    assert takes(8, NOON) == 5
    assert takes(8, NOON + timedelta(seconds=2)) == 2
    assert takes(8, NOON + timedelta(hours=5)) == 5


@pytest.mark.django_db
def test_a_clock_that_goes_back_fills_nothing() -> None:
    assert takes(5, NOON) == 5
    assert takes(5, NOON - timedelta(hours=1)) == 0


@pytest.mark.django_db(transaction=True)
def test_many_at_once_never_take_more_than_there_is() -> None:
    taken: list[bool] = []

    def go() -> None:
        for _ in range(5):
            taken.append(limits.take("k", burst=7, per_minute=0, now=NOON))
        connection.close()

    threads = [threading.Thread(target=go) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 50
    assert sum(taken) <= 7
    assert not limits.take("k", burst=7, per_minute=0, now=NOON) or sum(taken) < 7


def request_from(address: str, forwarded: str = "") -> HttpRequest:
    extra = {"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}
    return RequestFactory().get("/", REMOTE_ADDR=address, **extra)


def test_a_forged_forwarding_header_is_not_believed(settings: Any) -> None:
    settings.TRUSTED_PROXIES = 0
    assert limits.network_of(request_from("203.0.113.9", "1.2.3.4")) == "203.0.113.9"
    settings.TRUSTED_PROXIES = 1
    assert limits.network_of(request_from("10.0.0.1", "1.2.3.4, 198.51.100.7")) == "198.51.100.7"
    assert limits.network_of(request_from("10.0.0.1")) == "10.0.0.1"


@pytest.mark.parametrize(
    ("address", "network"),
    [("2001:db8::1", "2001:db8::/64"), ("2001:db8::ffff:1", "2001:db8::/64"), ("192.0.2.1", "192.0.2.1"), ("", "unknown"), ("x", "unknown")],
)
def test_a_network_is_an_address_or_a_64(address: str, network: str) -> None:
    assert limits.network_of(request_from(address)) == network


@pytest.mark.django_db
def test_guessing_links_ends_in_429_for_that_network_alone(client: Client) -> None:
    User.objects.create_user("ana@acme.example", "x")
    with time_machine.travel(NOON, tick=False):
        statuses = [client.get(f"/setup/guess-{number}/").status_code for number in range(35)]
        assert statuses == [404] * 30 + [429] * 5
        assert client.get("/p/another-guess/").headers["Retry-After"] == "60"
        assert client.get("/account/login/").status_code == 200
        assert client.get("/setup/guess/", REMOTE_ADDR="198.51.100.4").status_code == 404
        assert client.get("/setup/guess/", headers={"X-Forwarded-For": "198.51.100.5"}).status_code == 429


@pytest.mark.django_db
def test_what_is_worth_nothing_is_swept() -> None:
    RateBucket.objects.create(key="old", level=1, updated_at=NOON - timedelta(days=2))
    RateBucket.objects.create(key="new", level=1, updated_at=NOON)
    Session.objects.create(session_key="old", session_data="", expire_date=NOON - timedelta(seconds=1))
    Session.objects.create(session_key="new", session_data="", expire_date=NOON + timedelta(days=1))
    assert {name: count for name, count in housekeeping.sweep(now=NOON).items() if count} == {"sessions": 1, "buckets": 1}
    assert list(RateBucket.objects.values_list("key", flat=True)) == ["new"]
    assert not any(housekeeping.sweep(now=NOON).values())
