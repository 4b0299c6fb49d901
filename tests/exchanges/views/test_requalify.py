"""Is it still worth it for us: answered on Today, on the page of the question and on the relationship's; nobody else reads of it."""

from datetime import timedelta

import pytest

from exchanges.models import ImportTable, Prompt, PromptKind, PromptState, Requalification
from exchanges.services.exports import export
from exchanges.services.requalify import ask_due_worth, say_worth
from relationships.models import Kind, Participant, SideRole
from relationships.services.relationships import add_participant
from tests.exchanges.views.browsing import browser_of, clock, seen_by  # noqa: F401
from tests.makers import NOW, TODAY, make_relationship, speaker

pytestmark = pytest.mark.usefixtures("clock")
DAY = timedelta(days=1)
SECRET = "They pay late, and I am tired."


@pytest.fixture
def prompt(cast):
    ask_due_worth(now=NOW)
    return Prompt.objects.get(kind=PromptKind.REQUALIFY)


def url(prompt):
    return f"/prompts/{prompt.public_id}/"


def page_of(relationship):
    return f"/relationships/{relationship.public_id}/"


def worth_of(relationship):
    return f"{page_of(relationship)}worth/"


def test_today_asks_in_place_and_says_what_one_may_do(cast, prompt):
    assert "Borealis: is this still worth it for us?" in seen_by(cast.ana, "/")
    answer = browser_of(cast.ana).post(url(prompt), {"said": "NOT_SURE", "sentence": SECRET}, headers={"HX-Request": "true"})
    body = answer.content.decode()
    assert answer.status_code == 200
    assert f'id="prompt-{prompt.public_id}"' in body
    assert "What you may do" in body
    for title in ("Talk", "Ask for less", "End well"):
        assert title in body
    assert "is this still worth it" not in seen_by(cast.ana, "/")


def test_a_yes_offers_nothing(cast, prompt):
    answer = browser_of(cast.ana).post(url(prompt), {"said": "YES"}, headers={"HX-Request": "true"})
    assert "What you may do" not in answer.content.decode()


def test_without_script_a_doubt_leads_to_the_page_that_says_what_one_may_do(cast, prompt):
    browser = browser_of(cast.ana)
    answer = browser.post(url(prompt), {"said": "NO"}, follow=True)
    assert answer.redirect_chain == [(url(prompt), 302)]
    assert "End well" in answer.content.decode()
    assert browser.post(url(prompt), {"said": "YES"}).url == "/"


def test_the_link_of_the_mail_picks_but_does_not_answer(cast, prompt):
    body = browser_of(cast.ana).get(f"{url(prompt)}?said=NO").content.decode()
    assert 'value="NO"' in body
    assert "checked" in body.partition('value="NO"')[2].partition(">")[0]
    assert "Borealis never sees this" in body
    assert not Requalification.objects.exists()


def test_nothing_chosen_is_said_in_place(cast, prompt):
    for headers in ({}, {"HX-Request": "true"}):
        answer = browser_of(cast.ana).post(url(prompt), {}, headers=headers)
        assert answer.status_code == 422
        assert "Choose one of the three." in answer.content.decode()


@pytest.mark.parametrize(("act", "state"), [("skip", PromptState.SKIPPED), ("later", PromptState.SNOOZED)])
def test_it_can_be_left_or_put_off(cast, prompt, act, state):
    browser_of(cast.ana).post(url(prompt), {"act": act})
    prompt.refresh_from_db()
    assert prompt.state == state
    assert "is this still worth it" not in seen_by(cast.ana, "/")


def test_a_question_is_its_own_persons_alone(cast, prompt):
    for member in (cast.amir, cast.lea, cast.oda, cast.zed):
        for answer in (browser_of(member).get(url(prompt)), browser_of(member).post(url(prompt), {"said": "NO"})):
            assert answer.status_code == 404
    Participant.objects.filter(pk=prompt.participant_id).update(left_on=TODAY)
    assert browser_of(cast.ana).get(url(prompt)).status_code == 404


def test_the_page_of_the_relationship_takes_it_asked_or_not_and_keeps_it(cast):
    browser = browser_of(cast.ana)
    assert "You have not said yet." in seen_by(cast.ana, page_of(cast.borealis))
    answer = browser.post(worth_of(cast.borealis), {"said": "NO", "sentence": SECRET})
    assert answer.url == f"{page_of(cast.borealis)}#worth"
    body = seen_by(cast.ana, page_of(cast.borealis))
    assert "You said “no” on 11 June." in body
    assert "pay late" in body
    assert "Ask for less" in body
    browser.post(worth_of(cast.borealis), {"said": "YES"})
    assert "Ask for less" not in seen_by(cast.ana, page_of(cast.borealis))
    assert browser.post(worth_of(cast.borealis), {}).status_code == 422


def test_only_who_looks_after_it_or_speaks_for_us_may_say_it(cast):
    for member in (cast.amir, cast.lea, cast.oda, cast.zed):
        assert browser_of(member).post(worth_of(cast.borealis), {"said": "NO"}).status_code == 404
    add_participant(side=cast.ana_speaks.side, person=cast.lea.person, from_on=TODAY)
    assert browser_of(cast.lea).post(worth_of(cast.borealis), {"said": "NO"}).status_code == 302
    assert Requalification.objects.get().member_id == cast.lea.pk


def test_a_colleagues_answer_shows_to_the_steward_of_a_client_without_its_sentence(cast):
    add_participant(side=cast.ana_speaks.side, person=cast.lea.person, from_on=TODAY)
    say_worth(relationship=cast.borealis, member=cast.lea, said="NO", sentence=SECRET, now=NOW)
    body = seen_by(cast.ana, page_of(cast.borealis))
    assert "<bdi>Lea</bdi>: no" in body
    assert "pay late" not in body


def test_of_an_employee_and_a_friend_a_colleague_shows_to_nobody(cast, employee):
    friend = make_relationship(cast.ana, "A friend", kind=Kind.PERSONAL)
    pages = [page_of(row) for row in (employee.relationship, friend)] + ["/", "/questions/", "/settings/rhythm/preview/", "/outbox/"]
    for row in (employee.relationship, friend):
        add_participant(side=speaker(row, SideRole.OWN).side, person=cast.amir.person, from_on=TODAY)
    before = [plain(cast.ana, page) for page in pages]
    for row in (employee.relationship, friend):
        say_worth(relationship=row, member=cast.amir, said="NO", sentence=SECRET, now=NOW)
    assert [plain(cast.ana, page) for page in pages] == before


def plain(member, page):
    import re

    return re.sub(
        r'name="(csrfmiddlewaretoken|key)"[^>]*value="[^"]+"|"X-CSRFToken": ?"[^"]+"|X-CSRFToken&quot;: ?&quot;[^&]+&quot;', "", seen_by(member, page)
    )


def test_that_colleagues_are_asked_about_an_employee_shows_to_nobody(cast, employee):
    """Neither in the list of questions nor in the outbox nor in the preview; what one is asked oneself does."""
    add_participant(side=speaker(employee.relationship, SideRole.OWN).side, person=cast.amir.person, from_on=TODAY)
    rows = browser_of(cast.ana).get("/settings/rhythm/preview/").context["preview"].questions
    assert {row.person for row in rows if row.what == "still worth it"} == {"Ana Lind"}
    ask_due_worth(now=NOW)
    assert Prompt.objects.filter(kind=PromptKind.REQUALIFY, participant__person=cast.amir.person).count() == 1
    for page in ("/questions/", "/outbox/"):
        assert "Amir" not in seen_by(cast.ana, page)
    assert "Still worth it" in seen_by(cast.ana, "/questions/")
    assert "Still worth it" in seen_by(cast.ana, "/outbox/")


def test_leaders_and_the_other_side_see_no_difference(cast):
    pages = ["/portfolio/", "/relationships/", page_of(cast.borealis), "/settings/rhythm/preview/"]
    before = [plain(cast.lea, page) for page in pages]
    ask_due_worth(now=NOW)
    say_worth(relationship=cast.borealis, member=cast.ana, said="NO", sentence=SECRET, now=NOW)
    assert [plain(cast.lea, page) for page in pages] == before
    for table in ImportTable.values:
        for member in (cast.ana, cast.lea, None):
            assert b"pay late" not in b"".join(export(table=table, workspace=cast.workspace, member=member, now=NOW))


def test_the_preview_says_when_our_side_is_asked(cast):
    rows = browser_of(cast.ana).get("/settings/rhythm/preview/").context["preview"].questions
    assert [(row.on, row.person, row.is_ours) for row in rows if row.what == "still worth it"] == [(TODAY, "Ana Lind", True)]


def test_an_ended_relationship_is_not_asked_about_and_keeps_what_was_said(cast, prompt):
    say_worth(relationship=cast.borealis, member=cast.ana, said="NO", sentence="", now=NOW)
    type(cast.borealis).objects.filter(pk=cast.borealis.pk).update(stage="COMPLETED")
    body = seen_by(cast.ana, page_of(cast.borealis))
    assert "You said “no” on 11 June." in body
    assert "/worth/" not in body
    assert browser_of(cast.ana).post(worth_of(cast.borealis), {"said": "YES"}).status_code == 409
