"""Each message is handed over at most once, and every end has a name. Mail servers are real ones on loopback, with their bad habits."""

import smtplib
import socket
import threading
import time
import uuid
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from email import message_from_bytes, policy
from unittest.mock import patch

import pytest
from aiosmtpd.controller import Controller
from django.conf import settings
from django.core import mail
from django.db import connection

from exchanges.models import Assurance, Prompt, PromptState, RoundSeat
from exchanges.services import sending
from exchanges.services.prompts import remind, stop_mails
from exchanges.services.rounds import answer_check, open_round
from exchanges.services.sending import line, send_due
from relationships.models import Participant, Relationship, Stage
from tests.makers import NOW, TODAY
from valueledger.common import outbox
from valueledger.common.mailing import WatchedSMTP
from valueledger.common.models import Outbox, OutboxBody, Token
from valueledger.common.models.outbox import OutboxState
from valueledger.common.outbox import MOST_ATTEMPTS, begin_hand_over, claim_next, recover

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
REAL = "valueledger.common.mailing.EmailBackend"


@pytest.fixture
def asked(cast):
    """A round is open; Ana's own mail is out of the way."""
    open_round(relationship=cast.borealis, now=NOW, reason="due")
    Outbox.objects.filter(recipient_id=cast.ana.person_id).delete()
    return cast


def to_bo():
    return Outbox.objects.get(kind="check")


def states():
    return sorted(Outbox.objects.values_list("state", flat=True))


class Habit:
    """A mail server: takes everything, unless told otherwise for an address."""

    def __init__(self, **answers):
        self.answers, self.taken, self.tried = answers, [], []

    async def handle_RCPT(self, server, session, envelope, address, options):
        self.tried.append(address)
        answer = self.answers.get(address.split("@")[0], "250 fine")
        if not answer.startswith("250"):
            return answer
        envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server, session, envelope):
        answer = self.answers.get("data", "250 taken")
        if answer.startswith("250"):
            self.taken.append(message_from_bytes(envelope.content, policy=policy.default))
        return answer


@contextmanager
def mail_server(habit, pytest_settings):
    controller = Controller(habit, hostname="127.0.0.1", port=0)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        controller.port = probe.getsockname()[1]
    controller.start()
    point_at(pytest_settings, controller.port)
    try:
        yield habit
    finally:
        controller.stop()


def point_at(pytest_settings, port, timeout=5):
    pytest_settings.EMAIL_BACKEND = REAL
    pytest_settings.EMAIL_HOST, pytest_settings.EMAIL_PORT, pytest_settings.EMAIL_TIMEOUT = "127.0.0.1", port, timeout
    pytest_settings.EMAIL_USE_TLS = pytest_settings.EMAIL_USE_SSL = False
    pytest_settings.EMAIL_HOST_USER = pytest_settings.EMAIL_HOST_PASSWORD = ""


@contextmanager
def rude_server(pytest_settings, *, after, timeout=5):
    """Speaks SMTP by hand, and hangs up or falls silent at one point: "greeting", "text" (the text was sent) or "silence"."""
    listener = socket.create_server(("127.0.0.1", 0))
    stopped = threading.Event()

    def serve():
        while not stopped.is_set():
            try:
                conversation, _ = listener.accept()
            except OSError:
                return
            with conversation:
                talk(conversation)

    def talk(conversation):
        stream = conversation.makefile("rb")
        if after == "silence":
            stopped.wait(timeout * 3)
            return
        if after == "greeting":
            return
        conversation.sendall(b"220 rude\r\n")
        for received in stream:
            word = received.split()[0].upper() if received.split() else b""
            if word == b"DATA":
                conversation.sendall(b"354 go ahead\r\n")
                for text in stream:
                    if text == b".\r\n":
                        return
            conversation.sendall(b"250 ok\r\n")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    point_at(pytest_settings, listener.getsockname()[1], timeout)
    try:
        yield
    finally:
        stopped.set()
        listener.close()


# What is said


def test_a_due_check_goes_out_once(asked):
    assert send_due(now=NOW) == {"sent": 1}
    assert send_due(now=NOW + MINUTE) == {}
    row = to_bo()
    assert (row.state, row.attempts) == (OutboxState.SENT, 1)
    assert row.sent_at >= NOW
    [message] = mail.outbox
    assert message.to == ["bo@borealis.example"]
    assert message.subject == "Bo, with Acme, do you get as much as you give?"


def test_the_headers_say_what_mail_systems_ask_for(asked):
    send_due(now=NOW)
    sent = mail.outbox[0].message()
    assert sent["Message-ID"] == to_bo().message_id == outbox.message_id(to_bo().public_id)
    assert sent["Auto-Submitted"] == "auto-generated"
    assert sent["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert sent["List-Unsubscribe"].startswith(f"<{settings.PUBLIC_URL}/p/")
    assert [part.get_content_type() for part in sent.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert "Ana Lind at Acme" in sent["From"]


def test_every_link_is_ours_and_nothing_remote_is_loaded(asked):
    import re

    send_due(now=NOW)
    message = mail.outbox[0]
    html = message.alternatives[0][0]
    for text in (message.body, html):
        links = [link for link in re.findall(r"https?://[^\s\"<>]+", text) if "w3.org" not in link]
        assert len(links) >= 8
        assert all(link.startswith((f"{settings.PUBLIC_URL}/p/", f"{settings.PUBLIC_URL}/me/enter/")) for link in links)
    assert "<img" not in html
    assert "url(" not in html


def test_the_link_is_kept_only_as_a_hash(asked):
    send_due(now=NOW)
    secret = mail.outbox[0].body.split("/p/")[1].split("?")[0].strip("/\n ")
    assert len(secret) >= 43
    for row in Token.objects.all():
        assert secret.encode() not in bytes(row.token_hash)
    assert not OutboxBody.objects.exists()


def test_a_demo_workspace_keeps_what_was_sent(asked):
    type(asked.workspace).objects.update(is_demo=True)
    send_due(now=NOW)
    body = OutboxBody.objects.get()
    assert "/p/" in body.text
    assert body.subject == mail.outbox[0].subject
    assert sending.purge_bodies(now=NOW + 91 * DAY) == 1


def test_a_reminder_brings_a_fresh_link_and_ends_the_first(asked):
    send_due(now=NOW)
    assert remind(now=NOW + 7 * DAY) == 1
    send_due(now=NOW + 7 * DAY)
    tokens = Token.objects.filter(purpose="PROMPT").order_by("id")
    assert [token.revoked_at is None for token in tokens] == [False, True]
    assert mail.outbox[1].subject.startswith("Once more: ")
    assert mail.outbox[1].message()["Message-ID"] != mail.outbox[0].message()["Message-ID"]


def live_links():
    return [token.revoked_at is None for token in Token.objects.filter(purpose="PROMPT").order_by("id")]


def test_a_mail_that_did_not_go_out_ends_no_link(asked, settings):
    send_due(now=NOW)
    assert remind(now=NOW + 7 * DAY) == 1
    with mail_server(Habit(bo="451 come back later"), settings):
        assert send_due(now=NOW + 7 * DAY) == {"put_back": 1}
    assert live_links() == [True, True]
    with mail_server(Habit(), settings):
        assert send_due(now=NOW + 7 * DAY + 2 * MINUTE) == {"sent": 1}
    assert live_links() == [False, False, True]


def test_a_mail_that_was_refused_ends_no_link(asked, settings):
    send_due(now=NOW)
    remind(now=NOW + 7 * DAY)
    with mail_server(Habit(data="554 not this text"), settings):
        assert send_due(now=NOW + 7 * DAY) == {"failed": 1}
    assert live_links()[0]


def test_a_mail_that_may_have_gone_out_ends_the_links_before_it(asked, settings):
    send_due(now=NOW)
    remind(now=NOW + 7 * DAY)
    with rude_server(settings, after="text"):
        assert send_due(now=NOW + 7 * DAY) == {"unknown": 1}
    assert live_links() == [False, True]


def test_a_hand_over_that_was_overtaken_makes_no_link(asked):
    with patch.object(outbox, "begin_hand_over", lambda row, now: False):
        assert send_due(now=NOW, limit=1) == {"overtaken": 1}
    assert live_links() == []


def test_a_mail_says_what_happened_since_the_last_answer_and_no_private_word(asked):
    from exchanges.services.rounds import sweep_rounds
    from tests.makers import make_event

    for participant, value in ((asked.bo_speaks, 2), (asked.ana_speaks, -2)):
        seat = RoundSeat.objects.select_related("round").get(participant=participant)
        answer_check(seat=seat, value=Decimal(value), assurance=Assurance.SIGNED_IN, now=NOW, sentence="SECRET")
    sweep_rounds(now=NOW)
    later = NOW + 90 * DAY
    make_event(asked.borealis, asked.ana_voice, what="Moved the depot", on=TODAY + 20 * DAY, now=later)
    make_event(asked.borealis, asked.ana_voice, what="PRIVATE THOUGHT", on=TODAY + 20 * DAY, visibility="PRIVATE", now=later)
    open_round(relationship=asked.borealis, now=later, reason="due")
    send_due(now=later)
    text = next(message.body for message in mail.outbox if message.to == ["bo@borealis.example"])
    assert "Moved the depot" in text
    assert "PRIVATE" not in text
    assert "SECRET" not in text


NASTY = [
    "Bo\r\nBcc: evil@x.example",
    "\u202eoB",
    "x" * 10_000,
    'Bo "B" <bo@evil.example>',
    "Bo%0aX: y",
    "Bo\x00\x07",
    "名前 🎈",
    "=?utf-8?q?Bcc?=",
    "",
    "\n\n",
]


@pytest.mark.parametrize("name", NASTY)
def test_no_name_breaks_a_message_or_adds_a_header(asked, name):
    """The database is given what a form would never let through."""
    stored = name.replace("\x00", "") if connection.vendor == "postgresql" else name
    type(asked.workspace).objects.update(name=stored[:120], short_name=stored[:40])
    text = asked.bo.text
    text.name = stored[:120]
    text.save()
    assert send_due(now=NOW) == {"sent": 1}
    parsed = message_from_bytes(mail.outbox[0].message().as_bytes(linesep="\r\n"), policy=policy.default)
    assert set(parsed.keys()) == {
        "Content-Type", "MIME-Version", "Subject", "From", "To", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress", "List-Unsubscribe",
        "List-Unsubscribe-Post",
    }  # fmt: skip
    assert parsed["To"].addresses[0].addr_spec == "bo@borealis.example"
    assert len(parsed["From"].addresses) == 1
    assert parsed["From"].addresses[0].addr_spec == settings.MAIL_FROM.split("<")[1].rstrip(">")
    assert len(parsed["Subject"]) < 400


def test_a_line_for_a_header_has_no_control_signs():
    assert line("a\r\nb\u202ec\x00d") == "a b c d"


# Whether it should still go


def test_what_was_answered_meanwhile_is_not_sent(asked):
    seat = RoundSeat.objects.select_related("round").get(participant=asked.bo_speaks)
    answer_check(seat=seat, value=Decimal(1), assurance=Assurance.SIGNED_IN, now=NOW)
    assert send_due(now=NOW + MINUTE) == {"skipped": 1}
    assert to_bo().reason == "It was answered before this went out."


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda cast: stop_mails(person=cast.bo, now=NOW), "They asked us not to write."),
        (lambda cast: Participant.objects.filter(pk=cast.bo_speaks.pk).update(left_on=TODAY), "They no longer speak for their side."),
        (lambda cast: Relationship.objects.filter(pk=cast.borealis.pk).update(stage=Stage.ENDED), "The relationship has ended."),
        (lambda cast: type(cast.workspace).objects.filter(pk=cast.workspace.pk).update(is_active=False), "The workspace is closed."),
        (lambda cast: Prompt.objects.update(state=PromptState.WITHDRAWN), "The question was taken back before this went out."),
        (lambda cast: type(cast.bo.text).objects.filter(person=cast.bo).update(email=""), "We have no address."),
        (lambda cast: type(cast.bo.text).objects.filter(person=cast.bo).update(email="bo@x\r\nBcc: y@z.example"), "The address is not a valid one."),
    ],
)
def test_what_changed_between_queue_and_sending_stops_the_mail(asked, change, reason):
    change(asked)
    assert send_due(now=NOW + MINUTE) == {"skipped": 1}
    assert to_bo().reason == reason
    assert mail.outbox == []


def test_a_question_that_closed_is_not_sent(asked):
    assert send_due(now=NOW + 14 * DAY) == {"skipped": 1}


def test_the_check_before_sending_is_what_stops_it(asked):
    """Negative control: without it, the mail goes out to somebody who asked us to stop."""
    stop_mails(person=asked.bo, now=NOW)
    with patch.object(sending, "why_not", lambda *_: ""):
        assert send_due(now=NOW + MINUTE) == {"sent": 1}


# How it ends


def test_a_real_server_takes_text_and_html(asked, settings):
    with mail_server(Habit(), settings) as server:
        assert send_due(now=NOW) == {"sent": 1}
    [message] = server.taken
    assert message["Message-ID"] == to_bo().message_id
    assert "do you get as much as you give" in message.get_body(("plain",)).get_content()
    assert "do you get as much as you give" in message.get_body(("html",)).get_content()


def test_not_now_is_tried_again_later_and_later(asked, settings):
    with mail_server(Habit(bo="451 come back later"), settings) as server:
        assert send_due(now=NOW) == {"put_back": 1}
        row = to_bo()
        assert (row.state, row.attempts) == (OutboxState.DUE, 1)
        assert MINUTE <= row.due_at - NOW < 2 * MINUTE
        assert send_due(now=NOW + timedelta(seconds=30)) == {}
        assert send_due(now=NOW + 2 * MINUTE) == {"put_back": 1}
        assert to_bo().due_at - NOW >= 4 * MINUTE
        assert len(server.tried) == 2
    assert "451 come back later" in to_bo().reason


def test_never_is_not_tried_again(asked, settings):
    with mail_server(Habit(bo="550 no such person"), settings) as server:
        assert send_due(now=NOW) == {"failed": 1}
        assert send_due(now=NOW + DAY) == {}
        assert len(server.tried) == 1
    assert "550 no such person" in to_bo().reason


def test_a_text_that_is_refused_for_good_has_failed(asked, settings):
    with mail_server(Habit(data="554 looks like spam"), settings):
        assert send_due(now=NOW) == {"failed": 1}


def test_after_a_day_of_trying_it_has_failed(asked, settings):
    Outbox.objects.update(attempts=MOST_ATTEMPTS - 1)
    with mail_server(Habit(bo="451 come back later"), settings):
        assert send_due(now=NOW) == {"failed": 1}
    assert to_bo().reason.startswith("Given up after 14 attempts.")


def test_a_connection_lost_after_the_text_is_unknown_and_never_sent_again(asked, settings):
    with rude_server(settings, after="text"):
        assert send_due(now=NOW) == {"unknown": 1}
        assert send_due(now=NOW + DAY) == {}
    assert to_bo().state == OutboxState.UNKNOWN


def test_without_the_mark_that_the_text_has_left_it_would_be_sent_twice(asked, settings):
    """Negative control."""
    with patch.object(WatchedSMTP, "send", smtplib.SMTP.send), rude_server(settings, after="text"):
        assert send_due(now=NOW) == {"put_back": 1}
        assert send_due(now=NOW + DAY) == {"put_back": 1}


def test_a_connection_lost_before_the_text_is_tried_again(asked, settings):
    with rude_server(settings, after="greeting"):
        assert send_due(now=NOW) == {"put_back": 1}
    assert to_bo().state == OutboxState.DUE


def test_a_server_that_falls_silent_is_left_alone_after_the_timeout(asked, settings):
    with rude_server(settings, after="silence", timeout=1):
        begun = time.monotonic()
        assert send_due(now=NOW) == {"put_back": 1}
        assert time.monotonic() - begun < 10


def test_a_server_that_is_away_costs_one_attempt_a_sweep(asked, settings):
    another(asked, "cy")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        point_at(settings, free.getsockname()[1])
    assert send_due(now=NOW) == {"put_back": 1}
    assert sorted(Outbox.objects.values_list("attempts", flat=True)) == [0, 1]


def another(cast, name):
    """One more client with one more person, asked as well."""
    from relationships.services.parties import add_person
    from tests.makers import make_relationship

    person = add_person(workspace=cast.workspace, name=name.title(), email=f"{name}@{name}.example")
    relationship = make_relationship(cast.ana, f"{name} Ltd", people=(person,))
    open_round(relationship=relationship, now=NOW, reason="due")
    Outbox.objects.filter(recipient_id=cast.ana.person_id).delete()


def test_one_bad_recipient_does_not_hold_up_the_batch(asked, settings):
    for name in ("cy", "di", "ed"):
        another(asked, name)
    with mail_server(Habit(cy="550 no", di="451 later"), settings) as server:
        assert send_due(now=NOW) == {"failed": 1, "put_back": 1, "sent": 2}
    assert sorted(message["To"] for message in server.taken) == ["bo@borealis.example", "ed@ed.example"]


def test_a_row_that_cannot_be_prepared_is_pushed_forward(asked):
    another(asked, "cy")
    real = sending.prepare

    def poisoned(row, now):
        if row.recipient_id == asked.bo.pk:
            raise RuntimeError("poison")
        return real(row, now)

    with patch.object(sending, "prepare", poisoned):
        assert send_due(now=NOW) == {"put_back": 1, "sent": 1}
    assert Outbox.objects.get(recipient_id=asked.bo.pk).due_at > NOW


def test_no_transaction_is_open_while_a_mail_server_is_spoken_to(transactional_asked, settings):
    seen = []

    class Listening(Habit):
        async def handle_DATA(self, server, session, envelope):
            seen.append(True)
            return await super().handle_DATA(server, session, envelope)

    from valueledger.common.mailing import Mailer

    real = Mailer.deliver

    def deliver(self, message):
        seen.append(connection.in_atomic_block)
        real(self, message)

    with mail_server(Listening(), settings), patch.object(Mailer, "deliver", deliver):
        assert send_due(now=NOW)["sent"] == 2
    assert seen.count(False) == 2
    assert seen.count(True) == 2


# Who holds it


def test_a_claim_that_runs_out_is_due_again(asked):
    row = claim_next(now=NOW)
    assert claim_next(now=NOW) is None
    recover(now=NOW + 30 * timedelta(seconds=1))
    assert to_bo().state == OutboxState.CLAIMED
    assert send_due(now=NOW + 2 * MINUTE) == {"recovered": 1, "sent": 1}
    assert row is not None


def test_a_hand_over_that_runs_out_is_unknown_for_ever(asked):
    row = claim_next(now=NOW)
    assert begin_hand_over(row, now=NOW)
    recover(now=NOW + 7 * MINUTE)
    assert to_bo().state == OutboxState.UNKNOWN
    assert send_due(now=NOW + DAY) == {}


def test_a_hand_over_that_runs_out_ends_the_links_before_it(asked):
    """It may have arrived: then only the link in it opens anything."""
    send_due(now=NOW)
    remind(now=NOW + 7 * DAY)
    with patch.object(outbox, "_hand_over", side_effect=SystemExit), pytest.raises(SystemExit):
        send_due(now=NOW + 7 * DAY)
    assert live_links() == [True, True]
    assert send_due(now=NOW + 8 * DAY) == {"unknown": 1}
    assert live_links() == [False, True]


def test_a_lease_from_a_clock_that_was_ahead_holds_nothing_up(asked):
    ahead = NOW + 35 * DAY
    row = claim_next(now=ahead)
    assert send_due(now=NOW) == {"recovered": 1, "sent": 1}
    Outbox.objects.update(state=OutboxState.CLAIMED, claim=row.claim, lease_until=ahead)
    assert begin_hand_over(row, now=ahead - MINUTE)
    recover(now=NOW + MINUTE)
    assert to_bo().state == OutboxState.UNKNOWN
    assert to_bo().sent_at <= NOW + MINUTE


def test_a_hand_over_needs_the_claim(asked):
    row = claim_next(now=NOW)
    recover(now=NOW + 2 * MINUTE)
    assert not begin_hand_over(row, now=NOW + 2 * MINUTE)
    row.claim = uuid.uuid4()
    assert not begin_hand_over(row, now=NOW)


def test_whoever_comes_back_late_still_says_how_it_ended(asked):
    row = claim_next(now=NOW)
    begin_hand_over(row, now=NOW)
    recover(now=NOW + 7 * MINUTE)
    outbox.settle(row, OutboxState.SENT, now=NOW + 8 * MINUTE)
    assert to_bo().state == OutboxState.SENT


@pytest.fixture
def transactional_asked(transactional_db, request):
    cast = request.getfixturevalue("cast")
    open_round(relationship=cast.borealis, now=NOW, reason="due")
    return cast


def test_many_workers_send_each_mail_once(transactional_asked, settings):
    for name in ("cy", "di", "ed", "fi", "gus", "hal"):
        another(transactional_asked, name)
    expected = Outbox.objects.filter(state=OutboxState.DUE).count()
    assert expected == 7
    with mail_server(Habit(), settings) as server:
        results, errors = run_together(4, lambda: send_due(now=NOW))
    assert errors == []
    assert sum(counts.get("sent", 0) for counts in results) == expected
    assert len(server.taken) == len({message["Message-ID"] for message in server.taken}) == expected


def test_without_the_condition_in_the_claim_mails_are_sent_twice(transactional_asked, settings):
    """Negative control: a claim that does not look at the state lets workers take the same row."""
    for name in ("cy", "di", "ed", "fi"):
        another(transactional_asked, name)
    gate = threading.Barrier(4, timeout=20)

    def careless(*, now):
        gate.wait()
        row = Outbox.objects.filter(state__in=["DUE", "CLAIMED"]).order_by("id").first()
        gate.wait()
        if row is not None:
            Outbox.objects.filter(pk=row.pk).update(state=OutboxState.HANDING_OVER, claim=row.claim)
        return row

    with (
        mail_server(Habit(), settings) as server,
        patch.object(outbox, "claim_next", careless),
        patch.object(outbox, "begin_hand_over", lambda row, now: True),
    ):
        run_together(4, lambda: send_due(now=NOW, limit=1))
    sent = [message["Message-ID"] for message in server.taken]
    assert len(sent) > len(set(sent))


def run_together(count, act):
    results, errors = [], []

    def run():
        try:
            results.append(act())
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results, errors
