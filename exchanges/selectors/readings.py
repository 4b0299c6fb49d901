"""A balance as a page shows it: each side by name, with its range in points, and unknown where nobody of it ever answered."""

from __future__ import annotations

from dataclasses import dataclass

from exchanges.charts import SideReading
from exchanges.models import Card
from exchanges.selectors.balances import Balance, SideBalance
from relationships.models import Kind, PartyKind, Relationship, Side, SideRole


@dataclass(frozen=True)
class Names:
    """What the two sides of a relationship are called."""

    own: str
    own_short: str
    counterpart: str
    counterpart_short: str
    counterpart_is_person: bool = False
    own_is_person: bool = False

    def of(self, side: int) -> str:
        return self.own if side == SideRole.OWN else self.counterpart

    def short_of(self, side: int) -> str:
        return self.own_short if side == SideRole.OWN else self.counterpart_short


def names_of(relationship: Relationship) -> Names:
    """Costs one query."""
    sides = Side.objects.filter(relationship=relationship).select_related("party__text")
    parties = {side.role: side.party for side in sides}
    own, counterpart = parties[SideRole.OWN], parties[SideRole.COUNTERPART]
    return Names(
        own=own.text.name,
        own_short=own.text.short,
        counterpart=counterpart.text.name,
        counterpart_short=counterpart.text.short,
        counterpart_is_person=counterpart.kind == PartyKind.PERSON,
        own_is_person=own.kind == PartyKind.PERSON,
    )


def names_on(card: Card) -> Names:
    """As a list knows them; one that is an employee or a friend is a person."""
    is_person = card.kind != Kind.CLIENT
    return Names(card.own_name, card.own_name, card.counterpart_name, card.counterpart_name, is_person)


def readings_of(
    balance: Balance, names: Names, *, kind: str, answered_by: dict[int, str] | None = None, may_see_private: bool = False
) -> tuple[SideReading, SideReading]:
    """They and we. An employee's side is private until something was disclosed, whether or not anything was answered."""
    who = answered_by or {}
    private = kind == Kind.EMPLOYEE and not may_see_private and not balance.counterpart.was_ever_heard
    they = _reading(
        balance.counterpart, balance.band, names.counterpart, names.counterpart_short, who, is_person=names.counterpart_is_person, private=private
    )
    we = _reading(balance.own, balance.band, names.own, names.own_short, who, is_person=names.own_is_person)
    return they, we


def _reading(
    side: SideBalance, band: float, name: str, short: str, answered_by: dict[int, str], *, is_person: bool, private: bool = False
) -> SideReading:
    known = side.was_ever_heard and not private
    return SideReading(
        name=name,
        short=short,
        is_own=side.side == SideRole.OWN,
        f=side.f if known else None,
        lo=side.lo if known else None,
        hi=side.hi if known else None,
        heard=side.heard and known,
        answered_on=side.answered_on if known else None,
        answered_by=answered_by.get(side.side, ""),
        is_person=is_person,
        is_private=private,
        band=band,
    )
