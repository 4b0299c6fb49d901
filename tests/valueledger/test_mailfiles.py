from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from django.core.mail import EmailMultiAlternatives, get_connection


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    settings.MAIL_DIR = tmp_path / "mail"
    return settings.MAIL_DIR


def send(subject: str = "A question", to: str = "bo@borealis.example") -> int:
    connection = get_connection("valueledger.common.mailfiles.EmailBackend")
    message = EmailMultiAlternatives(subject, "Guten Tag, Bo: é", "ledger@acme.example", [to], connection=connection)
    message.attach_alternative("<p>Guten Tag</p>", "text/html")
    return message.send()


def test_each_mail_is_one_file_that_a_mail_program_opens(folder: Path) -> None:
    assert send() == 1
    assert send("Another") == 1
    files = sorted(folder.iterdir())
    assert [path.suffix for path in files] == [".eml", ".eml"]
    message = message_from_bytes(files[0].read_bytes(), policy=policy.default)
    assert message["Subject"] == "A question"
    assert message.get_body(("plain",)).get_content().strip() == "Guten Tag, Bo: é"
    assert "<p>" in message.get_body(("html",)).get_content()


def test_mails_hold_links_so_only_the_owner_reads_them(folder: Path) -> None:
    send()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert next(folder.iterdir()).stat().st_mode & 0o777 == 0o600
