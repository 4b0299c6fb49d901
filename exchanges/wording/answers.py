"""What people can answer, in their own grammatical person: the seven answers of a check, worth, expectation, arrival."""

from datetime import date
from typing import TYPE_CHECKING

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from exchanges.wording import dates

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

SEVEN = (3, 2, 1, 0, -1, -2, -3)

ANSWERS: dict[str, dict[int, "StrPromise"]] = {
    "i": {
        3: _("I get far more than I give"),
        2: _("I get more than I give"),
        1: _("I get a little more than I give"),
        0: _("About as much as I give"),
        -1: _("I give a little more than I get"),
        -2: _("I give more than I get"),
        -3: _("I give far more than I get"),
    },
    "we": {
        3: _("We get far more than we give"),
        2: _("We get more than we give"),
        1: _("We get a little more than we give"),
        0: _("About as much as we give"),
        -1: _("We give a little more than we get"),
        -2: _("We give more than we get"),
        -3: _("We give far more than we get"),
    },
    "you": {
        3: _("You get far more than you give"),
        2: _("You get more than you give"),
        1: _("You get a little more than you give"),
        0: _("You get about as much as you give"),
        -1: _("You give a little more than you get"),
        -2: _("You give more than you get"),
        -3: _("You give far more than you get"),
    },
    "it": {
        3: _("{name} gets far more than it gives"),
        2: _("{name} gets more than it gives"),
        1: _("{name} gets a little more than it gives"),
        0: _("{name} gets about as much as it gives"),
        -1: _("{name} gives a little more than it gets"),
        -2: _("{name} gives more than it gets"),
        -3: _("{name} gives far more than it gets"),
    },
    "they": {
        3: _("{name} gets far more than they give"),
        2: _("{name} gets more than they give"),
        1: _("{name} gets a little more than they give"),
        0: _("{name} gets about as much as they give"),
        -1: _("{name} gives a little more than they get"),
        -2: _("{name} gives more than they get"),
        -3: _("{name} gives far more than they get"),
    },
}
STOPS: dict[int, "StrPromise"] = {
    -3: _("we give far more"),
    -2: _("we give more"),
    -1: _("we give a little more"),
    0: _("about even"),
    1: _("we get a little more"),
    2: _("we get more"),
    3: _("we get far more"),
}
WORTH: dict[int, "StrPromise"] = {
    -1: _("Got in the way"),
    0: _("Nothing"),
    1: _("A little"),
    2: _("A fair amount"),
    3: _("A lot"),
    4: _("A great deal"),
}
EXPECTATION: dict[str, "StrPromise"] = {
    "LESS": _("Less than expected"),
    "AS": _("As expected"),
    "MORE": _("More than expected"),
    "WOW": _("Wow"),
}
ARRIVED: dict[str, "StrPromise"] = {
    "ALL": _("All of it"),
    "PART": _("Part of it"),
    "NONE": _("None of it"),
    "BURDEN": _("It was a burden"),
}
SAID_WORTH: dict[int, "StrPromise"] = {
    -1: _("it got in the way"),
    0: _("worth nothing to you"),
    1: _("worth a little to you"),
    2: _("worth a fair amount to you"),
    3: _("worth a lot to you"),
    4: _("worth a great deal to you"),
}
SAID_EXPECTATION: dict[str, "StrPromise"] = {
    "LESS": _("Less than you expected"),
    "AS": _("As you expected"),
    "MORE": _("More than you expected"),
    "WOW": _("Wow"),
}


def check_answer(value: int, person: str = "i", name: str = "") -> str:
    return str(ANSWERS[person][value]).format(name=name)


def check_answers(person: str = "i", name: str = "") -> list[tuple[int, str]]:
    """All seven, most first: the order of the portal and of mails."""
    return [(value, check_answer(value, person, name)) for value in SEVEN]


def staff_stops() -> list[tuple[int, str]]:
    """Seven short labels from -3 to +3, for those who answer often."""
    return [(value, str(STOPS[value])) for value in reversed(SEVEN)]


def check_question(other: str, person: str = "you") -> str:
    """person: you, for one who is asked; we, for a member who answers for our side."""
    if person == "we":
        return gettext("All in all, with {other}, do we get as much as we give?").format(other=other)
    return gettext("All in all, with {other}, do you get as much as you give?").format(other=other)


def guess_question(other: str) -> str:
    return gettext("What do you think {other} will answer?").format(other=other)


def last_told(greeting_name: str, last_on: date | None, today: date) -> str:
    """The small line above a question: Yusuf, you last told us in January."""
    if last_on is None:
        return gettext("{name}, this is the first time we ask").format(name=greeting_name)
    if (today - last_on).days <= dates.RECENT_DAYS:
        return gettext("{name}, you last told us on {day}").format(name=greeting_name, day=dates.day(last_on, today))
    return gettext("{name}, you last told us in {month}").format(name=greeting_name, month=dates.month(last_on, today))


def worth_word(word: int | None) -> str:
    return gettext("not rated yet") if word is None else str(WORTH[word])


def worth_choices() -> list[tuple[int, str]]:
    return [(word, str(label)) for word, label in WORTH.items()]


def cost_choices() -> list[tuple[int, str]]:
    """What giving cost, with the same words: got and gave share one scale. Giving cannot cost less than nothing."""
    return [(word, str(label)) for word, label in WORTH.items() if word >= 0]


def expectation_word(code: str) -> str:
    return str(EXPECTATION[code]) if code in EXPECTATION else ""


def expectation_choices() -> list[tuple[str, str]]:
    return [(code, str(label)) for code, label in EXPECTATION.items()]


def arrived_word(code: str) -> str:
    return str(ARRIVED[code]) if code in ARRIVED else ""


def arrived_choices() -> list[tuple[str, str]]:
    return [(code, str(label)) for code, label in ARRIVED.items()]


def rating_answer(expectation: str, word: int | None, amount: str = "") -> str:
    """What we understood, said back: More than you expected, and worth a lot to you: 3 quiet evenings."""
    expected = str(SAID_EXPECTATION[expectation]) if expectation in SAID_EXPECTATION else ""
    worth = str(SAID_WORTH[word]) if word is not None else ""
    if amount:
        worth = f"{worth}: {amount}" if worth else gettext("worth {amount} to you").format(amount=amount)
    if expected and worth:
        return gettext("{expected}, and {worth}.").format(expected=expected, worth=worth)
    said = expected or worth
    return gettext("{said}.").format(said=said[:1].upper() + said[1:]) if said else ""


def sure_choices() -> list[tuple[str, str]]:
    return [("sure", gettext("Sure")), ("fairly", gettext("Fairly sure")), ("hard", gettext("Hard to say"))]


def check_privacy(kind: str, workspace: str, closes_on: date, today: date) -> str:
    """Who sees a check's answer, told before one writes it. It depends on the kind of the relationship."""
    if kind == "employee":
        return gettext("This answer is yours. {workspace} sees it only if you share it; figures for a group start at five answers.").format(
            workspace=workspace
        )
    if kind == "personal":
        return gettext("Only the two of you see this, and not before both have answered or {day} has passed.").format(day=dates.day(closes_on, today))
    return gettext("Nobody sees this before both sides have answered or {day} has passed. Then {workspace} sees it with your name.").format(
        workspace=workspace, day=dates.day(closes_on, today)
    )


def rating_privacy(kind: str, workspace: str, steward: str, until: date, today: date) -> str:
    """The same for the rating of one event."""
    day = dates.day(until, today)
    if kind == "employee":
        return gettext("This answer is yours. {workspace} sees it only if you share it. You can change it until {day}.").format(
            workspace=workspace, day=day
        )
    if kind == "personal":
        return gettext("{steward} will see this answer. You can change it until {day}.").format(steward=steward, day=day)
    return gettext("{steward} and {workspace} will see this answer. You can change it until {day}.").format(
        steward=steward, workspace=workspace, day=day
    )


def colleagues_privacy() -> str:
    """Added where several people speak for the side that is asked."""
    return gettext("Your colleagues see your side’s number, never your answer or your words; if you alone answer, that number is yours.")


def terms_privacy(kind: str, workspace: str, steward: str, until: date, today: date) -> str:
    """The same for what matters to somebody: the other side sees it as soon as it is said, whatever the kind."""
    day = dates.day(until, today)
    if kind in ("employee", "personal"):
        return gettext("{steward} will see this with your name as soon as you send it. You can change it until {day}.").format(
            steward=steward, day=day
        )
    return gettext("{steward} and {workspace} will see this with your name as soon as you send it. You can change it until {day}.").format(
        steward=steward, workspace=workspace, day=day
    )


def terms_question(other: str) -> str:
    return gettext("What matters to you with {other}?").format(other=other)


def masked_address(address: str) -> str:
    """m…@tidewell.example: enough to know one's own, not enough to learn another's."""
    name, at, host = address.partition("@")
    return f"{name[:1]}…{at}{host}"
