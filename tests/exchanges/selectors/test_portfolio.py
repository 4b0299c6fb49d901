"""The portfolio's numbers: one pass over the stored states, and every count the same as counting by hand."""

import random
from collections import Counter
from datetime import date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from exchanges.access import led_cards_for
from exchanges.models import Answer, BalanceState, Card, Round, RoundPosting, RoundSeat, Snapshot, View
from exchanges.selectors.balances import METHOD, balance_of, fold_rows, pack_prior, unpack
from exchanges.selectors.group_figures import employees_of, last_quarter
from exchanges.selectors.portfolio import (
    OUTSIDE,
    SHARES,
    Portfolio,
    PortfolioFilter,
    attention_of,
    first_places,
    list_of,
    marks_of,
    off_map,
    portfolio_of,
    weeks_of,
)  # fmt: skip
from exchanges.selectors.portfolio_groups import groups_of
from exchanges.selectors.statements import day_number
from exchanges.services.cards import duration, write_cards
from exchanges.wording import share_of
from relationships.models import Kind, Member, Relationship, SideRole, Stage
from relationships.services.parties import add_person
from relationships.services.relationships import set_stage
from tests.cast import Cast
from tests.makers import NOW, TODAY, make_member, make_relationship, speaker
from valueledger.common.tenancy import within

CHECK = 4


def say(relationship: Relationship, own: list[tuple[int, float]], counterpart: list[tuple[int, float]]) -> None:
    """Store the state of a relationship in which each side gave these answers, (days ago, points)."""
    rows = [(side, day_number(TODAY) - ago, CHECK, round(y * 1_000_000), False) for side, said in ((0, own), (1, counterpart)) for ago, y in said]
    _, after, _ = fold_rows(rows, unpack(pack_prior()))
    BalanceState.objects.filter(relationship=relationship, view=View.SHARED).update(after=b"".join(after.pack()), method=METHOD)
    write_cards(relationship=relationship, now=NOW)


def many(cast: Cast, count: int) -> list[Relationship]:
    """Relationships of all sorts: fair, leaning, silent, half heard, never asked. The seed is fixed."""
    dice = random.Random(7)
    stewards = [cast.ana, cast.amir]
    made = []
    for number in range(count):
        relationship = make_relationship(stewards[number % 2], f"Client {number}", intent_own=("", "LONG_TERM", "SEASONAL")[number % 3])
        mean = dice.choice((-2, -1, 0, 0, 0, 1, 2)), dice.choice((-2, 0, 0, 0, 1, 2))
        own, theirs = ([(ago, y) for ago in dice.choice(((), (20,), (300, 200, 110, 20), (400, 380)))] for y in mean)
        say(relationship, own, theirs)
        made.append(relationship)
    return made


EVERYTHING = PortfolioFilter()
IN_MAY = NOW.replace(month=5)


def whole(cast: Cast, wanted: PortfolioFilter = EVERYTHING) -> Portfolio:
    found = portfolio_of(led_cards_for(cast.lea), wanted, today=TODAY)
    return found.narrowed(found.matching(wanted))


def test_counts_agree_with_one_balance_at_a_time(cast: Cast) -> None:
    made = [*many(cast, 40), cast.borealis]
    portfolio = whole(cast)
    one_by_one = Counter(share_of(balance_of(relationship, view=View.SHARED, as_of=TODAY).verdict) for relationship in made)
    counts = portfolio.counts()
    assert {name: getattr(counts, name) for name in SHARES} == {name: one_by_one[name] for name in SHARES}
    assert counts.total == len(made) == 41
    assert len(one_by_one) > 3  # the sample has something to tell apart


def test_counts_agree_with_the_list_page_by_page(cast: Cast) -> None:
    many(cast, 40)
    portfolio = whole(cast)
    seen, after = [], ""
    while True:
        page = list_of(portfolio, after, size=7)
        seen += page.rows
        if page.next_after is None:
            break
        after = str(page.next_after)
    assert len({row.held.public_id for row in seen}) == len(seen) == len(portfolio)
    assert Counter(share_of(row.verdict) for row in seen) == Counter({k: v for k in SHARES if (v := getattr(portfolio.counts(), k))})


@pytest.mark.parametrize("verdict", [*SHARES, OUTSIDE])
@pytest.mark.parametrize("confirmed", ["", "yes", "no"])
def test_a_filter_leaves_what_its_count_said(cast: Cast, verdict: str, confirmed: str) -> None:
    many(cast, 30)
    all_of_them = whole(cast, PortfolioFilter(confirmed=confirmed))
    counts = all_of_them.counts()
    expected = counts.total - counts.fair if verdict == OUTSIDE else getattr(counts, verdict)
    chosen = whole(cast, PortfolioFilter(verdict=verdict, confirmed=confirmed))
    assert len(chosen) == expected == chosen.counts().total
    assert list_of(chosen, "").total == expected


def test_filters_by_steward_and_form_narrow_in_the_database(cast: Cast) -> None:
    many(cast, 12)
    anas = whole(cast, PortfolioFilter(steward=str(cast.ana.public_id)))
    assert {one.steward_id for one in anas.held} == {cast.ana.pk}
    assert len(anas) == 7  # six, and Borealis
    assert {one.intent for one in whole(cast, PortfolioFilter(intent="SEASONAL")).held} == {"SEASONAL"}


def test_the_numbers_of_a_row_are_those_of_its_balance(cast: Cast) -> None:
    many(cast, 10)
    portfolio = whole(cast)
    for place, held in enumerate(portfolio.held):
        balance = balance_of(Relationship.objects.get(pk=held.relationship_id), view=View.SHARED, as_of=TODAY)
        they, we = portfolio.readings(place)
        assert portfolio.verdict(place) == balance.verdict
        assert (they.heard, we.heard) == (balance.counterpart.heard, balance.own.heard)
        if they.f is not None:
            assert they.f == pytest.approx(balance.counterpart.f)
            assert they.lo == pytest.approx(balance.counterpart.lo)
        assert (we.f is None) == (balance.own.answered_on is None)
        days = duration(held.outside_since, TODAY)
        assert portfolio.severity[place] == pytest.approx(balance.expected_excess * days)


def test_the_number_of_queries_does_not_grow(cast: Cast) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            portfolio = whole(cast)
            weeks_of(led_cards_for(cast.lea), portfolio, weeks=26, now=NOW)
        return len(caught)

    few = queries()
    many(cast, 15)
    assert queries() == few == 4


def test_only_clients_that_are_going_on_are_in_it(cast: Cast) -> None:
    make_relationship(cast.ana, "Eva Holm", kind=Kind.EMPLOYEE)
    make_relationship(cast.ana, "A friend", kind=Kind.PERSONAL)
    ended = make_relationship(cast.ana, "Ended well")
    set_stage(relationship=ended, stage=Stage.COMPLETED, today=TODAY)
    write_cards(relationship=ended, now=NOW, fresh=True)
    assert [one.name for one in whole(cast).held] == ["Borealis"]


def test_nothing_private_to_our_side_reaches_it(cast: Cast) -> None:
    say(cast.borealis, [(20, 0)], [(20, 0)])
    shared = BalanceState.objects.get(relationship=cast.borealis, view=View.SHARED)
    rows = [(0, day_number(TODAY) - 20, CHECK, -3_000_000, False)]
    _, after, _ = fold_rows(rows, unpack(pack_prior()))
    BalanceState.objects.create(
        workspace=cast.workspace,
        relationship=cast.borealis,
        view=View.OWN,
        position=1,
        method=METHOD,
        before=shared.before,
        after=b"".join(after.pack()),
    )
    assert whole(cast).points(True)[0] == pytest.approx(0.0, abs=1e-12)


def test_what_nobody_answered_is_counted_and_not_drawn(cast: Cast) -> None:
    both, they_only, we_only = (make_relationship(cast.ana, name) for name in ("Both", "They", "We"))
    say(both, [(20, 1)], [(20, 1)])
    say(they_only, [], [(20, 1)])
    say(we_only, [(20, 1)], [])
    portfolio = whole(cast)
    assert [mark.name for mark in marks_of(portfolio, [], url="/r/{id}/", with_titles=True)] == ["Both"]
    off = off_map(portfolio)
    assert (off.nobody, off.they_only, off.we_only, off.total) == (1, 1, 1, 3)


def test_the_worst_comes_first_and_the_last_place_is_for_what_is_not_known(cast: Cast) -> None:
    for number in range(7):
        leaning = make_relationship(cast.ana, f"Leaning {number}")
        say(leaning, [(200, 0), (110, 0), (20, 0)], [(200, -2), (110, -2), (20, -2 - number / 10)])
    silent = make_relationship(cast.ana, "Fell silent")
    say(silent, [(500, 0)], [(500, 0)])
    portfolio = whole(cast)
    first = attention_of(portfolio, first_places(portfolio), {}, today=TODAY)
    assert [item.rank for item in first] == [1, 2, 3, 4, 5, 6]
    assert [item.held.name for item in first] == ["Leaning 6", "Leaning 5", "Leaning 4", "Leaning 3", "Leaning 2", "Fell silent"]
    assert first[0].step.action == "learn"
    assert "so we do not know" in first[5].reason


def test_a_gap_is_named_where_several_are_open(cast: Cast) -> None:
    say(cast.borealis, [(110, 0), (20, 0)], [(110, -2), (20, -2)])
    portfolio = whole(cast)
    plain, gapped = (attention_of(portfolio, [0], gaps, today=TODAY)[0] for gaps in ({}, {cast.borealis.pk: 3}))
    assert (plain.chip.label, gapped.chip.label) == ("They give more", "Perception gap")
    assert gapped.step.action == "clarify"


def test_small_groups_are_folded(cast: Cast) -> None:
    for number in range(5):
        say(make_relationship(cast.amir, f"Amir's {number}"), [(20, 0)], [(20, number - 2)])
    groups = groups_of(whole(cast), "steward", band=0.75, nobody="nobody", others="others")
    assert [(group.label, group.count, group.value) for group in groups] == [("Amir", 5, str(cast.amir.public_id)), ("others", 1, "")]
    assert groups[0].they is not None
    assert groups[0].they.f == pytest.approx(0.0, abs=1e-9)
    assert groups[1].they is None  # of one, the middle would be its own answer


def snapshot(relationship: Relationship, known_at: datetime, verdict: str, as_of: date | None = None) -> None:
    Snapshot.objects.create(
        workspace_id=relationship.workspace_id, relationship=relationship, view=View.SHARED, as_of=as_of or known_at.date(), known_at=known_at, position=1,
        method=METHOD, r_own=0, sd_own=0.1, r_counterpart=0, sd_counterpart=0.1, verdict=verdict, probability=0.5, heard_own=True, heard_counterpart=True,
        is_spiral=False,
    )  # fmt: skip


def test_weeks_say_what_was_said_then(cast: Cast) -> None:
    snapshot(cast.borealis, NOW - timedelta(days=400), "balanced")
    snapshot(cast.borealis, NOW - timedelta(days=100), "own_feels_short")
    snapshot(cast.borealis, NOW - timedelta(days=3), "balanced", as_of=TODAY - timedelta(days=90))  # said later of an earlier day
    portfolio = whole(cast)
    weeks = weeks_of(led_cards_for(cast.lea), portfolio, weeks=26, now=NOW)
    assert len(weeks) == 26
    assert [week.fair for week in weeks[:11]] == [1] * 11  # the snapshot before the window still stood
    assert [week.we for week in weeks[11:25]] == [1] * 14  # nothing was known of the later one
    assert (weeks[25].open, weeks[25].on) == (1, TODAY)  # today is computed, not remembered


def test_before_anything_was_said_a_week_has_no_column(cast: Cast) -> None:
    weeks = weeks_of(led_cards_for(cast.lea), whole(cast), weeks=13, now=NOW)
    assert [week.total for week in weeks] == [0] * 12 + [1]


# Employees as a group


def employees(cast: Cast, answers: list[int | None], *, posted: date = date(2026, 2, 10)) -> list[Relationship]:
    """Employees whose round was revealed on that day; None: no answer."""
    made = []
    for number, y in enumerate(answers):
        person = add_person(workspace=cast.workspace, name=f"Worker {number}", email=f"worker{number}-{posted}@acme.example")
        relationship = make_relationship(cast.ana, f"Worker {number}", kind=Kind.EMPLOYEE, people=(person,))
        made.append(relationship)
        if y is not None:
            answer(relationship, y, posted)
    return made


def answer(relationship: Relationship, y: int, posted: date, number: int = 1, outcome: str = "REVEALED") -> None:
    at = NOW.replace(year=posted.year, month=posted.month, day=posted.day)
    common = {"workspace_id": relationship.workspace_id}
    asked = Round.objects.create(
        relationship=relationship, number=number, opens_at=at - timedelta(days=3), closes_at=at + timedelta(days=11), reveal_rule="BOTH", **common
    )
    participant = speaker(relationship)
    seat = RoundSeat.objects.create(round=asked, participant=participant, side=SideRole.COUNTERPART, **common)
    Answer.objects.create(
        relationship=relationship, round=asked, seat=seat, side=SideRole.COUNTERPART, participant=participant, seq=1, first_hand=True,
        y_micro=y * 1_000_000, answered_on=posted, answered_at=at, assurance="LINK", recorded_at=at, **common,
    )  # fmt: skip
    RoundPosting.objects.create(round=asked, outcome=outcome, revealed_at=at, posted_at=at, **common)


def figure(member: Member, now: datetime = IN_MAY) -> object:
    return employees_of(member, now=now)


def test_five_employees_make_a_figure_and_four_do_not(cast: Cast) -> None:
    employees(cast, [1, 1, 0, -1])
    assert figure(cast.lea).is_hidden
    employees(cast, [2])
    shown = figure(cast.lea)
    assert (shown.mean, shown.raters, shown.relationships) == (0.6, 5, 5)
    assert shown.half > 0


def test_the_reader_is_not_counted(cast: Cast) -> None:
    made = employees(cast, [1, 1, 0, -1, 2])
    reader = make_member(cast.workspace, "Rita", leader=True)
    reader.person = speaker(made[0]).person
    reader.save(update_fields=["person"])
    assert figure(reader).is_hidden
    assert not figure(cast.lea).is_hidden


def test_one_person_is_one_rater_however_often_it_answers(cast: Cast) -> None:
    made = employees(cast, [1, 1, 0, -1])
    answer(made[0], 2, date(2026, 3, 20), number=2)
    assert figure(cast.lea).is_hidden


def test_blind_and_later_answers_are_in_no_figure(cast: Cast) -> None:
    made = employees(cast, [1, 1, 0, -1, None, None])
    answer(made[4], 1, date(2026, 2, 12), outcome="CLOSED")
    answer(made[5], 1, date(2026, 4, 2))  # the next quarter's
    assert figure(cast.lea).is_hidden
    answer(made[4], 1, date(2026, 2, 14), number=2)  # the control: one more that counts
    assert figure(cast.lea).raters == 5


def test_a_published_quarter_stays_what_it_was(cast: Cast) -> None:
    made = employees(cast, [1, 1, 0, -1, 2])
    before = figure(cast.lea)
    old = Answer.objects.get(relationship=made[0])
    Answer.objects.create(
        workspace=cast.workspace, relationship=made[0], round=old.round, seat=old.seat, side=old.side, participant=old.participant, seq=2, supersedes=old,
        is_withdrawal=True, first_hand=True, answered_on=TODAY, answered_at=NOW, assurance="LINK", recorded_at=IN_MAY,
    )  # fmt: skip
    assert figure(cast.lea) == before


def test_where_nobody_is_employed_there_is_no_figure(cast: Cast) -> None:
    assert figure(cast.lea) is None


@pytest.mark.parametrize(
    ("today", "first", "last"),
    [
        (date(2026, 1, 1), date(2025, 10, 1), date(2025, 12, 31)),
        (date(2026, 3, 31), date(2025, 10, 1), date(2025, 12, 31)),
        (date(2026, 4, 1), date(2026, 1, 1), date(2026, 3, 31)),
        (date(2026, 12, 31), date(2026, 7, 1), date(2026, 9, 30)),
    ],
)
def test_only_a_quarter_that_has_ended_is_told(today: date, first: date, last: date) -> None:
    assert last_quarter(today)[:2] == (first, last)


def test_another_workspace_is_not_counted(cast: Cast) -> None:
    employees(cast, [1, 1, 0, -1, 2])
    with within(cast.elsewhere.pk):
        assert employees_of(cast.zed, now=NOW) is None
        assert len(portfolio_of(led_cards_for(cast.zed), PortfolioFilter(), today=TODAY)) == 0


def test_where_our_side_differs_a_relationship_is_named_by_both(cast: Cast) -> None:
    assert whole(cast).label(0) == "Borealis"
    twin = make_relationship(cast.ana, "Borealis")
    Card.objects.filter(relationship=twin).update(own_name="Acme North")
    assert {whole(cast).label(place) for place in (0, 1)} == {"Borealis and Acme", "Borealis and Acme North"}
