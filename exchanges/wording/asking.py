"""Why somebody is asked now, in half a sentence that begins with a small letter."""

from datetime import date

from django.utils.translation import gettext as _

from exchanges.wording import dates


def because(code: str, on: date | None, today: date) -> str:
    """`code`: why a question was made. Empty where there is nothing more to say than that its time had come."""
    day = dates.day(on, today) if on else ""
    dated = {
        "hand_over": _("because it was handed over on {day}"),
        "change_of_terms": _("because terms changed on {day}"),
        "incident": _("because something went wrong on {day}"),
        "missed_moment": _("because a moment was missed on {day}"),
    }
    plain = {
        "mismatch": _("because the two sides want different things of it"),
        "ending": _("as it ends"),
        "one_off": _("now that it is done"),
        "asked": _("because somebody asked for it"),
    }
    if code in dated and day:
        return dated[code].format(day=day)
    return plain.get(code, "")


def we_ask(because: str) -> str:
    return _("We ask {because}.").format(because=because) if because else ""


def has_not_answered(name: str, asked_on: date, today: date) -> str:
    return _("{name} has not answered since {day}; a call may help.").format(name=name, day=dates.day(asked_on, today))


def did_not_answer(name: str, asked_on: date, today: date) -> str:
    return _("{name} did not answer what we asked on {day}. It is closed, and we wait longer before we ask again.").format(
        name=name, day=dates.day(asked_on, today)
    )


def promised(what: str, until: date | None, today: date) -> str:
    """The planner, by 3 May."""
    return _("{what}, by {day}").format(what=what, day=dates.day(until, today)) if until else what
