"""Keeping a what-if, to hold what was expected beside what happens. It never becomes evidence."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction

from exchanges.models import KeptWhatIf, KeptWhatIfText
from exchanges.selectors.imagining import Foreseen
from relationships.models import Member, Relationship
from valueledger.common import audit


def keep_what_if(
    *, relationship: Relationship, member: Member, question: str, query: str, as_of: date, until: date, own: Foreseen | None,
    counterpart: Foreseen | None, both_fair: float | None, now: datetime,
) -> KeptWhatIf:  # fmt: skip
    """Store what is expected of both sides for `until`. The caller has found the relationship through the access layer."""
    with transaction.atomic():
        kept = KeptWhatIf.objects.create(
            workspace_id=relationship.workspace_id, relationship=relationship, member=member, as_of=as_of, until=until, query=query,
            both_fair=both_fair, at=now, **_columns("own", own), **_columns("counterpart", counterpart),
        )  # fmt: skip
        KeptWhatIfText.objects.create(workspace_id=relationship.workspace_id, what_if=kept, question=question)
        audit.record(
            workspace_id=relationship.workspace_id, now=now, actor_kind="member", actor_id=member.pk, action="what_if.kept",
            target_kind="relationship", target_id=relationship.public_id,
        )  # fmt: skip
    return kept


def _columns(name: str, then: Foreseen | None) -> dict[str, float | None]:
    return {f"{name}_{part}": None if then is None else getattr(then, part) for part in ("f", "lo", "hi")}
