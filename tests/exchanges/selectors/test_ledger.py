"""Reading a ledger: which account stands, what is unheard, what is a gap, and what matters since when."""

from datetime import timedelta
from decimal import Decimal

from exchanges.models import EventVersion, Giver, Report, ReportRole, ValueEvent
from exchanges.selectors.answers import AnswerLine
from exchanges.selectors.answers import _pooled as pooled
from exchanges.selectors.gaps import gap_counts
from exchanges.selectors.ledger import directions_of, half_seen, lines_of, open_gaps, plain, versions_of
from exchanges.selectors.terms import terms_of
from exchanges.services.events import withdraw_event
from exchanges.services.reports import Account, relay_report, report_gave, report_got, withdraw_report
from relationships.models import SideRole
from relationships.services.terms import TermsLine, add_own_kind, write_terms
from tests.makers import NOW, TODAY, make_event


def lines_in(relationship):
    return lines_of(versions_of(ValueEvent.objects.filter(relationship=relationship)).order_by("-occurred_on"), Report.objects.all())


def rated(cast, guess, answer, *, on=TODAY, relayed=False):
    event = make_event(cast.borealis, cast.ana_voice, on=on)
    report_gave(event=event, side=SideRole.OWN, voice=cast.ana_voice, account=Account(word=1, guess_word=guess), now=NOW)
    if relayed:
        relay_report(event=event, side=SideRole.COUNTERPART, role=ReportRole.GOT, member=cast.ana, account=Account(word=answer), now=NOW)
    else:
        report_got(event=event, side=SideRole.COUNTERPART, voice=cast.bo_voice, account=Account(word=answer), now=NOW)
    return event


def test_what_was_said_at_first_hand_stands_before_what_was_passed_on(cast):
    event = rated(cast, 4, 3, relayed=True)
    report_got(event=event, side=SideRole.COUNTERPART, voice=cast.bo_voice, account=Account(word=1), now=NOW)
    entry = directions_of(lines_in(cast.borealis))[1].entries[0]
    assert entry.got.first_hand
    assert (entry.answer, entry.more) == (1, 1)


def test_a_withdrawn_report_leaves_the_entry_unheard_again(cast):
    event = rated(cast, 4, 3)
    withdraw_report(report=Report.objects.get(event=event, role=ReportRole.GOT), voice=cast.bo_voice, now=NOW)
    assert directions_of(lines_in(cast.borealis))[1].entries[0].is_unheard


def test_a_withdrawn_event_is_no_line(cast):
    event = make_event(cast.borealis, cast.ana_voice)
    withdraw_event(event=event, voice=cast.ana_voice, supersedes=EventVersion.objects.get(event=event), now=NOW)
    assert lines_in(cast.borealis) == []
    assert half_seen(ValueEvent.objects.all()) == ""


def test_a_gap_needs_two_steps_and_both_words(cast):
    rated(cast, 4, 3)
    assert open_gaps(lines_in(cast.borealis), today=TODAY) == []
    rated(cast, 4, 1)
    make_event(cast.borealis, cast.ana_voice)
    assert [entry.gap for entry in open_gaps(lines_in(cast.borealis), today=TODAY)] == [3]


def test_gaps_of_a_list_agree_with_those_of_the_page(cast):
    for guess, answer in ((4, 1), (0, 4), (2, 2)):
        rated(cast, guess, answer)
    rated(cast, 4, 0, on=TODAY - timedelta(days=91))
    assert gap_counts(Report.objects.all(), today=TODAY) == {cast.borealis.pk: 2}
    assert len(open_gaps(lines_in(cast.borealis), today=TODAY)) == 2


def test_a_joint_entry_has_two_directions(cast):
    event = make_event(cast.borealis, cast.ana_voice, giver=Giver.JOINT)
    report_got(event=event, side=SideRole.OWN, voice=cast.ana_voice, account=Account(word=2), now=NOW)
    theirs, ours = directions_of(lines_in(cast.borealis))
    assert not theirs.entries[0].is_unheard
    assert ours.entries[0].is_unheard


def test_terms_in_force_are_the_newest_of_their_day(cast):
    side = cast.borealis.sides.get(role=SideRole.OWN)
    for name, on in (("Old", TODAY - timedelta(days=9)), ("New", TODAY), ("Later", TODAY + timedelta(days=9))):
        line = TermsLine(add_own_kind(side=side, name=name), 10)
        write_terms(side=side, author=cast.ana_speaks, lines=[line], effective_on=on, now=NOW)
    said = terms_of(cast.borealis, on=TODAY)
    assert [line.value_kind for line in said[SideRole.OWN].lines] == ["New"]
    assert said[SideRole.OWN].said_by == "Ana Lind"
    assert said[SideRole.COUNTERPART].lines == []


def test_amounts_are_shown_as_they_were_typed():
    assert [plain(Decimal(text)) for text in ("9.0000", "0.5000", "1200", "-2.50", "0")] == ["9", "0.5", "1200", "−2.5", "0"]


def answer_line(number, value, *, on=TODAY, round_id=1, by="", side=SideRole.OWN):
    return AnswerLine(
        answer_id=number, side=side, on=on, f=value, is_confirm=False, by=by, is_relayed=False, guess=None, sentence="", round_id=round_id
    )


def test_a_colleagues_answer_is_pooled_with_its_round_and_not_with_its_day():
    yesterday = TODAY - timedelta(days=1)
    lines = [answer_line(1, 2.0, on=yesterday), answer_line(2, 0.0, by="Ana"), answer_line(3, -1.0, round_id=2, by="Ana")]
    shown = pooled(lines)
    assert [(line.answer_id, line.f, line.by) for line in shown] == [(2, 1.0, ""), (3, -1.0, "Ana")]
    theirs = [answer_line(4, 1.0, side=SideRole.COUNTERPART), answer_line(5, 3.0, side=SideRole.COUNTERPART)]
    assert pooled(theirs) == theirs, "the other side's answers stand each by itself"
    mine = [answer_line(6, 1.0, by="Ana"), answer_line(7, 3.0, by="Ana")]
    assert pooled(mine) == mine, "the reader's own too"
    loose = [answer_line(8, 1.0, round_id=None), answer_line(9, 3.0, round_id=None), answer_line(10, 0.0, round_id=None, on=yesterday)]
    assert [line.f for line in pooled(loose)] == [2.0, 0.0], "what no round asked for is of its day"
