"""Rows that belong to neither app: tokens, audit, idempotency, rate limits, heartbeats and the outbox.

They name workspaces, people and subjects by row id only, since this package knows no other.
"""

from valueledger.common.models.audit import AuditEntry
from valueledger.common.models.operations import Heartbeat, IdempotencyKey, RateBucket
from valueledger.common.models.outbox import Outbox, OutboxBody
from valueledger.common.models.tokens import PortalSession, Token

__all__ = ["AuditEntry", "Heartbeat", "IdempotencyKey", "Outbox", "OutboxBody", "PortalSession", "RateBucket", "Token"]
