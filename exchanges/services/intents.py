"""Saying what one's side means a relationship to be, with what follows from it: the rhythm that it hands down, and a mismatch that both should know of."""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import transaction

from exchanges.models import Occasion, OccasionKind
from exchanges.services.asking import look_again
from exchanges.services.cards import write_cards
from exchanges.services.occasions import note_mismatch
from exchanges.services.posting import locked
from relationships.models import Intent, IntentVersion, Participant, Relationship, Side
from relationships.services import intents
from valueledger.common import audit
from valueledger.common.tenancy import everywhere, within

log = logging.getLogger("exchanges.intents")


def say_intent(*, side: Side, author: Participant, intent: str, now: datetime) -> IntentVersion:
    """Keep what this side means it to be from today on. Only somebody who speaks for it can. Raises Invalid, NotYourIntent."""
    with transaction.atomic():
        relationship = locked(side.relationship_id)
        today = now.astimezone(relationship.workspace.zone).date()
        before = _said(relationship, now)
        version = intents.write_intent(side=side, author=author, intent=intent, said_on=today)
        after = _said(relationship, now)
        write_cards(relationship=relationship, now=now, fresh=True)
        if after != before and len(set(after.values())) > 1:
            note_mismatch(relationship=relationship, now=now)
        elif len(after) > 1 and len(set(after.values())) == 1:
            Occasion.objects.filter(relationship=relationship, kind=OccasionKind.MISMATCH, settled_at__isnull=True).update(settled_at=now)
        look_again([relationship.pk])
        audit.record(
            workspace_id=side.workspace_id, now=now, action="intent.said", target_kind="side", target_id=side.public_id, actor_kind="person",
            actor_id=author.person_id,
        )  # fmt: skip
    return version


def _said(relationship: Relationship, now: datetime) -> dict[int, str]:
    """What each side said within a year."""
    today = now.astimezone(relationship.workspace.zone).date()
    rows = Side.objects.filter(relationship=relationship).exclude(intent="").values_list("role", "intent", "intent_on")
    return {role: intent for role, intent, on in rows if intents.was_lately(on, today)}


def forget_stale(*, now: datetime, limit: int = 2_000) -> int:
    """What a side has not said for a year is not known any more: it hands down no rhythm until somebody says it again. Returns how many relationships."""
    with everywhere():
        stale = Side.objects.filter(intent_on__lte=now.date() - intents.LASTS).exclude(intent__in=["", Intent.ONE_OFF])
        found = list(stale.order_by("relationship_id").values_list("workspace_id", "relationship_id").distinct()[:limit])
    forgotten = 0
    for workspace_id, pk in found:
        with within(workspace_id), transaction.atomic():
            relationship = locked(pk)
            if intents.forget_intents(relationship, today=now.astimezone(relationship.workspace.zone).date()):
                write_cards(relationship=relationship, now=now, fresh=True)
                look_again([pk])
                forgotten += 1
    return forgotten
