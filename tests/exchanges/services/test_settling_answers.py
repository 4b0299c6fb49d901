"""What was said through a link is carried out once, or asked again; one row that breaks holds up nothing, and no answer is lost."""

from datetime import timedelta

import pytest

from exchanges.models import EventText, Prompt, PromptKind, PromptState, Settlement
from exchanges.selectors.settling import answer_to
from exchanges.services import mailing, settling
from exchanges.services.events import correct_event
from exchanges.services.gently import AlreadySettled
from exchanges.services.prompts import lapse, remind, sweep_prompts, wake
from exchanges.services.rounds import open_round
from exchanges.services.settling import draw_answers
from exchanges.services.settling_prompts import LASTS, ask_due_settlements
from relationships.services.parties import add_person
from tests.exchanges.services.test_settling import ON_THE_DAY, by_link, newest, one_asked, promise, say
from tests.makers import NOW, make_relationship, speaker
from valueledger.common.errors import Invalid
from valueledger.common.models import Outbox

DAY, MINUTE, SECOND = timedelta(days=1), timedelta(minutes=1), timedelta(seconds=1)
TODAY = ON_THE_DAY.date()


def state_of(prompt):
    return Prompt.objects.get(pk=prompt.pk).state


def asked_of(cast, count):
    """So many questions about promises, of as many sides."""
    for number in range(count):
        person = add_person(workspace=cast.workspace, name=f"Cy {number}", email=f"cy{number}@there.example")
        promise(cast, relationship=make_relationship(cast.ana, f"Corvid {number}", people=(person,)))
    assert ask_due_settlements(now=ON_THE_DAY) == count
    return list(Prompt.objects.filter(kind=PromptKind.SETTLE).order_by("pk"))


def through_its_link(prompt, became, on, now):
    return settling.settle(prompt=prompt, became=became, on=on, voice=settling.Voice(participant=speaker(prompt.relationship)), now=now)


# What breaks


def test_an_answer_about_a_promise_whose_text_was_erased_is_carried_out(cast):
    event = promise(cast)
    prompt = one_asked()
    EventText.objects.filter(version__event=event).update(what="")
    by_link(prompt, cast, "ARRIVED", TODAY, ON_THE_DAY)
    assert sweep_prompts(now=ON_THE_DAY + 2 * MINUTE)["settled"] == 1
    assert (newest(event).status, newest(event).text.what, state_of(prompt)) == ("ARRIVED", "", PromptState.ANSWERED)


def test_a_text_is_asked_for_where_it_is_what_is_corrected(cast):
    event = promise(cast)
    with pytest.raises(Invalid) as caught:
        correct_event(event=event, voice=cast.ana_voice, supersedes=newest(event), now=NOW, what=" ")
    assert caught.value.field == "what"
    EventText.objects.filter(version__event=event).update(what="")
    assert correct_event(event=event, voice=cast.ana_voice, supersedes=newest(event), now=NOW, expected_on=TODAY + DAY).text.what == ""


@pytest.mark.parametrize(
    ("error", "state"), [(Invalid("It does not fit.", field="what"), PromptState.WITHDRAWN), (ValueError(), PromptState.WAITING)]
)
def test_one_that_cannot_be_carried_out_holds_up_no_other(cast, monkeypatch, error, state):
    """What is refused ends its question; what breaks is tried again, and its answer is kept."""
    first, second = asked_of(cast, 2)
    for prompt in (first, second):
        through_its_link(prompt, "ARRIVED", TODAY, ON_THE_DAY)
    draw = settling.draw

    def broken(said, version, voice, *, now):
        draw(said, version, voice, now=now)
        if said.prompt_id == first.pk:
            raise error

    monkeypatch.setattr(settling, "draw", broken)
    assert sweep_prompts(now=ON_THE_DAY + 2 * MINUTE)["settled"] == 1
    assert (state_of(first), newest(first.event).status) == (state, "PROMISED")
    assert (state_of(second), newest(second.event).status) == (PromptState.ANSWERED, "ARRIVED")


BROKEN = {
    "exchanges.services.settling_prompts.ask": "settlements",
    "exchanges.services.prompts.ask_rating": "ratings",
    "exchanges.services.terms_prompts.ask_terms": "terms",
    "exchanges.services.requalify.ask_worth": "worth",
}


@pytest.mark.parametrize("place", BROKEN)
def test_whoever_cannot_be_asked_does_not_end_the_sweep(cast, monkeypatch, place):
    """Something promised and something given are due, as is all else, 200 days on; each time one step breaks at its row."""
    later = NOW + 200 * DAY
    promise(cast, by=later.date())
    arrived = promise(cast, giver=0, now=later - DAY)
    correct_event(
        event=arrived, voice=cast.ana_voice, supersedes=newest(arrived), now=later - DAY, status="ARRIVED", arrived_on=later.date() - DAY,
        expected_on=None,
    )  # fmt: skip
    calls = []

    def broken(*_arguments, **_named):
        calls.append(place)
        raise ValueError

    if place.endswith(("ask_terms", "ask_worth")):  # these two are due after more than a promise
        monkeypatch.setattr("exchanges.services.terms_prompts.due_sides", lambda workspace, now: [cast.bo_speaks.side_id])
        monkeypatch.setattr("exchanges.services.requalify.to_ask", lambda workspace, now, limit: [cast.ana_speaks])
    monkeypatch.setattr(place, broken)
    counts = sweep_prompts(now=later)
    assert calls
    assert counts[BROKEN[place]] == 0
    assert "lapsed" in counts


@pytest.mark.parametrize("step", [remind, wake])
def test_one_mail_that_cannot_be_queued_holds_up_no_other(cast, monkeypatch, step):
    prompts = asked_of(cast, 2)
    if step is wake:
        Prompt.objects.update(state=PromptState.SNOOZED, snoozed_until=ON_THE_DAY + DAY)
    else:
        Outbox.objects.update(state="SENT", sent_at=ON_THE_DAY)
    queue = mailing.queue

    def broken(*, prompt, **named):
        if prompt.pk == prompts[0].pk:
            raise ValueError
        return queue(prompt=prompt, **named)

    monkeypatch.setattr(mailing, "queue", broken)
    assert step(now=ON_THE_DAY + 8 * DAY) == 1


# The same again


def test_after_what_seemed_a_machines_the_same_again_is_an_answer(cast):
    event = promise(cast)
    prompt = one_asked()
    by_link(prompt, cast, "NOT_YET", TODAY + 20 * DAY, ON_THE_DAY)
    by_link(prompt, cast, "ARRIVED", TODAY, ON_THE_DAY + 20 * SECOND)
    assert answer_to(prompt) is None
    by_link(prompt, cast, "ARRIVED", TODAY, ON_THE_DAY + 10 * MINUTE)
    assert answer_to(prompt) is not None
    assert draw_answers(now=ON_THE_DAY + 12 * MINUTE) == 1
    assert (newest(event).status, state_of(prompt)) == ("ARRIVED", PromptState.ANSWERED)
    by_link(prompt, cast, "ARRIVED", TODAY, ON_THE_DAY + 20 * MINUTE)  # by now it adds nothing
    assert Settlement.objects.count() == 3


def test_within_the_minute_however_often_it_stays_a_machines(cast):
    promise(cast)
    prompt = one_asked()
    by_link(prompt, cast, "NOT_YET", TODAY + 20 * DAY, ON_THE_DAY)
    for number in range(1, 13):
        by_link(prompt, cast, "ARRIVED", TODAY, ON_THE_DAY + number * SECOND)
    assert answer_to(prompt) is None


@pytest.mark.parametrize("before", [[("ARRIVED", 0)], [("NOT_YET", -10), ("ARRIVED", 0)]])
def test_who_is_signed_in_and_says_the_same_again_is_heard_at_once(cast, before):
    """Whether the link's answer waits for its minute, or seemed a machine's."""
    event = promise(cast)
    prompt = one_asked()
    for became, seconds in before:
        by_link(prompt, cast, became, TODAY if became == "ARRIVED" else TODAY + DAY, ON_THE_DAY + seconds * SECOND)
    say(prompt, cast.bo_voice, "ARRIVED", TODAY, now=ON_THE_DAY + 5 * SECOND)
    assert (newest(event).status, state_of(prompt)) == ("ARRIVED", PromptState.ANSWERED)
    count = Settlement.objects.count()
    say(prompt, cast.bo_voice, "ARRIVED", TODAY, now=ON_THE_DAY + 6 * SECOND)
    assert Settlement.objects.count() == count
    with pytest.raises(AlreadySettled):
        say(prompt, cast.bo_voice, "NOT_YET", TODAY + DAY, now=ON_THE_DAY + 7 * SECOND)


# Nobody waits for others


def test_those_that_do_not_count_hold_up_no_other(cast, monkeypatch):
    """More of a machine's than a sweep takes at a time, or reads at once, stand before the one that counts."""
    monkeypatch.setattr(settling, "CHUNK", 2, raising=False)
    *machines, last = asked_of(cast, 4)
    for prompt in machines:
        through_its_link(prompt, "NOT_YET", TODAY + DAY, ON_THE_DAY)
        through_its_link(prompt, "ARRIVED", TODAY, ON_THE_DAY + SECOND)
    through_its_link(last, "ARRIVED", TODAY, ON_THE_DAY)
    assert draw_answers(now=ON_THE_DAY + 2 * MINUTE, limit=1) == 1
    assert state_of(last) == PromptState.ANSWERED


def test_an_answer_that_a_sweep_does_not_reach_before_the_close_is_not_lost(cast):
    first, second, machine = asked_of(cast, 3)
    closed = ON_THE_DAY + LASTS + MINUTE
    for prompt in (first, second):
        through_its_link(prompt, "ARRIVED", TODAY, ON_THE_DAY + LASTS - 2 * MINUTE)
    through_its_link(machine, "NOT_YET", TODAY + 20 * DAY, ON_THE_DAY)
    through_its_link(machine, "ARRIVED", TODAY, ON_THE_DAY + SECOND)
    assert sweep_prompts(now=closed, limit=1)["settled"] == 1
    assert [state_of(one) for one in (first, second, machine)] == ["ANSWERED", "WAITING", "LAPSED"]
    sweep_prompts(now=closed + MINUTE, limit=1)
    assert (state_of(second), newest(second.event).status) == (PromptState.ANSWERED, "ARRIVED")


def test_a_question_that_nobody_answered_lapses_as_ever(cast):
    promise(cast)
    prompt = one_asked()
    open_round(relationship=cast.borealis, now=ON_THE_DAY, reason="asked")
    assert lapse(now=ON_THE_DAY + LASTS) == 1
    assert state_of(prompt) == PromptState.LAPSED
