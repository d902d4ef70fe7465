import numpy as np
import pytest

from nao.embedding import front_search
from tests.embedding.conftest import SPACE, TINY, cost, score

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


def assert_front_is_found(found, num):
    tokens, columns = found.tokens, found.values
    assert len(np.unique(tokens, axis=0)) == len(tokens) == num
    np.testing.assert_array_equal(columns["cost"], cost(tokens))
    assert len(set(zip(columns["score"], columns["cost"], strict=True)) & TRUE) >= 4


def test_a_search_for_a_front():
    """A third of the toy space holds its front: 0 to 4 times `b`, else `a`."""
    assert_front_is_found(search_front(both, 30), 30)


def test_a_search_chooses_by_costs_that_are_known():
    measured = []

    def evaluate(tokens):
        measured.extend(tokens)
        return {"score": score(tokens)}

    found = search_front(evaluate, 30, costs_fn=lambda t: {"cost": cost(t)})
    assert list(found.values) == ["score", "cost"]
    np.testing.assert_array_equal(measured, found.tokens)
    assert_front_is_found(found, 30)


def test_failures_are_not_asked_for_again():
    def evaluate(tokens):
        values = np.where(tokens[:, 0] == 1, np.nan, score(tokens))
        return {"score": values, "cost": cost(tokens)}

    found = search_front(evaluate, 25)
    assert 0 < np.isnan(found.values["score"]).sum() < 25
    assert len(np.unique(found.tokens, axis=0)) == len(found.tokens) == 25
    found = search_front(lambda t: {**both(t), "score": np.nan * t[:, 0]}, 25)
    assert np.isnan(found.values["score"]).all()
    assert len(np.unique(found.tokens, axis=0)) == len(found.tokens) == 25


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
