"""The door that every endpoint of both apps stands behind: a workspace's token, its scopes, one workspace, acts carried out once."""

import json
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NoReturn
from uuid import UUID

from django.core.exceptions import RequestDataTooBig
from django.db import transaction
from django.http import HttpResponse
from django.http.request import UnreadablePostError
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from relationships.models import Member
from relationships.selectors.bearers import Bearer, bearer_of
from valueledger.common import idempotency
from valueledger.common.api import TooLarge
from valueledger.common.api_inputs import Input
from valueledger.common.errors import Invalid
from valueledger.common.tenancy import within

SAFE = ("GET", "HEAD")
LONGEST_TOKEN = 200


def _rendered(body: Any) -> bytes:
    """JSON, quickly: the renderer of the framework looks at every value in Python."""
    return json.dumps(body, default=_plain, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, UUID | Decimal):
        return str(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Iterable):
        return list(value)
    raise TypeError(f"{type(value).__name__} does not belong into an answer.")


class KeyMissing(Invalid):
    code = "idempotency_key_required"
    sentence = "Send an Idempotency-Key with this: one to 100 printable characters, made once for this act."


class ScopeMissing(exceptions.PermissionDenied):
    default_code = "scope_missing"
    default_detail = "This token was not made for that."


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer ...` and nothing else: no session opens this door, so no other site can knock in a user's name."""

    def authenticate(self, request: Request) -> tuple[Bearer, Bearer] | None:
        scheme, _, secret = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        bearer = bearer_of(secret, now=timezone.now()) if len(secret) <= LONGEST_TOKEN else None
        if bearer is None:
            raise exceptions.AuthenticationFailed
        return bearer, bearer

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class BearerScheme(OpenApiAuthenticationExtension):
    target_class = BearerAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "A workspace's token, with the scope `read` or `read write`."}


class HasScope(BasePermission):
    """Reading needs `read`, everything else `write`."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not isinstance(request.auth, Bearer):
            return False
        if ("read" if request.method in SAFE else "write") not in request.auth.scopes:
            raise ScopeMissing
        return True


class Endpoint(APIView):
    """One address. The clock is read here, the workspace is opened here, and a view that does not say who it is for is nobody's."""

    authentication_classes = [BearerAuthentication]
    permission_classes = [HasScope]
    metadata_class = None
    login_required = False  # asked of every view by the middleware: a token, not a session, is what counts here
    now: datetime

    @classmethod
    def as_view(cls, **options: Any) -> Any:
        view = super().as_view(**options)
        view.login_required = False  # type: ignore[attr-defined]
        return view

    @property
    def default_response_headers(self) -> dict[str, str]:
        return {"Allow": ", ".join(self.allowed_methods), "Cache-Control": "private, no-store", "Vary": "Authorization"}

    def dispatch(self, request: Any, *arguments: Any, **named: Any) -> Any:
        with ExitStack() as self._opened:
            return super().dispatch(request, *arguments, **named)

    def initial(self, request: Request, *arguments: Any, **named: Any) -> None:
        super().initial(request, *arguments, **named)
        self.now = timezone.now()
        self._opened.enter_context(within(self.member.workspace_id))

    def permission_denied(self, request: Request, message: str | None = None, code: str | None = None) -> NoReturn:
        raise exceptions.NotAuthenticated

    @property
    def bearer(self) -> Bearer:
        bearer = self.request.auth
        assert isinstance(bearer, Bearer)
        return bearer

    @property
    def member(self) -> Member:
        return self.bearer.member

    @property
    def today(self) -> date:
        return self.now.astimezone(self.member.workspace.zone).date()

    def typed(self, form: type[Input]) -> dict[str, Any]:
        """What was sent, checked. Raises for anything that cannot be taken, naming the fields."""
        given = form(data=self.request.data, context={"today": self.today})
        given.is_valid(raise_exception=True)
        return dict(given.validated_data)

    def answer(self, body: Any) -> HttpResponse:
        return HttpResponse(_rendered(body), content_type="application/json")

    def once(self, act: Callable[[], dict[str, Any]], *, status: int = 201) -> HttpResponse:
        """Carry `act` out once per key, in one transaction with the answer that is kept. If it raises, the key is free again."""
        body = self._body()
        named = {"workspace_id": self.member.workspace_id, "actor": f"token:{self.bearer.token_id}", "key": self._key()}
        print_of = idempotency.fingerprint(str(self.request.method), self.request.get_full_path(), body)
        held = idempotency.claim(**named, print_of=print_of, now=self.now)  # type: ignore[arg-type]
        if isinstance(held, idempotency.Kept):
            return HttpResponse(held.body, status=held.status, content_type="application/json", headers={"Idempotent-Replayed": "true"})
        try:
            with transaction.atomic():
                content = _rendered(act())
                idempotency.complete(held, status=status, body=content)
        except BaseException:
            idempotency.release(held)
            raise
        return HttpResponse(content, status=status, content_type="application/json")

    def _body(self) -> bytes:
        """The bytes as they came. Looked at before the key is claimed: what is not JSON is no act."""
        if not str(self.request.content_type).lower().startswith("application/json"):
            raise exceptions.UnsupportedMediaType(str(self.request.content_type))
        try:
            return bytes(self.request._request.body)
        except RequestDataTooBig:
            raise TooLarge from None
        except UnreadablePostError:
            raise exceptions.ParseError("The body ended early.") from None

    def _key(self) -> str:
        try:
            return idempotency.clean_key(self.request.headers.get("Idempotency-Key", ""))
        except Invalid:
            raise KeyMissing(field="Idempotency-Key") from None
