"""What pages of the desk say about asking: who has not answered, what both sides are asked for, and why just now."""

from datetime import timedelta
from typing import Any

from exchanges.access import Reading, prompts_for
from exchanges.models import Occasion, Prompt
from exchanges.selectors.occasions import Silence, asked_because, minutes_asked, silences
from exchanges.views.desk import Desk
from relationships.models import Kind, SideRole

YEAR = timedelta(days=365)


def silences_for(desk: Desk) -> list[Silence]:
    """Of all relationships that this member looks after."""
    return silences(prompts_for(desk.member), now=desk.now, today=desk.today)


def asking_of(desk: Desk, reading: Reading) -> dict[str, Any]:
    """Of one relationship. How much an employee is asked is theirs."""
    row = reading.relationship
    told = prompts_for(desk.member).filter(relationship=row) if reading.may_write else Prompt.objects.none()
    spent = minutes_asked(Prompt.objects.filter(relationship=row), since=desk.now - YEAR)
    occasions = Occasion.objects.filter(relationship=row, round__isnull=False, round__posting__isnull=True, round__closes_at__gt=desk.now)
    return {
        "silences": silences(told, now=desk.now, today=desk.today),
        "minutes_ours": spent[SideRole.OWN],
        "minutes_theirs": None if row.kind == Kind.EMPLOYEE else spent[SideRole.COUNTERPART],
        "asked_because": asked_because(occasions, desk.today),
    }
