"""The value kinds that every workspace starts with: what a provider may get, what a customer may get, what anybody may get."""

from relationships.models import ValueKind, ValueKindGiver, Workspace

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
