"""The published schema: it validates, holds every address under /api/v1/, and every answer of the running API conforms to it."""

import re
import uuid
from functools import cache
from typing import Any

import pytest
import schemathesis
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema
from hypothesis import HealthCheck, given, settings, strategies
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

from exchanges.models import Word
from exchanges.services.reports import Account, report_gave
from exchanges.services.rounds import open_round
from relationships.models import SideRole, ValueKind
from relationships.services.catalogue import seed_catalogue
from tests.api_client import Api
from tests.makers import NOW, make_event
from valueledger.wsgi import application

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = 6


@cache
def schema() -> dict[str, Any]:
    return SchemaGenerator().get_schema(request=None, public=True)


def api_addresses(patterns: Any = None, prefix: str = "/") -> set[str]:
    """Every address under /api/v1/ that the resolver knows, but for the schema itself."""
    found = set()
    for pattern in patterns if patterns is not None else get_resolver().url_patterns:
        whole = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            found |= api_addresses(pattern.url_patterns, whole)
        elif isinstance(pattern, URLPattern) and whole.startswith("/api/v1/"):
            found.add(re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", whole))
    return found - {"/api/v1/schema/"}


def test_the_schema_holds_exactly_the_addresses_that_exist():
    assert set(schema()["paths"]) == api_addresses()
    assert len(schema()["paths"]) > 20


def test_the_schema_is_valid_and_made_without_a_warning(tmp_path):
    validate_schema(schema())
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yaml"))


def test_every_operation_says_which_problems_it_answers_with():
    for path, operations in schema()["paths"].items():
        for method, operation in operations.items():
            statuses = set(operation["responses"])
            assert {"400", "401", "403", "404", "503"} <= statuses, (method, path)
            assert method in {"get", "post"}
            assert (method == "post") == ("Idempotency-Key" in {row["name"] for row in operation.get("parameters", [])}), (method, path)
            assert operation["security"] == [{"token": []}]


def test_anybody_may_read_the_schema(client, db):
    response = client.get("/api/v1/schema/")
    assert response.status_code == 200
    assert b"openapi: 3" in response.content


@pytest.fixture
def running(cast):
    """The API with something in it: for each noun an id that the token's member may see."""
    event = make_event(cast.borealis, cast.ana_voice)
    report = report_gave(event=event, side=SideRole.OWN, voice=cast.ana_voice, account=Account(word=Word.LOT), now=NOW)
    round = open_round(relationship=cast.borealis, now=NOW, reason="asked")
    seed_catalogue(workspace=cast.workspace)
    rows = {
        "relationships": cast.borealis, "events": event, "reports": report, "rounds": round, "people": cast.bo, "members": cast.oda,
        "parties": cast.borealis.sides.get(role=0).party, "value-kinds": ValueKind.objects.order_by("pk")[0],
    }  # fmt: skip
    return Api(cast.ana), {noun: str(row.public_id) for noun, row in rows.items()}


@pytest.fixture
def _connection_stays():
    """A call through WSGI would close the connection that the test's transaction lives in, as Django's own test client knows."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.slow
@pytest.mark.usefixtures("_connection_stays")
@pytest.mark.parametrize("path", sorted(api_addresses()))
def test_the_running_api_keeps_to_its_schema(running, path):
    """Made-up calls, few enough for a suite: no 500, no undocumented status, no answer of another shape."""
    api, rows = running
    loaded = schemathesis.openapi.from_dict(schema())
    loaded.app = application
    called = []
    for method in schema()["paths"][path]:

        @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(case=loaded[path][method].as_strategy(), known=strategies.booleans())
        def call(case: Any, known: bool) -> None:
            if known and case.path_parameters:
                case.path_parameters["public_id"] = rows[path.split("/")[3]]
            if case.method == "POST":
                case.headers["Idempotency-Key"] = uuid.uuid4().hex
            response = case.call(headers=api.headers)
            case.validate_response(response, checks=CHECKS, headers=api.headers)
            called.append(response.status_code)

        call()
    assert called
    assert max(called) < 500
