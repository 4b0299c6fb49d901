"""What a mail says, and whether it should still go. Asked by the outbox after the claim and right before the hand-over.

A mail about a question is rendered by a pure function from a `Letter`. Its link is fresh at each hand-over, and the ones before it die when
that was taken or may have been: only the newest mail of a prompt opens anything, and one that did not go out ends no link. The row keeps no
text; a demo workspace alone keeps what was sent, so that its links can be followed. Mails that are not about a question have a preparer of
their own, by kind.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from exchanges import wording
from exchanges.models import Prompt, PromptKind, PromptState
from exchanges.models.prompts import OTHER_MAIL
from exchanges.selectors.mailed import Known, known_of
from exchanges.selectors.prompts import Asking, asking, is_withdrawn, own_rating, shortened, since_lines
from exchanges.selectors.questions import is_blind
from exchanges.selectors.rounds import is_closed, state_of
from exchanges.selectors.settling import answer_to, is_moot
from exchanges.services import bundles, digests, mailing, put_right, signing_in
from exchanges.services.letters import LONGEST_SUBJECT, Rendered, absolute, compose, keep_body, line, render_mail, sender_line
from exchanges.wording.requalify import worth_answers, worth_question
from exchanges.wording.settling import became_choices
from relationships.models import Person
from valueledger.common import audit, outbox, tokens
from valueledger.common.mailing import Refused
from valueledger.common.models import Outbox, OutboxBody
from valueledger.common.models.tokens import TokenPurpose
from valueledger.common.outbox import Later, Prepare, Skip
from valueledger.common.tokens import Wanted

STOP_LINK_LASTS = timedelta(days=365)
LONGEST_EVENT = 300
# What goes out that is not about a prompt: the kind of its row, and who says what is in it. Named in `OTHER_MAIL` as well.
PREPARERS: Mapping[str, Prepare] = {
    digests.KIND: digests.prepare,
    put_right.KIND: put_right.prepare,
    signing_in.KIND: signing_in.prepare,
}
ENDED = {
    PromptState.ANSWERED: "It was answered before this went out.",
    PromptState.SKIPPED: "It was skipped before this went out.",
    PromptState.SNOOZED: "It was put off before this went out.",
    PromptState.LAPSED: "It closed before this went out.",
    PromptState.WITHDRAWN: "The question was taken back before this went out.",
}


@dataclass(frozen=True)
class Block:
    """One more question in the same mail: a short block with its own link."""

    question: str
    party_name: str  # the side that is asked, where it is another than the first question's
    button_url: str
    closes_on: str
    privacy_line: str


@dataclass(frozen=True)
class Letter:
    """Everything that the templates of one mail may say."""

    template: str
    is_reminder: bool
    greeting_name: str
    sender_name: str
    workspace_name: str
    workspace_short: str  # whom the question is about, in the reader's eyes
    party_name: str
    last_line: str
    since_lines: Sequence[str]
    answers: Sequence[tuple[int | str, str, str]]
    button_url: str
    closes_on: str
    privacy_line: str
    unsubscribe_url: str
    preview_text: str
    event_day: str = ""
    event_text: str = ""
    home_url: str = ""
    less_url: str = ""
    question: str = ""  # as a sentence, where it depends on the kind of relationship
    others: Sequence[Block] = ()  # more questions that travel in this mail


def send_due(*, now: datetime, limit: int = 200) -> dict[str, int]:
    """Hand over every mail that is due. Returns counts by state."""
    return outbox.sweep(now=now, prepare=prepare, limit=limit, on_refused=refused, on_taken=taken).as_dict()


def prepare(row: Outbox, now: datetime) -> EmailMessage | Skip | Later:
    """The message of one row, or why it should not go any more. Everything is read again here, not when the row was written."""
    if row.kind in OTHER_MAIL:
        return PREPARERS[row.kind](row, now)
    same = bundles.hold(row)
    known = known_of(row.workspace_id, row.subject_id or 0, now)
    if known is None:
        return Skip("The question is gone.")
    reason = why_not(known.prompt, now, known)
    if reason:
        _keep_unsent(row, known.prompt, now)
        return Skip(reason)
    mails = bundles.mails_to(row, same, now)
    later = bundles.must_wait(row, known, mails, now)
    return later or _message(row, known, bundles.gather(row, known.prompt, now, why_not=why_not, mails=mails), now)


def refused(row: Outbox, error: Refused, now: datetime) -> None:
    """The mail system will not take mail for this person: nothing more goes out to them until somebody looks at the address."""
    person = Person.objects.filter(pk=row.recipient_id).first()
    if person is None:
        return
    Person.objects.filter(pk=person.pk).update(refused_at=now, refused_reason=str(error.code))
    audit.record(
        workspace_id=row.workspace_id, now=now, actor_kind="system", actor_id=None, action="mail.refused", target_kind="person",
        target_id=person.public_id,
    )  # fmt: skip


def taken(row: Outbox, about: Iterable[int], now: datetime) -> None:
    """The mail has gone out, or may have: of each question in it, the links of earlier mails end."""
    if row.kind in OTHER_MAIL:
        return
    for prompt_id in about:
        tokens.revoke_older(purpose=TokenPurpose.PROMPT, workspace_id=row.workspace_id, subject_id=prompt_id, now=now)


def why_not(prompt: Prompt, now: datetime, known: Known | None = None) -> str:
    """Why nothing should go out about this prompt now; empty when it should. The prompt comes with everything that is said around it."""
    if not prompt.workspace.is_active:
        return "The workspace is closed."
    if prompt.state != PromptState.WAITING:
        return ENDED[PromptState(prompt.state)]
    if prompt.closes_at <= now:
        return ENDED[PromptState.LAPSED]
    if not prompt.relationship.is_going_on and not prompt.is_closing:
        return "The relationship has ended."
    if not prompt.participant.speaks_on(now.astimezone(prompt.workspace.zone).date()):
        return "They no longer speak for their side."
    if prompt.round is not None and (is_closed(prompt.round, now, sides_heard=known.sides_heard) if known else state_of(prompt.round, now).is_closed):
        return ENDED[PromptState.LAPSED]
    if prompt.kind == PromptKind.RATING and is_withdrawn(prompt.event):
        return "The event was taken back."
    if prompt.kind == PromptKind.RATING and own_rating(prompt) is not None:
        return ENDED[PromptState.ANSWERED]
    if prompt.kind == PromptKind.SETTLE and is_moot(prompt):
        return "It was said elsewhere before this went out."
    if prompt.kind == PromptKind.SETTLE and answer_to(prompt) is not None:
        return ENDED[PromptState.ANSWERED]
    text = getattr(prompt.participant.person, "text", None)
    return mailing.unreachable(prompt.participant.person, address=text.email if text else "")


def _message(row: Outbox, known: Known, others: Sequence[Prompt], now: datetime) -> EmailMessage:
    prompt = known.prompt
    stop_link, *links = _links([prompt, *others], now)
    asked = asking(prompt, now, known)
    letter = letter_for(asked, link=links[0], stop_link=stop_link, is_reminder=row.kind == "reminder")
    more = [letter_for(asking(other, now), link=link, stop_link=stop_link) for other, link in zip(others, links[1:], strict=True)]
    if more:
        letter = replace(letter, others=[block_of(one, letter) for one in more], preview_text=_("{count} questions.").format(count=1 + len(more)))
    rendered = render(letter)
    for one in outbox.together(row) if prompt.workspace.is_demo else ():
        keep_body(one, prompt.workspace, rendered, now=now)
    return compose(rendered, to=asked.address, sender=letter.sender_name, message_id=row.message_id, stop_link=letter.unsubscribe_url)


def _keep_unsent(row: Outbox, prompt: Prompt, now: datetime) -> None:
    """In a demo a blind question's mail can be opened from its moment on, sent or not: else that alone would tell who has answered."""
    if prompt.workspace.is_demo and is_blind(prompt) and prompt.closes_at > now:
        [secret] = tokens.issue_all([_door_of(prompt)], workspace_id=prompt.workspace_id, now=now)
        letter = letter_for(asking(prompt, now), link=absolute("portal:prompt", secret), stop_link=absolute("portal:enter"))
        keep_body(row, prompt.workspace, render(letter), now=now)


def _links(prompts: Sequence[Prompt], now: datetime) -> list[str]:
    """The link that stops the mails to this person, and one to each question. The ones before them stay until this mail is taken.

    What our own side is asked for itself alone is answered signed in: that link opens nothing by itself.
    """
    stop = Wanted(TokenPurpose.UNSUBSCRIBE, prompts[0].participant.person_id, now + STOP_LINK_LASTS)
    doors = [_door_of(prompt) for prompt in prompts if prompt.kind != PromptKind.REQUALIFY]
    first, *others = tokens.issue_all([stop, *doors], workspace_id=prompts[0].workspace_id, now=now)
    fresh = iter(others)
    links = [
        absolute("desk:answer_prompt", prompt.public_id) if prompt.kind == PromptKind.REQUALIFY else absolute("portal:prompt", next(fresh))
        for prompt in prompts
    ]
    return [absolute("portal:stop", first), *links]


def _door_of(prompt: Prompt) -> Wanted:
    return Wanted(TokenPurpose.PROMPT, prompt.pk, prompt.closes_at)


def block_of(letter: Letter, first: Letter) -> Block:
    """A letter said shortly, below the first."""
    if letter.template == PromptKind.RATING.lower():
        question = _("{day}: {event}. How did it compare with what you expected?").format(day=letter.event_day, event=letter.event_text.rstrip(" ."))
    elif letter.template == PromptKind.CHECK.lower():
        question = _("All in all, with {name}, do you get as much as you give?").format(name=letter.workspace_short)
    elif letter.template == PromptKind.SETTLE.lower():
        question = _("{event}. {question}").format(event=letter.event_text.rstrip(" ."), question=letter.question)
    elif letter.question:
        question = letter.question
    else:
        question = line(render_to_string(f"emails/{letter.template}.subject.txt", asdict(letter)), LONGEST_EVENT)
    party = letter.party_name if letter.party_name != first.party_name else ""
    return Block(question, party, letter.button_url, letter.closes_on, letter.privacy_line)


def letter_for(asked: Asking, *, link: str, stop_link: str, is_reminder: bool = False) -> Letter:
    is_check, is_at_the_desk = asked.prompt.kind == PromptKind.CHECK, asked.prompt.kind == PromptKind.REQUALIFY
    answers: list[tuple[int | str, str, str]] = []
    if is_check:
        answers = [(value, label, f"{link}?answer={value}") for value, label in wording.check_answers("i")]
        preview = _("One question, {takes}, no account.").format(takes=asked.takes)
    elif is_at_the_desk:
        answers = [(code, label, f"{link}?said={code}") for code, label in worth_answers()]
        preview = _("One question, {takes}, for us alone.").format(takes=asked.takes)
    elif asked.prompt.kind == PromptKind.TERMS:
        preview = _("Ten points to share out, {takes}, no account.").format(takes=asked.takes)
    elif asked.prompt.kind == PromptKind.SETTLE:
        answers = [(code, label, f"{link}?became={code}") for code, label in became_choices(asked.is_on_its_way)]
        preview = _("One question about a promise, {takes}, no account.").format(takes=asked.takes)
    else:
        answers = [(code, label, f"{link}?expected={code}") for code, label in wording.expectation_choices()]
        preview = _("One question about {day}, {takes}, no account.").format(takes=asked.takes, day=_day(asked.event_on, asked.today))
    name = line(asked.first_name, 60) or _("Hello")
    return Letter(
        template=asked.prompt.kind.lower(),
        is_reminder=is_reminder,
        greeting_name=name,
        sender_name=sender_of(asked),
        workspace_name=line(asked.workspace_name),
        workspace_short=line(asked.other_short),
        party_name=line(asked.party),
        last_line=_last_line(asked, name),
        since_lines=[line(text, LONGEST_EVENT) for text in since_lines(asked)] if is_check else [],
        answers=answers,
        button_url=link,
        closes_on=_day(asked.closes_on, asked.today),
        privacy_line=line(asked.privacy, 400),
        unsubscribe_url=stop_link,
        home_url=absolute("desk:today" if is_at_the_desk else "portal:enter"),
        less_url="" if is_at_the_desk else f"{link}?less",
        preview_text=preview,
        question=line(worth_question(asked.other_short, asked.kind.lower())) if is_at_the_desk else asked.settle_question,
        event_day=wording.weekday_day(asked.event_on, asked.today) if asked.event_on else "",
        event_text=shortened(line(asked.event_text, 4_000), LONGEST_EVENT),
    )


def _last_line(asked: Asking, name: str) -> str:
    """The small line above a question."""
    if asked.prompt.kind == PromptKind.CHECK:
        return wording.last_told(name, asked.last_answered_on, asked.today)
    if asked.prompt.kind == PromptKind.TERMS:
        return _("{name}, one question; it takes {takes}").format(name=name, takes=asked.takes)
    return ""


def sender_of(asked: Asking) -> str:
    return sender_line(asked.prompt.workspace, asked.steward_name)


def render(letter: Letter) -> Rendered:
    context: dict[str, Any] = asdict(letter)
    subject = ""
    if letter.is_reminder:
        first = line(render_to_string(f"emails/{letter.template}.subject.txt", context), LONGEST_SUBJECT)
        subject = _("Once more: {subject}").format(subject=first)
    return render_mail(letter.template, context, subject=subject)


def _day(on: date | None, today: date) -> str:
    return wording.day(on, today) if on else ""


def purge_bodies(*, now: datetime) -> int:
    return OutboxBody.objects.filter(purge_at__lte=now).delete()[0]
