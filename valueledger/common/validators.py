"""What people type, made fit to keep: text, days and amounts. One place for forms, the API and imports.

Each raises `Invalid` with the field's name and a sentence that says what is wrong and what is allowed.
"""

import re
import unicodedata
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from valueledger.common.errors import Invalid

FIRST_DAY = date(1970, 1, 1)
LINE = 200
SENTENCE = 2_000
NOTE = 20_000
AMOUNT_MAX = Decimal("99999999.9999")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f]")
# Bidirectional overrides reorder what stands around them; the plain marks (LRM, RLM) are part of honest text and stay.
OVERRIDES = re.compile("[\u202a-\u202e\u2066-\u2069]")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
AMOUNT = re.compile(r"[+-]?\d{1,12}(\.\d{1,12})?")


def clean_text(typed: object, field: str, *, longest: int = SENTENCE, required: bool = False, one_line: bool = False) -> str:
    """NFC text without control characters and bidirectional overrides, trimmed. Too long is refused, never cut."""
    if typed is None:
        typed = ""
    if not isinstance(typed, str):
        raise Invalid("This is not text.", field=field)
    if len(typed) > longest * 2 + 100:  # before any work is done on ten megabytes
        raise Invalid(f"This is too long: {len(typed):,} characters, and {longest:,} fit.", field=field, code="too_long")
    try:
        typed.encode("utf-8")
    except UnicodeEncodeError:
        raise Invalid("This has a character that is not text.", field=field) from None
    text = OVERRIDES.sub("", CONTROL.sub("", unicodedata.normalize("NFC", typed.replace("\r\n", "\n").replace("\r", "\n"))))
    text = " ".join(text.split()) if one_line else text.strip()
    if len(text) > longest:
        raise Invalid(f"This is too long: {len(text):,} characters, and {longest:,} fit.", field=field, code="too_long")
    if required and not text:
        raise Invalid("Say something here.", field=field, code="required")
    return text


def clean_line(typed: object, field: str, *, longest: int = LINE, required: bool = False) -> str:
    return clean_text(typed, field, longest=longest, required=required, one_line=True)


def clean_day(typed: object, field: str, *, today: date, latest: date | None = None, required: bool = True) -> date | None:
    """A day from 1970 to tomorrow (to `latest`, where something is still to come)."""
    if typed in (None, ""):
        if required:
            raise Invalid("A date is needed.", field=field, code="required")
        return None
    if isinstance(typed, str):
        try:
            typed = date.fromisoformat(typed.strip() if DAY.fullmatch(typed.strip()) else "")  # not its weeks and its days of the year
        except ValueError:
            raise Invalid("This is not a date. Write it as 2026-01-31.", field=field, code="not_a_date") from None
    if not isinstance(typed, date):
        raise Invalid("This is not a date.", field=field, code="not_a_date")
    last = latest or today + timedelta(days=1)
    if not FIRST_DAY <= typed <= last:
        raise Invalid(f"The date has to lie between {FIRST_DAY.isoformat()} and {last.isoformat()}.", field=field, code="out_of_range")
    return typed


def clean_amount(
    typed: object, field: str, *, lowest: Decimal = Decimal(0), highest: Decimal = AMOUNT_MAX, places: int = 4, required: bool = False
) -> Decimal | None:
    """A finite Decimal with at most `places` decimals, kept as typed. No exponents, no digits of other scripts."""
    if typed is None or typed == "":
        if required:
            raise Invalid("A number is needed.", field=field, code="required")
        return None
    if isinstance(typed, bool) or not isinstance(typed, str | int | Decimal):
        raise Invalid("This is not a number.", field=field, code="not_a_number")
    text = str(typed).strip().replace("\u2212", "-")
    if not AMOUNT.fullmatch(text) or not text.isascii():
        raise Invalid(f"This is not a number we can keep. Write digits, with at most {places} after the point.", field=field, code="not_a_number")
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise Invalid("This is not a number.", field=field, code="not_a_number") from None
    exponent = amount.as_tuple().exponent
    if not isinstance(exponent, int) or -exponent > places:
        raise Invalid(f"At most {places} digits after the point.", field=field, code="too_many_places")
    if not lowest <= amount <= highest:
        raise Invalid(f"The number has to lie between {lowest} and {highest}.", field=field, code="out_of_range")
    return amount


def clean_email(typed: object, field: str, *, required: bool = False) -> str:
    address = clean_line(typed, field, longest=254, required=required)
    if address:
        try:
            validate_email(address)
        except ValidationError:
            raise Invalid("This is not an e-mail address.", field=field, code="not_an_address") from None
    return address
