"""What is due is asked once, repeated once, and lapses; nobody is pressed."""

import uuid
from datetime import timedelta
from decimal import Decimal

import pytest

from exchanges.models import Answer, Assurance, Card, Giver, Prompt, PromptKind, PromptState, Round, RoundSeat
from exchanges.selectors import allowance
from exchanges.selectors.asking import due_relationships
from exchanges.services import mailing, prompts
from exchanges.services.events import log_event, withdraw_event
from exchanges.services.prompts import ask_rating, lapse, open_due_rounds, remind, stop_mails, sweep_prompts
from exchanges.services.reports import Account, report_got
from exchanges.services.rounds import answer_check, open_round, sweep_rounds
from relationships.models import Kind, Participant, Person, Relationship, SideRole, Stage
from relationships.services.parties import add_person
from tests.makers import NOW, TODAY, make_event, make_relationship
from valueledger.common.models import AuditEntry, Outbox
from valueledger.common.models.outbox import OutboxState

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def due(workspace, now=NOW):
    return [row.relationship_id for row in due_relationships(workspace=workspace, now=now, limit=50)]


def answered_round(cast, now, *, value=0):
    """A round that both sides answered fairly; returns the round."""
    round = open_round(relationship=cast.borealis, now=now, reason="due")
    for participant in (cast.bo_speaks, cast.ana_speaks):
        seat = RoundSeat.objects.select_related("round").get(round=round, participant=participant)
        answer_check(seat=seat, value=Decimal(value), assurance=Assurance.SIGNED_IN, now=now)
    return round


def test_a_relationship_never_asked_about_is_due_and_asked_once(cast):
    assert due(cast.workspace) == [cast.borealis.pk]
    assert open_due_rounds(now=NOW) == 1
    assert open_due_rounds(now=NOW) == 0
    assert open_due_rounds(now=NOW + MINUTE) == 0
    assert Round.objects.count() == 1
    assert Prompt.objects.count() == 2


def test_an_answered_side_is_asked_again_when_its_date_has_come(cast):
    answered_round(cast, NOW)
    card = Card.objects.get(relationship=cast.borealis, view=1)
    assert NOW.date() + 30 * DAY <= card.due_on <= NOW.date() + 180 * DAY
    before = NOW + (card.due_on - TODAY) - DAY
    assert due(cast.workspace, before) == []
    assert due(cast.workspace, before + 2 * DAY) == [cast.borealis.pk]


def test_nobody_is_asked_about_a_relationship_that_has_ended(cast):
    Relationship.objects.filter(pk=cast.borealis.pk).update(stage=Stage.ENDED)
    assert due(cast.workspace) == []


def test_where_nobody_can_be_asked_nothing_is_due(cast):
    lonely = make_relationship(cast.ana, "Nobody Ltd")
    Participant.objects.filter(side__relationship=lonely, side__role=SideRole.OWN).update(left_on=TODAY)
    mute = add_person(workspace=cast.workspace, name="Mute", email="")
    stopped = add_person(workspace=cast.workspace, name="Stopped", email="stopped@x.example")
    Person.objects.filter(pk=stopped.pk).update(suppressed_at=NOW)
    quiet = make_relationship(cast.ana, "Quiet Ltd", people=(mute, stopped))
    Participant.objects.filter(side__relationship=quiet, side__role=SideRole.OWN).update(left_on=TODAY)
    assert due(cast.workspace) == [cast.borealis.pk]


def test_the_wait_doubles_with_each_question_that_nobody_answers(cast):
    moment = NOW
    for wait in (28, 56, 112, 180, 180):
        assert open_due_rounds(now=moment) == 1
        sweep_rounds(now=moment + 14 * DAY)
        assert due(cast.workspace, moment + (wait - 1) * DAY) == []
        moment += wait * DAY


def test_an_answer_ends_the_longer_wait(cast):
    assert open_due_rounds(now=NOW) == 1
    sweep_rounds(now=NOW + 14 * DAY)
    later = NOW + 61 * DAY
    answered_round(cast, later)
    card = Card.objects.get(relationship=cast.borealis, view=1)
    moment = later + (card.due_on - later.date())
    assert due(cast.workspace, moment) == [cast.borealis.pk]


def test_an_employee_who_answered_in_private_is_not_asked_again_at_once(cast, employee):
    round = open_round(relationship=employee.relationship, now=NOW, reason="due")
    for participant in Participant.objects.filter(side__relationship=employee.relationship):
        seat = RoundSeat.objects.select_related("round").get(round=round, participant=participant)
        answer_check(seat=seat, value=Decimal(0), assurance=Assurance.SIGNED_IN, now=NOW)
    sweep_rounds(now=round.closes_at)
    assert Card.objects.get(relationship=employee.relationship, view=1).due_counterpart_on <= round.closes_at.date()
    assert employee.relationship.pk not in due(cast.workspace, NOW + 20 * DAY)
    assert employee.relationship.pk in due(cast.workspace, NOW + 190 * DAY)


def test_nobody_has_more_than_a_few_questions_open(cast, monkeypatch):
    monkeypatch.setattr(allowance, "MOST_WAITING_MEMBER", 10)
    for number in range(14):
        make_relationship(cast.ana, f"Client {number}", people=(add_person(workspace=cast.workspace, name="X", email=f"x{number}@client.example"),))
    assert open_due_rounds(now=NOW) == allowance.MOST_WAITING
    assert open_due_rounds(now=NOW + MINUTE) == 0
    assert Prompt.objects.filter(participant__person_id=cast.ana.person_id).count() == allowance.MOST_WAITING


def test_a_person_gets_one_mail_a_day(cast):
    second = make_relationship(cast.ana, "Borealis North", people=(cast.bo,))
    for relationship in (cast.borealis, second):
        open_round(relationship=relationship, now=NOW, reason="due")
    days = list(Outbox.objects.filter(recipient_id=cast.bo.pk).order_by("pk").values_list("local_day", "due_at"))
    assert days[0] == (TODAY, NOW)
    assert days[1][0] == TODAY + DAY
    assert days[1][1] == (NOW + DAY).replace(hour=9)


def test_the_day_is_the_persons_own(cast):
    Person.objects.filter(pk=cast.bo.pk).update(time_zone="Pacific/Auckland")
    cast.bo.refresh_from_db()
    open_round(relationship=cast.borealis, now=NOW.replace(hour=13), reason="due")
    assert Outbox.objects.get(recipient_id=cast.bo.pk).local_day == TODAY + DAY


def test_without_the_look_at_taken_days_the_key_still_lets_one_mail_through(cast, monkeypatch):
    """Negative control: the search for a free day is blind, and the unique bundle refuses the second mail of the day."""
    second = make_relationship(cast.ana, "Borealis North", people=(cast.bo,))
    monkeypatch.setattr(mailing.outbox, "taken_bundles", lambda **_: set())
    for relationship in (cast.borealis, second):
        open_round(relationship=relationship, now=NOW, reason="due")
    assert Outbox.objects.filter(recipient_id=cast.bo.pk, local_day=TODAY, state=OutboxState.DUE).count() == 1


def test_somebody_who_asked_us_to_stop_is_not_mailed_and_the_row_says_why(cast):
    stop_mails(person=cast.bo, now=NOW)
    stop_mails(person=cast.bo, now=NOW)
    ana_only = open_round(relationship=cast.borealis, now=NOW, reason="due")
    assert RoundSeat.objects.filter(round=ana_only).count() == 1
    assert AuditEntry.objects.filter(action="mail.stopped").count() == 1


def test_a_member_without_an_address_is_asked_in_the_app(cast):
    cast.ana.person.text.email = ""
    cast.ana.person.text.save()
    open_round(relationship=cast.borealis, now=NOW, reason="due")
    row = Outbox.objects.get(recipient_id=cast.ana.person_id)
    assert (row.state, row.reason) == ("SKIPPED", "We have no address.")
    assert Prompt.objects.get(participant=cast.ana_speaks).state == PromptState.WAITING


def sent(now=NOW):
    Outbox.objects.update(state=OutboxState.SENT, sent_at=now)


def test_one_reminder_halfway_and_never_a_second(cast):
    open_due_rounds(now=NOW)
    sent()
    assert remind(now=NOW + 6 * DAY) == 0
    assert remind(now=NOW + 7 * DAY) == 2
    assert remind(now=NOW + 8 * DAY) == 0
    assert Outbox.objects.filter(kind="reminder").count() == 2


@pytest.mark.parametrize("late", [0, 2, 6, 9])
def test_a_reminder_comes_halfway_between_the_mail_and_the_close(cast, late):
    """After a downtime the mail went out late: the reminder waits as well."""
    open_due_rounds(now=NOW)
    sent(NOW + late * DAY)
    halfway = NOW + late * DAY + (14 - late) * DAY / 2
    assert remind(now=halfway - timedelta(hours=2)) == 0
    assert remind(now=halfway) == 2


def test_one_who_was_just_sent_it_again_is_not_reminded_the_same_day(cast):
    open_due_rounds(now=NOW)
    sent()
    row = Outbox.objects.get(recipient_id=cast.bo.pk)
    again = NOW + 6 * DAY
    Outbox.objects.create(
        workspace_id=row.workspace_id, public_id=uuid.uuid4(), kind="again:1", recipient_id=row.recipient_id, subject_id=row.subject_id,
        local_day=again.date(), bundle_key="again", message_id="<again>", state=OutboxState.SENT, due_at=again, created_at=again, sent_at=again,
    )  # fmt: skip
    assert remind(now=NOW + 7 * DAY) == 1
    assert Outbox.objects.get(kind="reminder").recipient_id == cast.ana.person_id
    assert remind(now=NOW + 10 * DAY) == 1


def test_whoever_has_answered_is_not_reminded(cast):
    open_due_rounds(now=NOW)
    sent()
    seat = RoundSeat.objects.select_related("round").get(participant=cast.bo_speaks)
    answer_check(seat=seat, value=Decimal(1), assurance=Assurance.LINK, now=NOW + DAY)
    assert remind(now=NOW + 7 * DAY) == 1
    assert Outbox.objects.get(kind="reminder").recipient_id == cast.ana.person_id


def test_what_never_went_out_is_not_repeated(cast):
    open_due_rounds(now=NOW)
    Outbox.objects.update(state=OutboxState.FAILED)
    assert remind(now=NOW + 7 * DAY) == 0


def logged(cast, **fields):
    return make_event(cast.borealis, cast.ana_voice, what="Re-planned the night routes", **fields)


def ratings():
    return list(Prompt.objects.filter(kind=PromptKind.RATING).values_list("participant__person__text__name", flat=True))


def test_what_arrived_is_asked_about_after_ten_minutes_and_once(cast):
    logged(cast)
    assert sweep_prompts(now=NOW + 9 * MINUTE)["ratings"] == 0
    assert sweep_prompts(now=NOW + 11 * MINUTE)["ratings"] == 1
    assert sweep_prompts(now=NOW + 20 * MINUTE)["ratings"] == 0
    assert ratings() == ["Bo Berg"]
    assert Outbox.objects.filter(kind="rating").count() == 1


@pytest.mark.parametrize(
    "fields",
    [{"visibility": "PRIVATE"}, {"status": "PROMISED"}, {"giver": Giver.COUNTERPART}, {"on": TODAY - 40 * DAY}, {"import_source": "crm"}],
)
def test_what_is_private_promised_theirs_old_or_imported_is_not_asked_about(cast, fields):
    logged(cast, **fields)
    assert sweep_prompts(now=NOW + DAY)["ratings"] == 0


def test_what_was_taken_back_or_rated_already_is_not_asked_about(cast):
    gone, rated = logged(cast), logged(cast)
    withdraw_event(event=gone, voice=cast.ana_voice, supersedes=gone.versions.get(), now=NOW + MINUTE)
    report_got(event=rated, side=SideRole.COUNTERPART, voice=cast.bo_voice, account=Account(word=2), now=NOW + MINUTE)
    assert sweep_prompts(now=NOW + DAY)["ratings"] == 0


def test_asking_about_an_event_twice_makes_one_prompt(cast):
    event = logged(cast)
    assert len(ask_rating(event, now=NOW + DAY)) == 1
    assert ask_rating(event, now=NOW + DAY) == []


def test_a_rating_that_nobody_gave_lapses(cast):
    ask_rating(logged(cast), now=NOW)
    assert lapse(now=NOW + 13 * DAY) == 0
    assert lapse(now=NOW + 14 * DAY) == 1
    assert Prompt.objects.get(kind="RATING").state == PromptState.LAPSED


def test_one_relationship_that_breaks_does_not_hold_up_the_next(cast, monkeypatch):
    make_relationship(cast.ana, "Second", people=(add_person(workspace=cast.workspace, name="S", email="s@second.example"),))
    real = prompts.open_due_round

    def broken(*, relationship, now, of):
        if relationship.pk == cast.borealis.pk:
            raise RuntimeError("broken on purpose")
        return real(relationship=relationship, now=now, of=of)

    monkeypatch.setattr(prompts, "open_due_round", broken)
    assert open_due_rounds(now=NOW) == 1


def test_a_sweep_asks_in_every_workspace(cast):
    from tests.makers import make_member
    from valueledger.common.tenancy import within

    with within(cast.elsewhere.pk):
        make_relationship(cast.zed, "Far Away")
        make_member(cast.elsewhere, "Zoe", steward=True)
    assert open_due_rounds(now=NOW) == 2


def test_personal_and_employee_rounds_are_asked_too(cast, employee):
    friend = make_relationship(
        cast.ana, "Fay", kind=Kind.PERSONAL, people=(add_person(workspace=cast.workspace, name="Fay", email="fay@friend.example"),)
    )
    assert set(due(cast.workspace)) == {cast.borealis.pk, employee.relationship.pk, friend.pk}
    assert open_due_rounds(now=NOW) == 3
    assert not Answer.objects.exists()


def test_an_event_logged_by_hand_has_the_shape_that_the_sweep_looks_for(cast):
    """Guards the maker above: the service itself, with its defaults."""
    log_event(relationship=cast.borealis, voice=cast.ana_voice, giver=Giver.JOINT, occurred_on=TODAY, what="A workshop", now=NOW)
    assert sweep_prompts(now=NOW + 11 * MINUTE)["ratings"] == 1
