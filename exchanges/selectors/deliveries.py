"""What went out to whom, in which state, for those who may see it. The text is kept in a demo workspace alone.

A mail is dropped when its question was answered before it went, so its state tells. Of a blind round until it ends, and of an employee for
good, a mail is "asked" whatever became of it, but for trouble with the address; no state filter finds it, and its time is when it was queued.
What a demo keeps of a blind question is there from its moment on whether it went or not; of an employee's there is nothing to open.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from exchanges.models import Card, Prompt, PromptKind, View
from exchanges.models.prompts import BLIND, EMPLOYEES, OTHER_MAIL, kept_to_themselves
from exchanges.selectors.questions import NEVER_QUEUED, TROUBLED, is_blind, is_hushed
from relationships.models import Kind, PersonText, SideRole, Workspace
from valueledger.common.models import Outbox, OutboxBody
from valueledger.common.models.outbox import OutboxState

PAGE = 50
KINDS = {
    "check": _("Check"),
    "rating": _("Rating"),
    "terms": _("What matters"),
    "requalify": _("Still worth it"),
    "settle": _("Promise due"),
    "reminder": _("Reminder"),
    "woken": _("Asked again"),
    "fresh": _("Fresh link"),
    "again": _("Sent again"),
    "digest": _("Your digest"),
    "put_right": _("Put right"),
}
STATES = {
    OutboxState.DUE: _("due"),
    OutboxState.CLAIMED: _("being prepared"),
    OutboxState.HANDING_OVER: _("being handed over"),
    OutboxState.SENT: _("sent"),
    OutboxState.FAILED: _("failed"),
    OutboxState.UNKNOWN: _("unknown"),
    OutboxState.SKIPPED: _("not sent"),
}

UNCOUNTED = ("signin", "put_right")  # that somebody signed in or asked us to put something right is not an owner's to count
ASKED = "ASKED"  # no state of a row: said in place of one that would tell of an answer


@dataclass(frozen=True)
class Delivery:
    """One message. Of mail to employees, and of blind questions, only that they were asked, or that the address was refused."""

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


def page_of(rows: QuerySet[Outbox], *, workspace: Workspace, state: str, before: Outbox | None, now: datetime) -> Page:
    """Newest first, read one further than shown; never counted."""
    if state in OutboxState.values:
        rows = _in_state(rows, state, workspace)
    if before is not None:
        rows = rows.filter(pk__lt=before.pk)
    found = list(rows.order_by("-pk")[: PAGE + 1])
    shown = found[:PAGE]
    return Page(deliveries_of(shown, workspace, now), shown[-1].public_id if len(found) > PAGE else None)


def _in_state(rows: QuerySet[Outbox], state: str, workspace: Workspace) -> QuerySet[Outbox]:
    """By what is shown of a row, not by what it is."""
    prompts = Prompt.objects.filter(workspace_id=workspace.pk)
    rows = rows.filter(state=state).exclude(subject_id__in=prompts.filter(EMPLOYEES).values("pk"))
    if state in TROUBLED:
        return rows
    hushed = Q(subject_id__in=prompts.filter(BLIND).values("pk"))
    return rows.exclude(hushed & ~Q(bundle_key__startswith=NEVER_QUEUED) if state == OutboxState.SKIPPED else hushed)


def deliveries_of(rows: Sequence[Outbox], workspace: Workspace, now: datetime) -> list[Delivery]:
    """Costs four queries whatever the number of rows."""
    prompts = {
        prompt.pk: prompt
        for prompt in Prompt.objects.filter(pk__in=[row.subject_id for row in rows if row.kind not in OTHER_MAIL]).select_related(
            "relationship", "round__posting"
        )
    }
    relationship_ids = [prompt.relationship_id for prompt in prompts.values()]
    names = dict(Card.objects.filter(relationship__in=relationship_ids, view=View.SHARED).values_list("relationship_id", "counterpart_name"))
    texts = PersonText.objects.filter(person__in=[row.recipient_id for row in rows]).select_related("person")
    people = {text.person_id: text for text in texts}
    kept: set[int] = set()
    if workspace.is_demo:
        kept = set(OutboxBody.objects.filter(message__in=[row.pk for row in rows if row.due_at <= now]).values_list("message_id", flat=True))
    return [
        _delivery(row, None if row.kind in OTHER_MAIL else prompts.get(row.subject_id or 0), names, people, workspace, has_body=row.pk in kept)
        for row in rows
    ]


def _delivery(
    row: Outbox, prompt: Prompt | None, names: dict[int, str], people: dict[int, PersonText], workspace: Workspace, *, has_body: bool
) -> Delivery:
    person = people.get(row.recipient_id)
    hushed = prompt is not None and _is_hushed(row, prompt, person)
    return Delivery(
        public_id=row.public_id,
        kind=str(KINDS.get(row.kind.partition(":")[0], row.kind)),
        recipient=person.name if person and person.name else gettext("somebody"),
        relationship=names.get(prompt.relationship_id, "") if prompt else "",
        relationship_id=prompt.relationship.public_id if prompt else None,
        state=ASKED if hushed else row.state,
        state_label=gettext("asked") if hushed else str(STATES[OutboxState(row.state)]),
        reason="" if hushed else row.reason,
        at=(row.created_at if hushed else row.sent_at or row.due_at).astimezone(workspace.zone),
        has_body=has_body and not (prompt is not None and _is_an_employees(prompt)),
    )


def _is_hushed(row: Outbox, prompt: Prompt, person: PersonText | None) -> bool:
    if _is_an_employees(prompt):
        is_refused = row.state == OutboxState.FAILED and person is not None and person.person.refused_at is not None
        return not is_refused
    return is_blind(prompt) and is_hushed(row)


def _is_an_employees(prompt: Prompt) -> bool:
    return prompt.side == SideRole.COUNTERPART and prompt.relationship.kind == Kind.EMPLOYEE


def counts_by_state(workspace: Workspace) -> list[tuple[str, int]]:
    """For an owner, who runs this but reads no ledger: whether mail goes out.

    A small workspace makes a count a statement about one person: of employees, and of blind questions, only the first mails are counted, and
    they as "asked". What the other side keeps to itself is asked about in mails that nobody here counts.
    """
    prompts = Prompt.objects.filter(workspace_id=workspace.pk)
    kept = Q(subject_id__in=prompts.filter(kept_to_themselves()).values("pk"))
    rows = Outbox.objects.filter(workspace_id=workspace.pk).exclude(kind__in=UNCOUNTED).exclude(kept)
    theirs, blind = (Q(subject_id__in=prompts.filter(those).values("pk")) for those in (EMPLOYEES, BLIND))
    first = Q(kind__in=[PromptKind.CHECK.lower(), PromptKind.RATING.lower()])
    hushed = (theirs | (blind & ~Q(state__in=TROUBLED))) & first
    told = rows.exclude(theirs).exclude(blind & ~(first & Q(state__in=TROUBLED)))
    counts = dict(told.values_list("state").annotate(count=Count("id")).order_by())
    return [(gettext("asked"), rows.filter(hushed).count()), *((str(label), counts.get(state, 0)) for state, label in STATES.items())]
