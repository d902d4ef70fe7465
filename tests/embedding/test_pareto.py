import numpy as np
import pytest

from nao.embedding import front_search, pareto
from tests.embedding.conftest import SPACE, TINY, cost, score


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


TRUE = {(float(num), 100.0 + 10 * num) for num in range(5)}


def search_front(evaluate_fn, num, **kwargs):
    return front_search.search_front(
        SPACE,
        evaluate_fn,
        num,
        minimize=["cost"],
        num_seed_archs=12,
        round_size=9,
        config=TINY,
        **kwargs,
    )


def both(tokens):
    return {"score": score(tokens), "cost": cost(tokens)}


def assert_front_is_found(tokens, columns, num):
    assert len(np.unique(tokens, axis=0)) == len(tokens) == num
    np.testing.assert_array_equal(columns["cost"], cost(tokens))
    assert len(set(zip(columns["score"], columns["cost"], strict=True)) & TRUE) >= 4


def test_a_search_for_a_front():
    """A third of the toy space holds its front: 0 to 4 times `b`, else `a`."""
    assert_front_is_found(*search_front(both, 30), 30)


def test_a_search_chooses_by_costs_that_are_known():
    measured = []

    def evaluate(tokens):
        measured.extend(tokens)
        return {"score": score(tokens)}

    tokens, columns = search_front(evaluate, 30, costs_fn=lambda t: {"cost": cost(t)})
    assert list(columns) == ["score", "cost"]
    np.testing.assert_array_equal(measured, tokens)
    assert_front_is_found(tokens, columns, 30)


def test_failures_are_not_asked_for_again():
    def evaluate(tokens):
        values = np.where(tokens[:, 0] == 1, np.nan, score(tokens))
        return {"score": values, "cost": cost(tokens)}

    tokens, columns = search_front(evaluate, 25)
    assert 0 < np.isnan(columns["score"]).sum() < 25
    assert len(np.unique(tokens, axis=0)) == len(tokens) == 25
    tokens, columns = search_front(lambda t: {**both(t), "score": np.nan * t[:, 0]}, 25)
    assert np.isnan(columns["score"]).all()
    assert len(np.unique(tokens, axis=0)) == len(tokens) == 25


def test_mistakes_of_a_search_are_named():
    with pytest.raises(ValueError, match="num_queries is too small: 0"):
        search_front(both, 0)
    with pytest.raises(ValueError, match="two or more columns"):
        front_search.search_front(SPACE, lambda t: {"score": score(t)}, 5)
    with pytest.raises(ValueError, match="'cost' is both measured and a cost"):
        search_front(both, 30, costs_fn=lambda t: {"cost": cost(t)})
    with pytest.raises(ValueError, match="minimize names 'price'"):
        front_search.search_front(SPACE, both, 5, minimize=["price"])
    with pytest.raises(ValueError, match="'score' must be 12 numbers"):
        search_front(lambda t: {**both(t), "score": score(t)[:3]}, 30)
