"""Form fields on top of the one validator for text, days and amounts; API and imports use the same functions."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms

from valueledger.common.errors import Invalid
from valueledger.common.validators import AMOUNT_MAX, LINE, SENTENCE, clean_amount, clean_day, clean_email, clean_line, clean_text

REQUIRED = "Say something here."


def refused(error: Invalid) -> forms.ValidationError:
    return forms.ValidationError(error.sentence, code=error.code)


class LineField(forms.Field):
    def __init__(self, *, longest: int = LINE, missing: str = REQUIRED, widget: Any = None, **options: Any) -> None:
        self.longest, self.missing = longest, missing
        super().__init__(widget=widget or forms.TextInput(attrs={"maxlength": longest}), **options)

    def clean(self, value: Any) -> str:
        try:
            text = clean_line(value or "", "", longest=self.longest)
        except Invalid as error:
            raise refused(error) from None
        if self.required and not text:
            raise forms.ValidationError(self.missing, code="required")
        return text


class NoteField(forms.Field):
    def __init__(self, *, longest: int = SENTENCE, missing: str = REQUIRED, rows: int = 2, **options: Any) -> None:
        self.longest, self.missing = longest, missing
        super().__init__(widget=forms.Textarea(attrs={"rows": rows, "maxlength": longest}), **options)

    def clean(self, value: Any) -> str:
        try:
            text = clean_text(value or "", "", longest=self.longest)
        except Invalid as error:
            raise refused(error) from None
        if self.required and not text:
            raise forms.ValidationError(self.missing, code="required")
        return text


class EmailField(LineField):
    def __init__(self, **options: Any) -> None:
        super().__init__(longest=254, widget=forms.EmailInput(attrs={"maxlength": 254, "autocomplete": "off"}), **options)

    def clean(self, value: Any) -> str:
        text = super().clean(value)
        try:
            return clean_email(text, "")
        except Invalid as error:
            raise refused(error) from None


class DayField(forms.Field):
    """today and latest are set by the form, which gets them from the view."""

    today: date
    latest: date | None = None

    def __init__(self, **options: Any) -> None:
        super().__init__(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **options)

    def clean(self, value: Any) -> date | None:
        try:
            return clean_day(value, "", today=self.today, latest=self.latest, required=self.required)
        except Invalid as error:
            raise refused(error) from None


class AmountField(forms.Field):
    """A Decimal as it was typed. A comma for the point is what many people type, so one is taken; more is a mistake."""

    def __init__(
        self, *, lowest: Decimal = Decimal(0), highest: Decimal = AMOUNT_MAX, places: int = 4,
        not_a_number: str = "Write the amount as a number, such as 9 or 6200.", **options: Any,
    ) -> None:  # fmt: skip
        self.lowest, self.highest, self.places, self.not_a_number = lowest, highest, places, not_a_number
        super().__init__(widget=forms.TextInput(attrs={"inputmode": "decimal", "maxlength": 24, "autocomplete": "off"}), **options)

    def clean(self, value: Any) -> Decimal | None:
        text = str(value or "").strip()
        if text.count(",") == 1 and "." not in text:
            text = text.replace(",", ".")
        try:
            return clean_amount(text, "", lowest=self.lowest, highest=self.highest, places=self.places, required=self.required)
        except Invalid as error:
            sentence = self.not_a_number if error.code == "not_a_number" else error.sentence
            raise forms.ValidationError(sentence, code=error.code) from None


class PickField(forms.ChoiceField):
    """One of a few codes, or blank. Radios, so that nothing is chosen until somebody chooses."""

    def __init__(self, *, choices: Iterable[tuple[Any, Any]] = (), missing: str = "Choose one.", widget: Any = None, **options: Any) -> None:
        messages = {"required": missing, "invalid_choice": "This choice is not known."}
        super().__init__(choices=choices, widget=widget or forms.RadioSelect, error_messages=messages, **options)


class WordField(PickField):
    """A word of the worth scale: an int, or None while nothing was said."""

    def clean(self, value: Any) -> int | None:  # type: ignore[override]
        code = super().clean(value)
        return int(code) if code != "" else None
