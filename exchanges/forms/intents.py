"""What one's side means a relationship to be: one of four words."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from exchanges.forms.fields import PickField
from exchanges.wording.intents import intent_choices


class IntentForm(forms.Form):
    """is_asked_along: beside another question, where it may be left."""

    intent = PickField(label=gettext_lazy("What do you mean it to be?"), missing=gettext_lazy("Choose one of the four."))

    def __init__(self, *arguments: Any, is_asked_along: bool = False, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["intent"].required = not is_asked_along
        self.fields["intent"].choices = intent_choices()  # type: ignore[attr-defined]
