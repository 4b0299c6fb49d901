"""One event: both sides' reports beside each other, and what our side may do about it: correct, take back, report, pass on."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from exchanges.access import Reading, event_for, visible_reports
from exchanges.forms.reports import CorrectForm, GaveForm, GotForm, RelayForm
from exchanges.models import EventKind, EventStatus, EventVersion, Giver, Report, ReportRole, ValueEvent, View, Visibility
from exchanges.selectors.catalogue import kind_chosen, kinds_for, units_for
from exchanges.selectors.ledger import Entry, Line, lines_of, person_name, versions_of
from exchanges.selectors.readings import names_of
from exchanges.selectors.settling import advance_steps, said_of
from exchanges.services.events import AlreadyCorrected, CannotNarrow, correct_event, ensure_can_be_taken_back, withdraw_event
from exchanges.services.reports import Account, AlreadyReported, relay_report, report_gave, report_got, withdraw_report
from exchanges.services.speakers import speak_for_us
from exchanges.views.desk import FORM, READ, Desk, carry_out, desk_of, go, show
from exchanges.wording.settling import returned_said, will_not
from relationships.models import Kind, Participant, SideRole
from valueledger.common.errors import Conflict, NotFound, ValueLedgerError
from valueledger.common.idempotency import new_key

CHANGED = "Somebody corrected this while you were writing. Below is the newest version; what you typed stands in the form. Save again to replace it."


@require_http_methods(READ)
def event(request: HttpRequest, public_id: UUID) -> HttpResponse:
    desk = desk_of(request)
    reading, found = event_for(desk.member, public_id)
    return show(request, "desk/event.html", desk, page_of(desk, reading, found), nav="relationships")


def newest_of(found: ValueEvent) -> EventVersion | None:
    return EventVersion.objects.current().filter(event=found).select_related("text", "value_kind").first()


def page_of(desk: Desk, reading: Reading, found: ValueEvent) -> dict[str, Any]:
    newest = newest_of(found)
    if newest is None or newest.is_withdrawal:
        return {
            "event": found,
            "reading": reading,
            "names": names_of(reading.relationship),
            "is_withdrawn": True,
            "history": history_of(found, reading),
        }
    line = line_of(reading, found)
    names = names_of(reading.relationship)
    directions = [Entry(line, giver) for giver in (SideRole.COUNTERPART, SideRole.OWN) if found.giver in (giver, Giver.JOINT)]
    return {
        "event": found,
        "line": line,
        "newest": newest,
        "reading": reading,
        "names": names,
        "is_personal": reading.relationship.kind == Kind.PERSONAL,
        "is_employee": reading.relationship.kind == Kind.EMPLOYEE,
        "is_missed": newest.kind == EventKind.MISSED_MOMENT,
        "accounts": [
            account_of(entry, role, reading, names)
            for entry in directions
            for role in (ReportRole.GAVE, ReportRole.GOT)
            if newest.kind != EventKind.MISSED_MOMENT or role == ReportRole.GOT
        ],
        "advance": advance_in_words(found, desk) if reading.view == View.OWN else [],
        "will_not": will_not_of(found, desk),
        "directions": directions,
        "may_withdraw": reading.may_write and may_withdraw(found, reading, desk.now),
        "history": history_of(found, reading),
    }


def line_of(reading: Reading, found: ValueEvent) -> Line:
    reports = visible_reports(Report.objects.filter(event=found), reading.view, reading.relationship.kind)
    lines = lines_of(versions_of(ValueEvent.objects.filter(pk=found.pk)), reports, with_facts=reading.view == View.OWN)
    if not lines:
        raise NotFound
    return lines[0]


def account_of(entry: Entry, role: str, reading: Reading, names: Any) -> dict[str, Any]:
    """One of the two accounts of a direction: whose it is, what was said, and whether we may say or pass on more."""
    side = entry.giver if role == ReportRole.GAVE else entry.receiver
    ours = side == SideRole.OWN
    employee = reading.relationship.kind == Kind.EMPLOYEE
    return {
        "side": side,
        "role": role,
        "is_ours": ours,
        "name": names.short_of(side),
        "title": f"What it took from {'us' if ours else names.short_of(side)}"
        if role == ReportRole.GAVE
        else f"What it was worth to {'us' if ours else names.short_of(side)}",
        "said": entry.line.accounts.get((side, role), []),
        "may_report": reading.may_write and ours,
        "may_relay": reading.may_write and not ours and not employee and entry.line.kind != EventKind.MISSED_MOMENT,
        "is_private": employee and not ours and reading.may_write,
    }


def advance_in_words(found: ValueEvent, desk: Desk) -> list[dict[str, Any]]:
    """What we hoped for and what came back: our own thought, for our side's view alone."""
    return [
        {"on": step.recorded_at, "words": getattr(getattr(step, "text", None), "words", ""), "is_hope": step.seq == 1,
         "said": returned_said(step.returned, step.review_on, desk.today)}
        for step in advance_steps(found)
    ]  # fmt: skip


def will_not_of(found: ValueEvent, desk: Desk) -> str:
    """Of a promise that stands although somebody said that it will not be kept."""
    said = said_of([found.pk]).get(found.pk)
    if said is None:
        return ""
    return will_not(person_name(said.participant), said.recorded_at.astimezone(desk.member.workspace.zone).date(), desk.today)


def may_withdraw(found: ValueEvent, reading: Reading, now: datetime) -> bool:
    """By the rule of the service, which does not tell of reports that this reader may not see."""
    if found.author_side != SideRole.OWN:
        return False
    try:
        ensure_can_be_taken_back(found, reading.relationship, side=SideRole.OWN, now=now)
    except Conflict:
        return False
    return True


def history_of(found: ValueEvent, reading: Reading) -> list[dict[str, Any]]:
    """What was said of it before, less what its author kept to itself then."""
    versions = (
        EventVersion.objects.filter(event=found).select_related("text", "author_member__user", "author_participant__person__text").order_by("-seq")
    )
    if not (reading.view == View.OWN and found.author_side == SideRole.OWN):
        versions = versions.filter(visibility=Visibility.SHARED)
    return [
        {
            "seq": row.seq,
            "at": row.recorded_at,
            "by": str(row.author_member.user) if row.author_member else person_name(row.author_participant) or "an import",
            "is_withdrawal": row.is_withdrawal,
            "what": getattr(getattr(row, "text", None), "what", ""),
            "on": row.arrived_on or row.occurred_on,
            "status": EventStatus(row.status).label,
            "kind": EventKind(row.kind).label,
        }
        for row in versions
    ]


def to_write(request: HttpRequest, public_id: UUID) -> tuple[Desk, Reading, ValueEvent]:
    """The event, for the steward of its relationship alone."""
    desk = desk_of(request, steward=True)
    reading, found = event_for(desk.member, public_id)
    if not reading.may_write:
        raise NotFound
    return desk, reading, found


@require_http_methods(FORM)
def correct(request: HttpRequest, public_id: UUID) -> HttpResponse:
    desk, reading, found = to_write(request, public_id)
    newest = newest_of(found)
    if newest is None or newest.is_withdrawal:
        raise NotFound
    kinds = kinds_for(desk.member.workspace, reading.relationship.pk, kept=newest.value_kind)
    status, is_missed = 200, newest.kind == EventKind.MISSED_MOMENT
    if request.method == "POST":
        form = CorrectForm(request.POST, today=desk.today, value_kinds=kinds, is_missed=is_missed)
        if form.is_valid():
            try:
                saved = carry_out(request, desk, form, lambda: _correct(form, desk, reading, found))
            except AlreadyCorrected:
                status, form = 409, _again(form, newest)
            except CannotNarrow as error:
                form.add_error("visibility", error.sentence)
            else:
                if saved is not None:
                    messages.success(request, "Corrected. The other side's report stays; what changed is kept below.")
                    return go(request, reverse("desk:event", args=[found.public_id]))
        status = status if status == 409 else 422
    else:
        form = CorrectForm(initial=_said_now(newest), today=desk.today, value_kinds=kinds, is_missed=is_missed)
    context = {"form": form, "line": line_of(reading, found), "event": found, "names": names_of(reading.relationship), "is_conflict": status == 409}
    return show(request, "desk/event_correct.html", desk, context, nav="relationships", status=status)


def _correct(form: CorrectForm, desk: Desk, reading: Reading, found: ValueEvent) -> str:
    data = form.cleaned_data
    base = EventVersion.objects.filter(event=found, seq=data["seq"]).first()
    if base is None:
        raise AlreadyCorrected
    version = correct_event(
        event=found, voice=speak_for_us(reading=reading, now=desk.now), supersedes=base, now=desk.now, what=data["what"], occurred_on=data["occurred_on"],
        status=data["status"], arrived_on=data["arrived_on"], expected_on=data["expected_on"], kind=data["kind"], goal=data["goal"],
        visibility=data["visibility"] or base.visibility,
        value_kind=kind_chosen(reading.relationship, data["value_kind"]) if data["value_kind"] else None,
    )  # fmt: skip
    return str(version.seq)


def _again(form: CorrectForm, newest: EventVersion) -> CorrectForm:
    """The same words on top of the newest version, so that saving again replaces what is shown."""
    form.data = form.data.copy()
    form.data["seq"], form.data["key"] = str(newest.seq), new_key()
    return form


def _said_now(newest: EventVersion) -> dict[str, Any]:
    text = getattr(newest, "text", None)
    return {
        "key": new_key(), "seq": newest.seq, "what": text.what if text else "", "goal": text.goal if text else "", "occurred_on": newest.occurred_on,
        "status": newest.status, "arrived_on": newest.arrived_on, "expected_on": newest.expected_on, "kind": newest.kind, "visibility": newest.visibility,
        "value_kind": str(newest.value_kind.public_id) if newest.value_kind else "",
    }  # fmt: skip


@require_http_methods(["POST"])
def withdraw(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Take an event back: the Undo of ten minutes, and later for as long as the other side has said nothing about it."""
    desk, reading, found = to_write(request, public_id)
    newest = newest_of(found)
    if newest is not None and not newest.is_withdrawal:
        withdraw_event(event=found, voice=speak_for_us(reading=reading, now=desk.now), supersedes=newest, now=desk.now)
    messages.success(request, "Taken back. It no longer counts.")
    return go(request, reverse("desk:relationship", args=[reading.relationship.public_id]))


@require_http_methods(["POST"])
def arrived(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """A promise that was kept: it arrived today."""
    desk, reading, found = to_write(request, public_id)
    newest = newest_of(found)
    if newest is not None and not newest.is_withdrawal and newest.status != EventStatus.ARRIVED:
        voice = speak_for_us(reading=reading, now=desk.now)
        on = min(newest.occurred_on, desk.today)
        correct_event(
            event=found,
            voice=voice,
            supersedes=newest,
            now=desk.now,
            status=EventStatus.ARRIVED,
            arrived_on=desk.today,
            occurred_on=on,
            expected_on=None,
        )
        messages.success(request, "Kept: it has arrived today.")
    return go(request, reverse("desk:event", args=[found.public_id]))


# Our own report


@require_http_methods(FORM)
def report(request: HttpRequest, public_id: UUID, role: str) -> HttpResponse:
    """What giving took from us, or what it was worth to us. `role`: gave or got."""
    desk, reading, found = to_write(request, public_id)
    code = {"gave": ReportRole.GAVE, "got": ReportRole.GOT}[role]
    ensure_ours(found, code)
    newest = newest_of(found)
    if newest is None or newest.is_withdrawal or (newest.kind == EventKind.MISSED_MOMENT and code != ReportRole.GOT):
        raise NotFound
    mine = our_report(desk, reading, found, code)
    form_class: Any = GotForm if code == ReportRole.GOT else GaveForm
    is_missed = newest.kind == EventKind.MISSED_MOMENT
    options = {"is_gift": newest.kind == EventKind.GIFT, "is_missed": is_missed} if code == ReportRole.GOT else {}
    status = 200
    if request.method == "POST":
        form = form_class(request.POST, **options)
        if form.is_valid():
            try:
                if carry_out(request, desk, form, lambda: _report(form, desk, reading, found, code)) is not None:
                    messages.success(request, "Saved as our own account.")
                    return go(request, reverse("desk:event", args=[found.public_id]))
            except AlreadyReported as error:
                return conflict(request, desk, error, found)
        status = 422
    else:
        form = form_class(initial={"key": new_key(), **(_in(mine) if mine else {})}, **options)
    context = {
        "form": form, "event": found, "line": line_of(reading, found), "names": names_of(reading.relationship), "role": role, "mine": mine,
        "units": units_for(desk.member.workspace), "is_gift": newest.kind == EventKind.GIFT, "is_missed": is_missed,
        "is_personal": reading.relationship.kind == Kind.PERSONAL,
    }  # fmt: skip
    return show(request, "desk/event_report.html", desk, context, nav="relationships", status=status)


def ensure_ours(found: ValueEvent, role: str) -> None:
    """Only the side that gave says what it took, only the one that got what it was worth: elsewhere there is no such page for us."""
    if found.giver == Giver.JOINT:
        return
    if (role == ReportRole.GAVE) != (found.giver == Giver.OWN):
        raise NotFound


def our_report(desk: Desk, reading: Reading, found: ValueEvent, role: str) -> Report | None:
    """What this member has said before, if anything: it is corrected by a new report that names it."""
    person_id = desk.member.person_id
    if person_id is None:
        return None
    speaker = Participant.objects.filter(side__relationship=reading.relationship, side__role=SideRole.OWN, person_id=person_id).first()
    if speaker is None:
        return None
    rows = Report.objects.current().filter(event=found, side=SideRole.OWN, role=role, participant=speaker)
    return rows.select_related("text", "fact", "unit").first()


def _in(mine: Report) -> dict[str, Any]:
    if mine.is_withdrawal:
        return {"supersedes": str(mine.public_id)}
    text, fact = getattr(mine, "text", None), getattr(mine, "fact", None)
    return {
        "supersedes": str(mine.public_id), "word": mine.word, "guess_word": mine.guess_word, "expectation": mine.expectation, "arrived": mine.arrived,
        "owing": mine.owing, "beneficiary": mine.beneficiary, "typed_amount": mine.typed_amount.normalize() if mine.typed_amount is not None else None,
        "unit": mine.unit.name if mine.unit else "", "sentence": text.sentence if text else "", "private": mine.visibility == Visibility.PRIVATE,
        "hours": fact.hours if fact else None, "money": fact.money if fact else None, "currency": fact.currency if fact else "",
    }  # fmt: skip


def _report(form: Any, desk: Desk, reading: Reading, found: ValueEvent, role: str) -> str:
    voice = speak_for_us(reading=reading, now=desk.now)
    before = our_report(desk, reading, found, role)
    if str(before.public_id if before else "") != form.cleaned_data["supersedes"]:
        raise AlreadyReported
    write = report_got if role == ReportRole.GOT else report_gave
    return str(write(event=found, side=SideRole.OWN, voice=voice, account=account_in(form.cleaned_data), now=desk.now, supersedes=before).public_id)


def account_in(data: dict[str, Any]) -> Account:
    return Account(
        word=data.get("word"), guess_word=data.get("guess_word"), typed_amount=data.get("typed_amount"),
        unit=data.get("unit", "") if data.get("typed_amount") is not None else "", arrived=data.get("arrived", ""), expectation=data.get("expectation", ""),
        owing=data.get("owing", ""), beneficiary=data.get("beneficiary", ""), sentence=data.get("sentence", ""), hours=data.get("hours"),
        money=data.get("money"), currency=data.get("currency", "") if data.get("money") is not None else "",
        visibility=Visibility.PRIVATE if data.get("private") else Visibility.SHARED,
    )  # fmt: skip


@require_http_methods(["POST"])
def withdraw_ours(request: HttpRequest, public_id: UUID, report_id: UUID) -> HttpResponse:
    """Take back what this member itself reported or passed on."""
    desk, reading, found = to_write(request, public_id)
    row = Report.objects.standing().filter(event=found, public_id=report_id).select_related("event").first()
    if row is None or not (row.side == SideRole.OWN or row.relayed_by_id == desk.member.pk):
        raise NotFound
    try:
        withdraw_report(report=row, voice=speak_for_us(reading=reading, now=desk.now), now=desk.now)
    except ValueLedgerError as error:
        return conflict(request, desk, error, found)
    messages.success(request, "Taken back. The event itself stays.")
    return go(request, reverse("desk:event", args=[found.public_id]))


# What they told us


@require_http_methods(FORM)
def relay(request: HttpRequest, public_id: UUID, role: str) -> HttpResponse:
    """Pass on what the counterpart said elsewhere. For employees there is no such page: they speak for themselves."""
    desk, reading, found = to_write(request, public_id)
    code = {"gave": ReportRole.GAVE, "got": ReportRole.GOT}[role]
    if reading.relationship.kind == Kind.EMPLOYEE or (found.giver != Giver.JOINT and (code == ReportRole.GAVE) != (found.giver == Giver.COUNTERPART)):
        raise NotFound
    newest = newest_of(found)
    if newest is None or newest.is_withdrawal or newest.kind == EventKind.MISSED_MOMENT:
        raise NotFound
    before = Report.objects.current().filter(event=found, side=SideRole.COUNTERPART, role=code, relayed_by=desk.member).select_related("text").first()
    receiving, status = code == ReportRole.GOT, 200
    if request.method == "POST":
        form = RelayForm(request.POST, receiving=receiving)
        if form.is_valid():
            try:
                if carry_out(request, desk, form, lambda: _relay(form, desk, found, code)) is not None:
                    messages.success(request, "Kept as passed on by you. It counts half, until they say it themselves.")
                    return go(request, reverse("desk:event", args=[found.public_id]))
            except AlreadyReported as error:
                return conflict(request, desk, error, found)
        status = 422
    else:
        form = RelayForm(initial={"key": new_key(), **(_in(before) if before else {})}, receiving=receiving)
    context = {
        "form": form, "event": found, "line": line_of(reading, found), "names": names_of(reading.relationship), "role": role, "receiving": receiving,
        "is_personal": reading.relationship.kind == Kind.PERSONAL,
    }  # fmt: skip
    return show(request, "desk/event_relay.html", desk, context, nav="relationships", status=status)


def _relay(form: RelayForm, desk: Desk, found: ValueEvent, role: str) -> str:
    before = Report.objects.current().filter(event=found, side=SideRole.COUNTERPART, role=role, relayed_by=desk.member).first()
    if str(before.public_id if before else "") != form.cleaned_data["supersedes"]:
        raise AlreadyReported
    row = relay_report(
        event=found, side=SideRole.COUNTERPART, role=role, member=desk.member, account=account_in(form.cleaned_data), now=desk.now, supersedes=before
    )
    return str(row.public_id)


def conflict(request: HttpRequest, desk: Desk, error: ValueLedgerError, found: ValueEvent) -> HttpResponse:
    """Somebody was faster: what is there now, and the way to it. Nothing was overwritten."""
    context = {"sentence": error.sentence, "event": found}
    return show(request, "desk/conflict.html", desk, context, nav="relationships", status=error.status)
