"""P1: the mail server of the benchmark counts what it takes, and what is counted of scan and sweep would show more queries or a lost row."""

import smtplib

import pytest

from benchmarks import mailserver, prompting
from benchmarks.harness import LOW, OK
from exchanges.selectors import asking
from tests.makers import make_workspace
from valueledger.common.tenancy import within


def test_the_mail_server_counts_what_it_takes():
    with mailserver.running() as (port, _process):
        assert prompting.taken(port) == 0
        with smtplib.SMTP("127.0.0.1", port) as server:
            for _ in range(2):
                server.sendmail("us@acme.test", ["bo@borealis.test"], b"Subject: One\r\n\r\nLine\r\n.hidden dot\r\n")
        assert prompting.taken(port) == 2


@pytest.fixture
def workspace(db):
    made = make_workspace("Portfolio")
    with within(made.pk):
        yield made


def test_a_scan_is_one_query_and_finds_what_is_due(workspace, monkeypatch):
    due = prompting.portfolio(workspace, 200)
    assert len(due) == 3
    assert prompting.queries_of_scan(workspace, due).state == OK
    real = asking.to_look_at
    monkeypatch.setattr(asking, "to_look_at", lambda *given: real(*given) and real(*given))
    assert prompting.queries_of_scan(workspace, due).state == LOW
    monkeypatch.setattr(asking, "to_look_at", lambda *given: real(*given)[1:])
    with pytest.raises(AssertionError):
        prompting.queries_of_scan(workspace, due)


@pytest.mark.django_db
def test_a_sweep_hands_over_every_mail_in_few_statements(monkeypatch):
    [line] = prompting.sweep(2, counts_only=True)
    assert line.state == OK
    monkeypatch.setattr(prompting, "STATEMENTS_MAX", 5)
    [line] = prompting.sweep(2, counts_only=True)
    assert line.state == LOW
