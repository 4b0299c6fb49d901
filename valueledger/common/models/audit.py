"""AuditEntry: who did what to which row, and how it ended. Never content: no score, text or secret."""

from django.db import models

from valueledger.common.append_only import AppendOnly
from valueledger.common.tenancy import scoped


class AuditEntry(AppendOnly):
    workspace_id = models.BigIntegerField(null=True, blank=True)
    at = models.DateTimeField()
    actor_kind = models.CharField(max_length=12)  # user, person, token, operator, worker
    actor_id = models.BigIntegerField(null=True, blank=True)
    action = models.CharField(max_length=60)
    target_kind = models.CharField(max_length=40, blank=True)
    target_id = models.CharField(max_length=40, blank=True)
    result = models.CharField(max_length=20, default="done")
    request_id = models.CharField(max_length=36, blank=True)

    objects = scoped()

    class Meta:
        indexes = [models.Index(fields=["workspace_id", "id"], name="audit_by_workspace")]
