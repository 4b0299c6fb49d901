"""The optional questions of a check and their few plain words, and what is said of goals and of what a side stands for."""

from typing import TYPE_CHECKING

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

WORDS: dict[str, dict[int, "StrPromise"]] = {
    "PART": {0: _("Not at all"), 1: _("A little"), 2: _("Somewhat"), 3: _("A good deal"), 4: _("Fully")},
    "STANCE": {0: _("Never"), 1: _("Seldom"), 2: _("Now and then"), 3: _("Mostly"), 4: _("Always")},
    "GOAL": {0: _("Off"), 1: _("Slow"), 2: _("On the way"), 3: _("Reached")},
}


def item_choices(kind: str) -> list[tuple[int, str]]:
    """The least first."""
    return [(value, str(word)) for value, word in WORDS[kind].items()]


def item_word(kind: str, value: int) -> str:
    return str(WORDS[kind][value])


def item_question(kind: str, other: str, *, goal: str = "", person: str = "you") -> str:
    """person: you, for one who is asked; we, for a member who answers for our side."""
    if kind == "GOAL":
        return gettext("How is it going: {goal}?").format(goal=goal.rstrip(".?! "))
    if kind == "PART":
        return gettext("How much does {other} take part?").format(other=other)
    if person == "we":
        return gettext("Does {other} act by what matters to us?").format(other=other)
    return gettext("Does {other} act by what matters to you?").format(other=other)


def item_title(kind: str, goal: str = "") -> str:
    """What both sides were asked, as the head of a row in which their answers stand side by side."""
    if kind == "GOAL":
        return gettext("How it is going: {goal}").format(goal=goal) if goal else gettext("How a goal is going")
    if kind == "PART":
        return gettext("How much the other side takes part")
    return gettext("Whether the other side acts by what this side stands for")


def stands_for(lines: list[str], person: str = "you") -> str:
    """What the side that is asked had said of itself, as a hint under the question."""
    said = "; ".join(line.rstrip(".; ") for line in lines)
    return gettext("We stand for: {said}.").format(said=said) if person == "we" else gettext("You stand for: {said}.").format(said=said)
