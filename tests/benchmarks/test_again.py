"""A short measurement that missed is taken again: what else runs on a machine makes it look worse, a real loss stays."""

from dataclasses import dataclass

from exchanges.management.commands.benchmark import better


@dataclass(frozen=True)
class Line:
    name: str
    value: float
    state: str


def test_a_line_that_missed_is_replaced_by_its_next_measurement_and_no_other():
    first = [Line("slope", 0.07, "LOW"), Line("count", 1, "ok")]
    assert better(first, [Line("slope", 0.01, "ok"), Line("count", 9, "LOW")], "LOW") == [Line("slope", 0.01, "ok"), Line("count", 1, "ok")]


def test_a_loss_that_is_there_each_time_stays():
    """Negative control."""
    assert better([Line("slope", 0.07, "LOW")], [Line("slope", 0.08, "LOW")], "LOW") == [Line("slope", 0.08, "LOW")]
