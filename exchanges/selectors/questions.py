"""Every question we asked, with its state in plain words, for those who look after the relationship.

Two rules of `docs/access.md` decide what a state says. Whether somebody answered a blind round stays hidden: their question stands as out
until the round ends, and of its mails only what went wrong with the first one is told. Of an employee's own questions nothing is listed at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import OuterRef, Q, QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from exchanges.models import Card, Posting, Prompt, PromptKind, PromptState, View
from exchanges.models.prompts import BLIND, OTHER_MAIL
from exchanges.wording import dates
from relationships.models import SideRole, Workspace
from valueledger.common.models import Outbox
from valueledger.common.models.outbox import OutboxState

PAGE = 50
KINDS = {
    PromptKind.CHECK: _("Check"),
    PromptKind.RATING: _("Rating"),
    PromptKind.TERMS: _("What matters"),
    PromptKind.REQUALIFY: _("Still worth it"),
    PromptKind.SETTLE: _("Promise or advance"),
}
OUT, TROUBLE = "out", "trouble"
STATES = {
    OUT: _("waiting for an answer"),
    TROUBLE: _("where the mail did not get through"),
    PromptState.ANSWERED: _("answered"),
    PromptState.SKIPPED: _("skipped"),
    PromptState.SNOOZED: _("put off"),
    PromptState.LAPSED: _("lapsed"),
    PromptState.WITHDRAWN: _("taken back"),
}
TROUBLED = (OutboxState.FAILED, OutboxState.UNKNOWN)
NEVER_QUEUED = "none:"  # the bundle of a row that was made to say why nothing goes out, before anybody could answer
ENDED = (PromptState.ANSWERED, PromptState.SKIPPED, PromptState.SNOOZED)


@dataclass(frozen=True)
class Question:
    public_id: UUID
    kind: str
    person: str
    is_ours: bool
    relationship: str
    relationship_id: UUID
    asked_on: date
    closes_on: date
    state: str
    mail: str  # how its newest mail ended, in words, or while it is blind that it was asked; empty where there is none
    is_troubled: bool
    may_send_again: bool


@dataclass(frozen=True)
class QuestionPage:
    questions: list[Question]
    next_before: UUID | None


@dataclass(frozen=True)
class QuestionFilter:
    """What the sentence above the list says."""

    state: str = ""
    kind: str = ""
    who: str = ""  # part of a person's name
    side: str = ""  # "ours", "theirs"


def stands_as_out(prompt: Prompt) -> bool:
    """Whether this question still waits, as far as anybody but the one who was asked may know."""
    if prompt.state == PromptState.WAITING:
        return True
    return is_blind(prompt) and prompt.state in ENDED


def is_blind(prompt: Prompt) -> bool:
    """Whether nothing may tell yet if the other side has answered: neither that a mail is on its way nor when one goes."""
    return prompt.side == SideRole.COUNTERPART and prompt.round is not None and not hasattr(prompt.round, "posting")


def narrowed(prompts: QuerySet[Prompt], wanted: QuestionFilter, *, person_id: int | None) -> QuerySet[Prompt]:
    """The filter, by what a state says and not by what it is: choosing "answered" finds no blind answer."""
    out = Q(state=PromptState.WAITING) | (BLIND & Q(state__in=ENDED))
    if wanted.state == OUT:
        prompts = prompts.filter(out)
    elif wanted.state == TROUBLE:
        mails = Outbox.objects.filter(subject_id=OuterRef("pk")).exclude(kind__in=OTHER_MAIL).values("state")
        prompts = prompts.annotate(first_mail=mails.order_by("pk")[:1], newest_mail=mails.order_by("-pk")[:1])
        prompts = prompts.filter(BLIND & Q(first_mail__in=TROUBLED) | ~BLIND & Q(newest_mail__in=TROUBLED))
    elif wanted.state in PromptState.values:
        prompts = prompts.filter(state=wanted.state).exclude(out)
    if wanted.kind in PromptKind.values:
        prompts = prompts.filter(kind=wanted.kind)
    if wanted.who:
        prompts = prompts.filter(participant__person__text__name__icontains=wanted.who)
    if wanted.side == "mine":
        prompts = prompts.filter(side=SideRole.OWN, participant__person=person_id) if person_id is not None else prompts.none()
    elif wanted.side:
        prompts = prompts.filter(side=SideRole.OWN if wanted.side == "ours" else SideRole.COUNTERPART)
    return prompts


def questions_page(prompts: QuerySet[Prompt], *, workspace: Workspace, now: datetime, before: Prompt | None) -> QuestionPage:
    """Newest first, read one further than shown; never counted. Four queries whatever the length."""
    if before is not None:
        prompts = prompts.filter(pk__lt=before.pk)
    found = list(prompts.select_related("relationship", "participant__person__text", "round__posting").order_by("-pk")[: PAGE + 1])
    shown = found[:PAGE]
    return QuestionPage(questions_of(shown, workspace, now), shown[-1].public_id if len(found) > PAGE else None)


def questions_of(prompts: Sequence[Prompt], workspace: Workspace, now: datetime) -> list[Question]:
    ids = [prompt.relationship_id for prompt in prompts]
    names = dict(Card.objects.filter(relationship__in=ids, view=View.SHARED).values_list("relationship_id", "counterpart_name"))
    mails: dict[int, list[Outbox]] = {}
    rows = Outbox.objects.filter(workspace_id=workspace.pk, subject_id__in=[prompt.pk for prompt in prompts]).exclude(kind__in=OTHER_MAIL)
    for row in rows.order_by("pk"):
        mails.setdefault(row.subject_id or 0, []).append(row)
    return [_question(prompt, names.get(prompt.relationship_id, ""), mails.get(prompt.pk, []), workspace, now) for prompt in prompts]


def _question(prompt: Prompt, name: str, mails: list[Outbox], workspace: Workspace, now: datetime) -> Question:
    zone, blind = workspace.zone, is_blind(prompt)
    mail = (mails[0] if blind else mails[-1]) if mails else None
    today = now.astimezone(zone).date()
    text = getattr(prompt.participant.person, "text", None)
    out = stands_as_out(prompt) and prompt.closes_at > now
    return Question(
        public_id=prompt.public_id,
        kind=str(KINDS[PromptKind(prompt.kind)]),
        person=text.name if text and text.name else gettext("somebody"),
        is_ours=prompt.side == SideRole.OWN,
        relationship=name,
        relationship_id=prompt.relationship.public_id,
        asked_on=prompt.created_at.astimezone(zone).date(),
        closes_on=prompt.closes_at.astimezone(zone).date(),
        state=_state(prompt, workspace, today),
        mail=_blind_mail(mail, mails, workspace, today) if blind and mail else _mail(prompt, mail, workspace, today),
        is_troubled=mail is not None and mail.state in TROUBLED,
        may_send_again=out and mail is not None and (blind or mail.state not in (OutboxState.DUE, OutboxState.CLAIMED, OutboxState.HANDING_OVER)),
    )


def _state(prompt: Prompt, workspace: Workspace, today: date) -> str:
    if stands_as_out(prompt):
        return gettext("waiting")
    ended = prompt.ended_at.astimezone(workspace.zone).date() if prompt.ended_at else None
    if prompt.state == PromptState.SNOOZED and prompt.snoozed_until:
        return gettext("put off until {day}").format(day=dates.day(prompt.snoozed_until.astimezone(workspace.zone).date(), today))
    if prompt.state == PromptState.ANSWERED:
        known = is_revealed(prompt)
        return gettext("answered on {day}").format(day=dates.day(ended, today)) if ended and known else gettext("answered")
    words = {PromptState.SKIPPED: gettext("skipped"), PromptState.LAPSED: gettext("lapsed"), PromptState.WITHDRAWN: gettext("taken back")}
    word = words.get(PromptState(prompt.state), gettext("put off"))
    if prompt.state == PromptState.LAPSED and ended:
        return gettext("lapsed on {day}").format(day=dates.day(ended, today))
    return word


def is_revealed(prompt: Prompt) -> bool:
    """When somebody answered is told once both may know it: not of a round that ended without a reveal."""
    posting = getattr(prompt.round, "posting", None) if prompt.round is not None else None
    return prompt.side == SideRole.OWN or prompt.round is None or (posting is not None and posting.outcome == Posting.REVEALED)


def is_hushed(row: Outbox) -> bool:
    """Whether how the first mail of a blind question stands could tell of an answer: all but trouble, and what could never go out."""
    never_queued = row.state == OutboxState.SKIPPED and row.bundle_key.startswith(NEVER_QUEUED)
    return row.state not in TROUBLED and not never_queued


def _blind_mail(first: Outbox, mails: Sequence[Outbox], workspace: Workspace, today: date) -> str:
    """A mail goes out, waits or is dropped as somebody answers or not: so all that is said is that we asked, and who asked for one more."""
    said = gettext("asked by mail") if is_hushed(first) else _words(first, workspace, today)
    again = any(row.kind.startswith("again:") and row.kind.removeprefix("again:").isdecimal() for row in mails)
    return gettext("{mail}; asked to be sent again").format(mail=said) if again else said


def _mail(prompt: Prompt, row: Outbox | None, workspace: Workspace, today: date) -> str:
    if row is None:
        return gettext("asked in the app") if prompt.side == SideRole.OWN else ""
    return _words(row, workspace, today)


def _words(row: Outbox, workspace: Workspace, today: date) -> str:
    day = dates.day((row.sent_at or row.due_at).astimezone(workspace.zone).date(), today)
    if row.state == OutboxState.SENT or (row.state == OutboxState.SKIPPED and row.sent_at is not None):
        return gettext("sent on {day}").format(day=day)
    if row.state == OutboxState.SKIPPED:
        return gettext("not sent: {reason}").format(reason=row.reason)
    if row.state == OutboxState.UNKNOWN:
        return gettext("unknown: the connection broke after it was handed over on {day}; it is not sent again by itself").format(day=day)
    if row.state == OutboxState.FAILED:
        return gettext("failed: {reason}").format(reason=row.reason)
    if row.reason:
        return gettext("not sent yet ({reason}); due on {day}").format(reason=row.reason.rstrip("."), day=day)
    return gettext("goes out on {day}").format(day=day)
