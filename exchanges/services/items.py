"""The optional answers given along with a check. They are part of the answer: blind as long as it is, changed with it, seen by whoever sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from exchanges.models import Answer, AnswerItem, Goal, ItemKind, Round
from exchanges.selectors.items import FIELDS, Offer, offers_of
from exchanges.wording.items import WORDS
from valueledger.common.errors import Invalid


@dataclass(frozen=True)
class ItemSaid:
    kind: ItemKind
    value: int
    goal: Goal | None = None

    @property
    def kept(self) -> tuple[str, int | None, int]:
        return str(self.kind), self.goal.pk if self.goal else None, self.value


def said_in(offers: Sequence[Offer], typed: Mapping[str, str]) -> tuple[ItemSaid, ...]:
    """What a form says of the questions that it was shown; a blank is no answer. Raises Invalid for what was not on offer."""
    said = []
    for offer in offers:
        value = typed.get(FIELDS[offer.kind], "")
        if not value:
            continue
        if value not in {str(known) for known in WORDS[offer.kind]}:
            raise Invalid("This choice is not known.", field=FIELDS[offer.kind])
        said.append(ItemSaid(offer.kind, int(value), offer.goal))
    return tuple(said)


def ensure_offered(items: Sequence[ItemSaid], round: Round, side: int) -> None:
    """Raises Invalid for a question that this round does not put to this side, twice the same, or a word it does not have."""
    if not items:
        return
    offered = {offer.key for offer in offers_of(round, side)}
    asked = [(str(item.kind), item.goal.pk if item.goal else None) for item in items]
    if not offered.issuperset(asked) or len(set(asked)) != len(asked) or any(item.value not in WORDS[item.kind] for item in items):
        raise Invalid("This choice is not known.", field="items")


def kept_items(answer: Answer) -> set[tuple[str, int | None, int]]:
    return set(AnswerItem.objects.filter(answer=answer).values_list("kind", "goal_id", "value"))


def write_items(answer: Answer, items: Sequence[ItemSaid]) -> None:
    AnswerItem.objects.bulk_create(
        AnswerItem(workspace_id=answer.workspace_id, answer=answer, kind=item.kind, goal=item.goal, value=item.value) for item in items
    )
