"""Prompts: what is due becomes a question, a question is repeated once, and lapses when it is too late to be useful.

Sweeps find their work in rows, handle each on its own, and do no harm when they run twice. Nobody is asked more than a few things at a
time: what does not fit waits for a later sweep.
"""

from __future__ import annotations

import logging
from collections import Counter
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Count, Exists, OuterRef

from exchanges.models import Prompt, PromptKind, PromptState, ValueEvent
from exchanges.selectors.due import ROUND_LASTS, due_relationships, ratings_to_ask
from exchanges.services import mailing
from exchanges.services.posting import locked
from exchanges.services.rounds import NobodyToAsk, RelationshipEnded, RoundAlreadyOpen, open_due_round
from relationships.models import Member, Participant, Person, Relationship, SideRole, Workspace
from valueledger.common import audit, tokens
from valueledger.common.models import Outbox, Token
from valueledger.common.models.outbox import OutboxState
from valueledger.common.models.tokens import TokenPurpose
from valueledger.common.tenancy import everywhere, within

log = logging.getLogger("exchanges.prompts")

MOST_WAITING = 10  # questions that one person has open at a time, who gets them by mail, one a day
MOST_WAITING_MEMBER = 30  # and one who answers them at the desk


def sweep_prompts(*, now: datetime, limit: int = 200) -> dict[str, int]:
    """All that makes, repeats and ends questions."""
    return {
        "rounds": open_due_rounds(now=now, limit=limit),
        "ratings": ask_due_ratings(now=now, limit=limit),
        "reminders": remind(now=now, limit=limit),
        "lapsed": lapse(now=now),
    }


def open_due_rounds(*, now: datetime, limit: int = 200) -> int:
    """Open a round wherever a side's date has come. Returns how many."""
    opened = 0
    for workspace in Workspace.objects.filter(is_active=True).order_by("id"):
        with within(workspace.pk):
            opened += _open_in(workspace, now=now, limit=limit - opened)
        if opened >= limit:
            break
    return opened


def _open_in(workspace: Workspace, *, now: datetime, limit: int) -> int:
    waiting = questions_waiting(workspace)
    members = set(Member.objects.filter(workspace_id=workspace.pk, left_at__isnull=True, person__isnull=False).values_list("person_id", flat=True))

    def is_busy(person_id: int) -> bool:
        return waiting[person_id] >= (MOST_WAITING_MEMBER if person_id in members else MOST_WAITING)

    busy = [person_id for person_id in waiting if is_busy(person_id)]
    opened = 0
    for due in due_relationships(workspace=workspace, now=now, limit=limit, busy=busy):
        people = list(Participant.objects.filter(side__relationship_id=due.relationship_id, left_on__isnull=True).values_list("person_id", flat=True))
        if any(is_busy(person_id) for person_id in people):
            continue
        try:
            open_due_round(relationship=Relationship.objects.get(pk=due.relationship_id), now=now)
        except (RoundAlreadyOpen, NobodyToAsk, RelationshipEnded):  # changed since we looked
            continue
        except Exception:  # one relationship must not hold up the others; it is due again in the next sweep
            log.exception("a round could not be opened", extra={"workspace_id": workspace.pk})
            continue
        waiting.update(people)
        opened += 1
    return opened


def questions_waiting(workspace: Workspace) -> Counter[int]:
    """How many questions each person has open."""
    rows = Prompt.objects.filter(workspace_id=workspace.pk, state=PromptState.WAITING).values_list("participant__person_id")
    return Counter(dict(rows.annotate(count=Count("id")).order_by()))


def ask_due_ratings(*, now: datetime, limit: int = 200) -> int:
    """Ask the receivers of what arrived lately how it landed. Returns how many prompts were made."""
    asked = 0
    for workspace in Workspace.objects.filter(is_active=True).order_by("id"):
        with within(workspace.pk):
            for event in ratings_to_ask(workspace=workspace, now=now, limit=limit):
                asked += len(ask_rating(event, now=now))
        if asked >= limit:
            break
    return asked


def ask_rating(event: ValueEvent, *, now: datetime) -> list[Prompt]:
    """Ask everybody who speaks for the receiving side and can be reached by mail. Asking again changes nothing."""
    with transaction.atomic():
        relationship = locked(event.relationship_id)
        today = now.astimezone(relationship.workspace.zone).date()
        speaking = (
            Participant.objects.speaking_on(today)
            .filter(side__relationship=relationship, side__role=SideRole.COUNTERPART)
            .select_related("person__text", "workspace")
            .order_by("id")
        )
        return [prompt for participant in speaking if (prompt := _ask(event, participant, now)) is not None]


def _ask(event: ValueEvent, participant: Participant, now: datetime) -> Prompt | None:
    try:
        with transaction.atomic():
            prompt = Prompt.objects.create(
                workspace_id=event.workspace_id, participant=participant, relationship_id=event.relationship_id, side=SideRole.COUNTERPART,
                kind=PromptKind.RATING, subject_key=f"event:{event.pk}", event=event, reason="arrived", not_before=now, closes_at=now + ROUND_LASTS,
                created_at=now,
            )  # fmt: skip
    except IntegrityError:  # asked already
        return None
    mailing.queue(prompt=prompt, person=participant.person, workspace=participant.workspace, kind="rating", now=now)
    return prompt


def remind(*, now: datetime, limit: int = 200) -> int:
    """One reminder, halfway to the close, to whoever got the question and has not answered."""
    half = ROUND_LASTS / 2
    with everywhere():
        sent = Outbox.objects.filter(
            subject_id=OuterRef("pk"), kind__in=[PromptKind.CHECK.lower(), PromptKind.RATING.lower()], state=OutboxState.SENT
        )
        reminded = Outbox.objects.filter(subject_id=OuterRef("pk"), kind="reminder")
        due = (
            Prompt.objects.waiting()
            .filter(Exists(sent), ~Exists(reminded), created_at__lte=now - half, closes_at__gt=now + timedelta(days=1), not_before__lte=now)
            .select_related("participant__person__text", "workspace")
            .order_by("created_at", "id")
        )
        prompts = list(due[:limit])
    for prompt in prompts:
        with within(prompt.workspace_id), transaction.atomic():
            mailing.queue(prompt=prompt, person=prompt.participant.person, workspace=prompt.workspace, kind="reminder", now=now)
    return len(prompts)


def lapse(*, now: datetime) -> int:
    """Questions whose time is over. Those of a round are ended with it; this finds the others."""
    with everywhere():
        ended = Prompt.objects.ended_at(now).filter(round__isnull=True)
        return ended.update(state=PromptState.LAPSED, reason="closed", ended_at=now)


def not_me(*, prompt: Prompt, token: Token, now: datetime) -> None:
    """Somebody else holds this link: it ends at once, and the person it was meant for gets a fresh one, once."""
    with transaction.atomic():
        Token.objects.filter(pk=token.pk, revoked_at__isnull=True).update(revoked_at=now)
        if prompt.state == PromptState.WAITING:
            mailing.queue(prompt=prompt, person=prompt.participant.person, workspace=prompt.workspace, kind="fresh", now=now)
        audit.record(
            workspace_id=prompt.workspace_id,
            now=now,
            actor_kind="person",
            actor_id=None,
            action="link.revoked",
            target_kind="prompt",
            target_id=prompt.public_id,
        )


def answered(prompt: Prompt, *, now: datetime) -> None:
    Prompt.objects.filter(pk=prompt.pk).exclude(state=PromptState.ANSWERED).update(state=PromptState.ANSWERED, ended_at=now)


def reopen(prompt: Prompt) -> None:
    """Nothing that counts was said after all."""
    Prompt.objects.filter(pk=prompt.pk).update(state=PromptState.WAITING, ended_at=None)


def skip_rating(prompt: Prompt, *, now: datetime) -> None:
    Prompt.objects.filter(pk=prompt.pk, state=PromptState.WAITING).update(state=PromptState.SKIPPED, reason="skipped", ended_at=now)


def stop_mails(*, person: Person, now: datetime) -> None:
    """They asked us not to write: nothing goes out to them from now on, not even what is due already."""
    with transaction.atomic():
        stopped = Person.objects.filter(pk=person.pk, suppressed_at__isnull=True).update(suppressed_at=now)
        if stopped:
            audit.record(
                workspace_id=person.workspace_id, now=now, actor_kind="person", actor_id=person.pk, action="mail.stopped", target_kind="person",
                target_id=person.public_id,
            )  # fmt: skip


def resume_mails(*, person: Person, now: datetime) -> None:
    """They changed their mind, on the page behind the same link."""
    with transaction.atomic():
        resumed = Person.objects.filter(pk=person.pk, suppressed_at__isnull=False).update(suppressed_at=None)
        if resumed:
            audit.record(
                workspace_id=person.workspace_id, now=now, actor_kind="person", actor_id=person.pk, action="mail.resumed", target_kind="person",
                target_id=person.public_id,
            )  # fmt: skip


def revoke_links(prompt: Prompt, *, now: datetime) -> int:
    return tokens.revoke(purpose=TokenPurpose.PROMPT, subject_id=prompt.pk, now=now)
