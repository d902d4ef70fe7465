import jax
import numpy as np

from nao import spaces, strategies

SPACE = spaces.custom({f"slot{i}": range(4) for i in range(6)})


def evolution(**settings):
    config = strategies.EvolutionConfig(**settings)
    return strategies.Evolution(SPACE, config, "sequence")


def test_a_child_is_one_mutation_of_the_tournaments_winner():
    """With everyone in the tournament the best of the population is the parent."""
    strategy = evolution(population_size=5, sample_size=5)
    state = strategy.init(jax.random.key(0))
    tokens, state = strategy.ask(jax.random.key(0), state)
    assert len(tokens) == 5
    state = strategy.tell(state, tokens, np.array([0.1, 0.9, np.nan, 0.3, 0.2]))
    child, _ = strategy.ask(jax.random.key(1), state)
    assert (child != tokens[1]).sum() == 1


def test_the_oldest_leave():
    """The best is the oldest: once five are younger it has no more children."""
    strategy = evolution(population_size=5, sample_size=5)
    state = strategy.init(jax.random.key(0))
    tokens, state = strategy.ask(jax.random.key(0), state)
    state = strategy.tell(state, tokens, np.array([9.0, 1, 1, 1, 1]))
    more, state = strategy.ask(jax.random.key(1), state)
    assert (more[0] != tokens[0]).sum() == 1
    state = strategy.tell(state, more, np.array([5.0]))
    later, _ = strategy.ask(jax.random.key(2), state)
    assert (later[0] != more[0]).sum() == 1


def test_it_climbs():
    """On a sum of 6 choices from 0 to 3, random ones have mean 9; 18 is the best."""
    strategy = evolution(population_size=20, sample_size=10)
    state = strategy.init(jax.random.key(0))
    while len(state.pool.tokens) < 200:
        key = jax.random.key(len(state.pool.tokens))
        tokens, state = strategy.ask(key, state)
        values = SPACE.to_indices(tokens).sum(1).astype(float)
        state = strategy.tell(state, tokens, values)
    assert state.pool.objective.max() >= 17
