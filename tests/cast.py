"""The cast: Acme keeps the workspace, Borealis is its client. Ana is the steward, Bo speaks for Borealis, Lea leads, Oda owns, Zed is a stranger."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from exchanges.access import Voice
from relationships.models import Kind, Member, Participant, Person, Relationship, SideRole, User, Workspace
from relationships.services.parties import add_person
from tests.makers import make_member, make_relationship, make_workspace, speaker
from tests.replaying import Replay
from valueledger.common.tenancy import everywhere, within


@dataclass
class Cast:
    workspace: Workspace
    ana: Member  # steward of Borealis
    amir: Member  # steward of nothing
    lea: Member  # leader
    oda: Member  # owner, and nothing else
    bo: Person
    borealis: Relationship
    ana_speaks: Participant
    bo_speaks: Participant
    elsewhere: Workspace
    zed: Member  # steward in another workspace

    @property
    def ana_voice(self) -> Voice:
        return Voice(member=self.ana, participant=self.ana_speaks)

    @property
    def bo_voice(self) -> Voice:
        return Voice(participant=self.bo_speaks)


@dataclass
class EmployeeCast:
    eva: Person
    relationship: Relationship
    eva_speaks: Participant

    @property
    def eva_voice(self) -> Voice:
        return Voice(participant=self.eva_speaks)


def make_cast() -> Cast:
    workspace, elsewhere = make_workspace("Acme"), make_workspace("Zenith")
    with within(elsewhere.pk):
        zed = make_member(elsewhere, "Zed", steward=True, leader=True, owner=True)
    with within(workspace.pk):
        ana = make_member(workspace, "Ana Lind", steward=True)
        bo = add_person(workspace=workspace, name="Bo Berg", email="bo@borealis.example")
        borealis = make_relationship(ana, people=(bo,))
        return Cast(
            workspace=workspace,
            ana=ana,
            amir=make_member(workspace, "Amir", steward=True),
            lea=make_member(workspace, "Lea", leader=True),
            oda=make_member(workspace, "Oda", owner=True),
            bo=bo,
            borealis=borealis,
            ana_speaks=speaker(borealis, SideRole.OWN),
            bo_speaks=speaker(borealis, SideRole.COUNTERPART),
            elsewhere=elsewhere,
            zed=zed,
        )


@pytest.fixture(scope="session")
def rehearsed() -> Replay[Cast]:
    return Replay(make_cast)


@pytest.fixture
def cast(db: None, rehearsed: Replay[Cast]) -> Iterator[Cast]:
    """Everybody in place, with Acme's scope open. Made by the services once, and from then on by the rows that they had written."""
    with everywhere():
        stage_is_empty = not Workspace.objects.exists() and not User.objects.exists()
    cast = rehearsed.again() if stage_is_empty else make_cast()
    with within(cast.workspace.pk):
        yield cast


@pytest.fixture
def employee(cast: Cast) -> EmployeeCast:
    """Eva works for Acme; Ana is her manager."""
    eva = add_person(workspace=cast.workspace, name="Eva Holm", email="eva@acme.example")
    relationship = make_relationship(cast.ana, "Eva Holm", kind=Kind.EMPLOYEE, people=(eva,))
    return EmployeeCast(eva=eva, relationship=relationship, eva_speaks=speaker(relationship))
