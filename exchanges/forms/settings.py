"""Settings of a workspace: its name and time, how wide fair is and how often sides are asked, tokens for machines."""

from decimal import Decimal
from typing import Any
from zoneinfo import available_timezones

from django import forms

from exchanges.forms.fields import AmountField, EmailField, LineField, PickField
from relationships.models import Intent, Kind, Role

RHYTHM_ROWS = [("", ""), *((kind, "") for kind in Kind.values), *(("", intent) for intent in Intent.values)]
BAND: dict[str, Any] = {
    "lowest": Decimal("0.05"),
    "highest": Decimal(3),
    "places": 2,
    "not_a_number": "Write it as a number of points, such as 0.75.",
}
DAYS: dict[str, Any] = {"lowest": Decimal(30), "highest": Decimal(730), "places": 0, "not_a_number": "Write it as a number of days, such as 90."}


class WorkspaceForm(forms.Form):
    name = LineField(label="Name of the workspace", longest=120, missing="A workspace has a name.")
    short_name = LineField(label="Short name", longest=40, required=False, help_text="How we speak of ourselves in a sentence: Oakhollow.")
    sender_name = LineField(label="Mails come from", longest=80, required=False, help_text="The name people see. Left empty, it is the workspace's.")
    time_zone = LineField(
        label="Time zone", longest=40, missing="Choose a time zone from the list.", help_text="Such as Europe/London. Days begin and end in it."
    )

    def clean_time_zone(self) -> str:
        zone = self.cleaned_data["time_zone"]
        if zone not in available_timezones():
            raise forms.ValidationError("Choose a time zone from the list, such as Europe/London.", code="unknown_time_zone")
        return str(zone)


class RhythmForm(forms.Form):
    """The workspace's own band and rhythm, and what differs by kind or intent. Blank: as above it."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        for kind, intent in RHYTHM_ROWS:
            name = field_name(kind, intent)
            self.fields[f"band-{name}"] = AmountField(label="About fair is within", required=not (kind or intent), **BAND)
            self.fields[f"days-{name}"] = AmountField(label="Days", required=False, **DAYS)

    def rows(self) -> list[dict[str, Any]]:
        return [
            {"label": label_of(kind, intent), "band": self[f"band-{field_name(kind, intent)}"], "days": self[f"days-{field_name(kind, intent)}"]}
            for kind, intent in RHYTHM_ROWS
        ]

    def values(self) -> dict[tuple[str, str], tuple[Decimal | None, int | None]]:
        data, values = self.cleaned_data, {}
        for kind, intent in RHYTHM_ROWS:
            days = data[f"days-{field_name(kind, intent)}"]
            values[kind, intent] = (data[f"band-{field_name(kind, intent)}"], int(days) if days is not None else None)
        return values


def field_name(kind: str, intent: str) -> str:
    return (kind or intent or "all").lower()


def label_of(kind: str, intent: str) -> str:
    if kind:
        return {"CLIENT": "Clients", "EMPLOYEE": "Employees", "PERSONAL": "Personal"}[kind]
    return Intent(intent).label.capitalize() if intent else "Everywhere"


class TokenForm(forms.Form):
    key = forms.CharField(widget=forms.HiddenInput, max_length=100, required=False)
    label = LineField(label="What is it for?", longest=100, missing="Say what it is for.")
    scope = PickField(label="It may", choices=[("read", "read"), ("read write", "read and write")], missing="Say what it may do.")
    ends = PickField(label="It ends after", choices=[("90", "90 days"), ("365", "a year")], missing="Say when it ends.")


ROLES = [(Role.STEWARD, "Steward"), (Role.LEADER, "Leader"), (Role.OWNER, "Owner")]


class RolesField(forms.MultipleChoiceField):
    def __init__(self) -> None:
        messages = {"required": "Choose at least one role.", "invalid_choice": "This role is not known."}
        super().__init__(label="Roles", choices=ROLES, widget=forms.CheckboxSelectMultiple, error_messages=messages)


class InviteForm(forms.Form):
    key = forms.CharField(widget=forms.HiddenInput, max_length=100, required=False)
    email = EmailField(label="E-mail", missing="Whom?")
    roles = RolesField()


class RolesForm(forms.Form):
    roles = RolesField()


class JoinForm(forms.Form):
    name = LineField(label="Your name", longest=120, missing="Say who you are.")
    password = forms.CharField(label="Password", max_length=256, strip=False, widget=forms.PasswordInput)
