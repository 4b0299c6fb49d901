"""Terms: what matters to a side. Both sides' are read; only somebody who speaks for a side says them."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from exchanges.access import relationship_for, relationship_to_write, voice_for
from exchanges.services.relationships import set_terms
from relationships.access import value_kind_for
from relationships.api.doors import Endpoint
from relationships.models import Member, SideRole, TermsItem, TermsVersion
from relationships.services.terms import NotYourTerms, TermsLine
from valueledger.common.api_inputs import AmountField, CodeOf, CountField, DayField, IdField, Input, LineField
from valueledger.common.api_pages import PAGE_PARAMETERS, page_body, page_of, paged, parameters_of
from valueledger.common.errors import Invalid, NotFound

LINES_MOST = 12


class TermsLineSerializer(serializers.Serializer):
    value_kind = serializers.UUIDField()
    name = serializers.CharField()
    weight = serializers.IntegerField(help_text="Of ten points shared out.")
    words = serializers.CharField()
    anchor = serializers.CharField(help_text="What a great deal would be.")
    unit = serializers.CharField()
    points_per_unit = serializers.DecimalField(max_digits=12, decimal_places=4, allow_null=True)


class TermsSerializer(serializers.Serializer):
    """One version of what matters to a side. Later versions never revalue the past."""

    id = serializers.UUIDField()
    side = serializers.ChoiceField(choices=SideRole.names)
    effective_on = serializers.DateField()
    author = serializers.UUIDField(help_text="The participant who said it.")
    recorded_at = serializers.DateTimeField()
    lines = TermsLineSerializer(many=True)


class TermsLineInput(Input):
    value_kind = IdField()
    weight = CountField(min_value=0, max_value=10)
    words = LineField(longest=300, required=False, default="")
    anchor = LineField(longest=300, required=False, default="")
    unit = LineField(longest=40, required=False, default="")
    points_per_unit = AmountField(lowest=Decimal("0.0001"), highest=Decimal(10_000), required=False)


class TermsInput(Input):
    side = CodeOf(SideRole)
    effective_on = DayField(ahead=0, required=False)
    lines = TermsLineInput(many=True, max_length=LINES_MOST)  # type: ignore[call-arg]


TERMS_COLUMNS = ("pk", "public_id", "side__role", "effective_on", "author__public_id", "recorded_at")
LINE_COLUMNS = ("version_id", "value_kind__public_id", "value_kind__name", "weight", "text__words", "text__anchor", "unit__name", "points_per_unit")


def terms_out(found: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
    """Versions with their lines, in one further query."""
    lines: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for version, kind, name, weight, words, anchor, unit, rate in (
        TermsItem.objects.filter(version_id__in=[row[0] for row in found]).order_by("-weight", "pk").values_list(*LINE_COLUMNS)
    ):
        lines[version].append({
            "value_kind": kind, "name": name, "weight": weight, "words": words or "", "anchor": anchor or "", "unit": unit or "",
            "points_per_unit": None if rate is None else str(rate),
        })  # fmt: skip
    return [
        {"id": row[1], "side": SideRole(row[2]).name, "effective_on": row[3], "author": row[4], "recorded_at": row[5], "lines": lines[row[0]]}
        for row in found
    ]


class TermsView(Endpoint):
    """What matters to each side, newest version first."""

    @extend_schema(operation_id="terms", parameters=PAGE_PARAMETERS, responses=paged(TermsSerializer))
    def get(self, request: Request, public_id: Any) -> HttpResponse:
        parameters = parameters_of(request, "limit", "cursor")
        relationship = relationship_for(self.member, public_id).relationship
        rows = TermsVersion.objects.filter(workspace_id=relationship.workspace_id, side__relationship=relationship)
        found, following = page_of(rows, request=request, parameters=parameters, columns=TERMS_COLUMNS, anchor=TermsVersion)
        return self.answer(page_body(terms_out(found), following))

    @extend_schema(operation_id="create_terms", request=TermsInput, responses={201: TermsSerializer})
    def post(self, request: Request, public_id: Any) -> HttpResponse:
        def act() -> dict[str, Any]:
            reading = relationship_to_write(self.member, public_id)
            typed = self.typed(TermsInput)
            author = voice_for(reading, today=self.today).participant
            if author is None or author.side.role != typed["side"]:
                raise NotYourTerms
            version = set_terms(
                side=author.side, author=author, effective_on=typed.get("effective_on") or self.today, now=self.now,
                lines=[_line(self.member, place, line) for place, line in enumerate(typed["lines"])],
            )  # fmt: skip
            return terms_out([TermsVersion.objects.filter(pk=version.pk).values_list(*TERMS_COLUMNS).get()])[0]

        return self.once(act)


def _line(member: Member, place: int, typed: dict[str, Any]) -> TermsLine:
    try:
        kind = value_kind_for(member, typed["value_kind"])
    except NotFound:
        raise Invalid("There is nothing with this id.", field=f"lines.{place}.value_kind", code="unknown_id") from None
    return TermsLine(**{**typed, "value_kind": kind})
