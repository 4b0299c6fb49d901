"""The outbox shows states to those who steward; the mail itself only in a demo workspace. And our own side answers at the desk."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.core import mail
from django.db import transaction
from django.test import Client
from django.urls import reverse

from exchanges.models import Answer, Assurance, Prompt, PromptState, RoundPosting, RoundSeat
from exchanges.selectors import deliveries
from exchanges.services import sending
from exchanges.services.prompts import open_due_rounds, remind
from exchanges.services.put_right import ask_to_put_right
from exchanges.services.rounds import answer_check, open_round, sweep_rounds
from exchanges.services.sending import send_due
from exchanges.services.signing_in import ask_for_link
from relationships.models import SideRole
from tests.makers import NOW, speaker
from valueledger.common.models import Outbox, OutboxBody
from valueledger.common.models.outbox import OutboxState
from valueledger.common.tenancy import within

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
HTMX = {"HX-Request": "true"}


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as moving:
        yield moving


@pytest.fixture
def opened(cast, clock):
    return open_round(relationship=cast.borealis, now=NOW, reason="due")


def browser_of(member):
    browser = Client()
    browser.force_login(member.user)
    return browser


def page(member, query="", status=200):
    response = browser_of(member).get(reverse("desk:outbox") + query)
    assert response.status_code == status
    return response.content.decode()


def test_a_steward_sees_what_went_out_to_whom(opened, cast):
    send_due(now=NOW)
    shown = page(cast.ana)
    assert "Bo Berg" in shown
    assert "Borealis" in shown
    assert ">sent<" in shown


def test_the_page_gives_no_link_and_no_text_away(opened, cast):
    send_due(now=NOW)
    secret = mail.outbox[0].body.split("/p/")[1].split("?")[0].strip("/\n ")
    assert secret not in page(cast.ana)
    assert "outbox_message" not in page(cast.ana)
    row = Outbox.objects.get(recipient_id=cast.bo.pk)
    for name in ("desk:outbox_message", "desk:outbox_html"):
        assert browser_of(cast.ana).get(reverse(name, args=[row.public_id])).status_code == 404


def test_nobody_else_sees_it(opened, cast):
    send_due(now=NOW)
    assert "Bo Berg" not in page(cast.amir)
    page(cast.lea, status=404)
    assert "Far" not in page(cast.zed)
    assert "Bo Berg" not in page(cast.zed)
    assert Client().get(reverse("desk:outbox")).status_code == 302


def test_an_owner_sees_counts_and_nothing_else(opened, cast):
    send_due(now=NOW)
    shown = page(cast.oda)
    assert "Bo Berg" not in shown
    assert "Borealis" not in shown
    assert counted(cast.oda) == {"asked": 1, "sent": 1}  # what the other side was asked is not told before the round is over


def counted(owner):
    rows = re.findall(r'<th scope="row">([^<]+)</th><td class="n">(\d+)</td>', page(owner))
    return {label: int(number) for label, number in rows if int(number)}


def watched(cast, clock, seat, answers, look):
    """What `look` finds at every moment of a round, in which this seat answers before its mail goes out, or never."""
    found = [look()]
    if answers:
        answer_check(seat=seat, value=Decimal(1), assurance=Assurance.SIGNED_IN, now=NOW)
    for day in (0, 1, 8, 9):
        clock.move_to(NOW + day * DAY + MINUTE)
        remind(now=NOW + day * DAY + MINUTE)
        send_due(now=NOW + day * DAY + MINUTE)
        found.append(look())
    return found


@pytest.fixture
def of_both_worlds(cast, employee, clock):
    """Runs `look` along a round with an employee or a client in a world where they answered, and in one where they did not."""

    def run(relationship, participant, look, *, closes=False):
        worlds = []
        for answers in (False, True):
            clock.move_to(NOW)
            mark = transaction.savepoint()
            open_round(relationship=relationship, now=NOW, reason="due")
            found = watched(cast, clock, RoundSeat.objects.select_related("round").get(participant=participant), answers, look)
            if closes:
                clock.move_to(NOW + 15 * DAY)
                sweep_rounds(now=NOW + 15 * DAY)
                found.append(look())
            worlds.append(found)
            transaction.savepoint_rollback(mark)
        return worlds

    return run


def test_no_count_of_an_owner_tells_whether_an_employee_answered(cast, employee, of_both_worlds):
    silent, answered = of_both_worlds(employee.relationship, employee.eva_speaks, lambda: counted(cast.oda), closes=True)
    assert silent == answered
    assert silent[0]["asked"] == 1


def test_no_count_of_an_owner_tells_whether_a_client_answered_blind(cast, of_both_worlds):
    silent, answered = of_both_worlds(cast.borealis, cast.bo_speaks, lambda: counted(cast.oda))
    assert silent == answered


def test_plain_counts_by_state_would_tell(cast, employee, of_both_worlds):
    """Negative control: two rows more or less by state are one person's answer in a small workspace."""

    def plain():
        return sorted(Outbox.objects.filter(workspace_id=cast.workspace.pk).values_list("state", flat=True))

    silent, answered = of_both_worlds(employee.relationship, employee.eva_speaks, plain)
    assert silent != answered


def test_that_somebody_signed_in_or_wanted_something_put_right_is_in_no_count(cast, clock, employee):
    before = counted(cast.oda)
    ask_for_link(address="eva@acme.example", browser="b", network="n", now=NOW)
    ask_to_put_right(participant=employee.eva_speaks, text="The rota, please.", now=NOW)
    assert counted(cast.oda) == before
    send_due(now=NOW)
    assert counted(cast.oda) == before


def test_what_was_asked_to_put_right_stands_in_its_readers_outbox_alone(cast, clock):
    ask_to_put_right(participant=cast.bo_speaks, text="The invoice, please.", now=NOW)
    send_due(now=NOW)
    shown = page(cast.ana)
    assert "Put right" in shown
    assert "The invoice" not in shown
    assert "Put right" not in page(cast.amir)


@pytest.mark.parametrize("who", ["employee", "client"])
def test_what_a_demo_lets_one_open_does_not_tell_who_answered_blind(cast, employee, clock, of_both_worlds, who):
    type(cast.workspace).objects.filter(pk=cast.workspace.pk).update(is_demo=True)
    cast.ana.workspace.refresh_from_db()
    relationship, participant = (employee.relationship, employee.eva_speaks) if who == "employee" else (cast.borealis, cast.bo_speaks)

    def links():
        rows = Outbox.objects.filter(recipient_id=participant.person_id, kind="check")
        shown = page(cast.ana)
        listed = [reverse("desk:outbox_message", args=[row.public_id]) in shown for row in rows]
        opened = [browser_of(cast.ana).get(reverse("desk:outbox_message", args=[row.public_id])).status_code for row in rows]
        return listed, opened

    silent, answered = of_both_worlds(relationship, participant, links)
    assert silent == answered
    assert silent[-1] == (([False], [404]) if who == "employee" else ([True], [200]))


def test_without_the_text_that_never_went_a_demo_would_tell(cast, clock, of_both_worlds, monkeypatch):
    """Negative control."""
    monkeypatch.setattr(sending, "_keep_unsent", lambda *_: None)
    type(cast.workspace).objects.filter(pk=cast.workspace.pk).update(is_demo=True)
    silent, answered = of_both_worlds(cast.borealis, cast.bo_speaks, lambda: OutboxBody.objects.filter(message__recipient_id=cast.bo.pk).count())
    assert silent != answered


def test_the_state_can_be_chosen(opened, cast):
    Outbox.objects.filter(recipient_id=cast.bo.pk).update(state="FAILED", reason="550 no such person")
    shown = page(cast.ana, "?state=FAILED")
    assert "550 no such person" in shown
    assert shown.count("<tr class") == 1
    assert "No mail is in this state." in page(cast.ana, "?state=UNKNOWN")
    for nonsense in ("?state=%00x", "?state=DROP", "?before=x", "?before=7", f"?before={cast.borealis.public_id}"):
        assert browser_of(cast.ana).get(reverse("desk:outbox") + nonsense).status_code in {200, 400}


def test_pages_follow_one_another_by_key(opened, cast, monkeypatch):
    monkeypatch.setattr(deliveries, "PAGE", 1)
    first = page(cast.ana)
    assert 'rel="next"' in first
    newest, older = Outbox.objects.order_by("-pk")
    second = page(cast.ana, f"?before={newest.public_id}")
    assert 'rel="next"' not in second
    assert older.pk < newest.pk


def test_the_page_costs_the_same_whatever_its_length(opened, cast, django_assert_max_num_queries):
    from relationships.services.parties import add_person
    from tests.makers import make_relationship

    for number in range(6):
        make_relationship(cast.ana, f"Client {number}", people=(add_person(workspace=cast.workspace, name="X", email=f"x{number}@c.example"),))
    open_due_rounds(now=NOW)
    browser = browser_of(cast.ana)
    browser.get(reverse("desk:outbox"))
    with django_assert_max_num_queries(12):
        browser.get(reverse("desk:outbox"))


def test_with_htmx_only_the_list_comes(opened, cast):
    response = browser_of(cast.ana).get(reverse("desk:outbox"), headers=HTMX)
    assert "<html" not in response.content.decode()
    assert "Bo Berg" in response.content.decode()


def test_that_an_employee_was_reminded_or_answered_is_not_shown(cast, employee, clock):
    open_round(relationship=employee.relationship, now=NOW, reason="due")
    send_due(now=NOW)
    shown = page(cast.ana)
    assert "Eva Holm" in shown
    clock.move_to(NOW + 7 * DAY)
    assert remind(now=NOW + 7 * DAY) == 2
    seat = RoundSeat.objects.select_related("round").get(participant=employee.eva_speaks)
    answer_check(seat=seat, value=Decimal(1), assurance=Assurance.LINK, now=NOW + 7 * DAY)
    send_due(now=NOW + 7 * DAY)
    reminder = Outbox.objects.get(kind="reminder", recipient_id=employee.eva.pk)
    assert reminder.reason == "It was answered before this went out."
    shown = page(cast.ana)
    assert "answered before" not in shown
    assert shown.count("Eva Holm</td>") == 1
    assert browser_of(cast.ana).get(reverse("desk:outbox_message", args=[reminder.public_id])).status_code == 404


def test_why_mail_to_an_employee_was_skipped_is_theirs(cast, employee, clock):
    open_round(relationship=employee.relationship, now=NOW, reason="due")
    seat = RoundSeat.objects.select_related("round").get(participant=employee.eva_speaks)
    answer_check(seat=seat, value=Decimal(1), assurance=Assurance.SIGNED_IN, now=NOW)
    send_due(now=NOW)
    assert "answered before" not in page(cast.ana)


def mails_to_eva(cast, query=""):
    text = " ".join(page(cast.ana, query).split())
    return [row for row in text.split("<tr")[1:] if 'data-label="To">Eva Holm<' in row]


@pytest.mark.parametrize("posted", [False, True])
@pytest.mark.parametrize("answers", [False, True])
def test_whether_an_employee_answered_before_the_mail_went_is_not_shown(cast, employee, clock, answers, posted):
    """Sent, or dropped as answered: "asked" both times, in no state's list, also once the round is over."""
    open_round(relationship=employee.relationship, now=NOW, reason="due")
    before = mails_to_eva(cast)
    if answers:
        seat = RoundSeat.objects.select_related("round").get(participant=employee.eva_speaks)
        answer_check(seat=seat, value=Decimal(1), assurance=Assurance.SIGNED_IN, now=NOW)
    send_due(now=NOW + MINUTE)
    assert Outbox.objects.get(recipient_id=employee.eva.pk).state == ("SKIPPED" if answers else "SENT")
    if posted:
        clock.move_to(NOW + 15 * DAY)
        sweep_rounds(now=NOW + 15 * DAY)
        assert RoundPosting.objects.filter(round__relationship=employee.relationship).exists()
    else:
        assert mails_to_eva(cast) == before
    [row] = mails_to_eva(cast)
    assert '<span class="chip">asked</span></td>' in row, row
    for state in OutboxState.values:
        assert not mails_to_eva(cast, f"?state={state}")


def test_that_an_employees_address_was_refused_is_shown(cast, employee, clock):
    open_round(relationship=employee.relationship, now=NOW, reason="due")
    Outbox.objects.filter(recipient_id=employee.eva.pk).update(state="FAILED", reason="550 no such person")
    assert "550 no such person" not in mails_to_eva(cast)[0]  # given up for another reason: that too tells of no answer until then
    type(employee.eva).objects.filter(pk=employee.eva.pk).update(refused_at=NOW)
    assert "550 no such person" in mails_to_eva(cast)[0]


def test_a_demo_shows_the_mail_in_a_frame_that_runs_nothing(opened, cast, clock):
    type(cast.workspace).objects.filter(pk=cast.workspace.pk).update(is_demo=True)
    send_due(now=NOW)
    row = Outbox.objects.get(recipient_id=cast.bo.pk)
    browser = browser_of(cast.ana)
    shown = browser.get(reverse("desk:outbox_message", args=[row.public_id]))
    assert "/p/" in shown.content.decode()
    assert "frame-src 'self'" in shown.headers["Content-Security-Policy"]
    framed = browser.get(reverse("desk:outbox_html", args=[row.public_id]))
    assert "script" not in framed.headers["Content-Security-Policy"]
    assert framed.headers["X-Frame-Options"] == "SAMEORIGIN"
    for stranger in (cast.amir, cast.zed, cast.lea, cast.oda):
        assert browser_of(stranger).get(reverse("desk:outbox_message", args=[row.public_id])).status_code == 404


def test_reading_is_all_that_one_can_do_here(opened, cast):
    assert browser_of(cast.ana).post(reverse("desk:outbox")).status_code == 405


# Our own side


def answer(member, prompt, data, **more):
    return browser_of(member).post(reverse("desk:answer_prompt", args=[prompt.public_id]), data, **more)


def ours(cast):
    return Prompt.objects.get(participant=cast.ana_speaks)


def test_our_side_answers_at_the_desk(opened, cast):
    assert answer(cast.ana, ours(cast), {"value": "1", "next": "/log/"}).url == "/log/"
    row = Answer.objects.get()
    assert (row.y_micro, row.assurance, row.side) == (1_000_000, "SIGNED_IN", SideRole.OWN)
    assert ours(cast).state == PromptState.ANSWERED


def test_the_last_answer_at_the_desk_reveals_at_once(opened, cast, clock):
    seat = RoundSeat.objects.select_related("round").get(participant=cast.bo_speaks)
    answer_check(seat=seat, value=Decimal(-1), assurance=Assurance.LINK, now=NOW)
    clock.move_to(NOW + 2 * MINUTE)
    response = answer(cast.ana, ours(cast), {"value": "0"}, headers=HTMX)
    assert "That is settled." in response.content.decode()
    assert RoundPosting.objects.get().outcome == "REVEALED"


def test_with_htmx_the_prompt_becomes_a_quiet_line_that_can_be_changed(opened, cast):
    shown = answer(cast.ana, ours(cast), {"value": "1"}, headers=HTMX).content.decode()
    assert "We get a little more than we give" in shown
    assert "Change" in shown
    assert "<html" not in shown


@pytest.mark.parametrize(
    "typed", [{}, {"value": "9"}, {"value": "x"}, {"value": "NaN"}, {"confirm": "1"}, {"value": "0", "sure": "?"}, {"value": "1e308"}]
)
def test_what_cannot_be_taken_is_said(opened, cast, typed):
    response = answer(cast.ana, ours(cast), typed, headers=HTMX)
    assert response.status_code == 422
    assert 'class="error"' in response.content.decode()
    assert not Answer.objects.exists()


@pytest.mark.parametrize("away", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "evil"])
def test_one_comes_back_only_to_our_own_pages(opened, cast, away):
    assert answer(cast.ana, ours(cast), {"value": "1", "next": away}).url == "/"


def test_nobody_answers_for_somebody_else(opened, cast):
    theirs = Prompt.objects.get(participant=cast.bo_speaks)
    for member, prompt in ((cast.ana, theirs), (cast.amir, ours(cast)), (cast.lea, ours(cast)), (cast.oda, ours(cast)), (cast.zed, ours(cast))):
        assert answer(member, prompt, {"value": "1"}).status_code == 404
    assert not Answer.objects.exists()


def test_after_the_reveal_the_desk_says_so(opened, cast, clock):
    seat = RoundSeat.objects.select_related("round").get(participant=cast.bo_speaks)
    answer_check(seat=seat, value=Decimal(-1), assurance=Assurance.SIGNED_IN, now=NOW)
    answer(cast.ana, ours(cast), {"value": "0"})
    assert answer(cast.ana, ours(cast), {"value": "1"}).status_code == 409
    assert Answer.objects.count() == 2


def test_after_the_close_the_desk_says_so(opened, cast, clock):
    clock.move_to(NOW + 14 * DAY)
    assert answer(cast.ana, ours(cast), {"value": "1"}).status_code == 410


def test_skipping_at_the_desk_releases_the_seat(opened, cast):
    answer(cast.ana, ours(cast), {"act": "skip"})
    assert ours(cast).state == PromptState.SKIPPED


def test_the_form_needs_the_token_of_our_page(opened, cast):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(cast.ana.user)
    assert browser.post(reverse("desk:answer_prompt", args=[ours(cast).public_id]), {"value": "1"}).status_code == 403


def test_a_strangers_workspace_has_its_own_outbox(opened, cast, clock):
    with within(cast.elsewhere.pk):
        from relationships.services.parties import add_person
        from tests.makers import make_relationship

        yan = add_person(workspace=cast.elsewhere, name="Yan", email="yan@y.example")
        far = make_relationship(cast.zed, "Far Away", people=(yan,))
        open_round(relationship=far, now=NOW, reason="due")
        assert speaker(far).person_id == yan.pk
    assert "Yan" in page(cast.zed)
    assert "Yan" not in page(cast.ana)
