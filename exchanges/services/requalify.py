"""Asking our own side whether it is still worth it, and keeping what each of us says. It is no evidence, moves no balance and stands in no log."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from exchanges.models import Prompt, PromptKind, PromptState, Requalification, RequalificationText, StillWorth
from exchanges.selectors.requalify import OPEN, period_of, subject_of, to_ask
from exchanges.services import mailing
from exchanges.services.apart import on_its_own
from exchanges.services.asking import has_room
from exchanges.services.posting import locked
from exchanges.services.rounds import RelationshipEnded
from relationships.models import Member, Participant, Relationship, Workspace
from valueledger.common.errors import Invalid
from valueledger.common.health import age_of, beat_of
from valueledger.common.tenancy import within
from valueledger.common.validators import clean_text

LASTS = timedelta(days=60)
LONGEST = 1_000
SWEEP, EVERY = "worth", timedelta(hours=1)


def sweep_worth(*, now: datetime, limit: int = 200) -> int:
    """As `ask_due_worth`, at most once an hour: nothing in it is urgent, and it looks at every relationship."""
    age = age_of(SWEEP, now=now)
    if age is not None and 0 <= age < EVERY.total_seconds():
        return 0
    asked = ask_due_worth(now=now, limit=limit)
    if asked < limit:
        beat_of(SWEEP, now=now)
    return asked


def ask_due_worth(*, now: datetime, limit: int = 200) -> int:
    """Ask those whose half-year has come. Returns how many were asked."""
    asked = 0
    for workspace in Workspace.objects.filter(is_active=True).order_by("id"):
        with within(workspace.pk):
            for participant in to_ask(workspace, now, limit=limit - asked):
                with on_its_own("somebody could not be asked whether it is still worth it", workspace_id=workspace.pk):
                    asked += ask_worth(participant=participant, now=now) is not None
        if asked >= limit:
            break
    return asked


def ask_worth(*, participant: Participant, now: datetime) -> Prompt | None:
    """Ask one member who speaks for our side, in the app and by mail. None where it cannot be now, or was done in this half-year already."""
    with transaction.atomic():
        relationship = locked(participant.side.relationship_id)
        workspace = relationship.workspace
        today = now.astimezone(workspace.zone).date()
        can_be = relationship.is_going_on and participant.speaks_on(today) and Member.objects.active().filter(person=participant.person_id).exists()
        if not can_be or not has_room(participant, now=now, kind=PromptKind.REQUALIFY):
            return None
        try:
            with transaction.atomic():
                prompt = Prompt.objects.create(
                    workspace_id=workspace.pk, participant=participant, relationship=relationship, side=participant.side.role,
                    kind=PromptKind.REQUALIFY, subject_key=subject_of(period_of(today)), reason="due", not_before=now, closes_at=now + LASTS,
                    created_at=now,
                )  # fmt: skip
        except IntegrityError:  # asked already
            return None
        mailing.queue(prompt=prompt, person=participant.person, workspace=workspace, kind="requalify", now=now)
    return prompt


def say_worth(*, relationship: Relationship, member: Member, said: str, sentence: str, now: datetime) -> Requalification:
    """Keep what this member says, and settle the question to them. The same again is the same row. Raises Invalid, RelationshipEnded."""
    if said not in StillWorth.values:
        raise Invalid("Choose one of the three.", field="said", code="required")
    words = clean_text(sentence, "sentence", longest=LONGEST)
    with transaction.atomic():
        row = locked(relationship.pk)
        if not row.is_going_on:
            raise RelationshipEnded
        period = period_of(now.astimezone(row.workspace.zone).date())
        mine = Requalification.objects.filter(relationship=row, member=member, period_key=period).select_related("text")
        newest = mine.order_by("-seq").first()
        if newest is None or (newest.said, newest.text.sentence) != (said, words):
            newest = Requalification.objects.create(
                workspace_id=row.workspace_id,
                relationship=row,
                member=member,
                period_key=period,
                seq=newest.seq + 1 if newest else 1,
                said=said,
                at=now,
            )
            RequalificationText.objects.create(workspace_id=row.workspace_id, requalification=newest, sentence=words)
        if member.person_id is not None:
            waiting = Prompt.objects.filter(relationship=row, participant__person_id=member.person_id, kind=PromptKind.REQUALIFY, state__in=OPEN)
            waiting.update(state=PromptState.ANSWERED, reason="", ended_at=now)
    return newest
