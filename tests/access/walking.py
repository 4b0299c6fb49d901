"""Walking over every address that the resolver knows, as everyone, with every method."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from django.db import connection, reset_queries, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.access.world import ROLES, World

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
WRITING = re.compile(r'^\s*(INSERT|UPDATE|DELETE|REPLACE|TRUNCATE|MERGE|COPY)\b[^"]*"?(\w+)"?', re.IGNORECASE)
CALLED = re.compile(r"EXECUTE (rows_[0-9a-f]{24})")
# A session's own row, audited reads, and the counters that stop whoever tries secrets: nothing of the domain.
MAY_CHANGE_ON_GET = {"django_session", "common_portalsession", "common_auditentry", "common_ratebucket", "cache"}


def addresses(patterns: Any = None, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every named pattern, with the namespace in front of its name, and its view."""
    for pattern in patterns if patterns is not None else get_resolver().url_patterns:
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix)
        elif isinstance(pattern, URLPattern):
            yield f"{prefix}{pattern.name}", pattern.callback


def statuses_of(line: str) -> dict[str, int]:
    """`200=AM,MG 404=AM2` as role -> status. Raises for a role that is named twice or not known."""
    found: dict[str, int] = {}
    for part in line.split():
        status, _, roles = part.partition("=")
        for role in roles.split(","):
            assert role in ROLES, f"no such role: {role}"
            assert role not in found, f"{role} stands twice in {line}"
            found[role] = int(status)
    return found


def line_of(statuses: dict[str, int]) -> str:
    by_status: dict[int, list[str]] = {}
    for role, status in statuses.items():
        by_status.setdefault(status, []).append(role)
    return " ".join(f"{status}={','.join(roles)}" for status, roles in sorted(by_status.items()))


class Walk:
    """One call after the other, each undone. Browsers are signed in once; `wrote` names the tables that the last call wrote to."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.clients = {role: world.client(role) for role in ROLES}
        self.calls = 0
        self.wrote: list[str] = []

    def call(self, name: str, method: str, role: str, arguments: dict[str, Any], body: Any = None) -> Any:
        self.calls += 1
        is_api = name.startswith("api_")
        headers = self.world.headers(role)
        if method == "POST" and is_api:
            headers |= {"Idempotency-Key": f"walk-{self.calls}"}
        sent, content_type = (json.dumps(body or {}) if is_api else "", "application/json" if is_api else "application/x-www-form-urlencoded")
        client = self.clients[role]
        cookies = client.cookies.copy()
        reset_queries()  # the log keeps the last nine thousand only
        with transaction.atomic(), CaptureQueriesContext(connection) as captured:
            response = client.generic(method, reverse(name, kwargs=arguments), sent, content_type, headers=headers)
            response.walked = b"".join(response.streaming_content) if response.streaming else response.content
            transaction.set_rollback(True)
        client.cookies = cookies
        self.wrote = sorted({name for query in captured for name in written_by(query["sql"]) if name not in MAY_CHANGE_ON_GET})
        return response

    def status(self, name: str, thing: str, method: str, role: str) -> int:
        return int(self.call(name, method, role, self.world.arguments(thing, role)).status_code)


def written_by(sql: str) -> list[str]:
    """The tables that a logged statement writes to; what was prepared is logged by its name alone."""
    called = CALLED.findall(sql)
    known = prepared_texts() if called else {}
    return [match[2] for text in [sql, *(known[name] for name in called)] if (match := WRITING.match(text))]


def prepared_texts() -> dict[str, str]:
    with connection.connection.cursor() as cursor:  # past the log
        cursor.execute("SELECT name, statement FROM pg_prepared_statements")
        return {name: statement.partition(" AS ")[2] for name, statement in cursor.fetchall()}


def told(response: Any, arguments: dict[str, Any]) -> str:
    """A body without what differs from call to call: the id that was asked for, the form's token and key, the request's id."""
    text = response.walked.decode("utf-8", "replace")
    for value in arguments.values():
        text = text.replace(str(value), "ID")
    text = re.sub(r'name="(csrfmiddlewaretoken|key)"[^>]*value="[^"]+"', "", text)
    text = re.sub(r'"X-CSRFToken": ?"[^"]+"|X-CSRFToken&quot;: ?&quot;[^&]+&quot;', "", text)
    return text.replace(response.headers.get("X-Request-ID", "\0"), "REQUEST")
