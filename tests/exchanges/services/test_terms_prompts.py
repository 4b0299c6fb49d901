"""What matters is asked of the other side rarely, and only who speaks for it says it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from exchanges.models import Assurance, Prompt, PromptKind, PromptState, RoundSeat
from exchanges.services.prompts import stop_mails
from exchanges.services.relationships import set_terms
from exchanges.services.rounds import RoundClosed, answer_check, open_round, sweep_rounds
from exchanges.services.terms_prompts import BY_A_COLLEAGUE, LASTS, Matter, ask_due_terms, ask_side, ask_terms, say_terms
from relationships.models import Participant, Relationship, Side, SideRole, Stage, TermsItem, TermsVersion, ValueKind
from relationships.services.parties import add_person
from relationships.services.relationships import add_participant
from relationships.services.terms import TermsLine, add_own_kind
from tests.makers import NOW, TODAY
from valueledger.common.errors import Invalid
from valueledger.common.models import AuditEntry, Outbox
from valueledger.common.models.outbox import OutboxState

DAY, YEAR = timedelta(days=1), timedelta(days=365)
LINES = [Matter("Less stress", 6, words="No calls at night", unit="quiet evenings", rate=Decimal(2)), Matter("On time", 4)]


def ask(cast, now=NOW):
    return ask_terms(participant=cast.bo_speaks, now=now, reason="asked")


def theirs(relationship):
    return TermsVersion.objects.filter(side__relationship=relationship, side__role=SideRole.COUNTERPART)


def said_on(cast, on):
    side = Side.objects.select_related("relationship").get(relationship=cast.borealis, role=SideRole.COUNTERPART)
    lines = [TermsLine(add_own_kind(side=side, name="Calm"), 10)]
    set_terms(side=side, author=cast.bo_speaks, lines=lines, effective_on=on.date(), now=on)


def answered_check(cast, now=NOW, *, close=True, relationship=None, participant=None):
    round = open_round(relationship=relationship or cast.borealis, now=now, reason="due")
    seat = RoundSeat.objects.select_related("round").get(round=round, participant=participant or cast.bo_speaks)
    answer_check(seat=seat, value=Decimal(0), assurance=Assurance.SIGNED_IN, now=now)
    if close:
        sweep_rounds(now=round.closes_at)


def test_asking_makes_one_question_and_one_mail_a_half_year(cast):
    prompt = ask(cast)
    assert (prompt.kind, prompt.subject_key, prompt.side, prompt.closes_at) == (PromptKind.TERMS, "terms:2026-H1", 1, NOW + LASTS)
    assert Outbox.objects.get().kind == "terms"
    assert ask(cast, NOW + DAY) is None
    assert (Prompt.objects.count(), Outbox.objects.count()) == (1, 1)
    assert ask(cast, datetime(2026, 7, 2, 9, tzinfo=UTC)).subject_key == "terms:2026-H2"


def test_nobody_is_asked_who_cannot_be_or_whose_relationship_is_over(cast):
    stop_mails(person=cast.bo, now=NOW)
    cast.bo_speaks.refresh_from_db()
    assert ask_terms(participant=Participant.objects.select_related("side", "person").get(pk=cast.bo_speaks.pk), now=NOW, reason="asked") is None
    assert not Prompt.objects.exists()


@pytest.mark.parametrize("what", ["ended", "left"])
def test_an_ended_relationship_and_a_person_who_left_are_not_asked(cast, what):
    if what == "ended":
        Relationship.objects.filter(pk=cast.borealis.pk).update(stage=Stage.ENDED)
    else:
        Participant.objects.filter(pk=cast.bo_speaks.pk).update(left_on=TODAY)
    assert ask_side(relationship_id=cast.borealis.pk, side=1, now=NOW, reason="asked") == []


def test_by_itself_a_side_is_asked_that_answered_and_never_said(cast):
    assert ask_due_terms(now=NOW) == 0
    answered_check(cast)
    later = NOW + 15 * DAY
    assert ask_due_terms(now=later) == 1
    assert Prompt.objects.get(kind=PromptKind.TERMS).reason == "due"
    assert [ask_due_terms(now=later + wait) for wait in (DAY, 30 * DAY, 179 * DAY)] == [0, 0, 0]
    assert ask_due_terms(now=later + 181 * DAY) == 1


def test_that_somebody_is_asked_does_not_tell_of_an_answer_before_its_round_is_over(cast):
    answered_check(cast, close=False)
    assert ask_due_terms(now=NOW + DAY) == 0


def test_what_was_said_within_a_year_is_left_alone(cast):
    said_on(cast, NOW)
    assert ask_due_terms(now=NOW + YEAR - DAY) == 0
    assert ask_due_terms(now=NOW + YEAR) == 1


def test_whoever_may_not_be_asked_waits_or_a_colleague_is_asked(cast):
    answered_check(cast)
    later = NOW + 15 * DAY
    seen = []

    def nobody(person_id):
        seen.append(person_id)
        return False

    assert ask_due_terms(now=later, may_ask=nobody) == 0
    assert seen == [cast.bo.pk]
    colleague = add_person(workspace=cast.workspace, name="Brit", email="brit@borealis.example")
    add_participant(side=cast.bo_speaks.side, person=colleague, from_on=TODAY)
    assert ask_due_terms(now=later, may_ask=lambda person_id: person_id != cast.bo.pk) == 1
    assert Prompt.objects.get(kind=PromptKind.TERMS).participant.person_id == colleague.pk


def test_whoever_answered_last_is_asked_and_nobody_else(cast):
    colleague = add_person(workspace=cast.workspace, name="Brit", email="brit@borealis.example")
    brit = add_participant(side=cast.bo_speaks.side, person=colleague, from_on=TODAY)
    answered_check(cast, participant=brit)
    assert ask_due_terms(now=NOW + 15 * DAY) == 1
    assert Prompt.objects.get(kind=PromptKind.TERMS).participant_id == brit.pk


def test_a_limit_is_kept_and_our_own_side_is_not_asked_by_mail(cast):
    said_on(cast, NOW)
    assert ask_due_terms(now=NOW + YEAR, limit=0) == 0
    ask_due_terms(now=NOW + YEAR)
    assert set(Prompt.objects.filter(kind=PromptKind.TERMS).values_list("side", flat=True)) == {1}


def test_saying_it_writes_a_version_of_that_side_by_that_person(cast):
    prompt = ask(cast)
    say_terms(prompt=prompt, lines=LINES, now=NOW)
    version = theirs(cast.borealis).get()
    assert (version.author_id, version.effective_on) == (cast.bo_speaks.pk, TODAY)
    items = TermsItem.objects.filter(version=version).select_related("value_kind", "unit", "text").order_by("id")
    assert [(row.value_kind.name, row.weight, row.value_kind.side_id) for row in items] == [
        ("Less stress", 6, cast.bo_speaks.side_id), ("On time", 4, cast.bo_speaks.side_id)
    ]  # fmt: skip
    assert (items[0].text.words, items[0].unit.name, items[0].points_per_unit) == ("No calls at night", "quiet evenings", Decimal(2))
    prompt.refresh_from_db()
    assert prompt.state == PromptState.ANSWERED
    assert AuditEntry.objects.filter(action="terms.set", actor_id=cast.bo.pk).count() == 1


def test_the_same_again_is_the_same_version_and_another_word_is_a_new_one(cast):
    prompt = ask(cast)
    first = say_terms(prompt=prompt, lines=LINES, now=NOW)
    assert say_terms(prompt=prompt, lines=list(reversed(LINES)), now=NOW + DAY).pk == first.pk
    assert say_terms(prompt=prompt, lines=[Matter("Less stress", 10)], now=NOW + DAY).seq == 2
    assert theirs(cast.borealis).count() == 2


def test_confirming_what_was_said_long_ago_dates_it_anew(cast):
    said_on(cast, NOW - YEAR)
    say_terms(prompt=ask(cast), lines=[Matter("Calm", 10)], now=NOW)
    assert theirs(cast.borealis).count() == 2
    assert ask_due_terms(now=NOW + 200 * DAY) == 0


def test_it_is_taken_to_the_last_second_and_not_after(cast):
    prompt = ask(cast)
    second = timedelta(seconds=1)
    say_terms(prompt=prompt, lines=LINES, now=prompt.closes_at - second)
    with pytest.raises(RoundClosed):
        say_terms(prompt=prompt, lines=[Matter("Late", 10)], now=prompt.closes_at + second)
    assert theirs(cast.borealis).count() == 1


def test_what_cannot_be_taken_leaves_nothing_behind(cast):
    prompt = ask(cast)
    kinds = ValueKind.objects.count()
    with pytest.raises(Invalid):
        say_terms(prompt=prompt, lines=[Matter("Less stress", 6)], now=NOW)
    assert (ValueKind.objects.count(), theirs(cast.borealis).count()) == (kinds, 0)


def test_once_it_is_said_colleagues_are_not_asked_any_more(cast):
    colleague = add_person(workspace=cast.workspace, name="Brit", email="brit@borealis.example")
    add_participant(side=cast.bo_speaks.side, person=colleague, from_on=TODAY)
    bos, brits = ask_side(relationship_id=cast.borealis.pk, side=1, now=NOW, reason="asked")
    say_terms(prompt=bos, lines=LINES, now=NOW)
    brits.refresh_from_db()
    assert (brits.state, brits.reason) == (PromptState.SKIPPED, BY_A_COLLEAGUE)
    say_terms(prompt=brits, lines=[Matter("Fairness", 10)], now=NOW + DAY)  # but may say it still
    assert theirs(cast.borealis).order_by("-seq")[0].author.person_id == colleague.pk


def test_the_mail_goes_out_with_one_link_and_the_way_to_be_asked_less(cast):
    from django.core import mail

    from exchanges.services.sending import send_due

    ask(cast)
    send_due(now=NOW)
    [message] = mail.outbox
    assert message.subject == "Bo, what matters to you with Acme?"
    assert Outbox.objects.get().state == OutboxState.SENT
    for body in (message.body, message.alternatives[0][0]):
        assert "What matters to you with Acme?" in body
        assert "/?less" in body
        assert "will see this with your name" in body
    assert "about 3 minutes" in message.alternatives[0][0]
