import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nao.child import primitives
from nao.child.depthwise import depthwise_native, depthwise_on_cpu
from tests.child import comparing

FORMS = {
    "depthwise": (depthwise_on_cpu, depthwise_native),
    "convolution": (primitives._convolution_on_cpu, primitives._convolution_native),
    "avg_pool": (primitives._avg_pool_on_cpu, primitives._avg_pool_native),
    "max_pool": (primitives._max_pool_on_cpu, primitives._max_pool_native),
}
# A small and a large image, with an even and an odd side each.
each_size = pytest.mark.parametrize("size", [(7, 6), (8, 9)], ids=str)
each_stride = pytest.mark.parametrize("stride", [1, 2])


def draw(*shapes):
    keys = jax.random.split(jax.random.key(0), len(shapes))
    return [jax.random.normal(*pair) for pair in zip(keys, shapes, strict=True)]


@functools.partial(comparing.quick_jit, static_argnums=(0, 1))
def output_and_grads(form, static, *arrays):
    def loss_fn(*arrays):
        y = form(*arrays, *static)
        # Weights that differ per pixel, so that a misplaced gradient shows.
        return (y * jnp.sin(jnp.arange(y.size)).reshape(y.shape)).sum(), y

    return jax.grad(loss_fn, tuple(range(len(arrays))), has_aux=True)(*arrays)


def assert_forms_agree(name, static, strides, *arrays):
    """Outputs and the gradients of all arrays; sizes are halved, rounded up."""
    on_cpu, native = (output_and_grads(form, static, *arrays) for form in FORMS[name])
    size = arrays[0].shape[1:3]
    halved = tuple(-(-n // stride) for n, stride in zip(size, strides, strict=True))
    assert on_cpu[1].shape[1:3] == halved
    for actual, expected in zip(
        jax.tree.leaves(on_cpu), jax.tree.leaves(native), strict=True
    ):
        np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-4)


@each_stride
@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("kernel_size", [3, 5])
@each_size
def test_depthwise_forms_agree(size, kernel_size, dilation, stride):
    arrays = draw((2, *size, 2), (kernel_size, kernel_size, 2))
    assert_forms_agree("depthwise", (stride, dilation), (stride, stride), *arrays)


@pytest.mark.parametrize("size", [(6, 6), (9, 9)], ids=str)
def test_gradients_are_differentiated_once_more(size):
    """Forwards, along a direction; by symmetry it is the gradient of their product."""
    x, kernel, direction = draw((2, *size, 2), (3, 3, 2), (3, 3, 2))

    def loss(x, kernel):
        y = primitives.pointwise(primitives.depthwise(x, kernel), jnp.eye(2))
        return (jnp.sin(y) * primitives.avg_pool(y)).sum()

    def of_x(kernel):
        return jax.grad(loss)(x, kernel)

    @comparing.quick_jit
    def both():
        forwards = jax.jvp(of_x, (kernel,), (direction,))[1]
        of_kernel = jax.grad(loss, 1)
        backwards = jax.grad(lambda x: (of_kernel(x, kernel) * direction).sum())(x)
        return forwards, backwards

    np.testing.assert_allclose(*both(), rtol=1e-3, atol=1e-3)


@each_stride
def test_depthwise_forms_agree_where_rows_are_many(stride):
    """The gradient of the kernel is summed in blocks of 17 rows."""
    assert_forms_agree(
        "depthwise", (stride, 2), (stride, stride), *draw((1, 68, 2, 1), (3, 3, 1))
    )


@pytest.mark.parametrize("strides", [(1, 1), (1, 2), (2, 1), (2, 2)], ids=str)
@pytest.mark.parametrize("kernel", [(3, 3), (1, 7), (3, 1)], ids=str)
@pytest.mark.parametrize("size", [(5, 6)], ids=str)
def test_convolution_forms_agree(size, kernel, strides):
    arrays = draw((2, *size, 2), (*kernel, 2, 3))
    assert_forms_agree("convolution", strides, strides, *arrays)


@each_stride
@pytest.mark.parametrize("pool_size", [2, 5])
@each_size
@pytest.mark.parametrize("name", ["avg_pool", "max_pool"])
def test_pooling_forms_agree(name, size, pool_size, stride):
    assert_forms_agree(
        name, (pool_size, stride), (stride, stride), *draw((2, *size, 2))
    )


CALLS = {
    "depthwise": lambda x, c: primitives.depthwise(x, jnp.ones((3, 3, c), x.dtype)),
    "convolution": lambda x, c: primitives.convolution(
        x, jnp.ones((3, 3, c, c), x.dtype)
    ),
    "pointwise": lambda x, c: primitives.pointwise(x, jnp.ones((c, c), x.dtype)),
    "factorized_reduction": lambda x, c: primitives.factorized_reduction(
        x, jnp.ones((c, c), x.dtype)
    ),
    "avg_pool": lambda x, c: primitives.avg_pool(x, 3),
    "max_pool": lambda x, c: primitives.max_pool(x, 3),
}


@pytest.mark.parametrize("size", [4, 9])
@pytest.mark.parametrize("name", CALLS)
def test_bfloat16_stays_bfloat16_and_its_gradient_too(name, size):
    def total(x):
        y = CALLS[name](x, 2)
        assert y.dtype == jnp.bfloat16
        return y.astype(jnp.float32).sum()

    x = jnp.ones((2, size, size, 2), jnp.bfloat16)
    assert jax.jit(jax.grad(total))(x).dtype == jnp.bfloat16


@pytest.mark.parametrize("name", ["depthwise", "convolution", "max_pool"])
def test_lowering_for_gpu_keeps_the_native_form(name):
    """The same code lowered for CUDA has the native operation, for CPU it has none."""
    native = {"max_pool": "stablehlo.reduce_window"}.get(name, "stablehlo.convolution")
    traced = jax.jit(lambda x: CALLS[name](x, 2)).trace(jnp.ones((1, 4, 4, 2)))
    texts = [
        traced.lower(lowering_platforms=(platform,)).as_text()
        for platform in ("cpu", "cuda")
    ]
    assert [native in text for text in texts] == [False, True]


def test_avg_pool_does_not_count_padding():
    """A 2x2 image: every window holds all 4 pixels, (1 + 2 + 3 + 6) / 4 = 3."""
    x = jnp.array([[1.0, 2.0], [3.0, 6.0]])[None, :, :, None]
    np.testing.assert_allclose(primitives.avg_pool(x), np.full((1, 2, 2, 1), 3.0))


def test_even_windows_reach_below_and_to_the_right():
    """The last column has 2 and 6 of its window only, the last row 3 and 6."""
    x = jnp.array([[1.0, 2.0], [3.0, 6.0]])[None, :, :, None]
    averages = primitives.avg_pool(x, 2)[0, :, :, 0]
    np.testing.assert_allclose(averages, [[3, 4], [4.5, 6]])
    largest = primitives.max_pool(-x, 2)[0, :, :, 0]
    np.testing.assert_allclose(largest, [[-1, -2], [-3, -6]])


def test_max_pool_of_a_negative_image_ignores_padding():
    x = jnp.array([[-4.0, -2.0], [-3.0, -1.0]])[None, :, :, None]
    np.testing.assert_allclose(primitives.max_pool(x, 3), np.full((1, 2, 2, 1), -1.0))


def test_depthwise_by_hand():
    """The centre tap copies, the right tap adds the pixel to the right."""
    x = jnp.arange(1.0, 5.0).reshape(1, 2, 2, 1)
    kernel = jnp.zeros((3, 3, 1)).at[1, 1].set(1.0).at[1, 2].set(10.0)
    expected = [[1 + 20, 2], [3 + 40, 4]]
    np.testing.assert_allclose(primitives.depthwise(x, kernel)[0, :, :, 0], expected)


def test_dilated_depthwise_reads_over_the_next_pixel():
    """The right tap of a kernel with dilation 2 reads two pixels further."""
    x = jnp.arange(1.0, 5.0).reshape(1, 1, 4, 1)
    kernel = jnp.zeros((3, 3, 1)).at[1, 2].set(1.0)
    actual = primitives.depthwise(x, kernel, dilation=2)
    np.testing.assert_allclose(actual[0, :, :, 0], [[3, 4, 0, 0]])


def test_pointwise_stride_reads_every_second_pixel():
    x = jnp.arange(9.0).reshape(1, 3, 3, 1)
    actual = primitives.pointwise(x, jnp.full((1, 1), 2.0), stride=2)
    np.testing.assert_allclose(actual[0, :, :, 0], [[0, 4], [12, 16]])


def test_factorized_reduction_reads_even_pixels_and_those_one_further():
    """Channel 0 reads pixels 0, 2 of both axes, channel 1 pixels 1, 3: 3 is no more."""
    x = jnp.arange(1.0, 10.0).reshape(1, 3, 3, 1)
    actual = primitives.factorized_reduction(x, jnp.array([[1.0, 10.0]]))
    np.testing.assert_allclose(actual[0, :, :, 0], [[1, 3], [7, 9]])
    np.testing.assert_allclose(actual[0, :, :, 1], [[50, 0], [0, 0]])
