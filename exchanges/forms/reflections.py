"""A question for oneself: how often it comes, and its answer."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from exchanges.forms.fields import NoteField, PickField
from exchanges.services.reflections import LONGEST
from exchanges.wording.reflections import feeling_choices, how_often_choices


class HowOftenForm(forms.Form):
    how_often = PickField(label=gettext_lazy("How often"), missing=gettext_lazy("Choose how often."))

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["how_often"].choices = how_often_choices()  # type: ignore[attr-defined]


class ReflectionForm(forms.Form):
    sentence = NoteField(label=gettext_lazy("One sentence"), missing=gettext_lazy("Write a sentence, or leave it this time."), longest=LONGEST)
    feeling = PickField(label=gettext_lazy("How is it between you?"), required=False)

    def __init__(self, *arguments: Any, **options: Any) -> None:
        options["auto_id"] = "reflection-%s"
        super().__init__(*arguments, **options)
        self.fields["feeling"].choices = feeling_choices()  # type: ignore[attr-defined]
