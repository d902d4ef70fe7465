import jax
import numpy as np

from nao import spaces, strategies

SPACE = spaces.custom({f"slot{i}": range(3) for i in range(3)})


def value(tokens):
    return SPACE.to_indices(tokens).sum(1).astype(float)


def test_a_climb_follows_the_best_neighbour_to_the_top():
    """A sum has one summit, 222, at most 6 steps away; then it begins elsewhere."""
    config = strategies.LocalSearchConfig(num_starts=2)
    strategy = strategies.LocalSearch(SPACE, config, "sequence")
    state = strategy.init(jax.random.key(0))
    tokens, state = strategy.ask(jax.random.key(0), state)
    assert len(tokens) == 2
    state = strategy.tell(state, tokens, value(tokens))
    best = tokens[np.argmax(value(tokens))]
    while np.isfinite(state.memory["value"]):
        np.testing.assert_array_equal(state.memory["incumbent"], best)
        tokens, state = strategy.ask(jax.random.key(1), state)
        assert ((tokens != best).sum(1) == 1).all()
        state = strategy.tell(state, tokens, value(tokens))
        best = tokens[np.argmax(value(tokens))]
    assert state.pool.objective.max() == 6
    again, _ = strategy.ask(jax.random.key(2), state)
    assert len(again) == 2


def test_a_round_that_fails_ends_the_climb():
    strategy = strategies.LocalSearch(SPACE, deduplicate="sequence")
    state = strategy.init(jax.random.key(0))
    tokens, state = strategy.ask(jax.random.key(0), state)
    state = strategy.tell(state, tokens, np.full(len(tokens), np.nan))
    assert state.memory["value"] == -np.inf
