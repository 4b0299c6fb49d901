"""What a person answers through a link: a check, what one event was worth, and what matters to their side."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from exchanges import wording
from exchanges.forms.fields import AmountField, LineField
from exchanges.forms.relationships import TermsForm
from exchanges.models import Beneficiary, Owing
from exchanges.services.reports import Account
from exchanges.services.terms_prompts import Matter

SEVEN = [(str(value), label) for value, label in ((3, "3"), (2, "2"), (1, "1"), (0, "0"), (-1, "-1"), (-2, "-2"), (-3, "-3"))]
REQUIRED = gettext_lazy("Choose one of these.")
AMOUNT_MOST = Decimal(99_999_999)
BLANK_ROWS = 4
MORE_ROWS = 2
MOST_ROWS = 10


class CheckForm(forms.Form):
    balance = forms.ChoiceField(choices=SEVEN, required=False, widget=forms.RadioSelect)
    confirm = forms.BooleanField(required=False)
    sure = forms.ChoiceField(required=False, widget=forms.RadioSelect, label=gettext_lazy("How sure are you?"))
    guess = forms.ChoiceField(choices=SEVEN, required=False)
    sentence = forms.CharField(required=False, max_length=2000, widget=forms.Textarea, label=gettext_lazy("Anything to add?"))

    def __init__(self, *args: Any, other: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["balance"].label = _("Your answer")
        self.fields["sure"].choices = [(code.upper(), label) for code, label in wording.sure_choices()]  # type: ignore[attr-defined]
        labels = [(str(value), label) for value, label in wording.check_answers("they", other)]
        self.fields["guess"].choices = [("", _("I would rather not guess")), *labels]  # type: ignore[attr-defined]
        self.fields["guess"].label = wording.guess_question(other)

    def clean(self) -> dict[str, Any] | None:
        if not self.cleaned_data.get("balance") and not self.cleaned_data.get("confirm") and "balance" not in self.errors:
            self.add_error("balance", _("Choose one of the seven answers."))
        return self.cleaned_data


class RatingForm(forms.Form):
    expected = forms.ChoiceField(
        widget=forms.RadioSelect, label=gettext_lazy("How did it compare with what you expected?"), error_messages={"required": REQUIRED}
    )
    worth = forms.ChoiceField(
        widget=forms.RadioSelect, label=gettext_lazy("What was it worth to you?"),
        help_text=gettext_lazy("In your own terms. Below zero means it got in the way."), required=False,
    )  # fmt: skip
    amount = AmountField(
        label=gettext_lazy("How much"), lowest=-AMOUNT_MOST, highest=AMOUNT_MOST, required=False,
        not_a_number=gettext_lazy("Write how much as a number, such as 3."),
    )  # fmt: skip
    unit = LineField(label=gettext_lazy("Of what"), longest=40, required=False)
    arrived = forms.ChoiceField(required=False, widget=forms.RadioSelect, label=gettext_lazy("What arrived?"))
    owing = forms.ChoiceField(required=False, widget=forms.RadioSelect, label=gettext_lazy("How does it leave you?"))
    beneficiary = forms.ChoiceField(required=False, widget=forms.RadioSelect, label=gettext_lazy("Whom did it help?"))
    sentence = forms.CharField(required=False, max_length=2000, widget=forms.Textarea, label=gettext_lazy("What made it so?"))

    def __init__(self, *args: Any, party: str = "", has_debts: bool = True, is_alone: bool = False, units: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.units = units
        self.fields["expected"].choices = wording.expectation_choices()  # type: ignore[attr-defined]
        self.fields["worth"].choices = wording.worth_choices()  # type: ignore[attr-defined]
        self.fields["arrived"].choices = wording.arrived_choices()  # type: ignore[attr-defined]
        self.fields["owing"].choices = [(Owing.GLAD, _("Glad")), (Owing.OWING, _("It feels like I owe"))]  # type: ignore[attr-defined]
        self.fields["beneficiary"].choices = [(Beneficiary.PERSON, _("Me")), (Beneficiary.ORGANISATION, party or _("All of us"))]  # type: ignore[attr-defined]
        if not has_debts:  # a gift opens no debt, and between friends none is kept
            del self.fields["owing"]
        if is_alone:  # the side is this person
            del self.fields["beneficiary"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        amount, unit = data.get("amount"), data.get("unit")
        if amount is not None and not unit and "unit" not in self.errors:
            self.add_error("unit", _("Say of what: hours, evenings, favours."))
        if unit and amount is None and "amount" not in self.errors:
            self.add_error("amount", _("Say how much, or leave both empty."))
        if not data.get("worth") and amount is None and not {"worth", "amount", "unit"} & set(self.errors):
            self.add_error("worth", REQUIRED)
        return data

    def account(self) -> Account:
        """A unit that was used before keeps the spelling that it had then, so that its rate is found."""
        data = self.cleaned_data
        unit = next((known for known in self.units if known.casefold() == data["unit"].casefold()), data["unit"])
        return Account(
            word=int(data["worth"]) if data["worth"] else None, typed_amount=data["amount"], unit=unit, expectation=data["expected"], arrived=data["arrived"], owing=data.get("owing", ""), beneficiary=data.get("beneficiary", ""),
            sentence=data["sentence"],
        )  # fmt: skip


class OwnTermsForm(TermsForm):
    """What matters to the person's own side: the rows that were said before, and a few blank ones."""

    NAMES = ("kind", "weight", "words", "anchor", "unit", "rate")

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        labels = {
            "kind": _("What matters"), "weight": _("Points"), "words": _("In your own words"), "anchor": _("A great deal would be"), "unit": _("Own unit"),
            "rate": _("Points for one of them"),
        }  # fmt: skip
        for number in range(self.count):
            for name in self.NAMES:
                self.fields[f"{name}{number}"].label = labels[name]

    @classmethod
    def sent(cls, posted: Mapping[str, Any]) -> "OwnTermsForm":
        return cls(posted, lines=_rows_in(posted))

    @classmethod
    def with_more_rows(cls, posted: Mapping[str, Any]) -> "OwnTermsForm":
        """What was typed so far, and room for more."""
        return cls(initial=dict(posted.items()), lines=min(_rows_in(posted) + MORE_ROWS, MOST_ROWS))

    @classmethod
    def of(cls, lines: Sequence[Any]) -> "OwnTermsForm":
        """lines: what was said last, as the ledger shows it."""
        initial: dict[str, Any] = {}
        for number, line in enumerate(lines[:MOST_ROWS]):
            values = (line.value_kind, line.weight, line.words, line.anchor, line.unit, line.points_per_unit)
            initial |= {f"{name}{number}": value for name, value in zip(cls.NAMES, values, strict=True)}
        return cls(initial=initial, lines=min(max(len(lines) + MORE_ROWS, BLANK_ROWS), MOST_ROWS))

    @property
    def has_room(self) -> bool:
        return self.count < MOST_ROWS

    def matters(self) -> list[Matter]:
        return [
            Matter(line["kind"], line["weight"] or 0, line["words"] or "", line["anchor"] or "", line["unit"] or "", line["rate"])
            for line in self.lines()
        ]


def _rows_in(posted: Mapping[str, Any]) -> int:
    found = [number for number in range(MOST_ROWS) if f"kind{number}" in posted or f"weight{number}" in posted]
    return max(found, default=0) + 1
