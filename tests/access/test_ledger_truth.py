"""The stored balance is what was said, view by view; what was said is never changed; whoever changes it behind our back is named."""

import os
import random
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, connections, models, transaction
from hypothesis import HealthCheck, given, settings, strategies

from exchanges.access import Voice
from exchanges.models import (
    Answer,
    AnswerItem,
    AnswerMark,
    Assurance,
    BalanceState,
    Disclosure,
    EventKind,
    EventStatus,
    EventVersion,
    ImportKey,
    ImportTable,
    KeptWhatIf,
    PutRight,
    PutRightStep,
    Report,
    Requalification,
    RoundSeat,
    SeatRelease,
    Snapshot,
    View,
    Visibility,
    Word,
)  # fmt: skip
from exchanges.selectors.balances import states_of
from exchanges.selectors.settling import due_of
from exchanges.services.advances import Hope, give_on_hope
from exchanges.services.commitments import promise
from exchanges.services.events import AlreadyCorrected, correct_event, withdraw_event
from exchanges.services.posting import locked, post_event, rebuild
from exchanges.services.refolding import refold
from exchanges.services.relationships import set_terms
from exchanges.services.reports import Account, relay_report, report_gave, report_got, withdraw_report
from exchanges.services.rounds import answer_check, open_round, post_if_ready
from exchanges.services.settling import settle
from exchanges.services.settling_prompts import ask
from exchanges.services.together import agree_goal, propose_goal, say_stance
from relationships.models import Erasure, IntentVersion, Kind, Relationship, SideRole, ValueKind
from relationships.services.catalogue import seed_catalogue
from relationships.services.parties import add_person
from relationships.services.terms import TermsLine
from tests.access.plain_ledger import felt
from tests.makers import NOW, TODAY, make_event, make_relationship, speaker
from valueledger.common import append_only
from valueledger.common.errors import ValueLedgerError
from valueledger.common.tenancy import within

OWN, COUNTERPART = SideRole.OWN, SideRole.COUNTERPART
EXACT = 1e-9


def verify() -> None:
    call_command("verify_ledger", stdout=StringIO())


def stored(relationship: Relationship, view: int) -> list[tuple[float, float]]:
    """r and Var r of both sides as they are kept; a view without a row of its own reads the shared one."""
    rows = {row.view: row for row in BalanceState.objects.filter(relationship=relationship)}
    row = rows.get(view, rows[View.SHARED])
    return [(float(side.felt[0]), float(side.variance[0])) for side in states_of([bytes(row.after)])]


def assert_true(relationship: Relationship) -> None:
    for view in View:
        for kept, said in zip(stored(relationship, view), felt(relationship, view), strict=True):
            assert kept == pytest.approx(said, abs=EXACT), view.label


# L1: whatever is done in whatever order


class Doer:
    """Does one thing after the other, as chance has it, through the services. Being refused is part of it."""

    def __init__(self, relationship: Relationship, chance: random.Random) -> None:
        self.relationship, self.chance, self.now = relationship, chance, NOW
        self.voices = [
            Voice(member=relationship.steward, participant=speaker(relationship, OWN)),
            Voice(participant=speaker(relationship, COUNTERPART)),
        ]
        self.refused = 0

    def step(self, act: str) -> None:
        self.now += timedelta(hours=self.chance.choice([0, 1, 30]))
        try:
            with transaction.atomic():
                getattr(self, act)()
        except (ValueLedgerError, IndexError):  # refused, or nothing there yet to do it to
            self.refused += 1

    def visibility(self) -> str:
        return self.chance.choice([Visibility.SHARED, Visibility.SHARED, Visibility.PRIVATE])

    def a_day(self):
        return self.now.date() - timedelta(days=self.chance.choice([0, 0, 1, 5, 40, 200]))

    def an_event(self):
        return self.chance.choice(list(self.relationship.events.order_by("pk")))

    def log(self) -> None:
        kind = self.chance.choice([EventKind.OTHER, EventKind.DELIVERY, EventKind.INCIDENT])
        status = self.chance.choice([EventStatus.ARRIVED, EventStatus.ARRIVED, EventStatus.PROMISED])
        voice = self.chance.choice(self.voices)
        make_event(
            self.relationship,
            voice,
            giver=self.chance.choice([0, 1, 2]),
            on=self.a_day(),
            kind=kind,
            status=status,
            visibility=self.visibility(),
            now=self.now,
        )

    def correct(self) -> None:
        event = self.an_event()
        on = self.a_day()
        changes = self.chance.choice(
            [{"occurred_on": on, "arrived_on": on}, {"status": EventStatus.ARRIVED, "arrived_on": on}, {"visibility": Visibility.SHARED},
             {"kind": EventKind.INCIDENT}, {"what": "Said better"}]
        )  # fmt: skip
        correct_event(event=event, voice=self.chance.choice(self.voices), supersedes=self.newest(event), now=self.now, **changes)

    def withdraw(self) -> None:
        event = self.an_event()
        withdraw_event(event=event, voice=self.chance.choice(self.voices), supersedes=self.newest(event), now=self.now)

    def newest(self, event) -> EventVersion:
        return EventVersion.objects.current().get(event=event)

    def account(self) -> Account:
        word = self.chance.choice([None, *Word.values])
        return Account(word=word, visibility=self.visibility(), arrived=self.chance.choice(["", "ALL", "NONE", "BURDEN"]), sentence="So it was")

    def report(self) -> None:
        side = self.chance.choice([0, 1])
        say = self.chance.choice([report_got, report_gave])
        before = [row for row in Report.objects.current().filter(side=side, first_hand=True) if row.relationship_id == self.relationship.pk]
        old = self.chance.choice(before) if before and self.chance.random() < 0.4 else None
        event = old.event if old else self.an_event()
        say = {"GOT": report_got, "GAVE": report_gave}[old.role] if old else say
        say(event=event, side=side, voice=self.voices[side], account=self.account(), now=self.now, supersedes=old)

    def relay(self) -> None:
        role = self.chance.choice(["GOT", "GAVE"])
        relay_report(
            event=self.an_event(), side=self.chance.choice([0, 1]), role=role, member=self.voices[0].member, account=self.account(), now=self.now
        )

    def take_back(self) -> None:
        report = self.chance.choice(list(Report.objects.standing().filter(relationship=self.relationship)))
        withdraw_report(report=report, voice=self.voices[report.side] if report.first_hand else self.voices[0], now=self.now)

    def ask(self) -> None:
        open_round(relationship=self.relationship, now=self.now, reason="asked")

    def answer(self) -> None:
        seat = self.chance.choice(list(RoundSeat.objects.filter(round__relationship=self.relationship).select_related("round").order_by("-pk")[:2]))
        value = self.chance.choice([None, Decimal("-1.5"), Decimal(0), Decimal("2.5")])
        answer_check(seat=seat, value=value, confirm=value is None, assurance=self.chance.choice([Assurance.LINK, Assurance.SIGNED_IN]), now=self.now)

    def close(self) -> None:
        self.now += timedelta(days=15)
        for round in self.relationship.rounds.filter(posting=None):
            post_if_ready(round_id=round.pk, now=self.now)

    def share(self) -> None:
        """An employee's act of sharing; its service comes later, so the row and its posting are written here."""
        report = self.chance.choice(list(Report.objects.standing().filter(relationship=self.relationship, side=1, first_hand=True, disclosure=None)))
        Disclosure.objects.create(workspace_id=report.workspace_id, participant=report.participant, report=report, at=self.now)
        post_event(relationship=locked(self.relationship.pk), event=report.event, now=self.now)

    def fold_again(self) -> None:
        refold(relationships=[self.relationship.pk], now=self.now)

    def rebuild(self) -> None:
        rebuild(relationship_id=self.relationship.pk, now=self.now)


ACTS = [
    "log",
    "log",
    "log",
    "correct",
    "withdraw",
    "report",
    "report",
    "report",
    "report",
    "relay",
    "take_back",
    "ask",
    "answer",
    "answer",
    "close",
    "fold_again",
    "rebuild",
]
EMPLOYEES_TOO = [*ACTS, "share"]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", [Kind.CLIENT, Kind.EMPLOYEE])
def test_after_every_step_of_a_long_life_the_balance_is_what_was_said(cast, employee, kind, seed):
    doer = Doer(cast.borealis if kind == Kind.CLIENT else employee.relationship, random.Random(seed))
    acts = ACTS if kind == Kind.CLIENT else EMPLOYEES_TOO
    for number in range(70):
        doer.step(doer.chance.choice(acts))
        assert_true(doer.relationship)
        if number % 10 == 9:
            verify()
    assert doer.refused < 55
    before = [stored(doer.relationship, view) for view in View]
    for fold_again in (doer.fold_again, doer.rebuild, doer.fold_again):
        fold_again()
        for view, was in zip(View, before, strict=True):
            assert stored(doer.relationship, view)[0] == pytest.approx(was[0], abs=EXACT)
            assert stored(doer.relationship, view)[1] == pytest.approx(was[1], abs=EXACT)
    verify()


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(seed=strategies.integers(0, 2**32), acts=strategies.lists(strategies.sampled_from(ACTS), max_size=14))
def test_any_short_life_ends_in_what_was_said(cast, seed, acts):
    with transaction.atomic():
        doer = Doer(cast.borealis, random.Random(seed))
        for act in acts:
            doer.step(act)
        assert_true(doer.relationship)
        verify()
        transaction.set_rollback(True)


def test_the_plain_ledger_would_notice(cast):
    """Negative control: one number moved, and the two no longer agree."""
    event = make_event(cast.borealis, cast.ana_voice)
    report_got(event=event, side=COUNTERPART, voice=cast.bo_voice, account=Account(word=Word.LOT), now=NOW)
    assert_true(cast.borealis)
    connection.check_constraints()  # PostgreSQL drops no trigger of a table on which a check is still waiting
    with append_only.lifted(connection):
        Report.objects.update(points_micro=-2_000_000)
    with pytest.raises(AssertionError):
        assert_true(cast.borealis)
    with pytest.raises(CommandError):
        verify()


# L3: nothing that was said is ever changed


@pytest.fixture
def written(cast):
    """One row in every table that only grows."""
    seed_catalogue(workspace=cast.workspace)
    event = make_event(cast.borealis, cast.ana_voice)
    report = report_got(event=event, side=COUNTERPART, voice=cast.bo_voice, account=Account(word=Word.LOT), now=NOW)
    set_terms(
        side=cast.ana_speaks.side,
        author=cast.ana_speaks,
        lines=[TermsLine(value_kind=ValueKind.objects.order_by("pk")[0], weight=10)],
        effective_on=TODAY,
        now=NOW,
    )
    round = open_round(relationship=cast.borealis, now=NOW, reason="asked")
    for seat in RoundSeat.objects.filter(round=round).select_related("round"):
        answer_check(seat=seat, value=Decimal(1), assurance=Assurance.SIGNED_IN, now=NOW)
    promise(seat=seat, what="Lunch", by_on=TODAY, now=NOW)
    again = open_round(relationship=cast.borealis, now=NOW, reason="again")  # shows what the answers came to
    common = {"workspace": cast.workspace}
    SeatRelease.objects.create(**common, seat=RoundSeat.objects.filter(round=again)[0], reason="left", at=NOW)
    AnswerMark.objects.create(**common, answer=Answer.objects.all()[0], at=NOW)
    Disclosure.objects.create(**common, participant=cast.bo_speaks, report=report, at=NOW)
    ImportKey.objects.create(**common, source="x", fingerprint=b"x" * 16, target_kind=ImportTable.EVENTS, target_id=1)
    Snapshot.objects.create(
        **common, relationship=cast.borealis, view=1, as_of=TODAY, known_at=NOW, position=1, method="x", r_own=0, sd_own=1, r_counterpart=0, sd_counterpart=1,
        verdict="x", probability=0, heard_own=False, heard_counterpart=False, is_spiral=False,
    )  # fmt: skip
    asked = PutRight.objects.create(**common, relationship=cast.borealis, participant=cast.bo_speaks, at=NOW)
    PutRightStep.objects.create(**common, request=asked, step="READ", member=cast.ana, at=NOW)
    Requalification.objects.create(**common, relationship=cast.borealis, member=cast.ana, period_key="2026-H1", said="YES", at=NOW)
    IntentVersion.objects.create(**common, side=cast.bo_speaks.side, seq=1, intent="BRIEF", said_on=TODAY, author=cast.bo_speaks)
    hoped = make_event(cast.borealis, cast.ana_voice, what="A day for nothing")
    give_on_hope(event=hoped, hope=Hope("A second order", TODAY + timedelta(days=30)), member=cast.ana, now=NOW)
    promised = make_event(cast.borealis, cast.bo_voice, giver=1, status=EventStatus.PROMISED, expected_on=TODAY)
    due = due_of(EventVersion.objects.select_related("event__relationship").get(event=promised))
    settle(prompt=ask(due, cast.bo_speaks, now=NOW + timedelta(hours=1)), became="WILL_NOT", on="", voice=cast.bo_voice, now=NOW + timedelta(hours=2))
    goal = propose_goal(author=cast.ana_speaks, what="Halve the night calls", by_on=None, now=NOW)
    agree_goal(goal=goal, author=cast.bo_speaks, now=NOW)
    say_stance(author=cast.ana_speaks, lines=["Honest dates"], now=NOW)
    AnswerItem.objects.create(**common, answer=Answer.objects.all()[0], kind="PART", value=2)
    KeptWhatIf.objects.create(**common, relationship=cast.borealis, member=cast.ana, as_of=TODAY, until=TODAY, query="how=stop", at=NOW)
    Erasure.objects.create(**common, person_public_id=uuid.uuid4(), erased_at=NOW)


def refuses(act: Callable[[], object]) -> bool:
    try:
        with transaction.atomic():
            act()
    except IntegrityError as error:
        return append_only.MESSAGE in str(error)
    return False


def raw(sql: str) -> Callable[[], object]:
    def run() -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql)

    return run


def attempts(model: type[models.Model]) -> dict[str, Callable[[], object]]:
    table, row = model._meta.db_table, model.objects.order_by("pk")[0]
    field = next(one for one in model._meta.concrete_fields if not one.primary_key and not one.null)
    column = field.column
    wide = ", ".join(f'"{one.column}"' for one in model._meta.concrete_fields)
    replacing = (
        f'INSERT OR REPLACE INTO "{table}" ({wide}) SELECT {wide} FROM "{table}"'
        if connection.vendor == "sqlite"
        else f'INSERT INTO "{table}" ({wide}) SELECT {wide} FROM "{table}" ON CONFLICT ("id") DO UPDATE SET "{column}" = EXCLUDED."{column}"'
    )
    emptied = f'DELETE FROM "{table}"' if connection.vendor == "sqlite" else f'TRUNCATE "{table}" CASCADE'
    return {
        "raw update": raw(f'UPDATE "{table}" SET "{column}" = "{column}"'),
        "raw delete": raw(f'DELETE FROM "{table}" WHERE "id" = {row.pk}'),
        "replace": raw(replacing),
        "empty": raw(emptied),
        "queryset update": lambda: model.objects.filter(pk=row.pk).update(**{field.attname: getattr(row, field.attname)}),
        "bulk update": lambda: model.objects.bulk_update([row], [field.name]),
        "queryset delete": lambda: model.objects.filter(pk=row.pk)._raw_delete(using="default"),
        "save past the guard": lambda: models.Model.save(row, force_update=True),
    }


def test_every_table_that_only_grows_refuses_every_change(written):
    connection.check_constraints()
    known = append_only.append_only_models()
    assert len(known) >= 17
    let_through = []
    for model in known:
        assert model.objects.exists(), f"nothing was written to {model._meta.label}"
        let_through += [f"{model._meta.label}: {name}" for name, act in attempts(model).items() if not refuses(act)]
        with pytest.raises(TypeError, match=append_only.MESSAGE):
            model.objects.order_by("pk")[0].save()
    assert let_through == []


def test_without_its_guard_a_table_lets_everything_through(written):
    """Negative control: the triggers refuse, and nothing else does."""
    act = raw('UPDATE "common_auditentry" SET "action" = "action"')
    assert refuses(act)
    with append_only.lifted(connection), transaction.atomic():
        act()
        assert append_only.missing(connection) == append_only.tables()
    assert append_only.missing(connection) == []
    assert refuses(act)


def test_a_missing_guard_is_named(cast):
    assert append_only.missing(connection) == []
    with transaction.atomic():
        drop = (
            "DROP TRIGGER exchanges_report_no_delete"
            if connection.vendor == "sqlite"
            else "DROP TRIGGER exchanges_report_no_truncate ON exchanges_report"
        )
        raw(drop)()
        assert append_only.missing(connection) == ["exchanges_report"]
        with pytest.raises(CommandError):
            verify()
        transaction.set_rollback(True)
    verify()


STEPS = """
import django
django.setup()
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from valueledger.common import append_only

executor = MigrationExecutor(connection)
ours = ("common", "relationships", "exchanges")
plan = [migration for migration, _ in executor.migration_plan(executor.loader.graph.leaf_nodes()) if migration.app_label in ours]
for migration in plan:
    call_command("migrate", migration.app_label, migration.name, verbosity=0)
    existing = set(connection.introspection.table_names())
    missing = [table for table in append_only.missing(connection) if table in existing]
    print(migration, "guards", sorted(existing.intersection(append_only.tables())).__len__(), "without", missing)
    assert not missing, (migration, missing)
assert not append_only.missing(connection)
print("steps", len(plan))
"""


@pytest.mark.slow
def test_after_each_migration_every_table_has_its_guard(db, tmp_path, request):
    """On SQLite a migration that rebuilds a table drops its triggers in silence."""
    address = f"sqlite:///{tmp_path / 'steps.sqlite3'}"
    if connection.vendor == "postgresql":
        address = _other_database(request)
    environment = {**os.environ, "DATABASE_URL": address, "VAR_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "valueledger.settings"}
    done = subprocess.run(
        [sys.executable, "-c", STEPS], env=environment, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    assert "steps" in done.stdout


def _other_database(request) -> str:
    import psycopg2

    said = connection.get_connection_params()
    name = f"vl_steps_{uuid.uuid4().hex[:8]}"
    server = psycopg2.connect(**{**{key: said[key] for key in ("host", "port", "user", "password") if said.get(key)}, "dbname": "postgres"})
    server.autocommit = True

    def run(sql: str) -> None:
        with server.cursor() as cursor:
            cursor.execute(sql)

    run(f"CREATE DATABASE {name}")
    request.addfinalizer(lambda: (run(f"DROP DATABASE {name} WITH (FORCE)"), server.close()))
    password = f":{said['password']}" if said.get("password") else ""
    return f"postgres://{said.get('user', '')}{password}@{said.get('host', '127.0.0.1')}:{said.get('port') or 5432}/{name}"


# L5: correcting


def test_a_correction_leaves_the_original_and_counts_alone(cast):
    event = make_event(cast.borealis, cast.ana_voice)
    first = report_got(event=event, side=COUNTERPART, voice=cast.bo_voice, account=Account(word=Word.LITTLE), now=NOW)
    kept = Report.objects.filter(pk=first.pk).values().get()
    version = EventVersion.objects.filter(event=event).values().get()
    second = report_got(event=event, side=COUNTERPART, voice=cast.bo_voice, account=Account(word=Word.GREAT), now=NOW, supersedes=first)
    correct_event(event=event, voice=cast.ana_voice, supersedes=event.versions.get(), now=NOW, what="Said better")
    assert Report.objects.filter(pk=first.pk).values().get() == kept
    assert EventVersion.objects.filter(pk=version["id"]).values().get() == version
    assert second.supersedes_id == first.pk
    other = make_relationship(cast.ana, "Only the corrected one", people=(add_person(workspace=cast.workspace, name="Cyd"),))
    same = make_event(other, Voice(member=cast.ana))
    report_got(event=same, side=COUNTERPART, voice=Voice(participant=speaker(other)), account=Account(word=Word.GREAT), now=NOW)
    assert stored(cast.borealis, View.SHARED) == stored(other, View.SHARED)


@pytest.mark.django_db(transaction=True)
def test_of_many_corrections_at_once_one_succeeds(cast):
    events = [make_event(cast.borealis, cast.ana_voice, what=f"Thing {number}") for number in range(4)]
    versions = {event.pk: event.versions.get() for event in events}
    ended: list[str] = []

    def correct(event, number: int) -> None:
        try:
            with within(cast.workspace.pk):
                correct_event(event=event, voice=cast.ana_voice, supersedes=versions[event.pk], now=NOW, what=f"By {number}")
            ended.append("done")
        except AlreadyCorrected:
            ended.append("conflict")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=correct, args=(event, number)) for number in range(6) for event in events]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (ended.count("done"), ended.count("conflict")) == (4, 20)
    with within(cast.workspace.pk):
        verify()


# L7: whoever changes it behind our back is named


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("exchanges_evidence", '"value_int" = "value_int" + 1'),
        ("exchanges_evidence", '"view_mask" = 1'),
        ("exchanges_liveevidence", '"value_int" = "value_int" + 1'),
        ("exchanges_report", '"points_micro" = "points_micro" + 1'),
        ("exchanges_eventversion", "\"visibility\" = 'PRIVATE'"),
        ("exchanges_relationship_head", ""),
        ("exchanges_balancestate", '"position" = "position" + 1'),
    ],
)
def test_a_number_changed_behind_the_guard_is_named(cast, table, change):
    event = make_event(cast.borealis, cast.ana_voice)
    report_got(event=event, side=COUNTERPART, voice=cast.bo_voice, account=Account(word=Word.LOT), now=NOW)
    verify()
    connection.check_constraints()
    with append_only.lifted(connection), connection.cursor() as cursor:
        if table == "exchanges_relationship_head":
            cursor.execute('UPDATE "relationships_relationship" SET "head_position" = 7')
        else:
            cursor.execute(f'UPDATE "{table}" SET {change}')
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("verify_ledger", stdout=out)
    assert str(cast.borealis.public_id) in out.getvalue()
