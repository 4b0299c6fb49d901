"""Ask and answer, as it happens: beat ticks, the worker asks, a mail server takes the mail, two counterparts answer by link, balances move.

Everything runs as an operator runs it, in processes of its own; the test only reads mail and speaks HTTP, and sets the scene before. While
the last answers mature, all of it is killed and started again.
"""

import re
import time
import urllib.error
from email.message import EmailMessage

import pytest

from tests.journeys.running import SCENE, Browser, Ledger, Postbox, token_in, until

pytestmark = [pytest.mark.slow]


def link_in(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    found = re.search(r"(https?://\S+/p/[^/\s]+/)\?answer=-1", body.get_content())
    assert found, body.get_content()
    return found.group(1)


def test_two_counterparts_are_asked_by_mail_and_their_answers_move_their_balances(ledger: Ledger, postbox: Postbox) -> None:
    # Nobody was ever asked, so both relationships are due: beat ticks, the worker asks, the mails go out.
    until(lambda: postbox.mails_to("bo@borealis.example") and postbox.mails_to("cy@corax.example"), ledger.said)
    until(lambda: ledger.stand()["mails"].count(["check", "SENT"]) == 3, ledger.said)
    stand = ledger.stand()
    assert stand["rounds"] == 2
    second, *sent = stand["mails"] if ["check", "DUE"] in stand["mails"] else stand["mails"][::-1]
    assert sent == [["check", "SENT"]] * 3
    assert second in (["check", "SKIPPED"], ["check", "DUE"])  # Ana's second question came along, or was asked a moment later and waits for tomorrow

    # Each opens the own link, without a login; the answer stays blind.
    answers = {"bo@borealis.example": "-2", "cy@corax.example": "1"}
    guests = {address: (Browser(ledger), link_in(postbox.mails_to(address)[0])) for address in answers}
    for address, (browser, link) in guests.items():
        assert link.startswith(f"{ledger.address}/p/")
        assert "do you get as much as you give?" in browser.get(f"{link}?answer={answers[address]}")
        assert "Thank you" in browser.post(link, {"balance": answers[address], "sure": "SURE"})
        assert not list(browser.jar)
    stand = ledger.stand()
    assert stand["posted"] == 0
    assert [card["heard"] for card in stand["cards"].values()] == [False, False]

    # Our own side answers both questions at the desk.
    ana = Browser(ledger)
    ana.sign_in()
    today = ana.get("/")
    forms = sorted(set(re.findall(r'action="(/prompts/[0-9a-f-]+/)"', today)))
    assert len(forms) == 2
    for form in forms:
        ana.post(form, {"csrfmiddlewaretoken": token_in(today), "value": "0"})
    answered_at = time.monotonic()

    # Everything dies; others become due meanwhile, and get their mail after the next start.
    ledger.kill()
    anvil = SCENE.replace("ZONE", "UTC")
    for here, there in (
        ("Acme", "Anvil"),
        ("ana@acme", "ann@anvil"),
        ('"Bo"', '"Bea"'),
        ('"Cy"', '"Cyd"'),
        ("Borealis", "Birch"),
        ("Corax", "Cedar"),
    ):
        anvil = anvil.replace(here, there)
    ledger.run(anvil)
    until(lambda: ledger.readiness()[0] == 0, "the old children notice that they are alone")
    ledger.start()
    until(lambda: postbox.mails_to("bea@birch.example") and postbox.mails_to("cyd@cedar.example"), ledger.said)
    assert ledger.stand()["posted"] == 0 or time.monotonic() - answered_at >= 50  # an answer by link counts after a minute

    # Both sides have answered: within a minute of the last answer by link everything is revealed and posted by the sweep.
    until(lambda: ledger.stand()["posted"] == 2, ledger.said)
    stand = ledger.stand()
    assert stand["cards"]["Borealis"]["they"] == pytest.approx(-2 * 0.405465 * 0.7, abs=0.01)
    assert stand["cards"]["Corax"]["they"] == pytest.approx(0.405465 * 0.7, abs=0.01)
    assert stand["cards"]["Borealis"]["due_on"] > time.strftime("%Y-%m-%d", time.gmtime())
    assert stand["prompts"] == ["ANSWERED"] * 4
    for browser, link in guests.values():
        assert "Both sides have answered." in browser.get(link)
    with pytest.raises(urllib.error.HTTPError, match="409"):
        browser.post(link, {"balance": "3"})
    assert "Borealis" in ana.get("/outbox/")

    # Nobody was mailed twice, and the ledger agrees with itself.
    ids = [message["Message-ID"] for _, message in postbox.taken]
    assert len(ids) == len(set(ids)) == 6
    assert max(len(postbox.mails_to(address)) for address, _ in postbox.taken) == 1
    ledger.manage("verify_ledger")
    assert ledger.stop() == 0
