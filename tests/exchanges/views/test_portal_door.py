"""Signing in to the portal: a link once, for ten minutes, in one browser; the same answer for everybody who asks."""

import re
import statistics
import threading
import time
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from exchanges.services.sending import send_due
from relationships.models import Person, PersonText
from relationships.services.parties import add_person, email_digest
from tests.makers import NOW, make_relationship
from valueledger.common import housekeeping
from valueledger.common.limits import take
from valueledger.common.models import AuditEntry, Outbox, OutboxBody, PortalSession, RateBucket, Token
from valueledger.common.models.tokens import TokenPurpose
from valueledger.common.tenancy import everywhere, within

BO = "bo@borealis.example"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as moving:
        yield moving


@pytest.fixture
def visitor(cast, clock):
    return Client()


def ask(visitor, address=BO, **headers):
    return visitor.post("/me/enter/", {"email": address}, **headers)


def newest_link(address=BO, now=NOW):
    send_due(now=now)
    body = next(message.body for message in reversed(mail.outbox) if message.to == [address])
    return re.search(r"https?://[^/]+(/me/enter/[^/\s]+/)", body).group(1)


@pytest.fixture
def link(visitor):
    ask(visitor)
    return newest_link()


@pytest.fixture
def guest(visitor, link):
    assert visitor.post(link).status_code == 302
    return visitor


# The link


def test_the_link_opens_the_page_after_a_press_and_not_before(visitor, link):
    shown = visitor.get(link)
    assert shown.status_code == 200
    assert "Open my page" in shown.content.decode()
    assert not PortalSession.objects.exists()
    assert "portal" not in shown.cookies
    entered = visitor.post(link)
    assert (entered.status_code, entered.url) == (302, "/me/")
    assert visitor.get("/me/", follow=True).status_code == 200
    assert AuditEntry.objects.filter(action="portal.signed_in", actor_kind="person").count() == 1


def test_looking_many_times_uses_nothing_up(visitor, link):
    for _ in range(5):
        Client().get(link)
        visitor.get(link)
    assert visitor.post(link).status_code == 302


def test_the_link_works_once(guest, link):
    assert guest.post(link).status_code == 410
    assert guest.get(link).status_code == 410
    assert PortalSession.objects.count() == 1


@pytest.mark.parametrize(
    ("after", "status"), [(10 * MINUTE - timedelta(seconds=1), 302), (10 * MINUTE, 410), (10 * MINUTE + timedelta(seconds=1), 410)]
)
def test_the_link_lasts_ten_minutes_from_the_asking(visitor, link, clock, after, status):
    clock.move_to(NOW + after)
    assert visitor.post(link).status_code == status


def test_only_the_browser_that_asked_can_use_it(visitor, link):
    other = Client()
    assert "another browser" in other.get(link).content.decode()
    assert "Open my page" not in other.get(link).content.decode()
    assert other.post(link).status_code == 403
    other.cookies["portal-browser"] = "guessed"
    assert other.post(link).status_code == 403
    assert not PortalSession.objects.exists()
    assert visitor.post(link).status_code == 302  # a stranger's try has not used it up


def test_without_the_binding_another_browser_would_get_in(visitor, link, monkeypatch):
    """Negative control."""
    monkeypatch.setattr("exchanges.services.signing_in.hmac.compare_digest", lambda one, other: True)
    other = Client()
    other.cookies["portal-browser"] = "guessed"
    assert other.post(link).status_code == 302


def test_a_link_does_not_pass_to_the_next_address(visitor, link, cast):
    PersonText.objects.filter(person=cast.bo).update(email="mallory@evil.example", email_hash=email_digest("mallory@evil.example"))
    assert visitor.post(link).status_code == 403


def test_two_presses_at_once_sign_in_once(visitor, link):
    from exchanges.services import signing_in

    raw, secret = link.split("/")[3], visitor.cookies["portal-browser"].value
    signing_in.sign_in(raw, browser=secret, user_agent="", now=NOW)
    token = Token.objects.get(purpose=TokenPurpose.SIGN_IN)
    from valueledger.common import tokens

    assert tokens.use(token, now=NOW) is False


def test_a_mail_that_comes_too_late_is_not_sent(visitor):
    ask(visitor)
    send_due(now=NOW + 10 * MINUTE)
    assert not mail.outbox
    row = Outbox.objects.get(kind="signin")
    assert (row.state, row.reason) == ("SKIPPED", "The link would be over before it arrives.")


def test_the_mail_goes_at_once_and_its_text_is_kept_nowhere(visitor, cast):
    cast.workspace.is_demo = True
    cast.workspace.save()
    Person.objects.filter(pk=cast.bo.pk).update(suppressed_at=NOW)  # asking for it oneself is no question of ours
    ask(visitor)
    assert send_due(now=NOW) == {"sent": 1}
    message = mail.outbox[-1]
    assert message.to == [BO]
    assert message.subject == "Your page: a link to sign in"
    assert "List-Unsubscribe" not in message.extra_headers
    assert message.extra_headers["Auto-Submitted"] == "auto-generated"
    assert not OutboxBody.objects.exists()
    secret = newest_link().split("/")[3]
    with connection.cursor() as cursor:
        for name in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{name}"')
            assert secret not in repr(cursor.fetchall()), name


def test_of_an_employee_who_signs_in_the_log_tells_nothing(visitor, employee):
    ask(visitor, "eva@acme.example")
    before = AuditEntry.objects.count()
    assert visitor.post(newest_link("eva@acme.example")).status_code == 302
    assert AuditEntry.objects.count() == before


def test_no_steward_sees_that_somebody_signed_in(guest, cast):
    steward = Client()
    steward.force_login(cast.ana.user)
    assert "signin" not in steward.get("/outbox/").content.decode()
    assert f"outbox/{Outbox.objects.get(kind='signin').public_id}" not in steward.get("/outbox/").content.decode()


# The session


def test_it_is_nobodys_session_at_the_desk_and_the_desks_is_none_here(guest, cast):
    assert guest.get("/").status_code == 302
    assert "sessionid" not in guest.cookies
    steward = Client()
    steward.force_login(cast.ana.user)
    answer = steward.get("/me/")
    assert (answer.status_code, answer.url) == (302, "/me/enter/")


def test_signing_in_changes_the_key_and_ends_the_one_before(guest):
    first = guest.cookies["portal"].value
    ask(guest)
    guest.post(newest_link())
    assert guest.cookies["portal"].value != first
    stolen = Client()
    stolen.cookies["portal"] = first
    assert stolen.get("/me/").url == "/me/enter/"
    assert guest.get("/me/").url != "/me/enter/"


@pytest.mark.parametrize(
    ("gaps", "is_in"), [([2 * HOUR - timedelta(seconds=1)], True), ([2 * HOUR], False), ([HOUR] * 11, True), ([HOUR] * 12, False)]
)
def test_it_ends_after_two_idle_hours_and_twelve_in_all(guest, clock, gaps, is_in):
    at = NOW
    for gap in gaps:
        at += gap
        clock.move_to(at)
        answer = guest.get("/me/")
    assert (answer.url != "/me/enter/") is is_in


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(visitor, settings):
    settings.SECURE = True
    ask(visitor)
    entered = visitor.post(newest_link())
    cookie = entered.cookies["__Host-portal"]
    assert (cookie["secure"], cookie["httponly"], cookie["samesite"], cookie["path"], cookie["domain"]) == (True, True, "Lax", "/", "")
    assert "portal" not in entered.cookies


def test_signing_out_ends_it_on_the_server_too(guest):
    key = guest.cookies["portal"].value
    assert guest.post("/me/out/").url == "/me/enter/"
    again = Client()
    again.cookies["portal"] = key
    assert again.get("/me/").url == "/me/enter/"


def test_open_sessions_are_listed_and_can_be_ended(guest, clock):
    second = Client(headers={"User-Agent": "Mozilla/5.0 (iPhone) Safari/604"})
    ask(second)
    second.post(newest_link())
    listed = guest.get("/me/sessions/").content.decode()
    assert "Safari on iPhone" in listed
    other = PortalSession.objects.get(browser="Safari on iPhone")
    assert guest.post("/me/sessions/", {"session": str(other.public_id)}).status_code == 302
    assert second.get("/me/").url == "/me/enter/"
    assert guest.get("/me/").url != "/me/enter/"
    assert guest.post("/me/sessions/", {"session": str(other.public_id)}).status_code == 404


def test_nobody_ends_the_session_of_another_address(guest, cast):
    cy = add_person(workspace=cast.workspace, name="Cy", email="cy@cirrus.example")
    make_relationship(cast.ana, "Cirrus", people=(cy,))
    other = Client()
    ask(other, "cy@cirrus.example")
    other.post(newest_link("cy@cirrus.example"))
    theirs = PortalSession.objects.get(address_hash=email_digest("cy@cirrus.example"))
    assert str(theirs.public_id) not in guest.get("/me/sessions/").content.decode()
    assert guest.post("/me/sessions/", {"session": str(theirs.public_id)}).status_code == 404
    guest.post("/me/sessions/", {"act": "others"})
    assert other.get("/me/").url != "/me/enter/"


def test_forms_need_their_token(link, visitor):
    strict = Client(enforce_csrf_checks=True)
    assert strict.post("/me/enter/", {"email": BO}).status_code == 403
    strict.cookies["portal-browser"] = visitor.cookies["portal-browser"].value
    assert strict.post(link).status_code == 403


def test_one_address_in_two_workspaces_chooses_and_is_never_joined(cast, visitor):
    with within(cast.elsewhere.pk):
        same = add_person(workspace=cast.elsewhere, name="Bo B.", email=BO.upper())
        other = make_relationship(cast.zed, "Borealis too", people=(same,))
    ask(visitor)
    assert len([message for message in mail.outbox if message.to == [BO]]) == 0
    visitor.post(newest_link())
    page = visitor.get("/me/").content.decode()
    assert f"/me/with/{cast.borealis.public_id}/" in page
    assert f"/me/with/{other.public_id}/" in page
    assert "Zenith" not in visitor.get(f"/me/with/{cast.borealis.public_id}/").content.decode()
    assert visitor.get(f"/me/with/{other.public_id}/").status_code == 200


# Who is known, and how often one may ask


UNKNOWN = "nobody@nowhere.example"


def shape(response):
    body = re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"|"X-CSRFToken": "[^"]+"', "", response.content.decode())
    headers = {name: value for name, value in response.headers.items() if name not in ("X-Request-ID", "Set-Cookie")}
    cookies = {name: (len(morsel.value), morsel["max-age"], morsel["httponly"]) for name, morsel in response.cookies.items()}
    return response.status_code, body, headers, cookies


def test_a_known_and_an_unknown_address_get_the_same_answer(cast, clock, employee):
    answers = [shape(ask(Client(), address)) for address in (BO, "eva@acme.example", UNKNOWN, "oda@acme.example")]
    assert all(answer == answers[0] for answer in answers)
    pages = [shape(Client().get("/me/enter/?sent")) for _ in range(2)]
    assert pages[0] == pages[1]
    assert Outbox.objects.filter(kind="signin").count() == 2  # a member is not asked, so nothing of it is here


def statements_of(address, network):
    """What asking does to the database, for the first time from this network: each statement's verb and table."""
    with CaptureQueriesContext(connection) as asked:
        ask(Client(REMOTE_ADDR=network), address)
    found = [re.match(r"(RELEASE|ROLLBACK|\w+)(?:.*?(?:FROM|INTO|UPDATE) \"(\w+)\")?", query["sql"], re.DOTALL) for query in asked.captured_queries]
    return [match.groups() for match in found]


def test_a_known_and_an_unknown_address_cost_the_database_the_same(cast, clock):
    """The same statements, each kept: a roll-back is quicker than a commit."""
    ask(Client(REMOTE_ADDR="198.51.100.9"), "warm@up.example")
    known, unknown = statements_of(BO, "198.51.100.7"), statements_of(UNKNOWN, "198.51.100.8")
    assert known == unknown
    assert ("INSERT", "common_outbox") in unknown
    assert not any(verb == "ROLLBACK" for verb, _table in unknown)
    with everywhere():
        kept = {row.recipient_id: row for row in Outbox.objects.filter(kind="signin").order_by("pk")}
        assert set(kept) == {0, cast.bo.pk}
        assert Token.objects.filter(purpose=TokenPurpose.SIGN_IN).count() == 3
    assert (kept[0].workspace_id, kept[0].state) == (0, "SKIPPED")
    assert UNKNOWN not in repr([vars(row) for row in kept.values()])


def test_what_was_kept_for_nobody_is_never_sent_and_goes_after_a_day(cast, clock):
    ask(Client(), UNKNOWN)
    ask(Client(), BO)
    assert send_due(now=NOW) == {"sent": 1}
    assert [message.to for message in mail.outbox] == [[BO]]
    housekeeping.sweep(now=NOW + 23 * HOUR)
    with everywhere():
        assert Outbox.objects.filter(kind="signin").count() == 2
        housekeeping.sweep(now=NOW + 35 * HOUR)
        assert not Outbox.objects.filter(kind="signin").exists()
        assert not Token.objects.filter(purpose=TokenPurpose.SIGN_IN).exists()


@pytest.mark.slow
def test_it_takes_the_same_time(cast, clock, monkeypatch):
    monkeypatch.setattr("exchanges.views.portal_door.take", lambda *_, **__: True)
    monkeypatch.setattr("exchanges.services.signing_in.take", lambda *_, **__: True)
    taken = {BO: [], UNKNOWN: []}
    with time_machine.travel(NOW, tick=True):
        for _ in range(50):
            for address, times in taken.items():
                begun = time.perf_counter()
                ask(Client(), address)
                times.append(time.perf_counter() - begun)
    assert abs(statistics.median(taken[BO]) - statistics.median(taken[UNKNOWN])) < 0.020


def test_three_mails_to_one_address_and_then_silence_that_tells_nothing(cast, clock):
    answers = [shape(ask(Client())) for _ in range(8)]
    assert len({repr(answer) for answer in answers}) == 1
    assert Outbox.objects.filter(kind="signin").count() == 3
    clock.move_to(NOW + HOUR)
    ask(Client())
    assert Outbox.objects.filter(kind="signin").count() == 4


def test_a_stranger_who_asks_for_somebody_does_not_lock_them_out(cast, clock, visitor):
    for _ in range(8):
        ask(Client(REMOTE_ADDR="198.51.100.7"))
    assert Outbox.objects.filter(kind="signin").count() == 3
    ask(visitor)
    assert visitor.post(newest_link()).status_code == 302


def test_to_one_address_go_twelve_whoever_asks(cast, clock):
    for number in range(16):
        ask(Client(REMOTE_ADDR=f"198.51.100.{number}"))
    assert Outbox.objects.filter(kind="signin").count() == 12


def test_asking_again_leaves_the_earlier_link_alive(visitor, link):
    for _ in range(5):
        ask(visitor)
    assert visitor.post(link).status_code == 302


def test_a_browser_that_brings_a_secret_of_its_own_making_gets_ours(visitor):
    visitor.cookies["portal-browser"] = "a"
    ask(visitor)
    assert len(visitor.cookies["portal-browser"].value) == 43


def test_one_network_asks_twenty_times(cast, clock):
    statuses = [ask(Client(), f"a{number}@x.example").status_code for number in range(22)]
    assert statuses == [302] * 20 + [429] * 2


def test_a_forged_forwarding_header_does_not_help(cast, clock):
    statuses = {ask(Client(), f"a{number}@x.example", headers={"X-Forwarded-For": f"9.9.9.{number}"}).status_code for number in range(22)}
    assert 429 in statuses


def test_another_network_is_not_locked_out(cast, clock):
    for number in range(22):
        ask(Client(), f"a{number}@x.example")
    assert ask(Client(REMOTE_ADDR="198.51.100.7"), BO).status_code == 302


def test_random_links_are_refused_after_a_while(cast, clock):
    statuses = [Client().get(f"/me/enter/{'x' * 40}{number}/").status_code for number in range(40)]
    assert statuses[0] == 404
    assert statuses[-1] == 429


@pytest.mark.django_db(transaction=True)
def test_fifty_at_once_do_not_exceed_the_limit():
    took = []

    def run():
        took.append(take("signin:parallel", burst=3, per_minute=0.05, now=NOW))
        connection.close()

    RateBucket.objects.create(key="signin:parallel", level=3.0, updated_at=NOW)
    threads = [threading.Thread(target=run) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(took) <= 3


@pytest.mark.parametrize("typed", ["", "no address", "a@b", "x" * 300 + "@y.example"])
def test_what_is_no_address_is_said_and_nothing_is_kept(cast, visitor, typed):
    assert ask(visitor, typed).status_code == 422
    assert not Outbox.objects.exists()
