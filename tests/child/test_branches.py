import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nao.child import branches, parameters
from nao.child.branches import Packing
from nao.child.operations import OPERATIONS

NAMES = tuple(OPERATIONS)


def draw(packing):
    noise = jax.random.normal(jax.random.key(0), (packing.size,))
    return packing.mean + packing.deviation * noise


def test_packed_parts_cover_the_vector_once():
    packing = Packing(NAMES, 2, (1, 2))
    numbers = np.arange(packing.size)
    parts = []
    for index in range(len(NAMES)):
        kernels, scale_bias = packing.unpack(index, numbers)
        parts += [*kernels.values(), scale_bias]
    together = np.concatenate([np.ravel(part) for part in parts])
    np.testing.assert_array_equal(np.sort(together), np.arange(packing.size))


def test_start_by_hand():
    """Fan in 9 for the depthwise kernel, 4 for the pointwise; scales 1, biases 0."""
    packing = Packing(("dil_conv_3x3",), 4, (1,))
    assert packing.size == 36 + 16 + 8 and packing.num_norms == 1
    deviation = np.repeat([1 / 3, 1 / 2, 0], [36, 16, 8])
    np.testing.assert_allclose(packing.deviation, deviation)
    np.testing.assert_array_equal(packing.mean, np.repeat([0, 1, 0], [52, 4, 4]))


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("name", NAMES)
def test_size_is_the_number_of_parameters(name, stride):
    packing = Packing((name,), 4, (stride,))
    assert packing.size == OPERATIONS[name].num_parameters(4, stride)
    assert packing.num_norms == OPERATIONS[name].num_norms(stride)


@pytest.mark.parametrize("stride", [1, 2])
def test_extracted_vectors_hold_the_same_arrays(stride):
    packing = Packing(NAMES, 2, (1, 2))
    numbers = np.arange(packing.size)
    for index, name in enumerate(NAMES):
        own = Packing((name,), 2, (stride,))
        vector = packing.extract(index, stride, numbers)
        assert vector.shape == (own.size,)
        kernels, scale_bias = own.unpack(0, vector)
        expected, expected_norms = packing.unpack(index, numbers)
        assert kernels.keys() <= expected.keys()
        for part, kernel in kernels.items():
            np.testing.assert_array_equal(kernel, expected[part])
        np.testing.assert_array_equal(scale_bias, expected_norms[: own.num_norms])


@pytest.mark.parametrize("stride", [1, 2])
def test_chosen_by_a_number_equals_chosen_by_a_traced_one(stride):
    """Outputs, running averages and gradients of the vector and the image."""
    names = ("identity", "max_pool_3x3", "sep_conv_3x3")
    packing = Packing(names, 3, (1, 2))
    x = jax.random.normal(jax.random.key(1), (3, 5, 4, 3))
    running = parameters.init_running(packing.num_norms, 3)
    options = packing.branches(stride, train=True)

    def loss_fn(vector, x, index):
        y, new = branches.choose(index, options, vector, running, x)
        return (y * jnp.sin(jnp.arange(y.size)).reshape(y.shape)).sum(), (y, new)

    grad_fn = jax.grad(loss_fn, (0, 1), has_aux=True)
    traced = jax.jit(grad_fn)
    for index in range(len(names)):
        alone = jax.jit(functools.partial(grad_fn, index=index))
        jax.tree.map(
            functools.partial(np.testing.assert_allclose, rtol=1e-4, atol=1e-5),
            traced(draw(packing), x, index),
            alone(draw(packing), x),
        )


def test_a_number_compiles_its_branch_alone():
    options = [lambda x: x + 1, lambda x: x * 2]
    alone = jax.make_jaxpr(lambda x: branches.choose(np.int32(1), options, x))(1.0)
    assert [str(eqn.primitive) for eqn in alone.eqns] == ["mul"]
    both = jax.make_jaxpr(lambda i, x: branches.choose(i, options, x))(1, 1.0)
    assert "cond" in [str(eqn.primitive) for eqn in both.eqns]
