"""What goes in and out of these endpoints. Inputs and outputs are separate; nothing is put out that is not listed here."""

from typing import Any

from rest_framework import serializers

from relationships.models import Member, Party, PartyKind, Person, ValueKind, ValueKindGiver, Workspace
from valueledger.common.api_inputs import AddressField, ChoiceOf, Input, LineField


class WorkspaceSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    short_name = serializers.CharField()
    time_zone = serializers.CharField()
    band = serializers.DecimalField(max_digits=4, decimal_places=2, help_text="Half the width of what counts as fair, in points.")
    cadence_days = serializers.IntegerField(allow_null=True)
    is_demo = serializers.BooleanField()
    member = serializers.UUIDField(help_text="The member in whose name this token acts.")
    roles = serializers.ListField(child=serializers.CharField())


def workspace_out(workspace: Workspace, member: Member) -> dict[str, Any]:
    return {
        "id": workspace.public_id, "name": workspace.name, "short_name": workspace.short_name, "time_zone": workspace.time_zone, "band": f"{workspace.band:.2f}",
        "cadence_days": workspace.cadence_days, "is_demo": workspace.is_demo, "member": member.public_id, "roles": sorted(member.roles),
    }  # fmt: skip


class MemberSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    email = serializers.CharField()
    roles = serializers.ListField(child=serializers.CharField())
    has_left = serializers.BooleanField()


MEMBER_COLUMNS = ("public_id", "user__name", "user__email", "is_owner", "is_leader", "is_steward", "left_at")


def member_row(row: tuple[Any, ...]) -> dict[str, Any]:
    public_id, name, email, is_owner, is_leader, is_steward, left_at = row[:7]
    roles = [role for role, held in (("LEADER", is_leader), ("OWNER", is_owner), ("STEWARD", is_steward)) if held]
    return {"id": public_id, "name": name, "email": email, "roles": roles, "has_left": left_at is not None}


def member_out(member: Member) -> dict[str, Any]:
    return member_row(
        (member.public_id, member.user.name, member.user.email, member.is_owner, member.is_leader, member.is_steward, member.left_at)
    )  # fmt: skip


class PartySerializer(serializers.Serializer):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=PartyKind.values)
    name = serializers.CharField()
    short_name = serializers.CharField()


PARTY_COLUMNS = ("public_id", "kind", "text__name", "text__short_name")


def party_row(row: tuple[Any, ...]) -> dict[str, Any]:
    return {"id": row[0], "kind": row[1], "name": row[2], "short_name": row[3]}


def party_out(party: Party) -> dict[str, Any]:
    return party_row((party.public_id, party.kind, party.text.name, party.text.short_name))


class PartyInput(Input):
    name = LineField()
    short_name = LineField(longest=60, required=False, default="")
    kind = ChoiceOf(choices=PartyKind.values, required=False, default=PartyKind.ORGANISATION)


class PersonSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    email = serializers.CharField(allow_null=True, help_text="Null where this token's member may not see how to reach them.")
    time_zone = serializers.CharField()


PERSON_COLUMNS = ("public_id", "text__name", "text__email", "time_zone", "is_contact")


def person_row(row: tuple[Any, ...]) -> dict[str, Any]:
    public_id, name, email, time_zone, is_contact = row[:5]
    return {"id": public_id, "name": name, "email": email if is_contact else None, "time_zone": time_zone}


def person_out(person: Person, *, is_contact: bool) -> dict[str, Any]:
    return person_row((person.public_id, person.text.name, person.text.email, person.time_zone, is_contact))


class PersonInput(Input):
    name = LineField(longest=120)
    email = AddressField(required=False, default="", allow_blank=True)
    time_zone = LineField(longest=40, required=False, default="")


class ValueKindSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    code = serializers.CharField()
    name = serializers.CharField()
    hint = serializers.CharField()
    meant_for = serializers.CharField()
    side = serializers.UUIDField(allow_null=True, help_text="The side that added this kind in its own words; null in the catalogue.")
    is_retired = serializers.BooleanField()


class ValueKindInput(Input):
    name = LineField(longest=80)
    hint = LineField(longest=200, required=False, default="")
    meant_for = ChoiceOf(choices=ValueKindGiver.values, required=False, default=ValueKindGiver.ANY)


VALUE_KIND_COLUMNS = ("public_id", "code", "name", "hint", "meant_for", "side__public_id", "is_retired")


def value_kind_row(row: tuple[Any, ...]) -> dict[str, Any]:
    # An own kind's code is made of row ids, which stay inside.
    return {
        "id": row[0],
        "code": row[1] if row[5] is None else "",
        "name": row[2],
        "hint": row[3],
        "meant_for": row[4],
        "side": row[5],
        "is_retired": row[6],
    }


def value_kind_out(kind: ValueKind) -> dict[str, Any]:
    side = kind.side.public_id if kind.side else None
    return value_kind_row((kind.public_id, kind.code, kind.name, kind.hint, kind.meant_for, side, kind.is_retired))
