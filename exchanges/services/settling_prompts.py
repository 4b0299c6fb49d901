"""Asking what became of a promise or an advance when its day has come: once for each day, one question about an event at a time.

Our own side answers at the desk, the other side by mail and on its own page. What one side keeps to itself is asked of that side alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from exchanges.models import Prompt, PromptKind, PromptState
from exchanges.selectors.allowance import Allowances
from exchanges.selectors.settling import OPEN, Due, advances_by, due_of, due_of_advance, is_moot, promised_by, speakers_for
from exchanges.services import mailing
from exchanges.services.apart import on_its_own
from exchanges.services.asking import has_room
from exchanges.services.posting import locked
from exchanges.services.promises import SAID_ELSEWHERE
from relationships.models import Participant, SideRole, Workspace
from valueledger.common.tenancy import within

LASTS = timedelta(days=14)
CHUNK = 200
CANDIDATES = 10  # for each question that may be put, so many are looked at: most may wait for people whose budget is used up


def ask_due_settlements(*, now: datetime, limit: int = 200) -> int:
    """Ask about what has come due, the newest first. Returns how many were asked."""
    asked = 0
    for workspace in Workspace.objects.filter(is_active=True).order_by("id"):
        with within(workspace.pk):
            asked += _ask_in(workspace, now=now, limit=limit - asked)
        if asked >= limit:
            break
    return asked


def _ask_in(workspace: Workspace, *, now: datetime, limit: int) -> int:
    today, asked = now.astimezone(workspace.zone).date(), 0
    most = limit * CANDIDATES
    found = _dues(promised_by(workspace, now, today)[:most], advances_by(workspace, now, today)[:most])
    while asked < limit and (chunk := list(islice(found, CHUNK))):
        people = speakers_for(chunk, today)
        allowances = Allowances([one for rows in people.values() for one in rows], workspace, now)
        for due in chunk:
            if asked >= limit:
                break
            asked += _ask_one_of(due, people[due.key], allowances, now)
    return asked


def _dues(promises: QuerySet, advances: QuerySet) -> Iterator[Due]:
    for version in promises.iterator(chunk_size=CHUNK):
        yield due_of(version)
    for step in advances.iterator(chunk_size=CHUNK):
        yield due_of_advance(step)


def _ask_one_of(due: Due, people: Iterable[Participant], allowances: Allowances, now: datetime) -> int:
    for participant in people:
        if allowances.obstacle(participant, now, PromptKind.SETTLE) is not None:
            continue
        with on_its_own("nobody could be asked about a promise", workspace_id=participant.workspace_id):
            if ask(due, participant, now=now) is not None:
                allowances.add(participant, now)
                return 1
    return 0


def ask(due: Due, participant: Participant, *, now: datetime) -> Prompt | None:
    """Put the question to one person. None where they cannot be asked, or somebody was asked meanwhile."""
    is_theirs = due.side == SideRole.COUNTERPART
    with transaction.atomic():
        relationship = locked(due.event.relationship_id)
        if (
            not relationship.is_going_on
            or (is_theirs and mailing.unreachable(participant.person))
            or not has_room(participant, now=now, kind=PromptKind.SETTLE)
        ):
            return None
        earlier = Prompt.objects.filter(event=due.event, kind=PromptKind.SETTLE)
        if earlier.filter(state__in=OPEN).exists() or earlier.filter(subject_key=due.key).exists():
            return None
        prompt = Prompt(
            workspace_id=due.event.workspace_id, participant=participant, relationship=relationship, side=due.side, kind=PromptKind.SETTLE,
            subject_key=due.key, event=due.event, about_on=due.on, reason="due", not_before=now, closes_at=now + LASTS, created_at=now,
        )  # fmt: skip
        if is_moot(prompt):
            return None
        try:
            with transaction.atomic():
                prompt.save()
        except IntegrityError:  # asked already
            return None
        if is_theirs:
            mailing.queue(prompt=prompt, person=participant.person, workspace=relationship.workspace, kind="settle", now=now)
    return prompt


def end_moot(prompt: Prompt, *, now: datetime) -> None:
    Prompt.objects.filter(pk=prompt.pk, state__in=OPEN).update(state=PromptState.WITHDRAWN, reason=SAID_ELSEWHERE, ended_at=now)
