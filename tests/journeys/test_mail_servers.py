"""Mail servers as they are: one that refuses, one that says later, one that hangs before the text or after it, one that breaks off, one that is
slow, and one that does not even greet. A real worker meets them all; whoever is not concerned gets their mail meanwhile, nobody gets two, and
no page waits.
"""

import re
import time

import pytest

from tests.journeys.running import A_MOMENT, Browser, Ledger, Postbox, token_in, until

pytestmark = [pytest.mark.slow]

LOST = "The connection broke after the text was sent. It may have arrived, so it is not sent again."


def test_a_mail_server_that_hangs_breaks_refuses_and_delays_holds_nobody_else_up(ledger: Ledger, postbox: Postbox) -> None:
    until(lambda: ledger.stand()["mails"].count(["check", "SENT"]) == 3, ledger.said)
    steward = Browser(ledger)
    steward.sign_in()

    # One recipient for whom it never answers: meanwhile the next ones get their mail, pages answer at once, and the worker says that it lives.
    postbox.habits["silent"] = "silent"
    ledger.ask_somebody_new("silent")
    until(lambda: postbox.hanging, ledger.said)
    ledger.ask_somebody_new("other", "another")
    waited = [ledger.page_takes()]
    begun = time.monotonic()
    page = steward.get("/")
    form = sorted(set(re.findall(r'action="(/prompts/[0-9a-f-]+/)"', page)))[0]
    steward.post(form, {"csrfmiddlewaretoken": token_in(page), "value": "0"})
    waited.append(time.monotonic() - begun)
    assert max(waited) < A_MOMENT
    until(lambda: postbox.counts(["other", "another"]) == [1, 1], ledger.said, 30)
    assert postbox.counts(["silent"]) == [0]
    until(lambda: any("broke before the text" in reason for _, _, reason in ledger.mails_of("silent")), ledger.said)
    assert ledger.is_ready()

    # It takes the text and never says so, or hangs up instead: nobody knows whether that arrived, so it is not sent again.
    postbox.habits |= {"swallowed": "swallows", "broken": "breaks"}
    ledger.ask_somebody_new("swallowed", "broken", "third")
    until(lambda: postbox.counts(["third"]) == [1], ledger.said)
    for name in ("swallowed", "broken"):
        until(lambda name=name: ledger.mails_of(name) == [("check", "UNKNOWN", LOST)], ledger.said)

    # Refused for good, not now, and slowly: each has its own end.
    postbox.habits |= {"refused": "refuses", "later": "later", "slow": "slow"}
    ledger.ask_somebody_new("refused", "later", "slow", "fourth")
    until(lambda: postbox.counts(["slow", "fourth"]) == [1, 1], ledger.said)
    assert ledger.mails_of("refused") == [("check", "FAILED", "The mail server said 550 no such person")]
    assert ledger.mails_of("later") == [("check", "DUE", "The mail server said 451 not now")]

    # Later it is well again: who had none gets theirs, and nobody whose mail was unknown or refused gets another.
    postbox.habits.clear()
    for name in ("silent", "later"):
        ledger.look_again_at(name)
    until(lambda: postbox.counts(["silent", "later"]) == [1, 1], ledger.said)

    # Not even a greeting, for anybody: nothing is lost, pages and the worker's heartbeat go on.
    postbox.habits["everybody"] = "deaf"
    ledger.ask_somebody_new("patient", "first", "second")
    until(lambda: postbox.hanging, ledger.said)
    for _ in range(20):
        assert ledger.page_takes() < A_MOMENT
        assert ledger.is_ready(), ledger.readiness()
        time.sleep(0.5)
    assert postbox.counts(["patient", "first", "second"]) == [0, 0, 0]
    assert {state for name in ("patient", "first", "second") for _, state, _ in ledger.mails_of(name)} <= {"DUE", "CLAIMED", "HANDING_OVER"}
    postbox.habits.clear()
    names = ["patient", "first", "second"]
    for name in names:
        ledger.look_again_at(name)
    until(lambda: postbox.counts(names) == [1, 1, 1], ledger.said)

    everybody = [*names, "silent", "other", "another", "swallowed", "broken", "third", "later", "slow", "fourth"]
    assert postbox.counts(everybody) == [1] * len(everybody)
    assert postbox.counts(["refused"]) == [0]
    ids = [message["Message-ID"] for _, message in postbox.taken]
    assert len(ids) == len(set(ids))
