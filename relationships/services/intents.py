"""What a side means the relationship to be: said by a person who speaks for it, dated, never edited. After a year without a word it is not known any more."""

from datetime import date, timedelta

from relationships.models import Intent, IntentVersion, Participant, Relationship, Side
from valueledger.common.errors import Invalid, ValueLedgerError

LASTS = timedelta(days=365)


class NotYourIntent(ValueLedgerError):
    code = "not_your_intent"
    status = 403
    sentence = "Only somebody who speaks for this side says what it means it to be."


def was_lately(said_on: date | None, today: date) -> bool:
    return said_on is not None and said_on > today - LASTS


def write_intent(*, side: Side, author: Participant | None, intent: str, said_on: date) -> IntentVersion:
    """Add what this side says now. Saying the same again dates it anew, but not twice on a day. No author: it was said as the relationship began."""
    if intent not in Intent.values:
        raise Invalid("The intent is one-off, brief, seasonal or long-term.", field="intent", code="required")
    if author is not None and (author.side_id != side.pk or not author.speaks_on(said_on)):
        raise NotYourIntent
    newest = IntentVersion.objects.filter(side=side).order_by("-seq").first()
    author_id = author.pk if author else None
    if newest is not None and (newest.intent, newest.said_on, newest.author_id) == (intent, said_on, author_id):
        return newest
    version = IntentVersion.objects.create(
        workspace_id=side.workspace_id, side=side, seq=newest.seq + 1 if newest else 1, intent=intent, said_on=said_on, author=author
    )
    side.intent, side.intent_on = intent, said_on
    side.save(update_fields=["intent", "intent_on"])
    return version


def forget_intents(relationship: Relationship, *, today: date) -> bool:
    """Take back what either side has not said for a year. A one-off stays: it promises nothing, so no silence can be read as more. False: nothing was."""
    stale = Side.objects.filter(relationship=relationship, intent_on__lte=today - LASTS).exclude(intent__in=["", Intent.ONE_OFF])
    return stale.update(intent="") > 0
