import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nao.controller import losses

# Compiled whole: each of their operations would be a program of its own.
squared_error = jax.jit(losses.squared_error)
pairwise_ranking = jax.jit(losses.pairwise_ranking)
reconstruction = jax.jit(losses.reconstruction)


def test_squared_error_by_hand():
    """Errors 1 and 3, the padding's 100 left out: (1 + 9) / 2 = 5."""
    actual = squared_error(
        jnp.array([1.0, 0.0, 100.0]), jnp.array([0.0, 3.0, 0.0]), jnp.array([1.0, 1, 0])
    )
    np.testing.assert_allclose(actual, 5)


def test_pairwise_ranking_by_hand():
    """Targets 2, 1, 1 make the pairs (0, 1) and (0, 2).

    Predictions 0, 0, 1 differ by 0 and -1 there: log(1 + exp(0)) = 0.693147 and
    log(1 + exp(1)) = 1.313262, on average 1.003204.
    """
    predictions, targets = jnp.array([0.0, 0.0, 1.0]), jnp.array([2.0, 1.0, 1.0])
    actual = pairwise_ranking(predictions, targets, jnp.ones(3))
    np.testing.assert_allclose(actual, 1.003204, rtol=1e-5)


def test_reconstruction_by_hand():
    """Equal logits over 4 tokens cost log 4; over the 2 legal ones, log 2."""
    logits, tokens = jnp.zeros((1, 3, 4)), jnp.ones((1, 3), jnp.int32)
    legal = jnp.array([[False, True, True, False]] * 3)
    weights = jnp.ones(1)
    np.testing.assert_allclose(
        reconstruction(logits, tokens, weights), np.log(4), rtol=1e-6
    )
    np.testing.assert_allclose(
        reconstruction(logits, tokens, weights, legal), np.log(2), rtol=1e-6
    )


def test_slot_of_one_choice_costs_nothing():
    legal = jnp.array([[False, True]])
    value, grads = jax.jit(jax.value_and_grad(losses.reconstruction))(
        jnp.array([[[3.0, -2.0]]]), jnp.array([[1]]), jnp.ones(1), legal
    )
    np.testing.assert_allclose(value, 0, atol=1e-6)
    np.testing.assert_allclose(grads, 0, atol=1e-6)


@pytest.mark.parametrize("weights", [(1.0, 1.0, 1.0), (0.0, 0.0, 0.0)])
def test_ties_and_batches_of_padding_stay_finite(weights):
    def loss_fn(predictions):
        return losses.prediction(predictions, jnp.ones(3), jnp.array(weights), 0.5)

    value, grads = jax.jit(jax.value_and_grad(loss_fn))(jnp.array([0.0, 1.0, 2.0]))
    assert np.isfinite(value)
    assert np.isfinite(grads).all()


def test_joint_by_hand():
    """0.8 * 2 + 0.2 * 5 = 2.6."""
    np.testing.assert_allclose(losses.joint(2.0, 5.0, 0.8), 2.6)
