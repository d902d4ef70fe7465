"""Depthwise convolution, in forms that a CPU computes well and in the native one.

Each maps images [batch, height, width, c] and a kernel [size, size, c] to images of the
same size, at stride 2 of half of it, rounded up.
"""

import functools

import jax
import jax.numpy as jnp
from jax import lax

from nao.child import windows
from nao.types import Array

_MAX_ROWS = 32  # of pixels whose sum is written out in the program


def depthwise_on_cpu(x: Array, kernel: Array, stride: int, dilation: int) -> Array:
    """Convolves in the form that is right for the size of the images."""
    # The native form takes 40 to 140 times as long here, forward alone.
    if windows.is_small(x):
        return _as_matrix(x, kernel, stride, dilation)
    return _as_shifts(x, kernel, stride, dilation)


def depthwise_native(x: Array, kernel: Array, stride: int, dilation: int) -> Array:
    """Convolves by XLA's own operation."""
    return lax.conv_general_dilated(
        x,
        kernel[:, :, None],  # [size, size, 1 channel in, features]
        (stride, stride),
        [windows.margins(kernel.shape[0], dilation)] * 2,
        rhs_dilation=(dilation, dilation),
        dimension_numbers=windows.DIMENSIONS,
        feature_group_count=x.shape[-1],
    )


def _as_matrix(x: Array, kernel: Array, stride: int, dilation: int) -> Array:
    """Multiplies the pixels of each channel by a matrix [pixels out, pixels in]."""
    size = kernel.shape[0]
    rows, columns = (
        windows.taps(length, size, stride, dilation).astype(kernel.dtype)
        for length in x.shape[1:3]
    )
    # Rows i and columns j of the kernel; pixels (y, x) are read to make (a, b).
    matrix = jnp.einsum("jbx,ijc->icbx", columns, kernel)
    matrix = jnp.einsum("iay,icbx->cabyx", rows, matrix)
    return jnp.einsum("cabyx,nyxc->nabc", matrix, x)


def _sum_of_shifts(x: Array, kernel: Array, stride: int, dilation: int) -> Array:
    """Adds up what each tap reads, times its weight per channel."""
    size, channels = kernel.shape[0], kernel.shape[-1]
    slices = windows.slices(x, (size, size), (stride, stride), dilation)
    weights = kernel.reshape(-1, channels)
    return sum(part * weights[tap] for tap, part in enumerate(slices))


# By automatic differentiation the weights' gradient takes 5 to 7 times as long.
@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def _as_shifts(x: Array, kernel: Array, stride: int, dilation: int) -> Array:
    return _sum_of_shifts(x, kernel, stride, dilation)


def _forward(x, kernel, stride, dilation):
    return _sum_of_shifts(x, kernel, stride, dilation), (x, kernel)


def _backward(stride, dilation, saved, grads):
    x, kernel = saved
    if stride > 1:
        # Zeros between columns, so that a row is read in one piece.
        grads = jnp.zeros_like(x[:, ::stride]).at[:, :, ::stride].set(grads)
    kernel_grads = _kernel_grads(x, grads, kernel.shape[0], stride, dilation)
    # The input's gradient is the same sum, at stride 1, with the flipped kernel, of
    # gradients that lie as far apart as the pixels they belong to.
    if stride > 1:
        grads = jnp.zeros_like(x).at[:, ::stride].set(grads)
    x_grads = _sum_of_shifts(grads, kernel[::-1, ::-1], 1, dilation)
    return x_grads, kernel_grads


def _kernel_grads(
    x: Array, grads: Array, size: int, stride: int, dilation: int
) -> Array:
    """Returns the gradient of a depthwise convolution's kernel, [size, size, c].

    Gradients have a row for each row of the output, and a column for each of `x`.
    Of a few rows of pixels and one row of the kernel at a time, which stay in the
    cache. Rows are added in Python: reductions of XLA to so few numbers take three
    times as long. A loop over the kernel's rows keeps the program as small as `size`
    sums.
    """
    width, channels = x.shape[2:]
    x, grads = _blocks_of_rows(x, grads, size, stride, dilation)
    height, row_size = grads.shape[1:]

    def add_row(block, of_row):
        (x, grads), (totals, row) = block, of_row
        x = lax.dynamic_slice_in_dim(x, row * dilation, stride * (height - 1) + 1)
        for column, total in enumerate(totals):
            tap = x[::stride, column * dilation * channels :][:, :row_size]
            totals[column] = total + sum(tap[y] * grads[y] for y in range(height))
        return block, totals

    def add_block(totals, block):
        return lax.scan(add_row, block, (totals, jnp.arange(size)))[1], None

    # By the kernel's columns, [the kernel's rows, width * channels] each.
    zeros = [jnp.zeros((size, row_size), grads.dtype)] * size
    totals, _ = lax.scan(add_block, zeros, (x, grads))
    return jnp.stack(totals, 1).reshape(size, size, width, channels).sum(2)


def _blocks_of_rows(x, grads, size: int, stride: int, dilation: int):
    """Pads what was convolved, and cuts high images into blocks of a few rows.

    Returns:
        What each block reads [blocks, rows, width * c], and its gradients.
    """
    batch, height = grads.shape[:2]
    rows = max(n for n in range(1, _MAX_ROWS + 1) if height % n == 0)
    num = batch * height // rows
    x = windows.pad(x, (size, size), dilation)
    read = stride * (rows - 1) + 1 + (size - 1) * dilation
    begins = range(0, stride * height, stride * rows)
    x = jnp.stack([x[:, begin : begin + read] for begin in begins], 1)
    return x.reshape(num, read, -1), grads.reshape(num, rows, -1)


_as_shifts.defvjp(_forward, _backward)
