"""Icons, drawn in a box of 20 by 20 with the stroke of the text around them."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

PATHS = {
    "alert": "M10 3 2.5 16.5h15zM10 8v4M10 14.2v.1",
    "bell": "M5 14V9a5 5 0 0 1 10 0v5M3.5 14h13M8.3 16.8a1.8 1.8 0 0 0 3.4 0",
    "check": "M4.5 10.5 8.5 14.5 15.5 6",
    "clock": "M10 2.5a7.5 7.5 0 1 0 0 15 7.5 7.5 0 0 0 0-15zM10 6v4l2.8 1.8",
    "close": "M5 5l10 10M15 5 5 15",
    "copy": "M7 7V3.5h9.5V13H13M3.5 7H13v9.5H3.5z",
    "down": "M5.5 8l4.5 4.5L14.5 8",
    "edit": "M3.5 16.5 4.5 12 13 3.5 16.5 7 8 15.5z",
    "eye": "M1.8 10S5 4.5 10 4.5 18.2 10 18.2 10 15 15.5 10 15.5 1.8 10 1.8 10zM10 7.8a2.2 2.2 0 1 0 0 4.4 2.2 2.2 0 0 0 0-4.4z",
    "gap": "M4 7h12M4 13h12M13 3.5l-6 13",
    "info": "M10 2.5a7.5 7.5 0 1 0 0 15 7.5 7.5 0 0 0 0-15zM10 9v4.5M10 6.3v.1",
    "key": "M7 9.5a3.5 3.5 0 1 1 3 1.7L4 17H2.5v-2.5L7.6 10z",
    "link": "M8.5 11.5a3 3 0 0 0 4.3 0l3-3a3 3 0 0 0-4.3-4.3l-1 1M11.5 8.5a3 3 0 0 0-4.3 0l-3 3a3 3 0 0 0 4.3 4.3l1-1",
    "lock": "M5.5 9V6.5a4.5 4.5 0 0 1 9 0V9M4 9h12v8H4zM10 12v2",
    "mail": "M2.5 5h15v10.5h-15zM2.5 5.5 10 11l7.5-5.5",
    "menu": "M3.5 6h13M3.5 10h13M3.5 14h13",
    "plus": "M10 4v12M4 10h12",
    "print": "M6 7V3h8v4M5 14H3V7.5h14V14h-2M6 12h8v5H6z",
    "scales": "M3 7.5h14M10 7.5v8M7 15.5h6M5.5 7.5a2 2 0 1 1-4 0M18.5 7.5a2 2 0 1 1-4 0M10 4.5v3",
    "search": "M8.5 3a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM12.5 12.5 17 17",
    "sun": "M4 10h12M10 3v2M10 15v2M4.5 4.5 6 6M14 14l1.5 1.5M15.5 4.5 14 6M6 14l-1.5 1.5",
    "target": "M10 2.5v15M2.5 10h15M10 6.2a3.8 3.8 0 1 0 0 7.6 3.8 3.8 0 0 0 0-7.6z",
    "trash": "M4 6h12M8 6V3.5h4V6M5.5 6l.8 11h7.4l.8-11",
    "undo": "M4 8h8a4 4 0 0 1 0 8H8M7 4.5 3.5 8 7 11.5",
}


def _svg(name: str) -> SafeString:
    """The path is ours, so it needs no escaping; a name that is not in the table is our mistake and fails the test that renders it."""
    classes = "icon icon--tick" if name == "tick" else "icon"
    path = PATHS["check" if name == "tick" else name]
    return format_html('<svg class="{}" viewBox="0 0 20 20" aria-hidden="true"><path d="{}"/></svg>', classes, mark_safe(path))  # noqa: S308


RENDERED = {name: _svg(name) for name in (*PATHS, "tick")}


@register.simple_tag
def icon(name: str) -> SafeString:
    """`tick` is the check mark that a chosen answer shows."""
    return RENDERED[name]
