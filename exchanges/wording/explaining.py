"""The idea in plain words, for the other side's pages: what this is, what it is not, who sees it. And a line beside each of its charts.

It depends on the kind, and on which side reads: between friends nothing is weighed, an employee's words are the employee's.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

IS, IS_NOT = _("What this is"), _("What it is not")
SEEN = _("Who sees it")
FAIR: "StrPromise" = _(
    "From time to time you and {other} each say whether you get as much as you give: help, time, quiet, money. Each speaks for itself, in its own "
    "terms."
)
NO_SCORE: "StrPromise" = _(
    "No score to reach: nobody is compared with anybody. Out of balance is a reason to talk, and nothing else. Not answering is fine too."
)
IDEA: dict[str, tuple["StrPromise", "StrPromise", "StrPromise"]] = {
    "client": (
        FAIR,
        NO_SCORE,
        _(
            "What you say of one event {other} reads at once, with your name. How it is all in all nobody reads before both have answered or the time "
            "is up; then both read both. Your colleagues see your side’s number, never your answer or your words."
        ),
    ),
    "employee": (
        FAIR,
        _("It is no appraisal and no test: nobody is compared with anybody. Not answering is fine too, and nobody is told."),
        _(
            "What you answer is yours. {other} reads only what you share yourself, one answer at a time, and is not told whether you answered. "
            "Figures for a group begin at five people."
        ),
    ),
    "personal": (
        _("From time to time we ask the two of you how it feels, so that neither has to guess. Each says it in their own words."),
        _("Between friends nothing is counted. This only keeps how it feels, and when you last said so. Not answering is fine too."),
        _(
            "Only the two of you. What you say of one thing {other} reads at once; how it feels all in all, not before both have said it or its time "
            "is up."
        ),
    ),
    "managers": (
        FAIR,
        NO_SCORE,
        _("{other} reads your answer once both of you have answered, and not before. What {other} answers is theirs: you read what they share."),
    ),
}


@dataclass(frozen=True)
class Part:
    title: str
    says: str


def idea(kind: str, other: str, *, is_own: bool = False) -> tuple[Part, ...]:
    """Three short answers. `kind`: client, employee or personal; `is_own`: for somebody of our own side."""
    words = IDEA["managers" if is_own and kind == "employee" else kind]
    return tuple(Part(str(title), str(says).format(other=other)) for title, says in zip((IS, IS_NOT, SEEN), words, strict=True))


# Beside a chart: what it is, and who else sees it.
GUESS: "StrPromise" = _("This is our guess of how fair it feels to you, from what was said so far. It is no mark for anybody.")
AFTER: "StrPromise" = _("This is how we read your side now, from your own words. It is no mark for anybody.")
DIAMONDS: "StrPromise" = _(
    "The diamonds are your side’s answers. Between them we guess, and the band shows how far off we may be. It is no score: "
    "it says how fair it felt, and how sure we are."
)
ALONE: "StrPromise" = _("Nobody but you sees it.")
NOT_YET: "StrPromise" = _("Nobody else sees your answer in it before both sides have answered or the time is up.")
BOTH: "StrPromise" = _("{other} sees it as far as it rests on what both sides may read.")
OURS_ALONE: "StrPromise" = _("{other} does not see it.")


def beside_chart(what: str, kind: str, other: str, *, is_own: bool = False) -> str:
    """what: guess (before an answer), after (it, before the reveal), both (after that), or history (the line of a year)."""
    says = {"guess": GUESS, "after": AFTER, "both": AFTER, "history": DIAMONDS}[what]
    seen = OURS_ALONE if is_own else ALONE if kind == "employee" else NOT_YET if what == "after" else BOTH
    return f"{says} {str(seen).format(other=other)}"
