"""A prompt as it is put to one person: who asks whom about what, with what happened since. Mails and portal pages read the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q
from django.utils.translation import gettext

from exchanges import wording
from exchanges.models import (
    Answer,
    EventStatus,
    EventText,
    EventVersion,
    Giver,
    Occasion,
    Prompt,
    PromptKind,
    Report,
    ReportRole,
    ValueEvent,
    Visibility,
)
from exchanges.selectors.mailed import Known
from exchanges.selectors.occasions import asked_because
from exchanges.selectors.readings import Names, names_of
from exchanges.wording.asking import promised
from exchanges.wording.requalify import worth_privacy
from exchanges.wording.settling import promise_question, settle_privacy
from relationships.models import Kind, Participant, SideRole, TermsItem, TermsVersion

MOST_LINES = 3
MOST_PROMISES = 2
MOST_READ = 40
MOST_UNITS = 20
LONGEST_LINE = 140


@dataclass(frozen=True)
class Asking:
    """Everything a page or a mail says around the question itself."""

    prompt: Prompt
    names: Names
    first_name: str
    address: str
    workspace_name: str
    steward_name: str
    today: date
    closes_on: date
    last_answered_on: date | None
    event_text: str = ""
    event_on: date | None = None
    event_kind: str = ""
    has_colleagues: bool = False
    is_on_its_way: bool = False
    has_events: bool = True  # unless it is known that the relationship has none
    occasions: Sequence[Occasion] | None = None  # that its round was opened for; None: not read yet

    @property
    def is_own(self) -> bool:
        return self.prompt.side == SideRole.OWN

    @property
    def kind(self) -> str:
        return str(self.prompt.relationship.kind)

    @property
    def other(self) -> str:
        """The side that is not asked, by its full name."""
        return self.names.counterpart if self.is_own else self.names.own

    @property
    def other_short(self) -> str:
        return self.names.counterpart_short if self.is_own else self.names.own_short

    @property
    def party(self) -> str:
        """The side for which this person speaks."""
        return self.names.of(self.prompt.side)

    @property
    def party_short(self) -> str:
        return self.names.short_of(self.prompt.side)

    @property
    def takes(self) -> str:
        """What it costs to answer: about 30 seconds."""
        return wording.takes(self.prompt.kind)

    @property
    def settle_question(self) -> str:
        """What became of the promise; empty for every other question."""
        if self.prompt.kind != PromptKind.SETTLE or self.prompt.event is None or self.prompt.about_on is None:
            return ""
        person = "together" if self.prompt.event.giver == Giver.JOINT else "you"
        return promise_question(self.prompt.about_on, self.today, is_on_its_way=self.is_on_its_way, person=person)

    @property
    def privacy(self) -> str:
        """Who sees the answer, said before it is written; with colleagues also what they see."""
        if self.has_colleagues and self.prompt.kind in (PromptKind.CHECK, PromptKind.RATING):
            return f"{self._privacy} {wording.colleagues_privacy()}"
        return self._privacy

    @property
    def _privacy(self) -> str:
        if self.prompt.kind == PromptKind.RATING:
            return wording.rating_privacy(self.kind.lower(), self.other_short, self.steward_name or self.other_short, self.closes_on, self.today)
        if self.prompt.kind == PromptKind.TERMS:
            return wording.terms_privacy(self.kind.lower(), self.other_short, self.steward_name or self.other_short, self.closes_on, self.today)
        if self.prompt.kind == PromptKind.REQUALIFY:
            return worth_privacy(self.kind.lower(), self.other_short)
        if self.prompt.kind == PromptKind.SETTLE:
            return settle_privacy(self.other_short, self.kind.lower())
        if self.is_own and self.kind == Kind.EMPLOYEE:
            return gettext("{name} sees this answer once both of you have answered, and not before.").format(name=self.other_short)
        return wording.check_privacy(self.kind.lower(), self.other_short, self.closes_on, self.today)


def asking(prompt: Prompt, now: datetime, known: Known | None = None) -> Asking:
    """Costs some queries, less what is known. The prompt comes with its relationship, workspace and participant's person."""
    zone = prompt.workspace.zone
    person = prompt.participant.person
    steward = prompt.relationship.steward
    version = _version(prompt.event)
    text = getattr(person, "text", None)
    today = now.astimezone(zone).date()
    return Asking(
        prompt=prompt,
        names=known.names if known else names_of(prompt.relationship),
        first_name=text.first_name if text else "",
        address=text.email if text else "",
        workspace_name=prompt.workspace.name,
        steward_name=steward.user.name if steward else "",
        today=today,
        closes_on=prompt.closes_at.astimezone(zone).date(),
        last_answered_on=known.last_answered_on if known else last_answered_on(prompt),
        event_text=_text_of(version),
        event_on=version.arrived_on or version.occurred_on if version else None,
        event_kind=version.kind if version else "",
        has_colleagues=(known is None or known.may_have_colleagues) and has_colleagues(prompt.participant, today),
        is_on_its_way=version is not None and version.status == EventStatus.PENDING,
        has_events=known is None or known.has_events,
        occasions=known.occasions if known else None,
    )


def last_answered_on(prompt: Prompt) -> date | None:
    """When this person last answered about this relationship, in an earlier round."""
    earlier = Answer.objects.standing().filter(
        relationship_id=prompt.relationship_id, participant_id=prompt.participant_id, first_hand=True
    )  # the relationship is named because the index begins with it
    if prompt.round_id is not None:
        earlier = earlier.exclude(round_id=prompt.round_id)
    return earlier.order_by("-answered_on", "-id").values_list("answered_on", flat=True).first()


def has_colleagues(participant: Participant, today: date) -> bool:
    """Whether somebody else speaks for the same side."""
    return Participant.objects.filter(side=participant.side_id).speaking_on(today).exclude(pk=participant.pk).exists()


def has_spoken(participant: Participant) -> bool:
    """Whether this person has ever said anything here: an answer, what something was worth or took, what matters, an entry."""
    own = ((Answer, "participant"), (Report, "participant"), (TermsVersion, "author"), (EventVersion, "author_participant"))
    return any(model._default_manager.filter(**{field: participant}).exists() for model, field in own)


def since_lines(asked: Asking) -> list[str]:
    """What both sides may see of what arrived since this person last answered, newest first, and of what is promised: a few, cut short."""
    why = [reason] if (reason := reason_line(asked)) else []
    if not asked.has_events:
        return why
    is_open = Q(status__in=[EventStatus.PROMISED, EventStatus.PENDING])
    is_news = Q(status=EventStatus.ARRIVED, arrived_on__gt=asked.last_answered_on) if asked.last_answered_on else Q(pk__in=[])
    versions = (
        EventVersion.objects.current()
        .filter(is_open | is_news, event__relationship_id=asked.prompt.relationship_id, is_withdrawal=False, visibility=Visibility.SHARED)
        .select_related("text", "event")
    )
    rows = [row for row in versions.order_by("-arrived_on", "-id")[:MOST_READ] if _text_of(row)]
    news = [
        f"{wording.day(row.arrived_on, asked.today)}: {shortened(_text_of(row))}"
        for row in rows
        if row.status == EventStatus.ARRIVED and row.arrived_on
    ]
    open_ones = sorted((row for row in rows if row.status != EventStatus.ARRIVED), key=lambda row: (row.expected_on or date.max, row.pk))
    return why + news[:MOST_LINES] + [_promise_line(row, asked) for row in open_ones[:MOST_PROMISES]]


def _promise_line(row: EventVersion, asked: Asking) -> str:
    """Who promised what, and for when."""
    what = shortened(_text_of(row)).rstrip(".")
    said = promised(what, row.expected_on, asked.today)
    if row.event.giver == Giver.JOINT:
        return gettext("Promised by both: {what}").format(what=said)
    if row.event.giver == asked.prompt.side:
        return gettext("You promised: {what}").format(what=said)
    return gettext("{name} promised: {what}").format(name=asked.other_short, what=said)


def reason_line(asked: Asking) -> str:
    """Why both sides are asked just now, where something happened. What it was is known to both."""
    if asked.prompt.round_id is None:
        return ""
    occasions = Occasion.objects.filter(round_id=asked.prompt.round_id) if asked.occasions is None else asked.occasions
    return asked_because(occasions, asked.today)


def shortened(text: str, longest: int = LONGEST_LINE) -> str:
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def own_rating(prompt: Prompt) -> Report | None:
    """The standing report that this person gave of the prompt's event."""
    if prompt.event_id is None:
        return None
    reports = Report.objects.standing().filter(event_id=prompt.event_id, side=prompt.side, role=ReportRole.GOT, first_hand=True)
    return reports.filter(participant_id=prompt.participant_id).select_related("text", "unit").first()


def own_units(prompt: Prompt) -> list[str]:
    """The units that this person used in the relationship, or that their side declared: what somebody else uses is not offered."""
    declared = TermsItem.objects.filter(version__side__relationship_id=prompt.relationship_id, version__side__role=prompt.side, unit__isnull=False)
    used = Report.objects.filter(relationship_id=prompt.relationship_id, participant_id=prompt.participant_id, unit__isnull=False)
    names = [*declared.order_by("-id").values_list("unit__name", flat=True), *used.order_by("-id").values_list("unit__name", flat=True)[:MOST_UNITS]]
    return list(dict.fromkeys(names))[:MOST_UNITS]


def said_amount(report: Report) -> str:
    """3 quiet evenings: as it was typed, in the person's own unit."""
    if report.typed_amount is None or report.unit is None:
        return ""
    return f"{report.typed_amount.normalize():f} {report.unit.name}".replace("-", "\u2212", 1 if report.typed_amount < 0 else 0)


def is_withdrawn(event: ValueEvent | None) -> bool:
    version = _version(event)
    return event is not None and (version is None or version.is_withdrawal)


def _version(event: ValueEvent | None) -> EventVersion | None:
    return EventVersion.objects.current().filter(event=event).select_related("text").first() if event else None


def _text_of(version: EventVersion | None) -> str:
    if version is None:
        return ""
    text: EventText | None = getattr(version, "text", None)
    return text.what if text else ""
