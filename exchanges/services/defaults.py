"""The workspace's fair band and rhythm, and how little and when it asks: what everything below it inherits.

The past is not judged again; the next look is.
"""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal

from django.db import transaction

from exchanges.models import Card
from exchanges.services.cards import age_cards
from relationships.models import Holiday, Intent, Kind, Member, Rhythm, Workspace
from relationships.selectors.rhythm import RhythmTable
from relationships.services.relationships import ensure_settings
from valueledger.common import audit
from valueledger.common.errors import Invalid

AT_ONCE = 1_000
MOST_BUDGET = 30
MOST_BITS = 2

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


def change_asking(
    *, workspace: Workspace, ask_budget: int, quiet_from: time, quiet_until: time, quiet_days: str, member: Member, now: datetime,
    ask_from_bits: Decimal = Decimal(0),
) -> None:  # fmt: skip
    """How many questions one person gets in 30 days, how much each has to tell, and when nobody is written to. What waits is looked at again with the new ones."""
    if not 1 <= ask_budget <= MOST_BUDGET:
        raise Invalid("Between 1 and 30 questions in 30 days.", field="ask_budget")
    if not 0 <= ask_from_bits <= MOST_BITS:
        raise Invalid("Between 0 and 2 bits.", field="ask_from_bits")
    if not set(quiet_days) <= set("1234567") or len(set(quiet_days)) == len("1234567"):
        raise Invalid("Leave at least one day on which somebody can be asked.", field="quiet_days")
    days = "".join(sorted(set(quiet_days)))
    wanted = {
        "ask_budget": ask_budget, "ask_from_bits": ask_from_bits, "quiet_from": quiet_from, "quiet_until": quiet_until, "quiet_days": days
    }  # fmt: skip
    if all(getattr(workspace, name) == value for name, value in wanted.items()):
        return
    with transaction.atomic():
        for name, value in wanted.items():
            setattr(workspace, name, value)
        workspace.save(update_fields=list(wanted))
        Card.objects.filter(workspace=workspace, wait_until__isnull=False).update(wait_until=None)
        _record(workspace, member, "workspace.asking", now)


def back_to_defaults(*, workspace: Workspace, member: Member, now: datetime) -> None:
    """Everything on the page as in a new workspace; holidays stay."""
    fresh = Workspace()
    change_asking(
        workspace=workspace, ask_budget=fresh.ask_budget, quiet_from=fresh.quiet_from, quiet_until=fresh.quiet_until, quiet_days=fresh.quiet_days,
        member=member, now=now,
    )  # fmt: skip
    rows = [("", ""), *Rhythm.objects.filter(workspace=workspace).values_list("kind", "intent")]
    change_defaults(workspace=workspace, values=dict.fromkeys(rows, (None, None)), member=member, now=now)


def add_holiday(*, workspace: Workspace, on: date, name: str, member: Member, now: datetime) -> None:
    """A day on which nobody is written to. Adding it again names it anew."""
    with transaction.atomic():
        Holiday.objects.update_or_create(workspace=workspace, on=on, defaults={"name": name})
        _record(workspace, member, "holiday.added", now)


def remove_holiday(*, workspace: Workspace, on: date, member: Member, now: datetime) -> None:
    with transaction.atomic():
        if Holiday.objects.filter(workspace=workspace, on=on).delete()[0]:
            _record(workspace, member, "holiday.removed", now)


def _record(workspace: Workspace, member: Member, action: str, now: datetime) -> None:
    audit.record(
        workspace_id=workspace.pk, now=now, actor_kind="user", actor_id=member.user_id, action=action, target_kind="workspace",
        target_id=workspace.public_id,
    )  # fmt: skip
