import jax
import numpy as np
import pytest

from nao import spaces, strategies
from nao.strategies import policy

SPACE = spaces.custom({f"slot{i}": range(4) for i in range(5)})
CONFIG = strategies.ReinforceConfig(hidden_size=8, learning_rate=0.02)


def test_the_policy_learns_what_is_rewarded():
    """Only the first choice of the first slot pays; a fresh policy takes it 1 in 4."""
    strategy = strategies.Reinforce(SPACE, CONFIG, "sequence")
    state = strategy.init(jax.random.key(0))
    for number in range(40):
        tokens, state = strategy.ask(jax.random.key(number), state)
        rewards = (SPACE.to_indices(tokens)[:, 0] == 0).astype(float)
        state = strategy.tell(state, tokens, rewards)
    many = strategies.ReinforceConfig(hidden_size=8, learning_rate=0.02, round_size=200)
    tokens = policy.policy_sample(
        jax.random.key(9), state.memory["params"], SPACE, many
    )
    assert np.mean(SPACE.to_indices(np.asarray(tokens))[:, 0] == 0) > 0.5


def test_units_change_nothing():
    """Percent or fraction: standardised by the first round, the updates agree."""
    states = []
    for unit in (1.0, 100.0):
        strategy = strategies.Reinforce(SPACE, CONFIG, "sequence")
        state = strategy.init(jax.random.key(0))
        tokens, state = strategy.ask(jax.random.key(0), state)
        state = strategy.tell(state, tokens, unit * np.arange(8.0))
        states.append(state.memory["params"])
    for one, other in zip(*map(jax.tree.leaves, states), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_bad_settings_are_refused():
    with pytest.raises(ValueError, match=r"baseline_decay must be in \[0, 1\), got 1"):
        strategies.ReinforceConfig(baseline_decay=1.0)
