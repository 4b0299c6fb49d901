"""Asking a side what matters to it, and taking its answer: rarely, by the one link of a mail, in its own words.

Only people who speak for a side say it. A side is asked once a half-year at most, and by itself only a year after it last said what matters or what it means it to be.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.db.models import Max, OuterRef, Subquery

from exchanges.models import Answer, Prompt, PromptKind, PromptState
from exchanges.selectors.due_terms import due_sides
from exchanges.services import mailing
from exchanges.services.apart import on_its_own
from exchanges.services.asking import has_room
from exchanges.services.intents import say_intent
from exchanges.services.posting import locked
from exchanges.services.prompts import answered
from exchanges.services.relationships import set_terms
from exchanges.services.rounds import RoundClosed
from relationships.models import Participant, Side, TermsItem, TermsVersion, Workspace
from relationships.services.terms import TermsLine, add_own_kind
from valueledger.common.tenancy import within

LASTS = timedelta(days=14)
BY_A_COLLEAGUE = "said by a colleague"
OPEN = (PromptState.WAITING, PromptState.SNOOZED)


@dataclass(frozen=True)
class Matter:
    """One thing that matters, as it was typed."""

    name: str
    weight: int
    words: str = ""
    anchor: str = ""
    unit: str = ""
    rate: Decimal | None = None


def anyone(_person_id: int) -> bool:
    return True


def subject_key(now: datetime, workspace: Workspace) -> str:
    """terms:2026-H1."""
    day = now.astimezone(workspace.zone).date()
    return f"terms:{day.year}-H{1 if day.month <= 6 else 2}"


def ask_terms(*, participant: Participant, now: datetime, reason: str) -> Prompt | None:
    """Ask one person what matters to their side. None where they cannot be asked, were asked enough lately, or in this half-year already."""
    with transaction.atomic():
        relationship = locked(participant.side.relationship_id)
        workspace = relationship.workspace
        if (
            not relationship.is_going_on
            or not participant.speaks_on(now.astimezone(workspace.zone).date())
            or mailing.unreachable(participant.person)
            or not has_room(participant, now=now)
        ):
            return None
        try:
            with transaction.atomic():
                prompt = Prompt.objects.create(
                    workspace_id=workspace.pk, participant=participant, relationship=relationship, side=participant.side.role, kind=PromptKind.TERMS,
                    subject_key=subject_key(now, workspace), reason=reason, not_before=now, closes_at=now + LASTS, created_at=now,
                )  # fmt: skip
        except IntegrityError:  # asked already
            return None
        mailing.queue(prompt=prompt, person=participant.person, workspace=workspace, kind="terms", now=now)
    return prompt


def ask_side(*, relationship_id: int, side: int, now: datetime, reason: str) -> list[Prompt]:
    """Ask everybody who speaks for a side."""
    people = Participant.objects.filter(side__relationship_id=relationship_id, side__role=side).select_related("side", "person__text").order_by("id")
    return [prompt for participant in people if (prompt := ask_terms(participant=participant, now=now, reason=reason)) is not None]


def ask_due_terms(*, now: datetime, limit: int = 200, may_ask: Callable[[int], bool] = anyone) -> int:
    """Ask one person of each other side that said what matters a year ago, or never, and has answered a check. Returns how many were asked."""
    asked = 0
    for workspace in Workspace.objects.filter(is_active=True).order_by("id"):
        with within(workspace.pk):
            for side_id in due_sides(workspace, now)[: limit - asked]:
                with on_its_own("a side could not be asked what matters", workspace_id=workspace.pk):
                    asked += _ask_somebody(side_id, now, may_ask)
        if asked >= limit:
            break
    return asked


def _ask_somebody(side_id: int, now: datetime, may_ask: Callable[[int], bool]) -> int:
    """Whoever answered last knows best; somebody else of the side when that person has been asked enough."""
    last = Answer.objects.filter(participant=OuterRef("pk")).order_by().values("participant").annotate(last=Max("answered_on")).values("last")
    people = Participant.objects.filter(side_id=side_id, left_on__isnull=True).annotate(told=Subquery(last)).select_related("side", "person__text")
    for participant in sorted(people, key=lambda one: (one.told is None, -(one.told.toordinal() if one.told else 0), one.pk)):
        if may_ask(participant.person_id) and ask_terms(participant=participant, now=now, reason="due") is not None:
            return 1
    return 0


def say_terms(*, prompt: Prompt, lines: Sequence[Matter], now: datetime, intent: str = "") -> TermsVersion:
    """Write what matters to the side that was asked, and if it says so what it means it to be. The same again adds nothing. Raises RoundClosed, Invalid."""
    with transaction.atomic():
        relationship = locked(prompt.relationship_id)
        if prompt.closes_at <= now or not relationship.is_going_on:
            raise RoundClosed
        side = Side.objects.select_related("relationship").get(relationship=relationship, role=prompt.side)
        said = [
            TermsLine(add_own_kind(side=side, name=line.name), line.weight, line.words, line.anchor, line.unit, line.rate) for line in lines
        ]  # fmt: skip
        newest = TermsVersion.objects.filter(side=side).order_by("-seq").first()
        is_again = newest is not None and newest.author_id == prompt.participant_id and newest.recorded_at >= prompt.created_at
        if newest is None or not is_again or _content(newest) != sorted(_line(line) for line in said):
            today = now.astimezone(relationship.workspace.zone).date()
            newest = set_terms(side=side, author=prompt.participant, lines=said, effective_on=today, now=now)
        if intent:
            say_intent(side=side, author=prompt.participant, intent=intent, now=now)
        answered(prompt, now=now)
        colleagues = Prompt.objects.filter(relationship=relationship, side=prompt.side, kind=PromptKind.TERMS, state__in=OPEN).exclude(pk=prompt.pk)
        colleagues.update(state=PromptState.SKIPPED, reason=BY_A_COLLEAGUE, ended_at=now)
    return newest


def _line(line: TermsLine) -> tuple[object, ...]:
    return (line.value_kind.pk, line.weight, line.words, line.anchor, line.unit, str(Decimal(line.points_per_unit or 0).normalize()))


def _content(version: TermsVersion) -> list[tuple[object, ...]]:
    rows = TermsItem.objects.filter(version=version).select_related("value_kind", "unit", "text")
    return sorted(
        _line(
            TermsLine(row.value_kind, row.weight, row.text.words, row.text.anchor, row.unit.name if row.unit else "", row.points_per_unit)
        )
        for row in rows
    )  # fmt: skip


def open_terms_prompt(relationship_id: int, side: int, now: datetime) -> Prompt | None:
    """The question that is out to a side, if one is."""
    rows = Prompt.objects.filter(relationship_id=relationship_id, side=side, kind=PromptKind.TERMS, closes_at__gt=now, state__in=OPEN)
    return rows.order_by("-created_at").first()
