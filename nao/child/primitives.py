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

Images are [batch, height, width, channels]. Padding keeps the size at stride 1 (one
pixel on every side for 3x3, and for 2x2 one below and to the right), so stride 2 halves
sizes, rounded up.
Average pooling divides by the number of real pixels under the window: padding does
not count (`count_include_pad=False`), as in the released NAO.
"""

import functools
import math
from collections.abc import Callable, Iterator

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from nao.types import Array

# Up to this many pixels, 8x8, a kernel spread out into a matrix is the faster form on
# CPU.
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
        # Each form is computed once more where its gradient is needed: `forward` keeps
        # the arguments alone.
        def pull_back(function):
            return lambda grads, *args: jax.vjp(function, *args)[1](grads)

        return lax.platform_dependent(
            grads, *args, cpu=pull_back(on_cpu), default=pull_back(native)
        )

    apply.defvjp(forward, backward)
    return apply


def pointwise(x: Array, kernel: Array, stride: int = 1) -> Array:
    """Convolves with a 1x1 kernel [channels in, channels out]."""
    if stride > 1:
        x = x[:, ::stride, ::stride]
    return jnp.einsum("nhwc,cd->nhwd", x, kernel)


def factorized_reduction(x: Array, kernel: Array) -> Array:
    """Halves the size without dropping pixels in full (NASNet, arXiv:1707.07012).

    Half of the output channels read every second pixel, the others those one further
    down and to the right, zeros beyond the border.

    Args:
        x: Images [batch, height, width, channels in].
        kernel: [channels in, channels out].
    """
    half = kernel.shape[1] // 2
    # `lax.pad`, of 0 before and 1 after, by rows and by columns.
    shifted = lax.pad(
        x[:, 1:, 1:],
        jnp.zeros((), x.dtype),
        ((0, 0, 0), (0, 1, 0), (0, 1, 0), (0, 0, 0)),
    )
    parts = pointwise(x, kernel[:, :half], 2), pointwise(shifted, kernel[:, half:], 2)
    return jnp.concatenate(parts, -1)


def convolution(x: Array, kernel: Array, strides: tuple[int, int] = (1, 1)) -> Array:
    """Convolves with a kernel [height, width, channels in, channels out]."""
    return _by_platform(_convolution_on_cpu, _convolution_native, *strides)(x, kernel)


def depthwise(x: Array, kernel: Array, stride: int = 1, dilation: int = 1) -> Array:
    """Convolves every channel with its own kernel; `kernel` is [size, size, c]."""
    forms = _depthwise_on_cpu, _depthwise_native
    return _by_platform(*forms, stride, dilation)(x, kernel)


def avg_pool(x: Array, size: int = 3, stride: int = 1) -> Array:
    """Averages the real pixels (not the padding) of windows."""
    return _by_platform(_avg_pool_on_cpu, _avg_pool_native, size, stride)(x)


def max_pool(x: Array, size: int = 3, stride: int = 1) -> Array:
    """Takes the maximum of windows."""
    return _by_platform(_max_pool_on_cpu, _max_pool_native, size, stride)(x)


def _margins(size: int, dilation: int = 1) -> tuple[int, int]:
    """Padding before and after: the same for odd sizes, one more after for even."""
    extent = (size - 1) * dilation
    return extent // 2, extent - extent // 2


def _pad(
    x: Array, rows: tuple[int, int], columns: tuple[int, int], value: float = 0.0
) -> Array:
    """Pads images; `rows` and `columns` are how many come before and after."""
    pad = ((0, 0, 0), (*rows, 0), (*columns, 0), (0, 0, 0))  # the last: none between
    return lax.pad(x, jnp.asarray(value, x.dtype), pad)


def _taps(size: int, kernel_size: int, stride: int, dilation: int = 1) -> np.ndarray:
    """Returns float32 [kernel_size, out, size]: 1 where a tap reads a pixel."""
    out, (before, _) = -(-size // stride), _margins(kernel_size, dilation)
    # [kernel_size, out]: the pixel that a tap reads, outside the image in the padding.
    read = np.arange(out) * stride + np.arange(kernel_size)[:, None] * dilation - before
    return (read[..., None] == np.arange(size)).astype(np.float32)


def _slices(x: Array, kernel_size, strides, dilation: int = 1) -> Iterator[Array]:
    """Yields what each tap of a kernel reads of an image padded with zeros."""
    (rows, columns), (height, width) = kernel_size, x.shape[1:3]
    x = _pad(x, _margins(rows, dilation), _margins(columns, dilation))
    # Row by row, as kernels are reshaped to [taps, ...].
    for i in range(0, rows * dilation, dilation):
        for j in range(0, columns * dilation, dilation):
            yield x[:, i : i + height : strides[0], j : j + width : strides[1]]


def _convolution_on_cpu(x, kernel, *strides):
    # Inside a loop or a conditional XLA's own convolution takes 35 times as long.
    *size, channels, features = kernel.shape
    patches = jnp.concatenate([*_slices(x, size, strides)], -1)
    # [batch, height, width, taps * channels] times [taps * channels, features].
    return patches @ kernel.reshape(math.prod(size) * channels, features)


def _convolution_native(x, kernel, *strides):
    margins = [_margins(size) for size in kernel.shape[:2]]
    return lax.conv_general_dilated(
        x, kernel, strides, margins, dimension_numbers=_DIMENSIONS
    )


def _depthwise_on_cpu(x, kernel, stride, dilation):
    # The native form takes 40 to 140 times as long here, forward alone.
    if x.shape[1] * x.shape[2] <= _SMALL_IMAGE:
        return _depthwise_as_matrix(x, kernel, stride, dilation)
    return _depthwise_as_shifts(x, kernel, stride, dilation)


def _depthwise_native(x, kernel, stride, dilation):
    return lax.conv_general_dilated(
        x,
        kernel[:, :, None],  # [size, size, 1 channel in, features]
        (stride, stride),
        [_margins(kernel.shape[0], dilation)] * 2,
        rhs_dilation=(dilation, dilation),
        dimension_numbers=_DIMENSIONS,
        feature_group_count=x.shape[-1],
    )


def _depthwise_as_matrix(x: Array, kernel: Array, stride: int, dilation: int) -> Array:
    """Multiplies the pixels of each channel by a matrix [pixels out, pixels in]."""
    size = kernel.shape[0]
    rows, columns = (
        _taps(length, size, stride, dilation).astype(kernel.dtype)
        for length in x.shape[1:3]
    )
    # Rows i and columns j of the kernel; pixels (y, x) are read to make (a, b).
    matrix = jnp.einsum("jbx,ijc->icbx", columns, kernel)
    matrix = jnp.einsum("iay,icbx->cabyx", rows, matrix)
    return jnp.einsum("cabyx,nyxc->nabc", matrix, x)


def _sum_of_shifts(x: Array, kernel: Array, stride: int, dilation: int) -> Array:
    """Adds up what each tap reads, times its weight per channel."""
    size, channels = kernel.shape[0], kernel.shape[-1]
    slices = _slices(x, (size, size), (stride, stride), dilation)
    weights = kernel.reshape(-1, channels)
    return sum(part * weights[tap] for tap, part in enumerate(slices))


# By automatic differentiation the weights' gradient takes 5 to 7 times as long.
@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def _depthwise_as_shifts(x: Array, kernel: Array, stride: int, dilation: int) -> Array:
    return _sum_of_shifts(x, kernel, stride, dilation)


def _depthwise_forward(x, kernel, stride, dilation):
    return _sum_of_shifts(x, kernel, stride, dilation), (x, kernel)


def _depthwise_backward(stride, dilation, saved, grads):
    x, kernel = saved
    size = (kernel.shape[0],) * 2

    def add_image(total, image):
        x, grads = image
        taps = _slices(x[None], size, (stride, stride), dilation)
        return total + jnp.stack([(tap[0] * grads).sum((0, 1)) for tap in taps]), None

    # One image at a time stays in the cache; a sum over the batch per shift does not.
    zeros = jnp.zeros((math.prod(size), kernel.shape[-1]), kernel.dtype)
    total, _ = lax.scan(add_image, zeros, (x, grads))
    # The input's gradient is the same sum, at stride 1, with the flipped kernel, of
    # gradients that lie as far apart as the pixels they belong to.
    if stride > 1:
        grads = jnp.zeros_like(x).at[:, ::stride, ::stride].set(grads)
    x_grads = _sum_of_shifts(grads, kernel[::-1, ::-1], 1, dilation)
    return x_grads, total.reshape(kernel.shape)


_depthwise_as_shifts.defvjp(_depthwise_forward, _depthwise_backward)


def _avg_pool_on_cpu(x, size, stride):
    # Rows and columns are averaged apart, each by a matrix [out, in] whose rows have
    # the sum 1: by as many real pixels as the window has.
    if x.shape[1] * x.shape[2] <= _SMALL_IMAGE:
        rows, columns = (_taps(side, size, stride).sum(0) for side in x.shape[1:3])
        rows, columns = (
            (m / m.sum(1, keepdims=True)).astype(x.dtype) for m in (rows, columns)
        )
        return jnp.einsum("ay,bx,nyxc->nabc", rows, columns, x)
    total = _over_windows(jnp.add, x, size, stride, 0.0)
    return total / _window_counts(x, size, stride)


def _avg_pool_native(x, size, stride):
    zero = np.zeros((), x.dtype)
    total = lax.reduce_window(x, zero, lax.add, *_window(size, stride))
    return total / _window_counts(x, size, stride)


def _max_pool_on_cpu(x, size, stride):
    # The native form's gradient takes 8 times as long here, for 3x3 at stride 1.
    return _over_windows(jnp.maximum, x, size, stride, -jnp.inf)


def _max_pool_native(x, size, stride):
    lowest = np.asarray(-np.inf, x.dtype)
    return lax.reduce_window(x, lowest, lax.max, *_window(size, stride))


def _window(size: int, stride: int) -> tuple:
    """Returns the window, strides and padding of `lax.reduce_window`."""
    margins = _margins(size)
    strides = (1, stride, stride, 1)
    return (1, size, size, 1), strides, ((0, 0), margins, margins, (0, 0))


def _window_counts(x: Array, size: int, stride: int) -> Array:
    """Returns [out height, out width, 1]: real pixels in every window."""
    rows, columns = (_taps(side, size, stride).sum((0, 2)) for side in x.shape[1:3])
    return jnp.asarray(np.outer(rows, columns)[..., None], x.dtype)


def _over_windows(combine: Callable, x, size: int, stride: int, value: float) -> Array:
    """Combines windows of images padded with `value`, rows first and columns next."""
    height, width = x.shape[1:3]
    x = _pad(x, _margins(size), _margins(size), value)
    x = functools.reduce(combine, [x[:, i : i + height : stride] for i in range(size)])
    return functools.reduce(
        combine, [x[:, :, j : j + width : stride] for j in range(size)]
    )
