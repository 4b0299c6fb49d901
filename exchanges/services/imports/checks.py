"""Checks that a file brings: what somebody said elsewhere, stored as relayed answers without a round."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from exchanges.models import Answer, AnswerText, Assurance, EvidenceKind, ImportTable, SourceKind
from exchanges.models.snapshots import ALL_VIEWS
from exchanges.services.imports import known
from exchanges.services.imports.resolving import Found
from exchanges.services.imports.rows import Staged
from exchanges.services.imports.writing import (
    EMPLOYEES_SPEAK,
    Candidate,
    Work,
    candidates,
    is_employees,
    lay_evidence,
    only_new,
    slots_of,
    without_ours,
)
from valueledger.common import bulk

SLOTS = slots_of(ImportTable.CHECKS)
SIDE, VALUE, GUESS, ON, SENTENCE, KIND = (SLOTS[name] for name in ("side", "value", "guess", "on", "sentence", "relationship_kind"))
SECONDS_A_DAY = 86_400


def write(work: Work, rows: Sequence[Staged]) -> None:
    rows = without_ours(work, ImportTable.CHECKS, Answer, rows)
    found = work.resolver.find(((row[1], row[KIND]) for row in rows), write=work.write)
    chosen = [one for one in candidates(work, ImportTable.CHECKS, rows, found, content) if may_relay(work, one)]
    new = only_new(work, chosen)
    work.outcome.added += len(new)
    if work.write:
        write_answers(work, found, new)
    else:
        work.outcome.new_rows += [one.row for one in new]


def content(row: Staged, found: Found) -> tuple[int | str | None, ...]:
    return (row[SIDE] ^ found.flipped, row[ON], row[VALUE], row[GUESS], row[SENTENCE] or "")


def may_relay(work: Work, one: Candidate) -> bool:
    if is_employees(one.found, one.row[SIDE] ^ one.found.flipped):
        work.outcome.refuse(one.row, "side", EMPLOYEES_SPEAK)
        return False
    return True


def write_answers(work: Work, found: dict[str, Found], new: Sequence[Candidate]) -> None:
    settings, count = work.settings, len(new)
    relationships = np.array([one.found.pk for one in new], np.int64)
    sides = np.array([one.row[SIDE] ^ one.found.flipped for one in new], np.int64)
    days = np.array([one.row[ON] for one in new], np.int64)
    values = np.array([one.row[VALUE] for one in new], np.int64)
    guesses = [one.row[GUESS] for one in new]
    ids = bulk.reserve(Answer, count)
    first_days: dict[int, int] = {}
    for pk, day in zip(relationships.tolist(), days.tolist(), strict=True):
        if first_days.get(pk, day) >= day:
            first_days[pk] = day
    evidence = {
        "view_mask": ALL_VIEWS, "side": sides, "on_day": days, "kind": int(EvidenceKind.CHECK), "value_int": values, "relayed": True, "source_id": ids,
    }  # fmt: skip
    lay_evidence(work, found.values(), relationships, SourceKind.ANSWER, evidence, first_days)
    bulk.insert(
        Answer, count,
        {
            "id": ids, "public_id": bulk.fresh_uuids(count), "workspace_id": settings.workspace.pk, "relationship_id": relationships, "side": sides,
            "seq": 1, "is_withdrawal": False, "first_hand": False, "relayed_by_id": settings.member.pk if settings.member else None,
            "y_micro": values, "guess_micro": guesses if any(guess is not None for guess in guesses) else None, "sureness": "", "answered_on": days,
            "answered_at": days * SECONDS_A_DAY, "assurance": Assurance.RELAYED.value, "import_source": settings.source, "recorded_at": work.now,
        },
    )  # fmt: skip
    texts = [(pk, one.row[SENTENCE]) for pk, one in zip(ids.tolist(), new, strict=True) if one.row[SENTENCE]]
    sentences = {
        "workspace_id": settings.workspace.pk,
        "answer_id": np.array([pk for pk, _ in texts], np.int64),
        "sentence": [text for _, text in texts],
    }
    bulk.insert(AnswerText, len(texts), sentences)
    known.remember(settings, ImportTable.CHECKS, [one.key for one in new], [one.occurrence for one in new], ids)
