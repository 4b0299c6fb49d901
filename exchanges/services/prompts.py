"""Prompts: what is due becomes a question, a question is repeated once, and lapses when it is too late to be useful.

Sweeps find their work in rows, handle each on its own, and do no harm when they run twice. Nobody is asked more than a few things at a
time: what does not fit waits for a later sweep.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import DurationField, Exists, ExpressionWrapper, F, OuterRef, Q, Subquery, Value
from django.db.models.lookups import GreaterThanOrEqual

from exchanges.models import Prompt, PromptKind, PromptState, ValueEvent
from exchanges.models.prompts import OTHER_MAIL
from exchanges.selectors.allowance import Allowances
from exchanges.selectors.asking import CHUNK, Look, looks, to_look_at
from exchanges.selectors.due import ROUND_LASTS, ratings_to_ask
from exchanges.selectors.settling import answered_through_links, answers_to
from exchanges.services import mailing
from exchanges.services.apart import on_its_own
from exchanges.services.asking import AskedEnough, has_room, put_off
from exchanges.services.gently import is_an_employee, is_theirs_alone
from exchanges.services.occasions import note_one_off, settle
from exchanges.services.posting import locked
from exchanges.services.requalify import sweep_worth
from exchanges.services.rounds import NobodyToAsk, RelationshipEnded, RoundAlreadyOpen, open_due_round
from exchanges.services.settling_prompts import ask_due_settlements
from relationships.models import Kind, Participant, Person, Relationship, SideRole, Workspace
from relationships.services.parties import same_address
from valueledger.common import audit, tokens
from valueledger.common.models import Outbox, Token
from valueledger.common.models.tokens import TokenPurpose
from valueledger.common.tenancy import everywhere, within

log = logging.getLogger("exchanges.prompts")

TOLD_BEFORE = timedelta(days=3)  # the steward hears of it when there is still time for a call
LEAST_LEFT = timedelta(days=1)  # a question that comes back on its last day comes too late
A_LITTLE = timedelta(hours=1)  # a mail goes out some moments after it was due: that moves no reminder
CANDIDATES = 10


def sweep_prompts(*, now: datetime, limit: int = 200) -> dict[str, int]:
    """All that makes, repeats and ends questions. Checks come first: what a budget has room for goes to them."""
    from exchanges.services.settling import draw_answers
    from exchanges.services.terms_prompts import ask_due_terms  # they settle prompts, so they import this module

    return {
        "rounds": open_due_rounds(now=now, limit=limit),
        "settled": draw_answers(now=now, limit=limit),
        "settlements": ask_due_settlements(now=now, limit=limit),
        "ratings": ask_due_ratings(now=now, limit=limit),
        "terms": ask_due_terms(now=now, limit=limit),
        "worth": sweep_worth(now=now, limit=limit),
        "woken": wake(now=now, limit=limit),
        "reminders": remind(now=now, limit=limit),
        "told": tell_stewards(now=now),
        "lapsed": lapse(now=now),
    }


def open_due_rounds(*, now: datetime, limit: int = 200) -> int:
    """Open a round wherever a side's date has come. Returns how many."""
    opened = 0
    for workspace in Workspace.objects.filter(is_active=True).order_by("id"):
        with within(workspace.pk):
            opened += _open_in(workspace, now=now, limit=limit - opened)
        if opened >= limit:
            break
    return opened


def _open_in(workspace: Workspace, *, now: datetime, limit: int) -> int:
    """Look at what may be due, ask where it is, and put the others off: what cannot be asked now is not looked at in every sweep."""
    today, opened = now.astimezone(workspace.zone).date(), 0
    ids = to_look_at(workspace, today)
    for start in range(0, len(ids), CHUNK):
        found = looks(ids[start : start + CHUNK], workspace=workspace, now=now).values()
        if moot := [look.relationship_id for look in found if look.is_moot]:
            settle(moot, now=now)
        later = [look for look in found if look.ask_on is None or look.ask_on > today]
        for look in found:
            if opened >= limit:
                break
            if look.ask_on is not None and look.ask_on <= today:
                was_opened = _open(look, workspace, now)
                opened += was_opened is True
                later += [Look(look.relationship_id, None, waits="changed meanwhile")] if was_opened is False else []
        put_off(later, today=today)
        if opened >= limit:
            break
    return opened


def _open(look: Look, workspace: Workspace, now: datetime) -> bool | None:
    """True: asked. False: it has to wait. None: it broke, and is looked at again in the next sweep."""
    try:
        with transaction.atomic():
            relationship = Relationship.objects.get(pk=look.relationship_id)
            if look.closes is not None:
                note_one_off(relationship=relationship, done_on=look.closes, now=now)
            open_due_round(relationship=relationship, now=now, of=look.people)
    except (RoundAlreadyOpen, NobodyToAsk, RelationshipEnded, AskedEnough):  # changed since we looked, or this sweep asked them enough
        return False
    except Exception:  # one relationship must not hold up the others
        log.exception("a round could not be opened", extra={"workspace_id": workspace.pk})
        return None
    return True


def ask_due_ratings(*, now: datetime, limit: int = 200) -> int:
    """Ask the receivers of what arrived lately how it landed, as far as their budgets go. Returns how many prompts were made."""
    asked = 0
    for workspace in Workspace.objects.filter(is_active=True).order_by("id"):
        with within(workspace.pk):
            asked += _ask_ratings_in(workspace, now=now, limit=limit - asked)
        if asked >= limit:
            break
    return asked


def _ask_ratings_in(workspace: Workspace, *, now: datetime, limit: int) -> int:
    """Many events may wait for a few people whose budget is used up: more are looked at than are asked about."""
    events = ratings_to_ask(workspace=workspace, now=now, limit=limit * CANDIDATES)
    today, asked = now.astimezone(workspace.zone).date(), 0
    people = list(
        Participant.objects.speaking_on(today)
        .filter(side__relationship__in={event.relationship_id for event in events}, side__role=SideRole.COUNTERPART)
        .select_related("side")
    )
    allowances = Allowances(people, workspace, now)
    able = {one.side.relationship_id for one in people if allowances.obstacle(one, now, PromptKind.RATING) is None}
    for event in events:
        if asked >= limit:
            break
        if event.relationship_id in able:
            with on_its_own("nobody could be asked how something landed", workspace_id=workspace.pk):
                asked += len(ask_rating(event, now=now))
    return asked


def ask_rating(event: ValueEvent, *, now: datetime) -> list[Prompt]:
    """Ask everybody who speaks for the receiving side and can be reached by mail. Asking again changes nothing."""
    with transaction.atomic():
        relationship = locked(event.relationship_id)
        today = now.astimezone(relationship.workspace.zone).date()
        speaking = (
            Participant.objects.speaking_on(today)
            .filter(side__relationship=relationship, side__role=SideRole.COUNTERPART)
            .select_related("side__relationship", "person__text", "workspace")
            .order_by("id")
        )
        return [prompt for participant in speaking if (prompt := _ask(event, participant, now)) is not None]


def _ask(event: ValueEvent, participant: Participant, now: datetime) -> Prompt | None:
    if not has_room(participant, now=now):
        return None
    try:
        with transaction.atomic():
            prompt = Prompt.objects.create(
                workspace_id=event.workspace_id, participant=participant, relationship_id=event.relationship_id, side=SideRole.COUNTERPART,
                kind=PromptKind.RATING, subject_key=f"event:{event.pk}", event=event, reason="arrived", not_before=now, closes_at=now + ROUND_LASTS,
                created_at=now,
            )  # fmt: skip
    except IntegrityError:  # asked already
        return None
    mailing.queue(prompt=prompt, person=participant.person, workspace=participant.workspace, kind="rating", now=now)
    return prompt


def remind(*, now: datetime, limit: int = 200) -> int:
    """One reminder, halfway between the newest mail and the close, to whoever got the question and has not answered.

    Counted from when the mail went out, not from when it was due: after a downtime nobody is reminded of what came today.
    """
    half, about_now = ROUND_LASTS / 2, Value(now + A_LITTLE)
    with everywhere():
        kinds = [kind.lower() for kind in (PromptKind.CHECK, PromptKind.RATING, PromptKind.TERMS, PromptKind.SETTLE)]
        mails = Outbox.objects.went_out().filter(subject_id=OuterRef("pk"))
        reminded = Outbox.objects.filter(subject_id=OuterRef("pk"), kind="reminder")
        due = (
            Prompt.objects.waiting()
            .filter(
                Exists(mails.filter(kind__in=kinds)),
                ~Exists(reminded),
                created_at__lte=now - half,
                closes_at__gt=now + timedelta(days=1),
                not_before__lte=now,
            )
            .annotate(mailed_at=Subquery(mails.exclude(kind__in=OTHER_MAIL).order_by("-sent_at").values("sent_at")[:1]))
            .filter(GreaterThanOrEqual(_span(about_now, F("mailed_at")), _span(F("closes_at"), about_now)))
            .select_related("participant__person__text", "workspace")
            .order_by("created_at", "id")
        )
        prompts = list(due[:limit])
    reminded_now = 0
    for prompt in prompts:
        with within(prompt.workspace_id), on_its_own("nobody could be reminded", workspace_id=prompt.workspace_id):
            mailing.queue(prompt=prompt, person=prompt.participant.person, workspace=prompt.workspace, kind="reminder", now=now)
            reminded_now += 1
    return reminded_now


def _span(begin: Value | F, end: Value | F) -> ExpressionWrapper:
    return ExpressionWrapper(begin - end, output_field=DurationField())


def wake(*, now: datetime, limit: int = 200) -> int:
    """Questions that were put off come back on their day, with one more mail, if there is time left to answer. Returns how many."""
    with everywhere():
        asleep = Prompt.objects.filter(state=PromptState.SNOOZED, snoozed_until__lte=now, closes_at__gt=now + LEAST_LEFT)
        prompts = list(asleep.select_related("participant__person__text", "workspace").order_by("snoozed_until", "id")[:limit])
    woken = 0
    for prompt in prompts:
        with within(prompt.workspace_id), on_its_own("a question could not be put again", workspace_id=prompt.workspace_id):
            if Prompt.objects.filter(pk=prompt.pk, state=PromptState.SNOOZED, snoozed_until__lte=now).update(state=PromptState.WAITING):
                mailing.queue(prompt=prompt, person=prompt.participant.person, workspace=prompt.workspace, kind="woken", now=now)
                woken += 1
    return woken


def tell_stewards(*, now: datetime) -> int:
    """Mark, once, what somebody of the other side has not answered shortly before it closes: the steward may call. Never about an employee."""
    with everywhere():
        late = Prompt.objects.waiting().filter(
            told_at__isnull=True, kind=PromptKind.CHECK, side=SideRole.COUNTERPART, closes_at__gt=now, closes_at__lte=now + TOLD_BEFORE
        )
        return late.exclude(relationship__kind=Kind.EMPLOYEE).update(told_at=now)


def lapse(*, now: datetime) -> int:
    """Questions whose time is over. Those of a round are ended with it; this finds the others, and what was put off for too long.

    What was said through a link and is still to be carried out keeps its question open: it is not lost because a sweep did not reach it.
    """
    with everywhere():
        too_late = Q(closes_at__lte=now + LEAST_LEFT, snoozed_until__lte=now) | Q(snoozed_until__gte=F("closes_at"))
        over = Prompt.objects.ended_at(now).filter(round__isnull=True)
        put_off_for_good = Prompt.objects.filter(too_late, state=PromptState.SNOOZED)
        still_to_draw = answers_to(answered_through_links(over | put_off_for_good))
        count = put_off_for_good.exclude(pk__in=still_to_draw).update(state=PromptState.LAPSED, reason="put off", ended_at=now)
        ended = over.exclude(pk__in=still_to_draw)
        return count + ended.update(state=PromptState.LAPSED, reason="closed", ended_at=now)


def not_me(*, prompt: Prompt, token: Token, now: datetime) -> None:
    """Somebody else holds this link: it ends at once, and the person it was meant for gets a fresh one, once.

    Of an employee nothing is logged: when they opened a mail of theirs is nobody's to know.
    """
    with transaction.atomic():
        Token.objects.filter(pk=token.pk, revoked_at__isnull=True).update(revoked_at=now)
        if prompt.state == PromptState.WAITING:
            mailing.queue(prompt=prompt, person=prompt.participant.person, workspace=prompt.workspace, kind="fresh", now=now)
        if not is_theirs_alone(prompt):
            audit.record(
                workspace_id=prompt.workspace_id, now=now, actor_kind="person", actor_id=None, action="link.revoked", target_kind="prompt",
                target_id=prompt.public_id,
            )  # fmt: skip


def answered(prompt: Prompt, *, now: datetime) -> None:
    Prompt.objects.filter(pk=prompt.pk).exclude(state=PromptState.ANSWERED).update(state=PromptState.ANSWERED, ended_at=now)


def reopen(prompt: Prompt) -> None:
    """Nothing that counts was said after all."""
    Prompt.objects.filter(pk=prompt.pk).update(state=PromptState.WAITING, ended_at=None)


def skip_question(prompt: Prompt, *, now: datetime) -> None:
    """Not this time: a rating, or what matters. A check also has a seat to give up."""
    Prompt.objects.filter(pk=prompt.pk, state__in=[PromptState.WAITING, PromptState.SNOOZED]).update(
        state=PromptState.SKIPPED, reason="skipped", ended_at=now
    )


def stop_mails(*, person: Person, now: datetime) -> None:
    """They asked us not to write: nothing goes out to them from now on, not even what is due already."""
    with transaction.atomic():
        stopped = same_address(person).filter(suppressed_at__isnull=True).update(suppressed_at=now)
        if stopped and not is_an_employee(person):
            audit.record(
                workspace_id=person.workspace_id, now=now, actor_kind="person", actor_id=person.pk, action="mail.stopped", target_kind="person",
                target_id=person.public_id,
            )  # fmt: skip


def resume_mails(*, person: Person, now: datetime) -> None:
    """They changed their mind, on the page behind the same link."""
    with transaction.atomic():
        resumed = same_address(person).filter(suppressed_at__isnull=False).update(suppressed_at=None)
        if resumed and not is_an_employee(person):
            audit.record(
                workspace_id=person.workspace_id, now=now, actor_kind="person", actor_id=person.pk, action="mail.resumed", target_kind="person",
                target_id=person.public_id,
            )  # fmt: skip


def revoke_links(prompt: Prompt, *, now: datetime) -> int:
    return tokens.revoke(purpose=TokenPurpose.PROMPT, subject_id=prompt.pk, now=now)
