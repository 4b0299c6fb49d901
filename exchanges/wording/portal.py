"""What the counterpart's own page says about who sees what, by kind of relationship. The same rules as docs/access.md, in the reader's person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from exchanges.wording import dates
from exchanges.wording.numbers import capital, count_word


@dataclass(frozen=True)
class WhoSees:
    what: str
    they: str
    others: str


def who_sees(kind: str, other: str) -> list[WhoSees]:
    """One line for each thing that is said; its author sees it always. `kind`: client, employee or personal."""
    if kind == "employee":
        return _employee(other)
    nobody = _("nobody")
    leaders = nobody if kind == "personal" else _("those who lead at {other}").format(other=other)
    return [
        WhoSees(_("What you gave and got, as an entry"), _("yes"), leaders),
        WhoSees(_("What it was worth to you, in your words"), _("yes, with your name"), leaders),
        WhoSees(_("Your answer, and what you promise with it, before both have answered or the time is up"), _("no"), nobody),
        WhoSees(_("Your answer, after that"), _("yes, with your name"), leaders),
        WhoSees(_("Your balance, as worked out from what you said"), _("yes"), leaders),
        WhoSees(_("What matters to you, what you mean it to be, your goals and what you stand for"), _("yes"), leaders),
        WhoSees(_("How we may ask you, and your address"), _("your address"), _("owners")),
        WhoSees(
            _("What they ask themselves: whether it is still worth it to them, and notes of their own"),
            _("their side alone; it moves no balance"),
            nobody,
        ),
    ]


def _employee(other: str) -> list[WhoSees]:
    nobody, sums = _("nobody"), _("only in sums of five people or more")
    return [
        WhoSees(_("What you gave and got, as an entry"), _("yes"), nobody),
        WhoSees(_("What it was worth to you, in your words"), _("only what you share yourself"), sums),
        WhoSees(_("Whether and when you answered"), _("no"), nobody),
        WhoSees(_("Your answer"), _("only what you share yourself"), sums),
        WhoSees(_("Your balance, as worked out from what you said"), _("no"), nobody),
        WhoSees(_("What matters to you, what you mean it to be, your goals and what you stand for"), _("yes"), nobody),
        WhoSees(_("How we may ask you, and your address"), _("your address"), _("owners")),
        WhoSees(
            _("What they ask themselves: whether it is still worth it to them, and notes of their own"),
            _("their side alone; it moves no balance"),
            nobody,
        ),
    ]


def terms_privacy(kind: str, other: str) -> str:
    if kind == "client":
        return _("{other} and those who lead there see what matters to you, with your name.").format(other=other)
    return _("{other} sees what matters to you, with your name.").format(other=other)


def entry_privacy(kind: str, other: str) -> str:
    """Who sees an entry that they add: the entry is for both sides, an employee's word of it is not."""
    if kind == "employee":
        return _("{other} sees the entry. What it was worth to you, or took, stays yours unless you share it.").format(other=other)
    if kind == "personal":
        return _("{other} sees the entry.").format(other=other)
    return _("{other} sees the entry and what you say of it, with your name.").format(other=other)


def told_line(answered_on: date | None, heard: bool, waiting: int, due_on: date | None, today: date, stopped: bool) -> str:
    """You told us so on 12 May. One thing is waiting for your view, and a check is due on 24 June."""
    parts = []
    if answered_on is not None:
        when = dates.day(answered_on, today)
        parts.append(
            _("You told us so on {day}.").format(day=when) if heard else _("You last told us on {day}; since then we are guessing.").format(day=when)
        )
    waits = ngettext("{count} thing is waiting for your view", "{count} things are waiting for your view", waiting).format(
        count=capital(count_word(waiting))
    )
    check = ""
    if due_on is not None and not stopped:
        check = _("a check is due on {day}").format(day=dates.day(due_on, today)) if due_on > today else _("a check is due")
    if waiting and check and due_on is not None and due_on > today:
        parts.append(_("{waits}, and {check}.").format(waits=waits, check=check))
    elif waiting:
        parts.append(_("{waits}.").format(waits=waits))
    elif check:
        parts.append(_("Nothing is waiting for you; {check}.").format(check=check))
    else:
        parts.append(_("Nothing is waiting for you."))
    return " ".join(parts)


def chart_label(other: str, start: date, end: date, answers: int) -> str:
    told = ngettext("{count} answer.", "{count} answers.", answers).format(count=answers) if answers else _("No answer yet.")
    return (
        _("Your balance with {other} from {start} to {end}.").format(other=other, start=dates.month_year(start), end=dates.month_year(end))
        + " "
        + told
    )


def personal_balance(reading_f: float | None, band: float, other: str) -> str:
    """Between friends: how it feels, and no number."""
    if reading_f is None:
        return _("With {other}, nothing is written down yet about how it feels for you.").format(other=other)
    if reading_f < -band:
        return _("With {other}, it has felt a little heavy for you lately.").format(other=other)
    return _("With {other}, it feels even for you.").format(other=other)
