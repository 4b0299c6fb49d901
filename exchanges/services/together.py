"""Goals that both sides want, and what each side stands for. Proposed or said by one side, seen by both; no evidence of anything."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Q

from exchanges.models import Goal, GoalMove, GoalStep, GoalText, Stance, StanceLine
from exchanges.services.events import AHEAD
from exchanges.services.posting import locked
from relationships.models import Participant, Relationship
from valueledger.common import audit
from valueledger.common.errors import Conflict, Invalid
from valueledger.common.validators import clean_day, clean_line

MOST_GOALS, MOST_LINES = 5, 5
GOAL_LONGEST, LINE_LONGEST = 200, 120
CLOSED = (GoalMove.REACHED, GoalMove.GIVEN_UP)


class EnoughGoals(Conflict):
    code = "enough_goals"
    sentence = f"There are {MOST_GOALS} goals already. Close one before you propose another."


class OtherSideAgrees(Conflict):
    code = "other_side_agrees"
    sentence = "The other side agrees to what you proposed, not you."


class GoalIsClosed(Conflict):
    code = "goal_closed"
    sentence = "Somebody has closed this goal already."


class NotAgreedYet(Conflict):
    code = "not_agreed_yet"
    sentence = "Both sides have to agree to a goal before it can be reached."


class RelationshipIsOver(Conflict):
    code = "relationship_over"
    sentence = "This relationship has ended, so it has no new goals."


def open_goals(relationship: Relationship) -> Q:
    """Proposed or agreed, and closed by nobody, as a condition on goals."""
    closed = GoalStep.objects.filter(step__in=CLOSED, goal__relationship=relationship).values("goal")
    return Q(relationship=relationship) & ~Q(pk__in=closed)


def propose_goal(*, author: Participant, what: str, by_on: object, now: datetime) -> Goal:
    """Raises Invalid, EnoughGoals or RelationshipIsOver."""
    with transaction.atomic():
        relationship = locked(author.side.relationship_id)
        if not relationship.is_going_on:
            raise RelationshipIsOver
        words = clean_line(what, "what", longest=GOAL_LONGEST, required=True)
        today = now.astimezone(relationship.workspace.zone).date()
        day = clean_day(by_on, "by_on", today=today, latest=today + AHEAD, required=False)
        if day is not None and day < today:
            raise Invalid("Choose a day that is still to come, or none.", field="by_on", code="out_of_range")
        if Goal.objects.filter(open_goals(relationship)).count() >= MOST_GOALS:
            raise EnoughGoals
        goal = Goal.objects.create(
            workspace_id=relationship.workspace_id, relationship=relationship, side=author.side.role, author=author, by_on=day, at=now
        )
        GoalText.objects.create(workspace_id=goal.workspace_id, goal=goal, what=words)
        _record(author, "goal.proposed", goal, now)
    return goal


def agree_goal(*, goal: Goal, author: Participant, now: datetime) -> GoalStep:
    """By the side that did not propose it. Again is the same. Raises OtherSideAgrees, RelationshipIsOver or GoalIsClosed."""
    with transaction.atomic():
        relationship = locked(goal.relationship_id)
        if author.side.role == goal.side:
            raise OtherSideAgrees
        if not relationship.is_going_on:
            raise RelationshipIsOver
        steps = {step.step: step for step in GoalStep.objects.filter(goal=goal)}  # under the lock, whatever the page had read
        if GoalMove.AGREED in steps:
            return steps[GoalMove.AGREED]
        if steps:
            raise GoalIsClosed
        return _step(goal, author, GoalMove.AGREED, now)


def close_goal(*, goal: Goal, author: Participant, step: str, now: datetime) -> GoalStep:
    """By either side: reached, or given up. A proposal can only be given up. Raises GoalIsClosed or NotAgreedYet."""
    if step not in CLOSED:
        raise Invalid("This choice is not known.", field="step")
    with transaction.atomic():
        locked(goal.relationship_id)
        steps = {one.step for one in GoalStep.objects.filter(goal=goal)}
        if steps.intersection(CLOSED):
            raise GoalIsClosed
        if step == GoalMove.REACHED and GoalMove.AGREED not in steps:
            raise NotAgreedYet
        return _step(goal, author, GoalMove(step), now)


def _step(goal: Goal, author: Participant, step: GoalMove, now: datetime) -> GoalStep:
    try:
        with transaction.atomic():
            row = GoalStep.objects.create(workspace_id=goal.workspace_id, goal=goal, step=step, side=author.side.role, author=author, at=now)
    except IntegrityError as error:  # both sides at the same moment
        raise GoalIsClosed from error
    _record(author, f"goal.{step.lower()}", goal, now)
    return row


def say_stance(*, author: Participant, lines: Sequence[str], now: datetime) -> Stance:
    """What the author's side stands for, in up to five short lines; none takes back what was said. The same again is the same row."""
    said = [clean_line(line, f"line{number}", longest=LINE_LONGEST) for number, line in enumerate(lines)]
    said = [line for line in said if line]
    if len(said) > MOST_LINES:
        raise Invalid(f"At most {MOST_LINES} lines.", field=f"line{MOST_LINES}", code="too_many")
    with transaction.atomic():
        locked(author.side.relationship_id)
        newest = Stance.objects.filter(side=author.side).order_by("-seq").first()
        if newest is not None and [line.words for line in newest.lines.order_by("number")] == said:
            return newest
        stance = Stance.objects.create(workspace_id=author.workspace_id, side=author.side, seq=newest.seq + 1 if newest else 1, author=author, at=now)
        StanceLine.objects.bulk_create(
            StanceLine(workspace_id=stance.workspace_id, stance=stance, number=number, words=words) for number, words in enumerate(said, 1)
        )
        _record(author, "stance.said", stance, now)
    return stance


def _record(author: Participant, action: str, row: Goal | Stance, now: datetime) -> None:
    audit.record(
        workspace_id=row.workspace_id, now=now, actor_kind="person", actor_id=author.person_id, action=action,
        target_kind=action.partition(".")[0], target_id=row.public_id,
    )  # fmt: skip
