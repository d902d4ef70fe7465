import jax
import numpy as np

from nao import spaces, strategies
from nao.strategies import policy

SPACE = spaces.custom({f"slot{i}": range(4) for i in range(5)})
CONFIG = strategies.ReinforceConfig(hidden_size=8, learning_rate=0.02)


def test_samples_are_legal():
    params, _ = policy.policy_init(jax.random.key(0), SPACE, CONFIG)
    tokens = policy.policy_sample(jax.random.key(1), params, SPACE, CONFIG)
    assert tokens.shape == (8, 5)
    assert SPACE.is_valid(np.asarray(tokens)).all()


def test_parameters_start_within_the_papers_bound():
    params, _ = policy.policy_init(jax.random.key(0), SPACE, CONFIG)
    leaves = np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(params)])
    assert 0.07 < np.abs(leaves).max() <= 0.08
