"""Bringing a file in: which file, what its columns hold and how they are written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from exchanges.forms.fields import LineField, PickField
from exchanges.models import ImportTable
from exchanges.services.imports.fields import FIELDS
from exchanges.services.imports.looking import Look
from exchanges.services.imports.mapping import BadMapping, Mapping, Source, ensure_complete
from exchanges.services.imports.running import Options
from relationships.models import Kind

TABLES = [
    (ImportTable.EVENTS, "Value events|What happened, with what it cost and what it was worth."),
    (ImportTable.CHECKS, "Checks|What people answered elsewhere: all in all, do you get as much as you give?"),
    (ImportTable.REPORTS, "Reports|What one side said of events that are in the ledger already."),
]
DATES = [
    ("dmy", "day/month/year"), ("mdy", "month/day/year"), ("iso", "year-month-day"), ("unix", "seconds since 1970"), ("unix_ms", "milliseconds since 1970"),
]  # fmt: skip
DECIMALS = [("", "1,234.5 or 1234.5"), ("comma", "1.234,5")]
WORTH = [("", "−1 to 4, as here"), ("1to5", "1 to 5"), ("0to10", "0 to 10")]
WHOSE = [
    ("guess", "Our own people wrote them: keep them as the giver’s guess"),
    ("worth", "They are the receiver’s own answers, passed on by us: keep them as relayed"),
]
# From another scale to -3 to +3, worked from left to right.
ANSWERS: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "3": ("−3 to +3, as here", ()),
    "5": ("−5 to +5", (("*", "3"), ("/", "5"))),
    "10": ("−10 to +10", (("*", "3"), ("/", "10"))),
    "100": ("−100 to +100", (("*", "3"), ("/", "100"))),
    "1to5": ("1 to 5", (("-", "3"), ("*", "3"), ("/", "2"))),
    "1to7": ("1 to 7", (("-", "4"),)),
    "0to10": ("0 to 10", (("-", "5"), ("*", "3"), ("/", "5"))),
}
KINDS = [(Kind.CLIENT, "Clients"), (Kind.EMPLOYEE, "Employees"), (Kind.PERSONAL, "Personal")]
UNKNOWN = [("ask", "Ask me"), ("create", "Begin a relationship")]
DAYS = ("on", "arrived_on", "expected_on")
POINTS = ("value",)
NUMBERS = ("cost", "amount", "money", "hours")
STEPS = ("worth", "word", "cost_word", "guess")
# Where the page's word "worth" may be the giver's guess.
NOT_OFFERED = {ImportTable.EVENTS: ("guess",)}


class UploadForm(forms.Form):
    table = PickField(label="What is in the file?", choices=TABLES, missing="Say what is in the file.", initial=ImportTable.EVENTS)
    file = forms.FileField(
        label="File",
        max_length=500,
        error_messages={"required": "Choose a file.", "empty": "This file is empty.", "max_length": "The name of this file is too long."},
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,.gz,text/csv", "class": "input"}),
    )
    source = LineField(
        label="Where does it come from?",
        longest=60,
        required=False,
        help_text="Rows of one source are taken once, whichever file they stand in. Left empty, it is the file’s name.",
    )


class ColumnsForm(forms.Form):
    """One choice per column, and how the values are written."""

    dates = forms.ChoiceField(label="Dates are written", choices=DATES, required=False)
    decimals = forms.ChoiceField(label="Numbers are written", choices=DECIMALS, required=False)
    unit = LineField(label="Costs are in", longest=40, required=False, help_text="Where the file has no column for it.")
    worth_scale = forms.ChoiceField(label="Worth runs from", choices=WORTH, required=False)
    worth_is = forms.ChoiceField(label="Who wrote what it was worth?", choices=WHOSE, required=False, initial="guess", widget=forms.RadioSelect)
    answers = forms.ChoiceField(label="Answers run from", choices=[(code, label) for code, (label, _) in ANSWERS.items()], required=False)
    unknown = forms.ChoiceField(label="Unknown names", choices=UNKNOWN, required=False, initial="ask")
    kind = forms.ChoiceField(label="New ones are", choices=KINDS, required=False, initial=Kind.CLIENT)

    def __init__(self, *args: Any, table: str, look: Look, units: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.table, self.look, self.units = table, look, units
        hidden = NOT_OFFERED.get(ImportTable(table), ())
        held = [("", "Do not import")] + [(name, field.label) for name, field in FIELDS[table].items() if name not in hidden]
        for column in look.columns:
            name = f"column-{column.number}"
            self.fields[name] = forms.ChoiceField(choices=held, required=False, initial=look.guessed.get(column.number, ""))
            title = column.title or f"column {column.number + 1}"
            self.fields[name].widget.attrs.update({"class": "input", "aria-label": f"Field for {title}"})
        self.fields["dates"].initial = look.date_form
        titles = {column.title.casefold() for column in look.columns if look.guessed.get(column.number) == "cost"}
        self.fields["unit"].initial = next((unit for unit in units if unit.casefold() in titles), "")
        if look.date_proof:
            self.fields["dates"].help_text = f"{look.date_proof} can only be {'month' if look.date_form == 'mdy' else 'day'} first."
        self.fields["answers"].initial = "3" if look.answer_most <= 3 else "5" if look.answer_most <= 5 else "10" if look.answer_most <= 10 else "100"
        for name in self.offered_not():
            del self.fields[name]

    def offered_not(self) -> list[str]:
        """Questions that this table does not raise."""
        gone = {
            ImportTable.EVENTS: ["answers"],
            ImportTable.CHECKS: ["unit", "worth_scale", "worth_is", "decimals"],
            ImportTable.REPORTS: ["answers", "worth_is", "dates", "unit", "unknown", "kind"],
        }
        return gone[ImportTable(self.table)]

    def rows(self) -> list[tuple[Any, forms.BoundField]]:
        return [(column, self[f"column-{column.number}"]) for column in self.look.columns]

    def options_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if not name.startswith("column-") and name != "worth_is"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        chosen: dict[str, int] = {}
        for column in self.look.columns:
            name = data.get(f"column-{column.number}")
            if name and name in chosen:
                self.add_error(f"column-{column.number}", f"Column {chosen[name] + 1} holds this already.")
            elif name:
                chosen[name] = column.number
        if not self.errors:
            try:
                self.options = self._options(data, chosen)
            except BadMapping as error:
                self.add_error(None, error.sentence)
        return data

    def _options(self, data: dict[str, Any], chosen: dict[str, int]) -> Options:
        sources = {}
        for name, number in chosen.items():
            steps = ANSWERS[data.get("answers") or "3"][1] if name in POINTS or (name == "guess" and self.table == ImportTable.CHECKS) else ()
            form = data.get("dates", "") if name in DAYS else data.get("decimals", "") if name in NUMBERS else ""
            if name in STEPS and self.table != ImportTable.CHECKS:
                form = data.get("worth_scale", "")
            if name == "worth" and data.get("worth_is") != "worth":
                name = "guess"
            sources[name] = Source(column=number, steps=steps, form=form)
        if "cost" in sources and "cost_unit" not in sources and data.get("unit"):
            sources["cost_unit"] = Source(constant=data["unit"])
        mapping = Mapping(self.table, sources)
        ensure_complete(mapping)
        return Options(
            map=str(mapping), kind=data.get("kind") or Kind.CLIENT, creates=data.get("unknown") == "create", has_header=self.look.has_header,
        )  # fmt: skip
