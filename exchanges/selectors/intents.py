"""What each side means a relationship to be, since when, and by whom: silence of a year makes it unknown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from exchanges.selectors.ledger import person_name
from exchanges.wording.intents import intent_line, intent_word
from relationships.models import IntentVersion, Relationship, SideRole
from relationships.selectors.rhythm import agreed_intent
from relationships.services.intents import was_lately


@dataclass(frozen=True)
class SaidIntent:
    """What one side said last."""

    intent: str
    word: str
    said_on: date
    said_by: str
    is_lately: bool
    line: str  # long-term (said 3 March 2026), or not said lately (...)


@dataclass(frozen=True)
class Intents:
    own: SaidIntent | None
    theirs: SaidIntent | None

    @property
    def agreed(self) -> str:
        """As a word; empty where the sides differ or nobody has said it lately."""
        return intent_word(agreed_intent(_in_force(self.own), _in_force(self.theirs)))

    @property
    def differ(self) -> bool:
        own, theirs = _in_force(self.own), _in_force(self.theirs)
        return bool(own and theirs and own != theirs)


def _in_force(said: SaidIntent | None) -> str:
    return said.intent if said is not None and said.is_lately else ""


def intents_of(relationship: Relationship, *, today: date) -> Intents:
    """Costs one query."""
    rows = IntentVersion.objects.filter(side__relationship=relationship).select_related("side", "author__person__text").order_by("seq")
    newest = {row.side.role: row for row in rows}
    return Intents(_said(newest.get(SideRole.OWN), today), _said(newest.get(SideRole.COUNTERPART), today))


def _said(row: IntentVersion | None, today: date) -> SaidIntent | None:
    if row is None:
        return None
    lately = was_lately(row.said_on, today)
    by = person_name(row.author) if row.author is not None else ""
    return SaidIntent(row.intent, intent_word(row.intent), row.said_on, by, lately, intent_line(row.intent, row.said_on, lately))
