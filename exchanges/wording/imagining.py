"""What would be, in words: how each side would feel, what would change, and what the guess rests on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from exchanges.wording.numbers import capital
from exchanges.wording.sides import Person, Reading, Zone, is_near_edge, person_of, zone_of

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

WORDS: dict[tuple[Person, Zone], StrPromise] = {
    (Person.WE, Zone.FAR_UNDER): _("would give far more than we get"),
    (Person.WE, Zone.UNDER): _("would give more than we get"),
    (Person.WE, Zone.LITTLE_UNDER): _("would give a little more than we get"),
    (Person.WE, Zone.FAIR): _("would feel about fair"),
    (Person.WE, Zone.LITTLE_OVER): _("would get a little more than we give"),
    (Person.WE, Zone.OVER): _("would get more than we give"),
    (Person.WE, Zone.FAR_OVER): _("would get far more than we give"),
    (Person.IT, Zone.FAR_UNDER): _("would give far more than it gets"),
    (Person.IT, Zone.UNDER): _("would give more than it gets"),
    (Person.IT, Zone.LITTLE_UNDER): _("would give a little more than it gets"),
    (Person.IT, Zone.FAIR): _("would feel about fair"),
    (Person.IT, Zone.LITTLE_OVER): _("would get a little more than it gives"),
    (Person.IT, Zone.OVER): _("would get more than it gives"),
    (Person.IT, Zone.FAR_OVER): _("would get far more than it gives"),
    (Person.PERSON, Zone.FAR_UNDER): _("would give far more than they get"),
    (Person.PERSON, Zone.UNDER): _("would give more than they get"),
    (Person.PERSON, Zone.LITTLE_UNDER): _("would give a little more than they get"),
    (Person.PERSON, Zone.FAIR): _("would feel about fair"),
    (Person.PERSON, Zone.LITTLE_OVER): _("would get a little more than they give"),
    (Person.PERSON, Zone.OVER): _("would get more than they give"),
    (Person.PERSON, Zone.FAR_OVER): _("would get far more than they give"),
}
PROBABLY: dict[tuple[Person, Zone], StrPromise] = {
    (Person.WE, Zone.FAR_UNDER): _("would probably give far more than we get"),
    (Person.WE, Zone.UNDER): _("would probably give more than we get"),
    (Person.WE, Zone.LITTLE_UNDER): _("would probably give a little more than we get"),
    (Person.WE, Zone.FAIR): _("would probably feel about fair"),
    (Person.WE, Zone.LITTLE_OVER): _("would probably get a little more than we give"),
    (Person.WE, Zone.OVER): _("would probably get more than we give"),
    (Person.WE, Zone.FAR_OVER): _("would probably get far more than we give"),
    (Person.IT, Zone.FAR_UNDER): _("would probably give far more than it gets"),
    (Person.IT, Zone.UNDER): _("would probably give more than it gets"),
    (Person.IT, Zone.LITTLE_UNDER): _("would probably give a little more than it gets"),
    (Person.IT, Zone.FAIR): _("would probably feel about fair"),
    (Person.IT, Zone.LITTLE_OVER): _("would probably get a little more than it gives"),
    (Person.IT, Zone.OVER): _("would probably get more than it gives"),
    (Person.IT, Zone.FAR_OVER): _("would probably get far more than it gives"),
    (Person.PERSON, Zone.FAR_UNDER): _("would probably give far more than they get"),
    (Person.PERSON, Zone.UNDER): _("would probably give more than they get"),
    (Person.PERSON, Zone.LITTLE_UNDER): _("would probably give a little more than they get"),
    (Person.PERSON, Zone.FAIR): _("would probably feel about fair"),
    (Person.PERSON, Zone.LITTLE_OVER): _("would probably get a little more than they give"),
    (Person.PERSON, Zone.OVER): _("would probably get more than they give"),
    (Person.PERSON, Zone.FAR_OVER): _("would probably get far more than they give"),
}
MOVES_BY = 0.05  # points: less than this is no move on a scale that is read to a tenth


def would(reading: Reading) -> str:
    """What would stand under the name of a side; empty where there is nothing to say."""
    if reading.estimate is None:
        return ""
    is_sure = reading.heard and not is_near_edge(*reading.estimate, reading.band)
    return str((WORDS if is_sure else PROBABLY)[person_of(reading, "own"), zone_of(reading.estimate[0], reading.band)])


def would_sentence(reading: Reading) -> str:
    """Tidewell would probably give a little more than it gets."""
    words = would(reading)
    if not words:
        return ""
    name = gettext("We") if reading.is_own else reading.short
    return gettext("{name} {would_feel}.").format(name=name, would_feel=words)


def moved(points: float, *, is_own: bool, name: str) -> str:
    """Which way a side would move where nobody knows from where: it has never answered."""
    if abs(points) < MOVES_BY:
        return gettext("We would hardly notice.") if is_own else gettext("{name} would hardly notice.").format(name=name)
    if points > 0:
        return gettext("It would feel better to us than now.") if is_own else gettext("It would feel better to {name} than now.").format(name=name)
    return gettext("It would feel worse to us than now.") if is_own else gettext("It would feel worse to {name} than now.").format(name=name)


def too_little(count: int, weight: float, *, is_own: bool, name: str) -> str:
    """Fewer than four typical events a year say nothing; `weight` is what a side's entries come to in these."""
    if count == 0:
        return gettext("Too little to say for us: nothing of the last year counts.") if is_own else gettext(
            "Too little to say for {name}: nothing of the last year counts."
        ).format(name=name)  # fmt: skip
    told = ngettext("one entry of the last year weighs", "{count} entries of the last year weigh", count).format(count=count)
    values = {"name": name, "told": told, "weight": f"{math.floor(10 * weight) / 10:.1f}"}
    pattern = gettext("Too little to say for us: {told} as much as {weight} usual ones, and it takes four.") if is_own else gettext(
        "Too little to say for {name}: {told} as much as {weight} usual ones, and it takes four."
    )  # fmt: skip
    return pattern.format(**values)


def chance(probability: float) -> str:
    """61 in 100."""
    count = round(100 * probability)
    return gettext("{count} in 100").format(count=count) if count else gettext("less than 1 in 100")


def chance_between(low: float, high: float) -> str:
    return gettext("{low} to {high}").format(low=round(100 * low), high=round(100 * high))


def months(count: int) -> str:
    return {3: gettext("three months"), 6: gettext("six months"), 9: gettext("nine months"), 12: gettext("a year")}[count]


def does(what: str, by: str, *, factor: float = 1.0, extra: float = 0.0) -> str:
    """A change as part of a sentence: 10% less of “Support” from us. `by`: us, or a name."""
    if extra:
        return gettext("{times} more a year of “{what}” from {by}").format(times=f"{extra:g}", what=what, by=by)
    if factor == 0:
        return gettext("no more “{what}” from {by}").format(what=what, by=by)
    percent = f"{abs(round(100 * (factor - 1)))}%"
    pattern = gettext("{percent} less of “{what}” from {by}") if factor < 1 else gettext("{percent} more of “{what}” from {by}")
    return pattern.format(percent=percent, what=what, by=by)


def question(parts: Sequence[str], *, is_shock: bool = False) -> str:
    if is_shock:
        return gettext("What if somebody new looks after it?")
    if not parts:
        return gettext("What if nobody answers?")
    if len(parts) > 1:
        return gettext("What if there is {change}, and {back}?").format(change=parts[0], back=parts[1])
    return gettext("What if there is {change}?").format(change=parts[0])


def share_of_year(share: float, what: str, *, is_own: bool, name: str, is_got: bool) -> str:
    """How much of what a side counted in the last year one kind was."""
    if is_own and is_got:
        pattern = gettext("“{what}” was {share} of 100 parts of what we got in the last year, as we weigh it.")
    elif is_own:
        pattern = gettext("“{what}” was {share} of 100 parts of what giving cost us in the last year, as we weigh it.")
    elif is_got:
        pattern = gettext("“{what}” was {share} of 100 parts of what {name} got in the last year, as they weigh it.")
    else:
        pattern = gettext("“{what}” was {share} of 100 parts of what giving cost {name} in the last year, as they weigh it.")
    return pattern.format(what=what, share=round(100 * share), name=name)


def option(key: str, parts: Sequence[str], *, loser_is_own: bool) -> tuple[str, str]:
    """One of the possible answers: its name, and what it is."""
    if key == "asked":
        return capital(parts[0]), parts[1] if len(parts) > 1 else gettext("and nothing in return")
    if key == "bare":
        return capital(parts[0]), gettext("and nothing in return")
    if key == "half":
        return gettext("Half of it"), parts[0]
    if key == "return":
        return gettext("The same, with something in return"), parts[-1]
    if key == "less":
        return (gettext("As much less of our own") if loser_is_own else gettext("As much less of their own")), parts[-1]
    return gettext("Leave all as it is"), gettext("only time passes")
