"""Oakhollow's own people: the members who look after clients, the employees' relationships, and the owner's friends."""

from dataclasses import dataclass

from exchanges.models import EventKind as E
from exchanges.services.demo.story import THEY, WE, Asked, Contact, Gave, Got, Happened, Story, Values
from relationships.models import Kind, Stage

# fmt: off

OURS = "Oakhollow Works"
OURS_SHORT = "Oakhollow"


@dataclass(frozen=True)
class Colleague:
    """A member who cannot sign in: there is no password, and addresses ending in .example lead nowhere."""

    key: str
    name: str
    email: str


COLLEAGUES = (
    Colleague("priya", "Priya Raman", "priya@oakhollow.example"),
    Colleague("jonas", "Jonas Weil", "jonas@oakhollow.example"),
    Colleague("adaeze", "Adaeze Obi", "adaeze@oakhollow.example"),
    Colleague("callum", "Callum Reyes", "callum@oakhollow.example"),
)

THEY_VALUE = (
    (Values("growth", 4, "To be better at something in half a year", "A certificate, and somebody who asks about it"),
     Values("recognition", 3, "Credit where it was mine"), Values("time", 2, "Fridays that end at four"), Values("income", 1, "Pay that keeps up")),
    (Values("time", 4, "Home when the children are"), Values("income", 3, "Pay that keeps up"),
     Values("company", 2, "People to have lunch with"), Values("recognition", 1, "A thank-you that is meant")),
    (Values("freedom", 4, "Left alone to finish things"), Values("growth", 3, "Harder problems"),
     Values("recognition", 2, "My name on it"), Values("care", 1, "Somebody who notices a bad week")),
)  # fmt: skip
WE_VALUE = (
    Values("results", 4, "Plans that hold"), Values("support", 3, "Somebody the others can ask"),
    Values("pride", 2, "Work we may show"), Values("learning", 1, "What they know and we do not"),
)
WE_GIVE = (
    (E.LEARNING, "growth", "Two learning days"), (E.FAVOUR, "time", "Left early for a month, with full pay"),
    (E.OTHER, "recognition", "Thanked by name before everybody"), (E.CHANGE_OF_TERMS, "income", "Pay raised in the yearly round"),
    (E.SUPPORT, "care", "A talk that was not about work"), (E.LEARNING, "growth", "A conference, with the trip"),
    (E.OTHER, "freedom", "Took over a project without being watched"), (E.GIFT, "company", "Team dinner"),
)
THEY_GIVE = (
    (E.FAVOUR, "results", "Covered a weekend"), (E.SUPPORT, "support", "Took a new colleague under the wing"),
    (E.DELIVERY, "results", "Finished the plan before it was due"), (E.LEARNING, "learning", "Showed the team the new planner"),
    (E.SUPPORT, "support", "Stayed late for a client in trouble"), (E.DELIVERY, "pride", "Wrote the report that three clients quote"),
    (E.FAVOUR, "results", "Swapped shifts so that a colleague could go to a wedding"),
)


ROUNDS_EVERY = 80  # days: so that every full quarter has heard everybody


@dataclass(frozen=True)
class Hired:
    name: str
    steward: str
    they: tuple[int, ...]
    we: tuple[int, ...]
    last: int
    since: int
    is_shared: bool = False  # opened the last answer


HIRED = (
    Hired("Ines Okafor", "owner", (0, -1, -1, -2, -2, -2), (0, 0, 0, 0, 0, 0), 18, 540, is_shared=True),
    Hired("Maja Lindqvist", "owner", (0, 0, 1, 0, 0, 0), (0, 0, 0, 0, 1, 0), 26, 560),
    Hired("Tomasz Brandt", "owner", (1, 0, 1, 0, 1, 1), (0, 0, 0, 0, 0, 0), 20, 600),
    Hired("Deniz Arslan", "adaeze", (1, 1, 0, 1, 1), (1, 0, 0, 1, 0), 23, 470),
    Hired("Rosa Carvalho", "adaeze", (0, 0, 0, 0, 0, 0), (0, 0, -1, 0, 0, 0), 22, 610),
    Hired("Ewan Thackray", "adaeze", (0, 1, 0, 0), (0, 0, 1, 0), 28, 380),
    Hired("Lior Ben-Ami", "adaeze", (0, 0, -1, -1, -1), (0, 0, 0, 0, 0), 22, 450),
    Hired("Nadia Haddad", "adaeze", (0, -1, -1, -1, -1), (0, 0, 1, 0, 0), 24, 500),
    Hired("Piotr Zielinski", "adaeze", (0, 0, 1, 0, 1), (0, -1, -1, -1, -2), 25, 480),
)


def _employee(hired: Hired, number: int) -> Story:
    asked = tuple(
        Asked(
            hired.last + ROUNDS_EVERY * (len(hired.they) - 1 - turn), they, we, they_after=1 + turn % 3,
            is_shared=hired.is_shared and turn == len(hired.they) - 1,
        )
        for turn, (they, we) in enumerate(zip(hired.they, hired.we, strict=True))
    )
    happened = []
    for turn, ago in enumerate(range(hired.since - 12, 10, -31)):
        ours = turn % 2 == 0
        pool = WE_GIVE if ours else THEY_GIVE
        kind, value, what = pool[(turn // 2 + number) % len(pool)]
        felt = (hired.they if ours else hired.we)[min(turn * len(hired.they) // 18, len(hired.they) - 1)]
        worth = max(0, min(2 + felt + turn % 2, 4))
        told = turn % 4 != 3
        happened.append(
            Happened(ago, WE if ours else THEY, what, kind, value, Gave(1 + turn % 3, max(1, worth)), Got(worth, beneficiary="PERSON") if told else None)
        )
    first, *_ = hired.name.split(" ")
    return Story(
        name=hired.name, short=first, kind=Kind.EMPLOYEE, steward=hired.steward, since=hired.since, stage=Stage.STEADY,
        contacts=(Contact(hired.name, f"{hired.name.lower().replace(' ', '.')}@oakhollow.example"),),
        they_value=THEY_VALUE[number % len(THEY_VALUE)], we_value=WE_VALUE, happened=tuple(happened), asked=asked,
    )


EMPLOYEES = tuple(_employee(hired, number) for number, hired in enumerate(HIRED))

FRIENDS_VALUE = (Values("company", 5, "Time together that one would not miss"), Values("support", 3, "Somebody who comes"), Values("happiness", 2, "Laughing"))


def _friend(name: str, email: str, since: int, happened: tuple[Happened, ...], asked: tuple[Asked, ...]) -> Story:
    return Story(
        name=name, short=name.split(" ")[0], kind=Kind.PERSONAL, steward="owner", contacts=(Contact(name, email),), since=since,
        they_value=(), we_value=FRIENDS_VALUE, happened=happened, asked=asked,
    )


FRIENDS = (
    _friend(
        "Ruth Amsel", "ruth@amsel.example", 720,
        (
            Happened(700, THEY, "Looked after the cat for three weeks", E.FAVOUR, "support", Gave(2, 2), Got(4, "WOW", "I could not have gone without her", beneficiary="PERSON")),
            Happened(610, WE, "Helped her move, two days of books", E.FAVOUR, "support", Gave(3, 3), Got(3, beneficiary="PERSON")),
            Happened(480, THEY, "Sat with me the evening after the funeral", E.SUPPORT, "care", None, Got(4, "WOW", beneficiary="PERSON")),
            Happened(330, WE, "A week in her garden while she was away", E.FAVOUR, "support", Gave(1, 2), Got(3, beneficiary="PERSON")),
            Happened(170, THEY, "Sent the recipe book of her aunt", E.GIFT, "happiness", None, Got(3, "MORE", beneficiary="PERSON")),
            Happened(25, WE, "Walk to the lake and back", E.MEETING, "company", Gave(1, 2)),
        ),
        (Asked(500, 0, 0), Asked(300, 0, 1), Asked(90, 0, 0)),
    ),
    _friend(
        "Piet Vorster", "piet@vorster.example", 690,
        (
            Happened(640, THEY, "Mended the bicycle", E.FAVOUR, "support", None, Got(2, beneficiary="PERSON")),
            Happened(520, WE, "Drove him to the airport at four", E.FAVOUR, "support", Gave(2, 2)),
            Happened(400, WE, "Listened a whole evening", E.SUPPORT, "care", Gave(2, 3)),
            Happened(260, WE, "Listened a whole evening", E.SUPPORT, "care", Gave(3, 3)),
            Happened(120, WE, "Lent him the car for a week", E.FAVOUR, "support", Gave(3, 2)),
            Happened(45, WE, "Listened until two", E.SUPPORT, "care", Gave(3, 3)),
        ),
        (Asked(430, None, 0), Asked(240, None, -1), Asked(80, None, -2), Asked(28, None, -2)),
    ),
    _friend(
        "Hanneke Roos", "hanneke@roos.example", 600,
        (
            Happened(560, WE, "Read her first chapter", E.FAVOUR, "support", Gave(1, 3), Got(4, "WOW", "The first who read to the end", beneficiary="PERSON")),
            Happened(410, THEY, "Taught me to swim in the sea", E.LEARNING, "happiness", None, Got(3, "MORE", beneficiary="PERSON")),
            Happened(220, THEY, "A long letter", E.GIFT, "company", None, Got(3, beneficiary="PERSON")),
        ),
        (Asked(400, 1, 0), Asked(214, 0, 1), Asked(112), Asked(50)),
    ),
    _friend(
        "Sami Laine", "sami@laine.example", 380,
        (
            Happened(300, WE, "Dinner for his birthday", E.GIFT, "company", Gave(1, 2), Got(3, beneficiary="PERSON")),
            Happened(150, THEY, "Dinner for mine", E.GIFT, "company", None, Got(3, beneficiary="PERSON")),
            Happened(34, THEY, "Came to carry the piano", E.FAVOUR, "support", None, Got(3, "MORE", beneficiary="PERSON")),
        ),
        (Asked(210, 0, 0), Asked(60, 0, 0)),
    ),
)

STORIES_OF_PEOPLE = (*EMPLOYEES, *FRIENDS)
