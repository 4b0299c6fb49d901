"""Goals are proposed by one side and agreed by the other; what a side stands for is said by that side alone."""

from datetime import timedelta

import pytest

from exchanges.models import Goal, GoalStep, Stance
from exchanges.selectors.together import goal_in, stance_of, together_of
from exchanges.services.together import (
    MOST_GOALS,
    EnoughGoals,
    GoalIsClosed,
    NotAgreedYet,
    OtherSideAgrees,
    RelationshipIsOver,
    agree_goal,
    close_goal,
    propose_goal,
    say_stance,
)
from relationships.models import SideRole, Stage
from tests.makers import NOW, TODAY
from valueledger.common.errors import Conflict, Invalid, NotFound
from valueledger.common.models import AuditEntry

DAY = timedelta(days=1)


def proposed(cast, what="Halve the night calls", by_on=None):
    return propose_goal(author=cast.ana_speaks, what=what, by_on=by_on, now=NOW)


def test_a_goal_is_shared_when_the_other_side_has_agreed(cast):
    goal = proposed(cast, by_on=(TODAY + 30 * DAY).isoformat())
    [row] = together_of(cast.borealis).proposed
    assert (row.what, row.side, row.author, row.agreed_on) == ("Halve the night calls", SideRole.OWN, "Ana Lind", None)
    with pytest.raises(OtherSideAgrees):
        agree_goal(goal=goal, author=cast.ana_speaks, now=NOW)
    first = agree_goal(goal=goal, author=cast.bo_speaks, now=NOW + DAY)
    assert agree_goal(goal=goal, author=cast.bo_speaks, now=NOW + 2 * DAY) == first
    [row] = together_of(cast.borealis).agreed
    assert (row.agreed_on, row.agreed_by, row.by_on) == (TODAY + DAY, "Bo Berg", TODAY + 30 * DAY)
    assert AuditEntry.objects.filter(action__startswith="goal.").count() == 2


@pytest.mark.parametrize("step", ["REACHED", "GIVEN_UP"])
def test_either_side_closes_a_goal_and_it_stays_closed(cast, step):
    goal = proposed(cast)
    agree_goal(goal=goal, author=cast.bo_speaks, now=NOW)
    close_goal(goal=goal, author=cast.bo_speaks, step=step, now=NOW + DAY)
    for again in ("REACHED", "GIVEN_UP"):
        with pytest.raises(GoalIsClosed):
            close_goal(goal=goal, author=cast.ana_speaks, step=again, now=NOW + DAY)
    [row] = together_of(cast.borealis).closed
    assert (row.is_reached, row.closed_side, row.closed_on) == (step == "REACHED", SideRole.COUNTERPART, TODAY + DAY)


def test_a_proposal_is_taken_back_or_declined_but_not_reached(cast):
    goal = proposed(cast)
    with pytest.raises(NotAgreedYet):
        close_goal(goal=goal, author=cast.bo_speaks, step="REACHED", now=NOW)
    with pytest.raises(Invalid):
        close_goal(goal=goal, author=cast.bo_speaks, step="AGREED", now=NOW)
    close_goal(goal=goal, author=cast.bo_speaks, step="GIVEN_UP", now=NOW)
    with pytest.raises(GoalIsClosed):
        agree_goal(goal=goal, author=cast.bo_speaks, now=NOW)


def test_two_closings_at_once_are_one(cast, monkeypatch):
    """The unique key is the guard: with the look beforehand taken away, it still refuses."""
    goal = proposed(cast)
    close_goal(goal=goal, author=cast.bo_speaks, step="GIVEN_UP", now=NOW)
    monkeypatch.setattr("exchanges.services.together.CLOSED", ())
    with pytest.raises(Invalid):
        close_goal(goal=goal, author=cast.ana_speaks, step="GIVEN_UP", now=NOW)
    from exchanges.services.together import GoalMove, _step

    for step in (GoalMove.REACHED, GoalMove.GIVEN_UP):
        with pytest.raises(GoalIsClosed):
            _step(goal, cast.ana_speaks, step, NOW)
    assert GoalStep.objects.count() == 1


def test_what_a_page_had_read_before_does_not_agree_to_a_closed_goal(cast):
    goal = proposed(cast)
    stale = goal_in(cast.borealis, goal.public_id)
    assert list(stale.steps.all()) == []
    close_goal(goal=goal, author=cast.ana_speaks, step="GIVEN_UP", now=NOW)
    with pytest.raises(GoalIsClosed):
        agree_goal(goal=stale, author=cast.bo_speaks, now=NOW)
    assert [step.step for step in GoalStep.objects.all()] == ["GIVEN_UP"]


def test_nobody_agrees_to_a_goal_of_what_is_over(cast):
    goal = proposed(cast)
    type(cast.borealis).objects.filter(pk=cast.borealis.pk).update(stage=Stage.COMPLETED)
    with pytest.raises(RelationshipIsOver):
        agree_goal(goal=goal, author=cast.bo_speaks, now=NOW)


def test_the_list_stays_short_and_its_words_too(cast):
    for number in range(MOST_GOALS):
        proposed(cast, f"Goal {number}")
    with pytest.raises(EnoughGoals):
        proposed(cast, "One more")
    close_goal(goal=Goal.objects.order_by("id")[0], author=cast.bo_speaks, step="GIVEN_UP", now=NOW)
    proposed(cast, "One more")
    for what, by_on in (("", None), ("x" * 201, None), ("Fine", (TODAY - DAY).isoformat()), ("Fine", "soon")):
        with pytest.raises(Invalid):
            propose_goal(author=cast.bo_speaks, what=what, by_on=by_on, now=NOW)


def test_an_ended_relationship_has_no_new_goals(cast):
    cast.borealis.stage = Stage.COMPLETED
    cast.borealis.save(update_fields=["stage"])
    with pytest.raises(RelationshipIsOver):
        proposed(cast)


def test_a_goal_of_another_relationship_is_not_found(cast, employee):
    goal = proposed(cast)
    assert goal_in(cast.borealis, goal.public_id) == goal
    with pytest.raises(NotFound):
        goal_in(employee.relationship, goal.public_id)


def test_a_side_says_what_it_stands_for_in_five_lines_and_the_newest_holds(cast):
    say_stance(author=cast.bo_speaks, lines=["Honest dates", "", "No surprises"], now=NOW)
    first = stance_of(cast.borealis, SideRole.COUNTERPART)
    assert (first.lines, first.said_on, first.author) == (("Honest dates", "No surprises"), TODAY, "Bo Berg")
    assert stance_of(cast.borealis, SideRole.OWN).lines == ()
    again = say_stance(author=cast.bo_speaks, lines=["Honest dates", "No surprises"], now=NOW + DAY)
    assert again.seq == 1
    say_stance(author=cast.bo_speaks, lines=["Honest dates"], now=NOW + DAY)
    assert stance_of(cast.borealis, SideRole.COUNTERPART).lines == ("Honest dates",)
    say_stance(author=cast.bo_speaks, lines=[], now=NOW + DAY)
    assert stance_of(cast.borealis, SideRole.COUNTERPART).lines == ()
    assert Stance.objects.count() == 3
    with pytest.raises(Invalid):
        say_stance(author=cast.bo_speaks, lines=list("abcdef"), now=NOW)
    with pytest.raises(Invalid):
        say_stance(author=cast.bo_speaks, lines=["x" * 121], now=NOW)


def test_the_conflicts_are_conflicts():
    assert all(issubclass(one, Conflict) for one in (EnoughGoals, GoalIsClosed, NotAgreedYet, OtherSideAgrees, RelationshipIsOver))
