"""Rounds: opening one for both sides, taking blind answers, and posting what was said once it is revealed or closed.

Whoever writes locks the relationship's row first, then looks at the round again: two answers that arrive together are both seen by the
one that comes second. Everything here can be done twice without harm; unique keys are the guard, the lock only keeps it rare.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.db.models import Max

from exchanges.access import Reading
from exchanges.models import (
    CLOSING,
    Answer,
    AnswerMark,
    AnswerText,
    Assurance,
    Occasion,
    Posting,
    Prompt,
    PromptKind,
    PromptState,
    RevealRule,
    Round,
    RoundPosting,
    RoundSeat,
    SeatRelease,
    Shown,
    Sureness,
    View,
)  # fmt: skip
from exchanges.selectors.balances import balance_of
from exchanges.selectors.due import MICRO, NANO, ROUND_LASTS
from exchanges.selectors.rounds import SETTLES_AFTER, RoundState, open_rounds, rounds_to_post, state_of
from exchanges.services import mailing
from exchanges.services.asking import look_again, those_to_ask
from exchanges.services.commitments import tell_commitments
from exchanges.services.items import ItemSaid, ensure_offered, kept_items, write_items
from exchanges.services.posting import locked, post_answers
from relationships.models import Kind, Member, Participant, Relationship, SideRole
from valueledger.common import audit
from valueledger.common.errors import Conflict, Gone, Invalid
from valueledger.common.tenancy import everywhere, within
from valueledger.common.validators import clean_amount, clean_text

VIEW_OF_SIDE = {SideRole.OWN: View.OWN, SideRole.COUNTERPART: View.COUNTERPART}
POINTS = Decimal(3)


class RoundAlreadyOpen(Conflict):
    code = "round_already_open"
    sentence = "Both sides have been asked already. The answers come until that round closes."


class NobodyToAsk(Conflict):
    code = "nobody_to_ask"
    sentence = "There is nobody to ask yet: name a person with an address for a side first."


class RelationshipEnded(Conflict):
    code = "relationship_ended"
    sentence = "This relationship has ended, so nobody is asked about it."


class RoundAlreadyRevealed(Conflict):
    code = "round_revealed"
    sentence = "Both sides can see the answers now, so they stay as they are. You can say something new when we ask again."


class RoundClosed(Gone):
    code = "round_closed"
    sentence = "This question is closed."


class NothingToConfirm(Invalid):
    code = "nothing_to_confirm"
    sentence = "There was no picture to confirm. Choose one of the seven answers."


@dataclass(frozen=True)
class Said:
    """One answer as it was given: a value, or that the picture shown is right."""

    y_micro: int | None
    confirms: Shown | None
    picture_right: bool | None
    guess_micro: int | None
    sureness: str
    sentence: str
    items: tuple[ItemSaid, ...] = ()

    @property
    def value(self) -> tuple[int | None, int | None]:
        return self.y_micro, self.confirms.pk if self.confirms else None


@dataclass(frozen=True)
class Recorded:
    """What became of an answer. `counts` is false for two different values through one link within a minute."""

    answer: Answer
    counts: bool
    state: RoundState


def ask_now(reading: Reading, now: datetime) -> Round:
    """Ask both sides because the steward wants to know. Raises RoundAlreadyOpen, NobodyToAsk, AskedEnough or RelationshipEnded."""
    return open_round(relationship=reading.relationship, now=now, reason="asked", by=reading.member)


def open_due_round(*, relationship: Relationship, now: datetime, of: Sequence[Participant] | None = None) -> Round:
    """Ask because a side's date has come, or an occasion's; only those `of`, where given. Raises RoundAlreadyOpen too where somebody asked, and heard, since we looked."""
    with transaction.atomic():
        locked(relationship.pk)
        if Round.objects.filter(relationship=relationship, opens_at__gt=now - ROUND_LASTS).exists():
            raise RoundAlreadyOpen
        return open_round(relationship=relationship, now=now, reason="due", of=of)


def open_occasions(relationship: Relationship) -> list[Occasion]:
    """What waits to be asked about, the most telling reason first: an ending before all else."""
    found = Occasion.objects.filter(relationship=relationship, settled_at__isnull=True).order_by("ask_from", "pk")
    return sorted(found, key=lambda occasion: occasion.kind not in CLOSING)


def open_round(*, relationship: Relationship, now: datetime, reason: str, by: Member | None = None, of: Sequence[Participant] | None = None) -> Round:
    """Ask everybody who speaks for a side and can be asked: seats, prompts and mails in one transaction."""
    with transaction.atomic():
        relationship = locked(relationship.pk)
        occasions = open_occasions(relationship)
        if not relationship.is_going_on and not any(occasion.kind in CLOSING for occasion in occasions):
            raise RelationshipEnded
        if open_rounds(now).filter(relationship=relationship).exists():
            raise RoundAlreadyOpen
        people = [one for one in invited(relationship, now) if of is None or one in of]
        if not people:
            raise NobodyToAsk
        people = those_to_ask(people, now=now)
        round = _create_round(relationship, now)
        if occasions:
            reason = occasions[0].kind.lower()
            Occasion.objects.filter(pk__in=[occasion.pk for occasion in occasions]).update(round=round, settled_at=now)
        shown = {side: show(relationship, side, now) for side in {person.side.role for person in people}}
        for participant in people:
            _invite(round, participant, shown=shown[participant.side.role], reason=reason, now=now)
        actor = {"actor_kind": "user", "actor_id": by.user_id} if by else {"actor_kind": "worker", "actor_id": None}
        audit.record(workspace_id=relationship.workspace_id, now=now, action="round.opened", target_kind="round", target_id=round.public_id, **actor)
    return round


def invited(relationship: Relationship, now: datetime) -> list[Participant]:
    """Who speaks for a side today and can be asked: by mail, or in the app because they are a member."""
    today = now.astimezone(relationship.workspace.zone).date()
    speaking = (
        Participant.objects.speaking_on(today)
        .filter(side__relationship=relationship)
        .select_related("side", "person__text", "workspace")
        .prefetch_related("person__members")
        .order_by("id")
    )
    return [participant for participant in speaking if is_member(participant) or not mailing.unreachable(participant.person)]


def is_member(participant: Participant) -> bool:
    return participant.side.role == SideRole.OWN and any(member.left_at is None for member in participant.person.members.all())


def _create_round(relationship: Relationship, now: datetime) -> Round:
    number = (Round.objects.filter(relationship=relationship).aggregate(newest=Max("number"))["newest"] or 0) + 1
    rule = RevealRule.BOTH if relationship.kind == Kind.EMPLOYEE else RevealRule.BOTH_OR_CLOSE
    try:
        with transaction.atomic():
            return Round.objects.create(
                workspace_id=relationship.workspace_id,
                relationship=relationship,
                number=number,
                opens_at=now,
                closes_at=now + ROUND_LASTS,
                reveal_rule=rule,
            )
    except IntegrityError as error:  # the number is the guard should the lock ever fail
        raise RoundAlreadyOpen from error


def show(relationship: Relationship, side: int, now: datetime) -> Shown | None:
    """Keep what a side is shown of its own account, so that "still right" has something exact to point at. None if it never answered."""
    view = VIEW_OF_SIDE[SideRole(side)]
    balance = balance_of(relationship, view=view, as_of=now.astimezone(relationship.workspace.zone).date())
    felt = balance.side(side)
    if felt.answered_on is None:
        return None
    return Shown.objects.create(
        workspace_id=relationship.workspace_id, relationship=relationship, view=view, side=side, as_of=balance.as_of, position=balance.position,
        method=balance.method, r_nano=round(felt.r * NANO), sd_nano=round(felt.sd * NANO), recorded_at=now,
    )  # fmt: skip


def _invite(round: Round, participant: Participant, *, shown: Shown | None, reason: str, now: datetime) -> None:
    side = participant.side.role
    RoundSeat.objects.create(workspace_id=round.workspace_id, round=round, participant=participant, side=side)
    prompt = Prompt.objects.create(
        workspace_id=round.workspace_id, participant=participant, relationship_id=round.relationship_id, side=side, kind=PromptKind.CHECK,
        subject_key=f"round:{round.pk}", round=round, shown=shown, reason=reason, not_before=now, closes_at=round.closes_at, created_at=now,
    )  # fmt: skip
    mailing.queue(prompt=prompt, person=participant.person, workspace=participant.workspace, kind="check", now=now)


def answer_check(
    *, seat: RoundSeat, value: Decimal | None, confirm: bool = False, guess: Decimal | None = None, sureness: str = "", sentence: str = "",
    assurance: str, now: datetime, items: Sequence[ItemSaid] = (),
) -> Recorded:  # fmt: skip
    """Take one answer, or change it, until the reveal. The same answer again is the same row. `items`: the optional ones along with it.

    Raises RoundClosed after the close, RoundAlreadyRevealed after the reveal, Invalid for what cannot be taken.
    """
    typed = _clean(value=value, guess=guess, sureness=sureness, sentence=sentence, items=tuple(items))
    ensure_offered(typed.items, seat.round, seat.side)
    with transaction.atomic():
        relationship = locked(seat.round.relationship_id)
        state = ensure_open(seat.round, now)
        said = _said(seat, typed, confirm=confirm)
        current = Answer.objects.current().filter(seat=seat).select_related("confirms_shown", "text").first()
        if current is not None and _is_same(current, said):
            return Recorded(current, counts=True, state=state)
        answer = _write(seat, said, current, assurance=assurance, now=now, today=now.astimezone(relationship.workspace.zone).date())
        counts = not _mark_machine_made(seat, answer, now)
        _settle_prompt(seat, counts=counts, now=now)
        _post(relationship, seat.round, now)
        return Recorded(answer, counts=counts, state=state_of(seat.round, now))


def ensure_open(round: Round, now: datetime) -> RoundState:
    state = state_of(round, now)
    if now >= round.closes_at or state.outcome == Posting.CLOSED:
        raise RoundClosed
    if state.is_closed:
        raise RoundAlreadyRevealed
    return state


def _clean(*, value: object, guess: object, sureness: str, sentence: str, items: tuple[ItemSaid, ...]) -> Said:
    y = clean_amount(value, "value", lowest=-POINTS, highest=POINTS)
    guessed = clean_amount(guess, "guess", lowest=-POINTS, highest=POINTS)
    if sureness and sureness not in Sureness.values:
        raise Invalid("This choice is not known.", field="sureness")
    return Said(
        y_micro=None if y is None else int(y * MICRO),
        confirms=None,
        picture_right=None,
        guess_micro=None if guessed is None else int(guessed * MICRO),
        sureness=sureness,
        sentence=clean_text(sentence, "sentence"),
        items=items,
    )


def _said(seat: RoundSeat, typed: Said, *, confirm: bool) -> Said:
    """If somebody taps "still right" and a value, only the value is evidence."""
    if typed.y_micro is not None:
        return replace(typed, picture_right=True if confirm else None)
    if not confirm:
        raise Invalid("Choose one of the seven answers.", field="value", code="required")
    prompt = Prompt.objects.filter(round_id=seat.round_id, participant_id=seat.participant_id, kind=PromptKind.CHECK).select_related("shown").first()
    if prompt is None or prompt.shown is None:
        raise NothingToConfirm(field="value")
    return replace(typed, confirms=prompt.shown, picture_right=True)


def _is_same(current: Answer, said: Said) -> bool:
    if hasattr(current, "mark") or current.is_withdrawal:
        return False
    text = current.text.sentence if hasattr(current, "text") else ""
    kept = (current.y_micro, current.confirms_shown_id, current.guess_micro, current.sureness, text)
    return kept == (*said.value, said.guess_micro, said.sureness, said.sentence) and kept_items(current) == {item.kept for item in said.items}


def _write(seat: RoundSeat, said: Said, current: Answer | None, *, assurance: str, now: datetime, today: date) -> Answer:
    try:
        with transaction.atomic():
            answer = Answer.objects.create(
                workspace_id=seat.workspace_id, relationship_id=seat.round.relationship_id, round=seat.round, seat=seat, side=seat.side,
                participant_id=seat.participant_id, seq=current.seq + 1 if current else 1, supersedes=current, first_hand=True,
                picture_right=said.picture_right, confirms_shown=said.confirms, y_micro=said.y_micro, guess_micro=said.guess_micro, sureness=said.sureness,
                answered_on=today, answered_at=now, assurance=assurance, recorded_at=now,
            )  # fmt: skip
    except IntegrityError as error:  # the unique successor: the same seat answered at the same moment
        raise Conflict from error
    if said.sentence:
        AnswerText.objects.create(workspace_id=seat.workspace_id, answer=answer, sentence=said.sentence)
    if said.items:
        write_items(answer, said.items)
    return answer


def _mark_machine_made(seat: RoundSeat, answer: Answer, now: datetime) -> bool:
    """Two different values through one link within a minute are what mail scanners do: neither counts, and the question stays open."""
    if answer.assurance != Assurance.LINK:
        return False
    lately = Answer.objects.filter(seat=seat, assurance=Assurance.LINK, answered_at__gt=now - SETTLES_AFTER).exclude(pk=answer.pk)
    others = [row for row in lately if (row.y_micro, row.confirms_shown_id) != (answer.y_micro, answer.confirms_shown_id)]
    for row in [answer, *others] if others else []:
        AnswerMark.objects.get_or_create(answer=row, defaults={"workspace_id": seat.workspace_id, "at": now})
    return bool(others)


def _settle_prompt(seat: RoundSeat, *, counts: bool, now: datetime) -> None:
    state = PromptState.ANSWERED if counts else PromptState.WAITING
    Prompt.objects.filter(round_id=seat.round_id, participant_id=seat.participant_id).update(state=state, ended_at=now if counts else None)


def skip_check(*, seat: RoundSeat, now: datetime) -> None:
    """Not this time: the seat is released, so that nobody waits for it."""
    with transaction.atomic():
        relationship = locked(seat.round.relationship_id)
        ensure_open(seat.round, now)
        release(seat, reason="skipped", now=now)
        waiting = Prompt.objects.filter(
            round_id=seat.round_id, participant_id=seat.participant_id, state__in=[PromptState.WAITING, PromptState.SNOOZED]
        )
        waiting.update(state=PromptState.SKIPPED, reason="skipped", ended_at=now)
        _post(relationship, seat.round, now)


def release(seat: RoundSeat, *, reason: str, now: datetime) -> None:
    SeatRelease.objects.get_or_create(seat=seat, defaults={"workspace_id": seat.workspace_id, "reason": reason, "at": now})


def post_if_ready(*, round_id: int, now: datetime) -> bool:
    """Turn the answers of a revealed or closed round into evidence, once. True if this call did it."""
    with transaction.atomic():
        round = Round.objects.get(pk=round_id)
        relationship = locked(round.relationship_id)
        return _post(relationship, round, now)


def _post(relationship: Relationship, round: Round, now: datetime) -> bool:
    state = state_of(round, now)
    if state.is_posted or state.outcome is None:
        return False
    try:
        with transaction.atomic():
            RoundPosting.objects.create(
                workspace_id=round.workspace_id, round=round, outcome=state.outcome, revealed_at=state.outcome_at or now, posted_at=now
            )
    except IntegrityError:  # one posting per round: somebody was faster
        return False
    post_answers(relationship=relationship, round=round, now=now)
    tell_commitments(relationship, round, state, now)
    look_again([relationship.pk])
    Prompt.objects.filter(round=round, state=PromptState.SNOOZED, closes_at__lte=now).update(state=PromptState.LAPSED, reason="put off", ended_at=now)
    ended = PromptState.LAPSED if now >= round.closes_at else PromptState.WITHDRAWN
    reason = "closed" if now >= round.closes_at else "the round was complete"
    Prompt.objects.filter(round=round, state__in=[PromptState.WAITING, PromptState.SNOOZED]).update(state=ended, reason=reason, ended_at=now)
    if relationship.kind != Kind.EMPLOYEE:  # that an employee answered is the employee's alone, also in the log
        audit.record(
            workspace_id=round.workspace_id, now=now, actor_kind="worker", actor_id=None, action=f"round.{state.outcome.lower()}", target_kind="round",
            target_id=round.public_id,
        )  # fmt: skip
    return True


def sweep_rounds(*, now: datetime, limit: int = 200) -> dict[str, int]:
    """Release the seats of those who left, and post every round that is revealed or closed."""
    with everywhere():
        left = _seats_of_those_who_left(now, limit)
    for seat in left:
        with within(seat.workspace_id):
            release(seat, reason="left", now=now)
    with everywhere():
        ready = rounds_to_post(now, limit)
    posted = 0
    for workspace_id, round_id in ready:
        with within(workspace_id):
            posted += post_if_ready(round_id=round_id, now=now)
    return {"released": len(left), "posted": posted}


def _seats_of_those_who_left(now: datetime, limit: int) -> Sequence[RoundSeat]:
    waiting = RoundSeat.objects.filter(
        round__in=open_rounds(now), release__isnull=True, participant__left_on__isnull=False, participant__left_on__lte=now.date()
    )
    return list(waiting.order_by("id")[:limit])
