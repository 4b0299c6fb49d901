"""Rating one event through a link: the report itself is the ledger's; here stands only what a link adds.

Two different ratings through one link within a minute are a mail scanner's: what it wrote is taken back, and the question stays open.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from exchanges.access import Voice
from exchanges.models import Assurance, Prompt, Report, ReportRole
from exchanges.selectors.rounds import SETTLES_AFTER
from exchanges.services import prompts
from exchanges.services.disclosing import share_correction
from exchanges.services.posting import locked
from exchanges.services.reports import Account, report_got, withdraw_report


def rate(*, prompt: Prompt, account: Account, now: datetime, assurance: str = Assurance.LINK) -> Report | None:
    """Report what the prompt's event was worth, or change that. None when it looks machine-made and does not count."""
    assert prompt.event is not None
    voice = Voice(participant=prompt.participant)
    with transaction.atomic():
        locked(prompt.relationship_id)
        chain = Report.objects.filter(
            event=prompt.event, side=prompt.side, role=ReportRole.GOT, participant_id=prompt.participant_id, first_hand=True
        )
        newest = chain.order_by("-seq").select_related("event", "text", "unit").first()
        if newest is not None and not newest.is_withdrawal and _same(newest, account):
            return newest
        recent = chain.filter(recorded_at__gt=now - SETTLES_AFTER, is_withdrawal=False).select_related("unit")
        if assurance == Assurance.LINK and any(_differs(row, account) for row in recent):
            if newest is not None and not newest.is_withdrawal:
                withdraw_report(report=newest, voice=voice, now=now)
            prompts.reopen(prompt)
            return None
        report = report_got(event=prompt.event, side=prompt.side, voice=voice, account=account, now=now, supersedes=newest)
        share_correction(report=report, now=now)
        prompts.answered(prompt, now=now)
        return report


def _differs(row: Report, account: Account) -> bool:
    return (row.word, row.expectation, *_amount_of(row)) != (account.word, account.expectation, account.typed_amount, account.unit.strip())


def _same(row: Report, account: Account) -> bool:
    sentence = row.text.sentence if hasattr(row, "text") else ""
    kept = (row.word, *_amount_of(row), row.expectation, row.arrived, row.owing, row.beneficiary, sentence)
    wanted = (account.word, account.typed_amount, account.unit.strip(), account.expectation, account.arrived, account.owing, account.beneficiary)
    return kept == (*wanted, account.sentence.strip())


def _amount_of(row: Report) -> tuple[Decimal | None, str]:
    return row.typed_amount, row.unit.name if row.unit else ""
