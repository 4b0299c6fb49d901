"""Please put this right: always open, by name, mailed at once, on top of Today until it is settled, and no part of any balance."""

import re
from datetime import time, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.core import mail
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse

from exchanges.models import (
    Answer,
    AnswerText,
    Assurance,
    Card,
    Evidence,
    Prompt,
    PutRight,
    PutRightStep,
    PutRightStepText,
    PutRightText,
    Report,
    RoundPosting,
    RoundSeat,
    Visibility,
)  # fmt: skip
from exchanges.selectors import put_right as selector
from exchanges.services import put_right as service
from exchanges.services.prompts import ask_rating, stop_mails
from exchanges.services.put_right import SettledAlready, ask_to_put_right, mark_read, settle
from exchanges.services.rounds import answer_check, open_round
from exchanges.services.sending import send_due
from exchanges.services.speakers import person_of
from relationships.models import Stage
from relationships.services.parties import add_person, email_digest
from relationships.services.relationships import add_participant
from tests.exchanges.views.test_portal import link_to
from tests.makers import NOW, make_event
from valueledger.common import portal_sessions
from valueledger.common.errors import Invalid
from valueledger.common.models import AuditEntry, Outbox, RateBucket

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as moving:
        yield moving


@pytest.fixture
def link(cast, clock):
    open_round(relationship=cast.borealis, now=NOW, reason="due")
    return link_to("bo@borealis.example")


@pytest.fixture
def stranger():
    return Client(enforce_csrf_checks=True)


def signed_in(member):
    client = Client()
    client.force_login(member.user)
    return client


def text_of(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_a_message_reaches_the_steward_at_once_and_its_writer_sees_what_became_of_it(cast, link, stranger, clock):
    address = f"{link}put-right/"
    asked = stranger.get(address)
    assert asked.status_code == 200
    assert "Ana Lind reads this at once, with your name." in text_of(asked)
    assert not asked.cookies
    sent = stranger.post(address, {"text": "The invoice was wrong twice."})
    assert sent.status_code == 302
    assert not sent.cookies
    row = Outbox.objects.get(kind="put_right")
    assert (row.recipient_id, row.state, row.due_at, row.subject_id) == (cast.ana.person_id, "DUE", NOW, None)
    assert "Not read yet." in text_of(stranger.get(f"{address}?sent"))

    desk = signed_in(cast.ana)
    for page in (reverse("desk:today"), reverse("desk:relationship", args=[cast.borealis.public_id])):
        assert "asks you to put something right" in text_of(desk.get(page))
    asked = PutRight.objects.get()
    own_page = reverse("desk:put_right", args=[asked.public_id])
    assert "The invoice was wrong twice." in text_of(desk.get(own_page))
    assert not PutRightStep.objects.exists()  # looking is no reading: a GET writes nothing

    clock.move_to(NOW + DAY)
    assert desk.post(own_page, {"act": "read"}).status_code == 302
    assert "Read 12 June 2026" in text_of(stranger.get(address))
    assert "Say what you did" in text_of(desk.get(reverse("desk:today")))
    clock.move_to(NOW + 2 * DAY)
    assert desk.post(own_page, {"act": "settle", "done": ""}).status_code == 422
    assert desk.post(own_page, {"act": "settle", "done": "We took both back."}).status_code == 302
    told = text_of(stranger.get(address))
    assert "Settled 13 June 2026" in told
    assert "We took both back." in told
    assert "asks you to put something right" not in text_of(desk.get(reverse("desk:today")))
    again = desk.post(own_page, {"act": "settle", "done": "Something else."}, follow=True)
    assert SettledAlready.sentence in text_of(again)
    assert PutRightStepText.objects.get().done == "We took both back."


def test_the_mail_goes_at_once_and_carries_no_word_of_it(cast, link, stranger):
    person = cast.ana.person
    person.quiet_from, person.quiet_until, person.quiet_days = time(0, 0), time(23, 59), "1234567"
    person.save()
    stranger.post(f"{link}put-right/", {"text": "A secret grievance"})
    mail.outbox.clear()
    send_due(now=NOW)
    message = next(one for one in mail.outbox if one.to == [cast.ana.user.email] and "put something right" in one.subject)
    assert message.subject == "Bo Berg asks you to put something right"
    assert reverse("desk:put_right", args=[PutRight.objects.get().public_id]) in message.body
    assert "secret" not in message.message().as_string()


def test_it_is_open_whatever_became_of_the_question(cast, link, stranger, clock):
    """Answered, revealed, closed, ended: the link still opens it."""
    seats = {seat.participant_id: seat for seat in RoundSeat.objects.select_related("round")}
    answer_check(seat=seats[cast.bo_speaks.pk], value=Decimal(1), assurance=Assurance.SIGNED_IN, now=NOW)
    assert stranger.post(f"{link}put-right/", {"text": "After my answer"}).status_code == 302
    answer_check(seat=seats[cast.ana_speaks.pk], value=Decimal(1), assurance=Assurance.SIGNED_IN, now=NOW + MINUTE)
    assert RoundPosting.objects.exists()
    assert stranger.post(f"{link}put-right/", {"text": "After the reveal"}).status_code == 302
    clock.move_to(NOW + 20 * DAY)
    assert stranger.get(link).status_code == 410
    assert stranger.post(f"{link}put-right/", {"text": "After the close"}).status_code == 302
    cast.borealis.stage = Stage.COMPLETED
    cast.borealis.save()
    assert stranger.post(f"{link}put-right/", {"text": "After the end"}).status_code == 302
    assert PutRight.objects.count() == 4


def test_it_moves_nothing(cast, link, stranger):
    def ledger():
        return [list(model.objects.order_by("pk").values()) for model in (Evidence, Answer, AnswerText, Report, Card, Prompt)]

    before = ledger()
    stranger.post(f"{link}put-right/", {"text": "Please"})
    assert PutRight.objects.count() == 1
    assert ledger() == before


def test_a_rating_link_says_what_it_is_about(cast, clock, stranger):
    event = make_event(cast.borealis, cast.ana_voice, what="A workshop", now=NOW - DAY)
    ask_rating(event, now=NOW)
    link = link_to("bo@borealis.example")
    stranger.post(f"{link}put-right/", {"text": "Half of it was missing"})
    asked = PutRight.objects.get()
    assert asked.event_id == event.pk
    assert "about “ A workshop ”" in text_of(signed_in(cast.ana).get(reverse("desk:put_right", args=[asked.public_id])))


@pytest.mark.parametrize("text", ["", "   ", "\x00\x01", "x" * 2001])
def test_what_cannot_be_taken_is_said_at_the_field_and_nothing_is_kept(cast, link, stranger, text):
    refused = stranger.post(f"{link}put-right/", {"text": text})
    assert refused.status_code == 422
    assert 'aria-invalid="true"' in refused.content.decode()
    assert not PutRight.objects.exists()
    assert not Outbox.objects.filter(kind="put_right").exists()


def test_the_same_words_sent_twice_are_one_message(cast):
    first = ask_to_put_right(participant=cast.bo_speaks, text="Twice", now=NOW)
    assert ask_to_put_right(participant=cast.bo_speaks, text=" Twice ", now=NOW + MINUTE).pk == first.pk
    assert ask_to_put_right(participant=cast.bo_speaks, text="Twice", now=NOW + DAY).pk != first.pk
    with pytest.raises(Invalid):
        ask_to_put_right(participant=cast.bo_speaks, text=" ", now=NOW)


def test_many_messages_are_slowed_and_mails_even_more(cast, link, stranger, monkeypatch):
    statuses = [stranger.post(f"{link}put-right/", {"text": f"Number {number}"}).status_code for number in range(7)]
    assert statuses == [302] * 5 + [429] * 2
    assert sorted(Outbox.objects.filter(kind="put_right").values_list("state", flat=True)) == ["DUE"] * 4 + ["SKIPPED"]
    RateBucket.objects.all().delete()  # negative control: without the bucket it goes on
    assert stranger.post(f"{link}put-right/", {"text": "Number 7"}).status_code == 302


def test_a_mail_that_is_late_does_not_go(cast, clock):
    read, moved, stopped = (ask_to_put_right(participant=cast.bo_speaks, text=text, now=NOW) for text in ("read", "moved", "stopped"))
    rows = {
        name: Outbox.objects.get(bundle_key=f"put_right:{row.public_id}") for name, row in (("read", read), ("moved", moved), ("stopped", stopped))
    }
    mark_read(request=read, member=cast.ana, now=NOW)
    assert service.prepare(rows["read"], NOW).reason == "It was read before this went out."
    stop_mails(person=cast.ana.person, now=NOW)
    assert service.prepare(rows["stopped"], NOW).reason == "They asked us not to write."
    cast.borealis.steward = cast.amir
    cast.borealis.save()
    assert service.prepare(rows["moved"], NOW).reason == "Somebody else looks after this now."
    cast.borealis.steward = None
    cast.borealis.save()
    assert service.prepare(rows["moved"], NOW).reason == "Nobody looks after this now."


def test_whoever_took_over_before_the_mail_went_gets_it_once(cast, clock):
    asked = ask_to_put_right(participant=cast.bo_speaks, text="Moved", now=NOW)
    cast.borealis.steward = cast.amir
    cast.borealis.save()
    person_of(cast.amir)
    for _ in range(2):
        send_due(now=NOW)
        service.prepare(Outbox.objects.get(recipient_id=cast.ana.person_id, kind="put_right"), NOW)
    assert [message.to for message in mail.outbox if "put something right" in message.subject] == [[cast.amir.user.email]]
    rows = Outbox.objects.filter(bundle_key=f"put_right:{asked.public_id}").order_by("pk")
    assert [(row.recipient_id, row.state) for row in rows] == [(cast.ana.person_id, "SKIPPED"), (cast.amir.person_id, "SENT")]


def test_what_came_last_is_seen_however_much_waits(cast, clock):
    for number in range(selector.MOST + 2):
        ask_to_put_right(participant=cast.bo_speaks, text=f"Number {number}", now=NOW + number * MINUTE)
    found = selector.asked_of(PutRight.objects.all())
    assert [asked.words for asked in found] == [f"Number {number}" for number in range(selector.MOST + 1, 1, -1)]
    assert found.older == 2
    clock.move_to(NOW + DAY)
    for page in (reverse("desk:today"), reverse("desk:relationship", args=[cast.borealis.public_id])):
        told = text_of(signed_in(cast.ana).get(page))
        assert told.count("asks you to put something right") == selector.MOST
        assert "And 2 more that are older." in told
    for row in PutRight.objects.order_by("pk")[:2]:
        settle(request=row, member=cast.ana, done="Done", now=NOW + DAY)
    assert "more that" not in text_of(signed_in(cast.ana).get(reverse("desk:today")))


def test_only_the_steward_reads_it(cast, link, stranger):
    stranger.post(f"{link}put-right/", {"text": "Between us"})
    page = reverse("desk:put_right", args=[PutRight.objects.get().public_id])
    for member in (cast.amir, cast.lea, cast.oda, cast.zed):
        assert signed_in(member).get(page).status_code == 404
        assert signed_in(member).post(page, {"act": "settle", "done": "x"}).status_code == 404
    assert "put something right" not in text_of(signed_in(cast.lea).get(reverse("desk:relationship", args=[cast.borealis.public_id])))
    assert not PutRightStep.objects.exists()


def test_a_link_shows_only_what_was_written_through_it(cast, link, stranger):
    ask_to_put_right(participant=cast.bo_speaks, text="Through another link", now=NOW)
    assert "Through another link" not in text_of(stranger.get(f"{link}put-right/"))
    assert stranger.get("/p/no-such-link/put-right/").status_code == 404
    assert stranger.post(f"{link}put-right/", {"text": "x"}, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert PutRight.objects.count() == 1


def test_an_employee_is_told_that_it_goes_by_name_and_the_log_does_not_name_them(cast, employee, clock, stranger):
    open_round(relationship=employee.relationship, now=NOW, reason="due")
    link = link_to("eva@acme.example")
    assert "You choose to send it. Your answers stay yours." in text_of(stranger.get(f"{link}put-right/"))
    stranger.post(f"{link}put-right/", {"text": "The shifts"})
    assert AuditEntry.objects.get(action="put_right.asked").actor_id is None
    assert "Eva Holm" in text_of(signed_in(cast.ana).get(reverse("desk:today")))


def test_the_rows_stay_and_the_words_can_be_erased(cast):
    row = ask_to_put_right(participant=cast.bo_speaks, text="Erase me", now=NOW)
    settle(request=row, member=cast.ana, done="Erase me too", now=NOW)
    for model, field in ((PutRight, "at"), (PutRightStep, "at")):
        with pytest.raises(DatabaseError), transaction.atomic():
            model.objects.update(**{field: NOW + DAY})
    PutRightText.objects.update(words="")
    PutRightStepText.objects.update(done="")
    assert "text erased" in text_of(signed_in(cast.ana).get(reverse("desk:put_right", args=[row.public_id])))


# The own page


def bo_at_home(address="bo@borealis.example"):
    client = Client()
    client.cookies["portal"] = portal_sessions.begin(address_hash=email_digest(address), user_agent="", now=NOW)[0]
    return client


def test_the_own_page_takes_a_message_at_any_time_and_says_what_became_of_all(cast, clock, link, stranger):
    home = f"/me/with/{cast.borealis.public_id}/"
    address, bo = f"{home}put-right/", bo_at_home()
    stranger.post(f"{link}put-right/", {"text": "Written behind a link"})
    assert "csrfmiddlewaretoken" in bo.get(address).content.decode()
    assert bo.post(address, {"text": ""}).status_code == 422
    clock.move_to(NOW + MINUTE)
    assert bo.post(address, {"text": "The invoice was wrong twice."}).url == f"{address}?sent"
    newest = PutRight.objects.order_by("-pk")[0]
    assert (newest.participant, newest.prompt, newest.event) == (cast.bo_speaks, None, None)
    assert Outbox.objects.filter(kind="put_right", recipient_id=cast.ana.person_id).count() == 2
    told = text_of(bo.get(f"{address}?sent"))
    for said in ("Ana Lind has it now.", "Written behind a link", "The invoice was wrong twice.", "Not read yet."):
        assert said in told, said
    assert "Sent 11 June 2026 . Not read yet." in text_of(bo.get(home))
    mark_read(request=newest, member=cast.ana, now=NOW + MINUTE)
    assert "Read 11 June 2026" in text_of(bo.get(home))
    settle(request=newest, member=cast.ana, done="We took both back.", now=NOW + MINUTE)
    told = text_of(bo.get(home))
    assert "Settled 11 June 2026" in told
    assert "We took both back." in told
    assert "put_right" in bo.post(f"{home}data/").json()


def test_a_message_from_the_own_page_can_be_about_one_thing_that_is_theirs_to_see(cast, clock):
    seen = make_event(cast.borealis, cast.ana_voice, what="A workshop")
    hidden = make_event(cast.borealis, cast.ana_voice, what="Ours alone", visibility=Visibility.PRIVATE)
    address, bo = f"/me/with/{cast.borealis.public_id}/put-right/", bo_at_home()
    assert f"{address}?about={seen.public_id}" in bo.get(f"/me/with/{cast.borealis.public_id}/got/").content.decode()
    assert "A workshop" in text_of(bo.get(f"{address}?about={seen.public_id}"))
    assert bo.post(f"{address}?about={seen.public_id}", {"text": "The room was locked"}).status_code == 302
    assert PutRight.objects.get().event == seen
    for wrong in (hidden.public_id, "no-such-id"):
        assert bo.get(f"{address}?about={wrong}").status_code == 404
        assert bo.post(f"{address}?about={wrong}", {"text": "Please"}).status_code == 404
    assert PutRight.objects.count() == 1


def test_nobody_else_reads_it_on_their_own_page(cast, clock):
    colleague = add_person(workspace=cast.workspace, name="Cy Colleague", email="cy@borealis.example")
    add_participant(side=cast.bo_speaks.side, person=colleague, from_on=NOW.date())
    address = f"/me/with/{cast.borealis.public_id}/put-right/"
    bo_at_home().post(address, {"text": "Between us"})
    assert "Between us" in text_of(bo_at_home().get(address))
    cy = bo_at_home("cy@borealis.example")
    for page in (address, f"/me/with/{cast.borealis.public_id}/"):
        assert "Between us" not in text_of(cy.get(page))
    unfiltered = selector.asked_of(PutRight.objects.filter(relationship=cast.borealis))  # negative control: without the writer's filter it shows
    assert [one.words for one in unfiltered] == ["Between us"]
