import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nao.child import operations
from nao.child.operations import OPERATIONS, Norms, Packing

NAMES = tuple(OPERATIONS)


def _vector(packing):
    noise = jax.random.normal(jax.random.key(0), (packing.size,))
    return packing.mean + packing.deviation * noise


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("name", NAMES)
def test_operation_keeps_channels_and_strides(name, stride):
    packing = Packing((name,), 3, (stride,))
    x = jax.random.normal(jax.random.key(1), (4, 5, 6, 3))
    running = jnp.zeros((packing.num_norms, 2, 3)).at[:, 1].set(1)
    (branch,) = packing.branches(stride, train=True)
    y, new_running = branch(_vector(packing), running, x)
    assert y.shape == (4, -(-5 // stride), -(-6 // stride), 3)
    assert new_running.shape == running.shape
    assert jnp.isfinite(y).all()


def test_separable_convolution_parameters_by_hand():
    """Twice 9 C depthwise, C^2 pointwise and 2 C of the norm: 2 (27 + 9 + 6) = 84."""
    assert OPERATIONS["sep_conv_3x3"].num_parameters(3, 1) == 84
    assert OPERATIONS["identity"].num_parameters(3, 1) == 0
    assert OPERATIONS["identity"].num_parameters(3, 2) == 9 + 6
    assert OPERATIONS["avg_pool_3x3"].num_parameters(3, 2) == 6


def test_packed_parts_cover_the_vector_once():
    packing = Packing(NAMES, 2, (1, 2))
    numbers = jnp.arange(packing.size)
    parts = []
    for index in range(len(NAMES)):
        kernels, scale_bias = packing.unpack(index, numbers)
        parts += [*kernels.values(), scale_bias]
    together = np.concatenate([np.ravel(part) for part in parts])
    np.testing.assert_array_equal(np.sort(together), np.arange(packing.size))


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


def test_norm_gradient_equals_automatic_one():
    x = jax.random.normal(jax.random.key(0), (4, 3, 3, 2)) * 3 + 1
    weights = jax.random.normal(jax.random.key(1), x.shape)

    def plain(x):
        centred = x - x.mean((0, 1, 2))
        return centred / jnp.sqrt((centred**2).mean((0, 1, 2)) + 1e-5)

    actual = jax.grad(lambda x: (operations._normalize(x)[0] * weights).sum())(x)
    expected = jax.grad(lambda x: (plain(x) * weights).sum())(x)
    np.testing.assert_allclose(actual, expected, atol=1e-5)


def test_unknown_operation_names_the_choices():
    with pytest.raises(ValueError, match=r"'conv_9x9'; known: sep_conv_3x3, "):
        operations.get_operations(["identity", "conv_9x9"])
