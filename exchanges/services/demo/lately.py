"""The last days of the story, told through the services, as members and guests would: corrections, promises, a word by phone, open questions."""

from __future__ import annotations

from decimal import Decimal

from exchanges.access import Voice
from exchanges.models import Assurance, EventKind, EventStatus, EventVersion, Giver, Report, ReportRole, RoundSeat, ValueEvent, Visibility
from exchanges.services.demo.cast import Clock, Stage
from exchanges.services.events import correct_event, log_event
from exchanges.services.reports import Account, relay_report, report_gave, report_got
from exchanges.services.rounds import answer_check, open_round
from exchanges.services.together import agree_goal, propose_goal, say_stance
from relationships.models import SideRole, ValueKind


def tell_lately(stages: dict[str, Stage], kinds: dict[str, ValueKind], clock: Clock) -> None:
    keep_to_ourselves(stages["Tidewell Freight"], clock)
    promise(stages["Tidewell Freight"], kinds, clock)
    pass_on(stages["Heron Media"], clock)
    correct(stages["Brightwater Dairy Co-op"], clock)
    say_in_own_unit(stages["Copperleaf Bakeries"], clock)
    want_the_same(stages["Tidewell Freight"], clock)
    leave_questions_open(stages, clock)


def voice_of(stage: Stage, side: SideRole = SideRole.OWN) -> Voice:
    """The steward at the desk, or the guest behind a link."""
    return Voice(member=stage.steward if side == SideRole.OWN else None, participant=stage.speakers[side])


def keep_to_ourselves(stage: Stage, clock: Clock) -> None:
    """A private entry: the other side cannot see that it exists, and only our own view counts it."""
    event = log_event(
        relationship=stage.relationship,
        voice=voice_of(stage),
        giver=Giver.OWN,
        occurred_on=clock.day(5),
        what="Sat with their purchasing for an hour about the budget. Nils asked us to keep it quiet for now.",
        kind=EventKind.FAVOUR,
        visibility=Visibility.PRIVATE,
        now=clock.at(5, 17),
    )
    account = Account(word=2, hours=Decimal(1), visibility=Visibility.PRIVATE)
    report_gave(event=event, side=SideRole.OWN, voice=voice_of(stage), account=account, now=clock.at(5, 17, 4))


def promise(stage: Stage, kinds: dict[str, ValueKind], clock: Clock) -> None:
    """Promised and on its way: shown with their dates, and counted by nobody until they arrive."""
    for giver, what, value, status, ahead in (
        (Giver.OWN, "Show the night desk the view for planning again", "less_stress", EventStatus.PROMISED, 1),
        (Giver.COUNTERPART, "The next slot forecast", "learning", EventStatus.PROMISED, 19),
        (Giver.OWN, "Printed rota for the drivers, at the printer", "results", EventStatus.PENDING, 4),
    ):
        log_event(
            relationship=stage.relationship,
            voice=voice_of(stage),
            giver=giver,
            occurred_on=clock.day(6),
            expected_on=clock.day(-ahead),
            what=what,
            kind=EventKind.DELIVERY,
            status=status,
            value_kind=kinds[value],
            now=clock.at(6, 12, ahead),
        )


def pass_on(stage: Stage, clock: Clock) -> None:
    """A word by phone, passed on by the steward: marked as relayed, and worth half until they say it themselves."""
    event = log_event(
        relationship=stage.relationship,
        voice=voice_of(stage),
        giver=Giver.OWN,
        occurred_on=clock.day(6),
        what="Stayed on the line through the night of the count",
        kind=EventKind.SUPPORT,
        now=clock.at(6, 9),
    )
    own = Account(word=2, guess_word=3, hours=Decimal(4))
    report_gave(event=event, side=SideRole.OWN, voice=voice_of(stage), account=own, now=clock.at(6, 9, 3))
    theirs = Account(word=3, expectation="MORE", sentence="Told me on the phone: they slept, for once")
    relay_report(event=event, side=SideRole.COUNTERPART, role=ReportRole.GOT, member=stage.steward, account=theirs, now=clock.at(4, 10))


def correct(stage: Stage, clock: Clock) -> None:
    """The steward corrects a date, and the guest thinks again about what it was worth. Both first versions stay in the ledger."""
    event = ValueEvent.objects.filter(relationship=stage.relationship, versions__text__what="Milk-round forecast").order_by("-id").first()
    assert event is not None
    version = EventVersion.objects.current().get(event=event)
    correct_event(
        event=event,
        voice=voice_of(stage),
        supersedes=version,
        occurred_on=clock.day(45),
        arrived_on=clock.day(45),
        what="Milk-round forecast, with the hill farms",
        now=clock.at(3, 14),
    )
    first = Report.objects.standing().get(event=event, side=SideRole.COUNTERPART, role=ReportRole.GOT)
    account = Account(word=3, expectation="MORE", sentence="We have used it every week since", beneficiary="ORGANISATION")
    report_got(
        event=event, side=SideRole.COUNTERPART, voice=voice_of(stage, SideRole.COUNTERPART), account=account, now=clock.at(2, 11), supersedes=first
    )


def say_in_own_unit(stage: Stage, clock: Clock) -> None:
    """An amount instead of a word: our side said that an hour of its own is half a point."""
    event = log_event(
        relationship=stage.relationship,
        voice=voice_of(stage),
        giver=Giver.OWN,
        occurred_on=clock.day(3),
        what="Ovens planned again after the power cut",
        kind=EventKind.SUPPORT,
        now=clock.at(3, 18),
    )
    account = Account(typed_amount=Decimal(6), unit="hours", guess_word=3)
    report_gave(event=event, side=SideRole.OWN, voice=voice_of(stage), account=account, now=clock.at(3, 18, 5))


def want_the_same(stage: Stage, clock: Clock) -> None:
    """Two goals, one agreed and one only proposed, and what each side stands for."""
    we, they = stage.speakers[SideRole.OWN], stage.speakers[SideRole.COUNTERPART]
    calls = propose_goal(author=they, what="Half as many calls at night", by_on=clock.day(-60), now=clock.at(40, 10))
    agree_goal(goal=calls, author=we, now=clock.at(38, 9))
    propose_goal(author=we, what="One plan for the port and the night desk", by_on=clock.day(-120), now=clock.at(9, 11))
    say_stance(author=they, lines=["Nobody sleeps beside a telephone", "A date is a date"], now=clock.at(39, 12))
    say_stance(author=we, lines=["Bad news before noon", "Nobody works twice on the same thing"], now=clock.at(36, 15))


def leave_questions_open(stages: dict[str, Stage], clock: Clock) -> None:
    """One round waits for us, blind to what they said; in the other both sides are asked, and the mail is on its way."""
    half = stages["Elmstead Housing"]
    waiting = open_round(relationship=half.relationship, now=clock.at(3, 8), reason="blurred")
    seat = RoundSeat.objects.select_related("round").get(round=waiting, side=SideRole.COUNTERPART)
    answer_check(seat=seat, value=Decimal(0), guess=Decimal(1), assurance=Assurance.LINK, now=clock.at(2, 12))
    open_round(relationship=stages["Quillon Press"].relationship, now=clock.now, reason="asked", by=stages["Quillon Press"].steward)
