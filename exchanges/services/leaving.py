"""Stopping to speak for a side, by one's own wish: what was said stays, and nothing more is asked."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from exchanges.access import Place
from exchanges.models import Prompt, PromptState, RoundSeat
from exchanges.services.posting import locked
from exchanges.services.prompts import revoke_links
from exchanges.services.rounds import post_if_ready, release
from relationships.services.relationships import remove_participant
from valueledger.common import audit

UNANSWERED = (PromptState.WAITING, PromptState.SNOOZED)


def leave(place: Place, *, now: datetime) -> None:
    """From today on this person no longer speaks for its side: questions are taken back, seats released, links dead. Twice is once."""
    participant = place.participant
    with transaction.atomic():
        relationship = locked(participant.side.relationship_id)
        remove_participant(participant=participant, left_on=now.astimezone(relationship.workspace.zone).date())
        prompts = Prompt.objects.filter(participant=participant, relationship=relationship)
        for prompt in prompts:
            revoke_links(prompt, now=now)
        prompts.filter(state__in=UNANSWERED).update(state=PromptState.WITHDRAWN, reason="left", ended_at=now)
        seats = RoundSeat.objects.filter(participant=participant, round__posting__isnull=True, round__closes_at__gt=now, release__isnull=True)
        for seat in seats.select_related("round"):
            release(seat, reason="left", now=now)
            post_if_ready(round_id=seat.round_id, now=now)
        audit.record(
            workspace_id=participant.workspace_id, now=now, actor_kind="person", actor_id=participant.person_id, action="participant.left",
            target_kind="side", target_id=participant.side.public_id,
        )  # fmt: skip
