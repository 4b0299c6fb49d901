"""Band and rhythm are inherited: workspace, kind, form, both together, the relationship itself. Each wins over what stands before it."""

from decimal import Decimal

import pytest

from relationships.models import Intent, Kind, Rhythm
from relationships.selectors.rhythm import RhythmTable

CLIENT_SEASONAL = {"kind": Kind.CLIENT, "intent": Intent.SEASONAL}


@pytest.mark.parametrize(
    ("rows", "band", "days", "source"),
    [
        ([], 0.75, None, "workspace"),
        ([(Kind.CLIENT, "", "0.50", 60)], 0.5, 60, "kind"),
        ([(Kind.CLIENT, "", "0.50", 60), ("", Intent.SEASONAL, "1.00", 120)], 1.0, 120, "intent"),
        (
            [(Kind.CLIENT, "", "0.50", 60), ("", Intent.SEASONAL, "1.00", 120), (Kind.CLIENT, Intent.SEASONAL, "1.25", 200)],
            1.25,
            200,
            "kind and intent",
        ),
        ([(Kind.EMPLOYEE, "", "0.50", 60), ("", Intent.BRIEF, "1.00", 120)], 0.75, None, "workspace"),
    ],
)
def test_each_level_wins_over_the_one_before(cast, rows, band, days, source):
    for kind, intent, its_band, its_days in rows:
        Rhythm.objects.create(workspace=cast.workspace, kind=kind, intent=intent, band=Decimal(its_band), cadence_days=its_days)
    found = RhythmTable(cast.workspace).of(**CLIENT_SEASONAL)
    assert (found.band, found.cadence_days, found.band_from) == (band, days, source)
    own = RhythmTable(cast.workspace).of(**CLIENT_SEASONAL, band=Decimal("0.30"), cadence_days=45)
    assert (own.band, own.cadence_days, own.cadence_from) == (0.3, 45, "relationship")


def test_what_is_left_empty_is_inherited_by_itself(cast):
    Rhythm.objects.create(workspace=cast.workspace, kind=Kind.CLIENT, intent="", band=Decimal("0.50"), cadence_days=60)
    Rhythm.objects.create(workspace=cast.workspace, kind="", intent=Intent.SEASONAL, band=None, cadence_days=120)
    found = RhythmTable(cast.workspace).of(**CLIENT_SEASONAL)
    assert (found.band_from, found.cadence_from) == ("kind", "intent")
