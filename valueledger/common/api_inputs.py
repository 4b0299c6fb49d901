"""What an endpoint takes in: every field checked by the validators that forms and imports use, and nothing else taken.

JSON says what a thing is: a number in quotes is an amount, `true` is not a number, and a name that is not known is refused.
"""

import re
import uuid
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import IntegerChoices
from rest_framework import serializers

from valueledger.common.errors import Invalid
from valueledger.common.validators import LINE, SENTENCE, clean_amount, clean_day, clean_email, clean_line, clean_text

UUID_FORM = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
MOST_ITEMS = 50


def checked(clean: Callable[..., Any], *values: Any, **options: Any) -> Any:
    """Run one of our validators; its sentence and code become those of the field."""
    try:
        return clean(*values, **options)
    except Invalid as error:
        raise serializers.ValidationError(error.sentence, code=error.code) from None


class Input(serializers.Serializer):
    """Refuses fields that it does not know, so that a misspelt one is not lost in silence."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = [str(name) for name in data if name not in self.fields]
            if unknown:
                raise serializers.ValidationError(
                    {name[:60]: [serializers.ErrorDetail("This field is not known.", code="unknown_field")] for name in unknown[:MOST_ITEMS]}
                )
        return super().to_internal_value(data)

    @property
    def today(self) -> date:
        day = self.root.context["today"]
        assert isinstance(day, date)
        return day


class LineField(serializers.CharField):
    def __init__(self, *, longest: int = LINE, **options: Any) -> None:
        self.longest = longest
        super().__init__(max_length=longest, allow_blank=not options.get("required", True), **options)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if data is serializers.empty or data is None:
            return super().run_validation(data)
        return checked(clean_line, data, self.field_name, longest=self.longest, required=not self.allow_blank)


class NoteField(LineField):
    """Text of several lines."""

    def __init__(self, *, longest: int = SENTENCE, **options: Any) -> None:
        super().__init__(longest=longest, **options)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if data is serializers.empty or data is None:
            return super().run_validation(data)
        return checked(clean_text, data, self.field_name, longest=self.longest, required=not self.allow_blank)


class AddressField(serializers.EmailField):
    def run_validation(self, data: Any = serializers.empty) -> Any:
        if data is serializers.empty or data is None:
            return super().run_validation(data)
        return checked(clean_email, data, self.field_name)


class DayField(serializers.DateField):
    """A day from 1970 to tomorrow, or so many days further where something is still to come."""

    def __init__(self, *, ahead: int = 1, **options: Any) -> None:
        self.ahead = timedelta(days=ahead)
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str) or len(data) != 10:
            raise serializers.ValidationError("This is not a date. Write it as 2026-01-31.", code="not_a_date")
        today = self.root.context["today"]
        return checked(clean_day, data, self.field_name, today=today, latest=today + self.ahead)


class AmountField(serializers.DecimalField):
    """A Decimal as typed, in quotes or as a JSON number."""

    def __init__(self, *, lowest: Decimal = Decimal(0), highest: Decimal = Decimal("99999999.9999"), places: int = 4, **options: Any) -> None:
        self.lowest, self.highest, self.places = lowest, highest, places
        super().__init__(max_digits=12, decimal_places=places, min_value=lowest, max_value=highest, **options)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if data is serializers.empty or data is None:
            return super().run_validation(data)
        return checked(clean_amount, data, self.field_name, lowest=self.lowest, highest=self.highest, places=self.places, required=True)


class ChoiceOf(serializers.ChoiceField):
    """One of some codes, written exactly so."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, str) and data in self.choices:
            return data
        raise serializers.ValidationError(f"This choice is not known. Known are: {', '.join(self.choices)}.", code="unknown_choice")


class CodeOf(ChoiceOf):
    """One of some codes which we keep as numbers: `OWN` for 0."""

    def __init__(self, numbers: type[IntegerChoices], **options: Any) -> None:
        self.numbers = numbers
        super().__init__(choices=numbers.names, **options)

    def to_internal_value(self, data: Any) -> Any:
        return self.numbers[super().to_internal_value(data)]


class CountField(serializers.IntegerField):
    """A whole number; neither `true` nor "3" nor 3.0."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, bool) or not isinstance(data, int):
            raise serializers.ValidationError("This is not a whole number.", code="not_a_number")
        return data


class TruthField(serializers.BooleanField):
    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, bool):
            return data
        raise serializers.ValidationError("This is true or false.", code="not_a_truth")


class IdField(serializers.UUIDField):
    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, str) and UUID_FORM.fullmatch(data):
            return uuid.UUID(data)
        raise serializers.ValidationError("This is not an id.", code="not_an_id")
