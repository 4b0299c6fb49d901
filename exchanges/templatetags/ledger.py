"""Everything a page shows about value: charts, chips, numbers and dates. Geometry comes from `charts`, words from `wording`.

What has only a few forms (a verdict, a worth, a weight) is rendered once for each language and kept.
"""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Any

from django import template
from django.template.context import Context
from django.template.loader import get_template
from django.utils import timezone, translation
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString

from exchanges import charts, wording
from exchanges.charts import BalanceMap, Bar, Shares, SideReading, Timeline, WeekShares
from exchanges.charts.timeline import Row
from exchanges.wording import VerdictChip

register = template.Library()

KEPT = 256


def _today(context: Context) -> date:
    """The day the view speaks of; a page without one is of today."""
    today = context.get("today")
    return today if isinstance(today, date) else timezone.localdate()


def _render(name: str, shown: dict[str, Any]) -> SafeString:
    return SafeString(get_template(name).render(shown))


# Levels and beams


@lru_cache(KEPT)
def _level_form(is_square: bool, has_dot: bool, has_label: bool) -> str:
    """The component with holes instead of values. A list of fifty shows a hundred levels: filling holes costs a fortieth of rendering."""
    dot = ("{0.bubble_x}", "{0.bubble_width}", "{0.dot_x}") if has_dot else ("", "", "")
    holes = charts.Level("{0.classes}", "{0.edge_low}", "{0.edge_high}", is_square, *dot)
    return str(_render("components/_level.html", {"level": holes, "label": "{1}" if has_label else ""})).strip()


def _level(geometry: charts.Level, label: str) -> SafeString:
    form = _level_form(geometry.is_square, bool(geometry.dot_x), bool(label))
    return SafeString(form.format(geometry, escape(label)))


@register.simple_tag
def level(reading: SideReading, label: str = "", silent: bool = False, eyes: str = "own") -> SafeString:
    """silent: for the eye only, where the numbers stand beside it in words."""
    return _level(charts.level(reading), "" if silent else label or wording.side_label(reading, eyes))


@register.simple_tag
def empty_level() -> SafeString:
    return _level(charts.bare_level(), "")


@register.simple_tag
def level_pair(they: SideReading, we: SideReading) -> SafeString:
    return _render("components/_level_pair.html", {"they": level(they), "we": level(we)})


@register.inclusion_tag("components/_beam.html", takes_context=True)
def beam(
    context: Context,
    they: SideReading,
    we: SideReading,
    ghost_they: SideReading | None = None,
    ghost_we: SideReading | None = None,
    small: bool = False,
    bare: bool = False,
    eyes: str = "own",
    label: str = "",
) -> dict[str, Any]:
    """bare: no scale at the side and no names below, for a figure with its own caption."""
    return {
        "beam": charts.beam(they, we, ghost_they, ghost_we, small),
        "label": label or wording.beam_label(they, we, eyes),
        "they": they,
        "we": we,
        "bare": bare,
        "eyes": eyes,
        "today": _today(context),
    }


@register.inclusion_tag("components/_side.html", takes_context=True)
def side(context: Context, reading: SideReading, eyes: str = "own") -> dict[str, Any]:
    """What stands under an end of the beam: mark, name, words, number, since when."""
    return {
        "reading": reading,
        "words": wording.side_words(reading, eyes),
        "number": wording.side_number(reading),
        "status": wording.side_status(reading, _today(context)),
    }


@register.simple_tag
def num(reading: SideReading) -> SafeString:
    """A number in the reading direction of numbers, never without its range."""
    if reading.estimate is None:
        return format_html('<span class="quiet">{}</span>', wording.side_words(reading) if reading.is_private else wording.side_number(reading))
    return format_html('<span class="num">{}</span>', wording.side_number(reading))


@register.simple_tag
def points(span: Any) -> SafeString:
    """A number in points with its range, of anything that has f, lo and hi."""
    return format_html('<span class="num">{}</span>', wording.number(span.f, span.lo, span.hi))


# Chips and small drawings


@lru_cache(KEPT)
def _chip(chip: VerdictChip) -> SafeString:
    return _render("components/_verdict.html", {"chip": chip})


@register.simple_tag
def verdict(code: str | VerdictChip, spiral: bool = False, gap: bool = False, eyes: str = "own", kind: str = "") -> SafeString:
    """A chip for a verdict code of the ledger, or for a chip made by wording. Personal relationships get their own gentle words."""
    if isinstance(code, VerdictChip):
        return _chip(code)
    return _chip(wording.personal_chip(code) if kind == "personal" else wording.verdict_chip(code, spiral, gap, eyes))


@lru_cache(KEPT)
def _worth(word: int | None, guess: bool, language: str) -> SafeString:
    cells = [{"x": x, "on": word is not None and word >= step} for step, x in ((1, "11"), (2, "19"), (3, "27"), (4, "35"))]
    shown = {"word": word, "guess": guess, "cells": cells, "is_negative": word is not None and word < 0}
    return _render("components/_worth.html", {**shown, "label": wording.worth_word(word)})


@register.simple_tag
def worth(word: int | None, guess: bool = False) -> SafeString:
    """One cell left of a fine line for -1, four right of it for 1 to 4. Dark: the receiver's answer. Pale: the giver's guess."""
    return _worth(word, guess, translation.get_language() or "")


@lru_cache(KEPT)
def _weight(points: int, language: str) -> SafeString:
    pips = [{"x": str(9 * index), "on": index < points} for index in range(10)]
    return _render("components/_weight.html", {"points": points, "pips": pips})


@register.simple_tag
def weight(points: int) -> SafeString:
    return _weight(int(points), translation.get_language() or "")


@register.inclusion_tag("components/_gap.html")
def gap(guess: int | None, answer: int | None, url: str = "") -> dict[str, Any]:
    """Nothing below two steps, and nothing where one of the two is missing."""
    return {"chip": wording.gap_chip(guess, answer), "url": url}


@register.simple_tag
def rank(code: str, number: int, spiral: bool = False) -> SafeString:
    return format_html('<span class="{}" aria-hidden="true">{}</span>', wording.rank_css(code, spiral), number)


# Charts of a page


def _panels(chart: Timeline, today: date) -> list[dict[str, Any]]:
    return [
        {
            "panel": panel,
            "label": wording.timeline_label(panel.name, chart.start, chart.end, len(panel.checks), panel.open_since, today),
            "checks": [{"mark": mark, "title": _answered(mark.on, mark.f, mark.by)} for mark in panel.checks],
            "events": [{"mark": mark, "title": f"{wording.day(mark.on, today)}: {mark.text}"} for mark in panel.events],
            "due": panel.due and translation.gettext("Next check due {day}").format(day=wording.day(panel.due.on, today)),
        }
        for panel in chart.panels
    ]


def _answered(on: date, f: float, by: str) -> str:
    holes = {"day": wording.long_day(on), "number": wording.signed(f), "who": by}
    if by:
        return translation.gettext("{day}: {who} answered {number}").format(**holes)
    return translation.gettext("{day}: answered {number}").format(**holes)


def _row(row: Row, today: date) -> dict[str, str]:
    number = ""
    if row.after:
        number = wording.number(row.after.f, row.after.lo, row.after.hi)
        number = number if row.after.heard else translation.gettext("{number}, unconfirmed").format(number=number)
    if row.is_check and row.answered is not None:
        kind = translation.gettext("Check")
        text = translation.gettext("{who} answered {number}").format(who=row.text or row.name, number=wording.signed(row.answered))
    else:
        kind, text = translation.gettext("Received"), row.text
    worth_text = "" if row.is_check else wording.worth_word(row.word)
    return {"day": wording.day(row.on, today), "side": row.name, "kind": kind, "text": text, "worth": worth_text, "number": number}


@register.inclusion_tag("components/_timeline.html", takes_context=True)
def timeline(context: Context, chart: Timeline, solo: bool = False, twin: bool = True, label: str = "") -> dict[str, Any]:
    """solo: the one panel of the portal, in the first person, read aloud as its label. twin: the same as a table."""
    today = _today(context)
    panels = _panels(chart, today)
    if label:
        panels = [{**panel, "label": label} for panel in panels]
    return {
        "chart": chart,
        "panels": panels,
        "months": [wording.short_month(month) for month in chart.months],
        "rows": [_row(row, today) for row in chart.rows] if twin else [],
        "solo": solo,
        "twin": twin,
    }


@register.inclusion_tag("components/_map.html", takes_context=True)
def balance_map(context: Context, chart: BalanceMap, list_id: str = "h-att", twin: bool = True) -> dict[str, Any]:
    """list_id: where "Skip the map" leads, the list that holds the same numbered links."""
    return {"chart": chart, "list_id": list_id, "twin": twin, "today": _today(context), "twin_marks": chart.marks[:200] if twin else ()}


@register.inclusion_tag("components/_shares.html", takes_context=True)
def shares(context: Context, chart: Shares) -> dict[str, Any]:
    today = _today(context)
    return {
        "chart": chart,
        "rows": [{"row": row, "label": wording.SHARE_LABELS[row.code]} for row in chart.rows],
        "starts": wording.day(chart.starts_on, today) if chart.starts_on else "",
        "then": wording.short_day(chart.then_on, today) if chart.then_on else "",
    }


def _bar(bar: Bar, text: str = "") -> SafeString:
    return _render("components/_bar.html", {"bar": bar, "text": text})


@register.simple_tag
def coverage_bar(part: int, whole: int) -> SafeString:
    """The count in words stands beside it, so the bar itself is silent."""
    return _bar(charts.coverage(part, whole))


@register.simple_tag
def breakdown_bar(counts: WeekShares, uid: str = "s") -> SafeString:
    bar = charts.breakdown(counts, uid)
    said = [
        translation.gettext("{count} {verdict}").format(count=part.count, verdict=str(wording.SHARE_LABELS[part.code]).lower()) for part in bar.parts
    ]
    return _bar(bar, ", ".join(said))


# The seven answers as rows


@register.inclusion_tag("components/_rows7.html")
def rows7(bound: Any, answers: Sequence[tuple[int, str]] | None = None, labelled_by: str = "", hint: str = "") -> dict[str, Any]:
    """For guests: seven rows, most first, each with a little level. Nothing is preselected but what the person clicked."""
    value = bound.value()
    rows = [
        {"value": number, "label": label, "level": charts.stop_level(number), "checked": value not in (None, "") and str(value) == str(number)}
        for number, label in (answers or wording.check_answers("i"))
    ]
    return {"field": bound, "rows": rows, "labelled_by": labelled_by, "hint": hint, "error_id": f"{bound.html_name}-error"}


# Dates and names


@register.simple_tag(takes_context=True)
def day(context: Context, on: date | None, short: bool = False, weekday: bool = False, full: bool = False) -> SafeString | str:
    """9 June in a time element; the year only when it is not this one, or full."""
    if on is None:
        return ""
    today = _today(context)
    plain = on.date() if hasattr(on, "date") else on
    text = wording.long_day(plain) if full else wording.short_day(plain, today) if short else wording.day(plain, today)
    if weekday:
        text = wording.weekday_day(plain, today)
    return format_html('<time datetime="{}">{}</time>', on.isoformat(), text)


@register.filter(name="day")
def day_text(on: date | None, today: date | None = None) -> str:
    return wording.day(on, today or timezone.localdate()) if on else ""


@register.filter
def since(on: date | None, today: date | None = None) -> str:
    return wording.since(on, today or timezone.localdate()) if on else ""


@register.filter
def initials(name: object) -> str:
    """PR for Priya Raman; the first letter of a name of one word or of an address."""
    words = str(name).replace("@", " ").split()
    return "".join(word[0] for word in (words[0], words[-1] if len(words) > 1 and "@" not in str(name) else "") if word).upper() if words else ""


@register.filter
def undo_of(extra_tags: str | None) -> str:
    """The address behind "undo:/path" of a message; only a path of our own, never another host."""
    path = next((tag.removeprefix("undo:") for tag in (extra_tags or "").split() if tag.startswith("undo:")), "")
    return path if path.startswith("/") and not path.startswith("//") else ""


@register.simple_tag
def guess_field(row: Any, person: str, name: str) -> SafeString:
    """What a kind of value is to its receiver, under the name of its field. person: you or we."""
    title, says = row.title(person), row.says(person, name)
    return format_html("<b>{}</b><br>{}", title, says) if title else format_html("{}", says)
