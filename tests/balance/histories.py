"""Random histories for the property tests, and the few words the tests of the core share."""

import numpy as np
from hypothesis import strategies as st

from exchanges.balance import MICRO, NANO, NO_VALUE, EvidenceColumns, Kind, fold, outlook_of_one, sides

DAY = 18_000
Row = tuple[int, int, int, int, bool]

sizes = st.one_of(st.just(NO_VALUE), st.sampled_from([0, 1, 2, 4, 8]).map(lambda v: v * MICRO), st.integers(0, 10**12))
gots = st.one_of(sizes, st.integers(-50 * MICRO, -1))
checks = st.one_of(st.integers(-3, 3).map(lambda y: y * MICRO), st.integers(-3 * MICRO, 3 * MICRO))
confirms = st.integers(-2 * NANO, 2 * NANO)
statements = st.one_of(
    st.tuples(st.just(Kind.SHOCK), st.just(0), st.just(False)),
    st.tuples(st.just(Kind.GOT), gots, st.booleans()),
    st.tuples(st.just(Kind.GAVE), sizes, st.booleans()),
    st.tuples(st.just(Kind.CONFIRM), confirms, st.just(False)),
    st.tuples(st.just(Kind.CHECK), checks, st.booleans()),
)


@st.composite
def histories(draw, series=2, most=30, span=900, kinds=statements):
    """Rows of evidence of a few series; days repeat often enough for days with several pieces."""
    rows = draw(st.lists(st.tuples(st.integers(0, series - 1), st.integers(0, span), kinds), max_size=most))
    return [(which, DAY + day, int(kind), value, relayed) for which, day, (kind, value, relayed) in rows]


def columns(rows) -> EvidenceColumns:
    return EvidenceColumns.from_rows(rows)


def folded(rows, count=2, **kwargs):
    return fold(columns(rows), count, **kwargs)


def look(rows, as_of, **kwargs):
    """The outlook of one relationship, series 0 and 1, from rows."""
    own, counterpart = sides(folded(rows).after)
    return outlook_of_one(own.of_one(), counterpart.of_one(), as_of, **kwargs)


def check(side, day, points, relayed=False) -> Row:
    return side, DAY + day, Kind.CHECK, round(points * MICRO), relayed


def got(side, day, points, relayed=False) -> Row:
    return side, DAY + day, Kind.GOT, NO_VALUE if points is None else round(points * MICRO), relayed


def gave(side, day, points, relayed=False) -> Row:
    return side, DAY + day, Kind.GAVE, NO_VALUE if points is None else round(points * MICRO), relayed


def confirm(side, day, nats) -> Row:
    return side, DAY + day, Kind.CONFIRM, round(nats * NANO), False


def shock(side, day) -> Row:
    return side, DAY + day, Kind.SHOCK, 0, False


def random_rows(seed, count, series, span=1500):
    """A long history from one number, where hypothesis would be too slow."""
    draw = np.random.default_rng(seed)
    kind = draw.choice(5, count, p=[0.02, 0.4, 0.4, 0.05, 0.13])
    value = np.select(
        [kind == Kind.CHECK, kind == Kind.CONFIRM, kind == Kind.SHOCK],
        [draw.integers(-3, 4, count) * MICRO, draw.integers(-NANO, NANO, count), 0],
        np.round(draw.lognormal(0, 1.2, count) * MICRO).astype(np.int64),
    )
    flow = (kind == Kind.GOT) | (kind == Kind.GAVE)
    value = np.where(flow & (draw.random(count) < 0.1), NO_VALUE, value)
    value = np.where((kind == Kind.GOT) & (value > 0) & (draw.random(count) < 0.1), -value, value)
    relayed = (draw.random(count) < 0.2) & (flow | (kind == Kind.CHECK))
    where = np.minimum(draw.geometric(0.08, count) - 1, series - 1) if series > 2 else draw.integers(0, series, count)
    return EvidenceColumns.of(where, DAY + draw.integers(0, span, count), kind, value, relayed)
