"""
Balances straight from lines of evidence, without a database: for operators, and for whoever checks the arithmetic.

Each line is a JSON object {"relationship": "r1", "side": "own"|"counterpart", "on": "2026-01-31", "kind":
"check"|"confirm"|"got"|"gave"|"shock", "value": x, "relayed": false}: points for a check (-3..3), nats for a confirm, value points for
got (below 0 is harm) and gave, null on these two for one typical event, null for a shock of that side. Other keys are left alone.
Numbers are used as they stand, not rounded to what the ledger stores.
"""

import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, NoReturn

import numpy as np

from exchanges.balance import (
    DEFAULTS,
    EPOCH,
    MICRO,
    NANO,
    NO_VALUE,
    EvidenceColumns,
    Kind,
    Outlook,
    Role,
    SideOutlook,
    Verdict,
    asked_now,
    fold,
    outlook,
    sides,
)

KINDS = {kind.name.lower(): kind for kind in Kind}
ROLES = {role.name.lower(): role for role in Role}
LAST_YEAR = 2199
POINTS_MAX = 9e12
NATS_MAX = 100.0
CHECK_MAX = 3.0


class BadLine(ValueError):
    """A line that is not evidence: its number, the field, and why."""

    def __init__(self, number: int, field: str, reason: str) -> None:
        super().__init__(f"Line {number}, {field}: {reason}")
        self.number, self.field, self.reason = number, field, reason


@dataclass(frozen=True, slots=True)
class Line:
    relationship: str
    side: Role
    day: int
    kind: Kind
    value: float
    """In the units of the ledger: micro points, nano nats."""
    relayed: bool


def day_of(text: object) -> int:
    """Whole days since 1970-01-01 of an ISO date. Raises ValueError with a sentence."""
    if not isinstance(text, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise ValueError("must be a date such as 2026-01-31.")
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise ValueError("is not a day of the calendar.") from error
    if not 1970 <= day.year <= LAST_YEAR:
        raise ValueError(f"must lie between the years 1970 and {LAST_YEAR}.")
    return day.toordinal() - EPOCH


def read(lines: Iterable[bytes]) -> list[Line]:
    """This will read every line or raise BadLine for the first that is wrong. Empty lines are passed over."""
    return [_line(number, text) for number, text in enumerate(lines, 1) if text.strip(b" \t\r\n\xef\xbb\xbf")]


def replay(lines: list[Line], as_of: int | None = None) -> list[dict[str, Any]]:
    """
    This will give one balance per relationship, in the order of their first lines, at a day or the last day of all lines.

    Evidence later than the day is left out; a relationship that has no other stands at the prior.
    """
    if not lines:
        return []
    names = list(dict.fromkeys(line.relationship for line in lines))
    places = {name: place for place, name in enumerate(names)}
    evidence = EvidenceColumns.of(
        [2 * places[line.relationship] + line.side for line in lines],
        [line.day for line in lines],
        [line.kind for line in lines],
        np.array([line.value for line in lines], float),
        [line.relayed for line in lines],
    )
    day = int(evidence.day.max()) if as_of is None else as_of
    own, counterpart = sides(fold(evidence.until(day), 2 * len(names)).after)
    seen = outlook(own, counterpart, day)
    return [{"relationship": name, **_told(seen.row(place), day)} for place, name in enumerate(names)]


def _told(seen: Outlook, day: int) -> dict[str, Any]:
    both = (("own", seen.own), ("counterpart", seen.counterpart))

    def per_side(field: str) -> dict[str, Any]:
        return {role: getattr(side, field) for role, side in both}

    return {
        "as_of": _date(day),
        "felt": per_side("felt"),
        "sd": per_side("sd"),
        "usual": per_side("usual"),
        "ledger_bias": per_side("ledger_bias"),
        "tilt": seen.tilt,
        "surplus": seen.surplus,
        "tilt_sd": seen.sd,
        "index": seen.index,
        "index_band": [seen.index_low, seen.index_high],
        "share": seen.share,
        "seen": seen.seen,
        "cells": seen.cells.tolist(),
        "verdict": Verdict(seen.verdict).code,
        "leaning": Verdict(seen.leaning).code,
        "probability": seen.probability,
        "likely": seen.likely,
        "severe": seen.severe,
        "heard": per_side("heard"),
        "incident": per_side("surprised"),
        "sustained": seen.sustained,
        "sustained_sides": per_side("sustained"),
        "withdrawal": per_side("withdrawal"),
        "mutual_withdrawal": seen.mutual_withdrawal,
        "spiral": seen.spiral,
        "due_on": {role: _due_on(side, day) for role, side in both},
    }


def _due_on(side: SideOutlook, day: int) -> str:
    return _date(asked_now(side.due_day, side.due_reason, side.answer_day, day, DEFAULTS.gap_max_days))


def _date(day: int) -> str:
    return date.fromordinal(day + EPOCH).isoformat()


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number.")


def _line(number: int, text: bytes) -> Line:
    try:
        row = json.loads(text.decode("utf-8-sig" if number == 1 else "utf-8"), parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise BadLine(number, "line", "is not UTF-8.") from error
    except RecursionError as error:
        raise BadLine(number, "line", "is nested too deep.") from error
    except json.JSONDecodeError as error:
        raise BadLine(number, "line", f"is not JSON: {error.msg} at character {error.pos + 1}.") from error
    except ValueError as error:
        raise BadLine(number, "value", str(error)) from error
    if not isinstance(row, dict):
        raise BadLine(number, "line", "must be a JSON object.")
    name = row.get("relationship")
    if not isinstance(name, str) or not name:
        raise BadLine(number, "relationship", "must be a text that is not empty.")
    kind = _one_of(number, row, "kind", KINDS)
    return Line(
        relationship=name,
        side=_one_of(number, row, "side", ROLES),
        day=_day(number, row.get("on")),
        kind=kind,
        value=_value(number, kind, row.get("value")),
        relayed=_relayed(number, kind, row.get("relayed", False)),
    )


def _one_of(number: int, row: dict[str, Any], field: str, codes: dict[str, Any]) -> Any:
    code = row.get(field)
    if not isinstance(code, str) or code not in codes:
        raise BadLine(number, field, f"must be one of {', '.join(codes)}.")
    return codes[code]


def _day(number: int, text: object) -> int:
    try:
        return day_of(text)
    except ValueError as error:
        raise BadLine(number, "on", str(error)) from error


def _relayed(number: int, kind: Kind, relayed: object) -> bool:
    if not isinstance(relayed, bool):
        raise BadLine(number, "relayed", "must be true or false.")
    if relayed and kind is Kind.CONFIRM:
        raise BadLine(number, "relayed", "nobody can confirm for somebody else.")
    return relayed and kind is not Kind.SHOCK


def _value(number: int, kind: Kind, value: object) -> float:
    if kind is Kind.SHOCK:
        if value is not None:
            raise BadLine(number, "value", "must be null for a shock.")
        return 0.0
    if value is None and kind in (Kind.GOT, Kind.GAVE):
        return float(NO_VALUE)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadLine(number, "value", "must be a number.")
    low, high = {
        Kind.CHECK: (-CHECK_MAX, CHECK_MAX),
        Kind.CONFIRM: (-NATS_MAX, NATS_MAX),
        Kind.GOT: (-POINTS_MAX, POINTS_MAX),
        Kind.GAVE: (0.0, POINTS_MAX),
    }[kind]
    if not low <= value <= high or not math.isfinite(value):
        raise BadLine(number, "value", f"must lie between {low:g} and {high:g} for {kind.name.lower()}.")
    return value * float(NANO if kind is Kind.CONFIRM else MICRO)
