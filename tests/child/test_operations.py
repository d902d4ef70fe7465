import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nao.child import operations, parameters
from nao.child.branches import Packing
from nao.child.norms import Norms
from nao.child.operations import OPERATIONS
from nao.spaces import OPERATION_SETS
from nao.spaces.nasbench201 import OPERATIONS as NASBENCH201

each_operation = pytest.mark.parametrize("name", OPERATIONS)
each_stride = pytest.mark.parametrize("stride", [1, 2])


@each_stride
@each_operation
def test_operation_keeps_channels_and_strides(name, stride):
    """At odd sizes too, where half is rounded up; gradients are numbers."""
    packing = Packing((name,), 3, (stride,))
    x = jax.random.normal(jax.random.key(1), (2, 5, 6, 3))
    running = parameters.init_running(packing.num_norms, 3)
    (branch,) = packing.branches(stride, train=True)

    @functools.partial(jax.grad, argnums=(0, 1), has_aux=True)
    def grad_fn(vector, x):
        y, new = branch(vector, running, x)
        return (y * jnp.sin(jnp.arange(y.size)).reshape(y.shape)).sum(), (y, new)

    numbers = np.arange(packing.size, dtype=np.float32)
    vector = packing.mean + packing.deviation * np.sin(numbers)
    grads, (y, new) = jax.jit(grad_fn)(vector, x)
    assert y.shape == (2, -(-5 // stride), -(-6 // stride), 3)
    assert new.shape == running.shape
    for leaf in jax.tree.leaves((grads, y, new)):
        assert np.isfinite(leaf).all()


@pytest.mark.parametrize("name", ["identity", "conv_1x7_7x1", "sep_conv_3x3"])
def test_running_averages_normalise_in_evaluation(name):
    """One image alone gets the output that it has among others."""
    packing = Packing((name,), 3, (1,))
    x = jax.random.normal(jax.random.key(1), (2, 4, 4, 3))
    running = parameters.init_running(packing.num_norms, 3)
    (branch,) = packing.branches(1, train=False)
    branch = jax.jit(branch)
    vector = packing.mean + packing.deviation
    together, after = branch(vector, running, x)
    alone, _ = branch(vector, running, x[:1])
    np.testing.assert_allclose(alone, together[:1], rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(after, running)


def apply(name, x, stride, kernels=None):
    """Applies an operation by running averages that change nothing."""
    channels = x.shape[-1]
    num_norms = OPERATIONS[name].num_norms(stride)
    scale_bias = jnp.broadcast_to(jnp.array([[1.0], [0.0]]), (num_norms, 2, channels))
    running = parameters.init_running(num_norms, channels)
    norms = Norms(scale_bias, running, train=False)
    return OPERATIONS[name].apply(kernels or {}, norms, x, stride)


def test_none_and_identity_by_hand():
    """At stride 2 the identity reads the ReLU of pixels 0, 2 and of 1, 3."""
    x = jnp.array([1.0, -2.0, 3.0, 4.0]).reshape(1, 1, 4, 1) * jnp.ones(2)
    np.testing.assert_array_equal(apply("none", x, 1), jnp.zeros_like(x))
    np.testing.assert_array_equal(apply("none", x, 2), jnp.zeros((1, 1, 2, 2)))
    np.testing.assert_array_equal(apply("identity", x, 1), x)
    x = jnp.concatenate([x, x], 1)
    y = apply("identity", x, 2, {"pointwise": jnp.eye(2)})
    np.testing.assert_allclose(y[0, 0], [[1, 0], [3, 4]], rtol=1e-4)


def test_convolutions_rectify_their_input():
    x = -jnp.ones((1, 4, 4, 2))
    y = apply("conv_1x1", x, 1, {"kernel": jnp.ones((1, 1, 2, 2))})
    np.testing.assert_array_equal(y, 0)


@pytest.mark.parametrize(
    ("name", "stride", "expected"),
    [
        # Twice 9 C depthwise, C^2 pointwise and 2 C of the norm: 2 (27 + 9 + 6).
        ("sep_conv_3x3", 1, 84),
        ("sep_conv_3x3", 2, 84),
        ("dil_conv_5x5", 1, 25 * 3 + 9 + 6),
        ("conv_3x3", 1, 9 * 9 + 6),
        ("conv_1x7_7x1", 2, 2 * 7 * 9 + 6),
        ("identity", 1, 0),
        ("identity", 2, 9 + 6),
        ("avg_pool_3x3", 2, 0),
        ("none", 1, 0),
    ],
)
def test_parameters_by_hand(name, stride, expected):
    """Of 3 channels."""
    assert OPERATIONS[name].num_parameters(3, stride) == expected


@pytest.mark.parametrize(
    ("name", "stride", "expected"),
    [
        # Twice 9 C + C^2 a pixel.
        ("sep_conv_3x3", 1, 2 * 5 * 6 * (27 + 9)),
        ("sep_conv_3x3", 2, 2 * 3 * 3 * (27 + 9)),
        # The row halves the width alone, the column the height too.
        ("conv_1x3_3x1", 2, (5 * 3 + 3 * 3) * 3 * 9),
        ("conv_1x1", 2, 3 * 3 * 9),
        ("identity", 1, 0),
        ("identity", 2, 3 * 3 * 9),
        ("max_pool_7x7", 1, 0),
    ],
)
def test_multiply_adds_by_hand(name, stride, expected):
    """Of 3 channels and 5x6 pixels."""
    assert OPERATIONS[name].num_multiply_adds(3, stride, (5, 6)) == expected


def test_every_named_set_is_there():
    for names in (*OPERATION_SETS.values(), NASBENCH201):
        assert len(operations.get_operations(names)) == len(names)


def test_unknown_operation_names_the_choices():
    with pytest.raises(ValueError, match=r"^Unknown operation 'conv_9x9'; known: none"):
        operations.get_operations(["identity", "conv_9x9"])
