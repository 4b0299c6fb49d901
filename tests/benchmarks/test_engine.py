import numpy as np
import pytest

from benchmarks.engine import ensure_same, plain_rows, reports
from benchmarks.plain import Side


@pytest.mark.parametrize("lengths", ["equal", "power", "whale"])
def test_made_reports_are_as_many_as_said_and_in_order(lengths):
    evidence = reports(2_000, 100, lengths)
    assert len(evidence) == 2_000
    assert evidence.sorted() is evidence
    counts = np.bincount(evidence.series // 2, minlength=100)
    assert {"equal": counts.max() == 20, "power": counts.max() > 60, "whale": counts[0] > 400}[lengths]


def test_the_engine_is_checked_before_it_is_timed(monkeypatch):
    evidence = reports(500, 10, "equal")
    rows = plain_rows(evidence, range(20))
    ensure_same(evidence, rows)
    monkeypatch.setattr(Side, "felt", lambda side: 0.123)
    with pytest.raises(AssertionError, match="differ"):
        ensure_same(evidence, rows)
