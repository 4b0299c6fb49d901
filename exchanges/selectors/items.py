"""The optional questions of a check: which of them a round puts to a side, and what both sides answered, side by side and never merged.

A round offers how much the other side takes part, and at most one thing more: a goal both agreed on, or what the side stands for, in turn.
What is offered hangs on how things stood when the round was opened, so it is the same for as long as the round lasts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import mean

from exchanges.models import Answer, AnswerItem, Goal, GoalMove, ItemKind, Round, Stance, StanceLine
from exchanges.wording import items as words
from relationships.models import SideRole

FIELDS = {ItemKind.PART: "part", ItemKind.GOAL: "more", ItemKind.STANCE: "more"}  # what the form calls them


@dataclass(frozen=True)
class Offer:
    """One optional question to one side."""

    kind: ItemKind
    goal: Goal | None = None
    lines: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, int | None]:
        return str(self.kind), self.goal.pk if self.goal else None

    @property
    def goal_text(self) -> str:
        return text_of_goal(self.goal)


@dataclass(frozen=True)
class OfferedItem:
    """The same as a page shows it. `options`: value, word, whether it is chosen."""

    name: str
    question: str
    hint: str
    options: tuple[tuple[int, str, bool], ...]

    @property
    def is_chosen(self) -> bool:
        return any(chosen for _value, _word, chosen in self.options)


def text_of_goal(goal: Goal | None) -> str:
    text = getattr(goal, "text", None) if goal is not None else None
    return text.what if text else ""


# What is asked


def offers_of(round: Round, side: int) -> tuple[Offer, ...]:
    return offers_in([round])[round.pk, int(side)]


def offers_in(rounds: Sequence[Round]) -> dict[tuple[int, int], tuple[Offer, ...]]:
    """By round and side. A few queries, however many there are."""
    ids = {round.relationship_id for round in rounds}
    goals, stances = _goals(ids), _stances(ids)
    found = {}
    for round in rounds:
        open_then = [goal for goal in goals[round.relationship_id] if _was_open(goal, round.opens_at)]
        said = {side: _lines_then(stances[round.relationship_id, int(side)], round.opens_at) for side in SideRole}
        for side in SideRole:
            more = _turn(round.number, open_then, said[side], any_stance=any(said.values()))
            found[round.pk, int(side)] = (Offer(ItemKind.PART), *([more] if more else []))
    return found


def _turn(number: int, goals: Sequence[Goal], own_lines: tuple[str, ...], *, any_stance: bool) -> Offer | None:
    """One thing at a time, each in its turn; a side that has not said what it stands for has one of the goals instead."""
    turns: list[Goal | None] = [*goals, *([None] if any_stance else [])]
    if not turns:
        return None
    chosen = turns[number % len(turns)]
    if chosen is not None:
        return Offer(ItemKind.GOAL, chosen)
    if own_lines:
        return Offer(ItemKind.STANCE, lines=own_lines)
    return Offer(ItemKind.GOAL, goals[number % len(goals)]) if goals else None


def _goals(relationships: set[int]) -> dict[int, list[Goal]]:
    """Agreed ones whose words are still there, the oldest first."""
    found: dict[int, list[Goal]] = defaultdict(list)
    rows = Goal.objects.filter(relationship__in=relationships, steps__step=GoalMove.AGREED, text__isnull=False).exclude(text__what="")
    for goal in rows.select_related("text").prefetch_related("steps").order_by("id"):
        found[goal.relationship_id].append(goal)
    return found


def _was_open(goal: Goal, then: datetime) -> bool:
    at = {step.step: step.at for step in goal.steps.all()}
    closed = [at[step] for step in (GoalMove.REACHED, GoalMove.GIVEN_UP) if step in at]
    return at[GoalMove.AGREED] <= then and all(moment > then for moment in closed)


def _stances(relationships: set[int]) -> dict[tuple[int, int], list[Stance]]:
    found: dict[tuple[int, int], list[Stance]] = defaultdict(list)
    rows = Stance.objects.filter(side__relationship__in=relationships).select_related("side").prefetch_related("lines").order_by("-seq")
    for stance in rows:
        found[stance.side.relationship_id, int(stance.side.role)].append(stance)
    return found


def _lines_then(stances: Sequence[Stance], then: datetime) -> tuple[str, ...]:
    newest = next((stance for stance in stances if stance.at <= then), None)
    return lines_of(newest)


def lines_of(stance: Stance | None) -> tuple[str, ...]:
    """In the order in which they were said; a line whose words were erased is gone."""
    if stance is None:
        return ()
    rows: list[StanceLine] = sorted(stance.lines.all(), key=lambda line: line.number)
    return tuple(line.words for line in rows if line.words)


def shown_items(offers: Sequence[Offer], other: str, *, chosen: Mapping[str, str], person: str = "you") -> tuple[OfferedItem, ...]:
    """`chosen`: what was answered or typed before, by the name of the field."""
    return tuple(
        OfferedItem(
            name=FIELDS[offer.kind],
            question=words.item_question(offer.kind, other, goal=offer.goal_text, person=person),
            hint=words.stands_for(list(offer.lines), person) if offer.lines else "",
            options=tuple((value, word, chosen.get(FIELDS[offer.kind], "") == str(value)) for value, word in words.item_choices(offer.kind)),
        )
        for offer in offers
    )


def chosen_before(offers: Sequence[Offer], answered: Sequence[AnswerItem]) -> dict[str, str]:
    said = {(row.kind, row.goal_id): row.value for row in answered}
    return {FIELDS[offer.kind]: str(said[offer.key]) for offer in offers if offer.key in said}


# What was answered


@dataclass(frozen=True)
class ItemLine:
    """One question with what either side said of the other; empty where a side said nothing."""

    title: str
    ours: str
    theirs: str


def items_of(answers: Sequence[Answer]) -> dict[int, list[AnswerItem]]:
    """By the answer's id. Whoever may see the answers may see these."""
    found: dict[int, list[AnswerItem]] = defaultdict(list)
    for row in AnswerItem.objects.filter(answer__in=[answer.pk for answer in answers]).select_related("goal__text").order_by("id"):
        found[row.answer_id].append(row)
    return found


def item_lines(ours: Sequence[Answer], theirs: Sequence[Answer], found: Mapping[int, Sequence[AnswerItem]]) -> tuple[ItemLine, ...]:
    """Both sides beside each other. `ours`: the reader's side, several people as one word; the other side's each by name."""
    rows = {answer.pk: found.get(answer.pk, ()) for answer in (*ours, *theirs)}
    keys = {(row.kind, row.goal_id): row for items in rows.values() for row in items}
    order = {kind: place for place, kind in enumerate(ItemKind.values)}
    return tuple(
        ItemLine(
            title=words.item_title(row.kind, text_of_goal(row.goal)),
            ours=_together(row.kind, [one.value for answer in ours for one in rows[answer.pk] if (one.kind, one.goal_id) == key]),
            theirs=_each(row.kind, [(answer, one) for answer in theirs for one in rows[answer.pk] if (one.kind, one.goal_id) == key]),
        )
        for key, row in sorted(keys.items(), key=lambda pair: (order[pair[0][0]], pair[0][1] or 0))
    )


def _together(kind: str, values: Sequence[int]) -> str:
    return words.item_word(kind, int(mean(values) + 0.5)) if values else ""


def _each(kind: str, said: Sequence[tuple[Answer, AnswerItem]]) -> str:
    if len(said) == 1:
        return words.item_word(kind, said[0][1].value)
    return "; ".join(f"{author_of(answer)}: {words.item_word(kind, item.value)}".removeprefix(": ") for answer, item in said)


def author_of(answer: Answer) -> str:
    text = getattr(answer.participant.person, "text", None) if answer.participant else None
    return text.name if text else ""
