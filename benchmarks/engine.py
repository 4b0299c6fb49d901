"""Bars E1 to E5: the balance core against a plain loop, statsmodels, the reading of its own input, and itself."""

import io
import math
import statistics
import struct
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from benchmarks.harness import AT_LEAST, AT_MOST, NOISY, SPREAD_MAX, Line, Work, absent, compare, judged, postgres, timed
from benchmarks.plain import Side
from exchanges.balance import MICRO, NANO, EvidenceColumns, Kind, Parameters, States, fold, outlook, sides
from exchanges.balance.smoothing import moments

FIRST_DAY, DAYS = 17_000, 2_000
PER_RELATIONSHIP = 10
SAME = 1e-9
ROW = np.dtype(
    [
        ("fields", ">i2"),
        *[(f"{name}_{part}", kind) for name, size in (("series", ">i8"), ("day", ">i4"), ("kind", ">i2"), ("relayed", "i1"), ("value", ">i8"))
          for part, kind in (("length", ">i4"), ("is", size))],
    ]
)  # fmt: skip
"""One row of COPY BINARY: the number of fields, then length and value of each."""
HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = struct.pack(">h", -1)


def run(quick: bool = False) -> list[Line]:
    """All five. Quick: smaller where the size does not decide the ratio, about half a minute."""
    return [line for bar in (e1, e2, e3, e4, e5) for line in bar(quick)]


def steady() -> list[Line]:
    """What does not depend on the machine, at the sizes of a short run."""
    return list(e4(quick=True))


def reports(count: int, relationships: int, lengths: str, seed: int = 1) -> EvidenceColumns:
    """
    Made evidence in replay order: nine events to one answer, some relayed, over five and a half years.

    `lengths`: "equal", "power" (the k-th busiest has k^-0.7 of the busiest, which has about a hundredth of all), "whale" (one relationship has a fifth of all).
    """
    draw = np.random.default_rng(seed)
    if lengths == "equal":
        relationship = np.arange(count) % relationships
    elif lengths == "whale":
        relationship = np.where(np.arange(count) < count // 5, 0, np.arange(count) % relationships)
    else:
        share = np.arange(1.0, relationships + 1) ** -0.7
        relationship = draw.permutation(relationships)[draw.choice(relationships, count, p=share / share.sum())]
    kind = draw.choice([Kind.GOT, Kind.GAVE, Kind.CHECK, Kind.CONFIRM], count, p=[0.45, 0.45, 0.08, 0.02])
    points = draw.choice([0, 1, 2, 4, 8], count, p=[0.05, 0.25, 0.4, 0.2, 0.1]) * MICRO
    value = np.select([kind == Kind.CHECK, kind == Kind.CONFIRM], [draw.integers(-3, 4, count) * MICRO, draw.integers(-NANO, NANO, count)], points)
    relayed = (draw.random(count) < 0.1) & (kind != Kind.CONFIRM)
    series = 2 * relationship + draw.integers(0, 2, count)
    return EvidenceColumns.of(series, FIRST_DAY + draw.integers(0, DAYS, count), kind, value, relayed).sorted()


def plain_rows(evidence: EvidenceColumns, series: range) -> list[list[tuple[int, int, int, bool]]]:
    """What the plain loop takes, series by series."""
    rows: list[list[tuple[int, int, int, bool]]] = [[] for _ in series]
    few = evidence.take(evidence.series < len(series))
    for place, *row in zip(*(column.tolist() for column in (few.series, few.day, few.kind, few.value, few.relayed)), strict=True):
        rows[place].append(tuple(row))
    return rows


def ensure_same(evidence: EvidenceColumns, rows: list[list[tuple[int, int, int, bool]]]) -> None:
    """The results are checked before they are timed."""
    states = fold(evidence.take(evidence.series < len(rows)), len(rows)).after
    for series, mine in enumerate(rows):
        side = Side().feed(mine)
        if abs(states.felt[series] - side.felt()) > SAME or abs(states.variance[series] - side.variance()) > SAME:
            raise AssertionError(f"The engine and the plain loop differ in series {series}.")


def e1(quick: bool = False) -> Iterator[Line]:
    count = 1_000_000
    relationships = count // PER_RELATIONSHIP
    evidence = reports(count, relationships, "power")
    rows = plain_rows(evidence, range(400 if quick else 2_000))
    ensure_same(evidence, rows)
    few = sum(map(len, rows))
    yield compare(
        "E1",
        f"full replay of {count:,} reports of {relationships:,} relationships",
        Work(lambda: fold(evidence, 2 * relationships), count),
        f"plain Python loop ({few:,} of them)",
        Work(lambda: [Side().feed(mine) for mine in rows], few),
        AT_LEAST,
        20,
        unit="us a report",
        scale=1e6,
    )
    yield against_statsmodels(20 if quick else 60)


def against_statsmodels(count: int) -> Line:
    """Answers only and nobody surprising, since statsmodels' filter is linear."""
    name = f"answers of {count} sides"
    try:
        from statsmodels.tsa.statespace.kalman_filter import KalmanFilter
    except ImportError:
        return absent("E1b", name, "statsmodels is not installed here")
    calm = Parameters(surprise_sd=math.inf)
    draw = np.random.default_rng(2)
    days = [np.sort(draw.choice(DAYS, 40, replace=False)) for _ in range(count)]
    answers = [draw.integers(-3, 4, 40) for _ in range(count)]
    evidence = EvidenceColumns.of(
        np.repeat(np.arange(count), 40),
        FIRST_DAY + np.concatenate(days),
        np.full(40 * count, Kind.CHECK),
        np.concatenate(answers) * MICRO,
        np.zeros(40 * count),
    )
    memory = np.array([calm.days_slow, calm.days_deviation, calm.days_slow])
    prior = np.diag([calm.variance_usual, calm.variance_deviation, calm.variance_bias])

    def theirs() -> list[Any]:
        results = []
        for mine, said in zip(days, answers, strict=True):
            kept = np.exp(-np.diff(mine, append=mine[-1])[:, None] / memory)
            model = KalmanFilter(k_endog=1, k_states=3)
            model.bind((calm.kappa * said).astype(float)[:, None])
            model["design"] = np.array([[1.0, 1.0, 0.0]])
            model["obs_cov"] = np.array([[calm.check_variance]])
            model["selection"] = np.eye(3)
            model["transition"] = np.stack([np.diag(row) for row in kept], axis=2)
            model["state_cov"] = np.stack([np.diag(np.diag(prior) * (1 - row**2)) for row in kept], axis=2)
            model.initialize_known(np.zeros(3), prior)
            results.append(model.filter())
        return results

    state = fold(evidence, count, calm).after
    for series, result in enumerate(theirs()):
        mean, covariance = moments(state.of_one(series))
        np.testing.assert_allclose(result.filtered_state[:, -1], mean, atol=1e-12)
        np.testing.assert_allclose(result.filtered_state_cov[:, :, -1], covariance, atol=1e-12)
    many = EvidenceColumns.of(
        (evidence.series[None, :] + count * np.arange(200)[:, None]).ravel(),
        np.tile(evidence.day, 200),
        np.tile(evidence.kind, 200),
        np.tile(evidence.value, 200),
        np.tile(evidence.relayed, 200),
    )
    return compare(
        "E1b", name, Work(lambda: fold(many, 200 * count, calm), len(many)), "statsmodels", Work(theirs, 40 * count), AT_LEAST, 100, unit="us a report", scale=1e6
    )  # fmt: skip


def e2(quick: bool = False) -> Iterator[Line]:
    count = 500_000 if quick else 5_000_000
    name = f"full replay of {count:,} reports"
    relationships = count // 50
    evidence = reports(count, relationships, "power")
    with postgres() as connection:
        if connection is None:
            yield absent("E2", name, "PostgreSQL is not here")
            return
        store(connection, evidence)
        read = read_all(connection)
        if not np.array_equal(read.keys(), evidence.keys()) or not np.array_equal(read.value, evidence.value):
            raise AssertionError("What was read is not what was stored.")
        yield compare(
            "E2",
            name,
            Work(lambda: fold(evidence, 2 * relationships)),
            "reading them by COPY BINARY",
            Work(lambda: read_all(connection)),
            AT_MOST,
            3,
            servers=[connection.info.backend_pid],
        )


def store(connection: Any, evidence: EvidenceColumns) -> None:
    rows = np.zeros(len(evidence), ROW)
    rows["fields"] = 5
    for name, column in (
        ("series", evidence.series),
        ("day", evidence.day),
        ("kind", evidence.kind),
        ("relayed", evidence.relayed),
        ("value", evidence.value),
    ):
        rows[f"{name}_is"] = column
        rows[f"{name}_length"] = ROW[f"{name}_is"].itemsize
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE made_evidence (series bigint, day integer, kind smallint, relayed boolean, value bigint)")
        cursor.copy_expert("COPY made_evidence FROM STDIN (FORMAT binary)", io.BytesIO(HEADER + rows.tobytes() + TRAILER))
    connection.commit()


def read_all(connection: Any) -> EvidenceColumns:
    """All rows as columns, the quickest way there is: COPY BINARY into one buffer, looked at through NumPy."""
    buffer = io.BytesIO()
    with connection.cursor() as cursor:
        cursor.copy_expert("COPY made_evidence TO STDOUT (FORMAT binary)", buffer)
    raw = buffer.getbuffer()
    rows = np.frombuffer(raw, ROW, offset=len(HEADER), count=(len(raw) - len(HEADER) - len(TRAILER)) // ROW.itemsize)
    return EvidenceColumns.of(rows["series_is"], rows["day_is"], rows["kind_is"], rows["value_is"], rows["relayed_is"])


def e3(quick: bool = False) -> Iterator[Line]:
    """A side has at most one tick a day, so the busiest sides' days, which go abreast with few, cost the same whatever the ledger's size."""
    count = 1_000_000 if quick else 5_000_000
    relationships = count // 50
    equal = reports(count, relationships, "equal")
    power, whale = ("E3", "power", "power-law lengths", 1.5), ("E3b", "whale", "one relationship with a fifth of all", 4.0)
    for code, lengths, name, bar in (whale,) if quick else (power, whale):
        other = reports(count, relationships, lengths)
        yield compare(
            code,
            f"{name}, {count:,} reports",
            Work(_folding(other, relationships)),
            "equal lengths",
            Work(_folding(equal, relationships)),
            AT_MOST,
            bar,
        )


def _folding(evidence: EvidenceColumns, relationships: int) -> Callable[[], Any]:
    return lambda: fold(evidence, 2 * relationships)


def e4(quick: bool = False) -> Iterator[Line]:
    """The slope of log cost on log size, least squares over four sizes, each the better of two turns; the median over rounds."""
    sizes = [count * (1 if quick else 5) for count in (50_000, 100_000, 200_000, 400_000)]
    works = [Work(_folding(reports(count, count // 50, "equal"), count // 50)) for count in sizes]
    for work in works:
        timed(work)
    slopes = [float(np.polyfit(np.log(sizes), np.log([min(timed(work), timed(work)) for work in works]), 1)[0]) for _ in range(7)]
    slope, unsteady = statistics.median(slopes), max(slopes) - min(slopes) > SPREAD_MAX
    state = NOISY if unsteady else judged(slope, AT_MOST, 1.05)
    yield Line("E4", f"slope of cost, {sizes[0]:,} to {sizes[-1]:,} reports", slope, "", "itself", None, slope, AT_MOST, 1.05, state)


def e5(quick: bool = False) -> Iterator[Line]:
    count = 20_000 if quick else 100_000
    name = f"verdicts and due days of {count:,} stored states"
    own, counterpart = sides(fold(reports(8 * count, count, "equal"), 2 * count).after)
    with postgres() as connection:
        if connection is None:
            yield absent("E5", name, "PostgreSQL is not here")
            return
        with connection.cursor() as cursor:
            columns = ", ".join(f"{side}_{place} float8" for side in ("own", "counterpart") for place in range(len(own.columns)))
            cursor.execute(f"CREATE TEMPORARY TABLE made_state (relationship bigint, {columns})")
            rows = np.concatenate([np.arange(count, dtype=float)[:, None], own.rows(), counterpart.rows()], axis=1)
            lines = ("\t".join([str(int(row[0])), *map(repr, row[1:])]) for row in rows.tolist())
            cursor.copy_expert("COPY made_state FROM STDIN", io.StringIO("\n".join(lines) + "\n"))
            cursor.execute("CREATE TEMPORARY TABLE made_blob (relationship bigint, packed bytea)")
            packed = (
                "\t".join([str(place), "\\\\x" + (a + b).hex()]) for place, (a, b) in enumerate(zip(own.pack(), counterpart.pack(), strict=True))
            )
            cursor.copy_expert("COPY made_blob FROM STDIN", io.StringIO("\n".join(packed) + "\n"))
        connection.commit()
        blobs = fetch(connection, "made_blob")

        def judge() -> Any:
            states = States.unpack(blob for _, blob in blobs)
            return outlook(*sides(states), FIRST_DAY + DAYS + 30)

        for code, made, how in (("E5", "made_state", "38 numbers a row"), ("E5b", "made_blob", "one blob a row")):
            yield compare(
                code,
                f"{name}, as {how}",
                Work(judge),
                "fetching them as tuples with psycopg2",
                Work(lambda made=made: fetch(connection, made)),
                AT_MOST,
                1.0,
                servers=[connection.info.backend_pid],
            )


def fetch(connection: Any, made: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {made} ORDER BY relationship")
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
