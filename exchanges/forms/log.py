"""Logging value: the one line of Today, the full form, and what both share: finding the relationship by the name that was typed."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django import forms

from exchanges.forms.fields import AmountField, DayField, LineField, NoteField, PickField, WordField
from exchanges.models import Beneficiary, EventKind, EventStatus, Giver, Visibility
from exchanges.wording import cost_choices, expectation_choices, worth_choices

WE, THEY, BOTH = "we", "they", "both"
GIVERS = {WE: Giver.OWN, THEY: Giver.COUNTERPART, BOTH: Giver.JOINT}
DIRECTIONS = [(WE, "We gave"), (THEY, "They gave"), (BOTH, "We did it together")]
LOGGED_KINDS = [(code, label) for code, label in EventKind.choices if code != EventKind.MISSED_MOMENT]  # that has a page of its own
WHAT_LONGEST = 2_000
AHEAD = timedelta(days=3650)
AMOUNT_HINT = "Write the amount as a number, such as 9 or 6200. The unit goes in the next box."

Candidates = Sequence[tuple[str, str]]
"""(public id, name) of relationships that what was typed may have meant."""


class WhoForm(forms.Form):
    """Base of both forms. The view looks the name up and hands the outcome to `settle`."""

    key = forms.CharField(widget=forms.HiddenInput, max_length=100, required=False)
    direction = PickField(label="Which way did it go?", choices=DIRECTIONS, missing="Say which way it went.")
    who = LineField(label="With whom", missing="Say with whom.")
    relationship = PickField(label="Which one?", required=False, choices=[])

    why_not = ""  # set when the name was not understood

    def offer(self, candidates: Candidates) -> None:
        """Let the reader choose among those; a form that was answered with one of them keeps it."""
        self.fields["relationship"].choices = list(candidates)  # type: ignore[attr-defined]

    @property
    def giver(self) -> int:
        return GIVERS[self.cleaned_data["direction"]]


class QuickLogForm(WhoForm):
    direction = PickField(label="Who gave", choices=DIRECTIONS[:2], missing="Say which way it went.", widget=forms.Select)
    what = LineField(label="What happened", longest=500, missing="Say what happened, in a few words.")


class LogForm(WhoForm):
    when = DayField(label="When")
    what = NoteField(
        label="What happened",
        longest=WHAT_LONGEST,
        missing="Say what happened.",
        help_text="Say it the way you would tell them. They may see this line when they are asked.",
    )
    status = PickField(
        label="Has it arrived?",
        choices=[(EventStatus.ARRIVED, "It has arrived"), (EventStatus.PENDING, "On its way"), (EventStatus.PROMISED, "Promised")],
        required=False,
    )
    expected_on = DayField(label="Expected on", required=False)
    kind = PickField(label="Kind", choices=LOGGED_KINDS, required=False, widget=forms.Select)
    value_kind = PickField(label="What of value was it?", required=False, widget=forms.Select)
    guess = WordField(
        label="What do you think it was worth to them?",
        choices=worth_choices,
        required=False,
        help_text="A guess, kept apart from their answer. The difference is worth knowing.",
    )
    guess_unknown = forms.BooleanField(label="I do not know yet", required=False)
    cost_word = WordField(
        label="What did giving it take from us?",
        choices=cost_choices,
        required=False,
        help_text="The same words as for what we get. Nothing has to be said.",
    )
    cost = AmountField(label="In our own unit", required=False, not_a_number=AMOUNT_HINT)
    unit = LineField(label="Unit", longest=40, required=False)
    worth = WordField(label="What was it worth to us?", choices=worth_choices, required=False)
    worth_unknown = forms.BooleanField(label="We will say so later", required=False)
    expectation = PickField(label="Against what we expected", choices=expectation_choices, required=False)
    beneficiary = PickField(
        label="Who felt it?", choices=[(Beneficiary.ORGANISATION, "The organisation"), (Beneficiary.PERSON, "A person")], required=False
    )
    visibility = PickField(
        label="Who may see it?",
        choices=[(Visibility.SHARED, "Both sides"), (Visibility.PRIVATE, "Only our side")],
        required=False,
        help_text="What both sides may see can be made private no more.",
    )
    goal = LineField(label="Towards which goal", required=False)
    hope = NoteField(
        label="We hope for", required=False, longest=1_000, rows=1, help_text="Our own thought: they never read it, nor do leaders. Nothing counts by it."
    )  # fmt: skip
    review_on = DayField(label="And look at it again on", required=False)
    hours = AmountField(label="Hours", places=2, required=False)
    money = AmountField(label="Money", places=2, required=False)
    currency = LineField(label="Currency", longest=3, required=False)

    is_personal = False  # friends weigh nothing

    def __init__(self, *arguments: Any, today: date, value_kinds: Sequence[tuple[str, Any]] = (), **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.today = today
        for name in ("when", "expected_on", "review_on"):
            field = self.fields[name]
            assert isinstance(field, DayField)
            field.today = today
        for name in ("expected_on", "review_on"):
            self.fields[name].latest = today + AHEAD  # type: ignore[attr-defined]
        self.fields["value_kind"].choices = [("", "not named"), *value_kinds]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        direction = "" if self.is_personal else data.get("direction")
        has_arrived = (data.get("status") or EventStatus.ARRIVED) == EventStatus.ARRIVED
        if direction in (WE, BOTH) and "guess" in data and data["guess"] is None and not data.get("guess_unknown"):
            self.add_error("guess", "Choose one, or say you do not know yet.")
        if direction in (THEY, BOTH) and has_arrived and "worth" in data and data["worth"] is None and not data.get("worth_unknown"):
            self.add_error("worth", "Choose one, or say it later.")
        self._check_hope(data)
        if data.get("cost") is not None and not data.get("unit") and "unit" in data:
            self.add_error("unit", "Say in which unit: hours, evenings, favours.")
        if data.get("cost_word") is not None and data.get("cost") is not None and data["cost_word"] == 0 and data["cost"] > 0:
            self.add_error("cost", "It cannot take nothing and an amount. Leave one of the two out.")
        if data.get("money") is not None and not data.get("currency") and "currency" in data:
            self.add_error("currency", "Name the currency, such as GBP.")
        if data.get("currency") and not (len(data["currency"]) == 3 and data["currency"].isascii() and data["currency"].isalpha()):
            self.add_error("currency", "Three letters, such as GBP.")
        if has_arrived and data.get("expected_on"):
            self.add_error("expected_on", "It has arrived already. Leave this empty, or say that it is on its way.")
        return data

    def _check_hope(self, data: dict[str, Any]) -> None:
        """What is given on hope has a day on which we look what came back; a gift has neither."""
        hope, day = data.get("hope"), data.get("review_on")
        if data.get("direction") == THEY or self.is_personal:
            data["hope"], data["review_on"] = "", None
        elif hope and "review_on" in data and day is None:
            self.add_error("review_on", "Say when to look at it again.")
        elif day is not None and not hope and "hope" in data:
            self.add_error("hope", "Say what you hope for, or empty the date.")
        elif hope and day is not None and day <= self.today:
            self.add_error("review_on", "Choose a day that is still to come.")
        elif hope and data.get("kind") == EventKind.GIFT:
            self.add_error("hope", "A gift waits for nothing. Choose another kind, or leave the hope out.")
