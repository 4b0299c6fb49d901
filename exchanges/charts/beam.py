"""The beam: both sides, each against its own fair line, with the plank between them.

Each end is read against the stripe and not against the other end, so both may sink or rise together.
"""

from dataclasses import dataclass

from exchanges.charts.readings import SideReading
from exchanges.charts.scale import FAIR_BAND, pct, short, up

THEIR_X, OUR_X = "25%", "75%"
TICKS = (-3, -2, -1, 0, 1, 2, 3)


@dataclass(frozen=True, slots=True)
class Tick:
    y: str
    is_zero: bool


@dataclass(frozen=True, slots=True)
class End:
    """One end of the plank: its bubble and its dot."""

    x: str
    is_square: bool
    classes: str
    y: str
    bubble_y: str
    bubble_height: str


@dataclass(frozen=True, slots=True)
class Plank:
    y1: str
    y2: str
    middle: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class Beam:
    """Sizes in px belong to marks, positions in percent to the plot."""

    rulers: tuple[str, str]
    ticks: tuple[Tick, ...]
    fair_y: str
    fair_height: str
    fair_bottom: str
    plank: Plank
    ends: tuple[End, ...]
    ghost_plank: Plank | None
    ghosts: tuple[End, ...]
    bubble_half: int
    bubble_width: int
    dot_radius: int
    square_half: str
    square_side: int
    square_corner: str
    boss_radius: int
    is_small: bool


def _end(reading: SideReading | None, *, ghost: bool = False) -> End | None:
    estimate = reading.estimate if reading else None
    if reading is None or estimate is None:
        return None
    f, lo, hi = estimate
    top = up(hi)
    classes = f"{reading.tone} is-ghost" if ghost else reading.classes
    return End(OUR_X if reading.is_own else THEIR_X, reading.is_own, classes, pct(up(f)), pct(top), pct(up(lo) - top))


def _plank(they: SideReading | None, we: SideReading | None) -> Plank:
    """Solid between two confirmed ends. Dotted when one is open; dotted and level when one is unknown."""
    their, our = they.estimate if they else None, we.estimate if we else None
    if they is None or we is None or their is None or our is None:
        return Plank("50%", "50%", "50%", True)
    left, right = up(their[0]), up(our[0])
    return Plank(pct(left), pct(right), pct((left + right) / 2), they.is_open or we.is_open)


def beam(they: SideReading, we: SideReading, ghost_they: SideReading | None = None, ghost_we: SideReading | None = None, small: bool = False) -> Beam:
    """They stand at 25 %, we at 75 %. A ghost is how it was: both ends of it, or none."""
    band = they.band if they.band == we.band else FAIR_BAND
    ghosts = [end for end in (_end(ghost_they, ghost=True), _end(ghost_we, ghost=True)) if end]
    return Beam(
        rulers=(THEIR_X, OUR_X),
        ticks=tuple(Tick(pct(up(value)), value == 0) for value in TICKS),
        fair_y=pct(up(band)),
        fair_height=pct(up(-band) - up(band)),
        fair_bottom=pct(up(-band)),
        plank=_plank(they, we),
        ends=tuple(end for end in (_end(they), _end(we)) if end),
        ghost_plank=_plank(ghost_they, ghost_we) if len(ghosts) == 2 else None,
        ghosts=tuple(ghosts),
        bubble_half=9 if small else 13,
        bubble_width=18 if small else 26,
        dot_radius=6 if small else 8,
        square_half=short(5.5 if small else 7.5),
        square_side=11 if small else 15,
        square_corner=short(1.5 if small else 2),
        boss_radius=5 if small else 6,
        is_small=small,
    )
