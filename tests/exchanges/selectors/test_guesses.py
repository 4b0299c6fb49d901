"""How well one side knows the other, and how much each takes part: counted from what the reader may see, and unknown while there is too little."""

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from django.test import Client
from django.urls import reverse

from exchanges.access import Voice, visible_answers, visible_reports
from exchanges.models import Answer, Assurance, Disclosure, Report, RoundSeat, ValueEvent, View, Visibility, Word
from exchanges.selectors.guesses import Pair, guesses_of, knowing
from exchanges.selectors.participation import participation_of
from exchanges.services.reports import Account, report_gave, report_got
from exchanges.services.rounds import answer_check, open_round, skip_check, sweep_rounds
from relationships.models import SideRole
from tests.makers import NOW, TODAY, make_event, speaker

OWN, COUNTERPART = SideRole.OWN, SideRole.COUNTERPART
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def guessed(cast, guess, said, *, days=0, visibility=Visibility.SHARED, relationship=None, theirs=None):
    row = relationship or cast.borealis
    event = make_event(row, cast.ana_voice, on=TODAY - timedelta(days=days))
    report_gave(event=event, side=OWN, voice=_ours(row, cast), account=Account(word=Word.FAIR, guess_word=guess), now=NOW)
    account = Account(word=said, visibility=visibility)
    return report_got(event=event, side=COUNTERPART, voice=theirs or cast.bo_voice, account=account, now=NOW)


def _ours(row, cast):

    return Voice(member=cast.ana, participant=speaker(row, OWN))


def seen(row, view=View.OWN, guesser=OWN):
    reports = visible_reports(Report.objects.filter(relationship=row), view, row.kind)
    return guesses_of(reports, visible_answers(Answer.objects.filter(relationship=row), view, row.kind), guesser=guesser)


def pairs(*off):
    return [Pair(TODAY, Fraction(one), Fraction(0)) for one in off]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_fewer_than_three_are_unknown_not_zero(count):
    found = knowing("x", pairs(*[2] * count))
    assert (found.count, found.mean, found.is_known) == (count, None, False)
    assert not found.improves
    assert not found.worsens


def test_the_mean_the_range_and_whether_it_improves():
    found = knowing("x", pairs(3, -2, 7, 1, 0))  # the middle one counts for neither half
    assert (found.count, found.mean, found.least, found.most) == (5, 2.6, 0.0, 7.0)
    assert (found.earlier, found.later, found.improves, found.worsens) == (2.5, 0.5, True, False)
    assert knowing("x", pairs(0, 0, 1)).worsens
    assert not knowing("x", pairs(1, 1, 1)).improves


def test_guesses_of_entries_are_held_against_the_receivers_own_word(cast):
    for days, (guess, said) in enumerate([(Word.FAIR, Word.FAIR), (Word.LOT, Word.LITTLE), (Word.GREAT, Word.BURDEN)]):
        guessed(cast, guess, said, days=9 - days)
    (every,) = seen(cast.borealis).kinds
    assert (every.label, every.count, every.most) == ("All entries", 3, 5.0)
    assert every.mean == pytest.approx(7 / 3)
    assert not seen(cast.borealis, View.COUNTERPART, COUNTERPART).kinds  # they have guessed nothing


def test_what_the_receiver_keeps_to_itself_is_no_pair(cast):
    for days in range(3):
        guessed(cast, Word.FAIR, Word.LOT, days=days)
    before = seen(cast.borealis)
    guessed(cast, Word.GREAT, Word.BURDEN, visibility=Visibility.PRIVATE)
    assert seen(cast.borealis) == before
    unfiltered = guesses_of(Report.objects.all(), Answer.objects.none(), guesser=OWN)  # negative control: without the reader's filter it shows
    assert unfiltered.kinds[0].count == 4


def test_an_employees_word_is_no_pair_until_they_share_it(cast, employee):
    reports = [guessed(cast, Word.FAIR, Word.LOT, days=days, relationship=employee.relationship, theirs=employee.eva_voice) for days in range(3)]
    assert not seen(employee.relationship).has_any
    for report in reports:
        Disclosure.objects.create(workspace=cast.workspace, participant=employee.eva_speaks, report=report, at=NOW)
    assert seen(employee.relationship).kinds[0].count == 3


def says(round, participant, value, guess=None, now=NOW):
    seat = RoundSeat.objects.select_related("round").get(round=round, participant=participant)
    return answer_check(seat=seat, value=Decimal(value), guess=None if guess is None else Decimal(guess), assurance=Assurance.SIGNED_IN, now=now)


def test_guesses_of_checks_count_once_they_are_revealed(cast):
    for number in range(4):
        at = NOW + number * 15 * DAY
        round = open_round(relationship=cast.borealis, now=at, reason="due")
        says(round, cast.ana_speaks, "0", guess=str(number), now=at)
        if number < 3:
            says(round, cast.bo_speaks, "0", now=at)
    assert seen(cast.borealis).checks.count == 3
    last = NOW + 3 * 15 * DAY
    before = seen(cast.borealis)
    says(round, cast.bo_speaks, "3", guess="3", now=last)  # the last one reveals it
    assert seen(cast.borealis).checks.count == 4
    assert before.checks.mean == 1.0


def test_taking_part_counts_what_is_over_and_nothing_open(cast):
    def counts():
        return participation_of(cast.borealis, ValueEvent.objects.filter(relationship=cast.borealis), reader=OWN, now=moment)

    moment = NOW
    round = open_round(relationship=cast.borealis, now=NOW, reason="due")
    make_event(cast.borealis, cast.ana_voice)
    before = counts()
    says(round, cast.bo_speaks, "1")
    assert counts() == before  # who has answered an open question is nobody else's business
    assert (before[OWN].asked, before[OWN].logged, before[COUNTERPART].logged) == (0, 1, 0)
    skip_check(seat=RoundSeat.objects.select_related("round").get(round=round, participant=cast.ana_speaks), now=NOW)
    moment = round.closes_at
    sweep_rounds(now=moment)
    found = counts()
    assert (found[COUNTERPART].asked, found[COUNTERPART].answered) == (1, 1)
    assert (found[OWN].asked, found[OWN].answered) == (1, 0)
    moment = NOW + 400 * DAY
    assert counts()[COUNTERPART].asked == 0


def test_an_employees_part_is_theirs(cast, employee):
    round = open_round(relationship=employee.relationship, now=NOW, reason="due")
    says(round, employee.eva_speaks, "1")
    events = ValueEvent.objects.filter(relationship=employee.relationship)
    assert set(participation_of(employee.relationship, events, reader=OWN, now=round.closes_at)) == {OWN}
    assert set(participation_of(employee.relationship, events, reader=COUNTERPART, now=round.closes_at)) == {OWN, COUNTERPART}


def test_the_relationship_page_shows_both(cast):
    for days in range(3):
        guessed(cast, Word.FAIR, Word.LOT, days=days)
    client = Client()
    client.force_login(cast.ana.user)
    body = client.get(reverse("desk:relationship", args=[cast.borealis.public_id])).content.decode()
    for said in ("How well we know them", "1.0 steps", "Taking part", "Entries written"):
        assert said in body
