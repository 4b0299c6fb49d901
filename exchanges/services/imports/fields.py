"""The fields of the three tables: what they are called, what a cell may say, and what it becomes.

A reader takes a cell's text and returns what is kept; it raises `Refused` with a sentence for the person who has to mend the cell.
"""

from __future__ import annotations

import re
from calendar import month_name, monthrange
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any
from uuid import UUID

from exchanges.models import Arrived, Beneficiary, EventKind, EventStatus, Expectation, Giver, ImportTable, Owing, ReportRole, Visibility, Word
from exchanges.services.imports.cells import as_stored
from relationships.models import Kind, SideRole
from valueledger.common.errors import Invalid
from valueledger.common.validators import FIRST_DAY, clean_amount, clean_line, clean_text

EPOCH = 719_163
MICRO = 1_000_000
AHEAD = timedelta(days=3650)
NUMBER = re.compile(r"[+-]?\d{1,12}(?:\.\d{1,12})?")
DAY_PARTS = re.compile(r"\s*(\d{1,4})\s*[./\- ]\s*(\d{1,2})\s*[./\- ]\s*(\d{1,4})\s*")
DAY_FORMS = {
    "iso": "year-month-day", "dmy": "day/month/year", "mdy": "month/day/year", "unix": "seconds since 1970", "unix_ms": "milliseconds since 1970",
}  # fmt: skip
ORDERS = {"iso": (0, 1, 2), "ymd": (0, 1, 2), "dmy": (2, 1, 0), "mdy": (2, 0, 1)}
Reader = Callable[[str], Any]


class Refused(Exception):
    """This cell cannot be taken, and why."""

    def __init__(self, reason: str, field: str = "") -> None:
        self.reason = reason
        self.field = field
        super().__init__(reason)


@dataclass(frozen=True)
class Reading:
    """How a column was said to be written, and the day it is today."""

    form: str
    steps: Sequence[tuple[str, str]]
    today: date


@dataclass(frozen=True)
class Field:
    name: str
    label: str
    make: Callable[[Reading], Reader]
    aliases: tuple[str, ...] = ()
    required: bool = False
    is_free_text: bool = False  # hardly ever the same twice, so nothing is gained by remembering


# What readers are made of


def _checked(clean: Callable[..., Any], text: str, **rules: Any) -> Any:
    try:
        return clean(text, "", **rules)
    except Invalid as error:
        raise Refused(error.sentence) from None


def _number(text: str, reading: Reading, named: str = "a number") -> Decimal:
    text = as_stored(text).strip().replace("\u2212", "-")
    if reading.form == "comma":
        text = text.replace(".", "").replace(",", ".")
    if not NUMBER.fullmatch(text) or not text.isascii():
        raise Refused(f"“{_short(text)}” is not {named}.")
    return Decimal(text)


def _worked(number: Decimal, steps: Sequence[tuple[str, str]]) -> Decimal:
    for sign, operand in steps:
        other = Decimal(operand)
        number = number * other if sign == "*" else number / other if sign == "/" else number + other if sign == "+" else number - other
    return number


def _day_parser(form: str) -> Callable[[str], date]:
    if form in ("unix", "unix_ms"):
        return lambda text: _instant(text, 1_000 if form == "unix_ms" else 1)
    if form in ORDERS:
        return lambda text: _written_day(text, ORDERS[form])
    if "%" not in form:
        known = ", ".join(DAY_FORMS)
        raise Invalid(f"Dates are written as {known} or a pattern such as %d.%m.%Y, not {form}.", field="map", code="bad_mapping")
    return lambda text: _patterned_day(text, form)


def _instant(text: str, per_second: int) -> date:
    """Seconds since 1970, as a date in UTC."""
    whole = text.split(".", 1)[0]
    if not whole.isascii() or not whole.isdigit() or len(whole) > 15:
        raise Refused(f"“{_short(text)}” is not a number of seconds since 1970.")
    try:
        return date.fromordinal(int(whole) // (86_400 * per_second) + EPOCH)
    except (ValueError, OverflowError):
        raise Refused("That is beyond every calendar.") from None


def _written_day(text: str, order: tuple[int, int, int]) -> date:
    if "T" in text or ":" in text:
        return _moment(text)
    found = DAY_PARTS.fullmatch(text)
    if found is None or not text.isascii():
        raise Refused(f"“{_short(text)}” is not a date.")
    year, month, day = (int(found[1 + number]) for number in order)
    if year < 100 and len(found[1 + order[0]]) <= 2:
        raise Refused("Write the year with four digits.")
    if not 1 <= month <= 12:
        raise Refused(f"There is no month {month}. Are days and months the other way round?")
    if not 1 <= year <= 9999 or not 1 <= day <= monthrange(year, month)[1]:
        raise Refused(f"{month_name[month]} has {monthrange(min(max(year, 1), 9999), month)[1]} days. Which date was it?")
    return date(year, month, day)


def _moment(text: str) -> date:
    """A time stamp counts as its day in UTC; one without a zone as the day it names."""
    try:
        moment = datetime.fromisoformat(text)
        return (moment.astimezone(UTC) if moment.tzinfo else moment).date()
    except (ValueError, OverflowError):
        raise Refused(f"“{_short(text)}” is not a date.") from None


def _patterned_day(text: str, pattern: str) -> date:
    try:
        return datetime.strptime(text, pattern).date()  # noqa: DTZ007 - a calendar date is meant
    except (ValueError, re.error):
        raise Refused(f"“{_short(text)}” is not a date written as {pattern}.") from None


def _plain(text: str) -> str:
    return " ".join(text.casefold().replace("_", " ").replace("-", " ").split())


def _short(text: str) -> str:
    text = "".join(sign if sign.isprintable() else " " for sign in text[:60])
    return f"{text[:40]}..." if len(text) > 40 else text


# Readers. Each gets a cell that is not empty.


def a_line(longest: int = 200) -> Callable[[Reading], Reader]:
    return lambda _: lambda text: _checked(clean_line, as_stored(text), longest=longest)


def a_text(longest: int) -> Callable[[Reading], Reader]:
    return lambda _: lambda text: _checked(clean_text, as_stored(text), longest=longest)


def an_id(_: Reading) -> Reader:
    """A UUID as 32 hex digits behind `u`; any other text, known only to its source, behind `r`."""

    def read(text: str) -> str:
        text = _checked(clean_line, as_stored(text), longest=120)
        try:
            return "u" + UUID(text).hex
        except ValueError:
            return "r" + text

    return read


def a_day(*, may_be_ahead: bool = False) -> Callable[[Reading], Reader]:
    def make(reading: Reading) -> Reader:
        last = reading.today + (AHEAD if may_be_ahead else timedelta(days=1))
        parse = _day_parser(reading.form or "iso")

        def read(text: str) -> int:
            day = parse(as_stored(text).strip())
            if not FIRST_DAY <= day <= last:
                raise Refused(f"The date has to lie between {FIRST_DAY.isoformat()} and {last.isoformat()}.")
            return day.toordinal() - EPOCH

        return read

    return make


def points_micro(reading: Reading) -> Reader:
    """A number of check points, kept as millionths without passing through a float."""

    def read(text: str) -> int:
        points = _worked(_number(text, reading), reading.steps)
        if not -3 <= points <= 3:
            worked = "" if not reading.steps else f", and this becomes {points.normalize():f}"
            raise Refused(f"An answer lies between -3 and +3{worked}.")
        return int((points * MICRO).to_integral_value(ROUND_HALF_EVEN))

    return read


def an_amount(places: int, *, negative: bool = False) -> Callable[[Reading], Reader]:
    """A number as it was typed, as text: marshal and both databases take it without a float."""

    def make(reading: Reading) -> Reader:
        lowest = Decimal(-99_999_999) if negative else Decimal(0)

        def read(text: str) -> str:
            if not reading.steps and reading.form != "comma":
                _number(text, reading, "an amount. Leave it empty or write a number")
                return str(_checked(clean_amount, as_stored(text), places=places, lowest=lowest))
            amount = _worked(_number(text, reading, "an amount. Leave it empty or write a number"), reading.steps).quantize(
                Decimal(1).scaleb(-places), ROUND_HALF_EVEN
            )
            return str(_checked(clean_amount, f"{amount:f}", places=places, lowest=lowest))

        return read

    return make


def a_choice(words: Mapping[str, Any], named: str) -> Callable[[Reading], Reader]:
    known = {_plain(word): value for word, value in words.items()}

    def read(text: str) -> Any:
        try:
            return known[_plain(as_stored(text))]
        except KeyError:
            raise Refused(f"“{_short(text)}” is not {named}. Write one of: {', '.join(list(words)[:12])}.") from None

    return lambda _: read


def a_worth(reading: Reading) -> Reader:
    """A step of the worth scale, by word or by number: -1 to 4 as here, or another scale turned into it."""
    words = {_plain(word): value for word, value in WORTH_WORDS.items()}
    scales: dict[str, Callable[[Decimal], Decimal]] = {"": lambda n: n, "1to5": lambda n: n - 1, "0to10": lambda n: n * Decimal("0.4")}
    if reading.form not in scales:
        raise Invalid(f"Worth runs from -1 to 4, 1to5 or 0to10, not {reading.form}.", field="map", code="bad_mapping")

    def read(text: str) -> int:
        if (word := words.get(_plain(as_stored(text)))) is not None:
            return word
        number = scales[reading.form](_worked(_number(text, reading, "a step of the worth scale"), reading.steps))
        step = int(number.to_integral_value(ROUND_HALF_EVEN))
        if not Word.BURDEN <= step <= Word.GREAT or (reading.form != "0to10" and step != number):
            raise Refused("Worth runs in whole steps from -1 (got in the way) to 4 (a great deal).")
        return step

    return read


def a_cost_word(reading: Reading) -> Reader:
    worth = a_worth(reading)

    def read(text: str) -> int:
        if (step := worth(text)) < 0:
            raise Refused("What was given cannot cost less than nothing.")
        return step

    return read


# The three tables

WORTH_WORDS = {"got in the way": -1, "nothing": 0, "a little": 1, "a fair amount": 2, "a lot": 3, "a great deal": 4} | {
    word.name.lower(): int(word) for word in Word
}
SIDES: dict[str, int] = dict.fromkeys(["own", "we", "us", "our side"], 0) | dict.fromkeys(["counterpart", "they", "them", "their side"], 1)
DIRECTIONS: dict[str, int] = (
    dict.fromkeys(["we gave", "out", "own", "we", "gave", "given", "outgoing"], int(Giver.OWN))
    | dict.fromkeys(["they gave", "in", "counterpart", "they", "got", "received", "incoming"], int(Giver.COUNTERPART))
    | dict.fromkeys(["together", "joint", "both", "we did it together"], int(Giver.JOINT))
)
ROLES = {"gave": "GAVE", "cost": "GAVE", "given": "GAVE", "got": "GOT", "worth": "GOT", "received": "GOT"}


def _codes(choices: Any) -> dict[str, str]:
    """Codes and labels, both as they are written."""
    return {str(label): value for value, label in choices.choices} | {value: value for value in choices.values}


def _table(*fields: Field) -> dict[str, Field]:
    return {one.name: one for one in fields}


PARTIES = (
    Field("id", "Id", an_id, ("public_id", "uuid", "reference", "ref")),
    Field("relationship", "Relationship, by its id or name", a_line(), ("relationship_id",)),
    Field("own", "Our party", a_line(), ("own_party", "us", "our_side")),
    Field("counterpart", "Relationship", a_line(), ("account", "client", "customer", "company", "with", "name", "party", "partner")),
    Field("relationship_kind", "Kind of relationship", a_choice(_codes(Kind), "a kind of relationship"), ()),
)
VISIBILITY = Field("visibility", "Who may see it", a_choice(_codes(Visibility) | {"shared": "SHARED", "private": "PRIVATE"}, "shared or private"), ())
EXPECTATION = Field(
    "expectation",
    "Compared with expected",
    a_choice(_codes(Expectation) | {"less": "LESS", "as": "AS", "more": "MORE"}, "an expectation"),
    ("compared", "expected", "vs_expected"),
)

CHECKS = _table(
    *PARTIES,
    Field("rater", "Who answers", a_line(), ("source", "from", "from_party"), required=True),
    Field("rated", "About whom", a_line(), ("target", "to", "to_party"), required=True),
    Field("side", "Whose answer", a_choice(SIDES, "a side"), ("answered_by_side", "whose"), required=True),
    Field("value", "Answer, -3 to +3", points_micro, ("rating", "answer", "y", "score", "check", "balance"), required=True),
    Field("guess", "Guess of the other side's answer", points_micro, ()),
    Field("on", "Date", a_day(), ("date", "day", "time", "timestamp", "answered_on"), required=True),
    Field("sentence", "In their words", a_text(2_000), ("comment", "text", "note"), is_free_text=True),
)
EVENTS = _table(
    *PARTIES,
    Field("giver", "Who gave", a_line(), ("from", "source"), required=True),
    Field("receiver", "Who received", a_line(), ("to", "target"), required=True),
    Field("direction", "Direction", a_choice(DIRECTIONS, "a direction"), ("in_out", "inout", "way"), required=True),
    Field("on", "Date", a_day(may_be_ahead=True), ("date", "day", "time", "timestamp", "occurred_on", "occurred"), required=True),
    Field("arrived_on", "Arrived on", a_day(), ("arrived", "delivered_on")),
    Field("expected_on", "Expected on", a_day(may_be_ahead=True), ("due", "due_on")),
    Field("status", "State", a_choice(_codes(EventStatus) | {"promised": "PROMISED", "pending": "PENDING"}, "a state"), ("state",)),
    Field("what", "What happened", a_text(4_000), ("note", "description", "text", "subject", "title"), is_free_text=True),
    Field("goal", "Towards which goal", a_line(), ("aim",)),
    Field("kind", "Kind of giving", a_choice(_codes(EventKind), "a kind of giving"), ("type", "category")),
    Field("value_kind", "Term", a_line(80), ("term", "value", "what_matters")),
    VISIBILITY,
    Field("cost", "Cost to the giver", an_amount(4), ("amount", "hours", "effort")),
    Field("cost_unit", "Unit", a_line(40), ("unit",)),
    Field("cost_word", "Cost to the giver, in words", a_cost_word, ()),
    Field("guess", "Worth, as the giver guesses", a_worth, ("guessed_worth",)),
    Field("worth", "Worth to the receiver", a_worth, ("score", "rating", "worth_word")),
    EXPECTATION,
)
REPORTS = _table(
    Field("id", "Id", an_id, ("public_id", "uuid", "reference", "ref")),
    Field("event", "Event", an_id, ("event_id", "event_reference"), required=True),
    Field("side", "Whose report", a_choice(SIDES, "a side"), ("whose",), required=True),
    Field("role", "Gave or got", a_choice(ROLES | _codes(ReportRole), "gave or got"), ("account",), required=True),
    Field("word", "Worth or cost, in words", a_worth, ("worth", "cost", "score")),
    Field("amount", "Amount", an_amount(4, negative=True), ("typed_amount",)),
    Field("unit", "Unit", a_line(40), ()),
    Field("guess", "Guess of the worth", a_worth, ("guess_word",)),
    Field("arrived", "What arrived", a_choice(_codes(Arrived), "what arrived"), ()),
    EXPECTATION,
    Field("owing", "Glad or owing", a_choice(_codes(Owing), "glad or owing"), ()),
    Field("beneficiary", "For whom", a_choice(_codes(Beneficiary), "a person or the organisation"), ()),
    Field("sentence", "In their words", a_text(2_000), ("comment", "text", "note"), is_free_text=True),
    VISIBILITY,
    Field("money", "Money", an_amount(2), ()),
    Field("currency", "Currency", a_line(3), ()),
    Field("hours", "Hours", an_amount(2), ()),
)
FIELDS: dict[str, dict[str, Field]] = {ImportTable.CHECKS: CHECKS, ImportTable.EVENTS: EVENTS, ImportTable.REPORTS: REPORTS}
# Columns of an export that say who wrote it and when: known, and never taken over.
IGNORED = ("first_hand", "relayed_by", "by", "recorded_at", "import_source")
SIDE_NAMES = {int(SideRole.OWN): "own", int(SideRole.COUNTERPART): "counterpart"}
