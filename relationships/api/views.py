"""Who: the workspace, its members, parties, people, and the kinds of value it knows."""

from typing import Any
from zoneinfo import available_timezones

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from relationships import access
from relationships.api import serializers as shape
from relationships.api.doors import Endpoint
from relationships.models import Member, Party, Person, ValueKind
from relationships.services.catalogue import add_kind
from relationships.services.parties import add_party, add_person
from valueledger.common.api_pages import PAGE_PARAMETERS, page_body, page_of, paged, parameters_of
from valueledger.common.errors import Invalid

PAGED = ("limit", "cursor")


class WorkspaceView(Endpoint):
    """The workspace that this token belongs to, and in whose name it acts."""

    @extend_schema(operation_id="workspace", responses=shape.WorkspaceSerializer)
    def get(self, request: Request) -> HttpResponse:
        parameters_of(request)
        return self.answer(shape.workspace_out(self.member.workspace, self.member))


class MembersView(Endpoint):
    """Who works in the workspace. Only an owner's token finds anything here."""

    @extend_schema(operation_id="members", parameters=PAGE_PARAMETERS, responses=paged(shape.MemberSerializer))
    def get(self, request: Request) -> HttpResponse:
        parameters = parameters_of(request, *PAGED)
        rows = access.members_for(self.member)
        found, following = page_of(rows, request=request, parameters=parameters, columns=shape.MEMBER_COLUMNS, anchor=Member)
        return self.answer(page_body(map(shape.member_row, found), following))


class MemberView(Endpoint):
    @extend_schema(operation_id="member", responses=shape.MemberSerializer)
    def get(self, request: Request, public_id: Any) -> HttpResponse:
        parameters_of(request)
        return self.answer(shape.member_out(access.member_for(self.member, public_id)))


class PartiesView(Endpoint):
    """Organisations and people that can be one side of a relationship."""

    @extend_schema(operation_id="parties", parameters=PAGE_PARAMETERS, responses=paged(shape.PartySerializer))
    def get(self, request: Request) -> HttpResponse:
        parameters = parameters_of(request, *PAGED)
        rows = access.parties_for(self.member)
        found, following = page_of(rows, request=request, parameters=parameters, columns=shape.PARTY_COLUMNS, anchor=Party)
        return self.answer(page_body(map(shape.party_row, found), following))

    @extend_schema(operation_id="create_party", request=shape.PartyInput, responses={201: shape.PartySerializer})
    def post(self, request: Request) -> HttpResponse:
        def act() -> dict[str, Any]:
            access.ensure_steward(self.member)
            return shape.party_out(add_party(workspace=self.member.workspace, **self.typed(shape.PartyInput)))

        return self.once(act)


class PartyView(Endpoint):
    @extend_schema(operation_id="party", responses=shape.PartySerializer)
    def get(self, request: Request, public_id: Any) -> HttpResponse:
        parameters_of(request)
        return self.answer(shape.party_out(access.party_for(self.member, public_id)))


class PeopleView(Endpoint):
    """People, with their address where this token's member may see it."""

    @extend_schema(operation_id="people", parameters=PAGE_PARAMETERS, responses=paged(shape.PersonSerializer))
    def get(self, request: Request) -> HttpResponse:
        parameters = parameters_of(request, *PAGED)
        rows = access.people_for(self.member)
        found, following = page_of(rows, request=request, parameters=parameters, columns=shape.PERSON_COLUMNS, anchor=Person)
        return self.answer(page_body(map(shape.person_row, found), following))

    @extend_schema(operation_id="create_person", request=shape.PersonInput, responses={201: shape.PersonSerializer})
    def post(self, request: Request) -> HttpResponse:
        def act() -> dict[str, Any]:
            access.ensure_steward(self.member)
            typed = self.typed(shape.PersonInput)
            if typed["time_zone"] and typed["time_zone"] not in available_timezones():
                raise Invalid("That time zone is not known.", field="time_zone", code="unknown_time_zone")
            return shape.person_out(add_person(workspace=self.member.workspace, **typed), is_contact=True)

        return self.once(act)


class PersonView(Endpoint):
    @extend_schema(operation_id="person", responses=shape.PersonSerializer)
    def get(self, request: Request, public_id: Any) -> HttpResponse:
        parameters_of(request)
        person = access.person_for(self.member, public_id)
        return self.answer(shape.person_out(person, is_contact=getattr(person, "is_contact", False)))


class ValueKindsView(Endpoint):
    """The catalogue of value kinds, and those that a side added in its own words."""

    @extend_schema(operation_id="value_kinds", parameters=PAGE_PARAMETERS, responses=paged(shape.ValueKindSerializer))
    def get(self, request: Request) -> HttpResponse:
        parameters = parameters_of(request, *PAGED)
        rows = access.value_kinds_for(self.member)
        found, following = page_of(rows, request=request, parameters=parameters, columns=shape.VALUE_KIND_COLUMNS, anchor=ValueKind)
        return self.answer(page_body(map(shape.value_kind_row, found), following))

    @extend_schema(operation_id="create_value_kind", request=shape.ValueKindInput, responses={201: shape.ValueKindSerializer})
    def post(self, request: Request) -> HttpResponse:
        def act() -> dict[str, Any]:
            access.ensure_owner(self.member)
            return shape.value_kind_out(add_kind(member=self.member, now=self.now, **self.typed(shape.ValueKindInput)))

        return self.once(act)


class ValueKindView(Endpoint):
    @extend_schema(operation_id="value_kind", responses=shape.ValueKindSerializer)
    def get(self, request: Request, public_id: Any) -> HttpResponse:
        parameters_of(request)
        return self.answer(shape.value_kind_out(access.value_kind_for(self.member, public_id)))
