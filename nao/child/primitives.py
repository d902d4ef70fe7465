"""Convolutions and pooling, each in the form that its platform computes well.

The only module that knows about platforms. On GPU and TPU the native operations are
right. On CPU, XLA runs a convolution inside a loop or a conditional tens of times
slower than the arithmetic needs, and children live inside both; there,

*   a pointwise convolution is a matrix product;
*   a depthwise convolution of a small image is one matrix product per channel, with
    the kernel spread out into a matrix over pixels: about as much arithmetic as the
    sum over shifts at 8x8, and a far smaller program to compile;
*   a depthwise convolution of a larger image is a sum of shifted slices with a
    hand-written gradient;
*   pooling works on shifted slices, rows first and columns next.

Images are [batch, height, width, channels]. Padding is `kernel_size // 2` on every
side (what PyTorch calls padding=1 for 3x3), so stride 2 halves sizes, rounded up.
Average pooling divides by the number of real pixels under the window: padding does
not count (`count_include_pad=False`), as in the released NAO.
"""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from nao.types import Array

# Up to this many pixels a kernel spread out into a matrix is the faster form on CPU.
_SMALL_IMAGE = 64
_DIMENSIONS = ("NHWC", "HWIO", "NHWC")


@functools.cache
def _by_platform(
    on_cpu: Callable, native: Callable, *static: int
) -> Callable[..., Array]:
    """Returns a function that picks its form when it is lowered, gradient included.

    The rule for the gradient stands outside the choice of platform, so that a form
    which is not taken leaves no residuals behind.

    Args:
        on_cpu: The form for CPU, of some arrays and then `static`.
        native: The form for everything else.
        static: Last arguments of both forms, Python numbers.
    """

    def form(function):
        return lambda *args: function(*args, *static)

    on_cpu, native = form(on_cpu), form(native)

    @jax.custom_vjp
    def apply(*args):
        return lax.platform_dependent(*args, cpu=on_cpu, default=native)

    def forward(*args):
        return apply(*args), args

    def backward(args, grads):
        def pull_back(function):
            return lambda grads, *args: jax.vjp(function, *args)[1](grads)

        return lax.platform_dependent(
            grads, *args, cpu=pull_back(on_cpu), default=pull_back(native)
        )

    apply.defvjp(forward, backward)
    return apply


def pointwise(x: Array, kernel: Array, stride: int = 1) -> Array:
    """Convolves with a 1x1 kernel [channels in, channels out]."""
    return jnp.einsum("nhwc,cd->nhwd", _subsample(x, stride), kernel)


def convolution(x: Array, kernel: Array) -> Array:
    """Convolves at stride 1 with a kernel [size, size, channels in, channels out]."""
    return _by_platform(_convolution_on_cpu, _convolution_native)(x, kernel)


def depthwise(x: Array, kernel: Array, stride: int = 1) -> Array:
    """Convolves every channel with its own kernel; `kernel` is [size, size, c]."""
    return _by_platform(_depthwise_on_cpu, _depthwise_native, stride)(x, kernel)


def avg_pool(x: Array, stride: int = 1) -> Array:
    """Averages the real pixels (not the padding) of 3x3 windows."""
    return _by_platform(_avg_pool_on_cpu, _avg_pool_native, stride)(x)


def max_pool(x: Array, stride: int = 1) -> Array:
    """Takes the maximum of 3x3 windows."""
    return _by_platform(_max_pool_on_cpu, _max_pool_native, stride)(x)


def _subsample(x: Array, stride: int) -> Array:
    return x if stride == 1 else x[:, ::stride, ::stride]


def _pad(x: Array, margin: int, value: float = 0.0) -> Array:
    pad = (margin, margin, 0)
    return lax.pad(x, jnp.asarray(value, x.dtype), ((0, 0, 0), pad, pad, (0, 0, 0)))


def _taps(size: int, kernel_size: int, stride: int) -> np.ndarray:
    """Returns float32 [kernel_size, out, size]: 1 where a tap reads a pixel."""
    out, margin = -(-size // stride), kernel_size // 2
    read = np.arange(out) * stride + np.arange(kernel_size)[:, None] - margin
    return (read[..., None] == np.arange(size)).astype(np.float32)


def _convolution_on_cpu(x, kernel):
    size, _, channels, features = kernel.shape
    height, width = x.shape[1:3]
    padded = _pad(x, size // 2)
    patches = [
        padded[:, i : i + height, j : j + width]
        for i in range(size)
        for j in range(size)
    ]
    kernel = kernel.reshape(size * size * channels, features)
    return jnp.concatenate(patches, -1) @ kernel


def _convolution_native(x, kernel):
    margin = (kernel.shape[0] // 2,) * 2
    return lax.conv_general_dilated(
        x, kernel, (1, 1), (margin, margin), dimension_numbers=_DIMENSIONS
    )


def _depthwise_on_cpu(x, kernel, stride):
    if x.shape[1] * x.shape[2] <= _SMALL_IMAGE:
        return _depthwise_as_matrix(x, kernel, stride)
    return _depthwise_as_shifts(x, kernel, stride)


def _depthwise_native(x, kernel, stride):
    margin = (kernel.shape[0] // 2,) * 2
    return lax.conv_general_dilated(
        x,
        kernel[:, :, None],
        (stride, stride),
        (margin, margin),
        dimension_numbers=_DIMENSIONS,
        feature_group_count=x.shape[-1],
    )


def _depthwise_as_matrix(x: Array, kernel: Array, stride: int) -> Array:
    size = kernel.shape[0]
    rows, columns = (_taps(length, size, stride) for length in x.shape[1:3])
    # Rows i and columns j of the kernel; pixels (y, x) are read to make (a, b).
    matrix = jnp.einsum("jbx,ijc->icbx", columns, kernel)
    matrix = jnp.einsum("iay,icbx->cabyx", rows, matrix)
    return jnp.einsum("cabyx,nyxc->nabc", matrix, x)


def _sum_of_shifts(x: Array, kernel: Array, stride: int) -> Array:
    size, (_, height, width, _) = kernel.shape[0], x.shape
    padded = _pad(x, size // 2)
    return sum(
        padded[:, i : i + height : stride, j : j + width : stride] * kernel[i, j]
        for i in range(size)
        for j in range(size)
    )


@functools.partial(jax.custom_vjp, nondiff_argnums=(2,))
def _depthwise_as_shifts(x: Array, kernel: Array, stride: int) -> Array:
    return _sum_of_shifts(x, kernel, stride)


def _depthwise_forward(x, kernel, stride):
    return _sum_of_shifts(x, kernel, stride), (x, kernel)


def _depthwise_backward(stride, saved, grads):
    x, kernel = saved
    size, (_, height, width, channels) = kernel.shape[0], x.shape
    if stride > 1:
        grads = jnp.zeros_like(x).at[:, ::stride, ::stride].set(grads)

    def add_image(total, image):
        padded, grads = image
        shifts = [
            (padded[i : i + height, j : j + width] * grads).sum((0, 1))
            for i in range(size)
            for j in range(size)
        ]
        return total + jnp.stack(shifts), None

    # One image at a time stays in the cache; a sum over the batch per shift does not.
    zeros = jnp.zeros((size * size, channels), kernel.dtype)
    total, _ = lax.scan(add_image, zeros, (_pad(x, size // 2), grads))
    x_grads = _sum_of_shifts(grads, kernel[::-1, ::-1], 1)
    return x_grads, total.reshape(kernel.shape)


_depthwise_as_shifts.defvjp(_depthwise_forward, _depthwise_backward)


def _avg_pool_on_cpu(x, stride):
    if x.shape[1] * x.shape[2] <= _SMALL_IMAGE:
        rows, columns = (_taps(size, 3, stride).sum(0) for size in x.shape[1:3])
        rows, columns = (m / m.sum(1, keepdims=True) for m in (rows, columns))
        return jnp.einsum("ay,bx,nyxc->nabc", rows, columns, x)
    total = _over_windows(jnp.add, _pad(x, 1), stride)
    return total / _window_counts(x.shape, stride)


def _avg_pool_native(x, stride):
    total = lax.reduce_window(x, 0.0, lax.add, *_window(stride))
    return total / _window_counts(x.shape, stride)


def _max_pool_on_cpu(x, stride):
    return _over_windows(jnp.maximum, _pad(x, 1, -jnp.inf), stride)


def _max_pool_native(x, stride):
    return lax.reduce_window(x, -jnp.inf, lax.max, *_window(stride))


def _window(stride: int) -> tuple:
    return (1, 3, 3, 1), (1, stride, stride, 1), ((0, 0), (1, 1), (1, 1), (0, 0))


def _window_counts(shape: tuple[int, ...], stride: int) -> np.ndarray:
    """Returns float32 [out height, out width, 1]: real pixels in every window."""
    rows, columns = (_taps(size, 3, stride).sum((0, 2)) for size in shape[1:3])
    return np.outer(rows, columns)[..., None].astype(np.float32)


def _over_windows(combine: Callable, padded: Array, stride: int) -> Array:
    """Combines the 3x3 windows of padded images, rows first and columns next."""
    height, width = padded.shape[1] - 2, padded.shape[2] - 2
    rows = [padded[:, i : i + height : stride] for i in range(3)]
    padded = functools.reduce(combine, rows)
    columns = [padded[:, :, j : j + width : stride] for j in range(3)]
    return functools.reduce(combine, columns)
