"""Acts on a relationship that have consequences for value: opening, terms, stage, hand-over, rhythm."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.db import transaction

from exchanges.access import Voice
from exchanges.models import BalanceState, EventKind, Giver, View
from exchanges.selectors.balances import METHOD, pack_prior
from exchanges.services.asking import look_again
from exchanges.services.cards import note_set_by_hand, open_card, write_cards
from exchanges.services.events import actor_of, log_event
from exchanges.services.occasions import note_mismatch, note_stage
from exchanges.services.posting import locked
from relationships.models import Member, Participant, Party, Relationship, Side, SideRole, TermsVersion, Workspace
from relationships.services import relationships as who
from relationships.services.terms import TermsLine, write_terms
from valueledger.common import audit


def open_relationship(
    *, workspace: Workspace, own_party: Party, counterpart_party: Party, kind: str, steward: Member | None, now: datetime, **details: Any
) -> Relationship:
    """Begin a relationship, with the balance of one about which nothing is known. Takes the details of `create_relationship`."""
    today = now.astimezone(workspace.zone).date()
    with transaction.atomic():
        relationship = who.create_relationship(
            workspace=workspace, own_party=own_party, counterpart_party=counterpart_party, kind=kind, steward=steward, today=today, **details
        )
        BalanceState.objects.create(
            workspace=workspace, relationship=relationship, view=View.SHARED, position=0, method=METHOD, before=pack_prior(), after=pack_prior()
        )
        open_card(relationship=relationship, now=now)
        note_mismatch(relationship=relationship, now=now)
        actor = {"actor_kind": "user", "actor_id": steward.user_id} if steward else {"actor_kind": "operator", "actor_id": None}
        audit.record(
            workspace_id=workspace.pk, now=now, action="relationship.opened", target_kind="relationship", target_id=relationship.public_id, **actor
        )
    return relationship


def set_terms(*, side: Side, author: Participant, lines: Sequence[TermsLine], effective_on: date, now: datetime) -> TermsVersion:
    """Say what matters to a side. Only somebody who speaks for it can."""
    with transaction.atomic():
        locked(side.relationship_id)
        version = write_terms(side=side, author=author, lines=lines, effective_on=effective_on, now=now)
        audit.record(
            workspace_id=side.workspace_id, now=now, action="terms.set", target_kind="terms", target_id=version.public_id,
            actor_kind="person", actor_id=author.person_id,
        )  # fmt: skip
    return version


def change_stage(*, relationship: Relationship, stage: str, voice: Voice, now: datetime) -> None:
    with transaction.atomic():
        row = locked(relationship.pk)
        was_going_on = row.is_going_on
        who.set_stage(relationship=row, stage=stage, today=now.astimezone(row.workspace.zone).date())
        write_cards(relationship=row, now=now, fresh=True)
        note_stage(relationship=row, was_going_on=was_going_on, now=now)
        look_again([row.pk])
        audit.record(
            workspace_id=row.workspace_id,
            now=now,
            action="relationship.stage",
            target_kind="relationship",
            target_id=row.public_id,
            **actor_of(voice),
        )


def change_rhythm(*, relationship: Relationship, band: Any, cadence_days: int | None, voice: Voice, now: datetime, stake: int | None = None) -> None:
    """Set what is this relationship's own. No stake: it stays as it is."""
    with transaction.atomic():
        row = locked(relationship.pk)
        who.set_rhythm(relationship=row, band=band, cadence_days=cadence_days, stake=stake)
        write_cards(relationship=row, now=now, fresh=True)
        look_again([row.pk])
        audit.record(
            workspace_id=row.workspace_id,
            now=now,
            action="relationship.rhythm",
            target_kind="relationship",
            target_id=row.public_id,
            **actor_of(voice),
        )


def change_own_rhythm(*, participant: Participant, cadence_days: int | None, voice: Voice, now: datetime) -> None:
    """The longest gap between questions for one participant; None: the relationship's."""
    with transaction.atomic():
        row = locked(participant.side.relationship_id)
        who.set_own_rhythm(participant=participant, cadence_days=cadence_days)
        note_set_by_hand(relationship=row)
        look_again([row.pk])
        audit.record(
            workspace_id=row.workspace_id, now=now, action="participant.rhythm", target_kind="side", target_id=participant.side.public_id,
            **actor_of(voice),
        )  # fmt: skip


def hand_over(*, relationship: Relationship, to: Member, voice: Voice, note: str, now: datetime) -> None:
    """Give the relationship to another steward. It is logged as an event, so what was felt lately counts for less."""
    with transaction.atomic():
        row = locked(relationship.pk)
        today = now.astimezone(row.workspace.zone).date()
        who.set_steward(relationship=row, steward=to)
        if to.person is not None:
            who.add_participant(side=row.sides.get(role=SideRole.OWN), person=to.person, from_on=today)
        log_event(
            relationship=row,
            voice=voice,
            giver=Giver.OWN,
            occurred_on=today,
            what=note or f"{to.user} takes over.",
            kind=EventKind.HAND_OVER,
            now=now,
        )
        write_cards(relationship=locked(row.pk), now=now, fresh=True)
        audit.record(
            workspace_id=row.workspace_id,
            now=now,
            action="relationship.handed_over",
            target_kind="relationship",
            target_id=row.public_id,
            **actor_of(voice),
        )
