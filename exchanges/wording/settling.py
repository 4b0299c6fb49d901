"""Asking what became of a promise, and of what was given on hope; and what follows, in words. Nobody is blamed for a day that passed."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext as _

from exchanges.wording import dates

NO_LONGER = {
    "not_the_author": "{other} wrote this down, so only they can take it back. It stays, and both sides read that it will not happen.",
    "other_side_reported": "The other side has said something of it already, so it stays, and both sides read that it will not happen.",
    "undo_is_over": "With an employee nothing is taken back after ten minutes. It stays, and both sides read that it will not happen.",
}


def promise_question(by: date, today: date, *, is_on_its_way: bool = False, person: str = "you", other: str = "") -> str:
    """`person`: you, for one who is asked by mail; we, at the desk; they, of what we noted for ourselves."""
    day = dates.day(by, today)
    if is_on_its_way:
        return _("This was expected by {day}: did it arrive?").format(day=day)
    if person == "we":
        return _("We meant to do this by {day}: did it happen?").format(day=day)
    if person == "they":
        return _("{other} meant to do this by {day}: did it happen?").format(other=other, day=day)
    if person == "together":
        return _("This was meant to happen by {day}: did it?").format(day=day)
    return _("You meant to do this by {day}: did it happen?").format(day=day)


def became_choices(is_on_its_way: bool = False) -> list[tuple[str, str]]:
    return [
        ("ARRIVED", _("It arrived") if is_on_its_way else _("Yes, it happened")),
        ("NOT_YET", _("Not yet")),
        ("WILL_NOT", _("It will not happen")),
    ]


def became_said(became: str, on: date | None, today: date) -> str:
    """What was answered, said back."""
    if became == "ARRIVED" and on is not None:
        return _("It happened on {day}.").format(day=dates.day(on, today))
    if became == "NOT_YET" and on is not None:
        return _("Not yet; by {day} now.").format(day=dates.day(on, today))
    return _("It will not happen.")


def why_it_stays(code: str, other: str) -> str:
    """Why a promise that will not be kept cannot be taken back by who made it; empty where it can."""
    return _(NO_LONGER[code]).format(other=other) if code in NO_LONGER else ""


def will_not(name: str, on: date, today: date) -> str:
    """Beside a promise that stands: Bo Berg said on 3 May that it will not happen."""
    return _("{name} said on {day} that it will not happen").format(name=name or _("They"), day=dates.day(on, today))


def settle_privacy(other: str, kind: str) -> str:
    """Who sees it, said before it is written. It is said of an entry that both sides read, so of an employee's promise the other side reads it too."""
    if kind == "client":
        return _("{other} and those who lead there see in the entry what became of it, with your name.").format(other=other)
    seen = _("{other} sees in the entry what became of it, with your name.").format(other=other)
    return _("{seen} Whether you were asked, or let it pass, is not shown.").format(seen=seen) if kind == "employee" else seen


def advance_question(given_on: date, other: str, today: date) -> str:
    return _("We gave this to {other} on {day}, on hope. What came back?").format(other=other, day=dates.day(given_on, today))


def returned_choices() -> list[tuple[str, str]]:
    return [("BACK", _("It came back")), ("PARTLY", _("Some of it")), ("NOT", _("Nothing")), ("OPEN", _("Too early: look again"))]


def returned_said(returned: str, review_on: date | None, today: date) -> str:
    """Where an advance stands."""
    words = {"BACK": _("It came back."), "PARTLY": _("Some of it came back."), "NOT": _("Nothing came back.")}
    if returned in words:
        return words[returned]
    return _("We look at it on {day}.").format(day=dates.day(review_on, today)) if review_on else ""
