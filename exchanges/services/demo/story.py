"""The shape of a story: what happened between two sides, what each said of it, and who was asked. Days are counted back from today."""

from dataclasses import dataclass, field

from exchanges.models import EventKind, Giver
from relationships.models import Intent, Kind, Stage

WE, THEY, BOTH = Giver.OWN, Giver.COUNTERPART, Giver.JOINT


@dataclass(frozen=True)
class Gave:
    """The giver's account: what it cost, and a guess of what it was worth to the other."""

    cost: int | None = None
    guess: int | None = None
    hours: str = ""
    money: str = ""
    sentence: str = ""


@dataclass(frozen=True)
class Got:
    """The receiver's account, given some days later. No `Got` at all: nobody has said what it was worth."""

    worth: int
    expectation: str = "AS"
    sentence: str = ""
    owing: str = ""
    beneficiary: str = "ORGANISATION"
    after: int = 2


@dataclass(frozen=True)
class Happened:
    ago: int
    giver: Giver
    what: str
    kind: EventKind = EventKind.DELIVERY
    value: str = ""
    gave: Gave | None = None
    got: Got | None = None
    private: bool = False


@dataclass(frozen=True)
class Asked:
    """One round of checks. None: that side did not answer. A `still` side tapped "still right" instead of a number."""

    ago: int
    they: int | None = None
    we: int | None = None
    they_guess: int | None = None
    we_guess: int | None = None
    they_still: bool = False
    we_still: bool = False
    they_say: str = ""
    we_say: str = ""
    they_after: int = 3
    we_after: int = 1
    they_part: int | None = None  # how much the other side takes part, from 0 to 4
    we_part: int | None = None
    is_shared: bool = False  # an employee opened this answer to the other side


@dataclass(frozen=True)
class Values:
    """One line of a side's terms. `own`: a kind of its own, not of the catalogue."""

    code: str
    weight: int
    words: str = ""
    anchor: str = ""
    own: str = ""
    unit: str = ""
    rate: str = ""


@dataclass(frozen=True)
class Contact:
    name: str
    email: str = ""


@dataclass(frozen=True)
class Story:
    name: str
    short: str
    kind: Kind
    steward: str
    contacts: tuple[Contact, ...]
    since: int
    they_value: tuple[Values, ...]
    we_value: tuple[Values, ...]
    happened: tuple[Happened, ...] = ()
    asked: tuple[Asked, ...] = ()
    they_mean: Intent = Intent.LONG_TERM
    we_mean: Intent = Intent.LONG_TERM
    stage: Stage = Stage.STEADY
    cadence: int | None = None
    ended: int | None = None
    their_terms_before: tuple[Values, ...] = field(default=())  # an older version, so that one sees what changed
