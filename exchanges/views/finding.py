"""Which relationship somebody means by a name: exactly one, several to choose from, or a guess at what was meant. And what was said in all."""

from django.db.models import QuerySet

from exchanges.access import as_uuid, cards_for, words_for
from exchanges.forms.log import WhoForm
from exchanges.models import Answer, Card, Report
from exchanges.selectors.cards import cards_called, cards_like
from exchanges.views.desk import Desk
from relationships.models import Kind
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


def visible_words(desk: Desk, *, stewarded: bool = False) -> tuple[QuerySet[Report], QuerySet[Answer]]:
    return words_for(desk.member, stewarded=stewarded)
