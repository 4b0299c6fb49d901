"""What if: the equations of the core on the flows of one relationship, as one reader may see them, and guesses that are kept."""

import re
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest
import time_machine
from django.urls import reverse

from exchanges.access import events_for, relationship_for
from exchanges.balance import imagining as core
from exchanges.balance.evidence import EvidenceColumns
from exchanges.balance.filtering import fold
from exchanges.balance.states import States
from exchanges.models import EventKind, Evidence, EvidenceKind, Giver, KeptWhatIf, LiveEvidence, View, Visibility
from exchanges.selectors.balances import DEFAULTS, live_rows
from exchanges.selectors.imagining import Change, WhatIf, answers_to, basis_of, flows_then, outcome_of
from exchanges.selectors.statements import day_number
from exchanges.services.reports import Account, report_gave, report_got
from relationships.models import SideRole
from tests.exchanges.views.browsing import browser_of, clock, looks_unknown, refuses, seen_by  # noqa: F401
from tests.exchanges.views.test_ledger import answered
from tests.makers import NOW, TODAY, make_event

pytestmark = pytest.mark.usefixtures("clock")
BAND = 0.75


def url_of(relationship, **query):
    return reverse("desk:what_if", args=[relationship.public_id], query=query or None)


def a_year(cast, *, count=6):
    """Fees from them and support from us, twice as heavy on us as on them; both sides have said how each landed."""
    for place in range(count):
        on = TODAY - timedelta(days=20 + 40 * place)
        fee = make_event(cast.borealis, cast.bo_voice, giver=Giver.COUNTERPART, on=on, what=f"Fee {place}", kind=EventKind.PAYMENT)
        report_gave(event=fee, side=SideRole.COUNTERPART, voice=cast.bo_voice, account=Account(word=2), now=NOW)
        report_got(event=fee, side=SideRole.OWN, voice=cast.ana_voice, account=Account(word=1), now=NOW)
        help_ = make_event(cast.borealis, cast.ana_voice, on=on + timedelta(days=3), what=f"Help {place}", kind=EventKind.SUPPORT)
        report_gave(event=help_, side=SideRole.OWN, voice=cast.ana_voice, account=Account(word=3), now=NOW)
        report_got(event=help_, side=SideRole.COUNTERPART, voice=cast.bo_voice, account=Account(word=2), now=NOW)


def said_on(member, url):
    main = seen_by(member, url).split("<main", 1)[1].split("</main", 1)[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main))


def basis_for(member, relationship):
    reading = relationship_for(member, relationship.public_id)
    return basis_of(relationship, events_for(reading), view=reading.view, as_of=TODAY, band=BAND)


def test_the_flows_of_the_year_are_told_apart_by_who_gives_what(cast):
    a_year(cast)
    basis = basis_for(cast.ana, cast.borealis)
    assert [(one.label, one.count) for one in basis.of(SideRole.COUNTERPART)] == [("payment", 6)]
    assert [(one.label, one.count) for one in basis.of(SideRole.OWN)] == [("support", 6)]
    for side in (0, 1):
        assert sum(one.on[side].got for one in basis.streams) == pytest.approx(basis.flows[side].got)
        assert sum(one.on[side].gave for one in basis.streams) == pytest.approx(basis.flows[side].gave)
    assert basis.counts == {0: 12, 1: 12}


def test_an_outcome_is_what_the_equations_say(cast):
    """Worked out again from the rows, by hand."""
    a_year(cast)
    answered(cast.borealis, own=Decimal(-1), counterpart=Decimal(1))
    basis = basis_for(cast.ana, cast.borealis)
    fees = basis.of(SideRole.COUNTERPART)[0]
    then = outcome_of(basis, WhatIf((Change(SideRole.COUNTERPART, fees, factor=0.9),)), days_on=183)

    mine = [(0, *row[1:]) for row in live_rows(cast.borealis.pk, View.OWN) if row[0] == SideRole.OWN]
    evidence = EvidenceColumns.from_rows(mine)
    got, gave = core.event_weights(evidence)
    shift = np.log((0.9 * got.sum() + 0.5) / (gave.sum() + 0.5)) - np.log((got.sum() + 0.5) / (gave.sum() + 0.5))
    later = core.predict(fold(evidence, 1, initial=States.prior(1)).after, day_number(TODAY) + 183)
    arrived = 1 - np.exp(-183 / DEFAULTS.days_deviation)
    assert then.own.f == pytest.approx((later.felt[0] + shift * arrived) / DEFAULTS.kappa)
    assert then.own.moved == pytest.approx(shift * arrived / DEFAULTS.kappa)
    half = 1.2816 * np.sqrt(later.variance[0] + (shift / 2 * arrived) ** 2) / DEFAULTS.kappa
    assert then.own.hi - then.own.lo == pytest.approx(2 * half)
    assert then.both_fair == pytest.approx(then.own.fair * then.counterpart.fair)
    assert then.both_fair_lo <= then.both_fair <= then.both_fair_hi
    assert then.own.moved < 0 < then.counterpart.moved


def test_a_change_that_starts_later_has_moved_less_by_then(cast):
    a_year(cast)
    basis = basis_for(cast.ana, cast.borealis)
    stop = Change(SideRole.OWN, basis.of(SideRole.OWN)[0], factor=0.0)
    now, later, never = (outcome_of(basis, WhatIf((stop,), starts_in=days), days_on=183) for days in (0, 91, 183))
    assert now.counterpart.moved < later.counterpart.moved < never.counterpart.moved == 0
    assert flows_then(basis, WhatIf((stop,)), SideRole.COUNTERPART).got == 0


def test_a_new_face_moves_nothing_and_widens_both(cast):
    a_year(cast)
    answered(cast.borealis, own=Decimal(1), counterpart=Decimal(1))
    basis = basis_for(cast.ana, cast.borealis)
    still, shaken = (outcome_of(basis, WhatIf(is_shock=shock), days_on=91) for shock in (False, True))
    for side in (0, 1):
        assert shaken.side(side).hi - shaken.side(side).lo > still.side(side).hi - still.side(side).lo
        assert shaken.side(side).moved == 0


def test_more_of_what_was_never_given_counts_as_a_typical_event(cast):
    a_year(cast)
    basis = basis_for(cast.ana, cast.borealis)
    more = WhatIf((Change(SideRole.OWN, None, extra=3.0),))
    assert flows_then(basis, more, SideRole.COUNTERPART).got == pytest.approx(basis.flows[1].got + 3)
    assert flows_then(basis, more, SideRole.OWN).gave == pytest.approx(basis.flows[0].gave + 3)


def test_too_few_entries_say_nothing(cast):
    a_year(cast, count=1)
    answered(cast.borealis, own=Decimal(1), counterpart=Decimal(1))
    page = seen_by(cast.ana, url_of(cast.borealis))
    flows = basis_for(cast.ana, cast.borealis).flows[SideRole.OWN]
    weight = f"{int(10 * (flows.got + flows.gave)) / 10:.1f}"
    assert f"Too little to say for us: 2 entries of the last year weigh as much as {weight} usual ones, and it takes four." in page
    assert "Too little to say for Borealis" in page
    assert "in 100" not in page.split("What this touches")[0]
    assert '<svg class="chart"' not in page.split("<main")[1]
    assert "Keep this guess" not in page


def test_the_other_answers_take_the_side_of_whoever_loses(cast):
    a_year(cast)
    basis = basis_for(cast.ana, cast.borealis)
    fees, help_ = basis.of(SideRole.COUNTERPART)[0], basis.of(SideRole.OWN)[0]
    offers = answers_to(basis, WhatIf((Change(SideRole.COUNTERPART, fees, factor=0.9),), key="asked"))
    assert [one.key for one in offers] == ["asked", "half", "less", "no"]
    assert offers[1].changes[0].factor == pytest.approx(0.95)
    assert offers[2].changes[1] == Change(SideRole.OWN, help_, factor=0.9)
    assert answers_to(basis, WhatIf(is_shock=True)) == []


def test_the_page_asks_as_a_sentence_and_writes_nothing(cast):
    a_year(cast)
    answered(cast.borealis, own=Decimal(-1), counterpart=Decimal(1))
    before = Evidence.objects.count(), LiveEvidence.objects.count(), KeptWhatIf.objects.count()
    page = seen_by(cast.ana, url_of(cast.borealis, how="stop", of="1-PAYMENT", ahead="12"))
    assert "What if there is no more “payment” from Borealis?" in page
    assert "The beam, a year on" in page
    assert "As much less of our own" in page
    assert all(
        f"{why}?side={side}&amp;all=1" in page for why in [reverse("desk:why", args=[cast.borealis.public_id])] for side in ("own", "counterpart")
    )
    assert (Evidence.objects.count(), LiveEvidence.objects.count(), KeptWhatIf.objects.count()) == before


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"amount": "NaN"}, "Write how much as a number"),
        ({"amount": "1e308"}, "Write how much as a number"),
        ({"amount": "501"}, "between 0.1 and 500"),
        ({"amount": ""}, "Say how much."),
        ({"amount": "200"}, "at most 100 percent"),
        ({"of": "7-GHOST"}, "This choice is not known."),
        ({"back": "0-none"}, "This choice is not known."),
        ({"back": "0-SUPPORT", "back_times": "-1"}, "between 0.5 and 100"),
        ({"how": "explode"}, "This choice is not known."),
    ],
)
def test_what_cannot_be_meant_is_said(cast, query, sentence):
    a_year(cast)
    response = browser_of(cast.ana).get(url_of(cast.borealis, **query))
    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert "The beam" not in response.content.decode()


def test_a_side_that_never_answered_gets_a_direction_and_no_number(cast):
    a_year(cast)
    page = seen_by(cast.ana, url_of(cast.borealis, how="stop", of="0-SUPPORT"))
    assert "It would feel worse to Borealis than now." in page
    assert "in 100</b>" not in page


def test_what_only_we_see_is_not_in_a_leaders_what_if(cast):
    a_year(cast)
    quiet = make_event(cast.borealis, cast.ana_voice, what="Quiet help", kind=EventKind.FAVOUR, visibility=Visibility.PRIVATE)
    report_gave(event=quiet, side=SideRole.OWN, voice=cast.ana_voice, account=Account(word=4, visibility=Visibility.PRIVATE), now=NOW)
    assert "0-FAVOUR" in seen_by(cast.ana, url_of(cast.borealis))
    assert "0-FAVOUR" not in seen_by(cast.lea, url_of(cast.borealis))
    assert basis_for(cast.lea, cast.borealis).flows[0].gave < basis_for(cast.ana, cast.borealis).flows[0].gave


def test_an_employees_side_is_not_reckoned_with(cast, employee):
    for place in range(6):
        gave = make_event(employee.relationship, cast.ana_voice, on=TODAY - timedelta(days=30 * place), what="Training", kind=EventKind.LEARNING)
        report_got(event=gave, side=SideRole.COUNTERPART, voice=employee.eva_voice, account=Account(word=4), now=NOW)
    before = said_on(cast.ana, url_of(employee.relationship))
    answered(employee.relationship, own=None, counterpart=Decimal(-3))
    assert said_on(cast.ana, url_of(employee.relationship)) == before
    assert "private" in before
    assert basis_for(cast.ana, employee.relationship).counts[SideRole.COUNTERPART] == 0


def test_a_guess_is_kept_once_and_held_beside_what_happens(cast, clock):  # noqa: F811
    a_year(cast)
    answered(cast.borealis, own=Decimal(0), counterpart=Decimal(1))
    browser = browser_of(cast.ana)
    page = browser.get(url_of(cast.borealis, how="stop", of="1-PAYMENT", ahead="3")).content.decode()
    form = page[page.index('<form method="post" action="/relationships/') :]
    sent = dict(re.findall(r'name="([a-z_]+)" value="([^"]*)"', form[: form.index("</form>")]))
    for _ in range(2):
        assert browser.post(url_of(cast.borealis), sent).status_code == 302
    kept = KeptWhatIf.objects.get()
    assert (kept.as_of, kept.until) == (TODAY, TODAY + timedelta(days=91))
    assert kept.own_lo < kept.own_f < kept.own_hi
    assert Evidence.objects.filter(kind=EvidenceKind.SHOCK).count() == 0
    shown = seen_by(cast.ana, url_of(cast.borealis))
    assert "What if there is no more “payment” from Borealis?" in shown
    assert "so far" in shown
    clock.shift(timedelta(days=100))
    over = seen_by(cast.ana, url_of(cast.borealis))
    assert "it became" in over
    assert over.count("(outside it)") + over.count("(inside what was expected)") == 2


def test_only_its_steward_keeps_and_sees_what_was_kept(cast):
    a_year(cast)
    browser_of(cast.ana).post(url_of(cast.borealis), {"how": "stop", "of": "1-PAYMENT", "ahead": "3"})
    assert KeptWhatIf.objects.count() == 1
    assert "Guesses kept" not in seen_by(cast.lea, url_of(cast.borealis))
    refuses(cast.lea, url_of(cast.borealis), "PUT", "DELETE")
    looks_unknown(cast.oda, url_of(cast.borealis))
    assert browser_of(cast.lea).post(url_of(cast.borealis), {"how": "stop", "of": "1-PAYMENT"}).status_code == 404
    assert KeptWhatIf.objects.count() == 1


def test_nothing_to_change_says_so(cast):
    page = seen_by(cast.ana, url_of(cast.borealis))
    assert "there is nothing to change" in page
    with time_machine.travel(NOW + timedelta(days=800), tick=False):
        assert "there is nothing to change" in seen_by(cast.ana, url_of(cast.borealis))
