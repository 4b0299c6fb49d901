"""Which fair band and which rhythm are in force for a relationship, and where each was set."""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

from relationships.models import Participant, Relationship, Rhythm, Workspace

STAKE_3 = 3


@dataclass(frozen=True)
class RhythmInForce:
    """The fair band in points and the longest gap between questions in days (None: the model's own), with where each came from."""

    band: float
    cadence_days: int | None
    band_from: str
    cadence_from: str


class RhythmTable:
    """The defaults of one workspace, read once: workspace, then kind, then intent, then both, then the relationship itself."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        rows = Rhythm.objects.filter(workspace=workspace).values_list("kind", "intent", "band", "cadence_days")
        self.rows = {(kind, intent): (band, cadence) for kind, intent, band, cadence in rows}

    def of(self, *, kind: str, intent: str, band: Decimal | None = None, cadence_days: int | None = None) -> RhythmInForce:
        found_band, band_from = float(self.workspace.band), "workspace"
        found_cadence, cadence_from = self.workspace.cadence_days, "workspace" if self.workspace.cadence_days else "model"
        for key, name in (((kind, ""), "kind"), (("", intent), "intent"), ((kind, intent), "kind and intent")):
            row_band, row_cadence = self.rows.get(key, (None, None)) if key != ("", "") else (None, None)
            if row_band is not None:
                found_band, band_from = float(row_band), name
            if row_cadence is not None:
                found_cadence, cadence_from = row_cadence, name
        if band is not None:
            found_band, band_from = float(band), "relationship"
        if cadence_days is not None:
            found_cadence, cadence_from = cadence_days, "relationship"
        return RhythmInForce(found_band, found_cadence, band_from, cadence_from)


def set_by_hand(workspace_id: int, among: Collection[int] | None = None) -> set[int]:
    """Relationships on which much hangs, or in which somebody has a rhythm of their own: they may be asked about before the model says so."""
    staked = Relationship.objects.filter(workspace_id=workspace_id, stake=STAKE_3)
    own_rhythm = Participant.objects.filter(workspace_id=workspace_id, cadence_days__isnull=False)
    if among is not None:
        staked, own_rhythm = staked.filter(pk__in=among), own_rhythm.filter(side__relationship__in=among)
    return set(staked.values_list("pk", flat=True)) | set(own_rhythm.values_list("side__relationship", flat=True))


def agreed_intent(own: str, counterpart: str) -> str:
    """The intent that both sides state; one that only one side has stated stands until the other speaks."""
    if own and counterpart:
        return own if own == counterpart else ""
    return own or counterpart
