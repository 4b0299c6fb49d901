"""The page of one's own reflections: its own reader's, and nobody else's."""

import pytest

from exchanges.models import Reflecting, Reflection
from exchanges.services.reflections import reflect, set_how_often
from tests.exchanges.views.browsing import HTMX, browser_of, clock, looks_unknown, seen_by  # noqa: F401
from tests.makers import NOW

pytestmark = pytest.mark.usefixtures("clock")
URL = "/reflections/"


@pytest.fixture
def mine(cast):
    set_how_often(member=cast.ana, how_often="MONTHLY", now=NOW)
    return Reflection.objects.get(member=cast.ana)


def url(row):
    return f"{URL}{row.public_id}/"


def test_it_is_off_until_one_switches_it_on_and_looking_writes_nothing(cast):
    for member in (cast.ana, cast.lea, cast.oda):
        assert "checked" in seen_by(member, URL).partition('value="NEVER"')[2].partition(">")[0]
    assert not Reflecting.objects.exists()
    assert browser_of(cast.lea).post(URL, {"how_often": "QUARTERLY"}).url == URL
    assert Reflecting.objects.get().member_id == cast.lea.pk
    answer = browser_of(cast.ana).post(URL, {})
    assert answer.status_code == 422
    assert "Choose how often." in answer.content.decode()


def test_the_question_waits_on_the_page_and_where_the_day_begins(cast, mine):
    set_how_often(member=cast.lea, how_often="MONTHLY", now=NOW)
    for member, page in ((cast.ana, "/"), (cast.ana, URL), (cast.lea, "/portfolio/"), (cast.lea, URL)):
        assert "Nobody else ever sees the answer." in seen_by(member, page)
    assert "Nobody else ever sees the answer." not in seen_by(cast.amir, "/")


def test_answering_in_place_and_without_script(cast, mine):
    answer = browser_of(cast.ana).post(url(mine), {"sentence": "I will call.", "feeling": "GOOD"}, headers=HTMX)
    assert "Kept, for you alone." in answer.content.decode()
    body = seen_by(cast.ana, URL)
    assert "I will call." in body
    assert ", good" in body
    assert browser_of(cast.ana).post(url(mine), {"sentence": "I called."}).url == URL
    assert "I called." in seen_by(cast.ana, URL)


def test_an_empty_answer_is_said_in_place(cast, mine):
    for headers in ({}, HTMX):
        answer = browser_of(cast.ana).post(url(mine), {}, headers=headers)
        assert answer.status_code == 422
        assert "Write a sentence, or leave it this time." in answer.content.decode()


def test_it_can_be_left_and_deleted(cast, mine):
    browser_of(cast.ana).post(url(mine), {"act": "skip"})
    assert "Nothing waits." in seen_by(cast.ana, URL)
    Reflection.objects.filter(pk=mine.pk).update(is_skipped=False)
    mine.refresh_from_db()
    reflect(reflection=mine, sentence="Gone soon.", feeling="", now=NOW)
    browser_of(cast.ana).post(url(mine), {"act": "delete"})
    assert not Reflection.objects.exists()
    assert "Gone soon." not in seen_by(cast.ana, URL)


@pytest.mark.parametrize("act", ["answer", "skip", "delete"])
def test_somebody_elses_is_not_found(cast, mine, act):
    for member in (cast.amir, cast.lea, cast.oda, cast.zed):
        looks_unknown(member, url(mine), "post", act=act, sentence="x")
    mine.refresh_from_db()
    assert (mine.said_on, mine.is_skipped) == (None, False)


def test_nobody_sees_what_another_wrote(cast, mine):
    reflect(reflection=mine, sentence="I am short with him.", feeling="HARD", now=NOW)
    for member, pages in ((cast.amir, ["/", URL]), (cast.lea, ["/portfolio/", URL, f"/relationships/{cast.borealis.public_id}/"]), (cast.oda, [URL])):
        for page in pages:
            assert "short with him" not in seen_by(member, page)
