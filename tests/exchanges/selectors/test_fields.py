"""The four fields of a gap: exactly at the edges, for whoever reads, and never where something is missing."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchanges.selectors.fields import Compared, Field, Found, Told, compare, side_by_side
from exchanges.wording.openings import BY_KIND, SAYS, TITLES, Opening
from relationships.models import SideRole

OWN, COUNTERPART = SideRole.OWN, SideRole.COUNTERPART


def told(number: str | None, guess: str | None = None) -> Told:
    return Told(None if number is None else Fraction(number), None if guess is None else Fraction(guess))


@pytest.mark.parametrize(
    ("own", "theirs", "fields"),
    [
        (told("0", "0"), told("0", "0"), [(Field.STRENGTH, None)]),
        (told("3", "-0.75"), told("-0.75", "2"), [(Field.STRENGTH, None)]),  # fair to its very edge, a guess off by exactly a point
        (told("-0.76", "-1"), told("-1", "-0.76"), [(Field.WEAKNESS, None)]),
        (told("-3", "-2"), told("-3", "-2"), [(Field.WEAKNESS, None)]),
        (told("0", "0"), told("-1.01", "0"), [(Field.BLIND_SPOT, OWN)]),
        (told("0", "0"), told("1.01", "0"), [(Field.UNSEEN_VALUE, OWN)]),
        (told("-2", "0"), told("0", "0"), [(Field.BLIND_SPOT, COUNTERPART)]),
        (told("2", "0"), told("0", "0"), [(Field.UNSEEN_VALUE, COUNTERPART)]),
        (told("-2", "2"), told("-2", "2"), [(Field.BLIND_SPOT, OWN), (Field.BLIND_SPOT, COUNTERPART)]),
        (told("0", None), told("-2", "0"), []),  # only they guessed, and knew
        (told("-2", None), told("-2", "1"), [(Field.BLIND_SPOT, COUNTERPART)]),  # one guess is enough to have missed
        (told("0", "-2"), told("-2", "0"), []),  # not alike, and both knew
        (told("0"), told("0"), []),
        (told(None), told("-3", "3"), []),
        (told("0", "3"), told(None), []),
    ],
)
def test_the_fields_that_hold(own, theirs, fields):
    assert [(found.field, found.guesser) for found in compare(own, theirs).found] == fields


NUMBERS = st.none() | st.integers(-12, 12).map(lambda quarter: Fraction(quarter, 4))


@given(st.builds(Told, NUMBERS, NUMBERS), st.builds(Told, NUMBERS, NUMBERS))
def test_both_sides_are_told_the_same(own, theirs):
    """Seen from the other side, each field is the same one with its guesser turned around."""
    turned = {(found.field, None if found.guesser is None else 1 - found.guesser) for found in compare(theirs, own).found}
    assert {(found.field, found.guesser) for found in compare(own, theirs).found} == turned


@given(
    st.builds(Told, NUMBERS, NUMBERS), st.builds(Told, NUMBERS, NUMBERS), st.sampled_from(["CLIENT", "EMPLOYEE", "PERSONAL"]), st.sampled_from([0, 1])
)
def test_there_is_always_something_whole_to_say(own, theirs, kind, reader):
    said = side_by_side(compare(own, theirs), reader=reader, kind=kind, other="Borealis")
    assert said.opening.endswith(("?", "."))
    assert bool(said.lines) != bool(said.nothing)
    assert all("{" not in line.says + line.title for line in said.lines)


def test_without_guesses_it_says_that_nothing_can_be_compared():
    said = side_by_side(compare(told("0"), told("-2")), reader=OWN, kind="CLIENT", other="Borealis", person="we")
    assert said.lines == ()
    assert said.nothing == "Nobody guessed what the other would answer, so nothing can be compared."
    assert said.opening == "You told us that you give more than you get. Where do you notice it most?"


def test_what_i_did_not_see_comes_first():
    compared = Compared((told("-2", "2"), told("-2", "2")), (Found(Field.BLIND_SPOT, COUNTERPART), Found(Field.BLIND_SPOT, OWN)))
    said = side_by_side(compared, reader=COUNTERPART, kind="PERSONAL", other="Ana")
    assert [line.says for line in said.lines] == ["Ana gets less out of it than you thought.", "You get less out of it than Ana thought."]
    assert said.opening == "I thought that you were happier with this than you are. What did I miss?"


def test_every_kind_has_every_sentence_and_no_two_are_the_same_thing_twice():
    assert set(BY_KIND) == {"client", "employee", "personal"}
    for sentences in BY_KIND.values():
        assert set(sentences) == set(Opening)
        assert len({str(sentence) for sentence in sentences.values()}) == len(Opening)
    assert set(SAYS) == set(TITLES)
