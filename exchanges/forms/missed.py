"""A missed moment: what was not done, when it would have been, and how it felt."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from exchanges.forms.fields import DayField, NoteField, PickField
from exchanges.models import Visibility

NONE, HURT = "NONE", "HURT"
FELT = [(NONE, gettext_lazy("It was just not there")), (HURT, gettext_lazy("It hurt"))]


class MissedForm(forms.Form):
    key = forms.CharField(widget=forms.HiddenInput, max_length=100, required=False)
    what = NoteField(
        label=gettext_lazy("What did nobody do?"), missing=gettext_lazy("Say what was missed."), longest=2_000,
        help_text=gettext_lazy("Say it the way you would tell them: nobody asked how it went."),
    )  # fmt: skip
    when = DayField(label=gettext_lazy("When"))
    felt = PickField(label=gettext_lazy("How was it for us?"), choices=FELT, required=False)
    visibility = PickField(
        label=gettext_lazy("Who may see it?"), required=False,
        choices=[(Visibility.SHARED, gettext_lazy("Both sides")), (Visibility.PRIVATE, gettext_lazy("Only our side"))],
    )  # fmt: skip

    def __init__(self, *arguments: Any, today: date, is_personal: bool = False, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["when"].today = self.fields["when"].latest = today  # type: ignore[attr-defined]
        if is_personal:  # between friends nothing is weighed
            del self.fields["felt"]

    def clean_visibility(self) -> str:
        return self.cleaned_data["visibility"] or Visibility.SHARED

    @property
    def has_hurt(self) -> bool:
        return self.cleaned_data.get("felt") == HURT
