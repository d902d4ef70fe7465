"""Gradients of a validation loss through one step of training."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nao.child import bilevel

PRODUCTS = [bilevel.exact_product, bilevel.finite_product]


# Compiled whole: each of its operations would be a program of its own.
second_order = jax.jit(bilevel.second_order, static_argnums=(0, 1, 6))


def gradients(loss):
    return jax.grad(loss, (0, 1))


@pytest.mark.parametrize("product", PRODUCTS)
def test_quadratic_losses_by_hand(product):
    """Training loss (w - a)^2 / 2, validation loss (w - .5)^2 / 2; w = 1, a = 0.

    A step of .1 goes to w' = .9, where the validation loss rises by v = .4. The mixed
    derivative of the training loss is -1, so the result is 0 - .1 * -1 * .4.
    """
    actual = second_order(
        gradients(lambda w, a: ((w - a) ** 2).sum() / 2),
        gradients(lambda w, a: ((w - 0.5) ** 2).sum() / 2 + 0 * a),
        jnp.ones(1),
        jnp.float32(0),
        0.1,
        0.0,
        product,
    )
    np.testing.assert_allclose(actual, 0.04, rtol=1e-5)


def test_the_step_has_the_drift_and_the_loss_its_own_share_of_the_logits():
    """With drift .5 the step goes to .85; the loss itself has gradient 3 in a."""
    actual = second_order(
        gradients(lambda w, a: ((w - a) ** 2).sum() / 2),
        gradients(lambda w, a: ((w - 0.5) ** 2).sum() / 2 + 3 * a),
        jnp.ones(1),
        jnp.float32(0),
        0.1,
        0.5,
        bilevel.exact_product,
    )
    np.testing.assert_allclose(actual, 3 + 0.1 * 0.35, rtol=1e-5)


def test_it_is_the_gradient_through_a_step():
    """As automatic differentiation finds it through the whole step, and both agree."""
    key = jax.random.key(0)
    weights, logits = jax.random.normal(key, (5,)), jnp.array([0.3, -0.2, 0.5])
    data = jax.random.normal(jax.random.key(1), (2, 4, 5))

    def loss(rows, weights, logits):
        return (jnp.tanh(rows @ weights) * jax.nn.softmax(logits)[0]).sum() + (
            jnp.sin(weights[:3]) * logits
        ).sum()

    training, validation = (lambda w, a, x=x: loss(x, w, a) for x in data)

    def after_a_step(logits):
        ahead = weights - 0.05 * jax.grad(training)(weights, logits)
        return validation(ahead, logits)

    expected = jax.grad(after_a_step)(logits)
    for product, rtol in zip(PRODUCTS, (1e-5, 5e-3), strict=True):
        actual = second_order(
            *map(gradients, (training, validation)), weights, logits, 0.05, 0.0, product
        )
        np.testing.assert_allclose(actual, expected, rtol=rtol)


def test_finite_differences_take_a_direction_of_zeros():
    of_training = gradients(lambda w, a: (w * a).sum())
    zeros = jnp.zeros(3)
    actual = bilevel.finite_product(of_training, zeros, zeros, zeros)
    np.testing.assert_array_equal(actual, zeros)
