"""A link in a mail: GET shows and writes nothing, POST records, and a dead link says no more than a random one."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from exchanges.models import Answer, AnswerMark, Assurance, Prompt, PromptState, Report, RoundPosting, RoundSeat
from exchanges.services.prompts import ask_rating, stop_mails
from exchanges.services.rounds import answer_check, open_round, sweep_rounds
from exchanges.services.sending import send_due
from relationships.models import Kind, Participant, Person, Relationship, SideRole, Stage
from relationships.services.parties import add_person
from relationships.services.terms import TermsLine, add_own_kind, write_terms
from tests.makers import NOW, TODAY, make_event, make_relationship, speaker
from valueledger.common import tokens
from valueledger.common.models import AuditEntry, Outbox, Token

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as moving:
        yield moving


def link_to(address, *, now=NOW):
    """The path behind the newest mail to somebody."""
    send_due(now=now)
    body = next(message.body for message in reversed(mail.outbox) if message.to == [address])
    return re.search(r"https?://[^/]+(/p/[^/]+/)", body).group(1)


@pytest.fixture
def link(cast, clock):
    open_round(relationship=cast.borealis, now=NOW, reason="due")
    return link_to("bo@borealis.example")


@pytest.fixture
def browser():
    """A stranger's browser, with CSRF checks as in production."""
    return Client(enforce_csrf_checks=True)


def ours(cast, value=0, now=NOW):
    seat = RoundSeat.objects.select_related("round").order_by("-pk").filter(participant=cast.ana_speaks)[0]
    return answer_check(seat=seat, value=Decimal(value), assurance=Assurance.SIGNED_IN, now=now)


def rows():
    """Everything that a page could have written."""
    with connection.cursor() as cursor:
        tables = [name for name in connection.introspection.table_names(cursor) if name not in {"sqlite_sequence"}]
        counts = {}
        for name in tables:
            cursor.execute(f'SELECT count(*) FROM "{name}"')
            counts[name] = cursor.fetchone()[0]
    return counts


# Showing


def test_the_question_stands_as_drawn(link, browser):
    page = browser.get(link).content.decode()
    assert "All in all, with Acme, do you get as much as you give?" in page
    assert page.index("I get far more than I give") < page.index("I give far more than I get")
    assert page.count('name="balance"') == 7
    assert not re.search(r'name="balance"[^>]*checked', page)
    assert "Nobody sees this before both sides have answered or 25 June has passed. Then Acme sees it with your name." in page
    assert "Still right" not in page


def test_the_answer_in_the_mail_is_chosen_and_not_recorded(link, browser):
    page = browser.get(f"{link}?answer=-1").content.decode()
    assert re.search(r'value="-1" checked', page)
    assert page.count(" checked") == 1
    assert not Answer.objects.exists()


@pytest.mark.parametrize("query", ["?answer=7", "?answer=<script>", "?answer=NaN", "?answer=", "?change", "?sent", "?twice", "?expected=more"])
def test_nonsense_in_the_address_chooses_nothing(link, browser, query):
    response = browser.get(link + query)
    assert response.status_code == 200
    assert " checked" not in response.content.decode()


@pytest.mark.parametrize("method", ["get", "head"])
def test_looking_writes_nothing_and_sets_no_cookie(link, browser, method, django_assert_max_num_queries):
    before = rows()
    with CaptureQueriesContext(
        connection,
    ) as seen:
        response = getattr(browser, method)(f"{link}?answer=2")
    assert response.status_code == 200
    assert not response.cookies
    assert rows() == before
    assert not [query["sql"] for query in seen if query["sql"].split()[0] in {"INSERT", "UPDATE", "DELETE"}]
    assert len(seen) < 30


def test_the_page_is_kept_by_nobody(link, browser):
    headers = browser.get(link).headers
    assert "no-store" in headers["Cache-Control"]
    assert "noindex" in headers["X-Robots-Tag"]
    assert headers["Referrer-Policy"] == "same-origin"
    assert "default-src 'none'" in headers["Content-Security-Policy"]


def test_a_signed_in_steward_sees_the_page_as_the_addressee(link, cast):
    browser = Client()
    browser.force_login(cast.ana.user)
    page = browser.get(link).content.decode()
    assert "b…@borealis.example" in page
    assert "Outbox" not in page


# Answering


def test_an_answer_is_recorded_without_a_cookie(link, browser, cast):
    response = browser.post(link, {"balance": "-1", "sure": "SURE", "guess": "0", "sentence": "The nights are long."})
    assert response.status_code == 302
    assert not response.cookies
    answer = Answer.objects.select_related("text").get()
    assert (answer.y_micro, answer.assurance, answer.sureness, answer.guess_micro) == (-1_000_000, "LINK", "SURE", 0)
    assert answer.text.sentence == "The nights are long."
    page = browser.get(response.url).content.decode()
    assert "Thank you, Bo." in page
    assert "You give a little more than you get" in page
    assert "We wait for Acme." in page


def test_a_second_visit_says_what_was_said_and_lets_it_be_changed(link, browser, clock):
    browser.post(link, {"balance": "-1"})
    page = browser.get(link).content.decode()
    assert "You have answered this one." in page
    assert "On 11 June you said: you give a little more than you get" in page
    clock.move_to(NOW + 5 * MINUTE)
    assert re.search(r'value="-1" checked', browser.get(f"{link}?change").content.decode())
    browser.post(link, {"balance": "1"})
    assert list(Answer.objects.standing().values_list("y_micro", flat=True)) == [1_000_000]
    assert Answer.objects.count() == 2


def test_the_same_answer_again_is_one_row(link, browser):
    for _ in range(3):
        browser.post(link, {"balance": "-1"})
    assert Answer.objects.count() == 1


def test_two_answers_within_a_minute_do_not_count_and_the_page_says_so(link, browser):
    browser.post(link, {"balance": "3"})
    response = browser.post(link, {"balance": "-3"})
    page = browser.get(response.url).content.decode()
    assert "Please answer once more in a minute." in page
    assert AnswerMark.objects.count() == 2
    assert page.count('name="balance"') == 7


def test_the_second_side_through_a_link_sees_both_in_a_minute(link, browser, cast, clock):
    ours(cast, 2)
    response = browser.post(link, {"balance": "-1", "guess": "0"})
    assert "In about a minute both see both." in browser.get(response.url).content.decode()
    assert "What Acme said" not in browser.get(link).content.decode()
    clock.move_to(NOW + MINUTE)
    page = browser.get(link).content.decode()
    assert "Both sides have answered." in page
    assert "You give a little more than you get" in page
    assert "Acme gets more than it gives" in page
    assert "Ana Lind" in page
    assert "Your guess was: Acme gets about as much as it gives." in page


def test_before_the_reveal_not_a_bit_of_the_other_answer_is_shown(link, browser, cast):
    """The page after our answer of -3 and after our answer of +3 is the same to the letter."""
    silent = browser.get(link).content
    for value in (-3, 3):
        ours(cast, value)
        assert browser.get(link).content == silent


def test_after_the_reveal_a_new_answer_is_refused_and_both_are_shown(link, browser, cast, clock):
    ours(cast)
    browser.post(link, {"balance": "-1"})
    clock.move_to(NOW + 2 * MINUTE)
    for swept in (False, True):
        if swept:
            sweep_rounds(now=NOW + 2 * MINUTE)
        response = browser.post(link, {"balance": "3"})
        assert response.status_code == 409
        assert "they stay as they are" in response.content.decode()
    assert Answer.objects.count() == 2
    assert RoundPosting.objects.count() == 1
    page = browser.get(link).content.decode()
    assert "How we read your side now:" in page
    assert "We ask again around" in page


def test_still_right_is_one_tap(link, browser, cast, clock):
    ours(cast)
    browser.post(link, {"balance": "-1"})
    sweep_rounds(now=NOW + 2 * MINUTE)
    later = NOW + 60 * DAY
    clock.move_to(later)
    open_round(relationship=cast.borealis, now=later, reason="due")
    again = link_to("bo@borealis.example", now=later)
    page = browser.get(again).content.decode()
    assert "Still right" in page
    assert "Bo, you last told us on 11 June" in page
    browser.post(again, {"confirm": "1"})
    answer = Answer.objects.order_by("-pk")[0]
    assert answer.confirms_shown == Prompt.objects.get(round=answer.round, participant=cast.bo_speaks).shown
    assert "Our guess before, unconfirmed" in browser.get(f"{again}?sent").content.decode()


@pytest.mark.parametrize(
    "typed",
    [
        {}, {"balance": ""}, {"balance": "4"}, {"balance": "NaN"}, {"balance": "1e308"}, {"balance": "0.5"}, {"balance": "٣"}, {"balance": "0", "sure": "VERY"},
        {"balance": "0", "sentence": "x" * 2001}, {"balance": "0", "guess": "9"}, {"confirm": "1"}, {"balance": "0\x00"},
    ],
)  # fmt: skip
def test_what_cannot_be_taken_is_said_at_the_field(link, browser, typed):
    response = browser.post(link, typed)
    assert response.status_code == 422
    assert "to fix. Nothing was lost." in response.content.decode() or "One thing to fix" in response.content.decode()
    assert not Answer.objects.exists()
    assert not response.cookies


def test_a_long_sentence_stays_in_the_form(link, browser):
    assert "y" * 2001 in browser.post(link, {"balance": "0", "sentence": "y" * 2001}).content.decode()


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_form_from_another_site_is_refused(link, browser, site):
    response = browser.post(link, {"balance": "0"}, headers={"Sec-Fetch-Site": site})
    assert response.status_code == 403
    assert not Answer.objects.exists()


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_a_form_from_our_own_page_or_from_a_mail_program_is_taken(link, browser, site):
    assert browser.post(link, {"balance": "0"}, headers={"Sec-Fetch-Site": site}).status_code == 302


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_other_methods_are_refused(link, browser, method):
    assert getattr(browser, method)(link).status_code == 405


def test_skipping_releases_the_seat(link, browser, cast):
    response = browser.post(link, {"act": "skip"})
    assert "All right, not this time." in browser.get(response.url).content.decode()
    assert Prompt.objects.get(participant=cast.bo_speaks).state == PromptState.SKIPPED
    assert "do you get as much as you give" in browser.get(f"{link}?change").content.decode()
    browser.post(link, {"balance": "1"})
    assert Prompt.objects.get(participant=cast.bo_speaks).state == PromptState.ANSWERED


def test_not_me_ends_the_link_and_sends_a_fresh_one(link, browser, cast, clock):
    assert "opens nothing any more" in browser.post(link, {"act": "not_me"}).content.decode()
    assert browser.get(link).status_code == 404
    fresh = Outbox.objects.get(kind="fresh")
    assert (fresh.recipient_id, fresh.local_day) == (cast.bo.pk, TODAY + DAY)
    assert AuditEntry.objects.get(action="link.revoked").actor_id is None
    clock.move_to(NOW + DAY)
    assert browser.get(link_to("bo@borealis.example", now=NOW + DAY)).status_code == 200


# Dead links


def dead_body(browser, path):
    response = browser.get(path)
    assert response.status_code == 404
    return response.content


def test_every_dead_link_looks_the_same(link, browser, cast):
    random = dead_body(browser, "/p/" + "A" * 43 + "/")
    for path in ("/p/x/", "/p/stop/", "/p/" + "%F0%9F%8E%88" * 20 + "/", "/p/" + "A" * 4000 + "/"):
        assert dead_body(browser, path) == random
    other, _ = tokens.issue(purpose="UNSUBSCRIBE", workspace_id=cast.workspace.pk, subject_id=cast.bo.pk, now=NOW)
    assert dead_body(browser, f"/p/{other}/") == random
    Token.objects.filter(purpose="PROMPT").update(revoked_at=NOW)
    assert dead_body(browser, link) == random
    assert browser.post(link, {"balance": "0"}).status_code == 404


@pytest.mark.parametrize("purpose", ["SETUP", "INVITE", "SIGN_IN", "API", "UNSUBSCRIBE"])
def test_a_token_of_another_purpose_opens_no_question(link, browser, cast, purpose):
    secret, _ = tokens.issue(purpose=purpose, workspace_id=cast.workspace.pk, subject_id=Prompt.objects.order_by("pk")[0].pk, now=NOW)
    assert browser.get(f"/p/{secret}/").status_code == 404


def test_a_prompts_token_stops_nobodys_mails(link, browser, cast):
    assert browser.post(f"{link}stop/").status_code == 404
    assert Person.objects.get(pk=cast.bo.pk).suppressed_at is None


def test_somebody_who_left_has_a_dead_link(link, browser, cast):
    Participant.objects.filter(pk=cast.bo_speaks.pk).update(left_on=TODAY)
    assert browser.get(link).status_code == 404


def test_a_closed_workspace_has_dead_links(link, browser, cast):
    type(cast.workspace).objects.filter(pk=cast.workspace.pk).update(is_active=False)
    assert browser.get(link).status_code == 404


def test_a_closed_round_is_gone(link, browser, clock):
    clock.move_to(NOW + 14 * DAY)
    for response in (browser.get(link), browser.post(link, {"balance": "0"})):
        assert response.status_code == 410
        assert "This link has ended." in response.content.decode()
        assert not response.cookies
    assert not Answer.objects.exists()


def test_who_answered_can_read_both_answers_for_a_while_after_the_close(link, browser, cast, clock):
    browser.post(link, {"balance": "-2"})
    clock.move_to(NOW + DAY)
    ours(cast, value=1, now=NOW + DAY)
    clock.move_to(NOW + 14 * DAY)
    sweep_rounds(now=NOW + 14 * DAY)
    response = browser.get(link)
    assert response.status_code == 410
    assert "This question is closed. Here is what was said." in response.content.decode()
    assert "gets a little more" in response.content.decode() or "get a little more" in response.content.decode()
    assert browser.post(link, {"balance": "3"}).status_code == 410
    clock.move_to(NOW + 29 * DAY)
    assert "This link has ended." in browser.get(link).content.decode()


def test_a_relationship_that_ended_is_gone(link, browser, cast):
    Relationship.objects.filter(pk=cast.borealis.pk).update(stage=Stage.ENDED)
    assert browser.get(link).status_code == 410


def test_one_persons_link_never_opens_anothers_question(cast, clock, browser):
    cy = add_person(workspace=cast.workspace, name="Cy", email="cy@corax.example")
    corax = make_relationship(cast.ana, "Corax", people=(cy,))
    open_round(relationship=cast.borealis, now=NOW, reason="due")
    open_round(relationship=corax, now=NOW, reason="due")
    first, second = link_to("bo@borealis.example"), link_to("cy@corax.example")
    browser.post(first, {"balance": "-2"})
    browser.post(second, {"balance": "2"})
    assert dict(Answer.objects.values_list("participant_id", "y_micro")) == {cast.bo_speaks.pk: -2_000_000, speaker(corax).pk: 2_000_000}
    assert "Borealis" not in browser.get(second).content.decode()


# By kind


def test_an_employee_is_told_that_the_answer_is_theirs_and_the_employer_never_sees_it(cast, employee, clock, browser):
    open_round(relationship=employee.relationship, now=NOW, reason="due")
    theirs = link_to("eva@acme.example")
    assert "This answer is yours. Acme sees it only if you share it" in browser.get(theirs).content.decode()
    browser.post(theirs, {"balance": "-3", "sentence": "TELL NOBODY"})
    ana = speaker(employee.relationship, SideRole.OWN)
    seat = RoundSeat.objects.select_related("round").get(participant=ana)
    mine = link_to("ana@acme.example")
    clock.move_to(NOW + 2 * MINUTE)
    answer_check(seat=seat, value=Decimal(1), assurance=Assurance.SIGNED_IN, now=NOW + 2 * MINUTE)
    assert "Acme gets a little more" not in browser.get(theirs).content.decode()  # nothing ends before the close
    clock.move_to(NOW + 4 * MINUTE)
    assert "Both sides have answered" not in browser.get(f"{mine}?sent").content.decode()
    clock.move_to(NOW + 14 * DAY)
    sweep_rounds(now=NOW + 14 * DAY)
    for_ana = browser.get(mine).content.decode()
    assert "This link has ended." in for_ana  # as it would if nobody had answered
    assert "TELL NOBODY" not in for_ana
    assert "far more" not in for_ana
    for_eva = browser.get(theirs).content.decode()
    assert "Acme gets a little more than it gives" in for_eva


def test_between_friends_there_are_words_and_no_numbers(cast, clock, browser):
    friend = make_relationship(
        cast.ana, "Fay", kind=Kind.PERSONAL, people=(add_person(workspace=cast.workspace, name="Fay", email="fay@friend.example"),)
    )
    open_round(relationship=friend, now=NOW, reason="due")
    theirs = link_to("fay@friend.example")
    assert "Only the two of you see this" in browser.get(theirs).content.decode()
    browser.post(theirs, {"balance": "1"})
    seat = RoundSeat.objects.select_related("round").get(participant=speaker(friend, SideRole.OWN))
    clock.move_to(NOW + 2 * MINUTE)
    answer_check(seat=seat, value=Decimal(1), assurance=Assurance.SIGNED_IN, now=NOW + 2 * MINUTE)
    page = browser.get(theirs).content.decode()
    assert "Both sides have answered." in page
    assert "±" not in page


# A rating


@pytest.fixture
def rating_link(cast, clock):
    ask_rating(make_event(cast.borealis, cast.ana_voice, what="Re-planned your night routes", on=TODAY - 2 * DAY), now=NOW)
    return link_to("bo@borealis.example")


def test_a_rating_asks_as_drawn(rating_link, browser):
    page = browser.get(f"{rating_link}?expected=MORE").content.decode()
    assert "Bo, one question about Tuesday 9 June" in page
    assert "Re-planned your night routes" in page
    assert page.count('name="worth"') == 6
    assert re.search(r'value="MORE"[^>]*checked', page)
    assert not Report.objects.exists()


def test_a_rating_is_the_receivers_own_report(rating_link, browser, cast):
    response = browser.post(
        rating_link, {"expected": "MORE", "worth": "3", "arrived": "ALL", "owing": "GLAD", "beneficiary": "PERSON", "sentence": "Sleep."}
    )
    report = Report.objects.select_related("text").get()
    assert (report.word, report.expectation, report.first_hand, report.participant_id) == (3, "MORE", True, cast.bo_speaks.pk)
    assert report.text.sentence == "Sleep."
    assert Prompt.objects.get().state == PromptState.ANSWERED
    page = browser.get(response.url).content.decode()
    assert "More than you expected, and worth a lot to you." in page
    assert "You have answered this one." in browser.get(rating_link).content.decode()


def test_a_rating_can_be_changed_while_the_link_lives(rating_link, browser, clock):
    browser.post(rating_link, {"expected": "MORE", "worth": "3"})
    clock.move_to(NOW + DAY)
    assert re.search(r'value="3"[^>]*checked', browser.get(f"{rating_link}?change").content.decode())
    browser.post(rating_link, {"expected": "LESS", "worth": "-1"})
    assert list(Report.objects.standing().values_list("word", flat=True)) == [-1]
    clock.move_to(NOW + 14 * DAY)
    assert browser.post(rating_link, {"expected": "AS", "worth": "2"}).status_code == 410


def test_two_ratings_within_a_minute_are_taken_back_and_a_later_one_counts(rating_link, browser, clock):
    browser.post(rating_link, {"expected": "LESS", "worth": "0"})
    response = browser.post(rating_link, {"expected": "WOW", "worth": "4"})
    assert "Please answer once more in a minute." in browser.get(response.url).content.decode()
    assert not Report.objects.standing().exists()
    assert Prompt.objects.get().state == PromptState.WAITING
    clock.move_to(NOW + 2 * MINUTE)
    browser.post(rating_link, {"expected": "AS", "worth": "2"})
    assert list(Report.objects.standing().values_list("word", flat=True)) == [2]


@pytest.mark.parametrize(
    "typed", [{}, {"expected": "AS"}, {"worth": "2"}, {"expected": "AS", "worth": "5"}, {"expected": "AS", "worth": "2", "arrived": "X"}]
)
def test_half_a_rating_is_not_taken(rating_link, browser, typed):
    assert browser.post(rating_link, typed).status_code == 422
    assert not Report.objects.exists()


def test_worth_can_be_said_in_ones_own_unit_instead_of_a_word(rating_link, browser, cast):
    response = browser.post(rating_link, {"expected": "MORE", "amount": "3", "unit": "quiet evenings"})
    report = Report.objects.select_related("unit").get()
    assert (report.word, report.typed_amount, report.unit.name, report.points_micro) == (None, Decimal(3), "quiet evenings", None)
    assert "More than you expected, and worth 3 quiet evenings to you." in browser.get(response.url).content.decode()
    assert "more than you expected, and worth 3 quiet evenings to you" in browser.get(rating_link).content.decode()
    page = browser.get(f"{rating_link}?change").content.decode()
    assert re.search(r"<details[^>]*open>\s*<summary>Or say it in your own unit", page)
    assert re.search(r'name="amount"[^>]*value="3"|value="3"[^>]*name="amount"', page)


def test_beside_a_word_the_amount_is_kept_and_the_word_counts(rating_link, browser):
    response = browser.post(rating_link, {"expected": "AS", "worth": "3", "amount": "1,50", "unit": "hours"})
    report = Report.objects.get()
    assert (report.points_micro, report.typed_amount) == (4_000_000, Decimal("1.50"))
    assert "As you expected, and worth a lot to you: 1.5 hours." in browser.get(response.url).content.decode()


def test_without_a_word_the_rate_that_they_declared_counts(rating_link, browser, cast):
    side = cast.bo_speaks.side
    lines = [TermsLine(add_own_kind(side=side, name="Calm"), 10, unit="quiet evenings", points_per_unit=Decimal(2))]
    write_terms(side=side, author=cast.bo_speaks, lines=lines, effective_on=TODAY - 9 * DAY, now=NOW)
    assert '<option value="quiet evenings">' in browser.get(rating_link).content.decode()
    browser.post(rating_link, {"expected": "AS", "amount": "-3", "unit": "Quiet Evenings"})
    assert Report.objects.get().points_micro == -6_000_000


def test_an_amount_sent_again_is_one_report_and_another_is_a_new_one(rating_link, browser, clock):
    for amount in ("3", "3.0"):
        browser.post(rating_link, {"expected": "AS", "amount": amount, "unit": "hours"})
    assert Report.objects.count() == 1
    clock.move_to(NOW + 2 * MINUTE)
    browser.post(rating_link, {"expected": "AS", "amount": "4", "unit": "hours"})
    assert Report.objects.standing().get().typed_amount == 4


def test_two_amounts_within_a_minute_are_taken_back(rating_link, browser):
    browser.post(rating_link, {"expected": "AS", "amount": "3", "unit": "hours"})
    response = browser.post(rating_link, {"expected": "AS", "amount": "300", "unit": "hours"})
    assert response.url.endswith("?twice")
    assert not Report.objects.standing().exists()


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"amount": "3"}, "Say of what: hours, evenings, favours."),
        ({"unit": "hours"}, "Say how much, or leave both empty."),
        ({"amount": "many", "unit": "hours"}, "Write how much as a number, such as 3."),
        ({"amount": "NaN", "unit": "hours"}, "number"),
        ({"amount": "1e30", "unit": "hours"}, ""),
        ({"amount": "3", "unit": "x" * 41}, ""),
        ({"amount": "", "unit": ""}, "Choose one of these."),
    ],
)
def test_half_an_amount_is_refused_at_its_field(rating_link, browser, typed, words):
    response = browser.post(rating_link, {"expected": "AS", **typed})
    assert response.status_code == 422
    assert words in response.content.decode()
    assert not Report.objects.exists()


def test_units_of_others_are_not_offered(rating_link, browser, cast):
    from exchanges.services.reports import Account, report_gave

    report_gave(
        event=Prompt.objects.get().event, side=0, voice=cast.ana_voice, account=Account(word=1, typed_amount=Decimal(2), unit="our days"), now=NOW
    )
    assert "our days" not in browser.get(rating_link).content.decode()


@pytest.mark.parametrize(("seconds", "status"), [(-1, 302), (1, 410)])
def test_a_rating_is_taken_to_the_last_second(rating_link, browser, clock, seconds, status):
    clock.move_to(NOW + 14 * DAY + timedelta(seconds=seconds))
    assert browser.post(rating_link, {"expected": "AS", "worth": "2"}).status_code == status
    assert Report.objects.count() == (1 if status == 302 else 0)


@pytest.mark.parametrize(("seconds", "status"), [(-1, 302), (1, 410)])
def test_a_check_is_taken_to_the_last_second(link, browser, clock, seconds, status):
    clock.move_to(NOW + 14 * DAY + timedelta(seconds=seconds))
    assert browser.post(link, {"balance": "0"}).status_code == status
    assert Answer.objects.count() == (1 if status == 302 else 0)


def test_an_event_that_was_taken_back_is_gone(rating_link, browser, cast):
    from exchanges.services.events import withdraw_event

    event = Prompt.objects.get().event
    withdraw_event(event=event, voice=cast.ana_voice, supersedes=event.versions.get(), now=NOW)
    assert browser.get(rating_link).status_code == 410


def test_a_gift_asks_nobody_whether_they_owe(cast, clock, browser):
    ask_rating(make_event(cast.borealis, cast.ana_voice, what="A box of plums", kind="GIFT"), now=NOW)
    assert 'name="owing"' not in browser.get(link_to("bo@borealis.example")).content.decode()


# Stopping


@pytest.fixture
def stop_link(link):
    body = mail.outbox[-1].body if mail.outbox[-1].to == ["bo@borealis.example"] else mail.outbox[0].body
    return re.search(r"https?://[^/]+(/p/[^/]+/stop/)", body).group(1)


def test_stopping_is_asked_and_then_done_by_one_post(stop_link, browser, cast):
    assert "Shall we stop asking you?" in browser.get(stop_link).content.decode()
    assert Person.objects.get(pk=cast.bo.pk).suppressed_at is None
    response = browser.post(stop_link, {"List-Unsubscribe": "One-Click"})
    assert response.status_code == 200
    assert not response.cookies
    assert Person.objects.get(pk=cast.bo.pk).suppressed_at == NOW
    assert "We will not write to you again." in browser.get(stop_link).content.decode()
    browser.post(stop_link, {"act": "resume"})
    assert Person.objects.get(pk=cast.bo.pk).suppressed_at is None


def test_a_stopped_person_can_still_use_the_link_in_hand(link, browser, cast):
    stop_mails(person=cast.bo, now=NOW)
    assert browser.post(link, {"balance": "1"}).status_code == 302
