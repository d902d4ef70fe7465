"""Convolutions and pooling, each in the form that its platform computes well.

The only module of layers that knows about platforms. On GPU and TPU the native
operations are right. On CPU, XLA runs a convolution inside a loop or a conditional tens
of times slower than the arithmetic needs, and children live inside both; there,

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
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from nao.child import windows
from nao.child.depthwise import depthwise_native, depthwise_on_cpu
from nao.types import Array


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
        # By the forms' own rules for the way there: where a gradient is differentiated
        # once more, forwards, functions with a rule for the way back alone have none.
        def value(function):
            return lambda *args: jax.vjp(function, *args)[0]

        return (
            lax.platform_dependent(*args, cpu=value(on_cpu), default=value(native)),
            args,
        )

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
        x = _computed(x)[:, ::stride, ::stride]
    # Images as the rows of a matrix: for its gradient XLA would transpose images.
    product = _multiply(x.reshape(-1, x.shape[-1]), kernel)
    return product.reshape(*x.shape[:-1], -1)


def _computed(x: Array) -> Array:
    """Returns images that XLA does not compute inside the product that reads them.

    Where jaxlib 0.11.2 does so for a GPU, of every second pixel, a check of its own
    fails ("subdim_size_accumulator") and ends the process.
    """
    return lax.platform_dependent(x, cpu=lambda x: x, default=lax.optimization_barrier)


@jax.custom_vjp
def _multiply(x: Array, kernel: Array) -> Array:
    """Returns the product of two matrices."""
    return x @ kernel


def _multiply_forward(x, kernel):
    return x @ kernel, (x, kernel)


def _multiply_backward(saved, grads):
    # As automatic differentiation writes the kernel's, XLA copies the gradients to
    # other places first, and takes twice as long.
    x, kernel = saved
    return grads @ kernel.T, x.T @ grads


_multiply.defvjp(_multiply_forward, _multiply_backward)


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
    forms = depthwise_on_cpu, depthwise_native
    return _by_platform(*forms, stride, dilation)(x, kernel)


def avg_pool(x: Array, size: int = 3, stride: int = 1) -> Array:
    """Averages the real pixels (not the padding) of windows."""
    return _by_platform(_avg_pool_on_cpu, _avg_pool_native, size, stride)(x)


def max_pool(x: Array, size: int = 3, stride: int = 1) -> Array:
    """Takes the maximum of windows."""
    return _by_platform(_max_pool_on_cpu, _max_pool_native, size, stride)(x)


def _convolution_on_cpu(x, kernel, *strides):
    # Inside a loop or a conditional XLA's own convolution takes 35 times as long.
    *size, channels, features = kernel.shape
    patches = jnp.concatenate([*windows.slices(x, size, strides)], -1)
    # [batch, height, width, taps * channels] times [taps * channels, features].
    return patches @ kernel.reshape(math.prod(size) * channels, features)


def _convolution_native(x, kernel, *strides):
    margins = [windows.margins(size) for size in kernel.shape[:2]]
    return lax.conv_general_dilated(
        x, kernel, strides, margins, dimension_numbers=windows.DIMENSIONS
    )


def _avg_pool_on_cpu(x, size, stride):
    # Rows and columns are averaged apart, each by a matrix [out, in] whose rows have
    # the sum 1: by as many real pixels as the window has.
    if windows.is_small(x):
        rows, columns = (
            windows.taps(side, size, stride).sum(0) for side in x.shape[1:3]
        )
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
    # The native form's gradient takes 8 times as long here, for 3x3 at stride 1. Where
    # pixels tie, this one divides it among them, the native one gives it to one.
    return _over_windows(jnp.maximum, x, size, stride, -jnp.inf)


def _max_pool_native(x, size, stride):
    lowest = np.asarray(-np.inf, x.dtype)
    return lax.reduce_window(x, lowest, lax.max, *_window(size, stride))


def _window(size: int, stride: int) -> tuple:
    """Returns the window, strides and padding of `lax.reduce_window`."""
    margins = windows.margins(size)
    strides = (1, stride, stride, 1)
    return (1, size, size, 1), strides, ((0, 0), margins, margins, (0, 0))


def _window_counts(x: Array, size: int, stride: int) -> Array:
    """Returns [out height, out width, 1]: real pixels in every window."""
    rows, columns = (
        windows.taps(side, size, stride).sum((0, 2)) for side in x.shape[1:3]
    )
    return jnp.asarray(np.outer(rows, columns)[..., None], x.dtype)


def _over_windows(combine: Callable, x, size: int, stride: int, value: float) -> Array:
    """Combines windows of images padded with `value`, rows first and columns next."""
    height, width = x.shape[1:3]
    x = windows.pad(x, (size, size), value=value)
    x = functools.reduce(combine, [x[:, i : i + height : stride] for i in range(size)])
    return functools.reduce(
        combine, [x[:, :, j : j + width : stride] for j in range(size)]
    )
