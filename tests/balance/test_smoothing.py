"""The filter and the smoother on the Nile's hundred years, and against one big matrix that knows nothing of recursion."""

import math

import numpy as np
import pytest

from exchanges.balance import DEFAULTS, MICRO, EvidenceColumns, Kind, Parameters, States, fold
from exchanges.balance.smoothing import drift, smooth
from tests.balance.histories import DAY, check, columns, gave, random_rows

NILE = """
1120 1160 963 1210 1160 1160 813 1230 1370 1140 995 935 1110 994 1020 960 1180 799 958 1140 1100 1210 1150 1250 1260 1220 1030 1100 774 840
874 694 940 833 701 916 692 1020 1050 969 831 726 456 824 702 1120 1100 832 764 821 768 845 864 862 698 845 744 796 1040 759 781 865 845 944
984 897 822 1010 771 676 649 846 812 742 801 1040 860 874 848 890 744 749 838 1050 918 986 797 923 975 815 1020 906 901 1170 912 746 919 718
714 740
"""
FLOWS = [int(volume) for volume in NILE.split()]
LONG = 1e12
NOISE, DRIFT = 15099.0, 1469.1
RIVER = Parameters(
    kappa=1.0,
    check_variance=NOISE,
    surprise_sd=math.inf,
    days_slow=LONG,
    variance_usual=DRIFT * LONG / 2,
    variance_deviation=0.0,
    variance_bias=0.0,
)
"""A local level: so long a memory that the usual level walks at random, one tick a year, no deviation, no bias, no bound on surprise."""


def river(years):
    return EvidenceColumns.from_rows([(0, year, Kind.CHECK, FLOWS[year - 1871] * MICRO, False) for year in years])


def spring():
    columns = States.prior(1, RIVER).columns.copy()
    columns[3] = 1e7
    return States(columns)


@pytest.fixture(scope="module")
def nile():
    return smooth(river(range(1871, 1971)), range(1871, 1971), RIVER, spring())


def test_the_series_is_the_published_one():
    assert (len(FLOWS), sum(FLOWS)) == (100, 91935)


def test_nile_filtered(nile):
    assert nile.known[[0, 1, 2, -1]] == pytest.approx([1118.3115, 1140.1084, 1072.3160, 798.3703], abs=5e-5)
    assert nile.known_variance[-1] == pytest.approx(4032.1579, abs=5e-5)
    predicted = nile.known_variance[-1] + DRIFT
    assert predicted == pytest.approx(5501.2579, abs=5e-5)
    assert predicted == pytest.approx((DRIFT + math.sqrt(DRIFT**2 + 4 * DRIFT * NOISE)) / 2)
    assert predicted / (predicted + NOISE) == pytest.approx(0.267048, abs=5e-7)


def test_nile_smoothed(nile):
    assert nile.smoothed[[0, 1898 - 1871]] == pytest.approx([1111.2203, 999.5851], abs=5e-5)
    assert nile.smoothed_variance[0] == pytest.approx(4030.5328, abs=5e-5)


def test_nile_likelihood(nile):
    means = np.append(0.0, nile.known[:-1])
    spreads = np.append(1e7, nile.known_variance[:-1] + DRIFT) + NOISE
    terms = -0.5 * (np.log(2 * np.pi * spreads) + (np.array(FLOWS) - means) ** 2 / spreads)
    assert terms[1:].sum() == pytest.approx(-632.5442, abs=5e-5)
    assert terms.sum() == pytest.approx(-641.5856, abs=5e-5)


def test_nile_with_silent_years():
    heard = [year for year in range(1871, 1971) if not (1891 <= year <= 1910 or 1931 <= year <= 1950)]
    line = smooth(river(heard), range(1871, 1971), RIVER, spring())
    at = {year: line.known_variance[year - 1871] for year in (1890, 1891, 1910)}
    assert at[1910] == pytest.approx(33414.196, abs=5e-4)
    assert at[1891] - at[1890] == pytest.approx(DRIFT, abs=1e-4)
    without_rows = fold(river(heard), 1, RIVER, spring()).after
    assert (without_rows.felt[0], without_rows.variance[0]) == (line.known[-1], line.known_variance[-1])


CALM = Parameters(surprise_sd=math.inf)


def dense(rows, days):
    """Means and covariances at `days`, given answers, by conditioning one multivariate normal over all days at once."""
    times = np.array(days, float)
    lags = np.abs(times[:, None] - times[None, :])
    parts = [(CALM.variance_usual, CALM.days_slow), (CALM.variance_deviation, CALM.days_deviation), (CALM.variance_bias, CALM.days_slow)]
    prior = np.zeros((3 * len(days), 3 * len(days)))
    for part, (variance, memory) in enumerate(parts):
        prior[part::3, part::3] = variance * np.exp(-lags / memory)
    sees = np.zeros((len(rows), 3 * len(days)))
    for place, (_, day, _, _, _) in enumerate(rows):
        sees[place, 3 * days.index(day) : 3 * days.index(day) + 2] = 1
    noise = np.diag([CALM.check_variance / (0.5 if row[4] else 1) for row in rows])
    gain = prior @ sees.T @ np.linalg.inv(sees @ prior @ sees.T + noise)
    mean = gain @ np.array([CALM.kappa * row[3] / MICRO for row in rows])
    covariance = prior - gain @ sees @ prior
    return mean.reshape(-1, 3), covariance


def answers_at_irregular_days():
    draw = np.random.default_rng(4)
    days = np.sort(draw.choice(1500, 40, replace=False))
    return [check(0, int(day), int(draw.integers(-3, 4)), bool(draw.random() < 0.3)) for day in days]


def test_smoothed_agrees_with_one_big_matrix():
    rows = answers_at_irregular_days()
    days = sorted({row[1] for row in rows} | {DAY + day for day in range(0, 1500, 70)})
    line = smooth(columns(rows), days, CALM)
    mean, covariance = dense(rows, days)
    assert line.smoothed_mean == pytest.approx(mean, abs=1e-12)
    for place in range(len(days)):
        block = covariance[3 * place : 3 * place + 3, 3 * place : 3 * place + 3]
        assert line.smoothed_covariance[place] == pytest.approx(block, abs=1e-12)


def test_filtered_agrees_with_one_big_matrix_of_the_answers_so_far():
    rows = answers_at_irregular_days()
    line = smooth(columns(rows), [row[1] for row in rows], CALM)
    for place in (0, 7, 20, 39):
        days = [row[1] for row in rows[: place + 1]]
        mean, covariance = dense(rows[: place + 1], days)
        assert line.known_mean[place] == pytest.approx(mean[-1], abs=1e-12)
        assert line.known_covariance[place] == pytest.approx(covariance[-3:, -3:], abs=1e-12)


def test_the_line_ends_where_the_filter_stands_and_never_knows_less_than_it():
    evidence = random_rows(5, 120, 1, span=700)
    line = smooth(evidence, range(DAY, DAY + 700, 9), DEFAULTS)
    final = smooth(evidence, [DAY + 720])
    after = fold(evidence, 1).after
    assert final.smoothed[0] == final.known[0]
    assert smooth(evidence, [int(after.last_day[0])]).known[0] == pytest.approx(after.felt[0], abs=1e-15)
    assert (line.smoothed_variance <= line.known_variance + 1e-15).all()
    assert (line.smoothed_variance < line.known_variance * 0.99).any()


def test_a_line_without_evidence_is_the_prior():
    line = smooth(columns([]), [DAY, DAY + 100])
    assert line.known.tolist() == line.smoothed.tolist() == [0, 0]
    assert line.smoothed_variance == pytest.approx([DEFAULTS.variance_felt] * 2)


def test_drift_is_now_less_what_we_now_think_of_then():
    own = columns([check(0, 0, 0), check(0, 100, -2), check(0, 200, -2)])
    other = columns([check(0, 0, 0), gave(0, 50, 3), check(0, 200, 0)])
    result = drift(own, other, DAY + 200)
    then = [smooth(side, [DAY + 110, DAY + 200]) for side in (own, other)]
    assert result.change == pytest.approx((then[0].known[1] - then[1].known[1]) / 2 - (then[0].smoothed[0] - then[1].smoothed[0]) / 2)
    assert result.change < 0 < result.error
    later = columns([check(0, 0, 0), check(0, 100, -2), check(0, 200, -2), check(0, 300, 3)])
    assert drift(later, other, DAY + 200) == result
