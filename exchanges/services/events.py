"""Events: logging what happened, correcting what was said of it, taking it back.

An event keeps its identity; each correction is a new version that names the newest one, and somebody who was slower gets a conflict.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from exchanges.access import Voice, visible_reports
from exchanges.models import EventKind, EventStatus, EventText, EventVersion, Giver, Report, ValueEvent, Visibility
from exchanges.selectors.due import UNDO_FOR
from exchanges.selectors.statements import OWN_VIEW
from exchanges.services.occasions import note_event
from exchanges.services.posting import locked, post_event
from exchanges.services.promises import end_questions
from relationships.models import Kind, Relationship, SideRole, ValueKind
from relationships.services.catalogue import ensure_offered
from valueledger.common import audit
from valueledger.common.errors import Conflict, Invalid
from valueledger.common.validators import clean_day, clean_line, clean_text

AHEAD = timedelta(days=3650)
WHAT_LONGEST = 4_000


class AlreadyCorrected(Conflict):
    code = "already_corrected"
    sentence = "Somebody has corrected this in the meantime. Look at the newest version first."


class OtherSideReported(Conflict):
    code = "other_side_reported"
    sentence = "The other side has said what it was worth, so it stays. Correct or withdraw your own report instead."


class UndoIsOver(Conflict):
    code = "undo_is_over"
    sentence = "With an employee an entry can be taken back for ten minutes. Correct it instead, or withdraw your own report."


class NotTheAuthor(Conflict):
    code = "not_the_author"
    sentence = "Only the side that logged this can take it back."


class CannotNarrow(Conflict):
    code = "cannot_narrow"
    sentence = "The other side could see this already; it cannot be made private any more."


@dataclass(frozen=True)
class EventDetails:
    """What can be said of an event, and corrected at any time. Direction and relationship cannot."""

    what: str
    occurred_on: date
    kind: str = EventKind.OTHER
    status: str = EventStatus.ARRIVED
    arrived_on: date | None = None
    expected_on: date | None = None
    visibility: str = Visibility.SHARED
    value_kind: ValueKind | None = None
    goal: str = ""


def log_event(
    *,
    relationship: Relationship,
    voice: Voice,
    giver: int,
    occurred_on: date,
    what: str,
    now: datetime,
    kind: str = EventKind.OTHER,
    status: str = EventStatus.ARRIVED,
    arrived_on: date | None = None,
    expected_on: date | None = None,
    visibility: str = Visibility.SHARED,
    value_kind: ValueKind | None = None,
    goal: str = "",
    author_side: int | None = None,
    act: UUID | None = None,
    public_id: UUID | None = None,
    import_source: str = "",
) -> ValueEvent:
    """Log something that happened between the two sides. A claim: it moves nobody's balance until a side reports on it."""
    details = EventDetails(what, occurred_on, kind, status, arrived_on, expected_on, visibility, value_kind, goal)
    if giver not in Giver.values:
        raise Invalid("Say which way it went: we gave, they gave, or both.", field="giver")
    if author_side is None:
        author_side = voice.participant.side.role if voice.participant else SideRole.OWN
    with transaction.atomic():
        locked_row = locked(relationship.pk)
        details = clean_details(details, relationship=locked_row, now=now)
        ensure_offered(details.value_kind)
        ensure_missed_by_its_author(details, giver=giver, author_side=author_side)
        identity = {"public_id": public_id} if public_id else {}
        event = ValueEvent.objects.create(
            workspace_id=locked_row.workspace_id, relationship=locked_row, giver=giver, author_side=author_side, act=act, recorded_at=now, **identity
        )
        write_version(event=event, details=details, voice=voice, supersedes=None, now=now, import_source=import_source)
        post_event(relationship=locked_row, event=event, now=now)
        note_event(
            relationship=locked_row, event=event, kind=details.kind, on=details.arrived_on or details.occurred_on, status=details.status,
            visibility=details.visibility, import_source=import_source, now=now,
        )  # fmt: skip
        record(locked_row, voice, "event.logged", event, now)
    return event


def correct_event(*, event: ValueEvent, voice: Voice, supersedes: EventVersion, now: datetime, **changes: Any) -> EventVersion:
    """Say again what happened. The other side's report stays; it is told what changed."""
    with transaction.atomic():
        relationship = locked(event.relationship_id)
        ensure_newest(event, supersedes)
        text = EventText.objects.filter(version=supersedes).first()
        current = {
            "what": text.what if text else "",
            "goal": text.goal if text else "",
            **{
                name: getattr(supersedes, name) for name in ("occurred_on", "kind", "status", "arrived_on", "expected_on", "visibility", "value_kind")
            },
        }
        details = clean_details(EventDetails(**{**current, **changes}), relationship=relationship, now=now, needs_text="what" in changes)
        if details.value_kind != supersedes.value_kind:
            ensure_offered(details.value_kind)
        if supersedes.visibility == Visibility.SHARED and details.visibility == Visibility.PRIVATE:
            raise CannotNarrow
        if (details.kind == EventKind.MISSED_MOMENT) != (supersedes.kind == EventKind.MISSED_MOMENT):
            raise Invalid("A missed moment stays one, and nothing else becomes one. Take it back and log it anew.", field="kind")
        if details.kind == EventKind.MISSED_MOMENT:
            ensure_missed_by_its_author(details, giver=event.giver, author_side=event.author_side)
        version = write_version(event=event, details=details, voice=voice, supersedes=supersedes, now=now)
        end_questions(event, still_for=details.expected_on, now=now)
        post_event(relationship=relationship, event=event, now=now)
        record(relationship, voice, "event.corrected", event, now)
    return version


def withdraw_event(*, event: ValueEvent, voice: Voice, supersedes: EventVersion, now: datetime) -> EventVersion:
    """Take an event back: by its author's side, and only while the other side has not reported on it."""
    with transaction.atomic():
        relationship = locked(event.relationship_id)
        ensure_newest(event, supersedes)
        side = voice.participant.side.role if voice.participant else SideRole.OWN
        if side != event.author_side:
            raise NotTheAuthor
        ensure_can_be_taken_back(event, relationship, side=side, now=now)
        version = write_row(event=event, supersedes=supersedes, voice=voice, now=now, occurred_on=supersedes.occurred_on, is_withdrawal=True,
                            kind=supersedes.kind, status=supersedes.status, arrived_on=supersedes.arrived_on, visibility=supersedes.visibility)  # fmt: skip
        end_questions(event, still_for=None, now=now, all_of_them=True)
        post_event(relationship=relationship, event=event, now=now)
        record(relationship, voice, "event.withdrawn", event, now)
    return version


def ensure_can_be_taken_back(event: ValueEvent, relationship: Relationship, *, side: int, now: datetime) -> None:
    """Raises OtherSideReported, or UndoIsOver with an employee: there the answer must not tell whether they have reported."""
    if relationship.kind == Kind.EMPLOYEE and side == SideRole.OWN:
        if now - event.recorded_at > UNDO_FOR:
            raise UndoIsOver
        return
    reports = Report.objects.standing().filter(event=event, first_hand=True).exclude(side=side)
    if visible_reports(reports, OWN_VIEW[SideRole(side)], relationship.kind).exists():
        raise OtherSideReported


def ensure_missed_by_its_author(details: EventDetails, *, giver: int, author_side: int) -> None:
    """A missed moment is something that the other side did not do, noted by the side that felt it, once it was over."""
    if details.kind == EventKind.MISSED_MOMENT and (giver != 1 - author_side or details.status != EventStatus.ARRIVED):
        raise Invalid("A missed moment is noted by the side that missed something, once it is past.", field="kind")


def ensure_newest(event: ValueEvent, supersedes: EventVersion) -> None:
    """Raises AlreadyCorrected unless this is the event's newest version and no withdrawal."""
    newest = EventVersion.objects.current().filter(event=event).first()
    if newest is None or newest.pk != supersedes.pk or newest.is_withdrawal:
        raise AlreadyCorrected


def clean_details(details: EventDetails, *, relationship: Relationship, now: datetime, needs_text: bool = True) -> EventDetails:
    """Check everything that was typed. Raises Invalid with the field's name. Without `needs_text` a text that was erased stays empty."""
    today = now.astimezone(relationship.workspace.zone).date()
    for value, known, field in (
        (details.kind, EventKind.values, "kind"),
        (details.status, EventStatus.values, "status"),
        (details.visibility, Visibility.values, "visibility"),
    ):
        if value not in known:
            raise Invalid("This choice is not known.", field=field)
    arrived = details.status == EventStatus.ARRIVED
    occurred_on = clean_day(details.occurred_on, "occurred_on", today=today, latest=None if arrived else today + AHEAD)
    assert occurred_on is not None
    arrived_on = clean_day(details.arrived_on, "arrived_on", today=today, required=False) if arrived else None
    if arrived and arrived_on is None:
        arrived_on = occurred_on
    expected_on = None if arrived else clean_day(details.expected_on, "expected_on", today=today, latest=today + AHEAD, required=False)
    if details.value_kind is not None and not _is_theirs(details.value_kind, relationship):
        raise Invalid("This kind of value is not in the catalogue.", field="value_kind")
    return EventDetails(
        what=clean_text(details.what, "what", longest=WHAT_LONGEST, required=needs_text),
        occurred_on=occurred_on,
        kind=details.kind,
        status=details.status,
        arrived_on=arrived_on,
        expected_on=expected_on,
        visibility=details.visibility,
        value_kind=details.value_kind,
        goal=clean_line(details.goal, "goal"),
    )


def _is_theirs(kind: ValueKind, relationship: Relationship) -> bool:
    """The workspace's, or one that a side of this relationship added: another relationship's own words stay there."""
    return kind.workspace_id == relationship.workspace_id and (kind.side is None or kind.side.relationship_id == relationship.pk)


def write_version(
    *, event: ValueEvent, details: EventDetails, voice: Voice, supersedes: EventVersion | None, now: datetime, import_source: str = ""
) -> EventVersion:
    version = write_row(
        event=event,
        supersedes=supersedes,
        voice=voice,
        now=now,
        status=details.status,
        occurred_on=details.occurred_on,
        arrived_on=details.arrived_on,
        expected_on=details.expected_on,
        kind=details.kind,
        value_kind=details.value_kind,
        visibility=details.visibility,
        import_source=import_source,
    )
    EventText.objects.create(workspace_id=event.workspace_id, version=version, what=details.what, goal=details.goal)
    return version


def write_row(*, event: ValueEvent, supersedes: EventVersion | None, voice: Voice, now: datetime, **fields: Any) -> EventVersion:
    try:
        with transaction.atomic():
            return EventVersion.objects.create(
                workspace_id=event.workspace_id,
                event=event,
                seq=supersedes.seq + 1 if supersedes else 1,
                supersedes=supersedes,
                author_member=voice.member,
                author_participant=voice.participant,
                recorded_at=now,
                **fields,
            )
    except IntegrityError as error:  # the unique successor settles the race
        raise AlreadyCorrected from error


def record(relationship: Relationship, voice: Voice, action: str, target: ValueEvent, now: datetime) -> None:
    audit.record(workspace_id=relationship.workspace_id, now=now, action=action, target_kind="event", target_id=target.public_id, **actor_of(voice))


def actor_of(voice: Voice) -> dict[str, Any]:
    """Who did it, for the audit: the signed-in user, or the person behind a link."""
    if voice.member is not None:
        return {"actor_kind": "user", "actor_id": voice.member.user_id}
    if voice.participant is not None:
        return {"actor_kind": "person", "actor_id": voice.participant.person_id}
    return {"actor_kind": "operator", "actor_id": None}
