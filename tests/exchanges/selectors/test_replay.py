"""Replay against the independent loop, line by line, and every wrong line by number, field and reason."""

import json
import random
from datetime import date, timedelta

import pytest

from benchmarks.plain import Side
from exchanges.balance import EPOCH, NO_VALUE, Kind
from exchanges.selectors.replay import BadLine, day_of, read, replay

START = date(2024, 1, 1)
GOOD = {"relationship": "r1", "side": "own", "on": "2026-01-31", "kind": "check", "value": -1, "relayed": False}


def lines_of(*rows):
    return [json.dumps(row).encode() for row in rows]


def story(chance, count):
    """Random lines with unrounded numbers, as nobody would store them."""
    rows = []
    for _ in range(count):
        kind = chance.choice(["check", "confirm", "got", "got", "gave", "gave", "shock"])
        value = {
            "check": lambda: chance.uniform(-3, 3),
            "confirm": lambda: chance.gauss(0, 0.4),
            "got": lambda: chance.choice([None, chance.lognormvariate(0, 1), -chance.random()]),
            "gave": lambda: chance.choice([None, chance.lognormvariate(0, 1), 0]),
            "shock": lambda: None,
        }[kind]()
        relayed = kind in ("check", "got", "gave") and chance.random() < 0.3
        on = START + timedelta(days=chance.randrange(700))
        row = {"relationship": chance.choice("abc"), "side": chance.choice(["own", "counterpart"]), "on": on.isoformat()}
        rows.append({**row, "kind": kind, "value": value, "relayed": relayed})
    return rows


def plain_side(rows, relationship, side, last):
    mine = [row for row in rows if (row["relationship"], row["side"]) == (relationship, side) and day_of(row["on"]) <= last]
    unit = {"confirm": 1e9, "shock": 0}
    return Side().feed(
        (
            day_of(row["on"]),
            Kind[row["kind"].upper()],
            NO_VALUE if row["value"] is None else row["value"] * unit.get(row["kind"], 1e6),
            row["relayed"],
        )
        for row in mine
    )


@pytest.mark.parametrize("seed", range(20))
def test_random_histories_agree_with_an_independent_loop(seed):
    chance = random.Random(seed)
    rows = story(chance, 200)
    last = START.toordinal() - EPOCH + 600
    balances = replay(read(lines_of(*rows)), last)
    assert {balance["relationship"] for balance in balances} == set("abc")
    for balance in balances:
        sides = {side: plain_side(rows, balance["relationship"], side, last) for side in ("own", "counterpart")}
        now = {side: plain.at(last) for side, plain in sides.items()}
        for side in ("own", "counterpart"):
            assert balance["felt"][side] == pytest.approx(now[side].felt(), abs=1e-12)
            assert balance["sd"][side] ** 2 == pytest.approx(now[side].variance(), abs=1e-12)
            assert balance["usual"][side] == pytest.approx(now[side].m[0], abs=1e-12)
            assert balance["ledger_bias"][side] == pytest.approx(now[side].m[2], abs=1e-12)
            assert balance["heard"][side] == now[side].heard()
            assert balance["incident"][side] == sides[side].surprised
            assert balance["withdrawal"][side] == pytest.approx(now[side].withdrawal(last), abs=1e-10)
            strict = sides[side].due(last)
            assert date.fromisoformat(balance["due_on"][side]).toordinal() - EPOCH in (strict, last, sides[side].answer + 180)
        expected = [[p * q for q in now["counterpart"].chances()] for p in now["own"].chances()]
        assert balance["cells"] == [pytest.approx(row, abs=1e-12) for row in expected]
        assert balance["probability"] == pytest.approx(max(map(max, expected)), abs=1e-12)
        assert balance["sustained"] == any(side.sustained() for side in now.values())


def test_the_golden_table_ends_as_documented():
    rows = [
        ("own", "2026-01-01", "check", -1),
        ("counterpart", "2026-01-01", "check", 0),
        ("own", "2026-01-31", "gave", 8),
        ("counterpart", "2026-01-31", "got", 4),
        ("counterpart", "2026-03-02", "gave", 5),
        ("own", "2026-03-02", "got", 6),
        ("own", "2026-04-01", "check", -3),
        ("own", "2026-04-15", "check", -2),
    ]
    lines = read(lines_of(*({"relationship": "r", "side": s, "on": d, "kind": k, "value": v} for s, d, k, v in rows)))
    [balance] = replay(lines)
    assert balance["as_of"] == "2026-04-15"
    assert (round(balance["felt"]["own"], 4), round(balance["felt"]["counterpart"], 4)) == (-0.7464, -0.0118)
    assert (balance["verdict"], round(balance["probability"], 4)) == ("own_feels_short", 0.6663)
    assert balance["due_on"] == {"own": "2026-08-12", "counterpart": "2026-04-15"}
    [earlier] = replay(lines, day_of("2026-04-01"))
    assert (earlier["incident"], earlier["due_on"]["own"]) == ({"own": True, "counterpart": False}, "2026-04-15")


def test_a_side_never_heard_is_null_where_undefined_and_due_now():
    [balance] = replay(read(lines_of(GOOD)), day_of("2026-02-10"))
    assert balance["due_on"]["counterpart"] == "2026-02-10"
    assert balance["withdrawal"] == {"own": None, "counterpart": None}
    assert balance["heard"] == {"own": True, "counterpart": False}
    assert balance["verdict"] == "unconfirmed"


def test_evidence_after_the_day_is_left_out_but_its_relationship_is_told():
    [balance] = replay(read(lines_of(GOOD)), day_of("2026-01-30"))
    assert balance["felt"] == {"own": 0, "counterpart": 0}
    assert balance["heard"] == {"own": False, "counterpart": False}


def test_relationships_come_in_the_order_of_their_first_lines():
    rows = [{**GOOD, "relationship": name} for name in ("z", "a", "\u202e\u0000", "z")]
    assert [balance["relationship"] for balance in replay(read(lines_of(*rows)))] == ["z", "a", "\u202e\u0000"]
    assert replay([]) == []


WRONG = [
    (b"{", "line", "not JSON"),
    (b"[1]", "line", "object"),
    (b"[" * 100_000, "line", "deep"),
    (b"\xff{}", "line", "UTF-8"),
    ({**GOOD, "relationship": ""}, "relationship", "not empty"),
    ({**GOOD, "relationship": 1}, "relationship", "text"),
    ({**GOOD, "side": "both"}, "side", "own, counterpart"),
    ({**GOOD, "side": ["own"]}, "side", "own, counterpart"),
    ({**GOOD, "kind": "rating"}, "kind", "shock, got"),
    ({**GOOD, "kind": None}, "kind", "shock, got"),
    ({**GOOD, "on": "31.01.2026"}, "on", "such as"),
    ({**GOOD, "on": "20260131"}, "on", "such as"),
    ({**GOOD, "on": 20260131}, "on", "such as"),
    ({**GOOD, "on": "2026-02-30"}, "on", "calendar"),
    ({**GOOD, "on": "9999-12-31"}, "on", "years"),
    ({**GOOD, "on": "1969-12-31"}, "on", "years"),
    ({**GOOD, "value": 3.1}, "value", "between -3 and 3"),
    ({**GOOD, "value": "1"}, "value", "number"),
    ({**GOOD, "value": True}, "value", "number"),
    ({**GOOD, "value": None}, "value", "number"),
    (b'{"relationship": "r", "side": "own", "on": "2026-01-01", "kind": "got", "value": NaN}', "value", "NaN"),
    (b'{"relationship": "r", "side": "own", "on": "2026-01-01", "kind": "got", "value": -Infinity}', "value", "Infinity"),
    (b'{"relationship": "r", "side": "own", "on": "2026-01-01", "kind": "got", "value": 1e999}', "value", "between"),
    (b'{"relationship": "r", "side": "own", "on": "2026-01-01", "kind": "got", "value": ' + b"9" * 5000 + b"}", "value", "digits"),
    ({**GOOD, "kind": "got", "value": 1e308}, "value", "between"),
    ({**GOOD, "kind": "gave", "value": -1}, "value", "between 0"),
    ({**GOOD, "kind": "confirm", "value": 101}, "value", "between"),
    ({**GOOD, "kind": "shock", "value": 1}, "value", "null"),
    ({**GOOD, "relayed": 1}, "relayed", "true or false"),
    ({**GOOD, "kind": "confirm", "relayed": True}, "relayed", "confirm"),
]


@pytest.mark.parametrize(("wrong", "field", "reason"), WRONG)
def test_a_wrong_line_is_named_by_number_field_and_reason(wrong, field, reason):
    text = wrong if isinstance(wrong, bytes) else json.dumps(wrong).encode()
    with pytest.raises(BadLine) as refusal:
        read([*lines_of(GOOD), b"", text])
    assert (refusal.value.number, refusal.value.field) == (3, field)
    assert reason in refusal.value.reason


def test_what_may_be_left_out_or_added():
    bare = {"relationship": "r", "side": "own", "on": "2026-01-31", "kind": "got", "note": "anything"}
    [line] = read([b"\xef\xbb\xbf" + json.dumps(bare).encode() + b"\r"])
    assert (line.value, line.relayed) == (NO_VALUE, False)
