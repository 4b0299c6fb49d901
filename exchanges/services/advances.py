"""Advances: our side notes that it gave something on hope, and later what came back. Nothing of it is evidence, and nobody else reads it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db import IntegrityError, transaction

from exchanges.models import Advance, AdvanceText, EventKind, EventVersion, Giver, Prompt, PromptKind, PromptState, Returned, ValueEvent
from exchanges.selectors.settling import ADVANCE, OPEN, advance_of
from exchanges.services.events import AHEAD
from exchanges.services.gently import AlreadySettled
from exchanges.services.posting import locked
from exchanges.services.prompts import answered
from relationships.models import Kind, Member, Relationship
from valueledger.common.errors import Invalid
from valueledger.common.validators import clean_day, clean_text


@dataclass(frozen=True)
class Hope:
    """What our side hopes for, and when it looks again."""

    words: str
    review_on: date


def give_on_hope(*, event: ValueEvent, hope: Hope, member: Member, now: datetime) -> Advance:
    """Note that something was given on hope. A gift is given on none, and between friends nothing is waited for. Raises Invalid."""
    with transaction.atomic():
        relationship = locked(event.relationship_id)
        version = EventVersion.objects.current().get(event=event)
        if event.giver not in (Giver.OWN, Giver.JOINT):
            raise Invalid("Only what we give can be given in advance.", field="hope")
        if version.kind == EventKind.GIFT:
            raise Invalid("A gift waits for nothing. Choose another kind, or leave the hope out.", field="hope")
        if relationship.kind == Kind.PERSONAL:
            raise Invalid("Between friends nothing is given in advance.", field="hope")
        words = clean_text(hope.words, "hope", required=True)
        day = _ahead(hope.review_on, relationship, now)
        if advance_of(event) is not None:
            raise AlreadySettled
        return _step(event, None, member, now, words=words, review_on=day)


def look_back(*, event: ValueEvent, returned: str, again_on: object, words: str, member: Member, now: datetime) -> Advance:
    """Say what came back, or look again later: a further step, which keeps the ones before. Raises Invalid and AlreadySettled."""
    with transaction.atomic():
        relationship = locked(event.relationship_id)
        before = advance_of(event)
        if before is None or before.returned != Returned.OPEN:
            raise AlreadySettled
        if returned not in Returned.values:
            raise Invalid("Choose what came back.", field="returned", code="required")
        day = _ahead(again_on, relationship, now) if returned == Returned.OPEN else None
        step = _step(event, before, member, now, words=clean_text(words, "words"), returned=returned, review_on=day)
        asked = Prompt.objects.filter(event=event, kind=PromptKind.SETTLE, subject_key__startswith=ADVANCE, state__in=[*OPEN, PromptState.SKIPPED])
        for prompt in asked:
            answered(prompt, now=now)
    return step


def _ahead(typed: object, relationship: Relationship, now: datetime) -> date:
    today = now.astimezone(relationship.workspace.zone).date()
    if not typed:
        raise Invalid("Say when to look again.", field="review_on", code="required")
    day = clean_day(typed, "review_on", today=today, latest=today + AHEAD)
    if day is None or day <= today:
        raise Invalid("Choose a day that is still to come.", field="review_on", code="out_of_range")
    return day


def _step(
    event: ValueEvent, before: Advance | None, member: Member, now: datetime, *, words: str, returned: str = Returned.OPEN, review_on: date | None
) -> Advance:
    try:
        with transaction.atomic():
            step = Advance.objects.create(
                workspace_id=event.workspace_id, event=event, seq=before.seq + 1 if before else 1, supersedes=before, returned=returned,
                review_on=review_on, author_member=member, recorded_at=now,
            )  # fmt: skip
    except IntegrityError as error:  # the unique successor settles the race
        raise AlreadySettled from error
    AdvanceText.objects.create(workspace_id=event.workspace_id, advance=step, words=words)
    return step
