"""One line per act that matters: who, what, which row, how it ended. No content."""

from datetime import datetime

from valueledger.common import rows
from valueledger.common.logs import request_id
from valueledger.common.models import AuditEntry


def record(
    *, workspace_id: int | None, now: datetime, actor_kind: str, actor_id: int | None, action: str,
    target_kind: str = "", target_id: object = "", result: str = "done", batch: rows.Batch | None = None,
) -> None:  # fmt: skip
    """Write the line, or put it into a batch that the caller runs in the same transaction."""
    line = {
        "workspace_id": workspace_id, "at": now, "actor_kind": actor_kind, "actor_id": actor_id, "action": action,
        "target_kind": target_kind, "target_id": str(target_id), "result": result, "request_id": request_id.get(),
    }  # fmt: skip
    if batch is None:
        rows.insert(AuditEntry(**line))
    else:
        batch.add(AuditEntry, line)
