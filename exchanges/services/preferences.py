"""How a person wants to be asked: how often, when not, and in whose time. Written by nobody but the person, through this one door."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import available_timezones

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from exchanges.services.gently import is_an_employee
from relationships.models import Person
from valueledger.common import audit
from valueledger.common.errors import Invalid

AWAY_AT_MOST = timedelta(days=366)
LESS_MOST = 4
# The code of the form, its words, and the most questions in 30 days.
BUDGETS = (
    ("week", gettext_lazy("once a week"), 4),
    ("fortnight", gettext_lazy("twice a month"), 2),
    ("month", gettext_lazy("once a month"), 1),
    ("check", gettext_lazy("only the regular question"), 0),
)
LESS_OFTEN = ((1, gettext_lazy("as often as it is due")), (2, gettext_lazy("half as often")), (4, gettext_lazy("a quarter as often")))


@dataclass(frozen=True)
class Preferences:
    """None and blank: what the workspace does. No quiet days at all is an empty text."""

    ask_budget: int | None = None
    less_often: int = 1
    quiet_from: time | None = None
    quiet_until: time | None = None
    quiet_days: str | None = None
    away_from: date | None = None
    away_until: date | None = None
    time_zone: str = ""


def preferences_of(person: Person) -> Preferences:
    return Preferences(**{name: getattr(person, name) for name in asdict(Preferences())})


def set_preferences(person: Person, wanted: Preferences, *, now: datetime) -> bool:
    """Keep them, and note in the log that they changed, not what they are; of an employee, nothing. False when nothing did. Raises Invalid with the field's name."""
    today = now.astimezone(person.workspace.zone).date()
    wanted = _clean(wanted, today)
    with transaction.atomic():
        row = Person.objects.select_for_update().get(pk=person.pk)
        if preferences_of(row) == wanted:
            return False
        for name, value in asdict(wanted).items():
            setattr(row, name, value)
            setattr(person, name, value)
        row.save(update_fields=list(asdict(wanted)))
        if not is_an_employee(row):
            audit.record(
                workspace_id=row.workspace_id, now=now, actor_kind="person", actor_id=row.pk, action="person.preferences", target_kind="person",
                target_id=row.public_id,
            )  # fmt: skip
    return True


def _clean(wanted: Preferences, today: date) -> Preferences:
    if wanted.ask_budget is not None and wanted.ask_budget not in {budget for _code, _label, budget in BUDGETS}:
        raise Invalid(_("This choice is not known."), field="ask_budget")
    if not 1 <= wanted.less_often <= LESS_MOST:
        raise Invalid(_("This choice is not known."), field="less_often")
    if (wanted.quiet_from is None) != (wanted.quiet_until is None):
        raise Invalid(
            _("Say both: from when and until when nothing should come."), field="quiet_until" if wanted.quiet_until is None else "quiet_from"
        )
    if wanted.quiet_from is not None and wanted.quiet_from == wanted.quiet_until:
        raise Invalid(_("These are the same time: then there would be no quiet, or nothing else."), field="quiet_until")
    if wanted.quiet_days is not None:
        _ensure_days(wanted.quiet_days)
    if wanted.time_zone and wanted.time_zone not in available_timezones():
        raise Invalid(_("This time zone is not known. Write it like Europe/Oslo."), field="time_zone")
    return _clean_away(wanted, today)


def _ensure_days(days: str) -> None:
    if "".join(sorted(set(days))) != days or not set(days) <= set("1234567"):
        raise Invalid(_("These are not days of the week."), field="quiet_days")
    if len(days) == 7:
        raise Invalid(_("Leave us one day, or choose “Stop asking me”."), field="quiet_days")


def _clean_away(wanted: Preferences, today: date) -> Preferences:
    if wanted.away_until is None:
        if wanted.away_from is not None:
            raise Invalid(_("Say until when."), field="away_until", code="required")
        return wanted
    begin = wanted.away_from or today
    if wanted.away_until < begin:
        raise Invalid(_("This lies before the day on which it begins."), field="away_until")
    if wanted.away_until - max(begin, today) > AWAY_AT_MOST:
        raise Invalid(_("At most a year. To hear nothing any more, choose “Stop asking me”."), field="away_until")
    return Preferences(**{**asdict(wanted), "away_from": begin})
