"""Every question with its state in plain words, sent again by hand; and what happens when a mail system refuses somebody."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.core import mail
from django.db import transaction
from django.urls import reverse

from exchanges.models import Assurance, Prompt, PromptState, RoundSeat
from exchanges.selectors import questions as selector
from exchanges.services.prompts import remind
from exchanges.services.rounds import answer_check, open_round, sweep_rounds
from exchanges.services.sending import send_due
from relationships.models import Person, PersonText
from relationships.services.parties import add_person
from tests.exchanges.services.test_sending import Habit, mail_server
from tests.exchanges.views.test_outbox import browser_of
from tests.makers import NOW, make_relationship
from valueledger.common.models import AuditEntry, Outbox, Token
from valueledger.common.models.outbox import OutboxState

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as moving:
        yield moving


@pytest.fixture
def asked(cast, clock):
    open_round(relationship=cast.borealis, now=NOW, reason="due")
    return cast


def page(member, query="", status=200, name="desk:questions", args=()):
    response = browser_of(member).get(reverse(name, args=args) + query)
    assert response.status_code == status
    return " ".join(response.content.decode().split())


def theirs(cast):
    return Prompt.objects.get(participant=cast.bo_speaks)


def again(member, prompt, status=302):
    response = browser_of(member).post(reverse("desk:question_again", args=[prompt.public_id]), follow=status == 302)
    assert response.status_code == (200 if status == 302 else status)
    return response.content.decode()


def answer(participant, value, at):
    seat = RoundSeat.objects.select_related("round").get(participant=participant)
    answer_check(seat=seat, value=Decimal(value), assurance=Assurance.SIGNED_IN, now=at)


def test_each_question_says_how_it_stands(asked, clock):
    assert "goes out on 11 June" in page(asked.ana)
    send_due(now=NOW)
    shown = page(asked.ana)
    assert shown.count('<span class="chip">waiting</span>') == 2
    assert "sent on 11 June" in shown
    assert "Bo Berg" in shown
    assert "Borealis" in shown


@pytest.mark.parametrize(
    ("mail", "said"),
    [
        ({"state": "UNKNOWN", "sent_at": NOW}, "unknown: the connection broke after it was handed over on 11 June"),
        ({"state": "FAILED", "reason": "The mail server said 550 no"}, "failed: The mail server said 550 no"),
        ({"state": "SKIPPED", "reason": "They asked us not to write."}, "not sent: They asked us not to write."),
        ({"state": "SKIPPED", "reason": "x", "sent_at": NOW}, "sent on 11 June"),
        ({"state": "DUE", "reason": "451 later."}, "not sent yet (451 later); due on 11 June"),
    ],
)
def test_how_its_mail_ended_is_said_in_words(asked, mail, said):
    Outbox.objects.filter(recipient_id=asked.ana.person_id).update(**mail)
    assert said in page(asked.ana)


@pytest.mark.parametrize(
    ("mail", "said"),
    [
        ({"state": "UNKNOWN", "sent_at": NOW}, "unknown: the connection broke after it was handed over on 11 June"),
        ({"state": "FAILED", "reason": "The mail server said 550 no"}, "failed: The mail server said 550 no"),
        ({"state": "SKIPPED", "reason": "We have no address.", "bundle_key": "none:1"}, "not sent: We have no address."),
        ({"state": "SKIPPED", "reason": "It was answered before this went out."}, "asked by mail"),
        ({"state": "SKIPPED", "reason": "x", "sent_at": NOW}, "asked by mail"),
        ({"state": "DUE", "reason": "451 later."}, "asked by mail"),
        ({"state": "SENT", "sent_at": NOW}, "asked by mail"),
    ],
)
def test_of_the_mail_of_a_blind_question_only_trouble_is_said(asked, mail, said):
    Outbox.objects.filter(recipient_id=asked.bo.pk).update(**mail)
    assert f'<small class="quiet">{said}' in page(asked.ana, "?side=theirs")


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ({"state": "LAPSED", "ended_at": NOW + 14 * DAY}, "lapsed on 25 June"),
        ({"state": "WITHDRAWN"}, "taken back"),
    ],
)
def test_how_it_ended_is_said_in_words(asked, prompt, said):
    Prompt.objects.filter(pk=theirs(asked).pk).update(**prompt)
    assert f'<span class="chip">{said}</span>' in page(asked.ana)


def test_a_blind_answer_stands_as_out_in_every_way(asked, clock):
    """Page, each filter, the question's own page: byte for byte as before it was given."""
    send_due(now=NOW)
    queries = ["", *(f"?state={state}" for state in ("out", "ANSWERED", "SKIPPED", "SNOOZED", "LAPSED"))]

    def seen():
        one = page(asked.ana, name="desk:question", args=[theirs(asked).public_id])
        return [stripped(text) for text in (*(page(asked.ana, query) for query in queries), one)]

    before = seen()
    answer(asked.bo_speaks, 1, NOW)
    assert theirs(asked).state == PromptState.ANSWERED
    assert seen() == before
    clock.move_to(NOW + DAY)
    assert "It goes out" in again(asked.ana, theirs(asked))
    assert send_due(now=NOW + DAY) == {"skipped": 1}
    assert "answered before" not in page(asked.ana)


def two_endings(cast, clock, *, answers):
    """What the steward sees of one blind round over its days, whether or not the other side answers before its first mail or its reminder."""
    seen = []

    def look():
        seen.extend(stripped(page(cast.ana, query)) for query in ("", *(f"?state={state}" for state in selector.STATES)))
        seen.append(stripped(page(cast.ana, name="desk:question", args=[theirs(cast).public_id])))
        outbox = [page(cast.ana, query, name="desk:outbox") for query in ("", *(f"?state={state}" for state in OutboxState.values))]
        seen.extend(re.sub(r"(T\d\d:\d\d):\d\d(\.\d+)?", r"\1", stripped(text)) for text in outbox)  # our own mail has its seconds

    for day, step in ((0, "first"), (8, "remind"), (9, "trouble")):
        at = NOW + day * DAY
        clock.move_to(at)
        if day == answers:
            answer(cast.bo_speaks, 1, at)
        if step == "remind":
            remind(now=at)
        send_due(now=at)
        if step == "trouble":
            Outbox.objects.filter(recipient_id=cast.bo.pk).exclude(kind="check").update(state="FAILED", reason="x")
        look()
        if day == 0:
            clock.move_to(NOW + DAY)
            again(cast.ana, theirs(cast))
            send_due(now=NOW + DAY)
            look()
            assert "asked by mail; asked to be sent again" in page(cast.ana)
    return seen


@pytest.mark.parametrize("answers", [0, 8])
def test_no_list_and_no_filter_tells_whether_a_blind_question_was_answered(asked, clock, answers):
    """Two worlds: answered on that day, and never. Its first mail, one sent again by hand and the reminder end differently; nothing shows it."""
    with transaction.atomic():
        silent = two_endings(asked, clock, answers=None)
        states = list(Outbox.objects.filter(recipient_id=asked.bo.pk).order_by("pk").values_list("kind", "state"))
        transaction.set_rollback(True)
    mail.outbox.clear()
    clock.move_to(NOW)
    for told, untold in zip(two_endings(asked, clock, answers=answers), silent, strict=True):
        at = next((place for place, (one, other) in enumerate(zip(told, untold, strict=False)) if one != other), 0)
        assert told == untold, (told[at - 80 : at + 80], untold[at - 80 : at + 80])
    assert list(Outbox.objects.filter(recipient_id=asked.bo.pk).order_by("pk").values_list("kind", "state")) != states


def stripped(text):
    return re.sub(r"(csrfmiddlewaretoken\"? value=\"|X-CSRFToken[^A-Za-z0-9]+|nonce=\")[^\"&]+", "", text)


def test_the_twin_shows_it_once_both_have_answered(asked, clock):
    """Negative control of the one above."""
    answer(asked.bo_speaks, 1, NOW)
    answer(asked.ana_speaks, 1, NOW)
    sweep_rounds(now=NOW)
    assert page(asked.ana, "?state=ANSWERED").count("answered on 11 June") == 2


def test_an_employees_question_is_nowhere(asked, employee):
    open_round(relationship=employee.relationship, now=NOW, reason="due")
    shown = page(asked.ana)
    assert shown.count('<td data-label="Asked">') == 3  # ours twice, Bo's
    assert "Eva Holm</bdi>" not in shown.replace("<bdi>Eva Holm</bdi></a>", "")
    evas = Prompt.objects.get(participant=employee.eva_speaks)
    page(asked.ana, name="desk:question", args=[evas.public_id], status=404)
    again(asked.ana, evas, status=404)


def test_nobody_else_sees_it(asked):
    assert "Bo Berg" not in page(asked.amir)
    assert "Bo Berg" not in page(asked.zed)
    page(asked.lea, status=404)
    page(asked.oda, status=404)
    for stranger in (asked.amir, asked.lea, asked.oda, asked.zed):
        page(stranger, name="desk:question", args=[theirs(asked).public_id], status=404)
        again(stranger, theirs(asked), status=404)


def test_it_is_filtered_by_a_sentence(asked):
    assert "Bo Berg" in page(asked.ana, "?side=theirs")
    assert "Bo Berg" not in page(asked.ana, "?side=mine")
    assert "Ana Lind" in page(asked.ana, "?side=ours")
    assert "Bo Berg" in page(asked.ana, "?who=berg&kind=CHECK&state=out")
    assert "No question is like this." in page(asked.ana, "?kind=RATING")
    Outbox.objects.filter(recipient_id=asked.bo.pk).update(state="FAILED")
    assert "Bo Berg" in page(asked.ana, "?state=trouble")
    assert "Bo Berg" in page(asked.ana, "?state=nonsense&kind=x&side=x&before=y")


def test_pages_follow_one_another_by_key(asked, monkeypatch):
    monkeypatch.setattr(selector, "PAGE", 1)
    newest, older = Prompt.objects.order_by("-pk")
    assert 'rel="next"' in page(asked.ana)
    second = page(asked.ana, f"?before={newest.public_id}")
    assert 'rel="next"' not in second
    assert str(older.public_id) in second


def test_the_page_costs_the_same_whatever_its_length(asked, django_assert_max_num_queries):
    for number in range(6):
        person = add_person(workspace=asked.workspace, name="X", email=f"x{number}@c.example")
        open_round(relationship=make_relationship(asked.ana, f"Client {number}", people=(person,)), now=NOW, reason="due")
    browser = browser_of(asked.ana)
    browser.get(reverse("desk:questions"))
    with django_assert_max_num_queries(12):
        browser.get(reverse("desk:questions"))


# Sent again by hand


@pytest.mark.parametrize("state", ["SENT", "UNKNOWN", "FAILED", "SKIPPED"])
def test_a_question_goes_again_with_a_fresh_link(asked, clock, state):
    send_due(now=NOW)
    Outbox.objects.filter(recipient_id=asked.bo.pk).update(state=state)
    clock.move_to(NOW + DAY)
    assert "Send again" in page(asked.ana, name="desk:question", args=[theirs(asked).public_id])
    assert "It goes out in its turn" in again(asked.ana, theirs(asked))
    mail.outbox.clear()
    assert send_due(now=NOW + DAY) == {"sent": 1}
    assert mail.outbox[0].to == ["bo@borealis.example"]
    tokens = Token.objects.filter(purpose="PROMPT", subject_id=theirs(asked).pk).order_by("id")
    assert [token.revoked_at is None for token in tokens] == [False, True]
    entry = AuditEntry.objects.get(action="prompt.sent_again")
    assert (entry.actor_id, entry.target_id) == (asked.ana.user_id, str(theirs(asked).public_id))


def test_twice_on_one_day_waits_for_the_next(asked):
    send_due(now=NOW)
    assert "It goes out in its turn" in again(asked.ana, theirs(asked))
    assert "It goes out in its turn" in again(asked.ana, theirs(asked))
    assert send_due(now=NOW + 5 * MINUTE) == {}


def test_not_more_than_a_few_times(asked, clock):
    for day in range(7):
        clock.move_to(NOW + day * DAY)
        send_due(now=NOW + day * DAY)
        said = again(asked.ana, theirs(asked))
    assert Outbox.objects.filter(kind__startswith="again:").count() == 3
    assert "It was sent again 3 times. A call may help more." in said


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda cast: Person.objects.filter(pk=cast.bo.pk).update(suppressed_at=NOW), "They asked us not to write."),
        (lambda cast: Person.objects.filter(pk=cast.bo.pk).update(refused_at=NOW, refused_reason="550"), "refused our last mail (550)"),
        (lambda cast: Prompt.objects.filter(pk=theirs(cast).pk).update(state="LAPSED"), "does not wait for an answer"),
        (lambda cast: Prompt.objects.filter(pk=theirs(cast).pk).update(closes_at=NOW), "does not wait for an answer"),
    ],
)
def test_what_may_not_go_again_says_why(asked, change, said):
    send_due(now=NOW)
    change(asked)
    assert said in again(asked.ana, theirs(asked))
    assert not Outbox.objects.filter(kind__startswith="again:").exists()


# Refused by their mail system


@pytest.fixture
def refused(asked, settings):
    with mail_server(Habit(bo="550 no such person"), settings):
        send_due(now=NOW)
    asked.bo.refresh_from_db()
    return asked


def test_a_refusal_is_kept_without_the_address(refused):
    assert refused.bo.refused_at is not None
    assert refused.bo.refused_reason == "550"
    assert AuditEntry.objects.get(action="mail.refused").target_id == str(refused.bo.public_id)
    assert Person.objects.get(pk=refused.ana.person_id).refused_at is None


@pytest.mark.parametrize("answers", [{"bo": "451 later"}, {"data": "451 later"}])
def test_not_now_is_no_refusal(asked, settings, answers):
    with mail_server(Habit(**answers), settings):
        send_due(now=NOW)
    assert Person.objects.get(pk=asked.bo.pk).refused_at is None


def test_a_text_that_is_refused_for_good_is_one(asked, settings):
    with mail_server(Habit(data="554 no"), settings):
        send_due(now=NOW)
    assert Person.objects.get(pk=asked.bo.pk).refused_reason == "554"


def test_a_sender_that_is_refused_says_nothing_of_them(asked, settings):
    class NotYou(Habit):
        async def handle_MAIL(self, server, session, envelope, address, options):
            return "553 you are not allowed"

    with mail_server(NotYou(), settings):
        send_due(now=NOW)
    assert "FAILED" in Outbox.objects.values_list("state", flat=True)
    assert Person.objects.get(pk=asked.bo.pk).refused_at is None


def test_later_mails_are_not_tried_and_say_so(refused, clock):
    clock.move_to(NOW + 8 * DAY)
    other = make_relationship(refused.ana, "Second", people=(refused.bo,))
    open_round(relationship=other, now=NOW + 8 * DAY, reason="due")
    mail.outbox.clear()
    send_due(now=NOW + 8 * DAY)
    assert ["bo@borealis.example"] not in [message.to for message in mail.outbox]
    assert "Their mail system refused our last mail (550)." in page(refused.ana, name="desk:relationship_settings", args=[refused.borealis.public_id])


def settings_post(cast, **data):
    address = reverse("desk:relationship_settings", args=[cast.borealis.public_id])
    return browser_of(cast.ana).post(address, {"participant": str(cast.bo_speaks.public_id), **data})


def test_trying_again_by_hand_sends_what_waits(refused, clock, settings):
    clock.move_to(NOW + DAY)
    assert settings_post(refused, act="try_again").status_code == 302
    assert Person.objects.get(pk=refused.bo.pk).refused_at is None
    with mail_server(Habit(), settings) as server:
        assert send_due(now=NOW + DAY)["sent"] >= 1
    assert "bo@borealis.example" in [message["To"] for message in server.taken]
    assert AuditEntry.objects.filter(action="mail.tried_again").count() == 1


def test_another_address_clears_it_and_ends_old_links(refused, clock, settings):
    clock.move_to(NOW + DAY)
    assert settings_post(refused, act="address", email="bo@new.example").status_code == 302
    assert Person.objects.get(pk=refused.bo.pk).refused_at is None
    assert not Token.objects.filter(purpose="PROMPT", subject_id=theirs(refused).pk, revoked_at__isnull=True).exists()
    with mail_server(Habit(), settings) as server:
        send_due(now=NOW + DAY)
    assert "bo@new.example" in [message["To"] for message in server.taken]


@pytest.mark.parametrize("email", ["", "not an address", "ana@acme.example", "amir@acme.example", "a@b.example\r\nBcc: c@d.example"])
def test_an_address_that_cannot_be_is_refused(refused, email):
    assert settings_post(refused, act="address", email=email).status_code == 422
    assert PersonText.objects.get(person=refused.bo).email == "bo@borealis.example"
    assert Person.objects.get(pk=refused.bo.pk).refused_at is not None


def test_nobody_changes_how_somebody_elses_people_are_reached(refused):
    address = reverse("desk:relationship_settings", args=[refused.borealis.public_id])
    for stranger in (refused.amir, refused.lea, refused.zed):
        response = browser_of(stranger).post(address, {"act": "try_again", "participant": str(refused.bo_speaks.public_id)})
        assert response.status_code == 404
