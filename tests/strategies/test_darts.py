"""Strategies that ask for what an evaluator derives."""

import jax
import numpy as np
import pytest

from nao import spaces, strategies

SPACE = spaces.NASBench201()
KEY = jax.random.key(0)


@pytest.mark.parametrize("name", strategies.DERIVED)
def test_a_round_is_what_was_derived(name):
    strategy = strategies.make(
        name, SPACE, strategies.StrategySettings(), deduplicate="none"
    )
    assert strategy.name == name
    state = strategy.init(KEY)
    derived = SPACE.sample(np.random.default_rng(0), 1)
    for _ in range(2):  # again while it is the same
        asked, state = strategy.ask(KEY, state._replace(derived=derived))
        np.testing.assert_array_equal(asked, derived)
        state = strategy.tell(state, asked, np.ones(1))
    with pytest.raises(ValueError, match=f"{name} needs evaluator=mixture"):
        strategy.ask(KEY, state._replace(derived=None))


def test_what_it_asks_for_may_repeat():
    settings = strategies.StrategySettings()
    with pytest.raises(ValueError, match="deduplicate=none, got 'canonical'"):
        strategies.make("darts", SPACE, settings, "canonical")
