"""Reports: each side's account of an event in its own terms. Only the receiver's side says what something was worth to it.

What somebody passes on for a side is another kind of row: relayed, shown as relayed, half the weight, set aside by a first-hand report.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from uuid import uuid4

from django.db import IntegrityError, transaction
from django.db.models import Model

from exchanges.access import Voice
from exchanges.models import (
    Arrived,
    Beneficiary,
    EventKind,
    Expectation,
    Giver,
    Owing,
    Report,
    ReportFact,
    ReportRole,
    ReportText,
    ValueEvent,
    Visibility,
    Word,
)  # fmt: skip
from exchanges.selectors.footing import Footing, footing
from exchanges.services.events import actor_of
from exchanges.services.posting import locked, post_event
from relationships.models import Kind, Member, Participant, Relationship, SideRole, TermsVersion, Unit
from relationships.services.terms import rate_in_force, terms_in_force, unit_named
from valueledger.common import audit, rows
from valueledger.common.errors import Conflict, Invalid, ValueLedgerError
from valueledger.common.validators import clean_amount, clean_line, clean_text

MICRO = 1_000_000
POINTS_OF_WORD = {Word.BURDEN: -2, Word.NOTHING: 0, Word.LITTLE: 1, Word.FAIR: 2, Word.LOT: 4, Word.GREAT: 8}
POINTS_MAX = 10**12
ROLES, SIDES, WORDS = ReportRole.values, SideRole.values, Word.values  # an enumeration makes its list at each call
MISSED_AS = (Arrived.NONE, Arrived.BURDEN)
CHOICES = [
    ("arrived", Arrived.values),
    ("expectation", Expectation.values),
    ("owing", Owing.values),
    ("beneficiary", Beneficiary.values),
    ("visibility", Visibility.values),
]


class NotTheReceiver(ValueLedgerError):
    code = "not_the_receiver"
    status = 403
    sentence = "Only the side that received this says what it was worth."


class NotTheGiver(ValueLedgerError):
    code = "not_the_giver"
    status = 403
    sentence = "Only the side that gave this says what it cost."


class NotASpeaker(ValueLedgerError):
    code = "not_a_speaker"
    status = 403
    sentence = "You do not speak for this side."


class NobodyRelaysForEmployees(ValueLedgerError):
    code = "employee_speaks_alone"
    status = 403
    sentence = "Employees speak for themselves: nothing can be passed on for them."


class AlreadyReported(Conflict):
    code = "already_reported"
    sentence = "There is a newer report by this person. Look at it first."


class EventWithdrawn(Conflict):
    code = "event_withdrawn"
    sentence = "This event was taken back."


@dataclass(frozen=True)
class Account:
    """What one side says of one event. Without a word and without a rate it counts as one typical event."""

    word: int | None = None
    typed_amount: Decimal | None = None
    unit: str = ""
    guess_word: int | None = None
    arrived: str = ""
    expectation: str = ""
    owing: str = ""
    beneficiary: str = ""
    sentence: str = ""
    visibility: str = Visibility.SHARED
    money: Decimal | None = None
    currency: str = ""
    hours: Decimal | None = None
    facts_shared: bool = False


@dataclass(frozen=True)
class Valued:
    """An account turned into points, with the terms that were in force on the event's day."""

    points_micro: int | None
    unit: Unit | None
    terms: TermsVersion | None


def report_gave(*, event: ValueEvent, side: int, voice: Voice, account: Account, now: datetime, supersedes: Report | None = None) -> Report:
    """Say what giving this cost our side, at first hand."""
    return _first_hand(event, side, ReportRole.GAVE, voice, account, now, supersedes)


def report_got(*, event: ValueEvent, side: int, voice: Voice, account: Account, now: datetime, supersedes: Report | None = None) -> Report:
    """Say what this was worth to the side that received it, at first hand."""
    return _first_hand(event, side, ReportRole.GOT, voice, account, now, supersedes)


def relay_report(
    *,
    event: ValueEvent,
    side: int,
    role: str,
    member: Member,
    account: Account,
    now: datetime,
    supersedes: Report | None = None,
    import_source: str = "",
) -> Report:
    """Pass on what a side said elsewhere: stored and shown as relayed."""
    with transaction.atomic():
        stood = footing(event, side)
        relationship = stood.relationship
        if relationship.kind == Kind.EMPLOYEE and side == SideRole.COUNTERPART:
            raise NobodyRelaysForEmployees
        if member is not None and member.workspace_id != relationship.workspace_id:
            raise NotASpeaker
        return _write(
            stood=stood, event=event, side=side, role=role, account=account, now=now, supersedes=supersedes,
            first_hand=False, participant=None, relayed_by=member, speaker=-member.pk, import_source=import_source,
            voice=Voice(member=member),
        )  # fmt: skip


def withdraw_report(*, report: Report, voice: Voice, now: datetime) -> Report:
    """Take one's own report back. The row stays; it no longer counts."""
    with transaction.atomic():
        relationship = locked(report.relationship_id)
        if report.first_hand:
            ensure_speaker(voice, report.side, report.relationship_id, now)
            if voice.participant is None or voice.participant.pk != report.participant_id:
                raise NotASpeaker("Only the person who wrote a report takes it back.")
        elif voice.member is None or voice.member.pk != report.relayed_by_id:
            raise NotASpeaker("Only the person who passed this on takes it back.")
        row = rows.new(Report, {
            "public_id": uuid4(), "workspace_id": report.workspace_id, "relationship_id": report.relationship_id, "event_id": report.event_id,
            "giver": report.giver, "side": report.side, "role": report.role, "speaker": report.speaker, "is_withdrawal": True, **_chain(report),
            "first_hand": report.first_hand, "participant_id": report.participant_id, "relayed_by_id": report.relayed_by_id,
            "visibility": report.visibility, "recorded_at": now,
        })  # fmt: skip
        _store(row, rows.Batch())
        post_event(relationship=relationship, event=report.event, now=now)
        _record(relationship, voice, "report.withdrawn", row, now)
    return row


def ensure_speaker(voice: Voice, side: int, relationship_id: int, now: datetime) -> Participant:
    """The participant, if it speaks for this side of this relationship today. Raises NotASpeaker."""
    participant = voice.participant
    if participant is None or participant.side.relationship_id != relationship_id or participant.side.role != side:
        raise NotASpeaker
    if participant.left_on is not None and participant.left_on <= now.date():
        raise NotASpeaker
    return participant


def _first_hand(event: ValueEvent, side: int, role: ReportRole, voice: Voice, account: Account, now: datetime, supersedes: Report | None) -> Report:
    with transaction.atomic():
        stood = footing(event, side)
        participant = ensure_speaker(voice, side, event.relationship_id, now)
        if supersedes is not None and supersedes.participant_id != participant.pk:
            raise NotASpeaker("Only the person who wrote a report corrects it.")
        return _write(
            stood=stood, event=event, side=side, role=role, account=account, now=now, supersedes=supersedes,
            first_hand=True, participant=participant, relayed_by=None, speaker=participant.pk, voice=voice,
        )  # fmt: skip


def _write(
    *, stood: Footing, event: ValueEvent, side: int, role: str, account: Account, now: datetime, supersedes: Report | None,
    first_hand: bool, participant: Participant | None, relayed_by: Member | None, speaker: int, voice: Voice,
    import_source: str = "",
) -> Report:  # fmt: skip
    relationship, version = stood.relationship, stood.version
    ensure_role(event, side, role)
    if version is None or version.is_withdrawal:
        raise EventWithdrawn
    account = clean_account(account, role)
    if version.kind == EventKind.MISSED_MOMENT:
        ensure_fits_missed(account, role)
    if version.kind == EventKind.GIFT:
        account = replace(account, owing="")  # a gift opens no debt
    valued = value_account(account, role=role, relationship=relationship, side=side, on=version.arrived_on or version.occurred_on)
    if supersedes is not None and (supersedes.event_id, supersedes.side, supersedes.role, supersedes.speaker) != (event.pk, side, role, speaker):
        raise AlreadyReported
    batch = rows.Batch()
    row = rows.new(Report, {
        "id": stood.next_report, "public_id": uuid4(), "workspace_id": relationship.workspace_id, "relationship_id": relationship.pk, "event_id": event.pk,
        "giver": event.giver, "side": int(side), "role": str(role), "speaker": speaker, "first_hand": first_hand, **_chain(supersedes),
        "participant_id": _id(participant), "relayed_by_id": _id(relayed_by), "beneficiary": account.beneficiary, "arrived": account.arrived,
        "expectation": account.expectation, "word": account.word, "guess_word": account.guess_word, "typed_amount": account.typed_amount,
        "unit_id": _id(valued.unit), "terms_version_id": _id(valued.terms), "points_micro": valued.points_micro, "owing": account.owing,
        "visibility": account.visibility, "import_source": import_source, "recorded_at": now,
    })  # fmt: skip
    if stood.refuses(row):
        raise AlreadyReported
    _store(row, batch)
    rows.link(row, event=event, relationship=relationship, participant=participant, unit=valued.unit)
    if account.sentence:
        batch.add(ReportText, {"workspace_id": row.workspace_id, "report_id": row.pk, "sentence": account.sentence})
    if account.money is not None or account.hours is not None:
        fact = ReportFact(
            workspace_id=row.workspace_id, report=row, money=account.money, currency=account.currency, hours=account.hours, is_shared=account.facts_shared
        )  # fmt: skip
        batch.insert(fact)
    _record(relationship, voice, "report.written" if first_hand else "report.relayed", row, now, batch)
    try:  # the row travels in the batch that this runs
        post_event(relationship=relationship, event=event, now=now, version=version, batch=batch, footing=stood.with_report(row))
    except IntegrityError as error:
        raise _faster(error) from error
    return row


def _chain(supersedes: Report | None) -> dict[str, int | None]:
    return {"supersedes_id": _id(supersedes), "seq": supersedes.seq + 1 if supersedes else 1}


def _store(row: Report, batch: rows.Batch) -> None:
    """At once, or with all else that is written if its id is known already."""
    if row.pk is not None:
        batch.insert(row)
        return
    try:
        rows.insert(row)
    except IntegrityError as error:
        raise _faster(error) from error


def _faster(error: IntegrityError) -> Exception:
    """What to say when the database refuses: the unique successor, or a first report by the same speaker, was faster."""
    return AlreadyReported() if rows.is_taken(error, Report) else error


def _id(row: Model | None) -> int | None:
    return None if row is None else row.pk


def ensure_role(event: ValueEvent, side: int, role: str) -> None:
    """Only the receiving side reports what it got; only the giving side what it cost."""
    if role not in ROLES or side not in SIDES:
        raise Invalid("A report says what was given or what was got, for one side.", field="role")
    if event.giver == Giver.JOINT:
        return
    if role == ReportRole.GOT and event.giver == side:
        raise NotTheReceiver
    if role == ReportRole.GAVE and event.giver != side:
        raise NotTheGiver


def ensure_fits_missed(account: Account, role: str) -> None:
    """Nothing was given, so it took nothing and was worth nothing: whoever missed it says that nothing came, or that it hurt."""
    if role != ReportRole.GOT:
        raise Invalid("A missed moment took nothing from anybody.", field="role")
    if account.arrived not in MISSED_AS or account.word is not None or account.typed_amount is not None or account.owing:
        raise Invalid("Of a missed moment one says that none of it arrived, or that it was a burden, and no more.", field="arrived")


def clean_account(account: Account, role: str) -> Account:
    """Check everything that was typed. Raises Invalid with the field's name."""
    lowest = Word.BURDEN if role == ReportRole.GOT else Word.NOTHING
    for field, value, floor in (("word", account.word, lowest), ("guess_word", account.guess_word, Word.BURDEN)):
        if value is not None and (isinstance(value, bool) or value not in WORDS or value < floor):
            raise Invalid("This word is not on the scale.", field=field)
    for field, choices in CHOICES:
        value = getattr(account, field)
        if value and value not in choices:
            raise Invalid("This choice is not known.", field=field)
    amount = clean_amount(account.typed_amount, "typed_amount", lowest=Decimal("-99999999") if role == ReportRole.GOT else Decimal(0))
    unit = clean_line(account.unit, "unit", longest=40) if account.unit != "" else ""
    if amount is not None and not unit:
        raise Invalid("An amount needs its unit.", field="unit", code="required")
    return Account(
        word=account.word,
        typed_amount=amount,
        unit=unit,
        guess_word=account.guess_word if role == ReportRole.GAVE else None,
        arrived=account.arrived if role == ReportRole.GOT else "",
        expectation=account.expectation if role == ReportRole.GOT else "",
        owing=account.owing if role == ReportRole.GOT else "",
        beneficiary=account.beneficiary,
        sentence=clean_text(account.sentence, "sentence"),
        visibility=account.visibility or Visibility.SHARED,
        money=clean_amount(account.money, "money", places=2, highest=Decimal("9999999999.99")),
        currency=clean_line(account.currency, "currency", longest=3).upper() if account.currency != "" else "",
        hours=clean_amount(account.hours, "hours", places=2, highest=Decimal("999999.99")),
        facts_shared=account.facts_shared,
    )


def value_account(account: Account, *, role: str, relationship: Relationship, side: int, on: date) -> Valued:
    """Points of an account: the word wins, then amount times the rate in force on that day, then none: one typical event."""
    unit = unit_named(workspace=relationship.workspace_id, name=account.unit) if account.unit else None
    if account.word is not None:
        return Valued(POINTS_OF_WORD[Word(account.word)] * MICRO, unit, None)
    if account.typed_amount is not None and unit is not None:
        its_side = relationship.sides.get(role=side)
        item = rate_in_force(side=its_side, unit=unit, on=on)
        if item is not None and item.points_per_unit is not None:
            points = round(account.typed_amount * item.points_per_unit * MICRO)
            if abs(points) > POINTS_MAX:
                raise Invalid("This is more than can be true in points.", field="typed_amount", code="out_of_range")
            return Valued(points, unit, item.version)
        return Valued(None, unit, terms_in_force(side=its_side, on=on))
    if role == ReportRole.GOT and account.arrived in (Arrived.NONE, Arrived.BURDEN):
        return Valued(0 if account.arrived == Arrived.NONE else POINTS_OF_WORD[Word.BURDEN] * MICRO, unit, None)
    return Valued(None, unit, None)


def _record(relationship: Relationship, voice: Voice, action: str, row: Report, now: datetime, batch: rows.Batch | None = None) -> None:
    if relationship.kind == Kind.EMPLOYEE and row.side == SideRole.COUNTERPART and row.first_hand:
        return  # that an employee reported at all is theirs alone, also in the log
    audit.record(
        workspace_id=relationship.workspace_id, now=now, action=action, target_kind="report", target_id=row.public_id, batch=batch, **actor_of(voice)
    )
