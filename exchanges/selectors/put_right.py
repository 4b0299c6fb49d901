"""What people asked us to put right, as our steward sees it, and as its writer does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from exchanges.models import EventVersion, Prompt
from exchanges.models.put_right import PutRight, Step
from exchanges.selectors.ledger import person_name
from relationships.models import Participant

MOST = 20


@dataclass(frozen=True)
class Asked:
    """One message with what became of it."""

    public_id: UUID
    relationship_id: UUID
    who: str
    party: str
    words: str
    about: str  # the event it is about, where there is one
    at: datetime
    read_at: datetime | None
    settled_at: datetime | None
    settled_by: str
    done: str


class Messages(list[Asked]):
    """The newest of them. `older`: how many more there are."""

    older: int = 0


def asked_of(requests: QuerySet[PutRight], *, limit: int = MOST) -> Messages:
    """The newest first: what came in is seen, however much waits. Three queries, one more to count what is left out."""
    rows = requests.select_related("relationship", "text", "participant__person__text", "participant__side__party__text")
    found = list(rows.prefetch_related("steps__text", "steps__member__user").order_by("-at", "-pk")[: limit + 1])
    is_more, found = len(found) > limit, found[:limit]
    events = [row.event_id for row in found if row.event_id]
    versions = EventVersion.objects.current().filter(event__in=events).select_related("text") if events else ()
    about = {version.event_id: getattr(getattr(version, "text", None), "what", "") for version in versions}
    asked = Messages(_asked(row, about.get(row.event_id or 0, "")) for row in found)
    asked.older = requests.count() - limit if is_more else 0
    return asked


def of_prompt(prompt: Prompt) -> Messages:
    """What was written behind this very link: a link opens one question for one person, and no other messages of theirs."""
    return asked_of(PutRight.objects.filter(prompt=prompt, participant_id=prompt.participant_id))


def of_writer(participant: Participant) -> QuerySet[PutRight]:
    """All that this person wrote for its side of this relationship, behind links and on its own page: for its own eyes."""
    return PutRight.objects.filter(participant=participant, relationship_id=participant.side.relationship_id)


def _asked(row: PutRight, about: str) -> Asked:
    steps = {step.step: step for step in row.steps.all()}
    read, settled = steps.get(Step.READ), steps.get(Step.SETTLED)
    party = getattr(row.participant.side.party, "text", None)
    return Asked(
        public_id=row.public_id,
        relationship_id=row.relationship.public_id,
        who=person_name(row.participant),
        party=party.name if party else "",
        words=row.text.words if hasattr(row, "text") else "",
        about=about,
        at=row.at,
        read_at=min((step.at for step in (read, settled) if step), default=None),
        settled_at=settled.at if settled else None,
        settled_by=str(settled.member.user) if settled else "",
        done=settled.text.done if settled and hasattr(settled, "text") else "",
    )
