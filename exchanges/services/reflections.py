"""Asking a member a question for themself, and keeping what they say for them alone. It stands in no log, no export, no count and no mail."""

from __future__ import annotations

import calendar
from datetime import date, datetime

from django.db import transaction

from exchanges.models import Feeling, HowOften, Reflecting, Reflection
from exchanges.selectors.reflections import next_about, period_of
from relationships.models import Member, Person
from valueledger.common.errors import Conflict, Invalid
from valueledger.common.tenancy import everywhere, within
from valueledger.common.validators import clean_text

LONGEST = 1_000


class ReflectionClosed(Conflict):
    code = "reflection_closed"
    sentence = "This question is over. The next one comes by itself."


def set_how_often(*, member: Member, how_often: str, now: datetime) -> Reflecting:
    """Be asked, or not any more. Who switches it on has the first question at once. What was said stays until it is deleted."""
    if how_often not in HowOften.values:
        raise Invalid("Choose how often.", field="how_often")
    with transaction.atomic():
        row, _made = Reflecting.objects.select_for_update().get_or_create(member=member, defaults={"workspace_id": member.workspace_id})
        if row.how_often != how_often:
            row.how_often, row.period_key = how_often, ""
            row.save(update_fields=["how_often", "period_key"])
            _waiting(member).delete()
        _ask(member, now)
        row.refresh_from_db()
    return row


def ask_reflections(*, now: datetime, limit: int = 1_000) -> None:
    """Put the question of the month or quarter to whoever asked for one. Returns nothing: not even how many is anybody's to know."""
    with everywhere():
        rows = Reflecting.objects.exclude(how_often=HowOften.NEVER).filter(member__left_at__isnull=True, workspace__is_active=True)
        found = list(rows.select_related("workspace").order_by("member_id"))
    due = [row for row in found if row.period_key != period_of(now.astimezone(row.workspace.zone).date(), row.how_often)]
    for row in due[:limit]:
        with within(row.workspace_id):
            _ask(Member.objects.select_related("workspace", "user").get(pk=row.member_id), now)


def _ask(member: Member, now: datetime) -> None:
    """Once a period; one that was left unanswered goes without a word."""
    today = now.astimezone(member.workspace.zone).date()
    with transaction.atomic():
        row = Reflecting.objects.select_for_update().get(member=member)
        period = period_of(today, row.how_often)
        if row.how_often == HowOften.NEVER or row.period_key == period:
            return
        chosen = next_about(member)
        if chosen is None:
            return
        about, question = chosen
        _waiting(member).update(is_skipped=True)
        Reflection.objects.create(
            workspace_id=member.workspace_id, member=member, relationship_id=about.relationship_id, colleague_id=about.colleague_id,
            question=question, asked_on=today, closes_on=_last_day(today, row.how_often),
        )  # fmt: skip
        row.period_key = period
        row.save(update_fields=["period_key"])


def _waiting(member: Member):  # type: ignore[no-untyped-def]
    return Reflection.objects.of(member).filter(said_on__isnull=True, is_skipped=False)  # type: ignore[attr-defined]


def _last_day(today: date, how_often: str) -> date:
    month = (today.month + 2) // 3 * 3 if how_often == HowOften.QUARTERLY else today.month
    return date(today.year, month, calendar.monthrange(today.year, month)[1])


def reflect(*, reflection: Reflection, sentence: str, feeling: str, now: datetime) -> Reflection:
    """Keep one's answer; said again it takes the place of the first. Raises Invalid, ReflectionClosed."""
    words = clean_text(sentence, "sentence", longest=LONGEST, required=True)
    if feeling not in ("", *Feeling.values):
        raise Invalid("This word is not known.", field="feeling")
    today = now.astimezone(reflection.workspace.zone).date()
    if reflection.said_on is None and (reflection.is_skipped or reflection.closes_on < today):
        raise ReflectionClosed
    reflection.sentence, reflection.feeling, reflection.said_on = words, feeling, reflection.said_on or today
    reflection.save(update_fields=["sentence", "feeling", "said_on"])
    return reflection


def leave_reflection(reflection: Reflection) -> None:
    """Not this time."""
    Reflection.objects.filter(pk=reflection.pk, said_on__isnull=True).update(is_skipped=True)


def delete_reflection(reflection: Reflection) -> None:
    Reflection.objects.filter(pk=reflection.pk).delete()


def delete_reflections_of(person: Person) -> None:
    """All that somebody ever wrote for themself goes with them."""
    Reflection.objects.filter(member__person=person).delete()
    Reflecting.objects.filter(member__person=person).delete()
