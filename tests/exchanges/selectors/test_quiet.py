"""The first moment at which somebody may be written to, against a walk through every minute."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings
from hypothesis import strategies as st

from exchanges.selectors.quiet import Quiet, first_instant, next_allowed

ZONES = [
    "UTC", "Europe/London", "Europe/Berlin", "America/New_York", "America/Havana", "Australia/Lord_Howe", "Pacific/Auckland", "Asia/Kathmandu",
    "Asia/Beirut", "Africa/Casablanca", "America/Sao_Paulo", "Pacific/Apia",
]  # fmt: skip
MINUTE = timedelta(minutes=1)
CHANGES = [datetime(2027, 3, 28, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC), datetime(2026, 3, 8, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC),
           datetime(2026, 4, 4, tzinfo=UTC), datetime(2026, 10, 3, tzinfo=UTC), datetime(2011, 12, 29, tzinfo=UTC), datetime(2018, 11, 3, tzinfo=UTC)]  # fmt: skip

clocks = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 45, 59]))
minutes = st.builds(lambda start, minute: start + minute * MINUTE, st.sampled_from(CHANGES), st.integers(0, 3 * 24 * 60))
quiets = st.builds(
    Quiet, zone=st.sampled_from(ZONES).map(ZoneInfo), begins=clocks, ends=clocks, weekdays=st.frozensets(st.integers(1, 7), max_size=5),
)  # fmt: skip


def walked(quiet, at, days=9):
    """Every minute, one by one."""
    for number in range(days * 24 * 60):
        moment = at + number * MINUTE
        if not quiet.why_not(moment):
            return moment
    return None


@settings(max_examples=150, deadline=None)
@given(quiet=quiets, at=minutes)
@example(quiet=Quiet(ZoneInfo("Europe/Berlin"), time(18), time(2, 30)), at=datetime(2027, 3, 27, 20, tzinfo=UTC))
@example(quiet=Quiet(ZoneInfo("Europe/Berlin"), time(2, 30), time(8)), at=datetime(2026, 10, 25, 0, 40, tzinfo=UTC))
def test_it_is_what_a_walk_through_every_minute_finds(quiet, at):
    assert next_allowed(quiet, at) == walked(quiet, at)


@settings(max_examples=100, deadline=None)
@given(quiet=quiets, at=minutes, later=st.integers(0, 5000))
def test_a_later_start_never_comes_out_earlier_and_it_stays_where_it_is(quiet, at, later):
    first, second = next_allowed(quiet, at), next_allowed(quiet, at + later * MINUTE)
    assert first is not None
    assert at <= first <= second
    assert next_allowed(quiet, first) == first
    local = first.astimezone(quiet.zone)
    assert local.astimezone(UTC).astimezone(quiet.zone) == local  # a local time that exists


def test_a_local_time_that_does_not_exist_is_the_first_that_does():
    assert first_instant(ZoneInfo("Europe/Berlin"), date(2027, 3, 28), time(2, 30)) == datetime(2027, 3, 28, 1, 0, tzinfo=UTC)  # 03:00


def test_a_local_time_that_exists_twice_is_the_first():
    assert first_instant(ZoneInfo("Europe/Berlin"), date(2026, 10, 25), time(2, 30)) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_weekends_holidays_and_being_away_are_left_out_and_the_wall_time_is_kept():
    quiet = Quiet(
        ZoneInfo("Europe/Berlin"),
        time(18),
        time(8),
        frozenset({6, 7}),
        frozenset({date(2027, 3, 29)}),
        away_from=date(2027, 3, 30),
        away_until=date(2027, 4, 1),
    )
    friday_evening = datetime(2027, 3, 26, 18, 30, tzinfo=UTC)
    assert next_allowed(quiet, friday_evening) == datetime(2027, 4, 2, 6, 0, tzinfo=UTC)  # eight in summer time
    assert [quiet.why_not_on(date(2027, 3, 26) + number * timedelta(days=1)) for number in range(5)] == [
        "",
        "a quiet day",
        "a quiet day",
        "a holiday",
        "away",
    ]


def test_who_is_never_to_be_asked_is_never_asked():
    assert next_allowed(Quiet(ZoneInfo("UTC"), weekdays=frozenset(range(1, 8))), datetime(2026, 6, 1, tzinfo=UTC)) is None
