"""The list of relationships, beginning one, asking both sides, and what is set for one alone."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from exchanges.access import Reading, as_uuid, cards_for, relationship_for, relationship_to_write, voice_for
from exchanges.forms.relationships import HandOverForm, NewRelationshipForm, OwnRhythmForm, PersonForm, RelationshipSettingsForm, StageForm
from exchanges.models import Card
from exchanges.selectors.balances import rhythm_of
from exchanges.selectors.cards import SORTS, CardFilter, CardPage, narrowed, page_of
from exchanges.selectors.ledger import person_name
from exchanges.selectors.readings import names_of
from exchanges.services import rounds
from exchanges.services.begin import Beginning, begin_relationship
from exchanges.services.reach import AddressStays, change_address, try_again, why_address_stays
from exchanges.services.relationships import change_own_rhythm, change_rhythm, change_stage, hand_over
from exchanges.services.speakers import add_speaker, remove_speaker
from exchanges.views.desk import FORM, READ, Desk, carry_out, desk_of, go, show
from exchanges.views.finding import visible_words
from relationships.models import Kind, Member, Participant, SideRole
from valueledger.common.errors import Conflict, Invalid, NotFound
from valueledger.common.idempotency import new_key

VERDICTS = [
    ("", "any verdict"), ("fair", "in equilibrium"), ("leaning", "leaning"), ("spiral", "both pulling back"), ("gap", "perception gap"),
    ("unconfirmed", "unconfirmed"),
]  # fmt: skip
KINDS = [("", "any kind"), (Kind.CLIENT, "clients"), (Kind.EMPLOYEE, "employees"), (Kind.PERSONAL, "personal")]
SORTED = [("name", "by name"), ("severity", "by weight of what is off"), ("due", "by next check"), ("confirmed", "by last confirmed")]
LONGEST_NAME = 200


@require_http_methods(READ)
def relationships(request: HttpRequest) -> HttpResponse:
    desk = desk_of(request)
    if not (desk.member.is_steward or desk.member.is_leader):
        raise NotFound
    wanted = filter_in(request.GET, desk.member)
    cards = cards_for(desk.member)
    after = _card_behind(cards, request.GET.get("after", ""))
    reports, _ = visible_words(desk)
    chosen = narrowed(cards, wanted, reports, member=desk.member, today=desk.today)
    page = page_of(chosen, reports, sort=wanted.sort, after=after, member=desk.member, today=desk.today)
    context = {
        "wanted": wanted,
        "page": page,
        "next_url": _next(request.GET, page),
        "is_later_page": after is not None,
        "is_filtered": bool(wanted.kind or wanted.verdict or wanted.name or wanted.ended or (wanted.mine and desk.member.is_leader)),
        "nothing": nothing_words(wanted),
        "verdicts": VERDICTS,
        "kinds": KINDS if desk.member.is_steward else KINDS[:2],
        "sorts": SORTED,
    }
    return show(request, "desk/relationships.html", desk, context, nav="relationships", fragment="desk/_relationships_list.html")


def filter_in(query: QueryDict, member: Member) -> CardFilter:
    """What the address asks for; anything it cannot mean is left out."""
    kind, verdict, sort = query.get("kind", ""), query.get("verdict", ""), query.get("sort", "name")
    return CardFilter(
        mine=query.get("whose", "mine") != "all" if member.is_steward else False,
        kind=kind if kind in Kind.values else "",
        verdict=verdict if verdict in dict(VERDICTS) else "",
        name=" ".join(query.get("q", "").split())[:LONGEST_NAME],
        ended=query.get("ended") == "1",
        sort=sort if sort in SORTS else "name",
    )


def _card_behind(cards: Any, public_id: str) -> Card | None:
    try:
        return cards.filter(public_id=as_uuid(public_id)).first() if public_id else None
    except NotFound:
        return None


def _next(query: QueryDict, page: CardPage) -> str:
    if page.next_after is None:
        return ""
    kept = {name: query[name] for name in ("whose", "kind", "verdict", "q", "ended", "sort") if query.get(name)}
    return "?" + urlencode({**kept, "after": str(page.next_after)})


def nothing_words(wanted: CardFilter) -> str:
    kind = {Kind.CLIENT: "client", Kind.EMPLOYEE: "employee", Kind.PERSONAL: "personal relationship"}.get(wanted.kind, "relationship")  # type: ignore[call-overload]
    verdict = dict(VERDICTS).get(wanted.verdict, "") if wanted.verdict else ""
    state = f" is {verdict}" if verdict else " is here"
    if wanted.verdict == "gap":
        state = " has a perception gap"
    return f"No {kind}{' named so' if wanted.name else ''}{state}."


@require_http_methods(FORM)
def new_relationship(request: HttpRequest) -> HttpResponse:
    desk = desk_of(request, steward=True)
    status = 200
    if request.method == "POST":
        form = NewRelationshipForm(request.POST)
        if form.is_valid():
            saved = carry_out(
                request,
                desk,
                form,
                lambda: _begin(form, desk),
                fields={"counterpart": "name", "person": "contact", "email": "contact", "own": "own_name"},
            )
            if saved is not None:
                messages.success(request, f"The ledger with {form.cleaned_data['name']} is open.")
                return go(request, reverse("desk:relationship", args=[saved]))
        status = 422
    else:
        form = NewRelationshipForm(initial={"key": new_key(), "own_name": desk.member.workspace.name})
    return show(request, "desk/new_relationship.html", desk, {"form": form}, nav="relationships", status=status)


def _begin(form: NewRelationshipForm, desk: Desk) -> str:
    data = form.cleaned_data
    beginning = Beginning(
        counterpart=data["name"], own=data["own_name"], kind=data["kind"], intent=data["intent"], people=form.people, terms=form.terms
    )
    return str(begin_relationship(member=desk.member, beginning=beginning, now=desk.now).public_id)


@require_http_methods(["POST"])
def ask(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Ask both sides now. What cannot be asked is said, and nothing was lost by trying."""
    desk = desk_of(request, steward=True)
    reading = relationship_to_write(desk.member, public_id)
    try:
        asked = rounds.ask_now(reading, desk.now)
    except Conflict as error:
        messages.warning(request, error.sentence)
    else:
        closes = asked.closes_at.astimezone(desk.member.workspace.zone)
        messages.success(request, f"Both sides are asked. Nobody sees an answer before both have answered or {closes.day} {closes:%B} has passed.")
    return go(request, reverse("desk:relationship", args=[public_id]))


# What is set for one relationship


@require_http_methods(FORM)
def settings(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Band, rhythm, stage, people and steward of one relationship. `act` in the form says which of them."""
    desk = desk_of(request, steward=True)
    reading = relationship_to_write(desk.member, public_id)
    forms = forms_of(reading, desk)
    if request.method == "POST":
        done = act_on(request, desk, reading, forms)
        if done:
            messages.success(request, done)
            still_ours = relationship_or_none(desk, public_id)
            return go(request, reverse("desk:relationship_settings", args=[public_id]) if still_ours else reverse("desk:relationships"))
    row = reading.relationship
    context = {
        "reading": reading,
        "relationship": row,
        "names": names_of(row),
        "rhythm": rhythm_of(row),
        "people": people_of(reading),
        "speaks": voice_for(reading, today=desk.today).participant is not None,
        "is_employee": row.kind == Kind.EMPLOYEE,
        **forms,
    }
    return show(request, "desk/relationship_settings.html", desk, context, nav="relationships", status=422 if request.method == "POST" else 200)


def relationship_or_none(desk: Desk, public_id: UUID) -> Reading | None:
    try:
        reading = relationship_for(desk.member, public_id)
    except NotFound:
        return None
    return reading if reading.may_write else None


def forms_of(reading: Reading, desk: Desk) -> dict[str, Any]:
    row = reading.relationship
    others = Member.objects.active().filter(workspace=desk.member.workspace, is_steward=True).exclude(pk=desk.member.pk).select_related("user")
    members = [(str(other.public_id), str(other.user)) for other in others.order_by("id")]
    return {
        "rhythm_form": RelationshipSettingsForm(
            initial={"band": row.band, "cadence_days": row.cadence_days, "stake": row.stake}, auto_id="rhythm_%s"
        ),
        "stage_form": StageForm(initial={"stage": row.stage}, auto_id="stage_%s"),
        "hand_over_form": HandOverForm(members=members, auto_id="hand_%s"),
        "person_form": PersonForm(auto_id="person_%s"),
        "members": members,
    }


def act_on(request: HttpRequest, desk: Desk, reading: Reading, forms: dict[str, Any]) -> str:
    """Carry out what was sent. Empty: it was refused, and the form says why."""
    act = request.POST.get("act", "")
    voice, row, now = voice_for(reading, today=desk.today), reading.relationship, desk.now
    if act == "remove_person":
        return _remove(request, desk, reading)
    if act == "own_rhythm":
        return _own_rhythm(request, desk, reading)
    if act in ("try_again", "address"):
        return _reach(request, desk, reading)
    name = {"rhythm": "rhythm_form", "stage": "stage_form", "hand_over": "hand_over_form", "person": "person_form"}.get(act)
    if name is None:
        raise NotFound
    unbound = forms[name]
    options = {"members": forms["members"]} if act == "hand_over" else {}
    form = forms[name] = type(unbound)(request.POST, auto_id=unbound.auto_id, **options)
    if not form.is_valid():
        return ""
    data = form.cleaned_data
    try:
        if act == "rhythm":
            days = data["cadence_days"]
            stake = int(data["stake"]) if data["stake"] else None
            change_rhythm(relationship=row, band=data["band"], cadence_days=None if days is None else int(days), voice=voice, now=now, stake=stake)
            return "Saved. It applies from the next check, not to the past."
        if act == "stage":
            change_stage(relationship=row, stage=data["stage"], voice=voice, now=now)
            return "The stage is changed."
        if act == "hand_over":
            to = Member.objects.active().get(workspace=desk.member.workspace, public_id=as_uuid(data["to"]))
            hand_over(relationship=row, to=to, voice=voice, note=data["note"], now=now)
            return f"{to.user} looks after it from now on."
        add_speaker(relationship=row, role=int(data["side"]), name=data["name"], email=data["email"], member=desk.member, now=now)
        return f"{data['name']} speaks for that side from today."
    except Invalid as error:
        form.add_error(error.field if error.field in form.fields else None, error.sentence)
        return ""


def _speaker(request: HttpRequest, reading: Reading) -> Participant:
    wanted = as_uuid(request.POST.get("participant", ""))
    participant = Participant.objects.filter(side__relationship=reading.relationship, public_id=wanted).select_related("side", "person__text").first()
    if participant is None:
        raise NotFound
    return participant


def _reach(request: HttpRequest, desk: Desk, reading: Reading) -> str:
    """Write to somebody again whose mail system refused our mail, or to another address of theirs."""
    participant = _speaker(request, reading)
    if request.POST.get("act") == "try_again":
        try_again(person=participant.person, member=desk.member, now=desk.now)
        return f"We write to {person_name(participant)} again. What waits for them goes out in its turn."
    try:
        change_address(participant=participant, email=request.POST.get("email", ""), member=desk.member, now=desk.now)
    except (Invalid, AddressStays) as error:
        messages.error(request, error.sentence)
        return ""
    return f"We write to {person_name(participant)} at the new address. Links in earlier mails no longer work."


def _remove(request: HttpRequest, desk: Desk, reading: Reading) -> str:
    participant = _speaker(request, reading)
    remove_speaker(relationship=reading.relationship, participant=participant, member=desk.member, now=desk.now)
    return f"{person_name(participant)} no longer speaks for that side. What was said stays."


def _own_rhythm(request: HttpRequest, desk: Desk, reading: Reading) -> str:
    form = OwnRhythmForm(request.POST)
    if not form.is_valid():
        messages.error(request, f"Their own rhythm: {next(iter(form.errors.values()))[0]}")
        return ""
    mine = Participant.objects.filter(side__relationship=reading.relationship, public_id=form.cleaned_data["participant"], left_on__isnull=True)
    participant = mine.select_related("side__relationship", "person__text").first()
    if participant is None or is_theirs_alone(participant):
        raise NotFound
    days = form.cleaned_data["cadence_days"]
    change_own_rhythm(
        participant=participant, cadence_days=None if days is None else int(days), voice=voice_for(reading, today=desk.today), now=desk.now
    )
    return f"{person_name(participant)} is asked at least every {days} days." if days else f"{person_name(participant)} is asked like everybody else."


def is_theirs_alone(participant: Participant) -> bool:
    """How often an employee is asked is between them and the ledger."""
    return bool(participant.side.role == SideRole.COUNTERPART and participant.side.relationship.kind == Kind.EMPLOYEE)


def people_of(reading: Reading) -> dict[str, list[dict[str, Any]]]:
    rows = (
        Participant.objects.filter(side__relationship=reading.relationship, left_on__isnull=True)
        .select_related("side", "person__text")
        .order_by("id")
    )
    people: dict[str, list[dict[str, Any]]] = {"own": [], "counterpart": []}
    for row in rows:
        address = getattr(getattr(row.person, "text", None), "email", "")
        people["own" if row.side.role == SideRole.OWN else "counterpart"].append(
            {
                "public_id": row.public_id,
                "name": person_name(row),
                "address": address,
                "address_stays": why_address_stays(row.person, reading.member),
                "from_on": row.from_on,
                "mails_off": row.person.suppressed_at is not None,
                "cadence_days": row.cadence_days,
                "sets_rhythm": not (row.side.role == SideRole.COUNTERPART and reading.relationship.kind == Kind.EMPLOYEE),
                "refused": row.person.refused_reason or "for good" if row.person.refused_at is not None else "",
            }
        )
    return people
