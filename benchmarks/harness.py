"""
How a bar is measured: our work and its yardstick in turns, in CPU time of this process and of the servers that work for it.

Only ratios count. A ratio is the median over rounds, each round's own; when the yardstick itself is unsteady the line says so
and fails nobody. What can be counted is counted (`counted`) and has no noise.
"""

import gc
import os
import platform
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

ROUNDS = 5
TRIES = 3
QUICK = "BENCHMARK_QUICK"  # set: a short run, whose times are looked at and never held to a bar
QUICK_ROUNDS = 3
SPREAD_MAX = 0.30
OK, LOW, NOISY, ABSENT = "ok", "LOW", "noisy", "absent"
TIMED = {"s", "ms", "us", "us a row"}
AT_MOST, AT_LEAST = "at most", "at least"


@dataclass(frozen=True)
class Line:
    """One measured bar. `ratio` is what stands against `bar`."""

    code: str
    name: str
    value: float | None
    unit: str
    yardstick: str
    yardstick_value: float | None
    ratio: float | None
    sense: str
    bar: float
    state: str

    @property
    def is_steady(self) -> bool:
        """A count or a slope: the same on a slow machine and at small sizes, so a short run can be held to it."""
        return self.unit not in {*TIMED, "MB"}

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        if self.ratio is None:
            return f"{self.code:4} {self.name}: {self.yardstick}  [{self.state}]"
        measured = f"{self.value:.4g} {self.unit}" if self.value is not None else "-"
        beside = f"{self.yardstick} {self.yardstick_value:.4g} {self.unit}" if self.yardstick_value is not None else self.yardstick
        return f"{self.code:4} {self.name}: {measured}; {beside}; ratio {self.ratio:.3g}, {self.sense} {self.bar:g}  [{self.state}]"


@dataclass(frozen=True)
class Work:
    """Something to time. `units` is how much it does, so that a yardstick may do less; `prepare` runs before each turn, untimed."""

    run: Callable[[], Any]
    units: float = 1.0
    prepare: Callable[[], Any] | None = None


def cpu_seconds(servers: Sequence[int] = ()) -> float:
    """CPU time so far of this process and of server processes on this machine, by process id."""
    return time.process_time() + sum(_cpu_of(pid) for pid in servers)


def _cpu_of(pid: int) -> float:
    schedule = Path(f"/proc/{pid}/schedstat")
    if schedule.exists():
        return int(schedule.read_text().split()[0]) / 1e9
    ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(ticks[11]) + int(ticks[12])) / os.sysconf("SC_CLK_TCK")


def timed(work: Work, servers: Sequence[int] = ()) -> float:
    """CPU seconds per unit of one turn."""
    if work.prepare:
        work.prepare()
    gc.collect()
    start = cpu_seconds(servers)
    work.run()
    return (cpu_seconds(servers) - start) / work.units


def compare(
    code: str,
    name: str,
    ours: Work,
    yardstick_name: str,
    yardstick: Work,
    sense: str,
    bar: float,
    *,
    unit: str = "s",
    scale: float = 1.0,
    rounds: int | None = None,
    servers: Sequence[int] = (),
) -> Line:
    """
    This will take turns and give the line. With AT_MOST the ratio is ours over the yardstick's, with AT_LEAST the reverse.

    Values are shown as seconds per unit of work times `scale`.
    """
    is_quick = bool(os.environ.get(QUICK))
    rounds = rounds or (QUICK_ROUNDS if is_quick else ROUNDS)
    timed(ours, servers), timed(yardstick, servers)  # a turn each to warm up
    turns: list[tuple[float, float]] = []
    state = NOISY
    for _ in range(1 if is_quick else TRIES):
        turns = [(timed(ours, servers), timed(yardstick, servers)) for _ in range(rounds)]
        state = judged(_ratio(turns, sense), sense, bar)
        if spread([beside for _, beside in turns]) <= SPREAD_MAX:
            break
        state = NOISY
    mine, beside = (statistics.median(turn[place] for turn in turns) * scale for place in (0, 1))
    return Line(code, name, mine, unit, yardstick_name, beside, _ratio(turns, sense), sense, bar, state)


def _ratio(turns: Iterable[tuple[float, float]], sense: str) -> float:
    return statistics.median(mine / beside if sense == AT_MOST else beside / mine for mine, beside in turns)


def judged(ratio: float, sense: str, bar: float) -> str:
    return OK if (ratio <= bar if sense == AT_MOST else ratio >= bar) else LOW


def spread(values: Sequence[float]) -> float:
    return (max(values) - min(values)) / statistics.median(values)


def counted(code: str, name: str, count: float, unit: str, sense: str, bar: float, against: str = "counted") -> Line:
    """A line whose number has no noise."""
    return Line(code, name, count, unit, against, None, count, sense, bar, judged(count, sense, bar))


def absent(code: str, name: str, why: str) -> Line:
    """A line that could not be measured here, and why. It is never counted as met."""
    return Line(code, name, None, "", why, None, None, AT_MOST, 0.0, ABSENT)


def table(lines: Iterable[Line]) -> str:
    """All lines, the machine, and how many bars are met."""
    lines = list(lines)
    met = sum(line.state == OK for line in lines)
    about = ", ".join(f"{key} {value}" for key, value in machine().items())
    return "\n".join([*map(str, lines), about, f"{met} of {len(lines)} bars met"])


def machine() -> dict[str, str]:
    packages = {}
    for package in ("numpy", "django", "psycopg2-binary", "djangorestframework", "celery", "statsmodels"):
        try:
            packages[package] = version(package)
        except PackageNotFoundError:
            packages[package] = "-"
    return {"cores": str(os.cpu_count()), "machine": platform.machine(), "python": platform.python_version(), **packages}


@contextmanager
def postgres() -> Iterator[Any]:
    """
    A psycopg2 connection and the id of its server process as `connection.info.backend_pid`: the database named by DATABASE_URL
    when that is PostgreSQL on this machine, else a cluster of our own. Yields None where there is neither.
    """
    import psycopg2

    url = os.environ.get("DATABASE_URL", "")
    if url.startswith("postgres") and Path("/proc").exists():
        connection = psycopg2.connect(url)
        if Path(f"/proc/{connection.info.backend_pid}").exists():
            try:
                yield connection
            finally:
                connection.close()
            return
        connection.close()
    programs = [found for name in ("initdb", "postgres") if (found := _program(name))]
    if len(programs) < 2:
        yield None
        return
    with own_cluster(*programs) as (host, port):
        connection = psycopg2.connect(host=host, port=port, user="benchmark", dbname="postgres")
        try:
            yield connection
        finally:
            connection.close()


def _program(name: str) -> str | None:
    """Where it is. Debian keeps PostgreSQL's own programs outside of the path."""
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return shutil.which(name) or (str(places[-1]) if places else None)


@contextmanager
def own_cluster(initdb: str, server: str) -> Iterator[tuple[str, int]]:
    """A PostgreSQL server for as long as it is needed, on a free port of loopback."""
    # The server refuses to run as root.
    as_somebody = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory(prefix="benchmark-") as place:
        data = Path(place) / "data"
        data.mkdir()
        if as_somebody:
            shutil.chown(place, "postgres")
            shutil.chown(data, "postgres")
        quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": place}
        subprocess.run([*as_somebody, initdb, "-D", str(data), "-U", "benchmark", "-A", "trust", "--no-sync"], check=True, **quiet)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        options = ["-p", str(port), "-k", place, "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]
        process = subprocess.Popen([*as_somebody, server, "-D", str(data), *options], **quiet)
        try:
            _until_it_answers(process, port)
            yield "127.0.0.1", port
        finally:
            process.terminate()
            process.wait(timeout=30)


def _until_it_answers(process: "subprocess.Popen[bytes]", port: int) -> None:
    import psycopg2

    for _ in range(150):
        try:
            psycopg2.connect(host="127.0.0.1", port=port, user="benchmark", dbname="postgres").close()
        except psycopg2.OperationalError as error:
            if process.poll() is not None:
                raise RuntimeError("The benchmark's own PostgreSQL did not start.") from error
            time.sleep(0.2)
        else:
            return
    raise RuntimeError("The benchmark's own PostgreSQL does not answer.")
