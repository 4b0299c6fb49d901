"""One mail to a person and day, with all that waits for them. Whatever breaks on the way: nothing lost, nothing twice."""

import threading
from contextlib import contextmanager, suppress
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.core import mail
from django.db import connection, transaction

from exchanges.models import Prompt, PromptState
from exchanges.services import bundles, sending
from exchanges.services.bundles import HAD_ONE, MOST_IN_ONE_MAIL
from exchanges.services.prompts import remind
from exchanges.services.rounds import open_round
from exchanges.services.sending import send_due
from relationships.models import Person
from relationships.services.parties import add_person
from tests.exchanges.services.test_sending import Habit, mail_server, rude_server
from tests.makers import NOW, TODAY, make_relationship
from valueledger.common import outbox
from valueledger.common.mailing import Mailer
from valueledger.common.models import Outbox, Token
from valueledger.common.models.outbox import OutboxState
from valueledger.common.outbox import TOGETHER
from valueledger.common.tenancy import everywhere, within
from valueledger.common.tokens import digest

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class Died(BaseException):
    """The process ends here; nothing that comes after is run."""


def questions(cast, count):
    """Bo is asked about several relationships at once, and may be; Ana's own mail is out of the way."""
    type(cast.workspace).objects.filter(pk=cast.workspace.pk).update(ask_budget=30)
    for number in range(count):
        relationship = make_relationship(cast.ana, f"Client {number}", people=(cast.bo,))
        open_round(relationship=relationship, now=NOW, reason="due")
    Outbox.objects.filter(recipient_id=cast.ana.person_id).delete()


@pytest.fixture
def three(cast):
    questions(cast, 3)
    return cast


def ends():
    return sorted(Outbox.objects.values_list("state", "reason"))


def states():
    return [state for state, _ in ends()]


def links_in(message):
    return {word for word in message.body.split() if "/p/" in word and "?" not in word and "/stop/" not in word}


def test_all_that_waits_goes_in_one_mail(three):
    assert send_due(now=NOW) == {"sent": 1}
    [message] = mail.outbox
    assert ends() == [("SENT", ""), ("SKIPPED", TOGETHER), ("SKIPPED", TOGETHER)]
    assert message.body.count("do you get as much as you give?") == 3
    assert Token.objects.filter(purpose="PROMPT", revoked_at__isnull=True).count() == 3
    for day in range(1, 13):
        assert send_due(now=NOW + day * DAY) == {}


def test_each_question_has_its_own_link_and_each_link_opens_its_own_page(three, client):
    send_due(now=NOW)
    [message] = mail.outbox
    links = links_in(message)
    html = message.alternatives[0][0]
    assert len(links) == 2  # those of the short blocks; the first question has one link per answer
    assert all(link in html for link in links)
    secrets = {link.split("/p/")[1].strip("/") for link in links}
    with everywhere():
        found = {Token.objects.get(token_hash=digest(secret)).subject_id for secret in secrets}
    assert len(found) == 2


def test_each_question_says_its_own_last_day_and_the_foot_speaks_of_the_first(three):
    first, second, third = Prompt.objects.filter(side=1).order_by("pk")
    for number, prompt in enumerate((first, second, third)):
        Prompt.objects.filter(pk=prompt.pk).update(closes_at=NOW + (10 + number) * DAY)
    send_due(now=NOW)
    html = mail.outbox[0].alternatives[0][0]
    assert "The link to the first question works until 21 June" in html
    assert "The link works until 22 June" in html
    assert "The link works until 23 June" in html
    assert "The link works until 21 June" not in html
    text = mail.outbox[0].body
    assert [text.count(f"The link works until {day} June") for day in (21, 22, 23)] == [1, 1, 1]


def test_a_mail_holds_a_few_questions_and_the_next_comes_on_another_day(cast):
    questions(cast, 7)
    assert send_due(now=NOW)["sent"] == 1
    assert states().count("SKIPPED") == MOST_IN_ONE_MAIL - 1
    assert send_due(now=NOW + 8 * HOUR) == {}
    sent = sum(send_due(now=NOW + day * DAY).get("sent", 0) for day in range(1, 12))
    assert sent == 1
    assert states().count("DUE") == 0
    assert Prompt.objects.filter(state=PromptState.WAITING, side=1).count() == 7


def test_what_was_answered_meanwhile_stays_out_and_says_so(three):
    _, second, _ = Prompt.objects.filter(side=1).order_by("pk")
    Prompt.objects.filter(pk=second.pk).update(state=PromptState.ANSWERED)
    send_due(now=NOW)
    assert mail.outbox[0].body.count("do you get as much as you give?") == 2
    send_due(now=NOW + 10 * DAY)
    assert Outbox.objects.get(subject_id=second.pk).reason == "It was answered before this went out."
    assert len(mail.outbox) == 1


def test_two_mails_about_one_question_are_one_block(three):
    prompt = Prompt.objects.filter(side=1).order_by("pk").first()
    row = Outbox.objects.get(subject_id=prompt.pk)
    outbox.enqueue(
        workspace_id=row.workspace_id, public_id=prompt.public_id, kind="again:1", recipient_id=row.recipient_id, subject_id=prompt.pk,
        local_day=row.local_day, bundle_key="x", due_at=NOW, now=NOW,
    )  # fmt: skip
    send_due(now=NOW)
    assert mail.outbox[0].body.count("do you get as much as you give?") == 3
    assert states() == ["SENT", "SKIPPED", "SKIPPED", "SKIPPED"]


def test_another_persons_questions_do_not_come_along(three):
    cy = add_person(workspace=three.workspace, name="Cy", email="cy@c.example")
    open_round(relationship=make_relationship(three.ana, "Corax", people=(cy,)), now=NOW, reason="due")
    assert send_due(now=NOW)["sent"] >= 2
    assert {message.to[0]: message.body.count("do you get as much") for message in mail.outbox}["cy@c.example"] == 1


def test_what_went_in_the_same_mail_is_reminded_like_the_first(three):
    send_due(now=NOW)
    assert remind(now=NOW + 7 * DAY) == 3
    assert send_due(now=NOW + 7 * DAY)["sent"] == 1
    assert mail.outbox[1].body.count("do you get as much") == 3


# Where it breaks


@contextmanager
def dying(target, name):
    def die(*_args, **_kwargs):
        raise Died

    with patch.object(target, name, die):
        yield


def test_death_after_the_claim_sends_all_of_it_later(three):
    with dying(outbox, "begin_hand_over"), pytest.raises(Died):
        send_due(now=NOW)
    assert states() == ["CLAIMED", "DUE", "DUE"]
    assert send_due(now=NOW + 2 * MINUTE) == {"recovered": 1, "sent": 1}
    assert mail.outbox[0].body.count("do you get as much") == 3
    assert states() == ["SENT", "SKIPPED", "SKIPPED"]


@pytest.mark.parametrize("point", ["before", "after"])
def test_death_during_the_hand_over_is_unknown_for_all_of_it(three, point):
    """Whether or not the server had taken it: nobody knows, so nothing of it goes out again."""
    real = Mailer.deliver

    def deliver(self, message):
        if point == "after":
            real(self, message)
        raise Died

    with patch.object(Mailer, "deliver", deliver), pytest.raises(Died):
        send_due(now=NOW)
    assert states() == ["HANDING_OVER"] * 3
    assert send_due(now=NOW + 10 * MINUTE) == {"unknown": 3}
    assert {reason[:26] for _, reason in ends()} == {"We stopped while handing i"}
    for day in range(1, 12):
        assert send_due(now=NOW + day * DAY) == {}
    assert len(mail.outbox) == (1 if point == "after" else 0)


def test_death_while_it_is_prepared_leaves_nothing(three):
    with dying(sending, "compose"), pytest.raises(Died):
        send_due(now=NOW)
    assert states() == ["CLAIMED", "DUE", "DUE"]
    assert send_due(now=NOW + 2 * MINUTE) == {"recovered": 1, "sent": 1}


def test_a_row_that_cannot_be_prepared_lets_go_of_the_others(three):
    with patch.object(sending, "compose", side_effect=RuntimeError("poison")):
        counts = send_due(now=NOW)
    assert counts == {"put_back": 1}
    assert states() == ["DUE"] * 3


def test_not_now_means_all_of_it_later(three, settings):
    with mail_server(Habit(bo="451 come back later"), settings) as server:
        assert send_due(now=NOW) == {"put_back": 1}
        assert states() == ["DUE"] * 3
        assert min(Outbox.objects.values_list("due_at", flat=True)) >= NOW + MINUTE
        assert len(server.tried) == 1
    with mail_server(Habit(), settings) as server:
        assert send_due(now=NOW + 3 * MINUTE) == {"sent": 1}
    assert states() == ["SENT", "SKIPPED", "SKIPPED"]
    assert server.taken[0].get_body(("plain",)).get_content().count("do you get as much") == 3


def test_refused_for_good_is_said_of_all_of_it(three, settings):
    with mail_server(Habit(bo="550 no such person"), settings):
        assert send_due(now=NOW) == {"failed": 1}
    assert {(state, "550 no such person" in reason) for state, reason in ends()} == {("FAILED", True)}


def test_a_connection_lost_after_the_text_is_unknown_for_all_of_it(three, settings):
    with rude_server(settings, after="text"):
        assert send_due(now=NOW) == {"unknown": 1}
    assert states() == ["UNKNOWN"] * 3
    assert remind(now=NOW + 7 * DAY) == 0


def test_a_hand_over_that_was_overtaken_touches_nothing(three):
    """The lease ran out while the text was made, and another worker has it: ours is thrown away."""
    with transaction.atomic():
        row = outbox.claim_next(now=NOW)
        bundles.gather(row, Prompt.objects.get(pk=row.subject_id), NOW, why_not=sending.why_not)
    assert states() == ["CLAIMED"] * 3
    outbox.recover(now=NOW + 2 * MINUTE)
    assert not outbox.begin_hand_over(row, now=NOW + 2 * MINUTE)
    assert states() == ["DUE"] * 3


def test_a_day_of_trying_ends_the_first_and_the_others_go_on_trying(three, settings):
    first = Outbox.objects.order_by("pk").first()
    Outbox.objects.filter(pk=first.pk).update(attempts=outbox.MOST_ATTEMPTS - 1)
    with mail_server(Habit(bo="451 come back later"), settings):
        assert send_due(now=NOW) == {"failed": 1}
    assert states() == ["DUE", "DUE", "FAILED"]
    with mail_server(Habit(), settings):
        assert send_due(now=NOW + DAY) == {"sent": 1}


# One mail a person and day


def test_a_second_mail_on_one_day_waits_for_the_next_morning(three):
    rows = list(Outbox.objects.order_by("pk"))
    Outbox.objects.filter(pk=rows[0].pk).update(state=OutboxState.SENT, sent_at=NOW - HOUR)
    Outbox.objects.exclude(pk=rows[0].pk).update(due_at=NOW)
    assert send_due(now=NOW) == {"deferred": 2}
    assert {row.reason for row in Outbox.objects.filter(state="DUE")} == {HAD_ONE}
    assert min(Outbox.objects.filter(state="DUE").values_list("due_at", flat=True)) >= NOW + 14 * HOUR
    assert send_due(now=NOW + DAY + HOUR) == {"sent": 1}


@contextmanager
def unguarded():
    with patch.object(bundles, "must_wait", lambda *_: None):
        yield


def run_two_workers(cast):
    """Both hold a row of Bo's, claimed before either looks for more."""
    gate = threading.Barrier(2, timeout=20)
    real = outbox.claim_next

    def claim(*, now):
        row = real(now=now)
        with suppress(threading.BrokenBarrierError):
            gate.wait(3)
        return row

    def work():
        try:
            send_due(now=NOW)
        finally:
            connection.close()

    with patch.object(outbox, "claim_next", claim):
        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)


@pytest.fixture
def transactional_three(transactional_db, request):
    cast = request.getfixturevalue("cast")
    questions(cast, 3)
    Outbox.objects.update(due_at=NOW)
    return cast


def test_two_workers_at_once_send_one_mail(transactional_three):
    run_two_workers(transactional_three)
    with within(transactional_three.workspace.pk):
        assert len(mail.outbox) == 1
        for minutes in (2, 4, 24 * 60, 48 * 60):
            send_due(now=NOW + minutes * MINUTE)
        assert states().count("DUE") == 0
        asked = sum(message.body.count("do you get as much as you give?") for message in mail.outbox)
        assert asked == 3


def test_without_the_wait_two_workers_send_two(transactional_three):
    """Negative control: it is this guard that keeps it to one."""
    with unguarded():
        run_two_workers(transactional_three)
    assert len(mail.outbox) == 2


def test_between_preparing_and_handing_over_nobody_else_begins(transactional_db, cast):
    """Another worker comes at the very moment at which the first has prepared its mail and let go of the person's row."""
    questions(cast, 7)
    for row in Outbox.objects.all():
        Outbox.objects.filter(pk=row.pk).update(due_at=NOW - row.pk * MINUTE)  # the newest goes first: the others have a lower key
    real, seen = sending.prepare, []

    def prepare(row, now):
        if not seen:
            seen.append(row.pk)
            transaction.on_commit(lambda: seen.append(send_due(now=NOW)))
        return real(row, now)

    with patch.object(sending, "prepare", prepare):
        send_due(now=NOW)
    assert seen[1] == {"deferred": 2}
    assert len(mail.outbox) == 1


# Quiet


def test_a_mail_that_comes_late_waits_for_the_morning(three):
    """The worker was down in the afternoon and starts again at night: nobody is woken."""
    assert send_due(now=NOW + 14 * HOUR) == {"deferred": 1}
    row = Outbox.objects.order_by("pk").first()
    assert (row.state, row.due_at, row.reason) == ("DUE", NOW + 23 * HOUR, "It is quiet for them now.")
    assert send_due(now=NOW + DAY) == {"sent": 1}


def test_nothing_goes_out_while_somebody_is_away(three):
    Person.objects.filter(pk=three.bo.pk).update(away_from=TODAY, away_until=TODAY + 4 * DAY)
    assert send_due(now=NOW) == {"deferred": 1}
    assert "sent" not in send_due(now=NOW + 4 * DAY)
    assert set(states()) == {"DUE"}
    assert send_due(now=NOW + 5 * DAY) == {"sent": 1}


def test_without_the_wait_it_would_go_at_night(three):
    """Negative control."""
    with unguarded():
        assert send_due(now=NOW + 14 * HOUR) == {"sent": 1}
