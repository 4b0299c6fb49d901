"""Erasing a person: who they were and what they wrote goes; what both sides have seen stays, as numbers under a pseudonym.

Their answers that nobody has seen are withdrawn, and nobody waits for them. Rows of the ledger hold ids and numbers only, so that no
trigger is lifted. Whole names and addresses in what others wrote become the pseudonym; a first name alone is nobody's for certain.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.db import models, transaction
from django.db.models import Q

from exchanges.models import Answer, Card, ImportBatch, ImportFile, KeptWhatIfText, Prompt, PromptState, Report, ReportFact, RoundSeat
from exchanges.models.imports import RUNNING_STATES, ImportState
from exchanges.selectors.catalogue import UNITS_FIRST
from exchanges.services.posting import locked
from exchanges.services.reflections import delete_reflections_of
from exchanges.services.rounds import post_if_ready, release
from relationships.models import Erasure, Member, Participant, Party, PartyKind, PartyText, Person, PersonText, Side, TermsItem, Unit, User, ValueKind
from relationships.services.erasures import come_back, keep_erasure, pseudonym_of
from valueledger.common import audit
from valueledger.common.append_only import AppendOnly
from valueledger.common.errors import Conflict
from valueledger.common.models import IdempotencyKey, Outbox, OutboxBody, Token
from valueledger.common.models.outbox import OutboxState
from valueledger.common.models.tokens import TokenPurpose
from valueledger.common.tenancy import everywhere, within

# Where a person's own words stand: model, columns, and the way from the row to the person.
WORDS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("relationships.TermsText", ("words", "anchor"), ("item__version__author__person",)),
    ("exchanges.EventText", ("what", "goal"), ("version__author_participant__person", "version__author_member__person")),
    ("exchanges.ReportText", ("sentence",), ("report__participant__person", "report__relayed_by__person")),
    ("exchanges.AnswerText", ("sentence",), ("answer__participant__person", "answer__relayed_by__person")),
    ("exchanges.AdvanceText", ("words",), ("advance__author_member__person",)),
    ("exchanges.RequalificationText", ("sentence",), ("requalification__member__person",)),
    ("exchanges.GoalText", ("what",), ("goal__author__person",)),
    ("exchanges.StanceLine", ("words",), ("stance__author__person",)),
    ("exchanges.CommitmentText", ("what",), ("commitment__seat__participant__person",)),
    ("exchanges.KeptWhatIfText", ("question",), ("what_if__member__person",)),
    ("exchanges.PutRightText", ("words",), ("request__participant__person",)),
    ("exchanges.PutRightStepText", ("done",), ("step__member__person",)),
)
# Text that names nobody: made by us, or the workspace's own settings.
NOT_SWEPT = {"common.AuditEntry", "relationships.Workspace", "relationships.PersonText"}
UNCOUNTED = {"exchanges.Reflection"}  # that somebody wrote of them for themselves is told to nobody, an operator included
OF_PERSON = (TokenPurpose.UNSUBSCRIBE, TokenPurpose.SIGN_IN)
OF_MEMBER = ("API", "DIGEST")
SHORTEST = 5  # characters of a name that is looked for in other people's words, unless it has two parts
FILE_NAMED_THEM = "This file named somebody who was erased. Take them out of it and bring it again."


class StillWorksHere(Conflict):
    code = "still_works_here"
    sentence = "This person is a member of the workspace. Remove them under Members first; then they can be erased."


class ImportRuns(Conflict):
    code = "import_runs"
    sentence = "An import is running in this workspace. Wait until it has ended."


@dataclass
class Erased:
    """What went, by place: the counts that an operator sees, never the words."""

    pseudonym: str
    counts: Counter[str] = field(default_factory=Counter)
    person_id: UUID | None = None
    why_not: str = ""  # they are still there, for this reason

    def add(self, place: str, count: int) -> None:
        if count:
            self.counts[place] += count


def erase_person(*, person: Person, now: datetime, is_dry_run: bool = False) -> Erased:
    """Erase one person of the open workspace. Twice is once. Raises StillWorksHere and ImportRuns. A dry run does all of it and takes it back."""
    with transaction.atomic():
        person = Person.objects.select_for_update(of=("self",)).select_related("text", "workspace").get(pk=person.pk)
        if Member.objects.active().filter(person=person).exists():
            raise StillWorksHere
        if ImportBatch.objects.filter(state__in=RUNNING_STATES).exists():
            raise ImportRuns
        found = Erased(pseudonym_of(person.public_id))
        name, email = person.text.name, person.text.email
        email_hash = bytes(person.text.email_hash) if person.text.email_hash else None
        _fall_silent(person, found, now)
        said = _take_words(person, found)
        delete_reflections_of(person)  # uncounted: that there were any is nobody's to know
        parties = _take_parties(person, found)
        _take_guesses(person, found)
        _take_account(person, found)
        _take_mail(person, email, found, now)
        names = [one for one in {name, *parties} if one and one != found.pseudonym]
        whole = [one for one in [*names, email] if one and (len(one) >= SHORTEST or " " in one)]
        _sweep(person.workspace_id, whole, found)
        _take_answers_kept([*whole, *said], found)
        _take_files(whole, found, now)
        PersonText.objects.filter(person=person).update(name=found.pseudonym, email="")
        Person.objects.filter(pk=person.pk).update(suppressed_at=now, time_zone="", refused_reason="")
        keep_erasure(person=person, email_hash=email_hash, name=_party_name(parties, name), now=now)
        audit.record(
            workspace_id=person.workspace_id, now=now, actor_kind="operator", actor_id=None, action="person.erased", target_kind="person",
            target_id=person.public_id,
        )  # fmt: skip
        if is_dry_run:
            transaction.set_rollback(True)
    return found


def reapply(*, now: datetime) -> list[Erased]:
    """Erase again whoever a restored backup has brought back. Who cannot be erased yet keeps nobody else from it, and is told with the reason."""
    with everywhere():
        entries = list(Erasure.objects.order_by("pk"))
    done = []
    for entry in entries:
        with within(entry.workspace_id):
            for person in come_back(entry):
                try:
                    done.append(erase_person(person=person, now=now))
                except Conflict as error:
                    done.append(Erased(pseudonym_of(person.public_id), person_id=person.public_id, why_not=error.sentence))
    return done


def _fall_silent(person: Person, found: Erased, now: datetime) -> None:
    """Withdraw what nobody has seen, release the seats, take the questions back, and speak for no side any more."""
    today = now.astimezone(person.workspace.zone).date()
    for participant in Participant.objects.filter(person=person).select_related("side").order_by("side__relationship_id"):
        relationship = locked(participant.side.relationship_id)
        for round_id in RoundSeat.objects.filter(participant=participant, round__posting__isnull=True).values_list("round_id", flat=True):
            post_if_ready(round_id=round_id, now=now)  # revealed by now, only not written yet: it stays
        for seat in RoundSeat.objects.filter(participant=participant, round__posting__isnull=True):
            found.add("answers withdrawn before anybody saw them", _withdraw(seat, now))
            release(seat, reason="erased", now=now)
            found.add("seats released", 1)
            post_if_ready(round_id=seat.round_id, now=now)
        prompts = Prompt.objects.filter(participant=participant, relationship=relationship)
        asked = list(prompts.values_list("pk", flat=True))
        found.add("links and tokens revoked", _revoke(TokenPurpose.PROMPT, asked, now))
        waiting = prompts.filter(state__in=[PromptState.WAITING, PromptState.SNOOZED])
        found.add("questions withdrawn", waiting.update(state=PromptState.WITHDRAWN, reason="erased", ended_at=now))
        Participant.objects.filter(pk=participant.pk, left_on__isnull=True).update(left_on=today)
    members = list(Member.objects.filter(person=person).values_list("pk", flat=True))
    for purpose, subjects in (*((purpose, [person.pk]) for purpose in OF_PERSON), *((purpose, members) for purpose in OF_MEMBER)):
        found.add("links and tokens revoked", _revoke(purpose, subjects, now))


def _withdraw(seat: RoundSeat, now: datetime) -> int:
    current = Answer.objects.current().filter(seat=seat, is_withdrawal=False).first()
    if current is None:
        return 0
    Answer.objects.create(
        workspace_id=seat.workspace_id, relationship_id=current.relationship_id, round_id=seat.round_id, seat=seat, side=seat.side,
        participant_id=seat.participant_id, seq=current.seq + 1, supersedes=current, first_hand=True, is_withdrawal=True,
        answered_on=current.answered_on, answered_at=now, assurance=current.assurance, recorded_at=now,
    )  # fmt: skip
    return 1


def _revoke(purpose: str, subjects: Iterable[int], now: datetime) -> int:
    return Token.objects.filter(purpose=purpose, subject_id__in=list(subjects), revoked_at__isnull=True).update(revoked_at=now)


def _take_words(person: Person, found: Erased) -> list[str]:
    """Blank what they wrote. Returns it, to be looked for where answers to requests are kept."""
    said: list[str] = []
    for label, columns, ways in WORDS:
        rule = Q(pk__in=[])
        for way in ways:
            rule |= Q(**{way: person})
        rows = apps.get_model(label).objects.filter(rule)  # type: ignore[attr-defined]
        texts = [text for row in rows.values_list(*columns) for text in row if text]
        said += texts
        found.add(f"texts in {label}", len(texts))
        rows.model.objects.filter(pk__in=list(rows.values_list("pk", flat=True))).update(**dict.fromkeys(columns, ""))
    facts = ReportFact.objects.filter(Q(report__participant__person=person) | Q(report__relayed_by__person=person))
    found.add("hours and money", facts.update(money=None, hours=None, currency=""))
    kinds = ValueKind.objects.filter(side__in=_sides_alone(person))
    said += list(kinds.values_list("name", flat=True))
    found.add("own kinds of value", kinds.update(name="Erased", hint=""))
    for unit in _own_units(person):
        said.append(unit.name)
        Unit.objects.filter(pk=unit.pk).update(name=f"{found.pseudonym}, {unit.pk}")
        found.add("own units", 1)
    return [text for text in said if len(text) >= SHORTEST]


def _own_units(person: Person) -> list[Unit]:
    """Units that nobody else has used, and that are not everybody's words."""
    items, reports = TermsItem.objects.filter(unit__isnull=False), Report.objects.filter(unit__isnull=False)
    mine = Q(pk__in=items.filter(version__author__person=person).values("unit_id")) | Q(
        pk__in=reports.filter(participant__person=person).values("unit_id")
    )
    others = reports.filter(Q(participant__isnull=True) | ~Q(participant__person=person)).values("unit_id")
    rows = Unit.objects.filter(mine).exclude(pk__in=items.exclude(version__author__person=person).values("unit_id")).exclude(pk__in=others)
    return list(rows.exclude(name__in=UNITS_FIRST))


def _sides_alone(person: Person) -> list[Side]:
    """Sides that nobody but this person has ever spoken for."""
    sides = Side.objects.filter(participants__person=person).select_related("party__text")
    return list(sides.exclude(participants__in=Participant.objects.exclude(person=person)).distinct())


def _take_parties(person: Person, found: Erased) -> list[str]:
    """The party that is this person: of their name, or a person for whom nobody else has ever spoken."""
    names = []
    own_name = person.text.name.casefold()
    for side in _sides_alone(person):
        party: Party = side.party
        same = party.text.name.casefold() == own_name
        if not same and party.kind != PartyKind.PERSON:
            continue
        if Side.objects.filter(party=party).exclude(participants__person=person).exists():
            continue  # it stands where somebody else speaks for it: not this person alone
        names += [party.text.name, party.text.short_name]
        PartyText.objects.filter(party=party).update(name=found.pseudonym, short_name="")
        column = "own_name" if side.role == 0 else "counterpart_name"
        Card.objects.filter(relationship_id=side.relationship_id).update(**{column: found.pseudonym})
        found.add("parties", 1)
    return [name for name in names if name]


def _party_name(parties: list[str], name: str) -> str:
    return parties[0] if parties else name


def _take_account(person: Person, found: Erased) -> None:
    """The sign-in of somebody who works nowhere any more; one who works elsewhere keeps it."""
    for user in User.objects.filter(pk__in=Member.objects.filter(person=person).values("user_id")):
        with everywhere():
            if Member.objects.active().filter(user=user).exists():
                found.add("accounts kept, because their owner works in another workspace", 1)
                continue
        EmailAddress.objects.filter(user=user).delete()
        Authenticator.objects.filter(user=user).delete()
        user.name, user.email, user.is_active = found.pseudonym, f"erased-{user.pk}@erased.invalid", False
        user.set_unusable_password()  # ends every session with it
        user.save()
        found.add("accounts", 1)


def _take_mail(person: Person, email: str, found: Erased, now: datetime) -> None:
    mine = Outbox.objects.filter(recipient_id=person.pk)
    found.add("mails kept", OutboxBody.objects.filter(message__in=mine).delete()[0])
    found.add("mails not sent", mine.filter(state=OutboxState.DUE).update(state=OutboxState.SKIPPED, reason="erased"))
    if email:
        found.add("links and tokens revoked", Token.objects.filter(label__iexact=email).update(label="", revoked_at=now))


def _sweep(workspace_id: int, strings: list[str], found: Erased) -> None:
    """Whole names and addresses in what others wrote, in every column of text that the workspace has."""
    if not strings:
        return
    pattern = re.compile("|".join(re.escape(one) for one in sorted(strings, key=len, reverse=True)), re.IGNORECASE)
    for model, columns in swept():
        for column in columns:
            is_json, changed = isinstance(column, models.JSONField), 0
            rule = Q(workspace_id=workspace_id)
            if not is_json:
                anywhere = Q(pk__in=[])
                for one in strings:
                    anywhere |= Q(**{f"{column.name}__icontains": one}) | Q(**{f"{column.name}__contains": one})
                rule &= anywhere
            for pk, held in list(model.objects.filter(rule).values_list("pk", column.name)):  # type: ignore[attr-defined]
                text = json.dumps(held, ensure_ascii=False) if is_json else held
                clean = pattern.sub(found.pseudonym, text)
                if clean != text:
                    value = json.loads(clean) if is_json else clean[: column.max_length]
                    model.objects.filter(pk=pk).update(**{column.name: value})  # type: ignore[attr-defined]
                    changed += 1
            if model._meta.label not in UNCOUNTED:
                found.add(f"names in {model._meta.label}.{column.name}", changed)


def swept() -> list[tuple[type[models.Model], list[Any]]]:
    """Every model of a workspace with the columns in which anything can be written. Append-only rows hold no text."""
    chosen = []
    for model in apps.get_models():
        names = {one.name for one in model._meta.local_fields}
        if issubclass(model, AppendOnly) or model._meta.label in NOT_SWEPT or not names & {"workspace", "workspace_id"}:
            continue
        columns = [
            one for one in model._meta.local_fields if isinstance(one, (models.CharField, models.TextField, models.JSONField)) and not one.choices
        ]
        if columns:
            chosen.append((model, columns))
    return chosen


def _take_guesses(person: Person, found: Erased) -> None:
    """What-ifs that were kept name value kinds in the words of either side."""
    theirs = KeptWhatIfText.objects.filter(what_if__relationship__sides__participants__person=person).exclude(question="")
    found.add("questions of kept what-ifs", KeptWhatIfText.objects.filter(pk__in=list(theirs.values_list("pk", flat=True))).update(question=""))


def _take_answers_kept(strings: list[str], found: Erased) -> None:
    """Answers to requests, kept for a day: one that says any of this says nothing any more, and the act is still not done twice."""
    needles = [form.encode() for one in strings for form in {one, json.dumps(one)[1:-1], json.dumps(one, ensure_ascii=False)[1:-1]}]
    for row in IdempotencyKey.objects.filter(body__isnull=False).iterator():
        if any(needle in bytes(row.body or b"") for needle in needles):
            IdempotencyKey.objects.filter(pk=row.pk).update(body=b"{}")
            found.add("answers kept for repeated requests", 1)


def _take_files(strings: list[str], found: Erased, now: datetime) -> None:
    """Uploaded files that wait to be brought in: one that names the person goes."""
    needles = [one.casefold() for one in strings]
    for batch in ImportBatch.objects.filter(pieces__isnull=False).distinct():
        content = b"".join(bytes(piece) for piece in ImportFile.objects.filter(batch=batch).order_by("number").values_list("content", flat=True))
        texts = [content.decode(encoding, "replace").casefold() for encoding in ("utf-8", "cp1252", "utf-16")]
        if any(needle in text for needle in needles for text in texts):
            ImportFile.objects.filter(batch=batch).delete()
            ImportBatch.objects.filter(pk=batch.pk).update(state=ImportState.FAILED, error=FILE_NAMED_THEM, ended_at=now)
            found.add("files that waited to be brought in", 1)
