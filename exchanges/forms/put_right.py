"""Asking to put something right, and saying what was done."""

from django import forms
from django.utils.translation import gettext_lazy as _

LONGEST = 2000


class PutRightForm(forms.Form):
    text = forms.CharField(
        max_length=LONGEST, widget=forms.Textarea, label=_("What should be put right?"), error_messages={"required": _("Say something here.")}
    )


class SettledForm(forms.Form):
    done = forms.CharField(
        max_length=LONGEST, widget=forms.Textarea, label="What did you do?", help_text="Whoever asked reads this.",
        error_messages={"required": "Say something here."},
    )  # fmt: skip
