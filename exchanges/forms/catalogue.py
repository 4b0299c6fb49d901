"""One kind of value of the workspace's list: its name, a hint, and who may get it."""

from django import forms

from exchanges.forms.fields import LineField, PickField
from relationships.models import ValueKindGiver

MEANT_FOR = [
    (ValueKindGiver.PROVIDER, "Whoever provides"),
    (ValueKindGiver.CUSTOMER, "Whoever is provided for"),
    (ValueKindGiver.ANY, "Anybody"),
]


class KindForm(forms.Form):
    key = forms.CharField(widget=forms.HiddenInput, max_length=100, required=False)
    name = LineField(label="Name", longest=80, missing="Give it a name.")
    hint = LineField(label="Hint", longest=200, required=False, help_text="What is meant, in a few words. It stands beside the name.")
    meant_for = PickField(label="Who may get it", choices=MEANT_FOR)
