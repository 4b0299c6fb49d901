"""Rounds and answers. Blind until revealed: before that nothing here tells whether the other side, or a colleague, has answered.

An employee's round never tells it: its page says open until the day it closes, whatever happened in between.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from exchanges.access import Reading, own_seat_for, relationship_for, relationship_to_write, round_for, visible_answers
from exchanges.models import Answer, Assurance, Posting, RevealRule, Round, Sureness
from exchanges.selectors.balances import KAPPA
from exchanges.services.rounds import answer_check, ask_now
from relationships.api.doors import Endpoint
from relationships.models import Kind, SideRole
from valueledger.common.api_inputs import AmountField, ChoiceOf, Input, NoteField, TruthField
from valueledger.common.api_pages import PAGE_PARAMETERS, page_body, page_of, paged, parameters_of

MICRO, NANO = Decimal(1_000_000), 1e9
STATES = ["OPEN", "REVEALED", "CLOSED"]


class AnswerSerializer(serializers.Serializer):
    """One answer that this token's member may see: its own, and after the reveal the other side's with its author."""

    side = serializers.ChoiceField(choices=SideRole.names)
    participant = serializers.UUIDField(allow_null=True)
    relayed = serializers.BooleanField()
    value = serializers.FloatField(help_text="Points on the answering side's account: above 0 it gets more than it gives.")
    is_confirm = serializers.BooleanField(help_text="It said that the picture shown was right; the value is that picture's.")
    guess = serializers.FloatField(allow_null=True, help_text="What it guessed the other side would answer.")
    sureness = serializers.CharField()
    sentence = serializers.CharField()
    answered_on = serializers.DateField()


class RoundSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    relationship = serializers.UUIDField()
    opens_at = serializers.DateTimeField()
    closes_at = serializers.DateTimeField()
    reveal_rule = serializers.ChoiceField(choices=RevealRule.values)
    state = serializers.ChoiceField(choices=STATES)
    revealed_at = serializers.DateTimeField(allow_null=True)
    own_value = serializers.FloatField(allow_null=True, help_text="Our side's number: the mean of what its people said.")
    counterpart_value = serializers.FloatField(allow_null=True)
    answers = AnswerSerializer(many=True)


class AskInput(Input):
    """An empty object: both sides are asked the same."""


class AnswerInput(Input):
    value = AmountField(lowest=Decimal(-3), highest=Decimal(3), required=False, help_text="Points, -3 to 3.")
    confirm = TruthField(required=False, default=False, help_text="The picture shown is right. A value beside it wins.")
    guess = AmountField(lowest=Decimal(-3), highest=Decimal(3), required=False)
    sureness = ChoiceOf(choices=Sureness.values, required=False)
    sentence = NoteField(required=False)


class AnswerReceiptSerializer(serializers.Serializer):
    round = serializers.UUIDField()
    counts = serializers.BooleanField()
    answered_on = serializers.DateField()


ROUND_COLUMNS = ("pk", "public_id", "opens_at", "closes_at", "reveal_rule", "posting__outcome", "posting__revealed_at")


class Answers:
    """The answers of some rounds, read in one query and told as one member may hear them."""

    def __init__(self, reading: Reading, rounds: Iterable[int], *, now: datetime) -> None:
        self.reading, self.now = reading, now
        self.is_employee = reading.relationship.kind == Kind.EMPLOYEE
        rows = Answer.objects.standing().filter(workspace_id=reading.relationship.workspace_id, round_id__in=list(rounds))
        visible = set(visible_answers(rows, reading.view, reading.relationship.kind).values_list("pk", flat=True))
        self.by_round: dict[int, list[Answer]] = defaultdict(list)
        self.visible: dict[int, list[Answer]] = defaultdict(list)
        for answer in rows.select_related("participant", "confirms_shown", "text").order_by("pk"):
            self.by_round[answer.round_id or 0].append(answer)
            if answer.pk in visible:
                self.visible[answer.round_id or 0].append(answer)

    def round_out(self, row: tuple[Any, ...]) -> dict[str, Any]:
        pk, public_id, opens_at, closes_at, rule, outcome, revealed_at = row[:7]
        is_over = self.now >= closes_at
        if self.is_employee and not is_over:
            outcome = None  # that it was revealed early would say that the employee has answered, and when
        state = "REVEALED" if outcome == Posting.REVEALED and not self.is_employee else "CLOSED" if is_over or outcome else "OPEN"
        seen = self.visible[pk] if outcome is not None else []
        mine = [answer for answer in self.by_round[pk] if self._is_mine(answer)]
        return {
            "id": public_id, "relationship": self.reading.relationship.public_id, "opens_at": opens_at, "closes_at": closes_at, "reveal_rule": rule,
            "state": state, "revealed_at": revealed_at if state == "REVEALED" else None,
            "own_value": _mean([answer for answer in seen if answer.side == SideRole.OWN]),
            "counterpart_value": _mean([answer for answer in seen if answer.side == SideRole.COUNTERPART]),
            "answers": [answer_out(one) for one in mine + [one for one in seen if one.side == SideRole.COUNTERPART]],
        }  # fmt: skip

    def _is_mine(self, answer: Answer) -> bool:
        person_id = self.reading.member.person_id
        return answer.side == SideRole.OWN and person_id is not None and answer.participant is not None and answer.participant.person_id == person_id


def value_of(answer: Answer) -> float:
    """Points. A confirm says the number that was shown."""
    if answer.y_micro is not None:
        return float(answer.y_micro / MICRO)
    assert answer.confirms_shown is not None
    return answer.confirms_shown.r_nano / NANO / KAPPA


def _mean(answers: list[Answer]) -> float | None:
    return sum(value_of(answer) for answer in answers) / len(answers) if answers else None


def answer_out(answer: Answer) -> dict[str, Any]:
    text = getattr(answer, "text", None)
    return {
        "side": SideRole(answer.side).name, "participant": answer.participant.public_id if answer.participant else None, "relayed": not answer.first_hand,
        "value": value_of(answer), "is_confirm": answer.y_micro is None, "guess": None if answer.guess_micro is None else float(answer.guess_micro / MICRO),
        "sureness": answer.sureness, "sentence": text.sentence if text else "", "answered_on": answer.answered_on,
    }  # fmt: skip


def round_out(reading: Reading, round: Round, *, now: datetime) -> dict[str, Any]:
    row = Round.objects.filter(pk=round.pk).values_list(*ROUND_COLUMNS).get()
    return Answers(reading, [round.pk], now=now).round_out(row)


class RoundsView(Endpoint):
    """The times both sides were asked, newest first. Asking again is for the steward, one round at a time."""

    @extend_schema(operation_id="rounds", parameters=PAGE_PARAMETERS, responses=paged(RoundSerializer))
    def get(self, request: Request, public_id: Any) -> HttpResponse:
        parameters = parameters_of(request, "limit", "cursor")
        reading = relationship_for(self.member, public_id)
        rows = Round.objects.filter(workspace_id=self.member.workspace_id, relationship=reading.relationship)
        found, following = page_of(rows, request=request, parameters=parameters, columns=ROUND_COLUMNS, anchor=Round)
        answers = Answers(reading, (row[0] for row in found), now=self.now)
        return self.answer(page_body(map(answers.round_out, found), following))

    @extend_schema(operation_id="create_round", request=AskInput, responses={201: RoundSerializer})
    def post(self, request: Request, public_id: Any) -> HttpResponse:
        def act() -> dict[str, Any]:
            reading = relationship_to_write(self.member, public_id)
            self.typed(AskInput)
            return round_out(reading, ask_now(reading, self.now), now=self.now)

        return self.once(act)


class RoundView(Endpoint):
    @extend_schema(operation_id="round", responses=RoundSerializer)
    def get(self, request: Request, public_id: Any) -> HttpResponse:
        parameters_of(request)
        reading, round = round_for(self.member, public_id)
        return self.answer(round_out(reading, round, now=self.now))


class AnswersView(Endpoint):
    """Answer for the member's own seat. It can be changed, by answering again, until the reveal."""

    @extend_schema(operation_id="create_answer", request=AnswerInput, responses={201: AnswerReceiptSerializer})
    def post(self, request: Request, public_id: Any) -> HttpResponse:
        def act() -> dict[str, Any]:
            seat = own_seat_for(self.member, public_id)
            typed = self.typed(AnswerInput)
            recorded = answer_check(seat=seat, value=typed.pop("value", None), assurance=Assurance.SIGNED_IN, now=self.now, **typed)
            return {"round": seat.round.public_id, "counts": recorded.counts, "answered_on": recorded.answer.answered_on}

        return self.once(act)
