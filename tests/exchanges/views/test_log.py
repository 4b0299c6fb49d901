"""The full form: what each direction may say, what is refused, and that nothing is saved twice or lost."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from exchanges.models import EventStatus, EventVersion, Giver, LiveEvidence, Report, ReportFact, ReportRole, ValueEvent, View, Visibility
from relationships.models import Kind, SideRole, ValueKind
from relationships.services.terms import add_own_kind
from tests.exchanges.views.browsing import HTMX, browser_of, clock, looks_unknown, refuses, seen_by  # noqa: F401
from tests.makers import TODAY, make_relationship
from valueledger.common.tenancy import within

pytestmark = pytest.mark.usefixtures("clock")
LOG = "/log/"


def log(member, *, htmx=False, **typed):
    data = {
        "direction": "we",
        "who": "Borealis",
        "when": "2026-06-09",
        "what": "Re-planned the night routes",
        "status": "ARRIVED",
        "guess_unknown": "on",
    }
    return browser_of(member).post(LOG, {**data, **typed}, headers=HTMX if htmx else None)


def refused(response, *words):
    assert response.status_code == 422, response.content
    page = response.content.decode()
    for word in words:
        assert word in page, word
    assert "Nothing was lost" in page
    assert not ValueEvent.objects.exists()
    return page


def test_the_steward_gets_the_form(cast):
    page = seen_by(cast.ana, LOG)
    assert "What will be saved" in page
    assert 'name="key" value="' in page


def test_nobody_else_gets_it(cast):
    looks_unknown(cast.lea, LOG)
    looks_unknown(cast.oda, LOG)
    looks_unknown(cast.oda, LOG, "post")


def test_other_methods_are_refused(cast):
    refuses(cast.ana, LOG, "PUT", "DELETE")
    refuses(cast.ana, LOG + "preview/", "POST")


def test_a_stranger_cannot_log_into_it(cast):
    with within(cast.elsewhere.pk):
        response = log(cast.zed)
    assert response.status_code == 422
    assert "There is no “Borealis” here." in response.content.decode()
    assert not ValueEvent.objects.exists()


def test_we_gave_is_our_account_and_a_guess_and_never_their_worth(cast):
    response = log(cast.ana, guess="3", cost="9", unit="hours", hours="9", worth="4", guess_unknown="")
    assert response.headers["Location"] == reverse("desk:relationship", args=[cast.borealis.public_id])
    report = Report.objects.get()
    assert (report.side, report.role, report.first_hand, report.participant_id) == (SideRole.OWN, ReportRole.GAVE, True, cast.ana_speaks.pk)
    assert (report.guess_word, report.word, report.typed_amount, report.unit.name) == (3, None, Decimal(9), "hours")
    assert ReportFact.objects.get().hours == 9


def test_they_gave_is_our_worth_and_never_their_cost(cast):
    log(cast.ana, direction="they", worth="-1", expectation="LESS", cost_word="4", guess="4")
    report = Report.objects.get()
    assert (report.side, report.role, report.word, report.expectation) == (SideRole.OWN, ReportRole.GOT, -1, "LESS")
    assert ValueEvent.objects.get().giver == Giver.COUNTERPART


def test_together_is_both_of_our_accounts(cast):
    log(cast.ana, direction="both", worth="2", cost_word="1")
    assert set(Report.objects.values_list("side", "role")) == {(SideRole.OWN, ReportRole.GAVE), (SideRole.OWN, ReportRole.GOT)}


def test_that_it_cost_nothing_has_to_be_said(cast):
    log(cast.ana, cost_word="0")
    assert Report.objects.get().points_micro == 0
    log(cast.ana, guess="2")
    assert Report.objects.order_by("-id").first().points_micro is None  # one typical event, not nothing


def test_saying_nothing_of_it_writes_no_account(cast):
    log(cast.ana)
    assert ValueEvent.objects.count() == 1
    assert not Report.objects.exists()


def test_a_promise_has_its_own_day_to_come(cast):
    log(cast.ana, status="PROMISED", expected_on="2026-07-01")
    version = EventVersion.objects.get()
    assert (version.status, version.arrived_on, version.expected_on.isoformat()) == (EventStatus.PROMISED, None, "2026-07-01")


def test_a_private_entry_stays_on_our_side(cast):
    log(cast.ana, visibility="PRIVATE", cost_word="2")
    assert EventVersion.objects.get().visibility == Visibility.PRIVATE
    assert LiveEvidence.objects.get().view_mask == View.OWN


def test_the_kind_of_value_is_one_of_the_catalogue_or_of_the_two_sides(cast):
    learning = ValueKind.objects.create(workspace=cast.workspace, code="learning", name="Learning")
    log(cast.ana, value_kind=str(learning.public_id))
    assert EventVersion.objects.get().value_kind == learning


def test_the_kind_of_another_relationships_side_is_not_known(cast):
    other = make_relationship(cast.ana, "Cassini")
    kind = add_own_kind(side=other.sides.get(role=SideRole.COUNTERPART), name="Starlight")
    refused(log(cast.ana, value_kind=str(kind.public_id)), "This choice is not known.")


def test_errors_are_counted_linked_and_kept(cast):
    page = refused(log(cast.ana, who="Boreali", cost="nine", unit="hours", guess_unknown=""), "Three things to fix.")
    for part in (
        'href="#id_who"',
        'value="Boreali"',
        'value="nine"',
        "Did you mean Borealis?",
        "such as 9 or 6200",
        "Choose one, or say you do not know yet.",
    ):
        assert part in page, part


def test_htmx_gets_the_form_alone(cast):
    response = log(cast.ana, htmx=True, who="")
    assert response.status_code == 422
    assert "<html" not in response.content.decode()
    assert 'id="log-form"' in response.content.decode()


def test_htmx_is_led_on_by_a_header(cast):
    response = log(cast.ana, htmx=True)
    assert response.headers["HX-Redirect"] == reverse("desk:relationship", args=[cast.borealis.public_id])


def test_another_can_follow_at_once(cast):
    assert log(cast.ana, again="1").headers["Location"] == LOG


def test_the_same_form_twice_logs_once_and_leads_to_the_same_page(cast):
    first, second = log(cast.ana, key="one"), log(cast.ana, key="one")
    assert first.headers["Location"] == second.headers["Location"]
    assert ValueEvent.objects.count() == 1


def test_a_refused_form_does_not_use_its_key_up(cast):
    log(cast.ana, key="one", what="")
    assert log(cast.ana, key="one").status_code == 302
    assert ValueEvent.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "typed", "word"),
    [
        ("cost", "NaN", "as a number"),
        ("cost", "1e308", "as a number"),
        ("cost", "-5", "has to lie between"),
        ("cost", "1" * 40, "as a number"),
        ("cost", "1.23456", "after the point"),
        ("cost", "٣", "as a number"),
        ("when", "9999-12-31", "has to lie between"),
        ("when", "1969-12-31", "has to lie between"),
        ("when", "today", "not a date"),
        ("when", "2026-06-13", "has to lie between"),
        ("guess", "5", "not known"),
        ("guess", "NaN", "not known"),
        ("cost_word", "-1", "not known"),
        ("direction", "up", "not known"),
        ("status", "GONE", "not known"),
        ("what", "x" * 2001, "too long"),
        ("what", "\0\0", "Say what happened"),
        ("goal", "x" * 201, "too long"),
        ("money", "12", "Name the currency"),
        ("unit", "x" * 41, "too long"),
    ],
)
def test_what_cannot_be_taken_is_refused_in_words(cast, field, typed, word):
    others = {"cost": "9", "unit": "hours"} if field in ("cost", "unit") else {}
    refused(log(cast.ana, **{**others, field: typed}), word)


def test_a_comma_for_the_point_is_taken(cast):
    log(cast.ana, cost="1,5", unit="hours")
    assert Report.objects.get().typed_amount == Decimal("1.5")


def test_letters_of_every_script_are_kept(cast):
    what = "שלום \u200f 👩‍👩‍👧 नमस्ते"
    log(cast.ana, what=what)
    assert EventVersion.objects.get().text.what == what


def test_the_first_word_of_a_steward_makes_it_a_speaker(cast):
    relationship = make_relationship(cast.ana, "Cassini")
    relationship.sides.get(role=SideRole.OWN).participants.update(left_on=TODAY - timedelta(days=1))
    log(cast.ana, who="Cassini", cost_word="1")
    assert Report.objects.get().participant.person_id == cast.ana.person_id


def test_friends_are_not_asked_to_weigh(cast):
    make_relationship(cast.ana, "Piet Vorster", kind=Kind.PERSONAL)
    assert log(cast.ana, who="Piet Vorster", guess_unknown="").status_code == 302
    friend = ValueEvent.objects.get().relationship
    assert "worthscale" not in seen_by(cast.ana, f"{LOG}?with={friend.public_id}")


def test_the_preview_says_what_will_be_saved(cast):
    page = browser_of(cast.ana).get(f"{LOG}preview/?direction=we&who=Borealis&when=2026-06-09&what=New+routes&cost_word=0&guess=3", headers=HTMX)
    text = page.content.decode()
    assert "On Tuesday 9 June, Acme gave Borealis: New routes. It took us nothing. We think it was worth a lot to them." in text


def test_the_preview_takes_anything(cast):
    for query in ("", "direction=x&who=%F0%9F%98%80&when=9999-99-99&cost=NaN&guess=7", "relationship=nope&who=Borealis"):
        assert browser_of(cast.ana).get(f"{LOG}preview/?{query}", headers=HTMX).status_code == 200
    assert not ValueEvent.objects.exists()
