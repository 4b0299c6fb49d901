"""Pages of a list, newest first: by place in the order, so that page 2,000 costs what page 1 costs, and nothing is counted.

A cursor is opaque. Inside it is the public id (or the days) of the last row that was shown, never a row id or a position.
"""

import base64
import binascii
import re
import uuid
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import Model, QuerySet, Subquery
from drf_spectacular.utils import OpenApiParameter, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request

from valueledger.common.errors import Invalid

PER_PAGE = 50
PER_PAGE_MOST = 500
CURSOR_LONGEST = 120
LIMIT = re.compile(r"[1-9][0-9]{0,2}")

PAGE_PARAMETERS = [
    OpenApiParameter("limit", {"type": "integer", "minimum": 1, "maximum": PER_PAGE_MOST, "default": PER_PAGE}, description="Rows on a page."),
    OpenApiParameter("cursor", {"type": "string", "maxLength": CURSOR_LONGEST}, description="Where the page begins: from `next` of the page before."),
]


class UnknownParameter(Invalid):
    code = "unknown_parameter"
    sentence = "This parameter is not known here."


class BadCursor(Invalid):
    code = "bad_cursor"
    sentence = "This cursor was not made by us. Begin with the first page."


def paged(row: type[serializers.Serializer]) -> serializers.Serializer:
    """What a list answers, for the schema."""
    name = row.__name__.removesuffix("Serializer") + "Page"
    return inline_serializer(name, {"results": row(many=True), "next": serializers.URLField(allow_null=True)})


def parameters_of(request: Request, *known: str) -> dict[str, str]:
    """The query's parameters, each once. Raises for one that is not known: a filter that is ignored answers another question."""
    for name in request.query_params:
        if name not in known:
            raise UnknownParameter(field=name[:60])
        if len(request.query_params.getlist(name)) > 1:
            raise Invalid("Say this once.", field=name, code="twice")
    return {name: str(value) for name, value in request.query_params.items()}


def limit_of(parameters: dict[str, str]) -> int:
    typed = parameters.get("limit", str(PER_PAGE))
    if not LIMIT.fullmatch(typed) or int(typed) > PER_PAGE_MOST:
        raise Invalid(f"The limit is a whole number from 1 to {PER_PAGE_MOST}.", field="limit", code="out_of_range")
    return int(typed)


def page_of(
    rows: QuerySet[Any],
    *,
    request: Request,
    parameters: dict[str, str],
    columns: Sequence[str],
    anchor: type[Model],
    key: str = "pk",
    public: str = "public_id",
) -> tuple[list[tuple[Any, ...]], str | None]:
    """One page as tuples of `columns`, and the address of the next one. Costs one query.

    Rows stand in the order of `anchor`'s row ids: `key` leads from a row to that id, `public` to its public id.
    """
    limit = limit_of(parameters)
    if "cursor" in parameters:
        place = anchor._default_manager.filter(public_id=_read_id(parameters["cursor"])).values("pk")
        rows = rows.filter(**{f"{key}__lt": Subquery(place)})
    found = list(rows.order_by(f"-{key}").values_list(*columns, public)[: limit + 1])
    last = found[limit - 1][-1] if len(found) > limit else None
    return found[:limit], None if last is None else _address(request, parameters, _write(last.bytes))


def page_by_values(
    rows: QuerySet[Any], *, request: Request, parameters: dict[str, str], columns: Sequence[str], key: str
) -> tuple[list[tuple[Any, ...]], str | None]:
    """As `page_of`, for rows without a public id that are told apart by a moment."""
    limit = limit_of(parameters)
    if "cursor" in parameters:
        rows = rows.filter(**{f"{key}__lt": _read_moment(parameters["cursor"])})
    found = list(rows.order_by(f"-{key}").values_list(*columns, key)[: limit + 1])
    last = found[limit - 1][-1] if len(found) > limit else None
    return found[:limit], None if last is None else _address(request, parameters, _write(last.isoformat().encode()))


def page_body(results: Iterable[dict[str, Any]], following: str | None) -> dict[str, Any]:
    return {"results": list(results), "next": following}


def _address(request: Request, parameters: dict[str, str], cursor: str) -> str:
    return f"{settings.PUBLIC_URL}{request.path}?{urlencode({**parameters, 'cursor': cursor})}"


def _write(inside: bytes) -> str:
    return base64.urlsafe_b64encode(inside).decode().rstrip("=")


def _read(cursor: str) -> bytes:
    if len(cursor) > CURSOR_LONGEST or not cursor.isascii():
        raise BadCursor(field="cursor")
    try:
        inside = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise BadCursor(field="cursor") from None
    return inside


def _read_id(cursor: str) -> uuid.UUID:
    inside = _read(cursor)
    if len(inside) != 16:
        raise BadCursor(field="cursor")
    return uuid.UUID(bytes=inside)


def _read_moment(cursor: str) -> Any:
    try:
        moment = serializers.DateTimeField().to_internal_value(_read(cursor).decode("ascii"))
    except (UnicodeDecodeError, serializers.ValidationError, OverflowError):
        raise BadCursor(field="cursor") from None
    return moment
