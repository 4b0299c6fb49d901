"""The outbox: messages on their way from due to sent, each handed over at most once and never silently lost.

    due -> claimed (lease) -> handing over -> sent | failed | unknown | skipped

It knows kinds, keys and states. What a message says, and whether it should still go, is asked of the caller (`prepare`) after the claim
and right before the hand-over. A claim is one conditional UPDATE, which settles races on SQLite and PostgreSQL alike. No transaction is
open while a mail server is spoken to. Whoever dies before the hand-over leaves a claim that runs out and is due again; whoever dies
during it leaves `unknown`, which a person can see and which is never sent twice.
"""

import logging
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import IntegrityError, transaction
from django.db.models import F

from valueledger.common.mailing import Lost, Mailer, Refused, ServerAway, TryLater
from valueledger.common.models.outbox import Outbox, OutboxState
from valueledger.common.tenancy import everywhere, within

log = logging.getLogger("valueledger.outbox")

CLAIM_LEASE = timedelta(minutes=1)  # rows are read and a text is made: no waiting for anybody
HAND_OVER_LEASE = timedelta(minutes=6)  # longer than one dialogue can take: each of its steps has its own timeout
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=4)
MOST_ATTEMPTS = 14  # about a day
CANDIDATES = 20
LONGEST_REASON = 300


@dataclass(frozen=True)
class Skip:
    """The answer of `prepare` when a message should not go any more, and why."""

    reason: str


Prepare = Callable[[Outbox, datetime], EmailMessage | Skip]


@dataclass
class Counts:
    """What one sweep did, by state."""

    by_state: Counter[str] = field(default_factory=Counter)

    def add(self, state: str) -> None:
        self.by_state[state.lower()] += 1

    def as_dict(self) -> dict[str, int]:
        return dict(sorted(self.by_state.items()))


def message_id(public_id: uuid.UUID) -> str:
    """The same for every attempt, so that a mail system can recognise a message that it has seen."""
    host = settings.PUBLIC_HOST if "." in settings.PUBLIC_HOST else "localhost.localdomain"
    return f"<{public_id}@{host}>"


def enqueue(
    *,
    workspace_id: int,
    public_id: uuid.UUID,
    kind: str,
    recipient_id: int,
    local_day: date,
    bundle_key: str,
    due_at: datetime,
    now: datetime,
    subject_id: int | None = None,
    state: str = OutboxState.DUE,
    reason: str = "",
) -> Outbox | None:
    """Put one message into the outbox. None when the recipient's bundle is taken; the existing row when this message is there already."""
    existing = Outbox.objects.filter(public_id=public_id).first()
    if existing:
        return existing
    row = Outbox(
        workspace_id=workspace_id, public_id=public_id, kind=kind, recipient_id=recipient_id, subject_id=subject_id, local_day=local_day,
        bundle_key=bundle_key, message_id=message_id(public_id), state=state, reason=reason[:LONGEST_REASON], due_at=due_at, created_at=now,
    )  # fmt: skip
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:  # the bundle is taken, or somebody was faster with the same message
        return Outbox.objects.filter(public_id=public_id).first()
    return row


def taken_bundles(*, workspace_id: int, recipient_id: int, first_day: date, last_day: date) -> set[str]:
    rows = Outbox.objects.filter(workspace_id=workspace_id, recipient_id=recipient_id, local_day__range=(first_day, last_day))
    return set(rows.values_list("bundle_key", flat=True))


def sweep(*, now: datetime, prepare: Prepare, limit: int = 200, mailer: Mailer | None = None) -> Counts:
    """Hand over what is due. One message that fails does not stop the next; a mail server that is away ends the sweep."""
    counts, begun = Counts(), time.monotonic()
    mailer = mailer or Mailer()

    def moment() -> datetime:
        return now + timedelta(seconds=time.monotonic() - begun)

    with everywhere():
        recover(now=now, counts=counts)
    with mailer:
        for _ in range(limit):
            with everywhere():
                row = claim_next(now=moment())
            if row is None:
                break
            with within(row.workspace_id):
                state, is_away = _carry(row, prepare=prepare, mailer=mailer, moment=moment)
            counts.add(state)
            if is_away:
                break
    return counts


def recover(*, now: datetime, counts: Counts | None = None) -> None:
    """Leases that ran out: a claim is due again, a hand-over is unknown for ever."""
    ended = Outbox.objects.lease_ended_at(now)
    again = ended.filter(state=OutboxState.CLAIMED).update(state=OutboxState.DUE, claim=None, lease_until=None, attempts=F("attempts") + 1)
    lost = ended.filter(state=OutboxState.HANDING_OVER).update(
        state=OutboxState.UNKNOWN, lease_until=None, reason="We stopped while handing it over. It may have arrived, so it is not sent again."
    )
    if counts is not None:
        counts.by_state.update({name: count for name, count in (("recovered", again), ("unknown", lost)) if count})


def claim_next(*, now: datetime) -> Outbox | None:
    """The next due message, now ours: exactly one worker's UPDATE finds it still due."""
    due = Outbox.objects.due_at(now).order_by("due_at", "id").values_list("pk", flat=True)[:CANDIDATES]
    for pk in due:
        mine = uuid.uuid4()
        won = Outbox.objects.filter(pk=pk, state=OutboxState.DUE).update(state=OutboxState.CLAIMED, claim=mine, lease_until=now + CLAIM_LEASE)
        if won:
            return Outbox.objects.get(pk=pk)
    return None


def begin_hand_over(row: Outbox, *, now: datetime) -> bool:
    """From here on this message is never sent again by itself. False when the claim is no longer ours."""
    changed = Outbox.objects.filter(pk=row.pk, claim=row.claim, state=OutboxState.CLAIMED, lease_until__gt=now).update(
        state=OutboxState.HANDING_OVER, lease_until=now + HAND_OVER_LEASE, attempts=F("attempts") + 1
    )
    return changed == 1


def settle(row: Outbox, state: str, *, reason: str = "", now: datetime | None = None) -> None:
    """End the message. A lease that ran out meanwhile does not matter: we know better than `unknown` how it ended."""
    Outbox.objects.filter(pk=row.pk, claim=row.claim).exclude(state=OutboxState.DUE).update(
        state=state, reason=reason[:LONGEST_REASON], lease_until=None, sent_at=now if state == OutboxState.SENT else None
    )


def put_back(row: Outbox, *, reason: str, now: datetime) -> str:
    """Try again later, later each time; after a day of trying it has failed."""
    attempts = Outbox.objects.filter(pk=row.pk).values_list("attempts", flat=True).get()
    if attempts >= MOST_ATTEMPTS:
        settle(row, OutboxState.FAILED, reason=f"Given up after {attempts} attempts. {reason}")
        return OutboxState.FAILED
    wait = min(FIRST_WAIT * 2 ** max(attempts - 1, 0), LONGEST_WAIT)
    Outbox.objects.filter(pk=row.pk, claim=row.claim).update(
        state=OutboxState.DUE, claim=None, lease_until=None, due_at=now + wait, reason=reason[:LONGEST_REASON]
    )
    return "put_back"


def _carry(row: Outbox, *, prepare: Prepare, mailer: Mailer, moment: Callable[[], datetime]) -> tuple[str, bool]:
    """One claimed message to its end. Returns its state, and whether the mail server is away."""
    try:
        with transaction.atomic():
            message = prepare(row, moment())
    except Exception as error:  # one poisoned row must not hold up the others: it is logged and pushed forward
        log.exception("a message could not be prepared", extra={"workspace_id": row.workspace_id})
        Outbox.objects.filter(pk=row.pk).update(attempts=F("attempts") + 1)
        return put_back(row, reason=f"It could not be prepared ({type(error).__name__}).", now=moment()), False
    if isinstance(message, Skip):
        settle(row, OutboxState.SKIPPED, reason=message.reason)
        return OutboxState.SKIPPED, False
    if not begin_hand_over(row, now=moment()):
        return "overtaken", False
    return _hand_over(row, message, mailer=mailer, moment=moment)


def _hand_over(row: Outbox, message: EmailMessage, *, mailer: Mailer, moment: Callable[[], datetime]) -> tuple[str, bool]:
    try:
        mailer.deliver(message)
    except Refused as error:
        settle(row, OutboxState.FAILED, reason=str(error))
        return OutboxState.FAILED, False
    except Lost as error:
        settle(row, OutboxState.UNKNOWN, reason=str(error))
        return OutboxState.UNKNOWN, False
    except (TryLater, ServerAway) as error:
        return put_back(row, reason=str(error), now=moment()), isinstance(error, ServerAway)
    settle(row, OutboxState.SENT, now=moment())
    return OutboxState.SENT, False
