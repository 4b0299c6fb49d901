"""ImportBatch: one file on its way in. ImportRow: a line that could not be taken, and why. ImportKey: a line that was taken, for ever.

A line is known by its exported id, else by source name, fingerprint and its n-th occurrence, whatever the file or its order.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from relationships.models import Member, Workspace
from valueledger.common.append_only import AppendOnly
from valueledger.common.tenancy import scoped


class ImportTable(models.TextChoices):
    EVENTS = "EVENTS", "value events"
    REPORTS = "REPORTS", "reports"
    CHECKS = "CHECKS", "checks"


class ImportState(models.TextChoices):
    UPLOADED = "UPLOADED", "uploaded"
    MAPPED = "MAPPED", "columns chosen"
    QUEUED = "QUEUED", "waiting to run"
    RUNNING = "RUNNING", "running"
    DONE = "DONE", "done"
    FAILED = "FAILED", "failed"
    STOPPED = "STOPPED", "stopped"
    UNDOING = "UNDOING", "being undone"
    UNDONE = "UNDONE", "undone"


RUNNING_STATES = (ImportState.QUEUED, ImportState.RUNNING, ImportState.UNDOING)


class ImportBatch(models.Model):
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    table = models.CharField(max_length=8, choices=ImportTable.choices)
    source = models.CharField(max_length=60)
    file_name = models.CharField(max_length=200, blank=True)
    mapping = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=ImportState.choices, default=ImportState.UPLOADED)
    rows_total = models.IntegerField(null=True, blank=True)
    rows_read = models.IntegerField(default=0)
    rows_added = models.IntegerField(default=0)
    rows_known = models.IntegerField(default=0)
    rows_refused = models.IntegerField(default=0)
    rows_undone = models.IntegerField(default=0)
    rows_kept = models.IntegerField(default=0)  # by an undo: what others had built upon
    changes = models.JSONField(default=dict)  # whose verdict became another: how many, and the first of them
    parts = models.IntegerField(null=True, blank=True)  # rows are sorted into so many parts; whole parts are written, one transaction each
    parts_done = models.IntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = scoped()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(table__in=ImportTable.values), name="import_table_known"),
            models.CheckConstraint(condition=Q(state__in=ImportState.values), name="import_state_known"),
        ]
        indexes = [
            models.Index(fields=["workspace", "created_at"], name="import_by_workspace"),
            models.Index(fields=["state", "created_at"], name="import_waiting"),
        ]


class ImportFile(models.Model):
    """One piece of an uploaded file; pieces keep memory flat and are purged when the import has ended."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False)
    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="pieces", db_index=False)
    number = models.IntegerField()
    content = models.BinaryField()

    objects = scoped()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "number"], name="import_piece_once")]


class ImportRow(models.Model):
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False)
    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="refused", db_index=False)
    number = models.IntegerField()
    field = models.CharField(max_length=60, blank=True)
    reason = models.CharField(max_length=300)
    typed = models.CharField(max_length=200, blank=True)

    objects = scoped()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "number"], name="import_row_once")]


class ImportKey(AppendOnly):
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    source = models.CharField(max_length=60)
    fingerprint = models.BinaryField(max_length=16)
    occurrence = models.IntegerField(default=1)
    batch_id = models.BigIntegerField(null=True, blank=True)  # no foreign key: a batch may be purged, what it brought stays known
    target_kind = models.CharField(max_length=8, choices=ImportTable.choices)
    target_id = models.BigIntegerField()

    objects = scoped()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "source", "fingerprint", "occurrence"], name="import_key_once")]
