"""A mail from a template and its words: headers, links, and the text that only a demo workspace keeps. Every kind of mail is made here."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import formataddr, parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from exchanges.selectors.prompts import shortened
from relationships.models import Workspace
from valueledger.common.models import Outbox, OutboxBody

BODY_KEPT = timedelta(days=90)
LONGEST_SUBJECT = 150
LONGEST_SENDER = 90


@dataclass(frozen=True)
class Rendered:
    subject: str
    text: str
    html: str


def render_mail(template: str, context: dict[str, Any], *, subject: str = "") -> Rendered:
    """The words of a mail, from `emails/<template>.{subject.txt,txt,html}`. Pure: nothing is read but the context and the templates."""
    subject = line(subject or render_to_string(f"emails/{template}.subject.txt", context), LONGEST_SUBJECT)
    context = {**context, "subject": subject}
    text = render_to_string(f"emails/{template}.txt", context)
    html = render_to_string(f"emails/{template}.html", context)
    return Rendered(subject=subject, text=text.strip() + "\n", html=html)


def absolute(name: str, *arguments: object) -> str:
    """Links are built from PUBLIC_URL alone, never from a request's host."""
    return settings.PUBLIC_URL + reverse(name, args=arguments)


def sender_line(workspace: Workspace, steward_name: str = "") -> str:
    """Who the mail comes from: the workspace's own words, or the steward at the workspace."""
    own = line(workspace.sender_name)
    if own:
        return own
    if steward_name:
        return line(_("{name} at {workspace}").format(name=line(steward_name, 40), workspace=line(workspace.name, 45)))
    return line(workspace.name)


def from_header(sender: str) -> str:
    """The From of every mail: the name that was chosen, the address of this installation."""
    return formataddr((line(sender, LONGEST_SENDER), parseaddr(settings.MAIL_FROM)[1]))


def from_shown(sender: str) -> str:
    """The same for a page: as a mail program shows it."""
    return f"{line(sender, LONGEST_SENDER)} <{parseaddr(settings.MAIL_FROM)[1]}>"


def compose(rendered: Rendered, *, to: str, sender: str, message_id: str, stop_link: str = "") -> EmailMessage:
    """Text and HTML with the headers that mail systems ask of mail that nobody wrote by hand."""
    headers = {"Message-ID": message_id, "Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "OOF, AutoReply"}
    if stop_link:
        headers |= {"List-Unsubscribe": f"<{stop_link}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    message = EmailMultiAlternatives(subject=rendered.subject, body=rendered.text, from_email=from_header(sender), to=[to], headers=headers)
    message.attach_alternative(rendered.html, "text/html")
    return message


def keep_body(row: Outbox, workspace: Workspace, rendered: Rendered, *, now: datetime) -> None:
    """Only a demo workspace keeps what was sent, so that its links can be followed from the page."""
    if not workspace.is_demo:
        return
    kept = {"workspace_id": row.workspace_id, "subject": rendered.subject, "text": rendered.text, "html": rendered.html, "purge_at": now + BODY_KEPT}
    OutboxBody.objects.update_or_create(message=row, defaults=kept)


def line(text: str, longest: int = LONGEST_SENDER) -> str:
    """One line without control and formatting characters: fit for a header, whatever somebody typed as a name.

    What looks like an encoded word is taken apart: a mail program would decode it, line breaks and all.
    """
    if text.isprintable():  # so is nearly everything, and then there is nothing to take out
        clean = text
    else:
        clean = "".join(sign if not unicodedata.category(sign).startswith("C") else " " for sign in text)
    return shortened(clean.replace("=?", "= ?"), longest)
