"""Erasure: that somebody was erased, kept without who it was: fingerprints that find them again after a restore or in a file."""

from django.db import models

from relationships.models.workspaces import Workspace
from valueledger.common.append_only import AppendOnly
from valueledger.common.tenancy import scoped


class Erasure(AppendOnly):
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False)
    person_public_id = models.UUIDField()
    email_hash = models.BinaryField(max_length=32, null=True, blank=True)
    name_hash = models.BinaryField(max_length=32, null=True, blank=True)
    erased_at = models.DateTimeField()

    objects = scoped()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "person_public_id"], name="erasure_once")]
