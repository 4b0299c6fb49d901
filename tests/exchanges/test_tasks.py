"""Every task may run twice, at once, in any order, and the rows are as after one run. A new task is included by itself."""

import ast
import threading
from datetime import time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from exchanges import tasks
from exchanges.models import Answer, Assurance, Card, Evidence, Prompt, Round, RoundPosting, RoundSeat
from exchanges.services.events import log_event
from exchanges.services.prompts import open_due_rounds
from exchanges.services.rounds import RoundAlreadyOpen, answer_check, open_due_round, open_round
from relationships.models import Participant, Relationship, SideRole
from relationships.services.parties import add_person
from tests.makers import make_relationship
from valueledger.celery import app
from valueledger.common.models import Outbox
from valueledger.common.tenancy import everywhere, within

DAY = timedelta(days=1)


def registered():
    app.loader.import_default_modules()
    return sorted(name.rpartition(".")[2] for name in app.tasks if name.startswith("exchanges.tasks."))


def together(*acts):
    """All at once, each in a thread and on a connection of its own. Raises what any of them raised."""
    errors, gate = [], threading.Barrier(len(acts), timeout=30)

    def run(act):
        try:
            gate.wait()
            act()
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert errors == []


@pytest.fixture
def world(transactional_db, request):
    """Something to do for every sweep: relationships due, a round to post, an event to ask about, mail to send."""
    cast = request.getfixturevalue("cast")
    cast.workspace.quiet_from = cast.workspace.quiet_until = time(0)  # at whatever hour and day this runs
    cast.workspace.quiet_days = ""
    cast.workspace.save()
    now = timezone.now()
    for number in range(3):
        make_relationship(cast.ana, f"Client {number}", people=(add_person(workspace=cast.workspace, name="X", email=f"x{number}@c.example"),))
    round = open_round(relationship=cast.borealis, now=now - DAY, reason="due")
    for participant in (cast.bo_speaks, cast.ana_speaks):
        seat = RoundSeat.objects.select_related("round").get(round=round, participant=participant)
        answer_check(seat=seat, value=Decimal(1), assurance=Assurance.LINK, now=now - timedelta(hours=1))
    today = now.astimezone(cast.workspace.zone).date()
    log_event(relationship=cast.borealis, voice=cast.ana_voice, giver=0, occurred_on=today, what="A thing", now=now - timedelta(hours=1))
    return cast


def stand():
    with everywhere():
        return {
            "rounds": sorted(Round.objects.values_list("relationship_id", "number")),
            "posted": sorted(RoundPosting.objects.values_list("round_id", "outcome")),
            "evidence": sorted(Evidence.objects.values_list("relationship_id", "position", "value_int")),
            "prompts": sorted(Prompt.objects.values_list("participant_id", "kind", "subject_key", "state")),
            "mails": sorted(Outbox.objects.values_list("recipient_id", "kind", "local_day", "state", "attempts")),
            "cards": sorted(Card.objects.values_list("relationship_id", "view", "position", "verdict")),
        }


@pytest.mark.parametrize("name", registered())
def test_a_task_that_runs_twice_does_its_work_once(world, name):
    task = getattr(tasks, name)
    together(task, task)
    once = stand()
    task()
    assert stand() == once


def test_all_sweeps_at_once_end_where_they_end_one_after_another(world):
    sweeps = [getattr(tasks, name) for name in registered() if name.startswith("sweep")]
    together(*sweeps, *sweeps)
    for sweep in sweeps * 2:
        sweep()
    settled = stand()
    assert len(settled["rounds"]) == 4
    assert len(settled["posted"]) == 1
    assert {mail[3] for mail in settled["mails"]} <= {"SENT", "DUE", "SKIPPED"}
    for sweep in sweeps:
        sweep()
    assert stand() == settled


def test_a_worker_whose_clock_is_behind_does_not_ask_a_second_time(world):
    now = timezone.now()
    assert open_due_rounds(now=now) == 3
    behind = now - timedelta(seconds=5)
    for relationship in Relationship.objects.filter(rounds__isnull=False).distinct():
        with pytest.raises(RoundAlreadyOpen):
            open_due_round(relationship=relationship, now=behind)
        if relationship != world.borealis:
            with pytest.raises(RoundAlreadyOpen):
                open_round(relationship=relationship, now=behind, reason="asked")


def test_both_sides_answering_at_the_same_moment_reveal_every_round(world):
    now = timezone.now()
    pairs = []
    for number in range(8):  # a person each: one alone would not be asked eight times
        person = add_person(workspace=world.workspace, name=f"P{number}", email=f"p{number}@pair.example")
        relationship = make_relationship(world.ana, f"Pair {number}", people=(person,))
        round = open_round(relationship=relationship, now=now, reason="due")
        pairs.append([RoundSeat.objects.select_related("round").get(round=round, side=side) for side in SideRole.values])

    def answer(seat):
        def act():
            with within(world.workspace.pk):
                answer_check(seat=seat, value=Decimal(1), assurance=Assurance.SIGNED_IN, now=now)

        return act

    for pair in pairs:
        together(*[answer(seat) for seat in pair])
    assert RoundPosting.objects.filter(round__relationship__in=[pair[0].round.relationship_id for pair in pairs]).count() == 8


def test_one_seat_answered_at_the_same_moment_has_one_newest_answer(world):
    now = timezone.now()
    relationship = make_relationship(world.ana, "Twice", people=(add_person(workspace=world.workspace, name="T", email="t@t.example"),))
    round = open_round(relationship=relationship, now=now, reason="due")
    seat = RoundSeat.objects.select_related("round").get(round=round, side=1)

    def act(value):
        def answer():
            with within(world.workspace.pk):
                answer_check(seat=seat, value=Decimal(value), assurance=Assurance.SIGNED_IN, now=now)

        return answer

    together(*[act(value) for value in (-2, -1, 0, 1)])
    assert Answer.objects.filter(seat=seat).count() == 4
    assert Answer.objects.current().filter(seat=seat).count() == 1


def test_the_command_does_what_the_sweeps_do(world, capsys):
    call_command("send_due_prompts")
    told = capsys.readouterr().out
    assert "rounds: released 0, posted 1" in told
    counts = told.partition("prompts: ")[2].splitlines()[0].split(", ")
    assert {"rounds 3", "ratings 1", "terms 1", "worth 3", "woken 0", "reminders 0", "told 0", "lapsed 0"} <= set(counts)
    assert "mail: " in told
    with everywhere():
        assert Participant.objects.count() == 8
        assert Outbox.objects.filter(state="SENT").count() >= 4


def test_work_is_found_in_rows_and_never_published():
    """No `.delay` or `.apply_async` anywhere, and no task of the future: beat ticks are all that travels."""
    root = Path(settings.BASE_DIR)
    for path in [*root.glob("exchanges/**/*.py"), *root.glob("relationships/**/*.py"), *root.glob("valueledger/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute):
                assert node.attr not in {"delay", "apply_async", "send_task", "delay_on_commit"}, path
            if isinstance(node, ast.keyword):
                assert node.arg not in {"countdown", "eta"}, path
