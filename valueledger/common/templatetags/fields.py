"""Form fields as components: label, control, hint and error belong together, for the eye and for a screen reader."""

from typing import Any

from django import template
from django.forms import BaseForm, BoundField, CheckboxSelectMultiple
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

register = template.Library()

FIELD = "components/_field.html"
CONTROLS = ("autocomplete", "inputmode", "list", "placeholder", "type", "rows", "maxlength", "size", "min", "max", "step", "spellcheck")


def _describe(field: BoundField, hint: object) -> dict[str, Any]:
    """Ids of hint and error, for aria-describedby; the wrong value stays in the field."""
    stem = field.auto_id or field.html_name
    hint_id, error_id = f"{stem}-hint", f"{stem}-error"
    ids = [name for name, shown in ((hint_id, hint), (error_id, field.errors)) if shown]
    return {"hint_id": hint_id, "error_id": error_id, "described_by": " ".join(ids)}


def _control(bound: BoundField, described_by: str, attrs: dict[str, Any]) -> str:
    """The widget with our ids only: left to itself, Django also points at a help text that is not shown."""
    shown = bound.build_widget_attrs({**attrs, "aria-describedby": described_by or "none"})
    if not described_by:
        del shown["aria-describedby"]
    if bound.auto_id:
        shown.setdefault("id", bound.auto_id)
    drawn: str = bound.field.widget.render(bound.html_name, bound.value(), attrs=shown, renderer=bound.form.renderer)
    return drawn


def _attrs(field: BoundField, options: dict[str, Any]) -> dict[str, Any]:
    attrs: dict[str, Any] = {"class": "input"}
    if field.errors:
        attrs["aria-invalid"] = "true"
    if options.get("autofocus"):
        attrs["autofocus"] = True
    attrs.update({name: options[name] for name in CONTROLS if options.get(name) is not None})
    return attrs


@register.inclusion_tag(FIELD)
def field(bound: BoundField, **options: Any) -> dict[str, Any]:
    """Options: label, hint, optional, vh (hide the label from the eye only), and attributes of the control (see CONTROLS)."""
    hint = options.get("hint", bound.help_text)
    described = _describe(bound, hint)
    return {
        "field": bound,
        "label": options.get("label", bound.label),
        "hint": hint,
        "optional": options.get("optional", False),
        "hide_label": options.get("vh", False),
        "control": _control(bound, described["described_by"], _attrs(bound, options)),
        **described,
    }


@register.inclusion_tag("components/_checkbox.html")
def checkbox(bound: BoundField, label: str = "", css: str = "") -> dict[str, Any]:
    described = _describe(bound, bound.help_text)
    control = _control(bound, described["described_by"], {})
    return {"field": bound, "label": label or bound.label, "css": css, "hint": bound.help_text, "control": control, **described}


def _options(bound: BoundField) -> list[dict[str, Any]]:
    """The choices of a radio or checkbox field, without an empty one: nothing is preselected but what the person chose."""
    value = bound.value()
    chosen = {str(one) for one in value} if isinstance(value, (list, tuple, set)) else {str(value)} if value is not None else set()
    choices = [(code, str(label)) for code, label in bound.field.choices if code not in ("", None)]  # type: ignore[attr-defined]
    rows = []
    for index, (code, text) in enumerate(choices):
        label, _bar, small = text.partition("|")
        rows.append(
            {"value": str(code), "label": label, "small": small, "checked": str(code) in chosen, "id": f"{bound.auto_id or bound.html_name}_{index}"}
        )
    return rows


def _group(bound: BoundField, legend: str, hint: str | None, optional: bool) -> dict[str, Any]:
    shown_hint = bound.help_text if hint is None else hint
    return {
        "field": bound,
        "name": bound.html_name,
        "kind": "checkbox" if isinstance(bound.field.widget, CheckboxSelectMultiple) else "radio",
        "required": bound.field.required and not isinstance(bound.field.widget, CheckboxSelectMultiple),
        "legend": legend or bound.label,
        "hint": shown_hint,
        "optional": optional,
        "options": _options(bound),
        "group_id": bound.auto_id or bound.html_name,
        **_describe(bound, shown_hint),
    }


@register.inclusion_tag("components/_choices.html")
def choices(
    bound: BoundField, layout: str = "", big: bool = False, legend: str = "", hint: str | None = None, optional: bool = False, vh: bool = False
) -> dict[str, Any]:
    """Radios or check boxes as calm, large targets. layout: empty, grid or rows; in rows a label may read "Title|explanation"."""
    return {**_group(bound, legend, hint, optional), "layout": layout, "big": big, "hide_legend": vh}


@register.inclusion_tag("components/_worthscale.html")
def worthscale(bound: BoundField, legend: str = "", hint: str | None = None, optional: bool = False) -> dict[str, Any]:
    """Worth on one line, the negative step set apart. A cost scale without a negative step has no such part."""
    group = _group(bound, legend, hint, optional)
    for option in group["options"]:
        option["number"] = option["value"].replace("-", "\u2212")
        option["is_negative"] = option["value"].startswith("-")
    return {**group, "has_negative": any(option["is_negative"] for option in group["options"])}


@register.inclusion_tag("components/_scale7.html")
def scale7(bound: BoundField, legend: str = "", hint: str | None = None) -> dict[str, Any]:
    return _group(bound, legend, hint, False)


@register.inclusion_tag("components/_form_errors.html")
def form_errors(form: BaseForm) -> dict[str, Any]:
    """The summary above a form: how many things to fix, each a link to its field."""
    wrong = [bound for bound in form if bound.errors]
    general = list(form.non_field_errors()) if form.is_bound else []
    count = len(wrong) + len(general)
    title = ngettext("One thing to fix. Nothing was lost.", "{count} things to fix. Nothing was lost.", count).format(count=_count(count))
    return {"wrong": wrong, "general": general, "title": title, "has_errors": count > 0}


def _count(count: int) -> str:
    words = {2: _("Two"), 3: _("Three"), 4: _("Four"), 5: _("Five"), 6: _("Six")}
    return words.get(count, str(count))
