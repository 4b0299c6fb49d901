"""The API as a program calls it: with the token of some member, and a fresh key for each act."""

import itertools
import json
from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from relationships.models import Member
from relationships.services.workspaces import make_token
from valueledger.common.tenancy import within

API = "/api/v1"
KEYS = itertools.count(1)


class Api:
    def __init__(self, member: Member, scopes: str = "read write") -> None:
        with within(member.workspace_id):
            made = make_token(member=member, label="tests", scopes=scopes, lives=timedelta(days=90), now=timezone.now())
        self.token = made.row
        self.headers = {"Authorization": f"Bearer {made.secret}"}
        self.client = Client(raise_request_exception=False)

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(f"{API}{path}", query, headers=self.headers)

    def post(self, path: str, body: Any = None, *, key: str | None = None, raw: bytes | None = None, content_type: str = "application/json") -> Any:
        sent = json.dumps({} if body is None else body).encode() if raw is None else raw
        headers = {**self.headers, "Idempotency-Key": f"key-{next(KEYS)}" if key is None else key}
        return self.client.post(f"{API}{path}", data=sent, content_type=content_type, headers=headers)


def problem_of(response: Any) -> dict[str, Any]:
    """The problem details of an answer, and that they are well formed."""
    assert response.headers["Content-Type"] == "application/problem+json", (response.status_code, response.content[:300])
    body = response.json()
    assert set(body) == {"type", "title", "status", "code", "errors"}
    assert body["status"] == response.status_code
    assert all(set(row) == {"field", "code", "message"} for row in body["errors"])
    return dict(body)


def fields_of(response: Any) -> list[str]:
    return [row["field"] for row in problem_of(response)["errors"]]
