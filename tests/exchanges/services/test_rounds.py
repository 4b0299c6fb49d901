"""Both sides are asked, neither sees the other's answer before both are in, and then the balance moves."""

from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.db.models import Min

from exchanges.access import relationship_for, seat_of, visible_answers
from exchanges.models import (
    Answer,
    AnswerMark,
    Assurance,
    Evidence,
    LiveEvidence,
    Prompt,
    PromptState,
    RevealRule,
    Round,
    RoundPosting,
    RoundSeat,
    Shown,
)
from exchanges.models.snapshots import View
from exchanges.selectors.balances import balance_of
from exchanges.selectors.due import waiting_for
from exchanges.selectors.rounds import is_revealed, rounds_to_post, state_of
from exchanges.services import rounds
from exchanges.services.rounds import (
    NobodyToAsk,
    NothingToConfirm,
    RelationshipEnded,
    RoundAlreadyOpen,
    RoundAlreadyRevealed,
    RoundClosed,
    answer_check,
    ask_now,
    open_round,
    post_if_ready,
    skip_check,
    sweep_rounds,
)
from relationships.models import Participant, SideRole, Stage
from relationships.services.parties import add_person
from relationships.services.relationships import add_participant
from tests.makers import NOW, make_relationship, speaker
from valueledger.common.errors import Invalid
from valueledger.common.models import AuditEntry, Outbox

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def opened(relationship, now=NOW):
    return open_round(relationship=relationship, now=now, reason="due")


def seat(round, participant):
    return RoundSeat.objects.select_related("round").get(round=round, participant=participant)


def answer(round, participant, value=None, *, now=NOW, by=Assurance.LINK, **more):
    return answer_check(seat=seat(round, participant), value=None if value is None else Decimal(value), assurance=by, now=now, **more)


def both_answer(cast, ours=0, theirs=-1, now=NOW):
    """A whole round, answered and revealed."""
    round = opened(cast.borealis, now)
    answer(round, cast.bo_speaks, theirs, now=now)
    answer(round, cast.ana_speaks, ours, now=now + 2 * MINUTE, by=Assurance.SIGNED_IN)
    return round


def test_a_round_asks_everybody_who_speaks_for_a_side(cast):
    round = opened(cast.borealis)
    assert (round.number, round.reveal_rule, round.closes_at) == (1, RevealRule.BOTH_OR_CLOSE, NOW + 14 * DAY)
    assert set(RoundSeat.objects.values_list("side", "participant_id")) == {(0, cast.ana_speaks.pk), (1, cast.bo_speaks.pk)}
    assert set(Prompt.objects.values_list("side", "state", "kind")) == {(0, "WAITING", "CHECK"), (1, "WAITING", "CHECK")}
    assert set(Outbox.objects.values_list("recipient_id", "kind", "state")) == {
        (cast.ana.person_id, "check", "DUE"), (cast.bo.pk, "check", "DUE"),
    }  # fmt: skip


def test_somebody_who_has_left_or_does_not_speak_yet_is_not_asked(cast):
    cleo = add_person(workspace=cast.workspace, name="Cleo", email="cleo@borealis.example")
    side = cast.borealis.sides.get(role=SideRole.COUNTERPART)
    add_participant(side=side, person=cleo, from_on=(NOW + DAY).date())
    round = opened(cast.borealis)
    assert cleo.pk not in RoundSeat.objects.filter(round=round).values_list("participant__person_id", flat=True)


def test_a_relationship_has_one_open_round(cast):
    opened(cast.borealis)
    with pytest.raises(RoundAlreadyOpen):
        opened(cast.borealis, NOW + DAY)
    assert Round.objects.count() == 1


def test_without_the_lock_the_number_still_lets_only_one_round_open(cast, monkeypatch):
    """Negative control: the check in the service is patched away, and the unique key refuses."""
    opened(cast.borealis)
    monkeypatch.setattr(rounds, "open_rounds", lambda now: Round.objects.none())
    monkeypatch.setattr(rounds, "Max", lambda field: Min("number") * 0)
    with pytest.raises(RoundAlreadyOpen):
        opened(cast.borealis)
    assert Round.objects.count() == 1


def test_nobody_to_ask_is_said(cast):
    empty = make_relationship(cast.ana, "Nobody Ltd")
    Participant.objects.filter(side__relationship=empty).update(left_on=NOW.date())
    with pytest.raises(NobodyToAsk):
        opened(empty)


def test_a_relationship_that_has_ended_is_not_asked_about(cast):
    cast.borealis.stage = Stage.COMPLETED
    cast.borealis.save()
    with pytest.raises(RelationshipEnded):
        opened(cast.borealis)


def test_the_first_answer_stays_hidden_and_moves_nothing(cast):
    round = opened(cast.borealis)
    answer(round, cast.bo_speaks, -2)
    later = NOW + DAY
    assert not is_revealed(round, later)
    assert sweep_rounds(now=later)["posted"] == 0
    assert not LiveEvidence.objects.exists()
    assert not RoundPosting.objects.exists()
    balance = balance_of(cast.borealis, view=View.OWN, as_of=later.date())
    assert balance.counterpart.answered_on is None


def test_the_second_answer_at_the_desk_reveals_at_once(cast):
    both_answer(cast)
    assert RoundPosting.objects.get().outcome == "REVEALED"
    assert set(LiveEvidence.objects.values_list("side", "value_int", "view_mask")) == {(0, 0, 7), (1, -1_000_000, 7)}
    balance = balance_of(cast.borealis, view=View.SHARED, as_of=NOW.date())
    assert balance.counterpart.f == pytest.approx(-0.7)
    assert balance.own.answered_on == NOW.date()


def test_the_second_answer_through_a_link_is_revealed_a_minute_later(cast):
    round = opened(cast.borealis)
    answer(round, cast.ana_speaks, 0, by=Assurance.SIGNED_IN)
    answer(round, cast.bo_speaks, -1, now=NOW + MINUTE)
    assert not is_revealed(round, NOW + MINUTE + timedelta(seconds=59))
    assert sweep_rounds(now=NOW + MINUTE)["posted"] == 0
    assert sweep_rounds(now=NOW + 2 * MINUTE)["posted"] == 1
    assert state_of(round, NOW + 2 * MINUTE).outcome_at == NOW + 2 * MINUTE


def test_posting_twice_changes_nothing(cast):
    round = both_answer(cast)
    before = list(Evidence.objects.values_list("position", "value_int"))
    assert post_if_ready(round_id=round.pk, now=NOW + DAY) is False
    assert sweep_rounds(now=NOW + DAY)["posted"] == 0
    assert list(Evidence.objects.values_list("position", "value_int")) == before


def test_without_the_query_a_second_posting_is_still_refused(cast, monkeypatch):
    """Negative control: the round looks unposted, and the unique key stops the second posting."""
    round = both_answer(cast)
    real = rounds.state_of

    def forgetful(round, now):
        state = real(round, now)
        return type(state)(state.round, state.answers, (), state.outcome, state.outcome_at, is_posted=False)

    monkeypatch.setattr(rounds, "state_of", forgetful)
    assert post_if_ready(round_id=round.pk, now=NOW + DAY) is False
    assert RoundPosting.objects.count() == 1
    assert Evidence.objects.count() == 2


def test_an_answer_can_be_changed_until_the_reveal(cast):
    round = opened(cast.borealis)
    first = answer(round, cast.bo_speaks, -2).answer
    second = answer(round, cast.bo_speaks, -1, now=NOW + 5 * MINUTE).answer
    assert (second.supersedes_id, second.seq) == (first.pk, 2)
    answer(round, cast.ana_speaks, 0, now=NOW + 10 * MINUTE, by=Assurance.SIGNED_IN)
    assert set(LiveEvidence.objects.values_list("side", "value_int")) == {(0, 0), (1, -1_000_000)}


def test_the_same_answer_again_is_the_same_row(cast):
    round = opened(cast.borealis)
    first = answer(round, cast.bo_speaks, -2)
    again = answer(round, cast.bo_speaks, -2, now=NOW + timedelta(seconds=5))
    assert again.answer.pk == first.answer.pk
    assert again.counts
    assert Answer.objects.count() == 1


def test_answering_after_the_reveal_is_refused(cast):
    round = both_answer(cast)
    with pytest.raises(RoundAlreadyRevealed):
        answer(round, cast.bo_speaks, 3, now=NOW + 5 * MINUTE)
    assert Answer.objects.count() == 2


def test_an_unposted_reveal_refuses_as_well(cast):
    round = opened(cast.borealis)
    answer(round, cast.ana_speaks, 0, by=Assurance.SIGNED_IN)
    answer(round, cast.bo_speaks, -1)
    with pytest.raises(RoundAlreadyRevealed):
        answer(round, cast.bo_speaks, 3, now=NOW + 2 * MINUTE)


def test_answering_after_the_close_is_refused(cast):
    round = opened(cast.borealis)
    with pytest.raises(RoundClosed):
        answer(round, cast.bo_speaks, 3, now=round.closes_at)


def test_closing_with_one_answer_reveals_it(cast):
    round = opened(cast.borealis)
    answer(round, cast.bo_speaks, -3)
    sweep_rounds(now=round.closes_at)
    assert RoundPosting.objects.get().outcome == "REVEALED"
    assert list(LiveEvidence.objects.values_list("side", "value_int", "view_mask")) == [(1, -3_000_000, 7)]
    assert Prompt.objects.get(participant=cast.ana_speaks).state == PromptState.LAPSED
    assert Prompt.objects.get(participant=cast.bo_speaks).state == PromptState.ANSWERED


def test_closing_without_an_answer_posts_nothing(cast):
    round = opened(cast.borealis)
    sweep_rounds(now=round.closes_at)
    assert RoundPosting.objects.get().outcome == "CLOSED"
    assert not Evidence.objects.exists()
    assert set(Prompt.objects.values_list("state", flat=True)) == {"LAPSED"}


def test_two_different_values_through_one_link_within_a_minute_count_as_no_answer(cast):
    round = opened(cast.borealis)
    answer(round, cast.bo_speaks, 3)
    second = answer(round, cast.bo_speaks, 2, now=NOW + timedelta(seconds=59))
    assert not second.counts
    assert AnswerMark.objects.count() == 2
    assert Prompt.objects.get(participant=cast.bo_speaks).state == PromptState.WAITING
    answer(round, cast.ana_speaks, 0, now=NOW + DAY, by=Assurance.SIGNED_IN)
    assert not is_revealed(round, NOW + 2 * DAY)
    real = answer(round, cast.bo_speaks, -1, now=NOW + 2 * DAY)
    assert real.counts
    sweep_rounds(now=NOW + 3 * DAY)
    assert set(LiveEvidence.objects.values_list("side", "value_int")) == {(0, 0), (1, -1_000_000)}


def test_a_scanner_that_tries_all_seven_leaves_no_answer(cast):
    round = opened(cast.borealis)
    for step, value in enumerate((3, 2, 1, 0, -1, -2, -3)):
        answer(round, cast.bo_speaks, value, now=NOW + timedelta(seconds=step))
    assert AnswerMark.objects.count() == 7
    assert not Answer.objects.standing().exists()


def test_a_minute_later_a_changed_mind_is_a_person(cast):
    round = opened(cast.borealis)
    answer(round, cast.bo_speaks, 3)
    assert answer(round, cast.bo_speaks, 2, now=NOW + MINUTE).counts
    assert not AnswerMark.objects.exists()


def test_at_the_desk_a_quick_change_is_a_person(cast):
    round = opened(cast.borealis)
    answer(round, cast.ana_speaks, 3, by=Assurance.SIGNED_IN)
    assert answer(round, cast.ana_speaks, 2, by=Assurance.SIGNED_IN, now=NOW + timedelta(seconds=1)).counts
    assert not AnswerMark.objects.exists()


def test_still_right_confirms_what_was_shown_and_nothing_else(cast):
    both_answer(cast)
    later = NOW + 40 * DAY
    round = opened(cast.borealis, later)
    shown = Prompt.objects.get(round=round, participant=cast.bo_speaks).shown
    assert shown.view == View.COUNTERPART
    assert shown.side == SideRole.COUNTERPART
    assert shown.as_of == later.date()
    recorded = answer(round, cast.bo_speaks, confirm=True, now=later).answer
    assert (recorded.confirms_shown_id, recorded.y_micro, recorded.picture_right) == (shown.pk, None, True)
    answer(round, cast.ana_speaks, 0, now=later + DAY, by=Assurance.SIGNED_IN)
    assert LiveEvidence.objects.get(side=1, kind=3).value_int == shown.r_nano


def test_a_value_beside_still_right_is_the_evidence(cast):
    both_answer(cast)
    round = opened(cast.borealis, NOW + 40 * DAY)
    recorded = answer(round, cast.bo_speaks, 1, confirm=True, now=NOW + 40 * DAY).answer
    assert (recorded.y_micro, recorded.confirms_shown_id) == (1_000_000, None)


def test_there_is_nothing_to_confirm_at_the_first_time(cast):
    round = opened(cast.borealis)
    assert not Shown.objects.exists()
    with pytest.raises(NothingToConfirm):
        answer(round, cast.bo_speaks, confirm=True)


@pytest.mark.parametrize("value", ["4", "-3.01", "NaN", "1e308", "Infinity", "0.00001"])
def test_what_is_not_on_the_scale_is_refused(cast, value):
    round = opened(cast.borealis)
    with pytest.raises(Invalid):
        answer(round, cast.bo_speaks, value)
    assert not Answer.objects.exists()


def test_no_value_at_all_is_refused(cast):
    with pytest.raises(Invalid):
        answer(opened(cast.borealis), cast.bo_speaks)


def test_the_guess_is_kept_and_never_posted(cast):
    round = opened(cast.borealis)
    answer(round, cast.bo_speaks, 0, guess=Decimal(2), sureness="FAIRLY", sentence="It has been fine.")
    answer(round, cast.ana_speaks, 0, now=NOW + 2 * MINUTE, by=Assurance.SIGNED_IN)
    row = Answer.objects.select_related("text").get(side=1)
    assert (row.guess_micro, row.sureness, row.text.sentence) == (2_000_000, "FAIRLY", "It has been fine.")
    assert sorted(LiveEvidence.objects.values_list("value_int", flat=True)) == [0, 0]


def test_a_side_of_two_has_answered_when_both_have_or_one_steps_aside(cast):
    cleo = add_person(workspace=cast.workspace, name="Cleo", email="cleo@borealis.example")
    cleo_speaks = add_participant(side=cast.borealis.sides.get(role=SideRole.COUNTERPART), person=cleo, from_on=NOW.date())
    round = opened(cast.borealis)
    answer(round, cast.bo_speaks, -1)
    answer(round, cast.ana_speaks, 0, by=Assurance.SIGNED_IN, now=NOW + DAY)
    assert not is_revealed(round, NOW + 2 * DAY)
    skip_check(seat=seat(round, cleo_speaks), now=NOW + 2 * DAY)
    assert RoundPosting.objects.get().outcome == "REVEALED"
    assert Prompt.objects.get(participant=cleo_speaks).state == PromptState.SKIPPED


def test_the_seat_of_somebody_who_left_is_released(cast):
    cleo = add_person(workspace=cast.workspace, name="Cleo", email="cleo@borealis.example")
    cleo_speaks = add_participant(side=cast.borealis.sides.get(role=SideRole.COUNTERPART), person=cleo, from_on=NOW.date())
    round = both_answer(cast)
    assert not is_revealed(round, NOW + DAY)
    Participant.objects.filter(pk=cleo_speaks.pk).update(left_on=(NOW + DAY).date())
    assert sweep_rounds(now=NOW + DAY) == {"released": 1, "posted": 1}
    assert Prompt.objects.get(participant=cleo_speaks).state == PromptState.WITHDRAWN


def test_an_employees_answer_reaches_no_view_but_their_own(employee, cast):
    round = opened(employee.relationship)
    assert round.reveal_rule == RevealRule.BOTH
    answer(round, employee.eva_speaks, -3)
    speaks = Participant.objects.get(side__relationship=employee.relationship, side__role=SideRole.OWN)
    answer(round, speaks, 1, now=NOW + 2 * MINUTE, by=Assurance.SIGNED_IN)
    sweep_rounds(now=NOW + 3 * MINUTE)
    assert not LiveEvidence.objects.exists()  # our own number does not tell when they answered
    sweep_rounds(now=round.closes_at)
    assert set(LiveEvidence.objects.values_list("side", "value_int", "view_mask")) == {(0, 1_000_000, 7), (1, -3_000_000, 4)}
    assert not AuditEntry.objects.filter(action="round.revealed").exists()


def test_a_round_with_an_employee_never_reveals_one_side_alone(employee, cast):
    round = opened(employee.relationship)
    answer(round, employee.eva_speaks, -3)
    sweep_rounds(now=round.closes_at)
    assert RoundPosting.objects.get().outcome == "CLOSED"
    assert list(LiveEvidence.objects.values_list("side", "view_mask")) == [(1, 4)]


def test_under_a_clients_rule_an_employees_answer_would_be_revealed_alone(employee, cast, monkeypatch):
    """Negative control: it is the rule frozen on the round that keeps it."""
    monkeypatch.setattr("exchanges.services.rounds.RevealRule", SimpleNamespace(BOTH=RevealRule.BOTH_OR_CLOSE))
    round = opened(employee.relationship)
    answer(round, employee.eva_speaks, -3)
    sweep_rounds(now=round.closes_at)
    assert RoundPosting.objects.get().outcome == "REVEALED"


def test_what_waits_for_a_member_is_its_own_and_shows_what_it_said(cast):
    round = opened(cast.borealis)
    [waiting] = waiting_for(cast.ana, NOW)
    assert (waiting.counterpart_name, waiting.answer_points, waiting.shown_points) == ("Borealis", None, None)
    assert waiting_for(cast.amir, NOW) == [] == waiting_for(cast.oda, NOW)
    answer(round, cast.ana_speaks, 1, by=Assurance.SIGNED_IN)
    [waiting] = waiting_for(cast.ana, NOW)
    assert waiting.answer_points == 1.0
    answer(round, cast.bo_speaks, 1)
    assert len(waiting_for(cast.ana, NOW)) == 1
    assert waiting_for(cast.ana, NOW + 2 * MINUTE) == []


def test_the_steward_asks_now(cast):
    round = ask_now(relationship_for(cast.ana, cast.borealis.public_id), NOW)
    assert set(Prompt.objects.values_list("reason", flat=True)) == {"asked"}
    assert AuditEntry.objects.get(action="round.opened").actor_id == cast.ana.user_id
    assert seat_of(Prompt.objects.get(participant=cast.bo_speaks)).round_id == round.pk


def test_rounds_to_post_finds_what_state_of_says(cast, employee):
    """The query that finds rounds and the function that judges one agree, at every moment of a round."""
    round = opened(cast.borealis)
    private = opened(employee.relationship)
    answer(round, cast.ana_speaks, 1, by=Assurance.SIGNED_IN)
    answer(round, cast.bo_speaks, 1, now=NOW + MINUTE)
    answer(private, employee.eva_speaks, 1)
    answer(private, speaker(employee.relationship, SideRole.OWN), 1, by=Assurance.SIGNED_IN)
    for after in (0 * MINUTE, MINUTE, 2 * MINUTE, DAY, 14 * DAY):
        found = {pk for _, pk in rounds_to_post(NOW + after, 10)}
        assert found == {row.pk for row in (round, private) if state_of(row, NOW + after).outcome is not None}


@pytest.mark.parametrize("answers", [True, False])
def test_after_the_close_our_own_number_does_not_tell_whether_an_employee_answered(employee, cast, answers):
    round = opened(employee.relationship)
    answer(round, speaker(employee.relationship, SideRole.OWN), 1, by=Assurance.SIGNED_IN)
    if answers:
        answer(round, employee.eva_speaks, -3)
    sweep_rounds(now=round.closes_at)
    live = LiveEvidence.objects.filter(side=SideRole.OWN).values_list("value_int", "view_mask")
    assert [(value, mask & 3) for value, mask in live] == [(1_000_000, 3)]
    for view in (View.OWN, View.SHARED):
        seen = visible_answers(Answer.objects.all(), view, employee.relationship.kind)
        assert list(seen.values_list("side", flat=True)) == [SideRole.OWN]
