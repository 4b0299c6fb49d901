"""How well one side knows the other, and how much each takes part: counted from what the reader may see, and unknown while there is too little."""

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from exchanges.access import Voice, visible_answers, visible_reports
from exchanges.models import Answer, Assurance, Disclosure, EventKind, Report, RoundSeat, ValueEvent, View, Visibility, Word
from exchanges.selectors.fields import Field
from exchanges.selectors.guesses import POINTS, Pair, field_of, guesses_of, knowing
from exchanges.selectors.participation import participation_of
from exchanges.services.reports import POINTS_OF_WORD, Account, report_gave, report_got
from exchanges.services.rounds import answer_check, open_round, skip_check, sweep_rounds
from relationships.models import SideRole
from relationships.services.parties import add_person, email_digest
from relationships.services.relationships import add_participant
from tests.makers import A_YEAR_AGO, NOW, TODAY, make_event, speaker
from valueledger.common import portal_sessions

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
    assert (every.label, every.count, every.most) == ("Everything else", 3, 5.0)
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


# By kind of value: the four fields


def test_the_points_are_those_that_reports_are_valued_with():
    assert POINTS == POINTS_OF_WORD


@pytest.mark.parametrize(
    ("guess", "said", "field"),
    [
        ("2", "2", Field.STRENGTH), ("1.25", "2.25", Field.STRENGTH),  # both at or above fair: the band is .75 below a fair amount
        ("1", "1", Field.WEAKNESS), ("1.24", "0.24", Field.WEAKNESS), ("0", "-1", Field.WEAKNESS),
        ("4", "2.99", Field.BLIND_SPOT), ("4", "3", Field.STRENGTH), ("1", "-2", Field.BLIND_SPOT),
        ("1", "2.01", Field.UNSEEN_VALUE), ("4", "8", Field.UNSEEN_VALUE),
        ("1", "2", None), ("1.25", "1", None),  # within a point, and only one of them is fair
    ],
)  # fmt: skip
def test_the_four_fields_of_a_kind(guess, said, field):
    assert field_of(Fraction(guess), Fraction(said)) == field


def told_of(kind, words, cast, *, days=0):
    for number, (guess, said) in enumerate(words):
        event = make_event(cast.borealis, cast.ana_voice, on=TODAY - timedelta(days=days + number), kind=kind)
        report_gave(event=event, side=OWN, voice=cast.ana_voice, account=Account(word=Word.FAIR, guess_word=guess), now=NOW)
        report_got(event=event, side=COUNTERPART, voice=cast.bo_voice, account=Account(word=said), now=NOW)


def test_each_kind_says_its_own(cast):
    told_of(EventKind.SUPPORT, [(Word.LOT, Word.LOT)] * 3, cast)
    told_of(EventKind.LEARNING, [(Word.GREAT, Word.LITTLE)] * 3, cast, days=5)
    told_of(EventKind.MEETING, [(Word.LITTLE, Word.GREAT)] * 2, cast, days=9)
    every, *kinds = seen(cast.borealis).kinds
    assert (every.label, every.count, every.field, every.says("we", "Borealis")) == ("All entries", 8, None, "")
    found = {one.label: one for one in kinds}
    assert (found["Support"].field, found["Support"].miss, found["Support"].lately) == (Field.STRENGTH, "on the spot", "as before")
    assert (found["Learning"].field, found["Learning"].miss) == (Field.BLIND_SPOT, "three steps off or more")
    assert found["Learning"].says("we", "Borealis") == "It is worth less to Borealis than we thought."
    assert found["Learning"].title("you") == "A blind spot of yours"
    assert (found["Meeting"].field, found["Meeting"].miss, found["Meeting"].says("we", "Borealis")) == (None, "", "")  # two are too few
    assert [one.label for one in seen(cast.borealis).known] == ["All entries", "Learning", "Support"]


def test_checks_so_far_shows_our_side_how_well_it_knows_them(cast):
    told_of(EventKind.LEARNING, [(Word.GREAT, Word.LITTLE)] * 3, cast)
    body = page_of(cast, "desk:checks")
    for said in ("How well we know them", "three steps off or more", "A blind spot of ours", "It is worth less to Borealis than we thought."):
        assert said in body, said
    assert "A blind spot of ours" in page_of(cast, "desk:relationship")


def page_of(cast, name, relationship=None, member=None):
    client = Client()
    client.force_login((member or cast.ana).user)
    return client.get(reverse(name, args=[(relationship or cast.borealis).public_id])).content.decode().split("<main", 1)[1].split("</main")[0]


def test_checks_so_far_of_an_employee_counts_only_what_they_shared(cast, employee):
    reports = [guessed(cast, Word.GREAT, Word.LITTLE, days=days, relationship=employee.relationship, theirs=employee.eva_voice) for days in range(3)]
    assert "How well we know them" not in page_of(cast, "desk:checks", employee.relationship)  # also no count of what is not shared
    for report in reports:
        Disclosure.objects.create(workspace=cast.workspace, participant=employee.eva_speaks, report=report, at=NOW)
    assert "A blind spot of ours" in page_of(cast, "desk:checks", employee.relationship)


def test_the_counterpart_reads_how_well_it_knows_us_from_its_own_guesses_alone(cast):
    cy = add_person(workspace=cast.workspace, name="Cy", email="cy@borealis.example")
    cy_voice = Voice(participant=add_participant(side=cast.bo_speaks.side, person=cy, from_on=A_YEAR_AGO))

    def gave(voice, guess, said):
        event = make_event(cast.borealis, voice, giver=COUNTERPART)
        report_gave(event=event, side=COUNTERPART, voice=voice, account=Account(guess_word=guess), now=NOW)
        report_got(event=event, side=OWN, voice=cast.ana_voice, account=Account(word=said), now=NOW)

    with time_machine.travel(NOW, tick=False):
        home = f"/me/with/{cast.borealis.public_id}/"
        nothing = at_home("bo@borealis.example").get(home).content.decode()
        assert "How well you know" not in nothing
        for _ in range(2):
            gave(cast.bo_voice, Word.GREAT, Word.LITTLE)
        gave(cy_voice, Word.LITTLE, Word.GREAT)
        assert "How well you know" not in at_home("bo@borealis.example").get(home).content.decode()  # a colleague's guess is the colleague's
        assert seen(cast.borealis, View.COUNTERPART, COUNTERPART).known  # negative control: the side's guesses together are enough
        gave(cast.bo_voice, Word.GREAT, Word.LITTLE)
        page = at_home("bo@borealis.example").get(home).content.decode()
    for said in ("How well you know Acme", "three steps off or more", "It is worth less to Acme than you thought.", "3 guesses."):
        assert said in page, said


def at_home(address):
    client = Client()
    client.cookies["portal"] = portal_sessions.begin(address_hash=email_digest(address), user_agent="", now=NOW)[0]
    return client


def test_who_adds_what_it_gave_can_guess_what_it_was_worth(cast):
    with time_machine.travel(NOW, tick=False):
        add = f"/me/with/{cast.borealis.public_id}/add/"
        typed = {"way": "gave", "what": "Hosted your new hires", "when": TODAY.isoformat(), "guess": "3"}
        assert at_home("bo@borealis.example").post(add, typed).status_code == 302
        report = Report.objects.get(side=COUNTERPART)
        assert (report.role, report.guess_word, report.word) == ("GAVE", Word.LOT, None)
        assert at_home("bo@borealis.example").post(add, typed | {"way": "got", "what": "Else"}).status_code == 422
