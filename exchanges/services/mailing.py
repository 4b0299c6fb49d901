"""Putting the mail of a prompt into the outbox: one mail to a person and day, at a moment that is not quiet for them.

Nothing is sent here, and no text is kept: the row says which prompt to carry to whom, and from when.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from exchanges.models import Prompt
from exchanges.selectors.quiet import Quiet, first_instant, next_allowed, quiet_of
from relationships.models import Person, PersonText, Workspace
from valueledger.common import outbox
from valueledger.common.models import Outbox
from valueledger.common.models.outbox import OutboxState

MORNING = time(9, 0)
LAST_USEFUL = timedelta(days=1)  # a question that arrives on its last day is not asked any more
TRIES = 3


def queue(*, prompt: Prompt, person: Person, workspace: Workspace, kind: str, now: datetime, not_before: datetime | None = None) -> Outbox:
    """Put one mail about a prompt on the person's first free day. Doing it again changes nothing.

    Somebody who cannot be reached gets a row too, which says why nothing will go out.
    """
    public_id = uuid.uuid5(prompt.public_id, kind)
    begin = max(now, not_before or now)
    reason = unreachable(person)
    if not reason:
        quiet = quiet_of(person, workspace)
        for _ in range(TRIES):  # a bundle may be taken between looking and writing
            row = _on_first_free_day(prompt, person, workspace, kind=kind, begin=begin, now=now, public_id=public_id, quiet=quiet)
            if row is not None:
                return row
            if not _free_days(prompt, person, workspace, begin=begin, quiet=quiet):
                break
        reason = _why_no_day(prompt, person, workspace, begin=begin, quiet=quiet)
    row = outbox.enqueue(
        workspace_id=workspace.pk, public_id=public_id, kind=kind, recipient_id=person.pk, subject_id=prompt.pk, local_day=local_day(person, workspace, begin),
        bundle_key=f"none:{public_id}", due_at=begin, now=now, state=OutboxState.SKIPPED, reason=reason,
    )  # fmt: skip
    assert row is not None  # nobody else uses this bundle
    return row


def unreachable(person: Person, *, address: str | None = None) -> str:
    """Why nothing can be mailed to this person; empty when it can. `address`: theirs, where it was read just now."""
    if person.suppressed_at is not None:
        return "They asked us not to write."
    if person.refused_at is not None:
        return f"Their mail system refused our last mail ({person.refused_reason or 'for good'})."
    address = address_of(person) if address is None else address
    if not address:
        return "We have no address."
    try:
        validate_email(address)
    except ValidationError:
        return "The address is not a valid one."
    return ""


def address_of(person: Person) -> str:
    return PersonText.objects.filter(person=person).values_list("email", flat=True).first() or ""


def zone_of(person: Person, workspace: Workspace) -> ZoneInfo:
    return ZoneInfo(person.time_zone) if person.time_zone else workspace.zone


def local_day(person: Person, workspace: Workspace, at: datetime) -> date:
    return at.astimezone(zone_of(person, workspace)).date()


def _on_first_free_day(
    prompt: Prompt, person: Person, workspace: Workspace, *, kind: str, begin: datetime, now: datetime, public_id: uuid.UUID, quiet: Quiet
) -> Outbox | None:
    days = _free_days(prompt, person, workspace, begin=begin, quiet=quiet)
    if not days:
        return None
    day, moment = days[0]
    return outbox.enqueue(
        workspace_id=workspace.pk, public_id=public_id, kind=kind, recipient_id=person.pk, subject_id=prompt.pk, local_day=day, bundle_key=bundle(day),
        due_at=moment, now=now,
    )  # fmt: skip


def _free_days(prompt: Prompt, person: Person, workspace: Workspace, *, begin: datetime, quiet: Quiet) -> list[tuple[date, datetime]]:
    """Days on which they get no mail of ours yet, each with its first moment that is not quiet: in the morning if it can be."""
    first, last = local_day(person, workspace, begin), local_day(person, workspace, prompt.closes_at - LAST_USEFUL)
    taken = outbox.taken_bundles(workspace_id=workspace.pk, recipient_id=person.pk, first_day=first, last_day=last)
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    moments = [(day, moment_on(day, quiet, not_before=begin)) for day in days if bundle(day) not in taken]
    return [(day, moment) for day, moment in moments if moment is not None]


def moment_on(day: date, quiet: Quiet, *, not_before: datetime) -> datetime | None:
    """The first moment of a local day from nine on that is not quiet, else its first one at all. None: the whole day is quiet."""
    if quiet.why_not_on(day):
        return None
    for clock in (MORNING, time(0)):
        begin = first_instant(quiet.zone, day, clock)
        if begin < not_before or not_before.astimezone(quiet.zone).date() == day:
            begin = not_before
        moment = next_allowed(quiet, begin)
        if moment is not None and moment.astimezone(quiet.zone).date() == day:
            return moment
    return None


def _why_no_day(prompt: Prompt, person: Person, workspace: Workspace, *, begin: datetime, quiet: Quiet) -> str:
    moment = next_allowed(quiet, begin)
    if moment is None or local_day(person, workspace, moment) > local_day(person, workspace, prompt.closes_at - LAST_USEFUL):
        return "They are away, or it is quiet, until it closes."
    return "Other questions to this person took every day until it closes."


def bundle(day: date) -> str:
    """Every mail that asks something shares this key: the unique index lets one through a day."""
    return f"ask:{day.isoformat()}"
