import numpy as np
import pytest

from nao.strategies import ranking


def test_expected_improvement_by_hand():
    """A mean at the best adds deviation / sqrt(2 pi); far above it, the difference."""
    gains = ranking.expected_improvement(
        np.array([0.0, 9.0]), np.array([2.0, 1.0]), 0.0
    )
    assert gains == pytest.approx([2 * 0.3989423, 9.0], rel=1e-6)


def test_what_is_certain_adds_what_it_has_above_the_best():
    gains = ranking.expected_improvement(np.array([-1.0, 1.0, 3.0]), np.zeros(3), 1.0)
    assert gains == pytest.approx([0.0, 0.0, 2.0], abs=1e-9)


def test_improvement_over_what_is_measured_by_hand():
    """The best of what is measured is expected at 2; a candidate surely at 5 adds 3."""

    def expect(tokens):
        return tokens.astype(float), np.zeros(tokens.shape)

    gains = ranking.improvement_over(expect, np.array([[5], [1]]), np.array([[2], [0]]))
    assert gains == pytest.approx([3.0, 0.0], abs=1e-9)


def test_orders_take_turns():
    first, second = np.array([0, 1, 2]), np.array([2, 0])
    assert ranking.in_turn([first]).tolist() == [0, 1, 2]
    assert ranking.in_turn([first, second]).tolist() == [0, 2, 1, 0, 2]
    assert ranking.in_turn([first[:0], second[:0]]).tolist() == []
    assert ranking.in_turn([first, second], (2, 1)).tolist() == [0, 1, 2, 2, 0]


def test_the_process_hopes_and_the_predictor_does_not():
    """Row 1 may be far better by its deviation; the mean alone prefers row 0."""

    def expect(tokens):
        return tokens.astype(float), np.array([[0.0], [9.0]])[: len(tokens)]

    candidates, measured = np.array([[3], [2]]), np.array([[2]])
    process = {"process": expect}
    assert ranking.ranked(candidates, process, measured, 4).tolist() == [1, 0]
    predictor = {"predictor": expect}
    assert ranking.ranked(candidates, predictor, measured, 4).tolist() == [0, 1]


def test_the_predictor_has_every_fifth_turn():
    """The process prefers late rows, which may be better; the predictor early ones."""

    def expect(tokens):
        mean = 8.0 - tokens
        return mean, 100.0 * tokens

    candidates = np.arange(8)[:, None]
    expected = {"process": expect, "predictor": expect}
    found = ranking.ranked(candidates, expected, np.array([[0]]), 4)
    assert found[:10].tolist() == [7, 6, 5, 4, 0, 3, 2, 1, 0, 1]
