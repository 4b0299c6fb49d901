"""What matters to our side: said by us, dated, never over what was said before, and never for the other side."""

import pytest
from django.urls import reverse

from relationships.models import SideRole, TermsVersion
from relationships.services.terms import TermsLine, add_own_kind, write_terms
from tests.exchanges.views.browsing import browser_of, clock, looks_unknown, refuses, seen_by  # noqa: F401
from tests.makers import NOW, TODAY
from valueledger.common.tenancy import within

pytestmark = pytest.mark.usefixtures("clock")


def url(relationship):
    return reverse("desk:terms", args=[relationship.public_id])


def say(member, relationship, **typed):
    data = {"kind0": "Fees on time", "weight0": "6", "kind1": "Learning", "weight1": "4", "words1": "Real sites"}
    return browser_of(member).post(url(relationship), {**data, **typed})


def test_we_say_what_matters_to_us(cast):
    assert say(cast.ana, cast.borealis, unit1="hours", rate1="2").status_code == 302
    version = TermsVersion.objects.get()
    assert (version.side.role, version.author_id, version.effective_on) == (SideRole.OWN, cast.ana_speaks.pk, TODAY)
    learning = version.items.get(value_kind__name="Learning")
    assert (learning.weight, learning.unit.name, learning.points_per_unit, learning.text.words) == (4, "hours", 2, "Real sites")
    page = seen_by(cast.ana, reverse("desk:relationship", args=[cast.borealis.public_id]))
    assert "Fees on time" in page
    assert "Said by Ana Lind" in page


def test_a_later_version_stands_beside_the_earlier(cast):
    say(cast.ana, cast.borealis)
    say(cast.ana, cast.borealis, weight0="4", weight1="6")
    assert list(TermsVersion.objects.order_by("seq").values_list("seq", flat=True)) == [1, 2]
    assert seen_by(cast.ana, url(cast.borealis)).count("Ours</b>") + seen_by(cast.ana, url(cast.borealis)).count("<b>Ours") == 2


def test_theirs_are_shown_and_no_form_sets_them(cast):
    side = cast.borealis.sides.get(role=SideRole.COUNTERPART)
    line = TermsLine(add_own_kind(side=side, name="Quiet evenings"), 10, words="Nobody phones me after ten")
    write_terms(side=side, author=cast.bo_speaks, lines=[line], effective_on=TODAY, now=NOW)
    page = seen_by(cast.ana, url(cast.borealis))
    assert "Nobody phones me after ten" in page
    say(cast.ana, cast.borealis, side="1", role="1")
    assert TermsVersion.objects.filter(side=side).count() == 1


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        ({"weight0": "7"}, "these are 11"),
        ({"weight0": "-1"}, "whole number from 0 to 10"),
        ({"weight0": "NaN"}, "whole number from 0 to 10"),
        ({"weight0": "11"}, "whole number from 0 to 10"),
        ({"kind1": ""}, "Name it, or empty the whole row."),
        ({"kind1": "fees ON time"}, "Each thing stands once."),
        ({"rate1": "2"}, "A rate needs its unit."),
        ({"rate1": "1e9", "unit1": "hours"}, "how many points"),
        ({"words1": "x" * 301}, "too long"),
        ({"kind0": "", "weight0": "", "kind1": "", "weight1": "", "words1": ""}, "Name at least one thing"),
    ],
)
def test_what_cannot_be_taken_is_said_and_kept(cast, typed, word):
    response = say(cast.ana, cast.borealis, **typed)
    assert response.status_code == 422
    assert word in response.content.decode()
    assert not TermsVersion.objects.exists()


def test_a_leader_reads_and_sets_nothing(cast):
    assert 'name="kind0"' not in seen_by(cast.lea, url(cast.borealis))
    looks_unknown(cast.lea, url(cast.borealis), "post", kind0="x", weight0="10")


def test_strangers_find_nothing(cast):
    looks_unknown(cast.amir, url(cast.borealis))
    with within(cast.elsewhere.pk):
        looks_unknown(cast.zed, url(cast.borealis), "post")


def test_other_methods_are_refused(cast):
    refuses(cast.ana, url(cast.borealis), "PUT", "DELETE")
