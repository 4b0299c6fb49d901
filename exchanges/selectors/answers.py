"""Who answered a check, as a reader may see it: colleagues' answers are our side's number, without a name.

Rows come in as querysets that `access` has narrowed to what the reader may see; nothing here looks further.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date

from django.db.models import QuerySet

from exchanges.models import Answer
from exchanges.selectors.ledger import MICRO, person_name
from relationships.models import SideRole


@dataclass(frozen=True)
class AnswerLine:
    answer_id: int
    side: int
    on: date
    f: float | None
    is_confirm: bool
    by: str
    is_relayed: bool
    guess: float | None
    sentence: str
    round_id: int | None


def answers_in(answers: QuerySet[Answer], *, reader: int | None, limit: int = 400) -> list[AnswerLine]:
    """Standing answers that the reader may see, oldest first. `reader`: its person's id.

    What a colleague answered is shown as our side's number of that round, without a name.
    """
    rows = answers.standing().select_related("participant__person__text", "relayed_by__user", "confirms_shown", "text")  # type: ignore[attr-defined]
    newest = list(rows.order_by("-answered_on", "-id")[:limit])
    return _pooled([_answer(row, reader) for row in reversed(newest)])


def _pooled(lines: list[AnswerLine]) -> list[AnswerLine]:
    """Our side's answers of one round as one, where not all of them are the reader's own: on whichever days they were given."""
    together: dict[object, list[AnswerLine]] = defaultdict(list)
    for line in lines:
        if line.side == SideRole.OWN:
            together[_asked_in(line)].append(line)
    pooled = {key: _one_of(found) for key, found in together.items() if len(found) > 1 and any(not line.by for line in found)}
    kept: list[AnswerLine] = []
    for line in lines:
        key = _asked_in(line)
        if line.side == SideRole.OWN and key in pooled:
            if line is together[key][-1]:
                kept.append(pooled[key])
        else:
            kept.append(line)
    return kept


def _asked_in(line: AnswerLine) -> object:
    return line.on if line.round_id is None else line.round_id


def _one_of(found: list[AnswerLine]) -> AnswerLine:
    said = [line.f for line in found if line.f is not None]
    return replace(found[-1], f=sum(said) / len(said) if said else None, by="", sentence="", guess=None)


def _answer(row: Answer, reader: int | None) -> AnswerLine:
    is_colleagues = row.side == SideRole.OWN and row.first_hand and (row.participant is None or row.participant.person_id != reader)
    from_shown = row.confirms_shown is not None and row.y_micro is None
    text = getattr(row, "text", None)
    return AnswerLine(
        answer_id=row.pk,
        side=row.side,
        on=row.answered_on,
        f=row.y_micro / MICRO if row.y_micro is not None else None,
        is_confirm=from_shown,
        by="" if is_colleagues else _speaker(row),
        is_relayed=not row.first_hand,
        guess=row.guess_micro / MICRO if row.guess_micro is not None and not is_colleagues else None,
        sentence=text.sentence if text and not is_colleagues else "",
        round_id=row.round_id,
    )


def _speaker(row: Answer) -> str:
    if row.first_hand:
        return person_name(row.participant)
    return f"passed on by {row.relayed_by.user}" if row.relayed_by else "imported"
