"""When the day of something comes that one side keeps to itself, nothing of it shows to whoever does not know of it."""

import re
from datetime import timedelta

import pytest

from exchanges.access import outbox_for, prompts_for
from exchanges.models import EventVersion, Giver, Prompt, PromptKind, ValueEvent, Visibility
from exchanges.selectors.occasions import minutes_asked
from exchanges.selectors.participation import participation_of
from exchanges.services.advances import Hope, give_on_hope
from exchanges.services.events import correct_event
from exchanges.services.settling_prompts import LASTS, ask_due_settlements
from relationships.models import SideRole
from tests.exchanges.views.browsing import browser_of, clock, seen_by  # noqa: F401
from tests.makers import NOW, TODAY, make_event

pytestmark = pytest.mark.usefixtures("clock")
DAY = timedelta(days=1)
BEFORE = NOW - DAY
OWN, COUNTERPART = SideRole.OWN, SideRole.COUNTERPART


def promised(cast, voice, giver, **fields):
    return make_event(
        cast.borealis, voice, giver=giver, what="Two coupons", status="PROMISED", expected_on=TODAY, on=TODAY - DAY, now=BEFORE, **fields
    )


def minutes_of(cast):
    return minutes_asked(Prompt.objects.filter(relationship=cast.borealis), since=NOW - 365 * DAY)


def read(member, url):
    """A page without the form's token, that differs from call to call."""
    return re.sub(r'X-CSRFToken": "\w+"|name="csrfmiddlewaretoken" value="\w+"', "", seen_by(member, url))


@pytest.mark.parametrize("what", ["a private promise", "a promise", "an advance"])
def test_a_leader_does_not_see_that_our_side_was_asked_of_its_own(cast, what):
    if what == "an advance":
        event = make_event(cast.borealis, cast.ana_voice, what="A day for nothing", on=TODAY - DAY, now=BEFORE)
        give_on_hope(event=event, hope=Hope("A second order", TODAY), member=cast.ana, now=BEFORE)
    else:
        promised(cast, cast.ana_voice, Giver.OWN, visibility=Visibility.PRIVATE if what == "a private promise" else Visibility.SHARED)
    url = f"/relationships/{cast.borealis.public_id}/"
    before, page = minutes_of(cast), read(cast.lea, url)
    assert ask_due_settlements(now=NOW) == 1
    assert Prompt.objects.get().side == OWN
    assert minutes_of(cast) == before == {0: 0, 1: 0}
    assert read(cast.lea, url) == page


def test_what_the_other_side_is_asked_of_a_shared_promise_counts(cast):
    """Negative control."""
    promised(cast, cast.ana_voice, Giver.COUNTERPART)
    assert ask_due_settlements(now=NOW) == 1
    assert minutes_of(cast) == {0: 0, 1: 1}


def what_we_read(cast):
    """In the lists of its steward, the preview of questions, and how much each side takes part."""
    return (
        prompts_for(cast.ana).filter(kind=PromptKind.SETTLE).count(),
        outbox_for(cast.ana).filter(kind="settle").count(),
        minutes_of(cast)[COUNTERPART],
        participation_of(cast.borealis, ValueEvent.objects.none(), reader=OWN, now=NOW + LASTS)[COUNTERPART].asked,
    )


def coming(cast):
    return [row.what for row in browser_of(cast.ana).get("/settings/rhythm/preview/").context["preview"].questions if row.what == "promise"]


@pytest.mark.parametrize(("visibility", "shows"), [(Visibility.PRIVATE, False), (Visibility.SHARED, True)])
@pytest.mark.parametrize("giver", Giver.values)
def test_we_do_not_see_that_they_were_asked_of_what_they_keep_to_themselves(cast, visibility, shows, giver):
    promised(cast, cast.bo_voice, giver, visibility=visibility)
    assert coming(cast) == (["promise"] if shows else [])
    assert ask_due_settlements(now=NOW) == 1
    if visibility == Visibility.SHARED and giver == Giver.OWN:
        assert what_we_read(cast)[0] == 1  # then we were asked
        return
    assert what_we_read(cast) == ((1, 1, 1, 1) if shows else (0, 0, 0, 0))
    theirs = participation_of(cast.borealis, ValueEvent.objects.none(), reader=COUNTERPART, now=NOW + LASTS)
    assert theirs[COUNTERPART].asked == 1


def test_once_they_show_it_we_may_read_that_they_were_asked(cast):
    event = promised(cast, cast.bo_voice, Giver.COUNTERPART, visibility=Visibility.PRIVATE)
    assert ask_due_settlements(now=NOW) == 1
    newest = EventVersion.objects.current().get(event=event)
    correct_event(event=event, voice=cast.bo_voice, supersedes=newest, now=NOW, visibility=Visibility.SHARED)
    assert what_we_read(cast) == (1, 1, 1, 1)
