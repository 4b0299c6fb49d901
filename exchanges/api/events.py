"""Events: what happened between the two sides, corrected by a new version that names the newest one, taken back by its author's side."""

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from exchanges.access import event_for, event_to_write, events_for, relationship_for, relationship_to_write, voice_for
from exchanges.models import EventKind, EventStatus, EventVersion, Giver, ValueEvent, Visibility
from exchanges.services.events import AHEAD, WHAT_LONGEST, AlreadyCorrected, correct_event, log_event, withdraw_event
from relationships.access import value_kind_for
from relationships.api.doors import Endpoint
from relationships.models import Member, SideRole, ValueKind
from valueledger.common.api_inputs import ChoiceOf, CodeOf, CountField, DayField, IdField, Input, LineField, NoteField
from valueledger.common.api_pages import PAGE_PARAMETERS, page_body, page_of, paged, parameters_of
from valueledger.common.errors import Invalid, NotFound

DAYS_AHEAD = AHEAD.days


class EventSerializer(serializers.Serializer):
    """The newest version of one event. What it was worth stands in its reports."""

    id = serializers.UUIDField()
    relationship = serializers.UUIDField()
    giver = serializers.ChoiceField(choices=Giver.names)
    author_side = serializers.ChoiceField(choices=SideRole.names)
    kind = serializers.ChoiceField(choices=EventKind.values)
    status = serializers.ChoiceField(choices=EventStatus.values)
    occurred_on = serializers.DateField()
    arrived_on = serializers.DateField(allow_null=True)
    expected_on = serializers.DateField(allow_null=True)
    visibility = serializers.ChoiceField(choices=Visibility.values)
    value_kind = serializers.UUIDField(allow_null=True)
    what = serializers.CharField()
    goal = serializers.CharField()
    version = serializers.IntegerField(help_text="Name this one as `supersedes` to correct or withdraw the event.")
    is_withdrawn = serializers.BooleanField()
    recorded_at = serializers.DateTimeField()


EVENT_COLUMNS = (
    "event__public_id", "event__relationship__public_id", "event__giver", "event__author_side", "kind", "status", "occurred_on", "arrived_on", "expected_on",
    "visibility", "value_kind__public_id", "text__what", "text__goal", "seq", "is_withdrawal", "event__recorded_at",
)  # fmt: skip


def event_row(row: tuple[Any, ...]) -> dict[str, Any]:
    public_id, relationship, giver, author, kind, status, occurred, arrived, expected, visibility, value_kind, what, goal, seq, is_withdrawn, at = (
        row[:16]
    )
    return {
        "id": public_id, "relationship": relationship, "giver": Giver(giver).name, "author_side": SideRole(author).name, "kind": kind, "status": status,
        "occurred_on": occurred, "arrived_on": arrived, "expected_on": expected, "visibility": visibility, "value_kind": value_kind, "what": what or "",
        "goal": goal or "", "version": seq, "is_withdrawn": is_withdrawn, "recorded_at": at,
    }  # fmt: skip


def event_out(event: ValueEvent) -> dict[str, Any]:
    return event_row(EventVersion.objects.current().filter(event=event).values_list(*EVENT_COLUMNS).get())


class EventDetails(Input):
    """What can be said of an event, and corrected at any time."""

    what = NoteField(longest=WHAT_LONGEST)
    occurred_on = DayField(ahead=DAYS_AHEAD)
    kind = ChoiceOf(choices=EventKind.values, required=False)
    status = ChoiceOf(choices=EventStatus.values, required=False)
    arrived_on = DayField(required=False, allow_null=True)
    expected_on = DayField(ahead=DAYS_AHEAD, required=False, allow_null=True)
    visibility = ChoiceOf(choices=Visibility.values, required=False)
    value_kind = IdField(required=False, allow_null=True)
    goal = LineField(required=False)


class EventInput(EventDetails):
    giver = CodeOf(Giver)


class VersionInput(EventDetails):
    supersedes = CountField(min_value=1, max_value=2**31 - 1, help_text="The version that you have seen.")
    what = NoteField(longest=WHAT_LONGEST, required=False)
    occurred_on = DayField(ahead=DAYS_AHEAD, required=False)


class WithdrawalInput(Input):
    supersedes = CountField(min_value=1, max_value=2**31 - 1, help_text="The version that you have seen.")


def with_kind(member: Member, typed: dict[str, Any]) -> dict[str, Any]:
    """The value kind's row in the place of its id."""
    if typed.get("value_kind") is None:
        return typed
    try:
        kind: ValueKind = value_kind_for(member, typed["value_kind"])
    except NotFound:
        raise Invalid("There is nothing with this id.", field="value_kind", code="unknown_id") from None
    return {**typed, "value_kind": kind}


def seen_version(event: ValueEvent, seq: int) -> EventVersion:
    version = EventVersion.objects.filter(event=event, seq=seq).first()
    if version is None:
        raise AlreadyCorrected
    return version


class EventsView(Endpoint):
    """What happened between the two sides, newest first. What one side keeps to itself is there for that side alone."""

    @extend_schema(
        operation_id="events",
        parameters=[*PAGE_PARAMETERS, OpenApiParameter("giver", str, enum=Giver.names)],
        responses=paged(EventSerializer),
    )
    def get(self, request: Request, public_id: Any) -> HttpResponse:
        parameters = parameters_of(request, "limit", "cursor", "giver")
        reading = relationship_for(self.member, public_id)
        events = events_for(reading)
        if "giver" in parameters:
            if parameters["giver"] not in Giver.names:
                raise Invalid("This choice is not known.", field="giver", code="unknown_choice")
            events = events.filter(giver=Giver[parameters["giver"]])
        rows = EventVersion.objects.current().filter(workspace_id=self.member.workspace_id, event__in=events, is_withdrawal=False)
        found, following = page_of(
            rows, request=request, parameters=parameters, columns=EVENT_COLUMNS, anchor=ValueEvent, key="event_id", public="event__public_id"
        )
        return self.answer(page_body(map(event_row, found), following))

    @extend_schema(operation_id="create_event", request=EventInput, responses={201: EventSerializer})
    def post(self, request: Request, public_id: Any) -> HttpResponse:
        def act() -> dict[str, Any]:
            reading = relationship_to_write(self.member, public_id)
            typed = with_kind(self.member, self.typed(EventInput))
            voice = voice_for(reading, today=self.today)
            return event_out(log_event(relationship=reading.relationship, voice=voice, author_side=SideRole.OWN, now=self.now, **typed))

        return self.once(act)


class EventView(Endpoint):
    @extend_schema(operation_id="event", responses=EventSerializer)
    def get(self, request: Request, public_id: Any) -> HttpResponse:
        parameters_of(request)
        _, event = event_for(self.member, public_id)
        return self.answer(event_out(event))


class VersionsView(Endpoint):
    """Say again what happened. Only the newest version can be superseded; whoever was slower gets 409."""

    @extend_schema(operation_id="correct_event", request=VersionInput, responses={201: EventSerializer})
    def post(self, request: Request, public_id: Any) -> HttpResponse:
        def act() -> dict[str, Any]:
            reading, event = event_to_write(self.member, public_id)
            typed = with_kind(self.member, self.typed(VersionInput))
            supersedes = seen_version(event, typed.pop("supersedes"))
            correct_event(event=event, voice=voice_for(reading, today=self.today), supersedes=supersedes, now=self.now, **typed)
            return event_out(event)

        return self.once(act)


class WithdrawalView(Endpoint):
    """Take an event back, while the other side has not reported on it."""

    @extend_schema(operation_id="withdraw_event", request=WithdrawalInput, responses={201: EventSerializer})
    def post(self, request: Request, public_id: Any) -> HttpResponse:
        def act() -> dict[str, Any]:
            reading, event = event_to_write(self.member, public_id)
            supersedes = seen_version(event, self.typed(WithdrawalInput)["supersedes"])
            withdraw_event(event=event, voice=voice_for(reading, today=self.today), supersedes=supersedes, now=self.now)
            return event_out(event)

        return self.once(act)
