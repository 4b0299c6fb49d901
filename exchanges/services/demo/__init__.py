"""The demo workspace: two years of Oakhollow Works and those it deals with, ending today. The same story every time.

History is written in bulk with its evidence in the order in which it became known; the last days go through the services.
"""

from __future__ import annotations

from datetime import datetime, time

from django.db import transaction

from exchanges.models import Snapshot
from exchanges.selectors.statements import day_of
from exchanges.services.cards import write_cards
from exchanges.services.demo.cast import Clock, Stage, open_all, seat_members
from exchanges.services.demo.clients import TOLD
from exchanges.services.demo.history import write_history
from exchanges.services.demo.lately import tell_lately
from exchanges.services.demo.ledger import Known, Rows, tell
from exchanges.services.demo.more_clients import MORE
from exchanges.services.demo.people import STORIES_OF_PEOPLE
from exchanges.services.posting import append, fold_views, locked
from relationships.models import Member, Relationship, ValueKind, Workspace
from relationships.selectors.rhythm import RhythmTable
from valueledger.common import audit, rows
from valueledger.common.errors import Conflict

STORIES = (*TOLD, *MORE, *STORIES_OF_PEOPLE)


class AlreadySeeded(Conflict):
    code = "already_seeded"
    sentence = "This workspace has relationships already, so the demo is not put into it."


def seed_demo(*, workspace: Workspace, owner: Member, now: datetime) -> None:
    """Fill an empty workspace with the demo's story and mark it as a demo. Raises AlreadySeeded when anything is in it."""
    clock = Clock(now.astimezone(workspace.zone))
    with transaction.atomic():
        if Relationship.objects.filter(workspace=workspace).exists():
            raise AlreadySeeded
        mark(workspace)
        members = seat_members(workspace=workspace, owner=owner)
        stages = open_all(workspace=workspace, stories=STORIES, members=members, clock=clock)
        kinds = {kind.code: kind for kind in ValueKind.objects.filter(workspace=workspace)}
        write_two_years(stages, kinds, clock)
        tell_lately({stage.story.name: stage for stage in stages}, kinds, clock)
        audit.record(
            workspace_id=workspace.pk, now=now, action="workspace.demo_seeded", target_kind="workspace", target_id=workspace.public_id,
            actor_kind="user", actor_id=owner.user_id,
        )  # fmt: skip


def mark(workspace: Workspace) -> None:
    """Only a demo keeps the mails it sends, so that their links can be followed from the outbox page. It is tried at any hour, so it has no quiet ones."""
    workspace.is_demo = True
    workspace.quiet_from, workspace.quiet_until, workspace.quiet_days = time(0), time(0), ""
    workspace.sender_name = workspace.sender_name or "Oakhollow Works"
    workspace.save(update_fields=["is_demo", "quiet_days", "quiet_from", "quiet_until", "sender_name"])


def write_two_years(stages: list[Stage], kinds: dict[str, ValueKind], clock: Clock) -> None:
    rows, rhythms = Rows(), RhythmTable(stages[0].relationship.workspace)
    told = [(stage, tell(stage=stage, rows=rows, kinds=kinds, clock=clock, rhythms=rhythms)) for stage in stages]
    rows.save()
    snapshots: list[Snapshot] = []
    for stage, known in told:
        snapshots += write_history(stage=stage, known=known, clock=clock, rhythms=rhythms)
        post_known(stage, known, clock)
    Snapshot.objects.bulk_create(snapshots, batch_size=500)


def post_known(stage: Stage, known: list[Known], clock: Clock) -> None:
    """Append the evidence of one relationship in the order in which it became known, and bring its balance up to it."""
    relationship = locked(stage.relationship.pk)
    if stage.story.ended is not None:
        relationship.ended_on = clock.day(stage.story.ended)
        relationship.save(update_fields=["ended_on"])
    changes = [one.change() for one in known]
    if changes:
        batch = rows.Batch()
        append(relationship, changes, batch)
        batch.update(relationship, ("head_position",))
        fold_views(relationship, changes, batch)
        batch.run()
    days = [happened.ago for happened in stage.story.happened]
    write_cards(relationship=relationship, now=clock.now, newest_event_day=_day_number(clock, min(days)) if days else None)


def _day_number(clock: Clock, ago: int) -> int:
    return (clock.day(ago) - day_of(0)).days
