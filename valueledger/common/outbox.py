"""The outbox: messages on their way from due to sent, each handed over at most once and never silently lost.

    due -> claimed (lease) -> handing over -> sent | failed | unknown | skipped

It knows kinds, keys and states. What a message says, and whether it should still go, is asked of the caller (`prepare`) after the claim
and right before the hand-over. A claim is one conditional UPDATE, which settles races on SQLite and PostgreSQL alike. No transaction is
open while a mail server is spoken to. Whoever dies before the hand-over leaves a claim that runs out and is due again; whoever dies
during it leaves `unknown`, which a person can see and which is never sent twice.

Several rows of one recipient may travel in one message: the others are claimed with the row that carries them (`take_along`), share its
claim and its lease, and so come to the same end. Only when the message was taken do they end as "skipped: in the same mail".
"""

import logging
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet

from valueledger.common import rows
from valueledger.common.mailing import Lost, Mailer, Refused, ServerAway, TryLater
from valueledger.common.models.outbox import Outbox, OutboxState
from valueledger.common.tenancy import everywhere, within

log = logging.getLogger("valueledger.outbox")

CLAIM_LEASE = timedelta(minutes=1)  # rows are read and a text is made: no waiting for anybody
HAND_OVER_LEASE = timedelta(minutes=6)  # longer than one dialogue can take: each of its steps has its own timeout
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=4)
MOST_ATTEMPTS = 14  # about a day
LONGEST_REASON = 300
LOCKED = "FOR UPDATE SKIP LOCKED" if rows.VENDOR == "postgresql" else ""
CLAIM = f"""UPDATE common_outbox SET state = '{OutboxState.CLAIMED}', claim = %s, lease_until = %s WHERE state = '{OutboxState.DUE}' AND id = (
    SELECT id FROM common_outbox WHERE state = '{OutboxState.DUE}' AND due_at <= %s ORDER BY due_at, id LIMIT 1 {LOCKED})
    RETURNING {rows.columns(Outbox)}"""  # noqa: S608
UNDER_CLAIM = "workspace_id = %s AND recipient_id = %s AND claim = %s"  # the recipient is named because the index begins with it
BEGIN = f"""UPDATE common_outbox SET state = '{OutboxState.HANDING_OVER}', lease_until = %s, attempts = attempts + 1
    WHERE {UNDER_CLAIM} AND state = '{OutboxState.CLAIMED}' AND lease_until > %s RETURNING id"""  # noqa: S608
END = f"""UPDATE common_outbox SET state = CASE WHEN id = %s THEN %s ELSE %s END, reason = CASE WHEN id = %s THEN %s ELSE %s END,
    lease_until = NULL, sent_at = %s WHERE {UNDER_CLAIM} AND state <> '{OutboxState.DUE}' RETURNING subject_id"""  # noqa: S608
HANDED_OVER = (OutboxState.SENT, OutboxState.UNKNOWN)
TOGETHER = "It went out in the same mail as another question."


@dataclass(frozen=True)
class Skip:
    """The answer of `prepare` when a message should not go any more, and why."""

    reason: str


@dataclass(frozen=True)
class Later:
    """The answer of `prepare` when a message should go, but not yet."""

    at: datetime
    reason: str = ""


Prepare = Callable[[Outbox, datetime], EmailMessage | Skip | Later]
OnRefused = Callable[[Outbox, Refused, datetime], None]
OnTaken = Callable[[Outbox, Iterable[int], datetime], None]


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


def sweep(
    *,
    now: datetime,
    prepare: Prepare,
    limit: int = 200,
    mailer: Mailer | None = None,
    on_refused: OnRefused | None = None,
    on_taken: OnTaken | None = None,
) -> Counts:
    """Hand over what is due. One message that fails does not stop the next; a mail server that is away ends the sweep.

    In the transaction that settles the row, `on_refused` is told when the mail system will not take mail for this recipient, and `on_taken`,
    with the subjects of all that travelled together, when it took the message or may have.
    """
    counts, begun = Counts(), time.monotonic()
    mailer = mailer or Mailer()

    def moment() -> datetime:
        return now + timedelta(seconds=time.monotonic() - begun)

    with everywhere():
        recover(now=now, counts=counts, on_taken=on_taken)
    with mailer:
        for _ in range(limit):
            with everywhere():
                row = claim_next(now=moment())
            if row is None:
                break
            with within(row.workspace_id):
                state, is_away = _carry(row, prepare=prepare, mailer=mailer, moment=moment, on_refused=on_refused, on_taken=on_taken)
            counts.add(state)
            if is_away:
                break
    return counts


def recover(*, now: datetime, counts: Counts | None = None, on_taken: OnTaken | None = None) -> None:
    """Leases that ran out: a claim is due again, a hand-over is unknown for ever, and may have been taken.

    A lease that ends further ahead than it can was written by a clock that was ahead: it counts as ended.
    """
    ended = Outbox.objects.lease_ended_at(now, longest=HAND_OVER_LEASE)
    again = ended.filter(state=OutboxState.CLAIMED).update(state=OutboxState.DUE, claim=None, lease_until=None, attempts=F("attempts") + 1)
    lost = sum(_lose(row, now=now, on_taken=on_taken) for row in ended.filter(state=OutboxState.HANDING_OVER))
    if counts is not None:
        counts.by_state.update({name: count for name, count in (("recovered", again), ("unknown", lost)) if count})


def _lose(row: Outbox, *, now: datetime, on_taken: OnTaken | None) -> int:
    with transaction.atomic():
        begun_at = min(row.lease_until - HAND_OVER_LEASE, now) if row.lease_until else now
        lost = Outbox.objects.filter(pk=row.pk, state=OutboxState.HANDING_OVER, lease_until=row.lease_until).update(
            state=OutboxState.UNKNOWN, sent_at=begun_at, lease_until=None,
            reason="We stopped while handing it over. It may have arrived, so it is not sent again.",
        )  # fmt: skip
        if lost and on_taken is not None:
            on_taken(row, {one.subject_id for one in together(row) if one.subject_id}, now)
    return lost


def claim_next(*, now: datetime) -> Outbox | None:
    """The next due message, now ours: exactly one worker's UPDATE finds it still due."""
    found = rows.plain(CLAIM, [_claim_value(uuid.uuid4()), rows.moment(now + CLAIM_LEASE), rows.moment(now)])
    return rows.made(Outbox, found[0]) if found else None


def take_along(row: Outbox, keys: Iterable[int]) -> list[Outbox]:
    """Claim more of the same recipient's due rows, to travel in this row's message. Returns those that we got."""
    due = Outbox.objects.filter(pk__in=list(keys), workspace_id=row.workspace_id, recipient_id=row.recipient_id, state=OutboxState.DUE)
    due.update(state=OutboxState.CLAIMED, claim=row.claim, lease_until=row.lease_until)
    return list(together(row).filter(state=OutboxState.CLAIMED).exclude(pk=row.pk).order_by("due_at", "id"))


def together(row: Outbox) -> QuerySet[Outbox]:
    """The row and what travels with it: everything under this claim. The recipient is named because the index begins with it."""
    return Outbox.objects.filter(workspace_id=row.workspace_id, recipient_id=row.recipient_id, claim=row.claim)


def begin_hand_over(row: Outbox, *, now: datetime) -> bool:
    """From here on this message is never sent again by itself. False when the claim is no longer ours. What travels with it shares its lease."""
    return bool(rows.plain(BEGIN, [rows.moment(now + HAND_OVER_LEASE), *_under_claim(row), rows.moment(now)]))


def settle(row: Outbox, state: str, *, reason: str = "", now: datetime | None = None) -> set[int]:
    """End the message, and with it what travelled along; returns what they all were about. A lease that ran out meanwhile does not matter: we
    know better than `unknown` how it ended. `sent_at` is when it was handed over."""
    end, reason = str(OutboxState(state)), reason[:LONGEST_REASON]
    with_it = (str(OutboxState.SKIPPED.value), TOGETHER) if state == OutboxState.SENT else (end, reason)
    sent_at = rows.moment(now) if now is not None and state in HANDED_OVER else None
    found = rows.plain(END, [row.pk, end, with_it[0], row.pk, reason, with_it[1], sent_at, *_under_claim(row)])
    return {subject_id for (subject_id,) in found if subject_id}


def _under_claim(row: Outbox) -> tuple[int, int, object]:
    return row.workspace_id, row.recipient_id, _claim_value(row.claim)


def _claim_value(claim: uuid.UUID | None) -> object:
    return claim.hex if claim is not None and rows.VENDOR == "sqlite" else claim


def put_back(row: Outbox, *, reason: str, now: datetime) -> str:
    """Try again later, later each time; after a day of trying it has failed. What travelled along waits as long, and counts its own tries."""
    attempts = Outbox.objects.filter(pk=row.pk).values_list("attempts", flat=True).get()
    again = now + min(FIRST_WAIT * 2 ** max(attempts - 1, 0), LONGEST_WAIT)
    with transaction.atomic():
        others = together(row).exclude(pk=row.pk)
        others.filter(due_at__lt=again).update(due_at=again)
        others.update(state=OutboxState.DUE, claim=None, lease_until=None, reason=reason[:LONGEST_REASON])
        if attempts >= MOST_ATTEMPTS:
            settle(row, OutboxState.FAILED, reason=f"Given up after {attempts} attempts. {reason}")
            return OutboxState.FAILED
        defer(row, Later(again, reason))
    return "put_back"


def defer(row: Outbox, later: Later) -> None:
    """Due again, at another moment."""
    together(row).update(state=OutboxState.DUE, claim=None, lease_until=None, due_at=later.at, reason=later.reason[:LONGEST_REASON])


def _carry(
    row: Outbox, *, prepare: Prepare, mailer: Mailer, moment: Callable[[], datetime], on_refused: OnRefused | None, on_taken: OnTaken | None
) -> tuple[str, bool]:
    """One claimed message to its end. Returns its state, and whether the mail server is away.

    The hand-over begins in the transaction that prepares: what `prepare` has locked is not let go between the two.
    """
    is_ours = True
    try:
        with transaction.atomic():
            message = prepare(row, moment())
            if isinstance(message, EmailMessage) and not begin_hand_over(row, now=moment()):
                is_ours = False
                transaction.set_rollback(True)
    except Exception as error:  # one poisoned row must not hold up the others: it is logged and pushed forward
        log.exception("a message could not be prepared", extra={"workspace_id": row.workspace_id})
        Outbox.objects.filter(pk=row.pk).update(attempts=F("attempts") + 1)
        return put_back(row, reason=f"It could not be prepared ({type(error).__name__}).", now=moment()), False
    if isinstance(message, Skip):
        settle(row, OutboxState.SKIPPED, reason=message.reason)
        return OutboxState.SKIPPED, False
    if isinstance(message, Later):
        defer(row, message)
        return "deferred", False
    if not is_ours:
        return "overtaken", False
    return _hand_over(row, message, mailer=mailer, moment=moment, on_refused=on_refused, on_taken=on_taken)


def _hand_over(
    row: Outbox, message: EmailMessage, *, mailer: Mailer, moment: Callable[[], datetime], on_refused: OnRefused | None, on_taken: OnTaken | None
) -> tuple[str, bool]:
    state, reason = OutboxState.SENT, ""
    try:
        mailer.deliver(message)
    except Refused as error:
        with transaction.atomic():
            settle(row, OutboxState.FAILED, reason=str(error))
            if error.is_of_recipient and on_refused is not None:
                on_refused(row, error, moment())
        return OutboxState.FAILED, False
    except Lost as error:
        state, reason = OutboxState.UNKNOWN, str(error)
    except (TryLater, ServerAway) as error:
        return put_back(row, reason=str(error), now=moment()), isinstance(error, ServerAway)
    with transaction.atomic():
        about = settle(row, state, reason=reason, now=moment())
        if on_taken is not None:
            on_taken(row, about, moment())
    return state, False
