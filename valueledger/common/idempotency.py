"""A request that arrives twice is carried out once. The key is made when the form is rendered, so that a second tap, a reload and a
lost answer all carry the same one; it is unique per workspace and actor, and kept with the answer for a day.

Claim, work and answer belong into one transaction: a second request waits for the first one's commit and gets its answer, and a crash
leaves nothing behind.
"""

import hashlib
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from valueledger.common.errors import Conflict, Invalid, ValueLedgerError
from valueledger.common.models import IdempotencyKey
from valueledger.common.models.operations import IdempotencyState

KEPT_FOR = timedelta(hours=25)
RUNS_AT_MOST = timedelta(minutes=2)
LONGEST_KEY = 100


class KeyReused(ValueLedgerError):
    code = "key_reused"
    status = 422
    sentence = "This was sent before with something else in it."


class StillRunning(Conflict):
    code = "running"
    sentence = "The same request is still being carried out."
    headers = {"Retry-After": "2"}


@dataclass(frozen=True)
class Kept:
    """The answer that was given the first time."""

    status: int
    body: bytes


@dataclass(frozen=True)
class Claim:
    """A key that is ours to work under, since `started_at`; whoever takes it over after a crash starts at another moment."""

    workspace_id: int
    actor: str
    key: str
    started_at: datetime


def new_key() -> str:
    return uuid.uuid4().hex


def clean_key(typed: str) -> str:
    key = typed.strip()
    if not key or len(key) > LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise Invalid("This form has no valid key. Open the page again.", field="key", code="bad_key")
    return key


def fingerprint(method: str, path: str, body: bytes) -> bytes:
    """Each part with its length in front, so that no two requests run together to the same bytes."""
    parts = (method.encode(), path.encode("utf-8", "replace"), body)
    return hashlib.sha256(b"".join(b"%d:%b" % (len(part), part) for part in parts)).digest()


def form_body(fields: Iterable[tuple[str, list[str]]], but: frozenset[str] = frozenset({"csrfmiddlewaretoken", "key"})) -> bytes:
    """What was typed, in one order; the token of the form itself is not part of it."""
    rows = sorted((name, value) for name, values in fields if name not in but for value in values)
    return repr(rows).encode("utf-8", "backslashreplace")


def begin(*, workspace_id: int, actor: str, key: str, print_of: bytes, now: datetime) -> Kept | None:
    """Claim the key inside the caller's transaction. None: go on. Raises KeyReused (422) and StillRunning (409)."""
    try:
        with transaction.atomic():
            IdempotencyKey.objects.create(
                workspace_id=workspace_id, actor=actor, key=key, fingerprint=print_of,
                state=IdempotencyState.RUNNING, started_at=now, expires_at=now + KEPT_FOR,
            )  # fmt: skip
    except IntegrityError:
        return _known(workspace_id=workspace_id, actor=actor, key=key, print_of=print_of, now=now)
    return None


def _known(*, workspace_id: int, actor: str, key: str, print_of: bytes, now: datetime) -> Kept | None:
    row = IdempotencyKey.objects.select_for_update().get(workspace_id=workspace_id, actor=actor, key=key)
    if bytes(row.fingerprint) != print_of:
        raise KeyReused
    if row.state == IdempotencyState.DONE:
        return Kept(status=row.status or 200, body=bytes(row.body or b""))
    if now - row.started_at < RUNS_AT_MOST:
        raise StillRunning
    row.started_at = now  # its process died before it could answer
    row.save(update_fields=["started_at"])
    return None


def finish(*, workspace_id: int, actor: str, key: str, status: int, body: bytes) -> None:
    IdempotencyKey.objects.filter(workspace_id=workspace_id, actor=actor, key=key).update(state=IdempotencyState.DONE, status=status, body=body)


def once(*, workspace_id: int, actor: str, key: str, print_of: bytes, now: datetime, act: Callable[[], str]) -> str:
    """Carry `act` out, or return what it returned the first time. If it raises, nothing happened and the key is free again."""
    with transaction.atomic():
        kept = begin(workspace_id=workspace_id, actor=actor, key=clean_key(key), print_of=print_of, now=now)
        if kept is not None:
            return kept.body.decode()
        result = act()
        finish(workspace_id=workspace_id, actor=actor, key=clean_key(key), status=200, body=result.encode())
    return result


def claim(*, workspace_id: int, actor: str, key: str, print_of: bytes, now: datetime) -> Kept | Claim:
    """Claim the key in a transaction of its own, so that whoever comes second is told so at once instead of waiting.

    Looks before it writes: on SQLite a write would wait for the first one's whole transaction.
    """
    row = IdempotencyKey.objects.filter(workspace_id=workspace_id, actor=actor, key=key).first()
    if row is not None and bytes(row.fingerprint) == print_of and row.state == IdempotencyState.RUNNING and now - row.started_at < RUNS_AT_MOST:
        raise StillRunning
    with transaction.atomic():
        kept = begin(workspace_id=workspace_id, actor=actor, key=key, print_of=print_of, now=now)
    return kept or Claim(workspace_id, actor, key, now)


def complete(held: Claim, *, status: int, body: bytes) -> None:
    """Keep the answer, inside the transaction that did the work. Raises StillRunning if somebody else has taken the key over since."""
    mine = _held(held).update(state=IdempotencyState.DONE, status=status, body=body)
    if mine != 1:
        raise StillRunning


def release(held: Claim) -> None:
    """Nothing happened: the key is free again."""
    _held(held).delete()


def _held(held: Claim) -> QuerySet[IdempotencyKey]:
    return IdempotencyKey.objects.filter(
        workspace_id=held.workspace_id, actor=held.actor, key=held.key, started_at=held.started_at, state=IdempotencyState.RUNNING
    )


def purge(*, now: datetime) -> int:
    """Forget what has expired. Returns how many."""
    count, _ = IdempotencyKey.objects.filter(expires_at__lte=now).delete()
    return count
