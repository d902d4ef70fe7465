import functools

import jax
import jax.numpy as jnp
import numpy as np

from nao.child.norms import NORM_DECAY, NORM_EPSILON, Norms


def test_norm_by_hand():
    """Values 1 and 3: mean 2, variance 1, so -1 and 1; times 2 plus 5 is 3 and 7."""
    x = jnp.array([1.0, 3.0]).reshape(2, 1, 1, 1)
    scale_bias = jnp.array([[[2.0], [5.0]]])
    running = jnp.array([[[0.0], [1.0]]])
    norms = Norms(scale_bias, running, train=True)
    np.testing.assert_allclose(norms(0, x).ravel(), [3, 7], rtol=1e-4)
    # Decay 0.9: the mean goes from 0 to 0.2, the variance stays 1.
    np.testing.assert_allclose(norms.running.ravel(), [0.2, 1.0], rtol=1e-6)
    fixed = Norms(scale_bias, running, train=False)
    np.testing.assert_allclose(fixed(0, x).ravel(), [7, 11], rtol=1e-4)
    np.testing.assert_array_equal(fixed.running, running)


def test_a_norm_that_is_not_called_keeps_its_averages():
    running = jax.random.uniform(jax.random.key(0), (3, 2, 1))
    norms = Norms(jnp.ones((3, 2, 1)), running, train=True)
    norms(1, jnp.zeros((1, 2, 2, 1)))
    np.testing.assert_array_equal(norms.running[::2], running[::2])
    np.testing.assert_allclose(norms.running[1], NORM_DECAY * running[1], rtol=1e-6)


def test_no_norms_have_no_averages():
    nothing = jnp.zeros((0, 2, 3))
    assert Norms(nothing, nothing, train=True).running.shape == (0, 2, 3)


def _plain(x, scale_bias):
    centred = x - x.mean((0, 1, 2))
    variance = (centred**2).mean((0, 1, 2))
    x = centred / jnp.sqrt(variance + NORM_EPSILON)
    return x * scale_bias[0, 0] + scale_bias[0, 1]


def _normalise(x, scale_bias, axis_name=None):
    return Norms(scale_bias, jnp.zeros_like(scale_bias), True, axis_name)(0, x)


def _arrays():
    x = jax.random.normal(jax.random.key(0), (4, 3, 3, 2)) * 3 + 1
    scale_bias = jax.random.normal(jax.random.key(2), (1, 2, 2))
    return x, scale_bias, jax.random.normal(jax.random.key(1), x.shape)


def test_gradient_equals_the_automatic_one():
    x, scale_bias, weights = _arrays()

    def grads_of(function):
        return jax.jit(
            jax.grad(lambda *args: (function(*args) * weights).sum(), (0, 1))
        )(x, scale_bias)

    actual, expected = grads_of(_normalise), grads_of(_plain)
    np.testing.assert_allclose(actual[0], expected[0], atol=1e-5)
    np.testing.assert_allclose(actual[1], expected[1], rtol=1e-4, atol=1e-4)


def test_moments_hand_no_gradient_on():
    """Running averages are a record; a loss of them would be a mistake."""

    def loss_fn(x):
        norms = Norms(jnp.ones((1, 2, 1)), jnp.zeros((1, 2, 1)), train=True)
        norms(0, x)
        return norms.running.sum()

    grads = jax.grad(loss_fn)(jnp.arange(4.0).reshape(4, 1, 1, 1))
    np.testing.assert_array_equal(grads, 0)


def test_parts_of_a_batch_on_a_mapped_axis_are_normalised_as_the_whole():
    """Output, gradient and running averages of two halves, and of both at once."""
    x, scale_bias, weights = _arrays()

    def run(x, weights, axis_name=None):
        def loss_fn(x):
            norms = Norms(scale_bias, jnp.zeros_like(scale_bias), True, axis_name)
            y = norms(0, x)
            return (y * weights).sum(), (y, norms.running)

        grads, (y, running) = jax.grad(loss_fn, has_aux=True)(x)
        return y, grads, running

    whole = jax.jit(run)(x, weights)
    halves = (array.reshape(2, 2, 3, 3, 2) for array in (x, weights))
    mapped = jax.vmap(functools.partial(run, axis_name="data"), axis_name="data")
    y, grads, running = jax.jit(mapped)(*halves)
    np.testing.assert_allclose(y.reshape(x.shape), whole[0], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(grads.reshape(x.shape), whole[1], rtol=1e-4, atol=1e-5)
    for part in running:
        np.testing.assert_allclose(part, whole[2], rtol=1e-5)


def test_bfloat16_images_are_normalised_in_float32():
    """4096 ones and a 2 have the mean 1, which a bfloat16 sum would miss by far."""
    x = jnp.ones((1, 64, 64, 1), jnp.bfloat16).at[0, 0, 0].set(2)
    norms = Norms(jnp.ones((1, 2, 1)), jnp.zeros((1, 2, 1)), train=True)
    assert norms(0, x).dtype == jnp.bfloat16
    assert norms.running.dtype == jnp.float32
    mean = (1 + 1 / 4096) * (1 - NORM_DECAY)
    np.testing.assert_allclose(norms.running[0, 0], mean, rtol=1e-5)
