"""The story as ledger rows: events and reports, rounds and answers, written in bulk, and the evidence that they ask for.

What evidence a statement asks for is decided by `selectors.statements`, and it is appended and folded by `services.posting`; this module
only knows when each statement became known, so that positions follow the order of the two years.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Model

from exchanges.models import (
    Answer,
    AnswerItem,
    AnswerText,
    Assurance,
    Disclosure,
    EventKind,
    EventStatus,
    EventText,
    EventVersion,
    EvidenceKind,
    Giver,
    ItemKind,
    Posting,
    Prompt,
    PromptKind,
    PromptState,
    Report,
    ReportFact,
    ReportRole,
    ReportText,
    RevealRule,
    Round,
    RoundPosting,
    RoundSeat,
    Shown,
    SourceKind,
    ValueEvent,
    View,
    Visibility,
    Word,
)  # fmt: skip
from exchanges.selectors.balances import METHOD, Balance, balance_of_rows
from exchanges.selectors.rounds import SETTLES_AFTER
from exchanges.selectors.statements import Wanted, evidence_of_answer, wanted_of_event
from exchanges.services.demo.cast import Clock, Stage
from exchanges.services.demo.story import Asked, Gave, Got, Happened
from exchanges.services.posting import Change
from exchanges.services.reports import MICRO, POINTS_OF_WORD
from relationships.models import Kind, Participant, SideRole, ValueKind
from relationships.selectors.rhythm import RhythmTable, agreed_intent

OPEN_DAYS = 14
NANO = 1_000_000_000
THREE = frozenset({SideRole.OWN, SideRole.COUNTERPART})


@dataclass
class Known:
    """One piece of evidence, the moment it became known, and the row that asks for it."""

    at: datetime
    wanted: Wanted
    source_kind: SourceKind
    source: ValueEvent | Answer

    @property
    def row(self) -> tuple[int, int, int, int, bool]:
        return self.wanted.side, self.wanted.on_day, self.wanted.kind, self.wanted.value, self.wanted.relayed

    def change(self) -> Change:
        wanted = self.wanted
        return Change(
            int(wanted.side), wanted.on_day, int(wanted.kind), wanted.value, wanted.relayed, wanted.mask, int(self.source_kind), self.source.pk
        )


@dataclass
class Rows:
    """Everything to be written, by table, in the order in which the tables are filled."""

    events: list[ValueEvent] = field(default_factory=list)
    versions: list[EventVersion] = field(default_factory=list)
    event_texts: list[EventText] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    report_texts: list[ReportText] = field(default_factory=list)
    report_facts: list[ReportFact] = field(default_factory=list)
    rounds: list[Round] = field(default_factory=list)
    seats: list[RoundSeat] = field(default_factory=list)
    shown: list[Shown] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    answer_texts: list[AnswerText] = field(default_factory=list)
    answer_items: list[AnswerItem] = field(default_factory=list)
    postings: list[RoundPosting] = field(default_factory=list)
    disclosures: list[Disclosure] = field(default_factory=list)
    prompts: list[Prompt] = field(default_factory=list)

    def save(self) -> None:
        for rows in (
            self.events, self.versions, self.event_texts, self.reports, self.report_texts, self.report_facts, self.rounds, self.seats,
            self.shown, self.answers, self.answer_texts, self.answer_items, self.postings, self.disclosures,
        ):  # fmt: skip
            _create(rows)
        for prompt in self.prompts:
            prompt.subject_key = f"round:{prompt.round_id or prompt.round.pk}"  # type: ignore[union-attr]
        _create(self.prompts)


def _create(rows: Sequence[Model]) -> None:
    if rows:
        type(rows[0])._default_manager.bulk_create(rows, batch_size=500)


def tell(*, stage: Stage, rows: Rows, kinds: dict[str, ValueKind], clock: Clock, rhythms: RhythmTable) -> list[Known]:
    """Put one story into rows. Returns its evidence in the order in which it became known."""
    known: list[Known] = []
    for happened in sorted(stage.story.happened, key=lambda one: -one.ago):
        known += Telling(stage, rows, clock).event(happened, kinds)
    for number, asked in enumerate(sorted(stage.story.asked, key=lambda one: -one.ago), start=1):
        known += Telling(stage, rows, clock).round(asked, number, known, rhythms)
    return sorted(known, key=lambda one: one.at)


@dataclass
class Telling:
    stage: Stage
    rows: Rows
    clock: Clock

    @property
    def common(self) -> dict[str, object]:
        return {"workspace_id": self.stage.relationship.workspace_id, "relationship_id": self.stage.relationship.pk}

    @property
    def workspace(self) -> dict[str, object]:
        return {"workspace_id": self.stage.relationship.workspace_id}

    def event(self, told: Happened, kinds: dict[str, ValueKind]) -> Iterable[Known]:
        """Our steward logs what we gave and what was paid; the rest they write down themselves."""
        theirs = told.giver == Giver.COUNTERPART and told.kind != EventKind.PAYMENT and told.gave is not None
        author = SideRole.COUNTERPART if theirs else SideRole.OWN
        logged = self.clock.at(told.ago, 16, told.ago % 50)
        event = ValueEvent(giver=told.giver, author_side=author, recorded_at=logged, **self.common)
        version = EventVersion(
            event=event,
            seq=1,
            status=EventStatus.ARRIVED,
            occurred_on=self.clock.day(told.ago),
            arrived_on=self.clock.day(told.ago),
            kind=told.kind,
            value_kind=kinds.get(told.value),
            visibility=Visibility.PRIVATE if told.private else Visibility.SHARED,
            author_member=None if theirs else self.stage.steward,
            author_participant=self.stage.speakers[author],
            recorded_at=logged,
            **self.workspace,
        )
        self.rows.events.append(event)
        self.rows.versions.append(version)
        self.rows.event_texts.append(EventText(version=version, what=told.what, **self.workspace))
        reports = self.reports(event, told, logged)
        self.rows.reports += reports
        wanted = wanted_of_event(event, version, reports, set(), kind=self.stage.relationship.kind)
        times = {(report.side, report.role): report.recorded_at for report in reports}
        return [Known(self.known_at(one, times, logged), one, SourceKind.EVENT, event) for one in wanted]

    def known_at(self, wanted: Wanted, times: dict[tuple[int, str], datetime], logged: datetime) -> datetime:
        role = {EvidenceKind.GOT: ReportRole.GOT, EvidenceKind.GAVE: ReportRole.GAVE}.get(EvidenceKind(wanted.kind))
        return times[wanted.side, role] if role else logged

    def reports(self, event: ValueEvent, told: Happened, logged: datetime) -> list[Report]:
        givers = THREE if told.giver == Giver.JOINT else {SideRole(int(told.giver))}
        receivers = THREE if told.giver == Giver.JOINT else THREE - givers
        reports = []
        if told.gave:
            reports += [self.gave(event, side, told.gave, logged + timedelta(minutes=2)) for side in sorted(givers)]
        if told.got:
            heard = self.clock.at(max(told.ago - told.got.after, 0), 11, told.ago % 45)
            reports += [self.got(event, side, told.got, max(heard, logged + timedelta(minutes=20))) for side in sorted(receivers)]
        return reports

    def gave(self, event: ValueEvent, side: SideRole, account: Gave, at: datetime) -> Report:
        report = self.report(event, side, ReportRole.GAVE, account.cost, at)
        report.guess_word = account.guess
        if account.sentence:
            self.rows.report_texts.append(ReportText(report=report, sentence=account.sentence, **self.workspace))
        if account.hours or account.money:
            money, hours = (Decimal(text) if text else None for text in (account.money, account.hours))
            fact = ReportFact(report=report, money=money, currency="EUR" if money else "", hours=hours, **self.workspace)
            self.rows.report_facts.append(fact)
        return report

    def got(self, event: ValueEvent, side: SideRole, account: Got, at: datetime) -> Report:
        report = self.report(event, side, ReportRole.GOT, account.worth, at)
        report.expectation, report.owing, report.beneficiary = account.expectation, account.owing, account.beneficiary
        report.arrived = "BURDEN" if account.worth < 0 else "NONE" if account.worth == 0 and account.expectation == "LESS" else "ALL"
        if account.sentence:
            self.rows.report_texts.append(ReportText(report=report, sentence=account.sentence, **self.workspace))
        return report

    def report(self, event: ValueEvent, side: SideRole, role: ReportRole, word: int | None, at: datetime) -> Report:
        speaker = self.stage.speakers[side]
        return Report(
            event=event,
            giver=event.giver,
            side=side,
            role=role,
            speaker=speaker.pk,
            seq=1,
            first_hand=True,
            participant=speaker,
            word=word,
            points_micro=None if word is None else POINTS_OF_WORD[Word(word)] * MICRO,
            visibility=Visibility.SHARED,
            recorded_at=at,
            **self.common,
        )

    def round(self, told: Asked, number: int, known: list[Known], rhythms: RhythmTable) -> Iterable[Known]:
        """One check of both sides. Whoever has no address was never asked."""
        opens = self.clock.at(told.ago, 7)
        asked = Round(
            number=number,
            opens_at=opens,
            closes_at=opens + timedelta(days=OPEN_DAYS),
            reveal_rule=RevealRule.BOTH if self.stage.relationship.kind == Kind.EMPLOYEE else RevealRule.BOTH_OR_CLOSE,
            **self.common,
        )
        self.rows.rounds.append(asked)
        answers = [answer for role in SideRole if (answer := self.seat(asked, role, told, known, rhythms)) is not None]
        if not answers:
            self.post(asked, Posting.CLOSED, asked.closes_at)
            return []
        all_answered = len(answers) == 2
        revealed = all_answered or asked.reveal_rule == RevealRule.BOTH_OR_CLOSE
        at = max(settled(answer) for answer in answers) if all_answered else asked.closes_at
        posting = self.post(asked, Posting.REVEALED if revealed else Posting.CLOSED, at)
        if told.is_shared:
            theirs = next(answer for answer in answers if answer.side == SideRole.COUNTERPART)
            self.rows.disclosures.append(Disclosure(participant=theirs.participant, answer=theirs, at=at, **self.workspace))
        kind = self.stage.relationship.kind
        return [
            Known(posting.posted_at, wanted, SourceKind.ANSWER, answer)
            for answer in answers
            for wanted in evidence_of_answer(answer, kind=kind, posting=posting, disclosed=told.is_shared and answer.side == SideRole.COUNTERPART)
        ]

    def post(self, asked: Round, outcome: Posting, at: datetime) -> RoundPosting:
        posting = RoundPosting(
            round=asked, outcome=outcome, revealed_at=at, posted_at=min(at + timedelta(minutes=1), self.clock.now), **self.workspace
        )
        self.rows.postings.append(posting)
        return posting

    def seat(self, asked: Round, role: SideRole, told: Asked, known: list[Known], rhythms: RhythmTable) -> Answer | None:
        """The seat of whoever speaks for a side, the prompt that was sent to it, and its answer if it gave one."""
        value = told.we if role == SideRole.OWN else told.they
        if value is None and role == SideRole.COUNTERPART and not self.stage.story.contacts[0].email:
            return None
        speaker = self.stage.speakers[role]
        seat = RoundSeat(round=asked, participant=speaker, side=role, **self.workspace)
        shown = self.display(asked, role, known, rhythms)
        self.rows.seats.append(seat)
        self.rows.shown += [shown] if shown else []
        if value is None:
            self.ask(asked, speaker, shown, PromptState.LAPSED, asked.closes_at)
            return None
        answer = self.answer(asked, seat, shown, told, value)
        self.ask(asked, speaker, shown, PromptState.ANSWERED, answer.answered_at)
        return answer

    def answer(self, asked: Round, seat: RoundSeat, shown: Shown | None, told: Asked, value: int) -> Answer:
        own = seat.side == SideRole.OWN
        after, guess, still, sentence = (
            (told.we_after, told.we_guess, told.we_still, told.we_say) if own else (told.they_after, told.they_guess, told.they_still, told.they_say)
        )
        still = still and shown is not None
        at = self.clock.at(max(told.ago - after, 0), 9 if own else 13, told.ago % 40)
        answer = Answer(
            round=asked,
            seat=seat,
            side=seat.side,
            participant=seat.participant,
            seq=1,
            first_hand=True,
            picture_right=True if still else None,
            confirms_shown=shown if still else None,
            y_micro=None if still else value * MICRO,
            guess_micro=None if guess is None else guess * MICRO,
            answered_on=at.date(),
            answered_at=at,
            assurance=Assurance.SIGNED_IN if own else Assurance.LINK,
            recorded_at=at,
            **self.common,
        )
        self.rows.answers.append(answer)
        part = told.we_part if own else told.they_part
        if part is not None:
            self.rows.answer_items.append(AnswerItem(answer=answer, kind=ItemKind.PART, value=part, **self.workspace))
        if sentence:
            self.rows.answer_texts.append(AnswerText(answer=answer, sentence=sentence, **self.workspace))
        return answer

    def display(self, asked: Round, role: SideRole, known: list[Known], rhythms: RhythmTable) -> Shown | None:
        """What this side saw of itself when it was asked; nothing if it had never answered."""
        view = View.OWN if role == SideRole.OWN else View.COUNTERPART
        balance = balance_known(self.stage, known, view=view, at=asked.opens_at, rhythms=rhythms)
        side = balance.side(role)
        if side.answered_on is None:
            return None
        return Shown(
            view=view,
            side=role,
            as_of=balance.as_of,
            position=sum(one.at <= asked.opens_at for one in known),
            method=METHOD,
            r_nano=round(side.r * NANO),
            sd_nano=round(side.sd * NANO),
            recorded_at=asked.opens_at,
            **self.common,
        )

    def ask(self, asked: Round, speaker: Participant, shown: Shown | None, state: PromptState, ended: datetime) -> None:
        self.rows.prompts.append(
            Prompt(
                participant=speaker,
                side=speaker.side.role,
                kind=PromptKind.CHECK,
                round=asked,
                shown=shown,
                state=state,
                reason="closed" if state == PromptState.LAPSED else "blurred" if shown else "never",
                not_before=asked.opens_at,
                closes_at=asked.closes_at,
                created_at=asked.opens_at,
                ended_at=ended,
                **self.common,
            )
        )


def settled(answer: Answer) -> datetime:
    """An answer through a link is looked at only when a minute has passed without another."""
    return answer.answered_at + (SETTLES_AFTER if answer.assurance == Assurance.LINK else timedelta())


def balance_known(stage: Stage, known: Sequence[Known], *, view: View, at: datetime, rhythms: RhythmTable) -> Balance:
    """The balance that a view showed at a moment, from what was known then."""
    rows = [one.row for one in known if one.at <= at and one.wanted.mask & view]
    return balance_of_rows(rows, relationship_id=stage.relationship.pk, view=view, as_of=at.date(), band=band_of(stage, rhythms))


def band_of(stage: Stage, rhythms: RhythmTable) -> float:
    intent = agreed_intent(stage.story.we_mean, stage.story.they_mean)
    return rhythms.of(kind=stage.story.kind, intent=intent, band=None, cadence_days=stage.story.cadence).band
