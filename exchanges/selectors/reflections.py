"""A member's own reflections: the question that waits, what was said so far, and about whom the next one is. For that member alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import Q, QuerySet

from exchanges.models import Card, HowOften, Reflecting, Reflection, ReflectionQuestion, View
from exchanges.wording.reflections import feeling_word, reflection_question, somebody
from relationships.access import as_uuid, named_to
from relationships.models import ENDED_STAGES, Member, Relationship, SideRole
from valueledger.common.errors import NotFound

MOST = 200  # people whom a member is asked about in turn
PAGE = 200


@dataclass(frozen=True)
class About:
    """Somebody to reflect on: the other side of a relationship, or a colleague."""

    relationship_id: int | None
    colleague_id: int | None


@dataclass(frozen=True)
class Reflected:
    public_id: UUID
    question: str
    asked_on: date
    closes_on: date
    said_on: date | None
    feeling: str
    sentence: str


def reflection_for(member: Member, public_id: object) -> Reflection:
    """One of this member's own. Those of others are not found."""
    row = Reflection.objects.of(member).filter(public_id=as_uuid(public_id)).first()  # type: ignore[attr-defined]
    if row is None:
        raise NotFound
    return row


def how_often_of(member: Member) -> str:
    return str(Reflecting.objects.filter(member=member).values_list("how_often", flat=True).first() or HowOften.NEVER)


def period_of(day: date, how_often: str) -> str:
    """2026-06, or 2026-Q2."""
    return f"{day.year}-Q{(day.month + 2) // 3}" if how_often == HowOften.QUARTERLY else f"{day:%Y-%m}"


def own_relationships(member: Member) -> QuerySet[Relationship]:
    """Those that this member looks after, or speaks in for our side."""
    day = Q(sides__participants__left_on__isnull=True)
    speaks = Q(sides__role=SideRole.OWN, sides__participants__person_id=member.person_id or 0) & day
    rule = Q(steward=member) | speaks if member.is_steward else speaks
    return Relationship.objects.filter(rule, workspace_id=member.workspace_id).exclude(stage__in=ENDED_STAGES).distinct()


def next_about(member: Member) -> tuple[About, str] | None:
    """Whom to ask about next, and what: whoever was not asked about for the longest time, by turns a relationship and a colleague."""
    past = list(Reflection.objects.of(member).order_by("asked_on", "pk"))  # type: ignore[attr-defined]
    seen = {About(row.relationship_id, row.colleague_id): place for place, row in enumerate(past)}
    deals = [About(pk, None) for pk in own_relationships(member).order_by("pk").values_list("pk", flat=True)[:MOST]]
    others = Member.objects.active().filter(workspace_id=member.workspace_id).exclude(pk=member.pk)
    mates = [About(None, pk) for pk in others.order_by("pk").values_list("pk", flat=True)[:MOST]]
    turn = (mates, deals) if past and past[-1].relationship_id is not None else (deals, mates)
    pool = turn[0] or turn[1]
    if not pool:
        return None
    about = min(pool, key=lambda one: seen.get(one, -1))
    questions = list(ReflectionQuestion)
    return about, str(questions[len(past) % len(questions)])


def waiting_reflection(member: Member, today: date) -> Reflected | None:
    """The question that this member may answer now, if there is one about somebody they still work with."""
    rows = Reflection.objects.of(member).filter(said_on__isnull=True, is_skipped=False, closes_on__gte=today)  # type: ignore[attr-defined]
    row = rows.order_by("-asked_on", "-pk").first()
    return _shown([row], member)[0] if row is not None else None


def reflections_of(member: Member) -> list[Reflected]:
    """What this member has said, the newest first."""
    rows = Reflection.objects.of(member).said().order_by("-said_on", "-pk")[:PAGE]  # type: ignore[attr-defined]
    return _shown(list(rows), member)


def _shown(rows: Sequence[Reflection], member: Member) -> list[Reflected]:
    names = _names(rows, member)
    return [
        Reflected(
            row.public_id, reflection_question(row.question, names.get(About(row.relationship_id, row.colleague_id)) or somebody()), row.asked_on,
            row.closes_on, row.said_on, feeling_word(row.feeling), row.sentence,
        )
        for row in rows
    ]  # fmt: skip


def _names(rows: Sequence[Reflection], member: Member) -> dict[About, str]:
    """Of colleagues, and of the relationships that this member may still see."""
    ids = [row.relationship_id for row in rows if row.relationship_id]
    seen: dict[About, str] = {}
    if ids:
        may = set(own_relationships(member).filter(pk__in=ids).values_list("pk", flat=True))
        may |= set(Relationship.objects.filter(named_to(member), pk__in=ids).values_list("pk", flat=True))
        cards = Card.objects.filter(relationship__in=may, view=View.SHARED).values_list("relationship_id", "counterpart_name")
        seen = {About(pk, None): name for pk, name in cards}
    mates = Member.objects.filter(pk__in=[row.colleague_id for row in rows if row.colleague_id]).select_related("user")
    return seen | {About(None, mate.pk): str(mate.user) for mate in mates}
