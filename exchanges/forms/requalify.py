"""Whether it is still worth it for us: one of three words and, if one likes, a sentence."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from exchanges.forms.fields import NoteField, PickField
from exchanges.services.requalify import LONGEST
from exchanges.wording.requalify import worth_answers


class WorthForm(forms.Form):
    said = PickField(label=gettext_lazy("Your answer"), missing=gettext_lazy("Choose one of the three."))
    sentence = NoteField(label=gettext_lazy("A sentence for yourself"), required=False, longest=LONGEST)

    def __init__(self, *arguments: Any, about: object, **options: Any) -> None:
        """about: what sets the fields of one form on a page apart from those of another."""
        options["auto_id"] = f"worth-{about}-%s"
        super().__init__(*arguments, **options)
        self.fields["said"].choices = worth_answers()  # type: ignore[attr-defined]
