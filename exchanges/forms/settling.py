"""What became of a promise, and what came back of an advance."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from exchanges.forms.fields import NoteField, PickField
from exchanges.wording.settling import became_choices, returned_choices

DATE = {"type": "date"}


class SettleForm(forms.Form):
    """The days are checked where the answer is written: which of the two is needed depends on it."""

    became = PickField(label=gettext_lazy("What became of it?"), missing=gettext_lazy("Choose what became of it."))
    on = forms.CharField(label=gettext_lazy("If it happened: on"), required=False, max_length=10, widget=forms.DateInput(attrs=DATE))
    until = forms.CharField(label=gettext_lazy("If not yet: by when now"), required=False, max_length=10, widget=forms.DateInput(attrs=DATE))

    def __init__(self, *arguments: Any, about: object, today: date, is_on_its_way: bool = False, **options: Any) -> None:
        """about: what sets the fields of one form on a page apart from those of another."""
        options["auto_id"] = f"settle-{about}-%s"
        options["initial"] = {"on": today.isoformat(), **(options.get("initial") or {})}
        super().__init__(*arguments, **options)
        self.fields["became"].choices = became_choices(is_on_its_way)  # type: ignore[attr-defined]

    def day(self) -> str:
        """The day that goes with what was chosen."""
        return str(self.cleaned_data["until" if self.cleaned_data["became"] == "NOT_YET" else "on"])


class LookBackForm(forms.Form):
    returned = PickField(label=gettext_lazy("What came back?"), missing=gettext_lazy("Choose what came back."))
    review_on = forms.CharField(label=gettext_lazy("If too early: look again on"), required=False, max_length=10, widget=forms.DateInput(attrs=DATE))
    words = NoteField(label=gettext_lazy("In a few words"), required=False, longest=1_000)

    def __init__(self, *arguments: Any, about: object, **options: Any) -> None:
        options["auto_id"] = f"advance-{about}-%s"
        super().__init__(*arguments, **options)
        self.fields["returned"].choices = returned_choices()  # type: ignore[attr-defined]
