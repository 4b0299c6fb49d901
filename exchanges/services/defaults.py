"""The workspace's fair band and rhythm: what everything below it inherits. The past is not judged again; the next look is."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from exchanges.models import Card
from exchanges.services.cards import age_cards
from relationships.models import Intent, Kind, Member, Rhythm, Workspace
from relationships.selectors.rhythm import RhythmTable
from relationships.services.relationships import ensure_settings
from valueledger.common import audit

AT_ONCE = 1_000

Values = dict[tuple[str, str], tuple[Decimal | None, int | None]]


def change_defaults(*, workspace: Workspace, values: Values, member: Member, now: datetime) -> None:
    """Set band and rhythm by (kind, intent); ("", "") is the workspace itself. Cards of what inherits them turn today."""
    with transaction.atomic():
        for (kind, intent), (band, days) in values.items():
            ensure_settings(band=band, cadence_days=days)
            if (kind, intent) == ("", ""):
                workspace.band, workspace.cadence_days = band if band is not None else Decimal("0.75"), days
                workspace.save(update_fields=["band", "cadence_days"])
            elif band is None and days is None:
                Rhythm.objects.filter(workspace=workspace, kind=kind, intent=intent).delete()
            else:
                Rhythm.objects.update_or_create(workspace=workspace, kind=kind, intent=intent, defaults={"band": band, "cadence_days": days})
        _turn_cards(workspace, now)
        audit.record(
            workspace_id=workspace.pk, now=now, actor_kind="user", actor_id=member.user_id, action="workspace.rhythm",
            target_kind="workspace", target_id=workspace.public_id,
        )  # fmt: skip
    age_cards(now=now, limit=AT_ONCE)


def _turn_cards(workspace: Workspace, now: datetime) -> None:
    """Write the inherited values into the cards and let each be judged again: a page's worth at once, the rest by the nightly pass."""
    table = RhythmTable(workspace)
    for kind in Kind.values:
        for intent in ("", *Intent.values):
            rhythm = table.of(kind=kind, intent=intent)
            cards = Card.objects.filter(workspace=workspace, kind=kind, intent=intent)
            cards.filter(relationship__band__isnull=True).exclude(band=rhythm.band).update(band=rhythm.band, turns_on=now.date())
            inherits = cards.filter(relationship__cadence_days__isnull=True)
            if rhythm.cadence_days is None:
                inherits.filter(cadence_days__isnull=False).update(cadence_days=None, turns_on=now.date())
            else:
                inherits.exclude(cadence_days=rhythm.cadence_days).update(cadence_days=rhythm.cadence_days, turns_on=now.date())
                inherits.filter(cadence_days__isnull=True).update(cadence_days=rhythm.cadence_days, turns_on=now.date())
