"""What one side feels, in words: the seven zones, how sure we are, and who is spoken to.

The words are fixed: a page, a mail and a chart that speak of the same estimate say the same. Every sentence stands whole in a table,
so that it can be translated as a sentence.
"""

from datetime import date
from enum import Enum, StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from exchanges.wording import dates, numbers

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise


class Reading(Protocol):
    """One side's estimate, as the charts take it."""

    @property
    def name(self) -> str: ...
    @property
    def short(self) -> str: ...
    @property
    def is_own(self) -> bool: ...
    @property
    def is_person(self) -> bool: ...
    @property
    def is_private(self) -> bool: ...
    @property
    def heard(self) -> bool: ...
    @property
    def band(self) -> float: ...
    @property
    def answered_on(self) -> date | None: ...
    @property
    def answered_by(self) -> str: ...
    @property
    def estimate(self) -> tuple[float, float, float] | None: ...


class Eyes(StrEnum):
    """Who reads: our own people, or the counterpart in its portal."""

    OWN = "own"
    COUNTERPART = "counterpart"


class Person(Enum):
    """The grammatical person in which a side is spoken of."""

    WE = "we"
    YOU = "you"
    IT = "it"
    PERSON = "person"


class Zone(Enum):
    FAR_UNDER = -3
    UNDER = -2
    LITTLE_UNDER = -1
    FAIR = 0
    LITTLE_OVER = 1
    OVER = 2
    FAR_OVER = 3


MORE, FAR_MORE = 1.5, 2.25

WORDS: dict[tuple[Person, Zone], "StrPromise"] = {
    (Person.WE, Zone.FAR_UNDER): _("give far more than we get"),
    (Person.WE, Zone.UNDER): _("give more than we get"),
    (Person.WE, Zone.LITTLE_UNDER): _("give a little more than we get"),
    (Person.WE, Zone.FAIR): _("about fair"),
    (Person.WE, Zone.LITTLE_OVER): _("get a little more than we give"),
    (Person.WE, Zone.OVER): _("get more than we give"),
    (Person.WE, Zone.FAR_OVER): _("get far more than we give"),
    (Person.YOU, Zone.FAR_UNDER): _("give far more than you get"),
    (Person.YOU, Zone.UNDER): _("give more than you get"),
    (Person.YOU, Zone.LITTLE_UNDER): _("give a little more than you get"),
    (Person.YOU, Zone.FAIR): _("about fair"),
    (Person.YOU, Zone.LITTLE_OVER): _("get a little more than you give"),
    (Person.YOU, Zone.OVER): _("get more than you give"),
    (Person.YOU, Zone.FAR_OVER): _("get far more than you give"),
    (Person.IT, Zone.FAR_UNDER): _("gives far more than it gets"),
    (Person.IT, Zone.UNDER): _("gives more than it gets"),
    (Person.IT, Zone.LITTLE_UNDER): _("gives a little more than it gets"),
    (Person.IT, Zone.FAIR): _("about fair"),
    (Person.IT, Zone.LITTLE_OVER): _("gets a little more than it gives"),
    (Person.IT, Zone.OVER): _("gets more than it gives"),
    (Person.IT, Zone.FAR_OVER): _("gets far more than it gives"),
    (Person.PERSON, Zone.FAR_UNDER): _("gives far more than they get"),
    (Person.PERSON, Zone.UNDER): _("gives more than they get"),
    (Person.PERSON, Zone.LITTLE_UNDER): _("gives a little more than they get"),
    (Person.PERSON, Zone.FAIR): _("about fair"),
    (Person.PERSON, Zone.LITTLE_OVER): _("gets a little more than they give"),
    (Person.PERSON, Zone.OVER): _("gets more than they give"),
    (Person.PERSON, Zone.FAR_OVER): _("gets far more than they give"),
}

PLAIN: dict[tuple[Person, Zone], "StrPromise"] = {
    (Person.WE, Zone.FAR_UNDER): _("We give far more than we get."),
    (Person.WE, Zone.UNDER): _("We give more than we get."),
    (Person.WE, Zone.LITTLE_UNDER): _("We give a little more than we get."),
    (Person.WE, Zone.FAIR): _("We feel about fair."),
    (Person.WE, Zone.LITTLE_OVER): _("We get a little more than we give."),
    (Person.WE, Zone.OVER): _("We get more than we give."),
    (Person.WE, Zone.FAR_OVER): _("We get far more than we give."),
    (Person.YOU, Zone.FAR_UNDER): _("You give far more than you get."),
    (Person.YOU, Zone.UNDER): _("You give more than you get."),
    (Person.YOU, Zone.LITTLE_UNDER): _("You give a little more than you get."),
    (Person.YOU, Zone.FAIR): _("You get about as much as you give."),
    (Person.YOU, Zone.LITTLE_OVER): _("You get a little more than you give."),
    (Person.YOU, Zone.OVER): _("You get more than you give."),
    (Person.YOU, Zone.FAR_OVER): _("You get far more than you give."),
    (Person.IT, Zone.FAR_UNDER): _("{name} gives far more than it gets."),
    (Person.IT, Zone.UNDER): _("{name} gives more than it gets."),
    (Person.IT, Zone.LITTLE_UNDER): _("{name} gives a little more than it gets."),
    (Person.IT, Zone.FAIR): _("{name} feels about fair."),
    (Person.IT, Zone.LITTLE_OVER): _("{name} gets a little more than it gives."),
    (Person.IT, Zone.OVER): _("{name} gets more than it gives."),
    (Person.IT, Zone.FAR_OVER): _("{name} gets far more than it gives."),
    (Person.PERSON, Zone.FAR_UNDER): _("{name} gives far more than they get."),
    (Person.PERSON, Zone.UNDER): _("{name} gives more than they get."),
    (Person.PERSON, Zone.LITTLE_UNDER): _("{name} gives a little more than they get."),
    (Person.PERSON, Zone.FAIR): _("{name} feels about fair."),
    (Person.PERSON, Zone.LITTLE_OVER): _("{name} gets a little more than they give."),
    (Person.PERSON, Zone.OVER): _("{name} gets more than they give."),
    (Person.PERSON, Zone.FAR_OVER): _("{name} gets far more than they give."),
}

PROBABLY: dict[tuple[Person, Zone], "StrPromise"] = {
    (Person.WE, Zone.FAR_UNDER): _("We probably give far more than we get."),
    (Person.WE, Zone.UNDER): _("We probably give more than we get."),
    (Person.WE, Zone.LITTLE_UNDER): _("We probably give a little more than we get."),
    (Person.WE, Zone.FAIR): _("We probably feel about fair."),
    (Person.WE, Zone.LITTLE_OVER): _("We probably get a little more than we give."),
    (Person.WE, Zone.OVER): _("We probably get more than we give."),
    (Person.WE, Zone.FAR_OVER): _("We probably get far more than we give."),
    (Person.YOU, Zone.FAR_UNDER): _("You probably give far more than you get."),
    (Person.YOU, Zone.UNDER): _("You probably give more than you get."),
    (Person.YOU, Zone.LITTLE_UNDER): _("You probably give a little more than you get."),
    (Person.YOU, Zone.FAIR): _("You probably get about as much as you give."),
    (Person.YOU, Zone.LITTLE_OVER): _("You probably get a little more than you give."),
    (Person.YOU, Zone.OVER): _("You probably get more than you give."),
    (Person.YOU, Zone.FAR_OVER): _("You probably get far more than you give."),
    (Person.IT, Zone.FAR_UNDER): _("{name} probably gives far more than it gets."),
    (Person.IT, Zone.UNDER): _("{name} probably gives more than it gets."),
    (Person.IT, Zone.LITTLE_UNDER): _("{name} probably gives a little more than it gets."),
    (Person.IT, Zone.FAIR): _("{name} probably feels about fair."),
    (Person.IT, Zone.LITTLE_OVER): _("{name} probably gets a little more than it gives."),
    (Person.IT, Zone.OVER): _("{name} probably gets more than it gives."),
    (Person.IT, Zone.FAR_OVER): _("{name} probably gets far more than it gives."),
    (Person.PERSON, Zone.FAR_UNDER): _("{name} probably gives far more than they get."),
    (Person.PERSON, Zone.UNDER): _("{name} probably gives more than they get."),
    (Person.PERSON, Zone.LITTLE_UNDER): _("{name} probably gives a little more than they get."),
    (Person.PERSON, Zone.FAIR): _("{name} probably feels about fair."),
    (Person.PERSON, Zone.LITTLE_OVER): _("{name} probably gets a little more than they give."),
    (Person.PERSON, Zone.OVER): _("{name} probably gets more than they give."),
    (Person.PERSON, Zone.FAR_OVER): _("{name} probably gets far more than they give."),
}

PERHAPS: dict[tuple[Person, Zone], "StrPromise"] = {
    (Person.WE, Zone.FAR_UNDER): _("Perhaps we give far more than we get."),
    (Person.WE, Zone.UNDER): _("Perhaps we give more than we get."),
    (Person.WE, Zone.LITTLE_UNDER): _("Perhaps we give a little more than we get."),
    (Person.WE, Zone.FAIR): _("Perhaps we feel about fair."),
    (Person.WE, Zone.LITTLE_OVER): _("Perhaps we get a little more than we give."),
    (Person.WE, Zone.OVER): _("Perhaps we get more than we give."),
    (Person.WE, Zone.FAR_OVER): _("Perhaps we get far more than we give."),
    (Person.YOU, Zone.FAR_UNDER): _("Perhaps you give far more than you get."),
    (Person.YOU, Zone.UNDER): _("Perhaps you give more than you get."),
    (Person.YOU, Zone.LITTLE_UNDER): _("Perhaps you give a little more than you get."),
    (Person.YOU, Zone.FAIR): _("Perhaps you get about as much as you give."),
    (Person.YOU, Zone.LITTLE_OVER): _("Perhaps you get a little more than you give."),
    (Person.YOU, Zone.OVER): _("Perhaps you get more than you give."),
    (Person.YOU, Zone.FAR_OVER): _("Perhaps you get far more than you give."),
    (Person.IT, Zone.FAR_UNDER): _("We think {name} gives far more than it gets."),
    (Person.IT, Zone.UNDER): _("We think {name} gives more than it gets."),
    (Person.IT, Zone.LITTLE_UNDER): _("We think {name} gives a little more than it gets."),
    (Person.IT, Zone.FAIR): _("We think {name} feels about fair."),
    (Person.IT, Zone.LITTLE_OVER): _("We think {name} gets a little more than it gives."),
    (Person.IT, Zone.OVER): _("We think {name} gets more than it gives."),
    (Person.IT, Zone.FAR_OVER): _("We think {name} gets far more than it gives."),
    (Person.PERSON, Zone.FAR_UNDER): _("We think {name} gives far more than they get."),
    (Person.PERSON, Zone.UNDER): _("We think {name} gives more than they get."),
    (Person.PERSON, Zone.LITTLE_UNDER): _("We think {name} gives a little more than they get."),
    (Person.PERSON, Zone.FAIR): _("We think {name} feels about fair."),
    (Person.PERSON, Zone.LITTLE_OVER): _("We think {name} gets a little more than they give."),
    (Person.PERSON, Zone.OVER): _("We think {name} gets more than they give."),
    (Person.PERSON, Zone.FAR_OVER): _("We think {name} gets far more than they give."),
}


def zone_of(f: float, band: float) -> Zone:
    """Only the width of fair is a setting; the other edges are fixed. An edge belongs to the milder word."""
    size = abs(f)
    steps = 0 if size <= band else 1 if size <= MORE else 2 if size <= FAR_MORE else 3
    return Zone(steps if f > 0 else -steps)


def is_near_edge(f: float, lo: float, hi: float, band: float) -> bool:
    """The truth may well lie in the next zone: an edge is nearer than half of the half range."""
    reach = (hi - lo) / 4
    return any(abs(abs(f) - edge) <= reach for edge in (band, MORE, FAR_MORE))


def person_of(reading: Reading, eyes: str) -> Person:
    """The reader's own side is "we" on the desk and "you" in the portal; the other side is named."""
    if reading.is_own == (eyes == Eyes.OWN):
        return Person.WE if eyes == Eyes.OWN else Person.YOU
    return Person.PERSON if reading.is_person else Person.IT


def side_words(reading: Reading, eyes: str = Eyes.OWN) -> str:
    """What stands under the name of a side: gives a little more than it gets."""
    if reading.is_private:
        return gettext("not shown")
    if reading.estimate is None:
        return gettext("not asked yet")
    f, lo, hi = reading.estimate
    words = str(WORDS[person_of(reading, eyes), zone_of(f, reading.band)])
    if not reading.heard:
        return gettext("perhaps {words}").format(words=words)
    return gettext("probably {words}").format(words=words) if is_near_edge(f, lo, hi, reading.band) else words


def side_sentence(reading: Reading, eyes: str = Eyes.OWN, *, hedged: bool = False) -> str:
    """A whole sentence about one side, as sure as we are. A side that never answered has a sentence too: it is not known."""
    person = person_of(reading, eyes)
    if reading.is_private:
        return gettext("What {name} feels is not shared.").format(name=reading.short)
    if reading.estimate is None:
        return _nobody_yet(reading, person)
    f, lo, hi = reading.estimate
    table = PERHAPS if not reading.heard else PROBABLY if hedged or is_near_edge(f, lo, hi, reading.band) else PLAIN
    return str(table[person, zone_of(f, reading.band)]).format(name=reading.short)


def _nobody_yet(reading: Reading, person: Person) -> str:
    if person is Person.WE:
        return gettext("We have not answered yet.")
    if person is Person.YOU:
        return gettext("You have not answered yet.")
    return gettext("{name} has not answered yet.").format(name=reading.short)


def side_number(reading: Reading) -> str:
    """The estimate with its range, or that there is no number: silence is not zero."""
    return numbers.number(*reading.estimate) if reading.estimate else gettext("no number")


def side_label(reading: Reading, eyes: str = Eyes.OWN) -> str:
    """A level read aloud: They feel: minus 1.2, plus or minus 0.5, unconfirmed."""
    value = numbers.rounded(*reading.estimate) if reading.estimate else None
    mine = reading.is_own == (eyes == Eyes.OWN)
    return _label(value, reading.is_private, reading.heard, mine, eyes, get_language())


@lru_cache(numbers.KEPT)
def _label(value: numbers.Rounded | None, is_private: bool, heard: bool, mine: bool, eyes: str, language: str | None) -> str:
    """Kept for each language, as the number in it."""
    if value is None:
        said = gettext("not shown") if is_private else gettext("no number")
    else:
        said = numbers.spoken_rounded(value)
        said = said if heard else gettext("{number}, unconfirmed").format(number=said)
    if not mine:
        return gettext("They feel: {value}").format(value=said)
    return (gettext("We feel: {value}") if eyes == Eyes.OWN else gettext("You feel: {value}")).format(value=said)


def side_status(reading: Reading, today: date) -> str:
    """Since when and from whom we know: confirmed 12 May, Marta Solheim."""
    if reading.is_private:
        return gettext("their side is private")
    if reading.estimate is None or reading.answered_on is None:
        return gettext("no answer yet")
    day = dates.day(reading.answered_on, today)
    if not reading.heard:
        return gettext("unconfirmed, last answer {day}").format(day=day)
    if reading.answered_by:
        return gettext("confirmed {day}, {who}").format(day=day, who=reading.answered_by)
    return gettext("confirmed {day}").format(day=day)


def your_balance(reading: Reading, other: str) -> str:
    """The first line of the counterpart's own page: With Oakhollow, you give a little more than you get."""
    if reading.estimate is None:
        return gettext("With {other}, you have not told us yet whether you get as much as you give.").format(other=other)
    zone = zone_of(reading.estimate[0], reading.band)
    if zone is Zone.FAIR:
        words = gettext("get about as much as you give")
    else:
        words = str(WORDS[Person.YOU, zone])
    if not reading.heard:
        return gettext("With {other}, perhaps you {words}.").format(other=other, words=words)
    return gettext("With {other}, you {words}.").format(other=other, words=words)


def beam_label(they: Reading, we: Reading, eyes: str = Eyes.OWN) -> str:
    """The beam for those who cannot see it."""
    if they.estimate is None and we.estimate is None:
        return gettext("Beam without estimates: nobody has answered yet.")
    return gettext("Beam. {they} {we}").format(they=_end_label(they), we=_end_label(we))


def _end_label(reading: Reading) -> str:
    if reading.estimate is None:
        return gettext("{name}: not known.").format(name=reading.name)
    f, lo, hi = reading.estimate
    holes = {"name": reading.name, "number": numbers.spoken(f, lo, hi)}
    if not reading.heard:
        return gettext("{name} is somewhere around {number}, unconfirmed.").format(**holes)
    if f < -reading.band:
        return gettext("{name} sits below its fair line at {number}.").format(**holes)
    if f > reading.band:
        return gettext("{name} sits above its fair line at {number}.").format(**holes)
    return gettext("{name} sits inside its fair zone at {number}.").format(**holes)
