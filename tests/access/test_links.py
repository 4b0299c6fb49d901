"""The secrets in our mails: none is kept, each opens its own door, and stopping takes one click and no look."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import reverse

from exchanges.models import Assurance, Prompt, RoundSeat
from exchanges.services.digests import sweep_digests
from exchanges.services.prompts import ask_rating, remind
from exchanges.services.put_right import ask_to_put_right
from exchanges.services.rounds import answer_check, open_round, sweep_rounds
from exchanges.services.sending import send_due
from exchanges.services.signing_in import ask_for_link
from relationships.models import Member, Person, Role
from relationships.services.members import invite
from relationships.services.workspaces import make_token
from tests.makers import NOW, make_event
from valueledger.common import tokens
from valueledger.common.models import Token
from valueledger.common.models.tokens import TokenPurpose
from valueledger.common.tenancy import everywhere

DAY = timedelta(days=1)
ONE_CLICK = "List-Unsubscribe=One-Click"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as moving:
        yield moving


@pytest.fixture
def told(monkeypatch):
    """Every secret that is issued meanwhile."""
    found, make = [], tokens.secrets.token_urlsafe

    def watched(size):
        found.append(make(size))
        return found[-1]

    monkeypatch.setattr(tokens.secrets, "token_urlsafe", watched)
    return found


def kept():
    """Everything that stands in the database, as text."""
    with connection.cursor() as cursor:
        for name in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{name}"')
            for row in cursor.fetchall():
                yield repr([bytes(value) if isinstance(value, memoryview) else value for value in row])


def mail_of_every_kind(cast, clock):
    """Questions, a reminder, a bundle, a digest, a message to put right, a sign-in; and the secrets that are shown and not mailed."""
    Member.objects.update(joined_at=NOW - DAY)  # they get a digest
    ask_for_link(address="bo@borealis.example", browser="b", network="n", now=NOW)
    ask_to_put_right(participant=cast.bo_speaks, text="The invoice.", now=NOW)
    open_round(relationship=cast.borealis, now=NOW, reason="due")
    ask_rating(make_event(cast.borealis, cast.ana_voice), now=NOW)
    make_token(member=cast.ana, label="desk", scopes="read", lives=DAY, now=NOW)
    invite(by=cast.oda, email="new@acme.example", roles=[Role.STEWARD], now=NOW)
    for day in (0, 1, 8, 9):
        clock.move_to(NOW + day * DAY)
        sweep_digests(now=NOW + day * DAY)
        remind(now=NOW + day * DAY)
        send_due(now=NOW + day * DAY)


def test_no_secret_stands_in_the_database(cast, clock, told):
    mail_of_every_kind(cast, clock)
    with everywhere():
        rows = list(Token.objects.all())
    assert {row.purpose for row in rows} == set(TokenPurpose) - {TokenPurpose.SETUP}
    assert {len(bytes(row.token_hash)) for row in rows} == {32}
    mailed = {secret for message in mail.outbox for secret in re.findall(r"/(?:p|enter)/([^/\s?]+)/", message.body)}
    assert len(mailed) >= 6
    assert mailed <= set(told)
    assert len(told) == len(set(told)) >= len(rows)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", secret) for secret in told)  # 32 random bytes, fit for an address
    everything = "\n".join(kept())
    assert not [secret for secret in told if secret in everything or secret.encode().hex() in everything]


def test_a_text_that_is_kept_would_be_found(cast, clock, told):
    """Negative control: a demo keeps its mails, secrets and all."""
    type(cast.workspace).objects.filter(pk=cast.workspace.pk).update(is_demo=True)
    mail_of_every_kind(cast, clock)
    everything = "\n".join(kept())
    assert [secret for secret in told if secret in everything]


@pytest.fixture
def stop_link(cast, clock):
    open_round(relationship=cast.borealis, now=NOW, reason="due")
    send_due(now=NOW)
    [message] = [one for one in mail.outbox if one.to == ["bo@borealis.example"]]
    assert message.extra_headers["List-Unsubscribe-Post"] == ONE_CLICK
    return re.fullmatch(r"<https?://[^/]+(/\S+)>", message.extra_headers["List-Unsubscribe"]).group(1)


def stopped_at(person):
    return Person.objects.get(pk=person.pk).suppressed_at


def test_a_mail_system_stops_it_with_one_click_and_nothing_else(stop_link, cast, clock):
    """RFC 8058: no cookie, no referer, no token of a form, no redirect; twice is once; looking is nothing."""
    for method in ("get", "head", "options"):
        getattr(Client(), method)(stop_link)
        assert stopped_at(cast.bo) is None
    for later in (0, 1):
        clock.move_to(NOW + later * DAY)
        answer = Client(enforce_csrf_checks=True).post(stop_link, ONE_CLICK, content_type=FORM)
        assert answer.status_code == 200
        assert not answer.cookies
        assert stopped_at(cast.bo) == NOW
    assert Client().get(stop_link).status_code == 200
    assert stopped_at(cast.bo) == NOW


def test_an_empty_post_or_another_field_stops_it_as_well_and_never_resumes_it(stop_link, cast):
    Client(enforce_csrf_checks=True).post(stop_link, "", content_type=FORM)
    assert stopped_at(cast.bo) == NOW
    Client(enforce_csrf_checks=True).post(stop_link, ONE_CLICK, content_type=FORM)
    assert stopped_at(cast.bo) == NOW


def test_a_page_of_the_desk_does_ask_for_its_token(cast, clock):
    """Negative control: the exemption is the stop link's alone."""
    assert Client(enforce_csrf_checks=True).post(reverse("account_login"), {"login": "x", "password": "y"}).status_code == 403


def test_the_purpose_is_what_keeps_a_secret_to_its_door(cast, clock, monkeypatch):
    """Negative control of tests/access/test_purposes.py: looked up by its hash alone, a secret of another purpose opens the question."""
    open_round(relationship=cast.borealis, now=NOW, reason="due")
    prompt = Prompt.objects.get(participant=cast.bo_speaks)
    raw, _token = tokens.issue(purpose=TokenPurpose.UNSUBSCRIBE, workspace_id=cast.workspace.pk, subject_id=prompt.pk, expires_at=NOW + DAY, now=NOW)
    page = reverse("portal:prompt", args=[raw])
    assert Client().get(page).status_code == 404

    def by_hash_alone(raw, *, purpose):
        with everywhere():
            return Token.objects.filter(token_hash=tokens.digest(raw)).first()

    monkeypatch.setattr(tokens, "find_any_age", by_hash_alone)
    assert Client().get(page).status_code == 200


def test_after_the_reveal_who_missed_the_round_cannot_answer_it(cast, clock):
    open_round(relationship=cast.borealis, now=NOW, reason="due")
    seat = RoundSeat.objects.select_related("round").get(participant=cast.ana_speaks)
    answer_check(seat=seat, value=Decimal(1), assurance=Assurance.SIGNED_IN, now=NOW)
    send_due(now=NOW)
    [message] = [one for one in mail.outbox if one.to == ["bo@borealis.example"]]
    link = re.search(r"https?://[^/]+(/p/[^/\s?]+/)\?answer", message.body).group(1)
    clock.move_to(NOW + 14 * DAY + timedelta(seconds=1))
    sweep_rounds(now=NOW + 14 * DAY + timedelta(seconds=1))
    assert Client().post(link, {"balance": "1"}).status_code == 410
    assert not seat.round.seats.get(participant=cast.bo_speaks).answers.exists()
