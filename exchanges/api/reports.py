"""Reports: each side's account of an event. A token speaks at first hand only for the side for which its member speaks;
what it passes on for somebody else is relayed, says so, and counts half."""

from decimal import Decimal
from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from exchanges.access import Reading, event_for, event_to_write, report_for, reports_for, voice_for
from exchanges.models import Arrived, Beneficiary, Expectation, Owing, Report, ReportRole, ValueEvent, View, Visibility, Word
from exchanges.services.reports import Account, relay_report, report_gave, report_got, withdraw_report
from relationships.api.doors import Endpoint
from relationships.models import SideRole
from valueledger.common.api_inputs import AmountField, ChoiceOf, CodeOf, IdField, Input, LineField, NoteField, TruthField
from valueledger.common.api_pages import PAGE_PARAMETERS, page_body, page_of, paged, parameters_of
from valueledger.common.errors import Invalid, NotFound

MICRO = Decimal(1_000_000)
AMOUNT_LOWEST = Decimal("-99999999")


class ReportSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    event = serializers.UUIDField()
    side = serializers.ChoiceField(choices=SideRole.names)
    role = serializers.ChoiceField(choices=ReportRole.values)
    relayed = serializers.BooleanField(help_text="Passed on by somebody who does not speak for this side: counts half, and gives way.")
    participant = serializers.UUIDField(allow_null=True, help_text="Who said it at first hand.")
    relayed_by = serializers.UUIDField(allow_null=True, help_text="The member who passed it on.")
    word = serializers.ChoiceField(choices=Word.names, allow_null=True)
    guess_word = serializers.ChoiceField(choices=Word.names, allow_null=True, help_text="The giver's guess of the worth. It enters no number.")
    typed_amount = serializers.DecimalField(max_digits=12, decimal_places=4, allow_null=True)
    unit = serializers.CharField()
    points = serializers.DecimalField(max_digits=16, decimal_places=6, allow_null=True, help_text="Null: counts as one typical event.")
    arrived = serializers.CharField()
    expectation = serializers.CharField()
    owing = serializers.CharField()
    beneficiary = serializers.CharField()
    sentence = serializers.CharField()
    money = serializers.DecimalField(max_digits=12, decimal_places=2, allow_null=True, help_text="Private to its side unless shared.")
    currency = serializers.CharField()
    hours = serializers.DecimalField(max_digits=8, decimal_places=2, allow_null=True)
    visibility = serializers.ChoiceField(choices=Visibility.values)
    recorded_at = serializers.DateTimeField()


REPORT_COLUMNS = (
    "public_id", "event__public_id", "side", "role", "first_hand", "participant__public_id", "relayed_by__public_id", "word", "guess_word", "typed_amount",
    "unit__name", "points_micro", "arrived", "expectation", "owing", "beneficiary", "text__sentence", "fact__money", "fact__currency", "fact__hours",
    "fact__is_shared", "visibility", "recorded_at",
)  # fmt: skip


def report_row(row: tuple[Any, ...], *, view: View) -> dict[str, Any]:
    (public_id, event, side, role, first_hand, participant, relayed_by, word, guess, amount, unit, points, arrived, expectation, owing, beneficiary,
     sentence, money, currency, hours, facts_shared, visibility, at) = row[:23]  # fmt: skip
    may_see_facts = facts_shared or (view == View.OWN and side == SideRole.OWN)
    return {
        "id": public_id, "event": event, "side": SideRole(side).name, "role": role, "relayed": not first_hand, "participant": participant,
        "relayed_by": relayed_by, "word": None if word is None else Word(word).name, "guess_word": None if guess is None else Word(guess).name,
        "typed_amount": None if amount is None else str(amount), "unit": unit or "", "points": None if points is None else str(points / MICRO),
        "arrived": arrived, "expectation": expectation, "owing": owing, "beneficiary": beneficiary, "sentence": sentence or "",
        "money": str(money) if may_see_facts and money is not None else None, "currency": (currency or "") if may_see_facts else "",
        "hours": str(hours) if may_see_facts and hours is not None else None, "visibility": visibility, "recorded_at": at,
    }  # fmt: skip


def report_out(report: Report, *, view: View) -> dict[str, Any]:
    return report_row(Report.objects.filter(pk=report.pk).values_list(*REPORT_COLUMNS).get(), view=view)


class ReportInput(Input):
    side = CodeOf(SideRole)
    role = ChoiceOf(choices=ReportRole.values)
    relayed = TruthField(required=False, default=False, help_text="True: pass on what the side said elsewhere.")
    supersedes = IdField(required=False, help_text="The report that this one corrects: by the same person, of the same account.")
    word = CodeOf(Word, required=False, allow_null=True)
    guess_word = CodeOf(Word, required=False, allow_null=True)
    typed_amount = AmountField(lowest=AMOUNT_LOWEST, required=False, allow_null=True)
    unit = LineField(longest=40, required=False)
    arrived = ChoiceOf(choices=Arrived.values, required=False)
    expectation = ChoiceOf(choices=Expectation.values, required=False)
    owing = ChoiceOf(choices=Owing.values, required=False)
    beneficiary = ChoiceOf(choices=Beneficiary.values, required=False)
    sentence = NoteField(required=False)
    visibility = ChoiceOf(choices=Visibility.values, required=False)
    money = AmountField(highest=Decimal("9999999999.99"), places=2, required=False, allow_null=True)
    currency = LineField(longest=3, required=False)
    hours = AmountField(highest=Decimal("999999.99"), places=2, required=False, allow_null=True)
    facts_shared = TruthField(required=False, default=False)


class ReportsView(Endpoint):
    """The accounts of an event that this token's member may see, and saying one."""

    @extend_schema(operation_id="reports", parameters=PAGE_PARAMETERS, responses=paged(ReportSerializer))
    def get(self, request: Request, public_id: Any) -> HttpResponse:
        parameters = parameters_of(request, "limit", "cursor")
        reading, event = event_for(self.member, public_id)
        rows = reports_for(reading, event)
        found, following = page_of(rows, request=request, parameters=parameters, columns=REPORT_COLUMNS, anchor=Report)
        return self.answer(page_body((report_row(row, view=reading.view) for row in found), following))

    @extend_schema(operation_id="create_report", request=ReportInput, responses={201: ReportSerializer})
    def post(self, request: Request, public_id: Any) -> HttpResponse:
        def act() -> dict[str, Any]:
            reading, event = event_to_write(self.member, public_id)
            typed = self.typed(ReportInput)
            report = self._relay(event, typed) if typed.pop("relayed") else self._say(reading, event, typed)
            return report_out(report, view=reading.view)

        return self.once(act)

    def _say(self, reading: Reading, event: ValueEvent, typed: dict[str, Any]) -> Report:
        side, role, supersedes = self._which(event, typed)
        say = report_got if role == ReportRole.GOT else report_gave
        voice = voice_for(reading, today=self.today)
        return say(event=event, side=side, voice=voice, account=Account(**typed), now=self.now, supersedes=supersedes)

    def _relay(self, event: ValueEvent, typed: dict[str, Any]) -> Report:
        side, role, supersedes = self._which(event, typed)
        return relay_report(event=event, side=side, role=role, member=self.member, account=Account(**typed), now=self.now, supersedes=supersedes)

    def _which(self, event: ValueEvent, typed: dict[str, Any]) -> tuple[int, str, Report | None]:
        side, role, named = typed.pop("side"), typed.pop("role"), typed.pop("supersedes", None)
        if named is None:
            return side, role, None
        try:
            _, supersedes = report_for(self.member, named)
        except NotFound:
            raise Invalid("There is nothing with this id.", field="supersedes", code="unknown_id") from None
        if supersedes.event_id != event.pk:
            raise Invalid("This report is about another event.", field="supersedes", code="unknown_id")
        return side, role, supersedes


class ReportView(Endpoint):
    @extend_schema(operation_id="report", responses=ReportSerializer)
    def get(self, request: Request, public_id: Any) -> HttpResponse:
        parameters_of(request)
        reading, report = report_for(self.member, public_id)
        return self.answer(report_out(report, view=reading.view))


class NothingInput(Input):
    """An empty object: the address says it all."""


class ReportWithdrawalSerializer(serializers.Serializer):
    id = serializers.UUIDField(help_text="The report that no longer counts.")
    is_withdrawn = serializers.BooleanField()


class ReportWithdrawalView(Endpoint):
    """Take one's own report back. The row stays; it no longer counts."""

    @extend_schema(operation_id="withdraw_report", request=NothingInput, responses={201: ReportWithdrawalSerializer})
    def post(self, request: Request, public_id: Any) -> HttpResponse:
        def act() -> dict[str, Any]:
            reading, report = report_for(self.member, public_id)
            if not reading.may_write:
                raise NotFound
            self.typed(NothingInput)
            withdraw_report(report=report, voice=voice_for(reading, today=self.today), now=self.now)
            return {"id": report.public_id, "is_withdrawn": True}

        return self.once(act)
