"""An estimate in points as text. A number never leaves this module without its range."""

from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import NamedTuple

from django.utils import formats
from django.utils.translation import get_language
from django.utils.translation import gettext as _

MINUS, PLUS_MINUS, NO_BREAK = "\u2212", "\u00b1", "\u00a0"
LEAST_HALF = Decimal("0.1")
LOPSIDED = 0.2
STEP = Decimal("0.1")
KEPT = 4096


def _tenths(value: float) -> Decimal:
    """Rounded half up. The sixth decimal is noise of the computation and must not decide a half."""
    return Decimal(str(round(value, 6))).quantize(STEP, ROUND_HALF_UP)


class Rounded(NamedTuple):
    """An estimate as it is written: in tenths. Both ends are kept only where the range is lopsided."""

    f: Decimal
    half: Decimal
    ends: tuple[Decimal, Decimal] | None


def rounded(f: float, lo: float, hi: float) -> Rounded:
    lopsided = abs((hi - f) - (f - lo)) > LOPSIDED
    return Rounded(_tenths(f), max(_tenths((hi - lo) / 2), LEAST_HALF), (_tenths(lo), _tenths(hi)) if lopsided else None)


def _plain(value: Decimal) -> str:
    return formats.number_format(abs(value), decimal_pos=1)


def _signed(tenths: Decimal) -> str:
    sign = MINUS if tenths < 0 else "+" if tenths > 0 else ""
    return f"{sign}{_plain(tenths)}"


def signed(value: float) -> str:
    """+0.4, a true minus for less than nothing, and 0.0 without a sign."""
    return _signed(_tenths(value))


def number(f: float, lo: float, hi: float) -> str:
    """Estimate and range: \u22121.2 \u00b10.5, or both ends where the range is lopsided."""
    return _number(rounded(f, lo, hi), get_language())


@lru_cache(KEPT)
def _number(value: Rounded, language: str | None) -> str:
    """Kept for each language: a list writes the same few tenths hundreds of times, and looking up words is what costs."""
    if value.ends:
        return _("{low} to {high}").format(low=_signed(value.ends[0]), high=_signed(value.ends[1]))
    return f"{_signed(value.f)}{NO_BREAK}{PLUS_MINUS}{_plain(value.half)}"


def _aloud(tenths: Decimal) -> str:
    if tenths < 0:
        return _("minus {number}").format(number=_plain(tenths))
    return _("plus {number}").format(number=_plain(tenths)) if tenths > 0 else _plain(tenths)


def spoken(f: float, lo: float, hi: float) -> str:
    """The same for a screen reader: minus 1.2, plus or minus 0.5."""
    return spoken_rounded(rounded(f, lo, hi))


def spoken_rounded(value: Rounded) -> str:
    if value.ends:
        return _("between {low} and {high}").format(low=_aloud(value.ends[0]), high=_aloud(value.ends[1]))
    return _("{number}, plus or minus {half}").format(number=_aloud(value.f), half=_plain(value.half))


def count_word(count: int) -> str:
    """Small numbers in a sentence as words: three. From thirteen on, digits."""
    words = [
        _("no"),
        _("one"),
        _("two"),
        _("three"),
        _("four"),
        _("five"),
        _("six"),
        _("seven"),
        _("eight"),
        _("nine"),
        _("ten"),
        _("eleven"),
        _("twelve"),
    ]
    return words[count] if 0 <= count < len(words) else formats.number_format(count, use_l10n=True, force_grouping=True)


def capital(text: str) -> str:
    """Only the first letter: str.capitalize would lower the rest."""
    return text[:1].upper() + text[1:]
