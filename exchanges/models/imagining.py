"""KeptWhatIf: a what-if that our side kept, with what was expected then. It is compared with what happened, never changed and never evidence."""

from __future__ import annotations

import uuid

from django.db import models

from relationships.models import Member, Relationship, Workspace
from valueledger.common.append_only import AppendOnly
from valueledger.common.tenancy import scoped


class KeptWhatIf(AppendOnly):
    """Points and chances as they were expected on `as_of` for `until`; None where there was too little to say, or nothing known."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    relationship = models.ForeignKey(Relationship, on_delete=models.PROTECT, related_name="+", db_index=False)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+", db_index=False)
    as_of = models.DateField()
    until = models.DateField()
    query = models.CharField(max_length=500)  # what was chosen on the form: codes and public ids
    own_f = models.FloatField(null=True, blank=True)
    own_lo = models.FloatField(null=True, blank=True)
    own_hi = models.FloatField(null=True, blank=True)
    counterpart_f = models.FloatField(null=True, blank=True)
    counterpart_lo = models.FloatField(null=True, blank=True)
    counterpart_hi = models.FloatField(null=True, blank=True)
    both_fair = models.FloatField(null=True, blank=True)
    at = models.DateTimeField()

    objects = scoped()

    class Meta:
        indexes = [models.Index(fields=["workspace", "relationship", "-at"], name="what_if_by_relationship")]


class KeptWhatIfText(models.Model):
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    what_if = models.OneToOneField(KeptWhatIf, on_delete=models.PROTECT, related_name="text", primary_key=True)
    question = models.CharField(max_length=500, blank=True)

    objects = scoped()
