"""Small things that only the desk's pages say."""

from datetime import date, datetime

from django import template
from django.utils import formats, timezone

from exchanges import wording

register = template.Library()

WEEK = 6
WIDEST = 1.5
MINUS = "\u2212"


@register.filter
def clock(at: datetime, today: date | None = None) -> str:
    """9:12 today, Wed within the week, 12 May before it; in the zone that the page is shown in."""
    local = timezone.localtime(at) if timezone.is_aware(at) else at
    today = today or timezone.localdate()
    days = (today - local.date()).days
    if days <= 0:
        return f"{local.hour}:{local:%M}"
    return formats.date_format(local, "D") if days <= WEEK else wording.short_day(local.date(), today)


@register.filter
def found_for(found: dict[int, str] | None, key: int) -> str:
    """What is known of one row; empty where nothing is."""
    return (found or {}).get(key, "")


@register.filter
def signed(points: float) -> str:
    """+0.42: a part of a number, never a number of its own, so it has no range."""
    rounded = round(points, 2)
    sign = "+" if rounded > 0 else MINUS if rounded < 0 else ""
    return f"{sign}{abs(rounded):.2f}"


@register.filter
def worth_text(word: int | None) -> str:
    return wording.worth_word(word).lower()


@register.simple_tag
def bar_of(points: float) -> dict[str, str]:
    """A part as a bar from the middle: where it begins and how wide it is, in percent."""
    width = min(abs(points) / WIDEST, 1.0) * 50
    return {"x": f"{50 if points > 0 else 50 - width:.2f}%", "width": f"{width:.2f}%", "css": "is-more" if points > 0 else "is-less"}
