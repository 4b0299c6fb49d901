"""A promise was corrected or taken back: questions about it that have no object any more end."""

from __future__ import annotations

from datetime import date, datetime

from exchanges.models import Prompt, PromptKind, PromptState, ValueEvent
from exchanges.selectors.settling import OPEN, PROMISE

SAID_ELSEWHERE = "said elsewhere"


def end_questions(event: ValueEvent, *, still_for: date | None, now: datetime, all_of_them: bool = False) -> None:
    """End what is open, but a question about the day that still holds. `all_of_them`: the event was taken back, and so were hopes for it."""
    asked = Prompt.objects.filter(event=event, kind=PromptKind.SETTLE, state__in=OPEN)
    if not all_of_them:
        asked = asked.filter(subject_key__startswith=PROMISE)
        asked = asked if still_for is None else asked.exclude(about_on=still_for)
    asked.update(state=PromptState.WITHDRAWN, reason=SAID_ELSEWHERE, ended_at=now)
