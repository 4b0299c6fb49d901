"""Which fields an answer of the API has, for each role: a new field fails until somebody has looked at who will see it.

`fields.json` holds address and thing -> role -> paths. After a change that was meant, `REWRITE=1 pytest tests/access/test_fields.py` writes it.
"""

import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from exchanges.access import Voice
from exchanges.models import Assurance, RoundSeat, Snapshot, View
from exchanges.services.relationships import set_terms
from exchanges.services.rounds import answer_check, open_round
from relationships.models import Relationship, ValueKind
from relationships.services.terms import TermsLine
from tests.access.table import TABLE
from tests.access.world import LATER, World
from tests.makers import NOW, TODAY, make_event, speaker
from valueledger.common.tenancy import within

FILE = Path(__file__).with_name("fields.json")
TOKENS = ("TKR", "TKW", "TK2", "TKM", "TKL", "TKO", "TKX")
OWNERS = {"api_value_kinds"}  # done by an owner's token; everything else by the steward's
EVERY = {  # one act of each kind that a program can do
    "api_parties": ("", {"name": "Corvid"}),
    "api_value_kinds": ("", {"name": "Quiet evenings"}),
    "api_people": ("", {"name": "Cyd", "email": "cyd@corvid.example"}),
    "api_relationships": ("", {"kind": "CLIENT", "counterpart_party": "party"}),
    "api_participants": ("relationship", {"side": "OWN", "person": "spare_person"}),
    "api_terms": ("relationship", {"side": "OWN", "lines": [{"value_kind": "kind", "weight": 10}]}),
    "api_events": ("relationship", {"what": "A plan", "occurred_on": TODAY.isoformat(), "giver": "OWN"}),
    "api_versions": ("event", {"supersedes": 1, "what": "A better plan"}),
    "api_withdrawal": ("own_private", {"supersedes": 1}),
    "api_reports": ("own_private", {"side": "OWN", "role": "GAVE", "word": "LOT"}),
    "api_report_withdrawal": ("report", {}),
    "api_rounds": ("friend", {}),
    "api_answers": ("open_round", {"value": "1"}),
}


def fill(world: World) -> None:
    """Something of everything, so that no list is empty: terms, a snapshot, a round that was revealed."""
    client = Relationship.objects.get(public_id=world.things["relationship"]["public_id"])
    employee = Relationship.objects.get(public_id=world.things["employee"]["public_id"])
    for row in (client, employee):
        for role in (0, 1):
            author = speaker(row, role)
            line = TermsLine(value_kind=ValueKind.objects.order_by("pk")[0], weight=10, unit="hours", points_per_unit=Decimal(2))
            set_terms(side=author.side, author=author, lines=[line], effective_on=TODAY, now=NOW)
        Snapshot.objects.create(
            workspace_id=row.workspace_id, relationship=row, view=View.SHARED, as_of=TODAY, known_at=NOW, position=1, method="x", r_own=0.1, sd_own=0.2,
            r_counterpart=0.3, sd_counterpart=0.4, verdict="balanced", probability=0.6, heard_own=True, heard_counterpart=True, is_spiral=False,
        )  # fmt: skip
        make_event(row, Voice(participant=speaker(row)), giver=1, what="Shared by them")
        for seat in RoundSeat.objects.filter(round__relationship=row).select_related("round"):
            answer_check(seat=seat, value=Decimal(1), guess=Decimal(1), sentence="Yes", assurance=Assurance.SIGNED_IN, now=NOW)


def paths(body: Any, prefix: str = "") -> set[str]:
    if isinstance(body, list):
        return set().union(*(paths(part, f"{prefix}[]") for part in body))
    if isinstance(body, dict):
        return set().union(*({f"{prefix}.{name}".strip(".")} | paths(part, f"{prefix}.{name}".strip(".")) for name, part in body.items()))
    return set()


def ids_in(body: Any, world: World) -> Any:
    """The words of `EVERY` that name a thing become its id."""
    if isinstance(body, dict):
        return {name: ids_in(part, world) for name, part in body.items()}
    if isinstance(body, list):
        return [ids_in(part, world) for part in body]
    return str(world.things[body]["public_id"]) if isinstance(body, str) and body in world.things and body else body


def found_fields(walk: Any) -> dict[str, dict[str, list[str]]]:
    found: dict[str, dict[str, list[str]]] = {}
    for key, row in TABLE.items():
        name, _, thing = key.partition(" ")
        if not name.startswith("api_"):
            continue
        for role in [role for role in TOKENS if row["GET"][role] == 200]:
            response = walk.call(name, "GET", role, walk.world.arguments(thing, role))
            found.setdefault(f"GET {key}", {})[role] = sorted(paths(response.json()))
    for name, (thing, body) in EVERY.items():
        role = "TKO" if name in OWNERS else "TKW"
        response = walk.call(name, "POST", role, walk.world.arguments(thing, role), body=ids_in(body, walk.world))
        assert response.status_code == 201, (name, response.walked)
        found[f"POST {name}"] = {role: sorted(paths(json.loads(response.walked)))}
    return found


@pytest.mark.slow
def test_every_answer_has_the_fields_that_were_looked_at(walk):
    with within(walk.world.members["AM"].workspace_id):
        fill(walk.world)
        again = open_round(relationship=Relationship.objects.get(public_id=walk.world.things["relationship"]["public_id"]), now=LATER, reason="again")
        walk.world.things["open_round"] = {"public_id": again.public_id}
    found = found_fields(walk)
    if os.environ.get("REWRITE"):
        FILE.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
    assert found == json.loads(FILE.read_text())


def test_every_way_to_write_is_looked_at():
    refused = {403, 404, 405}
    rows = {key: row for key, row in TABLE.items() if key.startswith("api_")}
    writing = {key.partition(" ")[0] for key, row in rows.items() if {row["POST"][role] for role in TOKENS} - refused}
    assert writing == set(EVERY)


def test_no_answer_carries_a_row_id_a_position_or_a_secret():
    named = {path.rpartition(".")[2] for roles in json.loads(FILE.read_text()).values() for found in roles.values() for path in found}
    assert named.isdisjoint(
        {"pk", "position", "head_position", "token", "token_hash", "secret", "password", "email_hash", "import_key", "workspace_id", "steward_id"}
    )
    assert "id" in named
    assert "felt" in named
