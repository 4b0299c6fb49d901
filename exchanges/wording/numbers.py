"""An estimate in points as text. A number never leaves this module without its range."""

from decimal import ROUND_HALF_UP, Decimal

from django.utils import formats
from django.utils.translation import gettext as _

MINUS, PLUS_MINUS, NO_BREAK = "\u2212", "\u00b1", "\u00a0"
LEAST_HALF = Decimal("0.1")
LOPSIDED = 0.2
STEP = Decimal("0.1")


def _tenths(value: float) -> Decimal:
    """Rounded half up. The sixth decimal is noise of the computation and must not decide a half."""
    return Decimal(str(round(value, 6))).quantize(STEP, ROUND_HALF_UP)


def _plain(value: Decimal) -> str:
    return formats.number_format(abs(value), decimal_pos=1)


def signed(value: float) -> str:
    """+0.4, a true minus for less than nothing, and 0.0 without a sign."""
    tenths = _tenths(value)
    sign = MINUS if tenths < 0 else "+" if tenths > 0 else ""
    return f"{sign}{_plain(tenths)}"


def half(lo: float, hi: float) -> Decimal:
    """Half the range, never below a tenth: nothing here is known better than that."""
    return max(_tenths((hi - lo) / 2), LEAST_HALF)


def _is_lopsided(f: float, lo: float, hi: float) -> bool:
    return abs((hi - f) - (f - lo)) > LOPSIDED


def number(f: float, lo: float, hi: float) -> str:
    """Estimate and range: \u22121.2 \u00b10.5, or both ends where the range is lopsided."""
    if _is_lopsided(f, lo, hi):
        return _("{low} to {high}").format(low=signed(lo), high=signed(hi))
    return f"{signed(f)}{NO_BREAK}{PLUS_MINUS}{_plain(half(lo, hi))}"


def _spoken(value: float) -> str:
    tenths = _tenths(value)
    if tenths < 0:
        return _("minus {number}").format(number=_plain(tenths))
    return _("plus {number}").format(number=_plain(tenths)) if tenths > 0 else _plain(tenths)


def spoken(f: float, lo: float, hi: float) -> str:
    """The same for a screen reader: minus 1.2, plus or minus 0.5."""
    if _is_lopsided(f, lo, hi):
        return _("between {low} and {high}").format(low=_spoken(lo), high=_spoken(hi))
    return _("{number}, plus or minus {half}").format(number=_spoken(f), half=_plain(half(lo, hi)))


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
