"""What if: one change of what flows between the sides, what is given in return, and how far ahead to look. A GET form: it stores nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from exchanges.forms.fields import AmountField, PickField

LESS, MORE, STOP, NEW_FACE, SILENCE = "less", "more", "stop", "shock", "silence"
CHANGES = [
    (LESS, _("there is less of")),
    (MORE, _("there is more of")),
    (STOP, _("there is no more")),
    (NEW_FACE, _("somebody new looks after it")),
    (SILENCE, _("nobody answers")),
]
PERCENT, TIMES = "percent", "times"
UNITS = [(PERCENT, _("percent")), (TIMES, _("times a year"))]
STARTS = [("0", _("today on")), ("30", _("in a month")), ("91", _("in three months")), ("182", _("in half a year"))]
AHEAD = [("3", _("three months")), ("6", _("six months")), ("12", _("a year"))]
MOST = Decimal(500)
NEEDS_NOTHING = (NEW_FACE, SILENCE)


@dataclass(frozen=True)
class Given:
    """One thing that a side gives, as a choice."""

    key: str
    label: str


class WhatIfForm(forms.Form):
    how = PickField(choices=CHANGES, widget=forms.Select, missing=_("Say what changes."))
    of = PickField(widget=forms.Select, missing=_("Say what of."))
    amount = AmountField(required=False, lowest=Decimal("0.1"), highest=MOST, places=1, not_a_number=_("Write how much as a number, such as 10."))
    unit = PickField(choices=UNITS, required=False, widget=forms.Select)
    starts = PickField(choices=STARTS, required=False, widget=forms.Select)
    back = PickField(required=False, widget=forms.Select)
    back_times = AmountField(
        required=False, lowest=Decimal("0.5"), highest=Decimal(100), places=1, not_a_number=_("Write how often as a number, such as 2.")
    )
    ahead = PickField(choices=AHEAD, required=False, widget=forms.Select)

    def __init__(self, *arguments: Any, theirs: Iterable[Given], ours: Iterable[Given], names: tuple[str, str], **options: Any) -> None:
        super().__init__(*arguments, **options)
        they, we = names
        groups = [(they, [(one.key, one.label) for one in theirs]), (we, [(one.key, one.label) for one in ours])]
        filled = [(name, choices) for name, choices in groups if choices]
        self.fields["of"].choices = filled  # type: ignore[attr-defined]
        self.fields["back"].choices = [("", _("nothing")), *filled]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        how, amount = data.get("how"), data.get("amount")
        if how in (LESS, MORE) and "amount" not in self.errors and amount is None:
            self.add_error("amount", forms.ValidationError(str(_("Say how much.")), code="required"))
        if how == LESS and data.get("unit") != TIMES and amount is not None and amount > 100:
            self.add_error("amount", forms.ValidationError(str(_("There cannot be less than nothing: at most 100 percent.")), code="too_much"))
        return data
