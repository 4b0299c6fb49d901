"""What two answers and two guesses say side by side, and one sentence to open the talk with.

An opening is said aloud by the reader to the other side, so it is in the reader's own person: a client's and our own people say "we",
an employee, a manager and a friend say "I". Every sentence stands whole in a table.
"""

from enum import Enum
from typing import TYPE_CHECKING

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise


class Opening(Enum):
    """What the talk is about, in the eyes of the one who begins it."""

    STRENGTH = "agreed strength"
    WEAKNESS = "agreed weakness"
    BLIND_SPOT_MINE = "the other side gets less than I guessed"
    BLIND_SPOT_THEIRS = "I get less than the other side guessed"
    UNSEEN_MINE = "the other side gets more than I guessed"
    UNSEEN_THEIRS = "I get more than the other side guessed"
    BOTH_FAIR = "both find it fair, nothing to compare"
    BOTH_BELOW = "both find it below fair, nothing to compare"
    I_AM_BELOW = "only I find it below fair"
    THEY_ARE_BELOW = "only the other side finds it below fair"
    ONLY_I_TOLD = "only I answered"
    ONLY_THEY_TOLD = "only the other side answered"


CLIENT: dict[Opening, "StrPromise"] = {
    Opening.STRENGTH: _("We both find this worth it, and we both knew. What should we take care to keep?"),
    Opening.WEAKNESS: _("We both put in more than we get back. What is one thing that each of us could change?"),
    Opening.BLIND_SPOT_MINE: _("We thought that this was better for you than it is. What do we not see?"),
    Opening.BLIND_SPOT_THEIRS: _("We get less out of this than you may think. May we show you where it goes?"),
    Opening.UNSEEN_MINE: _("You get more out of this than we thought. What is it that helps you most?"),
    Opening.UNSEEN_THEIRS: _("This is worth more to us than you may think. May we tell you what helps us most?"),
    Opening.BOTH_FAIR: _("It is fair for both of us at the moment. What should stay as it is?"),
    Opening.BOTH_BELOW: _("We both give more than we get at the moment. Where does it go?"),
    Opening.I_AM_BELOW: _("At the moment we give more than we get. May we talk about where?"),
    Opening.THEY_ARE_BELOW: _("You told us that you give more than you get. Where do you notice it most?"),
    Opening.ONLY_I_TOLD: _("We have said how this is for us. How is it for you?"),
    Opening.ONLY_THEY_TOLD: _("Thank you for telling us how this is for you. May we ask what is behind it?"),
}
EMPLOYEE: dict[Opening, "StrPromise"] = {
    Opening.STRENGTH: _("This works for both of us, and we both knew. What should we take care to keep?"),
    Opening.WEAKNESS: _("This takes more out of both of us than it gives. What is one thing that each of us could change?"),
    Opening.BLIND_SPOT_MINE: _("I thought that this was better for you than it is. What do I not see?"),
    Opening.BLIND_SPOT_THEIRS: _("I get less out of this than you may think. May I tell you where it goes?"),
    Opening.UNSEEN_MINE: _("You get more out of this than I thought. What is it that helps you most?"),
    Opening.UNSEEN_THEIRS: _("This is worth more to me than you may think. May I tell you what helps me most?"),
    Opening.BOTH_FAIR: _("It is fair for both of us at the moment. What should stay as it is?"),
    Opening.BOTH_BELOW: _("It seems that we both give more than we get. Where does it go?"),
    Opening.I_AM_BELOW: _("At the moment I give more than I get. May we take half an hour for it?"),
    Opening.THEY_ARE_BELOW: _("You give more than you get. Where do you notice it most, and what would take some of it away?"),
    Opening.ONLY_I_TOLD: _("I have said how this is for me. Is there anything that you would like to tell me?"),
    Opening.ONLY_THEY_TOLD: _("Thank you for telling me how this is for you. May I ask what is behind it?"),
}
PERSONAL: dict[Opening, "StrPromise"] = {
    Opening.STRENGTH: _("This is good for both of us, and we both knew. Shall we keep it like this?"),
    Opening.WEAKNESS: _("I think that we are both a little worn out. What would do us good?"),
    Opening.BLIND_SPOT_MINE: _("I thought that you were happier with this than you are. What did I miss?"),
    Opening.BLIND_SPOT_THEIRS: _("I am a little more tired of this than it may look. May I tell you about it?"),
    Opening.UNSEEN_MINE: _("I had no idea how much this gives you. What is it?"),
    Opening.UNSEEN_THEIRS: _("You give me more than you may know. May I tell you what?"),
    Opening.BOTH_FAIR: _("It feels good as it is. Shall we keep it like this?"),
    Opening.BOTH_BELOW: _("It seems that we both give a lot at the moment. What would do us good?"),
    Opening.I_AM_BELOW: _("I feel that I give more than I get at the moment. Can we talk about it?"),
    Opening.THEY_ARE_BELOW: _("You seem to give more than you get. What would you like from me?"),
    Opening.ONLY_I_TOLD: _("I have been thinking about the two of us. How is it for you?"),
    Opening.ONLY_THEY_TOLD: _("Thank you for telling me how it is for you. Tell me more?"),
}
BY_KIND = {"client": CLIENT, "employee": EMPLOYEE, "personal": PERSONAL}

# What a field says: to one who is spoken to ("you"), or among our own people ("we").
SAYS: dict[tuple[str, Opening], "StrPromise"] = {
    ("you", Opening.STRENGTH): _("You both find it fair or better, and you both knew that of each other."),
    ("you", Opening.WEAKNESS): _("You both give more than you get, and you both knew that of each other."),
    ("you", Opening.BLIND_SPOT_MINE): _("{name} gets less out of it than you thought."),
    ("you", Opening.BLIND_SPOT_THEIRS): _("You get less out of it than {name} thought."),
    ("you", Opening.UNSEEN_MINE): _("{name} gets more out of it than you thought."),
    ("you", Opening.UNSEEN_THEIRS): _("You get more out of it than {name} thought."),
    ("we", Opening.STRENGTH): _("Both sides find it fair or better, and both knew that of each other."),
    ("we", Opening.WEAKNESS): _("Both sides give more than they get, and both knew that of each other."),
    ("we", Opening.BLIND_SPOT_MINE): _("{name} gets less out of it than we thought."),
    ("we", Opening.BLIND_SPOT_THEIRS): _("We get less out of it than {name} thought."),
    ("we", Opening.UNSEEN_MINE): _("{name} gets more out of it than we thought."),
    ("we", Opening.UNSEEN_THEIRS): _("We get more out of it than {name} thought."),
}
TITLES: dict[tuple[str, Opening], "StrPromise"] = {
    ("you", Opening.STRENGTH): _("An agreed strength"),
    ("you", Opening.WEAKNESS): _("An agreed weakness"),
    ("you", Opening.BLIND_SPOT_MINE): _("A blind spot of yours"),
    ("you", Opening.BLIND_SPOT_THEIRS): _("A blind spot of theirs"),
    ("you", Opening.UNSEEN_MINE): _("Value that you had not seen"),
    ("you", Opening.UNSEEN_THEIRS): _("Value that they had not seen"),
    ("we", Opening.STRENGTH): _("An agreed strength"),
    ("we", Opening.WEAKNESS): _("An agreed weakness"),
    ("we", Opening.BLIND_SPOT_MINE): _("A blind spot of ours"),
    ("we", Opening.BLIND_SPOT_THEIRS): _("A blind spot of theirs"),
    ("we", Opening.UNSEEN_MINE): _("Value that we had not seen"),
    ("we", Opening.UNSEEN_THEIRS): _("Value that they had not seen"),
}


def opening(kind: str, about: Opening) -> str:
    """kind: client, employee or personal."""
    return str(BY_KIND[kind][about])


def field_title(about: Opening, person: str) -> str:
    """person: you or we."""
    return str(TITLES[person, about])


def field_says(about: Opening, person: str, name: str) -> str:
    return str(SAYS[person, about]).format(name=name)


def nothing_to_compare(*, guesses: int, answered: int) -> str:
    """Why none of the four fields stands there."""
    if answered < 2:
        return gettext("Only one side answered, so nothing can be compared.")
    if guesses == 0:
        return gettext("Nobody guessed what the other would answer, so nothing can be compared.")
    if guesses == 1:
        return gettext("One side guessed, and came close. The other did not guess.")
    return gettext("The two sides do not see it alike, but both knew that of each other.")
