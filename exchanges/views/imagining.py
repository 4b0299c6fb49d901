"""What if: one change of what flows between the sides, and how it would likely feel to each by then. Nothing is stored by looking."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from exchanges.access import Reading, events_for, relationship_for, relationship_to_write
from exchanges.charts import SideReading
from exchanges.forms.imagining import LESS, NEEDS_NOTHING, NEW_FACE, PERCENT, STOP, TIMES, Given, WhatIfForm
from exchanges.models import Giver
from exchanges.selectors.balances import Balance
from exchanges.selectors.imagining import Basis, Change, Foreseen, Outcome, Stream, WhatIf, answers_to, basis_of, best_first, outcome_of
from exchanges.selectors.kept import kept_what_ifs
from exchanges.selectors.pages import balance_now
from exchanges.selectors.readings import Names, names_of, readings_of
from exchanges.services.imagining import keep_what_if
from exchanges.views.desk import FORM, Desk, desk_of, once, show
from exchanges.wording import imagining as words
from exchanges.wording import side_status
from relationships.models import Kind, SideRole
from valueledger.common import idempotency
from valueledger.common.errors import NotFound

EVERYTHING = "all"
DAYS = {"3": 91, "6": 183, "12": 365}
FIRST = {"how": LESS, "amount": "10", "unit": PERCENT, "starts": "0", "back": "", "back_times": "2", "ahead": "6"}


@dataclass(frozen=True)
class Told:
    """One outcome as a row: what is done, both sides then, the chance that both feel fair."""

    title: str
    note: str
    they: SideReading
    we: SideReading
    chance: str
    between: str
    is_asked: bool


@require_http_methods(FORM)
def what_if(request: HttpRequest, public_id: UUID) -> HttpResponse:
    desk = desk_of(request)
    reading = relationship_to_write(desk.member, public_id) if request.method == "POST" else relationship_for(desk.member, public_id)
    row = reading.relationship
    if row.kind == Kind.PERSONAL:
        raise NotFound  # no numbers, so nothing to reckon with
    names = names_of(row)
    balance = balance_now(row, view=reading.view, today=desk.today, now=desk.now)
    basis = basis_of(row, events_for(reading), view=reading.view, as_of=desk.today, band=balance.band)
    form = _form(request.POST if request.method == "POST" else request.GET, basis, names)
    context = {"reading": reading, "relationship": row, "names": names, "form": form, "key": idempotency.new_key()}
    if form is not None and form.is_valid():
        context |= _outcome(form.cleaned_data, basis, balance, reading, names)
        if request.method == "POST":
            return redirect(once(request, desk, lambda: _keep(context, reading, desk)))
    context["kept"] = kept_what_ifs(row, view=reading.view, today=desk.today, balance=balance) if reading.may_write else []
    status = 422 if form is not None and form.errors else 200
    return show(request, "desk/what_if.html", desk, context, nav="relationships", fragment="desk/_what_if.html", status=status)


def _keep(found: dict[str, Any], reading: Reading, desk: Desk) -> str:
    """What is expected goes as it was shown: of a side without a number nothing is kept."""
    then, query = found["then"], found["query"]
    keep_what_if(
        relationship=reading.relationship, member=desk.member, question=found["title"], query=query, as_of=desk.today, until=found["until"],
        own=then.own if found["we_then"].estimate else None, counterpart=then.counterpart if found["they_then"].estimate else None,
        both_fair=then.both_fair if found["chance"] else None, now=desk.now,
    )  # fmt: skip
    return f"{reverse('desk:what_if', args=[reading.relationship.public_id])}?{query}#h-kept"


def _form(given: QueryDict, basis: Basis, names: Names) -> WhatIfForm | None:
    """None when nothing flowed in the last year: then there is nothing to change."""
    if not basis.streams:
        return None
    theirs, ours = ([*(Given(one.key, one.label) for one in basis.of(side)), *_whole(basis, side)] for side in (SideRole.COUNTERPART, SideRole.OWN))
    joint = [Given(one.key, gettext("{what}, done together").format(what=one.label)) for one in basis.of(Giver.JOINT)]
    known = {name: given[name] for name in WhatIfForm.base_fields if name in given}
    first = (theirs or ours or joint)[0].key
    labels = (gettext("{name} gives").format(name=names.counterpart_short), gettext("We give"))
    return WhatIfForm({**FIRST, "of": first, **known}, theirs=theirs, ours=[*ours, *joint], names=labels)


def _whole(basis: Basis, side: SideRole) -> list[Given]:
    """All that a side gives, where that is more than one kind."""
    return [Given(f"{side}-{EVERYTHING}", gettext("everything"))] if len(basis.of(side)) > 1 else []


def _outcome(data: dict[str, Any], basis: Basis, balance: Balance, reading: Reading, names: Names) -> dict[str, Any]:
    asked = _asked(data, basis)
    days_on = DAYS[data["ahead"] or "6"]
    then = outcome_of(basis, asked, days_on=days_on)
    they, we = readings_of(balance, names, kind=reading.relationship.kind)
    is_known = they.estimate is not None and we.estimate is not None
    chosen = {name: str(value) for name, value in data.items() if value not in (None, "")}
    they_then, we_then = _then(they, then.counterpart), _then(we, then.own)
    others = best_first(outcome_of(basis, one, days_on=days_on) for one in answers_to(basis, asked))
    told = [_told(one, they, we, names) for one in others if one.both_fair is not None] if is_known else []
    return {
        "title": words.question([_does(change, names) for change in asked.changes], is_shock=asked.is_shock),
        "voice": " ".join(filter(None, [_voice(they, then.counterpart, basis), _voice(we, then.own, basis)])),
        "they": they,
        "we": we,
        "they_then": they_then,
        "we_then": we_then,
        "they_says": _says(they, they_then, then.counterpart, basis),
        "we_says": _says(we, we_then, then.own, basis),
        "then": then,
        "is_foreseen": they_then.estimate is not None or we_then.estimate is not None,
        "chosen": chosen,
        "query": urlencode(chosen),
        "until": basis.as_of + timedelta(days=days_on),
        "ahead": words.months(int(data["ahead"] or "6")),
        "options": told,
        "chance": words.chance(then.both_fair) if is_known and then.both_fair is not None else "",
        "both_short": words.chance(then.both_short) if is_known and then.both_short is not None else "",
        "both_short_between": words.chance_between(then.both_short_lo or 0.0, then.both_short_hi or 0.0),
        "shares": _shares(asked, basis, names),
        "is_silence": not asked.changes and not asked.is_shock,
        "they_status": side_status(they, basis.as_of),
        "we_status": side_status(we, basis.as_of),
        "they_count": basis.counts[SideRole.COUNTERPART],
        "we_count": basis.counts[SideRole.OWN],
    }


def _asked(data: dict[str, Any], basis: Basis) -> WhatIf:
    starts = int(data["starts"] or 0)
    if data["how"] in NEEDS_NOTHING:
        return WhatIf(is_shock=data["how"] == NEW_FACE, key="asked")
    change = _change(data, basis)
    back = _part(data["back"], basis)
    changes = [change]
    if back is not None:
        giver, stream = back
        changes.append(Change(giver, stream, extra=float(data["back_times"] or 1)))
    return WhatIf(tuple(changes), starts_in=starts, key="asked")


def _change(data: dict[str, Any], basis: Basis) -> Change:
    found = _part(data["of"], basis)
    assert found is not None  # the form knows the keys
    giver, stream = found
    if data["how"] == STOP:
        return Change(giver, stream, factor=0.0)
    amount: Decimal = data["amount"]
    sign = -1 if data["how"] == LESS else 1
    if data["unit"] == TIMES and stream is not None:
        return Change(giver, stream, factor=max(1 - float(amount) / stream.count, 0.0) if sign < 0 else 1.0, extra=float(amount) if sign > 0 else 0.0)
    return Change(giver, stream, factor=1 + sign * float(amount) / 100)


def _part(key: str, basis: Basis) -> tuple[int, Stream | None] | None:
    if not key:
        return None
    giver, _, what = key.partition("-")
    return (int(giver), None) if what == EVERYTHING else (int(giver), basis.stream(key))


def _then(now: SideReading, then: Foreseen | None) -> SideReading:
    """The same side as it would be; no number where there is none now, or too little to say."""
    known = then is not None and now.estimate is not None
    return SideReading(
        now.name, now.short, now.is_own, then.f if known and then else None, then.lo if known and then else None,
        then.hi if known and then else None, now.heard, now.answered_on, now.answered_by, now.is_person, now.is_private, now.band,
    )  # fmt: skip


def _voice(now: SideReading, then: Foreseen | None, basis: Basis) -> str:
    if now.is_private:
        return ""
    if then is None:
        flows = basis.flows[int(not now.is_own)]
        return words.too_little(basis.counts[int(not now.is_own)], flows.got + flows.gave, is_own=now.is_own, name=now.short)
    if now.estimate is None:
        return words.moved(then.moved, is_own=now.is_own, name=now.short)
    return words.would_sentence(_then(now, then))


def _says(now: SideReading, then: SideReading, found: Foreseen | None, basis: Basis) -> str:
    if now.is_private:
        return gettext("not shown")
    return words.would(then) or _voice(now, found, basis)


def _does(change: Change, names: Names) -> str:
    """10% less of “Support” from us."""
    by = {SideRole.OWN: gettext("us"), SideRole.COUNTERPART: names.counterpart_short, Giver.JOINT: gettext("both")}[change.giver]  # type: ignore[index]
    return words.does(_name_of(change), by, factor=change.factor, extra=change.extra)


def _name_of(change: Change) -> str:
    return gettext("everything") if change.stream is None else change.stream.label


def _told(outcome: Outcome, they: SideReading, we: SideReading, names: Names) -> Told:
    key, changes = outcome.what_if.key, outcome.what_if.changes
    title, note = words.option(key, [_does(change, names) for change in changes], loser_is_own=bool(changes) and changes[-1].giver == SideRole.OWN)
    chances = [chance or 0.0 for chance in (outcome.both_fair, outcome.both_fair_lo, outcome.both_fair_hi)]
    return Told(
        title,
        note,
        _then(they, outcome.counterpart),
        _then(we, outcome.own),
        words.chance(chances[0]),
        words.chance_between(*chances[1:]),
        key == "asked",
    )


def _shares(asked: WhatIf, basis: Basis, names: Names) -> list[str]:
    """How much of what each side counted in the last year this touches, where its account knows it at all."""
    found = []
    for change in asked.changes:
        streams = [stream for stream in basis.streams if change.touches(stream)]
        for side in (SideRole.OWN, SideRole.COUNTERPART):
            flow = basis.flows[side]
            got, gave = sum(one.on[side].got for one in streams), sum(one.on[side].gave for one in streams)
            for part, whole, is_got in ((got, flow.got, True), (gave, flow.gave, False)):
                if part and whole:
                    said = {"is_own": side == SideRole.OWN, "name": names.counterpart_short, "is_got": is_got}
                    found.append(words.share_of_year(part / whole, _name_of(change), **said))  # type: ignore[arg-type]
    return found
