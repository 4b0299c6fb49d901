"""An employee shares one answer of their own: nobody else can, nothing else is shared with it, and it is there for good."""

from datetime import timedelta
from decimal import Decimal
from functools import reduce
from operator import or_

import pytest
import time_machine
from django.test import Client

from exchanges.access import visible_answers, visible_reports
from exchanges.models import Answer, AnswerMark, Assurance, Disclosure, LiveEvidence, Report, RoundSeat, View, Visibility, Word
from exchanges.selectors.verification import differences
from exchanges.services.disclosing import NothingToShare, NotTheAuthor, share_answer, share_report
from exchanges.services.prompts import ask_rating
from exchanges.services.ratings import rate
from exchanges.services.reports import Account, report_got
from exchanges.services.rounds import answer_check, open_round, sweep_rounds
from relationships.models import Kind, SideRole
from relationships.services.parties import email_digest
from tests.exchanges.views.test_portal import link_to
from tests.exchanges.views.test_put_right import text_of
from tests.makers import NOW, make_event, speaker
from valueledger.common import portal_sessions
from valueledger.common.models import AuditEntry

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
SHARED, OWN, THEIRS = int(View.SHARED), int(View.OWN), int(View.COUNTERPART)


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as moving:
        yield moving


def says(round, participant, value, now=NOW):
    seat = RoundSeat.objects.select_related("round").get(round=round, participant=participant)
    return answer_check(seat=seat, value=Decimal(value), guess=Decimal(1), sentence="The shifts", assurance=Assurance.SIGNED_IN, now=now).answer


def asked(employee, now=NOW):
    return open_round(relationship=employee.relationship, now=now, reason="due")


def masks(side=SideRole.COUNTERPART):
    """The views in which what this side said counts."""
    return reduce(or_, LiveEvidence.objects.filter(side=side).values_list("view_mask", flat=True), 0)


def seen_by_us(employee):
    return set(visible_answers(Answer.objects.all(), View.OWN, Kind.EMPLOYEE).filter(side=SideRole.COUNTERPART).values_list("pk", flat=True))


@pytest.mark.parametrize("manager_answers", [True, False])
def test_a_shared_answer_counts_in_what_both_see(cast, employee, manager_answers):
    round = asked(employee)
    given = says(round, employee.eva_speaks, "-2")
    if manager_answers:
        says(round, speaker(employee.relationship, SideRole.OWN), "1")
    closed = round.closes_at + MINUTE
    sweep_rounds(now=closed)
    assert masks() == THEIRS
    assert seen_by_us(employee) == set()
    share_answer(participant=employee.eva_speaks, answer=given, now=closed)
    assert masks() == SHARED | OWN | THEIRS
    assert seen_by_us(employee) == {given.pk}
    share_answer(participant=employee.eva_speaks, answer=given, now=closed + DAY)
    assert Disclosure.objects.get().at == closed
    assert AuditEntry.objects.filter(action="answer.shared").count() == 1


def test_an_answer_that_is_shared_early_shows_at_the_close_and_in_no_log_before(cast, employee):
    round = asked(employee)
    given = says(round, employee.eva_speaks, "-2")
    share_answer(participant=employee.eva_speaks, answer=given, now=NOW)
    assert seen_by_us(employee) == set()
    assert masks() == 0
    assert not AuditEntry.objects.filter(action="answer.shared").exists()
    sweep_rounds(now=round.closes_at)
    assert masks() == SHARED | OWN | THEIRS
    assert seen_by_us(employee) == {given.pk}


def test_an_answer_that_is_changed_before_the_close_is_theirs_again(cast, employee):
    round = asked(employee)
    share_answer(participant=employee.eva_speaks, answer=says(round, employee.eva_speaks, "-2"), now=NOW)
    says(round, employee.eva_speaks, "-3", now=NOW + DAY)
    sweep_rounds(now=round.closes_at)
    assert masks() == THEIRS
    assert seen_by_us(employee) == set()


def test_nobody_shares_what_is_not_theirs(cast, employee):
    round = asked(employee)
    given = says(round, employee.eva_speaks, "-2")
    managers = says(round, speaker(employee.relationship, SideRole.OWN), "1")
    event = make_event(employee.relationship, cast.ana_voice)
    report = report_got(event=event, side=SideRole.COUNTERPART, voice=employee.eva_voice, account=Account(word=Word.LOT), now=NOW)
    with pytest.raises(NotTheAuthor):
        share_answer(participant=employee.eva_speaks, answer=managers, now=NOW)
    for stranger in (speaker(employee.relationship, SideRole.OWN), cast.bo_speaks):  # the manager, and somebody of a client
        with pytest.raises(NothingToShare):
            share_answer(participant=stranger, answer=given, now=NOW)
        with pytest.raises(NothingToShare):
            share_report(participant=stranger, report=report, now=NOW)
    assert not Disclosure.objects.exists()


def test_without_the_check_of_the_author_somebody_else_could_share_it(cast, employee, monkeypatch):
    """Negative control."""
    given = says(asked(employee), employee.eva_speaks, "-2")
    manager = speaker(employee.relationship, SideRole.OWN)
    monkeypatch.setattr("exchanges.services.disclosing._of_an_employee", lambda participant: participant.side.relationship)
    with pytest.raises(NotTheAuthor):
        share_answer(participant=manager, answer=given, now=NOW)
    given.participant_id = manager.pk
    share_answer(participant=manager, answer=given, now=NOW)
    assert Disclosure.objects.exists()


def test_what_does_not_stand_is_not_shared(cast, employee):
    round = asked(employee)
    first = says(round, employee.eva_speaks, "-2")
    second = says(round, employee.eva_speaks, "-3", now=NOW + DAY)
    with pytest.raises(NothingToShare):
        share_answer(participant=employee.eva_speaks, answer=first, now=NOW + DAY)
    AnswerMark.objects.create(workspace=cast.workspace, answer=second, at=NOW + DAY)
    with pytest.raises(NothingToShare):
        share_answer(participant=employee.eva_speaks, answer=second, now=NOW + DAY)


def test_a_shared_report_is_seen_and_its_correction_too(cast, employee):
    event = make_event(employee.relationship, cast.ana_voice, now=NOW - DAY)
    (prompt,) = ask_rating(event, now=NOW)
    report = rate(prompt=prompt, account=Account(word=Word.LITTLE, expectation="AS"), now=NOW)

    def seen():
        return set(visible_reports(Report.objects.standing(), View.OWN, Kind.EMPLOYEE).values_list("word", flat=True))

    assert seen() == set()
    assert masks() == THEIRS
    share_report(participant=employee.eva_speaks, report=report, now=NOW + MINUTE)
    assert seen() == {Word.LITTLE}
    assert masks() == SHARED | OWN | THEIRS
    rate(prompt=prompt, account=Account(word=Word.BURDEN, expectation="LESS"), now=NOW + DAY)
    assert seen() == {Word.BURDEN}
    assert masks() == SHARED | OWN | THEIRS


def test_what_is_kept_to_oneself_stays_so(cast, employee):
    event = make_event(employee.relationship, cast.ana_voice)
    account = Account(word=Word.LOT, visibility=Visibility.PRIVATE)
    report = report_got(event=event, side=SideRole.COUNTERPART, voice=employee.eva_voice, account=account, now=NOW)
    with pytest.raises(NothingToShare):
        share_report(participant=employee.eva_speaks, report=report, now=NOW)


# The page behind the link


def test_the_page_says_what_is_shared_and_that_it_stays(cast, employee, clock):
    round = asked(employee)
    link, stranger = link_to("eva@acme.example"), Client(enforce_csrf_checks=True)
    assert "There is nothing to share yet." in text_of(stranger.get(f"{link}share/"))
    assert stranger.post(f"{link}share/").status_code == 409
    stranger.post(link, {"balance": "-2", "guess": "1", "sentence": "The shifts"})
    shown = text_of(stranger.get(f"{link}share/"))
    for said in ("Share this one answer with Ana Lind?", "You give more than you get.", "The shifts", "With your guess", "This cannot be undone"):
        assert said in shown, said
    assert not Disclosure.objects.exists()
    assert stranger.post(f"{link}share/", {"act": "share"}).status_code == 302
    assert "You share this one with Ana Lind." in text_of(stranger.get(f"{link}share/?shared"))
    assert "This cannot be undone" not in text_of(stranger.get(f"{link}share/"))
    clock.move_to(round.closes_at + DAY)
    assert "Everything else stays yours." in text_of(stranger.get(f"{link}share/"))


def test_only_behind_an_employees_own_link(cast, employee, clock):
    stranger = Client(enforce_csrf_checks=True)
    open_round(relationship=cast.borealis, now=NOW, reason="due")
    clients = link_to("bo@borealis.example")
    asked(employee, NOW + DAY)
    clock.move_to(NOW + DAY)
    managers = link_to("ana@acme.example", now=NOW + DAY)
    for link in (clients, managers, "/p/no-such-link/"):
        assert stranger.get(f"{link}share/").status_code == 404
        assert stranger.post(f"{link}share/").status_code == 404


def test_the_ledger_still_agrees(cast, employee):
    round = asked(employee)
    given = says(round, employee.eva_speaks, "-2")
    sweep_rounds(now=round.closes_at)
    share_answer(participant=employee.eva_speaks, answer=given, now=round.closes_at)
    assert list(differences([employee.relationship.pk])) == []


# The own page


def eva_signed_in(now=NOW, address="eva@acme.example"):
    client = Client()
    client.cookies["portal"] = portal_sessions.begin(address_hash=email_digest(address), user_agent="", now=now)[0]
    return client


def test_the_own_page_shares_one_answer_and_says_since_when(cast, employee, clock):
    round, eva, home = asked(employee), eva_signed_in(), f"/me/with/{employee.relationship.public_id}/"
    given = says(round, employee.eva_speaks, "-2")
    where = f"{home}answers/{given.public_id}/share/"
    page = eva.get(home).content.decode()
    assert where in page
    assert "yours alone, unless you share it" in page
    shown = text_of(eva.get(where))
    for said in (
        "Share this one answer with Ana Lind?",
        "You give more than you get.",
        "The shifts",
        "This cannot be undone",
        "when the check closes",
    ):
        assert said in shown, said
    assert "csrfmiddlewaretoken" in eva.get(where).content.decode()
    assert not Disclosure.objects.exists()  # looking shares nothing
    assert eva.post(where).url == f"{where}?shared"
    assert Disclosure.objects.get().answer == given
    assert seen_by_us(employee) == set()  # the round is open still
    assert "you shared it on 11 June" in text_of(eva.get(home))
    assert "You share this one with Ana Lind." in text_of(eva.get(f"{where}?shared"))
    says(round, employee.eva_speaks, "-3", now=NOW + MINUTE)
    assert eva.get(where).status_code == 404  # it does not stand any more


def test_the_own_page_shares_one_rating(cast, employee, clock):
    event = make_event(employee.relationship, cast.ana_voice, what="A free Friday")
    kept = make_event(employee.relationship, cast.ana_voice, what="Kept to myself")
    report_got(event=event, side=SideRole.COUNTERPART, voice=employee.eva_voice, account=Account(word=Word.LOT, sentence="Much needed"), now=NOW)
    private = Account(word=Word.BURDEN, visibility=Visibility.PRIVATE)
    report_got(event=kept, side=SideRole.COUNTERPART, voice=employee.eva_voice, account=private, now=NOW)
    eva, home = eva_signed_in(), f"/me/with/{employee.relationship.public_id}/"
    where = f"{home}rate/{event.public_id}/share/"
    page = eva.get(home).content.decode()
    assert where in page
    assert f"{home}rate/{kept.public_id}/share/" not in page
    assert "Much needed" in text_of(eva.get(where))
    assert eva.post(where).status_code == 302
    assert eva.post(f"{home}rate/{kept.public_id}/share/").status_code == 409
    assert Disclosure.objects.get().report.event == event
    page = eva.get(home).content.decode()
    assert "you shared this on 11 June" in page
    assert where not in page


def test_the_own_page_shares_nothing_of_others(cast, employee, clock):
    round, home = asked(employee), f"/me/with/{employee.relationship.public_id}/"
    ours = says(round, speaker(employee.relationship, SideRole.OWN), "1")
    clients = open_round(relationship=cast.borealis, now=NOW, reason="due")
    bos = says(clients, cast.bo_speaks, "1")
    event = make_event(cast.borealis, cast.ana_voice)
    report_got(event=event, side=SideRole.COUNTERPART, voice=cast.bo_voice, account=Account(word=Word.LOT), now=NOW)
    bo, bos_home = eva_signed_in(address="bo@borealis.example"), f"/me/with/{cast.borealis.public_id}/"
    for client, address in (
        (eva_signed_in(), f"{home}answers/{ours.public_id}/share/"),  # the manager's
        (eva_signed_in(), f"{home}answers/{bos.public_id}/share/"),
        (bo, f"{bos_home}answers/{bos.public_id}/share/"),  # a client's are shown to both sides anyway
        (bo, f"{bos_home}rate/{event.public_id}/share/"),
        (bo, f"{home}answers/{bos.public_id}/share/"),
    ):
        assert client.get(address).status_code == 404
        assert client.post(address).status_code == 404
    assert "share/" not in bo.get(bos_home).content.decode()
    assert not Disclosure.objects.exists()
