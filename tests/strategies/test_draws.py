"""What shared weights learn on, drawn inside a compiled step."""

import jax
import numpy as np
import pytest
import scipy.stats

from nao import spaces, strategies
from nao.strategies import draws
from tests.searching import SPACE, Learning, search

UNEVEN = spaces.custom({"a": range(2), "b": range(5), "c": ("x",), "d": range(5)})


def indices(draw, num, seed=0):
    """Returns the choices of the first `num` steps of a round."""
    steps = jax.jit(jax.vmap(draw, (None, 0)))
    return UNEVEN.to_indices(np.asarray(steps(jax.random.key(seed), np.arange(num))))


def test_uniform_draws_pass_a_chi_square_test():
    """Choices of each slot, and pairs of two; a p-value below .01 is 1 seed in 100."""
    found = indices(draws.uniform(UNEVEN), 4000)
    for slot, num in ((0, 2), (1, 5), (3, 5)):
        counts = np.bincount(found[:, slot], minlength=num)
        assert scipy.stats.chisquare(counts).pvalue > 0.01
    pairs = np.bincount(5 * found[:, 1] + found[:, 3], minlength=25)
    assert scipy.stats.chisquare(pairs).pvalue > 0.01


def test_fair_draws_have_every_choice_once_a_block():
    found = indices(draws.fair(UNEVEN), 20)
    for slot, num in ((0, 2), (1, 5), (2, 1), (3, 5)):
        blocks = found[:, slot].reshape(-1, num)
        np.testing.assert_array_equal(np.sort(blocks), len(blocks) * [[*range(num)]])
    # Orders are random: new in each block, slot and round.
    by_block = found[:, 1].reshape(-1, 5).tolist()
    assert by_block[0] not in by_block[1:]
    assert by_block != found[:, 3].reshape(-1, 5).tolist()
    assert by_block != indices(draws.fair(UNEVEN), 20, 1)[:, 1].reshape(-1, 5).tolist()


def test_fair_orders_are_equally_probable():
    """All 2 orders of two choices and 120 of five; margins of a chi-square test."""
    orders = indices(draws.fair(UNEVEN), 5 * 2400)
    pairs = orders[:, 0].reshape(-1, 2)[:, 0]
    assert scipy.stats.chisquare(np.bincount(pairs)).pvalue > 0.01
    fives = orders[:, 1].reshape(-1, 5) @ 5 ** np.arange(5)
    _, counts = np.unique(fives, return_counts=True)
    assert len(counts) == 120 and scipy.stats.chisquare(counts).pvalue > 0.01


def test_a_space_with_a_rule_has_no_fair_draw():
    space = spaces.custom({"a": range(3)}, valid=lambda choices: choices["a"] > 0)
    config = strategies.RandomWSConfig(draw="fair")
    with pytest.raises(ValueError, match="draw=fair needs a space without a rule"):
        strategies.RandomSearch(space, config)
    with pytest.raises(ValueError, match=r"random_ws.draw must be one of uniform, fai"):
        strategies.RandomWSConfig(draw="fare")


def test_random_search_learns_fairly_where_asked(tmp_path):
    """Twenty steps draw each of four choices five times, in the first round."""
    config = strategies.RandomConfig(round_size=3, draw="fair")
    strategy = strategies.RandomSearch(SPACE, config, "none")
    for trial in search(tmp_path, 3, Learning(), strategy).trials:
        if trial.value is not None:
            assert int(trial.value - SPACE.to_indices(trial.tokens).sum()) == 25


def test_random_search_with_shared_weights_measures_many_at_once():
    strategy = strategies.make(
        "random_ws", UNEVEN, strategies.StrategySettings(), "none"
    )
    state = strategy.init(jax.random.key(0))
    tokens, _ = strategy.ask(jax.random.key(1), state)
    assert len(tokens) == 1000 and strategy.name == "random_ws"
