"""Beginning a relationship, what matters to our side in it, and its own band, rhythm, stage and steward."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from django import forms

from exchanges.forms.fields import AmountField, EmailField, LineField, NoteField, PickField
from relationships.models import Intent, Kind
from relationships.models.relationships import Stage

TERMS_LINES = 6
STAKES = [(1, "little: ask a third later"), (2, "as much as usual"), (3, "much: ask a third sooner")]
NO_WEIGHT = "Share out ten points in whole numbers."
KINDS = [(Kind.CLIENT, "Client"), (Kind.EMPLOYEE, "Employee"), (Kind.PERSONAL, "Personal, only I see it")]
INTENTS = [
    (Intent.LONG_TERM, "Long-term|A marriage. Drift matters more than any one event."),
    (Intent.SEASONAL, "Seasonal|Comes back. Quiet months are normal."),
    (Intent.BRIEF, "Brief|A fling, happily so. It may end well."),
    (Intent.ONE_OFF, "One-off|One exchange, and both are content."),
]


class NewRelationshipForm(forms.Form):
    key = forms.CharField(widget=forms.HiddenInput, max_length=100, required=False)
    name = LineField(label="Who is the other side?", missing="Name the other side.")
    own_name = LineField(label="Who are we in it?", missing="Name our own side.", help_text="Your company, a team, or you yourself.")
    kind = PickField(label="What are they to you?", choices=KINDS, missing="Say what they are to you.")
    contact_name = LineField(label="Who speaks for them?", longest=120, required=False)
    contact = EmailField(label="Their e-mail", required=False, help_text="They will be asked how it feels from their side. Leave empty to ask later.")
    contact2_name = LineField(label="Somebody else", longest=120, required=False)
    contact2 = EmailField(label="Their e-mail", required=False)
    intent = PickField(label="What do you mean it to be?", choices=INTENTS, missing="Say what you mean it to be.")
    t1 = LineField(label="First", longest=80, required=False)
    t2 = LineField(label="Second", longest=80, required=False)
    t3 = LineField(label="Third", longest=80, required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for name, address in (("contact_name", "contact"), ("contact2_name", "contact2")):
            if data.get(address) and not data.get(name) and name in data:
                data[name] = data["name"] if data.get("kind") != Kind.CLIENT and name == "contact_name" else data[address].partition("@")[0]
        if data.get("contact") and data.get("contact") == data.get("contact2"):
            self.add_error("contact2", "This is the same address twice.")
        if data.get("kind") == Kind.EMPLOYEE and data.get("contact2_name"):
            self.add_error("contact2_name", "Employees speak for themselves: this side has exactly one person.")
        if data.get("kind") == Kind.EMPLOYEE and not data.get("contact") and "contact" in data:
            self.add_error("contact", "Give the employee's address: only they speak for their side.")
        if data.get("name") and data.get("own_name") and data["name"].casefold() == data["own_name"].casefold():
            self.add_error("name", "A relationship has two different sides.")
        return data

    @property
    def terms(self) -> list[str]:
        """What matters to us, most important first, each thing once."""
        said = [self.cleaned_data.get(name, "") for name in ("t1", "t2", "t3")]
        return list({text.casefold(): text for text in reversed(said) if text}.values())[::-1]

    @property
    def people(self) -> list[tuple[str, str]]:
        data = self.cleaned_data
        pairs = [(data.get("contact_name", ""), data.get("contact", "")), (data.get("contact2_name", ""), data.get("contact2", ""))]
        return [(name, address) for name, address in pairs if name]


class WeightField(forms.Field):
    def __init__(self, **options: Any) -> None:
        super().__init__(widget=forms.NumberInput(attrs={"min": 0, "max": 10, "step": 1, "inputmode": "numeric"}), **options)

    def clean(self, value: Any) -> int | None:
        text = str(value or "").strip()
        if not text:
            return None
        if not (text.isascii() and text.isdigit()) or len(text) > 2 or int(text) > 10:
            raise forms.ValidationError("A whole number from 0 to 10.", code="weight")
        return int(text)


class TermsForm(forms.Form):
    """Up to six things that matter to one side, ten points shared out among them."""

    key = forms.CharField(widget=forms.HiddenInput, max_length=100, required=False)

    def __init__(self, *arguments: Any, lines: int = TERMS_LINES, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.count = lines
        for number in range(lines):
            self.fields[f"kind{number}"] = LineField(label="What", longest=80, required=False)
            self.fields[f"weight{number}"] = WeightField(label="Points", required=False)
            self.fields[f"words{number}"] = LineField(label="In our own words", longest=300, required=False)
            self.fields[f"anchor{number}"] = LineField(label="A great deal would be", longest=300, required=False)
            self.fields[f"unit{number}"] = LineField(label="Own unit", longest=40, required=False)
            self.fields[f"rate{number}"] = AmountField(
                label="Points for one", lowest=Decimal("0.0001"), highest=Decimal(10_000), required=False,
                not_a_number="Write how many points one of them is worth, such as 2.",
            )  # fmt: skip

    def rows(self) -> Iterable[dict[str, Any]]:
        names = ("kind", "weight", "words", "anchor", "unit", "rate")
        return [{"number": number + 1, **{name: self[f"{name}{number}"] for name in names}} for number in range(self.count)]

    def lines(self) -> list[dict[str, Any]]:
        data = self.cleaned_data
        names = ("kind", "weight", "words", "anchor", "unit", "rate")
        return [{name: data.get(f"{name}{number}") for name in names} for number in range(self.count) if data.get(f"kind{number}")]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for number in range(self.count):
            named = data.get(f"kind{number}")
            if not named and any(data.get(f"{name}{number}") for name in ("weight", "words", "anchor", "unit", "rate")):
                self.add_error(f"kind{number}", "Name it, or empty the whole row.")
            if data.get(f"rate{number}") is not None and not data.get(f"unit{number}"):
                self.add_error(f"unit{number}", "A rate needs its unit.")
        if self.errors:
            return data
        lines = self.lines()
        if not lines:
            self.add_error("kind0", "Name at least one thing that matters.")
        elif sum(line["weight"] or 0 for line in lines) != 10:
            total = sum(line["weight"] or 0 for line in lines)
            self.add_error(None, f"Share out ten points; these are {total}.")
        names = [line["kind"].casefold() for line in lines]
        if len(set(names)) != len(names):
            self.add_error(None, "Each thing stands once.")
        return data


class RelationshipSettingsForm(forms.Form):
    band = AmountField(label="About fair is within", lowest=Decimal("0.05"), highest=Decimal(3), places=2, required=False,
                       not_a_number="Write it as a number of points, such as 0.75.")  # fmt: skip
    cadence_days = AmountField(label="Ask at least every, in days", lowest=Decimal(30), highest=Decimal(730), places=0, required=False,
                               not_a_number="Write it as a number of days, such as 90.")  # fmt: skip
    stake = PickField(label="How much hangs on it", choices=STAKES, missing="Say how much hangs on it.", widget=forms.Select, required=False)


class OwnRhythmForm(forms.Form):
    """One participant's own rhythm."""

    participant = forms.UUIDField(widget=forms.HiddenInput)
    cadence_days = AmountField(label="Their own rhythm, in days", lowest=Decimal(30), highest=Decimal(730), places=0, required=False,
                               not_a_number="Write it as a number of days, such as 90.")  # fmt: skip


class StageForm(forms.Form):
    stage = PickField(label="Stage", choices=[(code, label.capitalize()) for code, label in Stage.choices], widget=forms.Select)


class HandOverForm(forms.Form):
    to = PickField(label="To whom", missing="Choose who looks after it from now on.", widget=forms.Select)
    note = NoteField(label="A word about it", longest=500, required=False, help_text="It stands in the ledger as a hand-over.")

    def __init__(self, *arguments: Any, members: Sequence[tuple[str, str]], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["to"].choices = [("", "choose"), *members]  # type: ignore[attr-defined]


class PersonForm(forms.Form):
    """Somebody who speaks for a side from now on."""

    side = PickField(label="For which side", choices=[("0", "Ours"), ("1", "Theirs")], widget=forms.Select)
    name = LineField(label="Name", longest=120, missing="Say who.")
    email = EmailField(label="E-mail", required=False)
