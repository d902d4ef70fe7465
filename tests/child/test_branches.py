import jax
import numpy as np
import pytest

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
