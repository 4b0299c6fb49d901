"""What became of a promise, as the side that promised says it; and what came back of an advance, as our side says to itself.

An answer through a link settles after a minute: two different ones within it are a mail scanner's and count for nothing, for what
follows from an answer (a day, a withdrawal) cannot be unsaid by another click.
"""

from __future__ import annotations

import logging
from datetime import date, datetime

from django.db import transaction

from exchanges.access import Voice
from exchanges.models import Assurance, Became, EventStatus, EventVersion, Prompt, PromptState, Settlement
from exchanges.selectors.settling import answer_to, answered_through_links, answers_to, has_settled, version_asked_about
from exchanges.services.apart import on_its_own
from exchanges.services.events import AHEAD, NotTheAuthor, OtherSideReported, UndoIsOver, correct_event, ensure_can_be_taken_back, withdraw_event
from exchanges.services.gently import AlreadySettled
from exchanges.services.posting import locked
from exchanges.services.prompts import answered, reopen
from exchanges.services.rounds import RoundClosed
from exchanges.services.settling_prompts import CHUNK, end_moot
from relationships.models import Workspace
from valueledger.common.errors import Conflict, Invalid
from valueledger.common.tenancy import within
from valueledger.common.validators import clean_day

log = logging.getLogger("exchanges.prompts")


def settle(*, prompt: Prompt, became: str, on: object, voice: Voice, now: datetime, assurance: str = Assurance.LINK) -> Settlement:
    """Say what became of the promise that was asked about. The same again adds nothing.

    Raises Invalid with the field's name, RoundClosed, and AlreadySettled where the promise came, moved or was settled meanwhile.
    """
    with transaction.atomic():
        relationship = locked(prompt.relationship_id)
        row = Prompt.objects.select_related("participant__side").get(pk=prompt.pk)
        if row.closes_at <= now or not relationship.is_going_on:
            raise RoundClosed
        day = _day_of(became, on, relationship.workspace, now)
        newest = Settlement.objects.filter(prompt=row).order_by("-seq").first()
        if newest is not None and (newest.became, newest.on) == (became, day) and _stands(newest, row, assurance):
            return newest
        version = version_asked_about(row)
        if row.state in (PromptState.ANSWERED, PromptState.WITHDRAWN) or version is None:
            raise AlreadySettled
        reopen(row)  # skipped or put off, and answered after all
        said = Settlement.objects.create(
            workspace_id=row.workspace_id, prompt=row, event_id=version.event_id, participant=row.participant, side=row.side,
            seq=newest.seq + 1 if newest else 1, became=became, on=day, assurance=assurance, recorded_at=now,
        )  # fmt: skip
        if assurance != Assurance.LINK:
            draw(said, version, voice, now=now)
    return said


def _stands(newest: Settlement, prompt: Prompt, assurance: str) -> bool:
    """Whether the same again would add nothing: not where a machine seems to have said it, or what was said waits for a minute to pass."""
    return answer_to(prompt) == newest and (assurance == Assurance.LINK or prompt.state == PromptState.ANSWERED)


def _day_of(became: str, on: object, workspace: Workspace, now: datetime) -> date | None:
    today = now.astimezone(workspace.zone).date()
    if became == Became.WILL_NOT:
        return None
    if became == Became.ARRIVED:
        return clean_day(on or today, "on", today=today, latest=today)
    if became != Became.NOT_YET:
        raise Invalid("Choose what became of it.", field="became", code="required")
    if not on:
        raise Invalid("Say by when it is meant now.", field="until", code="required")
    day = clean_day(on, "until", today=today, latest=today + AHEAD)
    if day is None or day <= today:
        raise Invalid("Choose a day that is still to come.", field="until", code="out_of_range")
    return day


def draw(said: Settlement, version: EventVersion, voice: Voice, *, now: datetime) -> None:
    """What follows: the day it came, a new day, or the promise taken back where the rules let its side do that. Else it stays, and says so."""
    answered(said.prompt, now=now)
    event = version.event
    if said.became == Became.ARRIVED:
        assert said.on is not None
        began = min(version.occurred_on, said.on)
        correct_event(
            event=event, voice=voice, supersedes=version, now=now, status=EventStatus.ARRIVED, arrived_on=said.on, occurred_on=began, expected_on=None
        )  # fmt: skip
    elif said.became == Became.NOT_YET:
        correct_event(event=event, voice=voice, supersedes=version, now=now, expected_on=said.on)
    else:
        try:
            with transaction.atomic():
                withdraw_event(event=event, voice=voice, supersedes=version, now=now)
        except (NotTheAuthor, OtherSideReported, UndoIsOver):
            log.info("a promise that will not be kept stays in the book", extra={"workspace_id": said.workspace_id})


def why_it_stays_for(prompt: Prompt, *, now: datetime) -> str:
    """Why whoever was asked cannot take the promise back: the code of the rule; empty where they can."""
    assert prompt.event is not None
    if prompt.side != prompt.event.author_side:
        return NotTheAuthor.code
    try:
        ensure_can_be_taken_back(prompt.event, prompt.relationship, side=prompt.side, now=now)
    except (OtherSideReported, UndoIsOver) as error:
        return error.code
    return ""


def draw_answers(*, now: datetime, limit: int = 200) -> int:
    """Answers through links that have settled by now: a minute after they were given, or as their question closes. Returns how many."""
    done = 0
    for workspace in Workspace.objects.filter(is_active=True).order_by("id"):
        with within(workspace.pk):
            done += _draw_in(now, limit - done)
        if done >= limit:
            break
    return done


def _draw_in(now: datetime, limit: int) -> int:
    """Those that do not count, or not yet, are passed over: they hold up nobody."""
    waiting = answered_through_links(Prompt.objects.all()).order_by("id")
    done, last = 0, 0
    while done < limit and (chunk := list(waiting.filter(pk__gt=last)[:CHUNK])):
        last = chunk[-1].pk
        answers = answers_to([prompt.pk for prompt in chunk])
        ready = [prompt for prompt in chunk if prompt.pk in answers and has_settled(answers[prompt.pk], prompt, now)]
        for prompt in ready[: limit - done]:
            with on_its_own("an answer about a promise could not be carried out", workspace_id=prompt.workspace_id):
                done += _draw_one(prompt.pk, now)
    return done


def _draw_one(prompt_id: int, now: datetime) -> int:
    with transaction.atomic():
        prompt = Prompt.objects.select_related("participant__side").get(pk=prompt_id)
        locked(prompt.relationship_id)
        said = answer_to(prompt)
        if said is None or not has_settled(said, prompt, now):
            return 0
        version = version_asked_about(prompt)
        if version is None:
            end_moot(prompt, now=now)
            return 0
        said.prompt = prompt
        try:
            with transaction.atomic():
                draw(said, version, Voice(participant=prompt.participant), now=now)
        except Conflict:  # said elsewhere between our looking and writing
            end_moot(prompt, now=now)
            return 0
        except Invalid as error:  # what is kept of the promise does not hold with what was said
            log.warning("an answer about a promise was refused", extra={"workspace_id": prompt.workspace_id, "refused": error.field})
            end_moot(prompt, now=now)
            return 0
    return 1
