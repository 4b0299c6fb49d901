"""An employee shares one answer or one report of their own with the other side. A dated act, of its author alone, and never undone.

What is shared is posted to the balance that both may see. An answer of a round that is still open is shared when the round closes; if it
is changed before, the new one is theirs again. A correction of a shared report is shared as well: what could be seen is never hidden again.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from exchanges.models import Answer, Disclosure, Report, RoundPosting, Visibility
from exchanges.selectors.statements import current_version
from exchanges.services.posting import locked, post_answers, post_event
from relationships.models import Kind, Participant, Relationship, SideRole
from valueledger.common import audit
from valueledger.common.errors import Conflict, ValueLedgerError


class NotTheAuthor(ValueLedgerError):
    code = "not_the_author"
    status = 403
    sentence = "Only the person who said this shares it."


class NothingToShare(Conflict):
    code = "nothing_to_share"
    sentence = "This does not stand any more, so it cannot be shared."


def share_answer(*, participant: Participant, answer: Answer, now: datetime) -> Disclosure:
    """Share an answer. Again is the same. Raises NotTheAuthor or NothingToShare."""
    with transaction.atomic():
        relationship = _of_an_employee(participant)
        if answer.participant_id != participant.pk or not answer.first_hand:
            raise NotTheAuthor
        if not Answer.objects.standing().filter(pk=answer.pk, round__isnull=False).exists():
            raise NothingToShare
        row, made = Disclosure.objects.get_or_create(
            answer=answer, defaults={"workspace_id": relationship.workspace_id, "participant": participant, "at": now}
        )
        if made and RoundPosting.objects.filter(round=answer.round).exists():
            post_answers(relationship=relationship, round=answer.round, now=now)
            _record(relationship, row, "answer.shared", answer.public_id, now)
    return row


def share_report(*, participant: Participant, report: Report, now: datetime) -> Disclosure:
    """Share a report of an event that both may see. Again is the same. Raises NotTheAuthor or NothingToShare."""
    with transaction.atomic():
        relationship = _of_an_employee(participant)
        if report.participant_id != participant.pk or not report.first_hand:
            raise NotTheAuthor
        version = current_version(report.event)
        hidden = version is None or version.is_withdrawal or Visibility.PRIVATE in (version.visibility, report.visibility)
        if hidden or not Report.objects.standing().filter(pk=report.pk).exists():
            raise NothingToShare
        row, made = Disclosure.objects.get_or_create(
            report=report, defaults={"workspace_id": relationship.workspace_id, "participant": participant, "at": now}
        )
        if made:
            post_event(relationship=relationship, event=report.event, now=now)
            _record(relationship, row, "report.shared", report.public_id, now)
    return row


def share_correction(*, report: Report, now: datetime) -> None:
    """After a correction: it is shared if the report that it replaces was. Call it in the transaction of the correction."""
    if report.supersedes_id is not None and report.participant is not None and Disclosure.objects.filter(report_id=report.supersedes_id).exists():
        share_report(participant=report.participant, report=report, now=now)


def _of_an_employee(participant: Participant) -> Relationship:
    relationship = locked(participant.side.relationship_id)
    if relationship.kind != Kind.EMPLOYEE or participant.side.role != SideRole.COUNTERPART:
        raise NothingToShare("Only an employee's own words need sharing: everybody else's are shown to both sides anyway.")
    return relationship


def _record(relationship: Relationship, row: Disclosure, action: str, target: object, now: datetime) -> None:
    """Only what can be seen from now on: that an employee has answered a round that is still open stands in no log."""
    audit.record(
        workspace_id=relationship.workspace_id, now=now, actor_kind="person", actor_id=row.participant.person_id, action=action,
        target_kind=action.partition(".")[0], target_id=target,
    )  # fmt: skip
