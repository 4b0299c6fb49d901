"""Pages about a missed moment offer what can be said of it, and no more: elsewhere there is no such page."""

import pytest

from exchanges.models import Report, ReportRole
from exchanges.services.missed import log_missed
from relationships.models import Kind, SideRole
from tests.api_client import Api
from tests.exchanges.views.browsing import browser_of, clock, seen_by  # noqa: F401
from tests.exchanges.views.test_settling import guest
from tests.makers import NOW, TODAY, make_event

pytestmark = pytest.mark.usefixtures("clock")
OWN, COUNTERPART = SideRole.OWN, SideRole.COUNTERPART


@pytest.fixture
def ours(cast):
    """That Borealis missed, as we say."""
    return log_missed(relationship=cast.borealis, side=OWN, voice=cast.ana_voice, what="Nobody asked how the audit went", on=TODAY, now=NOW)


@pytest.fixture
def theirs(cast):
    """That we missed, as Borealis says."""
    return log_missed(relationship=cast.borealis, side=COUNTERPART, voice=cast.bo_voice, what="Nobody came to the opening", on=TODAY, now=NOW)


@pytest.fixture
def bo(cast):
    return guest("bo@borealis.example")


def said(event):
    return list(Report.objects.standing().filter(event=event).values_list("role", "arrived", "word"))


@pytest.mark.parametrize("where", ["report/gave/", "relay/got/", "relay/gave/"])
def test_at_the_desk_there_is_no_page_for_a_cost_or_for_what_they_told_us(cast, ours, theirs, where):
    ana = browser_of(cast.ana)
    for event in (ours, theirs):
        assert ana.get(f"/events/{event.public_id}/{where}").status_code == 404
        assert ana.post(f"/events/{event.public_id}/{where}", {"word": "2"}).status_code == 404
        assert len(said(event)) == 1


def test_the_pages_of_any_other_entry_stay(cast):
    """Negative control: the same addresses answer where something was given."""
    event = make_event(cast.borealis, cast.ana_voice)
    for where in ("report/gave/", "relay/got/"):
        assert browser_of(cast.ana).get(f"/events/{event.public_id}/{where}").status_code == 200


def test_the_entry_leads_only_where_something_can_be_said(cast, ours, theirs):
    page = seen_by(cast.ana, f"/events/{theirs.public_id}/")
    assert "They told me on the phone" not in page
    assert "/report/" not in page
    assert f"/events/{ours.public_id}/report/got/" in seen_by(cast.ana, f"/events/{ours.public_id}/")


def test_we_say_that_ours_hurt_and_nothing_of_its_worth(cast, ours):
    url = f"/events/{ours.public_id}/report/got/"
    page = seen_by(cast.ana, url)
    assert "How was it for us?" in page
    for name in ("word", "expectation", "owing", "typed_amount", "unit"):
        assert f'name="{name}"' not in page
    assert page.count('name="arrived"') == 2
    ana, before = browser_of(cast.ana), str(Report.objects.get().public_id)
    for wrong in ({"word": "8"}, {"arrived": "ALL"}, {}):
        assert ana.post(url, {"supersedes": before, **wrong}).status_code == 422
    assert said(ours) == [(ReportRole.GOT, "NONE", None)]
    assert ana.post(url, {"supersedes": before, "arrived": "BURDEN", "word": "3"}).status_code == 302
    assert said(ours) == [(ReportRole.GOT, "BURDEN", None)]


def test_on_the_own_page_there_is_nothing_to_rate(cast, theirs, bo):
    home = f"/me/with/{cast.borealis.public_id}/"
    url = f"{home}rate/{theirs.public_id}/"
    assert bo.get(url).status_code == 404
    assert bo.post(url, {"do": "answer", "expected": "MORE", "worth": "4"}).status_code == 404
    assert said(theirs) == [(ReportRole.GOT, "NONE", None)]
    page = bo.get(f"{home}got/").content.decode()
    assert "Nobody came to the opening" in page
    assert url not in page


def test_an_employee_keeps_to_it_as_well(cast, employee):
    row = employee.relationship
    event = log_missed(relationship=row, side=COUNTERPART, voice=employee.eva_voice, what="No thanks", on=TODAY, now=NOW)
    assert row.kind == Kind.EMPLOYEE
    url = f"/me/with/{row.public_id}/rate/{event.public_id}/"
    assert guest("eva@acme.example").post(url, {"do": "answer", "expected": "MORE", "worth": "4"}).status_code == 404
    assert said(event) == [(ReportRole.GOT, "NONE", None)]


@pytest.mark.parametrize(
    "body",
    [
        {"side": "OWN", "role": "GAVE", "word": "GREAT"},
        {"side": "COUNTERPART", "role": "GOT", "word": "GREAT", "relayed": True},
        {"side": "COUNTERPART", "role": "GOT", "arrived": "ALL", "relayed": True},
    ],
)
def test_the_api_refuses_it_too(cast, theirs, body):
    answer = Api(cast.ana).post(f"/events/{theirs.public_id}/reports/", body)
    assert answer.status_code == 400, answer.content
    assert len(said(theirs)) == 1
