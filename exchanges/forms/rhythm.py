"""How often both sides are asked, how little one person is, when nobody is, and how wide fair is."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django import forms

from exchanges.forms.fields import AmountField, LineField, PickField
from relationships.models import Intent, Kind, Workspace

FORMS = [("", Intent.LONG_TERM), ("", Intent.SEASONAL), ("", Intent.BRIEF), ("", Intent.ONE_OFF)]
KINDS = [(Kind.CLIENT, ""), (Kind.EMPLOYEE, ""), (Kind.PERSONAL, "")]
RHYTHM_ROWS = [("", ""), *KINDS, *FORMS]
BAND: dict[str, Any] = {
    "lowest": Decimal("0.05"),
    "highest": Decimal(3),
    "places": 2,
    "not_a_number": "Write it as a number of points, such as 0.75.",
}
DAYS: dict[str, Any] = {"lowest": Decimal(30), "highest": Decimal(730), "places": 0, "not_a_number": "Write it as a number of days, such as 90."}
BUDGETS = [(1, "once a month"), (2, "twice a month"), (3, "three times a month"), (4, "once a week"), (8, "twice a week"), (12, "three times a week")]
TELLING = [("0.00", "as soon as it is due"), ("0.70", "once an answer tells enough"), ("0.95", "only when it tells a lot")]
WEEKDAYS = [("1", "Monday"), ("2", "Tuesday"), ("3", "Wednesday"), ("4", "Thursday"), ("5", "Friday"), ("6", "Saturday"), ("7", "Sunday")]
LABELS = {Kind.CLIENT: "Clients", Kind.EMPLOYEE: "Employees", Kind.PERSONAL: "Personal", Intent.BRIEF: "Brief"}
CHECKED = {Intent.SEASONAL: "quiet months are normal; ", Intent.ONE_OFF: "once, two weeks after it is done"}
FAR = timedelta(days=3650)


class ClockField(forms.TimeField):
    def __init__(self, **options: Any) -> None:
        messages = {"required": "Write a time, such as 18:00.", "invalid": "Write a time, such as 18:00."}
        widget = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
        super().__init__(widget=widget, input_formats=["%H:%M", "%H:%M:%S"], error_messages=messages, **options)


class RhythmForm(forms.Form):
    """The workspace's own band and rhythm, what differs by form or kind (blank: as above it), and how little is asked."""

    ask_budget = PickField(label="At most, to one person", missing="Say how many questions one person gets at most.", widget=forms.Select)
    ask_from_bits = PickField(label="A check is sent", missing="Say when a check is sent.", widget=forms.Select)
    quiet_from = ClockField(label="Quiet from")
    quiet_until = ClockField(label="until")
    quiet_days = forms.MultipleChoiceField(
        label="Quiet days",
        choices=WEEKDAYS,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "This day is not known."},
    )

    def __init__(self, *arguments: Any, workspace: Workspace, **options: Any) -> None:
        super().__init__(*arguments, **options)
        known = dict(BUDGETS)
        own = [] if workspace.ask_budget in known else [(workspace.ask_budget, f"{workspace.ask_budget} times in 30 days")]
        self.fields["ask_budget"].choices = [*own, *BUDGETS]  # type: ignore[attr-defined]
        told = f"{workspace.ask_from_bits:.2f}"
        self.fields["ask_from_bits"].choices = [  # type: ignore[attr-defined]
            *([] if told in dict(TELLING) else [(told, f"from {told} bits on")]), *TELLING
        ]  # fmt: skip
        for kind, intent in RHYTHM_ROWS:
            name = field_name(kind, intent)
            self.fields[f"band-{name}"] = AmountField(label="About fair is within", required=not (kind or intent), **BAND)
            self.fields[f"days-{name}"] = AmountField(label="Days", required=False, **DAYS)

    def clean_quiet_days(self) -> str:
        days = "".join(sorted(self.cleaned_data["quiet_days"]))
        if len(days) == len(WEEKDAYS):
            raise forms.ValidationError("Leave at least one day on which somebody can be asked.", code="always_quiet")
        return days

    def by_form(self) -> list[dict[str, Any]]:
        return [self._row("", ""), *(self._row(kind, intent) for kind, intent in FORMS)]

    def by_kind(self) -> list[dict[str, Any]]:
        return [self._row(kind, intent) for kind, intent in KINDS]

    def _row(self, kind: str, intent: str) -> dict[str, Any]:
        name = field_name(kind, intent)
        days = self[f"days-{name}"]
        return {
            "label": label_of(kind, intent), "band": self[f"band-{name}"], "days": None if intent == Intent.ONE_OFF else days,
            "check": checked(kind, intent, days.value()),
        }  # fmt: skip

    def values(self) -> dict[tuple[str, str], tuple[Decimal | None, int | None]]:
        data, values = self.cleaned_data, {}
        for kind, intent in RHYTHM_ROWS:
            days = data[f"days-{field_name(kind, intent)}"]
            values[kind, intent] = (data[f"band-{field_name(kind, intent)}"], int(days) if days is not None else None)
        return values


class HolidayForm(forms.Form):
    on = forms.DateField(
        label="Day", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": "Choose a day.", "invalid": "Write it as a day, such as 2026-12-25."},
    )  # fmt: skip
    name = LineField(label="What it is", longest=80, required=False)

    def __init__(self, *arguments: Any, today: date, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.today = today

    def clean_on(self) -> date:
        on: date = self.cleaned_data["on"]
        if not self.today <= on <= self.today + FAR:
            raise forms.ValidationError("Choose a day from today on, within ten years.", code="day_range")
        return on


def field_name(kind: str, intent: str) -> str:
    return (kind or intent or "all").lower()


def label_of(kind: str, intent: str) -> str:
    code = kind or intent
    if not code:
        return "Everywhere"
    return LABELS.get(code) or Intent(code).label.capitalize()  # type: ignore[call-overload,no-any-return]


def checked(kind: str, intent: str, days: Any) -> str:
    """When a check comes, in words."""
    if intent == Intent.ONE_OFF:
        return CHECKED[Intent.ONE_OFF]
    if days:
        return f"{CHECKED.get(intent, '')}every {days} days at the latest"  # type: ignore[call-overload]
    return f"{CHECKED.get(intent, '')}as everywhere" if kind or intent else "when one answer tells enough, every 180 days at the latest"  # type: ignore[call-overload]
