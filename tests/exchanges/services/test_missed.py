"""Of a missed moment only whoever missed it speaks: that nothing came, or that it hurt. It is worth nothing and took nothing."""

from datetime import timedelta
from decimal import Decimal

import pytest

from exchanges.models import Arrived, Assurance, Prompt, PromptKind, Report, ReportRole, Word
from exchanges.services import reports
from exchanges.services.missed import log_missed
from exchanges.services.ratings import rate
from exchanges.services.reports import Account, relay_report, report_gave, report_got
from relationships.models import SideRole
from tests.exchanges.services.test_imports import bring, counts, ensure_true_to_what_was_said, of, refusals
from tests.makers import NOW, TODAY
from valueledger.common.errors import Invalid

OWN, COUNTERPART = SideRole.OWN, SideRole.COUNTERPART
LATER = NOW + timedelta(hours=1)
WORTH = [
    Account(word=Word.GREAT),
    Account(word=Word.GREAT, arrived=Arrived.NONE),
    Account(word=Word.NOTHING),
    Account(arrived=Arrived.ALL),
    Account(arrived=Arrived.PART),
    Account(arrived=Arrived.NONE, typed_amount=Decimal(3), unit="hours"),
    Account(arrived=Arrived.NONE, owing="OWING"),
    Account(sentence="It was lovely after all"),
]


@pytest.fixture
def ours(cast):
    """That Borealis missed, as we say."""
    return log_missed(relationship=cast.borealis, side=OWN, voice=cast.ana_voice, what="Nobody asked how the audit went", on=TODAY, now=NOW)


@pytest.fixture
def theirs(cast):
    """That we missed, as Borealis says."""
    return log_missed(relationship=cast.borealis, side=COUNTERPART, voice=cast.bo_voice, what="Nobody came to the opening", on=TODAY, now=NOW)


def standing(event):
    return [(row.role, row.side, row.arrived, row.points_micro) for row in Report.objects.standing().filter(event=event)]


@pytest.mark.parametrize("account", WORTH)
def test_it_is_worth_nothing_whoever_says_so(cast, ours, theirs, account):
    for event, side, voice in ((ours, OWN, cast.ana_voice), (theirs, COUNTERPART, cast.bo_voice)):
        with pytest.raises(Invalid) as caught:
            report_got(event=event, side=side, voice=voice, account=account, now=LATER, supersedes=Report.objects.get(event=event))
        assert caught.value.field == "arrived"
        assert standing(event) == [("GOT", side, "NONE", 0)]
    with pytest.raises(Invalid):
        relay_report(event=theirs, side=COUNTERPART, role=ReportRole.GOT, member=cast.ana, account=account, now=LATER)


def test_it_took_nothing_from_anybody(cast, ours, theirs):
    for event, side, voice in ((ours, COUNTERPART, cast.bo_voice), (theirs, OWN, cast.ana_voice)):
        for account in (Account(word=Word.GREAT), Account(), Account(arrived=Arrived.NONE)):
            with pytest.raises(Invalid):
                report_gave(event=event, side=side, voice=voice, account=account, now=LATER)
    with pytest.raises(Invalid):
        relay_report(event=ours, side=COUNTERPART, role=ReportRole.GAVE, member=cast.ana, account=Account(word=Word.FAIR), now=LATER)
    assert len(standing(ours)) == len(standing(theirs)) == 1


def test_that_it_hurt_may_be_said_later_and_taken_back(cast, theirs):
    first = Report.objects.get(event=theirs)
    hurt = report_got(
        event=theirs,
        side=COUNTERPART,
        voice=cast.bo_voice,
        account=Account(arrived=Arrived.BURDEN, sentence="It did hurt"),
        now=LATER,
        supersedes=first,
    )
    assert standing(theirs) == [("GOT", COUNTERPART, "BURDEN", -2_000_000)]
    report_got(event=theirs, side=COUNTERPART, voice=cast.bo_voice, account=Account(arrived=Arrived.NONE), now=LATER, supersedes=hurt)
    assert standing(theirs) == [("GOT", COUNTERPART, "NONE", 0)]


def test_what_they_told_us_of_it_may_be_passed_on(cast, theirs):
    relay_report(event=theirs, side=COUNTERPART, role=ReportRole.GOT, member=cast.ana, account=Account(arrived=Arrived.BURDEN), now=LATER)
    assert len(standing(theirs)) == 2


def test_no_question_takes_a_worth_of_it(cast, theirs):
    """None is put, and where one was, it would take none."""
    prompt = Prompt.objects.create(
        workspace=cast.workspace, participant=cast.bo_speaks, relationship=cast.borealis, side=COUNTERPART, kind=PromptKind.RATING,
        subject_key=f"event:{theirs.pk}", event=theirs, not_before=NOW, closes_at=NOW + timedelta(days=14), created_at=NOW,
    )  # fmt: skip
    for assurance in (Assurance.LINK, Assurance.SIGNED_IN):
        with pytest.raises(Invalid):
            rate(prompt=prompt, account=Account(word=Word.GREAT, expectation="MORE"), now=LATER, assurance=assurance)
    assert standing(theirs) == [("GOT", COUNTERPART, "NONE", 0)]


def test_without_the_rule_a_worth_would_take_its_place(cast, theirs, monkeypatch):
    """Negative control."""
    monkeypatch.setattr(reports, "ensure_fits_missed", lambda account, role: None)
    account = Account(word=Word.GREAT)
    report_got(event=theirs, side=COUNTERPART, voice=cast.bo_voice, account=account, now=LATER, supersedes=Report.objects.get(event=theirs))
    assert standing(theirs) == [("GOT", COUNTERPART, "", 8_000_000)]


def test_no_file_brings_one_with_a_worth_or_a_cost(cast):
    rows = ["account,date,in_out,kind,hours,unit,score,status", "Borealis,2026-05-01,in,MISSED_MOMENT,,,,", "Borealis,2026-05-02,in,MISSED_MOMENT,,,3,",
            "Borealis,2026-05-03,in,MISSED_MOMENT,3,hours,,", "Borealis,2026-05-04,out,MISSED_MOMENT,,,,",
            "Borealis,2026-05-05,in,MISSED_MOMENT,,,,promised", "Borealis,2026-05-06,both,MISSED_MOMENT,,,,"]  # fmt: skip
    batch = bring(cast.workspace, of(rows), table="EVENTS", map="")
    assert {number: field for number, (field, _) in refusals(batch).items()} == {3: "kind", 4: "kind", 5: "direction", 6: "status", 7: "direction"}
    assert counts(batch) == (6, 1, 0, 5)
    ensure_true_to_what_was_said()


def test_no_file_says_of_one_what_it_was_worth(cast, theirs):
    rows = ["event,side,role,word,arrived", f"{theirs.public_id},they,got,a lot,", f"{theirs.public_id},they,got,a lot,NONE",
            f"{theirs.public_id},we,gave,a lot,", f"{theirs.public_id},they,got,,ALL", f"{theirs.public_id},they,got,,BURDEN"]  # fmt: skip
    batch = bring(cast.workspace, of(rows), table="REPORTS", map="")
    assert {number: field for number, (field, _) in refusals(batch).items()} == {2: "arrived", 3: "arrived", 4: "role", 5: "arrived"}
    assert counts(batch) == (5, 1, 0, 4)
    ensure_true_to_what_was_said()
