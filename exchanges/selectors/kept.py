"""What-ifs that were kept, beside what happened: what was expected of each side, and what we think of that day now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from exchanges.models import KeptWhatIf, View
from exchanges.selectors.balances import Balance, balance_in_the_past
from relationships.models import Relationship, SideRole

SHOWN = 20


@dataclass(frozen=True)
class Span:
    """A number in points with the range that holds the truth 8 times in 10."""

    f: float
    lo: float
    hi: float


@dataclass(frozen=True)
class Held:
    """One side: what was expected, and what became of it; None where it is not known. `held`: the outcome lay inside the expected range."""

    expected: Span | None
    became: Span | None

    @property
    def held(self) -> bool | None:
        if self.expected is None or self.became is None:
            return None
        return self.expected.lo <= self.became.f <= self.expected.hi


@dataclass(frozen=True)
class Kept:
    what_if: KeptWhatIf
    question: str
    they: Held
    we: Held
    is_over: bool
    seen_on: date


def kept_what_ifs(relationship: Relationship, *, view: View, today: date, balance: Balance) -> list[Kept]:
    """The newest, each beside its day or, while that is to come, beside today's `balance`."""
    rows = KeptWhatIf.objects.filter(workspace_id=relationship.workspace_id, relationship=relationship).select_related("text").order_by("-at", "-pk")
    return [_kept(row, relationship, view, today, balance) for row in rows[:SHOWN]]


def _kept(row: KeptWhatIf, relationship: Relationship, view: View, today: date, balance: Balance) -> Kept:
    is_over = row.until <= today
    then = balance_in_the_past(relationship, view=view, as_of=row.until) if is_over else balance
    return Kept(row, row.text.question, _held(row, "counterpart", then), _held(row, "own", then), is_over, min(row.until, today))


def _held(row: KeptWhatIf, name: str, then: Balance) -> Held:
    side = then.side(SideRole[name.upper()])
    f, lo, hi = (getattr(row, f"{name}_{part}") for part in ("f", "lo", "hi"))
    return Held(Span(f, lo, hi) if f is not None else None, Span(side.f, side.lo, side.hi) if side.was_ever_heard else None)
