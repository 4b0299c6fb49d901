"""What a question can be expected to tell, in bits: the doubt of a side, whether it tends to answer, and whether the other side is heard.

The due date of the model says when a side may be asked. This says whether asking is worth somebody's half minute just now: a question that
would tell little waits, at most until the longest gap is over. Simulated over a year, that names a fifth more relationships with as many
questions as a fixed rhythm (docs/performance.md).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from exchanges.models import View
from exchanges.selectors.balances import SideBalance, balances_of, chance_of_answer, worth_of
from relationships.models import SideRole, Workspace

ALWAYS = math.inf


@dataclass(frozen=True)
class Asked:
    """How often one side was asked, in how many of these rounds it answered, and when last."""

    rounds: int = 0
    answered: int = 0
    last_on: date | None = None

    @property
    def chance(self) -> float:
        return chance_of_answer(self.rounds, self.answered)


NEVER_ASKED = Asked()


def telling(
    relationship_ids: Sequence[int],
    *,
    asked: dict[tuple[int, int], Asked],
    workspace: Workspace,
    today: date,
    of_employees: Collection[int] = (),
    shared_only: bool = False,
) -> dict[tuple[int, int], float]:
    """By relationship and side, each read in the view that holds what that side said. A surprise is always worth a question.

    What an employee did decides nothing about a question to us: our own date would tell whether they answered.
    """
    views = {side: View.SHARED if shared_only else view for side, view in ((SideRole.OWN, View.OWN), (SideRole.COUNTERPART, View.COUNTERPART))}
    seen = {side: balances_of(relationship_ids, view=view, as_of=today, workspace=workspace) for side, view in views.items()}
    worth: dict[tuple[int, int], float] = {}
    for pk in relationship_ids:
        sides = {side: seen[side][pk].side(side) for side in SideRole if pk in seen[side]}
        for side, mine in sides.items():
            other = SideRole(1 - side)
            is_private = pk in of_employees and other == SideRole.COUNTERPART
            of_other = NEVER_ASKED if is_private else asked.get((pk, other), NEVER_ASKED)
            is_heard = is_private or (other in sides and sides[other].heard)
            worth[pk, side] = _worth(mine, asked.get((pk, side), NEVER_ASKED), of_other, is_other_heard=is_heard)
    return worth


def _worth(mine: SideBalance, asked: Asked, other: Asked, *, is_other_heard: bool) -> float:
    if mine.is_surprised or asked.last_on is None:
        return ALWAYS
    return worth_of(mine, chance=asked.chance, chance_other=other.chance, is_other_heard=is_other_heard)
