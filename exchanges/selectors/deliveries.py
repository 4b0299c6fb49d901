"""What went out to whom, in which state, for those who may see it. The text is kept in a demo workspace alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from exchanges.models import Card, Prompt, PromptState, View
from relationships.models import Kind, PersonText, SideRole, Workspace
from valueledger.common.models import Outbox, OutboxBody
from valueledger.common.models.outbox import OutboxState

PAGE = 50
KINDS = {"check": _("Check"), "rating": _("Rating"), "reminder": _("Reminder"), "fresh": _("Fresh link")}
STATES = {
    OutboxState.DUE: _("due"),
    OutboxState.CLAIMED: _("being prepared"),
    OutboxState.HANDING_OVER: _("being handed over"),
    OutboxState.SENT: _("sent"),
    OutboxState.FAILED: _("failed"),
    OutboxState.UNKNOWN: _("unknown"),
    OutboxState.SKIPPED: _("not sent"),
}


@dataclass(frozen=True)
class Delivery:
    """One message. Of mail to employees only that it was asked for and went out, or could not."""

    public_id: UUID
    kind: str
    recipient: str
    relationship: str
    relationship_id: UUID | None
    state: str
    state_label: str
    reason: str
    at: datetime
    has_body: bool


@dataclass(frozen=True)
class Page:
    deliveries: list[Delivery]
    next_before: UUID | None


def page_of(rows: QuerySet[Outbox], *, workspace: Workspace, state: str, before: Outbox | None) -> Page:
    """Newest first, read one further than shown; never counted."""
    if state in OutboxState.values:
        rows = rows.filter(state=state)
    if before is not None:
        rows = rows.filter(pk__lt=before.pk)
    found = list(rows.order_by("-pk")[: PAGE + 1])
    shown = found[:PAGE]
    return Page(deliveries_of(shown, workspace), shown[-1].public_id if len(found) > PAGE else None)


def deliveries_of(rows: Sequence[Outbox], workspace: Workspace) -> list[Delivery]:
    """Costs four queries whatever the number of rows."""
    prompts = {
        prompt.pk: prompt
        for prompt in Prompt.objects.filter(pk__in=[row.subject_id for row in rows]).select_related("relationship", "round__posting")
    }
    relationship_ids = [prompt.relationship_id for prompt in prompts.values()]
    names = dict(Card.objects.filter(relationship__in=relationship_ids, view=View.SHARED).values_list("relationship_id", "counterpart_name"))
    people = dict(PersonText.objects.filter(person__in=[row.recipient_id for row in rows]).values_list("person_id", "name"))
    kept: set[int] = set()
    if workspace.is_demo:
        kept = set(OutboxBody.objects.filter(message__in=[row.pk for row in rows]).values_list("message_id", flat=True))
    return [_delivery(row, prompts.get(row.subject_id or 0), names, people, workspace, has_body=row.pk in kept) for row in rows]


def _delivery(row: Outbox, prompt: Prompt | None, names: dict[int, str], people: dict[int, str], workspace: Workspace, *, has_body: bool) -> Delivery:
    theirs = prompt is not None and prompt.side == SideRole.COUNTERPART
    quiet = theirs and row.state == OutboxState.SKIPPED and prompt is not None and (_is_employees(prompt) or _is_blind(prompt))
    return Delivery(
        public_id=row.public_id,
        kind=str(KINDS.get(row.kind, row.kind)),
        recipient=people.get(row.recipient_id) or gettext("somebody"),
        relationship=names.get(prompt.relationship_id, "") if prompt else "",
        relationship_id=prompt.relationship.public_id if prompt else None,
        state=row.state,
        state_label=str(STATES[OutboxState(row.state)]),
        reason="" if quiet else row.reason,
        at=(row.sent_at or row.due_at).astimezone(workspace.zone),
        has_body=has_body,
    )


def _is_employees(prompt: Prompt) -> bool:
    """Why it was skipped may say that they answered, which is theirs alone."""
    return prompt.relationship.kind == Kind.EMPLOYEE


def _is_blind(prompt: Prompt) -> bool:
    """Before the round ends nobody is told that the other side has answered, or would rather not."""
    return prompt.round is not None and not hasattr(prompt.round, "posting") and prompt.state in (PromptState.ANSWERED, PromptState.SKIPPED)


def counts_by_state(workspace: Workspace) -> list[tuple[str, int]]:
    """For an owner, who runs this but reads no ledger: whether mail goes out."""
    counts = dict(Outbox.objects.filter(workspace_id=workspace.pk).values_list("state").annotate(count=Count("id")).order_by())
    return [(str(label), counts.get(state, 0)) for state, label in STATES.items()]
