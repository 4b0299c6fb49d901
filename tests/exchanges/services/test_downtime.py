"""Whatever happened meanwhile: every mail that was due ends once, in a state with a name; no text breaks a message; a mail file says it all."""

import unicodedata
from collections import Counter
from datetime import timedelta
from email import message_from_bytes, policy
from unittest.mock import patch

import pytest
from django.conf import settings as configured
from django.core import mail
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from exchanges.models import Prompt, PromptState, Round
from exchanges.services.digests import sweep_digests
from exchanges.services.letters import Rendered, compose, from_shown, line, sender_line
from exchanges.services.prompts import sweep_prompts
from exchanges.services.rounds import open_round, sweep_rounds
from exchanges.services.sending import send_due
from relationships.models import Workspace
from relationships.services.parties import add_person
from tests.exchanges.services.test_sending import Habit, mail_server
from tests.makers import NOW, make_relationship
from valueledger.common import outbox
from valueledger.common.models import Outbox

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
SETTLED = {"SENT", "SKIPPED", "FAILED", "UNKNOWN"}


def sweep_all(now):
    sweep_rounds(now=now)
    sweep_prompts(now=now)
    sweep_digests(now=now)
    return send_due(now=now)


@pytest.fixture
def five(cast):
    for name in ("cy", "di", "ed", "fay"):
        person = add_person(workspace=cast.workspace, name=name.title(), email=f"{name}@{name}.example")
        make_relationship(cast.ana, f"{name} Ltd", people=(person,))
    return cast


@pytest.mark.parametrize("weeks", [0, 1, 5, 30])
def test_after_a_downtime_everybody_is_asked_once_and_nothing_is_lost(five, weeks):
    """Everything was due and nothing ran; or the clock leapt. Then the sweeps run again, twice, and for some days."""
    sweep_rounds(now=NOW)
    sweep_prompts(now=NOW)
    asked = set(Prompt.objects.values_list("pk", flat=True))
    back = NOW + weeks * 7 * DAY
    for _ in range(2):
        sweep_all(back)
    to_others = Counter(message.to[0] for message in mail.outbox if message.to[0] != "ana@acme.example")
    if weeks != 5:
        assert set(to_others) >= {f"{name}@{name}.example" for name in ("cy", "di", "ed", "fay")}
    assert set(to_others.values()) <= {1}
    for number in range(1, 10):
        sweep_all(back + number * DAY)
    ends = {row.subject_id: row.state for row in Outbox.objects.filter(subject_id__in=asked)}
    assert set(ends) == asked
    assert set(ends.values()) <= SETTLED
    open_ones = Round.objects.filter(posting__isnull=True, closes_at__gt=back).values_list("relationship_id", flat=True)
    assert max(Counter(open_ones).values(), default=1) == 1
    per_day = Counter((row.recipient_id, row.sent_at.date()) for row in Outbox.objects.filter(state="SENT").exclude(kind="digest"))
    assert set(per_day.values()) <= {1}


def test_what_closed_meanwhile_says_so(five):
    sweep_prompts(now=NOW)
    back = NOW + 35 * DAY
    send_due(now=back)
    closed = Outbox.objects.exclude(kind__in=["digest", "requalify"])  # what our own side is asked twice a year is open for longer
    assert set(closed.values_list("state", "reason")) == {("SKIPPED", "It closed before this went out.")}
    sweep_rounds(now=back)
    assert not Prompt.objects.filter(closes_at__lte=back, state=PromptState.WAITING).exists()


def test_a_clock_that_goes_back_sends_nothing_twice(five):
    sweep_all(NOW)
    count = len(mail.outbox)
    for hours in (-48, -3, 0):
        sweep_all(NOW + timedelta(hours=hours))
    assert len(mail.outbox) == count


# Texts


ANYTHING = st.text(st.characters(exclude_categories=["Cs"]), max_size=400) | st.sampled_from(
    [
        "a\r\nBcc: x@y.example",
        "\u202eevil",
        "x" * 10_000,
        '"<a@b.example>"',
        "a%0d%0aX: y",
        "\x00",
        "=?utf-8?q?=0d=0aBcc:?=",
        "",
        " \n ",
        "名" * 300,
        "@,;:<>()",
    ]
)


@given(ANYTHING, ANYTHING, ANYTHING)
@examples(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_name_or_subject_breaks_a_message(name, own, subject):
    workspace = Workspace(name=name, sender_name=own)
    rendered = Rendered(subject=line(subject, 150), text="Text.\n", html="<p>Text.</p>")
    message = compose(
        rendered,
        to="bo@borealis.example",
        sender=sender_line(workspace, name),
        message_id="<1@localhost.localdomain>",
        stop_link="https://x.example/p/1/stop/",
    )
    parsed = message_from_bytes(message.message().as_bytes(linesep="\r\n"), policy=policy.default)
    assert set(parsed.keys()) == {
        "Content-Type", "MIME-Version", "Subject", "From", "To", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress", "List-Unsubscribe",
        "List-Unsubscribe-Post",
    }  # fmt: skip
    assert [address.addr_spec for address in parsed["To"].addresses] == ["bo@borealis.example"]
    assert [address.addr_spec for address in parsed["From"].addresses] == [configured.MAIL_FROM.split("<")[1].rstrip(">")]
    for text in (str(parsed["Subject"]), from_shown(sender_line(workspace, name))):
        assert not [sign for sign in text if unicodedata.category(sign) == "Cc"]


def test_without_the_cleaning_a_line_break_would_stop_the_message():
    """Negative control: it is `line` that keeps a row from failing for ever."""
    from exchanges.services import letters

    with patch.object(letters, "line", lambda text, longest=0: text):
        message = compose(Rendered("a\r\nBcc: x@y.example", "t", "h"), to="a@b.example", sender="x", message_id="<1@l>")
        with pytest.raises(ValueError, match="newlines"):
            message.message()


# The file of a mail


@pytest.fixture
def folder(tmp_path, settings):
    settings.EMAIL_BACKEND, settings.MAIL_DIR = "valueledger.common.mailfiles.EmailBackend", tmp_path / "mail"
    return settings.MAIL_DIR


def mails_in(folder):
    return [message_from_bytes(path.read_bytes(), policy=policy.default) for path in sorted(folder.glob("*.eml"))]


def test_the_file_of_every_kind_of_mail_says_what_it_must(five, folder, settings):
    settings.PUBLIC_URL = "https://ledger.example"
    sweep_all(NOW)
    sweep_all(NOW + DAY)
    found = mails_in(folder)
    assert len(found) >= 6
    for message in found:
        assert message["Auto-Submitted"] == "auto-generated"
        assert message["List-Unsubscribe"].strip().startswith("<https://ledger.example/p/")
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        text, html = (message.get_body((kind,)).get_content() for kind in ("plain", "html"))
        assert text.strip()
        assert "<img" not in html
        for body in (text, html):
            words = body.replace('"', " ").replace("<", " ").split()
            links = [word for word in words if word.startswith("http") and "w3.org" not in word]
            assert links
            assert all(link.startswith("https://ledger.example/") for link in links)
    assert len({message["Message-ID"] for message in found}) == len(found)


def test_a_message_keeps_its_id_over_every_try(five, settings):
    open_round(relationship=five.borealis, now=NOW, reason="due")
    Outbox.objects.filter(recipient_id=five.ana.person_id).delete()
    with mail_server(Habit(data="451 later"), settings):
        assert send_due(now=NOW) == {"put_back": 1}
    with mail_server(Habit(), settings) as server:
        assert send_due(now=NOW + 5 * MINUTE) == {"sent": 1}
    [message] = server.taken
    row = Outbox.objects.get(recipient_id=five.bo.pk)
    assert message["Message-ID"] == row.message_id == outbox.message_id(row.public_id)
