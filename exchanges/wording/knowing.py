"""How well one side knows the other, in words: how far its guesses usually were, whether lately closer, and what that says of a kind of value."""

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from exchanges.wording.openings import Opening

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

# Up to this many steps on average, and what that is called.
MISSES: tuple[tuple[float, "StrPromise"], ...] = (
    (0.25, _("on the spot")),
    (0.75, _("less than a step off")),
    (1.5, _("about a step off")),
    (2.5, _("about two steps off")),
)
FAR: "StrPromise" = _("three steps off or more")
CLOSER: "StrPromise" = _("closer than before")
FURTHER: "StrPromise" = _("further off than before")
AS_BEFORE: "StrPromise" = _("as before")

# What a kind of value is to whoever gets it, against what the giver thought. "you" is spoken to; "we" are our own people.
SAYS: dict[tuple[str, Opening], "StrPromise"] = {
    ("you", Opening.STRENGTH): _("It is worth a fair amount or more to {name}, and you knew."),
    ("you", Opening.WEAKNESS): _("It is worth little to {name}, and you knew."),
    ("you", Opening.BLIND_SPOT_MINE): _("It is worth less to {name} than you thought."),
    ("you", Opening.UNSEEN_MINE): _("It is worth more to {name} than you thought."),
    ("we", Opening.STRENGTH): _("It is worth a fair amount or more to {name}, and we knew."),
    ("we", Opening.WEAKNESS): _("It is worth little to {name}, and we knew."),
    ("we", Opening.BLIND_SPOT_MINE): _("It is worth less to {name} than we thought."),
    ("we", Opening.UNSEEN_MINE): _("It is worth more to {name} than we thought."),
}
ALIKE: "StrPromise" = _("About what it was thought to be.")


def miss_words(mean: float) -> str:
    """The typical distance of a guess, in steps of the scale it was made on."""
    return str(next((words for most, words in MISSES if mean < most), FAR))


def lately_words(*, improves: bool, worsens: bool) -> str:
    return str(CLOSER if improves else FURTHER if worsens else AS_BEFORE)


def kind_says(about: Opening | None, person: str, name: str) -> str:
    """person: you or we. Without a field neither side is far off, and neither of the two words fits."""
    return str(SAYS[person, about] if about is not None else ALIKE).format(name=name)
