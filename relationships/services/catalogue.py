"""The catalogue of value kinds: what every workspace starts with, and how its owners make it their own.

A kind is never deleted: a retired one is offered no more, and what was said with it stays. A side's own kinds are not part of it.
"""

from datetime import datetime

from django.db import transaction
from django.utils.text import slugify

from relationships.models import Member, ValueKind, ValueKindGiver, Workspace
from valueledger.common import audit
from valueledger.common.errors import Invalid
from valueledger.common.validators import clean_line

PROVIDER = ValueKindGiver.PROVIDER
CUSTOMER = ValueKindGiver.CUSTOMER
ANYBODY = ValueKindGiver.ANY

# code, name, hint. Money is one kind among many and stands first nowhere.
SEEDED: dict[ValueKindGiver, list[tuple[str, str, str]]] = {
    PROVIDER: [
        ("pride", "Pride in the work", "Work that one likes to show"),
        ("referral", "A referral", "They told somebody about us"),
        ("learning", "Learning", "A new skill, a beta test, honest feedback"),
        ("new_market", "A new market or place", "A door to where we were not known"),
        ("key_contact", "A key contact", "Access to somebody who matters"),
        ("revenue", "Revenue", "Money for what we did"),
    ],
    CUSTOMER: [
        ("results", "Better results", "What we do works better because of it"),
        ("less_stress", "Less stress", "Fewer worries, quiet evenings"),
        ("lower_risk", "Lower risk", "Something that can no longer go wrong"),
        ("freedom", "Freedom and fun", "Time and room for what we like"),
        ("publicity", "Publicity", "Others hear of us"),
        ("happiness", "Happiness", "It simply feels good"),
        ("income", "Income", "More money earned, or less spent"),
    ],
    ANYBODY: [
        ("time", "Time", "Hours given or saved"),
        ("support", "Support", "Somebody was there when it mattered"),
        ("recognition", "Recognition", "Thanks and credit, said aloud"),
        ("growth", "Growth", "Harder work, and help with it"),
        ("care", "Care", "Somebody notices a bad week"),
        ("company", "Good company", "Time together that one would not miss"),
    ],
}


def seed_catalogue(*, workspace: Workspace) -> int:
    """Add the seeded kinds that are missing; what the workspace renamed or retired stays as it is. Returns how many were added."""
    known = set(ValueKind.objects.filter(workspace=workspace).values_list("code", flat=True))
    rows = [
        ValueKind(workspace=workspace, code=code, name=name, hint=hint, meant_for=meant_for)
        for meant_for, kinds in SEEDED.items()
        for code, name, hint in kinds
        if code not in known
    ]
    ValueKind.objects.bulk_create(rows)
    return len(rows)


def add_kind(*, member: Member, name: str, hint: str = "", meant_for: str = ValueKindGiver.ANY, now: datetime) -> ValueKind:
    """One more kind for the whole workspace. Raises Invalid for a name that it has already, retired or not."""
    with transaction.atomic():
        workspace = _locked(member)
        fields = _clean(workspace, name=name, hint=hint, meant_for=meant_for)
        kind = ValueKind.objects.create(workspace=workspace, code=_free_code(workspace, fields["name"]), **fields)
        _record(member, "value_kind.added", kind, now)
    return kind


def change_kind(*, kind: ValueKind, member: Member, name: str, hint: str, meant_for: str, now: datetime) -> ValueKind:
    """Other words for the same kind: what was said with it reads by its new name from now on."""
    with transaction.atomic():
        fields = _clean(_locked(member), name=name, hint=hint, meant_for=meant_for, but=kind)
        for field, value in fields.items():
            setattr(kind, field, value)
        kind.save(update_fields=list(fields))
        _record(member, "value_kind.changed", kind, now)
    return kind


def retire_kind(*, kind: ValueKind, member: Member, now: datetime) -> None:
    """Offer it no more. Doing it twice does it once."""
    _turn(kind, member, is_retired=True, action="value_kind.retired", now=now)


def bring_back_kind(*, kind: ValueKind, member: Member, now: datetime) -> None:
    _turn(kind, member, is_retired=False, action="value_kind.brought_back", now=now)


def ensure_offered(kind: ValueKind | None, *, field: str = "value_kind") -> None:
    """Raises Invalid for a retired kind: what was said with it stays, nothing new is said with it."""
    if kind is not None and kind.is_retired:
        raise Invalid("This kind of value is no longer offered.", field=field, code="retired")


def _turn(kind: ValueKind, member: Member, *, is_retired: bool, action: str, now: datetime) -> None:
    with transaction.atomic():
        if ValueKind.objects.filter(pk=kind.pk, is_retired=not is_retired).update(is_retired=is_retired):
            _record(member, action, kind, now)
    kind.is_retired = is_retired


def _locked(member: Member) -> Workspace:
    """Two owners who add the same name at once: the second finds the first one's."""
    return Workspace.objects.select_for_update().get(pk=member.workspace_id)


def _clean(workspace: Workspace, *, name: str, hint: str, meant_for: str, but: ValueKind | None = None) -> dict[str, str]:
    name = clean_line(name, "name", longest=80, required=True)
    hint = clean_line(hint, "hint", longest=200)
    if meant_for not in ValueKindGiver.values:
        raise Invalid("This choice is not known.", field="meant_for", code="unknown_choice")
    others = ValueKind.objects.filter(workspace=workspace, side__isnull=True)
    known = {kind.name.casefold(): kind for kind in others if kind != but}.get(name.casefold())
    if known is not None:
        how = "is in the list already, retired: bring it back" if known.is_retired else "is in the list already"
        raise Invalid(f"“{known.name}” {how}.", field="name", code="known")
    return {"name": name, "hint": hint, "meant_for": meant_for}


def _free_code(workspace: Workspace, name: str) -> str:
    """What programs and files call it: made once from the first name, and kept when the name changes."""
    stem = slugify(name).replace("-", "_")[:32] or "kind"
    taken = set(ValueKind.objects.filter(workspace=workspace, code__startswith=stem).values_list("code", flat=True))
    return next(code for code in (stem, *(f"{stem}_{number}" for number in range(2, len(taken) + 3))) if code not in taken)


def _record(member: Member, action: str, kind: ValueKind, now: datetime) -> None:
    audit.record(
        workspace_id=member.workspace_id, now=now, actor_kind="user", actor_id=member.user_id, action=action,
        target_kind="value_kind", target_id=kind.public_id,
    )  # fmt: skip
