"""When the other sides come to be asked what matters to them, by itself and as things stand. The sweep asks by the same rule, on the day."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta

from django.db.models import Exists, Max, OuterRef, QuerySet, Subquery

from exchanges.models import Answer, Prompt, PromptKind
from relationships.models import ENDED_STAGES, IntentVersion, Participant, Side, SideRole, TermsVersion, Workspace

STALE = timedelta(days=365)
AGAIN_AFTER = timedelta(days=180)
MEANT_LASTS = timedelta(days=365)


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
