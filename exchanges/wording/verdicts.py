"""Verdicts as chips. The codes are those of the balance core; who gives more is read from them here and nowhere else.

A side that feels short gives more than it gets. So `tilted_to_counterpart`, where our own side is short and theirs has more than
enough, reads "We give more", and so does `own_feels_short`.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from exchanges.wording.sides import Eyes

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

UNCONFIRMED = "unconfirmed"
BALANCED = "balanced"

# Where each end stands: (they, we) as -1 below fair, 0 fair, +1 above.
ENDS: dict[str, tuple[int, int]] = {
    "unseen_value": (-1, -1),
    "counterpart_feels_short": (-1, 0),
    "tilted_to_own": (-1, 1),
    "own_feels_short": (0, -1),
    "balanced": (0, 0),
    "own_feels_indebted": (0, 1),
    "tilted_to_counterpart": (1, -1),
    "counterpart_feels_indebted": (1, 0),
    "mutual_surplus": (1, 1),
}
MIRRORED = {
    "counterpart_feels_short": "own_feels_short",
    "own_feels_short": "counterpart_feels_short",
    "tilted_to_own": "tilted_to_counterpart",
    "tilted_to_counterpart": "tilted_to_own",
    "own_feels_indebted": "counterpart_feels_indebted",
    "counterpart_feels_indebted": "own_feels_indebted",
}
SHARES = {
    "unseen_value": "both",
    "counterpart_feels_short": "they",
    "tilted_to_own": "they",
    "own_feels_short": "we",
    "tilted_to_counterpart": "we",
    "balanced": "fair",
    "own_feels_indebted": "over",
    "counterpart_feels_indebted": "over",
    "mutual_surplus": "over",
}
SHARE_LABELS: dict[str, "StrPromise"] = {
    "fair": gettext_lazy("In equilibrium"),
    "over": gettext_lazy("Someone gets more"),
    "we": gettext_lazy("We give more"),
    "they": gettext_lazy("They give more"),
    "both": gettext_lazy("Both give more"),
    "open": gettext_lazy("Unconfirmed"),
}
HEIGHTS = {-1: 12.0, 0: 7.0, 1: 2.0}
SPIRAL_HEIGHTS = (12.0, 11.0)
OPEN_HEIGHTS = (9.0, 5.0)


@dataclass(frozen=True, slots=True)
class VerdictChip:
    """Glyph, words and class. they_y and we_y are the heights of the two ends in a box of 24 by 14."""

    label: str
    css: str
    they_y: float = 7.0
    we_y: float = 7.0
    is_open: bool = False
    is_gap: bool = False


def mirror(code: str) -> str:
    """The same verdict seen from the other side."""
    return MIRRORED.get(code, code)


def share_of(code: str) -> str:
    """The part of the portfolio a verdict counts in: by position only, so that the parts add up."""
    return SHARES.get(code, "open")


def _label(code: str, eyes: str) -> str:
    labels = {
        "they_give": _("They give more"),
        "we_give": _("We give more") if eyes == Eyes.OWN else _("You give more"),
        "they_get": _("They get more"),
        "we_get": _("We get more") if eyes == Eyes.OWN else _("You get more"),
    }
    they, we = ENDS[code]
    if they < 0 and we < 0:
        return _("Both give more")
    if they > 0 and we > 0:
        return _("Both feel ahead")
    if they < 0 or we < 0:
        return labels["they_give"] if they < 0 else labels["we_give"]
    if they > 0 or we > 0:
        return labels["they_get"] if they > 0 else labels["we_get"]
    return _("In equilibrium")


def _css(they: int, we: int) -> str:
    if they < 0 and we < 0:
        return "verdict verdict--both"
    if they < 0 or we < 0:
        return "verdict verdict--under"
    return "verdict verdict--over" if they > 0 or we > 0 else "verdict"


def _unconfirmed() -> VerdictChip:
    return VerdictChip(_("Unconfirmed"), "verdict verdict--unconfirmed", *OPEN_HEIGHTS, is_open=True)


def verdict_chip(code: str, spiral: bool = False, gap: bool = False, eyes: str = Eyes.OWN) -> VerdictChip:
    """The first that holds wins: unconfirmed, spiral, gap, then the position. An unknown code is unconfirmed: never a wrong verdict.

    In the portal the code is still that of the ledger; the words and the glyph turn, because the reader is the other side.
    """
    return _chip(code, spiral, gap, str(eyes), get_language())


@lru_cache(256)
def _chip(code: str, spiral: bool, gap: bool, eyes: str, language: str | None) -> VerdictChip:
    if eyes != Eyes.OWN:
        code = mirror(code)
    if code not in ENDS:
        return _unconfirmed()
    they, we = ENDS[code]
    if spiral:
        return VerdictChip(_("Both pulling back"), "verdict verdict--both", *SPIRAL_HEIGHTS)
    if gap:
        return VerdictChip(_("Perception gap"), "verdict verdict--gap", is_gap=True)
    heights = (HEIGHTS[they], HEIGHTS[we]) if (they, we) != (-1, -1) else SPIRAL_HEIGHTS
    return VerdictChip(_label(code, eyes), _css(they, we), *heights)


def personal_chip(code: str) -> VerdictChip:
    """Friends are not told who owes whom: it feels even, it is worth a talk, or it has been a while."""
    if code not in ENDS:
        return VerdictChip(_("It has been a while"), "verdict verdict--unconfirmed", *OPEN_HEIGHTS, is_open=True)
    if min(ENDS[code]) >= 0:
        return VerdictChip(_("Feels even"), "verdict")
    return VerdictChip(_("Worth a talk"), "verdict")


def rank_css(code: str, spiral: bool = False) -> str:
    """The ring around a number of the attention list."""
    if code not in ENDS:
        return "rank rank--unconfirmed"
    they, we = ENDS[code]
    if spiral or (they, we) == (-1, -1):
        return "rank rank--both"
    return "rank rank--under" if min(they, we) < 0 else "rank rank--over" if max(they, we) > 0 else "rank"
