import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

from nao import spaces, strategies
from nao.strategies import policy

SPACE = spaces.custom({f"slot{i}": range(4) for i in range(5)})
CONFIG = strategies.ReinforceConfig(hidden_size=8, learning_rate=0.02)


def test_samples_are_legal():
    params, _ = policy.policy_init(jax.random.key(0), SPACE, CONFIG)
    tokens = policy.policy_sample(jax.random.key(1), params, SPACE, CONFIG, 8)
    assert tokens.shape == (8, 5)
    assert SPACE.is_valid(np.asarray(tokens)).all()


def test_parameters_start_within_the_papers_bound():
    params, _ = policy.policy_init(jax.random.key(0), SPACE, CONFIG)
    leaves = np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(params)])
    assert 0.07 < np.abs(leaves).max() <= 0.08


# c * tanh(l / T) of logits 5, 0 and -5 is 1.90399, 0 and -1.90399; their exponentials
# are 6.71259, 1 and .14897, together 7.86157.
BOUNDED = strategies.ReinforceConfig(1, 4, temperature=5.0, tanh_constant=2.5)
PROBABILITIES = [0.853849, 0.127201, 0.018950]
ENTROPY = 0.472349  # nats, of each decision
THREE = spaces.custom({"first": ["a", "b", "c"], "second": ["a", "b", "c"]})


def constant(logits):
    """Returns parameters of a policy whose network says the same at every step."""
    params, opt_state = policy.policy_init(jax.random.key(0), THREE, BOUNDED)
    params = jax.tree.map(jnp.zeros_like, params)
    params["head"]["bias"] = jnp.array(logits)
    return params, opt_state


PARAMS, OPT_STATE = constant([9.0, 5.0, 0.0, -5.0])  # the start token is never written


def test_logits_are_divided_then_bounded():
    legal = np.array([False, True, True, True])
    logits = policy.bounded(jnp.array([9.0, 5.0, 0.0, -5.0]), legal, BOUNDED)
    np.testing.assert_allclose(logits, [-np.inf, 1.903985, 0, -1.903985], atol=1e-6)
    plain = dataclasses.replace(BOUNDED, tanh_constant=0.0)
    logits = policy.bounded(jnp.array([9.0, 5.0, 0.0, -5.0]), legal, plain)
    np.testing.assert_allclose(logits, [-np.inf, 1, 0, -1])


def test_probabilities_and_entropy_are_those_of_bounded_logits():
    tokens = THREE.from_indices(np.array([[0, 0], [0, 2], [1, 1]]))
    log_probs, entropy = policy.policy_score(PARAMS, tokens, THREE, BOUNDED)
    p, q, r = PROBABILITIES
    np.testing.assert_allclose(np.exp(log_probs), [p * p, p * r, q * q], atol=1e-5)
    np.testing.assert_allclose(entropy, 2 * ENTROPY, atol=1e-5)


def test_samples_have_those_probabilities():
    """Of 4000 samples a share has a standard deviation of at most .006; four of it."""
    tokens = policy.policy_sample(jax.random.key(0), PARAMS, THREE, BOUNDED, 4000)
    for column in THREE.to_indices(np.asarray(tokens)).T:
        shares = np.bincount(column, minlength=3) / 4000
        np.testing.assert_allclose(shares, PROBABILITIES, atol=0.024)


def test_entropy_is_a_part_of_the_reward_and_has_no_gradient():
    """Here all rewards of it are equal, so they act as advantages that are larger."""
    tokens = THREE.from_indices(np.array([[0, 1], [2, 0]]))
    advantages = np.array([0.5, -1.0], np.float32)
    weighted = dataclasses.replace(BOUNDED, entropy_weight=0.3)
    ours, _ = policy.policy_update(
        PARAMS, OPT_STATE, tokens, advantages, THREE, weighted
    )
    more = advantages + np.float32(0.3 * 2 * ENTROPY)
    theirs, _ = policy.policy_update(PARAMS, OPT_STATE, tokens, more, THREE, BOUNDED)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-7), ours, theirs)
    without, _ = policy.policy_update(
        PARAMS, OPT_STATE, tokens, advantages, THREE, BOUNDED
    )
    assert not np.allclose(ours["head"]["bias"], without["head"]["bias"], atol=1e-5)


def test_adam_is_told_its_beta_and_epsilon():
    """Without a mean of gradients, a first step is g / (|g| + epsilon) of the rate.

    The gradient of the log-probability of `a`, the bound aside, is 1 - p for its own
    logit in each of the two slots; of the bound it is c / T * (1 - tanh(1)^2) = .20999.
    """
    config = dataclasses.replace(
        BOUNDED, learning_rate=0.1, adam_beta1=0.0, adam_epsilon=0.05
    )
    tokens, one = THREE.from_indices(np.array([[0, 0]])), np.ones(1, np.float32)
    after, _ = policy.policy_update(PARAMS, OPT_STATE, tokens, one, THREE, config)
    gradient = 2 * (1 - PROBABILITIES[0]) * 0.209987
    expected = 5.0 + 0.1 * gradient / (gradient + 0.05)
    np.testing.assert_allclose(after["head"]["bias"][1], expected, atol=1e-5)
