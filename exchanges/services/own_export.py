"""Everything that one person told us about one relationship, as a file for that person: all of its own, and nothing of the other side's
that is private or not revealed. Made when it is asked for, kept nowhere, noted in the log unless an employee took it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from exchanges.access import Place, events_in
from exchanges.models import Answer, Commitment, Disclosure, EventText, EventVersion, Goal, GoalStep, Prompt, PutRight, Report, Settlement, Stance
from exchanges.selectors.put_right import of_writer
from exchanges.selectors.readings import names_of
from exchanges.services.gently import is_an_employee
from exchanges.services.preferences import preferences_of
from exchanges.wording.items import item_word
from relationships.models import IntentVersion, TermsItem, TermsVersion
from valueledger.common import audit

MICRO = Decimal(1_000_000)


def everything_told(place: Place, *, now: datetime) -> bytes:
    """The file, as JSON. One audit row, written before it is made; none about an employee."""
    if not is_an_employee(place.person):
        audit.record(
            workspace_id=place.workspace.pk, now=now, actor_kind="person", actor_id=place.person.pk, action="export.own", target_kind="person",
            target_id=place.person.public_id,
        )  # fmt: skip
    return json.dumps(_all(place, now), ensure_ascii=False, indent=2, default=_plain).encode() + b"\n"


def _plain(value: object) -> str:
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    if isinstance(value, Decimal | UUID):
        return str(value)
    raise TypeError(type(value).__name__)


def _all(place: Place, now: datetime) -> dict[str, Any]:
    participant, names, text = place.participant, names_of(place.relationship), getattr(place.person, "text", None)
    return {
        "made_at": now,
        "you": {"name": text.name if text else "", "email": text.email if text else "", "how_we_ask_you": asdict(preferences_of(place.person)),
                "mails_stopped_at": place.person.suppressed_at},
        "relationship": {
            "id": place.relationship.public_id, "kind": place.relationship.kind, "you_speak_for": names.counterpart, "with": names.own,
            "since": participant.from_on, "left_on": participant.left_on, "workspace": place.workspace.name,
        },
        "logged_by_you": [_version(row) for row in _versions(place)],
        "reports": [_report(row, seen) for seen in [_seen(place)] for row in _reports(place)],
        "answers": [_answer(row) for row in _answers(place)],
        "goals_of_yours": [_goal(row) for row in Goal.objects.filter(author=participant).select_related("text").order_by("id")],
        "done_about_goals": [
            {"goal": row.goal.public_id, "step": row.step, "at": row.at}
            for row in GoalStep.objects.filter(author=participant).select_related("goal").order_by("id")
        ],
        "what_you_stand_for": [
            {"at": row.at, "lines": [line.words for line in row.lines.order_by("number")]}
            for row in Stance.objects.filter(author=participant).order_by("seq")
        ],
        "promised_with_an_answer": [_commitment(row) for row in _commitments(place)],
        "what_matters_to_you": [_terms(row) for row in TermsVersion.objects.filter(author=participant).order_by("seq")],
        "what_became_of_your_promises": [
            {"event": row.event.public_id, "became": row.became, "on": row.on, "at": row.recorded_at}
            for row in Settlement.objects.filter(participant=participant).select_related("event").order_by("id")
        ],
        "what_you_mean_it_to_be": [
            {"on": row.said_on, "intent": row.intent} for row in IntentVersion.objects.filter(author=participant).order_by("seq")
        ],
        "questions_to_you": [
            {"kind": row.kind, "asked_at": row.created_at, "closes_at": row.closes_at, "state": row.state, "ended_at": row.ended_at}
            for row in Prompt.objects.filter(participant=participant).order_by("created_at", "id")
        ],
        "put_right": [_put_right(row) for row in of_writer(place.participant).select_related("text", "event").prefetch_related("steps__text").order_by("id")],
        "shared_by_you": [{"at": row.at, "answer": row.answer and row.answer.public_id, "report": row.report and row.report.public_id}
                          for row in Disclosure.objects.filter(participant=participant).select_related("answer", "report").order_by("id")],
    }  # fmt: skip


def _versions(place: Place) -> Iterable[EventVersion]:
    rows = EventVersion.objects.filter(author_participant=place.participant).select_related("event", "value_kind", "text")
    return rows.order_by("event_id", "seq")


def _version(row: EventVersion) -> dict[str, Any]:
    text: EventText | None = getattr(row, "text", None)
    return {
        "event": row.event.public_id, "version": row.seq, "what": text.what if text else "", "goal": text.goal if text else "",
        "kind": row.kind, "value_kind": row.value_kind.name if row.value_kind else "", "status": row.status, "occurred_on": row.occurred_on,
        "arrived_on": row.arrived_on, "expected_on": row.expected_on, "visibility": row.visibility, "taken_back": row.is_withdrawal,
        "at": row.recorded_at,
    }  # fmt: skip


def _seen(place: Place) -> dict[int, tuple[UUID, str]]:
    """What happened, where this person may read it: a report names what it is about."""
    events = events_in(place)
    texts = dict(EventText.objects.filter(version__event__in=events, version__superseded_by__isnull=True).values_list("version__event_id", "what"))
    return {pk: (public_id, texts.get(pk, "")) for pk, public_id in events.values_list("pk", "public_id")}


def _reports(place: Place) -> Iterable[Report]:
    rows = Report.objects.filter(participant=place.participant, first_hand=True).select_related("unit", "text", "fact", "supersedes")
    return rows.order_by("recorded_at", "id")


def _report(row: Report, seen: dict[int, tuple[UUID, str]]) -> dict[str, Any]:
    text, fact = getattr(row, "text", None), getattr(row, "fact", None)
    event, what = seen.get(row.event_id, (None, ""))
    return {
        "id": row.public_id, "event": event, "about": what, "role": row.role, "word": row.get_word_display() if row.word is not None else None,
        "amount": row.typed_amount, "unit": row.unit.name if row.unit else "", "expectation": row.expectation, "arrived": row.arrived,
        "owing": row.owing, "beneficiary": row.beneficiary, "guess": row.guess_word, "sentence": text.sentence if text else "",
        "money": fact.money if fact else None, "currency": fact.currency if fact else "", "hours": fact.hours if fact else None,
        "visibility": row.visibility, "replaces": row.supersedes and row.supersedes.public_id, "taken_back": row.is_withdrawal, "at": row.recorded_at,
    }  # fmt: skip


def _answers(place: Place) -> Iterable[Answer]:
    rows = Answer.objects.filter(participant=place.participant, first_hand=True).select_related(
        "text", "supersedes", "confirms_shown", "round", "mark"
    )
    return rows.prefetch_related("items__goal").order_by("recorded_at", "id")


def _goal(row: Goal) -> dict[str, Any]:
    return {"id": row.public_id, "what": row.text.what if hasattr(row, "text") else "", "by": row.by_on, "at": row.at}


def _commitments(place: Place) -> Iterable[Commitment]:
    rows = Commitment.objects.filter(seat__participant=place.participant).select_related("text", "seat__round", "event__event")
    return rows.order_by("id")


def _commitment(row: Commitment) -> dict[str, Any]:
    return {
        "round": row.seat.round.number, "what": row.text.what if hasattr(row, "text") else "", "by": row.by_on, "taken_back": row.is_withdrawal,
        "event": row.event.event.public_id if hasattr(row, "event") else None, "at": row.at,
    }  # fmt: skip


def _answer(row: Answer) -> dict[str, Any]:
    return {
        "id": row.public_id, "round": row.round.number if row.round else None, "answered_on": row.answered_on,
        "value": None if row.y_micro is None else row.y_micro / MICRO, "confirmed_what_was_shown": row.confirms_shown_id is not None,
        "guess": None if row.guess_micro is None else row.guess_micro / MICRO, "sureness": row.sureness,
        "sentence": row.text.sentence if hasattr(row, "text") else "", "replaces": row.supersedes and row.supersedes.public_id,
        "taken_back": row.is_withdrawal, "does_not_count": hasattr(row, "mark"), "at": row.answered_at,
        "besides": [{"what": item.kind, "goal": item.goal and item.goal.public_id, "value": item_word(item.kind, item.value)} for item in row.items.all()],
    }  # fmt: skip


def _put_right(row: PutRight) -> dict[str, Any]:
    return {
        "id": row.public_id, "about": row.event and row.event.public_id, "at": row.at, "words": row.text.words if hasattr(row, "text") else "",
        "became_of_it": [{"step": step.step, "at": step.at, "done": step.text.done if hasattr(step, "text") else ""} for step in row.steps.all()],
    }  # fmt: skip


def _terms(version: TermsVersion) -> dict[str, Any]:
    items = TermsItem.objects.filter(version=version).select_related("value_kind", "unit", "text").order_by("-weight", "id")
    return {
        "from": version.effective_on, "at": version.recorded_at,
        "lines": [
            {"what": item.value_kind.name, "points": item.weight, "words": item.text.words if hasattr(item, "text") else "",
             "a_great_deal": item.text.anchor if hasattr(item, "text") else "", "unit": item.unit.name if item.unit else "",
             "points_for_one": item.points_per_unit}
            for item in items
        ],
    }  # fmt: skip
