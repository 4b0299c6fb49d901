"""Balances and snapshots, always in the shared view: what both sides may see. A token is nobody's eyes, so nothing private moves them."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from exchanges.access import relationship_for
from exchanges.models import Snapshot, View
from exchanges.selectors.balances import EIGHTY_PERCENT, KAPPA, Balance, Outlooks, SideBalance, balance_in_the_past, balance_of
from exchanges.selectors.statements import EPOCH
from relationships.api.doors import Endpoint
from relationships.models import Kind
from valueledger.common.api_pages import PAGE_PARAMETERS, page_body, page_by_values, paged, parameters_of
from valueledger.common.errors import Invalid
from valueledger.common.validators import FIRST_DAY, clean_day

SHARED = "SHARED"


class FeltSerializer(serializers.Serializer):
    """One side's account. Points on its own scale; the range holds the truth eight times in ten."""

    felt = serializers.FloatField(allow_null=True, help_text="Points: above 0 it gets more than it gives, below 0 less.")
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    short = serializers.FloatField(allow_null=True, help_text="Chance that it lies below its fair band.")
    fair = serializers.FloatField(allow_null=True)
    over = serializers.FloatField(allow_null=True)
    heard = serializers.BooleanField(allow_null=True, help_text="Whether this side has said enough lately.")
    answered_on = serializers.DateField(allow_null=True)
    due_on = serializers.DateField(allow_null=True)


class BalanceSerializer(serializers.Serializer):
    relationship = serializers.UUIDField()
    view = serializers.ChoiceField(choices=[SHARED])
    as_of = serializers.DateField()
    method = serializers.CharField()
    band = serializers.FloatField()
    own = FeltSerializer()
    counterpart = FeltSerializer(help_text="All null while an employee keeps their side to themself.")
    tilt = serializers.FloatField(allow_null=True)
    tilt_low = serializers.FloatField(allow_null=True)
    tilt_high = serializers.FloatField(allow_null=True)
    surplus = serializers.FloatField(allow_null=True)
    index = serializers.FloatField(allow_null=True)
    index_low = serializers.FloatField(allow_null=True)
    index_high = serializers.FloatField(allow_null=True)
    verdict = serializers.CharField(allow_null=True)
    leaning = serializers.CharField(allow_null=True)
    probability = serializers.FloatField(allow_null=True)
    is_likely = serializers.BooleanField(allow_null=True)
    is_sustained = serializers.BooleanField(allow_null=True)
    is_spiral = serializers.BooleanField(allow_null=True)


NOT_SHOWN: dict[str, Any] = dict.fromkeys(("felt", "low", "high", "short", "fair", "over", "heard", "answered_on", "due_on"))
JUDGED = ("verdict", "leaning", "probability", "is_likely", "is_sustained", "is_spiral")


def side_out(side: SideBalance) -> dict[str, Any]:
    return {
        "felt": side.f, "low": side.lo, "high": side.hi, "short": side.short, "fair": side.fair, "over": side.over, "heard": side.heard,
        "answered_on": side.answered_on, "due_on": side.due_on,
    }  # fmt: skip


def is_hidden(balance: Balance, kind: str) -> bool:
    """An employee's side is not shown until they have shared an answer themself: neither its number nor what follows from it."""
    return kind == Kind.EMPLOYEE and not balance.counterpart.was_ever_heard


def sides_out(balance: Balance, kind: str) -> dict[str, Any]:
    """Both sides and the verdict, as lists and the balance itself show them."""
    hidden = is_hidden(balance, kind)
    return {
        "view": SHARED,
        "as_of": balance.as_of,
        "own": side_out(balance.own),
        "counterpart": NOT_SHOWN if hidden else side_out(balance.counterpart),
        **{name: None if hidden else getattr(balance, name) for name in JUDGED},
    }


def many_out(seen: Outlooks, kinds: Sequence[str]) -> list[dict[str, Any]]:
    """As `sides_out` for every row, from whole columns: a list must not cost fifty times a page."""
    columns, sides = seen.columns(), {"own": _side_columns(seen, "own"), "counterpart": _side_columns(seen, "counterpart")}
    judged = [columns[name].tolist() for name in ("verdict", "leaning", "probability")]
    judged += [np.asarray(seen.seen.likely, bool).tolist(), columns["is_sustained"].tolist(), columns["is_spiral"].tolist()]
    found = []
    for place, kind in enumerate(kinds):
        theirs = sides["counterpart"][place]
        hidden = kind == Kind.EMPLOYEE and theirs["answered_on"] is None
        found.append(
            {
                "view": SHARED,
                "as_of": seen.as_of,
                "own": sides["own"][place],
                "counterpart": NOT_SHOWN if hidden else theirs,
                **{name: None if hidden else column[place] for name, column in zip(JUDGED, judged, strict=True)},
            }
        )
    return found


def _side_columns(seen: Outlooks, name: str) -> list[dict[str, Any]]:
    columns, side = seen.columns(), getattr(seen.seen, name)
    felt, half = columns[f"r_{name}"] / KAPPA, EIGHTY_PERCENT * columns[f"sd_{name}"]
    low, high = (columns[f"r_{name}"] - half) / KAPPA, (columns[f"r_{name}"] + half) / KAPPA
    answered = [None if day is None else date.fromordinal(day + EPOCH) for day in columns[f"answered_{name}_on"].tolist()]
    due = [date.fromordinal(day + EPOCH) for day in columns[f"due_{name}_on"].tolist()]
    values = (
        felt.tolist(),
        low.tolist(),
        high.tolist(),
        side.short.tolist(),
        side.fair.tolist(),
        side.over.tolist(),
        columns[f"heard_{name}"].tolist(),
        answered,
        due,
    )
    return [dict(zip(NOT_SHOWN, row, strict=True)) for row in zip(*values, strict=True)]


def balance_out(balance: Balance, *, relationship: Any, kind: str) -> dict[str, Any]:
    hidden, half = is_hidden(balance, kind), EIGHTY_PERCENT * balance.tilt_sd
    between = {
        "tilt": balance.tilt / KAPPA, "tilt_low": (balance.tilt - half) / KAPPA, "tilt_high": (balance.tilt + half) / KAPPA,
        "surplus": balance.surplus / KAPPA, "index": balance.index, "index_low": balance.index_lo, "index_high": balance.index_hi,
    }  # fmt: skip
    return {
        "relationship": relationship,
        "method": balance.method,
        "band": balance.band,
        **sides_out(balance, kind),
        **(dict.fromkeys(between) if hidden else between),
    }


class BalanceView(Endpoint):
    """How even it feels to both sides on a day, as both may see it."""

    @extend_schema(
        operation_id="balance",
        parameters=[
            OpenApiParameter(
                "as_of", {"type": "string", "format": "date"}, description="A day up to today; an earlier one is what we now think of then."
            )
        ],
        responses=BalanceSerializer,
    )
    def get(self, request: Request, public_id: Any) -> HttpResponse:
        parameters = parameters_of(request, "as_of")
        relationship = relationship_for(self.member, public_id).relationship
        as_of = self._day(parameters.get("as_of"))
        read = balance_of if as_of >= self.today else balance_in_the_past
        balance = read(relationship, view=View.SHARED, as_of=as_of)
        return self.answer(balance_out(balance, relationship=relationship.public_id, kind=relationship.kind))

    def _day(self, typed: str | None) -> date:
        if typed is None:
            return self.today
        if len(typed) != 10:
            raise Invalid(f"Write the date as {FIRST_DAY.isoformat()}.", field="as_of", code="not_a_date")
        day = clean_day(typed, "as_of", today=self.today, latest=self.today)
        assert day is not None
        return day


class SnapshotSideSerializer(serializers.Serializer):
    felt = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    heard = serializers.BooleanField(allow_null=True)


class SnapshotSerializer(serializers.Serializer):
    """What we said of a relationship on a day. It never changes afterwards."""

    view = serializers.ChoiceField(choices=[SHARED])
    as_of = serializers.DateField()
    known_at = serializers.DateTimeField()
    method = serializers.CharField()
    own = SnapshotSideSerializer()
    counterpart = SnapshotSideSerializer()
    verdict = serializers.CharField(allow_null=True)
    probability = serializers.FloatField(allow_null=True)


SNAPSHOT_COLUMNS = (
    "as_of", "known_at", "method", "r_own", "sd_own", "heard_own", "r_counterpart", "sd_counterpart", "heard_counterpart", "verdict", "probability",
)  # fmt: skip


def snapshot_out(row: tuple[Any, ...], *, kind: str) -> dict[str, Any]:
    as_of, known_at, method, r_own, sd_own, heard_own, r_theirs, sd_theirs, heard_theirs, verdict, probability = row[:11]
    hidden = kind == Kind.EMPLOYEE and not heard_theirs
    return {
        "view": SHARED, "as_of": as_of, "known_at": known_at, "method": method,
        "own": _then(r_own, sd_own, heard_own),
        "counterpart": dict.fromkeys(("felt", "low", "high", "heard")) if hidden else _then(r_theirs, sd_theirs, heard_theirs),
        "verdict": None if hidden else verdict, "probability": None if hidden else probability,
    }  # fmt: skip


def _then(r: float, sd: float, heard: bool) -> dict[str, Any]:
    half = EIGHTY_PERCENT * sd
    return {"felt": r / KAPPA, "low": (r - half) / KAPPA, "high": (r + half) / KAPPA, "heard": heard}


class SnapshotsView(Endpoint):
    """What we said of this relationship, newest first."""

    @extend_schema(operation_id="snapshots", parameters=PAGE_PARAMETERS, responses=paged(SnapshotSerializer))
    def get(self, request: Request, public_id: Any) -> HttpResponse:
        parameters = parameters_of(request, "limit", "cursor")
        relationship = relationship_for(self.member, public_id).relationship
        rows = Snapshot.objects.filter(workspace_id=relationship.workspace_id, relationship=relationship, view=View.SHARED)
        found, following = page_by_values(rows, request=request, parameters=parameters, columns=SNAPSHOT_COLUMNS, key="known_at")
        return self.answer(page_body((snapshot_out(row, kind=relationship.kind) for row in found), following))
