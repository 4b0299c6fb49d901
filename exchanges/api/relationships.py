"""Relationships, who speaks for their sides, and what matters to each."""

from decimal import Decimal
from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from exchanges.access import relationship_for, relationship_to_write
from exchanges.api.balances import SHARED, FeltSerializer, many_out, sides_out
from exchanges.models import Card, View
from exchanges.selectors.balances import balance_of, outlooks
from exchanges.services.relationships import open_relationship
from exchanges.services.speakers import let_speak
from relationships.access import ensure_steward, named_to, parties_for, party_for, person_for
from relationships.api.doors import Endpoint
from relationships.models import Intent, Kind, Member, Participant, Party, Person, Relationship, Side, SideRole, Stage
from relationships.services.parties import add_party
from valueledger.common.api_inputs import AmountField, ChoiceOf, CodeOf, CountField, DayField, IdField, Input
from valueledger.common.api_pages import PAGE_PARAMETERS, page_body, page_of, paged, parameters_of
from valueledger.common.errors import Invalid, NotFound

PEOPLE_MOST = 20


class NamedFeltSerializer(FeltSerializer):
    name = serializers.CharField()


class RelationshipSerializer(serializers.Serializer):
    """One relationship with its balance of today in the shared view."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=Kind.values)
    stage = serializers.ChoiceField(choices=Stage.values)
    intent = serializers.CharField(help_text="What both sides mean it to be; blank where they differ or nobody said.")
    steward = serializers.UUIDField(allow_null=True)
    view = serializers.ChoiceField(choices=[SHARED])
    as_of = serializers.DateField()
    own = NamedFeltSerializer()
    counterpart = NamedFeltSerializer()
    verdict = serializers.CharField(allow_null=True)
    leaning = serializers.CharField(allow_null=True)
    probability = serializers.FloatField(allow_null=True)
    is_likely = serializers.BooleanField(allow_null=True)
    is_sustained = serializers.BooleanField(allow_null=True)
    is_spiral = serializers.BooleanField(allow_null=True)


class ParticipantSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    person = serializers.UUIDField()
    name = serializers.CharField()
    side = serializers.ChoiceField(choices=SideRole.names)
    from_on = serializers.DateField()
    left_on = serializers.DateField(allow_null=True)


class SideSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    role = serializers.ChoiceField(choices=SideRole.names)
    party = serializers.UUIDField()
    name = serializers.CharField()
    intent = serializers.CharField()
    participants = ParticipantSerializer(many=True)


class RelationshipDetailSerializer(RelationshipSerializer):
    band = serializers.DecimalField(max_digits=4, decimal_places=2, allow_null=True, help_text="Null: inherited.")
    cadence_days = serializers.IntegerField(allow_null=True, help_text="Null: inherited.")
    started_on = serializers.DateField(allow_null=True)
    ended_on = serializers.DateField(allow_null=True)
    sides = SideSerializer(many=True)


class RelationshipInput(Input):
    kind = ChoiceOf(choices=Kind.values)
    counterpart_party = IdField()
    own_party = IdField(required=False, help_text="Without it: the party that has the workspace's name.")
    intent = ChoiceOf(choices=Intent.values, required=False, help_text="What our side means it to be.")
    stage = ChoiceOf(choices=Stage.values, required=False)
    started_on = DayField(ahead=0, required=False)
    band = AmountField(lowest=Decimal("0.01"), highest=Decimal(3), places=2, required=False)
    cadence_days = CountField(min_value=30, max_value=730, required=False)
    own_people = serializers.ListField(child=IdField(), required=False, max_length=PEOPLE_MOST)
    counterpart_people = serializers.ListField(child=IdField(), required=False, max_length=PEOPLE_MOST)


class ParticipantInput(Input):
    side = CodeOf(SideRole)
    person = IdField()
    from_on = DayField(ahead=0, required=False)


CARD_COLUMNS = (
    "relationship_id", "public_id", "kind", "stage", "intent", "steward__public_id", "own_name", "counterpart_name", "band", "cadence_days",
    "relationship__states__after",
)  # fmt: skip


def rows_out(found: list[tuple[Any, ...]], *, today: Any) -> list[dict[str, Any]]:
    """Cards' names with balances aged to today in one vectorised pass: what a card stores was true on the day it was written."""
    if not found:
        return []
    seen = outlooks(
        [row[0] for row in found], [bytes(row[10]) for row in found], as_of=today, band=[row[8] for row in found],
        cadence_days=[row[9] for row in found], view=View.SHARED,
    )  # fmt: skip
    return [row_out(row, balance) for row, balance in zip(found, many_out(seen, [row[2] for row in found]), strict=True)]


def row_out(row: tuple[Any, ...], balance: dict[str, Any]) -> dict[str, Any]:
    _, public_id, kind, stage, intent, steward, own_name, counterpart_name = row[:8]
    return {
        "id": public_id, "kind": kind, "stage": stage, "intent": intent, "steward": steward, **balance,
        "own": {"name": own_name, **balance["own"]}, "counterpart": {"name": counterpart_name, **balance["counterpart"]},
    }  # fmt: skip


def detail_out(relationship: Relationship, *, today: Any) -> dict[str, Any]:
    """Costs a few queries, whatever is in the relationship."""
    row = Card.objects.filter(relationship=relationship, view=View.SHARED).values_list(*CARD_COLUMNS[:8]).get()
    balance = balance_of(relationship, view=View.SHARED, as_of=today)
    return {
        **row_out(row, sides_out(balance, relationship.kind)),
        "band": None if relationship.band is None else f"{relationship.band:.2f}",
        "cadence_days": relationship.cadence_days,
        "started_on": relationship.started_on,
        "ended_on": relationship.ended_on,
        "sides": sides_of(relationship),
    }


PARTICIPANT_COLUMNS = ("public_id", "person__public_id", "person__text__name", "side__role", "from_on", "left_on")


def participant_out(row: tuple[Any, ...]) -> dict[str, Any]:
    return {"id": row[0], "person": row[1], "name": row[2], "side": SideRole(row[3]).name, "from_on": row[4], "left_on": row[5]}


def sides_of(relationship: Relationship) -> list[dict[str, Any]]:
    people = Participant.objects.filter(side__relationship=relationship).order_by("pk").values_list(*PARTICIPANT_COLUMNS)
    speaking = [participant_out(row) for row in people]
    sides = (
        Side.objects.filter(relationship=relationship)
        .order_by("role")
        .values_list("public_id", "role", "party__public_id", "party__text__name", "intent")
    )
    return [
        {
            "id": public_id, "role": SideRole(role).name, "party": party, "name": name, "intent": intent,
            "participants": [one for one in speaking if one["side"] == SideRole(role).name],
        }
        for public_id, role, party, name, intent in sides
    ]  # fmt: skip


class RelationshipsView(Endpoint):
    """The relationships that this token's member may see by name: a steward's own, and for a leader every client."""

    @extend_schema(
        operation_id="relationships",
        parameters=[*PAGE_PARAMETERS, OpenApiParameter("kind", str, enum=Kind.values), OpenApiParameter("stage", str, enum=Stage.values)],
        responses=paged(RelationshipSerializer),
    )
    def get(self, request: Request) -> HttpResponse:
        parameters = parameters_of(request, "limit", "cursor", "kind", "stage")
        rows = Card.objects.filter(
            named_to(self.member), workspace_id=self.member.workspace_id, view=View.SHARED, relationship__states__view=View.SHARED
        )
        for name, known in (("kind", Kind.values), ("stage", Stage.values)):
            if name in parameters:
                if parameters[name] not in known:
                    raise Invalid("This choice is not known.", field=name, code="unknown_choice")
                rows = rows.filter(**{name: parameters[name]})
        found, following = page_of(rows, request=request, parameters=parameters, columns=CARD_COLUMNS, anchor=Relationship, key="relationship_id")
        return self.answer(page_body(rows_out(found, today=self.today), following))

    @extend_schema(operation_id="create_relationship", request=RelationshipInput, responses={201: RelationshipDetailSerializer})
    def post(self, request: Request) -> HttpResponse:
        def act() -> dict[str, Any]:
            ensure_steward(self.member)
            typed = self.typed(RelationshipInput)
            relationship = open_relationship(
                workspace=self.member.workspace,
                own_party=self._own_party(typed.pop("own_party", None)),
                counterpart_party=_known(self.member, party_for, typed.pop("counterpart_party"), "counterpart_party"),
                steward=self.member,
                now=self.now,
                intent_own=typed.pop("intent", ""),
                own_people=self._people(typed.pop("own_people", []), "own_people"),
                counterpart_people=self._people(typed.pop("counterpart_people", []), "counterpart_people"),
                **typed,
            )
            return detail_out(relationship, today=self.today)

        return self.once(act)

    def _own_party(self, public_id: Any) -> Party:
        if public_id is not None:
            return _known(self.member, party_for, public_id, "own_party")  # type: ignore[no-any-return]
        name = self.member.workspace.name
        return parties_for(self.member).filter(text__name=name).order_by("pk").first() or add_party(workspace=self.member.workspace, name=name)

    def _people(self, ids: list[Any], field: str) -> list[Person]:
        return [_known(self.member, person_for, public_id, field) for public_id in dict.fromkeys(ids)]


def _known(member: Member, find: Any, public_id: Any, field: str) -> Any:
    """A row named in a body. Foreign or unknown, it is the field that is wrong, not the address."""
    try:
        return find(member, public_id)
    except NotFound:
        raise Invalid("There is nothing with this id.", field=field, code="unknown_id") from None


class RelationshipView(Endpoint):
    @extend_schema(operation_id="relationship", responses=RelationshipDetailSerializer)
    def get(self, request: Request, public_id: Any) -> HttpResponse:
        parameters_of(request)
        return self.answer(detail_out(relationship_for(self.member, public_id).relationship, today=self.today))


class ParticipantsView(Endpoint):
    """Who speaks for either side."""

    @extend_schema(operation_id="participants", parameters=PAGE_PARAMETERS, responses=paged(ParticipantSerializer))
    def get(self, request: Request, public_id: Any) -> HttpResponse:
        parameters = parameters_of(request, "limit", "cursor")
        relationship = relationship_for(self.member, public_id).relationship
        rows = Participant.objects.filter(workspace_id=relationship.workspace_id, side__relationship=relationship)
        found, following = page_of(rows, request=request, parameters=parameters, columns=PARTICIPANT_COLUMNS, anchor=Participant)
        return self.answer(page_body(map(participant_out, found), following))

    @extend_schema(operation_id="create_participant", request=ParticipantInput, responses={201: ParticipantSerializer})
    def post(self, request: Request, public_id: Any) -> HttpResponse:
        def act() -> dict[str, Any]:
            relationship = relationship_to_write(self.member, public_id).relationship
            typed = self.typed(ParticipantInput)
            person = _known(self.member, person_for, typed["person"], "person")
            row = let_speak(
                relationship=relationship,
                role=typed["side"],
                person=person,
                from_on=typed.get("from_on") or self.today,
                member=self.member,
                now=self.now,
            )
            return participant_out(Participant.objects.filter(pk=row.pk).values_list(*PARTICIPANT_COLUMNS).get())

        return self.once(act)
