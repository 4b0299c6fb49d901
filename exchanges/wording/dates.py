"""Dates as a person says them: "9 June", and the year only when it is not this one."""

from datetime import date

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

RECENT_DAYS = 60


def _format(day: date, pattern: str) -> str:
    return formats.date_format(day, pattern)


def day(on: date, today: date) -> str:
    """9 June, or 9 June 2025."""
    return _format(on, "j F") if on.year == today.year else _format(on, "j F Y")


def short_day(on: date, today: date) -> str:
    """9 Jun, or 9 Jun 2025: for narrow columns."""
    return _format(on, "j M") if on.year == today.year else _format(on, "j M Y")


def long_day(on: date) -> str:
    """9 June 2026: where a number is dated for good."""
    return _format(on, "j F Y")


def weekday_day(on: date, today: date) -> str:
    """Tuesday 9 June."""
    return _format(on, "l j F") if on.year == today.year else _format(on, "l j F Y")


def short_weekday_day(on: date) -> str:
    """Fri 12."""
    return _format(on, "D j")


def month(on: date, today: date) -> str:
    """January, or January 2025."""
    return _format(on, "F") if on.year == today.year else _format(on, "F Y")


def short_month(on: date) -> str:
    """Jan: under a chart."""
    return _format(on, "M")


def month_year(on: date) -> str:
    """July 2025."""
    return _format(on, "F Y")


def when(on: date, today: date) -> str:
    """The day while it is fresh, else only the month: nobody remembers the day of a January."""
    return day(on, today) if (today - on).days <= RECENT_DAYS else month(on, today)


def since(on: date, today: date) -> str:
    """since 12 May, since January, since January 2025."""
    return _("since {when}").format(when=when(on, today))


def ago(on: date, today: date) -> str:
    """today, yesterday, 5 days ago; in weeks and months when days would be too exact."""
    days = (today - on).days
    if days <= 0:
        return _("today")
    if days == 1:
        return _("yesterday")
    if days < 14:
        return ngettext("{count} day ago", "{count} days ago", days).format(count=days)
    if days < 60:
        return ngettext("{count} week ago", "{count} weeks ago", days // 7).format(count=days // 7)
    return ngettext("{count} month ago", "{count} months ago", days // 30).format(count=days // 30)


def due(on: date, today: date) -> str:
    """due today, due tomorrow, due 30 June, overdue since 3 June."""
    days = (on - today).days
    if days < 0:
        return _("overdue since {day}").format(day=day(on, today))
    if days == 0:
        return _("due today")
    return _("due tomorrow") if days == 1 else _("due {day}").format(day=day(on, today))
