"""When the other sides come to be asked what matters to them, by itself and as things stand. The sweep asks by the same rule, on the day."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta

from django.db.models import Exists, Max, OuterRef, QuerySet, Subquery

from exchanges.models import Answer, Prompt, PromptKind
from exchanges.selectors.turns import in_turn
from relationships.models import ENDED_STAGES, IntentVersion, Participant, Side, SideRole, TermsVersion, Workspace

STALE = timedelta(days=365)
AGAIN_AFTER = timedelta(days=180)
MEANT_LASTS = timedelta(days=365)
AT_ONCE = 2_000  # relationships: a larger portfolio is looked through in turns


def terms_due(workspace: Workspace, now: datetime, *, within: Collection[int]) -> dict[int, date]:
    """By relationship: the first day from today on. Left out is who never said what matters and has answered no check that is over."""
    said = TermsVersion.objects.filter(side=OuterRef("pk")).order_by("-recorded_at").values("recorded_at")[:1]
    meant = IntentVersion.objects.filter(side=OuterRef("pk")).order_by("-said_on").values("said_on")[:1]
    asked = Prompt.objects.filter(relationship=OuterRef("relationship"), side=OuterRef("role"), kind=PromptKind.TERMS)
    told = Answer.objects.filter(relationship=OuterRef("relationship"), side=OuterRef("role"), first_hand=True, round__posting__isnull=False)
    sides = Side.objects.filter(workspace_id=workspace.pk, role=SideRole.COUNTERPART, relationship__in=within).exclude(
        relationship__stage__in=ENDED_STAGES
    )
    found = sides.annotate(
        said=Subquery(said), meant=Subquery(meant), asked=Subquery(asked.order_by("-created_at").values("created_at")[:1]), told=Exists(told)
    )
    return {
        side.relationship_id: _first_day(side.said, side.meant, side.asked, workspace, now)  # type: ignore[attr-defined]
        for side in found
        if side.said is not None or side.told  # type: ignore[attr-defined]
    }


def due_sides(workspace: Workspace, now: datetime) -> list[int]:
    """The other sides to be asked now, among those whose turn it is to be looked at. What is asked may not tell who answered: only rounds that
    are over count. Five queries, each by the ids of so many sides: joined, they read the whole of every table.
    """
    turn = in_turn(workspace, now, most=AT_ONCE, field="relationship")
    sides = Side.objects.filter(turn, workspace_id=workspace.pk, role=SideRole.COUNTERPART).exclude(relationship__stage__in=ENDED_STAGES)
    relationship_of = dict(sides.order_by("pk").values_list("pk", "relationship_id"))
    known = {"workspace_id": workspace.pk, "side__in": list(relationship_of)}
    said = dict(TermsVersion.objects.filter(**known).order_by().values_list("side").annotate(at=Max("recorded_at")))
    meant = dict(IntentVersion.objects.filter(**known).order_by().values_list("side").annotate(on=Max("said_on")))
    stale, unknown = now - STALE, now.astimezone(workspace.zone).date() - MEANT_LASTS
    found = [pk for pk in relationship_of if pk not in said or said[pk] <= stale or (pk in meant and meant[pk] <= unknown)]
    lately = Prompt.objects.filter(
        relationship__in=[relationship_of[pk] for pk in found], side=SideRole.COUNTERPART, kind=PromptKind.TERMS, created_at__gt=now - AGAIN_AFTER
    )
    asked = set(lately.values_list("relationship_id", flat=True))
    found = [pk for pk in found if relationship_of[pk] not in asked]
    never = [relationship_of[pk] for pk in found if pk not in said]
    answers = Answer.objects.filter(workspace_id=workspace.pk, relationship__in=never, side=SideRole.COUNTERPART, first_hand=True)
    told = set(answers.filter(round__posting__isnull=False).values_list("relationship_id", flat=True))
    return [pk for pk in found if pk in said or relationship_of[pk] in told]


def _first_day(said: datetime | None, meant: date | None, asked: datetime | None, workspace: Workspace, now: datetime) -> date:
    zone = workspace.zone
    days = [(said + STALE).astimezone(zone).date() if said is not None else now.astimezone(zone).date()]
    if meant is not None:
        days.append(meant + MEANT_LASTS)
    again = [(asked + AGAIN_AFTER).astimezone(zone).date()] if asked is not None else []
    return max(now.astimezone(zone).date(), min(days), *again)


def who_would_say(relationships: Collection[int], today: date) -> QuerySet[Participant]:
    """Who speaks for those sides, whoever answered last in a check that is over first."""
    last = Answer.objects.filter(participant=OuterRef("pk"), round__posting__isnull=False).order_by()
    people = Participant.objects.speaking_on(today).filter(side__relationship__in=relationships, side__role=SideRole.COUNTERPART)
    told = people.annotate(told=Subquery(last.values("participant").annotate(last=Max("answered_on")).values("last")))
    return told.select_related("side", "person__text").order_by("side__relationship", "-told", "id")
