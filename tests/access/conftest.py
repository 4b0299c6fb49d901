"""The world of the walk, at a moment when its questions are open."""

from collections.abc import Iterator

import pytest
import time_machine

from tests.access.walking import Walk
from tests.access.world import LATER, World, make_world


@pytest.fixture
def world(db: None) -> Iterator[World]:
    with time_machine.travel(LATER, tick=False):
        yield make_world()


@pytest.fixture
def walk(world: World) -> Walk:
    return Walk(world)
