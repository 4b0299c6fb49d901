"""Which relationship somebody means by a name: exactly one, several to choose from, or a guess at what was meant. And what was said in all."""

from django.db.models import Q, QuerySet

from exchanges.access import as_uuid, cards_for, visible_answers, visible_reports
from exchanges.forms.log import WhoForm
from exchanges.models import Answer, Card, Report, View
from exchanges.selectors.cards import cards_called, cards_like
from exchanges.views.desk import Desk
from relationships.models import Kind, SideRole
from valueledger.common.errors import Invalid, NotFound
from valueledger.common.validators import LINE, clean_line

SEVERAL = "There are {count} called “{name}”. Choose the one you mean."
NONE = "There is no “{name}” here."
MEANT = "There is no “{name}” here. Did you mean {other}?"


def own_cards(desk: Desk) -> QuerySet[Card]:
    """Cards of the relationships that this member may write to."""
    return cards_for(desk.member).filter(steward=desk.member)


def meant_by(form: WhoForm, desk: Desk) -> Card | None:
    """The relationship that the form names. None: the form then says why, and offers those that may be meant."""
    cards, chosen = own_cards(desk), form.data.get("relationship", "")
    if chosen:
        card = _chosen(cards, chosen)
        if card is not None:
            form.offer([(str(card.public_id), card.counterpart_name)])
            return card
        form.data = form.data.copy()
        form.data["relationship"] = ""  # not ours to name; the name that was typed still counts
    try:
        name = clean_line(form.data.get("who", ""), "who", longest=LINE)
    except Invalid:
        return None
    if not name:
        return None
    found = cards_called(cards, name)
    meant = [card for card in found if str(card.public_id) == form.data.get("with")] if len(found) > 1 else found
    if len(meant) == 1:
        return meant[0]
    near = found or cards_like(cards, name)
    form.offer([(str(card.public_id), _told_apart(card) if found else card.counterpart_name) for card in near])
    form.why_not = _why_not(name, found, near)
    return None


def _chosen(cards: QuerySet[Card], public_id: str) -> Card | None:
    try:
        return cards.filter(public_id=as_uuid(public_id)).first()
    except NotFound:
        return None


def _why_not(name: str, found: list[Card], near: list[Card]) -> str:
    shown = name if len(name) <= 60 else name[:60] + "…"
    if found:
        return SEVERAL.format(count=len(found), name=shown)
    return MEANT.format(name=shown, other=near[0].counterpart_name) if near else NONE.format(name=shown)


def _told_apart(card: Card) -> str:
    last = f", last entry {card.last_event_on:%Y-%m-%d}" if card.last_event_on else ""
    return f"{card.counterpart_name} ({Kind(card.kind).label}{last})"


def _of_events_seen_by(view: View) -> QuerySet[Report]:
    """Reports of events that this view may see: words about a private event are never more visible than it."""
    newest = Q(event__versions__superseded_by__isnull=True)
    shared = newest & Q(event__versions__visibility="SHARED")
    return Report.objects.filter(shared | newest & Q(event__author_side=SideRole.OWN) if view == View.OWN else shared)


def visible_words(desk: Desk, *, stewarded: bool = False) -> tuple[QuerySet[Report], QuerySet[Answer]]:
    """Reports and answers that this member may see in all its relationships; of employees only what they disclosed.

    `stewarded`: only those it looks after. A leader sees of the others' clients what is shared.
    """
    mine, led = {"relationship__steward": desk.member}, {"relationship__kind": Kind.CLIENT}
    staff = {"relationship__kind": Kind.EMPLOYEE}
    reports: QuerySet[Report] = Report.objects.none()
    answers: QuerySet[Answer] = Answer.objects.none()
    if desk.member.is_steward:
        ours, said = _of_events_seen_by(View.OWN).filter(**mine), Answer.objects.filter(**mine)
        reports = visible_reports(ours.exclude(**staff), View.OWN, Kind.CLIENT) | visible_reports(ours.filter(**staff), View.OWN, Kind.EMPLOYEE)
        answers = visible_answers(said.exclude(**staff), View.OWN, Kind.CLIENT) | visible_answers(said.filter(**staff), View.OWN, Kind.EMPLOYEE)
    if desk.member.is_leader and not stewarded:
        reports = reports | visible_reports(_of_events_seen_by(View.SHARED).filter(**led), View.SHARED, Kind.CLIENT)
        answers = answers | visible_answers(Answer.objects.filter(**led), View.SHARED, Kind.CLIENT)
    return reports, answers
