"""The other clients, each told from a few particulars of its trade: what it values, what happens in its year, how even it has felt.

Nothing is left to chance: the n-th client takes its turns of phrase by counting, so that two seeds tell the same story.
"""

from dataclasses import dataclass
from itertools import cycle, islice

from exchanges.models import EventKind as E
from exchanges.services.demo.story import BOTH, THEY, WE, Asked, Contact, Gave, Got, Happened, Story, Values
from relationships.models import Intent, Kind, Stage

# fmt: off


@dataclass(frozen=True)
class Trade:
    name: str
    short: str
    contact: str
    steward: str
    place: str  # where the work is
    people: str  # who does it
    season: str  # when it is hard
    fear: str
    wish: str
    host: str
    they: tuple[int | None, ...]  # answers of their side, the oldest first; None: no answer to that check
    we: tuple[int | None, ...]
    last: int = 20  # days since the last check
    since: int = 700
    meant: Intent = Intent.LONG_TERM
    stage: Stage = Stage.STEADY
    still: bool = False


TRADES = (
    Trade("Tern Valley Schools", "Tern Valley", "Iris Mallory", "priya", "the eleven kitchens", "cooks", "the inspection",
          "a child without lunch", "Cooks who are home by four", "ternvalley", (0, -1, 0, -1, 0, -1, 0), (-1, 0, -1, 0, -1, 0, 0), 33, 690),
    Trade("Marrow & Finch", "Marrow & Finch", "Delphine Roux", "priya", "the showroom", "fitters", "the sales",
          "a kitchen without a door", "Fitters who come once", "marrowfinch", (1, 0, 1, 0), (0, 0, -1, 0), 26, 400, Intent.BRIEF),
    Trade("Hollin Rail Works", "Hollin", "Stellan Falk", "priya", "the wheel shop", "fitters", "the overhaul",
          "a train that stays in the shed", "A shop floor one can walk across", "hollinrail", (0, 0, 0, 0, 0, 0, 0), (0, 0, 0, 0, 0, 0, 0), 16, 720,
          Intent.SEASONAL, still=True),
    Trade("Ashby Quay Hotels", "Ashby Quay", "Yusra Daly", "jonas", "the laundry", "housekeepers", "the regatta week",
          "a room that is not ready", "Guests who come back", "ashbyquay", (0, 1, 0, 0, 1, 0), (1, 0, 0, 1, 0, 0), 41, 640),
    Trade("Northgate Labs", "Northgate", "Dr Mirela Kovac", "callum", "the sample room", "technicians", "the audit",
          "a sample without a name", "Nights without alarms", "northgate", (0, 0, -1, -1, -1, -2, -2), (0, 0, 0, 1, 0, 0, 0), 29, 700),
    Trade("Rook Hill Vets", "Rook Hill", "Saoirse Quinn", "callum", "the night clinic", "nurses", "the vaccination weeks",
          "an animal that waits", "Nurses who sleep", "rookhill", (0, -1, -1, 0, -1, 0), (0, 0, 0, 0, 0, 0), 38, 610, still=True),
    Trade("Sable Film Unit", "Sable", "Idris Vane", "priya", "the equipment store", "grips", "the shoot",
          "a van that leaves without the lights", "A shoot that ends on the day", "sablefilm", (0, -2, -2), (0, 0, 0), 15, 260, Intent.ONE_OFF),
    Trade("Linden Credit Union", "Linden", "Abena Frost", "jonas", "the counter", "clerks", "the move of the branch",
          "a queue in the street", "Members who are known by name", "linden", (0, 0, -1, 0, 0, 0), (0, 1, 1, 0, 1, 0), 52, 600),
    Trade("Cobalt Cycles", "Cobalt", "Timo Ranta", "jonas", "the paint line", "builders", "the club orders",
          "a frame that waits for paint", "Builders who ride at noon", "cobalt", (0, 0, 0, 1, 0, 0, 0), (0, -1, -1, 0, -1, 0, -1), 12, 660),
    Trade("Wren Street Theatre", "Wren Street", "Calla Whitmore", "priya", "the scene dock", "stagehands", "the opening night",
          "a curtain that stays down", "Stagehands who stay for the party", "wrenstreet", (1, 0, 1, 1, 0), (0, -1, 0, -1, 0), 19, 520, Intent.SEASONAL),
    Trade("Fallow Farm Supply", "Fallow", "Hedda Bruun", "callum", "the yard", "drivers", "the county show",
          "seed that comes too late", "Drivers who know the farms", "fallow", (0, 1, 1, 1, 2, 1, 2), (0, 0, -1, -1, -1, -2, -2), 44, 710, Intent.SEASONAL),
    Trade("Otter Bay Marine", "Otter Bay", "Kester Boyle", "jonas", "the slipway", "shipwrights", "the boat show",
          "a boat on the wrong tide", "A yard that is swept at five", "otterbay", (0, 1, 1, 1, 2, 2), (0, 0, 0, 0, 0, 0), 35, 590, Intent.SEASONAL, still=True),
    Trade("Greyfriars Museum", "Greyfriars", "Lucian Marsh", "callum", "the store", "keepers", "the long night",
          "a case that stays empty", "Visitors who stay an hour", "greyfriars", (1, 0, 1, 0, 0), (0, 1, 0, 1, 0), 48, 540),
    Trade("Pinnace Insurance", "Pinnace", "Odile Farrow", "jonas", "the claims floor", "assessors", "the storm weeks",
          "a letter without an answer", "Claims paid in a week", "pinnace", (0, 0, 1, 0, 0, 1, 0), (0, 1, 0, 0, 1, 0, 0), 22, 730, still=True),
    Trade("Heron Media", "Heron", "Jasper Lindh", "priya", "the newsroom", "editors", "the election",
          "a page without a picture", "Editors who go home", "heronmedia", (0, 1, 0, 0, 0), (0, -1, -1, 0, 0), 31, 500),
    Trade("Stonebeck Quarry", "Stonebeck", "Morag Sinclair", "callum", "the crusher", "drivers", "the road works",
          "a stone where a foot is", "A year without an accident", "stonebeck", (0, 0, 0, 1, 0, 0), (1, 0, 1, 0, 1, 0), 39, 620),
    Trade("Vale Pharmacy Group", "Vale", "Anselm Roy", "jonas", "the dispensary", "pharmacists", "the screening weeks",
          "a bag with the wrong name", "Time to talk at the counter", "valepharmacy", (0, 0, 1, 0, 0, 0, 0), (0, 0, 0, 1, 1, 2, 2), 27, 705),
    Trade("Bluecoat Removals", "Bluecoat", "Femi Adeyemi", "callum", "the depot", "crews", "the end of the month",
          "a piano on the stairs", "Crews that laugh", "bluecoat", (1, 0, 1, 1, 1, 1), (1, 1, 1, 1, 1, 2), 21, 630, stage=Stage.GROWING),
    Trade("Tamsin Vale Studio", "Tamsin Vale", "Tamsin Vale", "jonas", "the kiln room", "potters", "the craft market",
          "a kiln that goes cold", "Mornings at the wheel", "tamsinvale", (1, None, None, None), (-1, 0, -1, 0), 36, 420, Intent.SEASONAL),
    Trade("Millrace Brewing", "Millrace", "Corin Hale", "callum", "the bottling line", "brewers", "the beer fair",
          "a cask that is opened too early", "Brewers at the town fair", "millrace", (0, 1, None, None), (0, 0, None, None), 60, 480, stage=Stage.FADING),
)

# kind, value for the receiver, words; {…} is filled from the trade
WE_GIVE = (
    (E.DELIVERY, "results", "Plan for {place}"),
    (E.SUPPORT, "lower_risk", "Stood by through {season}"),
    (E.LEARNING, "freedom", "A day with the {people}, reading the weekly figures"),
    (E.DELIVERY, "less_stress", "Weekly list for the {people}, cut to one page"),
    (E.FAVOUR, "less_stress", "Looked after the figures while their planner was ill"),
    (E.DELIVERY, "lower_risk", "Audit of {place}, with five things to mend"),
    (E.MEETING, "results", "Half-year review at {place}"),
    (E.DELIVERY, "results", "Plan for {season}"),
    (E.INTRODUCTION, "income", "Found them a second supplier"),
    (E.REFERRAL, "publicity", "Wrote about {place} in our letter"),
)
THEY_GIVE = (
    (E.PAYMENT, "revenue", "Paid in {days} days"),
    (E.SUPPORT, "learning", "Opened their old records to us"),
    (E.PAYMENT, "revenue", "Paid in {days} days"),
    (E.LEARNING, "learning", "Tried the new planner with their {people}"),
    (E.PAYMENT, "revenue", "Paid in {days} days"),
    (E.REFERRAL, "referral", "Told a neighbour about us"),
    (E.FAVOUR, "pride", "Showed {place} to our apprentices"),
    (E.INTRODUCTION, "key_contact", "Introduced us to the head of their guild"),
)
HEARD = {
    0: ("We have not used it", "It came too late for {season}"),
    1: ("Useful, once", "The {people} made little of it"),
    2: ("", "It does what it should", "As agreed"),
    3: ("The {people} asked for more of it", "It took a load off {place}", "Better than the last time"),
    4: ("Nobody had thought of that for us", "It changed how we go into {season}"),
}
HEARD_BY_US = {
    0: ("We had counted on it",),
    1: ("Late again",),
    2: ("", "As agreed", ""),
    3: ("We learned a good deal from it", "Kindly done"),
    4: ("Worth more to us than they know",),
}
COSTS = (2, 2, 3, 1, 2, 2, 1, 3)
MONEY = ("2400", "3100", "4800", "5600", "6900")


def _clipped(word: int) -> int:
    return max(0, min(word, 4))


def _felt_at(answers: tuple[int | None, ...], part: float) -> int:
    """What a side's answers were about, that far into the story."""
    known = [answer for answer in answers if answer is not None] or [0]
    return known[min(int(part * len(known)), len(known) - 1)]


def _happened(trade: Trade, number: int) -> tuple[Happened, ...]:
    """An event about every four weeks, in turns; what it was worth leans the way the receiver answers."""
    days = list(range(trade.since - 6, 8, -27))
    givers = islice(cycle((WE, THEY, WE, THEY, THEY) if number % 2 else (WE, THEY, WE, THEY)), len(days))
    counts = {WE: number, THEY: number}
    told = []
    for turn, (ago, giver) in enumerate(zip(days, givers, strict=True)):
        counts[giver] += 1
        told.append(_one(trade, number, turn, ago, giver, counts[giver]))
    together = Happened(trade.since // 2 + number, BOTH, f"Walked {trade.place} together", E.MEETING, "company", Gave(1, 2), Got(2))
    return (*told, together)


def _one(trade: Trade, number: int, turn: int, ago: int, giver: object, count: int) -> Happened:
    ours = giver == WE
    kind, value, words = (WE_GIVE if ours else THEY_GIVE)[count % len(WE_GIVE if ours else THEY_GIVE)]
    felt = _felt_at(trade.they if ours else trade.we, 1 - ago / trade.since)
    cost = COSTS[(turn + number) % len(COSTS)]
    worth = _clipped(cost + (1 if kind in (E.FAVOUR, E.INTRODUCTION, E.REFERRAL) else 0) + felt)
    silent = (trade.they if ours else trade.we)[-1] is None and ago < 150
    late = turn % 9 == 8 or ago < 14
    money = MONEY[number % len(MONEY)] if kind == E.PAYMENT else ""
    got = None if silent or late else Got(worth, _expectation(cost, worth), _sentence(trade, worth, turn, ours), after=1 + turn % 5)
    what = words.format(place=trade.place, people=trade.people, season=trade.season, days=12 + (3 * number + 5 * turn) % 19)
    return Happened(ago, WE if ours else THEY, what, kind, value, Gave(cost, _clipped(worth + (turn + number) % 2), money=money), got)


def _expectation(cost: int, worth: int) -> str:
    if worth == 4:
        return "WOW"
    return "MORE" if worth > cost else "LESS" if worth < cost - 1 else "AS"


def _sentence(trade: Trade, worth: int, turn: int, ours: bool) -> str:
    """Every third receiver says more than a word."""
    if turn % 3:
        return ""
    said = (HEARD if ours else HEARD_BY_US)[worth]
    return said[turn % len(said)].format(place=trade.place, people=trade.people, season=trade.season)


def _asked(trade: Trade) -> tuple[Asked, ...]:
    step = (trade.since - 40 - trade.last) // max(len(trade.they) - 1, 1)
    rounds = []
    for number, (they, we) in enumerate(zip(trade.they, trade.we, strict=True)):
        ago = trade.last + step * (len(trade.they) - 1 - number)
        still = trade.still and number > 1 and they == trade.they[number - 1]
        guess = 0 if they is not None and number % 2 == 0 else None
        rounds.append(Asked(ago, they, we, they_guess=guess, they_still=still, they_after=1 + number % 4, we_after=1 + number % 3))
    return tuple(rounds)


def story_of(trade: Trade, number: int) -> Story:
    address = f"{trade.contact.lower().removeprefix('dr ').replace(' ', '.')}@{trade.host}.example"
    return Story(
        name=trade.name,
        short=trade.short,
        kind=Kind.CLIENT,
        steward=trade.steward,
        contacts=(Contact(trade.contact, address),),
        since=trade.since,
        they_mean=trade.meant,
        we_mean=Intent.LONG_TERM if number == 6 else trade.meant,  # one pair that means different things by it
        stage=trade.stage,
        they_value=(
            Values("results", 4, f"{trade.place.capitalize()} that runs by itself"),
            Values("lower_risk", 3, f"Never again {trade.fear}"),
            Values("happiness", 2, trade.wish),
            Values("income", 1, "Fewer hours over"),
        ),
        we_value=(
            Values("revenue", 4, "Paid within 30 days"),
            Values("pride", 3, "Work that one likes to show"),
            Values("learning", 2, f"What {trade.people} really need"),
            Values("referral", 1, "A word to their neighbours"),
        ),
        happened=_happened(trade, number),
        asked=_asked(trade),
    )


MORE = tuple(story_of(trade, number) for number, trade in enumerate(TRADES))
