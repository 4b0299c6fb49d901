"""A field's label, control, hint and error belong together, and nothing is chosen that nobody chose."""

import re

import pytest
from django import forms
from django.template import Context, Template

from valueledger.common.templatetags.icons import PATHS


class LogForm(forms.Form):
    who = forms.CharField(label="With whom")
    what = forms.CharField(label="What happened", help_text="Say it the way you would tell them.", widget=forms.Textarea)
    direction = forms.ChoiceField(label="Which way?", choices=[("", "---"), ("we", "We gave"), ("they", "They gave")], widget=forms.RadioSelect)
    worth = forms.TypedChoiceField(
        label="Worth", choices=[(-1, "Got in the way"), (0, "Nothing"), (1, "A little")], coerce=int, widget=forms.RadioSelect
    )
    cost = forms.ChoiceField(label="Cost", choices=[(0, "Nothing"), (1, "A little")], widget=forms.RadioSelect, required=False)
    terms = forms.MultipleChoiceField(
        label="Where?", choices=[("a", "On time"), ("b", "Calm|Nobody phones")], widget=forms.CheckboxSelectMultiple, required=False
    )
    ask = forms.BooleanField(label="Ask Marta", required=False)

    def clean(self):
        if self.cleaned_data.get("who") == "nobody":
            raise forms.ValidationError("That is nobody.")


def render(source: str, form: forms.Form) -> str:
    return Template("{% load fields icons ledger %}" + source).render(Context({"form": form}))


def bound(**data: object) -> forms.Form:
    form = LogForm(data)
    form.is_valid()
    return form


def test_a_label_names_its_control():
    drawn = render("{% field form.who %}", LogForm())
    assert '<label for="id_who">With whom' in drawn
    assert 'id="id_who"' in drawn
    assert 'class="input"' in drawn


def test_hint_and_error_are_described_by_ids_that_exist():
    drawn = render("{% field form.what rows=2 %}", bound())
    described = re.search(r'aria-describedby="([^"]+)"', drawn)
    assert described
    assert described[1].split() == ["id_what-hint", "id_what-error"]
    for one in described[1].split():
        assert f'id="{one}"' in drawn
    assert 'aria-invalid="true"' in drawn
    assert 'rows="2"' in drawn


def test_a_hidden_hint_is_described_by_nothing():
    assert "aria-describedby" not in render('{% field form.what hint="" %}', LogForm())


def test_the_wrong_value_stays_and_is_escaped():
    assert "&lt;b&gt;" in render("{% field form.who %}", bound(who="<b>"))


def test_nothing_is_preselected():
    for tag in ("choices form.direction", "worthscale form.worth", "scale7 form.worth", "rows7 form.worth"):
        assert "checked" not in render(f"{{% {tag} %}}", LogForm())


def test_what_was_chosen_stays_chosen():
    drawn = render("{% choices form.direction %}", bound(direction="they"))
    assert re.search(r'value="they"[^>]*checked', drawn)
    assert drawn.count("checked") == 1
    assert render("{% worthscale form.worth %}", bound(worth="0")).count("checked") == 1
    assert render("{% choices form.terms %}", bound(terms=["a", "b"])).count("checked") == 2


def test_an_initial_zero_is_a_choice_too():
    assert re.search(r'value="0"[^>]*checked', render("{% worthscale form.worth %}", LogForm(initial={"worth": 0})))


def test_the_empty_choice_is_no_answer():
    assert render("{% choices form.direction %}", LogForm()).count("<input") == 2


def test_check_boxes_are_not_required_one_by_one():
    assert "required" not in render("{% choices form.terms %}", LogForm())
    assert 'type="checkbox"' in render("{% choices form.terms %}", LogForm())
    assert "required" in render("{% choices form.direction %}", LogForm())


def test_a_choice_may_explain_itself():
    drawn = render('{% choices form.terms layout="rows" %}', LogForm())
    assert "<b>Calm</b>" in drawn
    assert '<small class="quiet">Nobody phones</small>' in drawn


def test_the_negative_step_is_set_apart_and_a_cost_has_none():
    assert "<b>−1</b>" in render("{% worthscale form.worth %}", LogForm())
    assert "worthscale--cost" in render("{% worthscale form.cost %}", LogForm())
    assert "worthscale--cost" not in render("{% worthscale form.worth %}", LogForm())


def test_the_seven_rows_run_from_most_to_least():
    drawn = render("{% rows7 form.worth %}", LogForm())
    assert re.findall(r'value="(-?\d)"', drawn) == ["3", "2", "1", "0", "-1", "-2", "-3"]


def test_the_summary_counts_and_links():
    drawn = render("{% form_errors form %}", bound(direction="we"))
    assert "Three things to fix. Nothing was lost." in drawn
    assert 'href="#id_who"' in drawn
    assert 'id="errors"' in drawn
    for link in re.findall(r'href="#([^"]+)"', drawn):
        field = link.removeprefix("id_")
        tag = "worthscale" if field == "worth" else "field"
        assert f'id="{link}"' in render(f"{{% {tag} form.{field} %}}", bound(direction="we"))


def test_an_error_of_no_field_is_told_and_a_clean_form_says_nothing():
    assert "That is nobody." in render("{% form_errors form %}", bound(who="nobody", what="x", direction="we", worth="1"))
    assert render("{% form_errors form %}", LogForm()).strip() == ""


def test_a_check_box_has_its_label_around_it():
    drawn = render("{% checkbox form.ask %}", LogForm())
    assert re.search(r'<label class="check"><input[^>]*type="checkbox"[^>]*> <span>Ask Marta</span></label>', drawn)


@pytest.mark.parametrize("name", [*PATHS, "tick"])
def test_icons_are_drawings_for_the_eye_only(name):
    drawn = render(f'{{% icon "{name}" %}}', LogForm())
    assert drawn.startswith('<svg class="icon')
    assert 'aria-hidden="true"' in drawn
