"""BANANAS, the Gaussian process, the forest and TPE on a sum that each can learn."""

import dataclasses

import jax
import numpy as np
import pytest
from sklearn import ensemble

from nao import spaces, strategies
from nao.strategies import bananas, forest

SPACE = spaces.custom({f"slot{i}": range(5) for i in range(6)})
STRATEGIES = {
    "bananas": strategies.Bananas(
        SPACE, strategies.BananasConfig(num_layers=2, num_epochs=40), "sequence"
    ),
    "gp": strategies.GP(SPACE, strategies.GPConfig(num_candidates=200), "sequence"),
    "forest": strategies.Forest(
        SPACE, strategies.ForestConfig(num_candidates=200), "sequence"
    ),
    "tpe": strategies.TPE(SPACE, strategies.TPEConfig(round_size=5), "sequence"),
}


@pytest.mark.parametrize("name", STRATEGIES)
def test_it_learns_a_sum(name):
    """At random the mean is 12, and a round of 5 has a standard error of 1.5."""
    strategy = STRATEGIES[name]
    state, means = strategy.init(jax.random.key(0)), []
    while len(state.pool.tokens) < 60:
        key = jax.random.key(len(state.pool.tokens))
        tokens, state = strategy.ask(key, state)
        values = SPACE.to_indices(tokens).sum(1).astype(float)
        means.append(values.mean())
        state = strategy.tell(state, tokens, values)
    assert np.mean(means[-3:]) > 14


def test_padding_does_not_teach():
    config = strategies.BananasConfig(num_layers=1, num_epochs=2)
    rows = np.random.default_rng(0).random((40, 3)).astype(np.float32)
    targets = np.arange(40, dtype=np.float32)
    key, num = jax.random.key(0), np.int32(20)
    poisoned = np.where(np.arange(40) < 20, targets, 1e6).astype(np.float32)
    first, second = (
        bananas.fit_and_predict(key, rows, t, num, rows[:5], config)
        for t in (targets, poisoned)
    )
    assert first.shape == (5, 5)
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("cls", [strategies.BananasConfig, strategies.ForestConfig])
def test_an_unknown_encoding_names_the_choices(cls):
    with pytest.raises(ValueError, match="encoding must be one of features, one_hot"):
        dataclasses.replace(cls(), encoding="paths")


def test_a_forest_is_the_mixture_of_its_leaves():
    """One tree of two leaves: the mean of what lies in each, and its spread."""
    rows = np.array([[0.0], [0.0], [1.0], [1.0]], np.float32)
    values = np.array([1.0, 3.0, 10.0, 10.0])
    one = ensemble.RandomForestRegressor(1, bootstrap=False).fit(rows, values)
    mean, deviation = forest.mixture(one, np.array([[0.0], [1.0]], np.float32))
    np.testing.assert_allclose(mean, [2, 10])
    np.testing.assert_allclose(deviation, [1, 0])


def test_trees_of_a_forest_that_disagree_leave_it_unsure():
    """Means of 2 and 6, each leaf pure: 4 on average, 2 off."""
    rows = np.zeros((1, 1), np.float32)
    both = ensemble.RandomForestRegressor(2, bootstrap=False).fit(rows, [2.0])
    both.estimators_[1].fit(rows, [6.0])
    mean, deviation = forest.mixture(both, rows)
    assert (mean[0], deviation[0]) == (4, 2)
