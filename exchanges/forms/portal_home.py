"""What somebody of the other side types on its own page: an address, something that was given or got, how to be asked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from exchanges import wording
from exchanges.forms.fields import AmountField, DayField, EmailField, LineField, NoteField, PickField, WordField
from exchanges.services.preferences import BUDGETS, LESS_OFTEN, Preferences
from exchanges.services.reports import Account
from relationships.models import Person, Workspace

GAVE, GOT, MISSED = "gave", "got", "missed"
AMOUNT_HINT = gettext_lazy("Write the amount as a number, such as 2 or 30. The unit goes in the next box.")
DAYS = [(str(number), gettext_lazy(name)) for number, name in enumerate(("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), 1)]


class EnterForm(forms.Form):
    email = EmailField(label=gettext_lazy("Your e-mail address"))

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["email"].widget.attrs["autocomplete"] = "email"


class AddForm(forms.Form):
    """Something that they gave or got. Said for both sides to see; what it was worth or took is theirs to say, now or later."""

    key = forms.CharField(widget=forms.HiddenInput, max_length=100, required=False)
    way = PickField(label=gettext_lazy("Which way did it go?"), missing=gettext_lazy("Say which way it went."))
    what = NoteField(label=gettext_lazy("What was it?"), missing=gettext_lazy("Say what it was."), longest=2_000)
    when = DayField(label=gettext_lazy("When"))
    worth = WordField(label=gettext_lazy("What was it worth to you?"), required=False)
    expected = PickField(label=gettext_lazy("How did it compare with what you expected?"), required=False)
    has_hurt = forms.BooleanField(label=gettext_lazy("It hurt"), required=False)
    cost = AmountField(label=gettext_lazy("What did it take, in your own unit?"), required=False, not_a_number=AMOUNT_HINT)  # type: ignore[arg-type]
    guess = WordField(label=gettext_lazy("What do you think it was worth to them?"), required=False)
    unit = LineField(label=gettext_lazy("Unit"), longest=40, required=False, help_text=gettext_lazy("Hours, evenings, favours."))

    def __init__(self, *arguments: Any, today: date, is_personal: bool = False, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["when"].today = today  # type: ignore[attr-defined]
        ways = [(GAVE, _("I gave it")), (GOT, _("I got it")), (MISSED, _("It was missed"))]
        self.fields["way"].choices = ways  # type: ignore[attr-defined]
        self.fields["worth"].choices = wording.worth_choices()  # type: ignore[attr-defined]
        self.fields["guess"].choices = wording.worth_choices()  # type: ignore[attr-defined]
        self.fields["expected"].choices = wording.expectation_choices()  # type: ignore[attr-defined]
        if is_personal:  # between friends nothing is weighed
            for name in ("worth", "expected", "cost", "guess", "unit", "has_hurt"):
                del self.fields[name]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("cost") is not None and "unit" in data and not data["unit"]:
            self.add_error("unit", _("Say in which unit: hours, evenings, favours."))
        if data.get("unit") and "cost" in data and data["cost"] is None:
            self.add_error("cost", _("Say how many, or empty the unit."))
        way = data.get("way")
        if way != MISSED and data.get("has_hurt"):
            self.add_error("way", _("That it hurt is said of what was missed. Choose “It was missed”, or empty that answer."))
        if way == MISSED and (data.get("worth") is not None or data.get("expected") or data.get("cost") is not None or data.get("unit")):
            self.add_error("way", _("What was missed has no worth and took nothing. Empty those answers, or choose another way."))
        if way == GAVE and (data.get("worth") is not None or data.get("expected")):
            self.add_error("way", _("What it was worth is said by whoever got it. Choose “I got it”, or empty those answers."))
        if way != GAVE and data.get("guess") is not None:
            self.add_error("way", _("What they made of it is guessed by whoever gave it. Choose “I gave it”, or empty that answer."))
        if way == GOT and (data.get("cost") is not None or data.get("unit")):
            self.add_error("way", _("What it took is said by whoever gave it. Choose “I gave it”, or empty those boxes."))
        return data

    def account(self) -> Account | None:
        """What was said of it; None when nothing was."""
        data = self.cleaned_data
        if data["way"] == GAVE:
            if data.get("cost") is None and data.get("guess") is None:
                return None
            return Account(typed_amount=data["cost"], unit=data["unit"], guess_word=data["guess"])
        if data.get("worth") is None and not data.get("expected"):
            return None
        return Account(word=data["worth"], expectation=data["expected"])


class PreferencesForm(forms.Form):
    """How to be asked. A blank takes what the workspace does."""

    often = PickField(label=gettext_lazy("At most"), required=False, widget=forms.Select)
    less = PickField(label=gettext_lazy("The regular question"), required=False, widget=forms.Select)
    quiet_from = forms.TimeField(label=gettext_lazy("Nothing after"), required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    quiet_until = forms.TimeField(label=gettext_lazy("and before"), required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    own_days = forms.BooleanField(label=gettext_lazy("I choose my own quiet days"), required=False)
    quiet_days = forms.MultipleChoiceField(label=gettext_lazy("No mail on"), required=False, choices=DAYS, widget=forms.CheckboxSelectMultiple)
    away_from = DayField(label=gettext_lazy("Away from"), required=False)
    away_until = DayField(label=gettext_lazy("Pause until"), required=False)
    time_zone = LineField(label=gettext_lazy("Time zone"), longest=40, required=False, help_text=gettext_lazy("Such as Europe/Oslo."))

    def __init__(self, data: Any = None, *, person: Person, workspace: Workspace, today: date, latest: date) -> None:
        super().__init__(data, initial=self.initial_of(person))
        usual = _("as they ask everybody: {count} in 30 days").format(count=workspace.ask_budget)
        self.fields["often"].choices = [("", usual), *((code, label) for code, label, _budget in BUDGETS)]  # type: ignore[attr-defined]
        self.fields["less"].choices = [(str(times), label) for times, label in LESS_OFTEN]  # type: ignore[attr-defined]
        for name in ("away_from", "away_until"):
            self.fields[name].today, self.fields[name].latest = today, latest  # type: ignore[attr-defined]

    @staticmethod
    def initial_of(person: Person) -> dict[str, Any]:
        often = next((code for code, _label, budget in BUDGETS if budget == person.ask_budget), "") if person.ask_budget is not None else ""
        return {
            "often": often, "less": str(person.less_often), "quiet_from": person.quiet_from, "quiet_until": person.quiet_until,
            "own_days": person.quiet_days is not None, "quiet_days": list(person.quiet_days or ""), "away_from": person.away_from,
            "away_until": person.away_until, "time_zone": person.time_zone,
        }  # fmt: skip

    def wanted(self) -> Preferences:
        data = self.cleaned_data
        budgets = {code: budget for code, _label, budget in BUDGETS}
        return Preferences(
            ask_budget=budgets.get(data["often"]), less_often=int(data["less"] or 1), quiet_from=data["quiet_from"], quiet_until=data["quiet_until"],
            quiet_days="".join(sorted(data["quiet_days"])) if data["own_days"] else None, away_from=data["away_from"], away_until=data["away_until"],
            time_zone=data["time_zone"],
        )  # fmt: skip


def errors_to(form: forms.Form, field: str, sentence: str, names: Sequence[tuple[str, str]] = ()) -> None:
    """Put what a service refused on the field that it is about."""
    name = dict(names).get(field, field)
    form.add_error(name if name in form.fields else None, sentence)
