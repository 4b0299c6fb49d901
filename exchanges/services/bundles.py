"""Which waiting questions travel in one mail: one mail to a person and day, whatever the number of questions.

Rows of the outbox are spread over the days, one a day, when they are written. At the hand-over of one of them, whatever else waits for this
person by then comes along, so that ten questions are two mails and not ten. The person's row is locked meanwhile: two workers cannot both
begin a mail to them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, time, timedelta

from exchanges.access import prompts_with_people
from exchanges.models import Prompt
from exchanges.models.prompts import OTHER_MAIL
from exchanges.selectors.mailed import Known
from exchanges.selectors.quiet import first_instant, next_allowed, quiet_of
from exchanges.services.mailing import MORNING
from valueledger.common import rows
from valueledger.common.models import Outbox
from valueledger.common.models.outbox import OutboxState
from valueledger.common.outbox import Later, take_along

MOST_IN_ONE_MAIL = 5
SOON = timedelta(days=1)
MOMENT = timedelta(minutes=1)
LOOKED_AT = 50
ON_ITS_WAY = "Another mail to them is on its way."
IT_IS_QUIET = "It is quiet for them now."
QUIET = {"away": "They are away.", "a holiday": "It is a holiday.", "a quiet day": "It is a quiet day for them."}
HAD_ONE = "They had a mail from us today."
LOCK = " FOR UPDATE" if rows.VENDOR == "postgresql" else ""
SAME_ADDRESS = f"""SELECT id FROM relationships_person WHERE workspace_id = %s AND (id = %s OR id IN (
    SELECT others.person_id FROM relationships_persontext others JOIN relationships_persontext mine ON others.email_hash = mine.email_hash
    WHERE others.workspace_id = %s AND mine.person_id = %s AND mine.email <> '')) ORDER BY id{LOCK}"""  # noqa: S608
MAIL = (rows.Part("mine", Outbox, ("id", "recipient_id", "subject_id", "state", "due_at", "lease_until", "created_at", "sent_at")),)
ASKS_NOTHING = ", ".join(f"'{kind}'" for kind in OTHER_MAIL)
OTHERS = f"""common_outbox mine WHERE workspace_id = %s AND recipient_id IN ({{marks}}) AND id <> %s AND kind NOT IN ({ASKS_NOTHING})
    AND (state IN ('{OutboxState.DUE}', '{OutboxState.CLAIMED}', '{OutboxState.HANDING_OVER}') OR sent_at >= %s) ORDER BY due_at, id"""


def hold(row: Outbox) -> list[int]:
    """Lock whoever is reached at the recipient's address until the transaction ends. Before anything about them is read."""
    return [pk for (pk,) in rows.plain(SAME_ADDRESS, [row.workspace_id, row.recipient_id, row.workspace_id, row.recipient_id])]


def mails_to(row: Outbox, recipients: Sequence[int], now: datetime) -> list[Outbox]:
    """Other mails with questions to these people: what waits, what is on its way, and what went out lately."""
    marks = ", ".join(["%s"] * len(recipients))
    found = rows.side_by_side(MAIL, OTHERS.format(marks=marks), [row.workspace_id, *recipients, row.pk, rows.moment(now - 2 * SOON)])
    return [mail for mail, _ in found]


def must_wait(row: Outbox, known: Known, mails: Sequence[Outbox], now: datetime) -> Later | None:
    """Whether it is quiet for this person now, or another mail with questions is on its way to them or went out today in their zone."""
    person, workspace = known.prompt.participant.person, known.prompt.workspace
    quiet = quiet_of(person, workspace, holidays=None if known.may_be_holiday else frozenset())
    why = quiet.why_not(now)
    if why:
        return Later(next_allowed(quiet_of(person, workspace), now) or now + SOON, QUIET.get(why, IT_IS_QUIET))
    at_it = [one for one in mails if one.state == OutboxState.HANDING_OVER or (one.state == OutboxState.CLAIMED and one.pk < row.pk)]
    if any(one.lease_until is not None and one.lease_until > now for one in at_it):
        return Later(now + MOMENT, ON_ITS_WAY)
    today = now.astimezone(quiet.zone).date()
    begins, over = (first_instant(quiet.zone, day, time(0)) for day in (today, today + SOON))
    if any(one.sent_at is not None and begins <= one.sent_at < over for one in mails):
        tomorrow = first_instant(quiet.zone, today + SOON, MORNING)
        return Later(next_allowed(quiet_of(person, workspace), tomorrow) or tomorrow, HAD_ONE)
    return None


def gather(
    row: Outbox, lead: Prompt, now: datetime, *, why_not: Callable[[Prompt, datetime], str], mails: Sequence[Outbox] | None = None
) -> list[Prompt]:
    """Claim what else waits for this person by now or within a day, and return its questions, the longest waiting first."""
    mails = mails_to(row, [row.recipient_id], now) if mails is None else mails
    due = [one for one in mails if one.state == OutboxState.DUE and one.recipient_id == row.recipient_id][:LOOKED_AT]
    if not due:
        return []
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
