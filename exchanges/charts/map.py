"""The balance map: x is how fair they feel, y how fair we feel. A bull's-eye level of a whole portfolio."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from exchanges.charts.readings import SideReading
from exchanges.charts.scale import FAIR_BAND, HIGHEST, LOWEST, SPAN, along, clamp, pct, tone, up

HALOS_MAX = 300
DOTS_MAX = 500
CELLS = 24
NOMINAL = 600  # px of the plot on a desk, for placing names; phones hide them
LETTER, LINE, NAME_MAX = 7.2, 16, 26


@dataclass(frozen=True, slots=True)
class MapMark:
    """A relationship whose two sides both have an estimate. rank: its number in the attention list."""

    url: str
    name: str
    they: SideReading
    we: SideReading
    title: str
    verdict: str
    spiral: bool = False
    rank: int | None = None
    answered_on: date | None = None


@dataclass(frozen=True, slots=True)
class Dot:
    url: str
    title: str
    classes: str
    x: str
    y: str
    halo_rx: str
    halo_ry: str
    rank: int | None = None


@dataclass(frozen=True, slots=True)
class Label:
    text: str
    x: str
    y: str
    dx: str
    dy: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Cell:
    """A square of the density grid. weight: 1 to 5, by its share of the fullest square."""

    x: str
    y: str
    side: str
    count: int
    weight: int
    classes: str


@dataclass(frozen=True, slots=True)
class BalanceMap:
    count: int
    fair_low: str
    fair_size: str
    fair_edge: str
    ticks: tuple[str, ...]
    ticks_up: tuple[str, ...]
    halos: tuple[Dot, ...]
    dots: tuple[Dot, ...]
    ranked: tuple[tuple[Label, Dot], ...]
    cells: tuple[Cell, ...]
    marks: tuple[MapMark, ...]

    @property
    def is_dense(self) -> bool:
        return bool(self.cells)


def _values(mark: MapMark) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    they, we = mark.they.estimate, mark.we.estimate
    if they is None or we is None:
        raise ValueError(f"{mark.name} has a side without an estimate: it has no place on the map")
    return they, we


def mark_classes(mark: MapMark) -> str:
    """Both below, any below, any above, else fair. Unconfirmed takes the tone of the larger lean, and is hollow."""
    they, we = _values(mark)
    tones = {tone(they[0], mark.they.band), tone(we[0], mark.we.band)}
    if mark.they.is_open or mark.we.is_open:
        leaning = they[0] if abs(they[0]) >= abs(we[0]) else we[0]
        return f"{tone(leaning, mark.they.band)} is-open"
    if tones == {"is-under"}:
        return "is-both"
    return next((name for name in ("is-under", "is-over") if name in tones), "is-fair")


def _half(estimate: tuple[float, float, float]) -> float:
    return (estimate[2] - estimate[1]) / 2 / (HIGHEST - LOWEST) * SPAN


def _dot(mark: MapMark) -> Dot:
    they, we = _values(mark)
    return Dot(mark.url, mark.title, mark_classes(mark), pct(along(they[0])), pct(up(we[0])), pct(_half(they)), pct(_half(we)), mark.rank)


def _order(dot: Dot) -> int:
    """Fair first, then leaning, so that what matters lies on top."""
    return 0 if dot.classes == "is-fair" else 2 if "is-open" in dot.classes else 1


def _shortened(name: str) -> str:
    return name if len(name) <= NAME_MAX else f"{name[: NAME_MAX - 1].rstrip()}…"


Box = tuple[float, float, float, float]
PLACES = (("middle", 0, 30), ("middle", 0, -20), ("start", 17, 5), ("end", -17, 5), ("start", 14, -14), ("end", -14, -14))


def _box(x: float, y: float, width: float, place: tuple[str, int, int]) -> Box:
    anchor, dx, dy = place
    left = x + dx - {"start": 0.0, "middle": width / 2, "end": width}[anchor]
    return left, y + dy - LINE + 4, left + width, y + dy + 4


def _overlap(one: Box, other: Box) -> float:
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    return wide * high if wide > 0 and high > 0 else 0.0


def _outside(box: Box) -> float:
    return max(0.0, -box[0]) + max(0.0, box[2] - NOMINAL) + max(0.0, -box[1]) + max(0.0, box[3] - NOMINAL)


def _labels(marks: Sequence[MapMark]) -> list[Label]:
    """Names beside the numbered marks, each at the first of six places that hides least."""
    centres = [(along(_values(mark)[0][0]) / 100 * NOMINAL, up(_values(mark)[1][0]) / 100 * NOMINAL) for mark in marks]
    taken: list[Box] = [(x - 12, y - 12, x + 12, y + 12) for x, y in centres]
    labels = []
    for mark, (x, y) in zip(marks, centres, strict=True):
        text = _shortened(mark.name)
        boxes = [_box(x, y, len(text) * LETTER, place) for place in PLACES]
        costs = [sum(_overlap(box, other) for other in taken) + 1000 * _outside(box) for box in boxes]
        best = costs.index(min(costs))
        taken.append(boxes[best])
        anchor, dx, dy = PLACES[best]
        labels.append(Label(text, pct(100 * x / NOMINAL), pct(100 * y / NOMINAL), str(dx), str(dy), anchor))
    return labels


def _cell_of(f: float) -> int:
    return min(int((clamp(f) - LOWEST) / (HIGHEST - LOWEST) * CELLS), CELLS - 1)


def _cells(marks: Sequence[MapMark]) -> tuple[Cell, ...]:
    """From many marks on, dots only cover one another: squares tell how many stand where."""
    counts: Counter[tuple[int, int]] = Counter()
    for mark in marks:
        they, we = _values(mark)
        counts[_cell_of(they[0]), _cell_of(we[0])] += 1
    most, size = max(counts.values()), (HIGHEST - LOWEST) / CELLS
    cells = []
    for (column, row), count in sorted(counts.items()):
        x, y = LOWEST + column * size, LOWEST + row * size
        tones = {tone(x + size / 2), tone(y + size / 2)}
        css = "is-both" if tones == {"is-under"} else next((name for name in ("is-under", "is-over") if name in tones), "is-fair")
        weight = max(1, round(5 * (count / most) ** 0.5))
        cells.append(Cell(pct(along(x)), pct(up(y + size)), pct(SPAN / CELLS), count, weight, css))
    return tuple(cells)


def balance_map(marks: Sequence[MapMark], band: float = FAIR_BAND) -> BalanceMap:
    """Drawn from back to front: halos, fair, leaning, then the numbered marks of the attention list.

    Raises ValueError for a mark with an unknown side: those are counted in a line under the map instead.
    """
    ranked = sorted((mark for mark in marks if mark.rank is not None), key=lambda mark: mark.rank or 0)
    plain = [mark for mark in marks if mark.rank is None]
    dense = len(marks) >= DOTS_MAX
    dots = sorted((_dot(mark) for mark in plain), key=_order) if not dense else []
    low, high = along(-band), along(band)
    whole = tuple(range(int(LOWEST) + 1, int(HIGHEST)))
    return BalanceMap(
        count=len(marks),
        fair_low=pct(low),
        fair_size=pct(high - low),
        fair_edge=pct(high),
        ticks=tuple(pct(along(value)) for value in whole),
        ticks_up=tuple(pct(up(value)) for value in whole),
        halos=tuple(dots) if len(marks) <= HALOS_MAX else (),
        dots=tuple(dots),
        ranked=tuple(zip(_labels(ranked), [_dot(mark) for mark in ranked], strict=True)),
        cells=_cells(plain) if dense and plain else (),
        marks=tuple(sorted(marks, key=lambda mark: (mark.rank is None, mark.rank or 0))),
    )
