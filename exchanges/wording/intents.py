"""What a relationship is meant to be, as a word and as a dated line."""

from datetime import date

from django.utils.translation import gettext as _

from exchanges.wording import dates


def intent_word(code: str) -> str:
    words = {"ONE_OFF": _("one-off"), "BRIEF": _("brief"), "SEASONAL": _("seasonal"), "LONG_TERM": _("long-term")}
    return words.get(code, "")


def intent_line(code: str, on: date, is_lately: bool) -> str:
    """long-term (said 3 March 2026)."""
    word, day = intent_word(code), dates.long_day(on)
    if is_lately:
        return _("{word} (said {day})").format(word=word, day=day)
    return _("not said lately ({word}, said {day})").format(word=word, day=day)


def intent_choices() -> list[tuple[str, str]]:
    """The words with what each means, for whoever says it."""
    return [
        ("LONG_TERM", _("Long-term|It goes on, and drift matters more than any one event.")),
        ("SEASONAL", _("Seasonal|It comes back, and quiet months are normal.")),
        ("BRIEF", _("Brief|For a while, and it may end well.")),
        ("ONE_OFF", _("One-off|One exchange, and both are content.")),
    ]


def intent_privacy(kind: str, other: str) -> str:
    if kind == "client":
        return _("{other} and those who lead there see it, with your name and the day.").format(other=other)
    return _("{other} sees it, with your name and the day.").format(other=other)
