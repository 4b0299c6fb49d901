import pytest

from exchanges.balance import NO_VALUE, EvidenceColumns, Kind, OutOfOrder, UnsoundEvidence, ensure_sound, fold
from tests.balance.histories import DAY, check, columns, confirm, gave, got, shock

SOUND = [check(0, 0, 3), check(0, 0, -3, relayed=True), got(0, 1, -2), got(0, 1, None, relayed=True), gave(0, 2, 0), confirm(1, 3, -0.5), shock(1, 4)]


def test_sound_evidence_passes():
    ensure_sound(columns(SOUND))
    ensure_sound(columns([]))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (check(0, 0, 3.000001), "between -3 and 3"),
        (check(0, 0, -4), "between -3 and 3"),
        ((0, DAY, Kind.CHECK, NO_VALUE, False), "between -3 and 3"),
        ((0, DAY, Kind.CONFIRM, NO_VALUE, False), "no value"),
        ((0, DAY, Kind.CONFIRM, 0, True), "relayed"),
        ((0, DAY, Kind.SHOCK, 0, True), "relayed"),
        (gave(0, 0, -1), "below 0"),
        ((0, -1, Kind.CHECK, 0, False), "1970"),
        ((0, 2**20, Kind.CHECK, 0, False), "1970"),
        ((0, DAY, 5, 0, False), "kind"),
        ((0, DAY, -1, 0, False), "kind"),
        ((-1, DAY, Kind.CHECK, 0, False), "series"),
    ],
)
def test_unsound_evidence_is_refused_by_row_and_reason(row, reason):
    with pytest.raises(UnsoundEvidence, match=reason) as refusal:
        ensure_sound(columns([*SOUND, row]))
    assert refusal.value.row == len(SOUND)


def test_canonical_order_is_series_day_kind_relayed_value():
    rows = [
        (0, DAY, Kind.SHOCK, 0, False),
        (0, DAY, Kind.GOT, 1, False),
        (0, DAY, Kind.GOT, 2, False),
        (0, DAY, Kind.GOT, 0, True),
        (0, DAY, Kind.CHECK, -5, False),
        (0, DAY + 1, Kind.SHOCK, 0, False),
        (3, DAY, Kind.GAVE, NO_VALUE, False),
    ]
    ordered = columns(rows[::-1]).sorted()
    assert (
        list(zip(*(column.tolist() for column in (ordered.series, ordered.day, ordered.kind, ordered.value, ordered.relayed)), strict=True)) == rows
    )
    assert ordered.sorted() is ordered


def test_cutting_at_a_day_keeps_that_day():
    assert columns(SOUND).until(DAY + 1).day.max() == DAY + 1
    assert len(EvidenceColumns.from_rows([])) == 0


def test_evidence_of_a_day_already_covered_is_refused():
    state = fold(columns([check(0, 10, 1)]), 1).after
    for day in (9, 10):
        with pytest.raises(OutOfOrder):
            fold(columns([check(0, day, 1)]), 1, initial=state)
    assert fold(columns([check(0, 11, 1)]), 1, initial=state).open_day.tolist() == [DAY + 11]


def test_evidence_of_an_uncounted_series_is_refused():
    with pytest.raises(ValueError, match="series"):
        fold(columns([check(2, 0, 1)]), 2)
