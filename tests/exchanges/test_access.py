"""The road from an id to a row: who finds what, and what stays hidden."""

import pytest

from exchanges.access import event_for, relationship_for, relationship_to_write, visible_events, visible_reports
from exchanges.models import Report, ValueEvent, View, Visibility, Word
from exchanges.services.reports import Account, report_gave, report_got
from relationships.models import SideRole
from tests.makers import NOW, make_event
from valueledger.common.errors import NotFound


def test_its_steward_reads_and_writes_and_a_leader_reads_the_shared_view(cast):
    public_id = cast.borealis.public_id
    assert relationship_for(cast.ana, public_id).view == View.OWN
    assert relationship_for(cast.lea, public_id).view == View.SHARED
    with pytest.raises(NotFound):
        relationship_to_write(cast.lea, public_id)


@pytest.mark.parametrize("who", ["amir", "oda", "zed"])
def test_everybody_else_finds_nothing(cast, who):
    with pytest.raises(NotFound):
        relationship_for(getattr(cast, who), cast.borealis.public_id)


def test_a_leader_does_not_find_an_employee(cast, employee):
    with pytest.raises(NotFound):
        relationship_for(cast.lea, employee.relationship.public_id)


def test_what_is_no_id_is_nowhere(cast):
    for untrusted in ("", "x", "\x00", "1", None, 1e308):
        with pytest.raises(NotFound):
            relationship_for(cast.ana, untrusted)


def test_a_private_event_and_its_reports_are_its_own_sides(cast):
    event = make_event(cast.borealis, cast.ana_voice, visibility=Visibility.PRIVATE)
    report_gave(event=event, side=SideRole.OWN, voice=cast.ana_voice, account=Account(word=Word.LOT), now=NOW)
    assert event_for(cast.ana, event.public_id)[1] == event
    with pytest.raises(NotFound):
        event_for(cast.lea, event.public_id)
    for view, expected in ((View.OWN, 1), (View.SHARED, 0), (View.COUNTERPART, 0)):
        assert visible_events(ValueEvent.objects.all(), view).count() == expected
        assert visible_reports(Report.objects.all(), view, cast.borealis.kind).count() == expected


def test_an_employees_report_is_in_its_own_view_only(cast, employee):
    event = make_event(employee.relationship, cast.ana_voice)
    report_got(event=event, side=SideRole.COUNTERPART, voice=employee.eva_voice, account=Account(word=Word.LOT), now=NOW)
    for view, expected in ((View.OWN, 0), (View.SHARED, 0), (View.COUNTERPART, 1)):
        assert visible_reports(Report.objects.all(), view, employee.relationship.kind).count() == expected
