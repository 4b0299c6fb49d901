"""The digest of stewards and leaders: one mail a member and local period, at eight on a working day of theirs.

The sweep writes a row for the newest period alone; periods that passed while nothing ran get a row that says so. What it tells is read when
it is handed over. Nothing to tell: nothing is sent.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.core.mail import EmailMessage
from django.db import transaction

from exchanges.selectors.quiet import Quiet, quiet_of
from exchanges.services import mailing
from exchanges.services.digest_content import Content, Line, Period, content_for, moment_of, periods_up_to
from exchanges.services.letters import absolute, compose, keep_body, line, render_mail, sender_line
from exchanges.services.speakers import person_of
from exchanges.wording import dates, number
from relationships.models import Digest, Member, Person, Workspace
from valueledger.common import audit, outbox, tokens
from valueledger.common.errors import Invalid
from valueledger.common.models import Outbox
from valueledger.common.models.outbox import OutboxState
from valueledger.common.models.tokens import TokenPurpose
from valueledger.common.outbox import Skip
from valueledger.common.tenancy import everywhere, within

KIND = "digest"
STOP_LINK_LASTS = timedelta(days=365)
MISSED = "We were not running then. The next one tells it all."
BEGINS_LATER = "How often was changed; the next one is the first."
NOTHING = "There was nothing to tell."


def sweep_digests(*, now: datetime) -> int:
    """Write the digests whose time has come. Returns how many were written that will be sent."""
    written = 0
    for workspace in Workspace.objects.filter(is_active=True).order_by("id"):
        with within(workspace.pk):
            members = Member.objects.active().filter(workspace=workspace).exclude(digest=Digest.NEVER).select_related("user", "person", "workspace")
            for member in members.order_by("id"):
                if member.is_steward or member.is_leader:
                    written += _write(member, now)
    return written


def _write(member: Member, now: datetime) -> int:
    quiet = _quiet_of(member)
    periods = [period for period in periods_up_to(member.digest, quiet, now) if period.moment >= member.joined_at]
    if not periods:
        return 0
    newest = periods[-1]
    if Outbox.objects.filter(public_id=_public_id(member, newest)).exists():
        return 0
    person = person_of(member)
    last = Outbox.objects.filter(recipient_id=person.pk, kind=KIND).order_by("-local_day").values_list("local_day", flat=True).first()
    with transaction.atomic():
        if last is not None:
            for period in periods[:-1]:
                if period.day > last:
                    _enqueue(member, person, period, now, state=OutboxState.SKIPPED, reason=MISSED)
        _enqueue(member, person, newest, now)
    return 1


def _enqueue(member: Member, person: Person, period: Period, now: datetime, *, state: str = OutboxState.DUE, reason: str = "") -> None:
    outbox.enqueue(
        workspace_id=member.workspace_id, public_id=_public_id(member, period), kind=KIND, recipient_id=person.pk, local_day=period.day,
        bundle_key=f"{KIND}:{period.key}", due_at=period.moment, now=now, state=state, reason=reason,
    )  # fmt: skip


def _public_id(member: Member, period: Period) -> uuid.UUID:
    return uuid.uuid5(member.public_id, f"{KIND}:{period.key}")


def _quiet_of(member: Member) -> Quiet:
    return quiet_of(member.person, member.workspace) if member.person is not None else quiet_of(Person(), member.workspace)


def set_digest(*, member: Member, digest: str, now: datetime) -> None:
    """How often. It begins with the next period: what has begun already is not sent after the fact."""
    if digest not in Digest.values:
        raise Invalid("Choose every working day, once a week, or never.", field="digest")
    with transaction.atomic():
        changed = Member.objects.filter(pk=member.pk).exclude(digest=digest).update(digest=digest)
        if not changed:
            return
        member.digest = digest
        periods = periods_up_to(digest, _quiet_of(member), now)
        if periods:
            _enqueue(member, person_of(member), periods[-1], now, state=OutboxState.SKIPPED, reason=BEGINS_LATER)
        audit.record(
            workspace_id=member.workspace_id, now=now, actor_kind="user", actor_id=member.user_id, action="member.digest", target_kind="member",
            target_id=member.public_id,
        )  # fmt: skip


def prepare(row: Outbox, now: datetime) -> EmailMessage | Skip:
    """The mail, from what its reader may see at this moment."""
    member = Member.objects.select_related("workspace", "user", "person__text").filter(person_id=row.recipient_id, left_at__isnull=True).first()
    reason = _why_not(row, member)
    if reason or member is None or member.person is None:
        return Skip(reason or "They do not work here any more.")
    quiet = _quiet_of(member)
    content = content_for(member, since=_since(row, quiet), until=moment_of(quiet, row.local_day), now=now)
    if content.is_empty:
        return Skip(NOTHING)
    stop, _token = tokens.issue(
        purpose=TokenPurpose.DIGEST, workspace_id=member.workspace_id, subject_id=member.pk, expires_at=now + STOP_LINK_LASTS, now=now
    )
    context = context_of(member, content, row, stop_link=absolute("portal:stop_digest", stop))
    rendered = render_mail(KIND, context)
    keep_body(row, member.workspace, rendered, now=now)
    sender = sender_line(member.workspace)
    return compose(rendered, to=member.person.text.email, sender=sender, message_id=row.message_id, stop_link=context["unsubscribe_url"])


def _why_not(row: Outbox, member: Member | None) -> str:
    if member is None or not member.user.is_active:
        return "They do not work here any more."
    if not member.workspace.is_active:
        return "The workspace is closed."
    if member.digest == Digest.NEVER or not (member.is_steward or member.is_leader):
        return "They want no digest."
    newer = Outbox.objects.filter(recipient_id=row.recipient_id, kind=KIND, local_day__gt=row.local_day)
    if newer.exists():
        return MISSED
    return mailing.unreachable(member.person) if member.person is not None else "We have no address."


def _since(row: Outbox, quiet: Quiet) -> datetime:
    """From the last digest that went out, or may have; else a day's or a week's worth."""
    earlier = Outbox.objects.filter(recipient_id=row.recipient_id, kind=KIND, local_day__lt=row.local_day)
    told = earlier.filter(sent_at__isnull=False).order_by("-local_day").values_list("local_day", flat=True).first()
    looked = earlier.filter(state=OutboxState.SKIPPED, reason=NOTHING).order_by("-local_day").values_list("local_day", flat=True).first()
    last = max((day for day in (told, looked) if day is not None), default=None)
    return moment_of(quiet, last if last is not None else row.local_day - timedelta(days=7 if "W" in row.bundle_key else 1))


def context_of(member: Member, content: Content, row: Outbox, *, stop_link: str) -> dict[str, Any]:
    today = row.local_day
    figure = content.employees
    sections = [
        ("Waiting for your answer", content.waiting), ("Not answered yet", content.silent), ("Worth a look", content.looks), ("Came in", content.came),
    ]  # fmt: skip
    count = sum(len(lines) for _title, lines in sections)
    return {
        "greeting_name": line(member.user.get_short_name(), 60),
        "workspace_name": line(member.workspace.name),
        "sender_name": sender_line(member.workspace),
        "day": dates.weekday_day(today, today),
        "count": count,
        "sections": [(title, [_line(one) for one in lines]) for title, lines in sections if lines],
        "employees": number(figure.mean, figure.mean - figure.half, figure.mean + figure.half)
        if figure and figure.mean is not None and figure.half
        else "",
        "raters": figure.raters if figure else None,
        "today_url": absolute("desk:today"),
        "settings_url": absolute("desk:settings_mail"),
        "unsubscribe_url": stop_link,
    }


def _line(one: Line) -> dict[str, str]:
    url = absolute("desk:relationship", one.relationship_id) if one.relationship_id else ""
    return {"name": line(one.name), "text": line(one.text, 300), "url": url}


def member_to_stop(raw: str, *, now: datetime) -> Member | None:
    """Whose digest this link stops. None for every other link."""
    token = tokens.find(raw, purpose=TokenPurpose.DIGEST, now=now)
    if token is None:
        return None
    with everywhere():
        return (
            Member.objects.active().select_related("workspace", "user", "person").filter(pk=token.subject_id, workspace_id=token.workspace_id).first()
        )
