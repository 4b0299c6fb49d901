"""Why a round was opened, as a sentence; and what stewards are told of questions that nobody answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import ceil
from uuid import UUID

from django.db.models import Q, QuerySet

from exchanges.models import CLOSING, Occasion, Prompt, PromptKind, PromptState
from exchanges.models.prompts import kept_to_themselves
from exchanges.wording.asking import because, did_not_answer, has_not_answered, we_ask
from exchanges.wording.minutes import minutes
from relationships.models import Kind, SideRole

SAID_FOR = timedelta(days=14)


def asked_because(occasions: Iterable[Occasion], today: date) -> str:
    """The most telling of them: an ending before all else."""
    found = sorted(occasions, key=lambda one: (one.kind not in CLOSING, one.ask_from, one.pk))
    return we_ask(because(found[0].kind.lower(), found[0].happened_on, today)) if found else ""


@dataclass(frozen=True)
class Silence:
    """A question to the other side that is about to close, or has closed, without an answer."""

    relationship_id: UUID
    name: str
    text: str
    is_over: bool


def silences(prompts: QuerySet[Prompt], *, now: datetime, today: date, most: int = 5) -> list[Silence]:
    """What nobody has answered of which the steward was told, and for two weeks what lapsed so. Never about an employee."""
    told = prompts.filter(side=SideRole.COUNTERPART, kind=PromptKind.CHECK, told_at__isnull=False).exclude(relationship__kind=Kind.EMPLOYEE)
    waiting = Q(state=PromptState.WAITING, closes_at__gt=now)
    lapsed = Q(state=PromptState.LAPSED, ended_at__gt=now - SAID_FOR, ended_at__lte=now)
    rows = told.filter(waiting | lapsed).select_related("relationship", "workspace", "participant__person__text").order_by("-told_at", "-id")[:most]
    return [_silence(row, today) for row in rows]


def minutes_asked(prompts: QuerySet[Prompt], *, since: datetime) -> dict[int, int]:
    """How many minutes each side was asked for since then, by the estimate of each question: every one that was put, answered or not.

    Without what each of us is asked alone: that somebody was is theirs. Nor what each side is asked about promises that it may keep to itself.
    """
    total = {SideRole.OWN: 0.0, SideRole.COUNTERPART: 0.0}
    rows = prompts.filter(created_at__gt=since).exclude(state=PromptState.WITHDRAWN).exclude(kind=PromptKind.REQUALIFY)
    rows = rows.exclude(kind=PromptKind.SETTLE, side=SideRole.OWN).exclude(kept_to_themselves())
    for side, kind in rows.values_list("side", "kind"):
        total[SideRole(side)] += minutes(kind)
    return {int(side): ceil(spent) for side, spent in total.items()}


def _silence(row: Prompt, today: date) -> Silence:
    text_of_person = getattr(row.participant.person, "text", None)
    name = text_of_person.name if text_of_person and text_of_person.name else "Somebody"
    asked_on, is_over = row.created_at.astimezone(row.workspace.zone).date(), row.state == PromptState.LAPSED
    text = did_not_answer(name, asked_on, today) if is_over else has_not_answered(name, asked_on, today)
    return Silence(row.relationship.public_id, name, text, is_over)
