"""What matters to the other side, said by the link of a mail: ten points, own words, and no script."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from exchanges.models import Prompt, PromptState
from exchanges.services.prompts import ask_rating, stop_mails
from exchanges.services.terms_prompts import ask_terms
from relationships.models import Kind, Relationship, SideRole, Stage, TermsItem, TermsVersion
from relationships.services.parties import add_person
from tests.exchanges.views.browsing import browser_of, clock, looks_unknown, refuses, seen_by  # noqa: F401
from tests.exchanges.views.test_portal_gently import link_to
from tests.makers import NOW, make_event, make_relationship, speaker
from valueledger.common.models import Outbox

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
TYPED = {"kind0": "Less stress", "weight0": "6", "words0": "No calls after ten", "kind1": "On time", "weight1": "4", "act": "answer"}


@pytest.fixture
def browser():
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def link(cast, clock):  # noqa: F811
    ask_terms(participant=cast.bo_speaks, now=NOW, reason="asked")
    return link_to("bo@borealis.example")


def theirs():
    return TermsVersion.objects.filter(side__role=SideRole.COUNTERPART)


def test_the_page_asks_with_blank_rows_and_says_who_sees_it_before_the_button(link, browser):
    page = browser.get(link).content.decode()
    assert "What matters to you with Acme?" in page
    assert len(re.findall(r'name="kind\d"', page)) == 4
    privacy = "Ana Lind and Acme will see this with your name as soon as you send it. You can change it until 25 June."
    assert privacy in page
    assert not theirs().exists()


def test_what_is_sent_is_that_sides_own_word_and_shown_again(link, browser, cast):
    response = browser.post(link, TYPED)
    assert response.status_code == 302
    assert not response.cookies
    version = theirs().get()
    assert version.author_id == cast.bo_speaks.pk
    assert Prompt.objects.get().state == PromptState.ANSWERED
    thanks = browser.get(response.url).content.decode()
    for words in ("Thank you, Bo.", "Less stress", "No calls after ten", "6 of 10"):
        assert words in thanks
    again = browser.get(link).content.decode()
    assert "You have answered this one." in again
    assert "Change" in again


def test_it_can_be_changed_while_the_link_lives_and_starts_from_what_was_said(link, browser, clock):  # noqa: F811
    browser.post(link, TYPED)
    clock.move_to(NOW + DAY)
    page = browser.get(f"{link}?change").content.decode()
    assert re.search(r'value="Less stress"[^>]*name="kind0"|name="kind0"[^>]*value="Less stress"', page)
    browser.post(link, {**TYPED, "weight0": "5", "weight1": "5"})
    assert theirs().count() == 2


def test_the_same_again_is_one_version(link, browser):
    for _ in range(3):
        browser.post(link, TYPED)
    assert theirs().count() == 1


def test_another_row_comes_without_a_script_and_records_nothing(link, browser):
    page = browser.post(link, {**TYPED, "act": "more"})
    assert page.status_code == 200
    body = page.content.decode()
    assert len(re.findall(r'name="kind\d"', body)) == 4
    assert "No calls after ten" in body
    many = {f"kind{number}": "x" for number in range(9)}
    assert len(re.findall(r'name="kind\d"', browser.post(link, {**many, "act": "more"}).content.decode())) == 10
    assert not theirs().exists()


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        ({}, "Name at least one thing that matters."),
        ({"kind0": "Calm", "weight0": "9"}, "Share out ten points; these are 9."),
        ({"kind0": "Calm", "weight0": "11"}, "A whole number from 0 to 10."),
        ({"kind0": "Calm", "weight0": "-1"}, "A whole number from 0 to 10."),
        ({"weight0": "10"}, "Name it, or empty the whole row."),
        ({"kind0": "Calm", "weight0": "5", "kind1": "calm", "weight1": "5"}, "Each thing stands once."),
        ({"kind0": "Calm", "weight0": "10", "rate0": "2"}, "A rate needs its unit."),
        ({"kind0": "Calm", "weight0": "10", "unit0": "evenings", "rate0": "NaN"}, "Write how many points one of them is worth, such as 2."),
        ({"kind0": "x" * 81, "weight0": "10"}, "80"),
    ],
)
def test_what_cannot_be_taken_is_said_and_what_was_typed_stays(link, browser, typed, word):
    response = browser.post(link, typed)
    assert response.status_code == 422
    assert word in response.content.decode()
    assert not theirs().exists()
    assert Prompt.objects.get().state == PromptState.WAITING


def test_an_own_unit_with_its_rate_is_kept(link, browser):
    browser.post(link, {"kind0": "Calm", "weight0": "10", "unit0": "quiet evenings", "rate0": "2,5", "anchor0": "A free week"})
    item = TermsItem.objects.select_related("unit", "text").get()
    assert (item.unit.name, str(item.points_per_unit), item.text.anchor) == ("quiet evenings", "2.5000", "A free week")


def test_skipping_leaves_it_and_can_be_taken_back(link, browser):
    page = browser.get(browser.post(link, {"act": "skip"}).url).content.decode()
    assert "All right, not this time." in page
    assert Prompt.objects.get().state == PromptState.SKIPPED
    assert browser.post(link, TYPED).status_code == 302
    assert Prompt.objects.get().state == PromptState.ANSWERED


def test_not_me_ends_the_link(link, browser):
    assert "opens nothing any more" in browser.post(link, {"act": "not_me"}).content.decode()
    assert browser.get(link).status_code == 404


def test_to_the_last_second_and_not_after(link, browser, clock):  # noqa: F811
    clock.move_to(NOW + 14 * DAY + SECOND)
    assert browser.post(link, TYPED).status_code == browser.get(link).status_code == 410
    clock.move_to(NOW + 14 * DAY - SECOND)
    assert browser.post(link, TYPED).status_code == 302
    assert theirs().count() == 1


def test_an_ended_relationship_has_nothing_left_to_say(link, browser, cast):
    Relationship.objects.filter(pk=cast.borealis.pk).update(stage=Stage.ENDED)
    assert browser.post(link, TYPED).status_code == 410


def test_the_link_of_one_question_opens_no_other(link, browser, cast):
    """A link for what matters takes no rating and no check, and the other way round: what was asked decides, not what was sent."""
    assert browser.post(link, {"balance": "1", "expected": "AS", "worth": "2"}).status_code == 422
    ask_rating(make_event(cast.borealis, cast.ana_voice, what="New routes"), now=NOW)
    from exchanges.models import Answer, Report

    assert not Answer.objects.exists()
    assert not Report.objects.exists()


def test_our_own_words_and_those_of_other_relationships_are_not_offered(cast, clock, browser):  # noqa: F811
    other = make_relationship(cast.ana, "Cygnus", people=(add_person(workspace=cast.workspace, name="Cy", email="cy@cygnus.example"),))
    ask_terms(participant=speaker(other), now=NOW, reason="asked")
    browser.post(link_to("cy@cygnus.example"), {"kind0": "A secret of Cygnus", "weight0": "10", "unit0": "cygnets", "rate0": "1"})
    assert TermsItem.objects.count() == 1
    ask_terms(participant=cast.bo_speaks, now=NOW, reason="asked")
    page = browser.get(link_to("bo@borealis.example")).content.decode()
    assert "A secret of Cygnus" not in page
    assert "cygnets" not in page


# At the desk


def ask_url(relationship):
    return reverse("desk:ask_terms", args=[relationship.public_id])


def test_the_steward_asks_once_and_sees_that_it_is_out(cast, clock):  # noqa: F811
    desk = browser_of(cast.ana)
    page = desk.post(ask_url(cast.borealis), follow=True).content.decode()
    assert "Asked. They have two weeks, and may leave it." in page
    assert "The question is open until" in page
    assert Prompt.objects.get().participant_id == cast.bo_speaks.pk
    assert "Nobody was asked" in desk.post(ask_url(cast.borealis), follow=True).content.decode()
    assert Prompt.objects.count() == Outbox.objects.count() == 1


def test_where_nobody_can_be_reached_the_steward_is_told(cast, clock):  # noqa: F811
    stop_mails(person=cast.bo, now=NOW)
    assert "Nobody was asked" in browser_of(cast.ana).post(ask_url(cast.borealis), follow=True).content.decode()


def test_the_answer_about_an_employee_tells_nothing(cast, employee, clock):  # noqa: F811
    desk = browser_of(cast.ana)
    pages = [desk.post(ask_url(employee.relationship), follow=True).content.decode() for _ in range(2)]
    for page in pages:
        assert "unless they had it in this half-year already" in page
        assert "The question is open until" not in page
    assert Prompt.objects.count() == 1


def test_others_ask_nobody(cast, clock):  # noqa: F811
    looks_unknown(cast.amir, ask_url(cast.borealis), "post")
    looks_unknown(cast.lea, ask_url(cast.borealis), "post")
    looks_unknown(cast.zed, ask_url(cast.borealis), "post")
    refuses(cast.ana, ask_url(cast.borealis), "GET", "PUT", "DELETE")
    assert not Prompt.objects.exists()


def test_the_steward_hears_of_it_and_nobody_else(link, browser, cast):
    browser.post(link, TYPED)
    page = seen_by(cast.ana, "/")
    assert "Bo Berg, Borealis" in page
    assert "said what matters: Less stress 6, On time 4." in page
    assert "Less stress" not in seen_by(cast.amir, "/")
    assert "Less stress" in seen_by(cast.ana, reverse("desk:relationship", args=[cast.borealis.public_id]))


@pytest.mark.parametrize(("kind", "sees"), [(Kind.EMPLOYEE, "Ana Lind will see this"), (Kind.PERSONAL, "Ana Lind will see this")])
def test_who_sees_it_depends_on_the_kind(cast, clock, browser, kind, sees):  # noqa: F811
    person = add_person(workspace=cast.workspace, name="Kim", email="kim@home.example")
    relationship = make_relationship(cast.ana, "Kim", kind=kind, people=(person,))
    ask_terms(participant=speaker(relationship), now=NOW, reason="asked")
    assert sees in browser.get(link_to("kim@home.example")).content.decode()
