"""Which waiting questions travel in one mail: one mail to a person and day, whatever the number of questions.

Rows of the outbox are spread over the days, one a day, when they are written. At the hand-over of one of them, whatever else waits for this
person by then comes along, so that ten questions are two mails and not ten. The person's row is locked meanwhile: two workers cannot both
begin a mail to them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta

from exchanges.access import prompts_with_people
from exchanges.models import Prompt
from exchanges.models.prompts import OTHER_MAIL
from exchanges.selectors.quiet import first_instant, next_allowed, quiet_of
from exchanges.services.mailing import MORNING
from relationships.models import Person, Workspace
from relationships.services.parties import same_address
from valueledger.common.models import Outbox
from valueledger.common.models.outbox import OutboxQuerySet, OutboxState
from valueledger.common.outbox import Later, take_along

MOST_IN_ONE_MAIL = 5
SOON = timedelta(days=1)
MOMENT = timedelta(minutes=1)
LOOKED_AT = 50
ON_ITS_WAY = "Another mail to them is on its way."
IT_IS_QUIET = "It is quiet for them now."
QUIET = {"away": "They are away.", "a holiday": "It is a holiday.", "a quiet day": "It is a quiet day for them."}
HAD_ONE = "They had a mail from us today."


def must_wait(row: Outbox, person: Person, workspace: Workspace, now: datetime) -> Later | None:
    """Whether it is quiet for this person now, or another mail with questions is on its way to them or went out today in their zone."""
    quiet = quiet_of(person, workspace)
    why = quiet.why_not(now)
    if why:
        return Later(next_allowed(quiet, now) or now + SOON, QUIET.get(why, IT_IS_QUIET))
    same = list(same_address(person).values_list("pk", flat=True))
    list(Person.objects.select_for_update().filter(pk__in=same).order_by("pk"))
    others = _asking(row, *same).exclude(pk=row.pk)
    at_it = others.filter(state=OutboxState.HANDING_OVER) | others.filter(state=OutboxState.CLAIMED, pk__lt=row.pk)
    if at_it.filter(lease_until__gt=now).exists():
        return Later(now + MOMENT, ON_ITS_WAY)
    today = now.astimezone(quiet.zone).date()
    begins, over = (first_instant(quiet.zone, day, time(0)) for day in (today, today + SOON))
    if others.filter(sent_at__gte=begins, sent_at__lt=over).exists():
        tomorrow = first_instant(quiet.zone, today + SOON, MORNING)
        return Later(next_allowed(quiet, tomorrow) or tomorrow, HAD_ONE)
    return None


def gather(row: Outbox, lead: Prompt, now: datetime, *, why_not: Callable[[Prompt, datetime], str]) -> list[Prompt]:
    """Claim what else waits for this person by now or within a day, and return its questions, the longest waiting first."""
    due = list(_asking(row).filter(state=OutboxState.DUE).exclude(pk=row.pk).order_by("due_at", "id")[:LOOKED_AT])
    waiting = {prompt.pk: prompt for prompt in prompts_with_people().filter(pk__in=[one.subject_id for one in due]) if not why_not(prompt, now)}
    chosen: dict[int, Prompt] = {}
    keys = []
    for one in due:
        prompt = lead if one.subject_id == lead.pk else waiting.get(one.subject_id or 0)
        if prompt is None or not _waits(one, prompt, now):
            continue
        if prompt.pk != lead.pk and prompt.pk not in chosen:
            if len(chosen) >= MOST_IN_ONE_MAIL - 1:
                continue
            chosen[prompt.pk] = prompt
        keys.append(one.pk)
    got = {one.subject_id for one in take_along(row, keys)} if keys else set()
    return [prompt for pk, prompt in chosen.items() if pk in got]


def _waits(row: Outbox, prompt: Prompt, now: datetime) -> bool:
    """Due within a day, or only waiting for a free one: its own time has come."""
    return row.due_at <= now + SOON or max(row.created_at, prompt.not_before) <= now


def _asking(row: Outbox, *recipients: int) -> OutboxQuerySet:
    """Mails with questions to the same person, or to these."""
    rows: OutboxQuerySet = Outbox.objects.filter(workspace_id=row.workspace_id, recipient_id__in=recipients or (row.recipient_id,))
    return rows.exclude(kind__in=OTHER_MAIL)
