import numpy as np
import pytest

from nao.embedding import pareto


def test_fronts_by_hand():
    """(1, 1) is dominated by (2, 1); (2, 1) stands twice, and one of them is kept."""
    scores = np.array([[1, 1], [2, 1], [0, 3], [2, 1], [3, 0]])
    np.testing.assert_array_equal(pareto.is_optimal(scores), [0, 1, 1, 0, 1])
    assert pareto.is_optimal(np.zeros((0, 2))).shape == (0,)


def test_hypervolumes_by_hand():
    """Two rectangles, 2 x 1 and 1 x 3, share 1 x 1; a box of 1 x 2 x 3."""
    reference = np.zeros(2)
    scores = np.array([[2.0, 1.0], [1.0, 3.0], [1.0, 1.0], [5.0, -1.0]])
    assert pareto.hypervolume(scores, reference) == 4
    assert pareto.hypervolume(np.array([[1.0, 2.0, 3.0]]), np.zeros(3)) == 6
    assert pareto.hypervolume(scores[3:], reference) == 0


def test_hypervolume_agrees_with_counting(rng):
    scores = rng.random((8, 3))
    points = rng.random((20_000, 3))
    inside = (points[:, None] <= scores).all(-1).any(1).mean()
    # Four standard deviations of a share of 20,000.
    assert abs(pareto.hypervolume(scores, np.zeros(3)) - inside) < 0.015


def test_directions_are_spread():
    np.testing.assert_allclose(pareto.directions(2, 3), [[0, 1], [0.5, 0.5], [1, 0]])
    weights = pareto.directions(3, 7)
    assert weights.shape == (10, 3)
    np.testing.assert_allclose(weights.sum(-1), 1)


def test_a_front_trades_one_objective_for_the_other(embedding):
    front = embedding.pareto(num_directions=3, confidence=0.0)
    assert (front.layers == 0).all() and len(front.tokens) >= 2
    mean = {name: found.mean for name, found in front.predicted.items()}
    # From the best score to the lowest cost: both fall.
    assert (np.diff(mean["score"]) <= 1e-6).all()
    assert (np.diff(mean["cost"]) <= 1e-6).all()
    more = embedding.pareto(num_directions=3, confidence=0.0, layers=2)
    assert len(more.tokens) > len(front.tokens)
    with pytest.raises(ValueError, match="two or more distinct objectives"):
        embedding.pareto(["cost"])
