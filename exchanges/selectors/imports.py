"""What pages and the command show of imports."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet

from exchanges.models import ImportBatch, ImportRow
from relationships.models import Member


def refused_rows(batch: ImportBatch) -> QuerySet[ImportRow]:
    return ImportRow.objects.filter(workspace=batch.workspace_id, batch=batch).order_by("number")


def recent_batches(member: Member, *, count: int = 10) -> Sequence[ImportBatch]:
    """The member's own imports, the newest first."""
    return list(ImportBatch.objects.filter(workspace=member.workspace_id, member=member).order_by("-created_at", "-id")[:count])
