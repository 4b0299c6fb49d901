"""Who speaks for a side: one person never speaks for both."""

import pytest

from relationships.models import SideRole
from relationships.services.parties import add_person
from relationships.services.relationships import OnePersonOnly, SpeaksForTheOtherSide, add_participant, remove_participant
from tests.makers import TODAY


def side_of(relationship, role):
    return relationship.sides.select_related("relationship__steward").get(role=role)


def test_the_steward_never_speaks_for_the_counterpart(cast):
    with pytest.raises(SpeaksForTheOtherSide):
        add_participant(side=side_of(cast.borealis, SideRole.COUNTERPART), person=cast.ana.person, from_on=TODAY)


def test_nor_does_a_second_row_with_the_stewards_address(cast):
    twin = add_person(workspace=cast.workspace, name="Somebody else", email=cast.ana.user.email.upper())
    with pytest.raises(SpeaksForTheOtherSide):
        add_participant(side=side_of(cast.borealis, SideRole.COUNTERPART), person=twin, from_on=TODAY)


def test_a_speaker_of_theirs_does_not_speak_for_us(cast):
    with pytest.raises(SpeaksForTheOtherSide):
        add_participant(side=side_of(cast.borealis, SideRole.OWN), person=cast.bo, from_on=TODAY)


def test_who_left_and_comes_back_speaks_again(cast):
    remove_participant(participant=cast.bo_speaks, left_on=TODAY)
    again = add_participant(side=side_of(cast.borealis, SideRole.COUNTERPART), person=cast.bo, from_on=TODAY)
    assert again.pk == cast.bo_speaks.pk
    assert again.left_on is None


def test_an_employees_side_has_exactly_one_person(cast, employee):
    with pytest.raises(OnePersonOnly):
        add_participant(side=side_of(employee.relationship, SideRole.COUNTERPART), person=cast.bo, from_on=TODAY)


def test_nobody_succeeds_an_employee_and_reads_what_they_said(cast, employee):
    remove_participant(participant=employee.eva_speaks, left_on=TODAY)
    with pytest.raises(OnePersonOnly):
        add_participant(side=side_of(employee.relationship, SideRole.COUNTERPART), person=cast.bo, from_on=TODAY)
    again = add_participant(side=side_of(employee.relationship, SideRole.COUNTERPART), person=employee.eva, from_on=TODAY)
    assert again.left_on is None
