"""What a report stands on, read at once: the same comes of it as when it is read piece by piece, and only one of two is first."""

import threading
from contextlib import suppress
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import IntegrityError, connection, connections
from django.test.utils import CaptureQueriesContext

from exchanges.access import Voice
from exchanges.models import BalanceState, Card, Evidence, Report, Word
from exchanges.selectors import footing as footings
from exchanges.selectors.footing import Footing, Said
from exchanges.services import reports
from exchanges.services.reports import Account, AlreadyReported, report_gave, report_got
from relationships.models import SideRole
from tests.makers import NOW, TODAY, make_event, make_relationship, speaker
from valueledger.common import rows
from valueledger.common.tenancy import within

OWN, COUNTERPART = SideRole.OWN, SideRole.COUNTERPART
NOT_OF_THE_ROW = ("id", "workspace_id", "relationship_id", "public_id", "source_id", "own_name", "counterpart_name")


def story(cast, name):
    """A first report, a second on the open day, a correction, the other side, an older day: all that it leaves behind."""
    relationship = make_relationship(cast.ana, name, people=(cast.bo,))
    ours, theirs = Voice(member=cast.ana, participant=speaker(relationship, OWN)), Voice(participant=speaker(relationship))
    events = [make_event(relationship, ours, on=TODAY - timedelta(days=days)) for days in (3, 3, 0, 9)]
    first = report_got(event=events[0], side=COUNTERPART, voice=theirs, account=Account(word=Word.LOT, sentence="Good."), now=NOW)
    report_got(event=events[1], side=COUNTERPART, voice=theirs, account=Account(word=Word.LITTLE), now=NOW)
    midway = bytes(BalanceState.objects.get(relationship=relationship).after)  # what follows folds all of it again
    report_got(event=events[0], side=COUNTERPART, voice=theirs, account=Account(word=Word.BURDEN), now=NOW, supersedes=first)
    report_gave(event=events[2], side=OWN, voice=ours, account=Account(word=Word.GREAT), now=NOW)
    report_got(event=events[3], side=COUNTERPART, voice=theirs, account=Account(), now=NOW)
    return midway, *[
        [
            {key: bytes(value) if isinstance(value, memoryview) else value for key, value in row.items() if key not in NOT_OF_THE_ROW}
            for row in model.objects.filter(relationship=relationship).order_by("pk").values()
        ]
        for model in (Evidence, BalanceState, Card)
    ]


def test_with_and_without_a_footing_the_same_is_written(cast, monkeypatch):
    at_once, real = story(cast, "Cygnus"), reports.post_event
    asked = []

    def piece_by_piece(*, batch, footing, **others):
        asked.append(footing)
        batch.run()
        real(batch=batch, **others)

    monkeypatch.setattr(reports, "post_event", piece_by_piece)
    assert story(cast, "Draco") == at_once
    assert len(asked) == 5
    assert len(at_once[1]) == 6  # five, and the one that the correction took back


def test_a_footing_that_lost_a_row_would_show(cast, monkeypatch):
    at_once = story(cast, "Cygnus")
    monkeypatch.setattr(Footing, "of_day", lambda self, *place: [])
    assert story(cast, "Draco") != at_once


@pytest.mark.parametrize("prepared", [True, False])
def test_statements_are_prepared_unless_told_not_to(cast, settings, prepared):
    expected = story(cast, "Cygnus")
    settings.DATABASE_PREPARED = prepared
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert story(cast, "Draco") == expected
    texts = [query["sql"] for query in seen.captured_queries]
    assert any("EXECUTE rows_" in text for text in texts) == (prepared and connection.vendor == "postgresql")
    assert any('INSERT INTO "exchanges_report"' in text for text in texts) == (not prepared or connection.vendor == "sqlite")


SAID = Said("SHARED", "GOT", False, 7, COUNTERPART, 5, 1, None, True, None)


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ({}, True),  # a first report again
        ({"seq": 2, "supersedes_id": 7}, False),  # what follows it
        ({"seq": 3, "supersedes_id": 8}, False),
        ({"seq": 2, "supersedes_id": 4}, True),  # what another report follows already
        ({"speaker": 6}, False),
        ({"speaker": -5}, False),
        ({"role": "GAVE"}, False),
        ({"side": OWN}, False),
    ],
)
def test_a_footing_refuses_what_somebody_was_faster_with(change, refused):
    known = [SAID, SAID._replace(pk=9, speaker=11, seq=2, supersedes_id=4)]
    stood = Footing(None, None, [], [], known, COUNTERPART, 0, [], None)
    assert stood.refuses(SimpleNamespace(**(SAID._asdict() | change))) == refused


def race(cast, monkeypatch):
    """The same person reports the same event twice at the same moment. How each ended, by name."""
    event = make_event(cast.borealis, cast.ana_voice)
    meet, real, ended = threading.Barrier(2, timeout=2), reports.footing, []

    def slow(*place):
        found = real(*place)
        with suppress(threading.BrokenBarrierError):
            meet.wait()  # both stand on the same before either writes, unless a lock keeps one of them out
        return found

    monkeypatch.setattr(reports, "footing", slow)

    def run():
        try:
            with within(cast.workspace.pk):
                report_got(event=event, side=COUNTERPART, voice=cast.bo_voice, account=Account(word=Word.LOT), now=NOW)
            ended.append("written")
        except (AlreadyReported, IntegrityError) as error:
            ended.append(type(error).__name__)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    with within(cast.workspace.pk):
        assert Report.objects.filter(event=event).count() == 1
        assert Evidence.objects.filter(relationship=cast.borealis).count() == 1
    return sorted(ended)


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_the_second_hears_of_the_first(cast, monkeypatch):
    assert race(cast, monkeypatch) == ["AlreadyReported", "written"]


def unguarded(monkeypatch):
    """Neither the lock nor what is read under it: the unique index is alone."""
    monkeypatch.setattr(footings, "TAKE", "SELECT id FROM relationships_relationship WHERE id = %s")
    monkeypatch.setattr(Footing, "refuses", lambda self, row: False)


@pytest.mark.django_db(transaction=True)
def test_the_unique_index_alone_says_the_same(cast, monkeypatch):
    unguarded(monkeypatch)
    assert race(cast, monkeypatch) == ["AlreadyReported", "written"]


@pytest.mark.django_db(transaction=True)
def test_the_index_would_be_heard_raw_if_it_were_not_told_apart(cast, monkeypatch):
    unguarded(monkeypatch)
    monkeypatch.setattr(rows, "is_taken", lambda error, model: False)
    assert race(cast, monkeypatch) == ["IntegrityError", "written"]
