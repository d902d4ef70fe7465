import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nao.child import primitives

FORMS = {
    "depthwise": (primitives._depthwise_on_cpu, primitives._depthwise_native),
    "avg_pool": (primitives._avg_pool_on_cpu, primitives._avg_pool_native),
    "max_pool": (primitives._max_pool_on_cpu, primitives._max_pool_native),
}


def _arrays(height, width, name):
    x = jax.random.normal(jax.random.key(0), (3, height, width, 4))
    kernel = jax.random.normal(jax.random.key(1), (5, 5, 4))
    return (x, kernel) if name == "depthwise" else (x,)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("size", [(4, 6), (7, 5), (10, 12), (9, 11)], ids=str)
@pytest.mark.parametrize("name", FORMS)
def test_cpu_form_equals_native_form(name, size, stride):
    """Small and large images, even and odd sizes: outputs and all gradients."""
    arrays = _arrays(*size, name)

    @functools.partial(jax.jit, static_argnums=0)
    def outputs_and_grads(form, *arrays):
        def loss_fn(*arrays):
            y = FORMS[name][form](*arrays, stride)
            # Weights that differ per pixel, so that a misplaced gradient shows.
            return (y * jnp.sin(jnp.arange(y.size)).reshape(y.shape)).sum(), y

        grad_fn = jax.grad(loss_fn, tuple(range(len(arrays))), has_aux=True)
        return grad_fn(*arrays)

    on_cpu, native = (outputs_and_grads(form, *arrays) for form in (0, 1))
    assert on_cpu[1].shape[1:3] == tuple(-(-side // stride) for side in size)
    for actual, expected in zip(
        jax.tree.leaves(on_cpu), jax.tree.leaves(native), strict=True
    ):
        np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-4)


def test_convolution_forms_agree():
    x = jax.random.normal(jax.random.key(0), (2, 5, 6, 3))
    kernel = jax.random.normal(jax.random.key(1), (3, 3, 3, 4))
    np.testing.assert_allclose(
        primitives._convolution_on_cpu(x, kernel),
        primitives._convolution_native(x, kernel),
        rtol=1e-4,
        atol=1e-5,
    )


def test_avg_pool_does_not_count_padding():
    """A 2x2 image: every window holds all 4 pixels, (1 + 2 + 3 + 6) / 4 = 3."""
    x = jnp.array([[1.0, 2.0], [3.0, 6.0]])[None, :, :, None]
    np.testing.assert_allclose(primitives.avg_pool(x), np.full((1, 2, 2, 1), 3.0))


def test_max_pool_of_negative_image_ignores_padding():
    x = jnp.array([[-4.0, -2.0], [-3.0, -1.0]])[None, :, :, None]
    np.testing.assert_allclose(primitives.max_pool(x, 2), np.full((1, 1, 1, 1), -1.0))


def test_depthwise_by_hand():
    """The centre tap copies, the right tap adds the pixel to the right."""
    x = jnp.arange(1.0, 5.0).reshape(1, 2, 2, 1)
    kernel = jnp.zeros((3, 3, 1)).at[1, 1].set(1.0).at[1, 2].set(10.0)
    expected = [[1 + 20, 2], [3 + 40, 4]]
    np.testing.assert_allclose(primitives.depthwise(x, kernel)[0, :, :, 0], expected)


def test_pointwise_stride_reads_every_second_pixel():
    x = jnp.arange(9.0).reshape(1, 3, 3, 1)
    actual = primitives.pointwise(x, jnp.full((1, 1), 2.0), stride=2)
    np.testing.assert_allclose(actual[0, :, :, 0], [[0, 4], [12, 16]])


def test_lowering_for_gpu_keeps_native_convolution():
    """The same code lowered for CUDA has a convolution, for CPU it has none."""
    x, kernel = _arrays(4, 4, "depthwise")
    traced = jax.jit(primitives.depthwise).trace(x, kernel)
    texts = [
        traced.lower(lowering_platforms=(platform,)).as_text()
        for platform in ("cpu", "cuda")
    ]
    assert ["stablehlo.convolution" in text for text in texts] == [False, True]
