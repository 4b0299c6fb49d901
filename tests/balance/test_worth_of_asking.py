"""What a question is worth ranks questions; it never makes one due."""

import math

import numpy as np

from exchanges.balance import DEFAULTS, bits_of_answer, chance_of_answer, worth_of_asking
from exchanges.balance.arithmetic import MANY, ONE


def test_an_answer_tells_as_many_bits_as_the_due_rule_counts() -> None:
    assert math.isclose(bits_of_answer(ONE, DEFAULTS.variance_to_ask), DEFAULTS.ask_bits)
    np.testing.assert_allclose(bits_of_answer(MANY, np.array([0.0, DEFAULTS.variance_to_ask])), [0.0, DEFAULTS.ask_bits])


def test_somebody_new_is_expected_to_answer_and_silence_lowers_it() -> None:
    chances = [chance_of_answer(asked, 0) for asked in range(6)]
    assert math.isclose(chances[0], 2 / 3)
    assert chances == sorted(chances, reverse=True)
    assert chance_of_answer(6, 6) > chance_of_answer(0, 0) > chance_of_answer(6, 1)


def test_a_question_is_worth_less_where_the_other_side_says_nothing_and_more_where_it_is_unclear() -> None:
    bits, chance = 0.6, 0.5
    plain = worth_of_asking(bits, chance, 0.2, True, False)
    assert math.isclose(plain, 0.3)
    assert math.isclose(worth_of_asking(bits, chance, 0.2, False, False), 0.06)
    assert worth_of_asking(bits, chance, 0.2, True, True) > plain
    many = worth_of_asking(
        np.array([bits, bits]), np.array([chance, chance]), np.array([0.2, 0.2]), np.array([True, False]), np.array([False, False])
    )
    np.testing.assert_allclose(many, [0.3, 0.06])
