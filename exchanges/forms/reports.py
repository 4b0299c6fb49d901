"""What one side says of one event: as the receiver, as the giver, or passed on for the other side. And what is corrected of the event."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django import forms

from exchanges.forms.fields import AmountField, DayField, LineField, NoteField, PickField, WordField
from exchanges.forms.log import AHEAD, AMOUNT_HINT, WHAT_LONGEST
from exchanges.models import Beneficiary, EventKind, EventStatus, Owing, Visibility
from exchanges.services.reports import MISSED_AS
from exchanges.wording import arrived_choices, cost_choices, expectation_choices, worth_choices

BENEFICIARIES = [(Beneficiary.ORGANISATION, "The organisation"), (Beneficiary.PERSON, "A person")]


class Reporting(forms.Form):
    key = forms.CharField(widget=forms.HiddenInput, max_length=100, required=False)
    supersedes = forms.CharField(widget=forms.HiddenInput, max_length=40, required=False)
    typed_amount = AmountField(label="In our own unit", required=False, not_a_number=AMOUNT_HINT)
    unit = LineField(label="Unit", longest=40, required=False)
    beneficiary = PickField(label="Who felt it?", choices=BENEFICIARIES, required=False)
    sentence = NoteField(label="In a sentence", required=False)
    private = forms.BooleanField(label="Only our side may see this", required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("typed_amount") is not None and not data.get("unit") and "unit" in data:
            self.add_error("unit", "Say in which unit: hours, evenings, favours.")
        return data


class GotForm(Reporting):
    word = WordField(label="What was it worth to us?", choices=worth_choices, required=False)
    expectation = PickField(label="Against what we expected", choices=expectation_choices, required=False)
    arrived = PickField(label="What arrived?", choices=arrived_choices, required=False)
    owing = PickField(label="How does it leave us?", choices=[(Owing.GLAD, "Glad"), (Owing.OWING, "Feels like we owe them")], required=False)

    def __init__(self, *arguments: Any, is_gift: bool = False, is_missed: bool = False, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if is_gift:
            del self.fields["owing"]  # a gift opens no debt
        if is_missed:
            for name in ("word", "expectation", "owing", "typed_amount", "unit"):
                del self.fields[name]  # nothing came, so there is nothing to weigh
            arrived = self.fields["arrived"]
            arrived.required, arrived.choices = True, [one for one in arrived_choices() if one[0] in MISSED_AS]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        said = any(data.get(name) not in (None, "") for name in ("word", "arrived", "typed_amount", "sentence"))
        if not self.errors and not said:
            self.add_error("word", "Choose a word, or say what arrived.")
        return data


class GaveForm(Reporting):
    word = WordField(label="What did giving it take from us?", choices=cost_choices, required=False)
    guess_word = WordField(
        label="What do you think it was worth to them?",
        choices=worth_choices,
        required=False,
        help_text="A guess, kept apart from their answer. The difference is worth knowing.",
    )
    hours = AmountField(label="Hours", places=2, required=False)
    money = AmountField(label="Money", places=2, required=False)
    currency = LineField(label="Currency", longest=3, required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if data.get("money") is not None and not data.get("currency") and "currency" in data:
            self.add_error("currency", "Name the currency, such as GBP.")
        return data


class RelayForm(forms.Form):
    """What the counterpart told us. It stays marked as passed on, and gives way to what they say themselves."""

    key = forms.CharField(widget=forms.HiddenInput, max_length=100, required=False)
    supersedes = forms.CharField(widget=forms.HiddenInput, max_length=40, required=False)
    word = WordField(label="What did they say?", choices=worth_choices, missing="Choose what they said.")
    expectation = PickField(label="Against what they expected", choices=expectation_choices, required=False)
    sentence = NoteField(label="In their words", required=False)

    def __init__(self, *arguments: Any, receiving: bool = True, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if not receiving:
            self.fields["word"].choices = cost_choices()  # type: ignore[attr-defined]
            self.fields["word"].label = "What did giving it take from them?"
            del self.fields["expectation"]


class CorrectForm(forms.Form):
    key = forms.CharField(widget=forms.HiddenInput, max_length=100, required=False)
    seq = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=1_000_000)
    what = NoteField(label="What happened", longest=WHAT_LONGEST, missing="Say what happened.")
    occurred_on = DayField(label="When")
    status = PickField(
        label="Has it arrived?",
        choices=[(EventStatus.ARRIVED, "It has arrived"), (EventStatus.PENDING, "On its way"), (EventStatus.PROMISED, "Promised")],
    )
    arrived_on = DayField(label="Arrived on", required=False)
    expected_on = DayField(label="Expected on", required=False)
    kind = PickField(label="Kind", choices=EventKind.choices, widget=forms.Select)
    value_kind = PickField(label="What of value was it?", required=False, widget=forms.Select)
    goal = LineField(label="Towards which goal", required=False)
    visibility = PickField(
        label="Who may see it?", choices=[(Visibility.SHARED, "Both sides"), (Visibility.PRIVATE, "Only our side")], required=False
    )

    def __init__(self, *arguments: Any, today: date, value_kinds: Sequence[tuple[str, Any]] = (), is_missed: bool = False, **options: Any) -> None:
        """is_missed: a missed moment stays one, and nothing else becomes one."""
        super().__init__(*arguments, **options)
        kinds = [one for one in EventKind.choices if (one[0] == EventKind.MISSED_MOMENT) == is_missed]
        self.fields["kind"].choices = kinds  # type: ignore[attr-defined]
        for name, latest in (("occurred_on", today + AHEAD), ("arrived_on", today + timedelta(days=1)), ("expected_on", today + AHEAD)):
            field = self.fields[name]
            assert isinstance(field, DayField)
            field.today, field.latest = today, latest
        self.fields["value_kind"].choices = [("", "not named"), *value_kinds]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("status") == EventStatus.ARRIVED:
            if data.get("arrived_on") is None and "arrived_on" in data:
                data["arrived_on"] = data.get("occurred_on")
            if data.get("expected_on"):
                data["expected_on"] = None
        else:
            data["arrived_on"] = None
        if data.get("arrived_on") and data.get("occurred_on") and data["arrived_on"] < data["occurred_on"]:
            self.add_error("arrived_on", "It cannot arrive before it happened.")
        return data
