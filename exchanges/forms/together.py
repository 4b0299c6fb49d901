"""Goals of both sides, what a side stands for, and one thing to do for the other side."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from exchanges.forms.fields import DayField, LineField, NoteField
from exchanges.services.commitments import LONGEST
from exchanges.services.together import GOAL_LONGEST, LINE_LONGEST, MOST_LINES

AHEAD = timedelta(days=3650)


class GoalForm(forms.Form):
    key = forms.CharField(widget=forms.HiddenInput, max_length=100, required=False)
    what = LineField(label=_("What do both of you want to reach?"), longest=GOAL_LONGEST, missing=_("Say what it is, in a few words."))  # type: ignore[arg-type]
    by_on = DayField(label=_("By when"), required=False)

    def __init__(self, *arguments: Any, today: date, **options: Any) -> None:
        super().__init__(*arguments, **options)
        field = self.fields["by_on"]
        assert isinstance(field, DayField)
        field.today, field.latest = today, today + AHEAD


class StanceForm(forms.Form):
    """Up to five short lines; an emptied one is gone."""

    def __init__(self, *arguments: Any, lines: tuple[str, ...] = (), **options: Any) -> None:
        super().__init__(*arguments, **options)
        for number in range(MOST_LINES):
            label = _("Line {number}").format(number=number + 1)
            initial = lines[number] if number < len(lines) else ""
            self.fields[f"line{number}"] = LineField(label=label, longest=LINE_LONGEST, required=False, initial=initial)

    def lines(self) -> list[str]:
        return [self.cleaned_data.get(f"line{number}", "") for number in range(MOST_LINES)]


class PromiseForm(forms.Form):
    key = forms.CharField(widget=forms.HiddenInput, max_length=100, required=False)
    what = NoteField(label=_("What would you like to do?"), longest=LONGEST, missing=_("Say what it is, in a few words."))  # type: ignore[arg-type]
    by_on = DayField(label=_("By when"))

    def __init__(self, *arguments: Any, today: date, first: date, **options: Any) -> None:
        super().__init__(*arguments, **options)
        field = self.fields["by_on"]
        assert isinstance(field, DayField)
        field.today, field.latest = today, today + AHEAD
        field.widget.attrs["min"] = first.isoformat()
